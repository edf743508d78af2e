// What the user's keys and pointer do in the browser: shortcuts first, then the address field, then the page.

import ABI
import Graphics
import Runtime
import TabProtocol
import Toolkit
import WebNet

extension Browser {
    func installWindowHandlers() {
        window.onKey = { [self] key in if key.isDown { keyDown(key) } }
        window.onPointer = { [self] event in pointer(event) }
        window.onResize = { [self] _, _ in resized() }
        window.onRedraw = { [self] in chromeChanged() }
        window.onClose = { [self] in
            keeper?.flush()
            window.close()
            System.exit(0)
        }
    }

    private func resized() {
        contentResized()
        chromeChanged()
    }
    /// The content area has another size.
    func contentResized() {
        if let t = activeProcess {
            let content = layout.contentRect
            t.send(.show(width: content.width, height: content.height))
        }
    }
    func leaveAddress() {
        closeSuggestions()
        if !addressIsFocused { return }
        addressIsFocused = false
        if let tab = strip.active { showAddress(tab.url) }
    }

    // MARK: Keys

    private func keyDown(_ key: KeyEvent) {
        if key.modifiers.contains(.control), controlShortcut(key) { return }
        if key.modifiers.contains(.alt), key.code == Key.left || key.code == Key.right {
            traverse(key.code == Key.left ? -1 : 1)
            return
        }
        if key.modifiers.contains(.alt), key.code == Key.home, let tab = strip.active { navigate(tab.id, library.settings.homePage, isTrusted: true); return }
        if key.modifiers.contains(.alt), key.code == Key.d { focusAddress(selectAll: true); return }
        if key.code == Key.f5 { reload(); return }
        if key.code == Key.f6 { focusAddress(selectAll: true); return }
        if key.code == Key.f3 { findAgain(backwards: key.modifiers.contains(.shift)); return }
        if addressIsFocused { editAddress(key); return }
        if findIsFocused { findKey(key); return }
        if key.code == Key.escape, find.isOpen { closeFind(); return }
        if (key.modifiers.contains(.control) && key.code == Key.v) || (key.modifiers.contains(.shift) && key.code == Key.insert) { activeProcess?.send(.clipboard, Array(TextPainter.string(Clipboard.text).utf8)) }
        activeProcess?.send(.key(code: key.code, modifiers: key.modifiers.rawValue, character: key.character))
    }

    /// True when the key was a shortcut of the browser.
    private func controlShortcut(_ key: KeyEvent) -> Bool {
        switch key.code {
        case Key.t where key.modifiers.contains(.shift): reopenTab()
        case Key.b where key.modifiers.contains(.shift): toggleBookmarksBar()
        case Key.p where key.modifiers.contains(.shift):
            guard let tab = strip.active else { break }
            strip.togglePin(tab.id)
            if let t = processes[tab.id] { tell(t, .active) }
            chromeChanged()
        case Key.d: bookmarkPage()
        case Key.h: openInternal("jsos://history")
        case Key.j: openInternal("jsos://downloads")
        case Key.u: if let tab = strip.active, !tab.url.hasPrefix("view-source:") { openTab(url: "view-source:" + tab.url, afterActive: true, activate: true) }
        case Key.equals, Key.keypadPlus: zoom(1)
        case Key.minus, Key.keypadMinus: zoom(-1)
        case Key.digit0: zoom(0)
        case Key.t: openTab(url: "about:start", afterActive: false, activate: true)
        case Key.w: if let tab = strip.active { closeTab(tab.id) }
        case Key.l: focusAddress(selectAll: true)
        case Key.f: openFind()
        case Key.g: findAgain(backwards: key.modifiers.contains(.shift))
        case Key.r where key.modifiers.contains(.shift): toggleReader()
        case Key.r: reload()
        case Key.tab: if let id = strip.neighbour(key.modifiers.contains(.shift) ? -1 : 1) { activate(id) }
        case Key.pageDown: if let id = strip.neighbour(1) { activate(id) }
        case Key.pageUp: if let id = strip.neighbour(-1) { activate(id) }
        case Key.f4: if let tab = strip.active { closeTab(tab.id) }
        case Key.digit1...Key.digit9:
            let index = Int(key.code - Key.digit1)
            let last = strip.tabs.count - 1
            activate(strip.tabs[key.code == Key.digit9 ? last : min(index, last)].id)
        default: return false
        }
        return true
    }

    private func findAgain(backwards: Bool) {
        if find.isOpen, !find.field.text.isEmpty { search(backwards ? -1 : 1) } else { openFind() }
    }

