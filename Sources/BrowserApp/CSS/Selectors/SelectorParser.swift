// Parser of selector lists (Selectors 4 §18). A list with an invalid selector is invalid as a whole, except inside :is() and :where().
import DOM

struct SelectorParser {
    let store: SelectorStore
    private var compounds: [[SelectorPart]] = []
    private var combinators: [PartKind] = []
    private var pseudo = PseudoElement.none
    private var specificity: (UInt32, UInt32, UInt32) = (0, 0, 0)

    /// What `&` stands for: a list of the store and its specificity; nil outside nested rules.
    struct Nesting { var list: Int32; var specificity: UInt32 }
    private let nesting: Nesting?

    init(store: SelectorStore, nesting: Nesting? = nil) { self.store = store; self.nesting = nesting }

    /// Parses a whole prelude; nil when it is invalid.
    static func parseList(_ cursor: TokenCursor, store: SelectorStore, nesting: Nesting? = nil) -> [CompiledSelector]? {
        var result: [CompiledSelector] = []
        for part in cursor.splitByCommas() {
            var parser = SelectorParser(store: store, nesting: nesting)
            guard let selector = parser.parseSelector(part, depth: 0) else { return nil }
            result.append(selector)
        }
        return result
    }

    /// `relativeTo`: what a selector that names no anchor itself is relative to.
    private mutating func parseSelector(_ cursor: TokenCursor, depth: Int, relativeTo: SelectorPart? = nil) -> CompiledSelector? {
        var cursor = cursor
        guard depth <= CSSLimits.selectorDepthMax, !cursor.isAtEnd else { return nil }
        if let relativeTo {
            cursor.skipWhitespace()
            compounds.append([relativeTo])
            combinators.append(cursor.takeDelimiter(0x3E) ? .child : cursor.takeDelimiter(0x2B) ? .nextSibling : cursor.takeDelimiter(0x7E) ? .laterSibling : .descendant)
            cursor.skipWhitespace()
        } else if depth == 0, let nesting, !containsAmpersand(cursor) || startsWithCombinator(cursor) {
            cursor.skipWhitespace()
            compounds.append([ampersand(nesting)])
            combinators.append(cursor.takeDelimiter(0x3E) ? .child : cursor.takeDelimiter(0x2B) ? .nextSibling : cursor.takeDelimiter(0x7E) ? .laterSibling : .descendant)
            cursor.skipWhitespace()
        }
        while true {
            guard let compound = parseCompound(&cursor, depth: depth) else { return nil }
            compounds.append(compound)
            guard let combinator = parseCombinator(&cursor) else { break }
            guard pseudo == .none, compounds.count < CSSLimits.selectorPartCountMax else { return nil }
            combinators.append(combinator)
        }
        guard cursor.isAtEnd, depth == 0 || pseudo == .none else { return nil }
        return emit()
    }

    private mutating func ampersand(_ nesting: Nesting) -> SelectorPart {
        specificity.0 += nesting.specificity >> 20; specificity.1 += nesting.specificity >> 10 & 1023; specificity.2 += nesting.specificity & 1023
        return SelectorPart(kind: .matchesAny, a: nesting.list)
    }
    private func containsAmpersand(_ cursor: TokenCursor) -> Bool {
        for i in cursor.index..<max(cursor.index, cursor.end) where cursor.buffer.tokens[i].kind == .delimiter && cursor.buffer.tokens[i].byte == 0x26 { return true }
        return false
    }
    private func startsWithCombinator(_ cursor: TokenCursor) -> Bool {
        var cursor = cursor
        cursor.skipWhitespace()
        return cursor.isDelimiter(0x3E) || cursor.isDelimiter(0x2B) || cursor.isDelimiter(0x7E)
    }

