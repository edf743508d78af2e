// One TrueType font: table directory, metrics, character map and advances. The font file stays where it is (the boot
// archive's frames, mapped read-only); nothing is copied. OpenType 1.9: head, hhea, hmtx, maxp, cmap 4/12, OS/2, post.
// Invariant: every table lies wholly inside the data; any glyph id and any input give an answer, never a trap.

/// A font face with `glyf` outlines. Values in font units unless a size is given; sizes are 26.6 pixels per em.
public final class FontFace {
    public let unitsPerEm: Int32
    /// Distances from the baseline, both positive (descent is measured downwards), in font units.
    public let ascent: Int32, descent: Int32
    public let lineGap: Int32
    public private(set) var xHeight: Int32, capHeight: Int32
    /// Centre of the underline relative to the baseline (negative: below), font units.
    public let underlinePosition: Int32, underlineThickness: Int32
    public let glyphCount: Int
    public let isMonospaced: Bool
    /// Average advance (OS/2) and width of the box around all glyphs (head), in font units.
    public let averageAdvance: Int32, boundsWidth: Int32

    let reader: FontReader
    let glyf: FontTable, loca: FontTable, hmtx: FontTable
    let longLoca: Bool
    private let advanceCount: Int
    private let cmapOffset: Int, cmapFormat: Int, cmapEnd: Int
    private var lowGlyphs: [UInt16] = []          // glyphs of U+0000…U+024F, looked up once
    let kerningSource: KerningSource
    var kerningCacheKeys = [UInt32](repeating: 0, count: 1024)
    var kerningCacheValues = [Int16](repeating: 0, count: 1024)

    /// Nil when the data is not a TrueType font with outlines. The memory must stay valid for the face's life.
    public init?(data: UnsafeRawBufferPointer) {
        let r = FontReader(data)
        let version = r.u32(0)
        guard version == 0x0001_0000 || version == 0x7472_7565 else { return nil }
        let directory = FontDirectory(r)
        guard let head = directory.table("head", atLeast: 54), let maxp = directory.table("maxp", atLeast: 6),
              let hhea = directory.table("hhea", atLeast: 36), let hmtx = directory.table("hmtx", atLeast: 4),
              let loca = directory.table("loca", atLeast: 4), let glyf = directory.table("glyf", atLeast: 1),
              let cmap = directory.table("cmap", atLeast: 4) else { return nil }
        let em = Int32(r.u16(head.offset + 18))
        guard em >= 16, em <= 16384 else { return nil }
        reader = r
        unitsPerEm = em
        self.hmtx = hmtx; self.loca = loca; self.glyf = glyf
        longLoca = r.i16(head.offset + 50) != 0
        let entries = loca.byteCount / (longLoca ? 4 : 2) - 1
        glyphCount = max(0, min(Int(r.u16(maxp.offset + 4)), entries))
        advanceCount = max(1, min(Int(r.u16(hhea.offset + 34)), hmtx.byteCount / 4))
        let a = Int32(r.i16(hhea.offset + 4)), d = -Int32(r.i16(hhea.offset + 6))
        ascent = a > 0 ? a : em * 4 / 5
        descent = d >= 0 ? d : 0
        lineGap = max(0, Int32(r.i16(hhea.offset + 8)))
        boundsWidth = Int32(r.i16(head.offset + 40)) - Int32(r.i16(head.offset + 36))
        if let os2 = directory.table("OS/2", atLeast: 4) { averageAdvance = Int32(r.i16(os2.offset + 2)) } else { averageAdvance = em / 2 }
        guard let chosen = FontCharacterMap.choose(r, cmap) else { return nil }
        cmapOffset = chosen.offset; cmapFormat = chosen.format; cmapEnd = cmap.end
        kerningSource = KerningSource(r, directory)
        if let post = directory.table("post", atLeast: 16) {
            underlinePosition = Int32(r.i16(post.offset + 8))
            underlineThickness = max(1, Int32(r.i16(post.offset + 10)))
            isMonospaced = r.u32(post.offset + 12) != 0
        } else {
            underlinePosition = -em / 10; underlineThickness = max(1, em / 20); isMonospaced = false
        }
        var x: Int32 = 0, cap: Int32 = 0
        if let os2 = directory.table("OS/2", atLeast: 90), r.u16(os2.offset) >= 2 {
            x = Int32(r.i16(os2.offset + 86)); cap = Int32(r.i16(os2.offset + 88))
        }
        xHeight = x > 0 ? x : em / 2
        capHeight = cap > 0 ? cap : em * 7 / 10
        var low: [UInt16] = []
        low.reserveCapacity(0x250)
        for scalar in UInt32(0)..<0x250 { low.append(lookUp(scalar)) }
        lowGlyphs = low
        // Fonts with an old OS/2 table do not say: measure the letters.
        if x <= 0, let top = glyphTop(glyph(for: 0x78)) { xHeight = top }
        if cap <= 0, let top = glyphTop(glyph(for: 0x48)) { capHeight = top }
    }

