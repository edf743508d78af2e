// Snapshots for the tests of policies: by hand, and random ones with every field in play.

@testable import Policies

let second: UInt64 = 1_000_000_000

func tab(_ pid: UInt32, _ state: TabLifecycle, seen seconds: UInt64, _ flags: TabProtection = [], pages: UInt32 = 10) -> TabSnapshot {
    var t = TabSnapshot(pid: pid, tabID: pid + 100, lifecycle: state, flags: flags, lastActiveNanoseconds: seconds * second, pagesResident: pages, pagesPrivate: pages)
    t.pagesByGeneration = PageGenerations(pages / 4, pages / 4, pages / 4, pages - 3 * (pages / 4))
    return t
}
/// A hibernated tab: `pages` compressed to half their size.
func asleep(_ pid: UInt32, seen seconds: UInt64, _ flags: TabProtection = [], pages: UInt32 = 10) -> TabSnapshot {
    var t = tab(pid, .hibernated, seen: seconds, flags, pages: 0)
    t.pagesCompressed = pages
    t.compressedByteCount = UInt64(pages) * 32768
    return t
}
func falling(_ pid: UInt32, pages: UInt32) -> TabSnapshot {
    var t = tab(pid, .hibernated, seen: 1, pages: pages)
    t.isFallingAsleep = true
    return t
}
/// 1000 frames, low 100, high 120, at 10,000 seconds.
func snapshot(free: UInt32, _ tabs: [TabSnapshot], slots: UInt32 = 0) -> MemorySnapshot {
    var s = MemorySnapshot(nowNanoseconds: 10_000 * second, framesTotal: 1000, framesFree: free, framesLow: 100, framesHigh: 120, tabs: tabs)
    s.swapSlotsTotal = slots
    s.swapSlotsFree = slots
    return s
}

/// A small generator with a seed (SplitMix64).
struct Random: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
    mutating func below(_ n: UInt32) -> UInt32 { UInt32(next() % UInt64(max(1, n))) }
    mutating func chance(_ percent: UInt32) -> Bool { below(100) < percent }
}

/// Anything that a kernel could say; with `isWild`, also what it could not, such as the largest numbers everywhere.
func randomSnapshot(_ seed: UInt64, isWild: Bool) -> MemorySnapshot {
    var r = Random(seed)
    func number(_ limit: UInt32) -> UInt32 { isWild && r.chance(10) ? .max - r.below(2) : r.below(limit) }
    func long(_ limit: UInt64) -> UInt64 { isWild && r.chance(10) ? .max - r.next() % 2 : r.next() % limit }
    let total = 200 + r.below(8000)
    var tabs: [TabSnapshot] = []
    for i in 0..<r.below(40) {
        let state = [TabLifecycle.active, .passive, .hidden, .frozen, .hibernated, .hidden, .hibernated][Int(r.below(7))]
        var t = TabSnapshot(pid: i * 3 + 2, tabID: i, lifecycle: state, flags: TabProtection(rawValue: r.chance(50) ? 0 : r.below(16)), lastActiveNanoseconds: long(10_000 * second))
        t.lastVisibleNanoseconds = long(10_000 * second)
        t.openedNanoseconds = long(t.lastActiveNanoseconds.addingClamped(1))
        t.activationCount = number(50)
        t.returnPerMille = isWild ? number(5000) : r.below(1001)
        t.pagesPrivate = state == .hibernated && r.chance(70) ? 0 : number(300)
        t.pagesResident = t.pagesPrivate.addingClamped(r.below(20))
        if state == .hibernated || r.chance(30) {
            t.pagesCompressed = number(300)
            t.pagesSwapped = number(50)
            t.compressedByteCount = isWild ? long(1 << 40) : UInt64(t.pagesCompressed) * UInt64(1024 + r.below(48000))
        }
        let g = r.below(t.pagesPrivate / 2 + 1)
        t.pagesByGeneration = isWild ? PageGenerations(number(300), number(300), number(300), number(300)) : PageGenerations(g / 2, g - g / 2, 0, t.pagesPrivate - g)
        t.pagesRefusedByCodec = number(20)
        t.workingSetPages = number(120)
        t.refaultCount = number(1000)
        t.reloadNanoseconds = r.chance(30) ? 0 : long(5 * second)
        t.isFallingAsleep = state == .hibernated && t.pagesPrivate > 0 && r.chance(50)
        tabs.append(t)
    }
    var s = MemorySnapshot(nowNanoseconds: long(20_000 * second), framesTotal: total, framesFree: r.below(total / 3), framesLow: total / 8, framesHigh: total / 5, framesCompressedPool: r.below(total / 4), tabs: tabs)
    s.pressure.some10 = r.below(1001)
    s.swapSlotsTotal = r.chance(70) ? number(8192) : 0
    s.swapSlotsFree = min(s.swapSlotsTotal, number(8192))
    s.refaultsTotal = long(1 << 30)
    s.refaultsLastMinute = number(2000)
    if isWild { s.costs.compressPage = long(1 << 40); s.costs.swapReadPage = long(1 << 40); s.costs.decompressPage = long(1 << 40); s.costs.swapWritePage = long(1 << 40) }
    s.activePid = tabs.first { $0.lifecycle == .active }?.pid ?? 0
    return s
}