    /// White space was skipped by the cursor, so look back for it.
    private func parseCombinator(_ cursor: inout TokenCursor) -> PartKind? {
        if cursor.isAtEnd { return nil }
        if cursor.takeDelimiter(0x3E) { return .child }
        if cursor.takeDelimiter(0x2B) { return .nextSibling }
        if cursor.takeDelimiter(0x7E) { return .laterSibling }
        return cursor.index > 0 && cursor.buffer.tokens[cursor.index - 1].kind == .whitespace ? .descendant : nil
    }

    /// One compound; reads tokens without skipping white space, then skips it.
    private mutating func parseCompound(_ cursor: inout TokenCursor, depth: Int) -> [SelectorPart]? {
        var parts: [SelectorPart] = [], isFirst = true
        loop: while cursor.index < cursor.end {
            let token = cursor.buffer.tokens[cursor.index]
            switch token.kind {
            case .ident where isFirst:
                parts.append(SelectorPart(kind: .type, atom: atom(token, cursor, lower: true)))
                specificity.2 += 1
                cursor.index += 1
                if isBar(cursor) { return nil }                         // no namespace prefix is ever declared
            case .delimiter where token.byte == 0x2A && isFirst:
                cursor.index += 1
                if isBar(cursor) { cursor.index += 1; isFirst = true; continue loop }
            case .delimiter where token.byte == 0x26:
                parts.append(nesting.map { ampersand($0) } ?? SelectorPart(kind: .root))
                cursor.index += 1
            case .hash:
                guard token.byte == 1 else { return nil }
                parts.append(SelectorPart(kind: .id, atom: atom(token, cursor, lower: false)))
                specificity.0 += 1
                cursor.index += 1
            case .delimiter where token.byte == 0x2E:
                guard cursor.index + 1 < cursor.end, cursor.buffer.tokens[cursor.index + 1].kind == .ident else { return nil }
                parts.append(SelectorPart(kind: .class, atom: atom(cursor.buffer.tokens[cursor.index + 1], cursor, lower: false)))
                specificity.1 += 1
                cursor.index += 2
            case .openBracket:
                guard let part = parseAttribute(&cursor) else { return nil }
                parts.append(part)
                specificity.1 += 1
            case .colon:
                guard parsePseudo(&cursor, &parts, depth: depth) else { return nil }
            default: break loop
            }
            isFirst = false
            if pseudo != .none, token.kind != .colon { return nil }
            if parts.count > CSSLimits.selectorPartCountMax { return nil }
        }
        if isFirst { return nil }
        cursor.skipWhitespace()
        return parts
    }
    private func isBar(_ cursor: TokenCursor) -> Bool { cursor.index < cursor.end && cursor.isDelimiter(0x7C) }

    private func atom(_ token: Token, _ cursor: TokenCursor, lower: Bool) -> UInt32 {
        Atom(lower ? cursor.buffer.lowercaseString(token) : cursor.buffer.string(token)).raw
    }

    private mutating func parseAttribute(_ cursor: inout TokenCursor) -> SelectorPart? {
        let close = cursor.matchingClose(cursor.index)
        var inner = TokenCursor(cursor.buffer, cursor.index + 1, close)
        guard close < cursor.end || cursor.end == cursor.buffer.tokens.count else { return nil }
        cursor.index = min(close + 1, cursor.end)
        if inner.takeDelimiter(0x7C) {}
        guard inner.token.kind == .ident else { return nil }
        let name = inner.buffer.lowercaseString(inner.token)
        inner.advance()
        var part = SelectorPart(kind: .attributeExists, ignoresCase: SelectorParser.isCaseInsensitive(name), atom: Atom(name).raw)
        if inner.isAtEnd { return part }
        part.kind = .attributeEquals
        let operators: [(UInt8, PartKind)] = [(0x7E, .attributeIncludes), (0x7C, .attributeDash), (0x5E, .attributePrefix), (0x24, .attributeSuffix), (0x2A, .attributeSubstring)]
        for (byte, kind) in operators where inner.isDelimiter(byte) { part.kind = kind; inner.index += 1; break }
        guard inner.takeDelimiter(0x3D), inner.token.kind == .ident || inner.token.kind == .string else { return nil }
        part.a = Int32(store.strings.count)
        store.strings.append(inner.buffer.text(inner.token))
        inner.advance()
        if inner.take(.i) { part.ignoresCase = true } else if inner.take(.s) { part.ignoresCase = false }
        return inner.isAtEnd ? part : nil
    }
    /// Attributes whose values HTML compares case-insensitively in selectors (HTML §4.17.2), the common ones.
    private static func isCaseInsensitive(_ name: String) -> Bool {
        switch name {
        case "type", "align", "valign", "rel", "lang", "dir", "media", "method", "shape", "checked", "disabled", "selected", "readonly", "bgcolor", "color", "face", "charset", "http-equiv", "scope": return true
        default: return false
        }
    }

