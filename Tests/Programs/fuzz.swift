// A boot program that makes random system calls with every right there is, then starts and loses programs that trap, ends
// what it started, and exits. The line `start=` of boot.conf says SEED,CALLS,TRAPS. It spares only what would end the test
// early: its own exit, waiting for ever, its own stack and data as a place for results, giving back the memory it runs in,
// and the handle that it needs at the end; a duplicate of that one with all rights takes its chances.
import ABI
import Runtime

#if arch(wasm32)
private struct Fuzzer {
    var state: UInt64
    let system: Int64
    var everything: Int64 = 0
    var handles: [Int64] = []
    let buffer = UnsafeMutableRawPointer.allocate(byteCount: 512 << 10, alignment: 65536)
    var windows: [Int64] = []
    var succeeded: Int32 = 0
    static let calls = SystemCall.allCases.filter { $0 != .exit && $0 != .mark }

    init(seed: UInt64, system: Int64) { state = seed &* 0x9e37_79b9_7f4a_7c15 | 1; self.system = system }

    mutating func random(_ n: UInt32) -> UInt32 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return UInt32(truncatingIfNeeded: state >> 33) % n
    }
    /// Most often inside the buffer; else at an edge, in a window, or nowhere.
    mutating func pointer() -> Int64 {
        let base = Int64(UInt(bitPattern: buffer))
        switch random(10) {
        case 0: return [-8, -1, 0x3fff_fffe, 0x7fff_ffff, 0x8000_0000, 0xffff_fffc, 0xffff_ffff, 0x1_0000_0000, .max, .min][Int(random(10))]
        case 1, 2: return windows.isEmpty ? 0x4000_0000 : windows[Int(random(UInt32(windows.count)))] + Int64(random(70_000))
        case 3: return base + 65536 * Int64(1 + random(3)) - Int64(random(9))
        default: return base + Int64(random(250_000))
        }
    }
    mutating func handle() -> Int64 {
        var h: Int64
        switch random(12) {
        case 0: h = everything
        case 1: h = Int64(random(5000))
        case 2: h = Int64(Int32(bitPattern: random(.max)))
        default: h = handles.isEmpty ? everything : handles[Int(random(UInt32(handles.count)))]
        }
        if h == system { h = 0 }
        return h
    }
    /// A duplicate of `system`, made again when it went away.
    private mutating func renew() {
        if rawSystemCall(.deviceOpen, everything, 99) == -Int64(SystemError.badHandle.rawValue) { everything = max(0, rawSystemCall(.handleDuplicate, system, Int64(Rights.all.rawValue))) }
    }
    mutating func number() -> Int64 {
        switch random(8) {
        case 0: return -Int64(random(1000))
        case 1: return Int64(bitPattern: state)
        case 2: return [1, 8, 255, 4096, 65536, 1 << 20, 1 << 32, .max][Int(random(8))]
        default: return Int64(random(70))
        }
    }
    mutating func any() -> Int64 {
        switch random(3) {
        case 0: return handle()
        case 1: return pointer()
        default: return number()
        }
    }

    mutating func step() {
        renew()
        let call = Fuzzer.calls[Int(random(UInt32(Fuzzer.calls.count)))]
        // The first argument is mostly what the call wants, so that calls get past the first check.
        var a0 = random(4) == 0 ? any() : handle(), a1 = any(), a2 = any()
        var a3 = any()
        switch call {
        case .channelSend: a1 = pointer(); a2 = Int64(random(5000)); a3 = pointer(); putHandles(at: a3)
        case .channelReceive: a1 = pointer(); a2 = Int64(random(5000)); a3 = pointer()
        case .waitMany: a0 = pointer(); a1 = Int64(random(70)); a2 = 0; putItems()
        case .spawn: a1 = putName(random(2) == 0 ? "pong" : "unreachable"); a2 = random(2) == 0 ? 4 : 11; a3 = random(2) == 0 ? 0 : handle()
        case .clone: a1 = random(2) == 0 ? 0 : handle()
        case .serviceRegister: a1 = pointer(); a2 = Int64(1 + random(3))
        case .serviceConnect, .archiveOpen: a0 = pointer(); a1 = Int64(1 + random(3))
        case .random, .printDebug: a0 = pointer(); a1 = Int64(random(call == .random ? 70_000 : 200))
        case .channelCreate, .memoryInfo, .fbInfo, .netInfo: if random(2) == 0 { a0 = pointer() }
        case .killPID: if a1 == Int64(System.pid) { return }
        case .pageRelease: a0 = 0x4000_0000 + Int64(random(1 << 30)); a1 = number()
        case .shmUnmap: a0 = windows.isEmpty ? pointer() : windows[Int(random(UInt32(windows.count)))]
        case .shmCreate: a0 = Int64(random(8)) * 50_000 + Int64(random(3))
        default: break
        }
        if a0 == system { a0 = everything }
        if (call == .spawn && a3 == system) || (call == .clone && a1 == system) { return }
        note(call, rawSystemCall(call, a0, a1, a2, a3, pointer(), any()), a0)
    }
    private mutating func note(_ call: SystemCall, _ result: Int64, _ a0: Int64) {
        if result >= 0 { succeeded += 1 }
        let base = Int64(UInt(bitPattern: buffer))
        if call == .channelCreate, result == 0, a0 >= base, a0 < base + 500_000 {
            for i in 0..<2 { keep(Int64((buffer + Int(a0 - base) + 4 * i).loadUnaligned(as: UInt32.self))) }
        }
        guard result > 0 else { return }
        switch call {
        case .handleDuplicate, .shmCreate, .archiveOpen, .timerCreate, .eventCreate, .serviceRegister, .serviceConnect, .spawn, .clone, .processRestore, .pressureEvent, .deviceOpen:
            keep(result)
        case .shmMap, .fbMap: if windows.count < 50 { windows.append(result) }
        default: break
        }
    }
    private mutating func keep(_ handle: Int64) {
        if handles.count < 200 { handles.append(handle); return }
        let i = Int(random(200))
        _ = rawSystemCall(.handleClose, handles[i])
        handles[i] = handle
    }
    private mutating func putHandles(at address: Int64) {
        let base = Int64(UInt(bitPattern: buffer))
        guard address >= base, address < base + 500_000 else { return }
        for i in 0..<8 { (buffer + Int(address - base) + 4 * i).storeBytes(of: UInt32(truncatingIfNeeded: handle()), as: UInt32.self) }
    }
    private mutating func putItems() { for i in 0..<64 { (buffer + 12 * i).storeBytes(of: UInt32(truncatingIfNeeded: handle()), as: UInt32.self) } }
    private mutating func putName(_ name: String) -> Int64 {
        let place = buffer + 400_000 + Int(random(1000))
        var i = 0
        for b in name.utf8 { place.storeBytes(of: b, toByteOffset: i, as: UInt8.self); i += 1 }
        return Int64(UInt(bitPattern: place))
    }
}

