// The program "wm": connects the desktop to the kernel — framebuffer, input device, clients' channels, frame timer.
// Nothing runs while nothing changes: the frame timer is set only while damage waits, the clock timer once a minute.

import ABI
import Graphics
import Runtime
import Toolkit

public final class WindowManagerService: DesktopHost {
    /// 60 frames a second of virtual time, on a fixed grid.
    static let framePeriod: UInt64 = 16_666_667
    static let minute: UInt64 = 60_000_000_000
    /// A client that does not read: pointer moves are left out past this, the client is dropped past the second.
    static let queueSoftMax = 32, queueHardMax = 1024

    private final class Client {
        let channel: Channel, outbox: Outbox
        var token: Reactor.Token?
        init(_ channel: Channel, _ reactor: Reactor) { self.channel = channel; outbox = Outbox(channel, reactor: reactor) }
    }
    private let reactor: Reactor
    private let frame: Framebuffer, input: Handle, launcher: Channel
    private var desktop: Desktop!
    private var decoder: InputDecoder
    private var clients: [UInt32: Client] = [:]
    private var isFrameDue = false
    private var flushedFrames: UInt64 = 0

    /// Takes the bootstrap message from `bootstrap` and starts. Nil when a capability is missing.
    public static func start(bootstrap: Handle, reactor: Reactor = .main) -> WindowManagerService? {
        guard let received = try? Channel(bootstrap).receive(), let message = BootstrapMessage.parse(received.bytes),
              message.kind == .windowManager, received.handles.count == 4 else {
            System.log("wm: no bootstrap message")
            return nil
        }
        guard let frame = Framebuffer(device: received.handles[0]) else {
            System.log("wm: no framebuffer")
            return nil
        }
        guard let service = try? System.register("wm", system: received.handles[2]) else {
            System.log("wm: the service name is taken")
            return nil
        }
        return WindowManagerService(frame, input: received.handles[1], service, launcher: Channel(received.handles[3]), reactor)
    }

    private init(_ frame: Framebuffer, input: Handle, _ service: Channel, launcher: Channel, _ reactor: Reactor) {
        self.frame = frame; self.input = input; self.launcher = launcher; self.reactor = reactor
        let width = Int32(frame.surface.width), height = Int32(frame.surface.height)
        decoder = InputDecoder(width: width, height: height)
        desktop = Desktop(width: width, height: height, fonts: .loadFromArchive(), host: self)
        reactor.watch(input, .readable) { [self] _ in readInput() }
        reactor.onMessage(service) { [self] message in
            for h in message.handles { accept(Channel(h)) }
        }
        tick()
        needsFrame()
    }

    // MARK: Clients

    private func accept(_ channel: Channel) {
        let id = desktop.makeID(), client = Client(channel, reactor)
        clients[id] = client
        client.token = reactor.onMessage(channel, closed: { [self] in
            client.token = nil
            desktop.remove(id)
            disconnect(id)
        }) { [self] message in receive(id, message) }
    }
    private func receive(_ id: UInt32, _ message: Channel.Message) {
        var memory: SurfaceMemory?
        for (i, h) in message.handles.enumerated() {
            if i == 0 { memory = map(h) } else { h.close() }
        }
        guard let request = WindowRequest.parse(message.bytes) else {
            System.log("wm: client sent a request that is not understood")
            desktop.request(id, .exit, memory: nil)
            return
        }
        desktop.request(id, request, memory: memory)
    }
    private func map(_ handle: Handle) -> SurfaceMemory? {
        guard let shared = try? SharedMemory.map(handle, writable: false) else { handle.close(); return nil }
        return SurfaceMemory(base: shared.base, byteCount: shared.byteCount) { shared.unmap(); handle.close() }
    }

    // MARK: DesktopHost

    public func send(_ event: WindowEvent, to window: UInt32) {
        guard let client = clients[window] else { return }
        if client.outbox.waitingCount > Self.queueSoftMax {
            if case .pointer(let p) = event, p.kind == .move { return }
            if client.outbox.waitingCount > Self.queueHardMax {
                System.log("wm: a client does not read its events; its window is closed")
                desktop.remove(window)
                disconnect(window)
                return
            }
        }
        client.outbox.send(event.emit())
    }
    public func disconnect(_ window: UInt32) {
        guard let client = clients.removeValue(forKey: window) else { return }
        if let t = client.token { reactor.unwatch(t) }
        client.outbox.close()
        client.channel.close()
    }
    public func launch(_ program: String) {
        do throws(SystemError) { try launcher.send(LauncherRequest.launch.bytes(program)) } catch {
            System.log("wm: cannot launch " + program + ": " + error.name)
        }
    }
    public func needsFrame() {
        if isFrameDue { return }
        isFrameDue = true
        let now = System.now
        reactor.after(Self.framePeriod - now % Self.framePeriod) { [self] in
            isFrameDue = false
            for r in desktop.compose(into: frame.surface) { frame.flush(r) }
            flushedFrames += 1
        }
    }

    // MARK: Input and clock

    private func readInput() {
        let capacity = 64
        var bytes = [UInt8](repeating: 0, count: capacity * InputEventRecord.byteCount)
        while true {
            let count = bytes.withUnsafeMutableBufferPointer { p in
                Int(rawSystemCall(.pollEvent, Int64(input.raw), Int64(Int(bitPattern: p.baseAddress!)), Int64(capacity)))
            }
            if count <= 0 { return }
            let now = System.now
            for i in 0..<min(count, capacity) {
                let at = i * InputEventRecord.byteCount
                let type = UInt16(bytes[at]) | UInt16(bytes[at + 1]) << 8, code = UInt16(bytes[at + 2]) | UInt16(bytes[at + 3]) << 8
                let low = UInt32(bytes[at + 4]) | UInt32(bytes[at + 5]) << 8, high = UInt32(bytes[at + 6]) | UInt32(bytes[at + 7]) << 8
                let record = InputEventRecord(type: type, code: code, value: Int32(bitPattern: low | high << 16))
                var actions: [InputAction] = []
                decoder.decode(record) { actions.append($0) }
                for a in actions { desktop.input(a, modifiers: decoder.modifiers, now: now) }
            }
            if count < capacity { return }
        }
    }
    private func tick() {
        let wall = System.wallClock
        desktop.setClock(nanoseconds: wall)
        reactor.after(Self.minute - wall % Self.minute) { [self] in tick() }
    }
}
