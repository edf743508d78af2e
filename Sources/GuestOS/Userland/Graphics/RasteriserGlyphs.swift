// Glyph runs: quarter-pixel positions, cached coverage, one colour.

extension Rasteriser {
    static let glyphSizeMax: Int32 = 2048 << 6

    func drawGlyphs(_ fontID: Int32, _ size: Int32, _ color: Color, _ run: [PositionedGlyph]) {
        let pixel = color.pixel, clip = target.clip
        guard size > 0, size <= Self.glyphSizeMax, pixel != 0, !clip.isEmpty, !fonts.isEmpty else { return }
        let face = fonts.face(fontID), slanted = fonts.isSlanted(fontID)
        // Outlines rarely reach further than two em from the pen: cheap rejection before the cache is asked.
        let reach = Int64(size >> 6) * 2 + 2
        let x0 = Int64(clip.x) - reach, x1 = Int64(clip.maxX) + reach, y0 = Int64(clip.y) - reach, y1 = Int64(clip.maxY) + reach
        run.withUnsafeBufferPointer { glyphRun in
            for g in glyphRun {
                let penX = Int64(g.x) + target.dx << 6 + 8, penY = Int64(g.y) + target.dy << 6 + 32
                let x = penX >> 6, y = penY >> 6
                if x < x0 || x > x1 || y < y0 || y > y1 { continue }
                drawGlyph(face, fontID, g.glyph, size, slanted, Int32(x), Int32(y), Int32((penX >> 4) & 3), pixel)
            }
        }
    }

    private func drawGlyph(_ face: FontFace, _ fontID: Int32, _ glyph: UInt16, _ size: Int32, _ slanted: Bool, _ x: Int32, _ y: Int32, _ subpixel: Int32, _ pixel: UInt32) {
        let key = GlyphCache.key(fontID: fontID, glyph: glyph, size: size, subpixel: subpixel)
        if let slot = glyphs.find(key) {
            blit(slot, x, y, pixel)
            return
        }
        let coverage = GlyphCoverage(face, glyph, size: size, slanted: slanted, subpixel: subpixel)
        if let slot = glyphs.insert(key, coverage) { blit(slot, x, y, pixel); return }
        coverage.bytes.withUnsafeBufferPointer { m in
            guard let base = m.baseAddress else { return }
            blit(base, x &+ coverage.left, y &+ coverage.top, coverage.width, coverage.height, pixel)
        }
    }
    @inline(__always)
    private func blit(_ slot: GlyphSlot, _ x: Int32, _ y: Int32, _ pixel: UInt32) {
        if slot.width == 0 { return }
        glyphs.arena.withUnsafeBufferPointer { m in
            blit(m.baseAddress! + Int(slot.offset), x &+ Int32(slot.left), y &+ Int32(slot.top), Int32(slot.width), Int32(slot.height), pixel)
        }
    }
    @inline(__always)
    private func blit(_ coverage: UnsafePointer<UInt8>, _ x: Int32, _ y: Int32, _ width: Int32, _ height: Int32, _ pixel: UInt32) {
        let v = Rect(x, y, width, height).intersection(target.clip)
        if v.isEmpty { return }
        let stride = target.surface.strideWords, count = Int(v.width)
        var to = pixels(v.x, v.y), from = coverage + Int((v.y &- y) &* width &+ (v.x &- x))
        let background = to.pointee, results = memo.results
        memo.use(pixel, over: background)
        for _ in 0..<Int(v.height) {
            Blend.mask(to, from, count, pixel, background, results)
            to += stride
            from += Int(width)
        }
    }
}
