// Memory pressure: stalls, the snapshot that policies see, and the log of their decisions.

import ABI
import MemoryManager
import Policies

extension Kernel {
    func policyTick() {
        updatePressureLevel()
        runPolicy()
        retrySwapOut()
        memory.pressure.advance()
        memory.promotions.advance()
        memory.refaults.advance()
    }
    /// Pages that could not go out because the device was busy are tried again.
    private func retrySwapOut() {
        guard memory.swap.isOpen, memory.frames.freeCount < framesHigh else { return }
        for p in processes where p.isAlive && p.tab.lifecycle == .hibernated && p.isQuiescent && !p.space.holdsPrefetched && !memory.hasJob(p.pid) && memory.privatePages(p.space) > 0 {
            _ = enqueue(ReclaimJob(space: p.pid, kind: .hibernate))
        }
    }
    func runPolicy() {
        let now = snapshot()
        charge(costs.perItem * UInt64(now.tabs.reduce(0) { $0 + $1.pagesResident }))
        for d in memoryPolicy.decide(now) { apply(d, policy: memoryPolicy.name) }
    }

    // MARK: The level of pressure

    /// Tells who wants to know when the level has risen. Before the policy is asked: what programs give up by
    /// themselves need not be taken from them.
    func updatePressureLevel() {
        let period = configuration.policyPeriodNanoseconds
        let some = memory.pressure.someShares(period: period).over10, full = memory.pressure.fullShares(period: period).over10
        let before = memory.gauge.level
        guard memory.gauge.update(free: memory.frames.freeCount, low: framesLow, high: framesHigh, some: some, full: full), memory.gauge.level.rawValue > before.rawValue else { return }
        forgetDeadPressureEvents()
        for ref in pressureEvents { if let o = objects[ref] { setSignals(o, .signaled, true) } }
    }
    func callPressureEvent(_ p: GuestProcess) throws(CallStop) -> Int64 {
        let event = KernelObject(kind: .event)
        let raw = try newHandle(p, event, [.read, .write, .duplicate, .transfer])
        forgetDeadPressureEvents()
        pressureEvents.append(event.ref)
        return Int64(raw)
    }
    private func forgetDeadPressureEvents() {
        charge(costs.perItem * UInt64(pressureEvents.count))
        pressureEvents.removeAll { objects[$0] == nil }
    }

    // MARK: What policies see

    /// What a policy sees now.
    public func snapshot() -> MemorySnapshot {
        var m = MemorySnapshot(nowNanoseconds: hal.nowNanoseconds, framesTotal: UInt32(hal.frameCount), framesFree: UInt32(memory.frames.freeCount),
                               framesLow: UInt32(framesLow), framesHigh: UInt32(framesHigh), framesCompressedPool: UInt32(memory.poolFrameCount), tabs: [])
        for p in processes where p.isAlive && p.tab.isTab {
            if p.tab.lifecycle == .active { m.activePid = p.pid }
            m.tabs.append(snapshot(p))
        }
        let some = memory.pressure.someShares(period: configuration.policyPeriodNanoseconds), full = memory.pressure.fullShares(period: configuration.policyPeriodNanoseconds)
        (m.pressure.some10, m.pressure.some60, m.pressure.some300) = (some.over10, some.over60, some.over300)
        (m.pressure.full10, m.pressure.full60, m.pressure.full300) = (full.over10, full.over60, full.over300)
        m.swapSlotsTotal = UInt32(memory.swap.slots.count)
        m.swapSlotsFree = UInt32(memory.swap.slots.freeCount)
        m.swapWrittenPages = memory.counters.swapWrittenPages
        m.refaultsTotal = memory.counters.refaults
        m.refaultsLastMinute = UInt32(clamping: memory.refaults.recent)
        (m.costs.compressPage, m.costs.decompressPage) = (costs.compressPage, costs.decompressPage)
        (m.costs.swapReadPage, m.costs.swapWritePage) = (configuration.swapReadPage, configuration.swapWritePage)
        return m
    }
    private func snapshot(_ p: GuestProcess) -> TabSnapshot {
        let pages = memory.survey(p.space)
        var t = TabSnapshot(pid: p.pid, tabID: p.tab.tabID, lifecycle: p.tab.lifecycle, flags: p.tab.flags, lastActiveNanoseconds: p.tab.lastActiveNanoseconds,
                            pagesResident: p.space.counts.resident, pagesCompressed: p.space.counts.compressed, pagesSwapped: p.space.counts.swapped,
                            pagesPrivate: pages.privateCount, isFallingAsleep: memory.isFallingAsleep(p.pid))
        t.openedNanoseconds = p.tab.openedNanoseconds
        t.lastVisibleNanoseconds = p.tab.isVisible ? hal.nowNanoseconds : p.tab.lastVisibleNanoseconds
        t.activationCount = p.tab.activationCount
        t.returnPerMille = returns.returnPerMille(tab: p.tab.tabID, at: hal.nowNanoseconds)
        t.pagesFilled = p.space.counts.filled
        t.pagesShared = pages.shared
        t.pagesByGeneration = PageGenerations(pages.generations.0, pages.generations.1, pages.generations.2, pages.generations.3)
        t.compressedByteCount = pages.compressedByteCount
        t.pagesRefusedByCodec = pages.refused
        t.workingSetPages = UInt32(p.space.workingSet.count)
        t.refaultCount = p.space.refaultCount
        t.reloadNanoseconds = p.tab.reloadNanoseconds
        return t
    }

    // MARK: The log

    /// Logs a decision, not applied so far; its number, -1 when the log is full.
    func note(_ d: MemoryDecision, tabID: UInt32, policy: StaticString) -> Int {
        if decisionLog.count >= KernelLimits.decisionLogCountMax { return -1 }
        decisionLog.append(DecisionRecord(nowNanoseconds: hal.nowNanoseconds, policy: policy, decision: d, tabID: tabID,
                                          framesFree: UInt32(memory.frames.freeCount), framesLow: UInt32(framesLow),
                                          pressureSomePerMille: memory.pressure.someShares(period: configuration.policyPeriodNanoseconds).over10, isApplied: false))
        return decisionLog.count - 1
    }
    /// What the kernel decides by itself.
    func noteApplied(_ d: MemoryDecision, _ p: GuestProcess) {
        let ticket = note(d, tabID: p.tab.tabID, policy: "kernel")
        if ticket >= 0 { decisionLog[ticket].isApplied = true }
    }
}
