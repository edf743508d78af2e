// One line of text in one font: measuring, caret positions, drawing with fallback fonts and an ellipsis.

import Graphics

/// Draws and measures single lines. Values in whole pixels unless named 26.6.
public final class TextPainter {
    public let fonts: FontLibrary
    public let fontID: Int32
    public let size: Int32              // 26.6 pixels per em
    public let ascent: Int32, descent: Int32
    public var lineHeight: Int32 { ascent + descent }

    public init(fonts: FontLibrary, family: String = "sans-serif", pixels: Int32, bold: Bool = false) {
        self.fonts = fonts
        fontID = fonts.match(families: [family], weight: bold ? 700 : 400, italic: false)
        size = pixels << 6
        ascent = fonts.isEmpty ? pixels : fonts.face(fontID).pixelAscent(size: size)
        descent = fonts.isEmpty ? 0 : fonts.face(fontID).pixelDescent(size: size)
    }

    /// Pen positions in 26.6 before each scalar and after the last: `count + 1` values.
    public func positions(_ scalars: [UInt32]) -> [Int32] {
        var out: [Int32] = [0], pen: Int32 = 0
        out.reserveCapacity(scalars.count + 1)
        walk(scalars) { _, _, x, advance in pen = x &+ advance; out.append(pen) }
        while out.count <= scalars.count { out.append(pen) }        // no font at all: nothing has a width
        return out
    }
    public func width(_ scalars: [UInt32]) -> Int32 {
        var end: Int32 = 0
        walk(scalars) { _, _, x, advance in end = x &+ advance }
        return (end &+ 63) >> 6
    }
    public func width(_ text: String) -> Int32 { width(TextPainter.scalars(text)) }

    /// Draws with the baseline at `baseline`; text wider than `maxWidth` ends in an ellipsis. Returns the width drawn.
    @discardableResult
    public func draw(_ text: String, into list: inout DisplayList, x: Int32, baseline: Int32, color: Color, maxWidth: Int32 = .max) -> Int32 {
        draw(TextPainter.scalars(text), into: &list, x: x, baseline: baseline, color: color, maxWidth: maxWidth)
    }
    @discardableResult
    public func draw(_ scalars: [UInt32], into list: inout DisplayList, x: Int32, baseline: Int32, color: Color, maxWidth: Int32 = .max) -> Int32 {
        let shown = fit(scalars, maxWidth)
        var runs: [(id: Int32, glyphs: [PositionedGlyph])] = [], end: Int32 = 0
        let originX = x << 6, originY = baseline << 6
        walk(shown) { id, glyph, pen, advance in
            if runs.last?.id != id { runs.append((id: id, glyphs: [])) }
            runs[runs.count - 1].glyphs.append(PositionedGlyph(glyph: glyph, x: originX &+ pen, y: originY))
            end = pen &+ advance
        }
        for run in runs { list.append(.glyphs(fontID: run.id, size: size, color, run.glyphs)) }
        return (end &+ 63) >> 6
    }

    /// The text itself when it fits, otherwise its beginning and an ellipsis.
    public func fit(_ scalars: [UInt32], _ maxWidth: Int32) -> [UInt32] {
        if maxWidth == .max || scalars.count <= 1 { return scalars }
        let p = positions(scalars), limit = Int64(max(0, maxWidth)) << 6
        if Int64(p[scalars.count]) <= limit { return scalars }
        let ellipsis = Int64(width([0x2026])) << 6
        var n = scalars.count
        while n > 0 && Int64(p[n]) + ellipsis > limit { n -= 1 }
        return Array(scalars[0..<n]) + [0x2026]
    }

    private func walk(_ scalars: [UInt32], _ body: (_ fontID: Int32, _ glyph: UInt16, _ pen: Int32, _ advance: Int32) -> Void) {
        if fonts.isEmpty { return }
        var pen: Int32 = 0, lastID: Int32 = -1, lastGlyph: UInt16 = 0
        for s in scalars {
            var id = fontID, face = fonts.face(fontID)
            var glyph = face.glyph(for: s)
            if glyph == 0 {
                id = fonts.fallback(for: s, like: fontID)
                face = fonts.face(id)
                glyph = face.glyph(for: s)
            }
            if id == lastID { pen = pen &+ face.kerning(lastGlyph, glyph, size: size) }
            let advance = face.advance(glyph, size: size)
            body(id, glyph, pen, advance)
            pen = pen &+ advance
            lastID = id; lastGlyph = glyph
        }
    }

    public static func scalars(_ text: String) -> [UInt32] {
        var out: [UInt32] = []
        out.reserveCapacity(text.utf8.count)
        for s in text.unicodeScalars { out.append(s.value) }
        return out
    }
    public static func string(_ scalars: [UInt32]) -> String {
        var out = String.UnicodeScalarView()
        for v in scalars { if let s = Unicode.Scalar(v) { out.append(s) } }
        return String(out)
    }
}