    func focusAddress(selectAll: Bool) {
        findIsFocused = false
        addressIsFocused = true
        if selectAll { address.selectAll() }
        chromeChanged()
    }

    private func editAddress(_ key: KeyEvent) {
        switch key.code {
        case Key.enter, Key.keypadEnter:
            guard let tab = strip.active, let url = Browser.addressToURL(address.text, searchEngine: library.settings.searchEngine) else { return }
            if key.modifiers.contains(.alt) { openTab(url: url, afterActive: true, activate: true) } else { navigate(tab.id, url, isTrusted: true) }
        case Key.down where moveSuggestion(1), Key.up where moveSuggestion(-1): break
        case Key.escape:
            leaveAddress()
        default:
            if address.handle(key, addressPainter) == .changed { updateSuggestions() }
        }
        chromeChanged()
    }

    private func reopenTab() {
        if closedTabs.isEmpty { restoreSession(); return }
        guard let old = closedTabs.popLast(), let id = strip.reopen(old) else { return }
        activate(id)
        startProcess(id)
    }
    /// The page's text alone, and back (TAB-043).
    private func toggleReader() {
        guard let tab = strip.active else { return }
        for f in InternalPages.fields(tab.url) where InternalPages.name(tab.url) == "reader" && f.name == "url" {
            navigate(tab.id, f.value, isTrusted: true)
            return
        }
        if tab.url.hasPrefix("http") { navigate(tab.id, "jsos://reader?url=" + PercentEncoding.encodeComponent(tab.url), isTrusted: true) }
    }
    private func toggleBookmarksBar() {
        library.settings.showsBookmarksBar.toggle()
        contentResized()
        chromeChanged()
    }
    func bookmarkPage() {
        guard let tab = strip.active, tab.url != "about:start" else { return }
        library.toggleBookmark(tab.url, tab.title)
        chromeChanged()
    }
    /// One of the browser's own pages: in this tab when it shows nothing of its own, else in a new one.
    private func openInternal(_ url: String) {
        if let tab = strip.active, tab.url == "about:start" || tab.isInternal { navigate(tab.id, url, isTrusted: true) } else { openTab(url: url, afterActive: true, activate: true) }
    }
    static let zoomSteps: [Int32] = [25, 33, 50, 67, 75, 80, 90, 100, 110, 125, 150, 175, 200, 250, 300, 400, 500]
    /// The next larger (1) or smaller (-1) zoom, or none (0).
    private func zoom(_ step: Int) {
        guard let tab = strip.active else { return }
        var percent = tab.zoomPercent
        if step == 0 { percent = library.settings.fontScale.percent } else if step > 0 { percent = Browser.zoomSteps.first { $0 > percent } ?? percent } else { percent = Browser.zoomSteps.last { $0 < percent } ?? percent }
        let site = Library.site(tab.url)
        library.setZoom(percent, of: site)
        for other in strip.tabs where other.id == tab.id || Library.site(other.url) == site { setZoom(other.id, percent) }
        chromeChanged()
    }

    /// What a typed address means: a URL as it is; words, which are searched for; else a host, with `http://` before it.
    /// Nil for nothing.
    static func addressToURL(_ typed: String, searchEngine: String = Settings.engines[0].url) -> String? {
        let bytes = Array(typed.utf8).filter { $0 != 10 && $0 != 13 }
        var start = 0, end = bytes.count
        while start < end, bytes[start] == 32 { start += 1 }
        while end > start, bytes[end - 1] == 32 { end -= 1 }
        if start == end { return nil }
        let text = String(decoding: bytes[start..<end], as: UTF8.self)
        if hasScheme(Array(bytes[start..<end])) { return text }
        return isSearch(Array(bytes[start..<end])) ? searchURL(text, searchEngine) : "http://" + text
    }
    /// Words rather than a host: a blank, or neither a dot, a colon nor a slash in it (`localhost` is a host).
    private static func isSearch(_ b: [UInt8]) -> Bool {
        var hasDot = false
        for (i, c) in b.enumerated() {
            if c == 32 { return true }
            if c == 47 { break }
            if c == 58 || (c == 46 && i + 1 < b.count) { hasDot = true }
        }
        return !hasDot && !b.contains(47) && b != Array("localhost".utf8)
    }
    static func searchURL(_ words: String, _ engine: String) -> String {
        let query = PercentEncoding.formEncode([(name: "", value: words)]).dropFirst()
        let template = Array(engine.utf8)
        for i in template.indices.dropLast() where template[i] == 37 && template[i + 1] == 115 {
            return String(decoding: template[..<i], as: UTF8.self) + query + String(decoding: template[(i + 2)...], as: UTF8.self)
        }
        return engine + "?q=" + query
    }
    /// `name:` not followed by digits only (that would be host:port).
    private static func hasScheme(_ b: [UInt8]) -> Bool {
        var i = 0
        while i < b.count {
            let c = b[i]
            let isLetter = (c >= 97 && c <= 122) || (c >= 65 && c <= 90)
            let isOther = (c >= 48 && c <= 57) || c == 43 || c == 45 || c == 46
            if c == 58 {
                if i == 0 || i + 1 == b.count { return i > 0 }
                return !(b[i + 1] >= 48 && b[i + 1] <= 57)
            }
            if !(isLetter || (i > 0 && isOther)) { return false }
            i += 1
        }
        return false
    }

