// One program's memory: its page table, what it holds, which pages its last activation touched, and, for a tab, what the
// coordinator knows. Invariant: `counts` is what a walk of the page table would count.

import ABI

/// Pages by where they are.
public struct PageCounts: Equatable, Sendable {
    public var resident: UInt32 = 0, compressed: UInt32 = 0, swapped: UInt32 = 0, filled: UInt32 = 0
    public init() {}
    public var isEmpty: Bool { self == PageCounts() }
}

/// Pages that an activation touched, in the order of their first touch: what the next one will need first.
public struct WorkingSet: Sendable {
    /// Of the last activation that has ended: what is brought back, and read ahead, while the next one is recorded.
    public private(set) var pages: [UInt32] = []
    private var recording: [UInt32] = []
    private var isRecorded: [Bool] = []
    /// Until when touches belong to it.
    private var endNanoseconds: UInt64 = 0
    private var isOpen = false
    public init() {}

    mutating func begin(until end: UInt64) {
        close()
        isOpen = true
        endNanoseconds = end
        isRecorded = [Bool](repeating: false, count: 65536 / 4)
    }
    /// A page was touched: `now` decides whether that still belongs to the activation.
    mutating func touch(_ page: UInt32, now: UInt64) {
        guard isOpen else { return }
        if now > endNanoseconds { return close() }
        // Private pages lie below the window of shared memory, the first quarter of the address space.
        guard Int(page) < isRecorded.count, !isRecorded[Int(page)], recording.count < MemoryLimits.workingSetPageCountMax else { return }
        isRecorded[Int(page)] = true
        recording.append(page)
    }
    /// What was recorded takes the place of the activation before, if anything was.
    mutating func close() {
        if isOpen, !recording.isEmpty { pages = recording }
        recording = []
        isRecorded = []
        isOpen = false
    }
    /// As if the recording ended now.
    public var count: Int { isOpen && !recording.isEmpty ? recording.count : pages.count }
}

public final class AddressSpace {
    /// The number of the process it belongs to.
    public let id: UInt32
    public let task: Int32
    public var pageTable = PageTable()
    public var counts = PageCounts()
    public internal(set) var workingSet = WorkingSet()
    /// Pages that came back while they still belonged to the working set.
    public internal(set) var refaultCount: UInt32 = 0
    /// Pages were brought back ahead of their use: they are not to be taken again before it.
    public var holdsPrefetched = false
    public var tab = TabState()

    public init(id: UInt32, task: Int32) {
        self.id = id
        self.task = task
    }
}
