// The rule parser of CSS Syntax 3 §5 with its error recovery. It pulls tokens from the tokenizer and keeps only those of the
// construct at hand, so memory stays in proportion to the longest prelude or value. Nested style rules (CSS Nesting 1) end the
// declarations before them: those become a rule of their own.

struct SheetParser {
    private let sheet: StyleSheet
    private var tokenizer: Tokenizer
    private let buffer: TokenBuffer
    private var token: Token
    private let isQuirks: Bool
    /// @import is allowed until the first other rule.
    private var allowsImports = true
    /// Parsing a bare declaration list, in which a closing brace is ordinary junk.
    private var isList = false

    init(sheet: StyleSheet, bytes: [UInt8], isQuirks: Bool) {
        var start = 0
        if bytes.count >= 3, bytes[0] == 0xEF, bytes[1] == 0xBB, bytes[2] == 0xBF { start = 3 }
        self.sheet = sheet
        self.isQuirks = isQuirks
        buffer = TokenBuffer(bytes: bytes)
        tokenizer = Tokenizer(bytes: bytes, from: start)
        token = Token(kind: .endOfInput)
        token = tokenizer.next()
    }

    mutating func parse() { parseRules(depth: 0, condition: -1, layer: 0) }

    mutating func parseDeclarationList() { isList = true; parseBlock(condition: -1, layer: 0, selectors: []) }

    private mutating func advance() { token = tokenizer.next() }
    private mutating func skipWhitespace() { while token.kind == .whitespace { advance() } }

    // §5.4.1 Consume a stylesheet's contents; with depth > 0 the contents of a conditional block, up to its brace.
    private mutating func parseRules(depth: Int, condition: Int32, layer: UInt16) {
        while true {
            switch token.kind {
            case .endOfInput: return
            case .whitespace: advance()
            case .cdo, .cdc:
                if depth == 0 { advance() } else { qualifiedRule(depth: depth, condition: condition, layer: layer) }
            case .closeBrace where depth > 0: advance(); return
            case .atKeyword: atRule(depth: depth, condition: condition, layer: layer)
            default: qualifiedRule(depth: depth, condition: condition, layer: layer)
            }
        }
    }

    private enum PreludeEnd { case brace, semicolon, closeBrace, endOfInput }

    /// Collects tokens up to a top-level `{` (or `;` for at-rules). The ending token is consumed, except a block's closing brace.
    private mutating func collectPrelude(depth: Int, stopsAtSemicolon: Bool) -> PreludeEnd {
        buffer.tokens.removeAll(keepingCapacity: true)
        var closers: [TokenKind] = []
        while true {
            switch token.kind {
            case .endOfInput: return .endOfInput
            case .openBrace where closers.isEmpty: advance(); return .brace
            case .semicolon where closers.isEmpty && stopsAtSemicolon: advance(); return .semicolon
            case .closeBrace where closers.isEmpty && depth > 0: return .closeBrace
            default: collect(&closers)
            }
        }
    }
    /// Keeps the current token (within the limit), follows brackets, and advances.
    private mutating func collect(_ closers: inout [TokenKind]) {
        switch token.kind {
        case .function, .openParen: closers.append(.closeParen)
        case .openBracket: closers.append(.closeBracket)
        case .openBrace: closers.append(.closeBrace)
        case .closeParen, .closeBracket, .closeBrace: if closers.last == token.kind { closers.removeLast() }
        default: break
        }
        if buffer.tokens.count <= CSSLimits.valueTokenCountMax { buffer.tokens.append(token) }
        advance()
    }

    // §5.4.3
    private mutating func qualifiedRule(depth: Int, condition: Int32, layer: UInt16) {
        allowsImports = false
        guard collectPrelude(depth: depth, stopsAtSemicolon: false) == .brace else { sheet.droppedCount += 1; return }
        let isTooLong = buffer.tokens.count > CSSLimits.valueTokenCountMax || sheet.rules.count >= CSSLimits.ruleCountMax
        if !isTooLong, let selectors = SelectorParser.parseList(TokenCursor(buffer), store: sheet.store) {
            parseBlock(condition: condition, layer: layer, selectors: selectors)
        } else {
            sheet.droppedCount += 1
            skipBlock()
        }
    }

