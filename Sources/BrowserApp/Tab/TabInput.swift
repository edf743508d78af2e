// What the browser forwards of pointer and keys, and where the page's wishes go: links, forms, scrolling, the clipboard.

import ABI
import Interaction
import Layout
import Runtime
import TabProtocol
import Toolkit
import WebNet

extension TabSession {
    /// URLs up to this length travel to the browser and back; longer ones (a form's query) are opened here.
    static let urlByteCountMax = 3000

    /// Listens to what the user does with a new page.
    func connect(_ interaction: PageInteraction) {
        interaction.onRepaint = { [unowned(unsafe) self] in schedulePaint() }
        interaction.onHover = { [unowned(unsafe) self] url, shape in report(.hover(url: url, shape: shape)) }
        interaction.onOpen = { [unowned(unsafe) self] url, inNewTab in open(url, inNewTab) }
        interaction.onScroll = { [unowned(unsafe) self] y in scroll(to: y) }
        interaction.onFormChange = { [unowned(unsafe) self] in stateChanged() }
        interaction.onCopy = { [unowned(unsafe) self] in report(.clipboard, Array(TextPainter.string(Clipboard.text).utf8)) }
        interaction.onSubmit = { [unowned(unsafe) self] form in
            if form.method == "GET" { open(form.url, form.inNewTab) } else { send(form) }
        }
    }

    private func open(_ url: URL, _ inNewTab: Bool) {
        if url.href == "about:resend" { resend(); return }
        // Pages from the web do not open files of this machine.
        if url.scheme == "file", let from = page?.url.scheme, from != "file", from != "jsos", from != "about" { return }
        let href = url.href
        if href.utf8.count <= TabSession.urlByteCountMax || inNewTab { report(.open(url: href, inNewTab: inNewTab)) }
        else { navigate(href, scrollY: 0, isNew: true) }
    }

    func scroll(to y: Int32) {
        guard let page else { return }
        let clamped = max(0, min(y, page.view.contentHeight - viewportHeight))
        restoreScrollY = 0
        if clamped == scrollY { return }
        scrollY = clamped
        page.interaction.scrollY = clamped
        page.interaction.closePopup()
        page.interaction.pointerStays()
        schedulePaint()
    }

    func pointer(_ action: PointerAction, _ x: Int32, _ y: Int32, _ button: UInt8, _ wheel: Int32, _ modifiers: KeyModifiers, _ clicks: UInt8) {
        guard let page, page.canPaint else { return }
        let interaction = page.interaction
        let x = x * 100 / zoomPercent, y = y * 100 / zoomPercent
        switch action {
        case .wheel: if !interaction.wheel(x, y, notches: wheel) { scroll(to: scrollY - wheel * TabSession.scrollStep) }
        case .leave: interaction.pointerLeft()
        case .move: interaction.pointerMoved(x, y)
        case .down: interaction.pointerPressed(x, y, button: button, modifiers: modifiers, clickCount: clicks)
        case .up: interaction.pointerReleased(x, y, button: button, modifiers: modifiers, clickCount: clicks)
        }
    }

    func key(_ code: UInt16, _ modifiers: KeyModifiers, _ character: UInt32) {
        guard let page else { return }
        if page.canPaint, page.interaction.keyPressed(KeyEvent(code: code, action: .down, modifiers: modifiers, character: character)) { return }
        guard modifiers.isDisjoint(with: [.control, .alt, .meta]) else { return }
        let pageStep = max(40, viewportHeight - 48)
        switch code {
        case Key.down: scroll(to: scrollY + 40)
        case Key.up: scroll(to: scrollY - 40)
        case Key.pageDown: scroll(to: scrollY + pageStep)
        case Key.pageUp: scroll(to: scrollY - pageStep)
        case Key.space: scroll(to: scrollY + (modifiers.contains(.shift) ? -pageStep : pageStep))
        case Key.home: scroll(to: 0)
        case Key.end: scroll(to: page.view.contentHeight)
        default: break
        }
    }

    func find(_ step: Int8, _ text: String) {
        guard let page else { return }
        if step == 0, text.isEmpty { page.interaction.endFind(); return }
        let result = step == 0 ? page.interaction.find(text) : page.interaction.findNext(backwards: step < 0)
        report(.found(current: UInt32(clamping: result.current), count: UInt32(clamping: result.count), hasWrapped: result.hasWrapped))
    }
}
