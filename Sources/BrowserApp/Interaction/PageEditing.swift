// Typing into controls, and what else changes them: check boxes, radio buttons, reset, submission.

import ABI
import DOM
import Graphics
import Layout
import Toolkit

extension PageInteraction {
    // MARK: Text controls

    func editor(for n: NodeID) -> ControlEditor {
        if let editor = editors[n.raw] { return editor }
        return ControlEditor(document.controlValue(n), isMultiline: document.isHTML(n, .textarea), lengthMax: parseInteger(document.attribute(n, .maxlength)).flatMap { $0 >= 0 ? $0 : nil })
    }

    /// What a control shows: an editor's text once it has one, bullets for passwords.
    public func controlText(of node: NodeID) -> ControlText? {
        guard !node.isNone, let editor = editors[node.raw] else { return nil }
        let isPassword = document.isHTML(node, .input) && document.inputType(node) == .password
        let shown = isPassword ? [UInt32](repeating: 0x2022, count: editor.text.count) : editor.text
        let isFocused = node == focused
        var text = ControlText(scalars: shown, selection: isFocused ? editor.selection : 0..<0, caret: isFocused ? editor.caret : nil, isMultiline: editor.isMultiline)
        text.scrollX = editor.scrollX; text.scrollY = editor.scrollY
        return text
    }

    /// Applies `change` to a control's editor; reports a new value.
    func edit(_ n: NodeID, _ change: (inout ControlEditor) -> Bool) {
        var editor = editor(for: n)
        let wasEmpty = editor.text.isEmpty
        let changed = change(&editor)
        editors[n.raw] = editor
        keepCaretInView(n)
        if changed {
            document.setControlValue(n, editor.value)
            if wasEmpty != editor.text.isEmpty { view.invalidate() }          // the placeholder comes or goes
            bubble = nil
            fire(.input, n)
            onFormChange?()
        }
        repaint()
    }
    func keepCaretInView(_ n: NodeID) {
        guard let text = controlText(of: n) else { return }
        let scroll = view.controlScroll(of: n, text)
        editors[n.raw]?.scrollX = scroll.x
        editors[n.raw]?.scrollY = scroll.y
    }
    func isEditable(_ n: NodeID) -> Bool { document.isTextControl(n) && !document.isReadOnly(n) && !document.isDisabledControl(n) }

    private func index(_ n: NodeID, _ x: Int32, _ y: Int32) -> Int {
        guard let text = controlText(of: n) else { return 0 }
        return view.controlIndex(of: n, text, x: x, y: y &+ scrollY)
    }
    func pressInControl(_ n: NodeID, _ x: Int32, _ y: Int32, _ modifiers: KeyModifiers, _ clickCount: UInt8) {
        if editors[n.raw] == nil { editors[n.raw] = editor(for: n) }
        let i = index(n, x, y)
        edit(n) { editor in
            if clickCount >= 3 { editor.selectAll() } else if clickCount == 2 { editor.selectWord(at: i) } else { editor.place(i, extend: modifiers.contains(.shift)) }
            return false
        }
        drag = clickCount <= 1 ? .control(n) : .none
    }
    func dragInControl(_ n: NodeID, _ x: Int32, _ y: Int32) {
        let i = index(n, x, y)
        edit(n) { $0.place(i, extend: true); return false }
    }
    /// Wheel over a text area; true when it had room to scroll.
    public func wheel(_ x: Int32, _ y: Int32, notches: Int32) -> Bool {
        if let p = popup { scrollPopup(p, by: -notches * 2); return true }
        if filePicker != nil { scrollFilePicker(by: -notches * 2); return true }
        let n = hit(x, y)
        guard document.isHTML(n, .textarea) else { return false }
        if editors[n.raw] == nil { editors[n.raw] = editor(for: n) }
        guard let text = controlText(of: n) else { return false }
        let y = max(0, min(view.controlOverflow(of: n, text), text.scrollY - notches * 57))
        if y == text.scrollY { return false }
        editors[n.raw]?.scrollY = y
        repaint()
        return true
    }

    // MARK: Check boxes and radio buttons

