// The bound on hibernation (issue 5, "gap to optimum"): on small random sessions bound <= optimum <= plan, with the optimum
// found by trying everything.

import Foundation
import Testing
@testable import Terrarium

private struct Dice {
    var state: UInt64
    mutating func below(_ n: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int((state >> 33) % UInt64(max(1, n)))
    }
}

@Suite struct BoundTests {
    /// A session of few tabs with few pages each. `hasSwap`: whether there is a swap device.
    static func session(_ seed: UInt64, hasSwap: Bool, visits: Int = 7) -> SessionModel {
        var dice = Dice(state: seed &* 77 &+ 5)
        let tabs = (0..<(2 + dice.below(2))).map { SessionModel.Tab(id: UInt32($0 + 1), storedPerMille: [250, 400, 500, 1000][dice.below(4)], reloadNanoseconds: [900, 4_000, 50_000][dice.below(3)]) }
        var list: [SessionModel.Visit] = []
        for v in 0..<visits {
            let pages = (0..<(1 + dice.below(3))).map { _ in UInt32(dice.below(3)) }
            list.append(SessionModel.Visit(tab: tabs[dice.below(tabs.count)].id, nanoseconds: UInt64(v) * 1000, pages: Array(Set(pages))))
        }
        return SessionModel(scenario: "tiny", seed: seed, frames: 2 + dice.below(4), swapPages: hasSwap ? 100 : 0, decompressNanoseconds: 100, swapReadNanoseconds: 700, tabs: tabs, visits: list)
    }
    /// The least cost of all plans: every way to spread the pages of every interval over the three places.
    static func optimum(_ instance: BoundInstance) -> Int64? {
        var best: Int64?
        var places: [BoundPlan.Place] = []
        func go(_ i: Int) {
            if i == instance.intervals.count {
                let plan = BoundPlan(instance, places: places)
                if plan.isFeasible, plan.cost < best ?? .max { best = plan.cost }
                return
            }
            let n = instance.intervals[i].count
            for resident in 0...n {
                for compressed in 0...(n - resident) {
                    places.append(.init(resident: resident, compressed: compressed))
                    go(i + 1)
                    places.removeLast()
                }
            }
        }
        go(0)
        return best
    }
    @Test(arguments: [true, false]) func boundOptimumPlan(hasSwap: Bool) {
        var tight = 0, met = 0, compared = 0
        for seed in 0..<UInt64(80) {
            let model = Self.session(seed, hasSwap: hasSwap), instance = BoundInstance(model)
            if instance.intervals.reduce(0, { $0 + $1.count }) > 7 { continue }
            let result = HibernationBound.solve(model, rounds: 120), best = Self.optimum(instance)
            #expect((best == nil) == (result.plan == nil), "seed \(seed)")
            guard let best, let plan = result.plan else { continue }
            #expect(result.cost <= best && best <= plan, "seed \(seed): bound \(result.cost), optimum \(best), plan \(plan)")
            compared += 1
            if best > 0 {
                if plan == best { met += 1 }
                if result.cost * 2 >= best { tight += 1 }
            } else { #expect(plan == 0, "seed \(seed): everything fits, and the plan does not see it") }
        }
        #expect(compared > 25 && met > compared / 4 && tight > 5, "\(compared) compared, \(met) plans are optimal, \(tight) bounds within half")
    }
    /// The canary: a cost below the bound would be noticed, because the bound is not trivially zero.
    @Test func theBoundSeesWhatMustHappen() {
        // Two tabs of four pages take turns on four frames, uncompressible, with swap at 700 ns a page.
        let tabs = [1, 2].map { SessionModel.Tab(id: $0, storedPerMille: 1000, reloadNanoseconds: 1_000_000) }
        let visits = (0..<10).map { SessionModel.Visit(tab: UInt32(1 + $0 % 2), nanoseconds: UInt64($0), pages: [0, 1, 2, 3]) }
        let model = SessionModel(scenario: "turns", seed: 1, frames: 4, swapPages: 100, decompressNanoseconds: 100, swapReadNanoseconds: 700, tabs: tabs, visits: visits)
        let result = HibernationBound.solve(model)
        // 8 intervals of 4 pages; while one tab is shown, nothing of the other fits.
        #expect(result.returns == 32 && result.cost >= 32 * 700 - 32 && result.plan == 32 * 700)
    }
    @Test func enoughMemoryCostsNothing() {
        var model = Self.session(3, hasSwap: true, visits: 20)
        model.frames = 100
        #expect(HibernationBound.solve(model) == .init(cost: 0, plan: 0, returns: 0, visits: 20))
        model.visits = []
        #expect(HibernationBound.solve(model) == .init(cost: 0, plan: 0, returns: 0, visits: 0))
        #expect(HibernationBound.gapPerMille(cost: 5, bound: 0) == nil && HibernationBound.gapPerMille(cost: 150, bound: 100) == 500)
    }
    /// A session of the size of a real one: bound and plan come near each other.
    @Test func aLongSession() throws {
        var dice = Dice(state: 11)
        let tabs = (1...16).map { SessionModel.Tab(id: $0, storedPerMille: 250 + dice.below(300), reloadNanoseconds: 400_000_000) }
        let visits = (0..<120).map { v in
            let tab = min(dice.below(16), dice.below(16)), size = 20 + tab * 3
            return SessionModel.Visit(tab: UInt32(tab + 1), nanoseconds: UInt64(v) * 1_000_000_000, pages: (0..<UInt32(size)).filter { _ in dice.below(10) < 8 })
        }
        let model = SessionModel(scenario: "long", seed: 1, frames: 250, swapPages: 8192, decompressNanoseconds: 33_000, swapReadNanoseconds: 250_000, tabs: tabs, visits: visits)
        let result = HibernationBound.solve(model, rounds: 60)
        let plan = try #require(result.plan)

        #expect(result.cost > 0 && result.cost <= plan && plan <= result.cost * 13 / 10, "bound \(result.cost), plan \(plan)")
        #expect(HibernationBound.solve(model, rounds: 60) == result)
    }
    @Test func modelsSurviveJSONAndBadOnesAreRefused() throws {
        let model = Self.session(5, hasSwap: true)
        #expect(try SessionModel.parse(Data(model.json().utf8), name: "x") == model)
        #expect(SessionModel.Visit(tab: 1, nanoseconds: 0, pages: [7, 3, 4, 5]).pageRuns == [3, 3, 7, 1])
        #expect(SessionModel.Visit(tab: 1, nanoseconds: 0, pages: [7, 3, 4, 5]).pages == [3, 4, 5, 7])
        func broken(_ change: (inout SessionModel) -> Void) {
            var m = model
            change(&m)
            #expect(throws: TerrariumError.self) { try SessionModel.parse(Data(m.json().utf8), name: "x") }
        }
        broken { $0.schema = 2 }
        broken { $0.frames = -1 }
        broken { $0.visits[0].tab = 99 }
        broken { $0.visits[0].pageRuns = [1] }
        broken { $0.visits[0].pageRuns = [5, 2, 6, 1] }
        broken { $0.visits[0].pageRuns = [5, .max] }
        broken { $0.tabs.append($0.tabs[0]) }
        broken { $0.tabs[0].storedPerMille = 1001 }
        #expect(throws: TerrariumError.self) { try SessionModel.parse(Data("{}".utf8), name: "x") }
    }
}
