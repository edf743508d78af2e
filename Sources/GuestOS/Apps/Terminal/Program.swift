// Entry points of the program "terminal".

#if arch(wasm32)
import Runtime

nonisolated(unsafe) private var terminal: TerminalWindow?

@_expose(wasm, "start") @_cdecl("start")
public func start(_ bootstrap: Int32) {
    terminal = TerminalWindow.start(bootstrap: Handle(UInt32(bitPattern: bootstrap)))
    if terminal == nil { System.exit(1) }
}

@_expose(wasm, "handle") @_cdecl("handle")
public func handle(_ key: Int64, _ signals: Int32) { Reactor.main.dispatch(key, signals) }
#endif
