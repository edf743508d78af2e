// What Chromium does: below a free-memory watermark, discard background tabs until the target is reached; eligible tabs before
// protected ones, and within each least recently visible first. Protected are tabs that play, are pinned, are loading, or
// were on screen a short while ago. Tabs with typed text are never discarded.

import ABI

public final class LRUDiscardPolicy: MemoryPolicy {
    static let description = PolicyDescription(
        "lru-discard", "below the low watermark discards background tabs, least recently visible first, protected ones last",
        source: "Chromium, components and chrome/browser/performance_manager/policies: page_discarding_helper.cc, discard_eligibility_policy.cc",
        parameters: [PolicyParameter("protect", 600, 0...86400, "a tab seen within so many seconds is protected")]) { v in
            LRUDiscardPolicy(protectNanoseconds: v.seconds("protect"))
        }

    let protectNanoseconds: UInt64
    public init(protectNanoseconds: UInt64 = 600_000_000_000) { self.protectNanoseconds = protectNanoseconds }
    public var name: StaticString { "lru-discard" }

    public func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision] {
        guard snapshot.isBelowLow else { return [] }
        let candidates = byLastVisibility(snapshot.tabs.filter { $0.isInBackground && !$0.flags.contains(.unsavedForm) })
        let now = snapshot.nowNanoseconds
        var decisions: [MemoryDecision] = []
        var framesExpected = snapshot.framesFree
        for tab in candidates.filter({ !isProtected($0, now) }) + candidates.filter({ isProtected($0, now) }) {
            if framesExpected >= snapshot.framesHigh { break }
            decisions.append(MemoryDecision(.discard, pid: tab.pid, .belowLowWatermark))
            framesExpected = framesExpected.addingClamped(tab.framesHeld)
        }
        return decisions
    }
    private func isProtected(_ t: TabSnapshot, _ now: UInt64) -> Bool {
        !t.flags.isDisjoint(with: [.audible, .pinned, .loading]) || now.subtractingClamped(t.lastVisibleNanoseconds) < protectNanoseconds
    }
}
