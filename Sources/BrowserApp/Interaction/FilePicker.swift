// Choosing files for a file control (HTML §4.10.5.1.17): a small list over the page, with a field for the path. Folders are
// read through an outlet of the page's owner; the page itself sees only what was chosen.

import ABI
import DOM
import Layout
import Graphics
import Toolkit

/// What a folder holds, in the order in which it is shown.
public struct FolderEntry: Equatable, Sendable {
    public var name: String
    public var isFolder: Bool
    public init(name: String, isFolder: Bool) { self.name = name; self.isFolder = isFolder }
}

struct FilePicker {
    static let rowHeight: Int32 = 22, rowsMax: Int32 = 10, fieldHeight: Int32 = 30, width: Int32 = 420
    let control: NodeID
    /// The path as typed: a folder, which ends in a slash, and the beginning of a name.
    var path: ControlEditor
    var rows: [FolderEntry] = []
    /// -1: what is typed.
    var current = -1
    var first: Int32 = 0
    /// What is wrong with what was typed.
    var message = ""
    /// In viewport pixels.
    var rect: Rect

    var folder: String {
        let text = path.value
        guard let slash = text.lastIndex(of: "/") else { return "/" }
        return String(text[...slash])
    }
    var beginning: String {
        let text = path.value
        guard let slash = text.lastIndex(of: "/") else { return text }
        return String(text[text.index(after: slash)...])
    }
    var listRect: Rect { Rect(rect.x + 1, rect.y + Self.fieldHeight, rect.width - 2, rect.height - Self.fieldHeight - 1) }
    func row(at x: Int32, _ y: Int32) -> Int? {
        guard listRect.contains(x, y) else { return nil }
        let i = Int(first + (y - listRect.y) / Self.rowHeight)
        return i >= 0 && i < rows.count ? i : nil
    }
    mutating func reveal() {
        let c = Int32(clamping: max(0, current)), count = Int32(clamping: rows.count)
        first = max(0, min(max(c - Self.rowsMax + 1, min(first, c)), count - Self.rowsMax))
    }
}

extension PageInteraction {
    /// Opens the list in the folder where the last file was chosen.
    func openFilePicker(_ n: NodeID) {
        guard listFolder != nil, let box = view.rect(of: n), !document.isDisabledControl(n) else { return }
        let height = FilePicker.fieldHeight + FilePicker.rowsMax * FilePicker.rowHeight + 1
        let width = min(FilePicker.width, view.viewportWidth)
        var y = box.maxY - scrollY + 1
        if y + height > view.viewportHeight, box.y - scrollY - height >= 0 { y = box.y - scrollY - height - 1 }
        let rect = Rect(max(0, min(box.x, view.viewportWidth - width)), max(0, min(y, view.viewportHeight - height)), width, height)
        var p = FilePicker(control: n, path: ControlEditor(lastFolder, isMultiline: false), rect: rect)
        if listFolder?(p.folder) == nil { p.path.set("/") }
        read(&p)
        filePicker = p
        repaint()
    }
    /// The entries of the folder that begin as typed: folders first.
    private func read(_ p: inout FilePicker) {
        p.rows = []
        p.current = -1
        p.first = 0
        p.message = ""
        guard let all = listFolder?(p.folder) else { p.message = "There is no such folder."; return }
        let beginning = asciiLowercased(p.beginning)
        for wantsFolder in [true, false] {
            for e in all where e.isFolder == wantsFolder && asciiLowercased(e.name).hasPrefix(beginning) { p.rows.append(e) }
        }
        if p.rows.isEmpty { p.message = beginning.isEmpty ? "This folder is empty." : "Nothing here begins like that." }
    }
    private func take(_ p: FilePicker, _ i: Int) {
        var p = p
        let e = p.rows[i]
        if !e.isFolder { choose(p.folder + e.name, for: p.control); return }
        p.path.set(p.folder + e.name + "/")
        read(&p)
        filePicker = p
        repaint()
    }
    private func choose(_ path: String, for n: NodeID) {
        filePicker = nil
        if let slash = path.lastIndex(of: "/") { lastFolder = String(path[...slash]) }
        var files = document.hasAttribute(n, .multiple) ? document.chosenFiles(n) : []
        if !files.contains(path) { files.append(path) }
        document.setChosenFiles(n, files)
        view.invalidate()
        bubble = nil
        fire(.input, n)
        fire(.change, n)
        repaint()
    }

    // MARK: Keys and pointer

