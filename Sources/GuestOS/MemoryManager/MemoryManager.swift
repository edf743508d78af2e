// The memory manager: frames and their owners, the compressed pool, swap, queued reclaim work, pressure. Everything here
// happens to address spaces; who runs, who waits and who must go is the kernel's business.

import ABI
import Compression

/// What was counted since boot.
public struct MemoryCounters: Sendable {
    public var compressions: UInt64 = 0, decompressions: UInt64 = 0, swapOuts: UInt64 = 0, swapIns: UInt64 = 0, swapErrors: UInt64 = 0
    /// Pages written to the swap device and answered well: flash wear is this times 64 KiB.
    public var swapWrittenPages: UInt64 = 0
    /// Nanoseconds charged for compressing and decompressing.
    public var compressionNanoseconds: UInt64 = 0
    /// Pages that the codec refused; pages that were taken, and came back within the working set.
    public var refusals: UInt64 = 0, evictions: UInt64 = 0, refaults: UInt64 = 0
    /// Faults that only made a page young; mappings taken away for it.
    public var samplingFaults: UInt64 = 0, sampledPages: UInt64 = 0
    /// Pages brought back before they were asked for, and those of them that were then used.
    public var prefetches: UInt64 = 0, prefetchHits: UInt64 = 0
    public init() {}
}

public final class MemoryManager {
    let hardware: any MemoryHardware
    let costs: MemoryCosts
    public internal(set) var counters = MemoryCounters()

    public var frames: FrameAllocator
    public internal(set) var zeroFrame: UInt32 = 0
    var pool = CompressedPool()
    public internal(set) var swap = SwapSpace()
    /// Every living address space, ascending by number.
    public private(set) var spaces: [AddressSpace] = []
    /// Work that waits, in order.
    public internal(set) var jobs: [ReclaimJob] = []
    /// Spaces whose calls or faults are being served while memory is reclaimed: their pages stay as they are.
    public var served: [UInt32] = []
    public var pressure = PressureStallMeter()
    /// Pages asked for again after they were taken, over ten periods; those within the working set, over sixty.
    public var promotions = RateMeter(periods: 10), refaults = RateMeter(periods: 60)
    public var gauge = PressureGauge()
    /// Mappings that are left for the aging under way, and the space it goes on with.
    private var agingCursor: UInt32 = 0
    /// Stall of the last resolution that the kernel has not yet given to `pressure`.
    public var unreportedStall: UInt64 = 0

    public init(hardware: any MemoryHardware, costs: MemoryCosts, frameCount: Int) {
        self.hardware = hardware
        self.costs = costs
        frames = FrameAllocator(frameCount: frameCount)
    }

    /// The frame that all untouched pages read. False: there is no memory at all.
    public func boot() -> Bool {
        guard let zero = frames.allocate(.kernel) else { return false }
        zeroFrame = zero
        clear(zero)
        return true
    }
    public func openSwap(slotCount: Int) {
        swap.slots.open(count: slotCount)
        swap.isOpen = true
    }

    // MARK: Address spaces

    public func insert(_ s: AddressSpace) {
        invariant(spaces.last.map { $0.id < s.id } ?? true, "address spaces out of order")
        spaces.append(s)
    }
    public func remove(_ s: AddressSpace) {
        invariant(s.counts.isEmpty, "an address space with pages was removed")
        spaces.removeAll { $0 === s }
        jobs.removeAll { $0.space == s.id }
    }
    public func space(_ id: UInt32) -> AddressSpace? {
        var low = 0, high = spaces.count
        while low < high {
            let middle = (low + high) / 2
            if spaces[middle].id < id { low = middle + 1 } else { high = middle }
        }
        return low < spaces.count && spaces[low].id == id ? spaces[low] : nil
    }

    // MARK: The pool, as it is told of

    public var poolFrameCount: Int { pool.frameCount }
    public var poolPageCount: Int { pool.pageCount }
    public var poolByteCount: UInt64 { pool.byteCount }
    /// For the audit: what the pool says of itself agrees.
    public var isPoolSound: Bool { pool.checkInvariants() }
    /// The bytes of a compressed page as they lie in the pool.
    public func compressedBytes(_ e: PageEntry) -> UnsafeRawBufferPointer { pool.bytes(e.value) { hardware.frameAddress($0) } }

    // MARK: Small tools

    func charge(_ nanoseconds: UInt64) { hardware.charge(nanoseconds: nanoseconds) }
    public func clear(_ frame: UInt32) { fill(frame, 0) }
    func fill(_ frame: UInt32, _ word: UInt32) {
        hardware.frameAddress(frame).initializeMemory(as: UInt64.self, repeating: UInt64(word) << 32 | UInt64(word), count: Limits.pageByteCount / 8)
    }
    /// Frames beyond the reserve.
    public var hasSpareFrames: Bool { frames.freeCount > MemoryLimits.reserveFrameCount }
    /// The frame after the previous page's: host mappings merge, and clones stay cheap.
    public func preferredFrame(_ s: AddressSpace, _ page: UInt32) -> UInt32? {
        guard page > 0 else { return nil }
        let before = s.pageTable[page - 1]
        return before.state == .resident ? before.value + 1 : nil
    }
    /// One aging period of all tabs. `budget` bounds the mappings taken away; the tabs it does not reach are the first of the
    /// next period.
    public func ageTabs(budget: Int) {
        var left = budget
        let tabs = spaces.filter { $0.tab.isTab }
        let start = tabs.firstIndex { $0.id > agingCursor } ?? 0
        for i in 0..<tabs.count {
            let s = tabs[(start + i) % tabs.count]
            left -= age(s, budget: left)
            if left > 0 { agingCursor = s.id }
        }
    }
    /// Bytes that the pages of all programs would take more, were they all resident.
    public var bytesSaved: UInt64 {
        var pages = 0
        for s in spaces { pages += Int(s.counts.compressed + s.counts.filled + s.counts.swapped) }
        return UInt64(max(0, pages - pool.frameCount) * Limits.pageByteCount)
    }
    /// Resident pages that nobody shares.
    public func privatePages(_ s: AddressSpace) -> UInt32 {
        var n: UInt32 = 0
        s.pageTable.forEach { _, e in if e.state == .resident, frames.count(e.value) == 1 { n += 1 } }
        return n
    }
}
