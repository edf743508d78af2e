// Working-set prefetch on top of another policy: while memory is plentiful, the pages that the likely next tab touched when it
// was last shown come back before it is asked for.

import ABI

public final class PrefetchPolicy: MemoryPolicy {
    static let description = PolicyDescription(
        "prefetch", "another policy, and the working set of the tab most likely to be shown next comes back early",
        source: "Son et al.: ASAP, Fast Mobile Application Switch via Adaptive Prepaging, USENIX ATC 2021; Denning: The Working Set Model, CACM 11(5), 1968",
        parameters: [
            PolicyParameter("base", 0, 0...2, "the policy below: 0 lru-compress, 1 tiered, 2 mglru"),
            PolicyParameter("likely", 300, 1...1000, "least probability of return, per mille"),
            PolicyParameter("tabs", 1, 1...8, "so many tabs at a time"),
        ]) { v in PrefetchPolicy(v) }

    let base: any MemoryPolicy, likelyPerMille: UInt32, tabCount: Int
    init(_ v: PolicyValues) {
        switch v["base"] {
        case 0: base = LRUCompressPolicy()
        case 1: base = TieredPolicy(yieldPerMille: 600)
        default: base = MGLRUPolicy(yieldPerMille: 600)
        }
        likelyPerMille = v.frames("likely")
        tabCount = v["tabs"]
    }
    public var name: StaticString { "prefetch" }

    public func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision] {
        let decisions = base.decide(snapshot)
        return decisions.isEmpty ? prefetch(snapshot, likelyPerMille: likelyPerMille, tabCount: tabCount) : decisions
    }
}

/// Prefetches for the most likely tabs, as long as free memory stays above the high watermark.
func prefetch(_ snapshot: MemorySnapshot, likelyPerMille: UInt32, tabCount: Int) -> [MemoryDecision] {
    let likely = snapshot.tabs.filter { $0.isInBackground && !$0.isFallingAsleep && $0.pagesAway > 0 && $0.returnPerMille >= likelyPerMille }
        .sorted { a, b in a.returnPerMille != b.returnPerMille ? a.returnPerMille > b.returnPerMille : a.pid < b.pid }
    var decisions: [MemoryDecision] = []
    var free = snapshot.framesFree
    for tab in likely.prefix(tabCount) {
        let amount = min(tab.pagesAway, tab.workingSetPages.subtractingClamped(tab.pagesPrivate))
        if amount == 0 || free.subtractingClamped(amount) < snapshot.framesHigh { continue }
        free -= amount
        decisions.append(MemoryDecision(.prefetch, pid: tab.pid, .likelyNext, amount: amount))
    }
    return decisions
}
