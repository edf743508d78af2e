// Sends every message back on the channel it came from. A channel that arrives in a message is served as well, up to 64 at
// a time; whatever else arrives is closed.
import ABI
import Runtime

#if arch(wasm32)
nonisolated(unsafe) private var servedCount: Int32 = 0

/// A channel that may be received from refuses this call for another reason than its handle.
private func isChannel(_ h: Handle) -> Bool {
    let result = rawSystemCall(.channelReceive, Int64(h.raw), 0, -1)
    return result != -Int64(SystemError.badHandle.rawValue) && result != -Int64(SystemError.accessDenied.rawValue)
}
func serve(_ channel: Channel, isFirst: Bool) {
    servedCount += 1
    Reactor.main.onMessage(channel, closed: {
        servedCount -= 1
        channel.close()
        if isFirst { System.exit(0) }
    }) { message in
        for h in message.handles {
            if servedCount < 64, isChannel(h) { serve(Channel(h), isFirst: false) } else { h.close() }
        }
        if message.handles.isEmpty { try? channel.send(message.bytes) }
    }
}
@_expose(wasm, "start") @_cdecl("start")
public func start(_ bootstrap: Int32) { serve(Channel(Handle(UInt32(bitPattern: bootstrap))), isFirst: true) }

@_expose(wasm, "handle") @_cdecl("handle")
public func handle(_ key: Int64, _ signals: Int32) { Reactor.main.dispatch(key, signals) }
#endif
