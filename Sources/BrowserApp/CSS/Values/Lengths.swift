// Lengths, percentages, numbers, angles and calc() (CSS Values 4 §5, §6, §10). Fixed point throughout.

/// An expression of calc(), min(), max() or clamp(). Types are checked by the parser.
indirect enum MathNode {
    case number(Int64)
    case length(SpecifiedLength)
    case sum([MathNode])
    /// node × factor / divisor, both 1/65536.
    case scaled(MathNode, factor: Int64, divisor: Int64)
    case minimum([MathNode])
    case maximum([MathNode])
    case clamp(MathNode, MathNode, MathNode)
}

/// What an expression is: numbers and lengths do not mix in a sum.
enum MathType { case number, length }

extension TokenCursor {
    /// A <length>, <percentage> or math function of lengths; a plain 0 is a length.
    mutating func length(_ options: LengthOptions, allowUnitless: Bool = false) -> Value? {
        let token = self.token
        switch token.kind {
        case .number:
            guard token.number == 0 || allowUnitless else { return nil }
            if token.number < 0, !options.contains(.negative) { return nil }
            advance()
            return .length(SpecifiedLength(value: token.number, unit: .px))
        case .percentage:
            if options.contains(.noPercent) || (token.number < 0 && !options.contains(.negative)) { return nil }
            advance()
            return .length(SpecifiedLength(value: token.number, unit: .percent))
        case .dimension:
            guard let length = dimension(token), length.value >= 0 || options.contains(.negative) else { return nil }
            advance()
            return .length(length)
        case .function: return lengthFunction(options)
        default: return nil
        }
    }
    private mutating func lengthFunction(_ options: LengthOptions) -> Value? {
        var copy = self
        guard let (node, type) = copy.mathFunction(depth: 0), type == .length else { return nil }
        if options.contains(.noPercent), node.hasPercent { return nil }
        self = copy
        return .math(node)
    }

    /// A dimension token as a length; nil when the unit is no length.
    func dimension(_ token: Token) -> SpecifiedLength? {
        guard let raw = Keyword.names.index(of: token, in: buffer), let unit = Keyword(rawValue: UInt16(raw)) else { return nil }
        let n = token.number
        switch unit {
        case .px: return SpecifiedLength(value: n, unit: .px)
        case .em: return SpecifiedLength(value: n, unit: .em)
        case .rem: return SpecifiedLength(value: n, unit: .rem)
        case .ex: return SpecifiedLength(value: n, unit: .ex)
        case .ch: return SpecifiedLength(value: n, unit: .ch)
        case .lh: return SpecifiedLength(value: n, unit: .lh)
        case .rlh: return SpecifiedLength(value: n, unit: .rlh)
        case .vw, .svw, .lvw, .dvw, .vi: return SpecifiedLength(value: n, unit: .vw)
        case .vh, .svh, .lvh, .dvh, .vb: return SpecifiedLength(value: n, unit: .vh)
        case .vmin: return SpecifiedLength(value: n, unit: .vmin)
        case .vmax: return SpecifiedLength(value: n, unit: .vmax)
        case .in: return SpecifiedLength(value: n * 96, unit: .px)
        case .cm: return SpecifiedLength(value: n * 9600 / 254, unit: .px)
        case .mm: return SpecifiedLength(value: n * 960 / 254, unit: .px)
        case .q: return SpecifiedLength(value: n * 240 / 254, unit: .px)
        case .pt: return SpecifiedLength(value: n * 4 / 3, unit: .px)
        case .pc: return SpecifiedLength(value: n * 16, unit: .px)
        default: return nil
        }
    }

    /// A <number>, also from calc(), in 1/65536.
    mutating func number() -> Int64? {
        if token.kind == .number { let n = token.number; advance(); return n }
        var copy = self
        guard copy.token.kind == .function, let (node, type) = copy.mathFunction(depth: 0), type == .number, let n = node.constant else { return nil }
        self = copy
        return n
    }
    mutating func integer() -> Int32? {
        guard token.kind == .number, token.isInteger else {
            guard token.kind == .function, let n = number() else { return nil }
            return Int32(clamping: (n + 32768) >> 16)
        }
        let n = token.number
        advance()
        return Int32(clamping: n >> 16)
    }
    /// An <angle> in 1/65536 degree; a plain 0 is allowed.
    mutating func angle() -> Int64? {
        let t = token
        if t.kind == .number, t.number == 0 { advance(); return 0 }
        guard t.kind == .dimension, let raw = Keyword.names.index(of: t, in: buffer) else { return nil }
        let result: Int64
        switch Keyword(rawValue: UInt16(raw)) {
        case .deg: result = t.number
        case .grad: result = t.number * 9 / 10
        case .turn: result = t.number &* 360
        case .rad: result = t.number &* 57_296 / 1000
        default: return nil
        }
        advance()
        return result
    }

