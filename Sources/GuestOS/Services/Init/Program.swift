// Entry points of the program "init". Its bootstrap handle is the system handle itself.

import ABI
import Runtime

nonisolated(unsafe) private var service: Init?

public func initStart(_ bootstrap: Int32) {
    let made = Init(system: Handle(UInt32(bitPattern: bootstrap)), configuration: BootConfiguration.load())
    service = made
    made.start()
}

#if arch(wasm32)
@_expose(wasm, "start") @_cdecl("start")
public func start(_ bootstrap: Int32) { initStart(bootstrap) }

@_expose(wasm, "handle") @_cdecl("handle")
public func handle(_ key: Int64, _ signals: Int32) { Reactor.main.dispatch(key, signals) }
#endif
