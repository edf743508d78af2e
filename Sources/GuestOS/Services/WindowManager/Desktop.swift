// The one owner of window state: the window list in z-order, focus, requests of clients, damage. No system calls here:
// what must leave goes through `DesktopHost`, so that tests drive it with fake clients.
// Invariant: window ids are unique for the life of the desktop; `windows` is bottom to top; the focused window is in it.

import ABI
import Graphics
import Toolkit

/// What the desktop asks of the program around it.
public protocol DesktopHost: AnyObject {
    func send(_ event: WindowEvent, to window: UInt32)
    /// The client misbehaved or is done: close its channel.
    func disconnect(_ window: UInt32)
    func launch(_ program: String)
    /// Something must be drawn at the next frame.
    func needsFrame()
}

public final class Desktop {
    public let width: Int32, height: Int32
    let fonts: FontLibrary
    let host: any DesktopHost
    let rasteriser: Rasteriser
    let titlePainter: TextPainter, boldPainter: TextPainter

    /// Bottom to top. Changed only here and by `raise`.
    public internal(set) var windows: [WindowState] = []
    public internal(set) var focused: UInt32 = 0            // 0: none
    public internal(set) var menu: MenuBar
    var damage: DamageRegion
    var sprite = CursorSprite()
    var cursorMoved = true
    private var nextID: UInt32 = 1
    private var cascade: Int32 = 0
    public static let windowCountMax = 64, titleByteCountMax = 256

    // Input; changed by DesktopInput only.
    var pointerX: Int32, pointerY: Int32
    var buttons: UInt8 = 0
    var modifiers: KeyModifiers = []
    var grab = Grab.none
    var hovered: UInt32 = 0
    var lastClick = ClickRecord()
    var switcher: [UInt32] = [], switcherIndex = 0

    /// Counted junk, for the log.
    public internal(set) var droppedRequests: UInt64 = 0

    public init(width: Int32, height: Int32, fonts: FontLibrary, host: any DesktopHost) {
        self.width = width; self.height = height; self.fonts = fonts; self.host = host
        rasteriser = Rasteriser(fonts: fonts)
        titlePainter = TextPainter(fonts: fonts, pixels: 13)
        boldPainter = TextPainter(fonts: fonts, pixels: 13, bold: true)
        menu = MenuBar(screenWidth: width)
        pointerX = width / 2; pointerY = height / 2
        damage = DamageRegion(bounds: Rect(0, 0, width, height))
        damage.add(Rect(0, 0, width, height))
    }

    public func window(_ id: UInt32) -> WindowState? {
        for w in windows where w.id == id { return w }
        return nil
    }
    /// A fresh id for a client that connected; it gets a window with `createWindow`.
    public func makeID() -> UInt32 { nextID += 1; return nextID - 1 }

    /// Content rectangle of a maximised window.
    public var maximisedContent: Rect {
        let top = MenuBar.height + WindowState.titleBarHeight
        return Rect(0, top, width, max(1, height - top))
    }

    // MARK: Requests

    /// A request of client `id`. `memory` maps the handle that came with it. A client that breaks the protocol is
    /// disconnected.
    public func request(_ id: UInt32, _ request: WindowRequest, memory: SurfaceMemory?) {
        if case .createWindow(let title, let buffer, let placement, let x, let y) = request {
            guard let memory, memory.holds(buffer), window(id) == nil, windows.count < Self.windowCountMax else { return refuse(id) }
            create(id, title, buffer, memory, placement, x, y)
            return
        }
        guard let w = window(id) else { return refuse(id) }
        switch request {
        case .createWindow: break
        case .updateBuffer(let r): update(w, Rect(r))
        case .setBuffer(let buffer): if !setBuffer(w, buffer, memory) { refuse(id) }
        case .setTitle(let title): w.title = Self.cut(title); addDamage(w.titleBar); if focused == id { addDamage(menu.bar) }
        case .attachLayer(let layer, let buffer, let rect): if !attach(w, layer, buffer, Rect(rect), memory) { refuse(id) }
        case .presentLayer(let layer, let r): presentLayer(w, layer, Rect(r))
        case .moveLayer(let layer, let rect): moveLayer(w, layer, Rect(rect))
        case .removeLayer(let layer): removeLayer(w, layer)
        case .setCursor(let shape): w.cursor = shape; cursorMoved = true; host.needsFrame()
        case .exit: remove(id); host.disconnect(id)
        }
    }
    private func refuse(_ id: UInt32) {
        droppedRequests += 1
        remove(id)
        host.disconnect(id)
    }
    static func cut(_ title: String) -> String {
        if title.utf8.count <= titleByteCountMax { return title }
        return TextPainter.string(Array(TextPainter.scalars(title).prefix(64)))
    }

