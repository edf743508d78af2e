// The kernel's hardware-abstraction layer over the hosted machine: names and types are translated, nothing is decided.

import ABI
import Kernel
import Machine

/// A file of the boot archive before boot.
struct ArchiveFile {
    var name: String
    var bytes: [UInt8]
}

/// A measurement point that a program or the kernel set.
public struct Mark: Equatable, Sendable {
    public var tick: UInt64
    public var pid: UInt32
    public var kind: Int32
    public var a: Int64, b: Int64
}

final class HostedHAL: HAL {
    let machine: Machine
    let cpu: CPU
    private(set) var marks: [Mark] = []
    /// Any program may set marks, so what the host keeps of them is bounded; the rest is counted.
    static let markCountMax = 1 << 18
    private(set) var droppedMarkCount: UInt64 = 0
    private(set) var instructionCount: UInt64 = 0
    /// Called for each mark, for benchmarks that react to one.
    var onMark: ((Mark) -> Void)?
    /// Called when a program traps, with its place in the shared object, innermost frame first. For people only.
    var onTrap: ((_ task: Int, TrapCode, _ offsets: [UInt64]) -> Void)?
    /// Called when a process has ended, with the index of its program.
    var onTaskEnd: ((Int) -> Void)?
    private(set) var taskPrograms: [Int: Int] = [:]
    private var archive: [(name: [UInt8], firstFrame: UInt32, byteCount: Int)] = []
    private var programIDs: [[UInt8]: Int32] = [:]

    /// Puts the archive's files into the highest frames, each from a frame of its own, so that they map page by page.
    init(machine: Machine, cpu: CPU, programs: [(name: String, program: Program)], files: [ArchiveFile]) throws(MachineError) {
        self.machine = machine
        self.cpu = cpu
        for (name, program) in programs { programIDs[Array(name.utf8)] = Int32(cpu.addProgram(program)) }
        var next = machine.ram.frameCount
        for file in files {
            let frames = (file.bytes.count + 65535) / 65536
            next -= max(1, frames)
            if next < machine.ram.frameCount / 2 { throw MachineError("The boot archive does not fit: give the machine more memory (--ram).") }
            let target = machine.ram.frameAddress(UInt32(next))
            file.bytes.withUnsafeBytes { if let base = $0.baseAddress { target.copyMemory(from: base, byteCount: $0.count) } }
            archive.append((Array(file.name.utf8), UInt32(next), file.bytes.count))
        }
    }

    // Time
    var nowNanoseconds: UInt64 { machine.now.nanoseconds }
    var wallClockNanoseconds: UInt64 { machine.wallClockNanoseconds }
    func charge(nanoseconds: UInt64) { machine.charge(nanoseconds: nanoseconds) }
    func setAlarm(nanoseconds: UInt64) { machine.setAlarm(nanoseconds == .max ? nil : Tick(nanoseconds: nanoseconds)) }

    // RAM
    var frameCount: Int { machine.ram.frameCount }
    func frameAddress(_ frame: UInt32) -> UnsafeMutableRawPointer { machine.ram.frameAddress(frame) }
    func physicalAddress(ofFrame frame: UInt32) -> UInt64 { GuestRAM.physicalBase + UInt64(frame) * UInt64(GuestRAM.frameByteCount) }

    // Programs and tasks
    func findProgram(_ name: [UInt8]) -> Int32 { programIDs[name] ?? -1 }
    func createTask(program: Int32) -> Int32 {
        let task = cpu.createTask(program: Int(program))
        if task >= 0 { taskPrograms[task] = Int(program) }
        return Int32(task)
    }
    func cloneTask(_ task: Int32) -> Int32 {
        let clone = cpu.cloneTask(Int(task))
        if clone >= 0 { taskPrograms[clone] = taskPrograms[Int(task)] }
        return Int32(clone)
    }
    func destroyTask(_ task: Int32) {
        if let program = taskPrograms.removeValue(forKey: Int(task)) { onTaskEnd?(program) }
        cpu.destroyTask(Int(task))
    }
    func parkTask(_ task: Int32) { cpu.parkTask(Int(task)) }
    func map(task: Int32, page: UInt32, frame: UInt32, writable: Bool) { cpu.map(task: Int(task), page: page, frame: frame, writable: writable) }
    func unmap(task: Int32, page: UInt32) { cpu.unmap(task: Int(task), page: page) }
    func begin(task: Int32, entry: TaskEntry, argument0: Int64, argument1: Int64) -> Bool {
        cpu.begin(task: Int(task), entry: Entry(rawValue: entry.rawValue)!, argument0: argument0, argument1: argument1)
    }
    func run(task: Int32, budget: UInt64, consumed: inout UInt64) -> TaskExit {
        defer { instructionCount &+= consumed }
        switch cpu.run(task: Int(task), budget: budget, consumed: &consumed) {
        case .systemCall: return .systemCall
        case .outOfFuel: return .outOfFuel
        case .pageFault(let page, let isWrite): return .pageFault(page: page, isWrite: isWrite)
        case .trap(let code):
            let trap = TrapCode(rawValue: code) ?? .unknown
            onTrap?(Int(task), trap, cpu.trace(task: Int(task)))
            return .trap(trap)
        case .finished(let value): return .finished(value)
        }
    }
    func systemCallArguments(task: Int32) -> SystemCallArguments {
        let a = cpu.systemCallArguments(task: Int(task))
        return SystemCallArguments(number: a.number, a0: a.a0, a1: a.a1, a2: a.a2, a3: a.a3, a4: a.a4, a5: a.a5)
    }
    func setSystemCallResult(task: Int32, _ value: Int64) { cpu.setSystemCallResult(task: Int(task), value) }
    func memoryPages(task: Int32) -> UInt32 { cpu.memoryPages(task: Int(task)) }
    func saveTask(_ task: Int32) -> [UInt8] { cpu.saveTask(Int(task)) }
    func restoreTask(_ task: Int32, _ bytes: [UInt8]) -> Bool { cpu.restoreTask(Int(task), bytes) }
    func programHash(_ program: Int32) -> UInt64 { cpu.programs[Int(program)].contentHash }

    // Boot archive
    var archiveFileCount: Int { archive.count }
    func archiveFile(_ index: Int) -> (name: [UInt8], firstFrame: UInt32, byteCount: Int) { archive[index] }

    // Devices
    func readRegister(_ address: UInt64) -> UInt32 { machine.bus.read(address) }
    func writeRegister(_ address: UInt64, _ value: UInt32) { machine.bus.write(address, value) }

    func mark(pid: UInt32, kind: Int32, a: Int64, b: Int64) {
        let mark = Mark(tick: machine.now.nanoseconds, pid: pid, kind: kind, a: a, b: b)
        if marks.count < HostedHAL.markCountMax { marks.append(mark) } else { droppedMarkCount += 1 }
        onMark?(mark)
    }
}
