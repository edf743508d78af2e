// Orders that several policies share. Ties go by pid, so that nothing depends on the order of the snapshot's list.

/// Least recently active first.
func byLastActivity(_ tabs: [TabSnapshot]) -> [TabSnapshot] {
    tabs.sorted { a, b in a.lastActiveNanoseconds != b.lastActiveNanoseconds ? a.lastActiveNanoseconds < b.lastActiveNanoseconds : a.pid < b.pid }
}
