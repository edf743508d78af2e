// Sends every message back on the channel it came from. A channel that arrives in a message is served as well.
import ABI
import Runtime

#if arch(wasm32)
func serve(_ channel: Channel, isFirst: Bool) {
    Reactor.main.onMessage(channel, closed: {
        channel.close()
        if isFirst { System.exit(0) }
    }) { message in
        for h in message.handles { serve(Channel(h), isFirst: false) }
        if message.handles.isEmpty { try? channel.send(message.bytes) }
    }
}
@_expose(wasm, "start") @_cdecl("start")
public func start(_ bootstrap: Int32) { serve(Channel(Handle(UInt32(bitPattern: bootstrap))), isFirst: true) }

@_expose(wasm, "handle") @_cdecl("handle")
public func handle(_ key: Int64, _ signals: Int32) { Reactor.main.dispatch(key, signals) }
#endif
