// The pointer on a page (UI Events §3.4, HTML §6.4.1 activation): hover, press, click, selecting by dragging.

import ABI
import CSS
import DOM
import Graphics
import Layout
import TabProtocol
import Toolkit
import WebNet

extension PageInteraction {
    // MARK: Moving

    /// The pointer is at a point of the viewport.
    public func pointerMoved(_ x: Int32, _ y: Int32) {
        lastX = x; lastY = y
        if popup != nil, popupMoved(x, y) { return }
        if filePicker != nil { filePickerMoved(x, y); return }
        switch drag {
        case .none: break
        case .page: dragSelection(x, y)
        case .control(let n): dragInControl(n, x, y)
        }
        let n = hit(x, y)
        setHovered(n)
        fire(.mouseMove, n) { $0.x = x; $0.y = y }
        reportHover(n, x, y)
    }
    /// The page moved under the pointer, or changed.
    public func pointerStays() { if lastX >= 0 { reportHover(hit(lastX, lastY), lastX, lastY) } }

    public func pointerLeft() {
        lastX = -1
        setHovered(.none)
        report("", .arrow)
    }

    private func reportHover(_ n: NodeID, _ x: Int32, _ y: Int32) {
        let target = link(at: n)
        report(url(ofLink: target)?.href ?? "", shape(n, isLink: !target.isNone, x, y))
    }
    private func report(_ url: String, _ shape: PointerShape) {
        if url == hoverURL, shape == hoverShape { return }
        hoverURL = url
        hoverShape = shape
        onHover?(url, shape)
    }
    private func shape(_ n: NodeID, isLink: Bool, _ x: Int32, _ y: Int32) -> PointerShape {
        switch n.isNone ? Cursor.auto : view.styles.style(of: n).cursor {
        case .pointer: return .hand
        case .text: return .text
        case .auto: break
        default: return .arrow
        }
        if isLink { return .hand }
        if document.isTextControl(n) { return .text }
        if document.isFormControl(n) { return .arrow }
        return view.isText(x: x, y: y &+ scrollY, scrollX: 0, scrollY: scrollY) ? .text : .arrow
    }

    // MARK: Pressing

    public func pointerPressed(_ x: Int32, _ y: Int32, button: UInt8, modifiers: KeyModifiers, clickCount: UInt8) {
        lastX = x; lastY = y
        if popup != nil { popupPressed(x, y); return }
        if filePicker != nil { filePickerPressed(x, y); return }
        if bubble != nil { bubble = nil; repaint() }
        let n = hit(x, y)
        pressed = n; pressedX = x; pressedY = y
        drag = .none
        if button == 0 { setActive(n) }
        let goesOn = fire(.mouseDown, n) { $0.x = x; $0.y = y; $0.button = button; $0.modifiers = modifiers }
        guard goesOn, button == 0 else { return }
        let control = ancestor(n) { document.isFormControl($0) }
        if !control.isNone, document.isDisabledControl(control) { return }
        let target = focusOrder.focusableAncestor(n)
        // A label passes the focus on when it is clicked; pressing it must not take it away.
        let isLabel = !ancestor(n) { document.isHTML($0, .label) }.isNone
        if !target.isNone || !isLabel { focus(target, visible: false) }
        if !control.isNone {
            clearSelection()
            if document.isTextControl(control) { pressInControl(control, x, y, modifiers, clickCount) }
            else if document.isHTML(control, .select) { openPopup(control) }
            return
        }
        pressOnText(x, y, modifiers, clickCount, onLink: !link(at: n).isNone)
    }

    public func pointerReleased(_ x: Int32, _ y: Int32, button: UInt8, modifiers: KeyModifiers, clickCount: UInt8 = 1) {
        lastX = x; lastY = y
        let wasDrag: Bool
        if case .page = drag, let s = selection, s.anchor != s.end { wasDrag = true } else { wasDrag = false }
        drag = .none
        if popup != nil { popupReleased(x, y); return }
        setActive(.none)
        let n = hit(x, y)
        fire(.mouseUp, n) { $0.x = x; $0.y = y; $0.button = button; $0.modifiers = modifiers }
        let target = commonAncestor(pressed, n)
        pressed = .none
        guard !target.isNone, !(wasDrag && button == 0) else { return }
        click(target, x, y, button: button, modifiers: modifiers)
        if button == 0, clickCount == 2 { fire(.doubleClick, target) { $0.x = x; $0.y = y } }
    }

