// Natural sizes of form controls (HTML §15.5): text fields by their `size`, text areas by `cols` and `rows`.
import DOM
import CSS

extension LayoutEngine {
    func controlIntrinsic(_ b: BoxID, _ content: Intrinsic) -> Intrinsic {
        guard let columns = controlColumns(b) else { return content }
        let ts = tree.textStyle(b)
        let width = measure("0", ts) * columns + frameWidth(b)
        return Intrinsic(min: width, max: width)
    }

    /// Width of a text control in characters; nil for controls that shrink to their text.
    private func controlColumns(_ b: BoxID) -> Int32? {
        let info = tree.controls[b]
        return info.map { $0.columns }
    }
    /// Least content height of a text area.
    func controlHeight(_ b: BoxID) -> LayoutUnit? {
        guard let info = tree.controls[b], info.rows > 0 else { return nil }
        return tree.textStyle(b).lineHeight * info.rows
    }
}

struct ControlSize { var columns: Int32; var rows: Int32 }
