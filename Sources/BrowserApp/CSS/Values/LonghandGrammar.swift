// Grammars of the longhands that are no plain keyword, length or colour: fonts, lists, generated content, effects.
import Graphics

extension PropertyParser {
    mutating func customLonghand(_ property: PropertyID, _ cursor: inout TokenCursor) -> Value? {
        switch property {
        case .fontFamily: return fontFamily(&cursor)
        case .fontSize: return fontSize(&cursor)
        case .color: return colorValue(&cursor)
        case .fontWeight: return fontWeight(&cursor)
        case .fontStyle: return fontStyle(&cursor)
        case .fontVariantCaps: return fontCaps(&cursor)
        case .lineHeight: return lineHeight(&cursor)
        case .tabSize: return integerOrPx(&cursor)
        case .listStyleType: return listStyleType(&cursor)
        case .listStyleImage: return image(&cursor)
        case .quotes: return quotes(&cursor)
        case .cursor: return cursorValue(&cursor)
        case .pointerEvents: return pointerEvents(&cursor)
        case .zIndex, .order: return cursor.take(.auto) && property == .zIndex ? .keyword(.auto) : cursor.integer().map { .integer($0) }
        case .opacity: return cursor.alpha().map { .integer(Int32($0)) }
        case .backgroundImage, .backgroundRepeat, .backgroundPositionX, .backgroundPositionY, .backgroundSize, .backgroundAttachment, .backgroundOrigin, .backgroundClip:
            return layerList(property, &cursor)
        case .boxShadow: return shadows(&cursor)
        case .textShadow: return textShadows(&cursor)
        case .verticalAlign: return verticalAlign(&cursor)
        case .textDecorationLine: return decorationLine(&cursor)
        case .content: return content(&cursor)
        case .counterReset, .counterSet: return counters(&cursor, defaultValue: 0)
        case .counterIncrement: return counters(&cursor, defaultValue: 1)
        case .flexGrow, .flexShrink: return nonNegativeNumber(&cursor)
        case .appearance: return appearance(&cursor)
        case .aspectRatio: return aspectRatio(&cursor)
        case .columnCount:
            if cursor.take(.auto) { return .integer(0) }
            return cursor.integer().flatMap { $0 > 0 ? .integer($0) : nil }
        case .gridTemplateColumns, .gridTemplateRows, .gridAutoColumns, .gridAutoRows: return trackList(&cursor)
        case .gridTemplateAreas: return gridAreas(&cursor)
        case .gridAutoFlow: return gridFlow(&cursor)
        case .gridRowStart, .gridRowEnd, .gridColumnStart, .gridColumnEnd: return gridLine(&cursor)
        default: return nil
        }
    }

    // Fonts

    func fontFamily(_ cursor: inout TokenCursor) -> Value? {
        var names: [String] = [], isGeneric = false
        repeat {
            guard names.count < CSSLimits.listCountMax else { return nil }
            if cursor.token.kind == .string {
                names.append(buffer.lowercaseString(cursor.token))
                isGeneric = false
                cursor.advance()
                continue
            }
            guard cursor.token.kind == .ident else { return nil }
            var name = ""
            isGeneric = cursor.keyword == .monospace || cursor.keyword == .uiMonospace
            while cursor.token.kind == .ident {
                if !name.isEmpty { name += " "; isGeneric = false }
                name += buffer.lowercaseString(cursor.token)
                cursor.advance()
            }
            names.append(name)
        } while cursor.take(.comma)
        return .families(FamilyList(names: names, isMonospaceOnly: names.count == 1 && isGeneric))
    }
    func fontSize(_ cursor: inout TokenCursor) -> Value? {
        if let keyword = cursor.keyword {
            switch keyword {
            case .xxSmall, .xSmall, .small, .medium, .large, .xLarge, .xxLarge, .xxxLarge, .smaller, .larger, .math: cursor.advance(); return .keyword(keyword)
            default: return nil
            }
        }
        return cursor.length([], allowUnitless: isQuirks)
    }
    func fontWeight(_ cursor: inout TokenCursor) -> Value? {
        if cursor.take(.normal) { return .integer(400) }
        if cursor.take(.bold) { return .integer(700) }
        if let keyword = cursor.keyword, keyword == .bolder || keyword == .lighter { cursor.advance(); return .keyword(keyword) }
        guard let n = cursor.number(), n >= 65536, n <= 1000 << 16 else { return nil }
        return .integer(Int32(n >> 16))
    }
    func fontStyle(_ cursor: inout TokenCursor) -> Value? {
        if cursor.take(.normal) { return .enumeration(0) }
        if cursor.take(.italic) { return .enumeration(1) }
        guard cursor.take(.oblique) else { return nil }
        _ = cursor.angle()
        return .enumeration(2)
    }
    func fontCaps(_ cursor: inout TokenCursor) -> Value? {
        if cursor.take(.normal) || cursor.take(.none) { return .integer(0) }
        return cursor.take(.smallCaps) || cursor.take(.allSmallCaps) ? .integer(1) : nil
    }
    func lineHeight(_ cursor: inout TokenCursor) -> Value? {
        if cursor.take(.normal) { return .keyword(.normal) }
        if let n = cursor.number() { return n >= 0 ? .number(n) : nil }
        return cursor.length([])
    }
    private func integerOrPx(_ cursor: inout TokenCursor) -> Value? {
        if let n = cursor.integer() { return n >= 0 ? .integer(n) : nil }
        return cursor.length(.noPercent)
    }

