// A kernel double for services and clients in one process: channels with depth and backpressure, timers in virtual time,
// services, one network device joined to a LAN host. Signals are level-triggered, delivered in rotation.
import ABI
import NetStack
import NetClient
import Runtime
import XCTest

/// What the network device's wire is joined to.
protocol FarEnd: AnyObject {
    func receive(_ frame: [UInt8], now: UInt64)
    func takeFrame() -> [UInt8]?
    func poll(now: UInt64) -> UInt64?
    /// The far end lives in the host's time: virtual time then passes at that pace.
    var isReal: Bool { get }
}
extension LANHost: FarEnd {
    var isReal: Bool { false }
}

final class FakeKernel {
    private final class Object {
        var queue: [([UInt8], [UInt32])] = []
        var peer: UInt32 = 0, isPeerClosed = false
        var deadline: UInt64?
        enum Kind { case channel, timer, device, registration }
        let kind: Kind
        init(_ kind: Kind) { self.kind = kind }
    }
    private struct Subscription { var handle: UInt32, key: Int64, wanted: UInt32 }
    private var objects: [UInt32: Object] = [:]
    private var subscriptions: [Subscription] = []
    private var nextHandle: UInt32 = 1
    private var rotation = 0
    private var services: [String: UInt32] = [:]
    private var randomState = NetworkRandom(seed: 77)
    private(set) var now: UInt64 = 1_000_000
    var messageCount = 0
    /// Small, so that backpressure is met.
    var channelDepth = 16
    let reactor = Reactor()
    var host: LANHost? { didSet { farEnd = host } }
    var farEnd: (any FarEnd)?
    var latency: UInt64 = 1_000_000
    private var toHost: [(at: UInt64, frame: [UInt8])] = [], toGuest: [(at: UInt64, frame: [UInt8])] = []
    private var hostDeadline: UInt64?
    var isCableOut = false
    let device: UInt32
    var logLines: [String] = []

    init() {
        device = 1_000
        objects[device] = Object(.device)
        systemCallHook = { [unowned self] in call($0, $1, $2, $3, $4, $5, $6) }
    }
    deinit { systemCallHook = nil }

    var openHandles: Int { objects.count }

