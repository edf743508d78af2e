// The list of a drop-down (HTML §4.10.7): opened by click or key, drawn over the page in the tab's own pixels, chosen by
// pointer, arrows or first letters. A select with `multiple` keeps the list open and ticks.

import ABI
import DOM
import Graphics
import Layout
import Toolkit

struct SelectPopup {
    static let rowHeight: Int32 = 22, rowsMax: Int32 = 14
    /// A row: an option, or the label of a group.
    struct Row { var node: NodeID; var text: String; var isGroup: Bool; var isDisabled: Bool; var isIndented: Bool }

    var select: NodeID
    var rows: [Row]
    var current: Int
    var first: Int32 = 0
    /// The button is still down since the list opened; releasing it outside leaves the list open.
    var isFresh = true
    let isMultiple: Bool
    /// In viewport pixels.
    var rect: Rect

    var shownRows: Int32 { min(Self.rowsMax, Int32(clamping: rows.count)) }
    func row(at x: Int32, _ y: Int32) -> Int? {
        guard rect.contains(x, y) else { return nil }
        let i = Int(first + (y - rect.y - 1) / Self.rowHeight)
        return i >= 0 && i < rows.count ? i : nil
    }
    mutating func reveal() {
        let c = Int32(clamping: current)
        first = max(0, min(max(c - shownRows + 1, min(first, c)), Int32(clamping: rows.count) - shownRows))
    }
}

extension PageInteraction {
    func openPopup(_ select: NodeID) {
        guard let box = view.rect(of: select), !document.isDisabledControl(select) else { return }
        var rows: [SelectPopup.Row] = []
        var n = document.next(select, within: select)
        while !n.isNone, rows.count < 4096 {
            if document.isHTML(n, .optgroup) {
                rows.append(.init(node: n, text: document.attribute(n, .label) ?? "", isGroup: true, isDisabled: true, isIndented: false))
            } else if document.isHTML(n, .option) {
                let label = document.attribute(n, .label) ?? ""
                rows.append(.init(node: n, text: label.isEmpty ? document.optionText(n) : label, isGroup: false, isDisabled: document.isDisabledOption(n), isIndented: document.isHTML(document.parent(n), .optgroup)))
            }
            n = document.next(n, within: select)
        }
        if rows.isEmpty { return }
        let shown = document.shownOption(of: select)
        let current = rows.firstIndex { $0.node == shown } ?? 0
        var width = box.width
        for row in rows { width = max(width, painter.width(row.text) + (row.isIndented ? 40 : 28)) }
        let height = min(SelectPopup.rowsMax, Int32(clamping: rows.count)) * SelectPopup.rowHeight + 2
        var y = box.maxY - scrollY
        if y + height > view.viewportHeight, box.y - scrollY - height >= 0 { y = box.y - scrollY - height }
        let x = max(0, min(box.x, view.viewportWidth - width))
        var p = SelectPopup(select: select, rows: rows, current: current, isMultiple: document.hasAttribute(select, .multiple), rect: Rect(x, max(0, min(y, view.viewportHeight - height)), width, height))
        p.reveal()
        popup = p
        repaint()
    }
    /// True: the list takes what the pointer and the keys do.
    public var hasPopup: Bool { popup != nil || filePicker != nil }
    public func closePopup() {
        if !hasPopup { return }
        popup = nil
        filePicker = nil
        repaint()
    }

    func popupMoved(_ x: Int32, _ y: Int32) -> Bool {
        guard var p = popup else { return false }
        guard let i = p.row(at: x, y) else { return true }
        if i != p.current, !p.rows[i].isDisabled { p.current = i; popup = p; repaint() }
        return true
    }
    func popupPressed(_ x: Int32, _ y: Int32) {
        guard var p = popup else { return }
        if p.row(at: x, y) == nil { closePopup(); return }
        p.isFresh = false
        popup = p
    }
    func popupReleased(_ x: Int32, _ y: Int32) {
        setActive(.none)
        guard var p = popup else { return }
        let wasFresh = p.isFresh
        p.isFresh = false
        popup = p
        guard let i = p.row(at: x, y), !p.rows[i].isDisabled, !wasFresh || abs(x - pressedX) + abs(y - pressedY) > 4 else { return }
        choose(i)
    }
    func scrollPopup(_ p: SelectPopup, by rows: Int32) {
        var p = p
        p.first = max(0, min(p.first + rows, Int32(clamping: p.rows.count) - p.shownRows))
        popup = p
        repaint()
    }

