// The network service: joins the device, the stack and the clients. Everything happens in `work`, which runs after
// every event: time to the stack, frames to the device, news to the clients, and the timer to the next deadline.

import ABI
import NetStack
import Runtime

public final class NetworkService {
    public static let serviceName = "net"
    private static let framesPerEvent = 64, messagesPerEvent = 32, roundsMax = 32
    /// How long a client's wish waits for the machine to get an address.
    private static let patience: UInt64 = 20_000_000_000

    private struct ResolveRequest { var lookup: UInt32, session: UInt32, request: UInt32 }
    private let reactor: Reactor
    private let device: NetworkDevice
    private let stack: NetworkStack
    private let registration: Channel
    private var sessions: [ClientSession] = []
    private var watches: [(session: UInt32, messages: Reactor.Token, writable: Reactor.Token?)] = []
    private var resolves: [ResolveRequest] = []
    private var nextSession: UInt32 = 1
    private let timer: Handle
    private var timerDeadline: UInt64?
    private var unsent: [UInt8]?
    private var deviceWritable: Reactor.Token?
    private var announced: IPv4Configuration?

    /// Takes the device and registers the service.
    public init(device handle: Handle, system: Handle, reactor: Reactor = .main) throws(SystemError) {
        self.reactor = reactor
        device = NetworkDevice(handle)
        stack = NetworkStack(NetworkStackParameters(hardwareAddress: device.hardwareAddress, seed: System.random64()))
        registration = try System.register(NetworkService.serviceName, system: system)
        timer = Handle(UInt32(truncatingIfNeeded: max(0, rawSystemCall(.timerCreate))))
        if timer.isNone { throw .limitReached }
    }
    public func start() {
        reactor.watch(device.handle, .readable) { [self] _ in receiveFrames() }
        reactor.watch(timer, .signaled) { [self] _ in
            timerDeadline = nil
            _ = rawSystemCall(.timerSet, Int64(timer.raw), -1)
            work()
        }
        reactor.watch(registration.handle, .readable) { [self] _ in acceptClients() }
        work()
    }

    // MARK: the turn

    private func receiveFrames() {
        let now = System.now
        for _ in 0..<NetworkService.framesPerEvent {
            guard let f = device.receive() else { break }
            stack.receive(f, now: now)
        }
        work()
    }
    private func work() {
        let now = System.now
        var deadline: UInt64?
        for _ in 0..<NetworkService.roundsMax {
            deadline = stack.poll(now: now)
            let sentAll = sendFrames()
            if deliver(now) == false && (stack.outgoingCount == 0 || !sentAll) { break }
        }
        for s in sessions { if let t = s.expireWaiting(now, patience: NetworkService.patience) { deadline = min(deadline ?? t, t) } }
        endBroken(now)
        updateWritableWatches()
        setTimer(deadline)
    }
    /// False when the device is full: its `writable` will call again.
    private func sendFrames() -> Bool {
        while let f = unsent ?? stack.takeFrame() {
            unsent = nil
            if device.send(f) == .full {
                unsent = f
                if deviceWritable == nil { deviceWritable = reactor.watch(device.handle, .writable) { [self] _ in work() } }
                return false
            }
        }
        if let t = deviceWritable { reactor.unwatch(t); deviceWritable = nil }
        return true
    }
    /// Tells clients what is new; false when nothing was.
    private func deliver(_ now: UInt64) -> Bool {
        var isNew = false
        if stack.configuration != announced { isNew = true; configurationChanged(now) }
        for r in stack.takeResolutions() { isNew = true; resolved(r.id, r.answer, now) }
        for socket in stack.takeChanged() {
            for s in sessions {
                guard let i = s.index(socket: socket) else { continue }
                isNew = true
                s.pump(i, now)
                break
            }
        }
        return isNew
    }
    private func configurationChanged(_ now: UInt64) {
        announced = stack.configuration
        if let c = announced { System.log("net: address " + c.address.text + " gateway " + c.gateway.text + " name server " + c.nameServer.text) } else { System.log("net: address lost") }
        for s in sessions {
            s.postStatus(status, request: 0)
            s.startWaiting(now)
        }
    }
    private func resolved(_ lookup: UInt32, _ answer: Result<[IPv4Address], DNSFailure>, _ now: UInt64) {
        if let k = resolves.firstIndex(where: { $0.lookup == lookup }) {
            let r = resolves.remove(at: k)
            sessions.first { $0.number == r.session }?.postResolved(r.request, answer)
            return
        }
        for s in sessions { if let i = s.index(lookup: lookup) { s.resolved(i, answer, now); return } }
    }
    private func setTimer(_ deadline: UInt64?) {
        guard deadline != timerDeadline else { return }
        timerDeadline = deadline
        _ = rawSystemCall(.timerSet, Int64(timer.raw), deadline.map { Int64(truncatingIfNeeded: min($0, 1 << 62)) } ?? -1)
    }
    public var status: NetworkStatus {
        var s = NetworkStatus()
        if let c = stack.configuration {
            s.isConfigured = true
            s.address = c.address.raw; s.mask = c.mask.raw; s.gateway = c.gateway.raw; s.nameServer = c.nameServer.raw
        }
        s.hardwareAddress = device.hardwareAddress.raw
        s.framesReceived = stack.counters.framesReceived; s.framesSent = stack.counters.framesSent; s.framesDropped = stack.counters.framesDropped
        s.bytesReceived = stack.counters.bytesReceived; s.bytesSent = stack.counters.bytesSent
        s.segmentsRetransmitted = stack.counters.segmentsRetransmitted
        s.connectionsOpen = UInt32(stack.connectionCount)
        return s
    }

