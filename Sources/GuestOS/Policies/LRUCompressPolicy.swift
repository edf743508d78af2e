// Hibernation: below the low watermark, compress hidden tabs as a whole, least recently active first, until the high
// watermark is expected; discard only when nothing is left that compression could give back.

import ABI

public final class LRUCompressPolicy: MemoryPolicy {
    static let description = PolicyDescription(
        "lru-compress", "below the low watermark compresses hidden tabs as a whole, least recently active first; discards when that cannot help",
        source: "Gupta, zram (Linux Documentation/admin-guide/blockdev/zram.rst); Douglis, The Compression Cache, USENIX Winter 1993",
        parameters: [PolicyParameter("yield", 600, 0...1000, "expected gain of compressing a page, in per mille of it")]) { v in
            LRUCompressPolicy(expectedYieldPerMille: v.frames("yield"))
        }
    /// Expected yield of compression, in per mille of the private pages; used only to decide how many tabs to take at once.
    public let expectedYieldPerMille: UInt32
    public init(expectedYieldPerMille: UInt32 = 600) { self.expectedYieldPerMille = expectedYieldPerMille }
    public var name: StaticString { "lru-compress" }

    public func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision] {
        guard snapshot.framesFree < snapshot.framesLow else { return [] }
        var decisions: [MemoryDecision] = []
        var framesExpected = snapshot.framesFree
        var isHelpUnderWay = false
        for tab in snapshot.tabs where tab.isFallingAsleep {
            isHelpUnderWay = true
            framesExpected += expectedYield(tab)
        }
        let sleepers = snapshot.tabs.filter { t in
            (t.lifecycle == .hidden || t.lifecycle == .frozen) && !t.flags.contains(.audible) && !t.flags.contains(.loading) && t.pagesPrivate > 0
        }
        for tab in byLastActivity(sleepers) {
            if framesExpected >= snapshot.framesHigh { return decisions }
            decisions.append(MemoryDecision(.hibernate, pid: tab.pid, .belowLowWatermark))
            framesExpected += expectedYield(tab)
        }
        // Hibernated tabs still hold their compressed pages; the coldest one is given up, one a decision round.
        if decisions.isEmpty, !isHelpUnderWay, snapshot.framesFree < snapshot.framesLow / 2 {
            let hibernated = snapshot.tabs.filter { t in t.lifecycle == .hibernated && !t.flags.contains(.unsavedForm) }
            if let coldest = byLastActivity(hibernated).first { decisions.append(MemoryDecision(.discard, pid: coldest.pid, .poolCannotHelp)) }
        }
        return decisions
    }

    private func expectedYield(_ tab: TabSnapshot) -> UInt32 { max(1, tab.pagesPrivate * expectedYieldPerMille / 1000) }
}
