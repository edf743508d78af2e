// Natural sizes of form controls (HTML §15.5): text fields by their `size`, text areas by `cols` and `rows`.
import DOM
import CSS
import Graphics

extension LayoutEngine {
    func controlIntrinsic(_ b: BoxID, _ content: Intrinsic) -> Intrinsic {
        guard let columns = controlColumns(b) else { return content }
        let ts = tree.textStyle(b)
        let width = textWidth(b, ts, columns) + frameWidth(b)
        return Intrinsic(min: width, max: width)
    }

    /// Text fields: as many average characters, one of them as wide as the font's bounding box. Text areas: average characters
    /// and room for a bar. The average counts in whole pixels where rounding makes it larger.
    private func textWidth(_ b: BoxID, _ ts: TextStyle, _ columns: Int32) -> LayoutUnit {
        guard !shaper.fonts.isEmpty else { return LayoutUnit(8 * columns) }
        let face = shaper.fonts.face(ts.fontID)
        let exact = ts.fine(face.averageAdvance), average = Swift.max(exact, ((exact &+ 32768) >> 16) << 16)
        if (tree.controls[b]?.rows ?? 0) > 0 { return LayoutUnit(Int32(clamping: (average &* Int64(columns) &+ 65535) >> 16)) + LayoutUnit(15) }
        let widest = ((ts.fine(face.boundsWidth) &+ 32768) >> 16) << 16
        return LayoutUnit(Int32(clamping: (average &* Int64(columns) &+ Swift.max(0, widest &- average) &+ 65535) >> 16))
    }

    /// Width of a text control in characters; nil for controls that shrink to their text.
    private func controlColumns(_ b: BoxID) -> Int32? {
        let info = tree.controls[b]
        return info.map { $0.columns }
    }
    /// Least content height of a control: one line, or as many as a text area has.
    func controlHeight(_ b: BoxID) -> LayoutUnit? {
        guard tree.flags(b).contains(.control) else { return nil }
        return tree.textStyle(b).lineHeight * Swift.max(1, tree.controls[b]?.rows ?? 1)
    }
}

struct ControlSize { var columns: Int32; var rows: Int32 }
