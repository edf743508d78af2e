// Owns the window: shows the scan-out through SDL 2 and turns window input into host events. Invariant: used on the
// main thread only (SDL's rule); the machine polls it there between turns.
import CSDL2
import Glibc
import Machine

/// A window on the host's desktop.
public final class SDLDisplay: HostSource {
    private let frame: ScanoutFrame
    private let port: HostPort
    private let window: OpaquePointer
    private let renderer: OpaquePointer
    private var texture: OpaquePointer?
    private var cursorTexture: OpaquePointer?
    private var shownCursor = ScanoutFrame.Cursor()
    private var textureWidth = 0
    private var textureHeight = 0
    private var pendingMove: HostEvent?
    private var lastMoveHost: UInt64 = 0
    private var lastPresentHost: UInt64 = 0
    public private(set) var presentCount: UInt64 = 0
    private var lastEventsHost: UInt64 = 0
    static let presentMilliseconds: UInt64 = 15
    static let eventMilliseconds: UInt64 = 3   // asking the window system more often costs and gains nothing
    public var needsWallClock: Bool { false }   // a run with a window asks for `.wallClock` itself

    /// Opens the window; a typed error when there is no display.
    public init(frame: ScanoutFrame, port: HostPort, title: String = "Terrarium") throws(MachineError) {
        self.frame = frame
        self.port = port
        guard SDL_Init(UInt32(SDL_INIT_VIDEO)) == 0 else { throw MachineError("no display: \(Self.message)") }
        // Without a reachable display SDL falls back to drivers that show nothing, unless one was asked for by name.
        let driver = SDL_GetCurrentVideoDriver().map { String(cString: $0) } ?? ""
        if ["dummy", "offscreen", "evdev"].contains(driver), SDL_GetHint("SDL_VIDEODRIVER") == nil, getenv("SDL_VIDEODRIVER") == nil {
            SDL_Quit()
            throw MachineError("no display: none of the window systems answers")
        }
        let centred = Int32(bitPattern: 0x2fff_0000)
        let flags = SDL_WINDOW_RESIZABLE.rawValue | SDL_WINDOW_SHOWN.rawValue
        guard let window = SDL_CreateWindow(title, centred, centred, Int32(frame.width), Int32(frame.height), flags) else {
            let message = Self.message
            SDL_Quit()
            throw MachineError("cannot open a window: \(message)")
        }
        guard let renderer = SDL_CreateRenderer(window, -1, 0) ?? SDL_CreateRenderer(window, -1, SDL_RENDERER_SOFTWARE.rawValue) else {
            let message = Self.message
            SDL_DestroyWindow(window)
            SDL_Quit()
            throw MachineError("cannot draw into the window: \(message)")
        }
        self.window = window
        self.renderer = renderer
        SDL_ShowCursor(0)   // the guest draws its own
    }

    deinit {
        if let texture { SDL_DestroyTexture(texture) }
        if let cursorTexture { SDL_DestroyTexture(cursorTexture) }
        SDL_DestroyRenderer(renderer)
        SDL_DestroyWindow(window)
        SDL_Quit()
    }

    private static var message: String { String(cString: SDL_GetError()) }

    public func poll() {
        let now = SDL_GetTicks64()
        if now - lastPresentHost >= Self.presentMilliseconds {
            lastPresentHost = now
            present()
        }
        guard now - lastEventsHost >= Self.eventMilliseconds else { return }
        lastEventsHost = now
        var event = SDL_Event()
        while SDL_PollEvent(&event) != 0 { handle(event, now) }
        if pendingMove != nil, now - lastMoveHost >= Self.presentMilliseconds { flushMove(now) }
    }

    // MARK: Input

    private func handle(_ event: SDL_Event, _ now: UInt64) {
        switch SDL_EventType(event.type) {
        case SDL_QUIT: post(.close, now)
        case SDL_KEYDOWN: key(event.key, down: true, now)
        case SDL_KEYUP: key(event.key, down: false, now)
        case SDL_MOUSEMOTION: move(event.motion.x, event.motion.y)
        case SDL_MOUSEBUTTONDOWN: button(event.button, down: true, now)
        case SDL_MOUSEBUTTONUP: button(event.button, down: false, now)
        case SDL_MOUSEWHEEL: if event.wheel.y != 0 { post(.wheel(event.wheel.y), now) }
        case SDL_WINDOWEVENT: if SDL_WindowEventID(UInt32(event.window.event)) == SDL_WINDOWEVENT_EXPOSED { redraw() }
        default: break
        }
    }

