// Landlord, the general form of GreedyDual-Size: a tab has a credit of what it would cost to load again; it pays rent for its
// frames, the same for each frame; who has the least credit left for its size is evicted. The rent of the original rises
// with each eviction; here it is constant in time, so that the credit follows from the snapshot alone.

import ABI

public final class LandlordPolicy: MemoryPolicy {
    static let description = PolicyDescription(
        "landlord", "discards the tab whose reload time per frame, less rent since its last use, is least",
        source: "Young: On-Line File Caching, Algorithmica 33(3), 2002 (Landlord); Cao, Irani: Cost-Aware WWW Proxy Caching Algorithms, USITS 1997 (GreedyDual-Size)",
        parameters: [
            PolicyParameter("rent", 200, 1...1_000_000, "rent of one frame, microseconds of reload time a second"),
            PolicyParameter("reload", 1500, 1...600_000, "reload time in milliseconds where none was measured"),
        ]) { v in LandlordPolicy(v) }

    let rentMicroseconds: Int64, reloadNanoseconds: UInt64
    init(_ v: PolicyValues) { rentMicroseconds = Int64(v["rent"]); reloadNanoseconds = v.milliseconds("reload") }
    public var name: StaticString { "landlord" }

    public func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision] {
        guard snapshot.isBelowLow else { return [] }
        let now = snapshot.nowNanoseconds
        let candidates = snapshot.tabs.filter { $0.mayBeDiscarded && $0.framesHeld > 0 }.map { (tab: $0, credit: credit($0, now)) }
            .sorted { a, b in a.credit != b.credit ? a.credit < b.credit : a.tab.pid < b.tab.pid }
        var decisions: [MemoryDecision] = []
        var framesExpected = snapshot.framesFree
        for c in candidates where framesExpected < snapshot.framesHigh {
            decisions.append(MemoryDecision(.discard, pid: c.tab.pid, .lowestCredit))
            framesExpected = framesExpected.addingClamped(c.tab.framesHeld)
        }
        return decisions
    }
    /// Credit left for a frame, in microseconds; below zero when the rent is overdue.
    private func credit(_ t: TabSnapshot, _ now: UInt64) -> Int64 {
        let cost = Int64(clamping: (t.reloadNanoseconds > 0 ? t.reloadNanoseconds : reloadNanoseconds) / 1000)
        let seconds = Int64(clamping: min(now.subtractingClamped(t.lastActiveNanoseconds) / 1_000_000_000, 1 << 30))
        return cost / Int64(max(1, t.framesHeld)) - rentMicroseconds * seconds
    }
}
