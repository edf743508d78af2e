// By learned probability of return: below the low watermark the tab least likely to be shown again sleeps first; when sleep
// cannot help, it is discarded. What is learned, and how, is `ReturnModel`'s.

import ABI

public final class ReturnPolicy: MemoryPolicy {
    static let description = PolicyDescription(
        "return-probability", "sleeps, and as the last resort discards, the tabs least likely to be shown again",
        source: "Lee et al.: LRFU, IEEE Transactions on Computers 50(12), 2001; Chromium tab ranker (chrome/browser/resource_coordinator/tab_ranker)",
        parameters: [PolicyParameter("yield", 600, 0...1000, "expected gain of compressing a page, in per mille of it")]) { v in
            ReturnPolicy(yieldPerMille: v.frames("yield"))
        }

    let yieldPerMille: UInt32
    init(yieldPerMille: UInt32) { self.yieldPerMille = yieldPerMille }
    public var name: StaticString { "return-probability" }

    public func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision] {
        guard snapshot.isBelowLow else { return [] }
        var decisions: [MemoryDecision] = []
        var missing = snapshot.shortage(yieldPerMille: yieldPerMille)
        for tab in byReturn(snapshot.tabs.filter { $0.maySleep && $0.pagesPrivate > 0 && !$0.isFallingAsleep }) where missing > 0 {
            decisions.append(MemoryDecision(.hibernate, pid: tab.pid, .unlikelyReturn))
            missing = missing.subtractingClamped(snapshot.expectedYield(tab, yieldPerMille))
        }
        if decisions.isEmpty, !snapshot.isHelpUnderWay, snapshot.framesFree < snapshot.framesLow / 2,
           let least = byReturn(snapshot.tabs.filter { $0.lifecycle == .hibernated && $0.mayBeDiscarded }).first {
            decisions.append(MemoryDecision(.discard, pid: least.pid, .poolCannotHelp))
        }
        return decisions
    }
    /// Least likely first; equals by last activity.
    private func byReturn(_ tabs: [TabSnapshot]) -> [TabSnapshot] {
        tabs.sorted { a, b in
            if a.returnPerMille != b.returnPerMille { return a.returnPerMille < b.returnPerMille }
            return a.lastActiveNanoseconds != b.lastActiveNanoseconds ? a.lastActiveNanoseconds < b.lastActiveNanoseconds : a.pid < b.pid
        }
    }
}
