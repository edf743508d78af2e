// The small grammars of SVG attributes: numbers, lengths, lists, transforms, path data, references (SVG 2 §4.3, §8.5,
// §9.3). A scanner never fails; what cannot be read ends the value there, and what came before counts.
import Graphics

/// What relative lengths refer to.
struct LengthBase {
    var width = Fixed(100), height = Fixed(100), fontSize = Fixed(16)
    enum Axis { case x, y, diagonal }
    func percent(_ axis: Axis) -> Fixed {
        switch axis {
        case .x: return width
        case .y: return height
        case .diagonal: return Fixed.hypotenuse(width, height) * Fixed(raw: 3_037_000_500)    // over √2
        }
    }
}

struct SVGScanner {
    let bytes: [UInt8]
    var at = 0
    init(_ text: String) { bytes = Array(text.utf8) }
    init(_ bytes: [UInt8]) { self.bytes = bytes }

    var isAtEnd: Bool { at >= bytes.count }
    var byte: UInt8 { at < bytes.count ? bytes[at] : 0 }
    mutating func skipSpace() { while at < bytes.count, bytes[at] == 0x20 || bytes[at] >= 9 && bytes[at] <= 13 { at += 1 } }
    mutating func skipSeparator() {
        skipSpace()
        if byte == 0x2C { at += 1; skipSpace() }
    }
    mutating func take(_ b: UInt8) -> Bool {
        skipSpace()
        if byte != b || isAtEnd { return false }
        at += 1
        return true
    }
    /// Letters, digits and hyphens.
    mutating func word() -> String {
        skipSpace()
        let start = at
        while at < bytes.count {
            let b = bytes[at]
            guard b | 0x20 >= 0x61 && b | 0x20 <= 0x7A || b >= 0x30 && b <= 0x39 || b == 0x2D || b == 0x5F else { break }
            at += 1
        }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }

    // MARK: Numbers

    /// A number; separators before it are skipped.
    mutating func number() -> Fixed? {
        skipSeparator()
        let start = at
        var isNegative = false
        if byte == 0x2B || byte == 0x2D { isNegative = byte == 0x2D; at += 1 }
        var mantissa: Int64 = 0, exponent = 0, digits = 0
        while at < bytes.count, bytes[at] >= 0x30, bytes[at] <= 0x39 { collect(&mantissa, &exponent, false); digits += 1 }
        if byte == 0x2E, !isAtEnd {
            at += 1
            while at < bytes.count, bytes[at] >= 0x30, bytes[at] <= 0x39 { collect(&mantissa, &exponent, true); digits += 1 }
        }
        if digits == 0 { at = start; return nil }
        if byte | 0x20 == 0x65, let e = scientific() { exponent += e }
        return SVGScanner.scaled(isNegative ? -mantissa : mantissa, exponent)
    }
    private mutating func collect(_ mantissa: inout Int64, _ exponent: inout Int, _ isFraction: Bool) {
        if mantissa < 10_000_000_000_000_000 {
            mantissa = mantissa * 10 + Int64(bytes[at] - 0x30)
            if isFraction { exponent -= 1 }
        } else if !isFraction { exponent += 1 }
        at += 1
    }
    /// The exponent after an `e`, unless that is a unit (`em`, `ex`).
    private mutating func scientific() -> Int? {
        var p = at + 1, isNegative = false
        if p < bytes.count, bytes[p] == 0x2B || bytes[p] == 0x2D { isNegative = bytes[p] == 0x2D; p += 1 }
        guard p < bytes.count, bytes[p] >= 0x30, bytes[p] <= 0x39 else { return nil }
        var value = 0
        while p < bytes.count, bytes[p] >= 0x30, bytes[p] <= 0x39 { value = min(1000, value * 10 + Int(bytes[p] - 0x30)); p += 1 }
        at = p
        return isNegative ? -value : value
    }
    private static let powers: [Int64] = [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000]
    private static func scaled(_ mantissa: Int64, _ exponent: Int) -> Fixed {
        if exponent <= 0, exponent >= -9, abs(mantissa) < 1 << 28 { return Fixed(raw: (mantissa << 32) / powers[-exponent]) }
        var value = Int128(mantissa) << 32
        let limit = Int128(1) << 92
        var e = exponent
        while e > 0, abs(value) < limit { value *= 10; e -= 1 }
        while e < 0, value != 0 { value /= 10; e += 1 }
        return Fixed(raw: Int64(max(-(Int128(1) << 61), min(Int128(1) << 61, value))))
    }

