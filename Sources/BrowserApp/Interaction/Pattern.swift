// The regular expressions of the `pattern` attribute (HTML §4.10.5.3.6): the subset that forms use. Literals, `.`, classes,
// \d \w \s and their opposites, groups (without capture use), alternation, greedy and lazy quantifiers, ^ and $. The whole
// value must match. Backtracking with a step limit, so that no pattern can hold a page up.

public struct Pattern: Sendable {
    indirect enum Node: Sendable {
        case scalar(UInt32), any, set([ClosedRange<UInt32>], negated: Bool)
        case start, end, wordBoundary(Bool)
        case sequence([Node]), choice([Node])
        case `repeat`(Node, min: Int, max: Int, lazy: Bool)
    }
    static let stepsMax = 100_000, depthMax = 32, repeatMax = 1000
    private let root: Node

    /// Nil when the pattern is not one this understands; the constraint then does not apply.
    public init?(_ text: String) {
        var parser = Parser(Array(text.unicodeScalars.map { $0.value }))
        guard let node = parser.choice(0), parser.isAtEnd else { return nil }
        root = node
    }

    /// Does the whole text match? A pattern that takes too long counts as matching.
    public func matches(_ text: String) -> Bool {
        let matcher = Matcher(Array(text.unicodeScalars.map { $0.value }))
        let result = matcher.match(root, 0) { $0 == matcher.text.count }
        return result || matcher.steps > Pattern.stepsMax
    }

    private struct Parser {
        let s: [UInt32]
        var i = 0
        init(_ s: [UInt32]) { self.s = s }
        var isAtEnd: Bool { i == s.count }
        func peek(_ c: Unicode.Scalar) -> Bool { i < s.count && s[i] == c.value }
        mutating func take(_ c: Unicode.Scalar) -> Bool {
            if peek(c) { i += 1; return true }
            return false
        }

        mutating func choice(_ depth: Int) -> Node? {
            guard depth < Pattern.depthMax else { return nil }
            var branches: [Node] = []
            repeat {
                var items: [Node] = []
                while !isAtEnd, !peek("|"), !peek(")") {
                    guard let atom = atom(depth), let item = quantified(atom) else { return nil }
                    items.append(item)
                }
                branches.append(.sequence(items))
            } while take("|")
            return branches.count == 1 ? branches[0] : .choice(branches)
        }
        private mutating func quantified(_ atom: Node) -> Node? {
            var low = 1, high = 1
            if take("*") { low = 0; high = .max } else if take("+") { high = .max } else if take("?") { low = 0 } else if peek("{") {
                i += 1
                guard let n = number() else { return nil }
                low = n; high = n
                if take(",") { high = peek("}") ? .max : (number() ?? -1) }
                guard take("}"), high >= low, low <= Pattern.repeatMax else { return nil }
            } else { return atom }
            let lazy = take("?")
            if peek("*") || peek("+") || peek("{") { return nil }
            return .repeat(atom, min: low, max: high, lazy: lazy)
        }
        private mutating func number() -> Int? {
            var value = 0, digits = 0
            while i < s.count, s[i] >= 48, s[i] <= 57, digits < 6 { value = value * 10 + Int(s[i] - 48); digits += 1; i += 1 }
            return digits > 0 ? value : nil
        }
        private mutating func atom(_ depth: Int) -> Node? {
            let c = s[i]
            i += 1
            switch Unicode.Scalar(c) {
            case ".": return .any
            case "^": return .start
            case "$": return .end
            case "(":
                if take("?") { guard take(":") else { return nil } }
                guard let inner = choice(depth + 1), take(")") else { return nil }
                return inner
            case "[": return characterClass()
            case "\\": return escape()
            case "*", "+", "?", ")", "{", "}", "]": return nil
            default: return .scalar(c)
            }
        }
        private mutating func escape() -> Node? {
            guard i < s.count else { return nil }
            if take("b") { return .wordBoundary(true) }
            if take("B") { return .wordBoundary(false) }
            guard let (ranges, negated) = escapedSet() else { return nil }
            if ranges.count == 1, ranges[0].lowerBound == ranges[0].upperBound, !negated { return .scalar(ranges[0].lowerBound) }
            return .set(ranges, negated: negated)
        }
        /// What follows a backslash, as ranges.
        private mutating func escapedSet() -> ([ClosedRange<UInt32>], Bool)? {
            guard i < s.count else { return nil }
            let c = s[i]
            i += 1
            switch Unicode.Scalar(c) {
            case "d", "D": return ([48...57], c == 68)
            case "w", "W": return ([48...57, 65...90, 95...95, 97...122], c == 87)
            case "s", "S": return ([9...13, 32...32, 0xA0...0xA0, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F, 0x3000...0x3000, 0xFEFF...0xFEFF], c == 83)
            case "t": return ([9...9], false)
            case "n": return ([10...10], false)
            case "r": return ([13...13], false)
            case "f": return ([12...12], false)
            case "v": return ([11...11], false)
            case "x": return hex(2).map { ([$0...$0], false) }
            case "u":
                if take("{") {
                    var value: UInt32 = 0, digits = 0
                    while i < s.count, let d = digit(s[i]), digits < 6 { value = value * 16 + d; digits += 1; i += 1 }
                    return digits > 0 && take("}") ? ([value...value], false) : nil
                }
                return hex(4).map { ([$0...$0], false) }
            default:
                let isLetterOrDigit = (c >= 48 && c <= 57) || (c | 32 >= 97 && c | 32 <= 122)
                return isLetterOrDigit ? nil : ([c...c], false)
            }
        }
        private func digit(_ c: UInt32) -> UInt32? {
            if c >= 48, c <= 57 { return c - 48 }
            let l = c | 32
            return l >= 97 && l <= 102 ? l - 87 : nil
        }
        private mutating func hex(_ count: Int) -> UInt32? {
            var value: UInt32 = 0
            for _ in 0..<count {
                guard i < s.count, let d = digit(s[i]) else { return nil }
                value = value * 16 + d
                i += 1
            }
            return value
        }
        private mutating func characterClass() -> Node? {
            let negated = take("^")
            var ranges: [ClosedRange<UInt32>] = []
            while !peek("]") {
                guard i < s.count, let low = member(&ranges) else { return nil }
                guard low.count == 1, peek("-"), i + 1 < s.count, s[i + 1] != 93 else { ranges += low; continue }
                i += 1
                guard let high = member(&ranges), high.count == 1, high[0].lowerBound >= low[0].lowerBound else { return nil }
                ranges.append(low[0].lowerBound...high[0].lowerBound)
            }
            i += 1
            return .set(ranges, negated: negated)
        }
        /// One member: a single scalar, or the ranges of a class escape.
        private mutating func member(_ all: inout [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>]? {
            if take("\\") {
                if take("b") { return [8...8] }
                guard let (ranges, negated) = escapedSet() else { return nil }
                return negated ? complement(ranges) : ranges
            }
            guard i < s.count else { return nil }
            i += 1
            return [s[i - 1]...s[i - 1]]
        }
        private func complement(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
            var out: [ClosedRange<UInt32>] = [], from: UInt32 = 0
            for r in ranges {
                if r.lowerBound > from { out.append(from...(r.lowerBound - 1)) }
                from = r.upperBound + 1
            }
            out.append(from...0x10FFFF)
            return out
        }
    }