    func filePickerKey(_ key: KeyEvent) -> Bool {
        guard var p = filePicker else { return false }
        let control = key.modifiers.contains(.control), before = p.path.text
        switch key.code {
        case Key.escape: closePopup(); return true
        case Key.enter, Key.keypadEnter: enter(p); return true
        case Key.down: p.current = min(p.rows.count - 1, p.current + 1)
        case Key.up: p.current = max(-1, p.current - 1)
        case Key.pageDown: p.current = min(p.rows.count - 1, p.current + Int(FilePicker.rowsMax))
        case Key.pageUp: p.current = max(0, p.current - Int(FilePicker.rowsMax))
        case Key.tab: if !p.rows.isEmpty { complete(&p) }
        case Key.left: p.path.place(p.path.caret - 1, extend: false)
        case Key.right: p.path.place(p.path.caret + 1, extend: false)
        case Key.home: p.path.place(0, extend: false)
        case Key.end: p.path.place(p.path.text.count, extend: false)
        case Key.backspace: _ = p.path.erase(from: p.path.caret - 1, to: p.path.caret)
        case Key.delete: _ = p.path.erase(from: p.path.caret, to: p.path.caret + 1)
        case Key.a where control: p.path.selectAll()
        case Key.v where control: _ = p.path.insert(Clipboard.text)
        default: if !control, key.character >= 32, key.character != 127 { _ = p.path.insert([key.character], typed: true) }
        }
        if p.path.text != before { read(&p) }
        p.reveal()
        filePicker = p
        repaint()
        return true
    }
    /// Takes over the chosen row, or the first one.
    private func complete(_ p: inout FilePicker) {
        let e = p.rows[max(0, p.current)]
        p.path.set(p.folder + e.name + (e.isFolder ? "/" : ""))
    }
    private func enter(_ p: FilePicker) {
        if p.current >= 0 { take(p, p.current); return }
        let name = p.beginning
        if let i = p.rows.firstIndex(where: { $0.name == name }) { take(p, i); return }
        if p.rows.count == 1, !name.isEmpty { take(p, 0); return }
        var p = p
        p.message = name.isEmpty ? "Choose a file, or type its name." : "There is no file of this name."
        filePicker = p
        repaint()
    }
    func filePickerMoved(_ x: Int32, _ y: Int32) {
        guard var p = filePicker, let i = p.row(at: x, y), i != p.current else { return }
        p.current = i
        filePicker = p
        repaint()
    }
    func filePickerPressed(_ x: Int32, _ y: Int32) {
        guard let p = filePicker else { return }
        if !p.rect.contains(x, y) { closePopup() } else if let i = p.row(at: x, y) { take(p, i) }
    }
    func scrollFilePicker(by rows: Int32) {
        guard var p = filePicker else { return }
        p.first = max(0, min(p.first + rows, Int32(clamping: p.rows.count) - FilePicker.rowsMax))
        filePicker = p
        repaint()
    }

    // MARK: Drawing

    func draw(_ p: FilePicker, _ list: inout DisplayList) {
        let r = p.rect
        list.append(.fill(Rect(r.x + 2, r.y + 2, r.width, r.height), Color(0, 0, 0, 40)))
        list.append(.fill(r, Color(118, 118, 118)))
        list.append(.fill(Rect(r.x + 1, r.y + 1, r.width - 2, r.height - 2), .white))
        list.append(.pushClip(Rect(r.x + 1, r.y + 1, r.width - 2, r.height - 2)))
        let field = Rect(r.x + 4, r.y + 4, r.width - 8, FilePicker.fieldHeight - 7)
        list.append(.fill(field, Color(0xF0, 0xF3, 0xF6)))
        let positions = painter.positions(p.path.text), caretX = positions[p.path.caret] >> 6
        let x = field.x + 5 - max(0, caretX - (field.width - 12)), baseline = field.y + (field.height - painter.lineHeight) / 2 + painter.ascent
        if p.path.hasSelection {
            let from = positions[p.path.selection.lowerBound] >> 6, to = positions[p.path.selection.upperBound] >> 6
            list.append(.fill(Rect(x + from, field.y + 2, to - from, field.height - 4), Color(0xB5, 0xD3, 0xFF)))
        }
        list.append(.pushClip(field))
        painter.draw(p.path.text, into: &list, x: x, baseline: baseline, color: .black)
        list.append(.fill(Rect(x + caretX, field.y + 3, 1, field.height - 6), .black))
        list.append(.popClip)
        drawRows(p, &list)
        list.append(.popClip)
    }
    private func drawRows(_ p: FilePicker, _ list: inout DisplayList) {
        let area = p.listRect
        func baseline(_ y: Int32) -> Int32 { y + (FilePicker.rowHeight - painter.lineHeight) / 2 + painter.ascent }
        for k in 0..<FilePicker.rowsMax {
            let i = Int(p.first + k)
            guard i < p.rows.count else { break }
            let row = p.rows[i], y = area.y + k * FilePicker.rowHeight, isCurrent = i == p.current
            if isCurrent { list.append(.fill(Rect(area.x, y, area.width, FilePicker.rowHeight), Color(0x1A, 0x73, 0xE8))) }
            drawIcon(isFolder: row.isFolder, area.x + 8, y + 5, &list)
            painter.draw(row.name + (row.isFolder ? "/" : ""), into: &list, x: area.x + 28, baseline: baseline(y), color: isCurrent ? .white : .black, maxWidth: area.width - 40)
        }
        if !p.message.isEmpty {
            let y = area.y + min(Int32(clamping: p.rows.count), FilePicker.rowsMax - 1) * FilePicker.rowHeight
            list.append(.fill(Rect(area.x, y, area.width, FilePicker.rowHeight), .white))
            painter.draw(p.message, into: &list, x: area.x + 8, baseline: baseline(y), color: Color(110, 110, 110), maxWidth: area.width - 16)
        }
        if p.rows.count > Int(FilePicker.rowsMax) {
            let count = Int32(clamping: p.rows.count), thumb = max(12, area.height * FilePicker.rowsMax / count)
            list.append(.roundedFill(Rect(area.maxX - 7, area.y + (area.height - thumb) * p.first / (count - FilePicker.rowsMax), 6, thumb), radius: 3, Color(0, 0, 0, 110)))
        }
    }
    private func drawIcon(isFolder: Bool, _ x: Int32, _ y: Int32, _ list: inout DisplayList) {
        if isFolder {
            list.append(.roundedFill(Rect(x, y, 7, 4), radius: 1, Color(0xD9, 0xA4, 0x41)))
            list.append(.roundedFill(Rect(x, y + 2, 14, 10), radius: 2, Color(0xE6, 0xB8, 0x5C)))
        } else {
            list.append(.fill(Rect(x + 2, y, 10, 13), Color(140, 150, 160)))
            list.append(.fill(Rect(x + 3, y + 1, 8, 11), .white))
        }
    }
}
