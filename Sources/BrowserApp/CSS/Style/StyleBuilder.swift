// Computes one element's style from winning declarations (CSS Cascade 4 §4.3–§4.4). Properties are applied in the order of
// `PropertyID`: font family, font size and colour first, since the others depend on them.
import Graphics

struct StyleBuilder {
    var inherited: InheritedStyle
    var box: BoxStyle
    private let parent: ComputedStyle
    private let isRoot: Bool
    private var lengths: LengthContext
    /// Initial values, with the colours that default to currentColor.
    private var initialBox: BoxStyle
    private var fontSizeValue: Value?
    private var layerValues: [[Value]] = []
    private var inheritsLayers = false
    let custom: CustomProperties?
    private let fonts: FontLibrary?
    private var expanded: [(pending: PendingValue, declarations: [Declaration])] = []

    /// `parent`: the style inherited from; all initial for the root.
    init(parent: ComputedStyle, isRoot: Bool, custom: CustomProperties?, lengths: LengthContext, fonts: FontLibrary?) {
        self.fonts = fonts
        inherited = parent.inherited
        self.parent = parent
        self.isRoot = isRoot
        self.custom = custom
        self.lengths = lengths
        self.lengths.fontSize = parent.inherited.fontSize
        box = BoxStyle()
        initialBox = BoxStyle()
    }

    /// `winners[property]` is the index of its winning declaration plus one, or 0.
    mutating func build(_ winners: UnsafeMutablePointer<UInt32>, _ declaration: (UInt32) -> Value) -> ComputedStyle {
        for raw in 0..<3 { applyWinner(PropertyID(rawValue: UInt8(raw))!, winners[raw], declaration) }
        resetColors()
        for raw in 3..<PropertyID.longhandCount where winners[raw] != 0 { applyWinner(PropertyID(rawValue: UInt8(raw))!, winners[raw], declaration) }
        finish()
        lightenStyledBorders(winners, declaration)
        return ComputedStyle(inherited: inherited, box: box, custom: custom)
    }
    private mutating func applyWinner(_ property: PropertyID, _ winner: UInt32, _ declaration: (UInt32) -> Value) {
        if winner != 0 { apply(property, declaration(winner - 1)) }
        if property == .fontSize {
            // `inherit` and `initial` copied the size in 1/64 px only.
            if inherited.fontSize != parent.inherited.fontSize { inherited.fontSizeFine = Int64(inherited.fontSize.raw) << 10 }
            finishFontSize()
        }
    }
    /// Borders, outline and decoration start in the element's colour; border widths at medium, dropped later without a style.
    private mutating func resetColors() {
        let side = BorderSide(width: LayoutUnit(3), style: .none, color: inherited.color)
        initialBox.borderTop = side; initialBox.borderRight = side; initialBox.borderBottom = side; initialBox.borderLeft = side
        initialBox.outline = side
        initialBox.textDecorationColor = inherited.color
        box = initialBox
        lengths.fontSize = inherited.fontSize; lengths.fontSizeFine = inherited.fontSizeFine
        measureFont(inherited)
    }
    /// Takes `ex` and `ch` from the font.
    private mutating func measureFont(_ style: InheritedStyle) {
        guard let fonts, !fonts.isEmpty else { return }
        let face = fonts.face(fonts.match(families: style.fontFamilies, weight: Int(style.fontWeight), italic: style.fontStyle != .normal))
        if face.xHeight > 0, style.fontSizeFine > 0 {
            // Measured on the outline at this size, which reaches to the next 1/64 px.
            let height = (Int64(face.xHeight) * style.fontSizeFine / Int64(face.unitsPerEm) + 1023) >> 10
            lengths.exRatio = ((height << 26) + style.fontSizeFine - 1) / style.fontSizeFine
        }
        lengths.chRatio = Int64(face.advanceUnits(face.glyph(for: 0x30))) << 16 / Int64(face.unitsPerEm)
    }

    mutating func apply(_ property: PropertyID, _ value: Value) {
        if property == .fontFamily { if case .initial = value { inherited.usesMonospaceSize = false } else { inherited.usesMonospaceSize = parent.inherited.usesMonospaceSize } }
        switch value {
        case .inherit: copy(property, parent.inherited, parent.box)
        case .initial: copy(property, StyleBuilder.initialInherited, initialBox)
        case .unset, .revert: if property.isInherited { copy(property, parent.inherited, parent.box) } else { copy(property, StyleBuilder.initialInherited, initialBox) }
        case .pending(let pending): applyPending(property, pending)
        default: if !applyRegular(property, value) { applySpecial(property, value) }
        }
    }
    static let initialInherited = InheritedStyle()

