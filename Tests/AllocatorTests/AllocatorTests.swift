// The programs' allocator, compiled natively from the same C file, against a model that remembers every block.

import CAllocator
import Foundation
import Testing

/// A heap in host memory, and every live block with the byte it was filled with.
final class Model {
    struct Block { var address: UnsafeMutableRawPointer; var byteCount: Int; var fill: UInt8 }
    private let reserved: UnsafeMutableRawPointer
    private static let reservedByteCount = 272 << 20
    private(set) var blocks: [Block] = []
    private var state: UInt64

    init(seed: UInt64, pages: UInt32 = 4, pagesMax: UInt32 = 1200, offset: Int = 70_000) {
        state = seed
        reserved = mmap(nil, Model.reservedByteCount, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | Int32(MAP_NORESERVE), -1, 0)
        let base = UnsafeMutableRawPointer(bitPattern: (UInt(bitPattern: reserved) + 0xffff) & ~0xffff)!
        terrarium_heap_begin(base, offset, pages, pagesMax)
    }
    deinit { munmap(reserved, Model.reservedByteCount) }

    func random(_ n: Int) -> Int {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return Int(state >> 33) % n
    }
    /// Mostly small, sometimes around the border of slabs, now and then many pages.
    func size() -> Int {
        switch random(12) {
        case 0: random(20_000)
        case 1: random(random(8) == 0 ? 400_000 : 60_000)
        case 2: random(3_000)
        default: random(300)
        }
    }
    var statistics: terrarium_heap_statistics {
        var s = terrarium_heap_statistics()
        terrarium_heap_read_statistics(&s)
        return s
    }

    // Each operation returns what is wrong, or nil.

    func allocate() -> String? {
        let n = size(), how = random(8)
        var alignment = 16
        let p: UnsafeMutableRawPointer?
        switch how {
        case 0: p = terrarium_calloc(1, n)
        case 1:
            alignment = 16 << random(10)
            p = terrarium_aligned_alloc(alignment, n)
        default: p = terrarium_malloc(n)
        }
        guard let p else { return nil }                       // full; the model keeps going with frees
        if UInt(bitPattern: p) % UInt(alignment) != 0 { return "a block of \(n) is not aligned to \(alignment)" }
        if how == 0, n > 0, p.load(as: UInt8.self) != 0 || memcmp(p, p + 1, n - 1) != 0 { return "calloc of \(n) is not zero" }
        blocks.append(Block(address: p, byteCount: n, fill: UInt8(random(256))))
        fill(blocks.count - 1)
        return nil
    }
    private func fill(_ i: Int) { memset(blocks[i].address, Int32(blocks[i].fill), blocks[i].byteCount) }
    private func isIntact(_ b: Block, _ count: Int) -> Bool {
        count == 0 || (b.address.load(as: UInt8.self) == b.fill && memcmp(b.address, b.address + 1, count - 1) == 0)
    }
    func free(_ i: Int) -> String? {
        let b = blocks[i]
        if !isIntact(b, b.byteCount) { return "a block of \(b.byteCount) was overwritten" }
        terrarium_free(b.address)
        blocks[i] = blocks[blocks.count - 1]
        blocks.removeLast()
        return nil
    }
    func resize(_ i: Int) -> String? {
        let old = blocks[i], n = random(3) > 0 ? old.byteCount + random(20_000) : random(old.byteCount + 1)
        guard let p = terrarium_realloc(old.address, n) else { return nil }
        blocks[i] = Block(address: p, byteCount: n, fill: old.fill)
        if !isIntact(blocks[i], min(n, old.byteCount)) { return "realloc from \(old.byteCount) to \(n) lost bytes" }
        fill(i)
        return nil
    }
    /// Phases of growth and of shrinking; the first thing that is wrong, or nil.
    func run(steps: Int, checkEvery: Int) -> String? {
        for step in 0..<steps {
            let isGrowing = step / (steps / 6) % 2 == 0
            let problem: String?
            if blocks.isEmpty || random(10) < (isGrowing ? 6 : 3) { problem = allocate() }
            else if random(5) == 0 { problem = resize(random(blocks.count)) }
            else { problem = free(random(blocks.count)) }
            if let problem { return "step \(step): \(problem)" }
            if let failure = terrarium_heap_take_failure() { return "step \(step): \(String(cString: failure))" }
            if step % checkEvery == 0, let broken = terrarium_heap_check() { return "step \(step): \(String(cString: broken))" }
        }
        return nil
    }
    func freeAll() -> String? {
        while !blocks.isEmpty { if let problem = free(random(blocks.count)) { return problem } }
        return terrarium_heap_check().map { String(cString: $0) }
    }
}

// The allocator's state is the process's: one test at a time.
@Suite(.serialized) struct AllocatorTests {
    @Test(arguments: [1, 2, 3] as [UInt64])
    func behavesAsTheModel(_ seed: UInt64) {
        let m = Model(seed: seed, offset: 70_000 + Int(seed) * 50_000)
        #expect(m.run(steps: 24_000, checkEvery: 600) == nil, "seed \(seed)")
        let peak = m.statistics
        #expect(Int(peak.block_count) == m.blocks.count)
        #expect(Int(peak.block_bytes) >= m.blocks.reduce(0) { $0 + $1.byteCount })
        #expect(m.freeAll() == nil, "seed \(seed)")
        let end = m.statistics
        #expect(end.block_count == 0 && end.block_bytes == 0)
        #expect(end.pages_held <= 64 && end.pages_released > 0)
    }

