// Memory pressure as Linux's PSI measures it: the share of time in which somebody (some) or everybody who could have run
// (full) waited for memory, over 10, 60 and 300 seconds; and the level of it that programs are told.

import ABI

/// Shares over the three windows, in per mille.
public struct PressureShares: Equatable, Sendable {
    public var over10: UInt32 = 0, over60: UInt32 = 0, over300: UInt32 = 0
    public init() {}
}

/// Stall time in buckets of one second each. Exact windows instead of Linux's decaying averages: whole numbers.
public struct PressureStallMeter: Sendable {
    static let bucketCount = 300
    private var some = [UInt64](repeating: 0, count: bucketCount), full = [UInt64](repeating: 0, count: bucketCount)
    private var bucket = 0
    public private(set) var someTotal: UInt64 = 0, fullTotal: UInt64 = 0
    /// Processes that wait for a page from swap, and since when there is one.
    public private(set) var waiterCount = 0
    private var waitStart: UInt64 = 0

    public init() {}
    public mutating func addStall(_ nanoseconds: UInt64, isFull: Bool) {
        some[bucket] += nanoseconds
        someTotal += nanoseconds
        guard isFull else { return }
        full[bucket] += nanoseconds
        fullTotal += nanoseconds
    }
    public mutating func beginWait(now: UInt64) {
        if waiterCount == 0 { waitStart = now }
        waiterCount += 1
    }
    public mutating func endWait(now: UInt64, isFull: Bool) {
        waiterCount -= 1
        if waiterCount == 0 { addStall(now - waitStart, isFull: isFull) }
    }
    /// A period is over.
    public mutating func advance() {
        bucket = (bucket + 1) % Self.bucketCount
        some[bucket] = 0
        full[bucket] = 0
    }
    /// `period`: nanoseconds of a bucket.
    public func someShares(period: UInt64) -> PressureShares { shares(some, period) }
    public func fullShares(period: UInt64) -> PressureShares { shares(full, period) }
    private func shares(_ list: [UInt64], _ period: UInt64) -> PressureShares {
        var result = PressureShares(), sum: UInt64 = 0
        func perMille(_ sum: UInt64, _ bucketCount: UInt64) -> UInt32 { UInt32(min(1000, sum / max(1, period / 1000) / bucketCount)) }
        for back in 0..<Self.bucketCount {
            sum += list[(bucket + Self.bucketCount - back) % Self.bucketCount]
            if back == 9 { result.over10 = perMille(sum, 10) }
            if back == 59 { result.over60 = perMille(sum, 60) }
        }
        result.over300 = perMille(sum, 300)
        return result
    }
}

/// Events in the last periods.
public struct RateMeter: Sendable {
    private var counts: [UInt64]
    private var bucket = 0
    public init(periods: Int) { counts = [UInt64](repeating: 0, count: periods) }
    public mutating func add(_ n: UInt64) {
        counts[bucket] += n
    }
    public mutating func advance() {
        bucket = (bucket + 1) % counts.count
        counts[bucket] = 0
    }
    public var recent: UInt64 { counts.reduce(0, +) }
}

/// The level that programs are told. It rises at once and falls late, so that it does not flutter: each level is left only
/// when memory and stalls are well below what raised it.
public struct PressureGauge: Sendable {
    public private(set) var level = PressureLevel.none
    public init() {}

    /// Free frames below which the level is at least moderate: before the low watermark, where policies begin to act.
    public static func moderateFrames(low: Int, high: Int) -> Int { low + (high - low) / 2 }
    /// True when the level changed. Stalls are shares of the last ten seconds.
    public mutating func update(free: Int, low: Int, high: Int, some: UInt32, full: UInt32) -> Bool {
        let before = level
        let moderate = Self.moderateFrames(low: low, high: high)
        if free < low / 2 || full >= 100 { level = .critical } else if level == .critical, free >= low, full < 50 { level = .moderate }
        if level == .none, free < moderate || some >= 50 { level = .moderate }
        if level == .moderate, free >= high, some < 20 { level = .none }
        return level != before
    }
}