    private func create(_ id: UInt32, _ title: String, _ buffer: WindowBuffer, _ memory: SurfaceMemory, _ placement: WindowPlacement, _ x: Int32, _ y: Int32) {
        let w = WindowState(id: id, title: Self.cut(title), x: 0, y: 0, buffer: buffer, memory: memory)
        let free = automaticPosition(buffer.width, buffer.height)
        w.x = free.x; w.y = free.y
        if placement == .at { w.x = max(-buffer.width, min(width, x)); w.y = max(0, min(height, y)); keepReachable(w) }
        windows.append(w)
        if placement == .maximised { maximise(w) }
        focus(id)
    }
    /// Each new window a little lower and further right, inside the screen where it fits.
    func automaticPosition(_ w: Int32, _ h: Int32) -> (x: Int32, y: Int32) {
        let top = MenuBar.height + WindowState.titleBarHeight
        let step = cascade * 30
        cascade = (cascade + 1) % 8
        return (max(WindowState.border, min(60 + step, width - w - 20)), max(top + 4, min(top + 24 + step, height - h - 20)))
    }
    private func update(_ w: WindowState, _ r: Rect) {
        let part = r.intersection(Rect(0, 0, w.buffer.width, w.buffer.height))
        if !w.isVisible {
            w.isVisible = true
            addDamage(w.extent); addDamage(menu.bar)
        } else { addDamage(part.offset(w.x, w.y)) }
    }

    // MARK: Size

    private func setBuffer(_ w: WindowState, _ buffer: WindowBuffer, _ memory: SurfaceMemory?) -> Bool {
        guard (memory ?? w.memory).holds(buffer) else { return false }
        addDamage(w.extent)
        if let memory { w.memory = memory }
        w.buffer = buffer
        addDamage(w.extent)
        w.requestedSize = nil
        if let wish = w.wishedSize { w.wishedSize = nil; requestSize(w, wish.width, wish.height) }
        return true
    }
    /// Asks the client for another size, one request at a time.
    func requestSize(_ w: WindowState, _ width: Int32, _ height: Int32) {
        let wanted = (width: max(1, min(WindowBuffer.sideMax, width)), height: max(1, min(WindowBuffer.sideMax, height)))
        if w.requestedSize != nil { w.wishedSize = wanted; return }
        if wanted.width == w.buffer.width && wanted.height == w.buffer.height { return }
        w.requestedSize = wanted
        host.send(.resize(width: wanted.width, height: wanted.height), to: w.id)
    }
    func maximise(_ w: WindowState) {
        if w.isMaximised || w.isInternal { return }
        addDamage(w.extent)
        w.restore = w.content
        let c = maximisedContent
        w.x = c.x; w.y = c.y
        addDamage(w.extent)
        requestSize(w, c.width, c.height)
    }
    func unmaximise(_ w: WindowState) {
        guard let r = w.restore else { return }
        addDamage(w.extent)
        w.restore = nil
        w.x = r.x; w.y = r.y
        keepReachable(w)
        addDamage(w.extent)
        requestSize(w, r.width, r.height)
    }
    /// The title bar stays where the pointer can catch it.
    func keepReachable(_ w: WindowState) {
        w.y = max(MenuBar.height + WindowState.titleBarHeight, min(height - 10, w.y))
        w.x = max(60 - w.buffer.width, min(width - 60, w.x))
    }

