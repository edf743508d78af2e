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
    case 16: writesReadOnlyWindow()
    case 17: releasesWhatIsShared(bystander)
    case 18: overrunsWindow()
    case 19: nestsChannels()
    case 20: subscribesWithoutEnd()
    case 21: timersWithoutEnd()
    case 22: Reactor.main.after(1_000_000) { while true { depth &+= 1 } }
    case 23: while true { System.log(String(repeating: "x", count: 4000)) }
    case 24: floodsWithHandles(bystander)
    case 25: holdsEmptySharedMemory()
    case 26: pointersAtEdges()
    case 27: waitsForEverything()
    case 28: guessesNames()
    case 29: doubleFree()
    case 30: while true { _ = System.random(65536) }
    case 31: duplicatesAndForwards(bystander)
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
private func raw(_ p: UnsafeRawPointer) -> Int64 { Int64(UInt(bitPattern: p)) }

/// Its own shared memory, mapped a second time without the right to write.
private func writesReadOnlyWindow() {
    guard let s = try? SharedMemory.create(byteCount: 65536), let view = try? SharedMemory.map(s.handle, writable: false) else { return }
    s.base.storeBytes(of: 5, as: UInt8.self)
    if view.base.load(as: UInt8.self) == 5 { view.base.storeBytes(of: 6, as: UInt8.self) }
}
/// Gives pages back that are not its own: the read-only archive, windows by pieces and twice, and ranges that wrap.
private func releasesWhatIsShared(_ bystander: Channel) {
    let file = try? SharedMemory.archive("boot.conf")
    guard let s = try? SharedMemory.create(byteCount: 1 << 20) else { return }
    if let h = try? s.handle.duplicate([.read, .map, .transfer]) { try? bystander.send([0], handles: [h]) }
    for i in 0..<16 { s.base.storeBytes(of: 1, toByteOffset: i * 65536, as: UInt8.self) }
    for _ in 0..<3 {
        if let file { _ = rawSystemCall(.pageRelease, raw(file.base), 65536) }
        _ = rawSystemCall(.pageRelease, raw(s.base), 5 * 65536)
        _ = rawSystemCall(.pageRelease, raw(s.base) + 1, 65535 * 3)
        _ = rawSystemCall(.pageRelease, 0x8000_0000, 0x8000_0000)
        _ = rawSystemCall(.pageRelease, .max, .max)
        _ = rawSystemCall(.shmUnmap, raw(s.base) + 65536)
    }
    var sum: UInt32 = 0
    for i in 0..<16 { sum += UInt32(s.base.load(fromByteOffset: i * 65536, as: UInt8.self)) }
    s.unmap()
    s.unmap()
    System.exit(sum == 11 ? 11 : -1)
}
/// A fill that begins in its window and ends behind it.
private func overrunsWindow() {
    guard let s = try? SharedMemory.create(byteCount: 65536) else { return }
    (s.base + 65000).initializeMemory(as: UInt8.self, repeating: 7, count: 4096)
}
/// A channel in a channel in a channel …, nested as deep as handles go; then it dies.
private func nestsChannels() {
    guard var outer = try? Channel.create() else { return }
    for _ in 0..<3000 {
        guard let inner = try? Channel.create() else { break }
        do throws(SystemError) { try inner.0.send([1], handles: [outer.0.handle, outer.1.handle]) } catch { break }
        outer = inner
    }
    System.exit(4)
}
private func subscribesWithoutEnd() {
    let e = rawSystemCall(.eventCreate)
    for key in Int64(1)..<5000 { _ = rawSystemCall(.subscribe, e, key, Int64(Signals.signaled.rawValue)) }
    _ = rawSystemCall(.eventSignal, e, 1)
}
private func timersWithoutEnd() {
    for key in Int64(1)..<2000 {
        let t = rawSystemCall(.timerCreate)
        if t < 0 { break }
        _ = rawSystemCall(.timerSet, t, Int64(System.now) + 1_000_000)
        _ = rawSystemCall(.subscribe, t, key, Int64(Signals.signaled.rawValue))
    }
    while true { _ = rawSystemCall(.timerSet, rawSystemCall(.timerCreate), 0) }
}
/// Fills the bystander's handle table rather than its queue.
private func floodsWithHandles(_ bystander: Channel) {
    while true {
        var handles: [Handle] = []
        for _ in 0..<8 { if let c = try? Channel.create() { handles.append(c.0.handle) } }
        do throws(SystemError) { try bystander.send([9], handles: handles) } catch { for h in handles { h.close() }; System.yield() }
    }
}
private func holdsEmptySharedMemory() {
    while rawSystemCall(.shmCreate, 512 << 20) > 0 {}
    while rawSystemCall(.shmMap, 2, 1) > 0 {}
    while true { System.yield() }
}
/// Every call with each pointer at the edge of a page, of its memory, of the window and of the address space.
private func pointersAtEdges() {
    let edges: [Int64] = [-1, 0xfffc, 0xffff, 0x3fff_ffff, 0x4000_0000, 0x7fff_fffc, 0x7fff_ffff, 0x8000_0000, 0xffff_fff8, 0xffff_ffff, 0x1_0000_0000, .max, .min]
    for call in SystemCall.allCases where call != .exit && call != .mark && call != .pageRelease && call != .yield {
        for e in edges {
            for count in [1, 64, 4096] as [Int64] {
                _ = rawSystemCall(call, e, count, 0, e, 0, e)
                for handle in Int64(1)..<4 { _ = rawSystemCall(call, handle, e, call == .waitMany || call == .timerSet ? 0 : count, e, call == .channelSend ? 1 : e, e) }
            }
        }
    }
    System.exit(26)
}
private func waitsForEverything() {
    var items: [UInt32] = []
    for _ in 0..<64 { items += [UInt32(max(0, rawSystemCall(.eventCreate))), 8, 0] }
    items.withUnsafeMutableBufferPointer { p in
        while true { _ = rawSystemCall(.waitMany, raw(p.baseAddress!), 64, Int64(System.now) + 1) }
    }
}
/// Names of services and files that it has no business with; none may answer with anything but an error or a channel.
private func guessesNames() {
    for name in ["wm", "net", "", "warden", String(repeating: "n", count: 64), String(repeating: "n", count: 65), "../boot.conf", "own"] {
        let utf8 = Array(name.utf8)
        utf8.withUnsafeBufferPointer { p in
            let a = p.baseAddress.map { raw(UnsafeRawPointer($0)) } ?? 0
            _ = rawSystemCall(.serviceConnect, a, Int64(p.count))
            _ = rawSystemCall(.archiveOpen, a, Int64(p.count))
            for h in Int64(0)..<4 {
                _ = rawSystemCall(.serviceRegister, h, a, Int64(p.count))
                _ = rawSystemCall(.spawn, h, a, Int64(p.count), 0)
                for pid in Int64(0)..<8 { _ = rawSystemCall(.killPID, h, pid) }
            }
        }
    }
    System.exit(28)
}
@inline(never) private func block() -> UnsafeMutableRawPointer {
    let p = UnsafeMutableRawPointer.allocate(byteCount: 100, alignment: 16)
    p.storeBytes(of: depth, as: Int32.self)
    return p
}
private func doubleFree() {
    let p = block(), other = block()
    p.deallocate()
    p.deallocate()
    other.deallocate()
}
/// Handles that go round: to the bystander, which serves them, over channels that lead back here.
private func duplicatesAndForwards(_ bystander: Channel) {
    while true {
        guard let pair = try? Channel.create() else { own.handle.close(); break }
        try? pair.0.send([3])
        if let copy = try? pair.0.handle.duplicate(.all) { try? pair.1.send([4], handles: [copy]) }
        try? bystander.send([0], handles: [pair.1.handle])
        System.yield()
    }
    while true { System.yield() }
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
