// Where frames come from when there are none: ask the policy, then kill as the last resort. The reserve is left for the
// compressed pool and for swap-in, so that reclaim can always make progress.

import ABI
import MemoryManager
import Policies

extension Kernel {
    /// A frame for `p`, whose memory is being served; nil when even the last resort gave nothing. The contents are stale.
    func allocateFrame(for p: GuestProcess, _ owner: FrameOwner, near page: UInt32?) -> UInt32? {
        if owner != .shared, isAtLimit(p) { return nil }
        if !memory.hasSpareFrames {
            reclaim(for: p)
            if !memory.hasSpareFrames { return nil }
        }
        let frame = memory.frames.allocate(owner, preferred: page.flatMap { memory.preferredFrame(p.space, $0) })
        noticeWatermark()
        return frame
    }
    /// It has the share of memory that one process may have. Shared memory was counted when it was created, by whoever that
    /// was.
    func isAtLimit(_ p: GuestProcess) -> Bool { Int(p.space.counts.resident) + p.charges.sharedPageCount >= processFramesMax }
    /// Programs are told, and the policy runs, at the next turn when free memory falls below a watermark.
    private func noticeWatermark() {
        let free = memory.frames.freeCount, moderate = PressureGauge.moderateFrames(low: framesLow, high: framesHigh)
        let threshold = free < framesLow / 2 ? framesLow / 2 : free < framesLow ? framesLow : free < moderate ? moderate : 0
        if threshold != 0, framesNoticed == 0 || threshold < framesNoticed, phase == .running { _ = timers.add(hal.nowNanoseconds, .policyNow) }
        framesNoticed = threshold
    }
    /// Direct reclaim: a process stalls for memory.
    private func reclaim(for p: GuestProcess) {
        if reclaimer != nil { return }
        reclaimer = p
        memory.served = [p.pid, lastRun?.pid ?? 0]
        let before = hal.nowNanoseconds
        compressUntilEnough()
        if !hasEnough {
            runPolicy()
            hibernateFrozen(except: p)
            compressUntilEnough()
        }
        // Frames that are being written to swap come back soon: whoever needs one waits instead of anybody dying.
        while !memory.hasSpareFrames, memory.swap.writeCount == 0, let victim = outOfMemoryVictim(except: p) {
            counters.outOfMemoryKills += 1
            noteApplied(MemoryDecision(.discard, pid: victim.pid, .outOfMemory), victim)
            endProcess(victim, .outOfMemory, code: 0)
        }
        memory.pressure.addStall(hal.nowNanoseconds - before, isFull: true)
        reclaimer = nil
        memory.served = []
    }
    /// A process in the middle of a call or fault that reclaim serves must not end under it.
    func isServed(_ p: GuestProcess) -> Bool { reclaimer != nil && (p === reclaimer || p === lastRun) }
    /// A little above the reserve, so that not every allocation stalls.
    private var hasEnough: Bool { memory.frames.freeCount > MemoryLimits.reserveFrameCount + 8 }
    private func compressUntilEnough() { while !hasEnough, reclaimOnePage() {} }
    /// Background compression after a slice: the faster, the less is free.
    func reclaimInBackground() {
        let free = memory.frames.freeCount
        guard free < framesLow else { return }
        for _ in 0..<(free < framesLow / 2 ? 16 : 4) where !reclaimOnePage() { return }
    }
    /// Tabs that were frozen, but not hibernated, give their pages to the pool before anybody dies.
    private func hibernateFrozen(except p: GuestProcess) {
        for q in processes where q.isAlive && q.isFrozen && q !== p && q.tab.lifecycle == .frozen { _ = sleepNow(q, .hibernate) }
    }
    /// The background tab with the most private memory; without one the largest process. Never `init` (pid 1), a
    /// process that drives a device, or the one whose call or fault is being served.
    private func outOfMemoryVictim(except p: GuestProcess) -> GuestProcess? {
        let candidates = processes.filter { $0.isAlive && !isServed($0) && $0.pid != 1 && $0.priority > 0 && footprint($0) > 0 }
        let background = candidates.filter { $0.tab.isTab && $0.tab.lifecycle != .active }
        if let victim = largest(background) { return victim }
        guard let victim = largest(candidates) else { return nil }
        // Nobody smaller dies for the largest one: then it is `p` that goes.
        return footprint(victim) > footprint(p) ? victim : nil
    }
    private func largest(_ list: [GuestProcess]) -> GuestProcess? { list.max { footprint($0) < footprint($1) } }
    private func footprint(_ p: GuestProcess) -> UInt32 { memory.privatePages(p.space) + p.space.counts.compressed / 3 + UInt32(p.charges.sharedFrameCount) }
}
