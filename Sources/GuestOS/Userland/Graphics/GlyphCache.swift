// Rasterised glyphs kept for reuse. Bounded: when the arena or the table is full, everything is dropped and the glyphs
// in use come back by themselves — simple, deterministic, and rare (the arena holds some 3,000 glyphs of body text).

struct GlyphSlot {
    var key: UInt64 = 0                       // 0: free
    var offset: Int32 = 0                     // into the arena
    var left: Int16 = 0, top: Int16 = 0
    var width: UInt16 = 0, height: UInt16 = 0
}

struct GlyphCache {
    static let slotCount = 8192, entryCountMax = 6144, arenaByteCountMax = 768 << 10, glyphByteCountMax = 64 << 10
    private var slots = [GlyphSlot](repeating: GlyphSlot(), count: slotCount)
    private(set) var arena: [UInt8] = []
    private(set) var entryCount = 0
    private(set) var flushCount = 0

    @inline(__always)
    static func key(fontID: Int32, glyph: UInt16, size: Int32, subpixel: Int32) -> UInt64 {
        let font = UInt64(UInt32(bitPattern: fontID) & 0x1FFF)
        return 1 << 63 | font << 48 | UInt64(glyph) << 32 | UInt64(UInt32(bitPattern: size) & 0xFFFFFF) << 2 | UInt64(UInt32(bitPattern: subpixel) & 3)
    }
    @inline(__always)
    private static func hash(_ key: UInt64) -> Int { Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 51) }

    @inline(__always)
    func find(_ key: UInt64) -> GlyphSlot? {
        var i = Self.hash(key)
        while slots[i].key != 0 {
            if slots[i].key == key { return slots[i] }
            i = (i + 1) & (Self.slotCount - 1)
        }
        return nil
    }
    /// Keeps a glyph; nil when it is too large to keep.
    mutating func insert(_ key: UInt64, _ g: GlyphCoverage) -> GlyphSlot? {
        guard g.bytes.count <= Self.glyphByteCountMax, g.width <= 4096, g.height <= 4096, abs(g.left) <= 16384, abs(g.top) <= 16384 else { return nil }
        if entryCount >= Self.entryCountMax || arena.count + g.bytes.count > Self.arenaByteCountMax { flush() }
        var i = Self.hash(key)
        while slots[i].key != 0 { i = (i + 1) & (Self.slotCount - 1) }
        slots[i] = GlyphSlot(key: key, offset: Int32(arena.count), left: Int16(g.left), top: Int16(g.top), width: UInt16(g.width), height: UInt16(g.height))
        arena += g.bytes
        entryCount += 1
        return slots[i]
    }
    mutating func flush() {
        for i in 0..<Self.slotCount { slots[i].key = 0 }
        arena.removeAll(keepingCapacity: true)
        entryCount = 0
        flushCount += 1
    }
}
