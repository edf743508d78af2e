// Owns the connection to the real network through libslirp (user-mode NAT): 10.0.2.0/24, gateway and host 10.0.2.2,
// name server 10.0.2.3, DHCP from 10.0.2.15. Invariant: everything runs on the machine's thread; frames to the guest
// enter only through the host port, so that they are recorded.
import CSlirp
import Glibc
import Machine

/// User-mode NAT to the real network.
public final class SlirpBackend: NetBackend, HostSource {
    private var slirp: OpaquePointer?
    private let callbacks: UnsafeMutablePointer<SlirpCb>
    private var port: NetPort?
    private var polled: [pollfd] = []
    private var timers: [SlirpTimer] = []
    private var flows = FlowTracker()
    public private(set) var guestErrorCount = 0
    public private(set) var toGuestFrameCount = 0
    public private(set) var fromGuestFrameCount = 0

    public init() throws(MachineError) {
        callbacks = .allocate(capacity: 1)
        callbacks.initialize(to: Self.makeCallbacks())
        var configuration = SlirpConfig()
        configuration.version = 4
        configuration.in_enabled = true
        configuration.vnetwork = Self.address(10, 0, 2, 0)
        configuration.vnetmask = Self.address(255, 255, 255, 0)
        configuration.vhost = Self.address(10, 0, 2, 2)
        configuration.vdhcp_start = Self.address(10, 0, 2, 15)
        configuration.vnameserver = Self.address(10, 0, 2, 3)
        let this = Unmanaged.passUnretained(self).toOpaque()
        slirp = slirp_new(&configuration, callbacks, this)
        guard slirp != nil else { throw MachineError("libslirp could not be started") }
    }

    deinit {
        if let slirp { slirp_cleanup(slirp) }
        callbacks.deinitialize(count: 1)
        callbacks.deallocate()
    }

    private static func address(_ a: UInt8, _ b: UInt8, _ c: UInt8, _ d: UInt8) -> in_addr {
        in_addr(s_addr: UInt32(a) | UInt32(b) << 8 | UInt32(c) << 16 | UInt32(d) << 24)
    }

    static func hostNanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    // MARK: NetBackend

    public func attach(_ port: NetPort) { self.port = port }

    public func transmit(_ frame: [UInt8]) {
        guard let slirp else { return }
        fromGuestFrameCount += 1
        flows.see(frame, fromGuest: true, at: Self.hostNanoseconds())
        frame.withUnsafeBufferPointer { slirp_input(slirp, $0.baseAddress, Int32($0.count)) }
    }

    public var needsWallClock: Bool { flows.isOutstanding(at: Self.hostNanoseconds()) }

    /// Moves data between slirp and the host's sockets, without waiting.
    public func poll() {
        guard let slirp else { return }
        let this = Unmanaged.passUnretained(self).toOpaque()
        var timeout: UInt32 = 0
        polled.removeAll(keepingCapacity: true)
        slirp_pollfds_fill(slirp, &timeout, { descriptor, events, opaque in
            SlirpBackend.from(opaque).add(descriptor, events)
        }, this)
        let result = Glibc.poll(&polled, nfds_t(polled.count), 0)
        slirp_pollfds_poll(slirp, result < 0 ? 1 : 0, { index, opaque in SlirpBackend.from(opaque).events(index) }, this)
        runTimers()
    }

    private func add(_ descriptor: Int32, _ events: Int32) -> Int32 {
        var wanted: Int16 = 0
        if events & 1 != 0 { wanted |= Int16(POLLIN) }
        if events & 2 != 0 { wanted |= Int16(POLLOUT) }
        if events & 4 != 0 { wanted |= Int16(POLLPRI) }
        polled.append(pollfd(fd: descriptor, events: wanted, revents: 0))
        return Int32(polled.count - 1)
    }

    private func events(_ index: Int32) -> Int32 {
        guard index >= 0, Int(index) < polled.count else { return 0 }
        let got = Int32(polled[Int(index)].revents)
        var events: Int32 = 0
        if got & POLLIN != 0 { events |= 1 }
        if got & POLLOUT != 0 { events |= 2 }
        if got & POLLPRI != 0 { events |= 4 }
        if got & POLLERR != 0 { events |= 8 }
        if got & POLLHUP != 0 { events |= 16 }
        return events
    }

    private func runTimers() {
        let now = Int64(Self.hostNanoseconds() / 1_000_000)
        for timer in timers where timer.dueMilliseconds <= now {
            timer.dueMilliseconds = .max
            timer.callback(timer.opaque)
        }
    }

    // MARK: Callbacks from C

    /// A one-shot timer of slirp, on the host's clock.
    private final class SlirpTimer {
        let callback: @convention(c) (UnsafeMutableRawPointer?) -> Void
        let opaque: UnsafeMutableRawPointer?
        var dueMilliseconds = Int64.max
        init(_ callback: @escaping @convention(c) (UnsafeMutableRawPointer?) -> Void, _ opaque: UnsafeMutableRawPointer?) {
            self.callback = callback
            self.opaque = opaque
        }
    }

    private static func from(_ opaque: UnsafeMutableRawPointer?) -> SlirpBackend {
        Unmanaged<SlirpBackend>.fromOpaque(opaque!).takeUnretainedValue()
    }

    private func deliver(_ bytes: UnsafeRawPointer?, _ count: Int) -> Int {
        guard let bytes, let port else { return count }
        var frame = [UInt8](UnsafeRawBufferPointer(start: bytes, count: count))
        while frame.count < 60 { frame.append(0) }   // the shortest Ethernet frame
        toGuestFrameCount += 1
        flows.see(frame, fromGuest: false, at: Self.hostNanoseconds())
        port.post(frame)
        return count
    }

    private static func makeCallbacks() -> SlirpCb {
        var callbacks = SlirpCb()
        callbacks.send_packet = { bytes, count, opaque in SlirpBackend.from(opaque).deliver(bytes, count) }
        callbacks.guest_error = { _, opaque in SlirpBackend.from(opaque).guestErrorCount += 1 }
        callbacks.clock_get_ns = { _ in Int64(bitPattern: SlirpBackend.hostNanoseconds()) }
        callbacks.timer_new = { callback, callbackOpaque, opaque in
            guard let callback else { return nil }
            let timer = SlirpTimer(callback, callbackOpaque)
            SlirpBackend.from(opaque).timers.append(timer)
            return Unmanaged.passUnretained(timer).toOpaque()
        }
        callbacks.timer_free = { timer, opaque in
            guard let timer else { return }
            SlirpBackend.from(opaque).timers.removeAll { Unmanaged.passUnretained($0).toOpaque() == timer }
        }
        callbacks.timer_mod = { timer, due, opaque in
            guard let timer else { return }
            for candidate in SlirpBackend.from(opaque).timers where Unmanaged.passUnretained(candidate).toOpaque() == timer {
                candidate.dueMilliseconds = due
            }
        }
        callbacks.register_poll_fd = { _, _ in }
        callbacks.unregister_poll_fd = { _, _ in }
        callbacks.notify = { _ in }
        callbacks.init_completed = { _, _ in }
        return callbacks
    }
}
