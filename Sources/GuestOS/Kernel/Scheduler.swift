// The scheduler: round robin in three priorities (0: processes that drive devices, 1: others, 2: hidden tabs), and the
// loop that runs one process until its slice ends, it waits, or it is gone.

import ABI
import MemoryManager

extension Kernel {
    /// Runs one process for at most `limit` nanoseconds of guest time. False: nothing is runnable.
    public func runSlice(limit: UInt64) -> Bool {
        guard phase == .running else { return false }
        guard let p = pickNext() else { return reclaimOnePage() }
        let start = hal.nowNanoseconds, priority = p.priority
        if p.sliceLeftNanoseconds == 0 { p.sliceLeftNanoseconds = configuration.timesliceNanoseconds }
        let slice = min(limit, p.sliceLeftNanoseconds)
        let end = start &+ slice < start ? .max : start &+ slice
        if lastRun !== p {
            counters.contextSwitches += 1
            p.record.contextSwitches += 1
            charge(costs.contextSwitch)
            lastRun = p
        }
        mustLeaveSlice = false
        runProcess(p, until: end)
        let used = hal.nowNanoseconds - start
        p.record.nanoseconds += used
        p.sliceLeftNanoseconds = used >= p.sliceLeftNanoseconds ? 0 : p.sliceLeftNanoseconds - used
        if p.state != .ready { p.sliceLeftNanoseconds = 0 }
        if p.sliceLeftNanoseconds == 0 { waitingSince[priority] = hal.nowNanoseconds }
        if p.state == .ready { enqueue(p, atHead: p.sliceLeftNanoseconds > 0) }
        reclaimInBackground()
        updateAlarm()
        return true
    }
    /// The first of the most urgent queue; or of the least urgent one that has waited for eight timeslices, so that none
    /// starves. It waits in time, not in turns: processes that run briefly do not make others' turns come sooner.
    private func pickNext() -> GuestProcess? {
        let now = hal.nowNanoseconds, limit = 8 * configuration.timesliceNanoseconds
        let waiting = queues.indices.filter { !queues[$0].isEmpty }
        guard let i = waiting.last(where: { now - waitingSince[$0] >= limit }) ?? waiting.first else { return nil }
        let p = queues[i].removeFirst()
        p.isQueued = false
        invariant(p.state == .ready && !p.isFrozen, "a process that cannot run was queued")
        return p
    }

    private func runProcess(_ p: GuestProcess, until end: UInt64) {
        while p.state == .ready, !p.isFrozen {
            switch p.resume {
            case .deliver: if !beginDelivery(p) { return }
            case .restartCall:
                dispatchCall(p)
                if p.state != .ready || p.resume != .run { return }
            case .run: break
            }
            let now = hal.nowNanoseconds
            let stop = min(end, timers.nextDeadline)
            if now >= stop || mustLeaveSlice { return }
            runTask(p, nanoseconds: stop - now)
        }
    }
    private func runTask(_ p: GuestProcess, nanoseconds: UInt64) {
        let rate = configuration.instructionPicoseconds
        let budget = max(1, nanoseconds > 1 << 40 ? (1 << 40) : nanoseconds * 1000 / rate)
        var consumed: UInt64 = 0
        let exit = hal.run(task: p.task, budget: budget, consumed: &consumed)
        p.record.instructions &+= consumed
        let picoseconds = consumed * rate + p.picosecondsLeft
        p.picosecondsLeft = picoseconds % 1000
        charge(picoseconds / 1000)
        switch exit {
        case .systemCall: dispatchCall(p)
        case .outOfFuel: break
        case .pageFault(let page, let isWrite): handleFault(p, page, isWrite)
        case .trap(let code): handleTrap(p, code)
        case .finished: handleFinished(p)
        }
    }
    private func handleFault(_ p: GuestProcess, _ page: UInt32, _ isWrite: Bool) {
        p.record.faults += 1
        p.record.faultsByKind[kind(p, page, isWrite).rawValue] += 1
        counters.faults += 1
        charge(costs.fault)
        switch resolve(p, page, write: isWrite) {
        case .ready: break
        case .wait: p.resume = .run
        case .bad: endProcess(p, .badAccess, code: Int32(truncatingIfNeeded: page))
        case .outOfMemory: endProcess(p, .outOfMemory, code: 0)
        }
    }
    private func kind(_ p: GuestProcess, _ page: UInt32, _ isWrite: Bool) -> FaultKind {
        if p.mapping(containing: page) != nil { return .shared }
        let entry = p.space.pageTable[page]
        switch entry.state {
        case .absent, .zero, .filled: return .zero
        case .resident: return isWrite && memory.frames.count(entry.value) > 1 ? .copy : .protection
        case .compressed: return .compressed
        case .swapped, .swappingIn, .swappingOut: return .swapped
        case .shared: return .shared
        }
    }
    private func handleTrap(_ p: GuestProcess, _ code: TrapCode) {
        counters.traps += 1
        log("kernel: process \(p.pid) (" + p.name.string + ") trapped: " + code.name)
        endProcess(p, code == .stackOverflow ? .stackOverflow : .trapped, code: code.rawValue)
    }
    private func handleFinished(_ p: GuestProcess) {
        if !p.isInstantiated {
            p.isInstantiated = true
            if !hal.begin(task: p.task, entry: .start, argument0: Int64(p.bootstrapHandle), argument1: 0) {
                log("kernel: program " + p.name.string + " has no start")
                endProcess(p, .trapped, code: 0)
            }
            return
        }
        p.resume = .deliver
        if let kind = p.sleepsWhenQuiescent, sleepNow(p, kind) { return }
    }
    /// Starts `handle` for the next ready subscription in rotation; quiescent when there is none.
    private func beginDelivery(_ p: GuestProcess) -> Bool {
        let count = p.subscriptions.count
        for i in 0..<count {
            charge(costs.perItem)
            let at = (p.rotation + i) % count
            let s = p.subscriptions[at]
            let hit = objects[s.ref]?.signals.intersection(s.signals) ?? []
            if hit.isEmpty { continue }
            p.rotation = at + 1
            guard hal.begin(task: p.task, entry: .handle, argument0: s.key, argument1: Int64(hit.rawValue)) else {
                endProcess(p, .trapped, code: 0)
                return false
            }
            p.resume = .run
            return true
        }
        p.state = .quiescent
        return false
    }

    // MARK: Blocking

    /// Ends the waits of a call that blocked.
    func clearWaits(_ p: GuestProcess) {
        for ref in p.waits { if let o = objects[ref] { removeObserver(o, p) } }
        p.waits = []
        if let key = p.waitTimer {
            timers.remove(key)
            p.waitTimer = nil
        }
    }
    func removeObserver(_ o: KernelObject, _ p: GuestProcess) {
        if let i = o.observers.firstIndex(of: p.ref) { o.observers.remove(at: i) }
    }
}