    // Lists, quotes, generated content

    func listStyleType(_ cursor: inout TokenCursor) -> Value? {
        if cursor.token.kind == .string { let text = buffer.string(cursor.token); cursor.advance(); return .string(text) }
        guard let type = counterStyle(&cursor) else { return nil }
        return type
    }
    /// A counter style name; unknown custom names count as decimal, as CSS Counter Styles 3 §2 asks of undefined ones.
    private func counterStyle(_ cursor: inout TokenCursor) -> Value? {
        guard cursor.token.kind == .ident else { return nil }
        let keyword = cursor.keyword ?? .decimal
        cursor.advance()
        switch keyword {
        case .none, .disc, .circle, .square, .decimalLeadingZero, .lowerAlpha, .upperAlpha, .lowerLatin, .upperLatin, .lowerRoman, .upperRoman, .lowerGreek,
             .disclosureOpen, .disclosureClosed: return .keyword(keyword)
        case .inside, .outside, .inherit, .initial: return nil
        default: return .keyword(.decimal)
        }
    }
    func image(_ cursor: inout TokenCursor) -> Value? {
        if cursor.take(.none) { return .image(.none) }
        if let url = url(&cursor) { return .image(.url(url)) }
        return gradient(&cursor)
    }
    /// url(…) quoted or not, resolved against the sheet.
    func url(_ cursor: inout TokenCursor) -> String? {
        let token = cursor.token
        if token.kind == .url { cursor.advance(); return RelativeURL.resolve(buffer.string(token), base: baseURL) }
        guard token.kind == .function, cursor.functionName == .url else { return nil }
        let inner = cursor.enterBlock()
        guard inner.token.kind == .string else { return nil }
        return RelativeURL.resolve(buffer.string(inner.token), base: baseURL)
    }
    private func gradient(_ cursor: inout TokenCursor) -> Value? {
        guard let name = cursor.functionName, name == .linearGradient || name == .repeatingLinearGradient || name == .webkitLinearGradient else { return nil }
        let inner = cursor.enterBlock()
        var angle: Int64 = 180 << 16
        var stops: [SpecifiedStop] = []
        for (i, piece) in inner.splitByCommas().enumerated() {
            var part = piece
            if i == 0, let direction = gradientDirection(&part) { angle = direction; guard part.isAtEnd else { return nil }; continue }
            guard let color = part.color() else {                       // a midpoint hint is accepted and ignored
                guard part.length(.negative) != nil, part.isAtEnd else { return nil }
                continue
            }
            let position = part.length(.negative)
            stops.append(SpecifiedStop(color: color, position: position))
            if let second = part.length(.negative) { stops.append(SpecifiedStop(color: color, position: second)) }
            guard part.isAtEnd else { return nil }
        }
        return stops.count >= 2 ? .image(.gradient(angle: Int32(clamping: angle), stops: stops)) : nil
    }
    private func gradientDirection(_ part: inout TokenCursor) -> Int64? {
        if let angle = part.angle() { return angle }
        guard part.take(.to) else { return nil }
        var x = 0, y = 0
        while let keyword = part.keyword {
            switch keyword {
            case .left: x = -1
            case .right: x = 1
            case .top: y = -1
            case .bottom: y = 1
            default: return nil
            }
            part.advance()
        }
        let table: [Int64] = [315, 0, 45, 270, 180, 90, 225, 180, 135]
        return table[(y + 1) * 3 + x + 1] << 16
    }
    private func quotes(_ cursor: inout TokenCursor) -> Value? {
        if cursor.take(.none) { return .quotes([]) }
        if cursor.take(.auto) { return .quotes(ComputedStyle.initialQuotes) }
        var pairs: [QuotePair] = []
        while cursor.token.kind == .string, pairs.count < CSSLimits.listCountMax {
            let open = buffer.string(cursor.token)
            cursor.advance()
            guard cursor.token.kind == .string else { return nil }
            pairs.append(QuotePair(open: open, close: buffer.string(cursor.token)))
            cursor.advance()
        }
        return pairs.isEmpty ? nil : .quotes(pairs)
    }
    private func content(_ cursor: inout TokenCursor) -> Value? {
        if cursor.take(.normal) { return .content(.normal) }
        if cursor.take(.none) { return .content(.none) }
        var items: [ContentItem] = []
        while !cursor.isAtEnd, items.count < CSSLimits.listCountMax {
            if cursor.takeDelimiter(0x2F) {                             // alternative text is not rendered
                while cursor.token.kind == .string { cursor.advance() }
                break
            }
            guard let item = contentItem(&cursor) else { return nil }
            items.append(item)
        }
        return items.isEmpty ? nil : .content(.items(items))
    }
    private func contentItem(_ cursor: inout TokenCursor) -> ContentItem? {
        let token = cursor.token
        if token.kind == .string { cursor.advance(); return .text(buffer.string(token)) }
        if let url = url(&cursor) { return .url(url) }
        if let keyword = cursor.keyword {
            cursor.advance()
            switch keyword {
            case .openQuote: return .openQuote
            case .closeQuote: return .closeQuote
            case .noOpenQuote: return .noOpenQuote
            case .noCloseQuote: return .noCloseQuote
            default: return nil
            }
        }
        guard let function = cursor.functionName else { return nil }
        var inner = cursor.enterBlock()
        guard inner.token.kind == .ident else { return nil }
        let name = buffer.string(inner.token)
        inner.advance()
        switch function {
        case .attr: return .attribute(name)
        case .counter: return optionalCounterStyle(&inner).map { .counter(name: name, style: $0) }
        case .counters:
            guard inner.take(.comma), inner.token.kind == .string else { return nil }
            let separator = buffer.string(inner.token)
            inner.advance()
            return optionalCounterStyle(&inner).map { .counters(name: name, separator: separator, style: $0) }
        default: return nil
        }
    }
    private func optionalCounterStyle(_ inner: inout TokenCursor) -> ListStyleType? {
        guard inner.take(.comma) else { return inner.isAtEnd ? .decimal : nil }
        guard case .keyword(let keyword)? = counterStyle(&inner), inner.isAtEnd else { return nil }
        return ListStyleType(keyword)
    }
    private func counters(_ cursor: inout TokenCursor, defaultValue: Int32) -> Value? {
        if cursor.take(.none) { return .counters([]) }
        var changes: [CounterChange] = []
        while cursor.token.kind == .ident, changes.count < CSSLimits.listCountMax {
            let name = buffer.string(cursor.token)
            cursor.advance()
            changes.append(CounterChange(name: name, value: cursor.token.kind == .number ? cursor.integer() ?? defaultValue : defaultValue))
        }
        return changes.isEmpty ? nil : .counters(changes)
    }