    /// A value with var(): substituted and parsed now; invalid counts as unset (CSS Variables 1 §3.1).
    private mutating func applyPending(_ property: PropertyID, _ pending: PendingValue) {
        for entry in expanded where entry.pending === pending { applyExpanded(property, entry.declarations); return }
        var declarations: [Declaration] = []
        if let text = VariableResolver.substitute(pending.text, custom) {
            let buffer = TokenBuffer.tokenize(text)
            var parser = PropertyParser(buffer: buffer, baseURL: pending.baseURL)
            if parser.parse(pending.written, TokenCursor(buffer).index, buffer.tokens.count) { declarations = parser.declarations }
        }
        expanded.append((pending, declarations))
        applyExpanded(property, declarations)
    }
    private mutating func applyExpanded(_ property: PropertyID, _ declarations: [Declaration]) {
        for declaration in declarations where declaration.property == property {
            if case .pending = declaration.value { break }
            apply(property, declaration.value)
            return
        }
        apply(property, .unset)
    }

    mutating func copySpecial(_ property: PropertyID, _ from: BoxStyle) {
        guard property == .backgroundImage else { return }
        box.backgroundLayers = from.backgroundLayers
        inheritsLayers = true
    }

    // Fonts

    private mutating func setFontSize(_ value: Value) { fontSizeValue = value }

    /// Works in 1/65536 px, so that sizes in per cent of per cent do not lose what Chromium keeps.
    private mutating func finishFontSize() {
        let parentSize = parent.inherited.fontSizeFine
        let changesFamily = inherited.usesMonospaceSize != parent.inherited.usesMonospaceSize
        var size = inherited.fontSizeFine
        switch fontSizeValue {
        case .keyword(let keyword)? where keyword != .smaller && keyword != .larger && keyword != .math:
            let absolute = Int64(StyleBuilder.keywordSize(keyword).raw) << 10
            inherited.hasAbsoluteFontSize = false
            setFontSize(fine: inherited.usesMonospaceSize ? absolute * 13 / 16 : absolute)
            return
        case .keyword(let keyword)?:
            size = keyword == .smaller ? parentSize * 5 / 6 : keyword == .larger ? parentSize * 6 / 5 : parentSize
        case .length(let length)?:
            switch length.unit {
            case .percent: size = multiplyFixed(parentSize, length.value, 6_553_600)
            case .em: size = multiplyFixed(lengths.fontSizeFine, length.value, 65536)
            case .ex:
                measureFont(parent.inherited)
                size = multiplyFixed(multiplyFixed(lengths.fontSizeFine, lengths.exRatio, 65536), length.value, 65536)
            default:
                let isRootRelative = length.unit == .rem
                inherited.hasAbsoluteFontSize = true
                setFontSize(fine: isRootRelative ? multiplyFixed(lengths.rootFontSizeFine, length.value, 65536) : length.unit == .px ? length.value : Int64(lengths.absolute(length).raw) << 10)
                return
            }
        case .math(let node)?: size = Int64(lengths.length(node).nonNegative.resolveOrZero(parent.inherited.fontSize).raw) << 10
        default: break
        }
        if changesFamily, !inherited.hasAbsoluteFontSize { size = inherited.usesMonospaceSize ? size * 13 / 16 : size * 16 / 13 }
        setFontSize(fine: size)
    }
    private mutating func setFontSize(fine size: Int64) {
        inherited.fontSizeFine = max(0, min(size, 10_000 << 16))
        inherited.fontSize = LayoutUnit(clamping: (inherited.fontSizeFine + 512) >> 10)
    }
    private static func keywordSize(_ keyword: Keyword) -> LayoutUnit {
        switch keyword {
        case .xxSmall: return LayoutUnit(9)
        case .xSmall: return LayoutUnit(10)
        case .small: return LayoutUnit(13)
        case .large: return LayoutUnit(18)
        case .xLarge: return LayoutUnit(24)
        case .xxLarge: return LayoutUnit(32)
        case .xxxLarge: return LayoutUnit(48)
        default: return LayoutUnit(16)
        }
    }
    private func relativeWeight(bolder: Bool) -> Int32 {                // CSS Fonts 4 §2.2.1
        let weight = parent.inherited.fontWeight
        if bolder { return weight < 350 ? 400 : weight < 550 ? 700 : max(weight, 900) }
        return weight < 100 ? weight : weight < 550 ? 100 : weight < 750 ? 400 : 700
    }