    // MARK: clients

    private func acceptClients() {
        while let message = (try? registration.receive()) ?? nil {
            for h in message.handles { addClient(Channel(h)) }
        }
    }
    private func addClient(_ channel: Channel) {
        let session = ClientSession(number: nextSession, channel: channel, stack: stack)
        nextSession &+= 1
        sessions.append(session)
        let token = reactor.watch(channel.handle, [.readable, .peerClosed]) { [self] _ in receiveMessages(session) }
        watches.append((session.number, token, nil))
        session.postStatus(status, request: 0)
    }
    private func receiveMessages(_ session: ClientSession) {
        let now = System.now
        for _ in 0..<NetworkService.messagesPerEvent where !session.isBroken {
            do throws(SystemError) {
                guard let m = try session.channel.receive() else { break }
                for h in m.handles { h.close() }
                handle(m.bytes, session, now)
            } catch { session.breakOff() }
        }
        if !session.isBroken { session.pumpAll(now) }
        work()
    }
    private func handle(_ bytes: [UInt8], _ session: ClientSession, _ now: UInt64) {
        var r = ByteReader(bytes)
        guard let header = NetworkHeader.parse(&r), let kind = NetworkRequestKind(rawValue: header.kind) else { session.breakOff(); return }
        switch kind {
        case .resolve: resolve(r.string() ?? "", header.id, session, now)
        case .connect:
            guard let port = r.u16(), let host = r.string() else { session.breakOff(); return }
            session.open(id: header.id, host: host, port: port, now: now)
        case .data: session.data(header.id, r.rest())
        case .finish: session.finish(header.id)
        case .abort: session.abort(header.id, now)
        case .release: session.release(header.id, now)
        case .credit: session.credit(header.id, r.u32() ?? 0)
        case .status: session.postStatus(status, request: header.id)
        }
    }
    private func resolve(_ host: String, _ request: UInt32, _ session: ClientSession, _ now: UInt64) {
        if let a = IPv4Address(text: host) { session.postResolved(request, .success([a])); return }
        guard stack.configuration != nil else { session.postResolveFailure(request, .notConfigured); return }
        guard resolves.count < 256 else { session.postResolveFailure(request, .limitReached); return }
        resolves.append(ResolveRequest(lookup: stack.resolve(host, now: now), session: session.number, request: request))
    }
    private func endBroken(_ now: UInt64) {
        var any = false
        for s in sessions where s.isBroken {
            any = true
            s.abortAll(now)
            let gone = resolves.filter { $0.session == s.number }
            for r in gone { stack.cancelResolution(r.lookup) }
            resolves.removeAll { $0.session == s.number }
            if let k = watches.firstIndex(where: { $0.session == s.number }) {
                reactor.unwatch(watches[k].messages)
                if let t = watches[k].writable { reactor.unwatch(t) }
                watches.remove(at: k)
            }
            s.channel.close()
        }
        guard any else { return }
        sessions.removeAll { $0.isBroken }
        _ = stack.poll(now: now)            // the resets
        _ = sendFrames()
    }
    /// A client whose channel is full is watched for room; its data waits in TCP's buffer meanwhile.
    private func updateWritableWatches() {
        for (k, w) in watches.enumerated() {
            guard let s = sessions.first(where: { $0.number == w.session }) else { continue }
            if s.isBlocked && w.writable == nil {
                watches[k].writable = reactor.watch(s.channel.handle, .writable) { [self] _ in
                    s.flush()
                    s.pumpAll(System.now)
                    work()
                }
            } else if !s.isBlocked, let t = w.writable {
                reactor.unwatch(t)
                watches[k].writable = nil
            }
        }
    }
}
