// Access sampling by page protection, in generations (the idea of Linux's MGLRU). Each aging period the mappings of a
// tab's private resident pages are taken away; a page that is touched faults once, is mapped again and is young. Pages
// that stay untouched grow a generation older, up to the last. What an idle tab costs is a walk: an unmapped page is not
// unmapped again.

import ABI
import Compression

extension MemoryManager {
    /// One aging period of one tab. At most `budget` mappings are taken away, so that the cost is bounded; the number taken.
    public func age(_ s: AddressSpace, budget: Int) -> Int {
        var taken = 0
        var seen: UInt64 = 0
        s.pageTable.updateEach { page, entry in
            seen += 1
            guard entry.state == .resident, frames.count(entry.value) == 1 else { return }
            if entry.marks.contains(.sampled) {
                if entry.generation < UInt8(MemoryLimits.generationCount - 1) { entry.generation += 1 }
                return
            }
            entry.generation = 0
            guard taken < budget else { return }
            taken += 1
            entry.marks.insert(.sampled)
            hardware.unmap(task: s.task, page: page)
        }
        counters.sampledPages += UInt64(taken)
        charge(costs.perItem * seen + costs.pageMap * UInt64(taken))
        return taken
    }
    /// A tab comes to the screen: what it touches within `window` nanoseconds is its working set.
    public func beginActivation(_ s: AddressSpace, window: UInt64) {
        s.workingSet.begin(until: hardware.nowNanoseconds + window)
        var taken: UInt64 = 0
        s.pageTable.updateEach { page, entry in
            guard entry.state == .resident, frames.count(entry.value) == 1, !entry.marks.contains(.sampled) else { return }
            entry.marks.insert(.sampled)
            hardware.unmap(task: s.task, page: page)
            taken += 1
        }
        counters.sampledPages += taken
        charge(costs.pageMap * taken)
    }
    /// The tab leaves the screen.
    public func endActivation(_ s: AddressSpace) { s.workingSet.close() }
    /// A resident page is used: it is young again.
    func touch(_ s: AddressSpace, _ page: UInt32) {
        let entry = s.pageTable[page]
        if entry.marks.contains(.prefetched) { counters.prefetchHits += 1 } else if entry.marks.contains(.sampled) { counters.samplingFaults += 1 }
        s.pageTable[page].generation = 0
        s.pageTable[page].marks.subtract([.sampled, .prefetched])
        s.workingSet.touch(page, now: hardware.nowNanoseconds)
    }
    /// What a walk over the pages tells.
    public struct Survey: Sendable {
        /// Resident pages that nobody shares, and those of them by generation, 0 the youngest.
        public var privateCount: UInt32 = 0
        public var generations: (UInt32, UInt32, UInt32, UInt32) = (0, 0, 0, 0)
        /// Those that the codec could not shrink.
        public var refused: UInt32 = 0
        /// Pages of shared memory that are mapped.
        public var shared: UInt32 = 0
        /// Bytes that the compressed pages take.
        public var compressedByteCount: UInt64 = 0
    }
    public func survey(_ s: AddressSpace) -> Survey {
        var n = Survey()
        s.pageTable.forEach { _, e in
            if e.state == .shared { n.shared += 1 }
            if e.state == .compressed { n.compressedByteCount += UInt64(pool.byteCount(e.value)) }
            guard e.state == .resident, frames.count(e.value) == 1 else { return }
            n.privateCount += 1
            if e.marks.contains(.refused) { n.refused += 1 }
            switch e.generation {
            case 0: n.generations.0 += 1
            case 1: n.generations.1 += 1
            case 2: n.generations.2 += 1
            default: n.generations.3 += 1
            }
        }
        return n
    }

    // MARK: Refaults

    /// One more page is taken; the number of it.
    func countEviction() -> UInt32 {
        counters.evictions += 1
        return UInt32(truncatingIfNeeded: counters.evictions)
    }
    /// A page that was taken is asked for. It is a refault when fewer pages were taken since than are resident: with that
    /// much more memory it would have stayed (the refault distance of Linux's workingset.c).
    func broughtBack(_ s: AddressSpace, _ page: UInt32, _ evictedAt: UInt32) {
        promotions.add(1)
        let distance = UInt32(truncatingIfNeeded: counters.evictions) &- evictedAt
        guard distance <= UInt32(frames.total(.process)) else { return }
        counters.refaults += 1
        refaults.add(1)
        s.refaultCount += 1
    }
}
