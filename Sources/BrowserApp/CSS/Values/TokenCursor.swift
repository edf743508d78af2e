// A cursor over the tokens of one declaration's value: the primitive reads that all property grammars use.

struct TokenCursor {
    let buffer: TokenBuffer
    var index: Int
    let end: Int

    init(_ buffer: TokenBuffer, _ start: Int, _ end: Int) { self.buffer = buffer; index = start; self.end = end; skipWhitespace() }
    init(_ buffer: TokenBuffer) { self.init(buffer, 0, buffer.tokens.count) }

    /// Current token; end of input past the end.
    var token: Token { index < end ? buffer.tokens[index] : Token(kind: .endOfInput) }
    var isAtEnd: Bool { index >= end }
    /// Advances past the current token and following white space.
    mutating func advance() { index += 1; skipWhitespace() }
    mutating func skipWhitespace() { while index < end, buffer.tokens[index].kind == .whitespace { index += 1 } }

    /// The keyword of the current token when it is an identifier.
    var keyword: Keyword? { token.kind == .ident ? name : nil }
    var functionName: Keyword? { token.kind == .function ? name : nil }
    /// Any named token's text as a keyword.
    var name: Keyword? {
        guard let raw = Keyword.names.index(of: token, in: buffer) else { return nil }
        return Keyword(rawValue: UInt16(raw))
    }
    mutating func take(_ keyword: Keyword) -> Bool {
        guard self.keyword == keyword else { return false }
        advance()
        return true
    }
    mutating func take(_ kind: TokenKind) -> Bool {
        guard token.kind == kind, !isAtEnd else { return false }
        advance()
        return true
    }
    func isDelimiter(_ byte: UInt8) -> Bool { token.kind == .delimiter && token.byte == byte }
    mutating func takeDelimiter(_ byte: UInt8) -> Bool {
        guard isDelimiter(byte) else { return false }
        advance()
        return true
    }

    /// TokenCursor over the arguments of the function (or bracket) at the current token; moves past its end.
    mutating func enterBlock() -> TokenCursor {
        let start = index + 1, close = matchingClose(index)
        index = close
        if index < end { index += 1 }
        skipWhitespace()
        return TokenCursor(buffer, start, close)
    }
    /// Index of the token that closes the bracket at `open`, or `end`.
    func matchingClose(_ open: Int) -> Int {
        var depth = 0, i = open
        while i < end {
            switch buffer.tokens[i].kind {
            case .function, .openParen, .openBracket, .openBrace: depth += 1
            case .closeParen, .closeBracket, .closeBrace:
                depth -= 1
                if depth == 0 { return i }
            default: break
            }
            i += 1
        }
        return end
    }
    /// The pieces between top-level commas, from the current position to the end.
    func splitByCommas() -> [TokenCursor] {
        var parts: [TokenCursor] = [], start = index, i = index
        while i < end {
            switch buffer.tokens[i].kind {
            case .function, .openParen, .openBracket, .openBrace: i = matchingClose(i)
            case .comma: parts.append(TokenCursor(buffer, start, i)); start = i + 1
            default: break
            }
            if parts.count >= CSSLimits.listCountMax { return parts }
            i += 1
        }
        parts.append(TokenCursor(buffer, start, end))
        return parts
    }
}
