// One client of the service: its channel, its streams, the replies the channel had no room for. A client that breaks
// the protocol (malformed message, more data than granted, too many unread replies) is disconnected; when a client is
// gone all its streams are reset.

import ABI
import NetStack
import Runtime

final class ClientSession {
    private static let outboxMax = 1024
    let number: UInt32
    let channel: Channel
    private let stack: NetworkStack
    private(set) var streams: [ServiceStream] = []
    private var outbox: [[UInt8]] = []
    private var outboxOffset = 0
    /// The service ends it at the next opportunity.
    private(set) var isBroken = false
    var isBlocked: Bool { outboxOffset < outbox.count }

    init(number: UInt32, channel: Channel, stack: NetworkStack) { self.number = number; self.channel = channel; self.stack = stack }

    // MARK: messages out

    func post(_ message: [UInt8]) {
        guard !isBroken else { return }
        outbox.append(message)
        flush()
        if outbox.count - outboxOffset > ClientSession.outboxMax { isBroken = true }
    }
    func flush() {
        while outboxOffset < outbox.count {
            do throws(SystemError) { try channel.send(outbox[outboxOffset]) } catch {
                if error != .wouldBlock { isBroken = true; outboxOffset = outbox.count }
                break
            }
            outboxOffset += 1
        }
        if outboxOffset == outbox.count { outbox.removeAll(keepingCapacity: true); outboxOffset = 0 }
    }
    func postStatus(_ status: NetworkStatus, request: UInt32) {
        var w = ByteWriter(reply: .status, request)
        status.emit(&w)
        post(w.bytes)
    }
    func postResolved(_ request: UInt32, _ answer: Result<[IPv4Address], DNSFailure>) {
        switch answer {
        case .failure(let f): postResolveFailure(request, NetworkError(f))
        case .success(let list):
            var w = ByteWriter(reply: .resolved, request)
            w.u8(0)
            w.u8(UInt8(min(list.count, 16)))
            for a in list.prefix(16) { w.u32(a.raw) }
            post(w.bytes)
        }
    }
    func postResolveFailure(_ request: UInt32, _ error: NetworkError) {
        var w = ByteWriter(reply: .resolved, request)
        w.u8(error.rawValue)
        w.u8(0)
        post(w.bytes)
    }

    // MARK: streams

    func index(of id: UInt32) -> Int? { streams.firstIndex { $0.id == id } }
    func index(lookup: UInt32) -> Int? {
        streams.firstIndex {
            if case .resolving(let l) = $0.phase { return l == lookup }
            return false
        }
    }
    func index(socket: SocketID) -> Int? { streams.firstIndex { $0.socket == socket } }
    func breakOff() { isBroken = true }

    func open(id: UInt32, host: String, port: UInt16, now: UInt64) {
        guard index(of: id) == nil else { isBroken = true; return }
        guard streams.count < NetworkLimits.streamsPerClientMax else { postFailure(id, .limitReached); return }
        guard !host.isEmpty, host.utf8.count <= NetworkLimits.hostByteCountMax, port != 0 else { postFailure(id, .invalidHost); return }
        streams.append(ServiceStream(id: id, host: host, port: port, phase: .waitingForNetwork(since: now)))
        start(streams.count - 1, now)
    }
    /// Moves a waiting stream on once there is an address.
    func start(_ i: Int, _ now: UInt64) {
        guard stack.configuration != nil, case .waitingForNetwork = streams[i].phase else { return }
        if let address = IPv4Address(text: streams[i].host) {
            connect(i, address, now)
        } else {
            streams[i].phase = .resolving(lookup: stack.resolve(streams[i].host, now: now))
        }
    }
    func startWaiting(_ now: UInt64) {
        var i = 0
        while i < streams.count {
            let count = streams.count
            start(i, now)
            if streams.count == count { i += 1 }
        }
    }
    /// Streams that have waited too long for an address fail; answers when the next one will have.
    func expireWaiting(_ now: UInt64, patience: UInt64) -> UInt64? {
        var next: UInt64?
        for s in streams {
            guard case .waitingForNetwork(let since) = s.phase else { continue }
            if now >= since + patience { fail(s.id, .notConfigured) } else { next = min(next ?? .max, since + patience) }
        }
        return next
    }
    func resolved(_ i: Int, _ answer: Result<[IPv4Address], DNSFailure>, _ now: UInt64) {
        switch answer {
        case .failure(let f): fail(streams[i].id, NetworkError(f))
        case .success(let list):
            if let first = list.first { connect(i, first, now) } else { fail(streams[i].id, .nameNotFound) }
        }
    }
    private func connect(_ i: Int, _ address: IPv4Address, _ now: UInt64) {
        do throws(SocketError) {
            streams[i].phase = .opened(try stack.connect(to: address, port: streams[i].port, now: now))
        } catch {
            fail(streams[i].id, NetworkError(error))
        }
    }
    private func fail(_ id: UInt32, _ error: NetworkError) {
        if let i = index(of: id) { streams.remove(at: i) }
        postFailure(id, error)
    }
    private func postFailure(_ id: UInt32, _ error: NetworkError) {
        var w = ByteWriter(reply: .failed, id)
        w.u8(error.rawValue)
        post(w.bytes)
    }
    /// The client resets the stream.
    func abort(_ id: UInt32, _ now: UInt64) {
        guard let i = index(of: id) else { return }
        drop(streams.remove(at: i), now)
    }
    /// The client wants no more of the stream; what it sent is still delivered.
    func release(_ id: UInt32, _ now: UInt64) {
        guard let i = index(of: id) else { return }
        if streams[i].pending.isEmpty {
            let s = streams.remove(at: i)
            if let socket = s.socket { stack.release(socket, now: now) } else { drop(s, now) }
        } else {
            streams[i].isReleased = true        // when TCP has taken the rest
        }
    }
    func abortAll(_ now: UInt64) {
        for s in streams { drop(s, now) }
        streams = []
    }
    private func drop(_ s: ServiceStream, _ now: UInt64) {
        switch s.phase {
        case .waitingForNetwork: break
        case .resolving(let lookup): stack.cancelResolution(lookup)
        case .opened(let socket): stack.abort(socket); stack.release(socket, now: now)
        }
    }
    func data(_ id: UInt32, _ bytes: [UInt8]) {
        guard let i = index(of: id) else { return }         // ended meanwhile
        if !streams[i].take(bytes) { isBroken = true }
    }
    func finish(_ id: UInt32) { if let i = index(of: id) { streams[i].wantsFinish = true } }
    func credit(_ id: UInt32, _ byteCount: UInt32) {
        guard let i = index(of: id) else { return }
        streams[i].clientCredit = min(streams[i].clientCredit + Int(min(byteCount, 1 << 20)), NetworkLimits.streamCreditByteCount)
    }

