// How likely a tab is to be shown again soon, learned online from the sequence of activations alone.
//
// Two signals, both bounded and in whole numbers:
// - recency x frequency: an activation count that halves every `halfLife` (the combined recency and frequency of LRFU, Lee,
//   Choi, Kim, Noh, Min, Cho, Kim: IEEE Transactions on Computers 50(12), 2001), read as the rate of a Poisson process;
// - a first-order Markov chain: which tab followed the one on screen (Awad, Khalil: Prediction of user's web-browsing
//   behavior, IEEE Transactions on Systems, Man, and Cybernetics 42(4), 2012), the most frequent successors only.
//
// A tab returns when either says so, as if they were independent. Invariant: scores and counts stay below their limits,
// entries ascend by tab, and nothing is kept of closed tabs except as successors, which age out.

public struct ReturnModel: Sendable {
    struct Successor: Sendable { var tab: UInt32, count: UInt32 }
    struct Entry: Sendable {
        var tab: UInt32
        var score: UInt64 = 0               // decayed activations, in 1/1024
        var scoredNanoseconds: UInt64 = 0   // when `score` was right
        var departures: UInt32 = 0          // how often another tab followed
        var successors: [Successor] = []
    }
    static let one: UInt64 = 1024
    static let scoreMax: UInt64 = 1 << 20
    static let successorCountMax = 8
    static let countMax: UInt32 = 64
    static let entryCountMax = 1024

    private var entries: [Entry] = []       // ascending by tab
    private var onScreen: UInt32 = 0        // the tab activated last; 0: none
    public let halfLifeNanoseconds: UInt64, horizonNanoseconds: UInt64

    public init(halfLifeNanoseconds: UInt64 = 300_000_000_000, horizonNanoseconds: UInt64 = MemorySnapshot.returnHorizonNanoseconds) {
        self.halfLifeNanoseconds = max(1, halfLifeNanoseconds); self.horizonNanoseconds = horizonNanoseconds
    }

    /// The user shows `tab`. Showing the tab that is on screen already tells nothing.
    public mutating func activated(tab: UInt32, at now: UInt64) {
        if tab == onScreen || tab == 0 { return }
        if let from = index(onScreen) { count(from: from, to: tab) }
        onScreen = tab
        guard let i = index(tab) ?? insert(tab) else { return }
        entries[i].score = min(ReturnModel.scoreMax, decayed(entries[i], now) + ReturnModel.one)
        entries[i].scoredNanoseconds = now
    }
    public mutating func closed(tab: UInt32) {
        if let i = index(tab) { entries.remove(at: i) }
        if onScreen == tab { onScreen = 0 }
    }
    /// Probability in per mille that `tab` is activated within the horizon; 0 for the tab on screen and unknown ones.
    public func returnPerMille(tab: UInt32, at now: UInt64) -> UInt32 {
        if tab == onScreen { return 0 }
        guard let i = index(tab) else { return 0 }
        // Activations expected within the horizon: score x ln 2 / half-life x horizon; 1 - e^-x is taken as
        // 1 - 1 / (1 + x + x^2 / 2).
        let expected = decayed(entries[i], now).multipliedClamped(693).multipliedClamped(max(1, horizonNanoseconds / 1_000_000)) / (1000 * max(1, halfLifeNanoseconds / 1_000_000))
        let grown = expected.addingClamped(expected.multipliedClamped(expected) / (2 * ReturnModel.one))
        let alone = grown.multipliedClamped(1000) / grown.addingClamped(ReturnModel.one)
        let next = UInt64(successorPerMille(of: onScreen, tab))
        return UInt32(clamping: min(1000, 1000 - (1000 - min(1000, alone)) * (1000 - next) / 1000))
    }
    /// Probability in per mille that `tab` is the next one after `from`.
    public func successorPerMille(of from: UInt32, _ tab: UInt32) -> UInt32 {
        guard let f = index(from) else { return 0 }
        for s in entries[f].successors where s.tab == tab { return s.count * 1000 / (entries[f].departures + 1) }
        return 0
    }
    /// Everything that decides its answers, for state hashes.
    public func forEachWord(_ body: (UInt64) -> Void) {
        body(UInt64(onScreen))
        for e in entries {
            body(UInt64(e.tab)); body(e.score); body(e.scoredNanoseconds); body(UInt64(e.departures))
            for s in e.successors { body(UInt64(s.tab) << 32 | UInt64(s.count)) }
        }
    }

    private mutating func count(from f: Int, to tab: UInt32) {
        entries[f].departures += 1
        if let s = entries[f].successors.firstIndex(where: { $0.tab == tab }) {
            entries[f].successors[s].count += 1
        } else if entries[f].successors.count < ReturnModel.successorCountMax {
            entries[f].successors.append(Successor(tab: tab, count: 1))
        } else {
            // The rarest successor makes room; the first of several, which is the oldest.
            var rarest = 0
            for s in entries[f].successors.indices where entries[f].successors[s].count < entries[f].successors[rarest].count { rarest = s }
            entries[f].successors.remove(at: rarest)
            entries[f].successors.append(Successor(tab: tab, count: 1))
        }
        if entries[f].departures >= ReturnModel.countMax { age(f) }
    }
    /// Old habits fade: all counts halve.
    private mutating func age(_ f: Int) {
        entries[f].departures /= 2
        for s in entries[f].successors.indices { entries[f].successors[s].count /= 2 }
        entries[f].successors.removeAll { $0.count == 0 }
    }
    /// The score now: halved for every half-life, linear between.
    private func decayed(_ e: Entry, _ now: UInt64) -> UInt64 {
        let age = now.subtractingClamped(e.scoredNanoseconds), halvings = age / halfLifeNanoseconds
        if halvings >= 21 { return 0 }
        let whole = e.score >> halvings
        return whole - whole * ((age % halfLifeNanoseconds) >> 20) / (2 * max(1, halfLifeNanoseconds >> 20))
    }
    private func position(_ tab: UInt32) -> Int {
        var low = 0, high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].tab < tab { low = middle + 1 } else { high = middle }
        }
        return low
    }
    private func index(_ tab: UInt32) -> Int? {
        let i = position(tab)
        return i < entries.count && entries[i].tab == tab ? i : nil
    }
    private mutating func insert(_ tab: UInt32) -> Int? {
        if entries.count >= ReturnModel.entryCountMax { return nil }
        let i = position(tab)
        entries.insert(Entry(tab: tab), at: i)
        return i
    }
}
