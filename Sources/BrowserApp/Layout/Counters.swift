// Counters of generated content and numbers of list items (CSS 2.2 §12.4, CSS Lists 3 §4; HTML §4.4.8).
import CSS

struct CounterScopes {
    private struct Counter { var name: String; var value: Int32; var depth: Int }
    private struct List { var value: Int32; var step: Int32 }
    private var counters: [Counter] = []
    private var lists: [List] = [List(value: 0, step: 1)]

    /// Applies counter-reset, -set and -increment of an element at `depth` open elements.
    mutating func apply(_ style: ComputedStyle, depth: Int) {
        if style.counterReset.isEmpty, style.counterIncrement.isEmpty, style.counterSet.isEmpty { return }
        for change in style.counterReset {
            if let i = index(change.name), counters[i].depth == depth { counters[i].value = change.value } else {
                counters.append(Counter(name: change.name, value: change.value, depth: depth))
            }
        }
        for change in style.counterIncrement { let i = instance(change.name, depth); counters[i].value = counters[i].value &+ change.value }
        for change in style.counterSet { let i = instance(change.name, depth); counters[i].value = change.value }
    }

    /// Ends the scopes of counters made at `depth` or deeper.
    mutating func leave(depth: Int) {
        while let last = counters.last, last.depth > depth { counters.removeLast() }
    }

    func value(_ name: String) -> Int32 {
        if name == "list-item" { return lists[lists.count - 1].value }
        if let i = index(name) { return counters[i].value }
        return 0
    }
    func values(_ name: String) -> [Int32] {
        var result: [Int32] = []
        for counter in counters where counter.name == name { result.append(counter.value) }
        return result.isEmpty ? [0] : result
    }

    private func index(_ name: String) -> Int? {
        var i = counters.count - 1
        while i >= 0 { if counters[i].name == name { return i }; i -= 1 }
        return nil
    }
    private mutating func instance(_ name: String, _ depth: Int) -> Int {
        if let i = index(name) { return i }
        counters.append(Counter(name: name, value: 0, depth: depth))
        return counters.count - 1
    }

    // Lists
    mutating func openList(start: Int32, step: Int32) { lists.append(List(value: start &- step, step: step)) }
    mutating func closeList() { if lists.count > 1 { lists.removeLast() } }
    /// The number of the next item.
    mutating func nextItem(explicit: Int32?) -> Int32 {
        let i = lists.count - 1
        lists[i].value = explicit ?? (lists[i].value &+ lists[i].step)
        return lists[i].value
    }
}

/// A counter's value in a style; bullets give their character.
func counterText(_ value: Int32, _ style: ListStyleType) -> String {
    switch style {
    case .none: return ""
    case .disc: return "\u{2022}"
    case .circle: return "\u{25E6}"
    case .square: return "\u{25AA}"
    case .disclosureOpen: return "\u{25BE}"
    case .disclosureClosed: return "\u{25B8}"
    case .decimal: return "\(value)"
    case .decimalLeadingZero: return value >= 0 && value < 10 ? "0\(value)" : "\(value)"
    case .lowerAlpha: return alphabetic(value, first: 0x61, count: 26)
    case .upperAlpha: return alphabetic(value, first: 0x41, count: 26)
    case .lowerGreek: return alphabetic(value, first: 0x3B1, count: 24)
    case .lowerRoman: return roman(value, upper: false)
    case .upperRoman: return roman(value, upper: true)
    case .string(let text): return text
    }
}

private func alphabetic(_ value: Int32, first: UInt32, count: Int32) -> String {
    guard value > 0 else { return "\(value)" }
    var bytes: [UInt32] = []
    var v = value
    while v > 0 {
        var letter = UInt32((v - 1) % count)
        if first == 0x3B1, letter >= 17 { letter += 1 }    // no letter at final sigma
        bytes.append(first + letter)
        v = (v - 1) / count
    }
    var result = ""
    for scalar in bytes.reversed() { if let s = Unicode.Scalar(scalar) { result.unicodeScalars.append(s) } }
    return result
}

private func roman(_ value: Int32, upper: Bool) -> String {
    guard value > 0, value < 4000 else { return "\(value)" }
    let values: [Int32] = [1000, 900, 500, 400, 100, 90, 50, 40, 10, 9, 5, 4, 1]
    let lower = ["m", "cm", "d", "cd", "c", "xc", "l", "xl", "x", "ix", "v", "iv", "i"]
    let capital = ["M", "CM", "D", "CD", "C", "XC", "L", "XL", "X", "IX", "V", "IV", "I"]
    var v = value, result = ""
    for i in 0..<values.count { while v >= values[i] { result += upper ? capital[i] : lower[i]; v -= values[i] } }
    return result
}
