// Signed fixed-point numbers for vector graphics: 32 bits before and after the point, saturating. The same on every
// machine, where floating point would not be.
// Invariant: a value's magnitude never exceeds `Fixed.limit`, so that adding two cannot overflow.

public struct Fixed: Equatable, Comparable, Sendable {
    public let raw: Int64
    static let limit: Int64 = 1 << 60
    public static let zero = Fixed(unchecked: 0), one = Fixed(1), half = Fixed(unchecked: 1 << 31)

    @inline(__always) private init(unchecked raw: Int64) { self.raw = raw }
    /// A value from its bits, saturated.
    @inline(__always) public init(raw: Int64) { self.raw = max(-Fixed.limit, min(Fixed.limit, raw)) }
    @inline(__always) public init(_ whole: Int) { self.init(raw: Int64(max(-(1 << 28), min(1 << 28, whole))) << 32) }
    public init(_ numerator: Int, over denominator: Int) { self = Fixed(numerator) / Fixed(denominator) }

    @inline(__always) public static func < (a: Fixed, b: Fixed) -> Bool { a.raw < b.raw }
    @inline(__always) public static func + (a: Fixed, b: Fixed) -> Fixed { Fixed(raw: a.raw &+ b.raw) }
    @inline(__always) public static func - (a: Fixed, b: Fixed) -> Fixed { Fixed(raw: a.raw &- b.raw) }
    @inline(__always) public static prefix func - (a: Fixed) -> Fixed { Fixed(unchecked: 0 &- a.raw) }
    public static func += (a: inout Fixed, b: Fixed) { a = a + b }
    public static func * (a: Fixed, b: Fixed) -> Fixed {
        let product = a.raw.multipliedFullWidth(by: b.raw)
        if product.high >= 1 << 28 { return Fixed(unchecked: limit) }
        if product.high < -(1 << 28) { return Fixed(unchecked: -limit) }
        // Rounded to nearest.
        return Fixed(raw: product.high << 32 &+ Int64(product.low >> 32) &+ Int64(product.low >> 31 & 1))
    }
    /// Division by zero saturates.
    public static func / (a: Fixed, b: Fixed) -> Fixed {
        if b.raw == 0 { return Fixed(unchecked: a.raw < 0 ? -limit : a.raw == 0 ? 0 : limit) }
        let quotient = Int128(a.raw) << 32 / Int128(b.raw)
        return Fixed(unchecked: Int64(max(Int128(-limit), min(Int128(limit), quotient))))
    }
    public var magnitude: Fixed { Fixed(unchecked: abs(raw)) }
    public var doubled: Fixed { self + self }
    public var halved: Fixed { Fixed(unchecked: raw >> 1) }
    /// Nearest whole number.
    public var rounded: Int { Int((raw + (1 << 31)) >> 32) }
    public var floor: Int { Int(raw >> 32) }
    public var ceiling: Int { Int((raw + 0xFFFF_FFFF) >> 32) }
    /// Nearest 1/256, within ±2^21: what the coverage accumulator takes.
    @inline(__always) var coverageUnits: Int32 { Int32(truncatingIfNeeded: max(-(1 << 29), min(1 << 29, (raw &+ (1 << 23)) >> 24))) }

    /// Square root; zero of negative numbers.
    public var squareRoot: Fixed {
        if raw <= 0 { return .zero }
        let shift = UInt64(raw).leadingZeroBitCount & ~1
        let root = Graphics.squareRoot(UInt64(raw) << UInt64(shift))          // sqrt(raw) × 2^(shift / 2)
        let excess = shift / 2 - 16
        return Fixed(raw: excess >= 0 ? Int64(root >> UInt64(excess)) : Int64(root) << Int64(-excess))
    }
    /// Length of the vector (x, y).
    public static func hypotenuse(_ x: Fixed, _ y: Fixed) -> Fixed {
        let largest = max(UInt64(abs(x.raw)), UInt64(abs(y.raw)))
        if largest == 0 { return .zero }
        let shift = 31 - (64 - largest.leadingZeroBitCount)                     // brings the larger one to 31 bits
        func scaled(_ v: Int64) -> UInt64 { shift >= 0 ? UInt64(abs(v)) << UInt64(shift) : UInt64(abs(v)) >> UInt64(-shift) }
        let a = scaled(x.raw), b = scaled(y.raw)
        let root = Int64(Graphics.squareRoot(a * a + b * b))
        return Fixed(raw: shift >= 0 ? root >> Int64(shift) : root << Int64(-shift))
    }

