// A machine for kernel tests without WebAssembly: programs are Swift closures on their own threads, which run strictly
// one at a time (each exit hands over to the kernel and waits). Memory is real: frames, mappings and faults.

import ABI
import Foundation
@testable import Kernel

struct FakeProgram {
    var pages: UInt32 = 256
    var start: (Guest, Int64) -> Void = { _, _ in }
    var handle: (Guest, Int64, Signals) -> Void = { _, _, _ in }
    var cloned: ((Guest, Int64) -> Void)?
}

/// What a fake program sees of its machine.
final class Guest: @unchecked Sendable {
    fileprivate unowned let machine: FakeMachine
    fileprivate let task: Int32
    fileprivate let toKernel = DispatchSemaphore(value: 0), toProgram = DispatchSemaphore(value: 0)
    fileprivate var body: ((Guest) -> Void)?
    fileprivate var exit = TaskExit.finished(0)
    fileprivate var arguments = SystemCallArguments(number: 0)
    fileprivate var result: Int64 = 0
    fileprivate var budget: UInt64 = 0, consumed: UInt64 = 0
    fileprivate var thread: Thread?
    /// The program's globals: copied by a clone.
    var globals: [String: Int64] = [:]

    fileprivate init(_ machine: FakeMachine, _ task: Int32) { self.machine = machine; self.task = task }

    private func leave(_ exit: TaskExit) {
        self.exit = exit
        toKernel.signal()
        toProgram.wait()
    }
    func call(_ c: SystemCall, _ a0: Int64 = 0, _ a1: Int64 = 0, _ a2: Int64 = 0, _ a3: Int64 = 0, _ a4: Int64 = 0, _ a5: Int64 = 0) -> Int64 {
        raw(c.rawValue, a0, a1, a2, a3, a4, a5)
    }
    func raw(_ number: Int32, _ a0: Int64 = 0, _ a1: Int64 = 0, _ a2: Int64 = 0, _ a3: Int64 = 0, _ a4: Int64 = 0, _ a5: Int64 = 0) -> Int64 {
        consumed += 10
        arguments = SystemCallArguments(number: number, a0: a0, a1: a1, a2: a2, a3: a3, a4: a4, a5: a5)
        leave(.systemCall)
        return result
    }
    func spin(_ instructions: UInt64) {
        var left = instructions
        while left > 0 {
            let room = budget > consumed ? budget - consumed : 0
            if left <= room { consumed += left; return }
            consumed += room
            left -= room
            leave(.outOfFuel)
        }
    }
    func trap(_ code: TrapCode) { leave(.trap(code)) }
    private func byte(_ address: Int, write: Bool) -> UnsafeMutableRawPointer {
        while true {
            if let m = machine.tasks[Int(task)]?.map[UInt32(address >> 16)], !write || m.writable {
                return machine.frameAddress(m.frame) + (address & 0xffff)
            }
            leave(.pageFault(page: UInt32(address >> 16), isWrite: write))
        }
    }
    func store(_ address: Int, _ bytes: [UInt8]) {
        for (i, b) in bytes.enumerated() { byte(address + i, write: true).storeBytes(of: b, as: UInt8.self) }
    }
    func load(_ address: Int, _ count: Int) -> [UInt8] { (0..<count).map { byte(address + $0, write: false).load(as: UInt8.self) } }
    func store32(_ address: Int, _ v: UInt32) { byte(address, write: true).storeBytes(of: v, as: UInt32.self) }
    func load32(_ address: Int) -> UInt32 { byte(address, write: false).load(as: UInt32.self) }
    /// Fills a page quickly (one fault).
    func fillPage(_ page: Int, _ make: (Int) -> UInt64) {
        let base = byte(page << 16, write: true)
        for i in 0..<8192 { base.storeBytes(of: make(i), toByteOffset: i * 8, as: UInt64.self) }
    }
    func hashPage(_ page: Int) -> UInt64 {
        let base = byte(page << 16, write: false)
        var h: UInt64 = 14695981039346656037
        for i in 0..<8192 { h = (h ^ base.load(fromByteOffset: i * 8, as: UInt64.self)) &* 1099511628211 }
        return h
    }

