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
        p.sleepsWhenQuiescent = nil
        guard p.isFrozen else { return }
        memory.cancelJobs(where: { $0.space == p.pid }) { closeJob($0) }
        p.isFrozen = false
        p.isRestoring = false
        p.tab.lifecycle = .hidden
        counters.thaws += 1
        wake(p)
        enqueue(p)
    }
    /// Freezes, and lines the pages up for the pool or for swap. False when the process cannot sleep now.
    func sleepNow(_ p: GuestProcess, _ kind: ReclaimKind, ticket: Int = -1) -> Bool {
        p.sleepsWhenQuiescent = nil
        guard p.isAlive, p.isQuiescent, enqueue(ReclaimJob(space: p.pid, kind: kind, ticket: ticket)) else { return false }
        freeze(p)
        p.space.holdsPrefetched = false
        if p.tab.lifecycle != .hibernated {
            p.tab.lifecycle = .hibernated
            counters.hibernations += 1
        }
        return true
    }
    func enqueue(_ job: ReclaimJob) -> Bool { memory.enqueue(job) { closeJob($0) } }
    /// The log tells how many pages a decision moved.
    private func closeJob(_ job: ReclaimJob) {
        if decisionLog.indices.contains(job.ticket) { decisionLog[job.ticket].pagesMoved = job.done }
    }
    /// One page of the work that the memory manager has queued; false when there is nothing that could be done now.
    func reclaimOnePage() -> Bool {
        let hasWorked = memory.workOnePage { closeJob($0) }
        pumpSwap()
        return hasWorked
    }

    // MARK: Decisions

    /// Checks the preconditions of a decision, carries it out, and logs it either way.
    @discardableResult
    func apply(_ d: MemoryDecision, policy: StaticString) -> Bool {
        let p = process(pid: d.pid)
        let ticket = note(d, tabID: p?.tab.tabID ?? 0, policy: policy)
        guard let p, p.isAlive, p.tab.isTab, carryOut(d, p, ticket) else {
            counters.refusedDecisions += 1
            return false
        }
        if ticket >= 0 { decisionLog[ticket].isApplied = true }
        return true
    }
    private func carryOut(_ d: MemoryDecision, _ p: GuestProcess, _ ticket: Int) -> Bool {
        let isWholeTab = d.action == .freeze || d.action == .hibernate || d.action == .swapOut || d.action == .discard
        if isWholeTab, p.tab.lifecycle == .active || isServed(p) { return false }
        switch d.action {
        case .freeze:
            if p.isFrozen { return false }
            freeze(p)
        case .hibernate: return p.tab.lifecycle != .hibernated && fallAsleep(p, .hibernate, ticket)
        case .swapOut:
            let inMemory = memory.privatePages(p.space) + p.space.counts.compressed
            return memory.swap.slots.freeCount > 0 && inMemory > 0 && fallAsleep(p, .swapOut, ticket)
        case .discard:
            if p.tab.flags.contains(.unsavedForm) { return false }
            counters.discards += 1
            endProcess(p, .discarded, code: 0)
        case .thaw: thaw(p)
        case .compressCold: return moveCold(d, p, .compressCold, ticket)
        case .swapCold: return memory.swap.slots.freeCount > 0 && moveCold(d, p, .swapCold, ticket)
        case .prefetch:
            guard d.amount > 0, !p.space.workingSet.pages.isEmpty, p.space.counts.compressed + p.space.counts.swapped > 0 else { return false }
            p.space.holdsPrefetched = true
            return enqueue(ReclaimJob(space: p.pid, kind: .prefetch, amount: d.amount, ticket: ticket))
        }
        return true
    }
    /// Now, or, when it is busy, at the end of its current event.
    private func fallAsleep(_ p: GuestProcess, _ kind: ReclaimKind, _ ticket: Int) -> Bool {
        if sleepNow(p, kind, ticket: ticket) { return true }
        if p.isFrozen || p.sleepsWhenQuiescent != nil { return false }
        p.sleepsWhenQuiescent = kind
        return true
    }
    private func moveCold(_ d: MemoryDecision, _ p: GuestProcess, _ kind: ReclaimKind, _ ticket: Int) -> Bool {
        guard d.amount > 0, p.isQuiescent else { return false }
        return enqueue(ReclaimJob(space: p.pid, kind: kind, amount: d.amount, minGeneration: d.generation, ticket: ticket))
    }
}