    private func commonAncestor(_ a: NodeID, _ b: NodeID) -> NodeID {
        if a.isNone { return .none }
        return ancestor(b) { document.isAncestor($0, of: a) }
    }

    /// A click and, unless cancelled, what it does.
    public func click(_ n: NodeID, _ x: Int32 = 0, _ y: Int32 = 0, button: UInt8 = 0, modifiers: KeyModifiers = []) {
        let control = ancestor(n) { document.isFormControl($0) }
        if !control.isNone, document.isDisabledControl(control) { return }
        guard fire(button == 0 ? .click : .auxClick, n, { $0.x = x; $0.y = y; $0.button = button; $0.modifiers = modifiers }) else { return }
        activate(n, x, y, button, modifiers)
    }

    /// Activation behaviour of the nearest element that has one.
    private func activate(_ n: NodeID, _ x: Int32, _ y: Int32, _ button: UInt8, _ modifiers: KeyModifiers) {
        let target = ancestor(n) { document.isLink($0) || document.isFormControl($0) || document.isHTML($0, .label) || focusOrder.isSummary($0) }
        if target.isNone { return }
        if document.isLink(target) { follow(target, button, modifiers); return }
        guard button == 0 else { return }
        if document.isHTML(target, .label) { activateLabel(target, x, y) }
        else if focusOrder.isSummary(target) { toggleDetails(document.parent(target)) }
        else if document.isCheckable(target) { toggle(target) }
        else if document.isSubmitButton(target) { submit(document.formOwner(target), submitter: target, point: imagePoint(target, x, y)) }
        else if document.isResetButton(target) { reset(document.formOwner(target)) }
        else if document.isHTML(target, .input), document.inputType(target) == .file { openFilePicker(target) }
    }

    private func follow(_ n: NodeID, _ button: UInt8, _ modifiers: KeyModifiers) {
        guard button == 0 || button == 2, let url = url(ofLink: n) else { return }
        let wantsTab = button == 2 || modifiers.contains(.control) || modifiers.contains(.meta)
        onOpen?(url, wantsTab ? .newTab : LinkTarget(document, document.attribute(n, .target)))
    }
    private func activateLabel(_ label: NodeID, _ x: Int32, _ y: Int32) {
        let control = document.labelledControl(label)
        guard !control.isNone, !document.isDisabledControl(control) else { return }
        focus(control, visible: false)
        if document.isTextControl(control) || document.isHTML(control, .select) { return }
        click(control, x, y)
    }
    private func toggleDetails(_ details: NodeID) {
        if document.hasAttribute(details, .open_) { document.removeAttribute(details, .open_) } else { document.setAttribute(details, .open_, "") }
        repaint()
    }
    private func imagePoint(_ n: NodeID, _ x: Int32, _ y: Int32) -> (x: Int32, y: Int32) {
        guard let r = view.rect(of: n), r.contains(x, y &+ scrollY) else { return (0, 0) }
        return (x - r.x, y &+ scrollY - r.y)
    }

    // MARK: Selecting text

    private func pressOnText(_ x: Int32, _ y: Int32, _ modifiers: KeyModifiers, _ clickCount: UInt8, onLink: Bool) {
        guard let place = view.textPosition(x: x, y: y &+ scrollY, scrollX: 0, scrollY: scrollY) else { clearSelection(); return }
        if clickCount == 2, !onLink { let w = view.word(at: place); selection = (w.start, w.end) }
        else if clickCount >= 3, !onLink { let p = view.paragraph(at: place); selection = (p.start, p.end) }
        else if modifiers.contains(.shift), let old = selection { selection = (old.anchor, place) }
        else { selection = (place, place) }
        // A link is dragged, not selected from.
        drag = onLink ? .none : .page
        selectionChanged()
    }
    private func dragSelection(_ x: Int32, _ y: Int32) {
        guard let s = selection, let place = view.textPosition(x: x, y: y &+ scrollY, scrollX: 0, scrollY: scrollY), place != s.end else { return }
        selection = (s.anchor, place)
        selectionChanged()
    }
    public func clearSelection() {
        if selection == nil { return }
        selection = nil
        selectionChanged()
    }
    public func selectAll() {
        selection = view.allText().map { ($0.start, $0.end) }
        selectionChanged()
    }
    /// The selected text as it is copied; empty without a selection.
    public var selectedText: String { selection.map { view.text(from: $0.anchor, to: $0.end) } ?? "" }
}
