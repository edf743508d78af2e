// IPv4 (RFC 791), ICMP (RFC 792) and UDP (RFC 768) headers: values with parse and emit.

/// IPv4 header without options when emitted; options of received packets are skipped.
public struct IPv4Header: Equatable, Sendable {
    public static let byteCount = 20
    public static let icmp: UInt8 = 1, tcp: UInt8 = 6, udp: UInt8 = 17
    public enum Fault: Error { case short, badVersion, badLength, badChecksum }

    public var source: IPv4Address, destination: IPv4Address
    public var networkProtocol: UInt8
    public var timeToLive: UInt8 = 64
    public var identification: UInt16 = 0
    public var payloadByteCount: Int
    /// Received packets only: more fragments, or an offset.
    public var isFragment = false
    var headerByteCount = IPv4Header.byteCount

    public init(source: IPv4Address, destination: IPv4Address, networkProtocol: UInt8, payloadByteCount: Int) {
        self.source = source; self.destination = destination; self.networkProtocol = networkProtocol; self.payloadByteCount = payloadByteCount
    }
    public init(_ v: PacketView) throws(Fault) {
        guard v.count >= IPv4Header.byteCount else { throw .short }
        guard v.u8(0) >> 4 == 4 else { throw .badVersion }
        let header = Int(v.u8(0) & 15) * 4, total = Int(v.u16(2))
        guard header >= IPv4Header.byteCount, header <= total, total <= v.count else { throw .badLength }
        var sum = Checksum()
        sum.add(v.bytes, v.start, v.start + header)
        guard sum.value == 0 else { throw .badChecksum }
        self.init(source: v.address(12), destination: v.address(16), networkProtocol: v.u8(9), payloadByteCount: total - header)
        timeToLive = v.u8(8)
        identification = v.u16(4)
        isFragment = v.u16(6) & 0x3FFF != 0
        headerByteCount = header
    }
    public func emit(_ b: inout [UInt8], at i: Int) {
        b[i] = 0x45; b[i + 1] = 0
        b.put16(UInt16(IPv4Header.byteCount + payloadByteCount), at: i + 2)
        b.put16(identification, at: i + 4)
        b.put16(0x4000, at: i + 6)      // don't fragment
        b[i + 8] = timeToLive; b[i + 9] = networkProtocol
        b.put16(0, at: i + 10)
        b.put32(source.raw, at: i + 12); b.put32(destination.raw, at: i + 16)
        var sum = Checksum()
        sum.add(b, i, i + IPv4Header.byteCount)
        b.put16(sum.value, at: i + 10)
    }
}

/// ICMP message: type, code, the four bytes after the checksum, and what follows.
public struct ICMPMessage: Equatable, Sendable {
    public static let headerByteCount = 8
    public static let echoReply: UInt8 = 0, unreachable: UInt8 = 3, echoRequest: UInt8 = 8, timeExceeded: UInt8 = 11
    public static let codePort: UInt8 = 3
    public var type: UInt8, code: UInt8, rest: UInt32, payload: [UInt8]
    public init(type: UInt8, code: UInt8, rest: UInt32, payload: [UInt8]) { self.type = type; self.code = code; self.rest = rest; self.payload = payload }
    public var byteCount: Int { ICMPMessage.headerByteCount + payload.count }
    /// nil when short or the checksum is wrong.
    public init?(_ v: PacketView) {
        guard v.count >= ICMPMessage.headerByteCount else { return nil }
        var sum = Checksum()
        sum.add(v.bytes, v.start, v.end)
        guard sum.value == 0 else { return nil }
        self.init(type: v.u8(0), code: v.u8(1), rest: v.u32(4), payload: Array(v.bytes[(v.start + 8)..<v.end]))
    }
    public func emit(_ b: inout [UInt8], at i: Int) {
        b[i] = type; b[i + 1] = code
        b.put16(0, at: i + 2)
        b.put32(rest, at: i + 4)
        b.put(payload, at: i + 8)
        var sum = Checksum()
        sum.add(b, i, i + byteCount)
        b.put16(sum.value, at: i + 2)
    }
}

/// UDP header.
public struct UDPHeader: Equatable, Sendable {
    public static let byteCount = 8
    public enum Fault: Error { case short, badLength, badChecksum }
    public var sourcePort: UInt16, destinationPort: UInt16, payloadByteCount: Int
    public init(sourcePort: UInt16, destinationPort: UInt16, payloadByteCount: Int) {
        self.sourcePort = sourcePort; self.destinationPort = destinationPort; self.payloadByteCount = payloadByteCount
    }
    public init(_ v: PacketView, _ source: IPv4Address, _ destination: IPv4Address) throws(Fault) {
        guard v.count >= UDPHeader.byteCount else { throw .short }
        let length = Int(v.u16(4))
        guard length >= UDPHeader.byteCount, length <= v.count else { throw .badLength }
        if v.u16(6) != 0 {
            var sum = Checksum()
            sum.addPseudoHeader(source, destination, IPv4Header.udp, length)
            sum.add(v.bytes, v.start, v.start + length)
            guard sum.value == 0 else { throw .badChecksum }
        }
        self.init(sourcePort: v.u16(0), destinationPort: v.u16(2), payloadByteCount: length - UDPHeader.byteCount)
    }
    /// The payload must already stand behind the header's place.
    public func emit(_ b: inout [UInt8], at i: Int, _ source: IPv4Address, _ destination: IPv4Address) {
        let length = UDPHeader.byteCount + payloadByteCount
        b.put16(sourcePort, at: i); b.put16(destinationPort, at: i + 2)
        b.put16(UInt16(length), at: i + 4); b.put16(0, at: i + 6)
        var sum = Checksum()
        sum.addPseudoHeader(source, destination, IPv4Header.udp, length)
        sum.add(b, i, i + length)
        b.put16(sum.value == 0 ? 0xFFFF : sum.value, at: i + 6)
    }
}
