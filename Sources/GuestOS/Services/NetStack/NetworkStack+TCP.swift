// TCP sockets of the stack: the table of connections, listeners, demultiplexing, resets for strangers.
//
// Invariant: `tuples[i]` is the key of `connections[i]`, or free when there is no connection.

/// Names one socket of a stack for its whole life; a reused slot has another generation.
public struct SocketID: Hashable, Sendable {
    public let slot: UInt16, generation: UInt16
}

/// What a socket's owner may want to know, in one value.
public struct SocketStatus: Sendable {
    public var state: TCPState
    public var failure: TCPFailure?
    public var isConnected: Bool
    public var readableByteCount: Int, sendRoom: Int
    /// The peer sends no more; what is readable is the rest.
    public var hasPeerFinished: Bool
    /// Everything is over: both sides finished, or it failed.
    public var isEnded: Bool
    public var remote: IPv4Address, remotePort: UInt16
}

public enum SocketError: UInt8, Error, Sendable { case notConfigured, tableFull, unreachable, portInUse }

struct TCPTuple: Equatable {
    var remote: IPv4Address, remotePort: UInt16, localPort: UInt16
    static let free = TCPTuple(remote: .any, remotePort: 0, localPort: 0)
}
struct TCPSlot {
    var generation: UInt16 = 0
    var connection: TCPConnection?
    var isReleased = false, isInChanged = false
    /// Port of the listener that has not handed it out yet.
    var listenerPort: UInt16?
    var countedRetransmissions: UInt64 = 0, countedOutside: UInt64 = 0, countedReassembly: UInt64 = 0
}
struct TCPListener {
    var port: UInt16, backlog: Int
    var ready: [SocketID] = []
    var pending = 0
}

extension NetworkStack {
    // MARK: user calls

    public func connect(to remote: IPv4Address, port: UInt16, now: UInt64) throws(SocketError) -> SocketID {
        guard let c = configuration else { throw .notConfigured }
        guard nextHop(remote, c) != nil, port != 0 else { throw .unreachable }
        guard let local = ephemeralPort(remote, port) else { throw .tableFull }
        let connection = TCPConnection(connectTo: remote, port: port, localPort: local, initialSequence: random.next32(), parameters: parameters.tcp, now: now)
        guard let id = insert(connection) else { throw .tableFull }
        return id
    }
    public func listen(port: UInt16, backlog: Int = 16) throws(SocketError) {
        guard port != 0, !listeners.contains(where: { $0.port == port }) else { throw .portInUse }
        listeners.append(TCPListener(port: port, backlog: backlog))
    }
    /// The next established connection of a listener.
    public func accept(port: UInt16) -> SocketID? {
        guard let i = listeners.firstIndex(where: { $0.port == port }), !listeners[i].ready.isEmpty else { return nil }
        let id = listeners[i].ready.removeFirst()
        connections[Int(id.slot)].listenerPort = nil
        return id
    }
    /// Takes what there is room for of `bytes` from `start`; answers how many bytes.
    public func send(_ id: SocketID, _ bytes: [UInt8], from start: Int = 0) -> Int {
        guard let i = index(id) else { return 0 }
        return connections[i].connection!.write(bytes, from: start)
    }
    public func receive(_ id: SocketID, max byteCount: Int) -> [UInt8] {
        guard let i = index(id) else { return [] }
        return connections[i].connection!.read(max: byteCount)
    }
    /// The same behind a prefix: a message with its header in one copy. Empty when nothing is readable.
    public func receive(_ id: SocketID, max byteCount: Int, after prefix: [UInt8]) -> [UInt8] {
        guard let i = index(id), connections[i].connection!.readableByteCount > 0, byteCount > 0 else { return [] }
        return connections[i].connection!.read(max: byteCount, after: prefix)
    }
    /// No more data from us; what was sent is still delivered.
    public func finish(_ id: SocketID) { if let i = index(id) { connections[i].connection!.finish() } }
    /// Resets.
    public func abort(_ id: SocketID) { if let i = index(id) { connections[i].connection!.abort() } }
    /// The owner forgets the socket: it is closed politely when all was read, else reset; its slot is freed after.
    public func release(_ id: SocketID, now: UInt64) {
        guard let i = index(id) else { return }
        connections[i].isReleased = true
        connections[i].connection!.orphan(now: now)
    }
    /// nil when the socket is no more.
    public func status(_ id: SocketID) -> SocketStatus? {
        guard let i = index(id), let c = connections[i].connection else { return nil }
        return SocketStatus(state: c.state, failure: c.failure, isConnected: c.isConnected, readableByteCount: c.readableByteCount, sendRoom: c.sendRoom,
                            hasPeerFinished: c.hasPeerFinished, isEnded: c.state == .closed || c.state == .timeWait, remote: c.remote, remotePort: c.remotePort)
    }
    /// Sockets whose status changed since the last call, each once, in order.
    public func takeChanged() -> [SocketID] {
        let list = changed
        changed = []
        for id in list where connections[Int(id.slot)].generation == id.generation { connections[Int(id.slot)].isInChanged = false }
        return list
    }
    public var connectionCount: Int { connections.reduce(0) { $0 + ($1.connection == nil ? 0 : 1) } }

