// Expansion of shorthand properties into their longhands; longhands not mentioned get their initial value.
import Graphics

extension PropertyParser {
    mutating func shorthand(_ property: PropertyID, _ cursor: inout TokenCursor) -> Bool {
        switch property {
        case .margin, .padding, .inset, .borderWidth, .borderStyle, .borderColor: return fourSides(property.longhands, &cursor)
        case .borderRadius: return borderRadius(&cursor)
        case .border: return border(&cursor)
        case .borderTop, .borderRight, .borderBottom, .borderLeft, .borderInline, .borderBlock: return borderSides(property.longhands, &cursor)
        case .borderSpacing, .gap, .overflow, .placeContent, .placeItems, .placeSelf, .marginInline, .marginBlock, .paddingInline, .paddingBlock, .insetInline, .insetBlock:
            return twoValues(property.longhands, &cursor)
        case .background: return background(&cursor)
        case .backgroundPosition: return backgroundPosition(&cursor)
        case .font: return font(&cursor)
        case .fontVariant: return fontVariant(&cursor)
        case .listStyle: return listStyle(&cursor)
        case .flex: return flex(&cursor)
        case .flexFlow: return flexFlow(&cursor)
        case .gridRow, .gridColumn, .gridArea: return gridPlacement(property.longhands, &cursor)
        case .gridTemplate, .grid: return gridTemplate(&cursor)
        case .textDecoration: return textDecoration(&cursor)
        case .outline: return outline(&cursor)
        case .columns: return columns(&cursor)
        default: return false
        }
    }

    private mutating func fourSides(_ sides: [PropertyID], _ cursor: inout TokenCursor) -> Bool {
        var values: [Value] = []
        while values.count < 4, !cursor.isAtEnd {
            guard let value = longhand(sides[0], &cursor) else { return false }
            values.append(value)
        }
        if values.isEmpty { return false }
        for side in 0..<4 { add(sides[side], values[sideIndex(side, values.count)]) }
        return true
    }
    /// Which of `count` values a side takes: top, right, bottom, left.
    private func sideIndex(_ side: Int, _ count: Int) -> Int {
        switch (side, count) {
        case (_, 1), (0, _): return 0
        case (1, _): return 1
        case (2, 2): return 0
        case (2, _): return 2
        case (_, 4): return 3
        default: return 1
        }
    }
    private mutating func twoValues(_ pair: [PropertyID], _ cursor: inout TokenCursor) -> Bool {
        guard let first = longhand(pair[0], &cursor) else { return false }
        let second = cursor.isAtEnd ? first : longhand(pair[1], &cursor)
        guard let second else { return false }
        add(pair[0], first)
        add(pair[1], second)
        return true
    }
    private mutating func borderRadius(_ cursor: inout TokenCursor) -> Bool {
        var values: [Value] = []
        while values.count < 4, let value = cursor.length([]) { values.append(value) }
        if cursor.takeDelimiter(0x2F) {                                 // vertical radii: checked, then the horizontal ones serve for both
            var count = 0
            while count < 4, cursor.length([]) != nil { count += 1 }
            if count == 0 { return false }
        }
        if values.isEmpty { return false }
        for corner in 0..<4 { add(PropertyID.radii[corner], values[sideIndex(corner, values.count)]) }
        return true
    }

