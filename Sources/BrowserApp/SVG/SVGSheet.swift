// Style sheets inside an SVG file: compound selectors of type, class and id with descendant and child combinators,
// which is what drawing programs write (CSS Selectors, a subset). At-rules are skipped.
import DOM

struct SVGSheet {
    private struct Compound {
        var type: String?
        var id: String?
        var classes: [String] = []
        /// The compound before this one must match the parent itself.
        var isChild = false
        /// Uses something that is not understood: matches nothing.
        var isUnknown = false
    }
    private struct Rule {
        var selector: [Compound]
        var specificity: Int
        var declarations: [(name: String, value: [UInt8])]
    }
    private var rules: [Rule] = []
    static let ruleCountMax = 4096

    var isEmpty: Bool { rules.isEmpty }

    mutating func add(_ text: [UInt8]) {
        let css = SVGSheet.withoutComments(text)
        var at = 0
        while at < css.count, rules.count < SVGSheet.ruleCountMax {
            let start = at
            while at < css.count, css[at] != 0x7B, css[at] != 0x3B { at += 1 }
            if at == css.count { return }
            let isAtRule = SVGSheet.trimmed(css, start, at).first == 0x40
            if css[at] == 0x3B { at += 1; continue }
            let open = at
            var depth = 0
            repeat {
                if css[at] == 0x7B { depth += 1 } else if css[at] == 0x7D { depth -= 1 }
                at += 1
            } while at < css.count && depth > 0
            if isAtRule { continue }
            let declarations = SVGSheet.declarations(Array(css[(open + 1)..<max(open + 1, at - 1)]))
            for part in css[start..<open].split(separator: 0x2C) { addRule(Array(part), declarations) }
        }
    }

    private mutating func addRule(_ text: [UInt8], _ declarations: [(name: String, value: [UInt8])]) {
        var compounds: [Compound] = []
        var isChild = false
        for piece in SVGSheet.spaced(text).split(separator: 0x20) {
            if piece.count == 1, piece.first == 0x3E { isChild = true; continue }
            var c = SVGSheet.compound(Array(piece))
            c.isChild = isChild
            isChild = false
            compounds.append(c)
        }
        if compounds.isEmpty || compounds.count > 8 { return }
        var specificity = 0
        for c in compounds {
            if c.isUnknown { return }
            specificity += (c.id == nil ? 0 : 10000) + c.classes.count * 100 + (c.type == nil ? 0 : 1)
        }
        // Kept in the order in which rules apply.
        var place = rules.count
        while place > 0, rules[place - 1].specificity > specificity { place -= 1 }
        rules.insert(Rule(selector: compounds, specificity: specificity, declarations: declarations), at: place)
    }

    private static func compound(_ text: [UInt8]) -> Compound {
        var c = Compound()
        var v = SVGScanner(text)
        if v.byte == 0x2A { v.at += 1 }
        while !v.isAtEnd {
            let mark = v.byte
            if mark == 0x2E || mark == 0x23 { v.at += 1 }
            let name = v.word()
            if name.isEmpty { c.isUnknown = true; return c }
            if mark == 0x2E { c.classes.append(name) } else if mark == 0x23 { c.id = name } else { c.type = name }
        }
        return c
    }

    /// Hands out the declarations that apply to an element, weakest first.
    func apply(_ n: NodeID, _ document: Document, _ body: (String, [UInt8]) -> Void) {
        for rule in rules where matches(rule.selector, rule.selector.count - 1, n, document) {
            for d in rule.declarations { body(d.name, d.value) }
        }
    }
    private func matches(_ selector: [Compound], _ index: Int, _ n: NodeID, _ document: Document) -> Bool {
        let c = selector[index]
        if n.isNone || !document.isElement(n) { return false }
        if let type = c.type, document.name(n).string != type { return false }
        if let id = c.id, document.id(n)?.string != id { return false }
        for name in c.classes { guard let atom = Atom(existing: name), document.hasClass(n, atom) else { return false } }
        if index == 0 { return true }
        var p = document.parent(n)
        while !p.isNone {
            if matches(selector, index - 1, p, document) { return true }
            if c.isChild { return false }
            p = document.parent(p)
        }
        return false
    }

    // MARK: Text

    /// `name: value` pairs; names in lower case, `!important` dropped.
    static func declarations(_ text: [UInt8]) -> [(name: String, value: [UInt8])] {
        var list: [(name: String, value: [UInt8])] = []
        var depth = 0, start = 0
        func take(_ end: Int) {
            var colon = start
            while colon < end, text[colon] != 0x3A { colon += 1 }
            if colon >= end { return }
            var name = trimmed(text, start, colon), value = trimmed(text, colon + 1, end)
            for i in 0..<name.count where name[i] >= 0x41 && name[i] <= 0x5A { name[i] |= 0x20 }
            for i in 0..<value.count where value[i] == 0x21 { value = trimmed(value, 0, i); break }
            list.append((String(decoding: name, as: UTF8.self), value))
        }
        for i in 0..<text.count {
            if text[i] == 0x28 { depth += 1 } else if text[i] == 0x29 { depth -= 1 } else if text[i] == 0x3B, depth <= 0 {
                take(i)
                start = i + 1
            }
        }
        take(text.count)
        return list
    }
    private static func isSpace(_ b: UInt8) -> Bool { b == 0x20 || b >= 9 && b <= 13 }
    static func trimmed(_ text: [UInt8], _ start: Int, _ end: Int) -> [UInt8] {
        var a = start, b = end
        while a < b, isSpace(text[a]) { a += 1 }
        while b > a, isSpace(text[b - 1]) { b -= 1 }
        return Array(text[a..<b])
    }
    private static func withoutComments(_ text: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(text.count)
        var i = 0
        while i < text.count {
            if text[i] == 0x2F, i + 1 < text.count, text[i + 1] == 0x2A {
                i += 2
                while i + 1 < text.count, !(text[i] == 0x2A && text[i + 1] == 0x2F) { i += 1 }
                i += 2
            } else { out.append(text[i]); i += 1 }
        }
        return out
    }
    /// One space between compounds, child combinators standing alone.
    private static func spaced(_ text: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        for b in text {
            if b == 0x3E { out += [0x20, 0x3E, 0x20] } else { out.append(isSpace(b) ? 0x20 : b) }
        }
        return out
    }
}
