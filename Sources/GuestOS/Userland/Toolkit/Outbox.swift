// Sends messages on a channel without ever blocking: what does not fit now waits here and goes when the peer has room.

import ABI
import Runtime

public final class Outbox {
    private struct Pending { var bytes: [UInt8]; var handles: [Handle] }
    private let channel: Channel
    private let reactor: Reactor
    private var queue: [Pending] = []
    private var token: Reactor.Token?
    /// The peer is gone or this side closed it; sends are then ignored.
    public private(set) var isClosed = false
    public var waitingCount: Int { queue.count }

    public init(_ channel: Channel, reactor: Reactor = .main) { self.channel = channel; self.reactor = reactor }

    /// Sends, or keeps the message for later. Handles are closed when the peer is gone.
    public func send(_ bytes: [UInt8], handles: [Handle] = []) {
        if isClosed { for h in handles { h.close() }; return }
        queue.append(Pending(bytes: bytes, handles: handles))
        if queue.count == 1 || token == nil { drain() }
    }

    private func drain() {
        while let first = queue.first {
            do throws(SystemError) {
                try channel.send(first.bytes, handles: first.handles)
                queue.removeFirst()
            } catch {
                if error == .wouldBlock { waitForRoom() } else { close() }
                return
            }
        }
        if let t = token { reactor.unwatch(t); token = nil }
    }
    private func waitForRoom() {
        if token != nil { return }
        token = reactor.watch(channel.handle, [.writable, .peerClosed]) { [unowned(unsafe) self] _ in drain() }
    }
    /// Drops what still waits. The channel itself stays the caller's to close.
    public func close() {
        if isClosed { return }
        isClosed = true
        if let t = token { reactor.unwatch(t); token = nil }
        for p in queue { for h in p.handles { h.close() } }
        queue = []
    }
}