    /// width, style and colour in any order.
    private func borderParts(_ cursor: inout TokenCursor, styles: [Keyword] = KeywordChoices.borderStyle) -> (Value, Value, Value)? {
        var width: Value?, style: Value?, color: Value?, count = 0
        while !cursor.isAtEnd {
            count += 1
            if style == nil, let value = choice(styles, &cursor) { style = value }
            else if width == nil, let value = borderWidth(&cursor) { width = value }
            else if color == nil, let value = colorValue(&cursor) { color = value }
            else { return nil }
        }
        return count == 0 ? nil : (width ?? .keyword(.medium), style ?? .enumeration(0), color ?? .color(.currentColor))
    }
    private mutating func border(_ cursor: inout TokenCursor) -> Bool {
        guard let (width, style, color) = borderParts(&cursor) else { return false }
        for side in 0..<4 { addBorder(side, width, style, color) }
        return true
    }
    private mutating func addBorder(_ side: Int, _ width: Value, _ style: Value, _ color: Value) {
        add(PropertyID.borderWidths[side], width)
        add(PropertyID.borderStyles[side], style)
        add(PropertyID.borderColors[side], color)
    }
    private mutating func borderSides(_ longhands: [PropertyID], _ cursor: inout TokenCursor) -> Bool {
        guard let (width, style, color) = borderParts(&cursor) else { return false }
        for (i, property) in longhands.enumerated() { add(property, i % 3 == 0 ? width : i % 3 == 1 ? style : color) }
        return true
    }
    private mutating func outline(_ cursor: inout TokenCursor) -> Bool {
        guard let (width, style, color) = borderParts(&cursor, styles: KeywordChoices.borderStyleOutline) else { return false }
        add(.outlineWidth, width)
        add(.outlineStyle, style)
        add(.outlineColor, color)
        return true
    }

    private mutating func font(_ cursor: inout TokenCursor) -> Bool {
        if let keyword = cursor.keyword, isSystemFont(keyword) {
            cursor.advance()
            addFont(.enumeration(0), .integer(0), .integer(400), .length(SpecifiedLength(value: 13 << 16, unit: .px)), .keyword(.normal),
                    .families(FamilyList(names: ["sans-serif"], isMonospaceOnly: false)))
            return true
        }
        var style: Value?, caps: Value?, weight: Value?
        for _ in 0..<4 {
            if cursor.take(.normal) { continue }
            if style == nil, let value = fontStyle(&cursor) { style = value; continue }
            if caps == nil, let value = fontCaps(&cursor) { caps = value; continue }
            if weight == nil, let value = fontWeight(&cursor) { weight = value; continue }
            if let keyword = cursor.keyword, isStretch(keyword) { cursor.advance(); continue }
            break
        }
        guard let size = fontSize(&cursor) else { return false }
        var height = Value.keyword(.normal)
        if cursor.takeDelimiter(0x2F) {
            guard let value = lineHeight(&cursor) else { return false }
            height = value
        }
        guard let families = fontFamily(&cursor) else { return false }
        addFont(style ?? .enumeration(0), caps ?? .integer(0), weight ?? .integer(400), size, height, families)
        return true
    }
    private mutating func addFont(_ style: Value, _ caps: Value, _ weight: Value, _ size: Value, _ height: Value, _ families: Value) {
        add(.fontStyle, style)
        add(.fontVariantCaps, caps)
        add(.fontWeight, weight)
        add(.fontSize, size)
        add(.lineHeight, height)
        add(.fontFamily, families)
    }
    private func isSystemFont(_ keyword: Keyword) -> Bool {
        switch keyword {
        case .caption, .icon, .menu, .messageBox, .smallCaption, .statusBar: return true
        default: return false
        }
    }
    private func isStretch(_ keyword: Keyword) -> Bool {
        switch keyword {
        case .condensed, .expanded, .semiCondensed, .semiExpanded, .extraCondensed, .extraExpanded, .ultraCondensed, .ultraExpanded: return true
        default: return false
        }
    }
    private mutating func fontVariant(_ cursor: inout TokenCursor) -> Bool {
        var caps = Value.integer(0)
        guard cursor.token.kind == .ident else { return false }
        while cursor.token.kind == .ident {
            if let value = fontCaps(&cursor) { if case .integer(1) = value { caps = value } } else { cursor.advance() }
        }
        add(.fontVariantCaps, caps)
        return true
    }

