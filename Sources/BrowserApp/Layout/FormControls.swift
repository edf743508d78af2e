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

    /// Text fields: as many average characters, the last as wide as the widest glyph. Text areas: digits and room for a bar.
    private func textWidth(_ b: BoxID, _ ts: TextStyle, _ columns: Int32) -> LayoutUnit {
        if (tree.controls[b]?.rows ?? 0) > 0 || shaper.fonts.isEmpty { return LayoutUnit((measure("0", ts) * columns).ceil + 15) }
        let face = shaper.fonts.face(ts.fontID)
        let average = (face.scale(face.averageAdvance, size: ts.size) + 32) >> 6, widest = (face.scale(face.boundsWidth, size: ts.size) + 63) >> 6
        return LayoutUnit(average * columns + Swift.max(0, (face.isMonospaced ? average : widest) - average))
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