    /// The same run with a planted bug of each kind: the model must notice.
    @Test(arguments: [1, 2, 3] as [Int32])
    func plantedBugsAreFound(_ kind: Int32) {
        let m = Model(seed: 5)
        terrarium_heap_set_canary(kind)
        #expect(m.run(steps: 24_000, checkEvery: 600) != nil)
    }

    @Test func theSameCallsGiveTheSameAddresses() {
        func addresses() -> [Int] {
            let m = Model(seed: 9)
            _ = m.run(steps: 6000, checkEvery: 6000)
            let base = m.blocks.map { UInt(bitPattern: $0.address) }.min() ?? 0
            return m.blocks.map { Int(UInt(bitPattern: $0.address) - base) }
        }
        #expect(addresses() == addresses())
    }

    @Test func misuseIsNamed() throws {
        let m = Model(seed: 1)
        func failure() -> String { terrarium_heap_take_failure().map { String(cString: $0) } ?? "nothing" }
        let small = try #require(terrarium_malloc(40)), other = try #require(terrarium_malloc(40)), large = try #require(terrarium_malloc(100_000))
        terrarium_free(small)
        terrarium_free(small)
        #expect(failure().hasPrefix("allocator: double free of 0x"))
        terrarium_free(other + 16)
        #expect(failure().hasPrefix("allocator: free inside a block at 0x"))
        terrarium_free(large + 4096)
        #expect(failure().hasPrefix("allocator: free of what is not in use at 0x"))
        terrarium_free(large)
        terrarium_free(large)
        #expect(failure().hasPrefix("allocator: free of what is not in use at 0x"))
        terrarium_free(large + 500_000_000)
        #expect(failure().hasPrefix("allocator: free of what is not in use at 0x"))
        #expect(terrarium_realloc(large, 10) == nil)
        #expect(failure().hasPrefix("allocator: size of what is not in use at 0x"))
        terrarium_free(other)
        terrarium_free(nil)
        #expect(failure() == "nothing")
        #expect(terrarium_heap_check() == nil)
        #expect(m.statistics.block_count == 0)
    }

    @Test func requestsThatCannotBeMetGiveNothing() {
        let m = Model(seed: 1, pages: 2, pagesMax: 64)
        #expect(terrarium_malloc(.max) == nil)
        #expect(terrarium_malloc(2 << 30) == nil)
        #expect(terrarium_calloc(1 << 40, 1 << 40) == nil)
        #expect(terrarium_aligned_alloc(24, 8) == nil)
        #expect(terrarium_aligned_alloc(1 << 40, 8) == nil)
        var p: UnsafeMutableRawPointer?
        #expect(terrarium_posix_memalign(&p, 3, 8) == 22)
        #expect(terrarium_posix_memalign(&p, 16, 5 << 20) == 12)
        #expect(p == nil)
        // Everything is given out, down to the last slab; then nothing, and all of it comes back.
        var list: [UnsafeMutableRawPointer] = []
        while let block = terrarium_malloc(100) { list.append(block) }
        #expect(list.count > 60 * 65536 / 112)
        for block in list { terrarium_free(block) }
        #expect(terrarium_malloc(3 << 20) != nil)
        #expect(terrarium_heap_check() == nil)
        #expect(m.statistics.pages_total <= 64)
    }

    /// After most of a heap is freed at random, what is left is a small part of what was held; trimming gives the rest.
    @Test func memoryComesBack() throws {
        let m = Model(seed: 1, pagesMax: 4096)
        var list: [UnsafeMutableRawPointer] = []
        for _ in 0..<600 { list.append(try #require(terrarium_malloc(30_000))) }
        let peak = m.statistics
        #expect(peak.pages_held >= 300)
        for block in list { terrarium_free(block) }
        let after = m.statistics
        #expect(after.pages_free <= 16 && after.pages_held <= 18)
        #expect(after.release_calls < 40)                       // not page by page
        #expect(terrarium_heap_trim() == after.pages_free)
        #expect(m.statistics.pages_free == 0)
        // One block that comes and goes does not make its page come and go.
        let before = m.statistics.release_calls
        for _ in 0..<1000 { terrarium_free(terrarium_malloc(200_000)) }
        #expect(m.statistics.release_calls == before)
    }

    /// A block grows where it lies when what follows is free.
    @Test func largeBlocksGrowInPlace() throws {
        let m = Model(seed: 1)
        let p = try #require(terrarium_malloc(20_000))
        #expect(terrarium_realloc(p, 2_000_000) == p)
        let q = try #require(terrarium_malloc(20_000))
        #expect(terrarium_realloc(p, 50_000) == p)
        #expect(terrarium_realloc(p, 1_900_000) == p)
        #expect(q > p)
        #expect(terrarium_heap_check() == nil)
        #expect(m.statistics.block_count == 2)
    }
}
