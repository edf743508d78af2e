// The tokenizer of CSS Syntax 3 §4.3 over UTF-8 bytes. Every byte sequence is accepted; comments are dropped.
// Invariant: each call to `next` advances, so a sheet of n bytes costs O(n).

struct Tokenizer {
    private let bytes: [UInt8]
    private(set) var position: Int

    init(bytes: [UInt8], from start: Int = 0) { self.bytes = bytes; position = start }

    @inline(__always) private func peek(_ ahead: Int = 0) -> UInt8? {
        let index = position + ahead
        return index < bytes.count ? bytes[index] : nil
    }

    // §4.3.1
    mutating func next() -> Token {
        skipComments()
        let start = position
        var token = scan()
        token.sourceStart = UInt32(truncatingIfNeeded: start)
        token.sourceEnd = UInt32(truncatingIfNeeded: position)
        return token
    }
    private mutating func scan() -> Token {
        guard let byte = peek() else { return Token(kind: .endOfInput) }
        switch byte {
        case 0x20, 0x09, 0x0A, 0x0C, 0x0D: return whitespace()
        case 0x22, 0x27: return string(quote: byte)
        case 0x23: return hash()
        case 0x28: return single(.openParen)
        case 0x29: return single(.closeParen)
        case 0x2C: return single(.comma)
        case 0x3A: return single(.colon)
        case 0x3B: return single(.semicolon)
        case 0x5B: return single(.openBracket)
        case 0x5D: return single(.closeBracket)
        case 0x7B: return single(.openBrace)
        case 0x7D: return single(.closeBrace)
        case 0x2B, 0x2E: return startsNumber() ? numeric() : single(.delimiter)
        case 0x2D: return hyphen()
        case 0x3C:
            if peek(1) == 0x21, peek(2) == 0x2D, peek(3) == 0x2D { position += 4; return Token(kind: .cdo) }
            return single(.delimiter)
        case 0x40:
            guard startsIdent(1) else { return single(.delimiter) }
            position += 1
            return name(.atKeyword)
        case 0x5C: return isEscape(0) ? identLike() : single(.delimiter)
        case 0x30...0x39: return numeric()
        default: return isNameStart(byte) ? identLike() : single(.delimiter)
        }
    }

    private mutating func single(_ kind: TokenKind) -> Token {
        var token = Token(kind: kind)
        token.byte = bytes[position]
        position += 1
        return token
    }

    private mutating func skipComments() {                              // §4.3.2
        while peek() == 0x2F, peek(1) == 0x2A {
            position += 2
            while position < bytes.count, !(bytes[position] == 0x2A && peek(1) == 0x2F) { position += 1 }
            position = min(position + 2, bytes.count)
        }
    }
    private mutating func whitespace() -> Token {
        while let byte = peek(), isWhitespace(byte) { position += 1 }
        return Token(kind: .whitespace)
    }
    private mutating func string(quote: UInt8) -> Token {               // §4.3.5
        position += 1
        var token = Token(kind: .string)
        token.start = UInt32(truncatingIfNeeded: position)
        while let byte = peek(), byte != quote {
            if isNewline(byte) { token.kind = .badString; token.end = UInt32(truncatingIfNeeded: position); return token }
            if byte == 0x5C {
                token.hasEscape = true
                if peek(1) == 0x0D, peek(2) == 0x0A { position += 1 }
                if peek(1) != nil { position += 1 }
            }
            position += 1
        }
        token.end = UInt32(truncatingIfNeeded: position)
        if peek() != nil { position += 1 }
        return token
    }
    private mutating func hash() -> Token {
        guard let next = peek(1), isName(next) || isEscape(1) else { position += 1; var t = Token(kind: .delimiter); t.byte = 0x23; return t }
        let isIdent = startsIdent(1)
        position += 1
        var token = name(.hash)
        token.byte = isIdent ? 1 : 0
        return token
    }
    private mutating func hyphen() -> Token {
        if startsNumber() { return numeric() }
        if peek(1) == 0x2D, peek(2) == 0x3E { position += 3; return Token(kind: .cdc) }
        if startsIdent(0) { return identLike() }
        position += 1
        var token = Token(kind: .delimiter)
        token.byte = 0x2D
        return token
    }

    private func isEscape(_ ahead: Int) -> Bool {                       // §4.3.8
        guard peek(ahead) == 0x5C, let next = peek(ahead + 1) else { return false }
        return !isNewline(next)
    }
    private func startsIdent(_ ahead: Int) -> Bool {                    // §4.3.9
        guard let byte = peek(ahead) else { return false }
        if byte == 0x2D {
            guard let next = peek(ahead + 1) else { return false }
            return isNameStart(next) || next == 0x2D || isEscape(ahead + 1)
        }
        return isNameStart(byte) || isEscape(ahead)
    }
    private func startsNumber() -> Bool {                               // §4.3.10
        var ahead = 0
        if let sign = peek(), sign == 0x2B || sign == 0x2D { ahead = 1 }
        if let digit = peek(ahead), isDigit(digit) { return true }
        guard peek(ahead) == 0x2E, let digit = peek(ahead + 1) else { return false }
        return isDigit(digit)
    }

