// Entry of the program "browser".

import ABI
import Runtime

nonisolated(unsafe) private var browser: Browser?

/// Starts with the capabilities of the bootstrap message (ABI/Bootstrap.swift).
public func browserStart(_ bootstrap: Int32) {
    let channel = Channel(Handle(UInt32(bitPattern: bootstrap)))
    guard let message = try? channel.receive(), let boot = BootstrapMessage.parse(message.bytes), boot.kind == .browser, let system = message.handles.first else {
        System.log("browser: started without its capabilities")
        System.exit(1)
        return
    }
    browser = Browser(system: system, startURL: boot.text)
    if browser == nil {
        System.log("browser: the window manager does not answer")
        System.exit(1)
    }
}

#if arch(wasm32)
@_expose(wasm, "start") @_cdecl("start")
public func start(_ bootstrap: Int32) { browserStart(bootstrap) }

@_expose(wasm, "handle") @_cdecl("handle")
public func handle(_ key: Int64, _ signals: Int32) { Reactor.main.dispatch(key, signals) }
#endif