    private mutating func parsePseudo(_ cursor: inout TokenCursor, _ parts: inout [SelectorPart], depth: Int) -> Bool {
        cursor.index += 1
        guard cursor.index < cursor.end else { return false }
        if cursor.buffer.tokens[cursor.index].kind == .colon { cursor.index += 1; return parsePseudoElement(&cursor) }
        let token = cursor.token
        if token.kind == .function { return parseFunction(&cursor, &parts, depth: depth) }
        guard token.kind == .ident else { return false }
        if let keyword = cursor.keyword, [.before, .after, .firstLine, .firstLetter].contains(keyword) { return parsePseudoElement(&cursor) }
        guard let keyword = cursor.keyword, let kind = simplePseudo(keyword) else { return false }
        cursor.index += 1
        specificity.1 += 1
        parts.append(SelectorPart(kind: kind))
        noteState(kind)
        return pseudo == .none || kind.rawValue >= PartKind.hover.rawValue
    }
    private mutating func parsePseudoElement(_ cursor: inout TokenCursor) -> Bool {
        guard pseudo == .none, cursor.index < cursor.end else { return false }
        specificity.2 += 1
        if cursor.token.kind == .function {
            pseudo = .ignored
            cursor.index = min(cursor.matchingClose(cursor.index) + 1, cursor.end)
            return true
        }
        guard cursor.token.kind == .ident else { return false }
        switch cursor.keyword {
        case .before: pseudo = .before
        case .after: pseudo = .after
        case .marker: pseudo = .marker
        case .firstLine: pseudo = .firstLine
        case .firstLetter: pseudo = .firstLetter
        case .placeholder: pseudo = .placeholder
        case .selection, .backdrop: pseudo = .ignored
        default:
            let token = cursor.token                                    // -webkit- pseudo-elements are valid (Selectors 4 §3.7), others are not
            guard cursor.buffer.bytes[Int(token.start)] == 0x2D else { return false }
            pseudo = .ignored
        }
        cursor.index += 1
        return true
    }

    private func simplePseudo(_ keyword: Keyword) -> PartKind? {
        switch keyword {
        case .firstChild: return .firstChild
        case .lastChild: return .lastChild
        case .onlyChild: return .onlyChild
        case .firstOfType: return .firstOfType
        case .lastOfType: return .lastOfType
        case .onlyOfType: return .onlyOfType
        case .root: return .root
        case .empty: return .empty
        case .anyLink: return .anyLink
        case .link: return .link
        case .visited: return .visited
        case .hover: return .hover
        case .active: return .active
        case .focus: return .focus
        case .focusVisible: return .focusVisible
        case .focusWithin: return .focusWithin
        case .target: return .target
        case .checked: return .checked
        case .disabled: return .disabled
        case .enabled: return .enabled
        case .required: return .required
        case .optional: return .optional
        case .readWrite: return .readWrite
        case .readOnly: return .readOnly
        case .placeholderShown: return .placeholderShown
        case .indeterminate: return .indeterminate
        case .valid, .invalid, .inRange, .outOfRange, .default, .host: return .never
        default: return nil
        }
    }
    private func noteState(_ kind: PartKind) {
        switch kind {
        case .hover: store.usesState.insert(.hovered)
        case .active: store.usesState.insert(.active)
        case .focus: store.usesState.insert(.focused)
        case .focusVisible: store.usesState.insert(.focusVisible)
        case .focusWithin: store.usesState.insert(.focusWithin)
        case .target: store.usesState.insert(.target)
        case .checked, .indeterminate: store.usesState.insert(.checked)
        case .visited, .link: store.usesState.insert(.visited)
        default: break
        }
    }