    /// The glyph of a Unicode scalar; 0 when the font has none.
    @inline(__always)
    public func glyph(for scalar: UInt32) -> UInt16 {
        scalar < 0x250 ? lowGlyphs[Int(scalar)] : lookUp(scalar)
    }
    private func lookUp(_ scalar: UInt32) -> UInt16 {
        let g = cmapFormat == 12
            ? FontCharacterMap.format12(reader, cmapOffset, scalar) : FontCharacterMap.format4(reader, cmapOffset, cmapEnd, scalar)
        return Int(g) < glyphCount ? g : 0
    }

    /// Top of a glyph's bounding box in font units; nil when the glyph is empty.
    private func glyphTop(_ glyph: UInt16) -> Int32? {
        guard glyph != 0, let at = glyphData(glyph) else { return nil }
        let top = Int32(reader.i16(at.offset + 8))
        return top > 0 ? top : nil
    }
    /// Where a glyph's outline lies; nil when it has none.
    func glyphData(_ glyph: UInt16) -> FontTable? {
        let index = Int(glyph)
        guard index < glyphCount else { return nil }
        let start = longLoca ? reader.index32(loca.offset + index * 4) : Int(reader.u16(loca.offset + index * 2)) * 2
        let end = longLoca ? reader.index32(loca.offset + index * 4 + 4) : Int(reader.u16(loca.offset + index * 2 + 2)) * 2
        guard start < end, end <= glyf.byteCount, end - start >= 10 else { return nil }
        return FontTable(offset: glyf.offset + start, byteCount: end - start)
    }

    /// Advance width in font units.
    @inline(__always)
    public func advanceUnits(_ glyph: UInt16) -> Int32 {
        Int32(reader.u16(hmtx.offset &+ min(Int(glyph), advanceCount &- 1) &* 4))
    }
    /// Advance width in 26.6 pixels, unhinted.
    @inline(__always)
    public func advance(_ glyph: UInt16, size: Int32) -> Int32 { scale(advanceUnits(glyph), size: size) }

    /// Font units to 26.6 pixels at `size` (26.6 pixels per em), rounded to nearest.
    @inline(__always)
    public func scale(_ units: Int32, size: Int32) -> Int32 {
        let product = Int64(units) &* Int64(size), half = Int64(unitsPerEm / 2)
        return Int32(truncatingIfNeeded: (product >= 0 ? product &+ half : product &- half) / Int64(unitsPerEm))
    }
    /// Ascent and descent in whole pixels, each rounded: the line box of `line-height: normal` is their sum plus the gap.
    public func pixelAscent(size: Int32) -> Int32 { (scale(ascent, size: size) &+ 32) >> 6 }
    public func pixelDescent(size: Int32) -> Int32 { (scale(descent, size: size) &+ 32) >> 6 }
    public func pixelLineGap(size: Int32) -> Int32 { (scale(lineGap, size: size) &+ 32) >> 6 }

    /// Kerning between two glyphs in font units.
    public func kerning(_ left: UInt16, _ right: UInt16) -> Int32 { kerningSource.isEmpty ? 0 : kerningUnits(left, right) }

    /// Kerning between two glyphs in 26.6 pixels.
    public func kerning(_ left: UInt16, _ right: UInt16, size: Int32) -> Int32 {
        if kerningSource.isEmpty { return 0 }
        let units = kerningUnits(left, right)
        return units == 0 ? 0 : scale(units, size: size)
    }
}

