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
    /// 16.16 pixels per em, and units per em of the face.
    var sizeFine: Int64 = 16 << 16, unitsPerEm: Int64 = 1
    var spaceUnits: Int32 = 0
    var letterSpacing = LayoutUnit.zero, wordSpacing = LayoutUnit.zero
    var whiteSpace = WhiteSpace.normal
    var color = Color.black
    var isSmallCaps = false
    /// The font as `TextShaper` takes it.
    var shapeID: Int32 { isSmallCaps ? fontID | TextShaper.smallCapsBit : fontID }

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
        isSmallCaps = style.fontSmallCaps
        letterSpacing = style.letterSpacing
        wordSpacing = style.wordSpacing
        let exact = Swift.max(0, Swift.min(style.fontSizeFine, 2000 << 16))
        size = Int32(exact >> 10)          // advances are those of the size cut to 1/64 px, metrics those of the exact one
        sizeFine = Int64(size) << 10
        guard !fonts.isEmpty else { setLineHeight(style, normal: style.fontSize); return }
        fontID = fonts.match(families: style.fontFamilies, weight: Int(style.fontWeight), italic: style.fontStyle != .normal)
        let face = fonts.face(fontID)
        unitsPerEm = Int64(face.unitsPerEm)
        func rounded(_ units: Int32) -> LayoutUnit { LayoutUnit(Int32(clamping: (Int64(units) &* exact / unitsPerEm &+ 32768) >> 16)) }
        ascent = rounded(face.ascent); descent = rounded(face.descent)
        xHeight = LayoutUnit(raw: face.scale(face.xHeight, size: size))
        spaceUnits = face.advanceUnits(face.glyph(for: 0x20))
        setLineHeight(style, normal: ascent + descent + rounded(face.lineGap))
    }

    private mutating func setLineHeight(_ style: ComputedStyle, normal: LayoutUnit) {
        lineHeight = Swift.max(.zero, style.lineHeightLength ?? normal)
    }
}
