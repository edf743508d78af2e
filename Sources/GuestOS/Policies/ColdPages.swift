// Page-wise reclaim, which several policies share: take the oldest pages of all background tabs first, generation by
// generation, as the multi-generational LRU does, until so many pages are found.

import ABI

struct ColdPages {
    /// What compressing a page gains, in per mille of it.
    var yieldPerMille: UInt32

    /// Pages that must be compressed to gain so many frames.
    func pages(forFrames frames: UInt32) -> UInt32 { UInt32(clamping: (UInt64(frames) * 1000 + UInt64(max(1, yieldPerMille)) - 1) / UInt64(max(1, yieldPerMille))) }

    /// Up to `pages` pages of `youngest` and older generations, oldest generation first, within one from the least recently
    /// active tab on. One decision a tab.
    func take(_ pages: UInt32, youngest: Int, from snapshot: MemorySnapshot, _ reason: MemoryReason) -> [MemoryDecision] {
        let tabs = byLastActivity(snapshot.tabs.filter { $0.isInBackground && !$0.isFallingAsleep && !$0.flags.contains(.loading) })
        var amounts = [UInt32](repeating: 0, count: tabs.count), generations = [Int](repeating: 0, count: tabs.count)
        var left = pages
        for g in stride(from: PageGenerations.count - 1, through: max(0, youngest), by: -1) {
            for i in tabs.indices where left > 0 {
                let n = min(left, tabs[i].pagesByGeneration[g], tabs[i].pagesPrivate.subtractingClamped(amounts[i]))
                if n == 0 { continue }
                amounts[i] += n
                generations[i] = g
                left -= n
            }
        }
        var decisions: [MemoryDecision] = []
        for i in tabs.indices where amounts[i] > 0 {
            decisions.append(MemoryDecision(.compressCold, pid: tabs[i].pid, reason, amount: amounts[i], generation: UInt8(generations[i])))
        }
        return decisions
    }
    /// What the kernel's own reclaim does below the low watermark: old pages first, young ones only when memory is very
    /// short; then compressed tabs to swap, least recently active first.
    func reclaim(_ snapshot: MemorySnapshot) -> [MemoryDecision] {
        guard snapshot.isBelowLow else { return [] }
        let missing = snapshot.shortage(yieldPerMille: yieldPerMille)
        if missing == 0 { return [] }
        let wanted = pages(forFrames: missing)
        var decisions = take(wanted, youngest: snapshot.framesFree < snapshot.framesLow / 2 ? 0 : 1, from: snapshot, .coldPages)
        var found: UInt32 = 0
        for d in decisions { found = found.addingClamped(d.amount) }
        var left = missing.subtractingClamped(found.perMille(yieldPerMille)), slots = snapshot.swapSlotsFree
        for tab in byLastActivity(snapshot.tabs.filter { $0.lifecycle == .hibernated && $0.pagesCompressed > 0 && !$0.isFallingAsleep }) where left > 0 {
            let pages = tab.pagesCompressed.addingClamped(tab.pagesPrivate)
            if pages > slots || decisions.contains(where: { $0.pid == tab.pid }) { continue }
            slots -= pages
            decisions.append(MemoryDecision(.swapOut, pid: tab.pid, .poolCannotHelp))
            left = left.subtractingClamped(tab.framesHeld)
        }
        return decisions
    }
}