    // Effects and interaction

    private func shadows(_ cursor: inout TokenCursor) -> Value? {
        if cursor.take(.none) { return .shadows([]) }
        var result: [SpecifiedShadow] = []
        repeat {
            guard result.count < CSSLimits.listCountMax, let shadow = shadow(&cursor) else { return nil }
            result.append(shadow)
        } while cursor.take(.comma)
        return .shadows(result)
    }
    /// Like box-shadow, without spread and inset (CSS Text Decoration 3 §5).
    private func textShadows(_ cursor: inout TokenCursor) -> Value? {
        guard case .shadows(let list)? = shadows(&cursor) else { return nil }
        for shadow in list { if shadow.inset || shadow.hasSpread { return nil } }
        return .shadows(list)
    }
    private func shadow(_ cursor: inout TokenCursor) -> SpecifiedShadow? {
        var lengths: [Value] = [], color: SpecifiedColor?, inset = false
        while !cursor.isAtEnd, cursor.token.kind != .comma {
            if cursor.take(.inset) { inset = true; continue }
            if let length = cursor.length([.negative, .noPercent]) { lengths.append(length); continue }
            guard color == nil, let c = cursor.color() else { return nil }
            color = c
        }
        guard lengths.count >= 2, lengths.count <= 4 else { return nil }
        let zero = Value.length(.zero)
        return SpecifiedShadow(x: lengths[0], y: lengths[1], blur: lengths.count > 2 ? lengths[2] : zero, spread: lengths.count > 3 ? lengths[3] : zero, color: color, inset: inset, hasSpread: lengths.count > 3)
    }
    private func verticalAlign(_ cursor: inout TokenCursor) -> Value? {
        if let keyword = cursor.keyword {
            switch keyword {
            case .baseline, .sub, .super, .textTop, .textBottom, .middle, .top, .bottom: cursor.advance(); return .keyword(keyword)
            default: return nil
            }
        }
        return cursor.length(.negative)
    }
    func decorationLine(_ cursor: inout TokenCursor) -> Value? {
        if cursor.take(.none) { return .integer(0) }
        var lines: TextDecorationLines = [], count = 0
        while let keyword = cursor.keyword {
            switch keyword {
            case .underline: lines.insert(.underline)
            case .overline: lines.insert(.overline)
            case .lineThrough: lines.insert(.lineThrough)
            case .blink: break
            default: return count > 0 ? .integer(Int32(lines.rawValue)) : nil
            }
            count += 1
            cursor.advance()
        }
        return count > 0 ? .integer(Int32(lines.rawValue)) : nil
    }
    private func nonNegativeNumber(_ cursor: inout TokenCursor) -> Value? {
        guard let n = cursor.number(), n >= 0 else { return nil }
        return .number(n)
    }
    private func appearance(_ cursor: inout TokenCursor) -> Value? {
        guard cursor.token.kind == .ident else { return nil }
        let isNone = cursor.keyword == Keyword.none
        cursor.advance()
        return .integer(isNone ? 1 : 0)
    }
    private func pointerEvents(_ cursor: inout TokenCursor) -> Value? {
        guard cursor.token.kind == .ident else { return nil }
        let isNone = cursor.keyword == Keyword.none
        cursor.advance()
        return .integer(isNone ? 1 : 0)
    }
    private func cursorValue(_ cursor: inout TokenCursor) -> Value? {
        while url(&cursor) != nil {
            while cursor.token.kind == .number { cursor.advance() }
            guard cursor.take(.comma) else { return nil }
        }
        guard let keyword = cursor.keyword else { return nil }
        let result: Cursor
        switch keyword {
        case .auto: result = .auto
        case .default: result = .default
        case .none: result = .none
        case .pointer: result = .pointer
        case .text, .verticalText: result = .text
        case .move, .allScroll: result = .move
        case .wait: result = .wait
        case .progress: result = .progress
        case .help: result = .help
        case .crosshair, .cell: result = .crosshair
        case .notAllowed, .noDrop: result = .notAllowed
        case .ewResize, .eResize, .wResize, .colResize: result = .resizeHorizontal
        case .nsResize, .nResize, .sResize, .rowResize: result = .resizeVertical
        case .neswResize, .nwseResize, .neResize, .nwResize, .seResize, .swResize: result = .resizeDiagonal
        case .grab, .grabbing: result = .grab
        case .zoomIn, .zoomOut, .copy, .alias, .contextMenu: result = .default
        default: return nil
        }
        cursor.advance()
        return .enumeration(result.rawValue)
    }
}

extension ListStyleType {
    init(_ keyword: Keyword) {
        switch keyword {
        case .none: self = .none
        case .disc: self = .disc
        case .circle: self = .circle
        case .square: self = .square
        case .decimalLeadingZero: self = .decimalLeadingZero
        case .lowerAlpha, .lowerLatin: self = .lowerAlpha
        case .upperAlpha, .upperLatin: self = .upperAlpha
        case .lowerRoman: self = .lowerRoman
        case .upperRoman: self = .upperRoman
        case .lowerGreek: self = .lowerGreek
        case .disclosureOpen: self = .disclosureOpen
        case .disclosureClosed: self = .disclosureClosed
        default: self = .decimal
        }
    }
}
