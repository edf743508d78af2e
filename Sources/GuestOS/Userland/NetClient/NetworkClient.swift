// The program's end of the channel to the network service: numbers streams and requests, routes replies to them, keeps
// messages that the channel had no room for. After the service's death every stream fails with `serviceGone`; the next
// `connect` tries to reach the (restarted) service again.

import ABI
import Runtime

public final class NetworkClient: StreamConnector {
    private let reactor: Reactor
    private var channel: Channel?
    private var streams: [UInt32: TCPStream] = [:]
    private var resolutions: [UInt32: (Result<[UInt32], NetworkError>) -> Void] = [:]
    private var statusRequests: [UInt32: (NetworkStatus) -> Void] = [:]
    private var nextID: UInt32 = 1
    private var outgoing: [[UInt8]] = []
    private var outgoingOffset = 0
    private var writableWatch: Reactor.Token?
    /// As last told by the service; nil before the first word.
    public private(set) var status: NetworkStatus?

    /// Connects to the service "net"; nil when there is none.
    public init?(reactor: Reactor = .main) {
        self.reactor = reactor
        guard openChannel() else { return nil }
    }

    /// Opens a stream. Events come later, never from within this call — except a failure to reach the service, which
    /// is also delivered later.
    @discardableResult
    public func connect(host: String, port: UInt16, events: @escaping (TCPStream, StreamEvent) -> Void) -> TCPStream {
        let stream = TCPStream(id: takeID(), client: self, handler: events)
        streams[stream.id] = stream
        guard channel != nil || openChannel() else {
            reactor.after(0) { stream.serviceGone() }
            return stream
        }
        var w = ByteWriter(request: .connect, stream.id)
        w.u16(port); w.string(host)
        post(w.bytes)
        return stream
    }
    public func openStream(host: String, port: UInt16, events: @escaping (StreamEvent) -> Void) -> any ByteStream {
        connect(host: host, port: port) { _, event in events(event) }
    }
    /// IPv4 addresses of `host`, as numbers.
    public func resolve(host: String, _ done: @escaping (Result<[UInt32], NetworkError>) -> Void) {
        guard channel != nil || openChannel() else {
            reactor.after(0) { done(.failure(.serviceGone)) }
            return
        }
        let id = takeID()
        resolutions[id] = done
        var w = ByteWriter(request: .resolve, id)
        w.string(host)
        post(w.bytes)
    }
    public func requestStatus(_ done: @escaping (NetworkStatus) -> Void) {
        guard channel != nil || openChannel() else { return }
        let id = takeID()
        statusRequests[id] = done
        post(ByteWriter(request: .status, id).bytes)
    }

    // For streams.
    func forget(_ stream: TCPStream) { streams[stream.id] = nil }
    func post(_ message: [UInt8]) {
        outgoing.append(message)
        flush()
    }

    private func takeID() -> UInt32 {
        let id = nextID
        nextID = nextID == .max ? 1 : nextID + 1
        return id
    }
    private func openChannel() -> Bool {
        guard let c = try? System.connect("net") else { return false }
        channel = c
        reactor.onMessage(c, closed: { [self] in serviceGone() }) { [self] in received($0.bytes) }
        return true
    }
    private func flush() {
        guard let channel else { outgoing = []; outgoingOffset = 0; return }
        while outgoingOffset < outgoing.count {
            do throws(SystemError) {
                try channel.send(outgoing[outgoingOffset])
                outgoingOffset += 1
            } catch {
                if error == .wouldBlock { watchWritable(); return }
                outgoingOffset = outgoing.count     // peer gone: the closed handler reports it
            }
        }
        outgoing = []; outgoingOffset = 0
        if let t = writableWatch { reactor.unwatch(t); writableWatch = nil }
    }
    private func watchWritable() {
        guard writableWatch == nil, let channel else { return }
        writableWatch = reactor.watch(channel.handle, .writable) { [self] _ in flush() }
    }
    private func serviceGone() {
        if let t = writableWatch { reactor.unwatch(t); writableWatch = nil }
        channel?.close()
        channel = nil
        outgoing = []; outgoingOffset = 0
        let failed = streams.values.sorted { $0.id < $1.id }
        let unanswered = resolutions.sorted { $0.key < $1.key }
        streams = [:]; resolutions = [:]; statusRequests = [:]
        for s in failed { s.serviceGone() }
        for (_, done) in unanswered { done(.failure(.serviceGone)) }
    }
    private func received(_ bytes: [UInt8]) {
        var reader = ByteReader(bytes)
        guard let header = NetworkHeader.parse(&reader), let kind = NetworkReplyKind(rawValue: header.kind) else { return }
        switch kind {
        case .resolved: receivedResolution(header.id, &reader)
        case .status:
            guard let s = NetworkStatus.parse(&reader) else { return }
            status = s
            if let done = statusRequests.removeValue(forKey: header.id) { done(s) }
        case .connected, .data, .finished, .failed, .credit, .closed: streams[header.id]?.received(kind, &reader)
        }
    }
    private func receivedResolution(_ id: UInt32, _ reader: inout ByteReader) {
        guard let done = resolutions.removeValue(forKey: id), let code = reader.u8(), let count = reader.u8() else { return }
        if code != 0 { done(.failure(NetworkError(rawValue: code) ?? .nameServerFailed)); return }
        var addresses: [UInt32] = []
        for _ in 0..<count { if let a = reader.u32() { addresses.append(a) } }
        done(.success(addresses))
    }
}