    // MARK: table

    private func index(_ id: SocketID) -> Int? {
        let i = Int(id.slot)
        guard i < connections.count, connections[i].generation == id.generation, connections[i].connection != nil, !connections[i].isReleased else { return nil }
        return i
    }
    private func insert(_ c: TCPConnection) -> SocketID? {
        var i = connections.firstIndex { $0.connection == nil }
        if i == nil {
            i = connections.firstIndex { $0.isReleased && $0.connection?.state == .timeWait }       // the cheapest to lose
            if let victim = i { free(victim) }
        }
        if i == nil, connections.count < parameters.connectionsMax {
            connections.append(TCPSlot())
            tuples.append(.free)
            i = connections.count - 1
        }
        guard let slot = i else { return nil }
        let generation = connections[slot].generation &+ 1
        connections[slot] = TCPSlot(generation: generation, connection: c)
        tuples[slot] = TCPTuple(remote: c.remote, remotePort: c.remotePort, localPort: c.localPort)
        return SocketID(slot: UInt16(slot), generation: generation)
    }
    private func free(_ i: Int) {
        countRetransmissions(i)
        connections[i].connection = nil
        tuples[i] = .free
    }
    private func find(_ t: TCPTuple) -> Int? { tuples.firstIndex(of: t) }
    private func ephemeralPort(_ remote: IPv4Address, _ port: UInt16) -> UInt16? {
        for _ in 0..<16384 {
            nextPort = nextPort == 65535 ? 49152 : nextPort + 1
            if find(TCPTuple(remote: remote, remotePort: port, localPort: nextPort)) == nil { return nextPort }
        }
        return nil
    }
    private func countRetransmissions(_ i: Int) {
        guard let c = connections[i].connection else { return }
        counters.segmentsRetransmitted += c.retransmissions - connections[i].countedRetransmissions
        connections[i].countedRetransmissions = c.retransmissions
        for _ in connections[i].countedOutside..<c.droppedOutOfWindow { counters.drop(.tcpOutOfWindow) }
        connections[i].countedOutside = c.droppedOutOfWindow
        for _ in connections[i].countedReassembly..<c.droppedReassembly { counters.drop(.tcpReassemblyFull) }
        connections[i].countedReassembly = c.droppedReassembly
    }

    // MARK: arrival

