// What lies over the page in the tab's own pixels: the list of a drop-down, and the bubble that says what is wrong with a
// control.

import DOM
import Graphics
import Layout
import Toolkit

extension PageInteraction {
    /// In viewport pixels, to be drawn after the page.
    public func overlay() -> DisplayList {
        var list = DisplayList()
        if let p = popup { draw(p, &list) }
        if let p = filePicker { draw(p, &list) }
        if let b = bubble { draw(b.control, b.message, &list) }
        return list
    }

    private func draw(_ p: SelectPopup, _ list: inout DisplayList) {
        let r = p.rect
        list.append(.fill(Rect(r.x + 2, r.y + 2, r.width, r.height), Color(0, 0, 0, 40)))
        list.append(.fill(r, Color(118, 118, 118)))
        list.append(.fill(Rect(r.x + 1, r.y + 1, r.width - 2, r.height - 2), .white))
        list.append(.pushClip(Rect(r.x + 1, r.y + 1, r.width - 2, r.height - 2)))
        for k in 0..<p.shownRows {
            let i = Int(p.first + k)
            guard i < p.rows.count else { break }
            let row = p.rows[i], y = r.y + 1 + k * SelectPopup.rowHeight
            let isCurrent = i == p.current && !row.isDisabled
            if isCurrent { list.append(.fill(Rect(r.x + 1, y, r.width - 2, SelectPopup.rowHeight), Color(0x1A, 0x73, 0xE8))) }
            if p.isMultiple, !row.isGroup, document.isChecked(row.node) { drawTick(r.x + 6, y + 6, isCurrent ? .white : .black, &list) }
            let color = isCurrent ? Color.white : row.isGroup ? Color.black : row.isDisabled ? Color(150, 150, 150) : Color.black
            let x = r.x + (p.isMultiple ? 20 : 8) + (row.isIndented ? 12 : 0)
            painter.draw(row.text, into: &list, x: x, baseline: y + (SelectPopup.rowHeight - painter.lineHeight) / 2 + painter.ascent, color: color, maxWidth: r.maxX - x - 2)
        }
        if Int(p.shownRows) < p.rows.count {
            let track = r.height - 2, thumb = max(12, track * p.shownRows / Int32(clamping: p.rows.count))
            let y = r.y + 1 + (track - thumb) * p.first / max(1, Int32(clamping: p.rows.count) - p.shownRows)
            list.append(.roundedFill(Rect(r.maxX - 8, y, 6, thumb), radius: 3, Color(0, 0, 0, 110)))
        }
        list.append(.popClip)
    }
    private func drawTick(_ x: Int32, _ y: Int32, _ color: Color, _ list: inout DisplayList) {
        list.append(.line(x0: x, y0: y + 5, x1: x + 4, y1: y + 9, thickness: 2, color))
        list.append(.line(x0: x + 4, y0: y + 9, x1: x + 10, y1: y + 1, thickness: 2, color))
    }

    private func draw(_ control: NodeID, _ message: String, _ list: inout DisplayList) {
        guard let box = view.rect(of: control) else { return }
        let width = min(painter.width(message) + 44, view.viewportWidth - 8)
        let height: Int32 = 34
        let anchor = box.x + min(box.width / 2, 20)
        let x = max(4, min(box.x, view.viewportWidth - width - 4))
        let below = box.maxY - scrollY + 8
        let isBelow = below + height <= view.viewportHeight
        let y = isBelow ? below : box.y - scrollY - 8 - height
        list.append(.roundedFill(Rect(x + 1, y + 2, width, height), radius: 5, Color(0, 0, 0, 50)))
        list.append(.roundedFill(Rect(x, y, width, height), radius: 5, Color(150, 150, 150)))
        for i in 0..<Int32(8) {
            let row = isBelow ? y - 7 + i : y + height + 6 - i
            list.append(.fill(Rect(anchor - i, row, 2 * i + 1, 1), i == 0 ? Color(150, 150, 150) : .white))
        }
        list.append(.roundedFill(Rect(x + 1, y + 1, width - 2, height - 2), radius: 4, .white))
        list.append(.roundedFill(Rect(x + 10, y + 9, 16, 16), radius: 3, Color(0xF2, 0x99, 0x00)))
        painter.draw("!", into: &list, x: x + 16, baseline: y + 22, color: .white)
        painter.draw(message, into: &list, x: x + 34, baseline: y + (height - painter.lineHeight) / 2 + painter.ascent, color: Color(30, 30, 30), maxWidth: width - 42)
    }
}