    private func choose(_ i: Int) {
        guard let p = popup else { return }
        if p.isMultiple {
            setOption(p.select, p.rows[i].node, on: !document.isChecked(p.rows[i].node))
        } else {
            popup = nil
            pick(p.select, p.rows[i].node)
        }
        repaint()
    }
    private func setOption(_ select: NodeID, _ option: NodeID, on: Bool) {
        document.setChecked(option, on)
        selectChanged(select)
    }
    /// Makes `option` the only selected one.
    func pick(_ select: NodeID, _ option: NodeID) {
        if document.shownOption(of: select) == option { return }
        for o in document.options(of: select) { document.setChecked(o, o == option) }
        selectChanged(select)
    }
    private func selectChanged(_ select: NodeID) {
        view.invalidate()
        bubble = nil
        fire(.input, select)
        fire(.change, select)
        onFormChange?()
        repaint()
    }

    // MARK: Keys

    func popupKey(_ key: KeyEvent) -> Bool {
        guard var p = popup else { return false }
        switch key.code {
        case Key.escape: closePopup(); return true
        case Key.tab: closePopup(); moveFocus(backwards: key.modifiers.contains(.shift)); return true
        case Key.enter, Key.keypadEnter: if p.isMultiple { closePopup() } else if !p.rows[p.current].isDisabled { choose(p.current) }; return true
        case Key.space: if !p.rows[p.current].isDisabled { choose(p.current) }; return true
        case Key.down: step(&p, 1)
        case Key.up: step(&p, -1)
        case Key.pageDown: for _ in 0..<10 { step(&p, 1) }
        case Key.pageUp: for _ in 0..<10 { step(&p, -1) }
        case Key.home: p.current = -1; step(&p, 1)
        case Key.end: p.current = p.rows.count; step(&p, -1)
        default:
            if let i = match(p.rows, after: p.current, key.character) { p.current = i }
        }
        p.reveal()
        popup = p
        repaint()
        return true
    }
    private func step(_ p: inout SelectPopup, _ step: Int) {
        var i = p.current + step
        while i >= 0, i < p.rows.count {
            if !p.rows[i].isDisabled { p.current = i; return }
            i += step
        }
        if p.current < 0 || p.current >= p.rows.count { p.current = max(0, min(p.rows.count - 1, p.current)) }
    }
    /// The next row whose text begins with a letter.
    private func match(_ rows: [SelectPopup.Row], after current: Int, _ character: UInt32) -> Int? {
        guard character > 32, character < 127 else { return nil }
        let wanted = asciiLowercased(TextPainter.string([character]))
        for k in 1...max(1, rows.count) {
            let i = (current + k + rows.count) % rows.count
            if !rows[i].isDisabled, asciiLowercased(rows[i].text).hasPrefix(wanted) { return i }
        }
        return nil
    }

    /// Keys on a closed drop-down.
    func selectKey(_ n: NodeID, _ key: KeyEvent) -> Bool {
        let isAlt = key.modifiers.contains(.alt)
        switch key.code {
        case Key.space, Key.f4: openPopup(n); return true
        case Key.enter, Key.keypadEnter: submitImplicitly(from: n); return true
        case Key.down, Key.right, Key.up, Key.left, Key.home, Key.end:
            if isAlt { openPopup(n); return true }
            moveChoice(n, key.code)
            return true
        default:
            guard key.modifiers.isDisjoint(with: [.control, .alt, .meta]) else { return false }
            let options = document.options(of: n).filter { !document.isDisabledOption($0) }
            let rows = options.map { SelectPopup.Row(node: $0, text: document.optionText($0), isGroup: false, isDisabled: false, isIndented: false) }
            let current = options.firstIndex(of: document.shownOption(of: n)) ?? 0
            guard !rows.isEmpty, let i = match(rows, after: current, key.character) else { return false }
            pick(n, rows[i].node)
            return true
        }
    }
    private func moveChoice(_ n: NodeID, _ code: UInt16) {
        let options = document.options(of: n).filter { !document.isDisabledOption($0) }
        guard !options.isEmpty else { return }
        let i = options.firstIndex(of: document.shownOption(of: n)) ?? 0
        let target = switch code {
        case Key.down, Key.right: min(options.count - 1, i + 1)
        case Key.up, Key.left: max(0, i - 1)
        case Key.home: 0
        default: options.count - 1
        }
        pick(n, options[target])
    }
}
