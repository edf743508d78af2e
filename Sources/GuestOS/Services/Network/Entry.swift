// Entry points of the program "net". Its bootstrap message carries the network device and a system handle that may
// register services (ABI/Bootstrap.swift).

import ABI
import Runtime

/// The program's one service; held for the life of the process.
nonisolated(unsafe) var networkService: NetworkService?

/// Takes the first message on the bootstrap channel and starts; ends the process with a line in the log when it cannot.
public func startNetworkService(bootstrap: Handle, reactor: Reactor = .main) {
    do throws(SystemError) {
        guard let m = try Channel(bootstrap).receive(), m.handles.count == 2, BootstrapMessage.parse(m.bytes)?.kind == .network else {
            System.log("net: no bootstrap message")
            System.exit(1)
            return
        }
        let service = try NetworkService(device: m.handles[0], system: m.handles[1], reactor: reactor)
        networkService = service
        service.start()
    } catch {
        System.log("net: cannot start: " + error.name)
        System.exit(1)
    }
}

#if arch(wasm32)
@_expose(wasm, "start") @_cdecl("start") public func start(_ bootstrap: Int32) { startNetworkService(bootstrap: Handle(UInt32(bitPattern: bootstrap))) }
@_expose(wasm, "handle") @_cdecl("handle") public func handle(_ key: Int64, _ signals: Int32) { Reactor.main.dispatch(key, signals) }
#endif