    private final class Matcher {
        let text: [UInt32]
        var steps = 0, depth = 0
        init(_ text: [UInt32]) { self.text = text }

        func match(_ node: Node, _ i: Int, _ then: (Int) -> Bool) -> Bool {
            steps += 1
            depth += 1
            defer { depth -= 1 }
            // Depth bounds the stack: continuations nest once a character.
            if steps > Pattern.stepsMax { return false }
            if depth > 500 { steps = Pattern.stepsMax + 1; return false }
            switch node {
            case .scalar(let c): return i < text.count && text[i] == c && then(i + 1)
            case .any: return i < text.count && text[i] != 10 && text[i] != 13 && then(i + 1)
            case .set(let ranges, let negated): return i < text.count && contains(ranges, text[i]) != negated && then(i + 1)
            case .start: return i == 0 && then(i)
            case .end: return i == text.count && then(i)
            case .wordBoundary(let wanted): return (isWord(i - 1) != isWord(i)) == wanted && then(i)
            case .sequence(let items): return sequence(items, 0, i, then)
            case .choice(let branches):
                for b in branches where match(b, i, then) { return true }
                return false
            case .repeat(let inner, let low, let high, let lazy): return times(inner, low, high, lazy, 0, i, then)
            }
        }
        private func sequence(_ items: [Node], _ at: Int, _ i: Int, _ then: (Int) -> Bool) -> Bool {
            at == items.count ? then(i) : match(items[at], i) { self.sequence(items, at + 1, $0, then) }
        }
        private func times(_ inner: Node, _ low: Int, _ high: Int, _ lazy: Bool, _ count: Int, _ i: Int, _ then: (Int) -> Bool) -> Bool {
            if count < low { return match(inner, i) { self.times(inner, low, high, lazy, count + 1, $0, then) } }
            if lazy, then(i) { return true }
            if count < high, match(inner, i, { $0 > i && self.times(inner, low, high, lazy, count + 1, $0, then) }) { return true }
            return !lazy && then(i)
        }
        private func contains(_ ranges: [ClosedRange<UInt32>], _ c: UInt32) -> Bool {
            for r in ranges where r.contains(c) { return true }
            return false
        }
        private func isWord(_ i: Int) -> Bool {
            guard i >= 0, i < text.count else { return false }
            let c = text[i]
            return (c >= 48 && c <= 57) || (c >= 65 && c <= 90) || (c >= 97 && c <= 122) || c == 95
        }
    }
}
