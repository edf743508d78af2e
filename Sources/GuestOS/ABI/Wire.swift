// Little-endian byte encoding of messages and records. A reader never traps: it answers nil past the end.

/// Appends little-endian values to a byte array.
public struct ByteWriter: Sendable {
    public var bytes: [UInt8] = []
    public init() {}
    public mutating func u8(_ v: UInt8) { bytes.append(v) }
    public mutating func u16(_ v: UInt16) { u8(UInt8(truncatingIfNeeded: v)); u8(UInt8(truncatingIfNeeded: v >> 8)) }
    public mutating func u32(_ v: UInt32) { u16(UInt16(truncatingIfNeeded: v)); u16(UInt16(truncatingIfNeeded: v >> 16)) }
    public mutating func u64(_ v: UInt64) { u32(UInt32(truncatingIfNeeded: v)); u32(UInt32(truncatingIfNeeded: v >> 32)) }
    public mutating func i32(_ v: Int32) { u32(UInt32(bitPattern: v)) }
    public mutating func i64(_ v: Int64) { u64(UInt64(bitPattern: v)) }
    /// UTF-8 with a 16-bit byte count, cut at 65,535 bytes.
    public mutating func string(_ s: String) {
        var utf8 = Array(s.utf8)
        if utf8.count > 65535 { utf8.removeLast(utf8.count - 65535) }
        u16(UInt16(utf8.count)); bytes += utf8
    }
    public mutating func raw(_ data: [UInt8]) { bytes += data }
}

/// Reads little-endian values; nil past the end.
public struct ByteReader: Sendable {
    public let bytes: [UInt8]
    public private(set) var offset = 0
    public init(_ bytes: [UInt8]) { self.bytes = bytes }
    public var remaining: Int { bytes.count - offset }
    public mutating func u8() -> UInt8? {
        guard remaining >= 1 else { return nil }
        offset += 1; return bytes[offset - 1]
    }
    public mutating func u16() -> UInt16? {
        guard remaining >= 2 else { return nil }
        offset += 2; return UInt16(bytes[offset - 2]) | UInt16(bytes[offset - 1]) << 8
    }
    public mutating func u32() -> UInt32? {
        guard remaining >= 4 else { return nil }
        let low = UInt32(u16()!), high = UInt32(u16()!)
        return low | high << 16
    }
    public mutating func u64() -> UInt64? {
        guard remaining >= 8 else { return nil }
        let low = UInt64(u32()!), high = UInt64(u32()!)
        return low | high << 32
    }
    public mutating func i32() -> Int32? { u32().map { Int32(bitPattern: $0) } }
    public mutating func i64() -> Int64? { u64().map { Int64(bitPattern: $0) } }
    public mutating func string() -> String? {
        guard let n = u16(), remaining >= Int(n) else { return nil }
        offset += Int(n)
        return String(decoding: bytes[(offset - Int(n))..<offset], as: UTF8.self)
    }
    public mutating func rest() -> [UInt8] { raw(remaining) ?? [] }
    /// The next `n` bytes.
    public mutating func raw(_ n: Int) -> [UInt8]? {
        guard n >= 0, n <= remaining else { return nil }
        let start = offset
        offset += n
        // One memory copy: an element-wise one costs eight instructions a byte in a program.
        return [UInt8](unsafeUninitializedCapacity: n) { target, count in
            bytes.withUnsafeBytes { source in
                if n > 0, let to = target.baseAddress, let from = source.baseAddress { UnsafeMutableRawPointer(to).copyMemory(from: from + start, byteCount: n) }
            }
            count = n
        }
    }
}
