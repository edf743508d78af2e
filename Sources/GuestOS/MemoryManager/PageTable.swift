// An address space's page table: two levels of 256, one entry for each of the 65,536 pages of a 4 GiB linear memory.
// What every access of the kernel passes is inlinable, so that it costs the same from another module.

import ABI

public enum PageState: UInt8, Sendable {
    case absent         // never touched or released: reads as zero
    case zero           // mapped read-only to the shared zero frame
    case resident       // value: frame
    case filled         // every 32-bit word equals value
    case compressed     // value: entry of the compressed pool
    case swapped        // value: swap slot
    case swappingIn     // value: swap request, which owns the frame
    case swappingOut    // value: swap request, which owns the frame
    case shared         // value: frame of a shared object, mapped
}

/// What is remembered of a private page beside its state.
public struct PageMarks: OptionSet, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    /// Resident, but its mapping was taken away: the next access faults and makes the page young.
    public static let sampled = PageMarks(rawValue: 1)
    /// The codec could not shrink it; not tried again until it is written.
    public static let refused = PageMarks(rawValue: 2)
    /// Brought back before anybody asked, and not touched since.
    public static let prefetched = PageMarks(rawValue: 4)
}

public struct PageEntry: Sendable {
    public var state: PageState
    public var isWritable: Bool
    /// Aging periods since the last touch, at most 3.
    public var generation: UInt8 = 0
    public var marks: PageMarks = []
    public var value: UInt32
    /// Of a page that was taken: the count of taken pages then (refault distance).
    public var evictedAt: UInt32 = 0
    @inlinable public init(state: PageState = .absent, isWritable: Bool = false, value: UInt32 = 0) {
        self.state = state
        self.isWritable = isWritable
        self.value = value
    }
}

public struct PageTable: Sendable {
    @usableFromInline var leaves: [[PageEntry]] = [[PageEntry]](repeating: [], count: 256)
    public init() {}

    @inlinable public subscript(_ page: UInt32) -> PageEntry {
        get {
            let leaf = Int(page >> 8)
            return page < 65536 && !leaves[leaf].isEmpty ? leaves[leaf][Int(page & 255)] : PageEntry()
        }
        set {
            if page >= 65536 { pageTablePanic() }
            let leaf = Int(page >> 8)
            if leaves[leaf].isEmpty {
                if newValue.state == .absent { return }
                leaves[leaf] = [PageEntry](repeating: PageEntry(), count: 256)
            }
            leaves[leaf][Int(page & 255)] = newValue
        }
    }
    /// Every page that is not absent, ascending.
    @inlinable public func forEach(_ body: (UInt32, PageEntry) -> Void) {
        for leaf in 0..<256 where !leaves[leaf].isEmpty {
            for i in 0..<256 where leaves[leaf][i].state != .absent { body(UInt32(leaf << 8 | i), leaves[leaf][i]) }
        }
    }
    /// Changes every page that is not absent, ascending.
    mutating func updateEach(_ body: (UInt32, inout PageEntry) -> Void) {
        for leaf in 0..<256 where !leaves[leaf].isEmpty {
            for i in 0..<256 where leaves[leaf][i].state != .absent { body(UInt32(leaf << 8 | i), &leaves[leaf][i]) }
        }
    }
    /// The first page at or after `page` that is wanted.
    func next(from page: UInt32, _ isWanted: (PageEntry) -> Bool) -> UInt32? {
        var page = page
        while page < 65536 {
            let leaf = Int(page >> 8)
            if leaves[leaf].isEmpty {
                page = UInt32(leaf + 1) << 8
                continue
            }
            let entry = leaves[leaf][Int(page & 255)]
            if entry.state != .absent, isWanted(entry) { return page }
            page += 1
        }
        return nil
    }
    /// Numbers of the pages in one of `states`, ascending.
    @inlinable public func pages(_ isWanted: (PageState) -> Bool) -> [UInt32] {
        var found: [UInt32] = []
        forEach { page, entry in if isWanted(entry.state) { found.append(page) } }
        return found
    }
}