    /// Sine and cosine of an angle in degrees, to about 1e-8.
    public static func sineAndCosine(degrees: Fixed) -> (sine: Fixed, cosine: Fixed) {
        let turn = Int64(360) << 32
        var angle = degrees.raw % turn
        if angle < 0 { angle += turn }
        let quarter = Int64(90) << 32, octant = Int64(45) << 32
        let quadrant = angle / quarter
        var rest = angle % quarter
        let isMirrored = rest > octant
        if isMirrored { rest = quarter - rest }
        let x = Fixed(raw: rest) * Fixed(raw: 74_961_321), square = x * x             // π/180
        func series(_ divisors: (Int, Int, Int, Int, Int)) -> Fixed {                 // 1 - x²/a (1 - x²/b (1 - …))
            var sum = Fixed.one
            sum = .one - square * sum / Fixed(divisors.4)
            sum = .one - square * sum / Fixed(divisors.3)
            sum = .one - square * sum / Fixed(divisors.2)
            sum = .one - square * sum / Fixed(divisors.1)
            return .one - square * sum / Fixed(divisors.0)
        }
        var s = x * series((6, 20, 42, 72, 110)), c = series((2, 12, 30, 56, 90))
        if isMirrored { swap(&s, &c) }
        switch quadrant {
        case 0: return (s, c)
        case 1: return (c, -s)
        case 2: return (-s, -c)
        default: return (-c, s)
        }
    }
}

/// A point or vector.
public struct FixedPoint: Equatable, Sendable {
    public var x: Fixed, y: Fixed
    @inline(__always) public init(_ x: Fixed, _ y: Fixed) { self.x = x; self.y = y }
    public static let zero = FixedPoint(.zero, .zero)
    @inline(__always) public static func + (a: FixedPoint, b: FixedPoint) -> FixedPoint { FixedPoint(a.x + b.x, a.y + b.y) }
    @inline(__always) public static func - (a: FixedPoint, b: FixedPoint) -> FixedPoint { FixedPoint(a.x - b.x, a.y - b.y) }
    @inline(__always) public static func * (a: FixedPoint, s: Fixed) -> FixedPoint { FixedPoint(a.x * s, a.y * s) }
    @inline(__always) public static prefix func - (a: FixedPoint) -> FixedPoint { FixedPoint(-a.x, -a.y) }
    public var length: Fixed { Fixed.hypotenuse(x, y) }
    /// A quarter turn (towards positive y when x is positive).
    var perpendicular: FixedPoint { FixedPoint(-y, x) }
    func dot(_ o: FixedPoint) -> Fixed { x * o.x + y * o.y }
    func cross(_ o: FixedPoint) -> Fixed { x * o.y - y * o.x }
    /// The vector of length one; nil for the zero vector.
    var normalized: FixedPoint? {
        let largest = max(abs(x.raw), abs(y.raw))
        if largest == 0 { return nil }
        // Brought to 30 bits first, so that short vectors keep their direction.
        let shift = largest.leadingZeroBitCount - 34
        func scaled(_ v: Int64) -> Fixed { Fixed(raw: shift >= 0 ? v << Int64(shift) : v >> Int64(-shift)) }
        let a = scaled(x.raw), b = scaled(y.raw), length = Fixed.hypotenuse(a, b)
        return FixedPoint(a / length, b / length)
    }
    /// Half way.
    func middle(_ o: FixedPoint) -> FixedPoint { FixedPoint((x + o.x).halved, (y + o.y).halved) }
}

/// An affine map: x' = a x + c y + e, y' = b x + d y + f.
public struct Matrix: Equatable, Sendable {
    public var a: Fixed, b: Fixed, c: Fixed, d: Fixed, e: Fixed, f: Fixed
    public init(_ a: Fixed, _ b: Fixed, _ c: Fixed, _ d: Fixed, _ e: Fixed, _ f: Fixed) { self.a = a; self.b = b; self.c = c; self.d = d; self.e = e; self.f = f }
    public static let identity = Matrix(.one, .zero, .zero, .one, .zero, .zero)
    public static func translation(_ x: Fixed, _ y: Fixed) -> Matrix { Matrix(.one, .zero, .zero, .one, x, y) }
    public static func scale(_ x: Fixed, _ y: Fixed) -> Matrix { Matrix(x, .zero, .zero, y, .zero, .zero) }
    public static func rotation(degrees: Fixed) -> Matrix {
        let (s, c) = Fixed.sineAndCosine(degrees: degrees)
        return Matrix(c, s, -s, c, .zero, .zero)
    }

    public func apply(_ p: FixedPoint) -> FixedPoint { FixedPoint(a * p.x + c * p.y + e, b * p.x + d * p.y + f) }
    /// The map of vectors: no translation.
    public func applyVector(_ p: FixedPoint) -> FixedPoint { FixedPoint(a * p.x + c * p.y, b * p.x + d * p.y) }
    /// `inner` first, then this.
    public func concatenating(_ inner: Matrix) -> Matrix {
        Matrix(a * inner.a + c * inner.b, b * inner.a + d * inner.b, a * inner.c + c * inner.d, b * inner.c + d * inner.d,
               a * inner.e + c * inner.f + e, b * inner.e + d * inner.f + f)
    }
    public var determinant: Fixed { a * d - b * c }
    /// The inverse map; nil when the plane collapses.
    public var inverse: Matrix? {
        let det = determinant
        if det.raw == 0 { return nil }
        return Matrix(d / det, -b / det, -c / det, a / det, (c * f - d * e) / det, (b * e - a * f) / det)
    }
    /// The larger length that a unit vector along an axis gets: how fine curves must be.
    public var scale: Fixed { max(Fixed.hypotenuse(a, b), Fixed.hypotenuse(c, d)) }
}
