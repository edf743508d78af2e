// Pointer and keyboard: who gets an event, and what the window manager does itself (menu, dragging, resizing, closing,
// alt+tab). The state machine is `Grab`: what the held button started.

import ABI
import Graphics
import Toolkit

/// What the button that is held down began with; ends when all buttons are up.
enum Grab {
    case none
    case menu                                                   // pressed in the bar or in the menu
    case content(UInt32)
    case closing(UInt32)
    case moving(UInt32, dx: Int32, dy: Int32)                   // pointer minus content origin
    case resizing(UInt32, dx: Int32, dy: Int32)                 // pointer minus content's lower right corner
    case nothing                                                // pressed on the wallpaper

    var window: UInt32 {
        switch self {
        case .content(let id), .closing(let id), .moving(let id, _, _), .resizing(let id, _, _): id
        case .none, .menu, .nothing: 0
        }
    }
    var isNone: Bool { if case .none = self { return true } else { return false } }
}

/// Where and when the last press was, to count double and triple clicks.
struct ClickRecord {
    var time: UInt64 = 0, x: Int32 = 0, y: Int32 = 0, button: UInt8 = 255, count: UInt8 = 0
    static let interval: UInt64 = 400_000_000, distance: Int32 = 4
    mutating func press(_ button: UInt8, _ x: Int32, _ y: Int32, _ now: UInt64) -> UInt8 {
        let again = button == self.button && now &- time <= Self.interval && abs(x - self.x) <= Self.distance && abs(y - self.y) <= Self.distance
        count = again && count < 3 ? count + 1 : 1
        self.button = button; self.x = x; self.y = y; time = now
        return count
    }
}

extension Desktop {
    /// Takes one input action. `now` is in nanoseconds.
    public func input(_ action: InputAction, modifiers: KeyModifiers, now: UInt64) {
        self.modifiers = modifiers
        switch action {
        case .move(let x, let y): pointerMoved(max(0, min(width - 1, x)), max(0, min(height - 1, y)))
        case .button(let index, let isDown): if isDown { pressed(index, now) } else { released(index) }
        case .wheel(let notches): wheel(notches)
        case .key(let key): keyPressed(key)
        }
    }
    private func topWindow(at x: Int32, _ y: Int32) -> (WindowState, WindowState.Part)? {
        for w in windows.reversed() where w.isVisible {
            let part = w.part(x, y)
            if part != .outside { return (w, part) }
        }
        return nil
    }
    private func sendPointer(_ w: WindowState, _ kind: PointerEvent.Kind, button: UInt8 = 0, wheel: Int32 = 0, clicks: UInt8 = 0) {
        if w.isInternal { return }
        host.send(.pointer(PointerEvent(kind: kind, x: pointerX - w.x, y: pointerY - w.y, button: button, buttons: buttons,
                                        modifiers: modifiers, wheel: wheel, clickCount: clicks)), to: w.id)
    }

    // MARK: Pointer

    private func pointerMoved(_ x: Int32, _ y: Int32) {
        if x == pointerX && y == pointerY { return }
        pointerX = x; pointerY = y
        cursorMoved = true
        host.needsFrame()
        if menu.isOpen { hoverMenu() }
        switch grab {
        case .none: if !menu.isOpen { hover() }
        case .content(let id): if let w = window(id) { sendPointer(w, .move) }
        case .moving(let id, let dx, let dy): if let w = window(id) { move(w, x - dx, y - dy) }
        case .resizing(let id, let dx, let dy):
            if let w = window(id) { requestSize(w, max(WindowState.minimumWidth, x - dx - w.x), max(WindowState.minimumHeight, y - dy - w.y)) }
        case .menu, .closing, .nothing: break
        }
    }
    private func hover() {
        var target: WindowState?
        if !menu.bar.contains(pointerX, pointerY), let (w, part) = topWindow(at: pointerX, pointerY), part == .content { target = w }
        if hovered != 0 && hovered != target?.id, let old = window(hovered) { sendPointer(old, .leave) }
        hovered = target?.id ?? 0
        if let target { sendPointer(target, .move) }
    }
    private func move(_ w: WindowState, _ x: Int32, _ y: Int32) {
        let before = w.extent
        w.x = x; w.y = y
        keepReachable(w)
        if w.extent == before { return }
        addDamage(before); addDamage(w.extent)
    }

