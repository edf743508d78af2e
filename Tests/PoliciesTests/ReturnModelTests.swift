// The online model of tab returns: what it learns, and its limits.

import Testing
@testable import Policies

@Suite struct ReturnModelTests {
    @Test func aCycleIsLearnedAsAChain() {
        var m = ReturnModel()
        for i in 0..<30 { m.activated(tab: UInt32(1 + i % 3), at: UInt64(i) * 10 * second) }
        // The last one shown is 3 (29 % 3 == 2): 1 follows.
        #expect(m.successorPerMille(of: 3, 1) > 850 && m.successorPerMille(of: 3, 2) == 0)
        let now = 300 * second
        #expect(m.returnPerMille(tab: 1, at: now) > m.returnPerMille(tab: 2, at: now))
        #expect(m.returnPerMille(tab: 1, at: now) > 950)
        #expect(m.returnPerMille(tab: 3, at: now) == 0, "it is on screen")
    }
    /// Tab k is shown with frequency 1/k in random order: the model's order becomes that of the true frequencies, and its
    /// answers come near the true probabilities.
    @Test func frequenciesConverge() {
        var m = ReturnModel(), r = Random(7), now: UInt64 = 0
        let weights: [UInt32] = [1200, 600, 400, 300, 240, 200]
        var sequence: [UInt32] = []
        for _ in 0..<600 {
            now += (20 + UInt64(r.below(20))) * second
            var x = r.below(weights.reduce(0, +)), tab: UInt32 = 0
            while x >= weights[Int(tab)] { x -= weights[Int(tab)]; tab += 1 }
            m.activated(tab: tab + 1, at: now)
            sequence.append(tab + 1)
        }
        m.activated(tab: 99, at: now + second)
        let answers = (1...6).map { m.returnPerMille(tab: UInt32($0), at: now + 30 * second) }
        #expect(answers[0] > answers[2] && answers[1] > answers[4] && answers[0] > answers[5])
        // About ten activations in 300 seconds: tab 1 comes almost surely, tab 6 with about 50 %.
        #expect(answers[0] > 700)
        #expect((200...850).contains(answers[5]))
    }
    @Test func whatIsNotShownFades() {
        var m = ReturnModel()
        m.activated(tab: 1, at: 0)
        m.activated(tab: 2, at: second)
        m.activated(tab: 3, at: 2 * second)
        var last: UInt32 = 1000
        for minutes in [0, 5, 10, 30, 60, 600] as [UInt64] {
            let p = m.returnPerMille(tab: 1, at: (2 + minutes * 60) * second)
            #expect(p < last || p == 0)
            last = p
        }
        #expect(last == 0)
    }
    @Test func closedTabsAreForgotten() {
        var m = ReturnModel()
        m.activated(tab: 1, at: 0)
        m.activated(tab: 2, at: second)
        m.closed(tab: 1)
        #expect(m.returnPerMille(tab: 1, at: second) == 0)
        m.closed(tab: 1)
        m.closed(tab: 2)
        var words: [UInt64] = []
        m.forEachWord { words.append($0) }
        #expect(words == [0])
    }
    @Test func staysWithinItsLimits() {
        var m = ReturnModel(), r = Random(3), now: UInt64 = 0
        for i in 0..<20_000 {
            now = i % 1000 == 999 ? .max : now &+ r.next() % (10 * second)       // also a clock at its end, and one that jumps back
            m.activated(tab: r.below(4) == 0 ? .max - r.below(3000) : r.below(3000), at: now)
            if i % 5 == 0 { m.closed(tab: r.below(3000)) }
            if i % 100 == 0 { #expect(m.returnPerMille(tab: r.below(3000), at: now) <= 1000) }
        }
        var words = 0
        m.forEachWord { _ in words += 1 }
        #expect(words < ReturnModel.entryCountMax * (5 + ReturnModel.successorCountMax))
        var again = m
        again.activated(tab: 5, at: now)
        m.activated(tab: 5, at: now)
        var a: [UInt64] = [], b: [UInt64] = []
        m.forEachWord { a.append($0) }
        again.forEachWord { b.append($0) }
        #expect(a == b)
    }
}
