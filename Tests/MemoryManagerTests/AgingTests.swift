import ABI
import Testing
@testable import MemoryManager

@Suite struct AgingTests {
    private func generations(_ l: Laboratory) -> [UInt32] {
        let g = l.memory.survey(l.space).generations
        return [g.0, g.1, g.2, g.3]
    }
    @Test func untouchedPagesGrowOlder() {
        let l = Laboratory()
        l.space.tab.isTab = true
        for page: UInt32 in 1...6 { l.fill(page, .text) }
        #expect(generations(l) == [6, 0, 0, 0])
        l.memory.ageTabs(budget: 100)               // all were touched since they came
        #expect(generations(l) == [6, 0, 0, 0] && l.memory.counters.sampledPages == 6)
        l.touch(1...2)
        l.memory.ageTabs(budget: 100)
        #expect(generations(l) == [2, 4, 0, 0] && l.memory.counters.samplingFaults == 2)
        l.touch(1...1)
        for _ in 0..<5 { l.memory.ageTabs(budget: 100); l.touch(1...1) }
        #expect(generations(l) == [1, 0, 0, 5])
        l.touch(6...6)
        #expect(generations(l) == [2, 0, 0, 4])
        for page: UInt32 in 1...6 { #expect(l.holds(page, .text)) }
    }
    @Test func theBudgetBoundsAPeriodAndGoesRound() {
        let l = Laboratory()
        l.space.tab.isTab = true
        let other = AddressSpace(id: 9, task: 4)
        other.tab.isTab = true
        l.memory.insert(other)
        for page: UInt32 in 1...8 {
            l.fill(page, .text)
            _ = l.hardware.access(l.memory, other, page, write: true)
        }
        l.memory.ageTabs(budget: 10)
        #expect(l.memory.counters.sampledPages == 10)
        let marked = { (s: AddressSpace) in (1...8).filter { s.pageTable[$0].marks.contains(.sampled) }.count }
        #expect(marked(l.space) == 8 && marked(other) == 2)
        l.memory.ageTabs(budget: 6)
        #expect(marked(other) == 8, "the second period begins with the one that was cut short")
    }
    /// What is not a tab is left alone: services pay no sampling faults.
    @Test func onlyTabsAreSampled() {
        let l = Laboratory()
        l.fill(1, .text)
        l.memory.ageTabs(budget: 100)
        #expect(l.memory.counters.sampledPages == 0)
    }
    @Test func anActivationRecordsItsWorkingSetInOrder() {
        let l = Laboratory()
        for page: UInt32 in 1...9 { l.fill(page, .text) }
        l.memory.beginActivation(l.space, window: 1_000_000)
        for page: UInt32 in [5, 2, 5, 8] { l.touch(page...page) }
        #expect(l.space.workingSet.count == 3)
        l.hardware.nowNanoseconds += 2_000_000
        l.touch(1...1)
        #expect(l.space.workingSet.pages == [5, 2, 8])
        l.memory.beginActivation(l.space, window: 1_000_000)
        #expect(l.space.workingSet.count == 3, "until something is touched the last one stands")
        l.touch(9...9)
        #expect(l.space.workingSet.count == 1)
    }
    @Test func coldPagesGoFirstAndTheYoungStay() {
        let l = Laboratory()
        l.space.tab.isTab = true
        for page: UInt32 in 1...10 { l.fill(page, .text) }
        for _ in 0..<4 { l.memory.ageTabs(budget: 100); l.touch(1...4) }
        #expect(generations(l) == [4, 0, 0, 6])
        #expect(l.memory.enqueue(ReclaimJob(space: 7, kind: .compressCold, amount: 4, minGeneration: 2, ticket: 5)) { _ in })
        let over = l.work()
        #expect(over.map { $0.ticket } == [5] && over.first?.done == 4)
        #expect((5...8).allSatisfy { l.space.pageTable[$0].state == .compressed } && l.space.pageTable[9].state == .resident)
        #expect(l.memory.enqueue(ReclaimJob(space: 7, kind: .compressCold, amount: 100, minGeneration: 1)) { _ in })
        #expect(l.work().first?.done == 2)
        #expect(generations(l) == [4, 0, 0, 0] && l.hardware.parked.isEmpty, "an awake tab keeps its stack")
        for page: UInt32 in 1...10 { #expect(l.holds(page, .text)) }
    }
    @Test func whatTheCodecRefusesIsRememberedUntilItIsWritten() {
        let l = Laboratory()
        for page: UInt32 in 1...3 { l.fill(page, .noise) }
        for _ in 0..<3 {
            #expect(l.memory.enqueue(ReclaimJob(space: 7, kind: .compressCold, amount: 10)) { _ in })
            l.work()
        }
        #expect(l.memory.counters.refusals == 3 && l.memory.survey(l.space).refused == 3)
        #expect(l.holds(1, .noise) && l.memory.survey(l.space).refused == 3, "reading keeps the mark")
        l.fill(2, .text)
        #expect(l.memory.survey(l.space).refused == 2)
        #expect(l.memory.enqueue(ReclaimJob(space: 7, kind: .compressCold, amount: 10)) { _ in })
        l.work()
        #expect(l.space.pageTable[2].state == .compressed && l.holds(2, .text) && l.holds(3, .noise))
    }
    @Test func refaultsAreThoseThatComeBackSoon() {
        let l = Laboratory(frames: 128, swapSlots: 0)
        for page: UInt32 in 1...20 { l.fill(page, .text) }
        #expect(l.memory.enqueue(ReclaimJob(space: 7, kind: .compressCold, amount: 15)) { _ in })
        l.work()
        #expect(l.memory.counters.evictions == 15)
        l.touch(15...15)            // the last one taken: distance 0
        #expect(l.memory.counters.refaults == 1 && l.space.refaultCount == 1)
        l.touch(1...1)              // 14 were taken since, 6 are resident
        #expect(l.memory.counters.refaults == 1 && l.memory.promotions.recent == 2)
    }
    @Test func prefetchBringsTheWorkingSetAndKnowsWhatWasOfUse() {
        let l = Laboratory(frames: 128, swapSlots: 64)
        for page: UInt32 in 1...12 { l.fill(page, page % 2 == 0 ? .noise : .text) }
        l.memory.beginActivation(l.space, window: 1_000_000_000)
        for page: UInt32 in [3, 4, 9, 10] { l.touch(page...page) }
        l.hardware.nowNanoseconds += 2_000_000_000
        l.memory.endActivation(l.space)
        var store: [UInt32: [UInt8]] = [:]
        #expect(l.memory.enqueue(ReclaimJob(space: 7, kind: .hibernate)) { _ in })
        l.work()
        _ = l.runSwap(store: &store)
        #expect(l.space.counts.resident == 0 && l.space.counts.swapped == 6)
        #expect(l.memory.enqueue(ReclaimJob(space: 7, kind: .prefetch, amount: 3)) { _ in })
        #expect(l.work().first?.done == 3)
        _ = l.runSwap(store: &store)
        #expect([3, 4, 9].allSatisfy { l.space.pageTable[$0].state == .resident } && l.space.pageTable[10].state == .swapped)
        #expect(l.memory.counters.prefetches == 3 && l.memory.counters.prefetchHits == 0 && l.memory.counters.refaults == 0)
        #expect(l.holds(3, .text) && l.holds(4, .noise) && l.memory.counters.prefetchHits == 2)
    }
    @Test func aReadFromSwapBringsItsNeighbours() {
        let l = Laboratory(frames: 256, swapSlots: 128)
        for page: UInt32 in 1...30 { l.fill(page, .noise) }
        var store: [UInt32: [UInt8]] = [:]
        #expect(l.memory.enqueue(ReclaimJob(space: 7, kind: .swapOut)) { _ in })
        l.work()
        _ = l.runSwap(store: &store)
        #expect(l.space.counts.swapped == 30)
        #expect(l.hardware.access(l.memory, l.space, 11, write: false) == nil)
        let done = l.runSwap(store: &store)
        #expect(done.count == 1 + MemoryLimits.readAheadPageCount)
        #expect((11...18).allSatisfy { l.space.pageTable[$0].state == .resident } && l.space.pageTable[19].state == .swapped)
        #expect((11...18).allSatisfy { l.holds($0, .noise) } && l.memory.counters.prefetchHits == 7)
    }
    @Test func aFailingDeviceLosesNothingButThePage() {
        let l = Laboratory(frames: 128, swapSlots: 32)
        for page: UInt32 in 1...4 { l.fill(page, .noise) }
        var store: [UInt32: [UInt8]] = [:]
        #expect(l.memory.enqueue(ReclaimJob(space: 7, kind: .swapOut)) { _ in })
        l.work()
        _ = l.runSwap(isOK: false, store: &store)
        #expect(l.space.counts.resident == 4 && l.memory.swap.slots.badCount == 4 && l.memory.counters.swapErrors == 4 && l.memory.counters.swapWrittenPages == 0)
        for page: UInt32 in 1...4 { #expect(l.holds(page, .noise)) }
        #expect(l.memory.enqueue(ReclaimJob(space: 7, kind: .swapOut)) { _ in })
        l.work()
        _ = l.runSwap(store: &store)
        #expect(l.hardware.access(l.memory, l.space, 2, write: false) == nil)
        var lost: [UInt32] = []
        for c in l.runSwap(isOK: false, store: &store) { if case .lost(7, let page) = c { lost.append(page) } }
        #expect(lost.contains(2))
        l.memory.releaseAll(l.space)
        l.memory.remove(l.space)
        #expect(l.memory.frames.total(.process) == 0 && l.memory.frames.total(.swap) == 0 && l.memory.swap.slots.usedCount == 0)
    }
}