    func toggle(_ n: NodeID) {
        if document.inputType(n) == .radio {
            if document.isChecked(n) { return }
            for other in document.radioGroup(n) where other != n { document.setChecked(other, false) }
            document.setChecked(n, true)
        } else { document.setChecked(n, !document.isChecked(n)) }
        bubble = nil
        fire(.input, n)
        fire(.change, n)
        onFormChange?()
        repaint()
    }
    /// Arrow keys in a radio group: the next enabled button gets focus and check.
    func moveInRadioGroup(_ n: NodeID, _ step: Int) {
        let group = document.radioGroup(n).filter { focusOrder.isFocusable($0) }
        guard group.count > 1, let i = group.firstIndex(of: n) else { return }
        let next = group[(i + step + group.count) % group.count]
        focus(next, visible: true)
        toggle(next)
        reveal(next)
    }

    // MARK: Forms

    /// Submits a form as its `submitter` (a button, or none) would: validates, sends, or shows what is wrong.
    public func submit(_ form: NodeID, submitter: NodeID, point: (x: Int32, y: Int32) = (0, 0)) {
        guard !form.isNone else { return }
        if !focused.isNone { commitText(focused) }
        let skips = document.hasAttribute(form, .novalidate) || (!submitter.isNone && document.hasAttribute(submitter, Atom("formnovalidate")))
        if !skips, let wrong = Validation.firstProblem(document, form: form) {
            if fire(.invalid, wrong.control) { showProblem(wrong.control, wrong.message) }
            return
        }
        guard fire(.submit, form) else { return }
        if asciiLowercased(document.attribute(form, .method) ?? "") == "dialog" { return }
        guard let files = chosenFiles(form) else { return }
        let submission = FormEncoder.submission(document, base: baseURL, form: form, submitter: submitter, point: point, charset: charset(of: form)) { path in
            for f in files where f.path == path { return f.file }
            return nil
        }
        if let submission { onSubmit?(submission) }
    }
    /// Content of all chosen files; nil, and a word to the user, when one cannot be read.
    private func chosenFiles(_ form: NodeID) -> [(path: String, file: FormFile)]? {
        var files: [(path: String, file: FormFile)] = []
        for n in document.formControls(form) where !document.isDisabledControl(n) {
            for path in document.chosenFiles(n) {
                let name = path.split(separator: "/").last.map { String($0) } ?? path
                guard let bytes = readFile?(path) else { showProblem(n, "The file " + name + " cannot be read."); return nil }
                files.append((path, FormFile(name: name, bytes: bytes)))
            }
        }
        return files
    }
    /// The first label of `accept-charset` that is known, else the page's encoding (§4.10.22.5).
    private func charset(of form: NodeID) -> FormCharset {
        for label in (document.attribute(form, Atom("accept-charset")) ?? "").split(separator: " ") { if let found = charset?(String(label)) { return found } }
        return charset?(nil) ?? .utf8
    }
    private func showProblem(_ n: NodeID, _ message: String) {
        if focusOrder.isFocusable(n) { focus(n, visible: true) }
        reveal(n)
        bubble = (n, message)
        repaint()
    }
    /// Enter in a text field (HTML §4.10.22.2).
    func submitImplicitly(from n: NodeID) {
        let form = document.formOwner(n)
        guard !form.isNone else { return }
        let button = document.defaultButton(form)
        if !button.isNone {
            if !document.isDisabledControl(button) { click(button) }
            return
        }
        var textFields = 0
        for c in document.formControls(form) where document.isHTML(c, .input) && document.isTextControl(c) { textFields += 1 }
        if textFields <= 1 { submit(form, submitter: .none) }
    }
    public func reset(_ form: NodeID) {
        guard !form.isNone, fire(.reset, form) else { return }
        for n in document.formControls(form) {
            document.resetControl(n)
            if document.isHTML(n, .select) { for o in document.options(of: n) { document.resetControl(o) } }
            editors[n.raw] = nil
        }
        view.invalidate()
        onFormChange?()
        repaint()
    }

    /// Puts saved control state back (history).
    public func restoreForms(_ state: [UInt8]) {
        FormState.restore(state, document)
        editors = [:]
        view.invalidate()
        repaint()
    }
    public func saveForms() -> [UInt8] { FormState.save(document) }
}
