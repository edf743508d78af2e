// MEM-001, MEM-003, MEM-005, MEM-006: what each policy decides, by table.

import Testing
@testable import Policies

/// One situation: what it shows, policy, snapshot, decisions.
struct Row: Sendable, CustomTestStringConvertible {
    let name: String, policy: String
    let snapshot: MemorySnapshot, expected: [MemoryDecision]
    init(_ policy: String, _ name: String, _ s: MemorySnapshot, _ expected: [MemoryDecision]) { self.policy = policy; self.name = name; snapshot = s; self.expected = expected }
    var testDescription: String { "\(policy): \(name)" }
}

private func discard(_ pid: UInt32, _ reason: MemoryReason = .belowLowWatermark) -> MemoryDecision { MemoryDecision(.discard, pid: pid, reason) }
private func sleep(_ pid: UInt32, _ reason: MemoryReason = .belowLowWatermark) -> MemoryDecision { MemoryDecision(.hibernate, pid: pid, reason) }
private func cold(_ pid: UInt32, _ amount: UInt32, _ generation: UInt8, _ reason: MemoryReason = .coldPages) -> MemoryDecision {
    MemoryDecision(.compressCold, pid: pid, reason, amount: amount, generation: generation)
}
private func returning(_ t: TabSnapshot, _ perMille: UInt32, workingSet: UInt32 = 0, reload: UInt64 = 0) -> TabSnapshot {
    var t = t
    t.returnPerMille = perMille
    t.workingSetPages = workingSet
    t.reloadNanoseconds = reload * 1_000_000
    return t
}
private func generations(_ t: TabSnapshot, _ g: PageGenerations) -> TabSnapshot { var t = t; t.pagesByGeneration = g; return t }
private func with(_ s: MemorySnapshot, some10: UInt32 = 0, refaults: UInt32 = 0) -> MemorySnapshot {
    var s = s
    s.pressure.some10 = some10
    s.refaultsLastMinute = refaults
    return s
}

