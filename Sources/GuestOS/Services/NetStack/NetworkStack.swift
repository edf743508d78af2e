// The stack: one interface, its frames in and out, and what lives above. Pure: no I/O and no clock. The owner feeds
// `receive(frame, now)`, calls `poll(now)` when that or a user call has happened and at the deadline it answered, and
// drains `takeFrame`.
//
// TCP is in NetworkStack+TCP.swift, UDP with DHCP and DNS in NetworkStack+UDP.swift, IPv4/ICMP/ARP in +IPv4.swift.

public struct NetworkStackParameters: Sendable {
    public var hardwareAddress: HardwareAddress
    /// nil: by DHCP.
    public var fixed: IPv4Configuration?
    public var seed: UInt64
    public var tcp = TCPParameters()
    public var connectionsMax = 256
    public var nameServerPort: UInt16 = 53
    public init(hardwareAddress: HardwareAddress, fixed: IPv4Configuration? = nil, seed: UInt64) {
        self.hardwareAddress = hardwareAddress; self.fixed = fixed; self.seed = seed
    }
}

public final class NetworkStack {
    static let outgoingMax = 512, outgoingHigh = 128

    public let parameters: NetworkStackParameters
    /// nil until an address is known.
    public internal(set) var configuration: IPv4Configuration?
    public internal(set) var counters = NetworkCounters()

    var random: NetworkRandom
    var neighbours = NeighbourCache()
    var dhcp: DHCPClient?
    var dns = DNSClient()
    var connections: [TCPSlot] = []
    var tuples: [TCPTuple] = []
    var listeners: [TCPListener] = []
    var changed: [SocketID] = []
    var udp: [UDPSocket] = []
    var echoReplies: [EchoReply] = []
    var identification: UInt16
    var nextPort: UInt16
    private var outgoing: [[UInt8]] = []
    private var outgoingHead = 0

    public init(_ parameters: NetworkStackParameters) {
        self.parameters = parameters
        random = NetworkRandom(seed: parameters.seed)
        identification = random.next16()
        nextPort = 49152 + random.next16() % 16384
        configuration = parameters.fixed
        if parameters.fixed == nil { dhcp = DHCPClient(hardware: parameters.hardwareAddress) } else { announce() }
    }

    // MARK: frames

    /// A frame from the wire.
    public func receive(_ frame: [UInt8], now: UInt64) {
        counters.framesReceived += 1
        counters.bytesReceived += UInt64(frame.count)
        let view = PacketView(frame)
        guard let header = EthernetHeader(view), let body = view.dropping(EthernetHeader.byteCount) else { counters.drop(.frameShort); return }
        guard header.destination == parameters.hardwareAddress || header.destination == .broadcast else { counters.drop(.frameNotForUs); return }
        switch header.type {
        case EthernetHeader.typeARP: receiveARP(body, now)
        case EthernetHeader.typeIPv4: receiveIPv4(body, now)
        default: counters.drop(.etherTypeUnknown)
        }
    }
    /// The next frame for the wire.
    public func takeFrame() -> [UInt8]? {
        guard outgoingHead < outgoing.count else { return nil }
        let f = outgoing[outgoingHead]
        outgoingHead += 1
        if outgoingHead == outgoing.count { outgoing.removeAll(keepingCapacity: true); outgoingHead = 0 }
        counters.framesSent += 1
        counters.bytesSent += UInt64(f.count)
        return f
    }
    public var outgoingCount: Int { outgoing.count - outgoingHead }
    func emitFrame(_ frame: [UInt8]) {
        guard outgoingCount < NetworkStack.outgoingMax else { counters.drop(.outgoingQueueFull); return }
        outgoing.append(frame)
    }

    // MARK: time

    /// Does what is due and answers when to call again at the latest; nil: only after something happens.
    /// With frames still queued, drain them and call again: TCP holds back while many wait.
    public func poll(now: UInt64) -> UInt64? {
        pollNeighbours(now)
        pollDHCP(now)
        pollDNS(now)
        let tcp = pollTCP(now)
        var d = earlier(neighbours.deadline, tcp)
        if let dhcp { d = earlier(d, dhcp.deadline) }
        if configuration != nil { d = earlier(d, dns.deadline) }
        return d
    }

    // MARK: configuration

    func configure(_ c: IPv4Configuration?) {
        guard c != configuration else { return }
        configuration = c
        neighbours.clear()
        dns.clearCache()
        if c == nil { resetAllConnections() } else { announce() }
    }
    /// Gratuitous ARP (RFC 5227 §2.3): caches that hold an old owner of our address are corrected.
    private func announce() {
        guard let c = configuration else { return }
        sendARP(ARPPacket(operation: ARPPacket.request, senderHardware: parameters.hardwareAddress, sender: c.address, targetHardware: .zero, target: c.address), to: .broadcast)
    }
}
