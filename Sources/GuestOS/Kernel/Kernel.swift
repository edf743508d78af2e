// The kernel: its state, boot sequence and the small operations everything else uses (objects, signals, waking).
// One processor, one thread: nothing here is re-entered except where said.

import ABI
import Drivers
import MemoryManager
import Policies

/// What the kernel counted since boot.
public struct KernelCounters: Sendable {
    public var systemCalls: UInt64 = 0, contextSwitches: UInt64 = 0, faults: UInt64 = 0, messages: UInt64 = 0
    public var freezes: UInt64 = 0, hibernations: UInt64 = 0, thaws: UInt64 = 0, discards: UInt64 = 0, outOfMemoryKills: UInt64 = 0
    public var refusedDecisions: UInt64 = 0, droppedInputEvents: UInt64 = 0, droppedConsoleBytes: UInt64 = 0, diskErrors: UInt64 = 0, traps: UInt64 = 0
    public init() {}
}

public final class Kernel {
    enum Phase { case created, probing, running }

    let hal: any HAL
    public let configuration: KernelConfiguration
    let costs: CostModel
    /// Exchangeable at run time.
    public var memoryPolicy: any MemoryPolicy
    public internal(set) var counters = KernelCounters()
    public internal(set) var decisionLog: [DecisionRecord] = []
    var phase = Phase.created
    /// Sees every dispatched call: pid, arguments, outcome, time. For tracers; no part of the state.
    public var onCall: ((UInt32, SystemCallArguments, CallOutcome, UInt64) -> Void)?

    // Objects.
    var objects = ObjectTable()
    var doomed: [KernelObject] = []
    var isDestroying = false
    var queuedHandleCount = 0                   // in all messages
    var processes: [GuestProcess] = []          // ascending pid
    var nextPID: UInt32 = 1
    var services: [Service] = []
    var archive: [ArchiveFile] = []

    // Scheduler.
    var queues = [[GuestProcess]](repeating: [], count: KernelLimits.priorityCount)
    var waitingSince = [UInt64](repeating: 0, count: KernelLimits.priorityCount)     // since when a queue had no whole turn
    var lastRun: GuestProcess?
    var mustLeaveSlice = false
    var timers = TimerQueue()
    var alarmSet: UInt64 = .max

    // Memory.
    let memory: MemoryManager
    var framesLow = 0, framesHigh = 0, processFramesMax = 0
    var reclaimer: GuestProcess?                // for whom memory is being reclaimed
    var framesNoticed = 0                       // the threshold that free frames were below at the last allocation, or 0
    var pressureEvents: [ObjectRef] = []        // who is told of the level
    var returns = ReturnModel()                 // how likely each tab is shown again

    // Devices.
    var devices = DeviceSet()
    var random = RandomGenerator()
    var wallClockBase: UInt64                   // time of day at boot; the machine's until the clock has answered

    public init(hal: any HAL, configuration: KernelConfiguration = KernelConfiguration()) {
        self.hal = hal
        self.configuration = configuration
        costs = configuration.costs
        memoryPolicy = configuration.policy
        memory = MemoryManager(hardware: hal, costs: configuration.costs.memory, frameCount: hal.frameCount)
        wallClockBase = hal.wallClockNanoseconds &- hal.nowNanoseconds
    }

    /// Archive, memory, devices; then `init`, at once or as soon as the devices have answered.
    public func boot() {
        invariant(phase == .created, "booted twice")
        openArchive()
        invariant(memory.boot(), "no memory at boot")
        framesLow = configuration.framesLow > 0 ? Int(configuration.framesLow) : hal.frameCount / 8
        framesHigh = configuration.framesHigh > 0 ? Int(configuration.framesHigh) : hal.frameCount / 5
        processFramesMax = configuration.processFramesMax > 0 ? Int(configuration.processFramesMax) : hal.frameCount / 2
        phase = .probing
        _ = timers.add(hal.nowNanoseconds + 1_000_000_000, .probeTimeout)
        probeDevices()
        startInitWhenReady(force: false)
        updateAlarm()
    }
    func startInitWhenReady(force: Bool) {
        guard phase == .probing, force || devices.haveAnswered(isSeeded: random.isSeeded) else { return }
        phase = .running
        if !random.isSeeded { random.seed([UInt8](repeating: 0x5a, count: 32)) }
        _ = timers.add(hal.nowNanoseconds + configuration.policyPeriodNanoseconds, .policy)
        _ = timers.add(hal.nowNanoseconds + configuration.agingPeriodNanoseconds, .aging)
        let system = KernelObject(kind: .system)
        insertAtBoot(system)
        do throws(SystemError) {
            _ = try spawnProcess(Array(configuration.bootProgram.utf8), parent: nil, bootstrap: HandleEntry(ref: system.ref, rights: .all))
        } catch {
            log("kernel: cannot start " + configuration.bootProgram + ": " + error.name)
        }
    }