    /// Declarations up to the closing brace, as one rule of these selectors; nested rules split it.
    private mutating func parseBlock(condition: Int32, layer: UInt16, selectors: [CompiledSelector], depth: Int = 0) {
        var firstDeclaration = sheet.declarations.count, firstCustom = sheet.customs.count
        while true {
            let step = parseDeclaration()
            if step == .stored { continue }
            addRule(firstDeclaration, firstCustom, condition, layer, selectors)
            if step == .end { return }
            nestedRule(step, condition: condition, layer: layer, selectors: selectors, depth: depth)
            firstDeclaration = sheet.declarations.count; firstCustom = sheet.customs.count
        }
    }
    private func addRule(_ firstDeclaration: Int, _ firstCustom: Int, _ condition: Int32, _ layer: UInt16, _ selectors: [CompiledSelector]) {
        if sheet.declarations.count == firstDeclaration, sheet.customs.count == firstCustom { return }
        let rule = UInt32(sheet.rules.count)
        var hasImportant = false
        for i in firstDeclaration..<sheet.declarations.count where sheet.declarations[i].isImportant { hasImportant = true }
        for i in firstCustom..<sheet.customs.count where sheet.customs[i].isImportant { hasImportant = true }
        sheet.rules.append(StyleRule(declarations: firstDeclaration..<sheet.declarations.count, customs: firstCustom..<sheet.customs.count,
                                     condition: condition, layer: layer, hasImportant: hasImportant))
        for selector in selectors {
            var selector = selector
            selector.rule = rule
            sheet.store.selectors.append(selector)
        }
    }
    /// The prelude is in the buffer and the opening brace is consumed.
    private mutating func nestedRule(_ step: Step, condition: Int32, layer: UInt16, selectors: [CompiledSelector], depth: Int) {
        guard depth < CSSLimits.blockDepthMax, buffer.tokens.count <= CSSLimits.valueTokenCountMax, sheet.rules.count < CSSLimits.ruleCountMax, !isList else { sheet.droppedCount += 1; skipBlock(); return }
        let prelude = TokenCursor(buffer)
        switch step {
        case .media where sheet.conditions.count < CSSLimits.conditionCountMax:
            sheet.conditions.append(StyleCondition(query: MediaQueryList(prelude), parent: condition))
            parseBlock(condition: Int32(sheet.conditions.count - 1), layer: layer, selectors: selectors, depth: depth + 1)
        case .supports:
            var cursor = prelude
            if cursor.supportsCondition(depth: 0, isQuirks: isQuirks) == true, cursor.isAtEnd { parseBlock(condition: condition, layer: layer, selectors: selectors, depth: depth + 1) } else { skipBlock() }
        case .nested:
            var best: UInt32 = 0
            for selector in selectors { best = max(best, selector.specificity) }
            sheet.store.lists.append(selectors)
            let nesting = SelectorParser.Nesting(list: Int32(sheet.store.lists.count - 1), specificity: best)
            if let inner = SelectorParser.parseList(prelude, store: sheet.store, nesting: nesting) { parseBlock(condition: condition, layer: layer, selectors: inner, depth: depth + 1) }
            else { sheet.droppedCount += 1; skipBlock() }
        default: skipBlock()
        }
    }
    private mutating func skipBlock() {
        var closers: [TokenKind] = [.closeBrace]
        while token.kind != .endOfInput, !closers.isEmpty {
            switch token.kind {
            case .function, .openParen: closers.append(.closeParen)
            case .openBracket: closers.append(.closeBracket)
            case .openBrace: closers.append(.closeBrace)
            case .closeParen, .closeBracket, .closeBrace: if closers.last == token.kind { closers.removeLast() }
            default: break
            }
            advance()
        }
    }

    /// What stands next in a block. `nested`, `media` and `supports` leave their prelude in the buffer, behind their opening brace.
    private enum Step { case end, stored, nested, media, supports }

    // §5.4.4, §5.4.6: one declaration; `end` at the end of the block (its brace is consumed).
    private mutating func parseDeclaration() -> Step {
        while token.kind == .whitespace || token.kind == .semicolon { advance() }
        switch token.kind {
        case .endOfInput: return .end
        case .closeBrace where !isList: advance(); return .end
        case .atKeyword: return nestedAtRule()
        default: break
        }
        buffer.tokens.removeAll(keepingCapacity: true)
        var closers: [TokenKind] = []
        let isCustom = isCustomName(token)
        while token.kind != .endOfInput {
            if closers.isEmpty {
                if token.kind == .semicolon || (token.kind == .closeBrace && !isList) { break }
                if token.kind == .openBrace, !isCustom { advance(); return .nested }
            }
            collect(&closers)
        }
        if !storeDeclaration(isCustom: isCustom) { sheet.droppedCount += 1 }
        return .stored
    }
    private mutating func nestedAtRule() -> Step {
        let name = Keyword.names.index(of: token, in: buffer).flatMap { Keyword(rawValue: UInt16($0)) }
        guard !isList, name == .media || name == .supports else { skipAtRule(); return .stored }
        advance()
        return collectPrelude(depth: 1, stopsAtSemicolon: true) == .brace ? (name == .media ? .media : .supports) : .stored
    }
    private func isCustomName(_ token: Token) -> Bool {
        token.kind == .ident && token.end - token.start > 2 && buffer.bytes[Int(token.start)] == 0x2D && buffer.bytes[Int(token.start) + 1] == 0x2D
    }
    private mutating func skipAtRule() {
        var closers: [TokenKind] = []
        while token.kind != .endOfInput {
            if closers.isEmpty {
                if token.kind == .semicolon { advance(); return }
                if token.kind == .closeBrace, !isList { return }
                if token.kind == .openBrace { advance(); skipBlock(); return }
            }
            switch token.kind {
            case .function, .openParen: closers.append(.closeParen)
            case .openBracket: closers.append(.closeBracket)
            case .openBrace: closers.append(.closeBrace)
            case .closeParen, .closeBracket, .closeBrace: if closers.last == token.kind { closers.removeLast() }
            default: break
            }
            advance()
        }
    }

