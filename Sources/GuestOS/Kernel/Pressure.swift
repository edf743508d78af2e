// Memory pressure: stalls, the snapshot that policies see, and the log of their decisions.

import ABI
import MemoryManager
import Policies

extension Kernel {
    func policyTick() {
        runPolicy()
        retrySwapOut()
        memory.pressure.advance()
        memory.promotions.advance()
    }
    /// Pages that could not go out because the device was busy are tried again.
    private func retrySwapOut() {
        guard memory.swap.isOpen, memory.frames.freeCount < framesHigh else { return }
        for p in processes where p.isAlive && p.tab.lifecycle == .hibernated && p.isQuiescent && !memory.isFallingAsleep(p.pid) && memory.privatePages(p.space) > 0 {
            _ = memory.enqueue(ReclaimJob(space: p.pid, kind: .hibernate))
        }
    }
    func runPolicy() {
        let now = snapshot()
        charge(costs.perItem * UInt64(now.tabs.reduce(0) { $0 + $1.pagesResident }))
        for d in memoryPolicy.decide(now) { apply(d, policy: memoryPolicy.name) }
    }
    /// What a policy sees now.
    public func snapshot() -> MemorySnapshot {
        var tabs: [TabSnapshot] = []
        for p in processes where p.isAlive && p.tab.isTab {
            tabs.append(TabSnapshot(pid: p.pid, tabID: p.tab.tabID, lifecycle: p.tab.lifecycle, flags: p.tab.flags, lastActiveNanoseconds: p.tab.lastActiveNanoseconds,
                                    pagesResident: p.space.counts.resident, pagesCompressed: p.space.counts.compressed, pagesSwapped: p.space.counts.swapped,
                                    pagesPrivate: memory.privatePages(p.space), isFallingAsleep: memory.isFallingAsleep(p.pid)))
        }
        var s = MemorySnapshot(nowNanoseconds: hal.nowNanoseconds, framesTotal: UInt32(hal.frameCount), framesFree: UInt32(memory.frames.freeCount),
                               framesLow: UInt32(framesLow), framesHigh: UInt32(framesHigh), framesCompressedPool: UInt32(memory.pool.frameCount), tabs: tabs)
        let some = memory.pressure.someShares(period: configuration.policyPeriodNanoseconds), full = memory.pressure.fullShares(period: configuration.policyPeriodNanoseconds)
        (s.pressure.some10, s.pressure.some60, s.pressure.some300) = (some.over10, some.over60, some.over300)
        (s.pressure.full10, s.pressure.full60, s.pressure.full300) = (full.over10, full.over60, full.over300)
        return s
    }
    func note(_ d: MemoryDecision, tabID: UInt32, policy: StaticString, applied: Bool) {
        if decisionLog.count >= KernelLimits.decisionLogCountMax { return }
        decisionLog.append(DecisionRecord(nowNanoseconds: hal.nowNanoseconds, policy: policy, decision: d, tabID: tabID,
                                          framesFree: UInt32(memory.frames.freeCount), framesLow: UInt32(framesLow),
                                          pressureSomePerMille: memory.pressure.someShares(period: configuration.policyPeriodNanoseconds).over10, isApplied: applied))
    }
}
