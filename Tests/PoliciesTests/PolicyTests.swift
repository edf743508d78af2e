import Testing
@testable import Policies

@Suite struct PolicyTests {
    func tab(_ pid: UInt32, _ state: TabLifecycle, _ last: UInt64, _ flags: TabProtection = [], pages: UInt32 = 10) -> TabSnapshot {
        TabSnapshot(pid: pid, tabID: pid, lifecycle: state, flags: flags, lastActiveNanoseconds: last, pagesResident: pages, pagesPrivate: pages)
    }
    func falling(_ pid: UInt32, pages: UInt32) -> TabSnapshot {
        var t = tab(pid, .hibernated, 1, pages: pages)
        t.isFallingAsleep = true
        return t
    }
    func snapshot(free: UInt32, _ tabs: [TabSnapshot]) -> MemorySnapshot {
        MemorySnapshot(nowNanoseconds: 100, framesTotal: 1000, framesFree: free, framesLow: 100, framesHigh: 120, tabs: tabs)
    }
    @Test func table() {
        let rows: [(String, any MemoryPolicy, MemorySnapshot, [MemoryDecision])] = [
            ("none never acts", NonePolicy(), snapshot(free: 1, [tab(2, .hidden, 1)]), []),
            ("discard: enough memory", LRUDiscardPolicy(), snapshot(free: 100, [tab(2, .hidden, 1)]), []),
            ("discard: oldest first, active never", LRUDiscardPolicy(), snapshot(free: 99, [tab(2, .active, 1), tab(3, .hidden, 9), tab(4, .hidden, 5)]),
             [MemoryDecision(.discard, pid: 4, .belowLowWatermark), MemoryDecision(.discard, pid: 3, .belowLowWatermark)]),
            ("discard: stops at the high watermark", LRUDiscardPolicy(), snapshot(free: 99, [tab(3, .hidden, 9), tab(4, .hidden, 5, pages: 30)]),
             [MemoryDecision(.discard, pid: 4, .belowLowWatermark)]),
            ("discard: pinned after plain, form never", LRUDiscardPolicy(),
             snapshot(free: 50, [tab(2, .hidden, 1, .pinned), tab(3, .hidden, 2), tab(4, .hidden, 0, .unsavedForm), tab(5, .frozen, 3, .audible)]),
             [MemoryDecision(.discard, pid: 3, .belowLowWatermark), MemoryDecision(.discard, pid: 2, .belowLowWatermark), MemoryDecision(.discard, pid: 5, .belowLowWatermark)]),
            ("discard: equal times by pid", LRUDiscardPolicy(), snapshot(free: 90, [tab(7, .hidden, 1, pages: 40), tab(6, .hidden, 1, pages: 40)]),
             [MemoryDecision(.discard, pid: 6, .belowLowWatermark)]),
            ("compress: enough memory", LRUCompressPolicy(), snapshot(free: 100, [tab(2, .hidden, 1)]), []),
            ("compress: oldest first until expected", LRUCompressPolicy(), snapshot(free: 99, [tab(3, .hidden, 9, pages: 50), tab(4, .hidden, 5, pages: 50)]),
             [MemoryDecision(.hibernate, pid: 4, .belowLowWatermark)]),
            ("compress: loading and audible stay awake", LRUCompressPolicy(), snapshot(free: 60, [tab(3, .hidden, 9, .loading), tab(4, .hidden, 5, .audible)]), []),
            ("compress: discards only when nothing is left", LRUCompressPolicy(), snapshot(free: 20, [tab(3, .hibernated, 9), tab(4, .hibernated, 5), tab(5, .active, 1)]),
             [MemoryDecision(.discard, pid: 4, .poolCannotHelp)]),
            ("compress: waits for compression under way", LRUCompressPolicy(), snapshot(free: 20, [falling(3, pages: 5), tab(4, .hibernated, 5)]), []),
            ("compress: counts what is under way", LRUCompressPolicy(), snapshot(free: 90, [falling(3, pages: 60), tab(4, .hidden, 5)]), []),
        ]
        for (name, policy, s, expected) in rows { #expect(policy.decide(s) == expected, "\(name)") }
    }
    @Test func pressureMeterForgetsAfterTenPeriods() {
        var p = PressureMeter()
        p.addStall(500_000_000, isFull: false)
        p.addStall(100_000_000, isFull: true)
        #expect(p.somePerMille(period: 1_000_000_000) == 60 && p.fullPerMille(period: 1_000_000_000) == 10)
        for _ in 0..<10 { p.advance() }
        #expect(p.somePerMille(period: 1_000_000_000) == 0 && p.someTotal == 600_000_000)
    }
}
