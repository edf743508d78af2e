// The process object: what the scheduler, the memory manager and the tab policies know of one program.

import ABI
import MemoryManager

/// What happens when the process gets the processor next.
enum ResumeKind: UInt8 {
    case run            // go on (or begin the prepared entry)
    case restartCall    // dispatch the interrupted system call again
    case deliver        // quiescent: look for a ready subscription
}

/// Values as in `ProcessRecord.state`, which knows 3 (frozen) besides.
enum RunState: UInt8 { case ready, quiescent, blocked, ended = 4 }

struct Subscription {
    var handle: Int64
    var ref: ObjectRef
    var key: Int64
    var signals: Signals
}

/// A shared object in the window of a process.
struct Mapping {
    var page: UInt32, pageCount: UInt32
    var ref: ObjectRef
    var isWritable: Bool
    var origin: Derivation?                 // of the handle it was made through
}

public final class GuestProcess: KernelObject {
    let pid: UInt32
    let program: Int32
    let name: InlineName
    var parent = ObjectRef.none             // who started it; its parent when that one has ended

    // Scheduler.
    var state = RunState.ready
    var resume = ResumeKind.run
    var isInstantiated = false              // the module's data and constructors are done
    var isQueued = false
    var priority = 1
    var sliceLeftNanoseconds: UInt64 = 0
    var picosecondsLeft: UInt64 = 0
    var bootstrapHandle: UInt32 = 0

    // Waiting.
    var waits: [ObjectRef] = []
    var waitTimer: TimerQueue.Key?
    var awaitedPage: UInt32?                // comes from swap
    var diskTransfer: Int?                  // of the call it is blocked in
    var subscriptions: [Subscription] = []
    var rotation = 0

    // Capabilities and memory.
    var handles = HandleTable()
    let space: AddressSpace
    var mappings: [Mapping] = []            // ascending by page

    // Tab life cycle (memory manager).
    var isFrozen = false
    var isRestoring = false                 // from an image; has not run yet
    var sleepsWhenQuiescent: ReclaimKind?   // how it falls asleep at the end of its current event

    // Accounting.
    var charges = Charges()
    var descendantCount = 0                 // processes it and those below it have started, not forgotten yet
    var record = ProcessRecord()            // what it did and has; `Kernel.record` adds the rest

    init(pid: UInt32, program: Int32, name: InlineName, task: Int32) {
        self.pid = pid
        self.program = program
        self.name = name
        space = AddressSpace(id: pid, task: task)
        super.init(kind: .process)
    }

    var task: Int32 { space.task }
    var tab: TabState {
        get { space.tab }
        set { space.tab = newValue }
    }
    /// No native stack: may be cloned and hibernated.
    var isQuiescent: Bool { state == .quiescent || (state == .ready && resume == .deliver) }
    var isAlive: Bool { state != .ended }

    func mapping(containing page: UInt32) -> Mapping? {
        for m in mappings where page >= m.page && page < m.page + m.pageCount { return m }
        return nil
    }
}