    /// Parses the collected tokens as `name : value [!important]`.
    private mutating func storeDeclaration(isCustom: Bool) -> Bool {
        let tokens = buffer.tokens
        guard tokens.count >= 2, tokens.count <= CSSLimits.valueTokenCountMax, tokens[0].kind == .ident else { return false }
        var start = 1
        while start < tokens.count, tokens[start].kind == .whitespace { start += 1 }
        guard start < tokens.count, tokens[start].kind == .colon else { return false }
        start += 1
        while start < tokens.count, tokens[start].kind == .whitespace { start += 1 }
        var end = trimmedEnd(tokens.count, start)
        let isImportant = takeImportant(&end, start)
        if isCustom { return storeCustom(tokens[0], start, end, isImportant) }
        guard start < end, let property = PropertyParser.property(tokens[0], in: buffer) else {
            guard start < end, SVGProperties.names.index(of: tokens[0], in: buffer) != nil else { return false }
            return storeCustom(tokens[0], start, end, isImportant)
        }
        var parser = PropertyParser(buffer: buffer, baseURL: sheet.baseURL)
        parser.isImportant = isImportant
        parser.isQuirks = isQuirks
        guard parser.parse(property, start, end) else { return false }
        sheet.declarations.append(contentsOf: parser.declarations)
        return true
    }
    private func trimmedEnd(_ end: Int, _ start: Int) -> Int {
        var end = end
        while end > start, buffer.tokens[end - 1].kind == .whitespace { end -= 1 }
        return end
    }
    private func takeImportant(_ end: inout Int, _ start: Int) -> Bool {
        guard end - start >= 2 else { return false }
        let last = buffer.tokens[end - 1]
        guard last.kind == .ident, Keyword.names.index(of: last, in: buffer) == Int(Keyword.important.rawValue) else { return false }
        let bang = trimmedEnd(end - 1, start) - 1
        guard bang >= start, buffer.tokens[bang].kind == .delimiter, buffer.tokens[bang].byte == 0x21 else { return false }
        end = trimmedEnd(bang, start)
        return true
    }
    private func storeCustom(_ name: Token, _ start: Int, _ end: Int, _ isImportant: Bool) -> Bool {
        var text: [UInt8] = []
        if start < end { text = Array(buffer.bytes[Int(buffer.tokens[start].sourceStart)..<Int(buffer.tokens[end - 1].sourceEnd)]) }
        guard text.count <= CSSLimits.substitutedByteCountMax else { return false }
        for i in start..<max(start, end) where buffer.tokens[i].kind == .badString || buffer.tokens[i].kind == .badURL { return false }
        sheet.customs.append(CustomDeclaration(name: buffer.bytes[Int(name.start)] == 0x2D ? buffer.string(name) : buffer.lowercaseString(name), isImportant: isImportant, text: text))
        return true
    }

    // §5.4.2 and the at-rules by name.
    private mutating func atRule(depth: Int, condition: Int32, layer: UInt16) {
        let name = Keyword.names.index(of: token, in: buffer).flatMap { Keyword(rawValue: UInt16($0)) }
        advance()
        let end = collectPrelude(depth: depth, stopsAtSemicolon: true)
        let prelude = TokenCursor(buffer)
        if name == .import, end != .brace, allowsImports, depth == 0 { importRule(prelude); return }
        if name == .layer, end != .brace { for part in prelude.splitByCommas() { _ = layerIndex(part, inside: layer) }; return }
        if name != .charset, name != .layer { allowsImports = false }
        guard end == .brace else { return }
        guard depth < CSSLimits.blockDepthMax, buffer.tokens.count <= CSSLimits.valueTokenCountMax else { sheet.droppedCount += 1; skipBlock(); return }
        switch name {
        case .media where sheet.conditions.count < CSSLimits.conditionCountMax:
            sheet.conditions.append(StyleCondition(query: MediaQueryList(prelude), parent: condition))
            parseRules(depth: depth + 1, condition: Int32(sheet.conditions.count - 1), layer: layer)
        case .supports:
            var cursor = prelude
            if cursor.supportsCondition(depth: 0, isQuirks: isQuirks) == true, cursor.isAtEnd { parseRules(depth: depth + 1, condition: condition, layer: layer) } else { skipBlock() }
        case .layer: parseRules(depth: depth + 1, condition: condition, layer: layerIndex(prelude, inside: layer))
        default: skipBlock()
        }
    }