    private mutating func listStyle(_ cursor: inout TokenCursor) -> Bool {
        var type: Value?, position: Value?, listImage: Value?, noneCount = 0
        while !cursor.isAtEnd {
            if cursor.take(.none) { noneCount += 1; continue }
            if position == nil, let value = choice(KeywordChoices.listStylePosition, &cursor) { position = value; continue }
            if listImage == nil, cursor.token.kind != .ident, let value = image(&cursor) { listImage = value; continue }
            guard type == nil, let value = listStyleType(&cursor) else { return false }
            type = value
        }
        if noneCount > 2 || (noneCount > 0 && type != nil && listImage != nil) { return false }
        add(.listStyleType, type ?? .keyword(noneCount > 0 ? .none : .disc))
        add(.listStylePosition, position ?? .enumeration(0))
        add(.listStyleImage, listImage ?? .image(.none))
        return true
    }

    private mutating func flex(_ cursor: inout TokenCursor) -> Bool {
        if cursor.take(.none) { addFlex(0, 0, .keyword(.auto)); return true }
        var grow: Int64?, shrink: Int64?, basis: Value?
        while !cursor.isAtEnd {
            if grow == nil, let n = cursor.number() {
                guard n >= 0 else { return false }
                grow = n
                if let s = cursor.number() { guard s >= 0 else { return false }; shrink = s }
                continue
            }
            if grow != nil, basis == nil, cursor.token.kind == .number, cursor.token.number == 0 { basis = .length(.zero); cursor.advance(); continue }
            guard basis == nil, let value = longhand(.flexBasis, &cursor) else { return false }
            basis = value
        }
        addFlex(grow ?? 65536, shrink ?? 65536, basis ?? percentValue(0))
        return true
    }
    private mutating func addFlex(_ grow: Int64, _ shrink: Int64, _ basis: Value) {
        add(.flexGrow, .number(grow))
        add(.flexShrink, .number(shrink))
        add(.flexBasis, basis)
    }
    private mutating func flexFlow(_ cursor: inout TokenCursor) -> Bool {
        var direction: Value?, wrap: Value?
        while !cursor.isAtEnd {
            if direction == nil, let value = choice(KeywordChoices.flexDirection, &cursor) { direction = value }
            else if wrap == nil, let value = choice(KeywordChoices.flexWrap, &cursor) { wrap = value }
            else { return false }
        }
        add(.flexDirection, direction ?? .enumeration(0))
        add(.flexWrap, wrap ?? .enumeration(0))
        return true
    }
    private mutating func columns(_ cursor: inout TokenCursor) -> Bool {
        var width: Value?, count: Value?, autos = 0
        while !cursor.isAtEnd {
            if cursor.take(.auto) { autos += 1 }
            else if count == nil, cursor.token.kind == .number, let value = longhand(.columnCount, &cursor) { count = value }
            else if width == nil, let value = longhand(.columnWidth, &cursor) { width = value }
            else { return false }
        }
        if autos + (width == nil ? 0 : 1) + (count == nil ? 0 : 1) > 2 { return false }
        add(.columnWidth, width ?? .keyword(.auto))
        add(.columnCount, count ?? .integer(0))
        return true
    }
    private mutating func textDecoration(_ cursor: inout TokenCursor) -> Bool {
        var line: Value?, style: Value?, color: Value?
        while !cursor.isAtEnd {
            if line == nil, let value = decorationLine(&cursor) { line = value }
            else if style == nil, let value = choice(KeywordChoices.textDecorationStyle, &cursor) { style = value }
            else if color == nil, let value = colorValue(&cursor) { color = value }
            else if cursor.keyword == .auto || cursor.length([]) != nil { if cursor.keyword == .auto { cursor.advance() } }   // thickness
            else { return false }
        }
        add(.textDecorationLine, line ?? .integer(0))
        add(.textDecorationStyle, style ?? .enumeration(0))
        add(.textDecorationColor, color ?? .color(.currentColor))
        return true
    }
}