    // calc() and relatives: sums of products, by recursive descent of bounded depth.
    mutating func mathFunction(depth: Int) -> (MathNode, MathType)? {
        guard depth < CSSLimits.mathDepthMax, let function = functionName else { return nil }
        switch function {
        case .calc:
            var inner = enterBlock()
            guard let result = inner.mathSum(depth: depth + 1), inner.isAtEnd else { return nil }
            return result
        case .min, .max, .clamp:
            let inner = enterBlock()
            var nodes: [MathNode] = [], type: MathType?
            for var part in inner.splitByCommas() {
                guard let (node, partType) = part.mathSum(depth: depth + 1), part.isAtEnd, type == nil || type == partType else { return nil }
                nodes.append(node)
                type = partType
            }
            guard let type else { return nil }
            if function == .min { return (.minimum(nodes), type) }
            if function == .max { return (.maximum(nodes), type) }
            return nodes.count == 3 ? (.clamp(nodes[0], nodes[1], nodes[2]), type) : nil
        default: return nil
        }
    }
    private mutating func mathSum(depth: Int) -> (MathNode, MathType)? {
        guard let (first, type) = mathProduct(depth: depth) else { return nil }
        var nodes = [first]
        while isDelimiter(0x2B) || isDelimiter(0x2D) {
            let isMinus = isDelimiter(0x2D)
            guard index > 0, buffer.tokens[index - 1].kind == .whitespace, index + 1 < end, buffer.tokens[index + 1].kind == .whitespace else { return nil }
            advance()
            guard let (next, nextType) = mathProduct(depth: depth), nextType == type, nodes.count < CSSLimits.listCountMax else { return nil }
            nodes.append(isMinus ? .scaled(next, factor: -65536, divisor: 65536) : next)
        }
        return (nodes.count == 1 ? first : .sum(nodes), type)
    }
    private mutating func mathProduct(depth: Int) -> (MathNode, MathType)? {
        guard var (node, type) = mathUnit(depth: depth) else { return nil }
        var factors = 0
        while isDelimiter(0x2A) || isDelimiter(0x2F) {
            let isDivision = isDelimiter(0x2F)
            advance()
            factors += 1
            guard factors < CSSLimits.mathDepthMax, let (next, nextType) = mathUnit(depth: depth) else { return nil }
            if isDivision {
                guard nextType == .number, let divisor = next.constant, divisor != 0 else { return nil }
                node = .scaled(node, factor: 65536, divisor: divisor)
            } else if nextType == .number, let factor = next.constant {
                node = .scaled(node, factor: factor, divisor: 65536)
            } else if type == .number, let factor = node.constant {
                node = .scaled(next, factor: factor, divisor: 65536)
                type = nextType
            } else { return nil }
        }
        return (node, type)
    }
    private mutating func mathUnit(depth: Int) -> (MathNode, MathType)? {
        let t = token
        switch t.kind {
        case .number: advance(); return (.number(t.number), .number)
        case .percentage: advance(); return (.length(SpecifiedLength(value: t.number, unit: .percent)), .length)
        case .dimension:
            guard let length = dimension(t) else { return nil }
            advance()
            return (.length(length), .length)
        case .openParen:
            guard depth < CSSLimits.mathDepthMax else { return nil }
            var inner = enterBlock()
            guard let result = inner.mathSum(depth: depth + 1), inner.isAtEnd else { return nil }
            return result
        case .function: return mathFunction(depth: depth + 1)
        default: return nil
        }
    }
}

extension MathNode {
    var usesViewport: Bool {
        switch self {
        case .number: return false
        case .length(let l): return l.unit.rawValue >= LengthUnit.vw.rawValue || l.unit == .percent
        case .scaled(let node, _, _): return node.usesViewport
        case .sum(let nodes), .minimum(let nodes), .maximum(let nodes):
            for node in nodes where node.usesViewport { return true }
            return false
        case .clamp(let a, let b, let c): return a.usesViewport || b.usesViewport || c.usesViewport
        }
    }
    var hasPercent: Bool {
        switch self {
        case .number: return false
        case .length(let l): return l.unit == .percent
        case .scaled(let node, _, _): return node.hasPercent
        case .sum(let nodes), .minimum(let nodes), .maximum(let nodes):
            for node in nodes where node.hasPercent { return true }
            return false
        case .clamp(let a, let b, let c): return a.hasPercent || b.hasPercent || c.hasPercent
        }
    }
    /// The value of an expression of numbers.
    var constant: Int64? {
        switch self {
        case .number(let n): return n
        case .length: return nil
        case .scaled(let node, let factor, let divisor): return node.constant.map { multiplyFixed($0, factor, divisor) }
        case .sum(let nodes):
            var total: Int64 = 0
            for node in nodes { guard let n = node.constant else { return nil }; total = clampFixed(total + n) }
            return total
        case .minimum(let nodes), .maximum(let nodes):
            var best: Int64?
            for node in nodes {
                guard let n = node.constant else { return nil }
                if case .minimum = self { best = best.map { Swift.min($0, n) } ?? n } else { best = best.map { Swift.max($0, n) } ?? n }
            }
            return best
        case .clamp(let low, let middle, let high):
            guard let a = low.constant, let b = middle.constant, let c = high.constant else { return nil }
            return Swift.max(a, Swift.min(b, c))
        }
    }
}

/// Keeps fixed-point values within ±2^46 so that sums and shifts cannot overflow.
@inline(__always) func clampFixed(_ value: Int64) -> Int64 { Swift.max(-(1 << 46), Swift.min(1 << 46, value)) }

/// a × b / c in 128 bits, saturating; zero when c is zero.
func multiplyFixed(_ a: Int64, _ b: Int64, _ c: Int64) -> Int64 {
    guard c != 0 else { return 0 }
    let isNegative = (a < 0) != (b < 0)
    let product = a.magnitude.multipliedFullWidth(by: b.magnitude)
    let divisor = c.magnitude
    guard product.high < divisor else { return isNegative != (c < 0) ? -(1 << 46) : 1 << 46 }
    let quotient = divisor.dividingFullWidth((product.high, product.low)).quotient
    let value = quotient > 1 << 46 ? Int64(1) << 46 : Int64(quotient)
    return isNegative != (c < 0) ? -value : value
}