    /// A length in user units.
    mutating func length(_ axis: LengthBase.Axis, _ base: LengthBase) -> Fixed? {
        guard let n = number() else { return nil }
        if byte == 0x25, !isAtEnd { at += 1; return n * base.percent(axis) / Fixed(100) }
        guard let unit = SVGScanner.unit(unitName(), base) else { return n }
        return n * unit
    }
    /// Letters right after a number.
    mutating func unitName() -> String {
        let start = at
        while at < bytes.count, bytes[at] | 0x20 >= 0x61, bytes[at] | 0x20 <= 0x7A { at += 1 }
        return String(decoding: bytes[start..<at], as: UTF8.self)
    }
    /// Pixels of an absolute or font-relative unit.
    static func unit(_ name: String, _ base: LengthBase) -> Fixed? {
        switch name {
        case "pt": return Fixed(4, over: 3)
        case "pc": return Fixed(16)
        case "in": return Fixed(96)
        case "cm": return Fixed(9600, over: 254)
        case "mm": return Fixed(960, over: 254)
        case "em": return base.fontSize
        case "rem": return Fixed(16)
        case "ex": return base.fontSize.halved
        case "px": return .one
        default: return nil
        }
    }

    mutating func numbers(max count: Int = 100_000) -> [Fixed] {
        var list: [Fixed] = []
        while list.count < count, let n = number() { list.append(n) }
        return list
    }

    /// `url(#id)`, with or without quotes: the id. Nil, and nothing taken, when there is none.
    mutating func reference() -> String? {
        skipSpace()
        guard at + 4 < bytes.count, bytes[at] | 0x20 == 0x75, bytes[at + 1] | 0x20 == 0x72, bytes[at + 2] | 0x20 == 0x6C, bytes[at + 3] == 0x28 else { return nil }
        at += 4
        let start = at
        while at < bytes.count, bytes[at] != 0x29 { at += 1 }
        var text = bytes[start..<at]
        at = min(bytes.count, at + 1)
        func isQuote(_ b: UInt8) -> Bool { b == 0x22 || b == 0x27 || b == 0x20 }
        while let first = text.first, isQuote(first) { text.removeFirst() }
        while let last = text.last, isQuote(last) { text.removeLast() }
        guard text.first == 0x23 else { return "" }
        return String(decoding: text.dropFirst(), as: UTF8.self)
    }

    // MARK: Transforms

    mutating func transform() -> Matrix {
        var m = Matrix.identity
        while !isAtEnd {
            skipSeparator()
            let name = word()
            guard !name.isEmpty, take(0x28) else { break }
            var v: [Fixed] = []
            while v.count < 6, let n = number() {
                v.append(n)
                if byte == 0x25 { at += 1 } else { _ = unitName() }         // px, deg
            }
            guard take(0x29), let step = SVGScanner.matrix(name, v) else { break }
            m = m.concatenating(step)
        }
        return m
    }
    private static func matrix(_ name: String, _ v: [Fixed]) -> Matrix? {
        if v.isEmpty { return nil }
        switch name {
        case "matrix": return v.count == 6 ? Matrix(v[0], v[1], v[2], v[3], v[4], v[5]) : nil
        case "translate": return .translation(v[0], v.count > 1 ? v[1] : .zero)
        case "translateX": return .translation(v[0], .zero)
        case "translateY": return .translation(.zero, v[0])
        case "scale": return .scale(v[0], v.count > 1 ? v[1] : v[0])
        case "scaleX": return .scale(v[0], .one)
        case "scaleY": return .scale(.one, v[0])
        case "rotate":
            let turn = Matrix.rotation(degrees: v[0])
            return v.count < 3 ? turn : Matrix.translation(v[1], v[2]).concatenating(turn).concatenating(.translation(-v[1], -v[2]))
        case "skewX", "skewY":
            let (s, c) = Fixed.sineAndCosine(degrees: v[0])
            let t = s / c
            return name == "skewX" ? Matrix(.one, .zero, t, .one, .zero, .zero) : Matrix(.one, t, .zero, .one, .zero, .zero)
        default: return nil
        }
    }
}
