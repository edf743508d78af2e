// Fetches URLs: sends requests over pooled connections, follows redirects (Fetch §4.4), answers data: URLs itself,
// enforces time limits. One `HTTPTransfer` is one fetch; its events come in the order `HTTPEvent` documents.

import ABI
import NetClient
import Runtime

/// One-shot timers, class-bound so that tests drive time.
public protocol HTTPTimers: AnyObject {
    func schedule(_ nanoseconds: UInt64, _ body: @escaping () -> Void) -> Int
    func cancel(_ id: Int)
}

/// Timers of the program's reactor.
public final class ReactorTimers: HTTPTimers {
    private let reactor: Reactor
    private var tokens: [Int: Reactor.Token] = [:]
    private var nextID = 1
    public init(_ reactor: Reactor = .main) { self.reactor = reactor }
    public func schedule(_ nanoseconds: UInt64, _ body: @escaping () -> Void) -> Int {
        let id = nextID
        nextID += 1
        tokens[id] = reactor.after(nanoseconds) { [self] in
            tokens[id] = nil
            body()
        }
        return id
    }
    public func cancel(_ id: Int) {
        if let t = tokens.removeValue(forKey: id) { reactor.cancel(t) }
    }
}

/// Limits of the client.
public struct HTTPClientLimits: Sendable {
    public var connectNanoseconds: UInt64 = 30_000_000_000
    public var idleNanoseconds: UInt64 = 60_000_000_000
    public var keepAliveNanoseconds: UInt64 = 30_000_000_000
    public var connectionsPerHostMax = 6
    public var redirectsMax = 20
    public init() {}
}

public final class HTTPClient {
    public var limits = HTTPClientLimits()
    /// Sent with every request unless the request names the field itself.
    public var defaultHeaders = HTTPHeaders([("User-Agent", "Mozilla/5.0 (Terrarium) TerrariumBrowser/0.1"), ("Accept", "text/html,*/*;q=0.8"), ("Accept-Language", "en")])
    let timers: any HTTPTimers
    let pool: HTTPConnectionPool

    public convenience init(network: NetworkClient, reactor: Reactor = .main) {
        self.init(connector: network, timers: ReactorTimers(reactor))
    }
    public init(connector: any StreamConnector, timers: any HTTPTimers) {
        self.timers = timers
        pool = HTTPConnectionPool(connector: connector, timers: timers)
    }

    @discardableResult
    public func get(_ url: URL, onEvent: @escaping (HTTPEvent) -> Void) -> HTTPTransfer {
        send(HTTPRequest(url: url), onEvent: onEvent)
    }
    /// Starts a transfer. No event is delivered from within this call.
    @discardableResult
    public func send(_ request: HTTPRequest, onEvent: @escaping (HTTPEvent) -> Void) -> HTTPTransfer {
        pool.limits = limits
        let transfer = HTTPTransfer(client: self, request: request, onEvent: onEvent)
        transfer.begin()
        return transfer
    }
    /// Closes idle connections, as before being frozen.
    public func closeIdleConnections() { pool.closeIdle() }
}
