// What browsers do today: below a free-memory watermark, discard background tabs, least recently visible first; tabs with
// protecting flags go last, in the order loading, pinned, audible, unsaved form (which is never discarded).

import ABI

public final class LRUDiscardPolicy: MemoryPolicy {
    static let description = PolicyDescription(
        "lru-discard", "below the low watermark discards background tabs, least recently visible first, protected ones last",
        source: "Chromium, chrome/browser/resource_coordinator and performance_manager/policies (page discarding)") { _ in LRUDiscardPolicy() }

    public init() {}
    public var name: StaticString { "lru-discard" }

    public func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision] {
        guard snapshot.framesFree < snapshot.framesLow else { return [] }
        let candidates = snapshot.tabs.filter { t in
            (t.lifecycle == .hidden || t.lifecycle == .frozen || t.lifecycle == .hibernated) && !t.flags.contains(.unsavedForm)
        }
        let ordered = byLastActivity(candidates).enumerated().sorted { a, b in
            let ra = LRUDiscardPolicy.rank(a.element.flags), rb = LRUDiscardPolicy.rank(b.element.flags)
            return ra != rb ? ra < rb : a.offset < b.offset
        }
        var decisions: [MemoryDecision] = []
        var framesExpected = snapshot.framesFree
        for (_, tab) in ordered {
            if framesExpected >= snapshot.framesHigh { break }
            decisions.append(MemoryDecision(.discard, pid: tab.pid, .belowLowWatermark))
            framesExpected += tab.pagesPrivate
        }
        return decisions
    }

    static func rank(_ flags: TabProtection) -> Int {
        if flags.contains(.audible) { return 3 }
        if flags.contains(.pinned) { return 2 }
        return flags.contains(.loading) ? 1 : 0
    }
}
