// Conditions on the state of a machine, as text: `process tab gone and metric memory.frames_free < 100`. Grammar and
// meaning: docs/internals/time-travel.md. Invariant: parsing never traps, and an error names the place.

import ABI
import Foundation

/// A condition that cannot be parsed: what is wrong and at which character (from 0).
public struct PredicateError: Error, Equatable {
    public let message: String
    public let position: Int
    /// The text with a mark under the place, two lines.
    public func pointed(in text: String) -> String { "\(message)\n  \(text)\n  \(String(repeating: " ", count: position))^" }
}

/// A parsed condition.
public indirect enum Predicate: Equatable, Sendable {
    public enum Comparison: String, Sendable, CaseIterable { case greaterOrEqual = ">=", lessOrEqual = "<=", equal = "==", unequal = "!=", greater = ">", less = "<" }
    public enum ProcessState: Equatable, Sendable { case exists, gone, state(String) }

    case text(String, TextFilter)
    case console(String)
    case process(String, ProcessState)
    case metric(String, Comparison, Int64)
    case frameChanged
    case mark(Int32)
    case not(Predicate)
    case and(Predicate, Predicate)
    case or(Predicate, Predicate)

    public static func parse(_ text: String) throws(PredicateError) -> Predicate {
        var parser = PredicateParser(try PredicateToken.scan(text), end: text.count)
        return try parser.whole()
    }
    static let stateNames = (0...4).map { RunReport.stateName(UInt32($0)) }
    static let markNames: [(String, MarkKind)] = [("switch-requested", .switchRequested), ("frame-shown", .frameShown), ("navigation-started", .navigationStarted),
                                                  ("page-loaded", .pageLoaded), ("tab-discarded", .tabDiscarded), ("tab-reloaded", .tabReloaded)]
    public static var markKinds: [String] { markNames.map { $0.0 } }
}

struct PredicateToken {
    enum Kind: Equatable { case word(String), quoted(String), symbol(String) }
    var kind: Kind
    var position: Int
    var text: String {
        switch kind {
        case .word(let s), .symbol(let s): s
        case .quoted(let s): "\"\(s)\""
        }
    }

    static func scan(_ text: String) throws(PredicateError) -> [PredicateToken] {
        let c = Array(text)
        var tokens: [PredicateToken] = []
        var i = 0
        while i < c.count {
            let start = i
            if c[i].isWhitespace { i += 1; continue }
            if c[i] == "\"" {
                var value = ""
                i += 1
                while i < c.count, c[i] != "\"" {
                    if c[i] == "\\", i + 1 < c.count { i += 1 }
                    value.append(c[i])
                    i += 1
                }
                guard i < c.count else { throw PredicateError(message: "a quoted text is not closed", position: start) }
                i += 1
                tokens.append(PredicateToken(kind: .quoted(value), position: start))
            } else if "()<>=!".contains(c[i]) {
                i += 1
                if i < c.count, c[i] == "=", c[start] != "(", c[start] != ")" { i += 1 }
                tokens.append(PredicateToken(kind: .symbol(String(c[start..<i])), position: start))
            } else {
                while i < c.count, !c[i].isWhitespace, !"()<>=!\"".contains(c[i]) { i += 1 }
                tokens.append(PredicateToken(kind: .word(String(c[start..<i])), position: start))
            }
        }
        return tokens
    }
}

struct PredicateParser {
    private let tokens: [PredicateToken]
    private let end: Int
    private var index = 0
    private var depth = 0
    init(_ tokens: [PredicateToken], end: Int) { self.tokens = tokens; self.end = end }

    private var next: PredicateToken? { index < tokens.count ? tokens[index] : nil }
    private func isWord(_ word: String) -> Bool { next?.kind == .word(word) }
    private func fail(_ message: String) -> PredicateError {
        PredicateError(message: message + (next.map { ", not '\($0.text)'" } ?? " here"), position: next?.position ?? end)
    }

    mutating func whole() throws(PredicateError) -> Predicate {
        let p = try either()
        if next != nil { throw fail("expected 'and', 'or' or the end") }
        return p
    }
    private mutating func either() throws(PredicateError) -> Predicate {
        var left = try both()
        while isWord("or") { index += 1; left = .or(left, try both()) }
        return left
    }
    private mutating func both() throws(PredicateError) -> Predicate {
        var left = try negated()
        while isWord("and") { index += 1; left = .and(left, try negated()) }
        return left
    }
    private mutating func negated() throws(PredicateError) -> Predicate {
        depth += 1
        defer { depth -= 1 }
        if depth > 100 { throw PredicateError(message: "conditions are nested more than 100 deep", position: next?.position ?? end) }
        if isWord("not") { index += 1; return .not(try negated()) }
        if next?.kind == .symbol("(") {
            index += 1
            let inner = try either()
            guard next?.kind == .symbol(")") else { throw fail("expected ')'") }
            index += 1
            return inner
        }
        return try atom()
    }
    private mutating func word(_ what: String) throws(PredicateError) -> String {
        guard case .word(let s)? = next?.kind else { throw fail("expected \(what)") }
        index += 1
        return s
    }
    private mutating func quoted() throws(PredicateError) -> String {
        guard case .quoted(let s)? = next?.kind else { throw fail("expected a text in double quotes") }
        if s.allSatisfy({ $0.isWhitespace }) { throw PredicateError(message: "the text is empty", position: next?.position ?? end) }
        index += 1
        return s
    }