    // Value conversion, used by the generated `applyRegular`

    func length(_ value: Value) -> Length {
        switch value {
        case .length(let specified): return lengths.length(specified)
        case .math(let node): return lengths.length(node)
        case .keyword(let keyword):
            switch keyword {
            case .minContent, .webkitMinContent: return .minContent
            case .maxContent, .webkitMaxContent: return .maxContent
            case .fitContent, .webkitFitContent: return .fitContent
            case .content: return .content
            case .normal: return .zero
            default: return .auto
            }
        default: return .auto
        }
    }
    func unit(_ value: Value) -> LayoutUnit { length(value).absolute ?? .zero }
    func borderWidth(_ value: Value) -> LayoutUnit {
        if case .keyword(let keyword) = value { return LayoutUnit(keyword == .thin ? 1 : keyword == .thick ? 5 : 3) }
        let width = max(.zero, unit(value))
        return width.raw > 0 && width < .one ? .one : width.floored     // snapped to whole pixels, never to nothing
    }
    func color(_ value: Value) -> Color {
        if case .color(.color(let color)) = value { return color }
        return inherited.color
    }

    // Properties of irregular kinds

    private mutating func applySpecial(_ property: PropertyID, _ value: Value) {
        switch property {
        case .fontFamily:
            if case .families(let list) = value { inherited.fontFamilies = list.names; inherited.usesMonospaceSize = list.isMonospaceOnly }
        case .fontSize: setFontSize(value)
        case .color: inherited.color = color(value)
        case .fontWeight:
            if case .integer(let weight) = value { inherited.fontWeight = weight } else if case .keyword(let k) = value { inherited.fontWeight = relativeWeight(bolder: k == .bolder) }
        case .fontStyle: if case .enumeration(let raw) = value { inherited.fontStyle = FontStyle(rawValue: raw) ?? .normal }
        case .fontVariantCaps: inherited.fontSmallCaps = integer(value) == 1
        case .textShadow: if case .shadows(let list) = value { inherited.textShadows = shadows(list) }
        case .lineHeight: inherited.lineHeight = lineHeight(value)
        case .tabSize: inherited.tabSize = tabSize(value)
        case .listStyleType:
            if case .string(let text) = value { inherited.listStyleType = .string(text) } else if case .keyword(let keyword) = value { inherited.listStyleType = ListStyleType(keyword) }
        case .listStyleImage: if case .image(.url(let url)) = value { inherited.listStyleImage = url } else { inherited.listStyleImage = nil }
        case .quotes: if case .quotes(let pairs) = value { inherited.quotes = pairs }
        case .cursor: if case .enumeration(let raw) = value { inherited.cursor = Cursor(rawValue: raw) ?? .auto }
        case .pointerEvents: inherited.pointerEvents = integer(value) == 1 ? .none : .auto
        default: applySpecialBox(property, value)
        }
    }
    private func line(_ value: Value) -> GridLine { if case .gridLine(let line) = value { return line }; return GridLine() }
    private func breadth(_ b: SpecifiedBreadth) -> TrackBreadth {
        switch b {
        case .value(let v): return .length(length(v))
        case .fit(let v): return .fit(length(v))
        case .fr(let n): return .fr(n)
        case .auto: return .auto
        case .minContent: return .minContent
        case .maxContent: return .maxContent
        }
    }
    private func template(_ value: Value) -> GridTemplate {
        guard case .tracks(let list) = value else { return GridTemplate() }
        var result = GridTemplate()
        for (least, most) in list.tracks { result.tracks.append(GridTrack(min: breadth(least), max: breadth(most))) }
        result.names = list.names
        result.repeatStart = list.repeatStart; result.repeatCount = list.repeatCount; result.fits = list.fits
        return result
    }

