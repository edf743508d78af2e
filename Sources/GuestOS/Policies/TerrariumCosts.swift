// What the steps of the ladder gain and cost for each tab, for the policy `terrarium`. Costs are microseconds of waiting,
// gains thousandths of a frame; both clamped, so that products of two fit 64 bits.

import ABI

/// The tunable prices.
struct TerrariumWeights {
    let workPerMille: UInt64
    let reloadMicroseconds: UInt64, lossMicroseconds: UInt64, wearMicroseconds: UInt64
    let storedPerMille: UInt64
    init(_ v: PolicyValues) {
        workPerMille = UInt64(v["work"])
        reloadMicroseconds = v.milliseconds("reload") / 1000
        lossMicroseconds = v.milliseconds("loss") / 1000
        wearMicroseconds = UInt64(v["wear"])
        storedPerMille = UInt64(v["stored"])
    }
}

/// One rung of the ladder for one tab: what it adds to the rung below.
struct TerrariumStep {
    enum Kind: UInt8 { case compressCold, hibernate, swapOut, discard }
    var kind: Kind
    var pid: UInt32
    /// The place on the tab's ladder, after rungs that are no bargain were dropped.
    var rung = 0
    /// Pages that it moves.
    var pages: UInt32
    /// Against no step at all.
    var gain: UInt64, cost: UInt64
    /// Against the rung below.
    var addedGain: UInt64 = 0, addedCost: UInt64 = 0

    static let gainMax: UInt64 = 1 << 31, costMax: UInt64 = 1 << 32

    /// Less cost per frame; ties by tab, then by rung.
    static func isCheaper(_ a: TerrariumStep, _ b: TerrariumStep) -> Bool {
        let x = a.addedCost * b.addedGain, y = b.addedCost * a.addedGain
        if x != y { return x < y }
        return a.pid != b.pid ? a.pid < b.pid : a.rung < b.rung
    }
    func decision(_ reason: MemoryReason) -> MemoryDecision {
        switch kind {
        case .compressCold: MemoryDecision(.compressCold, pid: pid, reason, amount: pages, generation: 1)
        case .hibernate: MemoryDecision(.hibernate, pid: pid, reason)
        case .swapOut: MemoryDecision(.swapOut, pid: pid, reason)
        case .discard: MemoryDecision(.discard, pid: pid, reason)
        }
    }
}

struct TerrariumCosts {
    private let weights: TerrariumWeights
    private let snapshot: MemorySnapshot
    /// Compressed size over all tabs, per mille, for tabs of which too little is known.
    private let storedOverall: UInt64

    init(_ weights: TerrariumWeights, _ snapshot: MemorySnapshot) {
        self.weights = weights
        self.snapshot = snapshot
        var pages: UInt64 = 0, bytes: UInt64 = 0
        for t in snapshot.tabs {
            pages += UInt64(t.pagesCompressed)
            bytes = bytes.addingClamped(t.compressedByteCount)
        }
        storedOverall = pages >= 16 ? min(1000, bytes / 66 / pages) : weights.storedPerMille      // 65,536 bytes are 1000 per mille
    }

    /// Frames missing to `frames`, with what is being compressed counted as done.
    func shortage(to frames: UInt32) -> UInt32 {
        var expected = UInt64(snapshot.framesFree) * 1000
        for t in snapshot.tabs where t.isFallingAsleep { expected = expected.addingClamped(UInt64(t.pagesPrivate) * (1000 - stored(t))) }
        return frames.subtractingClamped(UInt32(clamping: expected / 1000))
    }
    /// The rungs of all tabs. Along one tab's rungs the added cost per added frame rises.
    func steps() -> [TerrariumStep] {
        var list: [TerrariumStep] = []
        for t in snapshot.tabs where t.isInBackground && !t.isFallingAsleep && !t.flags.contains(.loading) { list += ladder(t) }
        return list
    }