    // MARK: moving bytes

    func pumpAll(_ now: UInt64) {
        var i = 0
        while i < streams.count {
            let id = streams[i].id
            pump(i, now)
            if i < streams.count, streams[i].id == id { i += 1 }
        }
    }
    /// Everything that can move on one stream, both ways; removes it when it is over.
    func pump(_ i: Int, _ now: UInt64) {
        guard let socket = streams[i].socket, let before = stack.status(socket) else { return }
        sendToPeer(i, socket)
        if streams[i].isReleased {
            guard streams[i].pending.isEmpty || before.isEnded else { return }
            streams.remove(at: i)
            stack.release(socket, now: now)
            return
        }
        if before.isConnected && !streams[i].toldConnected {
            streams[i].toldConnected = true
            post(ByteWriter(reply: .connected, streams[i].id).bytes)
        }
        sendToClient(i, socket)
        guard let s = stack.status(socket), s.readableByteCount == 0 else { return }
        if s.hasPeerFinished && !streams[i].toldFinished {
            streams[i].toldFinished = true
            post(ByteWriter(reply: .finished, streams[i].id).bytes)
        }
        guard s.isEnded else { return }
        let id = streams.remove(at: i).id
        if let f = s.failure { postFailure(id, NetworkError(f)) } else { post(ByteWriter(reply: .closed, id).bytes) }
        stack.release(socket, now: now)
    }
    private func sendToPeer(_ i: Int, _ socket: SocketID) {
        let n = stack.send(socket, streams[i].pending, from: streams[i].pendingOffset)
        streams[i].pendingOffset += n
        streams[i].owedCredit += n
        let isEmpty = streams[i].pendingOffset == streams[i].pending.count
        if isEmpty { streams[i].pending = []; streams[i].pendingOffset = 0 }
        if streams[i].owedCredit >= NetworkLimits.streamCreditByteCount / 8 {
            var w = ByteWriter(reply: .credit, streams[i].id)
            w.u32(UInt32(streams[i].owedCredit))
            streams[i].outstandingCredit += streams[i].owedCredit
            streams[i].owedCredit = 0
            post(w.bytes)
        }
        if streams[i].wantsFinish && isEmpty && !streams[i].didFinish {
            streams[i].didFinish = true
            stack.finish(socket)
        }
    }
    private func sendToClient(_ i: Int, _ socket: SocketID) {
        while !isBlocked && !isBroken && streams[i].clientCredit > 0 {
            let header = ByteWriter(reply: .data, streams[i].id).bytes
            let message = stack.receive(socket, max: min(streams[i].clientCredit, NetworkLimits.dataByteCountMax), after: header)
            if message.isEmpty { return }
            streams[i].clientCredit -= message.count - header.count
            post(message)
        }
    }
}
