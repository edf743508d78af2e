// Fixed-point lengths of style and layout: `LayoutUnit` (1/64 pixel) and `Length` (a computed CSS length or percentage).
// Invariant: arithmetic saturates, never traps and never uses floating point. CSS Values 4 §6, §10.

/// A length in 1/64 CSS pixel. All arithmetic saturates at the Int32 range.
public struct LayoutUnit: Hashable, Comparable, Sendable {
    public var raw: Int32

    @inlinable public init(raw: Int32) { self.raw = raw }
    /// Whole pixels.
    @inlinable public init(_ pixels: Int32) { self.raw = LayoutUnit.clamp(Int64(pixels) &* 64) }
    @inlinable public init(clamping raw: Int64) { self.raw = LayoutUnit.clamp(raw) }

    public static let zero = LayoutUnit(raw: 0)
    public static let max = LayoutUnit(raw: Int32.max), min = LayoutUnit(raw: Int32.min)
    public static let one = LayoutUnit(raw: 64)

    @inlinable static func clamp(_ value: Int64) -> Int32 { Int32(clamping: value) }

    @inlinable public static func < (a: LayoutUnit, b: LayoutUnit) -> Bool { a.raw < b.raw }
    @inlinable public static func + (a: LayoutUnit, b: LayoutUnit) -> LayoutUnit { LayoutUnit(raw: clamp(Int64(a.raw) &+ Int64(b.raw))) }
    @inlinable public static func - (a: LayoutUnit, b: LayoutUnit) -> LayoutUnit { LayoutUnit(raw: clamp(Int64(a.raw) &- Int64(b.raw))) }
    @inlinable public static prefix func - (a: LayoutUnit) -> LayoutUnit { LayoutUnit(raw: clamp(-Int64(a.raw))) }
    @inlinable public static func += (a: inout LayoutUnit, b: LayoutUnit) { a = a + b }
    @inlinable public static func -= (a: inout LayoutUnit, b: LayoutUnit) { a = a - b }
    @inlinable public static func * (a: LayoutUnit, b: Int32) -> LayoutUnit { LayoutUnit(raw: clamp(Int64(a.raw) &* Int64(b))) }
    /// Division by a count; a zero divisor gives zero.
    @inlinable public static func / (a: LayoutUnit, b: Int32) -> LayoutUnit { b == 0 ? .zero : LayoutUnit(raw: clamp(Int64(a.raw) / Int64(b))) }

    /// self × numerator / denominator without intermediate overflow; zero when the denominator is zero.
    @inlinable public func scaled(by numerator: LayoutUnit, over denominator: LayoutUnit) -> LayoutUnit {
        denominator.raw == 0 ? .zero : LayoutUnit(raw: LayoutUnit.clamp(Int64(raw) &* Int64(numerator.raw) / Int64(denominator.raw)))
    }
    /// self × a 16.16 fixed-point factor.
    @inlinable public func scaled(fixed16 factor: Int32) -> LayoutUnit { LayoutUnit(raw: LayoutUnit.clamp((Int64(raw) &* Int64(factor) &+ 0x8000) >> 16)) }

    @inlinable public var floor: Int32 { raw >> 6 }
    @inlinable public var ceil: Int32 { Int32((Int64(raw) &+ 63) >> 6) }
    @inlinable public var round: Int32 { Int32((Int64(raw) &+ 32) >> 6) }
    /// Largest whole-pixel length that is not greater.
    @inlinable public var floored: LayoutUnit { LayoutUnit(raw: raw & ~63) }
}

/// A computed length, percentage, or size keyword. Percentages are 16.16 fixed point: 1 % is 65536.
public enum Length: Hashable, Sendable {
    /// `auto`; for max-width/max-height: `none`; for letter- and word-spacing it does not occur.
    case auto
    case px(LayoutUnit)
    case percent(Int32)
    /// calc() that mixes both: px + percent.
    case calc(px: LayoutUnit, percent: Int32)
    case minContent, maxContent, fitContent
    /// flex-basis: content
    case content

    public static let zero = Length.px(.zero)
    /// 1 % in the fixed-point form of `percent`.
    public static let onePercent: Int32 = 65536

    @inlinable public var isAuto: Bool { if case .auto = self { return true }; return false }
    @inlinable public var isZero: Bool {
        switch self {
        case .px(let v): return v.raw == 0
        case .percent(let p): return p == 0
        default: return false
        }
    }
    /// True when the used value depends on the containing block.
    @inlinable public var hasPercent: Bool {
        switch self {
        case .percent, .calc: return true
        default: return false
        }
    }
    /// The used length; nil for the keywords. `base` is what 100 % means.
    @inlinable public func resolve(_ base: LayoutUnit) -> LayoutUnit? {
        switch self {
        case .px(let v): return v
        case .percent(let p): return Length.percentage(p, of: base)
        case .calc(let v, let p): return v + Length.percentage(p, of: base)
        default: return nil
        }
    }
    /// The used length; keywords are zero.
    @inlinable public func resolveOrZero(_ base: LayoutUnit) -> LayoutUnit { resolve(base) ?? .zero }
    /// The length when it needs no base; nil for keywords and percentages.
    @inlinable public var absolute: LayoutUnit? { if case .px(let v) = self { return v }; return nil }

    /// base × percent, cut to 1/64 px as Chromium does; a percentage that was rounded down does not lose a unit.
    @inlinable public static func percentage(_ percent: Int32, of base: LayoutUnit) -> LayoutUnit {
        let product = Int64(base.raw) &* Int64(percent)
        let slack = product < 0 ? -Int64(base.raw.magnitude) : Int64(base.raw.magnitude)
        return LayoutUnit(clamping: (product &+ slack) / 6_553_600)
    }
}
