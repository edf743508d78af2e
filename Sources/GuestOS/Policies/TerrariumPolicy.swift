// Ours. For every background tab and every step of the ladder (its cold pages compressed, all of it compressed, all of it on
// the swap device, discarded) there is an expected cost: the probability that the tab is shown again soon times what the
// wake will cost then, plus the work of doing it now. Steps are taken in the order of cost per frame gained, a tab's next
// step at the price of what it adds, until the high watermark is reached: the greedy solution of a multiple-choice knapsack
// (Sinha, Zoltners: The Multiple-Choice Knapsack Problem, Operations Research 27(3), 1979).
//
// In idle time, before memory is short, only steps that cost next to nothing are taken; and when memory is plentiful, the
// working set of the likely next tab comes back. Which costs count is in `TerrariumCosts`.

import ABI

public final class TerrariumPolicy: MemoryPolicy {
    static let description = PolicyDescription(
        "terrarium", "takes the steps of freeze, compress, swap and discard with the least expected cost per frame, early and in idle time; prefetches the likely next tab",
        source: "this project, docs/internals/memory-manager.md",
        parameters: [
            PolicyParameter("work", 250, 0...1000, "what a nanosecond of background work counts, per mille of one that the user waits"),
            PolicyParameter("reload", 1500, 1...600_000, "reload time in milliseconds where none was measured"),
            PolicyParameter("loss", 20_000, 0...3_600_000, "what losing a tab's state counts beside its reload time, milliseconds"),
            PolicyParameter("wear", 100, 0...1_000_000, "what a page written to flash counts beside its time, microseconds"),
            PolicyParameter("stored", 400, 0...1000, "compressed size of a page where none was measured, per mille"),
            PolicyParameter("early", 1250, 1000...5000, "idle-time steps begin below so many per mille of the high watermark"),
            PolicyParameter("early-cost", 150, 0...1_000_000, "most that an idle-time step may cost a frame, microseconds"),
            PolicyParameter("early-pages", 256, 1...65536, "pages that idle-time steps may take a round"),
            PolicyParameter("likely", 250, 1...1000, "least probability of return for a prefetch, per mille"),
            PolicyParameter("tabs", 2, 0...8, "prefetches for so many tabs at a time"),
        ]) { v in TerrariumPolicy(v) }

    private let weights: TerrariumWeights
    private let earlyPerMille: UInt32, earlyMicrosecondsPerFrame: UInt64, earlyPages: UInt32
    private let likelyPerMille: UInt32, prefetchTabs: Int
    init(_ v: PolicyValues) {
        weights = TerrariumWeights(v)
        earlyPerMille = v.frames("early"); earlyMicrosecondsPerFrame = UInt64(v["early-cost"]); earlyPages = v.frames("early-pages")
        likelyPerMille = v.frames("likely"); prefetchTabs = v["tabs"]
    }
    public var name: StaticString { "terrarium" }

    public func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision] {
        let costs = TerrariumCosts(weights, snapshot)
        if snapshot.isBelowLow { return reclaim(snapshot, costs) }
        let early = UInt32(clamping: UInt64(snapshot.framesHigh) * UInt64(earlyPerMille) / 1000)
        if snapshot.framesFree < early { return workEarly(snapshot, costs, until: early) }
        return prefetch(snapshot, likelyPerMille: likelyPerMille, tabCount: prefetchTabs)
    }
    /// Memory is short: whatever it costs, the cheapest steps first.
    private func reclaim(_ snapshot: MemorySnapshot, _ costs: TerrariumCosts) -> [MemoryDecision] {
        let missing = costs.shortage(to: snapshot.framesHigh)
        // While pages are being compressed, only that much more as they will not give.
        return choose(costs.steps(), target: UInt64(missing) * 1000, pagesMax: .max, slots: snapshot.swapSlotsFree, .cheapestPerFrame)
    }
    /// Memory is not short yet: what costs next to nothing, little at a time.
    private func workEarly(_ snapshot: MemorySnapshot, _ costs: TerrariumCosts, until frames: UInt32) -> [MemoryDecision] {
        if snapshot.isHelpUnderWay { return [] }
        let cheap = costs.steps().filter { s in
            s.kind != .discard && s.kind != .swapOut && s.addedCost <= earlyMicrosecondsPerFrame.multipliedClamped(s.addedGain) / 1000
        }
        return choose(cheap, target: UInt64(costs.shortage(to: frames)) * 1000, pagesMax: earlyPages, slots: 0, .idleTimeIsCheap)
    }
    /// Takes steps, cheapest per frame first, until `target` thousandths of a frame are gained. A later step of a tab
    /// replaces its earlier one. The steps of a tab come in the order of the ladder.
    private func choose(_ steps: [TerrariumStep], target: UInt64, pagesMax: UInt32, slots: UInt32, _ reason: MemoryReason) -> [MemoryDecision] {
        var gained: UInt64 = 0, pages: UInt32 = 0, slotsLeft = slots
        var chosen: [TerrariumStep] = []
        for s in steps.sorted(by: TerrariumStep.isCheaper) {
            if gained >= target { break }
            if pages.addingClamped(s.pages) > pagesMax { continue }
            if s.kind == .swapOut {
                if s.pages > slotsLeft { continue }
                slotsLeft -= s.pages
            }
            gained = gained.addingClamped(s.addedGain)
            pages = pages.addingClamped(s.pages)
            chosen.append(s)
        }
        return lastOfEach(chosen, reason)
    }
    /// The decisions for the highest step of each tab, in the order in which tabs were first chosen.
    private func lastOfEach(_ chosen: [TerrariumStep], _ reason: MemoryReason) -> [MemoryDecision] {
        // Sorted by tab; of one tab the highest step stands last.
        let byTab = chosen.indices.sorted { a, b in
            if chosen[a].pid != chosen[b].pid { return chosen[a].pid < chosen[b].pid }
            return chosen[a].rung != chosen[b].rung ? chosen[a].rung < chosen[b].rung : a < b
        }
        var decisions: [(first: Int, decision: MemoryDecision)] = []
        var first = Int.max
        for (i, c) in byTab.enumerated() {
            first = min(first, c)
            if i + 1 < byTab.count, chosen[byTab[i + 1]].pid == chosen[c].pid { continue }
            decisions.append((first, chosen[c].decision(reason)))
            first = .max
        }
        return decisions.sorted { $0.first < $1.first }.map { $0.decision }
    }
}
