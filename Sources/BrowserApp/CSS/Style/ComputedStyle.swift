// Computed style: the values layout and painting read, one per element (CSS Cascade 4 §4.4), as plain fields.
// Invariant: everything is absolute (currentColor, em, keywords of font-size resolved); percentages stay where layout must resolve them.
// Styles are shared between elements: never change one after the engine returned it. `ComputedStyle(anonymousIn:)` makes a new one.
import Graphics

/// The properties that children inherit.
public struct InheritedStyle: Equatable, Sendable {
    // Font
    public var fontFamilies: [String] = ["serif"]    // lower case, in order of preference; generic names (serif, sans-serif, monospace, cursive, fantasy, system-ui) included
    public var fontSize: LayoutUnit = LayoutUnit(16)
    /// The same in 1/65536 px: what em lengths and line heights are multiples of.
    var fontSizeFine: Int64 = 16 << 16
    public var fontWeight: Int32 = 400    // 1...1000
    public var fontStyle: FontStyle = .normal
    public var fontSmallCaps: Bool = false
    /// The generic family is exactly `monospace`: keyword font sizes are then 13/16 as large, as in all browsers.
    var usesMonospaceSize = false
    /// The size goes back to an absolute length, which the monospace rule leaves alone.
    var hasAbsoluteFontSize = false
    public var lineHeight: LineHeight = .normal
    // Text
    public var color: Color = .black
    public var letterSpacing: LayoutUnit = .zero
    public var wordSpacing: LayoutUnit = .zero
    public var textAlign: TextAlign = .start
    public var textIndent: Length = .zero
    public var textTransform: TextTransform = .none
    public var textShadows: [BoxShadow] = []    // spread and inset unused
    public var whiteSpace: WhiteSpace = .normal
    public var wordBreak: WordBreak = .normal
    public var overflowWrap: OverflowWrap = .normal
    public var hyphens: Hyphens = .manual
    public var tabSize: Int32 = 8    // in spaces
    public var direction: Direction = .ltr
    // Lists, quotes, tables
    public var listStyleType: ListStyleType = .disc
    public var listStylePosition: ListStylePosition = .outside
    public var listStyleImage: String? = nil
    public var quotes: [QuotePair] = ComputedStyle.initialQuotes
    public var borderCollapse: BorderCollapse = .separate
    public var borderSpacingX: LayoutUnit = .zero
    public var borderSpacingY: LayoutUnit = .zero
    public var captionSide: CaptionSide = .top
    public var emptyCells: EmptyCells = .show
    // Interaction
    public var visibility: Visibility = .visible
    public var cursor: Cursor = .auto
    public var pointerEvents: PointerEvents = .auto
    public var userSelect: UserSelect = .auto
    public init() {}
}