    // Conveniences; the scratch area of the system calls is page 1.
    static let scratch = 0x1_0000
    func name(_ s: String) -> (Int64, Int64) {
        store(Guest.scratch, Array(s.utf8))
        return (Int64(Guest.scratch), Int64(s.utf8.count))
    }
    func channel() -> (Int64, Int64) {
        precondition(call(.channelCreate, Int64(Guest.scratch)) == 0)
        return (Int64(load32(Guest.scratch)), Int64(load32(Guest.scratch + 4)))
    }
    @discardableResult
    func send(_ h: Int64, _ text: String, _ handles: [Int64] = []) -> Int64 {
        store(Guest.scratch, Array(text.utf8))
        for (i, x) in handles.enumerated() { store32(Guest.scratch + 8192 + i * 4, UInt32(x)) }
        return call(.channelSend, h, Int64(Guest.scratch), Int64(text.utf8.count), Int64(Guest.scratch + 8192), Int64(handles.count))
    }
    func receive(_ h: Int64) -> (result: Int64, text: String, handles: [Int64]) {
        let r = call(.channelReceive, h, Int64(Guest.scratch), 4096, Int64(Guest.scratch + 8192), Int64(Guest.scratch + 9000))
        if r < 0 { return (r, "", []) }
        let n = Int(load32(Guest.scratch + 9000))
        return (r, String(decoding: load(Guest.scratch, Int(r)), as: UTF8.self), (0..<n).map { Int64(load32(Guest.scratch + 8192 + $0 * 4)) })
    }
    func waitMany(_ items: [(Int64, Signals)], _ deadline: Int64 = -1) -> (result: Int64, observed: [Signals]) {
        for (i, x) in items.enumerated() {
            store32(Guest.scratch + i * 12, UInt32(x.0))
            store32(Guest.scratch + i * 12 + 4, x.1.rawValue)
        }
        let r = call(.waitMany, Int64(Guest.scratch), Int64(items.count), deadline)
        return (r, items.indices.map { Signals(rawValue: load32(Guest.scratch + $0 * 12 + 8)) })
    }
    func spawn(_ system: Int64, _ program: String, _ bootstrap: Int64 = 0) -> Int64 {
        let (p, n) = name(program)
        return call(.spawn, system, p, n, bootstrap)
    }
    func error(_ r: Int64) -> SystemError? { r < 0 ? SystemError(rawValue: Int32(-r)) : nil }
    /// Records something the test looks at.
    func note(_ s: String) { machine.notes.append(s) }
    func note(_ key: String, _ v: Int64) { machine.notes.append("\(key)=\(v)") }
}

final class FakeMachine: HAL, @unchecked Sendable {
    struct Task {
        var program: Int32
        var map: [UInt32: (frame: UInt32, writable: Bool)] = [:]
        var guest: Guest
        var isParked = false
    }
    var now: UInt64 = 0
    var alarmAt: UInt64 = .max
    let ram: UnsafeMutableRawPointer
    let frameCount: Int
    var programs: [(name: String, program: FakeProgram)] = []
    var tasks: [Task?] = []
    var notes: [String] = []
    var marks: [(pid: UInt32, kind: Int32, a: Int64, b: Int64)] = []
    var files: [(name: [UInt8], firstFrame: UInt32, byteCount: Int)] = []
    var devices: [FakeVirtio] = []
    var kernel: Kernel!

    init(frames: Int = 512) {
        frameCount = frames
        ram = .allocate(byteCount: frames * 65536, alignment: 65536)
        ram.initializeMemory(as: UInt8.self, repeating: 0xa5, count: frames * 65536)
    }
    deinit { ram.deallocate() }

    func add(_ name: String, _ p: FakeProgram) { programs.append((name, p)) }
    func addFile(_ name: String, _ bytes: [UInt8], frame: UInt32) {
        frameAddress(frame).copyMemory(from: bytes, byteCount: bytes.count)
        files.append((Array(name.utf8), frame, bytes.count))
    }
    /// Boots with `start` as the program `init` and runs until nothing happens for long.
    @discardableResult
    func boot(_ configuration: KernelConfiguration = KernelConfiguration(), until: UInt64 = 60_000_000_000, start: @escaping (Guest, Int64) -> Void) -> Kernel {
        bootOnly(configuration, FakeProgram(start: start))
        run(until: until)
        return kernel
    }
    func bootOnly(_ configuration: KernelConfiguration = KernelConfiguration(), _ program: FakeProgram) {
        add("init", program)
        kernel = Kernel(hal: self, configuration: configuration)
        kernel.boot()
    }
    /// The run loop of a machine: device completions, alarm, slices, idle jumps.
    func run(until end: UInt64) {
        while now < end {
            for (line, d) in devices.enumerated() {
                d.completeDue(now)
                if d.interruptStatus != 0 { kernel.interrupt(line: line) }
            }
            if alarmAt <= now {
                alarmAt = .max
                kernel.alarm()
                continue
            }
            let next = min(end, alarmAt, devices.map { $0.nextCompletion }.min() ?? .max)
            if next > now, kernel.runSlice(limit: next - now) { continue }
            if next <= now { continue }
            now = next
        }
    }

