// TCP segment header (RFC 9293 §3.1) with the options MSS (§3.7.1) and window scale (RFC 7323 §2), and sequence
// numbers. Other options are skipped.

/// A 32-bit sequence number; order is that of RFC 9293 §3.4 (meaningful within half the number space).
public struct SequenceNumber: Equatable, Sendable {
    public var raw: UInt32
    public init(_ raw: UInt32) { self.raw = raw }
    public static func + (a: SequenceNumber, n: Int) -> SequenceNumber { SequenceNumber(a.raw &+ UInt32(truncatingIfNeeded: n)) }
    public static func - (a: SequenceNumber, b: SequenceNumber) -> Int { Int(Int32(bitPattern: a.raw &- b.raw)) }
    public static func < (a: SequenceNumber, b: SequenceNumber) -> Bool { a - b < 0 }
    public static func <= (a: SequenceNumber, b: SequenceNumber) -> Bool { a - b <= 0 }
    public static func > (a: SequenceNumber, b: SequenceNumber) -> Bool { a - b > 0 }
    public static func >= (a: SequenceNumber, b: SequenceNumber) -> Bool { a - b >= 0 }
}

public struct TCPFlags: OptionSet, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    public static let fin = TCPFlags(rawValue: 1), syn = TCPFlags(rawValue: 2), rst = TCPFlags(rawValue: 4)
    public static let psh = TCPFlags(rawValue: 8), ack = TCPFlags(rawValue: 16), urg = TCPFlags(rawValue: 32)
}

public struct TCPHeader: Equatable, Sendable {
    public static let byteCountMin = 20
    public enum Fault: Error { case short, badLength, badChecksum }
    public var sourcePort: UInt16 = 0, destinationPort: UInt16 = 0
    public var sequence = SequenceNumber(0), acknowledgment = SequenceNumber(0)
    public var flags: TCPFlags = []
    public var window: UInt16 = 0
    public var maximumSegment: UInt16?
    public var windowScale: UInt8?
    public init() {}

    public var byteCount: Int { TCPHeader.byteCountMin + (maximumSegment == nil ? 0 : 4) + (windowScale == nil ? 0 : 4) }

    /// Checks length and checksum; answers header and payload.
    public static func parse(_ v: PacketView, _ source: IPv4Address, _ destination: IPv4Address) throws(Fault) -> (TCPHeader, PacketView) {
        guard v.count >= byteCountMin else { throw .short }
        let length = Int(v.u8(12) >> 4) * 4
        guard length >= byteCountMin, let payload = v.dropping(length) else { throw .badLength }
        var sum = Checksum()
        sum.addPseudoHeader(source, destination, IPv4Header.tcp, v.count)
        sum.add(v.bytes, v.start, v.end)
        guard sum.value == 0 else { throw .badChecksum }
        var h = TCPHeader()
        h.sourcePort = v.u16(0); h.destinationPort = v.u16(2)
        h.sequence = SequenceNumber(v.u32(4)); h.acknowledgment = SequenceNumber(v.u32(8))
        h.flags = TCPFlags(rawValue: v.u8(13) & 63)
        h.window = v.u16(14)
        h.parseOptions(v, length)
        return (h, payload)
    }
    private mutating func parseOptions(_ v: PacketView, _ length: Int) {
        var i = TCPHeader.byteCountMin
        while i < length {
            let kind = v.u8(i)
            if kind == 0 { return }
            if kind == 1 { i += 1; continue }
            guard i + 1 < length else { return }
            let n = Int(v.u8(i + 1))
            guard n >= 2, i + n <= length else { return }
            if kind == 2, n == 4 { maximumSegment = v.u16(i + 2) }
            if kind == 3, n == 3 { windowScale = min(v.u8(i + 2), 14) }
            i += n
        }
    }
    /// The payload must already stand behind the header's place.
    public func emit(_ b: inout [UInt8], at i: Int, payloadByteCount: Int, _ source: IPv4Address, _ destination: IPv4Address) {
        b.put16(sourcePort, at: i); b.put16(destinationPort, at: i + 2)
        b.put32(sequence.raw, at: i + 4); b.put32(acknowledgment.raw, at: i + 8)
        b[i + 12] = UInt8(byteCount / 4) << 4; b[i + 13] = flags.rawValue
        b.put16(window, at: i + 14); b.put32(0, at: i + 16)
        var o = i + TCPHeader.byteCountMin
        if let m = maximumSegment { b[o] = 2; b[o + 1] = 4; b.put16(m, at: o + 2); o += 4 }
        if let s = windowScale { b[o] = 1; b[o + 1] = 3; b[o + 2] = 3; b[o + 3] = s; o += 4 }
        let total = byteCount + payloadByteCount
        var sum = Checksum()
        sum.addPseudoHeader(source, destination, IPv4Header.tcp, total)
        sum.add(b, i, i + total)
        b.put16(sum.value, at: i + 16)
    }
}
