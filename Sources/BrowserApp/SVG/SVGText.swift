// Text of logos and diagrams (SVG 2 §11, the common parts): `text` and `tspan` with positions, anchors, families, sizes,
// fallback fonts and kerning. Glyphs are drawn as paths, so that any transform, gradient and stroke applies.
import DOM
import Graphics

extension SVGRenderer {
    static let glyphCountMax = 20_000

    /// A stretch of text with one style, from a place on.
    private struct Run {
        var path = VectorPath()
        var context: Context
        var chunk: Int
    }
    /// Text that is anchored as a whole.
    private struct Chunk {
        var startX: Fixed, width = Fixed.zero
        var anchor: TextAnchor
    }
    private struct Cursor {
        var x = Fixed.zero, y = Fixed.zero
        var runs: [Run] = []
        var chunks: [Chunk] = []
        var glyphCount = 0
        /// White space is due before the next word.
        var needsSpace = false, hasText = false
    }

    func drawText(_ n: NodeID, _ context: Context) {
        for run in lines(n, context) where run.context.style.isVisible { paint(run.path, run.context) }
    }
    /// All glyphs as one path, for clips.
    func textPath(_ n: NodeID, _ context: Context) -> VectorPath {
        var path = VectorPath()
        for run in lines(n, context) { path.append(run.path, .identity) }
        return path
    }

    private func lines(_ n: NodeID, _ context: Context) -> [Run] {
        if fonts.isEmpty { return [] }
        var cursor = Cursor()
        position(n, context, &cursor, isFirst: true)
        collect(n, context, &cursor)
        for i in 0..<cursor.runs.count {
            let chunk = cursor.chunks[cursor.runs[i].chunk]
            let shift: Fixed
            switch chunk.anchor {
            case .start: continue
            case .middle: shift = -chunk.width.halved
            case .end: shift = -chunk.width
            }
            var moved = VectorPath()
            moved.append(cursor.runs[i].path, .translation(shift, .zero))
            cursor.runs[i].path = moved
        }
        return cursor.runs
    }

    /// Takes `x`, `y`, `dx`, `dy` (their first values). An absolute position begins a new chunk.
    private func position(_ n: NodeID, _ context: Context, _ cursor: inout Cursor, isFirst: Bool) {
        let base = context.style.relative(context.base)
        func value(_ name: String, _ axis: LengthBase.Axis) -> Fixed? {
            guard var v = attribute(n, Atom(name)) else { return nil }
            return v.length(axis, base)
        }
        let x = value("x", .x), y = value("y", .y)
        if let x { cursor.x = x }
        if let y { cursor.y = y }
        cursor.x += value("dx", .x) ?? .zero
        cursor.y += value("dy", .y) ?? .zero
        if isFirst || x != nil || y != nil {
            cursor.chunks.append(Chunk(startX: cursor.x, anchor: context.style.anchor))
            if x != nil { cursor.needsSpace = false; cursor.hasText = false }
        }
    }

    private func collect(_ n: NodeID, _ context: Context, _ cursor: inout Cursor) {
        if context.depth > SVGRenderer.depthMax { return }
        for child in document.children(n) {
            if document.kind(child) == .text { append(document.text(child), context, &cursor); continue }
            guard document.isElement(child) else { continue }
            let name = document.name(child).string
            guard name == "tspan" || name == "a" || name == "textPath" else { continue }
            var inner = context
            inner.depth += 1
            inner.style = style(child, context.style, context.base)
            if !inner.style.isDisplayed { continue }
            position(child, inner, &cursor, isFirst: false)
            collect(child, inner, &cursor)
        }
    }

    /// How far the alphabetic baseline lies below the line that the style asks for.
    private static func lift(_ s: SVGStyle, _ face: FontFace) -> Fixed {
        func em(_ units: Int32) -> Fixed { s.fontSize * Fixed(Int(units), over: Int(face.unitsPerEm)) }
        switch s.baseline {
        case .alphabetic: return .zero
        case .middle: return em(face.xHeight).halved
        case .central: return (em(face.ascent) - em(face.descent)).halved
        case .hanging: return em(face.ascent) * Fixed(8, over: 10)
        case .top: return em(face.ascent)
        case .bottom: return -em(face.descent)
        }
    }

    private func append(_ text: String, _ context: Context, _ cursor: inout Cursor) {
        let s = context.style
        let first = fonts.match(families: s.fontFamilies, weight: s.fontWeight, italic: s.isItalic)
        var run = Run(context: context, chunk: cursor.chunks.count - 1)
        let start = cursor.x, lift = SVGRenderer.lift(s, fonts.face(first))
        var previous: (glyph: UInt16, font: Int32)?
        func put(_ scalar: UInt32) {
            cursor.glyphCount += 1
            if cursor.glyphCount > SVGRenderer.glyphCountMax { return }
            let font = fonts.fallback(for: scalar, like: first), face = fonts.face(font), glyph = face.glyph(for: scalar)
            let unit = s.fontSize / Fixed(Int(face.unitsPerEm))
            // Kerning at a size of one unit a font unit, in 26.6.
            if let p = previous, p.font == font { cursor.x += Fixed(raw: Int64(face.kerning(p.glyph, glyph, size: Int32(face.unitsPerEm) << 6)) << 26) * unit }
            let outline = VectorPath(face, glyph, size: s.fontSize, isSlanted: fonts.isSlanted(font))
            run.path.append(outline, .translation(cursor.x, cursor.y + lift))
            cursor.x += Fixed(Int(face.advanceUnits(glyph))) * unit + s.letterSpacing
            previous = (glyph, font)
        }
        for scalar in text.unicodeScalars {
            if scalar.value == 0x20 || scalar.value >= 9 && scalar.value <= 13 {
                if cursor.hasText { cursor.needsSpace = true }
                continue
            }
            if cursor.needsSpace { put(0x20) }
            cursor.needsSpace = false
            cursor.hasText = true
            put(scalar.value)
        }
        cursor.chunks[run.chunk].width = cursor.chunks[run.chunk].width + (cursor.x - start)
        if !run.path.isEmpty { cursor.runs.append(run) }
    }
}