    private mutating func applySpecialBox(_ property: PropertyID, _ value: Value) {
        switch property {
        case .zIndex: if case .integer(let z) = value { box.zIndex = z } else { box.zIndex = nil }
        case .order: box.order = integer(value)
        case .opacity: box.opacity = UInt8(clamping: integer(value))
        case .backgroundImage, .backgroundRepeat, .backgroundPositionX, .backgroundPositionY, .backgroundSize, .backgroundAttachment, .backgroundOrigin, .backgroundClip:
            setLayerValues(property, value)
        case .boxShadow: if case .shadows(let list) = value { box.boxShadows = shadows(list) }
        case .verticalAlign: box.verticalAlign = verticalAlign(value)
        case .textDecorationLine: box.textDecorationLines = TextDecorationLines(rawValue: UInt8(clamping: integer(value)))
        case .content: if case .content(let content) = value { box.content = content }
        case .counterReset: if case .counters(let list) = value { box.counterReset = list }
        case .counterIncrement: if case .counters(let list) = value { box.counterIncrement = list }
        case .counterSet: if case .counters(let list) = value { box.counterSet = list }
        case .flexGrow: if case .number(let n) = value { box.flexGrow = Int32(clamping: n) }
        case .flexShrink: if case .number(let n) = value { box.flexShrink = Int32(clamping: n) }
        case .aspectRatio: box.aspectRatio = integer(value)
        case .columnCount: box.columnCount = integer(value)
        case .gridTemplateColumns: box.gridTemplateColumns = template(value)
        case .gridTemplateRows: box.gridTemplateRows = template(value)
        case .gridAutoColumns: box.gridAutoColumns = template(value).tracks
        case .gridAutoRows: box.gridAutoRows = template(value).tracks
        case .gridTemplateAreas: if case .areas(let areas) = value { box.gridTemplateAreas = areas }
        case .gridAutoFlow: box.gridAutoFlow = GridAutoFlow(isColumn: integer(value) & 1 != 0, isDense: integer(value) & 2 != 0)
        case .gridRowStart: box.gridRowStart = line(value)
        case .gridRowEnd: box.gridRowEnd = line(value)
        case .gridColumnStart: box.gridColumnStart = line(value)
        case .gridColumnEnd: box.gridColumnEnd = line(value)
        case .appearance: box.appearance = integer(value) == 1 ? .none : .auto
        default: break
        }
    }
    private func integer(_ value: Value) -> Int32 {
        if case .integer(let n) = value { return n }
        return 0
    }
    private func lineHeight(_ value: Value) -> LineHeight {
        switch value {
        case .number(let n): return .number(Int32(clamping: n))
        case .length(let l): return .length(max(.zero, lengths.rounded(l, percentOf: inherited.fontSizeFine)))
        case .math: return .length(max(.zero, length(value).resolveOrZero(inherited.fontSize)))
        default: return .normal
        }
    }
    private func tabSize(_ value: Value) -> Int32 {
        if case .integer(let n) = value { return min(n, 1000) }
        let half = max(.one, inherited.fontSize / 2)
        return max(1, unit(value).raw / half.raw)
    }
    private func verticalAlign(_ value: Value) -> VerticalAlign {
        guard case .keyword(let keyword) = value else { return .length(length(value)) }
        switch keyword {
        case .sub: return .sub
        case .super: return .super
        case .textTop: return .textTop
        case .textBottom: return .textBottom
        case .middle: return .middle
        case .top: return .top
        case .bottom: return .bottom
        default: return .baseline
        }
    }
    private func shadows(_ list: [SpecifiedShadow]) -> [BoxShadow] {
        var result: [BoxShadow] = []
        for item in list {
            var shadow = BoxShadow()
            shadow.offsetX = unit(item.x); shadow.offsetY = unit(item.y)
            shadow.blur = max(.zero, unit(item.blur)); shadow.spread = unit(item.spread)
            shadow.inset = item.inset
            shadow.color = item.color.map { color(.color($0)) } ?? inherited.color
            result.append(shadow)
        }
        return result
    }

    // Background layers

