// System calls on handles, channels, services, timers and waiting.

import ABI
import MemoryManager

extension Kernel {
    static let channelRights: Rights = [.send, .receive, .duplicate, .transfer]

    // MARK: Handles

    func callHandleClose(_ p: GuestProcess, _ a: SystemCallArguments) throws(CallStop) -> Int64 {
        guard closeHandle(p, a.a0) else { throw .failed(.badHandle) }
        return 0
    }
    func dropSubscriptions(_ p: GuestProcess, handle: Int64) {
        charge(costs.perItem * UInt64(p.subscriptions.count))
        for i in p.subscriptions.indices.reversed() where p.subscriptions[i].handle == handle { dropSubscription(p, at: i) }
    }
    private func dropSubscription(_ p: GuestProcess, at i: Int) {
        let s = p.subscriptions.remove(at: i)
        if p.rotation > i { p.rotation -= 1 }
        if let o = objects[s.ref] { removeObserver(o, p) }
    }

    // MARK: Channels

    private func makeChannel(_ p: GuestProcess) throws(CallStop) -> (ChannelEnd, ChannelEnd) {
        guard p.charges.objectCount + 2 <= KernelLimits.objectsPerProcessMax, objects.count + 2 <= KernelLimits.objectCountMax else { throw .failed(.limitReached) }
        let x = ChannelEnd(), y = ChannelEnd()
        try enter(x, paidBy: p)
        try enter(y, paidBy: p)
        x.peer = y.ref
        y.peer = x.ref
        return (x, y)
    }
    func callChannelCreate(_ p: GuestProcess, _ a: SystemCallArguments) throws(CallStop) -> Int64 {
        try probe(p, a.a0, 8, write: true)
        guard p.handles.room >= 2 else { throw .failed(.limitReached) }
        let (x, y) = try makeChannel(p)
        let hx = try handle(p, x.ref, Kernel.channelRights), hy = try handle(p, y.ref, Kernel.channelRights)
        try copyOut32(p, [hx, hy], a.a0)
        return 0
    }
    func callSend(_ p: GuestProcess, _ a: SystemCallArguments, _ end: ChannelEnd) throws(CallStop) -> Int64 {
        guard a.a2 >= 0, a.a2 <= Int64(Limits.messageByteCountMax), a.a4 >= 0, a.a4 <= Int64(Limits.messageHandleCountMax) else { throw .failed(.invalidArgument) }
        let bytes = try copyIn(p, a.a1, Int(a.a2))
        let raws = a.a4 > 0 ? try copyIn32(p, a.a3, count: Int(a.a4)) : []
        guard let peer = objects[end.peer] as? ChannelEnd else { throw .failed(.peerClosed) }
        guard peer.depth < Limits.channelDepthMax else { throw .failed(.wouldBlock) }
        try checkTransfer(p, raws, end)
        let payer = end.isAnswering ? objects[end.payer] as? GuestProcess ?? p : p
        var m = Message(bytes: bytes, handles: [], payer: payer.ref)
        guard payer.charges.queuedByteCount + m.cost + 32 * raws.count <= KernelLimits.queuedBytesPerProcessMax else { throw .failed(.limitReached) }
        for raw in raws {
            dropSubscriptions(p, handle: Int64(raw))
            if let entry = p.handles.remove(Int64(raw)) { m.handles.append(entry) }
        }
        push(m, to: peer, from: end)
        p.record.messagesSent += 1
        p.record.bytesSent += UInt64(bytes.count)
        return 0
    }
    private func checkTransfer(_ p: GuestProcess, _ raws: [UInt32], _ end: ChannelEnd) throws(CallStop) {
        for (i, raw) in raws.enumerated() {
            guard let entry = p.handles.lookup(Int64(raw)) else { throw .failed(.badHandle) }
            guard entry.rights.contains(.transfer) else { throw .failed(.accessDenied) }
            // A channel inside itself would never be freed.
            if entry.ref == end.ref || entry.ref == end.peer { throw .failed(.invalidArgument) }
            for j in 0..<i where raws[j] == raw { throw .failed(.invalidArgument) }
        }
    }
    private func push(_ m: Message, to peer: ChannelEnd, from end: ChannelEnd) {
        peer.push(m)
        queuedHandleCount += m.handles.count
        (objects[m.payer] as? GuestProcess)?.charges.queuedByteCount += m.cost
        counters.messages += 1
        if peer.depth >= Limits.channelDepthMax { setSignals(end, .writable, false) }
        setSignals(peer, .readable, true)
    }
    func callReceive(_ p: GuestProcess, _ a: SystemCallArguments, _ end: ChannelEnd) throws(CallStop) -> Int64 {
        guard let m = end.messages.first else { throw .failed(objects[end.peer] == nil ? .peerClosed : .wouldBlock) }
        guard a.a2 >= Int64(m.bytes.count) else { throw .failed(.bufferTooSmall) }
        guard p.handles.room >= m.handles.count else { throw .failed(.limitReached) }
        try probe(p, a.a1, m.bytes.count, write: true)
        try probe(p, a.a3, m.handles.count * 4, write: true)
        try probe(p, a.a4, 4, write: true)
        unqueue(end.pop())
        p.record.messagesReceived += 1
        p.record.bytesReceived += UInt64(m.bytes.count)
        let raws = m.handles.map { $0.ref == .none ? 0 : p.handles.insert($0) ?? 0 }
        try copyOut(p, m.bytes, a.a1)
        try copyOut32(p, raws, a.a3)
        try copyOut32(p, [UInt32(raws.count)], a.a4)
        if end.depth == 0 { setSignals(end, .readable, false) }
        if let peer = objects[end.peer] { setSignals(peer, .writable, true) }
        return Int64(m.bytes.count)
    }