    // HAL
    var nowNanoseconds: UInt64 { now }
    var wallClockNanoseconds: UInt64 { 1_700_000_000_000_000_000 + now }
    func charge(nanoseconds: UInt64) { now += nanoseconds }
    func setAlarm(nanoseconds: UInt64) { alarmAt = nanoseconds }
    func frameAddress(_ frame: UInt32) -> UnsafeMutableRawPointer { ram + Int(frame) * 65536 }
    func physicalAddress(ofFrame frame: UInt32) -> UInt64 { 0x4000_0000 + UInt64(frame) * 65536 }
    func pointer(_ physical: UInt64) -> UnsafeMutableRawPointer { ram + Int(physical - 0x4000_0000) }
    func findProgram(_ name: [UInt8]) -> Int32 { Int32(programs.firstIndex { Array($0.name.utf8) == name } ?? -1) }
    func createTask(program: Int32) -> Int32 {
        tasks.append(Task(program: program, guest: Guest(self, Int32(tasks.count))))
        return Int32(tasks.count - 1)
    }
    func cloneTask(_ task: Int32) -> Int32 {
        let id = createTask(program: tasks[Int(task)]!.program)
        tasks[Int(id)]!.guest.globals = tasks[Int(task)]!.guest.globals
        return id
    }
    func destroyTask(_ task: Int32) { tasks[Int(task)] = nil }
    func parkTask(_ task: Int32) { tasks[Int(task)]!.isParked = true }
    func map(task: Int32, page: UInt32, frame: UInt32, writable: Bool) { tasks[Int(task)]!.map[page] = (frame, writable) }
    func unmap(task: Int32, page: UInt32) { tasks[Int(task)]!.map[page] = nil }
    func begin(task: Int32, entry: TaskEntry, argument0: Int64, argument1: Int64) -> Bool {
        let g = tasks[Int(task)]!.guest
        let program = programs[Int(tasks[Int(task)]!.program)].program
        tasks[Int(task)]!.isParked = false
        switch entry {
        case .instantiate: g.body = { _ in }
        case .start: g.body = { program.start($0, argument0) }
        case .handle: g.body = { program.handle($0, argument0, Signals(rawValue: UInt32(argument1))) }
        case .cloned:
            guard let cloned = program.cloned else { return false }
            g.body = { cloned($0, argument0) }
        }
        return true
    }
    func run(task: Int32, budget: UInt64, consumed: inout UInt64) -> TaskExit {
        let g = tasks[Int(task)]!.guest
        g.budget = budget
        g.consumed = 0
        if g.thread == nil {
            let thread = Thread { [unowned g] in
                while true {
                    g.toProgram.wait()
                    g.body?(g)
                    g.body = nil
                    g.exit = .finished(0)
                    g.toKernel.signal()
                }
            }
            thread.stackSize = 512 * 1024
            g.thread = thread
            thread.start()
            // The thread outlives the task; so must what it waits on.
            _ = Unmanaged.passRetained(g)
        }
        g.toProgram.signal()
        g.toKernel.wait()
        consumed = g.consumed
        return g.exit
    }
    func systemCallArguments(task: Int32) -> SystemCallArguments { tasks[Int(task)]!.guest.arguments }
    func setSystemCallResult(task: Int32, _ value: Int64) { tasks[Int(task)]!.guest.result = value }
    func memoryPages(task: Int32) -> UInt32 { programs[Int(tasks[Int(task)]!.program)].program.pages }
    func saveTask(_ task: Int32) -> [UInt8] {
        Array(tasks[Int(task)]!.guest.globals.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }.joined(separator: ";").utf8)
    }
    func restoreTask(_ task: Int32, _ bytes: [UInt8]) -> Bool {
        var globals: [String: Int64] = [:]
        for pair in String(decoding: bytes, as: UTF8.self).split(separator: ";") {
            let parts = pair.split(separator: "=")
            guard parts.count == 2, let value = Int64(parts[1]) else { return false }
            globals[String(parts[0])] = value
        }
        tasks[Int(task)]!.guest.globals = globals
        return true
    }
    func programHash(_ program: Int32) -> UInt64 { programs[Int(program)].name.utf8.reduce(7) { $0 &* 31 &+ UInt64($1) } }
    var archiveFileCount: Int { files.count }
    func archiveFile(_ index: Int) -> (name: [UInt8], firstFrame: UInt32, byteCount: Int) { files[index] }
    private func device(_ address: UInt64) -> (FakeVirtio, UInt64)? {
        let offset = Int(address) - 0x0a00_0000
        guard offset >= 0, offset / 0x200 < devices.count else { return nil }
        return (devices[offset / 0x200], UInt64(offset % 0x200))
    }
    func readRegister(_ address: UInt64) -> UInt32 { device(address).map { $0.0.read($0.1) } ?? 0 }
    func writeRegister(_ address: UInt64, _ value: UInt32) { if let (d, r) = device(address) { d.write(r, value, self) } }
    func mark(pid: UInt32, kind: Int32, a: Int64, b: Int64) { marks.append((pid, kind, a, b)) }
}
