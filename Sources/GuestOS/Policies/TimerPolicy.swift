// Proactive, by the clock: a tab that has been in the background for long sleeps, whether memory is short or not, and after
// much longer is discarded. Playing, pinned, loading tabs and those with typed text are exempt.

import ABI

public final class TimerPolicy: MemoryPolicy {
    static let description = PolicyDescription(
        "timer", "sleeps tabs after a time in the background, discards them after a longer one, whatever memory there is",
        source: "Microsoft Edge, Sleeping Tabs (Huynh, Edge Insider announcement, September 2020); Chrome Memory Saver (chrome/browser/performance_manager/policies)",
        parameters: [
            PolicyParameter("sleep", 300, 1...86400, "seconds in the background until a tab is hibernated (Edge offers 30 seconds to 12 hours)"),
            PolicyParameter("discard", 7200, 1...604800, "seconds in the background until it is discarded"),
        ]) { v in TimerPolicy(sleep: v.seconds("sleep"), discard: v.seconds("discard")) }

    let sleepNanoseconds: UInt64, discardNanoseconds: UInt64
    init(sleep: UInt64, discard: UInt64) { sleepNanoseconds = sleep; discardNanoseconds = discard }
    public var name: StaticString { "timer" }

    public func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision] {
        var decisions: [MemoryDecision] = []
        for tab in byLastVisibility(snapshot.tabs.filter { $0.mayBeDiscarded }) {
            let age = snapshot.nowNanoseconds.subtractingClamped(tab.lastVisibleNanoseconds)
            if age >= discardNanoseconds { decisions.append(MemoryDecision(.discard, pid: tab.pid, .idle)) }
            else if age >= sleepNanoseconds, tab.isAwakeInBackground, !tab.isFallingAsleep { decisions.append(MemoryDecision(.hibernate, pid: tab.pid, .idle)) }
        }
        return decisions
    }
}
