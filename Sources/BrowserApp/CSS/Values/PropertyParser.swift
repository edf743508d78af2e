// Parsing of declarations: property name and tokens → typed longhand declarations. Regular longhands here; others in
// LonghandGrammar.swift and ShorthandGrammar.swift. Invariant: an invalid value adds nothing.
import Graphics

struct PropertyParser {
    let buffer: TokenBuffer
    let baseURL: String
    var isImportant = false
    var isQuirks = false
    /// Longhand declarations in the order found.
    var declarations: [Declaration] = []

    init(buffer: TokenBuffer, baseURL: String) { self.buffer = buffer; self.baseURL = baseURL }

    /// Property of a name token; nil when unknown.
    static func property(_ token: Token, in buffer: TokenBuffer) -> PropertyID? {
        guard let index = PropertyID.names.index(of: token, in: buffer) else { return nil }
        if index < PropertyID.namedCount { return PropertyID(rawValue: UInt8(index)) }
        return PropertyID.aliases[index - PropertyID.namedCount]
    }

    /// Parses tokens[start..<end] as the value of `property`; false when invalid.
    mutating func parse(_ property: PropertyID, _ start: Int, _ end: Int) -> Bool {
        var cursor = TokenCursor(buffer, start, end)
        let before = declarations.count
        guard !cursor.isAtEnd, end - start <= CSSLimits.valueTokenCountMax else { return false }
        if containsVariable(start, end) {
            let from = Int(buffer.tokens[start].sourceStart), to = Int(buffer.tokens[end - 1].sourceEnd)
            let pending = PendingValue(text: Array(buffer.bytes[from..<to]), written: property, baseURL: baseURL)
            for longhand in property.longhands { add(longhand, .pending(pending)) }
            return true
        }
        if let global = globalKeyword(cursor) {
            for longhand in property.longhands { add(longhand, global) }
            return true
        }
        let isValid: Bool
        if property.isShorthand {
            isValid = shorthand(property, &cursor)
        } else if let value = longhand(property, &cursor) {
            add(property, value)
            isValid = true
        } else { isValid = false }
        if isValid, cursor.isAtEnd { return true }
        declarations.removeLast(declarations.count - before)
        return false
    }

    mutating func add(_ property: PropertyID, _ value: Value) {
        declarations.append(Declaration(property: property, isImportant: isImportant, value: value))
    }

    private func globalKeyword(_ cursor: TokenCursor) -> Value? {
        var rest = cursor
        guard let keyword = rest.keyword else { return nil }
        rest.advance()
        guard rest.isAtEnd else { return nil }
        switch keyword {
        case .inherit: return .inherit
        case .initial: return .initial
        case .unset: return .unset
        case .revert, .revertLayer: return .revert
        default: return nil
        }
    }
    private func containsVariable(_ start: Int, _ end: Int) -> Bool {
        for i in start..<end where buffer.tokens[i].kind == .function {
            let token = buffer.tokens[i]
            guard token.end - token.start == 3 else { continue }
            let s = Int(token.start)
            if asciiLower(buffer.bytes[s]) == 0x76, asciiLower(buffer.bytes[s + 1]) == 0x61, asciiLower(buffer.bytes[s + 2]) == 0x72 { return true }
        }
        return false
    }

    /// One longhand's value at the cursor.
    mutating func longhand(_ property: PropertyID, _ cursor: inout TokenCursor) -> Value? {
        switch property.grammar {
        case .keywords(let choices): return choice(choices, &cursor) ?? keywordSynonym(property, &cursor)
        case .length(let options): return lengthValue(options, &cursor)
        case .borderWidth: return borderWidth(&cursor)
        case .color: return colorValue(&cursor)
        case .alignment: return alignment(&cursor)
        case .custom: return customLonghand(property, &cursor)
        }
    }

