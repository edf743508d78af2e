// What the user's keys and pointer do in the browser: shortcuts first, then the address field, then the page.

import ABI
import Graphics
import Runtime
import TabProtocol
import Toolkit

extension Browser {
    func installWindowHandlers() {
        window.onKey = { [self] key in if key.isDown { keyDown(key) } }
        window.onPointer = { [self] event in pointer(event) }
        window.onResize = { [self] _, _ in resized() }
        window.onRedraw = { [self] in chromeChanged() }
        window.onClose = { [self] in
            window.close()
            System.exit(0)
        }
    }

    private func resized() {
        if let t = activeProcess {
            let content = layout.contentRect
            t.send(.show(width: content.width, height: content.height))
        }
        chromeChanged()
    }

    // MARK: Keys

    private func keyDown(_ key: KeyEvent) {
        if key.modifiers.contains(.control), controlShortcut(key) { return }
        if key.modifiers.contains(.alt), key.code == Key.left || key.code == Key.right {
            traverse(key.code == Key.left ? -1 : 1)
            return
        }
        if key.code == Key.f5 { reload(); return }
        if addressIsFocused { editAddress(key); return }
        activeProcess?.send(.key(code: key.code, modifiers: key.modifiers.rawValue, character: key.character))
    }

    /// True when the key was a shortcut of the browser.
    private func controlShortcut(_ key: KeyEvent) -> Bool {
        switch key.code {
        case Key.t: openTab(url: "about:start", afterActive: false, activate: true)
        case Key.w: if let tab = strip.active { closeTab(tab.id) }
        case Key.l: focusAddress(selectAll: true)
        case Key.r: reload()
        case Key.tab: if let id = strip.neighbour(key.modifiers.contains(.shift) ? -1 : 1) { activate(id) }
        case Key.pageDown: if let id = strip.neighbour(1) { activate(id) }
        case Key.pageUp: if let id = strip.neighbour(-1) { activate(id) }
        case Key.digit1...Key.digit9:
            let index = Int(key.code - Key.digit1)
            let last = strip.tabs.count - 1
            activate(strip.tabs[key.code == Key.digit9 ? last : min(index, last)].id)
        default: return false
        }
        return true
    }

    func focusAddress(selectAll: Bool) {
        addressIsFocused = true
        if selectAll { address.selectAll() }
        chromeChanged()
    }

    private func editAddress(_ key: KeyEvent) {
        switch key.code {
        case Key.enter, Key.keypadEnter:
            guard let tab = strip.active, let url = Browser.addressToURL(address.text) else { return }
            navigate(tab.id, url)
        case Key.escape:
            addressIsFocused = false
            if let tab = strip.active { address.setText(tab.url) }
        default:
            _ = address.handle(key, addressPainter)
        }
        chromeChanged()
    }

    /// What a typed address means: a URL as it is, else `http://` before it. Nil for nothing.
    static func addressToURL(_ typed: String) -> String? {
        let bytes = Array(typed.utf8).filter { $0 != 10 && $0 != 13 }
        var start = 0, end = bytes.count
        while start < end, bytes[start] == 32 { start += 1 }
        while end > start, bytes[end - 1] == 32 { end -= 1 }
        if start == end { return nil }
        let text = String(decoding: bytes[start..<end], as: UTF8.self)
        if hasScheme(Array(bytes[start..<end])) { return text }
        return "http://" + text
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
        let layout = self.layout
        let isCrashed = strip.active.map { $0.condition == .crashed || $0.condition == .unresponsive } ?? false
        let part = layout.part(at: event.x, event.y, isCrashed: isCrashed)
        if part == .content || capturedByContent {
            forward(event, layout)
            return
        }
        if event.kind == .move || event.kind == .leave { setCursor(part == .address ? .text : .arrow) }
        if part == .address && addressIsFocused {
            if address.handle(event, addressPainter) { chromeChanged() }
            return
        }
        guard event.kind == .down else { return }
        if part != .address && addressIsFocused { addressIsFocused = false; chromeChanged() }
        perform(part, event, layout)
    }

    private func perform(_ part: ChromePart, _ event: PointerEvent, _ layout: ChromeLayout) {
        if event.button == 1 { if case .tab(let id) = part { closeTab(id) }; return }
        guard event.button == 0 else { return }
        switch part {
        case .tab(let id): if strip.active?.id != id { activate(id) }
        case .closeTab(let id): closeTab(id)
        case .newTab: openTab(url: "about:start", afterActive: false, activate: true)
        case .back: traverse(-1)
        case .forward: traverse(1)
        case .reload: reload()
        case .address: focusAddress(selectAll: !addressIsFocused)
        case .reloadCrashed: if let tab = strip.active { restart(tab.id) }
        case .content, .none: break
        }
    }

    private func forward(_ event: PointerEvent, _ layout: ChromeLayout) {
        if event.kind == .down {
            capturedByContent = true
            if addressIsFocused { addressIsFocused = false; chromeChanged() }
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
        activeProcess?.send(.pointer(action: action, x: event.x - content.x, y: event.y - content.y, button: event.button, wheel: event.wheel))
    }
}