    private mutating func name(_ kind: TokenKind) -> Token {            // §4.3.11
        var token = Token(kind: kind)
        token.start = UInt32(truncatingIfNeeded: position)
        while let byte = peek() {
            if isName(byte) { position += 1; continue }
            guard isEscape(0) else { break }
            token.hasEscape = true
            position += 1
            skipEscape()
        }
        token.end = UInt32(truncatingIfNeeded: position)
        return token
    }
    private mutating func skipEscape() {
        guard let first = peek() else { return }
        guard hexValue(first) != nil else { position += 1; return }
        var digits = 0
        while digits < 6, let byte = peek(), hexValue(byte) != nil { position += 1; digits += 1 }
        if let byte = peek(), isWhitespace(byte) {
            if byte == 0x0D, peek(1) == 0x0A { position += 1 }
            position += 1
        }
    }
    private mutating func identLike() -> Token {                        // §4.3.4
        var token = name(.ident)
        guard peek() == 0x28 else { return token }
        position += 1
        token.kind = .function
        guard isURLName(token) else { return token }
        var ahead = 0
        while let byte = peek(ahead), isWhitespace(byte) { ahead += 1 }
        if let byte = peek(ahead), byte == 0x22 || byte == 0x27 { return token }
        position += ahead
        return unquotedURL()
    }
    private func isURLName(_ token: Token) -> Bool {
        let start = Int(token.start)
        return token.end - token.start == 3 && bytes[start] | 0x20 == 0x75 && bytes[start + 1] | 0x20 == 0x72 && bytes[start + 2] | 0x20 == 0x6C
    }
    private mutating func unquotedURL() -> Token {                      // §4.3.6
        var token = Token(kind: .url)
        token.start = UInt32(truncatingIfNeeded: position)
        while let byte = peek() {
            if byte == 0x29 { break }
            if isWhitespace(byte) {
                token.end = UInt32(truncatingIfNeeded: position)
                while let space = peek(), isWhitespace(space) { position += 1 }
                if peek() == nil || peek() == 0x29 { if peek() != nil { position += 1 }; return token }
                return badURL()
            }
            if byte == 0x22 || byte == 0x27 || byte == 0x28 || byte < 0x20 || byte == 0x7F { return badURL() }
            if byte == 0x5C {
                guard isEscape(0) else { return badURL() }
                token.hasEscape = true
                position += 1
                skipEscape()
            } else { position += 1 }
        }
        token.end = UInt32(truncatingIfNeeded: position)
        if peek() != nil { position += 1 }
        return token
    }
    private mutating func badURL() -> Token {                           // §4.3.14
        while let byte = peek(), byte != 0x29 {
            position += 1
            if byte == 0x5C, peek() != nil { position += 1 }
        }
        if peek() != nil { position += 1 }
        return Token(kind: .badURL)
    }

    private mutating func numeric() -> Token {                          // §4.3.3
        var token = number()
        if peek() == 0x25 { position += 1; token.kind = .percentage; return token }
        guard startsIdent(0) else { return token }
        let unit = name(.dimension)
        token.kind = .dimension
        token.start = unit.start; token.end = unit.end; token.hasEscape = unit.hasEscape
        return token
    }
    private mutating func number() -> Token {                           // §4.3.12, in fixed point
        var token = Token(kind: .number)
        token.isInteger = true
        var isNegative = false
        if let sign = peek(), sign == 0x2B || sign == 0x2D { token.isSigned = true; isNegative = sign == 0x2D; position += 1 }
        var mantissa: Int64 = 0, exponent = 0
        let mantissaMax: Int64 = 1_000_000_000_000_000
        while let byte = peek(), isDigit(byte) {
            if mantissa < mantissaMax { mantissa = mantissa * 10 + Int64(byte - 0x30) } else { exponent += 1 }
            position += 1
        }
        if peek() == 0x2E, let digit = peek(1), isDigit(digit) {
            token.isInteger = false
            position += 1
            while let byte = peek(), isDigit(byte) {
                if mantissa < mantissaMax { mantissa = mantissa * 10 + Int64(byte - 0x30); exponent -= 1 }
                position += 1
            }
        }
        exponent += self.exponent(&token)
        let value = scaledToFixed(mantissa, exponent)
        token.number = isNegative ? -value : value
        return token
    }
    private mutating func exponent(_ token: inout Token) -> Int {
        guard let e = peek(), e | 0x20 == 0x65 else { return 0 }
        var ahead = 1, isNegative = false
        if let sign = peek(1), sign == 0x2B || sign == 0x2D { ahead = 2; isNegative = sign == 0x2D }
        guard let digit = peek(ahead), isDigit(digit) else { return 0 }
        token.isInteger = false
        position += ahead
        var value = 0
        while let byte = peek(), isDigit(byte) { value = min(value * 10 + Int(byte - 0x30), 10_000); position += 1 }
        return isNegative ? -value : value
    }
}

/// mantissa × 10^exponent in 1/65536, saturating at 2^46.
func scaledToFixed(_ mantissa: Int64, _ exponent: Int) -> Int64 {
    let limit: Int64 = 1 << 46
    var value = mantissa, exponent = exponent
    while exponent > 0 {
        if value > limit { return limit }
        value *= 10
        exponent -= 1
        if value == 0 { return 0 }
    }
    while exponent < 0, value > 1 << 45 { value /= 10; exponent += 1 }   // room for the shift
    var divisor: Int64 = 1
    while exponent < 0 {
        if divisor >= 100_000_000_000_000_000 { return 0 }
        divisor *= 10
        exponent += 1
    }
    if value > limit { return limit }
    // value × 65536 / divisor, rounded, without overflow: value ≤ 2^46 so the product can need 62 bits.
    let whole = value / divisor, rest = value % divisor
    if whole > limit >> 16 { return limit }
    var fraction: Int64 = 0, remainder = rest
    for _ in 0..<16 {
        remainder *= 2
        fraction <<= 1
        if remainder >= divisor { remainder -= divisor; fraction |= 1 }
    }
    if remainder * 2 >= divisor { fraction += 1 }
    return (whole << 16) + fraction
}
