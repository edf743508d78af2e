// Memory pressure as Linux PSI measures it: some/full stall time, in per mille of the last ten periods (seconds).

/// Stall time in ten buckets of one policy period.
public struct PressureMeter {
    private var some = [UInt64](repeating: 0, count: 10), full = [UInt64](repeating: 0, count: 10)
    private var bucket = 0
    public private(set) var someTotal: UInt64 = 0, fullTotal: UInt64 = 0

    public init() {}
    public mutating func addStall(_ nanoseconds: UInt64, isFull: Bool) {
        some[bucket] += nanoseconds
        someTotal += nanoseconds
        if isFull {
            full[bucket] += nanoseconds
            fullTotal += nanoseconds
        }
    }
    public mutating func advance() {
        bucket = (bucket + 1) % 10
        some[bucket] = 0
        full[bucket] = 0
    }
    private func perMille(_ list: [UInt64], period: UInt64) -> UInt32 {
        var sum: UInt64 = 0
        for v in list { sum += v }
        return UInt32(min(1000, sum * 1000 / max(1, period * 10)))
    }
    public func somePerMille(period: UInt64) -> UInt32 { perMille(some, period: period) }
    public func fullPerMille(period: UInt64) -> UInt32 { perMille(full, period: period) }
}