    private mutating func atom() throws(PredicateError) -> Predicate {
        let kinds = ["text", "console", "process", "metric", "frame", "mark"]
        guard case .word(let kind)? = next?.kind, kinds.contains(kind) else {
            let hint = next.flatMap { closest(to: $0.text, among: kinds + ["not"]) }.map { "; did you mean '\($0)'?" } ?? ""
            throw PredicateError(message: fail("expected one of " + kinds.joined(separator: ", ") + ", not").message + hint, position: next?.position ?? end)
        }
        index += 1
        switch kind {
        case "text": return .text(try quoted(), try filter())
        case "console": return .console(try quoted())
        case "process": return try process()
        case "metric": return try metric()
        case "mark": return try mark()
        default:
            guard isWord("changed") else { throw fail("expected 'changed'") }
            index += 1
            return .frameChanged
        }
    }
    private mutating func filter() throws(PredicateError) -> TextFilter {
        var f = TextFilter()
        while case .word(let s)? = next?.kind {
            switch s {
            case "sans", "serif", "mono": f.family = s
            case "bold": f.isBold = true
            case "regular": f.isBold = false
            case "italic": f.isItalic = true
            case "size":
                index += 1
                let at = next?.position ?? end
                var number = try word("a size in pixels")
                if number.hasSuffix("px") { number.removeLast(2) }
                guard let v = Double(number), v >= 4, v <= 200 else { throw PredicateError(message: "a size is a number of pixels from 4 to 200", position: at) }
                f.size = v
                continue
            default: return f
            }
            index += 1
        }
        return f
    }
    private mutating func process() throws(PredicateError) -> Predicate {
        let name: String
        if case .quoted(let s)? = next?.kind { name = s; index += 1 } else { name = try word("the name of a process") }
        let at = next?.position ?? end
        switch try word("'gone', 'exists' or 'state=…'") {
        case "gone": return .process(name, .gone)
        case "exists": return .process(name, .exists)
        case "state":
            guard next?.kind == .symbol("=") || next?.kind == .symbol("==") else { throw fail("expected '='") }
            index += 1
            let place = next?.position ?? end
            let state = try word("a state")
            guard Predicate.stateNames.contains(state) else {
                throw PredicateError(message: "there is no state '\(state)'; there are: " + Predicate.stateNames.joined(separator: ", "), position: place)
            }
            return .process(name, .state(state))
        default: throw PredicateError(message: "expected 'gone', 'exists' or 'state=…'", position: at)
        }
    }
    private mutating func metric() throws(PredicateError) -> Predicate {
        let at = next?.position ?? end
        let name = try word("the name of a metric")
        do { _ = try Metrics.find(name) } catch { throw PredicateError(message: error.message, position: at) }
        guard case .symbol(let s)? = next?.kind, let comparison = Predicate.Comparison(rawValue: s == "=" ? "==" : s) else { throw fail("expected one of < <= == != >= >") }
        index += 1
        let place = next?.position ?? end
        let text = try word("a whole number")
        guard let value = PredicateParser.number(text) else { throw PredicateError(message: "'\(text)' is no whole number (K, M and G multiply by 1000)", position: place) }
        return .metric(name, comparison, value)
    }
    static func number(_ text: String) -> Int64? {
        for (suffix, factor) in [("K", Int64(1000)), ("M", 1_000_000), ("G", 1_000_000_000)] where text.hasSuffix(suffix) {
            guard let v = Int64(text.dropLast()) else { return nil }
            let (product, overflow) = v.multipliedReportingOverflow(by: factor)
            return overflow ? nil : product
        }
        return Int64(text)
    }
    private mutating func mark() throws(PredicateError) -> Predicate {
        let at = next?.position ?? end
        let name = try word("the kind of a mark")
        if let kind = Predicate.markNames.first(where: { $0.0 == name })?.1.rawValue ?? Int32(name) { return .mark(kind) }
        throw PredicateError(message: "there is no mark '\(name)'; there are: " + Predicate.markKinds.joined(separator: ", ") + ", or a number", position: at)
    }
}
