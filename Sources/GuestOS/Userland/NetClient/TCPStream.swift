// One TCP stream as its user sees it. Bytes given to `send` wait here until the service grants credit; bytes received
// are granted again once the event handler has returned (or `resume` is called), so a slow reader slows the sender.

import ABI
import Runtime

public final class TCPStream: ByteStream {
    public enum State: UInt8, Sendable { case connecting, open, ended }
    public let id: UInt32
    public private(set) var state = State.connecting
    /// Bytes that wait for credit.
    public var pendingByteCount: Int { pending.count - pendingOffset }
    /// False while more than one credit of bytes waits; `.writable` follows.
    public var canSend: Bool { pendingByteCount < NetworkLimits.streamCreditByteCount }

    private unowned(unsafe) let client: NetworkClient
    private var handler: ((TCPStream, StreamEvent) -> Void)?
    private var pending: [UInt8] = []
    private var pendingOffset = 0
    private var credit = NetworkLimits.streamCreditByteCount
    private var isPaused = false, owedCredit = 0
    private var isFinishRequested = false, isFinishSent = false, isReleased = false

    init(id: UInt32, client: NetworkClient, handler: @escaping (TCPStream, StreamEvent) -> Void) {
        self.id = id; self.client = client; self.handler = handler
    }

    public func send(_ bytes: [UInt8]) {
        guard state != .ended, !isFinishRequested, !bytes.isEmpty else { return }
        pending += bytes
        pump()
    }
    public func close() {
        guard state != .ended, !isFinishRequested else { return }
        isFinishRequested = true
        pump()
    }
    public func abort() {
        guard state != .ended else { return }
        end()
        client.post(ByteWriter(request: .abort, id).bytes)
        client.forget(self)
    }
    public func release() {
        guard state != .ended else { return }
        handler = nil
        isReleased = true
        pump()                      // the rest goes out first
    }
    /// Stops granting credit; at most one credit of bytes still arrives.
    public func pause() { isPaused = true }
    public func resume() {
        isPaused = false
        grantOwed()
    }

    // From the client only.
    func received(_ kind: NetworkReplyKind, _ reader: inout ByteReader) {
        guard state != .ended else { return }
        switch kind {
        case .connected: state = .open; emit(.connected); pump()
        case .data: receivedData(reader.rest())
        case .finished: emit(.finished)
        case .credit: receivedCredit(Int(min(reader.u32() ?? 0, 1 << 20)))
        case .closed: finishWith(.closed)
        case .failed: finishWith(.failed(reader.u8().flatMap { NetworkError(rawValue: $0) } ?? .connectionReset))
        case .resolved, .status: break
        }
    }
    func serviceGone() { if state != .ended { finishWith(.failed(.serviceGone)) } }

    private func receivedData(_ bytes: [UInt8]) {
        owedCredit += bytes.count
        emit(.data(bytes))
        if !isPaused { grantOwed() }
    }
    private func receivedCredit(_ byteCount: Int) {
        let couldSend = canSend
        credit += byteCount
        pump()
        if !couldSend && canSend { emit(.writable) }
    }
    /// Grants in steps of an eighth of the credit: one message per 8 KiB, not one per segment.
    private func grantOwed() {
        guard state != .ended, owedCredit >= NetworkLimits.streamCreditByteCount / 8 else { return }
        var w = ByteWriter(request: .credit, id)
        w.u32(UInt32(owedCredit))
        owedCredit = 0
        client.post(w.bytes)
    }
    private func pump() {
        guard state == .open || (isReleased && pendingByteCount == 0) else { return }
        while pendingByteCount > 0 && credit > 0 {
            let n = min(pendingByteCount, credit, NetworkLimits.dataByteCountMax)
            var w = ByteWriter(request: .data, id)
            w.bytes += pending[pendingOffset..<pendingOffset + n]
            pendingOffset += n; credit -= n
            client.post(w.bytes)
        }
        if pendingByteCount == 0 { pending = []; pendingOffset = 0 }
        if isReleased && pendingByteCount == 0 {
            end()
            client.post(ByteWriter(request: .release, id).bytes)
            client.forget(self)
            return
        }
        if isFinishRequested && !isFinishSent && pendingByteCount == 0 {
            isFinishSent = true
            client.post(ByteWriter(request: .finish, id).bytes)
        }
    }
    private func emit(_ event: StreamEvent) { handler?(self, event) }
    private func finishWith(_ event: StreamEvent) {
        let last = handler
        end()
        client.forget(self)
        last?(self, event)
    }
    /// Drops the handler too: it usually holds the stream's owner.
    private func end() { state = .ended; handler = nil; pending = []; pendingOffset = 0 }
}