@Suite struct PolicyTests {
    static let browsers: [Row] = [
        Row("none", "never acts", snapshot(free: 1, [tab(2, .hidden, seen: 1)]), []),
        Row("lru-discard", "enough memory", snapshot(free: 100, [tab(2, .hidden, seen: 1)]), []),
        Row("lru-discard", "oldest first, active and passive never", snapshot(free: 99, [tab(2, .active, seen: 1), tab(3, .hidden, seen: 9), tab(4, .hidden, seen: 5), tab(5, .passive, seen: 2)]), [discard(4), discard(3)]),
        Row("lru-discard", "stops at the high watermark", snapshot(free: 99, [tab(3, .hidden, seen: 9), tab(4, .hidden, seen: 5, pages: 30)]), [discard(4)]),
        Row("lru-discard", "protected after plain, by last visibility; form never",
            snapshot(free: 50, [tab(2, .hidden, seen: 4, .pinned), tab(3, .hidden, seen: 5), tab(4, .hidden, seen: 0, .unsavedForm), tab(5, .frozen, seen: 3, .audible)]), [discard(3), discard(5), discard(2)]),
        Row("lru-discard", "seen ten minutes ago is protected, longer ago is not", snapshot(free: 50, [tab(2, .hidden, seen: 9_401, .init(), pages: 40), tab(3, .hidden, seen: 9_400, pages: 80)]), [discard(3)]),
        Row("lru-discard", "equal times by pid", snapshot(free: 90, [tab(7, .hidden, seen: 1, pages: 40), tab(6, .hidden, seen: 1, pages: 40)]), [discard(6)]),
        Row("lru-discard", "a compressed tab gives its part of the pool", snapshot(free: 95, [asleep(2, seen: 1, pages: 60), tab(3, .hidden, seen: 2)]), [discard(2)]),
        Row("firefox", "low memory is not the brink", snapshot(free: 60, [tab(2, .hidden, seen: 1)]), []),
        Row("firefox", "one tab a round, the oldest of few", snapshot(free: 49, [tab(2, .hidden, seen: 5), tab(3, .hidden, seen: 3, pages: 50), tab(4, .active, seen: 1)]), [discard(3, .brinkOfOutOfMemory)]),
        Row("firefox", "used within ten minutes stays", snapshot(free: 10, [tab(2, .hidden, seen: 9_500)]), []),
        Row("firefox", "pinned after plain, playing and typed text never", snapshot(free: 10, [tab(2, .hidden, seen: 1, .pinned), tab(3, .hidden, seen: 2, .audible), tab(4, .hidden, seen: 3, .unsavedForm)]), [discard(2, .brinkOfOutOfMemory)]),
        Row("firefox", "of the old ones, size counts as much as age", snapshot(free: 10, (0..<14).map { tab(2 + $0, .hidden, seen: UInt64($0), pages: $0 == 1 ? 90 : ($0 == 0 ? 5 : 10)) }), [discard(3, .brinkOfOutOfMemory)]),
        Row("timer", "by the clock, however much is free", snapshot(free: 900, [tab(2, .hidden, seen: 9_700), tab(3, .hidden, seen: 9_701), asleep(4, seen: 9_000)]), [sleep(2, .idle)]),
        Row("timer", "discards after two hours", snapshot(free: 900, [tab(2, .hidden, seen: 2_800), asleep(3, seen: 2_700)]), [discard(3, .idle), discard(2, .idle)]),
        Row("timer", "protected ones are exempt", snapshot(free: 1, [tab(2, .hidden, seen: 1, .pinned), tab(3, .hidden, seen: 1, .audible), tab(4, .hidden, seen: 1, .unsavedForm), tab(5, .active, seen: 1)]), []),
        Row("landlord", "enough memory", snapshot(free: 100, [tab(2, .hidden, seen: 1)]), []),
        Row("landlord", "what is slow to load for its size stays", snapshot(free: 95, [
            returning(tab(2, .hidden, seen: 9_990, pages: 30), 0, reload: 30_000), returning(tab(3, .hidden, seen: 9_990, pages: 30), 0, reload: 300)]), [discard(3, .lowestCredit)]),
        Row("landlord", "rent is due with time", snapshot(free: 95, [returning(tab(2, .hidden, seen: 10, pages: 30), 0, reload: 3_000), returning(tab(3, .hidden, seen: 9_990, pages: 30), 0, reload: 300)]), [discard(2, .lowestCredit)]),
        Row("landlord", "protected ones stay", snapshot(free: 5, [tab(2, .hidden, seen: 1, .pinned), tab(3, .hidden, seen: 1, .unsavedForm), tab(4, .active, seen: 1)]), []),
    ]
    static let sleepers: [Row] = [
        Row("lru-compress", "enough memory", snapshot(free: 100, [tab(2, .hidden, seen: 1)]), []),
        Row("lru-compress", "oldest first until expected", snapshot(free: 99, [tab(3, .hidden, seen: 9, pages: 50), tab(4, .hidden, seen: 5, pages: 50)]), [sleep(4)]),
        Row("lru-compress", "loading and audible stay awake", snapshot(free: 60, [tab(3, .hidden, seen: 9, .loading), tab(4, .hidden, seen: 5, .audible)]), []),
        Row("lru-compress", "discards only when nothing is left", snapshot(free: 20, [asleep(3, seen: 9), asleep(4, seen: 5), tab(5, .active, seen: 1)]), [discard(4, .poolCannotHelp)]),
        Row("lru-compress", "waits for compression under way", snapshot(free: 20, [falling(3, pages: 5), asleep(4, seen: 5)]), []),
        Row("lru-compress", "counts what is under way", snapshot(free: 90, [falling(3, pages: 60), tab(4, .hidden, seen: 5)]), []),
        Row("tiered", "compresses first", snapshot(free: 99, [tab(3, .hidden, seen: 9, pages: 50), asleep(4, seen: 5, pages: 50)], slots: 500), [sleep(3)]),
        Row("tiered", "then swaps, oldest first", snapshot(free: 99, [tab(3, .hidden, seen: 9, pages: 10), asleep(4, seen: 5, pages: 20), asleep(5, seen: 4, pages: 20)], slots: 500),
            [sleep(3), MemoryDecision(.swapOut, pid: 5, .poolCannotHelp), MemoryDecision(.swapOut, pid: 4, .poolCannotHelp)]),
        Row("tiered", "a tab that does not fit on the device is passed over", snapshot(free: 99, [asleep(4, seen: 5, pages: 30), asleep(5, seen: 4, pages: 60)], slots: 40), [MemoryDecision(.swapOut, pid: 4, .poolCannotHelp)]),
        Row("tiered", "discards when neither helps; pinned and typed text never", snapshot(free: 20, [asleep(3, seen: 1, .pinned), asleep(4, seen: 2, .unsavedForm), asleep(5, seen: 3)]), [discard(5, .swapCannotHelp)]),
        Row("return-probability", "enough memory", snapshot(free: 100, [tab(2, .hidden, seen: 1)]), []),
        Row("return-probability", "the least likely sleeps, however recent", snapshot(free: 99, [returning(tab(2, .hidden, seen: 1, pages: 50), 400), returning(tab(3, .hidden, seen: 9_000, pages: 50), 20)]), [sleep(3, .unlikelyReturn)]),
        Row("return-probability", "equals by age", snapshot(free: 99, [tab(2, .hidden, seen: 7, pages: 50), tab(3, .hidden, seen: 5, pages: 50)]), [sleep(3, .unlikelyReturn)]),
        Row("return-probability", "discards the least likely as the last resort", snapshot(free: 20, [returning(asleep(2, seen: 1), 30), returning(asleep(3, seen: 2), 10), returning(asleep(4, seen: 3, .pinned), 0)]), [discard(3, .poolCannotHelp)]),
        Row("prefetch", "does as its base below the low watermark", snapshot(free: 99, [tab(3, .hidden, seen: 9, pages: 50)]), [sleep(3)]),
        Row("prefetch", "brings the likely next one back", snapshot(free: 500, [returning(asleep(2, seen: 1, pages: 40), 400, workingSet: 12), returning(asleep(3, seen: 1, pages: 40), 310, workingSet: 12)]),
            [MemoryDecision(.prefetch, pid: 2, .likelyNext, amount: 12)]),
        Row("prefetch", "not when it would make memory short", snapshot(free: 125, [returning(asleep(2, seen: 1, pages: 40), 400, workingSet: 12)]), []),
        Row("prefetch", "not the unlikely, not what is there", snapshot(free: 500, [returning(asleep(2, seen: 1), 200, workingSet: 9), returning(tab(3, .hidden, seen: 1), 900, workingSet: 9)]), []),
    ]
    static let pages: [Row] = [
        Row("mglru", "enough memory", snapshot(free: 100, [tab(2, .hidden, seen: 1)]), []),
        Row("mglru", "the oldest generation of all tabs first", snapshot(free: 99, [
            generations(tab(2, .hidden, seen: 1, pages: 40), PageGenerations(10, 10, 10, 10)), generations(tab(3, .hidden, seen: 2, pages: 40), PageGenerations(0, 0, 0, 40)), tab(4, .active, seen: 1, pages: 100)]),
            [cold(2, 10, 3), cold(3, 25, 3)]),
        Row("mglru", "pages just touched only when memory is very short", snapshot(free: 99, [generations(tab(2, .hidden, seen: 1, pages: 40), PageGenerations(40, 0, 0, 0))]), []),
        Row("mglru", "very short", snapshot(free: 49, [generations(tab(2, .hidden, seen: 1, pages: 40), PageGenerations(40, 0, 0, 0))]), [cold(2, 40, 0)]),
        Row("mglru", "one decision a tab over generations", snapshot(free: 99, [generations(tab(2, .hidden, seen: 1, pages: 40), PageGenerations(5, 15, 15, 5))]), [cold(2, 35, 1)]),
        Row("mglru", "compressed tabs go to swap when no page is cold", snapshot(free: 99, [asleep(2, seen: 2, pages: 20), asleep(3, seen: 1, pages: 60)], slots: 100), [MemoryDecision(.swapOut, pid: 3, .poolCannotHelp)]),
        Row("psi", "takes a small share without pressure", snapshot(free: 500, [generations(tab(2, .hidden, seen: 1, pages: 400), PageGenerations(100, 100, 100, 100))]), [cold(2, 2, 3, .pressureBelowTarget)]),
        Row("psi", "takes nothing at the target", with(snapshot(free: 500, [tab(2, .hidden, seen: 1, pages: 400)]), some10: 1), []),
        Row("psi", "below the low watermark reclaim goes on", with(snapshot(free: 99, [tab(2, .hidden, seen: 1, pages: 40)]), some10: 300), [cold(2, 30, 1)]),
        Row("far-memory", "compresses what is older than the threshold", snapshot(free: 900, [generations(tab(2, .hidden, seen: 1, pages: 40), PageGenerations(10, 10, 10, 10))]), [cold(2, 20, 2, .coldAge)]),
        Row("far-memory", "a higher threshold when pages come back", with(snapshot(free: 900, [generations(tab(2, .hidden, seen: 1, pages: 1000), PageGenerations(700, 100, 100, 100))]), refaults: 2), [cold(2, 100, 3, .coldAge)]),
        Row("far-memory", "none when too many come back", with(snapshot(free: 900, [generations(tab(2, .hidden, seen: 1, pages: 40), PageGenerations(10, 10, 10, 10))]), refaults: 2), []),
    ]
    static let ours: [Row] = [
        Row("terrarium", "plenty of memory", snapshot(free: 500, [tab(2, .hidden, seen: 1)]), []),
        Row("terrarium", "the unlikely one sleeps before the likely one", snapshot(free: 99, [
            returning(tab(2, .hidden, seen: 1, pages: 60), 800, workingSet: 60), returning(tab(3, .hidden, seen: 9_000, pages: 60), 10, workingSet: 60)]), [sleep(3, .cheapestPerFrame)]),
        Row("terrarium", "keeps a likely tab's working set and takes its cold pages", snapshot(free: 99, [returning(tab(2, .hidden, seen: 1, pages: 80), 800, workingSet: 30)]), [cold(2, 50, 1, .cheapestPerFrame)]),
        Row("terrarium", "what compresses badly goes to swap", snapshot(free: 99, [incompressible(2, pages: 60)], slots: 500), [MemoryDecision(.swapOut, pid: 2, .cheapestPerFrame)]),
        Row("terrarium", "discards only when nothing else helps", snapshot(free: 60, [asleep(2, seen: 1, pages: 200), asleep(3, seen: 1, .unsavedForm, pages: 200)]), [discard(2, .cheapestPerFrame)]),
        Row("terrarium", "swaps before it discards", snapshot(free: 60, [asleep(2, seen: 1, pages: 200)], slots: 500), [MemoryDecision(.swapOut, pid: 2, .cheapestPerFrame)]),
        Row("terrarium", "in idle time only what is cheap", snapshot(free: 140, [returning(tab(2, .hidden, seen: 1, pages: 60), 10, workingSet: 60), returning(tab(3, .hidden, seen: 9_000, pages: 60), 900, workingSet: 60)]), [sleep(2, .idleTimeIsCheap)]),
        Row("terrarium", "brings the likely next one back", snapshot(free: 500, [returning(asleep(2, seen: 1, pages: 40), 600, workingSet: 12)]), [MemoryDecision(.prefetch, pid: 2, .likelyNext, amount: 12)]),
        Row("terrarium", "counts what is under way", snapshot(free: 90, [falling(3, pages: 60), tab(4, .hidden, seen: 5)]), []),
        Row("terrarium", "playing, loading and visible tabs stay", snapshot(free: 10, [tab(2, .active, seen: 1), tab(3, .hidden, seen: 1, .loading), tab(4, .passive, seen: 1), tab(5, .hidden, seen: 1, .audible)]), []),
    ]
    static func incompressible(_ pid: UInt32, pages: UInt32) -> TabSnapshot {
        var t = tab(pid, .hidden, seen: 1, pages: pages)
        t.pagesCompressed = 40
        t.compressedByteCount = 40 * 64_000
        return t
    }
    @Test(arguments: browsers + sleepers + pages + ours) func decides(_ row: Row) throws {
        let policy = try MemoryPolicies.make(row.policy)
        #expect(policy.decide(row.snapshot) == row.expected)
        var shuffled = row.snapshot
        shuffled.tabs.reverse()
        #expect(policy.decide(shuffled) == row.expected)
    }
    @Test func pressureMeterForgetsAfterEachWindow() {
        var p = PressureMeter()
        p.addStall(500_000_000, isFull: false)
        p.addStall(100_000_000, isFull: true)
        #expect(p.somePerMille(period: second) == 60 && p.fullPerMille(period: second) == 10)
        #expect(p.windows(period: second).some60 == 10 && p.windows(period: second).some300 == 2 && p.windows(period: second).full60 == 1)
        for _ in 0..<10 { p.advance() }
        #expect(p.somePerMille(period: second) == 0 && p.windows(period: second).some60 == 10 && p.someTotal == 600_000_000)
        for _ in 0..<50 { p.advance() }
        #expect(p.windows(period: second).some60 == 0 && p.windows(period: second).some300 == 2)
        for _ in 0..<240 { p.advance() }
        #expect(p.windows(period: second) == PressureWindows())
    }
}