    // MARK: Pointer

    private func pointer(_ event: PointerEvent) {
        if dragTab(event) || suggestionsPointer(event) { return }
        let layout = self.layout
        let isCrashed = strip.active.map { $0.condition == .crashed || $0.condition == .unresponsive } ?? false
        let part = layout.part(at: event.x, event.y, isCrashed: isCrashed)
        if part == .content || capturedByContent {
            forward(event, layout)
            return
        }
        if event.kind == .move || event.kind == .leave { setCursor(part == .address || part == .findField ? .text : .arrow) }
        if part == .address && addressIsFocused {
            if address.handle(event, addressPainter) { chromeChanged() }
            return
        }
        if part == .findField && findIsFocused {
            if find.field.handle(event, addressPainter) { chromeChanged() }
            return
        }
        guard event.kind == .down else { return }
        if part != .address && addressIsFocused { addressIsFocused = false; chromeChanged() }
        perform(part, event, layout)
    }

    private func perform(_ part: ChromePart, _ event: PointerEvent, _ layout: ChromeLayout) {
        if event.button == 2 {
            if case .tab(let id) = part { closeTab(id) }
            if case .bookmark(let i) = part, library.bookmarks.indices.contains(i) { openTab(url: library.bookmarks[i].url, afterActive: true, activate: false) }
            return
        }
        guard event.button == 0 else { return }
        switch part {
        case .tab(let id):
            if strip.active?.id != id { activate(id) }
            draggedTab = id
        case .star: bookmarkPage()
        case .bookmark(let i): if let tab = strip.active, library.bookmarks.indices.contains(i) { navigate(tab.id, library.bookmarks[i].url, isTrusted: true) }
        case .closeTab(let id): closeTab(id)
        case .newTab: openTab(url: "about:start", afterActive: false, activate: true)
        case .back: traverse(-1)
        case .forward: traverse(1)
        case .reload: reload()
        case .address: focusAddress(selectAll: !addressIsFocused)
        case .reloadCrashed: if let tab = strip.active { restart(tab.id) }
        case .findField: findIsFocused = true; addressIsFocused = false; find.field.selectAll(); chromeChanged()
        case .findPrevious: search(-1)
        case .findNext: search(1)
        case .findClose: closeFind()
        case .noticeAction: if notices.first?.isOffer == true { restoreSession() }
        case .noticeClose: closeNotice()
        case .content, .none: break
        }
    }

    /// A tab follows the pointer along the strip while the button is held; true while it does.
    private func dragTab(_ event: PointerEvent) -> Bool {
        guard let id = draggedTab else { return false }
        if event.kind == .up || event.buttons & 1 == 0 { draggedTab = nil; return event.kind == .up }
        guard event.kind == .move else { return false }
        let index = max(0, min(strip.tabs.count - 1, layout.shownTabs.lowerBound + Int((event.x - 8) / layout.tabWidth)))
        if strip.index(of: id) != index {
            strip.move(id: id, to: index)
            chromeChanged()
        }
        return true
    }

    private func forward(_ event: PointerEvent, _ layout: ChromeLayout) {
        if event.kind == .down {
            capturedByContent = true
            closeSuggestions()
            if addressIsFocused || findIsFocused { addressIsFocused = false; findIsFocused = false; chromeChanged() }
        }
        if event.kind == .up { capturedByContent = false }
        let action: PointerAction
        switch event.kind {
        case .move: action = .move
        case .down: action = .down
        case .up: action = .up
        case .wheel: action = .wheel
        case .leave: action = .leave
        }
        let content = layout.contentRect
        activeProcess?.send(.pointer(action: action, x: event.x - content.x, y: event.y - content.y, button: event.button, wheel: event.wheel,
                                     modifiers: event.modifiers.rawValue, clickCount: event.clickCount))
    }
}