    /// The one-shot alarm is due.
    public func alarm() {
        let now = hal.nowNanoseconds
        alarmSet = .max
        while let target = timers.popDue(now) {
            switch target {
            case .timer(let ref):
                if let t = objects[ref] as? TimerObject {
                    t.entry = nil
                    setSignals(t, .signaled, true)
                }
            case .wait(let ref):
                if let p = objects[ref] as? GuestProcess {
                    p.waitTimer = nil
                    wake(p)
                }
            case .policy:
                _ = timers.add(now + configuration.policyPeriodNanoseconds, .policy)
                policyTick()
            case .policyNow:
                updatePressureLevel()
                runPolicy()
            case .aging:
                _ = timers.add(now + configuration.agingPeriodNanoseconds, .aging)
                memory.ageTabs(budget: MemoryLimits.samplingBudget)
            case .probeTimeout: startInitWhenReady(force: true)
            }
        }
        updateAlarm()
    }
    func updateAlarm() {
        let next = timers.nextDeadline
        if next != alarmSet {
            alarmSet = next
            hal.setAlarm(nanoseconds: next)
        }
    }

    // MARK: Objects

    /// One more holder.
    func retain(_ ref: ObjectRef) {
        guard let o = objects[ref] else { kernelPanic("retained a dead object") }
        o.referenceCount += 1
    }
    /// One holder less; destroys what nobody holds, without recursion.
    func release(_ ref: ObjectRef) {
        guard let o = objects[ref] else { kernelPanic("released a dead object") }
        invariant(o.referenceCount > 0, "object released too often")
        o.referenceCount -= 1
        if o.referenceCount > 0 { return }
        doomed.append(o)
        if isDestroying { return }
        isDestroying = true
        while let next = doomed.popLast() { destroy(next) }
        isDestroying = false
    }
    private func destroy(_ o: KernelObject) {
        if let end = o as? ChannelEnd {
            for m in end.messages {
                unqueue(m)
                for e in m.handles { drop(e) }
            }
            if let peer = objects[end.peer] as? ChannelEnd {
                peer.peer = .none
                setSignals(peer, .writable, false)
                setSignals(peer, .peerClosed, true)
                if let i = services.firstIndex(where: { $0.end == peer.ref }) { release(services.remove(at: i).end) }
            }
        } else if let shared = o as? SharedObject {
            for f in shared.frames where f != noFrame { memory.frames.release(f) }
        } else if let timer = o as? TimerObject {
            if let key = timer.entry { timers.remove(key) }
        } else if let p = o as? GuestProcess {
            invariant(!p.isAlive, "a living process lost its last reference")
            processes.removeAll { $0 === p }
            for a in ancestry(p).dropFirst() { a.descendantCount -= 1 }
        }
        if let payer = objects[o.payer] as? GuestProcess { charge(o, to: payer, -1) }
        objects.remove(o.ref)
    }
    /// An object that the kernel itself holds.
    func insertAtBoot(_ o: KernelObject) {
        invariant(objects.insert(o), "object table full at boot")
        retain(o.ref)
    }

    // MARK: Signals and waking

    func setSignals(_ o: KernelObject, _ bits: Signals, _ on: Bool) {
        let before = o.signals
        if on { o.signals.formUnion(bits) } else { o.signals.subtract(bits) }
        guard !o.signals.subtracting(before).isEmpty else { return }
        charge(costs.perItem * UInt64(o.observers.count))
        for ref in o.observers { if let p = objects[ref] as? GuestProcess { wake(p) } }
    }
    /// Something a waiting process may want has happened: it looks again when it gets the processor.
    func wake(_ p: GuestProcess) {
        switch p.state {
        case .quiescent:
            p.state = .ready
            p.resume = .deliver
        case .blocked:
            if p.awaitedPage != nil { return }
            p.state = .ready
            p.resume = .restartCall
        case .ready, .ended: return
        }
        enqueue(p)
    }
    func enqueue(_ p: GuestProcess, atHead: Bool = false) {
        if p.isFrozen || p.isQueued || p.state != .ready { return }
        p.isQueued = true
        if queues[p.priority].isEmpty, !atHead { waitingSince[p.priority] = hal.nowNanoseconds }
        if atHead { queues[p.priority].insert(p, at: 0) } else { queues[p.priority].append(p) }
    }
    func dequeue(_ p: GuestProcess) {
        guard p.isQueued else { return }
        p.isQueued = false
        for i in 0..<queues.count { queues[i].removeAll { $0 === p } }
    }

    // MARK: Small tools

    func charge(_ nanoseconds: UInt64) { hal.charge(nanoseconds: nanoseconds) }
    /// A line of its own on the console.
    func log(_ line: String) { writeConsole((devices.console?.lineStart ?? []) + Array(line.utf8) + [10]) }
    func openArchive() {
        for i in 0..<hal.archiveFileCount {
            let file = hal.archiveFile(i)
            let pageCount = (file.byteCount + Limits.pageByteCount - 1) / Limits.pageByteCount
            let list = (0..<pageCount).map { file.firstFrame + UInt32($0) }
            for f in list { memory.frames.reserve(f, .archive) }
            let object = SharedObject(byteCount: file.byteCount, backing: .archive, frames: list)
            insertAtBoot(object)
            archive.append(ArchiveFile(name: file.name, ref: object.ref))
        }
    }
}

struct Service { var name: [UInt8]; var end: ObjectRef }
struct ArchiveFile { var name: [UInt8]; var ref: ObjectRef }

/// "No frame" in lists of frames.
let noFrame: UInt32 = .max
