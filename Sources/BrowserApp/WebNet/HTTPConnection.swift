// One HTTP/1.1 connection: a stream, at most one exchange at a time, its timers. States: connecting → idle ⇄ busy →
// dead. A dead connection never comes back; whoever it served has been told exactly once.

import ABI
import NetClient

/// Who is told what a connection reads for it.
protocol HTTPExchange: AnyObject {
    func received(head: HTTPResponseHead)
    func received(body: [UInt8])
    /// All that has arrived so far was delivered, and the response is not complete.
    func receivedBatch()
    func exchangeFinished()
    /// `isRetriable`: a reused connection ended before any byte of the response.
    func exchangeFailed(_ error: HTTPError, isRetriable: Bool)
}

final class HTTPConnection {
    /// A response nobody wants any more is read this far to keep the connection.
    private static let drainByteCountMax = 65536
    private static let idleSteps = 4

    let host: String, port: UInt16
    private(set) var isDead = false
    var isIdle: Bool { !isDead && isConnected && parser == nil }
    private let pool: HTTPConnectionPool
    private var stream: (any ByteStream)?
    private var isConnected = false
    private var exchange: (any HTTPExchange)?
    private var parser: HTTPResponseParser?
    private var requestsServed = 0, drained = 0
    private var timer: Int?
    private var quietSteps = 0

    init(host: String, port: UInt16, pool: HTTPConnectionPool) { self.host = host; self.port = port; self.pool = pool }

    func open(_ connector: any StreamConnector) {
        arm(pool.limits.connectNanoseconds) { [self] in die(.connectTimedOut) }
        stream = connector.openStream(host: host, port: port) { [self] in received($0) }
    }
    /// Sends a request; the stream keeps the bytes until it is connected.
    func start(_ exchange: any HTTPExchange, _ bytes: [UInt8], isHead: Bool) {
        self.exchange = exchange
        parser = HTTPResponseParser(isHeadRequest: isHead)
        drained = 0
        if isConnected { armQuietTimer() }
        stream?.send(bytes)
    }
    /// The exchange no longer listens. The rest of the response is read when it is short.
    func discardRest() { exchange = nil }
    /// The exchange is given up in the middle.
    func abandon() {
        exchange = nil
        die(nil)
    }

    private func received(_ event: StreamEvent) {
        guard !isDead else { return }
        switch event {
        case .connected:
            isConnected = true
            if parser == nil { becameIdle() } else { armQuietTimer() }
        case .data(let bytes): receivedData(bytes)
        case .finished: receivedEnd()
        case .closed: die(.truncated)
        case .failed(let error): die(isConnected && error == .connectionReset && parser?.isUntouched == false ? .truncated : .network(error))
        case .writable: break
        }
    }
    private func receivedData(_ bytes: [UInt8]) {
        quietSteps = 0
        guard parser != nil else { die(nil); return }       // bytes nobody asked for
        var outputs: [HTTPResponseParser.Output] = []
        var failure: HTTPSyntaxError?, used = 0
        do throws(HTTPSyntaxError) { used = try parser!.feed(bytes, &outputs) } catch { failure = error }
        let isReusable = parser!.isReusable && used == bytes.count
        deliver(outputs)
        if let failure { die(.malformed(failure)); return }
        if isDead { return }
        if parser?.isComplete == true { completed(isReusable) } else { exchange?.receivedBatch() }
    }
    private func receivedEnd() {
        guard parser != nil else { die(nil, politely: true); return }
        var outputs: [HTTPResponseParser.Output] = []
        let isWhole = parser!.finish(&outputs)
        deliver(outputs)
        if isDead { return }
        if isWhole { completed(false) } else { die(.truncated) }
    }
    private func deliver(_ outputs: [HTTPResponseParser.Output]) {
        for o in outputs where !isDead {
            switch o {
            case .head(let h): exchange?.received(head: h)
            case .body(let b):
                if exchange == nil { drained += b.count }
                exchange?.received(body: b)
            case .end: break
            }
        }
        if !isDead, exchange == nil, drained > HTTPConnection.drainByteCountMax { die(nil) }
    }
    private func completed(_ isReusable: Bool) {
        let served = exchange
        exchange = nil
        parser = nil
        requestsServed += 1
        if isReusable { becameIdle() } else { die(nil, politely: true) }
        served?.exchangeFinished()
    }
    private func becameIdle() {
        arm(pool.limits.keepAliveNanoseconds) { [self] in die(nil, politely: true) }
        pool.connectionBecameIdle(self)
    }
    /// Ends the connection; an exchange under way hears `error`.
    private func die(_ error: HTTPError?, politely: Bool = false) {
        guard !isDead else { return }
        isDead = true
        disarm()
        let served = exchange, wasUntouched = parser?.isUntouched ?? false
        exchange = nil
        parser = nil
        let s = stream
        stream = nil
        if politely { s?.release() } else { s?.abort() }
        pool.connectionDied(self)
        var isRetriable = requestsServed > 0 && wasUntouched
        if case .idleTimedOut = error { isRetriable = false }
        served?.exchangeFailed(error ?? .truncated, isRetriable: isRetriable)
    }
    func closeIdle() { if isIdle { die(nil, politely: true) } }

    // MARK: timers

    /// Fires in quarters, so that activity costs a store and not a system call.
    private func armQuietTimer() {
        quietSteps = -1
        stepQuietTimer()
    }
    private func stepQuietTimer() {
        quietSteps += 1
        if quietSteps > HTTPConnection.idleSteps { die(.idleTimedOut); return }
        arm(pool.limits.idleNanoseconds / UInt64(HTTPConnection.idleSteps)) { [self] in stepQuietTimer() }
    }
    private func arm(_ nanoseconds: UInt64, _ body: @escaping () -> Void) {
        disarm()
        timer = pool.timers.schedule(nanoseconds) { [self] in
            timer = nil
            if !isDead { body() }
        }
    }
    private func disarm() {
        if let t = timer { pool.timers.cancel(t) }
        timer = nil
    }
}
