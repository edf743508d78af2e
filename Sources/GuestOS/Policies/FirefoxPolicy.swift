// What Firefox does: only on the brink of running out of memory, one tab a round. Tabs rank by weight (pinned high; tabs that
// play are exempt) and last access; all but the most recently used few are ranked again by recency and memory together.

import ABI

public final class FirefoxPolicy: MemoryPolicy {
    static let description = PolicyDescription(
        "firefox", "on the brink of running out of memory unloads one old and large tab a round",
        source: "Firefox, browser/components/tabbrowser/TabUnloader.sys.mjs; Firefox source docs, Tab Unloading",
        parameters: [
            PolicyParameter("brink", 50, 1...500, "acts below so many per mille of all memory free"),
            PolicyParameter("inactive", 600, 0...86400, "a tab used within so many seconds stays"),
            PolicyParameter("recent", 10, 0...1000, "so many tabs, the most recently used, are not ranked by memory"),
        ]) { v in FirefoxPolicy(v) }

    let brinkPerMille: UInt32, inactiveNanoseconds: UInt64, recentCount: Int
    init(_ v: PolicyValues) { brinkPerMille = v.frames("brink"); inactiveNanoseconds = v.seconds("inactive"); recentCount = v["recent"] }
    public var name: StaticString { "firefox" }

    public func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision] {
        guard snapshot.framesFree < snapshot.framesTotal.perMille(brinkPerMille) else { return [] }
        let stale = byLastActivity(snapshot.tabs.filter { t in
            t.isInBackground && t.flags.isDisjoint(with: [.audible, .unsavedForm]) && snapshot.nowNanoseconds.subtractingClamped(t.lastActiveNanoseconds) >= inactiveNanoseconds
        })
        let plain = stale.filter { !$0.flags.contains(.pinned) }
        let pinned = stale.filter { $0.flags.contains(.pinned) }
        // Tabs that count against the `recentCount`: pinned ones first, then the newest plain ones.
        let ranked = max(0, plain.count - max(0, recentCount - pinned.count))
        let first = ranked > 1 ? bySizeAndAge(Array(plain[..<ranked])).first : (plain.first ?? pinned.first)
        guard let first else { return [] }
        return [MemoryDecision(.discard, pid: first.pid, .brinkOfOutOfMemory)]
    }
    /// Least sum of the ranks by age (oldest is 0) and by memory (largest is 0); `tabs` come oldest first.
    private func bySizeAndAge(_ tabs: [TabSnapshot]) -> [TabSnapshot] {
        let bySize = tabs.indices.sorted { a, b in tabs[a].framesHeld != tabs[b].framesHeld ? tabs[a].framesHeld > tabs[b].framesHeld : tabs[a].pid < tabs[b].pid }
        var sums = Array(tabs.indices)
        for (rank, i) in bySize.enumerated() { sums[i] += rank }
        return tabs.indices.sorted { sums[$0] != sums[$1] ? sums[$0] < sums[$1] : $0 < $1 }.map { tabs[$0] }
    }
}
