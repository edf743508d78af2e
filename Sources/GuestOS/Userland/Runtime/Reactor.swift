// The reactor: a program registers what it wants to hear of and returns; the kernel calls `handle(key, signals)` when
// something is ready. Between events the program has no stack, so it can be cloned and hibernated.
//
// A program's entry file exports three functions:
//   @_expose(wasm, "start")  @_cdecl("start")  public func start(_ bootstrap: Int32)
//   @_expose(wasm, "handle") @_cdecl("handle") public func handle(_ key: Int64, _ signals: Int32) { Reactor.main.dispatch(key, signals) }
//   @_expose(wasm, "cloned") @_cdecl("cloned") public func cloned(_ bootstrap: Int32)     (only zygotes)
// all inside `#if arch(wasm32)`.

import ABI

/// The event loop of a program. Not re-entrant; bodies may add and remove watches.
public final class Reactor {
    nonisolated(unsafe) public static let main = Reactor()

    private struct Watch { var handle: Handle; var body: (Signals) -> Void }
    private var watches: [UInt64: Watch] = [:]
    private var nextKey: UInt64 = 1
    private struct TimerRecord { var handle: Handle; var key: UInt64; var periodNanoseconds: UInt64; var body: () -> Void }
    private var timers: [UInt64: TimerRecord] = [:]

    public init() {}

    /// A registered watch or timer.
    public struct Token: Equatable, Sendable {
        let key: UInt64
        /// No watch: forgetting it does nothing.
        public static let none = Token(key: 0)
    }

    /// Calls `body` whenever one of `signals` holds on `handle` (level-triggered).
    @discardableResult
    public func watch(_ handle: Handle, _ signals: Signals, _ body: @escaping (Signals) -> Void) -> Token {
        let key = nextKey
        nextKey += 1
        watches[key] = Watch(handle: handle, body: body)
        _ = rawSystemCall(.subscribe, Int64(handle.raw), Int64(key), Int64(signals.rawValue))
        return Token(key: key)
    }
    public func unwatch(_ token: Token) {
        guard let w = watches.removeValue(forKey: token.key) else { return }
        _ = rawSystemCall(.subscribe, Int64(w.handle.raw), Int64(token.key), 0)
    }
    /// Calls `body` for every message on `channel`; `closed` once when the peer is gone (the watch then ends).
    @discardableResult
    public func onMessage(_ channel: Channel, closed: @escaping () -> Void = {}, _ body: @escaping (Channel.Message) -> Void) -> Token {
        var token = Token(key: 0)
        token = watch(channel.handle, [.readable, .peerClosed]) { [self] _ in
            // A bounded batch, so that one busy peer does not starve the others.
            for _ in 0..<32 {
                do throws(SystemError) {
                    guard let m = try channel.receive() else { return }
                    body(m)
                    if watches[token.key] == nil { return }
                } catch {
                    unwatch(token)
                    closed()
                    return
                }
            }
        }
        return token
    }
    /// Calls `body` once after `nanoseconds`.
    @discardableResult
    public func after(_ nanoseconds: UInt64, _ body: @escaping () -> Void) -> Token { startTimer(nanoseconds, period: 0, body) }
    /// Calls `body` every `nanoseconds` until cancelled.
    @discardableResult
    public func every(_ nanoseconds: UInt64, _ body: @escaping () -> Void) -> Token { startTimer(nanoseconds, period: nanoseconds, body) }
    public func cancel(_ token: Token) {
        guard let t = timers.removeValue(forKey: token.key) else { return }
        unwatch(token)
        t.handle.close()
    }
    private func startTimer(_ delay: UInt64, period: UInt64, _ body: @escaping () -> Void) -> Token {
        let h = Handle(UInt32(max(0, rawSystemCall(.timerCreate))))
        var token = Token(key: 0)
        token = watch(h, .signaled) { [self] _ in
            guard let t = timers[token.key] else { return }
            if t.periodNanoseconds > 0 {
                _ = rawSystemCall(.timerSet, Int64(h.raw), System.deadline(System.now + t.periodNanoseconds))
            } else {
                cancel(token)
            }
            t.body()
        }
        timers[token.key] = TimerRecord(handle: h, key: token.key, periodNanoseconds: period, body: body)
        _ = rawSystemCall(.timerSet, Int64(h.raw), System.deadline(System.now + delay))
        return token
    }
    /// Entry from the kernel.
    public func dispatch(_ key: Int64, _ signals: Int32) {
        guard let w = watches[UInt64(bitPattern: key)] else { return }
        w.body(Signals(rawValue: UInt32(bitPattern: signals)))
    }
    /// Forgets everything, as a clone must: the kernel gave the new process no handles and no subscriptions.
    public func reset() { watches = [:]; timers = [:] }
}
