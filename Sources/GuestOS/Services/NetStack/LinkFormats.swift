// Ethernet II frames (IEEE 802.3 §3) and ARP packets (RFC 826): values with parse and emit.

/// Ethernet header: destination, source, type.
public struct EthernetHeader: Equatable, Sendable {
    public static let byteCount = 14
    public static let typeIPv4: UInt16 = 0x0800, typeARP: UInt16 = 0x0806
    public var destination: HardwareAddress, source: HardwareAddress, type: UInt16
    public init(destination: HardwareAddress, source: HardwareAddress, type: UInt16) {
        self.destination = destination; self.source = source; self.type = type
    }
    public init?(_ v: PacketView) {
        guard v.count >= EthernetHeader.byteCount else { return nil }
        self.init(destination: v.hardware(0), source: v.hardware(6), type: v.u16(12))
    }
    public func emit(_ b: inout [UInt8], at i: Int) {
        b.put48(destination.raw, at: i)
        b.put48(source.raw, at: i + 6)
        b.put16(type, at: i + 12)
    }
}

/// ARP for IPv4 over Ethernet.
public struct ARPPacket: Equatable, Sendable {
    public static let byteCount = 28
    public static let request: UInt16 = 1, reply: UInt16 = 2
    public var operation: UInt16
    public var senderHardware: HardwareAddress, sender: IPv4Address
    public var targetHardware: HardwareAddress, target: IPv4Address
    public init(operation: UInt16, senderHardware: HardwareAddress, sender: IPv4Address, targetHardware: HardwareAddress, target: IPv4Address) {
        self.operation = operation; self.senderHardware = senderHardware; self.sender = sender
        self.targetHardware = targetHardware; self.target = target
    }
    /// nil for other hardware or protocol types.
    public init?(_ v: PacketView) {
        guard v.count >= ARPPacket.byteCount, v.u16(0) == 1, v.u16(2) == EthernetHeader.typeIPv4, v.u8(4) == 6, v.u8(5) == 4 else { return nil }
        self.init(operation: v.u16(6), senderHardware: v.hardware(8), sender: v.address(14), targetHardware: v.hardware(18), target: v.address(24))
    }
    public func emit(_ b: inout [UInt8], at i: Int) {
        b.put16(1, at: i); b.put16(EthernetHeader.typeIPv4, at: i + 2)
        b[i + 4] = 6; b[i + 5] = 4
        b.put16(operation, at: i + 6)
        b.put48(senderHardware.raw, at: i + 8); b.put32(sender.raw, at: i + 14)
        b.put48(targetHardware.raw, at: i + 18); b.put32(target.raw, at: i + 24)
    }
}
