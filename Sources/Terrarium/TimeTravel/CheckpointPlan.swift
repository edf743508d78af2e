// When to make checkpoints and which to give up: a pure decision. Invariant: what is kept by request stays; the others
// never hold more than the budget (but the newest always stays), and are thinned out evenly.

struct CheckpointPlan {
    let byteCountMax: Int
    /// Host time of running after which the next checkpoint is due; going back costs at most about this much.
    private(set) var spacingMilliseconds: UInt64 = 250
    static let countMax = 64

    init(byteCountMax: Int) { self.byteCountMax = byteCountMax }

    /// A checkpoint shall not cost more than a fifth of the time.
    mutating func note(costMilliseconds cost: UInt64) { spacingMilliseconds = max(spacingMilliseconds, 4 * cost) }

    /// Indices to give up, ascending: every second one that nobody asked to keep, until the rest fits; the spacing doubles
    /// each time.
    mutating func surplus(_ checkpoints: [TimelineCheckpoint]) -> [Int] {
        var candidates = checkpoints.indices.filter { !checkpoints[$0].isKept }
        var gone: [Int] = []
        while candidates.count > 1, candidates.count > Self.countMax || candidates.reduce(0, { $0 + checkpoints[$1].byteCount }) > byteCountMax {
            // The newest is an odd one from behind, and stays.
            let kept = candidates.enumerated().filter { (candidates.count - 1 - $0.offset) % 2 == 0 }.map { $0.element }
            gone += candidates.filter { !kept.contains($0) }
            candidates = kept
            spacingMilliseconds *= 2
        }
        return gone.sorted()
    }
}
