// The other side of bench-kernel.swift: sends messages back; on 1 fills 16 MiB first, on 2 writes to 64 of its pages, which
// a clone shares. A clone reads all of them.
import ABI
import Runtime

#if arch(wasm32)
private let pageCount = 256, writtenCount = 64
nonisolated(unsafe) private var memory: UnsafeMutableRawPointer?
nonisolated(unsafe) private var round: UInt8 = 0

private func serve(_ channel: Channel) {
    Reactor.main.onMessage(channel, closed: { System.exit(0) }) { message in
        if message.bytes.first == 1 { fill() }
        if message.bytes.first == 2 { write() }
        try? channel.send(message.bytes)
    }
}
private func fill() {
    let p = UnsafeMutableRawPointer.allocate(byteCount: pageCount * Limits.pageByteCount, alignment: Limits.pageByteCount)
    for i in 0..<pageCount * Limits.pageByteCount / 4 { p.storeBytes(of: UInt32(truncatingIfNeeded: i) &* 2_654_435_761, toByteOffset: i * 4, as: UInt32.self) }
    memory = p
}
private func write() {
    guard let p = memory else { return }
    round &+= 1
    System.mark(.frameShown, 5, 0)
    for page in 0..<writtenCount { p.storeBytes(of: round, toByteOffset: page * Limits.pageByteCount + 64, as: UInt8.self) }
    System.mark(.frameShown, 5, Int64(writtenCount))
}
@_expose(wasm, "start") @_cdecl("start")
public func start(_ bootstrap: Int32) { serve(Channel(Handle(UInt32(bitPattern: bootstrap)))) }

@_expose(wasm, "cloned") @_cdecl("cloned")
public func cloned(_ bootstrap: Int32) {
    Reactor.main.reset()
    let channel = Channel(Handle(UInt32(bitPattern: bootstrap)))
    var sum: UInt32 = 0
    System.mark(.frameShown, 6, 0)
    if let p = memory { for page in 0..<pageCount { sum &+= p.load(fromByteOffset: page * Limits.pageByteCount, as: UInt32.self) } }
    System.mark(.frameShown, 6, Int64(pageCount))
    try? channel.send([UInt8(truncatingIfNeeded: sum)])
}

@_expose(wasm, "handle") @_cdecl("handle")
public func handle(_ key: Int64, _ signals: Int32) { Reactor.main.dispatch(key, signals) }
#endif
