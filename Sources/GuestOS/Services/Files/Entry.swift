// Entry points of the program "files". Its bootstrap message carries a system handle that may register
// services, and the data disk when there is one.

import ABI
import Runtime

/// The program's one service; held for the life of the process.
nonisolated(unsafe) private var fileService: FileService?

/// Takes the bootstrap message and starts; ends the process with a line in the log when it cannot.
public func startFileService(bootstrap: Handle, reactor: Reactor = .main) {
    do throws(SystemError) {
        guard let m = try Channel(bootstrap).receive(), (1...2).contains(m.handles.count), BootstrapMessage.parse(m.bytes)?.kind == .files else {
            System.log("files: no bootstrap message")
            System.exit(1)
            return
        }
        let service = try FileService(system: m.handles[0], disk: m.handles.count > 1 ? m.handles[1] : nil, reactor: reactor)
        fileService = service
        service.start()
    } catch {
        System.log("files: cannot start: " + error.name)
        System.exit(1)
    }
}

#if arch(wasm32)
@_expose(wasm, "start") @_cdecl("start") public func start(_ bootstrap: Int32) { startFileService(bootstrap: Handle(UInt32(bitPattern: bootstrap))) }
@_expose(wasm, "handle") @_cdecl("handle") public func handle(_ key: Int64, _ signals: Int32) { Reactor.main.dispatch(key, signals) }
#endif
