// What holds for every policy on every snapshot, also on ones that no kernel would make (MEM-001, TAB-048).

import Testing
@testable import Policies

@Suite struct PolicyPropertyTests {
    /// What a decision must respect, or nil. `mayDiscard`: which protections the policy's source lets it override.
    static func fault(_ d: MemoryDecision, _ s: MemorySnapshot, policy: String) -> String? {
        guard let t = s.tabs.first(where: { $0.pid == d.pid }) else { return "no such tab" }
        if t.lifecycle == .active || t.lifecycle == .passive || t.lifecycle == .discarded { return "the tab is on screen or gone" }
        switch d.action {
        case .discard:
            if t.flags.contains(.unsavedForm) { return "typed text would be lost" }
            let mayDiscardProtected = policy == "lru-discard"
            if t.flags.contains(.audible), !mayDiscardProtected, policy != "lru-compress", policy != "prefetch" { return "it plays" }
            if t.flags.contains(.pinned), !mayDiscardProtected, !["firefox", "lru-compress", "prefetch"].contains(policy) { return "it is pinned" }
        case .hibernate:
            if t.lifecycle == .hibernated { return "it sleeps already" }
            if t.flags.contains(.audible) || t.flags.contains(.loading) { return "it plays or loads" }
        case .compressCold, .swapCold:
            if d.amount == 0 || d.amount > t.pagesPrivate || d.generation > 3 { return "amount or generation out of bounds" }
        case .prefetch:
            if d.amount == 0 || d.amount > t.pagesAway || d.amount > s.framesFree { return "amount out of bounds" }
        case .swapOut:
            if t.pagesPrivate.addingClamped(t.pagesCompressed) == 0 || t.pagesPrivate.addingClamped(t.pagesCompressed) > s.swapSlotsFree { return "nothing to write, or no room" }
        case .freeze, .thaw: break
        }
        return nil
    }
    @Test(arguments: MemoryPolicies.names) func holdOnRandomSnapshots(_ name: String) throws {
        let policy = try MemoryPolicies.make(name)
        var acted = 0
        for seed in 0..<UInt64(600) {
            let s = randomSnapshot(seed, isWild: seed % 3 == 2)
            let decisions = policy.decide(s)
            #expect(Set(decisions.map(\.pid)).count == decisions.count, "\(name), seed \(seed): two decisions for a tab")
            for d in decisions { #expect(Self.fault(d, s, policy: name) == nil, "\(name), seed \(seed): \(d)") }
            var slots: UInt64 = 0
            for d in decisions where d.action == .swapOut { let t = s.tabs.first { $0.pid == d.pid }!; slots += UInt64(t.pagesPrivate) + UInt64(t.pagesCompressed) }
            #expect(slots <= UInt64(s.swapSlotsFree), "\(name), seed \(seed): more pages than slots")
            var shuffled = s, r = Random(seed)
            shuffled.tabs.shuffle(using: &r)
            #expect(policy.decide(shuffled) == decisions, "\(name), seed \(seed): the order of tabs matters")
            #expect(policy.decide(s) == decisions)
            if !decisions.isEmpty { acted += 1 }
        }
        #expect(name == "none" ? acted == 0 : acted > 20, "\(name) acted \(acted) times")
    }
    /// The canary: a policy that breaks each rule is caught by the check above.
    @Test func theCheckFindsWhatItLooksFor() {
        let s = snapshot(free: 10, [tab(2, .active, seen: 1), tab(3, .hidden, seen: 1, .unsavedForm), asleep(4, seen: 1), tab(5, .hidden, seen: 1, .audible)])
        for d in [MemoryDecision(.discard, pid: 2, .idle), MemoryDecision(.discard, pid: 3, .idle), MemoryDecision(.hibernate, pid: 4, .idle), MemoryDecision(.hibernate, pid: 5, .idle),
                  MemoryDecision(.compressCold, pid: 3, .idle, amount: 11), MemoryDecision(.prefetch, pid: 4, .idle, amount: 11), MemoryDecision(.swapOut, pid: 3, .idle), MemoryDecision(.freeze, pid: 9, .idle)] {
            #expect(Self.fault(d, s, policy: "terrarium") != nil, "\(d)")
        }
    }
    /// A thousand tabs: bounded work, and nothing forgotten.
    @Test(arguments: MemoryPolicies.names) func manyTabs(_ name: String) throws {
        let tabs = (0..<UInt32(1000)).map { i in i % 3 == 0 ? asleep(i + 2, seen: UInt64(i % 7), pages: 20) : tab(i + 2, .hidden, seen: UInt64(i % 11), pages: 20) }
        let s = MemorySnapshot(nowNanoseconds: 20_000 * second, framesTotal: 65536, framesFree: 100, framesLow: 8192, framesHigh: 13107, tabs: tabs)
        let decisions = try MemoryPolicies.make(name).decide(s)
        #expect(decisions.count <= 1000)
        #expect(name == "none" || !decisions.isEmpty)
    }
    @Test func everyReasonAndActionHasAName() {
        let reasons = MemoryReason.allCases.map { "\($0.name)" }, actions = MemoryAction.allCases.map { "\($0.name)" }
        #expect(Set(reasons).count == reasons.count && Set(actions).count == actions.count && !reasons.contains("") && !actions.contains(""))
    }
}
