// The controller of Senpai (transparent memory offloading): each round take a small share of memory, the smaller the nearer
// measured pressure is to its target; at the target take nothing. Below the low watermark the kernel's reclaim goes on.
//   reclaim = memory x ratio x max(0, 1 - some / target)

public final class PressurePolicy: MemoryPolicy {
    static let description = PolicyDescription(
        "psi", "each second compresses a small share of the oldest pages, as long as pressure stall time is below its target",
        source: "Weiner et al.: TMO, Transparent Memory Offloading in Datacenters, ASPLOS 2022 (Senpai)",
        parameters: [
            PolicyParameter("ratio", 50, 1...10000, "share of tab memory taken a second without pressure, in 1/10,000 (Senpai: 5 every 6 s)"),
            PolicyParameter("target", 1, 1...1000, "stall time aimed at, per mille of the last ten seconds (Senpai: 1)"),
            PolicyParameter("yield", 600, 1...1000, "expected gain of compressing a page, in per mille of it"),
        ]) { v in PressurePolicy(v) }

    let ratio: UInt32, target: UInt32, cold: ColdPages
    init(_ v: PolicyValues) { ratio = v.frames("ratio"); target = v.frames("target"); cold = ColdPages(yieldPerMille: v.frames("yield")) }
    public var name: StaticString { "psi" }

    public func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision] {
        if snapshot.isBelowLow { return cold.reclaim(snapshot) }
        let some = snapshot.pressure.some10
        guard some < target else { return [] }
        var memory: UInt64 = 0
        for t in snapshot.tabs { memory += UInt64(t.pagesPrivate) }
        let full = memory.multipliedClamped(UInt64(ratio)) / 10_000
        let amount = full.multipliedClamped(UInt64(target - some)) / UInt64(target)
        if amount == 0 { return [] }
        // Pages touched in the last period are the working set that the pressure would come from.
        return cold.take(UInt32(clamping: amount), youngest: 1, from: snapshot, .pressureBelowTarget)
    }
}
