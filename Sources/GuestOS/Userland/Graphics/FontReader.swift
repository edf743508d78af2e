// A bounds-checked big-endian view of font data. Reads past the end answer zero, so hostile fonts never trap; callers
// that need to know use `contains`. OpenType 1.9 "Data types".

struct FontReader {
    let data: UnsafeRawBufferPointer
    init(_ data: UnsafeRawBufferPointer) { self.data = data }

    var count: Int { data.count }

    @inline(__always)
    func contains(_ offset: Int, _ byteCount: Int) -> Bool {
        offset >= 0 && byteCount >= 0 && offset <= data.count && byteCount <= data.count &- offset
    }
    @inline(__always)
    func u8(_ offset: Int) -> UInt8 {
        offset >= 0 && offset < data.count ? data[offset] : 0
    }
    @inline(__always)
    func u16(_ offset: Int) -> UInt16 {
        guard offset >= 0, offset < data.count &- 1 else { return 0 }
        return UInt16(data[offset]) << 8 | UInt16(data[offset &+ 1])
    }
    @inline(__always)
    func i16(_ offset: Int) -> Int16 { Int16(bitPattern: u16(offset)) }
    @inline(__always)
    func u32(_ offset: Int) -> UInt32 { UInt32(u16(offset)) << 16 | UInt32(u16(offset &+ 2)) }
    /// A 32-bit file offset as an index; past the end becomes the end, so that later reads answer zero.
    @inline(__always)
    func index32(_ offset: Int) -> Int {
        let v = u32(offset)
        return UInt64(v) > UInt64(data.count) ? data.count : Int(v)
    }
}

/// Where a table lies; empty when the font lacks it.
struct FontTable {
    var offset = 0, byteCount = 0
    var isEmpty: Bool { byteCount == 0 }
    var end: Int { offset &+ byteCount }
}
