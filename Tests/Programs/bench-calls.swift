// Measured: integers and calls, hardly anything else. Also compiled natively (bench-native.swift).
#if arch(wasm32)
import Runtime
@_expose(wasm, "start") @_cdecl("start")
public func start(_ bootstrap: Int32) -> Int32 { work() }
#endif

@inline(never) private func fibonacci(_ n: Int32) -> Int32 { n < 2 ? n : fibonacci(n - 1) &+ fibonacci(n - 2) }

@inline(never) func work() -> Int32 { fibonacci(29) }
