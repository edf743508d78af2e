// A program's window: its connection to the window manager, its shared surface, its events. See ABI/WindowProtocol.
// Invariant: `surface` always describes mapped memory of at least its size.

import ABI
import Graphics
import Runtime

public final class Window {
    /// Draw here, then `present`. Replaced when the window is resized: do not keep a copy across events.
    public private(set) var surface: Surface
    public private(set) var title: String
    public private(set) var isFocused = false
    public private(set) var isOpen = true

    public var onKey: ((KeyEvent) -> Void)?
    /// Printable characters typed without control, alt or meta; called after `onKey`.
    public var onTextInput: ((UInt32) -> Void)?
    public var onPointer: ((PointerEvent) -> Void)?
    /// The surface has its new size already; draw everything and present.
    public var onResize: ((Int32, Int32) -> Void)?
    public var onFocus: ((Bool) -> Void)?
    public var onRedraw: (() -> Void)?
    /// The user asked to close. Without a closure the window just closes and the program exits.
    public var onClose: (() -> Void)?
    /// The window manager went away.
    public var onDisconnect: (() -> Void)?

    private let channel: Channel
    private let outbox: Outbox
    private let reactor: Reactor
    private var memory: SharedMemory
    private var token: Reactor.Token?

    private init(title: String, channel: Channel, memory: SharedMemory, surface: Surface, reactor: Reactor) {
        self.title = title; self.channel = channel; self.memory = memory; self.surface = surface; self.reactor = reactor
        outbox = Outbox(channel, reactor: reactor)
    }

    public var width: Int32 { Int32(surface.width) }
    public var height: Int32 { Int32(surface.height) }

    /// Connects to the window manager and makes a window. Nil when there is none or memory ran out. With `.maximised`
    /// the window manager sends the real size as a resize at once.
    public static func open(title: String, width: Int32, height: Int32, placement: WindowPlacement = .automatic, x: Int32 = 0, y: Int32 = 0,
                            reactor: Reactor = .main) -> Window? {
        let buffer = WindowBuffer(width: width, height: height, strideWords: width)
        guard let byteCount = buffer.byteCount, let channel = try? System.connect("wm") else { return nil }
        guard let memory = try? SharedMemory.create(byteCount: byteCount), let shared = share(memory) else { channel.close(); return nil }
        let window = Window(title: title, channel: channel, memory: memory, surface: surface(memory, buffer), reactor: reactor)
        window.send(.createWindow(title: title, buffer: buffer, placement: placement, x: x, y: y), [shared])
        window.token = reactor.onMessage(channel, closed: { window.disconnected() }) { message in
            for h in message.handles { h.close() }
            if let event = WindowEvent.parse(message.bytes) { window.receive(event) }
        }
        return window
    }

    /// Shows what was drawn into `damage`.
    public func present(_ damage: Rect) {
        let r = damage.intersection(surface.bounds)
        if !r.isEmpty { send(.updateBuffer(damage: r.wire)) }
    }
    public func present() { present(surface.bounds) }
    public func setTitle(_ title: String) {
        if title == self.title { return }
        self.title = title
        send(.setTitle(title))
    }
    public func setCursor(_ shape: CursorShape) { send(.setCursor(shape)) }

    /// Shows another program's surface inside this window, above its own pixels. The handle moves to the window
    /// manager (duplicate it first to keep it). `rect` is in window coordinates; the layer is not scaled.
    public func attachLayer(id: UInt32, sharedMemory: Handle, width: Int32, height: Int32, strideWords: Int32, at rect: Rect) {
        send(.attachLayer(id: id, buffer: WindowBuffer(width: width, height: height, strideWords: strideWords), rect: rect.wire), [sharedMemory])
    }
    public func presentLayer(_ id: UInt32, _ damage: Rect) { send(.presentLayer(id: id, damage: damage.wire)) }
    public func moveLayer(_ id: UInt32, to rect: Rect) { send(.moveLayer(id: id, rect: rect.wire)) }
    public func removeLayer(_ id: UInt32) { send(.removeLayer(id: id)) }

    public func close() {
        if !isOpen { return }
        send(.exit)
        tearDown()
    }

    private func receive(_ event: WindowEvent) {
        switch event {
        case .key(let key):
            onKey?(key)
            if key.isDown && key.character >= 32 && key.character != 127 && key.modifiers.isDisjoint(with: [.control, .alt, .meta]) {
                onTextInput?(key.character)
            }
        case .pointer(let p): onPointer?(p)
        case .resize(let w, let h): resize(w, h)
        case .focus(let f): isFocused = f; onFocus?(f)
        case .redraw: if let f = onRedraw { f() } else { present() }
        case .close: if let f = onClose { f() } else { close(); System.exit(0) }
        }
    }

    private func resize(_ width: Int32, _ height: Int32) {
        let buffer = WindowBuffer(width: width, height: height, strideWords: width)
        guard let byteCount = buffer.byteCount, isOpen else { return }
        if width == self.width && height == self.height { send(.setBuffer(buffer)); onResize?(width, height); return }
        if byteCount <= memory.byteCount {
            surface = Self.surface(memory, buffer)
            send(.setBuffer(buffer))
        } else {
            // Without memory for the new size the window keeps its old one.
            guard let larger = try? SharedMemory.create(byteCount: byteCount) else { return }
            guard let shared = Self.share(larger) else { larger.unmap(); larger.handle.close(); return }
            memory.unmap()
            memory.handle.close()
            memory = larger
            surface = Self.surface(larger, buffer)
            send(.setBuffer(buffer), [shared])
        }
        onResize?(width, height)
    }

    private func send(_ request: WindowRequest, _ handles: [Handle] = []) {
        if isOpen { outbox.send(request.emit(), handles: handles) } else { for h in handles { h.close() } }
    }
    private func disconnected() {
        token = nil
        tearDown()
        if let f = onDisconnect { f() } else { System.exit(0) }
    }
    private func tearDown() {
        guard isOpen else { return }
        isOpen = false
        if let t = token { reactor.unwatch(t); token = nil }
        outbox.close()
        channel.close()
    }
    /// The window manager may read and map the pixels, no more.
    private static func share(_ memory: SharedMemory) -> Handle? { try? memory.handle.duplicate([.read, .map, .transfer]) }
    private static func surface(_ memory: SharedMemory, _ buffer: WindowBuffer) -> Surface {
        Surface(base: memory.base.assumingMemoryBound(to: UInt32.self), width: Int(buffer.width), height: Int(buffer.height), strideWords: Int(buffer.strideWords))
    }
}

extension Rect {
    public var wire: WindowRect { WindowRect(x: x, y: y, width: width, height: height) }
    public init(_ r: WindowRect) { self.init(r.x, r.y, r.width, r.height) }
}