    private mutating func importRule(_ prelude: TokenCursor) {
        var cursor = prelude
        var url: String?
        if cursor.token.kind == .string { url = buffer.string(cursor.token); cursor.advance() }
        else if cursor.token.kind == .url { url = buffer.string(cursor.token); cursor.advance() }
        else if cursor.functionName == .url {
            let inner = cursor.enterBlock()
            if inner.token.kind == .string { url = buffer.string(inner.token) }
        }
        guard let url, !url.isEmpty, sheet.imports.count < CSSLimits.listCountMax else { sheet.droppedCount += 1; return }
        if cursor.keyword == .layer { cursor.advance() } else if cursor.functionName == .layer { _ = cursor.enterBlock() }
        if cursor.functionName == .supports {
            var inner = cursor.enterBlock()
            if inner.supportsCondition(depth: 0, isQuirks: isQuirks) != true, !inner.supportsDeclaration(isQuirks: isQuirks) { return }
        }
        sheet.imports.append(ImportRule(url: RelativeURL.resolve(url, base: sheet.baseURL), media: MediaQueryList(cursor)))
    }

    /// Number of the layer of this name, created on first use; an anonymous layer is always new.
    private func layerIndex(_ cursor: TokenCursor, inside outer: UInt16) -> UInt16 {
        var name = outer > 0 ? sheet.layers[Int(outer) - 1] + "." : ""
        if cursor.isAtEnd { name += "\u{1}" + "\(sheet.layers.count)" }
        for i in cursor.index..<max(cursor.index, cursor.end) where buffer.tokens[i].kind != .whitespace {
            name += buffer.tokens[i].kind == .ident ? buffer.string(buffer.tokens[i]) : "."
        }
        if let found = sheet.layers.firstIndex(of: name) { return UInt16(found + 1) }
        guard sheet.layers.count < 1024 else { return outer }
        sheet.layers.append(name)
        return UInt16(sheet.layers.count)
    }
}

// @supports (CSS Conditional 3 §6): declarations are tried with the property parser, selectors with the selector parser.
extension TokenCursor {
    mutating func supportsCondition(depth: Int, isQuirks: Bool) -> Bool? {
        guard depth < CSSLimits.mathDepthMax else { return nil }
        if take(.not) { return supportsInParens(depth: depth, isQuirks: isQuirks).map { !$0 } }
        guard var result = supportsInParens(depth: depth, isQuirks: isQuirks) else { return nil }
        while keyword == .and || keyword == .or {
            let isAnd = keyword == .and
            advance()
            guard let next = supportsInParens(depth: depth, isQuirks: isQuirks) else { return nil }
            result = isAnd ? result && next : result || next
        }
        return result
    }
    private mutating func supportsInParens(depth: Int, isQuirks: Bool) -> Bool? {
        if token.kind == .function {
            let isSelector = functionName == .selector
            let inner = enterBlock()
            return isSelector && SelectorParser.parseList(inner, store: SelectorStore()) != nil
        }
        guard token.kind == .openParen else { return nil }
        let inner = enterBlock()
        if inner.token.kind == .openParen || inner.keyword == .not || inner.token.kind == .function {
            var nested = inner
            return nested.supportsCondition(depth: depth + 1, isQuirks: isQuirks)
        }
        var declaration = inner
        return declaration.supportsDeclaration(isQuirks: isQuirks)
    }
    mutating func supportsDeclaration(isQuirks: Bool) -> Bool {
        let name = token
        guard name.kind == .ident else { return false }
        advance()
        guard take(.colon), index < end else { return false }
        if name.end - name.start > 2, buffer.bytes[Int(name.start)] == 0x2D, buffer.bytes[Int(name.start) + 1] == 0x2D { return true }
        guard let property = PropertyParser.property(name, in: buffer) else { return false }
        var parser = PropertyParser(buffer: buffer, baseURL: "")
        parser.isQuirks = isQuirks
        return parser.parse(property, index, end)
    }
}
