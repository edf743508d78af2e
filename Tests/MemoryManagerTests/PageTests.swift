import ABI
import Testing
@testable import MemoryManager

@Suite struct PageTests {
    @Test func pagesComeIntoBeingAndGo() {
        let l = Laboratory()
        let free = l.memory.frames.freeCount
        l.touch(1...3)
        #expect(l.memory.frames.freeCount == free, "reading untouched pages takes no frame")
        l.fill(2, .text)
        #expect(l.space.counts.resident == 1 && l.memory.frames.freeCount == free - 1)
        #expect(l.holds(2, .text) && l.holds(1, .word(0)))
        l.memory.releasePage(l.space, 2, unmap: true)
        #expect(l.holds(2, .word(0)) && l.memory.frames.freeCount == free)
        l.memory.releaseAll(l.space)
        #expect(l.memory.frames.freeCount == free && l.space.counts.isEmpty)
    }
    @Test func framesAreTakenInARowAndTheReserveStays() {
        let l = Laboratory(frames: 64)
        for page: UInt32 in 10..<20 { l.fill(page, .text) }
        for page: UInt32 in 11..<20 { #expect(l.space.pageTable[page].value == l.space.pageTable[page - 1].value + 1) }
        for page: UInt32 in 20..<90 { l.fill(page, .text) }
        #expect(l.memory.frames.freeCount == MemoryLimits.reserveFrameCount)
        #expect(l.memory.frames.total(.process) == Int(l.space.counts.resident))
    }
    @Test func aCloneSharesUntilItWrites() {
        let l = Laboratory()
        let other = AddressSpace(id: 9, task: 4)
        l.memory.insert(other)
        l.fill(1, .text)
        l.fill(2, .noise)
        let free = l.memory.frames.freeCount
        l.memory.sharePages(from: l.space, to: other)
        #expect(l.memory.frames.freeCount == free && other.counts.resident == 2 && l.memory.privatePages(l.space) == 0)
        l.fill(1, .noise)
        #expect(l.memory.frames.freeCount == free - 1 && l.memory.privatePages(l.space) == 1)
        let base = l.hardware.access(l.memory, other, 1, write: false)!
        #expect(base.load(fromByteOffset: 80, as: UInt64.self) == Laboratory.value(1, 10, .text))
        l.memory.releaseAll(other)
        l.memory.remove(other)
        #expect(l.memory.privatePages(l.space) == 2)
        #expect(l.memory.space(9) == nil && l.memory.space(7) === l.space)
    }
    @Test func swapSlotsGoRoundAndBadOnesAreLeftOut() {
        var slots = SwapSlots()
        slots.open(count: 3)
        #expect([slots.take(), slots.take(), slots.take(), slots.take()] == [0, 1, 2, nil])
        slots.free(1)
        slots.retire(2)
        #expect(slots.take() == 1 && slots.take() == nil && slots.usedCount == 2 && slots.badCount == 1 && slots.freeCount == 0)
    }
    /// KERN-005: the levels of a page's sleep give the same bytes back.
    @Test func sleepKeepsTheBytes() {
        let l = Laboratory(frames: 96, swapSlots: 64)
        for page: UInt32 in 1..<13 { l.fill(page, page % 3 == 0 ? .noise : page % 3 == 1 ? .text : .word(UInt64(page))) }
        #expect(l.memory.enqueue(ReclaimJob(space: 7, kind: .hibernate)) { _ in })
        l.work()
        #expect(l.hardware.parked == [3])
        var store: [UInt32: [UInt8]] = [:]
        _ = l.runSwap(store: &store)
        #expect(l.space.counts.resident == 0 && l.space.counts.compressed == 4 && l.space.counts.filled == 4 && l.space.counts.swapped == 4)
        #expect(l.memory.counters.swapWrittenPages == 4)
        #expect(l.memory.enqueue(ReclaimJob(space: 7, kind: .swapOut)) { _ in })
        while !l.work().isEmpty || !l.memory.jobs.isEmpty { _ = l.runSwap(store: &store) }
        _ = l.runSwap(store: &store)
        #expect(l.space.counts.compressed == 0 && l.space.counts.swapped == 8 && l.memory.pool.frameCount == 0 && l.memory.frames.total(.process) == 0)
        for page: UInt32 in 1..<13 where l.space.pageTable[page].state == .swapped || l.space.pageTable[page].state == .swappingIn {
            #expect(l.hardware.access(l.memory, l.space, page, write: false) == nil)
            _ = l.runSwap(store: &store)
        }
        for page: UInt32 in 1..<13 { #expect(l.holds(page, page % 3 == 0 ? .noise : page % 3 == 1 ? .text : .word(UInt64(page)))) }
        #expect(l.memory.swap.slots.usedCount == 0 && l.memory.swap.requestCount == 0)
    }
}
