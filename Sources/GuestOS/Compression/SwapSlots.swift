// Which slots of the swap disk are taken. Next fit, so that consecutive pages go out to consecutive slots.

public struct SwapSlots {
    private var used: [Bool] = []
    private var cursor = 0
    public private(set) var usedCount = 0
    public var count: Int { used.count }
    public init() {}

    public mutating func open(count: Int) { used = [Bool](repeating: false, count: count) }
    /// A free slot; nil when all are taken.
    public mutating func take() -> UInt32? {
        if usedCount == used.count { return nil }
        while used[cursor] { cursor = (cursor + 1) % used.count }
        used[cursor] = true
        usedCount += 1
        return UInt32(cursor)
    }
    public mutating func free(_ slot: UInt32) {
        precondition(used[Int(slot)], "swap slot freed twice")
        used[Int(slot)] = false
        usedCount -= 1
    }
}
