// Whole-tab sleep. Frozen: no processor, events wait. Hibernated: frozen and every private page compressed, filled or on
// its way to swap, native stack parked. Discarded: killed; the browser keeps the address. Only quiescent processes sleep.

import ABI
import MemoryManager
import Policies

extension Kernel {
    func freeze(_ p: GuestProcess) {
        guard p.isAlive, !p.isFrozen else { return }
        dequeue(p)
        p.isFrozen = true
        p.tab.lifecycle = .frozen
        counters.freezes += 1
    }
    /// The tab gets the processor again; its pages come back one by one as it touches them.
    func thaw(_ p: GuestProcess) {
        p.hibernateWhenQuiescent = false
        guard p.isFrozen else { return }
        memory.cancelJobs(p.pid)
        p.isFrozen = false
        p.tab.lifecycle = .hidden
        counters.thaws += 1
        wake(p)
        enqueue(p)
    }
    /// Freezes, and lines the pages up for compression. False when the process cannot sleep now.
    func hibernateNow(_ p: GuestProcess) -> Bool {
        p.hibernateWhenQuiescent = false
        guard p.isAlive, p.isQuiescent, memory.enqueue(ReclaimJob(space: p.pid, kind: .hibernate)) else { return false }
        freeze(p)
        if p.tab.lifecycle != .hibernated {
            p.tab.lifecycle = .hibernated
            counters.hibernations += 1
        }
        return true
    }
    /// One page of the work that the memory manager has queued; false when there is nothing that could be done now.
    func reclaimOnePage() -> Bool {
        let hasWorked = memory.workOnePage { _ in }
        pumpSwap()
        return hasWorked
    }

    // MARK: Decisions

    /// Checks the preconditions of a decision, carries it out, and logs it either way.
    @discardableResult
    func apply(_ d: MemoryDecision, policy: StaticString) -> Bool {
        guard let p = process(pid: d.pid), p.isAlive, p.tab.isTab else {
            counters.refusedDecisions += 1
            note(d, tabID: 0, policy: policy, applied: false)
            return false
        }
        let isApplied = carryOut(d.action, p)
        if !isApplied { counters.refusedDecisions += 1 }
        note(d, tabID: p.tab.tabID, policy: policy, applied: isApplied)
        return isApplied
    }
    private func carryOut(_ action: MemoryAction, _ p: GuestProcess) -> Bool {
        if action != .thaw, p.tab.lifecycle == .active { return false }
        switch action {
        case .freeze:
            if p.isFrozen { return false }
            freeze(p)
        case .hibernate:
            if p.tab.lifecycle == .hibernated { return false }
            if !hibernateNow(p) {
                // Busy: it falls asleep at the end of its current event.
                if p.isFrozen || p.hibernateWhenQuiescent { return false }
                p.hibernateWhenQuiescent = true
            }
        case .discard:
            if p.tab.flags.contains(.unsavedForm) || isServed(p) { return false }
            counters.discards += 1
            endProcess(p, .discarded, code: 0)
        case .thaw: thaw(p)
        case .swapOut, .compressCold, .swapCold, .prefetch: return false
        }
        return true
    }
}
