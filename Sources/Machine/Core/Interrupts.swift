// Owns the device interrupt lines. Invariant: each `raise` is delivered to the guest at least once after it happened;
// lines are delivered in ascending order, so that the order never depends on the host.

/// Up to 64 lines, edge-latched: a line stays pending until it is taken.
public final class InterruptController {
    public static let lineCount = 64
    private var pendingBits: UInt64 = 0
    /// Interrupts raised since power-on.
    public private(set) var raisedCount: UInt64 = 0
    /// The same by line.
    public private(set) var raisedCounts = [UInt64](repeating: 0, count: lineCount)

    public init() {}

    public func raise(line: Int) {
        invariant(line >= 0 && line < Self.lineCount, "interrupt line \(line)")
        pendingBits |= 1 << UInt64(line)
        raisedCount += 1
        raisedCounts[line] += 1
    }

    /// Withdraws a pending line (the device was reset).
    public func lower(line: Int) {
        invariant(line >= 0 && line < Self.lineCount, "interrupt line \(line)")
        pendingBits &= ~(1 << UInt64(line))
    }

    /// The lowest pending line, no longer pending.
    func take() -> Int? {
        guard pendingBits != 0 else { return nil }
        let line = pendingBits.trailingZeroBitCount
        pendingBits &= pendingBits - 1
        return line
    }
}
