// The font side of a computed style, resolved once: font, size and the metrics line layout needs. CSS 2.2 §10.8.
import CSS
import Graphics

/// Font metrics of one style in layout units. `ascent` and `descent` are whole pixels, as browsers round them.
struct TextStyle {
    var fontID: Int32 = 0
    /// 26.6 pixels per em.
    var size: Int32 = 1024
    var ascent = LayoutUnit.zero, descent = LayoutUnit.zero
    var lineHeight = LayoutUnit.zero
    var xHeight = LayoutUnit.zero
    var spaceWidth = LayoutUnit.zero
    var letterSpacing = LayoutUnit.zero, wordSpacing = LayoutUnit.zero
    var whiteSpace = WhiteSpace.normal
    var color = Color.black

    /// Ascent and descent of the inline box: content area plus half leading on both sides (§10.8.1).
    var boxAscent: LayoutUnit {
        let leading = lineHeight - ascent - descent
        return ascent + LayoutUnit(raw: (leading.raw >> 1) & ~63)
    }
    var boxDescent: LayoutUnit { lineHeight - boxAscent }

    var collapsesSpaces: Bool { whiteSpace == .normal || whiteSpace == .nowrap || whiteSpace == .preLine }
    var wraps: Bool { whiteSpace != .nowrap && whiteSpace != .pre }
    var keepsNewlines: Bool { whiteSpace != .normal && whiteSpace != .nowrap }

    init() {}

    init(_ style: ComputedStyle, fonts: FontLibrary) {
        whiteSpace = style.whiteSpace
        color = style.color
        letterSpacing = style.letterSpacing
        wordSpacing = style.wordSpacing
        size = Swift.max(0, Swift.min(style.fontSize.raw, 2000 * 64))
        guard !fonts.isEmpty else { setLineHeight(style, normal: style.fontSize); return }
        fontID = fonts.match(families: style.fontFamilies, weight: Int(style.fontWeight), italic: style.fontStyle != .normal)
        let face = fonts.face(fontID)
        ascent = LayoutUnit(face.pixelAscent(size: size))
        descent = LayoutUnit(face.pixelDescent(size: size))
        xHeight = LayoutUnit(raw: face.scale(face.xHeight, size: size))
        spaceWidth = LayoutUnit(raw: face.advance(face.glyph(for: 0x20), size: size))
        setLineHeight(style, normal: ascent + descent + LayoutUnit(face.pixelLineGap(size: size)))
    }

    private mutating func setLineHeight(_ style: ComputedStyle, normal: LayoutUnit) {
        lineHeight = Swift.max(.zero, style.lineHeightLength ?? normal)
    }
}
