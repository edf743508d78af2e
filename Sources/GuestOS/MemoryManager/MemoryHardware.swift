// What the memory manager needs from the machine, what its work costs, and its limits. It knows nothing of processes,
// handles or devices: an address space has a number, a task to map pages into, and frames are bytes.

import ABI

/// The machine as the memory manager sees it; a part of the kernel's hardware-abstraction layer.
public protocol MemoryHardware: AnyObject {
    var nowNanoseconds: UInt64 { get }
    /// Work of the memory manager, by the cost model.
    func charge(nanoseconds: UInt64)
    func frameAddress(_ frame: UInt32) -> UnsafeMutableRawPointer
    func map(task: Int32, page: UInt32, frame: UInt32, writable: Bool)
    func unmap(task: Int32, page: UInt32)
    /// Frees the native stack and mapping cost of a quiescent task that will sleep long; its next entry brings it back.
    func parkTask(_ task: Int32)
}

/// Modelled costs in nanoseconds.
public struct MemoryCosts: Sendable {
    public var pageZero: UInt64, pageCopy: UInt64, pageMap: UInt64, compressPage: UInt64, decompressPage: UInt64
    public var perItem: UInt64              // one entry of a table that is walked
    public init(pageZero: UInt64, pageCopy: UInt64, pageMap: UInt64, compressPage: UInt64, decompressPage: UInt64, perItem: UInt64) {
        self.pageZero = pageZero
        self.pageCopy = pageCopy
        self.pageMap = pageMap
        self.compressPage = compressPage
        self.decompressPage = decompressPage
        self.perItem = perItem
    }
}

public enum MemoryLimits {
    /// Frames that only the compressed pool and transfers may take, so that reclaim never needs memory it frees.
    public static let reserveFrameCount = 16
    /// Transfers of the swap device at a time, each with a frame of its own.
    public static let swapRequestCountMax = 256
    /// Frames of compressed pages on their way out: these come from the reserve, so few at a time.
    public static let unpackedRequestCountMax = 8
    /// Mappings that one aging period takes away at most.
    public static let samplingBudget = 4096
    /// Pages read ahead of the one that a process waits for.
    public static let readAheadPageCount = 7
    /// Pages of one activation that are remembered: 64 MiB.
    public static let workingSetPageCountMax = 1024
    /// Work that is queued: several jobs a tab.
    public static let jobCountMax = 1024
    /// Generations of private pages, youngest first.
    public static let generationCount = 4
}

/// Our bug, not the guest's: stops the machine, also in release builds.
@inline(__always)
func invariant(_ condition: Bool, _ message: StaticString) {
    if !condition { memoryPanic(message) }
}
@inline(never)
func memoryPanic(_ message: StaticString) -> Never {
    #if hasFeature(Embedded)
    fatalError(message)
    #else
    fatalError("memory manager invariant: \(message)")
    #endif
}
@inline(never) @usableFromInline
func pageTablePanic() -> Never { memoryPanic("page number beyond 4 GiB") }