/// The properties that start at their initial value on every element.
public struct BoxStyle: Equatable, Sendable {
    // Box generation and position
    public var display: Display = .inline    // blockified where CSS 2.2 §9.7 says so
    /// Inline-level before blockification.
    public var wasInline = false
    public var position: Position = .static
    public var float: FloatSide = .none
    public var clear: Clear = .none
    public var top: Length = .auto
    public var right: Length = .auto
    public var bottom: Length = .auto
    public var left: Length = .auto
    public var zIndex: Int32? = nil    // nil is auto
    // Box model
    public var boxSizing: BoxSizing = .contentBox
    public var width: Length = .auto
    public var height: Length = .auto
    public var minWidth: Length = .auto
    public var minHeight: Length = .auto
    public var maxWidth: Length = .auto    // auto is none
    public var maxHeight: Length = .auto    // auto is none
    public var marginTop: Length = .zero
    public var marginRight: Length = .zero
    public var marginBottom: Length = .zero
    public var marginLeft: Length = .zero
    /// The margin is an em length of the built-in sheet.
    public var quirkyMarginTop = false, quirkyMarginBottom = false
    public var paddingTop: Length = .zero
    public var paddingRight: Length = .zero
    public var paddingBottom: Length = .zero
    public var paddingLeft: Length = .zero
    public var borderTop: BorderSide = .none
    public var borderRight: BorderSide = .none
    public var borderBottom: BorderSide = .none
    public var borderLeft: BorderSide = .none
    public var radiusTopLeft: Length = .zero
    public var radiusTopRight: Length = .zero
    public var radiusBottomRight: Length = .zero
    public var radiusBottomLeft: Length = .zero
    public var outline: BorderSide = .none
    public var outlineOffset: LayoutUnit = .zero
    public var overflowX: Overflow = .visible
    public var overflowY: Overflow = .visible
    public var objectFit: ObjectFit = .fill
    // Paint
    public var opacity: UInt8 = 255
    public var backgroundColor: Color = .transparent
    public var backgroundLayers: [BackgroundLayer] = []    // empty without image
    public var boxShadows: [BoxShadow] = []
    // Inline and text
    public var verticalAlign: VerticalAlign = .baseline
    public var textDecorationLines: TextDecorationLines = []    // this element's own; propagation to descendants is layout's
    public var textDecorationStyle: TextDecorationStyle = .solid
    public var textDecorationColor: Color = .black
    public var textOverflow: TextOverflow = .clip
    // Tables
    public var tableLayout: TableLayout = .auto
    // Generated content
    public var content: Content = .normal
    public var counterReset: [CounterChange] = []
    public var counterIncrement: [CounterChange] = []
    public var counterSet: [CounterChange] = []
    // Flex
    public var flexDirection: FlexDirection = .row
    public var flexWrap: FlexWrap = .nowrap
    public var flexGrow: Int32 = 0    // 16.16 fixed point
    public var flexShrink: Int32 = 65536    // 16.16 fixed point
    public var flexBasis: Length = .auto
    public var order: Int32 = 0
    public var justifyContent: BoxAlignment = .normal
    public var alignItems: BoxAlignment = .normal
    public var alignContent: BoxAlignment = .normal
    public var alignSelf: BoxAlignment = .auto
    public var justifyItems: BoxAlignment = .normal
    public var justifySelf: BoxAlignment = .auto
    public var rowGap: Length = .zero
    /// `auto` stands for normal: nothing, but an em between the columns of text.
    public var columnGap: Length = .auto
    /// 0 is auto.
    public var columnCount: Int32 = 0
    public var columnWidth: Length = .auto
    // Interaction
    public var appearance: Appearance = .auto
    /// Width over height in 16.16; 0 is auto.
    public var aspectRatio: Int32 = 0
    /// A rule of the page sets a background or border: a control no longer has the browser's own look.
    public var hasAuthorFrame = false
    // Grid
    public var gridTemplateColumns = GridTemplate()
    public var gridTemplateRows = GridTemplate()
    public var gridTemplateAreas: [[String]] = []
    public var gridAutoColumns: [GridTrack] = []    // empty: auto
    public var gridAutoRows: [GridTrack] = []
    public var gridAutoFlow = GridAutoFlow()
    public var gridRowStart = GridLine()
    public var gridRowEnd = GridLine()
    public var gridColumnStart = GridLine()
    public var gridColumnEnd = GridLine()
    public init() {}
}

/// All computed values of an element, pseudo-element or anonymous box. Read fields directly: `style.display`, `style.fontSize`.
public final class ComputedStyle {
    public internal(set) var inherited: InheritedStyle
    public internal(set) var box: BoxStyle
    /// Custom properties (`--name`) in effect; nil when there are none.
    var custom: CustomProperties?
    /// Small number, unique among the engine's live styles of one pass: equal numbers mean the same style.
    public internal(set) var number: UInt32 = 0

    /// Every property at its initial value.
    public init() { inherited = InheritedStyle(); box = BoxStyle() }
    init(inherited: InheritedStyle, box: BoxStyle, custom: CustomProperties?) { self.inherited = inherited; self.box = box; self.custom = custom }
    /// The style of an anonymous box inside a box of style `parent`: inherited properties from it, all others initial (CSS 2.2 §9.2.1.1).
    public init(anonymousIn parent: ComputedStyle, display: Display) {
        inherited = parent.inherited
        box = BoxStyle()
        box.display = display
        box.textDecorationColor = parent.inherited.color
    }

