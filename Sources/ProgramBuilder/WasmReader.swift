// Reading and writing the WebAssembly binary format (WebAssembly Core 1.0 §5, plus bulk memory and sign extension).
// A reader never traps: malformed input throws with its offset.

/// A module that cannot become a program, and why.
public struct WasmError: Error, Sendable, CustomStringConvertible {
    public let message: String
    init(_ message: String) { self.message = message }
    public var description: String { message }
}

/// A cursor over bytes.
struct WasmReader {
    let bytes: UnsafeBufferPointer<UInt8>
    var offset: Int
    let end: Int

    init(_ bytes: UnsafeBufferPointer<UInt8>, from offset: Int = 0, to end: Int? = nil) {
        self.bytes = bytes
        self.offset = offset
        self.end = end ?? bytes.count
    }
    var isAtEnd: Bool { offset >= end }

    mutating func byte() throws(WasmError) -> UInt8 {
        guard offset < end else { throw WasmError("The module ends early, at byte \(offset).") }
        defer { offset += 1 }
        return bytes[offset]
    }
    mutating func skip(_ count: Int) throws(WasmError) {
        guard count >= 0, count <= end - offset else { throw WasmError("The module ends early, at byte \(offset).") }
        offset += count
    }
    /// Unsigned LEB128 of at most 32 bits.
    mutating func u32() throws(WasmError) -> UInt32 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 35, by: 7) {
            let b = try byte()
            value |= UInt64(b & 0x7f) << shift
            if b & 0x80 == 0 {
                guard value <= UInt64(UInt32.max) else { break }
                return UInt32(value)
            }
        }
        throw WasmError("A number at byte \(offset) is too long.")
    }
    /// Skips a signed LEB128 of any size.
    mutating func skipSigned() throws(WasmError) {
        for _ in 0..<10 where try byte() & 0x80 == 0 { return }
        throw WasmError("A number at byte \(offset) is too long.")
    }
    mutating func name() throws(WasmError) -> String {
        let count = Int(try u32())
        let start = offset
        try skip(count)
        return String(decoding: bytes[start..<start + count], as: UTF8.self)
    }
}

/// Appends in the binary format.
struct WasmWriter {
    var bytes: [UInt8] = []

    mutating func u32(_ v: UInt32) {
        var v = v
        repeat {
            let low = UInt8(v & 0x7f)
            v >>= 7
            bytes.append(v == 0 ? low : low | 0x80)
        } while v != 0
    }
    mutating func s64(_ v: Int64) {
        var v = v
        while true {
            let low = UInt8(truncatingIfNeeded: v & 0x7f)
            v >>= 7
            if (v == 0 && low & 0x40 == 0) || (v == -1 && low & 0x40 != 0) {
                bytes.append(low)
                return
            }
            bytes.append(low | 0x80)
        }
    }
    mutating func name(_ s: String) {
        u32(UInt32(s.utf8.count))
        bytes.append(contentsOf: s.utf8)
    }
    mutating func section(_ id: UInt8, _ body: [UInt8]) {
        bytes.append(id)
        u32(UInt32(body.count))
        bytes.append(contentsOf: body)
    }
}
