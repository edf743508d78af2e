// What several policies share: which tabs may be touched at all, in which order, and what an action is expected to gain.
// Ties go by pid, so that nothing depends on the order of the snapshot's list.

import ABI

/// Least recently active first.
func byLastActivity(_ tabs: [TabSnapshot]) -> [TabSnapshot] {
    tabs.sorted { a, b in a.lastActiveNanoseconds != b.lastActiveNanoseconds ? a.lastActiveNanoseconds < b.lastActiveNanoseconds : a.pid < b.pid }
}
/// Least recently visible first.
func byLastVisibility(_ tabs: [TabSnapshot]) -> [TabSnapshot] {
    tabs.sorted { a, b in a.lastVisibleNanoseconds != b.lastVisibleNanoseconds ? a.lastVisibleNanoseconds < b.lastVisibleNanoseconds : a.pid < b.pid }
}

extension TabSnapshot {
    /// In the background, awake or frozen: its pages are its own affair.
    var isAwakeInBackground: Bool { lifecycle == .hidden || lifecycle == .frozen }
    var isInBackground: Bool { isAwakeInBackground || lifecycle == .hibernated }
    /// May be put to sleep without the user noticing.
    var maySleep: Bool { isAwakeInBackground && !flags.contains(.audible) && !flags.contains(.loading) }
    /// May be given up: nothing is playing, loading or typed, and the user did not pin it.
    var mayBeDiscarded: Bool { isInBackground && flags.isDisjoint(with: [.audible, .loading, .pinned, .unsavedForm]) }
    /// Frames that its compressed pages occupy.
    var framesInPool: UInt32 { UInt32(clamping: (compressedByteCount.addingClamped(65535)) / 65536) }
    /// Frames that are free again when it is gone.
    var framesHeld: UInt32 { pagesPrivate.addingClamped(framesInPool) }
    /// Pages that lie in the pool or on the swap device.
    var pagesAway: UInt32 { pagesCompressed.addingClamped(pagesSwapped) }
}

extension MemorySnapshot {
    var isBelowLow: Bool { framesFree < framesLow }
    /// Frames missing to the high watermark, when what is under way gains `yieldPerMille` of each page.
    func shortage(yieldPerMille: UInt32) -> UInt32 {
        var expected = framesFree
        for t in tabs where t.isFallingAsleep { expected = expected.addingClamped(expectedYield(t, yieldPerMille)) }
        return framesHigh.subtractingClamped(expected)
    }
    var isHelpUnderWay: Bool { tabs.contains { $0.isFallingAsleep } }
    func expectedYield(_ tab: TabSnapshot, _ yieldPerMille: UInt32) -> UInt32 { max(1, tab.pagesPrivate.perMille(yieldPerMille)) }
}