    private mutating func parseFunction(_ cursor: inout TokenCursor, _ parts: inout [SelectorPart], depth: Int) -> Bool {
        guard let name = cursor.functionName else { return false }
        let close = cursor.matchingClose(cursor.index)
        var inner = TokenCursor(cursor.buffer, cursor.index + 1, close)
        cursor.index = min(close + 1, cursor.end)
        switch name {
        case .nthChild, .nthLastChild, .nthOfType, .nthLastOfType:
            guard let (a, b) = parseNth(&inner), inner.isAtEnd else { return false }
            let kind: PartKind = name == .nthChild ? .nthChild : name == .nthLastChild ? .nthLastChild : name == .nthOfType ? .nthOfType : .nthLastOfType
            parts.append(SelectorPart(kind: kind, a: a, b: b))
            specificity.1 += 1
        case .not: return parseNested(inner, .not, &parts, depth: depth, isForgiving: false, counts: true)
        case .is, .matches, .any: return parseNested(inner, .matchesAny, &parts, depth: depth, isForgiving: true, counts: true)
        case .where: return parseNested(inner, .matchesAny, &parts, depth: depth, isForgiving: true, counts: false)
        case .lang:
            guard inner.token.kind == .ident || inner.token.kind == .string else { return false }
            parts.append(SelectorPart(kind: .lang, a: Int32(store.strings.count)))
            store.strings.append(Array(inner.buffer.lowercaseString(inner.token).utf8))
            specificity.1 += 1
        case .has: return parseHas(inner, &parts, depth: depth)
        case .dir, .host:
            parts.append(SelectorPart(kind: .never))
            specificity.1 += 1
        default: return false
        }
        return true
    }
    private mutating func parseNested(_ inner: TokenCursor, _ kind: PartKind, _ parts: inout [SelectorPart], depth: Int, isForgiving: Bool, counts: Bool) -> Bool {
        var list: [CompiledSelector] = [], best: UInt32 = 0
        for piece in inner.splitByCommas() {
            var parser = SelectorParser(store: store, nesting: nesting)
            guard let selector = parser.parseSelector(piece, depth: depth + 1) else {
                if isForgiving { continue }
                return false
            }
            list.append(selector)
            best = max(best, selector.specificity)
        }
        if counts { specificity.0 += best >> 20; specificity.1 += best >> 10 & 1023; specificity.2 += best & 1023 }
        parts.append(SelectorPart(kind: kind, a: Int32(store.lists.count)))
        store.lists.append(list)
        return true
    }

    /// :has() (Selectors 4 §4.5): selectors relative to the element. They may not nest.
    private mutating func parseHas(_ inner: TokenCursor, _ parts: inout [SelectorPart], depth: Int) -> Bool {
        var below: [CompiledSelector] = [], aside: [CompiledSelector] = [], best: UInt32 = 0
        for piece in inner.splitByCommas() {
            var start = piece
            start.skipWhitespace()
            let looksAside = start.isDelimiter(0x2B) || start.isDelimiter(0x7E)
            var parser = SelectorParser(store: store, nesting: nesting)
            guard let selector = parser.parseSelector(piece, depth: depth + 1, relativeTo: SelectorPart(kind: .scope)) else { return false }
            if looksAside { aside.append(selector) } else { below.append(selector) }
            best = max(best, selector.specificity)
        }
        specificity.0 += best >> 20; specificity.1 += best >> 10 & 1023; specificity.2 += best & 1023
        var part = SelectorPart(kind: .has, a: Int32(store.lists.count))
        if below.isEmpty { part.b = 1; store.lists.append(aside) } else if aside.isEmpty { store.lists.append(below) } else {
            // Both kinds: either may match.
            store.lists.append(below); store.lists.append(aside)
            let first = anonymous(SelectorPart(kind: .has, a: part.a)), second = anonymous(SelectorPart(kind: .has, a: part.a + 1, b: 1))
            part = SelectorPart(kind: .matchesAny, a: Int32(store.lists.count))
            store.lists.append([first, second])
        }
        parts.append(part)
        return true
    }
    private func anonymous(_ part: SelectorPart) -> CompiledSelector {
        store.parts.append(part)
        return CompiledSelector(start: UInt32(store.parts.count - 1), end: UInt32(store.parts.count), specificity: 0)
    }