    /// Compressed size of the tab's pages, per mille of their size.
    private func stored(_ t: TabSnapshot) -> UInt64 {
        t.pagesCompressed >= 8 ? min(1000, t.compressedByteCount / 66 / UInt64(t.pagesCompressed)) : storedOverall
    }
    /// Thousandths of a frame that compressing `pages` gains: those that the codec refused go to swap, or stay.
    private func compressGain(_ t: TabSnapshot, _ pages: UInt32) -> UInt64 {
        let refused = snapshot.swapSlotsFree > 0 ? 0 : min(t.pagesRefusedByCodec, pages)
        return UInt64(pages - refused) * (1000 - stored(t))
    }
    /// Pages that a wake will touch.
    private func needed(_ t: TabSnapshot) -> UInt32 {
        let all = t.pagesPrivate.addingClamped(t.pagesAway)
        return min(all, t.workingSetPages > 0 ? t.workingSetPages : all.perMille(500))
    }
    private func microseconds(_ pages: UInt32, _ nanosecondsPerPage: UInt64) -> UInt64 { UInt64(pages).multipliedClamped(min(nanosecondsPerPage, 1 << 40)) / 1000 }
    /// Time that the user waits if the tab is shown again, times how likely that is.
    private func expected(_ t: TabSnapshot, _ wait: UInt64) -> UInt64 { wait.multipliedClamped(UInt64(max(5, min(1000, t.returnPerMille)))) / 1000 }
    private func work(_ nanoseconds: UInt64) -> UInt64 { nanoseconds.multipliedClamped(weights.workPerMille) / 1_000_000 }

    private func ladder(_ t: TabSnapshot) -> [TerrariumStep] {
        var options: [TerrariumStep] = []
        func add(_ kind: TerrariumStep.Kind, _ pages: UInt32, _ gain: UInt64, _ cost: UInt64) {
            if gain > 0 { options.append(TerrariumStep(kind: kind, pid: t.pid, pages: pages, gain: min(gain, TerrariumStep.gainMax), cost: min(cost, TerrariumStep.costMax))) }
        }
        let c = snapshot.costs, wanted = needed(t), held = UInt64(t.pagesPrivate) * 1000 + t.compressedByteCount / 66
        let isHibernated = t.lifecycle == .hibernated
        // What a wake costs already, before any step.
        let awayWanted = min(wanted, t.pagesAway), now = microseconds(awayWanted, c.decompressPage)
        if t.maySleep {
            let cold = min(t.pagesByGeneration.olderOrEqual(1), t.pagesPrivate.subtractingClamped(wanted))
            // Outside the working set, but not all of it stays untouched.
            if cold > 0, cold < t.pagesPrivate { add(.compressCold, cold, compressGain(t, cold), work(microseconds(cold, c.compressPage) * 1000) + expected(t, microseconds(cold / 16, c.decompressPage))) }
            if t.pagesPrivate > 0 {
                add(.hibernate, t.pagesPrivate, compressGain(t, t.pagesPrivate), work(microseconds(t.pagesPrivate, c.compressPage) * 1000) + expected(t, microseconds(wanted, c.decompressPage).subtractingClamped(now)))
            }
        }
        let toWrite = t.pagesPrivate.addingClamped(t.pagesCompressed)
        if toWrite > 0, snapshot.swapSlotsFree >= toWrite, isHibernated || t.maySleep {
            let writing = work(microseconds(toWrite, c.swapWritePage) * 1000).addingClamped(UInt64(toWrite).multipliedClamped(weights.wearMicroseconds))
            add(.swapOut, toWrite, held, writing.addingClamped(expected(t, microseconds(wanted, c.swapReadPage).subtractingClamped(now))))
        }
        if t.mayBeDiscarded {
            let reload = t.reloadNanoseconds > 0 ? t.reloadNanoseconds / 1000 : weights.reloadMicroseconds
            add(.discard, 0, held, expected(t, reload.addingClamped(weights.lossMicroseconds)))
        }
        return bargains(options)
    }
    /// The lower convex hull of the options over gain: those worth taking in order of rising price per frame.
    private func bargains(_ options: [TerrariumStep]) -> [TerrariumStep] {
        let sorted = options.sorted { a, b in
            if a.gain != b.gain { return a.gain < b.gain }
            return a.cost != b.cost ? a.cost < b.cost : a.kind.rawValue < b.kind.rawValue
        }
        var hull: [TerrariumStep] = []
        for option in sorted {
            if let last = hull.last, option.gain == last.gain { continue }
            var o = option
            while true {
                let below = hull.last
                o.addedGain = o.gain - (below?.gain ?? 0)
                o.addedCost = o.cost.subtractingClamped(below?.cost ?? 0)
                // A rung that is dearer per frame than what comes after it is no bargain.
                guard let below, o.addedCost * below.addedGain <= below.addedCost * o.addedGain else { break }
                hull.removeLast()
            }
            o.rung = hull.count
            hull.append(o)
        }
        return hull
    }
}
