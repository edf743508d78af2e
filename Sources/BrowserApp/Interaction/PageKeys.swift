// Keys on a page: the focused element first, then Tab, selection and copying. What is left scrolls the page, which the
// owner does.

import ABI
import DOM
import Graphics
import Layout
import Toolkit

extension PageInteraction {
    /// Takes a key; false when it means nothing here.
    public func keyPressed(_ key: KeyEvent) -> Bool {
        guard key.isDown else { return false }
        let target = focused.isNone ? (document.body.isNone ? document.documentElement : document.body) : focused
        if !target.isNone, !fire(.keyDown, target, { $0.keyCode = key.code; $0.modifiers = key.modifiers; $0.character = key.character }) { return true }
        if popup != nil { return popupKey(key) }
        if filePicker != nil { return filePickerKey(key) }
        if key.code == Key.escape, bubble != nil { bubble = nil; repaint(); return true }
        if key.code == Key.tab, key.modifiers.isDisjoint(with: [.control, .alt, .meta]) {
            moveFocus(backwards: key.modifiers.contains(.shift))
            return true
        }
        if !focused.isNone, controlKey(focused, key) { return true }
        return pageKey(key)
    }

    private func pageKey(_ key: KeyEvent) -> Bool {
        switch key.code {
        case Key.a where key.modifiers.contains(.control): selectAll(); return true
        case Key.c where key.modifiers.contains(.control), Key.insert where key.modifiers.contains(.control): copySelection(); return true
        case Key.escape:
            if !focused.isNone { focus(.none, visible: false); return true }
            if selection != nil { clearSelection(); return true }
            return false
        default: return false
        }
    }
    private func copySelection() {
        let text = selectedText
        guard !text.isEmpty, fire(.copy, document.documentElement) else { return }
        Clipboard.text = TextPainter.scalars(text)
        onCopy?()
    }

    private func controlKey(_ n: NodeID, _ key: KeyEvent) -> Bool {
        if document.isTextControl(n) { return textKey(n, key) }
        if !key.modifiers.isDisjoint(with: [.alt, .meta]), !document.isHTML(n, .select) { return false }
        let isEnter = key.code == Key.enter || key.code == Key.keypadEnter
        if document.isHTML(n, .select) { return selectKey(n, key) }
        if document.isCheckable(n) {
            if key.code == Key.space { click(n); return true }
            if isEnter { submitImplicitly(from: n); return true }
            guard document.inputType(n) == .radio else { return false }
            if key.code == Key.down || key.code == Key.right { moveInRadioGroup(n, 1); return true }
            if key.code == Key.up || key.code == Key.left { moveInRadioGroup(n, -1); return true }
            return false
        }
        if document.isLink(n) {
            if isEnter { click(n, modifiers: key.modifiers) }
            return isEnter
        }
        guard isEnter || key.code == Key.space else { return false }
        click(n)
        return true
    }

    // MARK: Text

    private func textKey(_ n: NodeID, _ key: KeyEvent) -> Bool {
        let extend = key.modifiers.contains(.shift), control = key.modifiers.contains(.control)
        if key.modifiers.contains(.alt) || key.modifiers.contains(.meta) { return false }
        let editor = editor(for: n)
        switch key.code {
        case Key.enter, Key.keypadEnter:
            if editor.isMultiline { type(n, [10]) } else { submitImplicitly(from: n) }
        case Key.escape: focus(.none, visible: false)
        case Key.left: place(n, control ? editor.wordBefore(editor.caret) : editor.hasSelection && !extend ? editor.selection.lowerBound : editor.caret - 1, extend)
        case Key.right: place(n, control ? editor.wordAfter(editor.caret) : editor.hasSelection && !extend ? editor.selection.upperBound : editor.caret + 1, extend)
        case Key.up, Key.down, Key.pageUp, Key.pageDown: return verticalKey(n, key.code, extend)
        case Key.home: place(n, control ? 0 : lineBounds(n, editor).start, extend)
        case Key.end: place(n, control ? editor.text.count : lineBounds(n, editor).end, extend)
        case Key.backspace: change(n) { $0.erase(from: control ? $0.wordBefore($0.caret) : $0.caret - 1, to: $0.caret) }
        case Key.delete:
            if extend { cut(n) } else { change(n) { $0.erase(from: $0.caret, to: control ? $0.wordAfter($0.caret) : $0.caret + 1) } }
        case Key.insert where control: copy(n)
        case Key.insert where extend: paste(n)
        default:
            if control { return textShortcut(n, key) }
            guard key.character >= 32, key.character != 127 else { return false }
            type(n, [key.character])
        }
        return true
    }
    private func lineBounds(_ n: NodeID, _ editor: ControlEditor) -> (start: Int, end: Int) {
        guard editor.isMultiline, let text = controlText(of: n) else { return (0, editor.text.count) }
        return view.controlLineBounds(of: n, text, at: editor.caret)
    }
    private func verticalKey(_ n: NodeID, _ code: UInt16, _ extend: Bool) -> Bool {
        let editor = editor(for: n)
        guard editor.isMultiline, let text = controlText(of: n) else {
            if code == Key.up { place(n, 0, extend) } else if code == Key.down { place(n, editor.text.count, extend) } else { return false }
            return true
        }
        let page = max(1, view.controlRows(of: n) - 1)
        let lines: Int32 = code == Key.up ? -1 : code == Key.down ? 1 : code == Key.pageUp ? -page : page
        let bounds = view.controlLineBounds(of: n, text, at: editor.caret)
        if lines < 0, bounds.start == 0 { place(n, 0, extend) }
        else { place(n, view.controlIndex(of: n, text, from: editor.caret, lines: lines), extend) }
        return true
    }
    private func place(_ n: NodeID, _ index: Int, _ extend: Bool) { edit(n) { $0.place(index, extend: extend); return false } }
    private func change(_ n: NodeID, _ body: (inout ControlEditor) -> Bool) { if isEditable(n) { edit(n, body) } }
    private func type(_ n: NodeID, _ scalars: [UInt32]) { change(n) { $0.insert(scalars, typed: true) } }

    private func textShortcut(_ n: NodeID, _ key: KeyEvent) -> Bool {
        switch key.code {
        case Key.a: edit(n) { $0.selectAll(); return false }
        case Key.c: copy(n)
        case Key.x: cut(n)
        case Key.v: paste(n)
        case Key.z: change(n) { key.modifiers.contains(.shift) ? $0.redo() : $0.undo() }
        case Key.y: change(n) { $0.redo() }
        default: return false
        }
        return true
    }
    private func copy(_ n: NodeID) {
        let isPassword = document.isHTML(n, .input) && document.inputType(n) == .password
        let editor = editor(for: n)
        guard editor.hasSelection, !isPassword, fire(.copy, n) else { return }
        Clipboard.text = editor.selectedText
        onCopy?()
    }
    private func cut(_ n: NodeID) {
        guard isEditable(n), editor(for: n).hasSelection, fire(.cut, n) else { return }
        copy(n)
        change(n) { $0.insert([]) }
    }
    private func paste(_ n: NodeID) {
        guard isEditable(n), fire(.paste, n) else { return }
        change(n) { $0.insert(Clipboard.text) }
    }
}
