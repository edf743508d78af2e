// A ladder by age: awake tabs are compressed, compressed ones go to swap, and only when neither can help is one discarded.

import ABI

public final class TieredPolicy: MemoryPolicy {
    static let description = PolicyDescription(
        "tiered", "compresses old tabs, then writes compressed ones to swap, then discards; least recently active first",
        source: "Linux zswap (Documentation/admin-guide/mm/zswap.rst); Kim, Jeong, Kim, Maeng: SmartLMK, ACM TECS 15(3), 2016, for the last step",
        parameters: [PolicyParameter("yield", 600, 0...1000, "expected gain of compressing a page, in per mille of it")]) { v in
            TieredPolicy(yieldPerMille: v.frames("yield"))
        }

    let yieldPerMille: UInt32
    init(yieldPerMille: UInt32) { self.yieldPerMille = yieldPerMille }
    public var name: StaticString { "tiered" }

    public func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision] {
        guard snapshot.isBelowLow else { return [] }
        var decisions: [MemoryDecision] = []
        var missing = snapshot.shortage(yieldPerMille: yieldPerMille)
        for tab in byLastActivity(snapshot.tabs.filter { $0.maySleep && $0.pagesPrivate > 0 && !$0.isFallingAsleep }) where missing > 0 {
            decisions.append(MemoryDecision(.hibernate, pid: tab.pid, .belowLowWatermark))
            missing = missing.subtractingClamped(snapshot.expectedYield(tab, yieldPerMille))
        }
        decisions += swapOut(snapshot, &missing)
        if decisions.isEmpty, !snapshot.isHelpUnderWay, missing > 0, snapshot.framesFree < snapshot.framesLow / 2,
           let coldest = byLastActivity(snapshot.tabs.filter { $0.lifecycle == .hibernated && $0.mayBeDiscarded }).first {
            decisions.append(MemoryDecision(.discard, pid: coldest.pid, .swapCannotHelp))
        }
        return decisions
    }
    private func swapOut(_ snapshot: MemorySnapshot, _ missing: inout UInt32) -> [MemoryDecision] {
        var decisions: [MemoryDecision] = []
        var slots = snapshot.swapSlotsFree
        for tab in byLastActivity(snapshot.tabs.filter { $0.lifecycle == .hibernated && !$0.isFallingAsleep && $0.framesHeld > 0 }) where missing > 0 {
            let pages = tab.pagesCompressed.addingClamped(tab.pagesPrivate)
            if pages > slots { continue }
            slots -= pages
            decisions.append(MemoryDecision(.swapOut, pid: tab.pid, .poolCannotHelp))
            missing = missing.subtractingClamped(tab.framesHeld)
        }
        return decisions
    }
}
