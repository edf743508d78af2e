// Software-defined far memory: every page older than the cold-age threshold is compressed, memory short or not. The threshold
// is the lowest that keeps the promotion rate (pages that come back) below an objective: so many per mille of the working
// set a minute. Here a threshold is a generation. Below the low watermark the kernel's reclaim goes on.

public final class FarMemoryPolicy: MemoryPolicy {
    static let description = PolicyDescription(
        "far-memory", "compresses all pages beyond a cold age that is chosen so that few of them come back",
        source: "Lagar-Cavilla et al.: Software-Defined Far Memory in Warehouse-Scale Computers, ASPLOS 2019",
        parameters: [
            PolicyParameter("slo", 2, 0...1000, "pages that may come back a minute, per mille of the working set (the paper: 2)"),
            PolicyParameter("yield", 600, 1...1000, "expected gain of compressing a page, in per mille of it"),
        ]) { v in FarMemoryPolicy(v) }

    let objective: UInt32, cold: ColdPages
    init(_ v: PolicyValues) { objective = v.frames("slo"); cold = ColdPages(yieldPerMille: v.frames("yield")) }
    public var name: StaticString { "far-memory" }

    public func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision] {
        if snapshot.isBelowLow { return cold.reclaim(snapshot) }
        guard let youngest = threshold(snapshot) else { return [] }
        return cold.take(.max, youngest: youngest, from: snapshot, .coldAge)
    }
    /// The youngest generation that counts as cold; nil when too many pages come back already.
    private func threshold(_ snapshot: MemorySnapshot) -> Int? {
        var workingSet: UInt64 = 0
        for t in snapshot.tabs { workingSet += UInt64(t.pagesByGeneration[0]) }
        let rate = UInt64(snapshot.refaultsLastMinute) * 1000, allowed = UInt64(objective) * max(1, workingSet)
        if rate > 2 * allowed { return nil }
        return rate > allowed ? 3 : 2
    }
}