    private mutating func setLayerValues(_ property: PropertyID, _ value: Value) {
        guard case .list(let list) = value else { return }
        if layerValues.isEmpty { layerValues = [[Value]](repeating: [], count: 8) }
        layerValues[Int(property.rawValue) - Int(PropertyID.backgroundImage.rawValue)] = list
    }
    private mutating func finishBackground() {
        if layerValues.isEmpty { return }
        var layers = inheritsLayers ? box.backgroundLayers : []
        for value in layerValues[0] { var layer = BackgroundLayer(); layer.image = image(value); layers.append(layer) }
        if layers.isEmpty { return }
        for i in layers.indices { fillLayer(&layers[i], i) }
        box.backgroundLayers = layers.filter { $0.image != .none }
    }
    private func image(_ value: Value) -> BackgroundImage {
        guard case .image(let image) = value else { return .none }
        switch image {
        case .none: return .none
        case .url(let url): return .url(url)
        case .gradient(let angle, let stops):
            var computed: [GradientStop] = []
            for stop in stops { computed.append(GradientStop(color: color(.color(stop.color)), position: stop.position.map { length($0) })) }
            return .linearGradient(angle: angle, stops: computed)
        }
    }
    private func fillLayer(_ layer: inout BackgroundLayer, _ i: Int) {
        func value(_ list: Int) -> Value? { layerValues[list].isEmpty ? nil : layerValues[list][i % layerValues[list].count] }
        if case .integer(let packed)? = value(1) {
            layer.repeatX = BackgroundRepeat(rawValue: UInt8(packed & 15)) ?? .repeat
            layer.repeatY = BackgroundRepeat(rawValue: UInt8(packed >> 4)) ?? .repeat
        }
        if let x = value(2) { layer.positionX = length(x) }
        if let y = value(3) { layer.positionY = length(y) }
        switch value(4) {
        case .keyword(.cover)?: layer.size = .cover
        case .keyword(.contain)?: layer.size = .contain
        case .list(let pair)? where pair.count == 2: layer.size = .size(width: length(pair[0]).nonNegative, height: length(pair[1]).nonNegative)
        default: break
        }
        if case .enumeration(let raw)? = value(5) { layer.attachment = BackgroundAttachment(rawValue: raw) ?? .scroll }
        if case .enumeration(let raw)? = value(6) { layer.origin = BackgroundBox(rawValue: raw) ?? .paddingBox }
        if case .enumeration(let raw)? = value(7) { layer.clip = BackgroundBox(rawValue: raw) ?? .borderBox }
    }

    // Dependencies between computed values

    private mutating func finish() {
        finishBackground()
        finishBorder(&box.borderTop); finishBorder(&box.borderRight); finishBorder(&box.borderBottom); finishBorder(&box.borderLeft)
        finishBorder(&box.outline)
        finishOverflow()
        let isOut = box.position == .absolute || box.position == .fixed
        let parentIsFlex = parent.box.display == .flex || parent.box.display == .inlineFlex || parent.box.display == .grid || parent.box.display == .inlineGrid
        if isOut || (parentIsFlex && !isRoot) { box.float = .none }
        if isOut || box.float != .none || isRoot || parentIsFlex { box.wasInline = box.display != box.display.blockified; box.display = box.display.blockified }
    }
    /// Sides that look pressed or raised and are in the text's colour are drawn in a light grey, as Chromium draws them; not those
    /// of tables and cells.
    private mutating func lightenStyledBorders(_ winners: UnsafeMutablePointer<UInt32>, _ declaration: (UInt32) -> Value) {
        if box.display == .table || box.display == .inlineTable || box.display == .tableCell { return }
        func lighten(_ side: inout BorderSide, _ property: PropertyID) {
            switch side.style {
            case .inset, .outset, .groove, .ridge: break
            default: return
            }
            let winner = winners[Int(property.rawValue)]
            if winner != 0 { guard case .color(.currentColor) = declaration(winner - 1) else { return } }
            side.color = Color(238, 238, 238)
        }
        lighten(&box.borderTop, .borderTopColor); lighten(&box.borderRight, .borderRightColor)
        lighten(&box.borderBottom, .borderBottomColor); lighten(&box.borderLeft, .borderLeftColor)
    }
    private func finishBorder(_ side: inout BorderSide) {
        if side.style == .none || side.style == .hidden { side.width = .zero }
    }
    private mutating func finishOverflow() {                            // CSS Overflow 3 §3.1
        let scrollsX = box.overflowX != .visible && box.overflowX != .clip, scrollsY = box.overflowY != .visible && box.overflowY != .clip
        if scrollsX, !scrollsY { box.overflowY = box.overflowY == .visible ? .auto : .hidden }
        if scrollsY, !scrollsX { box.overflowX = box.overflowX == .visible ? .auto : .hidden }
    }
}

extension Display {
    /// CSS 2.2 §9.7 and CSS Display 3 §2.7.
    var blockified: Display {
        switch self {
        case .inline, .inlineBlock, .tableRow, .tableRowGroup, .tableHeaderGroup, .tableFooterGroup, .tableCell, .tableColumn, .tableColumnGroup, .tableCaption: return .block
        case .inlineTable: return .table
        case .inlineFlex: return .flex
        case .inlineGrid: return .grid
        default: return self
        }
    }
}
