// Text, decorations and list markers as glyph runs (CSS Text Decoration 3 §2).
import DOM
import CSS
import Graphics

extension Painter {
    func paintText(_ f: Fragment, _ x: LayoutUnit, _ y: LayoutUnit) {
        let r = snapped(x + f.x, y + f.y, f.width, f.height)
        guard isVisible(r) else { return }
        let s = tree.style(f.box)
        if s.visibility != .visible { return }
        note(f.box, r)
        if goal == .hit || tree.kind(f.box) != .text { return }
        let ts = tree.textStyle(of: f)
        let baseline = (y + f.baseline).round
        if !highlights.isEmpty { paintHighlights(f, x, y) }
        paintDecorations(f, r, baseline, ts, over: false)
        if !s.textShadows.isEmpty { paintTextShadows(f, s.textShadows, ts, x, baseline) }
        if ts.color.alpha > 0, ts.size > 0 {
            var run = GlyphRun(color: ts.color, size: ts.size, baseline: (baseline &+ dy) &* 64)
            let from = (x + f.x).raw
            let end = walk(tree.bytes(f.textStart, f.textEnd), ts, from, f.spaceExtra.raw, &run)
            if f.hyphenated { append("-", ts, end, &run) }
            flush(&run)
        }
        paintDecorations(f, r, baseline, ts, over: true)
    }

    /// Shadows lie below the text, the first on top (CSS Text Decoration 3 §5). A blurred one is the sum of faint copies around it.
    private func paintTextShadows(_ f: Fragment, _ shadows: [BoxShadow], _ ts: TextStyle, _ x: LayoutUnit, _ baseline: Int32) {
        guard ts.size > 0, goal == .paint else { return }
        for shadow in shadows.reversed() where shadow.color.alpha > 0 {
            let spread = Swift.min(shadow.blur.raw, 32 * 64) / 2
            let copies: [(x: Int32, y: Int32, weight: UInt32)] = spread < 16 ? [(0, 0, 16)]
                : [(0, 0, 5), (-1, 0, 3), (1, 0, 3), (0, -1, 3), (0, 1, 3), (-1, -1, 1), (1, -1, 1), (-1, 1, 1), (1, 1, 1)]
            for copy in copies {
                var color = shadow.color
                color.alpha = UInt8(Swift.max(1, UInt32(color.alpha) * copy.weight / 16))
                var run = GlyphRun(color: color, size: ts.size, baseline: (baseline &+ dy) &* 64 &+ shadow.offsetY.raw &+ copy.y * spread)
                _ = walk(tree.bytes(f.textStart, f.textEnd), ts, (x + f.x + shadow.offsetX).raw &+ copy.x * spread, f.spaceExtra.raw, &run)
                flush(&run)
            }
        }
    }

    /// A short text that is not a fragment.
    func paintRun(_ text: String, _ ts: TextStyle, _ color: Color, x: LayoutUnit, baseline: Int32) {
        var run = GlyphRun(color: color, size: ts.size, baseline: (baseline &+ dy) &* 64)
        append(text, ts, x.raw, &run)
        flush(&run)
    }

    /// Glyphs of one font collected for one item.
    struct GlyphRun {
        var color: Color
        var size: Int32
        var baseline: Int32
        var fontID: Int32 = -1
        var glyphs: [PositionedGlyph] = []
    }

    private func append(_ text: String, _ ts: TextStyle, _ x: Int32, _ run: inout GlyphRun) {
        var copy = text
        copy.withUTF8 { bytes in _ = walk(bytes, ts, x, 0, &run) }
    }

    private func flush(_ run: inout GlyphRun) {
        if !run.glyphs.isEmpty { emit(.glyphs(fontID: run.fontID, size: run.size, run.color, run.glyphs)) }
        run.glyphs = []
    }

    /// Places the glyphs of words in view; returns the x after the text.
    private func walk(_ bytes: UnsafeBufferPointer<UInt8>, _ ts: TextStyle, _ start: Int32, _ spaceExtra: Int32, _ run: inout GlyphRun) -> Int32 {
        var x = start, fine: Int64 = 0
        let space = ts.fineSpace &+ Int64(spaceExtra) << 10
        let leftEdge = Int64(clip.x) * 64, rightEdge = Int64(clip.maxX) * 64
        var i = 0
        while i < bytes.count {
            let c = bytes[i]
            if c <= 0x20 { if c == 0x20 { fine &+= space }; i += 1; continue }
            x = start &+ Int32(truncatingIfNeeded: (fine &+ 512) >> 10)
            let end = wordEnd(bytes, i)
            if Int64(x) > rightEdge { return x }
            let word = UnsafeBufferPointer(rebasing: bytes[i..<end])
            i = end
            // Only what begins left of the view can end there.
            let width = shaper.fineWidth(word, ts)
            if ts.letterSpacing == .zero, Int64(x) + width >> 10 < leftEdge { fine &+= width; continue }
            fine &+= width &+ Int64(place(word, ts, x, &run)) &* Int64(ts.letterSpacing.raw) << 10
        }
        return start &+ Int32(truncatingIfNeeded: (fine &+ 512) >> 10)
    }

