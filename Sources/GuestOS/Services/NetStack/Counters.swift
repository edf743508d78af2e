// What the stack counts: traffic, and everything it dropped with the reason.

/// Why a received or outgoing packet was dropped.
public enum DropReason: UInt8, CaseIterable, Sendable {
    case frameShort = 0, frameNotForUs, etherTypeUnknown, arpMalformed
    case ipMalformed, ipChecksum, ipFragment, ipNotForUs, ipProtocolUnknown
    case icmpMalformed, icmpUnhandled
    case udpMalformed, udpChecksum, udpPortClosed, udpQueueFull
    case tcpMalformed, tcpChecksum, tcpNoConnection, tcpBacklogFull, tcpOutOfWindow, tcpReassemblyFull
    case dhcpMalformed, dhcpUnexpected, dnsMalformed, dnsUnexpected
    case noRoute, neighbourUnreachable, neighbourQueueFull, outgoingQueueFull

    public var name: String {
        switch self {
        case .frameShort: "frame short"
        case .frameNotForUs: "frame not for us"
        case .etherTypeUnknown: "ether type unknown"
        case .arpMalformed: "arp malformed"
        case .ipMalformed: "ip malformed"
        case .ipChecksum: "ip checksum"
        case .ipFragment: "ip fragment"
        case .ipNotForUs: "ip not for us"
        case .ipProtocolUnknown: "ip protocol unknown"
        case .icmpMalformed: "icmp malformed"
        case .icmpUnhandled: "icmp unhandled"
        case .udpMalformed: "udp malformed"
        case .udpChecksum: "udp checksum"
        case .udpPortClosed: "udp port closed"
        case .udpQueueFull: "udp queue full"
        case .tcpMalformed: "tcp malformed"
        case .tcpChecksum: "tcp checksum"
        case .tcpNoConnection: "tcp no connection"
        case .tcpBacklogFull: "tcp backlog full"
        case .tcpOutOfWindow: "tcp out of window"
        case .tcpReassemblyFull: "tcp reassembly full"
        case .dhcpMalformed: "dhcp malformed"
        case .dhcpUnexpected: "dhcp unexpected"
        case .dnsMalformed: "dns malformed"
        case .dnsUnexpected: "dns unexpected"
        case .noRoute: "no route"
        case .neighbourUnreachable: "neighbour unreachable"
        case .neighbourQueueFull: "neighbour queue full"
        case .outgoingQueueFull: "outgoing queue full"
        }
    }
}

public struct NetworkCounters: Sendable {
    public var framesReceived: UInt64 = 0, framesSent: UInt64 = 0
    public var bytesReceived: UInt64 = 0, bytesSent: UInt64 = 0
    public var segmentsRetransmitted: UInt64 = 0
    public private(set) var framesDropped: UInt64 = 0
    private var drops = [UInt64](repeating: 0, count: DropReason.allCases.count)
    public init() {}
    mutating func drop(_ reason: DropReason) {
        framesDropped += 1
        drops[Int(reason.rawValue)] += 1
    }
    public func drops(_ reason: DropReason) -> UInt64 { drops[Int(reason.rawValue)] }
}
