// Where a line may end between two characters without a space (UAX 14 as Chromium tailors it): the pairs that documents
// contain, as small classes instead of a property table. Words are cut at these places.

/// A set of ASCII characters as 128 bits.
private struct ASCIISet {
    let low: UInt64, high: UInt64
    init(_ text: StaticString) {
        var l: UInt64 = 0, h: UInt64 = 0
        text.withUTF8Buffer { for c in $0 { if c < 64 { l |= 1 << UInt64(c) } else { h |= 1 << UInt64(c & 63) } } }
        low = l; high = h
    }
    @inline(__always) func contains(_ c: UInt32) -> Bool { ((c < 64 ? low : high) >> UInt64(c & 63)) & 1 != 0 }
}

struct BreakRules {
    /// Break before an opening bracket that follows one of these.
    private let beforeBracket = ASCIISet("!\"#%&)*+,.:;=>\\]|}~-?")
    /// No break between a hyphen and one of these, or a question mark and one of these.
    private let afterHyphen = ASCIISet("!$'),./:;?]}"), afterQuestion = ASCIISet("!\"'),./:;?]}")

    @inline(__always) static func isBracket(_ c: UInt8) -> Bool { c == 0x28 || c == 0x3C || c == 0x5B || c == 0x7B }

    /// Whether a line may end between `a` and `b`, neither of them a space; `before` is what stands before `a`, 0 for nothing.
    func allows(_ before: UInt32, _ a: UInt32, _ b: UInt32) -> Bool {
        if a < 0x80, b < 0x80 {
            if a == 0x2D { return isDigit(b) ? isAlphanumeric(before) : !afterHyphen.contains(b) }
            if a == 0x3F { return !afterQuestion.contains(b) }
            return b < 0x80 && BreakRules.isBracket(UInt8(b)) && beforeBracket.contains(a)
        }
        if a == 0x200B { return true }
        if forbidsAround(a) || forbidsAround(b) || forbidsBefore(b) || isOpening(a) { return false }
        if isIdeographic(a) { return !isPostfix(b) }
        if isIdeographic(b) { return !isPrefix(a) }
        if b == 0x2014 { return true }
        switch a {
        case 0x2D, 0x3F, 0x2010, 0x2012, 0x2013, 0x2014, 0x2026: return true      // hyphens, dashes, ellipsis
        case 0x2F: return b >= 0x80 && isLetter(b)
        case 0x21, 0x25, 0x29, 0x2C, 0x2E, 0x3A, 0x3B, 0x5D, 0x7D, 0xB0, 0x2030, 0x2032: return isPrefix(b) || b == 0xA1 || b == 0xBF || b == 0xB0 || b == 0x2030 || b == 0x2032 || isOpening(b)
        default: return false
        }
    }

    private func isDigit(_ c: UInt32) -> Bool { c >= 0x30 && c <= 0x39 }
    private func isAlphanumeric(_ c: UInt32) -> Bool { isDigit(c) || (c | 0x20 >= 0x61 && c | 0x20 <= 0x7A) }
    private func isLetter(_ c: UInt32) -> Bool { (c >= 0xC0 && c < 0x2000) || c >= 0x2C00 }
    /// No-break spaces and hyphens, quotation marks, joiners: they hold on to both neighbours.
    private func forbidsAround(_ c: UInt32) -> Bool {
        switch c {
        case 0xA0, 0xAB, 0xBB, 0x2011, 0x2018, 0x2019, 0x201C, 0x201D, 0x202F, 0x2060, 0xFEFF, 0x22, 0x27: return true
        default: return false
        }
    }
    private func isOpening(_ c: UInt32) -> Bool {
        switch c {
        case 0x28, 0x3C, 0x5B, 0x7B, 0xA1, 0xBF, 0x201A, 0x201E, 0x3008, 0x300A, 0x300C, 0x300E, 0x3010, 0x3014, 0xFF08: return true
        default: return false
        }
    }
    /// Currency and similar signs before a number.
    private func isPrefix(_ c: UInt32) -> Bool { c == 0x24 || c == 0x20AC || c == 0x2116 || c == 0x2212 || c == 0xA3 || c == 0xA5 }
    private func isPostfix(_ c: UInt32) -> Bool { c == 0x25 || c == 0xB0 || c == 0x2030 || c == 0x2032 }

    /// Ideographs, kana, hangul and pictures.
    func isIdeographic(_ s: UInt32) -> Bool {
        (s >= 0x2E80 && s <= 0x9FFF) || (s >= 0xAC00 && s <= 0xD7AF) || (s >= 0xF900 && s <= 0xFAFF) || (s >= 0xFF00 && s <= 0xFF60) || (s >= 0x1F300 && s <= 0x1FAFF) || (s >= 0x20000 && s <= 0x3FFFF)
    }
    /// Closing punctuation, hyphens and small kana do not start a line.
    private func forbidsBefore(_ s: UInt32) -> Bool {
        switch s {
        case 0x21, 0x29, 0x2C, 0x2D, 0x2E, 0x2F, 0x3A, 0x3B, 0x3F, 0x5D, 0x7D, 0x2010, 0x2012, 0x2013, 0x2026, 0x200B,
             0x3001, 0x3002, 0x3005, 0x3009, 0x300B, 0x300D, 0x300F, 0x3011, 0x3015, 0x3041, 0x3043, 0x3045, 0x3047, 0x3049, 0x3063, 0x3083, 0x3085, 0x3087,
             0x30A1, 0x30A3, 0x30A5, 0x30A7, 0x30A9, 0x30C3, 0x30E3, 0x30E5, 0x30E7, 0x30FB, 0xFF01, 0xFF09, 0xFF0C, 0xFF0E, 0xFF1A, 0xFF1B, 0xFF1F: return true
        default: return false
        }
    }
}