    // MARK: Services

    private func findService(_ name: [UInt8]) -> ChannelEnd? {
        services.first { $0.name == name }.flatMap { objects[$0.end] as? ChannelEnd }
    }
    func callServiceRegister(_ p: GuestProcess, _ a: SystemCallArguments) throws(CallStop) -> Int64 {
        let name = try copyInName(p, a.a1, a.a2)
        if findService(name) != nil { throw .failed(.alreadyExists) }
        guard p.handles.hasRoom, services.count < KernelLimits.serviceCountMax else { throw .failed(.limitReached) }
        let (server, kernelEnd) = try makeChannel(p)
        retain(kernelEnd.ref)
        services.append(Service(name: name, end: kernelEnd.ref))
        return Int64(try handle(p, server.ref, [.receive, .duplicate, .transfer]))
    }
    func callServiceConnect(_ p: GuestProcess, _ a: SystemCallArguments) throws(CallStop) -> Int64 {
        let name = try copyInName(p, a.a0, a.a1)
        guard let end = findService(name), let server = objects[end.peer] as? ChannelEnd else { throw .failed(.notFound) }
        guard p.handles.hasRoom else { throw .failed(.limitReached) }
        guard server.depth < Limits.channelDepthMax else { throw .failed(.wouldBlock) }
        guard p.charges.queuedByteCount < KernelLimits.queuedBytesPerProcessMax else { throw .failed(.limitReached) }
        let (client, endpoint) = try makeChannel(p)
        endpoint.isAnswering = true
        retain(endpoint.ref)
        push(Message(bytes: [], handles: [HandleEntry(ref: endpoint.ref, rights: Kernel.channelRights)], payer: p.ref), to: server, from: end)
        return Int64(try handle(p, client.ref, Kernel.channelRights))
    }

    // MARK: Time and waiting

    func callTimerSet(_ a: SystemCallArguments, _ t: TimerObject) -> Int64 {
        if let key = t.entry { timers.remove(key) }
        t.entry = nil
        setSignals(t, .signaled, false)
        if a.a1 >= 0 { t.entry = timers.add(UInt64(a.a1), .timer(t.ref)) }
        return 0
    }
    /// Waiting needs some right to look at the object.
    private func observable(_ p: GuestProcess, _ handle: Int64) throws(CallStop) -> KernelObject {
        guard let entry = p.handles.lookup(handle), let o = objects[entry.ref] else { throw .failed(.badHandle) }
        guard !entry.rights.isDisjoint(with: [.read, .receive, .send]) else { throw .failed(.accessDenied) }
        return o
    }
    func callWaitMany(_ p: GuestProcess, _ a: SystemCallArguments) throws(CallStop) -> Int64 {
        guard a.a1 >= 0, a.a1 <= Int64(KernelLimits.waitItemCountMax) else { throw .failed(.invalidArgument) }
        let count = Int(a.a1)
        charge(4 * costs.perItem * UInt64(count))
        var words = try copyIn32(p, a.a0, count: count * 3)
        try probe(p, a.a0, count * WaitItem.byteCount, write: true)
        var watched: [KernelObject] = []
        var readyCount: Int64 = 0
        for i in 0..<count {
            let o = try observable(p, Int64(words[i * 3]))
            let hit = o.signals.intersection(Signals(rawValue: words[i * 3 + 1]))
            words[i * 3 + 2] = hit.rawValue
            if !hit.isEmpty { readyCount += 1 }
            watched.append(o)
        }
        if readyCount > 0 || (a.a2 >= 0 && UInt64(a.a2) <= hal.nowNanoseconds) {
            try copyOut32(p, words, a.a0)
            return readyCount
        }
        for o in watched {
            o.observers.append(p.ref)
            p.waits.append(o.ref)
        }
        if a.a2 >= 0 { p.waitTimer = timers.add(UInt64(a.a2), .wait(p.ref)) }
        throw .blocked
    }
    func callSubscribe(_ p: GuestProcess, _ a: SystemCallArguments) throws(CallStop) -> Int64 {
        let o = try observable(p, a.a0)
        let signals = Signals(rawValue: UInt32(truncatingIfNeeded: a.a2))
        charge(costs.perItem * UInt64(p.subscriptions.count))
        let existing = p.subscriptions.firstIndex { $0.handle == a.a0 && $0.key == a.a1 }
        if signals.isEmpty {
            guard let i = existing else { throw .failed(.notFound) }
            dropSubscription(p, at: i)
            return 0
        }
        if let i = existing {
            p.subscriptions[i].signals = signals
            return 0
        }
        guard p.subscriptions.count < KernelLimits.subscriptionCountMax else { throw .failed(.limitReached) }
        p.subscriptions.append(Subscription(handle: a.a0, ref: o.ref, key: a.a1, signals: signals))
        o.observers.append(p.ref)
        return 0
    }
}
