// Hibernation in compressed memory alone: below the low watermark, compress hidden tabs as a whole, least recently active
// first, until the high watermark is expected; discard only when nothing is left that compression could give back.

import ABI

public final class LRUCompressPolicy: MemoryPolicy {
    static let description = PolicyDescription(
        "lru-compress", "below the low watermark compresses hidden tabs as a whole, least recently active first; discards when that cannot help",
        source: "Douglis: The Compression Cache, USENIX Winter 1993; Linux zram (Documentation/admin-guide/blockdev/zram.rst)",
        parameters: [PolicyParameter("yield", 600, 0...1000, "expected gain of compressing a page, in per mille of it")]) { v in
            LRUCompressPolicy(expectedYieldPerMille: v.frames("yield"))
        }

    /// Expected yield of compression, in per mille of the private pages; used only to decide how many tabs to take at once.
    public let expectedYieldPerMille: UInt32
    public init(expectedYieldPerMille: UInt32 = 600) { self.expectedYieldPerMille = expectedYieldPerMille }
    public var name: StaticString { "lru-compress" }

    public func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision] {
        guard snapshot.isBelowLow else { return [] }
        var decisions: [MemoryDecision] = []
        var missing = snapshot.shortage(yieldPerMille: expectedYieldPerMille)
        for tab in byLastActivity(snapshot.tabs.filter { $0.maySleep && $0.pagesPrivate > 0 && !$0.isFallingAsleep }) {
            if missing == 0 { return decisions }
            decisions.append(MemoryDecision(.hibernate, pid: tab.pid, .belowLowWatermark))
            missing = missing.subtractingClamped(snapshot.expectedYield(tab, expectedYieldPerMille))
        }
        // Hibernated tabs still hold their compressed pages; the coldest one is given up, one a decision round.
        if decisions.isEmpty, !snapshot.isHelpUnderWay, snapshot.framesFree < snapshot.framesLow / 2 {
            let hibernated = snapshot.tabs.filter { $0.lifecycle == .hibernated && !$0.flags.contains(.unsavedForm) }
            if let coldest = byLastActivity(hibernated).first { decisions.append(MemoryDecision(.discard, pid: coldest.pid, .poolCannotHelp)) }
        }
        return decisions
    }
}
