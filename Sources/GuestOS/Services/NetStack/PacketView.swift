// A view over part of a received frame, the writers of big-endian fields, and the Internet checksum (RFC 1071).
//
// Accessors take offsets relative to the view's start. Whoever makes a header value checks `count` once; after that
// the accessors stay inside.

/// Part of a frame.
public struct PacketView {
    public let bytes: [UInt8]
    public let start: Int, end: Int
    public init(_ bytes: [UInt8]) { self.bytes = bytes; start = 0; end = bytes.count }
    init(_ bytes: [UInt8], _ start: Int, _ end: Int) { self.bytes = bytes; self.start = start; self.end = end }
    public var count: Int { end - start }
    public func u8(_ i: Int) -> UInt8 { bytes[start + i] }
    public func u16(_ i: Int) -> UInt16 { UInt16(bytes[start + i]) << 8 | UInt16(bytes[start + i + 1]) }
    public func u32(_ i: Int) -> UInt32 { UInt32(u16(i)) << 16 | UInt32(u16(i + 2)) }
    func address(_ i: Int) -> IPv4Address { IPv4Address(u32(i)) }
    func hardware(_ i: Int) -> HardwareAddress { HardwareAddress(UInt64(u16(i)) << 32 | UInt64(u32(i + 2))) }
    /// Without the first `n` bytes and not beyond `count` bytes after them; nil when that is not inside.
    public func dropping(_ n: Int, count: Int? = nil) -> PacketView? {
        let length = count ?? self.count - n
        guard n >= 0, length >= 0, n + length <= self.count else { return nil }
        return PacketView(bytes, start + n, start + n + length)
    }
    public var array: [UInt8] {
        var out = uninitializedBytes(count)
        copyBytes(bytes, start, count, into: &out, at: 0)
        return out
    }
}

extension Array where Element == UInt8 {
    mutating func put16(_ v: UInt16, at i: Int) { self[i] = UInt8(truncatingIfNeeded: v >> 8); self[i + 1] = UInt8(truncatingIfNeeded: v) }
    mutating func put32(_ v: UInt32, at i: Int) { put16(UInt16(truncatingIfNeeded: v >> 16), at: i); put16(UInt16(truncatingIfNeeded: v), at: i + 2) }
    mutating func put48(_ v: UInt64, at i: Int) { put16(UInt16(truncatingIfNeeded: v >> 32), at: i); put32(UInt32(truncatingIfNeeded: v), at: i + 2) }
    mutating func put(_ v: [UInt8], at i: Int) {
        copyBytes(v, 0, v.count, into: &self, at: i)
    }
}

/// Ones' complement sum, collected in pieces. Every piece but the last must have an even byte count.
struct Checksum {
    private var sum: UInt64 = 0
    mutating func add(_ bytes: [UInt8], _ start: Int, _ end: Int) {
        guard start < end else { return }
        // Four bytes a step in little-endian order; the folded sum is swapped once (RFC 1071 §2 B).
        let folded = bytes.withUnsafeBufferPointer { p in
            let raw = UnsafeRawBufferPointer(p)
            var s: UInt64 = 0, i = start
            while i + 3 < end { s &+= UInt64(UInt32(littleEndian: raw.loadUnaligned(fromByteOffset: i, as: UInt32.self))); i += 4 }
            while i + 1 < end { s &+= UInt64(p[i]) | UInt64(p[i + 1]) << 8; i += 2 }
            if i < end { s &+= UInt64(p[i]) }
            return Checksum.fold(s)
        }
        sum += UInt64(folded.byteSwapped)
    }
    private static func fold(_ sum: UInt64) -> UInt16 {
        var s = sum
        while s > 0xFFFF { s = (s & 0xFFFF) + (s >> 16) }
        return UInt16(s)
    }
    mutating func add(_ v: UInt16) { sum += UInt64(v) }
    mutating func add(_ a: IPv4Address) { sum += UInt64(a.raw >> 16) + UInt64(a.raw & 0xFFFF) }
    /// The pseudo header of UDP and TCP (RFC 9293 §3.1).
    mutating func addPseudoHeader(_ source: IPv4Address, _ destination: IPv4Address, _ networkProtocol: UInt8, _ byteCount: Int) {
        add(source); add(destination)
        sum += UInt64(networkProtocol) + UInt64(byteCount)
    }
    /// The field's value; 0 over data that holds a right checksum.
    var value: UInt16 { ~Checksum.fold(sum) }
}