    private func add(_ o: Object) -> UInt32 {
        nextHandle += 1
        objects[nextHandle] = o
        return nextHandle
    }
    private func channelPair(_ kind: Object.Kind = .channel) -> (UInt32, UInt32) {
        let a = add(Object(.channel)), b = add(Object(.channel))
        objects[a]!.peer = b
        objects[b]!.peer = a
        return (a, b)
    }
    private func name(_ p: Int64, _ n: Int64) -> String {
        String(decoding: UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: Int(p)), count: Int(n)), as: UTF8.self)
    }
    private func fail(_ e: SystemError) -> Int64 { -Int64(e.rawValue) }

    private func call(_ c: SystemCall, _ a: Int64, _ b: Int64, _ d: Int64, _ e: Int64, _ f: Int64, _ g: Int64) -> Int64 {
        switch c {
        case .printDebug: logLines.append(name(a, b)); return 0
        case .clock: return Int64(now)
        case .random:
            for i in 0..<Int(b) { UnsafeMutablePointer<UInt8>(bitPattern: Int(a))![i] = UInt8(truncatingIfNeeded: randomState.next()) }
            return 0
        case .handleClose: close(UInt32(a)); return 0
        case .timerCreate: return Int64(add(Object(.timer)))
        case .timerSet: objects[UInt32(a)]?.deadline = b < 0 ? nil : UInt64(b); return 0
        case .serviceRegister:
            let (server, end) = channelPair()
            services[name(b, d)] = end
            return Int64(server)
        case .serviceConnect:
            guard let end = services[name(a, b)], let o = objects[end], let server = objects[o.peer] else { return fail(.notFound) }
            let (client, endpoint) = channelPair()
            server.queue.append(([], [endpoint]))
            return Int64(client)
        case .subscribe:
            subscriptions.removeAll { $0.handle == UInt32(a) && $0.key == b }
            if d != 0 { subscriptions.append(Subscription(handle: UInt32(a), key: b, wanted: UInt32(d))) }
            return 0
        case .channelSend: return send(UInt32(a), Array(UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: Int(b)), count: Int(d))), e, f)
        case .channelReceive: return receive(UInt32(a), b, d, e, f)
        case .netInfo:
            for (i, v) in [UInt8(0x52), 0x54, 0, 0x12, 0x34, 0x56].enumerated() { UnsafeMutablePointer<UInt8>(bitPattern: Int(b))![i] = v }
            return 0
        case .netSend:
            if toHost.count >= 8 { return fail(.wouldBlock) }
            if !isCableOut { toHost.append((now + latency, Array(UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: Int(b)), count: Int(d))))) }
            return 0
        case .netReceive:
            guard let first = toGuest.first, first.at <= now else { return fail(.wouldBlock) }
            toGuest.removeFirst()
            for (i, v) in first.frame.enumerated() { UnsafeMutablePointer<UInt8>(bitPattern: Int(b))![i] = v }
            return Int64(first.frame.count)
        default: return fail(.notSupported)
        }
    }
    private func send(_ h: UInt32, _ bytes: [UInt8], _ handles: Int64, _ count: Int64) -> Int64 {
        guard let o = objects[h] else { return fail(.badHandle) }
        guard !o.isPeerClosed, let peer = objects[o.peer] else { return fail(.peerClosed) }
        guard bytes.count <= Limits.messageByteCountMax else { return fail(.invalidArgument) }
        guard peer.queue.count < channelDepth else { return fail(.wouldBlock) }
        var moved: [UInt32] = []
        for i in 0..<Int(count) { moved.append(UnsafePointer<UInt32>(bitPattern: Int(handles))![i]) }
        peer.queue.append((bytes, moved))
        messageCount += 1
        return 0
    }
    private func receive(_ h: UInt32, _ p: Int64, _ capacity: Int64, _ handles: Int64, _ count: Int64) -> Int64 {
        guard let o = objects[h] else { return fail(.badHandle) }
        guard !o.queue.isEmpty else { return fail(o.isPeerClosed ? .peerClosed : .wouldBlock) }
        let m = o.queue.removeFirst()
        for (i, v) in m.0.enumerated() { UnsafeMutablePointer<UInt8>(bitPattern: Int(p))![i] = v }
        for (i, v) in m.1.enumerated() { UnsafeMutablePointer<UInt32>(bitPattern: Int(handles))![i] = v }
        UnsafeMutablePointer<UInt32>(bitPattern: Int(count))!.pointee = UInt32(m.1.count)
        return Int64(m.0.count)
    }
    func close(_ h: UInt32) {
        guard let o = objects.removeValue(forKey: h) else { return }
        subscriptions.removeAll { $0.handle == h }
        objects[o.peer]?.isPeerClosed = true
    }
    /// A bootstrap channel with its message in it.
    func makeBootstrap() -> Handle {
        let (a, b) = channelPair()
        objects[b]!.queue.append((BootstrapMessage(kind: .network).bytes(), [device, 2_000]))
        _ = a
        return Handle(b)
    }
    func rawConnect() throws -> Channel { try System.connect("net") }

    private func signals(_ h: UInt32) -> UInt32 {
        guard let o = objects[h] else { return 0 }
        var s: Signals = []
        switch o.kind {
        case .timer: if let d = o.deadline, d <= now { s.insert(.signaled) }
        case .device:
            if let f = toGuest.first, f.at <= now { s.insert(.readable) }
            if toHost.count < 8 { s.insert(.writable) }
        case .channel, .registration:
            if !o.queue.isEmpty { s.insert(.readable) }
            if o.isPeerClosed { s.insert(.peerClosed) } else if let p = objects[o.peer], p.queue.count < channelDepth { s.insert(.writable) }
        }
        return s.rawValue
    }
    private func deliverOne() -> Bool {
        for k in 0..<subscriptions.count {
            let i = (rotation + k) % subscriptions.count
            let ready = signals(subscriptions[i].handle) & subscriptions[i].wanted
            guard ready != 0 else { continue }
            rotation = i + 1
            reactor.dispatch(subscriptions[i].key, Int32(bitPattern: ready))
            return true
        }
        return false
    }
    private func stepHost() {
        guard let host = farEnd else { return }
        while let f = toHost.first, f.at <= now { toHost.removeFirst(); host.receive(f.frame, now: now) }
        hostDeadline = host.poll(now: now)
        while let f = host.takeFrame() { if !isCableOut { toGuest.append((now + latency, f)) } }
        hostDeadline = host.poll(now: now)
    }
    /// Runs until `done` or `limit` nanoseconds have passed; answers whether it was done.
    @discardableResult
    func run(for limit: UInt64, until done: () -> Bool = { false }) -> Bool {
        let end = now + limit
        var turns = 0
        while true {
            stepHost()
            while deliverOne() {
                turns += 1
                if turns > 2_000_000 { XCTFail("events without end"); return false }
                if turns % 64 == 0 { stepHost() }
            }
            if done() { return true }
            var next: UInt64?
            func at(_ t: UInt64?) { if let t { next = min(next ?? t, t) } }
            for o in objects.values { at(o.deadline) }
            at(toHost.first?.at); at(toGuest.first?.at); at(hostDeadline)
            if farEnd?.isReal == true {
                guard now < end else { return done() }
                now += min(1_000_000, max(1, (next ?? .max) - min(now, next ?? .max)))      // the far end's poll waits as long
                continue
            }
            guard let n = next, n <= end else { now = end; return done() }
            now = max(now + 1, n)
        }
    }
}
