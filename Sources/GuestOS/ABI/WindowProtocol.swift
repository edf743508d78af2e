// The protocol between a program and the window manager (service "wm"). One channel is one window: the channel names
// the window, so no window id travels and none can be mismatched (KERN-013). IPC-009…019; events reach the window
// manager from the input device (CONF-06: the kernel never routes by window).
//
// A window's pixels are 0xAARRGGBB words, premultiplied, in shared memory that the program allocates and the window
// manager maps read-only. Layers are further surfaces shown inside a window, such as a tab's page inside the browser's
// window: whoever holds the surface's handle passes it on, nobody copies pixels.

/// A rectangle on the wire, in pixels: 16 bytes.
public struct WindowRect: Equatable, Sendable {
    public var x: Int32, y: Int32, width: Int32, height: Int32
    public init(x: Int32, y: Int32, width: Int32, height: Int32) { self.x = x; self.y = y; self.width = width; self.height = height }
    func emit(_ w: inout ByteWriter) { w.i32(x); w.i32(y); w.i32(width); w.i32(height) }
    static func parse(_ r: inout ByteReader) -> WindowRect? {
        guard let x = r.i32(), let y = r.i32(), let w = r.i32(), let h = r.i32() else { return nil }
        return WindowRect(x: x, y: y, width: w, height: h)
    }
}

/// The geometry of a surface in shared memory: 12 bytes.
public struct WindowBuffer: Equatable, Sendable {
    public static let sideMax: Int32 = 8192
    public var width: Int32, height: Int32, strideWords: Int32
    public init(width: Int32, height: Int32, strideWords: Int32) { self.width = width; self.height = height; self.strideWords = strideWords }
    /// Bytes of shared memory that the surface needs; nil when the geometry is not acceptable.
    public var byteCount: Int? {
        guard width > 0, height > 0, width <= Self.sideMax, height <= Self.sideMax, strideWords >= width, strideWords <= Self.sideMax else { return nil }
        return Int(strideWords) * Int(height) * 4
    }
    func emit(_ w: inout ByteWriter) { w.i32(width); w.i32(height); w.i32(strideWords) }
    static func parse(_ r: inout ByteReader) -> WindowBuffer? {
        guard let w = r.i32(), let h = r.i32(), let s = r.i32() else { return nil }
        return WindowBuffer(width: w, height: h, strideWords: s)
    }
}

/// Where a new window wants to be.
public enum WindowPlacement: UInt8, Sendable { case automatic = 0, maximised = 1, at = 2 }

/// Shapes of the mouse cursor.
public enum CursorShape: UInt8, Sendable { case arrow = 0, pointer = 1, text = 2 }

/// Program → window manager.
public enum WindowRequest: Equatable, Sendable {
    case createWindow(title: String, buffer: WindowBuffer, placement: WindowPlacement, x: Int32, y: Int32)   // 1 handle: the buffer
    case updateBuffer(damage: WindowRect)                                // new pixels are in the buffer
    case setBuffer(WindowBuffer)                                         // after Resize; 1 handle, or none to go on with the old memory
    case setTitle(String)
    case attachLayer(id: UInt32, buffer: WindowBuffer, rect: WindowRect) // 1 handle; replaces the layer of that id; rect in window coordinates
    case presentLayer(id: UInt32, damage: WindowRect)                    // damage in layer coordinates
    case moveLayer(id: UInt32, rect: WindowRect)
    case removeLayer(id: UInt32)
    case setCursor(CursorShape)
    case exit                                                            // graceful close

    public func emit() -> [UInt8] {
        var w = ByteWriter()
        switch self {
        case .createWindow(let title, let buffer, let placement, let x, let y):
            w.u8(1); w.string(title); buffer.emit(&w); w.u8(placement.rawValue); w.i32(x); w.i32(y)
        case .updateBuffer(let damage): w.u8(2); damage.emit(&w)
        case .setBuffer(let buffer): w.u8(3); buffer.emit(&w)
        case .setTitle(let title): w.u8(4); w.string(title)
        case .attachLayer(let id, let buffer, let rect): w.u8(5); w.u32(id); buffer.emit(&w); rect.emit(&w)
        case .presentLayer(let id, let damage): w.u8(6); w.u32(id); damage.emit(&w)
        case .moveLayer(let id, let rect): w.u8(7); w.u32(id); rect.emit(&w)
        case .removeLayer(let id): w.u8(8); w.u32(id)
        case .setCursor(let shape): w.u8(9); w.u8(shape.rawValue)
        case .exit: w.u8(10)
        }
        return w.bytes
    }

