// The smallest program: one line to the console, then it waits for nothing.
import Runtime

#if arch(wasm32)
@_expose(wasm, "start") @_cdecl("start")
public func start(_ bootstrap: Int32) {
    var words: [String: Int] = [:]
    for w in ["one", "two", "three", "two"] { words[w, default: 0] += 1 }
    System.log("hello from Swift, two: \(words["two"] ?? 0), pi: \(3.14159), bootstrap: \(bootstrap)")
}
@_expose(wasm, "handle") @_cdecl("handle")
public func handle(_ key: Int64, _ signals: Int32) { Reactor.main.dispatch(key, signals) }
#endif