    func choice(_ choices: [Keyword], _ cursor: inout TokenCursor) -> Value? {
        guard let keyword = cursor.keyword, let index = choices.firstIndex(of: keyword) else { return nil }
        cursor.advance()
        return .enumeration(UInt8(truncatingIfNeeded: index))
    }
    private func keywordSynonym(_ property: PropertyID, _ cursor: inout TokenCursor) -> Value? {
        guard let keyword = cursor.keyword else { return nil }
        let raw: UInt8
        switch (property, keyword) {
        case (.float, .inlineStart), (.clear, .inlineStart): raw = FloatSide.left.rawValue
        case (.float, .inlineEnd), (.clear, .inlineEnd): raw = FloatSide.right.rawValue
        case (.textAlign, .matchParent): raw = TextAlign.start.rawValue
        case (.textAlign, .mozCenter): raw = TextAlign.webkitCenter.rawValue
        case (.overflowX, .overlay), (.overflowY, .overlay): raw = Overflow.auto.rawValue
        default: return nil
        }
        cursor.advance()
        return .enumeration(raw)
    }
    func lengthValue(_ options: LengthOptions, _ cursor: inout TokenCursor) -> Value? {
        if let length = cursor.length(options, allowUnitless: isQuirks) { return length }
        guard let keyword = cursor.keyword, isLengthKeyword(keyword, options) else { return nil }
        cursor.advance()
        return .keyword(keyword)
    }
    private func isLengthKeyword(_ keyword: Keyword, _ options: LengthOptions) -> Bool {
        switch keyword {
        case .auto: return options.contains(.auto)
        case .none: return options.contains(.noneIsAuto)
        case .normal: return options.contains(.normalIsZero)
        case .content: return options.contains(.content)
        case .minContent, .maxContent, .fitContent, .webkitMinContent, .webkitMaxContent, .webkitFitContent, .webkitFillAvailable, .stretch, .mozAvailable:
            return options.contains(.sizes)
        default: return false
        }
    }
    func borderWidth(_ cursor: inout TokenCursor) -> Value? {
        if let keyword = cursor.keyword, keyword == .thin || keyword == .medium || keyword == .thick {
            cursor.advance()
            return .keyword(keyword)
        }
        return cursor.length(.noPercent, allowUnitless: isQuirks)
    }
    func colorValue(_ cursor: inout TokenCursor) -> Value? {
        if let color = cursor.color() { return .color(color) }
        guard isQuirks else { return nil }
        return quirkColor(&cursor)
    }
    /// The hashless hex colour quirk (Quirks Mode §3.1): 3 or 6 digits.
    private func quirkColor(_ cursor: inout TokenCursor) -> Value? {
        let token = cursor.token
        guard token.kind == .number || token.kind == .dimension || token.kind == .ident else { return nil }
        let text = Array(buffer.bytes[Int(token.sourceStart)..<Int(token.sourceEnd)])
        guard text.count == 3 || text.count == 6, let color = hexColor(text) else { return nil }
        cursor.advance()
        return .color(.color(color))
    }
    func alignment(_ cursor: inout TokenCursor) -> Value? {
        if cursor.take(.safe) || cursor.take(.unsafe) || cursor.take(.first) || cursor.take(.last) {}
        if cursor.take(.selfStart) { return .enumeration(BoxAlignment.start.rawValue) }
        if cursor.take(.selfEnd) { return .enumeration(BoxAlignment.end.rawValue) }
        return choice(KeywordChoices.alignment, &cursor)
    }
}

extension PropertyID {
    var isShorthand: Bool { Int(rawValue) >= PropertyID.longhandCount }
    var isInherited: Bool { Int(rawValue) < PropertyID.inheritedCount }