    public static func parse(_ bytes: [UInt8]) -> WindowRequest? {
        var r = ByteReader(bytes)
        switch r.u8() {
        case 1:
            guard let title = r.string(), let buffer = WindowBuffer.parse(&r), let p = r.u8(), let x = r.i32(), let y = r.i32() else { return nil }
            return .createWindow(title: title, buffer: buffer, placement: WindowPlacement(rawValue: p) ?? .automatic, x: x, y: y)
        case 2: return WindowRect.parse(&r).map { .updateBuffer(damage: $0) }
        case 3: return WindowBuffer.parse(&r).map { .setBuffer($0) }
        case 4: return r.string().map { .setTitle($0) }
        case 5:
            guard let id = r.u32(), let buffer = WindowBuffer.parse(&r), let rect = WindowRect.parse(&r) else { return nil }
            return .attachLayer(id: id, buffer: buffer, rect: rect)
        case 6:
            guard let id = r.u32(), let damage = WindowRect.parse(&r) else { return nil }
            return .presentLayer(id: id, damage: damage)
        case 7:
            guard let id = r.u32(), let rect = WindowRect.parse(&r) else { return nil }
            return .moveLayer(id: id, rect: rect)
        case 8: return r.u32().map { .removeLayer(id: $0) }
        case 9: return r.u8().map { .setCursor(CursorShape(rawValue: $0) ?? .arrow) }
        case 10: return .exit
        default: return nil
        }
    }
}

/// Keys held while an event happened.
public struct KeyModifiers: OptionSet, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    public static let shift = KeyModifiers(rawValue: 1)
    public static let control = KeyModifiers(rawValue: 2)
    public static let alt = KeyModifiers(rawValue: 4)
    public static let meta = KeyModifiers(rawValue: 8)
}

/// A key of the keyboard. `code` is the evdev code; `character` the Unicode scalar on a US layout with shift and caps
/// lock applied, 0 for keys without one.
public struct KeyEvent: Equatable, Sendable {
    public enum Action: UInt8, Sendable { case up = 0, down = 1, `repeat` = 2 }
    public var code: UInt16, action: Action, modifiers: KeyModifiers, character: UInt32
    public init(code: UInt16, action: Action, modifiers: KeyModifiers, character: UInt32) {
        self.code = code; self.action = action; self.modifiers = modifiers; self.character = character
    }
    public var isDown: Bool { action != .up }
}

/// The mouse, in window coordinates. While a button is held the window keeps receiving events, also from outside.
public struct PointerEvent: Equatable, Sendable {
    public enum Kind: UInt8, Sendable { case move = 0, down = 1, up = 2, wheel = 3, leave = 4 }
    public var kind: Kind
    public var x: Int32, y: Int32
    public var button: UInt8        // of down/up: 0 left, 1 right, 2 middle
    public var buttons: UInt8       // held now: bit 0 left, bit 1 right, bit 2 middle
    public var modifiers: KeyModifiers
    public var wheel: Int32         // notches, positive away from the user (scrolls up)
    public var clickCount: UInt8    // of down: 1 single, 2 double, 3 triple
    public init(kind: Kind, x: Int32, y: Int32, button: UInt8 = 0, buttons: UInt8 = 0, modifiers: KeyModifiers = [], wheel: Int32 = 0, clickCount: UInt8 = 0) {
        self.kind = kind; self.x = x; self.y = y; self.button = button; self.buttons = buttons
        self.modifiers = modifiers; self.wheel = wheel; self.clickCount = clickCount
    }
}

/// Window manager → program.
public enum WindowEvent: Equatable, Sendable {
    case key(KeyEvent)
    case pointer(PointerEvent)
    case resize(width: Int32, height: Int32)     // answer with setBuffer
    case focus(Bool)
    case redraw                                  // the window's pixels are wanted again in full
    case close                                   // the user asked; the program decides, then sends exit

    public func emit() -> [UInt8] {
        var w = ByteWriter()
        switch self {
        case .key(let k): w.u8(1); w.u16(k.code); w.u8(k.action.rawValue); w.u8(k.modifiers.rawValue); w.u32(k.character)
        case .pointer(let p):
            w.u8(2); w.u8(p.kind.rawValue); w.i32(p.x); w.i32(p.y); w.u8(p.button); w.u8(p.buttons); w.u8(p.modifiers.rawValue)
            w.i32(p.wheel); w.u8(p.clickCount)
        case .resize(let width, let height): w.u8(3); w.i32(width); w.i32(height)
        case .focus(let focused): w.u8(4); w.u8(focused ? 1 : 0)
        case .redraw: w.u8(5)
        case .close: w.u8(6)
        }
        return w.bytes
    }

    public static func parse(_ bytes: [UInt8]) -> WindowEvent? {
        var r = ByteReader(bytes)
        switch r.u8() {
        case 1:
            guard let code = r.u16(), let a = r.u8(), let action = KeyEvent.Action(rawValue: a), let m = r.u8(), let c = r.u32() else { return nil }
            return .key(KeyEvent(code: code, action: action, modifiers: KeyModifiers(rawValue: m), character: c))
        case 2:
            guard let k = r.u8(), let kind = PointerEvent.Kind(rawValue: k), let x = r.i32(), let y = r.i32(), let button = r.u8(),
                  let buttons = r.u8(), let m = r.u8(), let wheel = r.i32(), let clicks = r.u8() else { return nil }
            return .pointer(PointerEvent(kind: kind, x: x, y: y, button: button, buttons: buttons, modifiers: KeyModifiers(rawValue: m), wheel: wheel, clickCount: clicks))
        case 3:
            guard let w = r.i32(), let h = r.i32() else { return nil }
            return .resize(width: w, height: h)
        case 4: return r.u8().map { .focus($0 != 0) }
        case 5: return .redraw
        case 6: return .close
        default: return nil
        }
    }
}
