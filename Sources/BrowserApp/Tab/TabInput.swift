// What the browser forwards of pointer and keys, and where the page's wishes go: links, forms, scrolling, the clipboard.

import ABI
import DOM
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
        interaction.onOpen = { [unowned(unsafe) self] url, target in open(url, target) }
        interaction.onFocusChange = { [unowned(unsafe) self] old, new, how in focusMoved(old, new, how) }
        interaction.onFocusLeaves = { [unowned(unsafe) self] backwards in
            if embedding != nil { report(.unused(.focus(backwards: backwards))) }
        }
        interaction.onScroll = { [unowned(unsafe) self] y in scroll(to: y) }
        interaction.onFormChange = { [unowned(unsafe) self] in stateChanged() }
        interaction.onCopy = { [unowned(unsafe) self] in report(.clipboard, Array(TextPainter.string(Clipboard.text).utf8)) }
        interaction.listFolder = { LocalFiles.folder($0) }
        interaction.readFile = { LocalFiles.content($0) }
        interaction.onSubmit = { [unowned(unsafe) self] form in
            if embedding?.record.sandbox.contains(.forms) == true { return }
            if form.method == "GET" { open(form.url, form.target) } else { send(form) }
        }
    }

    private func open(_ url: URL, _ target: LinkTarget) {
        if url.href == "about:resend" { resend(); return }
        // Pages from the web do not open files of this machine.
        if url.scheme == "file", let from = page?.url.scheme, from != "file", from != "jsos", from != "about" { return }
        let href = url.href
        switch target {
        case .named(let name): report(.openNamed(url: href, target: name))
        case .newTab: report(.open(url: href, inNewTab: true))
        case .here where href.utf8.count <= TabSession.urlByteCountMax: report(.open(url: href, inNewTab: false))
        case .here: navigate(href, scrollY: 0, isNew: true)
        }
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
        if pointerToFrame(page, action, x, y, button, wheel, modifiers, clicks) { return }
        let interaction = page.interaction
        let x = x * 100 / zoomPercent, y = y * 100 / zoomPercent
        switch action {
        case .wheel: if !interaction.wheel(x, y, notches: wheel) { wheelScroll(wheel) }
        case .leave: interaction.pointerLeft()
        case .move: interaction.pointerMoved(x, y)
        case .down: interaction.pointerPressed(x, y, button: button, modifiers: modifiers, clickCount: clicks)
        case .up: interaction.pointerReleased(x, y, button: button, modifiers: modifiers, clickCount: clicks)
        }
    }

    /// Scrolls by notches; what does not move a frame moves the page around it.
    func wheelScroll(_ notches: Int32) {
        let before = scrollY
        scroll(to: scrollY - notches * TabSession.scrollStep)
        if scrollY == before, embedding != nil { report(.unused(.wheel(notches: notches))) }
    }

    func key(_ code: UInt16, _ modifiers: KeyModifiers, _ character: UInt32) {
        guard let page else { return }
        if page.canPaint {
            if keyToFrame(page, code, modifiers, character) { return }
            if page.interaction.keyPressed(KeyEvent(code: code, action: .down, modifiers: modifiers, character: character)) { return }
        }
        scrollKey(code, modifiers)
    }
    /// A key that nothing on the page wanted.
    func scrollKey(_ code: UInt16, _ modifiers: KeyModifiers) {
        guard let page, modifiers.isDisjoint(with: [.control, .alt, .meta]) else { return }
        let pageStep = max(40, viewportHeight - 48), before = scrollY
        switch code {
        case Key.down: scroll(to: scrollY + 40)
        case Key.up: scroll(to: scrollY - 40)
        case Key.pageDown: scroll(to: scrollY + pageStep)
        case Key.pageUp: scroll(to: scrollY - pageStep)
        case Key.space: scroll(to: scrollY + (modifiers.contains(.shift) ? -pageStep : pageStep))
        case Key.home: scroll(to: 0)
        case Key.end: scroll(to: page.view.contentHeight)
        default: return
        }
        if scrollY == before, embedding != nil { report(.unused(.key(code: code, modifiers: modifiers.rawValue))) }
    }
}