private func spawn(_ system: Handle, _ name: String) -> ProcessHandle? { try? System.spawn(name, system: system) }

private func endEverybodyElse(_ system: Handle) {
    guard let list = try? System.processes(system: system, capacity: 256) else { return }
    for r in list where r.pid != System.pid { try? System.kill(pid: r.pid, system: system) }
}

/// The numbers of the line `start=`.
private func readPlan() -> [UInt64] {
    guard let file = try? SharedMemory.archive("boot.conf") else { return [] }
    let bytes = [UInt8](UnsafeRawBufferPointer(start: file.base, count: file.byteCount))
    file.unmap()
    for line in bytes.split(separator: 10) where line.starts(with: Array("start=".utf8)) {
        return line.dropFirst(6).split(separator: 44).map { digits in digits.reduce(0) { $0 &* 10 &+ UInt64($1 &- 48) } }
    }
    return []
}

@_expose(wasm, "start") @_cdecl("start")
public func start(_ bootstrap: Int32) {
    let system = Handle(UInt32(bitPattern: bootstrap))
    let plan = readPlan()
    guard plan.count == 3 else { System.log("fuzz: no plan"); return }
    let callCount = Int32(plan[1]), trapCount = Int32(plan[2])
    var fuzzer = Fuzzer(seed: plan[0], system: Int64(system.raw))
    for i in 0..<callCount {
        fuzzer.step()
        if i % 1000 == 999 { endEverybodyElse(system) }
    }
    for h in fuzzer.handles { _ = rawSystemCall(.handleClose, h) }
    endEverybodyElse(system)
    System.log("fuzz: \(callCount) calls, \(fuzzer.succeeded) succeeded")
    var lost: Int32 = 0
    for _ in 0..<trapCount {
        guard let p = spawn(system, "unreachable") else { break }
        for _ in 0..<1000 {
            if p.info?.exitReason != 0 { break }
            // Not by yielding: the calls may have made this program one that drives a device, before all others.
            _ = rawSystemCall(.waitMany, 0, 0, System.deadline(System.now + 100_000))
        }
        if p.info?.exitReason == ExitReason.trapped.rawValue { lost += 1 }
        p.handle.close()
    }
    System.log("fuzz: \(lost) of \(trapCount) trapped")
    System.exit(0)
}
#endif
