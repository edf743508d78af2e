// Says the time of day and the time since boot, at start and 20 ms later: `time: WALL CLOCK`, both in nanoseconds.
import ABI
import Runtime

#if arch(wasm32)
private func say() {
    let wall = System.wallClock
    System.log("time: \(wall) \(System.now)")
}
@_expose(wasm, "start") @_cdecl("start")
public func start(_ bootstrap: Int32) {
    say()
    Reactor.main.after(20_000_000) { say() }
}
@_expose(wasm, "handle") @_cdecl("handle")
public func handle(_ key: Int64, _ signals: Int32) { Reactor.main.dispatch(key, signals) }
#endif
