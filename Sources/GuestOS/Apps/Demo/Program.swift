// Entry points of the program "demo" and of its parts.

import ABI
import Runtime

nonisolated(unsafe) private var role: Role?
nonisolated(unsafe) private var driver: Demo?

public func demoStart(_ bootstrap: Int32) {
    let channel = Channel(Handle(UInt32(bitPattern: bootstrap)))
    guard let message = (try? channel.receive()) ?? nil, let start = BootstrapMessage.parse(message.bytes) else { return System.exit(1) }
    if start.kind == .shell, message.handles.count == 2 {
        let made = Demo(console: Console(message.handles[0]), system: message.handles[1], reactor: .main)
        driver = made
        made.begin()
    } else {
        let made = Role(channel)
        role = made
        made.play(start.text, message.handles)
    }
}

public func demoCloned(_ bootstrap: Int32) {
    Reactor.main.reset()
    guard let original = role else { return }
    Role.afterClone(original, Channel(Handle(UInt32(bitPattern: bootstrap))))
}

#if arch(wasm32)
@_expose(wasm, "start") @_cdecl("start")
public func start(_ bootstrap: Int32) { demoStart(bootstrap) }

@_expose(wasm, "handle") @_cdecl("handle")
public func handle(_ key: Int64, _ signals: Int32) { Reactor.main.dispatch(key, signals) }

@_expose(wasm, "cloned") @_cdecl("cloned")
public func cloned(_ bootstrap: Int32) { demoCloned(bootstrap) }
#endif