    // MARK: Layers

    private func attach(_ w: WindowState, _ id: UInt32, _ buffer: WindowBuffer, _ rect: Rect, _ memory: SurfaceMemory?) -> Bool {
        guard let memory, memory.holds(buffer) else { return false }
        let layer = LayerState(id: id, buffer: buffer, memory: memory, rect: Self.sane(rect))
        for i in 0..<w.layers.count where w.layers[i].id == id {
            damageLayer(w, w.layers[i])
            w.layers[i] = layer
            damageLayer(w, layer)
            return true
        }
        guard w.layers.count < WindowState.layerCountMax else { return false }
        w.layers.append(layer)
        damageLayer(w, layer)
        return true
    }
    private func presentLayer(_ w: WindowState, _ id: UInt32, _ r: Rect) {
        for l in w.layers where l.id == id {
            let part = r.intersection(Rect(0, 0, l.shown.width, l.shown.height)).offset(l.rect.x, l.rect.y)
            addDamage(part.intersection(Rect(0, 0, w.buffer.width, w.buffer.height)).offset(w.x, w.y))
        }
    }
    private func moveLayer(_ w: WindowState, _ id: UInt32, _ rect: Rect) {
        for i in 0..<w.layers.count where w.layers[i].id == id {
            damageLayer(w, w.layers[i])
            w.layers[i].rect = Self.sane(rect)
            damageLayer(w, w.layers[i])
        }
    }
    private func removeLayer(_ w: WindowState, _ id: UInt32) {
        for l in w.layers where l.id == id { damageLayer(w, l) }
        w.layers.removeAll { $0.id == id }
    }
    private func damageLayer(_ w: WindowState, _ l: LayerState) {
        addDamage(l.rect.intersection(Rect(0, 0, w.buffer.width, w.buffer.height)).offset(w.x, w.y))
    }
    /// Coordinates from a client, bounded so that later sums cannot overflow.
    private static func sane(_ r: Rect) -> Rect {
        func bound(_ v: Int32) -> Int32 { max(-WindowBuffer.sideMax, min(WindowBuffer.sideMax, v)) }
        return Rect(bound(r.x), bound(r.y), max(0, bound(r.width)), max(0, bound(r.height)))
    }

    // MARK: Focus and life

    /// The client of `id` is gone: its window disappears, the next one below is focused.
    public func remove(_ id: UInt32) {
        guard let w = window(id) else { return }
        addDamage(w.extent)
        windows.removeAll { $0.id == id }
        if grab.window == id { grab = .none }
        if hovered == id { hovered = 0 }
        switcher.removeAll { $0 == id }
        if focused == id {
            focused = 0
            addDamage(menu.bar)
            if let next = windows.last { focus(next.id) }
        }
    }
    /// Focuses and raises.
    public func focus(_ id: UInt32) {
        raise(id)
        if focused == id { return }
        let old = focused
        focused = id
        for w in windows where w.id == old || w.id == id {
            addDamage(w.frame)
            if !w.isInternal { host.send(.focus(w.id == id), to: w.id) }
        }
        addDamage(menu.bar)
    }
    func raise(_ id: UInt32) {
        guard let w = window(id), windows.last !== w else { return }
        windows.removeAll { $0.id == id }
        windows.append(w)
        addDamage(w.extent)
    }
    /// The user wants the window closed. A client decides itself; the window goes when it says exit or ends.
    func close(_ w: WindowState) {
        if w.isInternal { remove(w.id) } else { host.send(.close, to: w.id) }
    }
    public func setClock(nanoseconds: UInt64) {
        let text = MenuBar.clockText(nanoseconds: nanoseconds)
        if text != menu.clock { menu.clock = text; addDamage(menu.bar) }
    }
    func addDamage(_ r: Rect) {
        if r.isEmpty { return }
        damage.add(r)
        if !damage.isEmpty { host.needsFrame() }
    }
}