    func receiveTCP(_ h: IPv4Header, _ v: PacketView, _ now: UInt64) {
        let header: TCPHeader, payload: PacketView
        do throws(TCPHeader.Fault) { (header, payload) = try TCPHeader.parse(v, h.source, h.destination) } catch {
            counters.drop(error == .badChecksum ? .tcpChecksum : .tcpMalformed)
            return
        }
        if let i = find(TCPTuple(remote: h.source, remotePort: header.sourcePort, localPort: header.destinationPort)) {
            if restartsTimeWait(i, header) { free(i) } else {
                connections[i].connection!.segmentArrived(header, payload, now: now)
                noteNews(i)
                return
            }
        }
        if let l = listeners.firstIndex(where: { $0.port == header.destinationPort }), header.flags.intersection([.syn, .ack, .rst]) == .syn {
            arrivedAtListener(l, header, h.source, now)
        } else {
            counters.drop(.tcpNoConnection)
            resetStranger(header, payload.count, h.source, now)
        }
    }
    /// RFC 9293 §3.10.7.4: a new SYN with a higher number may take over a connection in TIME-WAIT.
    private func restartsTimeWait(_ i: Int, _ h: TCPHeader) -> Bool {
        guard let c = connections[i].connection, c.state == .timeWait, connections[i].isReleased else { return false }
        return h.flags.intersection([.syn, .ack, .rst]) == .syn && h.sequence > c.receiveNext
    }
    private func arrivedAtListener(_ l: Int, _ h: TCPHeader, _ source: IPv4Address, _ now: UInt64) {
        guard listeners[l].pending + listeners[l].ready.count < listeners[l].backlog else { counters.drop(.tcpBacklogFull); return }
        let c = TCPConnection(accepting: h, from: source, initialSequence: random.next32(), parameters: parameters.tcp, now: now)
        guard let id = insert(c) else { counters.drop(.tcpBacklogFull); return }
        listeners[l].pending += 1
        connections[Int(id.slot)].listenerPort = listeners[l].port
    }
    /// RFC 9293 §3.10.7.1.
    private func resetStranger(_ h: TCPHeader, _ payloadByteCount: Int, _ source: IPv4Address, _ now: UInt64) {
        guard !h.flags.contains(.rst) else { return }
        var r = TCPHeader()
        r.sourcePort = h.destinationPort; r.destinationPort = h.sourcePort
        if h.flags.contains(.ack) {
            r.sequence = h.acknowledgment
            r.flags = .rst
        } else {
            r.acknowledgment = h.sequence + payloadByteCount + (h.flags.contains(.syn) ? 1 : 0) + (h.flags.contains(.fin) ? 1 : 0)
            r.flags = [.rst, .ack]
        }
        emitTCP(r, from: nil, 0, 0, to: source, now)
    }
    func connectionUnreachable(localPort: UInt16, remote: IPv4Address, remotePort: UInt16, _ why: TCPFailure) {
        guard let i = find(TCPTuple(remote: remote, remotePort: remotePort, localPort: localPort)) else { return }
        connections[i].connection!.unreachable(why)
        noteNews(i)
    }
    /// Nobody answered for this neighbour: connections that open through it fail.
    func neighbourFailed(_ a: IPv4Address) {
        guard let c = configuration else { return }
        for i in connections.indices where connections[i].connection != nil && nextHop(tuples[i].remote, c) == a {
            connections[i].connection!.unreachable(.unreachable)
            noteNews(i)
        }
    }
    func resetAllConnections() {
        for i in connections.indices where connections[i].connection != nil {
            connections[i].connection!.close(.unreachable)
            noteNews(i)
        }
    }
    /// Reports a change to the owner, or hands a finished opening to its listener.
    private func noteNews(_ i: Int) {
        guard let c = connections[i].connection, c.hasNews else { return }
        connections[i].connection!.hasNews = false
        let id = SocketID(slot: UInt16(i), generation: connections[i].generation)
        if let port = connections[i].listenerPort { openedAtListener(port, id, c); }
        guard !connections[i].isInChanged, !connections[i].isReleased else { return }
        connections[i].isInChanged = true
        changed.append(id)
    }
    private func openedAtListener(_ port: UInt16, _ id: SocketID, _ c: TCPConnection) {
        guard let l = listeners.firstIndex(where: { $0.port == port }), !listeners[l].ready.contains(id) else { return }
        if c.isConnected {
            listeners[l].pending -= 1
            listeners[l].ready.append(id)
        } else if c.state == .closed {
            listeners[l].pending -= 1
            connections[Int(id.slot)].isReleased = true
        }
    }

    // MARK: output

    func pollTCP(_ now: UInt64) -> UInt64? {
        var d: UInt64?
        for i in connections.indices where connections[i].connection != nil {
            connections[i].connection!.timersExpired(now)
            while outgoingCount < NetworkStack.outgoingHigh, let out = connections[i].connection!.nextSegment(now) {
                emitTCP(out.header, from: i, out.queueOffset, out.payloadByteCount, to: tuples[i].remote, now)
            }
            countRetransmissions(i)
            noteNews(i)
            d = earlier(d, connections[i].connection!.deadline)
            if connections[i].isReleased, connections[i].connection!.state == .closed, connections[i].connection!.resetIsDue == nil { free(i) }
        }
        return d
    }
    private func emitTCP(_ h: TCPHeader, from slot: Int?, _ offset: Int, _ byteCount: Int, to remote: IPv4Address, _ now: UInt64) {
        guard let c = configuration else { return }
        var frame = packetBuffer(h.byteCount + byteCount)
        if let slot { connections[slot].connection!.sendQueue.copy(offset, byteCount, into: &frame, at: NetworkStack.payloadStart + h.byteCount) }
        h.emit(&frame, at: NetworkStack.payloadStart, payloadByteCount: byteCount, c.address, remote)
        sendIPv4(&frame, IPv4Header.tcp, from: c.address, to: remote, now)
    }
}
