// A boot program: starts "pong", sends it 10,000 numbered messages one after the other and checks each answer.
import ABI
import Runtime

#if arch(wasm32)
nonisolated(unsafe) private var channel = Channel(.none)
nonisolated(unsafe) private var number: UInt32 = 0
private let roundTripCount: UInt32 = 10_000

private func send() {
    let payload = [UInt8(number & 255), UInt8(number >> 8 & 255), 0xa5, UInt8(number % 251)]
    do throws(SystemError) { try channel.send(payload) } catch { System.log("ping: cannot send: " + error.name) }
}
private func received(_ bytes: [UInt8]) {
    guard bytes.count == 4, bytes[0] == UInt8(number & 255), bytes[1] == UInt8(number >> 8 & 255), bytes[3] == UInt8(number % 251) else {
        System.log("ping: wrong answer to \(number)")
        return
    }
    number += 1
    if number == roundTripCount { System.log("ping: \(number) round trips") } else { send() }
}
@_expose(wasm, "start") @_cdecl("start")
public func start(_ system: Int32) {
    do throws(SystemError) {
        let (mine, theirs) = try Channel.create()
        channel = mine
        _ = try System.spawn("pong", system: Handle(UInt32(bitPattern: system)), bootstrap: theirs.handle)
    } catch {
        System.log("ping: cannot start pong: " + error.name)
        return
    }
    Reactor.main.onMessage(channel, closed: { System.log("ping: pong is gone") }) { message in received(message.bytes) }
    send()
}
@_expose(wasm, "handle") @_cdecl("handle")
public func handle(_ key: Int64, _ signals: Int32) { Reactor.main.dispatch(key, signals) }
#endif
