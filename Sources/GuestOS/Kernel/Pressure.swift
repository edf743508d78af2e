// Memory pressure: stalls, the snapshot that policies see, and the log of their decisions.

import ABI
import Compression
import Policies

extension Kernel {
    /// Charges time during which a process waited for memory.
    func stall(_ nanoseconds: UInt64) {
        charge(nanoseconds)
        pressure.addStall(nanoseconds, isFull: queues.allSatisfy { $0.isEmpty })
    }
    func policyTick() {
        runPolicy()
        retrySwapOut()
        pressure.advance()
    }
    /// Pages that could not go out because the device was busy are tried again.
    private func retrySwapOut() {
        guard devices.block != nil, frames.freeCount < framesHigh else { return }
        for p in processes where p.isAlive && p.lifecycle == .hibernated && p.isQuiescent && !sleepers.contains(p.ref) && privatePages(p) > 0 {
            p.compressionCursor = 0
            sleepers.append(p.ref)
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
        for p in processes where p.isAlive && p.isTab {
            tabs.append(TabSnapshot(pid: p.pid, tabID: p.record.tabID, lifecycle: p.lifecycle, flags: p.tabFlags, lastActiveNanoseconds: p.lastActiveNanoseconds,
                                    pagesResident: p.record.pagesResident, pagesCompressed: p.record.pagesCompressed, pagesSwapped: p.record.pagesSwapped,
                                    pagesPrivate: privatePages(p), isFallingAsleep: sleepers.contains(p.ref)))
        }
        var s = MemorySnapshot(nowNanoseconds: hal.nowNanoseconds, framesTotal: UInt32(frames.frameCount), framesFree: UInt32(frames.freeCount),
                               framesLow: UInt32(framesLow), framesHigh: UInt32(framesHigh), framesCompressedPool: UInt32(pool.frameCount), tabs: tabs)
        s.pressure = pressure.windows(period: configuration.policyPeriodNanoseconds)
        return s
    }
    func note(_ d: MemoryDecision, tabID: UInt32, policy: StaticString, applied: Bool) {
        if decisionLog.count >= KernelLimits.decisionLogCountMax { return }
        decisionLog.append(DecisionRecord(nowNanoseconds: hal.nowNanoseconds, policy: policy, decision: d, tabID: tabID,
                                          framesFree: UInt32(frames.freeCount), framesLow: UInt32(framesLow),
                                          pressureSomePerMille: pressure.somePerMille(period: configuration.policyPeriodNanoseconds), isApplied: applied))
    }
}