/// The table directory; knows only tables that lie wholly inside the data.
struct FontDirectory {
    let reader: FontReader
    let tableCount: Int
    init(_ reader: FontReader) {
        self.reader = reader
        tableCount = min(Int(reader.u16(4)), max(0, (reader.count - 12) / 16))
    }
    func table(_ tag: StaticString, atLeast minimum: Int) -> FontTable? {
        guard tag.utf8CodeUnitCount == 4 else { return nil }
        var wanted: UInt32 = 0
        for i in 0..<4 { wanted = wanted << 8 | UInt32(tag.utf8Start[i]) }
        for i in 0..<tableCount {
            let record = 12 + i * 16
            guard reader.u32(record) == wanted else { continue }
            let length = reader.u32(record + 12)
            guard UInt64(length) <= UInt64(reader.count) else { return nil }
            let t = FontTable(offset: reader.index32(record + 8), byteCount: Int(length))
            return t.byteCount >= minimum && reader.contains(t.offset, t.byteCount) ? t : nil
        }
        return nil
    }
}

/// `cmap` subtables: the choice among them and the two formats that Unicode fonts use.
enum FontCharacterMap {
    static func choose(_ r: FontReader, _ cmap: FontTable) -> (offset: Int, format: Int)? {
        var best: (offset: Int, format: Int)?
        let count = min(Int(r.u16(cmap.offset + 2)), (cmap.byteCount - 4) / 8)
        for i in 0..<max(0, count) {
            let record = cmap.offset + 4 + i * 8
            let platform = r.u16(record), encoding = r.u16(record + 2)
            guard platform == 0 || (platform == 3 && (encoding == 1 || encoding == 10)) else { continue }
            let relative = r.index32(record + 4)
            guard relative < cmap.byteCount else { continue }
            let offset = cmap.offset + relative
            let format = Int(r.u16(offset))
            if format == 12 { return (offset, 12) }
            if format == 4 && best == nil { best = (offset, 4) }
        }
        return best
    }
    /// Segment mapping to delta values (cmap format 4).
    static func format4(_ r: FontReader, _ base: Int, _ end: Int, _ scalar: UInt32) -> UInt16 {
        guard scalar <= 0xFFFF else { return 0 }
        let segments = Int(r.u16(base + 6)) / 2
        guard segments > 0, r.contains(base + 16, segments * 8) else { return 0 }
        let ends = base + 14, starts = ends + segments * 2 + 2
        var low = 0, high = segments - 1
        while low < high {
            let middle = (low + high) / 2
            if UInt32(r.u16(ends + middle * 2)) < scalar { low = middle + 1 } else { high = middle }
        }
        let start = UInt32(r.u16(starts + low * 2))
        guard scalar >= start, scalar <= UInt32(r.u16(ends + low * 2)) else { return 0 }
        let delta = r.u16(starts + segments * 2 + low * 2)
        let rangeAt = starts + segments * 4 + low * 2
        let range = Int(r.u16(rangeAt))
        if range == 0 { return UInt16(truncatingIfNeeded: scalar) &+ delta }
        let g = r.u16(rangeAt + range + Int(scalar - start) * 2)
        return g == 0 ? 0 : g &+ delta
    }
    /// Segmented coverage (cmap format 12).
    static func format12(_ r: FontReader, _ base: Int, _ scalar: UInt32) -> UInt16 {
        let groups = min(Int(min(r.u32(base + 12), 0xFFFFF)), max(0, (r.count - base - 16) / 12))
        var low = 0, high = groups
        while low < high {
            let middle = (low + high) / 2
            let group = base + 16 + middle * 12
            if r.u32(group + 4) < scalar { low = middle + 1 } else { high = middle }
        }
        guard low < groups else { return 0 }
        let group = base + 16 + low * 12
        let start = r.u32(group)
        guard scalar >= start else { return 0 }
        let g = r.u32(group + 8) &+ (scalar - start)
        return g <= 0xFFFF ? UInt16(g) : 0
    }
}