    private func pressed(_ button: UInt8, _ now: UInt64) {
        let clicks = lastClick.press(button, pointerX, pointerY, now)
        buttons |= 1 << min(button, 7)
        switch grab {
        case .none: break
        case .content(let id): if let w = window(id) { sendPointer(w, .down, button: button, clicks: clicks) }; return
        default: return                                         // a second button during our own gesture
        }
        if menu.isOpen || menu.bar.contains(pointerX, pointerY) { pressedMenu(); return }
        guard let (w, part) = topWindow(at: pointerX, pointerY) else { grab = .nothing; return }
        focus(w.id)
        switch part {
        case .closeButton where button == 0: grab = .closing(w.id); addDamage(w.titleBar)
        case .titleBar where button == 0:
            if clicks == 2 { if w.isMaximised { unmaximise(w) } else { maximise(w) }; grab = .nothing; return }
            grab = w.isMaximised ? .nothing : .moving(w.id, dx: pointerX - w.x, dy: pointerY - w.y)
        case .grip where button == 0: grab = .resizing(w.id, dx: pointerX - w.content.maxX, dy: pointerY - w.content.maxY)
        case .content, .grip:
            grab = .content(w.id)
            hovered = w.id
            sendPointer(w, .down, button: button, clicks: clicks)
        default: grab = .nothing
        }
    }
    private func released(_ button: UInt8) {
        buttons &= ~(1 << min(button, 7))
        switch grab {
        case .content(let id): if let w = window(id) { sendPointer(w, .up, button: button) }
        case .closing(let id):
            if let w = window(id) {
                addDamage(w.titleBar)
                if w.closeButton.contains(pointerX, pointerY) { close(w) }
            }
        case .menu: releasedMenu()
        case .none, .moving, .resizing, .nothing: break
        }
        if buttons == 0 {
            grab = .none
            if !menu.isOpen { hover() }
        }
    }
    private func wheel(_ notches: Int32) {
        if menu.isOpen || menu.bar.contains(pointerX, pointerY) { return }
        if let (w, part) = topWindow(at: pointerX, pointerY), part == .content || part == .grip { sendPointer(w, .wheel, wheel: notches) }
    }

    // MARK: Menu

    private func setMenu(open: Bool) {
        if menu.isOpen == open { return }
        menu.isOpen = open
        menu.hovered = -1
        addDamage(menu.bar); addDamage(menu.menuExtent)
    }
    private func hoverMenu() {
        let i = menu.item(pointerX, pointerY)
        if i == menu.hovered { return }
        menu.hovered = i
        addDamage(menu.menuExtent)
    }
    private func pressedMenu() {
        grab = .menu
        if menu.menuTitle.contains(pointerX, pointerY) { setMenu(open: !menu.isOpen); return }
        if menu.isOpen && !menu.menu.contains(pointerX, pointerY) { setMenu(open: false) }
    }
    /// A press on the title and a release on an item is as good as two clicks.
    private func releasedMenu() {
        let i = menu.item(pointerX, pointerY)
        guard menu.isOpen, i >= 0 else { return }
        setMenu(open: false)
        switch menu.items[i].command {
        case .launch(let program): host.launch(program)
        case .about: openAbout()
        }
    }

    // MARK: Keyboard

    private func keyPressed(_ key: KeyEvent) {
        // The machine is about to be switched off: every program may save and go.
        if key.code == Key.power {
            if key.action == .down { for w in windows where !w.isInternal { close(w) } }
            return
        }
        if key.code == Key.tab && key.modifiers.contains(.alt) {
            if key.isDown { switchWindow() }
            return
        }
        if !switcher.isEmpty && !key.modifiers.contains(.alt) { switcher = [] }
        if key.code == Key.f4 && key.modifiers.contains(.alt) {
            if key.action == .down, let w = window(focused) { close(w) }
            return
        }
        if menu.isOpen {
            if key.isDown && key.code == Key.escape { setMenu(open: false) }
            return
        }
        if let w = window(focused), !w.isInternal { host.send(.key(key), to: w.id) }
    }
    /// alt+tab walks from the top of the stack down while alt is held.
    private func switchWindow() {
        if switcher.isEmpty {
            for w in windows.reversed() where w.isVisible { switcher.append(w.id) }
            switcherIndex = 0
        }
        if switcher.isEmpty { return }
        switcherIndex = (switcherIndex + 1) % switcher.count
        focus(switcher[switcherIndex])
    }
}
