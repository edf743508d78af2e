// Owns the unit of virtual time. Invariant: ticks are nanoseconds since power-on and never wrap (584 years).

/// A point in virtual time: nanoseconds since power-on.
public struct Tick: Comparable, Hashable, Sendable {
    public var nanoseconds: UInt64
    public init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }
    public static let zero = Tick(nanoseconds: 0)
    public static let max = Tick(nanoseconds: .max)
    public static func < (a: Tick, b: Tick) -> Bool { a.nanoseconds < b.nanoseconds }

    public static func seconds(_ count: UInt64) -> Tick { Tick(nanoseconds: count &* 1_000_000_000) }
    public static func milliseconds(_ count: UInt64) -> Tick { Tick(nanoseconds: count &* 1_000_000) }
    public static func microseconds(_ count: UInt64) -> Tick { Tick(nanoseconds: count &* 1_000) }

    /// This tick plus a duration, held at `max` instead of wrapping.
    public func advanced(nanoseconds duration: UInt64) -> Tick {
        let (sum, overflow) = nanoseconds.addingReportingOverflow(duration)
        return overflow ? .max : Tick(nanoseconds: sum)
    }

    /// Nanoseconds from `earlier` to this tick; 0 when `earlier` is later.
    public func nanoseconds(since earlier: Tick) -> UInt64 {
        nanoseconds > earlier.nanoseconds ? nanoseconds - earlier.nanoseconds : 0
    }

    /// Seconds with nanosecond digits, for messages: "1.250000000".
    public var text: String {
        let fraction = String(nanoseconds % 1_000_000_000)
        return "\(nanoseconds / 1_000_000_000)." + String(repeating: "0", count: 9 - fraction.count) + fraction
    }
}