    static let marginSides: [PropertyID] = [.marginTop, .marginRight, .marginBottom, .marginLeft]
    static let paddingSides: [PropertyID] = [.paddingTop, .paddingRight, .paddingBottom, .paddingLeft]
    static let insetSides: [PropertyID] = [.top, .right, .bottom, .left]
    static let borderWidths: [PropertyID] = [.borderTopWidth, .borderRightWidth, .borderBottomWidth, .borderLeftWidth]
    static let borderStyles: [PropertyID] = [.borderTopStyle, .borderRightStyle, .borderBottomStyle, .borderLeftStyle]
    static let borderColors: [PropertyID] = [.borderTopColor, .borderRightColor, .borderBottomColor, .borderLeftColor]
    static let radii: [PropertyID] = [.borderTopLeftRadius, .borderTopRightRadius, .borderBottomRightRadius, .borderBottomLeftRadius]
    /// What a page sets to give a control a look of its own (CSS UI 4 §7.2).
    static let frameProperties: [PropertyID] = [.backgroundColor, .backgroundImage, .borderTopWidth, .borderTopStyle, .borderTopColor, .borderRightStyle, .borderBottomStyle, .borderLeftStyle,
                                                .borderTopLeftRadius]
    static let backgroundLonghands: [PropertyID] = [.backgroundColor, .backgroundImage, .backgroundRepeat, .backgroundPositionX, .backgroundPositionY,
                                                    .backgroundSize, .backgroundAttachment, .backgroundOrigin, .backgroundClip]
    static let fontLonghands: [PropertyID] = [.fontStyle, .fontVariantCaps, .fontWeight, .fontSize, .lineHeight, .fontFamily]
    static let allLonghands: [PropertyID] = (0..<UInt8(longhandCount)).compactMap { PropertyID(rawValue: $0) }

    /// The sides of a border in the order top, right, bottom, left; each as width, style, colour.
    static func borderSide(_ side: Int) -> [PropertyID] { [borderWidths[side], borderStyles[side], borderColors[side]] }

    /// The longhands a property sets; itself for a longhand.
    var longhands: [PropertyID] {
        switch self {
        case .margin: return PropertyID.marginSides
        case .padding: return PropertyID.paddingSides
        case .inset: return PropertyID.insetSides
        case .border: return PropertyID.borderWidths + PropertyID.borderStyles + PropertyID.borderColors
        case .borderTop: return PropertyID.borderSide(0)
        case .borderRight: return PropertyID.borderSide(1)
        case .borderBottom: return PropertyID.borderSide(2)
        case .borderLeft: return PropertyID.borderSide(3)
        case .borderInline: return PropertyID.borderSide(3) + PropertyID.borderSide(1)
        case .borderBlock: return PropertyID.borderSide(0) + PropertyID.borderSide(2)
        case .borderWidth: return PropertyID.borderWidths
        case .borderStyle: return PropertyID.borderStyles
        case .borderColor: return PropertyID.borderColors
        case .borderRadius: return PropertyID.radii
        case .borderSpacing: return [.internalBorderSpacingX, .internalBorderSpacingY]
        case .background: return PropertyID.backgroundLonghands
        case .backgroundPosition: return [.backgroundPositionX, .backgroundPositionY]
        case .font: return PropertyID.fontLonghands
        case .fontVariant: return [.fontVariantCaps]
        case .listStyle: return [.listStyleType, .listStylePosition, .listStyleImage]
        case .flex: return [.flexGrow, .flexShrink, .flexBasis]
        case .gridRow: return [.gridRowStart, .gridRowEnd]
        case .gridColumn: return [.gridColumnStart, .gridColumnEnd]
        case .gridArea: return [.gridRowStart, .gridColumnStart, .gridRowEnd, .gridColumnEnd]
        case .gridTemplate, .grid: return [.gridTemplateRows, .gridTemplateColumns, .gridTemplateAreas]
        case .flexFlow: return [.flexDirection, .flexWrap]
        case .overflow: return [.overflowX, .overflowY]
        case .textDecoration: return [.textDecorationLine, .textDecorationStyle, .textDecorationColor]
        case .gap: return [.rowGap, .columnGap]
        case .columns: return [.columnWidth, .columnCount]
        case .outline: return [.outlineWidth, .outlineStyle, .outlineColor]
        case .placeContent: return [.alignContent, .justifyContent]
        case .placeItems: return [.alignItems, .justifyItems]
        case .placeSelf: return [.alignSelf, .justifySelf]
        case .all: return PropertyID.allLonghands.filter { $0 != .direction }
        case .marginInline: return [.marginLeft, .marginRight]
        case .marginBlock: return [.marginTop, .marginBottom]
        case .paddingInline: return [.paddingLeft, .paddingRight]
        case .paddingBlock: return [.paddingTop, .paddingBottom]
        case .insetInline: return [.left, .right]
        case .insetBlock: return [.top, .bottom]
        default: return [self]
        }
    }
}
