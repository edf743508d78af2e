// Misbehaves in the way the first message on its bootstrap channel names: what a program can do wrong with the kernel's
// own services in hand. The message carries a channel to a bystander.
import ABI
import Runtime

#if arch(wasm32)
nonisolated(unsafe) private var sink: [[UInt8]] = []
nonisolated(unsafe) private var depth: Int32 = 0
nonisolated(unsafe) private var own = Channel(.none)

@inline(never) private func recurse(_ n: Int32) -> Int32 { depth = n; return n &+ recurse(n &+ 1) &* 3 }
@inline(never) private func element(_ list: [Int32], _ i: Int) -> Int32 { list[i] }

private func misbehave(_ kind: UInt8, _ bystander: Channel) {
    switch kind {
    case 0: depth = element([1, 2, 3], Int(kind) + 7)
    case 1: depth = recurse(0)
    case 2: while true { sink.append([UInt8](repeating: 1, count: 65536)) }
    case 3: nonsenseCalls()
    case 4: handlesWithoutEnd()
    case 5: while true { try? bystander.send([UInt8](repeating: 7, count: 64)) }
    case 6: closesAndForgesHandles()
    case 7: timerStorm()
    case 8: while let s = try? SharedMemory.create(byteCount: 1 << 20) { for i in 0..<16 { s.base.storeBytes(of: 1, toByteOffset: i * 65536, as: UInt8.self) } }
    case 9: Reactor.main.after(1_000_000) { fatalError() }
    case 10: diesWithHandlesUnderWay(bystander)
    case 11: UnsafeMutablePointer<Int32>(bitPattern: UInt(0x4000_0000))!.pointee = 1
    case 12: System.exit(7); System.exit(8)
    case 13: while true { System.yield() }
    case 14: waitsForNonsense()
    case 15: noise()
    default: break
    }
}
private func noise() {
    for _ in 0..<100 { System.log("noise") }
    while true {
        own.handle.close()
        _ = try? Channel.create()
    }
}
private func nonsenseCalls() {
    for n in Int32(-5)..<200 where n != 0 && n != 73 {
        if let call = SystemCall(rawValue: n) { _ = rawSystemCall(call, -1, .max, .min, 0x7fff_ffff_ffff, -1, Int64(1) << 40) }
        // Page release with such a range is permitted: it would empty this program's own memory.
        if n != SystemCall.pageRelease.rawValue, let call = SystemCall(rawValue: n) { _ = rawSystemCall(call, 1, 0xffff_fff0, 64, 0xffff_fff0, 64, 0xffff_fff0) }
    }
}
private func handlesWithoutEnd() {
    while rawSystemCall(.eventCreate) > 0 {}
    while (try? Channel.create()) != nil {}
    while rawSystemCall(.timerCreate) > 0 {}
}
private func closesAndForgesHandles() {
    for n in Int64(0)..<8192 {
        _ = rawSystemCall(.kill, n)
        _ = rawSystemCall(.channelSend, n, 0, 0, 0, 0)
        _ = rawSystemCall(.handleClose, n)
    }
}
private func timerStorm() {
    for _ in 0..<200 { Reactor.main.every(1) { depth &+= 1 } }
}
private func diesWithHandlesUnderWay(_ bystander: Channel) {
    for _ in 0..<20 {
        guard let a = try? Channel.create(), let b = try? Channel.create() else { break }
        try? a.0.send([1], handles: [b.0.handle, a.1.handle])
        try? own.send([2], handles: [b.1.handle])
    }
    System.exit(3)
}
private func waitsForNonsense() {
    let items: [UInt32] = [0xffff_ffff, 0xffff_ffff, 0, 0, 0, 0]
    items.withUnsafeBufferPointer { p in
        while true { _ = rawSystemCall(.waitMany, Int64(UInt(bitPattern: p.baseAddress)), 2, 0) }
    }
}
@_expose(wasm, "start") @_cdecl("start")
public func start(_ bootstrap: Int32) {
    own = Channel(Handle(UInt32(bitPattern: bootstrap)))
    guard let message = try? own.receive(), message.bytes.count == 1, message.handles.count == 1 else { System.exit(99); return }
    misbehave(message.bytes[0], Channel(message.handles[0]))
}
@_expose(wasm, "handle") @_cdecl("handle")
public func handle(_ key: Int64, _ signals: Int32) { Reactor.main.dispatch(key, signals) }
#endif
