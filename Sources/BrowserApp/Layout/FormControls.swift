// Natural sizes of form controls (HTML §15.5): text fields by their `size`, text areas by `cols` and `rows`.
import DOM
import CSS
import Graphics

extension LayoutEngine {
    func controlIntrinsic(_ b: BoxID, _ content: Intrinsic) -> Intrinsic {
        if tree.controls[b]?.isMenu == true {
            // The widest option in whole pixels, and room for the arrow.
            let ts = tree.textStyle(b)
            var widest = content.max - frameWidth(b)
            for text in tree.menuTexts[b] ?? [] { widest = Swift.max(widest, measure(text, ts)) }
            let width = LayoutUnit(widest.ceil + 12) + frameWidth(b)
            return Intrinsic(min: width, max: width)
        }
        guard let columns = controlColumns(b), columns > 0 else { return content }
        let ts = tree.textStyle(b)
        let width = textWidth(b, ts, columns) + frameWidth(b)
        return Intrinsic(min: width, max: width)
    }

    /// Text fields: as many average characters, one of them as wide as the font's bounding box. Text areas: average characters
    /// and room for a bar. The average counts in whole pixels where rounding makes it larger.
    private func textWidth(_ b: BoxID, _ ts: TextStyle, _ columns: Int32) -> LayoutUnit {
        guard !shaper.fonts.isEmpty else { return LayoutUnit(8 * columns) }
        let face = shaper.fonts.face(ts.fontID)
        if tree.controls[b]?.isFile == true || hasNoAverage(style(b).fontFamilies) {
            let zero = ts.fine(face.advanceUnits(face.glyph(for: 0x30)))
            let bar: Int32 = (tree.controls[b]?.rows ?? 0) > 0 ? 15 : 0
            return LayoutUnit(Int32(clamping: (zero &* Int64(columns) &+ 65535) >> 16) + bar)
        }
        let exact = ts.fine(face.averageAdvance), average = Swift.max(exact, ((exact &+ 32768) >> 16) << 16)
        if (tree.controls[b]?.rows ?? 0) > 0 { return LayoutUnit(Int32(clamping: (average &* Int64(columns) &+ 65535) >> 16)) + LayoutUnit(15) }
        let widest = ((ts.fine(face.boundsWidth) &+ 32768) >> 16) << 16
        return LayoutUnit(Int32(clamping: (average &* Int64(columns) &+ Swift.max(0, widest &- average) &+ 65535) >> 16))
    }

    /// Families whose average width browsers do not trust; they take the digit zero's.
    private func hasNoAverage(_ families: [String]) -> Bool {
        switch families.first {
        case "courier", "geneva", "gill sans", "helvetica", "hoefler text", "lucida grande", "monaco", "osaka", "symbol", "times": return true
        default: return false
        }
    }

    /// Width of a text control in characters; nil for controls that shrink to their text.
    private func controlColumns(_ b: BoxID) -> Int32? {
        let info = tree.controls[b]
        return info.map { $0.columns }
    }
    /// A list box shows as many options as its size says; one is a line, at least 1.2 em, and a pixel.
    func listBoxHeight(_ b: BoxID) -> LayoutUnit? {
        guard let size = tree.controls[b], size.isList else { return nil }
        let ts = tree.textStyle(b)
        let row = Swift.max(ts.lineHeight, LayoutUnit(clamping: (style(b).fontSizeFine * 6 / 5 + 512) >> 10)) + .one
        return row * size.rows + frameHeight(b)
    }

    /// Least content height of a control: one line, or as many as a text area has.
    func controlHeight(_ b: BoxID) -> LayoutUnit? {
        guard tree.flags(b).contains(.control) else { return nil }
        if tree.controls[b]?.isFile == true { return tree.textStyle(b).lineHeight + LayoutUnit(6) }       // as high as a button
        return tree.textStyle(b).lineHeight * Swift.max(1, tree.controls[b]?.rows ?? 1)
    }
}

struct ControlSize {
    var columns: Int32; var rows: Int32
    var isMenu = false, isFile = false, isList = false
    /// What stands on the button of a file control; painting puts a frame around it.
    static let fileButton = "\u{A0}\u{A0}Choose\u{A0}File\u{A0}\u{A0}"
}
