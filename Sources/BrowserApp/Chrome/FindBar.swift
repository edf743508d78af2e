// The row for searching in the page (TAB-036…TAB-039): a field, the number of the match, and whether the search went past
// an end of the page. The tab searches; the browser asks and shows.

import ABI
import Graphics
import Runtime
import TabProtocol
import Toolkit

/// What the find row shows.
struct FindBar {
    var isOpen = false
    var field = TextField(.zero)
    var current: UInt32 = 0, count: UInt32 = 0
    var hasWrapped = false

    init() { field.placeholder = "Find in page" }

    /// "3 of 17", and where it went on.
    var status: String {
        if field.text.isEmpty { return "" }
        if count == 0 { return "No match" }
        return "\(current) of \(count)" + (hasWrapped ? ", went on at the other end" : "")
    }
    var isVain: Bool { !field.text.isEmpty && count == 0 }
}

extension Browser {
    func openFind() {
        leaveAddress()
        let wasOpen = find.isOpen
        find.isOpen = true
        findIsFocused = true
        find.field.selectAll()
        if !wasOpen {
            contentResized()
            if !find.field.text.isEmpty { search(0) }
        }
        chromeChanged()
    }
    func closeFind() {
        guard find.isOpen else { return }
        find.isOpen = false
        findIsFocused = false
        activeProcess?.send(.find(step: 0, text: ""))
        contentResized()
        chromeChanged()
    }
    /// Takes a key while the find field has the focus.
    func findKey(_ key: KeyEvent) {
        switch key.code {
        case Key.escape: closeFind()
        case Key.enter, Key.keypadEnter: search(key.modifiers.contains(.shift) ? -1 : 1)
        default:
            if find.field.handle(key, addressPainter) == .changed { search(0) }
            chromeChanged()
        }
    }
    /// `step` 0: a new text; else the next or previous match.
    func search(_ step: Int8) {
        if step == 0, find.field.text.isEmpty { find.count = 0; find.current = 0 }
        activeProcess?.send(.find(step: step, text: step == 0 ? find.field.text : ""))
    }
    func found(_ id: UInt32, _ current: UInt32, _ count: UInt32, _ hasWrapped: Bool) {
        guard strip.active?.id == id, find.isOpen else { return }
        find.current = current
        find.count = count
        find.hasWrapped = hasWrapped
        chromeChanged()
    }
}

extension ChromeView {
    func drawFindBar(_ bar: FindBar, _ layout: ChromeLayout, _ list: inout DisplayList) {
        list.append(.fill(layout.findRect, ChromeTheme.field))
        text.tab.draw(bar.status, into: &list, x: layout.findNextRect.maxX + 12, baseline: layout.findRect.y + 22,
                      color: bar.isVain ? Color(rgb: 0xB02A37) : ChromeTheme.faint, maxWidth: max(1, layout.findCloseRect.x - layout.findNextRect.maxX - 20))
        drawChevron(layout.findPreviousRect, pointsUp: true, &list)
        drawChevron(layout.findNextRect, pointsUp: false, &list)
        let c = layout.findCloseRect
        list.append(.line(x0: c.x + 7, y0: c.y + 7, x1: c.x + 17, y1: c.y + 17, thickness: 2, ChromeTheme.faint))
        list.append(.line(x0: c.x + 17, y0: c.y + 7, x1: c.x + 7, y1: c.y + 17, thickness: 2, ChromeTheme.faint))
    }
    private func drawChevron(_ r: Rect, pointsUp: Bool, _ list: inout DisplayList) {
        let tip = pointsUp ? r.y + 9 : r.y + 15, wing = pointsUp ? r.y + 15 : r.y + 9
        list.append(.line(x0: r.x + 6, y0: wing, x1: r.x + 12, y1: tip, thickness: 2, ChromeTheme.text))
        list.append(.line(x0: r.x + 18, y0: wing, x1: r.x + 12, y1: tip, thickness: 2, ChromeTheme.text))
    }
}
