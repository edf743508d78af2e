// The processor: tasks (address space, registers, stack) of guest programs and their exits. Counts executed
// WebAssembly instructions exactly; the same program with the same inputs leaves at the same instruction everywhere.
// Task ids are indices of `tasks`; the lowest free one is given out, so ids repeat identically from run to run.

import CHost

/// Why a task gave the processor back. Mirrors the kernel's `TaskExit`.
public enum Exit: Sendable, Equatable {
    case systemCall
    case outOfFuel
    case pageFault(page: UInt32, isWrite: Bool)
    /// Raw value as in the kernel's `TrapCode`: 1 out of bounds, 2 unreachable, 3 integer overflow, 4 divide by zero,
    /// 5 invalid conversion, 6 indirect call, 7 table bounds, 8 stack overflow, 9 memory limit, 10 unknown.
    case trap(Int32)
    case finished(Int64)
}

/// Functions that programs export. Mirrors the kernel's `TaskEntry`.
public enum Entry: Int32, Sendable {
    case instantiate = 0, start = 1, handle = 2, cloned = 3
}

/// A system call's number and arguments.
public struct CallArguments: Sendable, Equatable {
    public var number: Int32
    public var a0, a1, a2, a3, a4, a5: Int64
}

public final class CPU {
    private let ram: GuestRAM
    public private(set) var programs: [Program] = []
    private var tasks: [OpaquePointer?] = []
    private var freeTasks: [Int] = []      // sorted descending: the last is the lowest

    public init(ram: GuestRAM) { self.ram = ram }

    deinit { for case let task? in tasks { terrarium_task_destroy(task) } }

    /// Registers a program and returns its id.
    public func addProgram(_ program: Program) -> Int {
        programs.append(program)
        return programs.count - 1
    }

    // MARK: Tasks

    /// A fresh task with nothing mapped; -1 when there is no such program or the host is out of address space.
    public func createTask(program: Int) -> Int {
        guard programs.indices.contains(program) else { return -1 }
        return admit(terrarium_task_create(programs[program].descriptor, ram.fileDescriptor, UInt32(ram.frameCount)))
    }

    /// A copy of a quiescent task's registers, globals and table, with nothing mapped; -1 when it is not quiescent.
    public func cloneTask(_ task: Int) -> Int { admit(terrarium_task_clone(handle(task))) }

    /// Ends a task wherever it is.
    public func destroyTask(_ task: Int) {
        terrarium_task_destroy(handle(task))
        tasks[task] = nil
        let place = freeTasks.firstIndex { $0 < task } ?? freeTasks.count
        freeTasks.insert(task, at: place)
    }

    /// Gives the host back a sleeping task's stack and mappings; both come back by themselves.
    public func parkTask(_ task: Int) { terrarium_task_park(handle(task)) }

    private func admit(_ new: OpaquePointer?) -> Int {
        guard let new else { return -1 }
        if let id = freeTasks.popLast() {
            tasks[id] = new
            return id
        }
        tasks.append(new)
        return tasks.count - 1
    }

    @inline(__always)
    private func handle(_ task: Int) -> OpaquePointer {
        guard tasks.indices.contains(task), let h = tasks[task] else { preconditionFailure("no task \(task)") }
        return h
    }

    // MARK: Address space

    /// Maps one page to a frame before the task runs on; replaces what was mapped there.
    public func map(task: Int, page: UInt32, frame: UInt32, writable: Bool) {
        mapRange(task: task, page: page, firstFrame: frame, count: 1, writable: writable)
    }
    /// Maps `count` pages to contiguous frames.
    public func mapRange(task: Int, page: UInt32, firstFrame: UInt32, count: UInt32, writable: Bool) {
        precondition(Int(firstFrame) + Int(count) <= ram.frameCount, "frames \(firstFrame)+\(count) of \(ram.frameCount)")
        terrarium_task_map(handle(task), page, firstFrame, count, writable)
    }
    public func unmap(task: Int, page: UInt32) { terrarium_task_unmap(handle(task), page, 1) }
    /// Linear-memory size in pages as the program sees it.
    public func memoryPages(task: Int) -> UInt32 { terrarium_task_memory_pages(handle(task)) }

    // MARK: Execution

    /// Prepares a call of `entry` on a quiescent task. False when the program lacks it or the task is not quiescent.
    /// `.instantiate` must come first, once.
    public func begin(task: Int, entry: Entry, argument0: Int64 = 0, argument1: Int64 = 0) -> Bool {
        terrarium_task_begin(handle(task), entry.rawValue, argument0, argument1)
    }

    /// Runs until an exit; adds nothing to `consumed` but sets it to the instructions executed. May exceed `budget` by
    /// the rest of a straight-line piece of code. A trap counts the whole budget.
    public func run(task: Int, budget: UInt64, consumed: inout UInt64) -> Exit {
        let e = terrarium_task_run(handle(task), budget)
        consumed = e.consumed
        switch e.reason {
        case 0: return .systemCall
        case 1: return .outOfFuel
        case 2: return .pageFault(page: e.page, isWrite: e.is_write)
        case 4: return .finished(e.result)
        default: return .trap(Int32(e.code))
        }
    }

    public func systemCallArguments(task: Int) -> CallArguments {
        let a = terrarium_task_arguments(handle(task))
        return CallArguments(number: a.number, a0: a.a0, a1: a.a1, a2: a.a2, a3: a.a3, a4: a.a4, a5: a.a5)
    }
    public func setSystemCallResult(task: Int, _ value: Int64) { terrarium_task_set_result(handle(task), value) }

    /// Bytes of a quiescent task's registers and globals, free of host addresses: for hibernation and state hashes.
    public func saveTask(_ task: Int) -> [UInt8] {
        let h = handle(task)
        let count = terrarium_task_save(h, nil, 0)
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, n in
            n = terrarium_task_save(h, buffer.baseAddress, count)
        }
    }

    /// Puts saved registers and globals into a quiescent task of the same program. False, with nothing changed, when the
    /// bytes are no state of that program; they need not be trusted.
    public func restoreTask(_ task: Int, _ bytes: [UInt8]) -> Bool { terrarium_task_restore(handle(task), bytes, bytes.count) }

    /// Where a trapped or interrupted task is: offsets into its program's shared object, innermost first. For people
    /// (`ProgramBuilder.symbols` names them), never an input of the simulation.
    public func trace(task: Int) -> [UInt64] {
        let h = handle(task)
        return [UInt64](unsafeUninitializedCapacity: 48) { buffer, n in
            n = Int(terrarium_task_trace(h, buffer.baseAddress!, 48))
        }
    }

    /// Mappings that the machine brought back by itself (parked or cloned tasks touching a page), since process start.
    public static var lazyFaultCount: UInt64 { terrarium_lazy_fault_count() }
}
