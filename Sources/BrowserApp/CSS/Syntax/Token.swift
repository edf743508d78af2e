// Tokens of CSS Syntax 3 §4. A token is a range of the source bytes plus, for numbers, a fixed-point value: no text is copied.

enum TokenKind: UInt8 {
    case endOfInput, whitespace, ident, function, atKeyword, hash, string, badString, url, badURL
    case number, percentage, dimension, delimiter, comma, colon, semicolon
    case openBrace, closeBrace, openParen, closeParen, openBracket, closeBracket, cdo, cdc
}

struct Token {
    var kind: TokenKind
    /// The text range contains backslash escapes.
    var hasEscape = false
    /// A number was written without fraction and exponent.
    var isInteger = false
    /// A number carried a sign.
    var isSigned = false
    /// A hash token whose text is an identifier; a delimiter's byte otherwise.
    var byte: UInt8 = 0
    /// Name of an ident, function, at-keyword, hash; content of a string or url; unit of a dimension.
    var start: UInt32 = 0, end: UInt32 = 0
    /// Numeric value in 1/65536, saturating.
    var number: Int64 = 0
    /// Whole extent in the source, for values kept as text.
    var sourceStart: UInt32 = 0, sourceEnd: UInt32 = 0
}

/// Source bytes and the tokens collected from a stretch of them; reused from construct to construct.
final class TokenBuffer {
    let bytes: [UInt8]
    var tokens: [Token] = []
    init(bytes: [UInt8]) { self.bytes = bytes }

    /// All tokens of a short text, such as a style attribute or a media attribute.
    static func tokenize(_ bytes: [UInt8]) -> TokenBuffer {
        let buffer = TokenBuffer(bytes: bytes)
        var tokenizer = Tokenizer(bytes: bytes)
        while true {
            let token = tokenizer.next()
            if token.kind == .endOfInput { return buffer }
            buffer.tokens.append(token)
        }
    }

    /// Text of a token with escapes resolved.
    func text(_ token: Token) -> [UInt8] {
        let start = Int(token.start), end = Int(token.end)
        if !token.hasEscape { return Array(bytes[start..<end]) }
        return unescape(start, end, inString: token.kind == .string)
    }
    func string(_ token: Token) -> String { String(decoding: text(token), as: UTF8.self) }
    /// Text in ASCII lower case.
    func lowercaseString(_ token: Token) -> String {
        var text = text(token)
        for i in text.indices { text[i] = asciiLower(text[i]) }
        return String(decoding: text, as: UTF8.self)
    }

    private func unescape(_ start: Int, _ end: Int, inString: Bool) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(end - start)
        var i = start
        while i < end {
            let byte = bytes[i]
            i += 1
            guard byte == 0x5C else { out.append(byte); continue }
            guard i < end else { if !inString { appendScalar(0xFFFD, to: &out) }; break }
            if isNewline(bytes[i]) {                                    // a continued line in a string
                if bytes[i] == 0x0D, i + 1 < end, bytes[i + 1] == 0x0A { i += 1 }
                i += 1
                continue
            }
            guard hexValue(bytes[i]) != nil else { out.append(bytes[i]); i += 1; continue }
            var scalar: UInt32 = 0, digits = 0
            while i < end, digits < 6, let digit = hexValue(bytes[i]) { scalar = scalar << 4 | UInt32(digit); digits += 1; i += 1 }
            if i < end, isWhitespace(bytes[i]) {
                if bytes[i] == 0x0D, i + 1 < end, bytes[i + 1] == 0x0A { i += 1 }
                i += 1
            }
            appendScalar(scalar == 0 ? 0xFFFD : scalar, to: &out)
        }
        return out
    }
}

/// Appends a code point as UTF-8; surrogates and values out of range become U+FFFD.
func appendScalar(_ value: UInt32, to out: inout [UInt8]) {
    let v = value > 0x10FFFF || (value >= 0xD800 && value <= 0xDFFF) ? 0xFFFD : value
    if v < 0x80 { out.append(UInt8(v)); return }
    if v < 0x800 { out.append(UInt8(0xC0 | v >> 6)); out.append(UInt8(0x80 | v & 0x3F)); return }
    if v < 0x10000 { out.append(UInt8(0xE0 | v >> 12)) } else { out.append(UInt8(0xF0 | v >> 18)); out.append(UInt8(0x80 | v >> 12 & 0x3F)) }
    out.append(UInt8(0x80 | v >> 6 & 0x3F))
    out.append(UInt8(0x80 | v & 0x3F))
}

@inline(__always) func asciiLower(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }
@inline(__always) func isNewline(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D || byte == 0x0C }
@inline(__always) func isWhitespace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || isNewline(byte) }
@inline(__always) func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
@inline(__always) func isNameStart(_ byte: UInt8) -> Bool { (byte | 0x20 >= 0x61 && byte | 0x20 <= 0x7A) || byte == 0x5F || byte >= 0x80 }
@inline(__always) func isName(_ byte: UInt8) -> Bool { isNameStart(byte) || isDigit(byte) || byte == 0x2D }
func hexValue(_ byte: UInt8) -> UInt8? {
    if isDigit(byte) { return byte &- 0x30 }
    let lower = byte | 0x20
    return lower >= 0x61 && lower <= 0x66 ? lower &- 0x57 : nil
}