    /// Posts an event after the pointer movement before it, so that clicks land where the pointer was.
    private func post(_ event: HostEvent, _ now: UInt64) {
        flushMove(now)
        port.post(event)
    }

    private func flushMove(_ now: UInt64) {
        guard let move = pendingMove else { return }
        pendingMove = nil
        lastMoveHost = now
        port.post(move)
    }

    private func key(_ event: SDL_KeyboardEvent, down: Bool, _ now: UInt64) {
        guard let code = EvdevKeys.code(sdlScancode: Int(event.keysym.scancode.rawValue)) else { return }
        post(.key(code: code, down: down), now)
    }

    /// Movements are merged: at most one a displayed frame goes into the trace.
    private func move(_ x: Int32, _ y: Int32) {
        var width: Int32 = 1, height: Int32 = 1
        SDL_GetWindowSize(window, &width, &height)
        func scale(_ value: Int32, _ size: Int32) -> UInt16 {
            UInt16(min(32767, max(0, Int(value) * 32768 + 16384) / max(1, Int(size))))
        }
        pendingMove = .pointerMove(x: scale(x, width), y: scale(y, height))
    }

    private func button(_ event: SDL_MouseButtonEvent, down: Bool, _ now: UInt64) {
        move(event.x, event.y)
        let codes: [UInt8: UInt16] = [1: 0x110, 2: 0x112, 3: 0x111]
        if let code = codes[event.button] { post(.pointerButton(code: code, down: down), now) }
    }

    // MARK: Output

    /// Brings the frame's damage to the window.
    public func present() {
        makeTexture()
        let damage = frame.takeDamage()
        let cursorMoved = frame.cursor != shownCursor
        guard damage != nil || cursorMoved else { return }
        if let damage { upload(damage) }
        if cursorMoved { updateCursor() }
        redraw()
    }

    private func makeTexture() {
        guard texture == nil || textureWidth != frame.width || textureHeight != frame.height else { return }
        if let texture { SDL_DestroyTexture(texture) }
        let format = SDL_PIXELFORMAT_ARGB8888.rawValue, access = Int32(SDL_TEXTUREACCESS_STREAMING.rawValue)
        texture = SDL_CreateTexture(renderer, UInt32(format), access, Int32(frame.width), Int32(frame.height))
        if let texture { SDL_SetTextureBlendMode(texture, SDL_BLENDMODE_NONE) }
        textureWidth = frame.width
        textureHeight = frame.height
        upload(frame.bounds)
    }

    private func upload(_ rect: FrameRect) {
        guard let texture else { return }
        var area = SDL_Rect(x: Int32(rect.x), y: Int32(rect.y), w: Int32(rect.width), h: Int32(rect.height))
        frame.pixels.withUnsafeBufferPointer { pixels in
            let start = pixels.baseAddress! + rect.y * frame.width + rect.x
            _ = SDL_UpdateTexture(texture, &area, start, Int32(frame.width * 4))
        }
    }

    private func updateCursor() {
        shownCursor = frame.cursor
        guard shownCursor.isVisible else { return }
        let side = Int32(ScanoutFrame.Cursor.side)
        if cursorTexture == nil {
            let format = SDL_PIXELFORMAT_ARGB8888.rawValue
            cursorTexture = SDL_CreateTexture(renderer, UInt32(format), Int32(SDL_TEXTUREACCESS_STATIC.rawValue), side, side)
            if let cursorTexture { SDL_SetTextureBlendMode(cursorTexture, SDL_BLENDMODE_BLEND) }
        }
        if let cursorTexture { SDL_UpdateTexture(cursorTexture, nil, shownCursor.image, side * 4) }
    }

    private func redraw() {
        guard let texture else { return }
        SDL_RenderCopy(renderer, texture, nil, nil)
        if shownCursor.isVisible, let cursorTexture { drawCursor(cursorTexture) }
        SDL_RenderPresent(renderer)
        presentCount += 1
    }

    private func drawCursor(_ texture: OpaquePointer) {
        var width: Int32 = 1, height: Int32 = 1
        SDL_GetRendererOutputSize(renderer, &width, &height)
        func scaled(_ value: Int, _ size: Int32, _ frameSize: Int) -> Int32 { Int32(value * Int(size) / max(1, frameSize)) }
        let side = ScanoutFrame.Cursor.side
        var area = SDL_Rect(
            x: scaled(shownCursor.x - shownCursor.hotX, width, frame.width),
            y: scaled(shownCursor.y - shownCursor.hotY, height, frame.height),
            w: scaled(side, width, frame.width), h: scaled(side, height, frame.height))
        SDL_RenderCopy(renderer, texture, nil, &area)
    }
}
