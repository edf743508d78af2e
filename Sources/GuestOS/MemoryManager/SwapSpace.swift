// Swap: one slot of 64 KiB a page, and the transfers under way. Invariant: a taken slot belongs to one page entry or one
// request; while a transfer is in flight its request owns the frame, so that a process may end or touch the page
// meanwhile without the device writing into foreign memory.

/// Which slots of the swap disk are taken. Next fit, so that consecutive pages go out to consecutive slots.
public struct SwapSlots: Sendable {
    private enum Slot: UInt8 { case free, used, bad }
    private var slots: [Slot] = []
    private var cursor = 0
    public private(set) var usedCount = 0, badCount = 0
    public var count: Int { slots.count }
    public var freeCount: Int { slots.count - usedCount - badCount }
    public init() {}

    public mutating func open(count: Int) { slots = [Slot](repeating: .free, count: count) }
    /// A free slot; nil when all are taken.
    public mutating func take() -> UInt32? {
        if freeCount == 0 { return nil }
        while slots[cursor] != .free { cursor = (cursor + 1) % slots.count }
        slots[cursor] = .used
        usedCount += 1
        return UInt32(cursor)
    }
    public mutating func free(_ slot: UInt32) {
        invariant(slots[Int(slot)] == .used, "swap slot freed twice")
        slots[Int(slot)] = .free
        usedCount -= 1
    }
    /// A slot that the device could not write or read is never used again.
    public mutating func retire(_ slot: UInt32) {
        free(slot)
        slots[Int(slot)] = .bad
        badCount += 1
    }
}

public struct SwapRequest: Sendable {
    public enum Fate: UInt8, Sendable { case wanted, cancelled, orphaned }
    public var isWrite: Bool
    public var space: UInt32, page: UInt32
    public var frame: UInt32, slot: UInt32
    public var fate = Fate.wanted
    /// The frame came from the reserve: the page was compressed.
    public var isUnpacked = false
    /// Nobody waits for it.
    public var isPrefetch = false
    /// `PageEntry.evictedAt` of the page.
    public var evictedAt: UInt32 = 0
}

public struct SwapSpace: Sendable {
    public internal(set) var slots = SwapSlots()
    /// There is a device.
    public internal(set) var isOpen = false
    private var requests: [SwapRequest?] = []
    private var freeRequests: [UInt32] = []
    /// Not yet given to the device, in order.
    public internal(set) var pending: [UInt32] = []
    public internal(set) var unpackedCount = 0
    /// Writes under way that will give a frame back.
    public private(set) var writeCount = 0
    public init() {}

    public var requestCount: Int { requests.count - freeRequests.count }
    /// One more page may go out now.
    var canWrite: Bool { isOpen && requestCount < MemoryLimits.swapRequestCountMax && slots.freeCount > 0 }
    mutating func submit(_ r: SwapRequest) -> UInt32 {
        var id = UInt32(requests.count)
        if let i = freeRequests.popLast() {
            id = i
            requests[Int(i)] = r
        } else {
            requests.append(r)
        }
        if r.isUnpacked { unpackedCount += 1 }
        if r.isWrite { writeCount += 1 }
        pending.append(id)
        return id
    }
    public subscript(_ i: UInt32) -> SwapRequest? { Int(i) < requests.count ? requests[Int(i)] : nil }
    mutating func setFate(_ i: UInt32, _ fate: SwapRequest.Fate) {
        if let r = requests[Int(i)], r.isWrite, fate == .cancelled { writeCount -= 1 }
        requests[Int(i)]?.fate = fate
    }
    mutating func remove(_ i: UInt32) -> SwapRequest? {
        guard Int(i) < requests.count, let r = requests[Int(i)] else { return nil }
        if r.isUnpacked { unpackedCount -= 1 }
        if r.isWrite, r.fate != .cancelled { writeCount -= 1 }
        requests[Int(i)] = nil
        freeRequests.append(i)
        return r
    }
    mutating func pump(_ give: (UInt32, SwapRequest) -> Bool) {
        while let id = pending.first, let r = self[id], give(id, r) { pending.removeFirst() }
    }
}