    /// an+b (CSS Syntax 3 §6) from the token shapes it takes.
    private func parseNth(_ inner: inout TokenCursor) -> (Int32, Int32)? {
        if inner.take(.even) { return (2, 0) }
        if inner.take(.odd) { return (2, 1) }
        let token = inner.token
        if token.kind == .number, token.isInteger { inner.advance(); return (0, Int32(clamping: token.number >> 16)) }
        var text: [UInt8] = []                                          // gather the few tokens as text without white space
        while !inner.isAtEnd, text.count < 64 {
            let t = inner.token
            guard t.kind == .ident || t.kind == .dimension || t.kind == .number || t.kind == .delimiter else { break }
            if t.kind == .number, !t.isSigned, let last = text.last, last != 0x2B, last != 0x2D { return nil }
            for byte in inner.buffer.bytes[Int(t.sourceStart)..<Int(t.sourceEnd)] { text.append(asciiLower(byte)) }
            inner.advance()
        }
        return SelectorParser.nth(text)
    }
    private static func nth(_ text: [UInt8]) -> (Int32, Int32)? {
        guard let n = text.firstIndex(of: 0x6E) else { return nil }
        let head = text[..<n], tail = text[(n + 1)...]
        guard let a = head.isEmpty || head.elementsEqual([0x2B]) ? 1 : head.elementsEqual([0x2D]) ? -1 : signed(head) else { return nil }
        if tail.isEmpty { return (a, 0) }
        guard tail.first == 0x2B || tail.first == 0x2D, let b = signed(tail) else { return nil }
        return (a, b)
    }
    private static func signed(_ text: ArraySlice<UInt8>) -> Int32? {
        var digits = text, isNegative = false
        if let sign = digits.first, sign == 0x2B || sign == 0x2D { isNegative = sign == 0x2D; digits = digits.dropFirst() }
        guard !digits.isEmpty else { return nil }
        var value: Int64 = 0
        for byte in digits { guard isDigit(byte) else { return nil }; value = min(value * 10 + Int64(byte - 0x30), 1 << 30) }
        return Int32(isNegative ? -value : value)
    }

    /// Writes the parts right to left and the ancestor hashes.
    private func emit() -> CompiledSelector {
        let start = UInt32(store.parts.count)
        var hashes: [UInt32] = [], isAncestor = false
        for i in stride(from: compounds.count - 1, through: 0, by: -1) {
            if isAncestor {
                for part in compounds[i] where hashes.count < 3 && (part.kind == .class || part.kind == .id || part.kind == .type) { hashes.append(ancestorHash(part.kind, part.atom)) }
            }
            store.parts.append(contentsOf: compounds[i])
            guard i > 0 else { break }
            let combinator = combinators[i - 1]
            isAncestor = combinator == .descendant || combinator == .child
            store.parts.append(SelectorPart(kind: combinator))
        }
        while hashes.count < 3 { hashes.append(0) }
        let packed = min(specificity.0, 1023) << 20 | min(specificity.1, 1023) << 10 | min(specificity.2, 1023)
        return CompiledSelector(start: start, end: UInt32(store.parts.count), specificity: packed, pseudo: pseudo, ancestors: (hashes[0], hashes[1], hashes[2]))
    }
}
