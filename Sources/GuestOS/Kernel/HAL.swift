// The hardware-abstraction layer: everything the kernel needs from the machine under it. One class-bound protocol, so
// that the same kernel runs hosted (over `Machine`) and on metal (Embedded Swift accepts class-bound existentials).

import ABI
import MemoryManager

/// Why a task gave the processor back.
public enum TaskExit: Sendable, Equatable {
    case systemCall                              // arguments through `systemCallArguments`
    case outOfFuel                               // the budget is used up
    case pageFault(page: UInt32, isWrite: Bool)  // 64 KiB page number in the task's linear memory
    case trap(TrapCode)                          // WebAssembly trap; the task cannot go on
    case finished(Int64)                         // the entry function returned: the task is quiescent
}

/// Functions that every program exports. `instantiate` runs the module's data segments and constructors.
public enum TaskEntry: Int32, Sendable {
    case instantiate = 0
    case start = 1    // start(bootstrapHandle: i32)
    case handle = 2   // handle(key: i64, signals: i32)
    case cloned = 3   // cloned(bootstrapHandle: i32); optional export
}

/// The six arguments and the number of a system call.
public struct SystemCallArguments: Sendable {
    public var number: Int32
    public var a0, a1, a2, a3, a4, a5: Int64
    public init(number: Int32, a0: Int64 = 0, a1: Int64 = 0, a2: Int64 = 0, a3: Int64 = 0, a4: Int64 = 0, a5: Int64 = 0) {
        self.number = number
        self.a0 = a0; self.a1 = a1; self.a2 = a2; self.a3 = a3; self.a4 = a4; self.a5 = a5
    }
}

/// What the machine under the kernel offers. Task ids are small integers chosen by the HAL, never negative.
public protocol HAL: MemoryHardware {
    // Time (more of it in `MemoryHardware`). Charging advances `now` by the time of return to the run loop.
    var wallClockNanoseconds: UInt64 { get }
    /// One-shot alarm: the run loop calls `Kernel.alarm()` at this time. `.max` disarms.
    func setAlarm(nanoseconds: UInt64)

    // RAM, in frames of 64 KiB. The kernel sees all of it.
    var frameCount: Int { get }
    func physicalAddress(ofFrame frame: UInt32) -> UInt64

    // Programs and their tasks (address space + registers + stack).
    /// The program's id, or -1. `name` is UTF-8.
    func findProgram(_ name: [UInt8]) -> Int32
    /// A fresh task with nothing mapped; -1 when the machine has no more.
    func createTask(program: Int32) -> Int32
    /// A copy of a quiescent task's registers, globals and tables, with nothing mapped; -1 when impossible.
    func cloneTask(_ task: Int32) -> Int32
    func destroyTask(_ task: Int32)
    /// Prepares a call of `entry` on a quiescent task. False when the program lacks that export.
    func begin(task: Int32, entry: TaskEntry, argument0: Int64, argument1: Int64) -> Bool
    /// Runs until an exit. `consumed` is the number of instructions executed.
    func run(task: Int32, budget: UInt64, consumed: inout UInt64) -> TaskExit
    func systemCallArguments(task: Int32) -> SystemCallArguments
    func setSystemCallResult(task: Int32, _ value: Int64)
    /// Linear-memory size in pages as the program sees it (grown by memory.grow).
    func memoryPages(task: Int32) -> UInt32
    /// Bytes of the registers and globals of a quiescent task, for hibernation and state hashes.
    func saveTask(_ task: Int32) -> [UInt8]
    /// Puts them into a quiescent task of the same program. False when they are no state of it; they need not be trusted.
    func restoreTask(_ task: Int32, _ bytes: [UInt8]) -> Bool
    /// Hash of a program's contents.
    func programHash(_ program: Int32) -> UInt64

    // Boot archive: read-only files that lie in RAM frames from boot on.
    var archiveFileCount: Int { get }
    func archiveFile(_ index: Int) -> (name: [UInt8], firstFrame: UInt32, byteCount: Int)

    // Devices (memory-mapped registers).
    func readRegister(_ address: UInt64) -> UInt32
    func writeRegister(_ address: UInt64, _ value: UInt32)

    /// A measurement point of a program or of the kernel (`SystemCall.mark`).
    func mark(pid: UInt32, kind: Int32, a: Int64, b: Int64)
}
