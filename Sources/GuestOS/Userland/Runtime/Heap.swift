// What a program may know and do of its own heap (CRuntime/allocator.c).

#if arch(wasm32)
@_extern(c, "terrarium_heap_trim") private func heapTrim() -> UInt32
@_extern(c, "terrarium_heap_read_statistics") private func heapReadStatistics(_ out: UnsafeMutableRawPointer)
#endif

/// Counts of the program's heap; pages are 64 KiB. The layout is the C structure's.
public struct HeapStatistics: Sendable {
    public var blockCount: UInt32 = 0
    /// Live bytes, every block rounded up to its size class.
    public var blockByteCount: UInt32 = 0
    public var pagesTotal: UInt32 = 0
    /// Used since they were last given back; of those, the ones without a block.
    public var pagesHeld: UInt32 = 0, pagesFree: UInt32 = 0
    /// Given back so far, and in how many system calls.
    public var pagesReleased: UInt32 = 0, releaseCalls: UInt32 = 0
    public init() {}
}

public enum Heap {
    /// Walks the whole heap; hosted, everything is zero.
    public static var statistics: HeapStatistics {
        var s = HeapStatistics()
        #if arch(wasm32)
        heapReadStatistics(&s)
        #endif
        return s
    }
    /// Gives every page in which no block lies back to the kernel at once (frees do it by themselves, but keep a few for
    /// reuse); returns how many pages.
    @discardableResult
    public static func trim() -> UInt32 {
        #if arch(wasm32)
        return heapTrim()
        #else
        return 0
        #endif
    }
}