    /// This style where it lies in a first line: what it inherited from the block it inherits from the line's style (CSS Pseudo 4
    /// §2.1.2). A value that equals the block's counts as inherited; other font sizes keep their ratio.
    public func inFirstLine(of block: ComputedStyle, style line: ComputedStyle) -> ComputedStyle {
        var s = inherited
        let b = block.inherited, l = line.inherited
        if s.fontFamilies == b.fontFamilies { s.fontFamilies = l.fontFamilies }
        if s.fontSizeFine == b.fontSizeFine { s.fontSizeFine = l.fontSizeFine } else if b.fontSizeFine > 0 { s.fontSizeFine = multiplyFixed(s.fontSizeFine, l.fontSizeFine, b.fontSizeFine) }
        s.fontSize = LayoutUnit(clamping: (s.fontSizeFine + 512) >> 10)
        if s.fontWeight == b.fontWeight { s.fontWeight = l.fontWeight }
        if s.fontStyle == b.fontStyle { s.fontStyle = l.fontStyle }
        if s.fontSmallCaps == b.fontSmallCaps { s.fontSmallCaps = l.fontSmallCaps }
        if s.lineHeight == b.lineHeight { s.lineHeight = l.lineHeight }
        if s.color == b.color { s.color = l.color }
        if s.letterSpacing == b.letterSpacing { s.letterSpacing = l.letterSpacing }
        if s.wordSpacing == b.wordSpacing { s.wordSpacing = l.wordSpacing }
        if s.textShadows == b.textShadows { s.textShadows = l.textShadows }
        return ComputedStyle(inherited: s, box: box, custom: custom)
    }

    // For boxes that layout makes; only on styles of anonymous boxes.
    public func setPaddingLeft(_ width: LayoutUnit) { box.paddingLeft = .px(width) }
    public func setMarginRight(_ width: LayoutUnit) { box.marginRight = .px(width) }
    public func setMarker(_ type: ListStyleType) { inherited.listStyleType = type; inherited.listStylePosition = .inside }
    public func setHeight(_ height: LayoutUnit) { box.height = .px(height) }

    /// Whether boxes stay as they are when this style takes the place of `old`: nothing but colours, lines through and under text,
    /// and the pointer's shape differs.
    public func differsInPaintOnly(from old: ComputedStyle) -> Bool {
        var inherited = old.inherited, box = old.box
        inherited.color = self.inherited.color
        inherited.cursor = self.inherited.cursor
        guard inherited == self.inherited else { return false }
        box.backgroundColor = self.box.backgroundColor
        box.textDecorationLines = self.box.textDecorationLines
        box.textDecorationStyle = self.box.textDecorationStyle
        box.textDecorationColor = self.box.textDecorationColor
        box.borderTop.color = self.box.borderTop.color
        box.borderRight.color = self.box.borderRight.color
        box.borderBottom.color = self.box.borderBottom.color
        box.borderLeft.color = self.box.borderLeft.color
        box.outline.color = self.box.outline.color
        box.hasAuthorFrame = self.box.hasAuthorFrame             // counts on controls only, whose boxes are made again in any case
        return box == self.box
    }
    public func hasSameBorders(as other: ComputedStyle) -> Bool {
        func isSame(_ a: BorderSide, _ b: BorderSide) -> Bool { a == b || (a.width == .zero && b.width == .zero) }
        return isSame(box.borderTop, other.box.borderTop) && isSame(box.borderRight, other.box.borderRight)
            && isSame(box.borderBottom, other.box.borderBottom) && isSame(box.borderLeft, other.box.borderLeft)
    }
    /// Custom properties are compared by identity: equal ones below one parent are one object.
    func hasSameValues(as other: ComputedStyle) -> Bool { custom === other.custom && inherited == other.inherited && box == other.box }

    static let initialQuotes = [QuotePair(open: "\u{201C}", close: "\u{201D}"), QuotePair(open: "\u{2018}", close: "\u{2019}")]

    /// Used line height when it is not `normal` (nil: take it from the font).
    public var lineHeightLength: LayoutUnit? {
        switch inherited.lineHeight {
        case .normal: return nil
        case .number(let factor): return LayoutUnit(clamping: (inherited.fontSizeFine &* (Int64(factor) &+ 1)) >> 26)
        case .length(let length): return length
        }
    }
    public var isPositioned: Bool { box.position != .static }
    public var isOutOfFlow: Bool { box.position == .absolute || box.position == .fixed }
    public var isFloating: Bool { box.float != .none && !isOutOfFlow }
}
