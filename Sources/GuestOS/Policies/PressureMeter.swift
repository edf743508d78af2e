// Memory pressure as Linux PSI measures it: some/full stall time, in per mille of the last 10, 60 and 300 periods (seconds).
// PSI itself keeps decaying averages; sums over exact windows need no fractions and are easier to check.

/// Stall time in one bucket a policy period.
public struct PressureMeter {
    private static let bucketCount = 300
    private var some = [UInt64](repeating: 0, count: bucketCount), full = [UInt64](repeating: 0, count: bucketCount)
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
        bucket = (bucket + 1) % PressureMeter.bucketCount
        some[bucket] = 0
        full[bucket] = 0
    }
    private func perMille(_ list: [UInt64], _ period: UInt64, _ periods: Int) -> UInt32 {
        var sum: UInt64 = 0
        for i in 0..<periods { sum = sum.addingClamped(list[(bucket + PressureMeter.bucketCount - i) % PressureMeter.bucketCount]) }
        return UInt32(min(1000, sum.multipliedClamped(1000) / max(1, period.multipliedClamped(UInt64(periods)))))
    }
    public func somePerMille(period: UInt64) -> UInt32 { perMille(some, period, 10) }
    public func fullPerMille(period: UInt64) -> UInt32 { perMille(full, period, 10) }
    public func windows(period: UInt64) -> PressureWindows {
        var w = PressureWindows()
        w.some10 = perMille(some, period, 10); w.some60 = perMille(some, period, 60); w.some300 = perMille(some, period, 300)
        w.full10 = perMille(full, period, 10); w.full60 = perMille(full, period, 60); w.full300 = perMille(full, period, 300)
        return w
    }
}