    private func wordEnd(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
        var end = start
        while end < bytes.count, bytes[end] > 0x20 {
            if end - start >= TextShaper.wordByteCountMax - 4, bytes[end] & 0xC0 != 0x80 { break }
            end += 1
        }
        return end
    }

    /// Adds a word's glyphs from x on; returns how many they are.
    private func place(_ word: UnsafeBufferPointer<UInt8>, _ ts: TextStyle, _ x: Int32, _ run: inout GlyphRun) -> Int {
        var position = x, count = 0
        let offset = dx &* 64
        shaper.shape(word, fontID: ts.shapeID, size: ts.size) { g in
            let size = g.isSmall ? SmallCaps.size(ts.size) : ts.size
            if g.fontID != run.fontID || size != run.size { self.flush(&run); run.fontID = g.fontID; run.size = size }
            run.glyphs.append(PositionedGlyph(glyph: g.glyph, x: position &+ offset, y: run.baseline))
            position = position &+ g.advance &+ ts.letterSpacing.raw
            count += 1
        }
        return count
    }

    // MARK: Decorations

    private func paintDecorations(_ f: Fragment, _ r: Rect, _ baseline: Int32, _ ts: TextStyle, over: Bool) {
        var d = tree.boxes[Int(f.box)].decoration
        guard d != 0, f.width > .zero else { return }
        let em = ts.size >> 6
        let thickness = Swift.max(1, (em + 8) / 16)
        var steps = 0
        while d != 0, steps < 16 {
            let decoration = tree.decorations[Int(d)]
            if !over {
                if decoration.lines.contains(.underline) { rule(r, baseline + Swift.max(1, (em + 6) / 12), thickness, decoration) }
                if decoration.lines.contains(.overline) { rule(r, baseline - ts.ascent.round, thickness, decoration) }
            } else if decoration.lines.contains(.lineThrough) { rule(r, baseline - em * 3 / 10, thickness, decoration) }
            d = decoration.parent; steps += 1
        }
    }

    private func rule(_ r: Rect, _ y: Int32, _ thickness: Int32, _ d: Decoration) {
        let line = Rect(r.x, y, r.width, thickness).intersection(Rect(clip.x - 64, y, clip.width + 128, thickness))
        guard !line.isEmpty else { return }
        switch d.style {
        case .dotted: emit(.dashedRect(out(line), dash: thickness, d.color))
        case .dashed: emit(.dashedRect(out(line), dash: thickness * 3, d.color))
        case .double:
            emit(.fill(out(line), d.color)); emit(.fill(out(line.offset(0, thickness + 1)), d.color))
        case .solid, .wavy: emit(.fill(out(line), d.color))
        }
    }

    // MARK: Markers

    func paintMarker(_ m: BoxID) {
        guard let marker = tree.markers[m], goal == .paint else { return }
        let s = tree.style(m), ts = tree.textStyle(m)
        if s.visibility != .visible { return }
        let r = borderBox(m)
        switch marker.shape {
        case .disc: emit(.roundedFill(out(r), radius: r.width / 2, ts.color))
        case .square: emit(.fill(out(r), ts.color))
        case .circle: paintRing(r, ts.color)
        case .text:
            let g = tree.geometry[tree.geo(m)]
            paintRun(marker.text, ts, ts.color, x: g.pageX, baseline: (g.pageY + g.firstBaseline).round)
        }
    }

    /// A ring of one pixel: an octagon of lines is enough at this size.
    private func paintRing(_ r: Rect, _ color: Color) {
        let o = out(r)
        let cut = Swift.max(1, r.width / 4)
        emit(.fill(Rect(o.x + cut, o.y, r.width - 2 * cut, 1), color))
        emit(.fill(Rect(o.x + cut, o.maxY - 1, r.width - 2 * cut, 1), color))
        emit(.fill(Rect(o.x, o.y + cut, 1, r.height - 2 * cut), color))
        emit(.fill(Rect(o.maxX - 1, o.y + cut, 1, r.height - 2 * cut), color))
    }
}
