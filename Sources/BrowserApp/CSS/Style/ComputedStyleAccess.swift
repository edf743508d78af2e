// Field access of `ComputedStyle` without naming the group a property lives in. One line a property.
import Graphics

extension ComputedStyle {
    // Font
    public var fontFamilies: [String] { inherited.fontFamilies }
    public var fontSize: LayoutUnit { inherited.fontSize }
    /// In 1/65536 px.
    public var fontSizeFine: Int64 { inherited.fontSizeFine }
    public var fontWeight: Int32 { inherited.fontWeight }
    public var fontStyle: FontStyle { inherited.fontStyle }
    public var fontSmallCaps: Bool { inherited.fontSmallCaps }
    public var lineHeight: LineHeight { inherited.lineHeight }
    // Text
    public var color: Color { inherited.color }
    public var letterSpacing: LayoutUnit { inherited.letterSpacing }
    public var wordSpacing: LayoutUnit { inherited.wordSpacing }
    public var textAlign: TextAlign { inherited.textAlign }
    public var textIndent: Length { inherited.textIndent }
    public var textTransform: TextTransform { inherited.textTransform }
    public var textShadows: [BoxShadow] { inherited.textShadows }
    public var whiteSpace: WhiteSpace { inherited.whiteSpace }
    public var wordBreak: WordBreak { inherited.wordBreak }
    public var overflowWrap: OverflowWrap { inherited.overflowWrap }
    public var hyphens: Hyphens { inherited.hyphens }
    public var tabSize: Int32 { inherited.tabSize }
    public var direction: Direction { inherited.direction }
    // Lists, quotes, tables
    public var listStyleType: ListStyleType { inherited.listStyleType }
    public var listStylePosition: ListStylePosition { inherited.listStylePosition }
    public var listStyleImage: String? { inherited.listStyleImage }
    public var quotes: [QuotePair] { inherited.quotes }
    public var borderCollapse: BorderCollapse { inherited.borderCollapse }
    public var borderSpacingX: LayoutUnit { inherited.borderSpacingX }
    public var borderSpacingY: LayoutUnit { inherited.borderSpacingY }
    public var captionSide: CaptionSide { inherited.captionSide }
    public var emptyCells: EmptyCells { inherited.emptyCells }
    // Interaction
    public var visibility: Visibility { inherited.visibility }
    public var cursor: Cursor { inherited.cursor }
    public var pointerEvents: PointerEvents { inherited.pointerEvents }
    public var userSelect: UserSelect { inherited.userSelect }
    // Box generation and position
    public var display: Display { box.display }
    public var position: Position { box.position }
    public var float: FloatSide { box.float }
    public var clear: Clear { box.clear }
    public var top: Length { box.top }
    public var right: Length { box.right }
    public var bottom: Length { box.bottom }
    public var left: Length { box.left }
    public var zIndex: Int32? { box.zIndex }
    // Box model
    public var boxSizing: BoxSizing { box.boxSizing }
    public var width: Length { box.width }
    public var height: Length { box.height }
    public var minWidth: Length { box.minWidth }
    public var minHeight: Length { box.minHeight }
    public var maxWidth: Length { box.maxWidth }
    public var maxHeight: Length { box.maxHeight }
    public var marginTop: Length { box.marginTop }
    public var marginRight: Length { box.marginRight }
    public var marginBottom: Length { box.marginBottom }
    public var marginLeft: Length { box.marginLeft }
    public var paddingTop: Length { box.paddingTop }
    public var paddingRight: Length { box.paddingRight }
    public var paddingBottom: Length { box.paddingBottom }
    public var paddingLeft: Length { box.paddingLeft }
    public var borderTop: BorderSide { box.borderTop }
    public var borderRight: BorderSide { box.borderRight }
    public var borderBottom: BorderSide { box.borderBottom }
    public var borderLeft: BorderSide { box.borderLeft }
    public var radiusTopLeft: Length { box.radiusTopLeft }
    public var radiusTopRight: Length { box.radiusTopRight }
    public var radiusBottomRight: Length { box.radiusBottomRight }
    public var radiusBottomLeft: Length { box.radiusBottomLeft }
    public var outline: BorderSide { box.outline }
    public var outlineOffset: LayoutUnit { box.outlineOffset }
    public var overflowX: Overflow { box.overflowX }
    public var overflowY: Overflow { box.overflowY }
    public var objectFit: ObjectFit { box.objectFit }
    // Paint
    public var opacity: UInt8 { box.opacity }
    public var backgroundColor: Color { box.backgroundColor }
    public var backgroundLayers: [BackgroundLayer] { box.backgroundLayers }
    public var boxShadows: [BoxShadow] { box.boxShadows }
    public var hasAuthorFrame: Bool { box.hasAuthorFrame }
    // Inline and text
    public var verticalAlign: VerticalAlign { box.verticalAlign }
    public var textDecorationLines: TextDecorationLines { box.textDecorationLines }
    public var textDecorationStyle: TextDecorationStyle { box.textDecorationStyle }
    public var textDecorationColor: Color { box.textDecorationColor }
    public var textOverflow: TextOverflow { box.textOverflow }
    // Tables
    public var tableLayout: TableLayout { box.tableLayout }
    // Generated content
    public var content: Content { box.content }
    public var counterReset: [CounterChange] { box.counterReset }
    public var counterIncrement: [CounterChange] { box.counterIncrement }
    public var counterSet: [CounterChange] { box.counterSet }
    // Flex
    public var flexDirection: FlexDirection { box.flexDirection }
    public var flexWrap: FlexWrap { box.flexWrap }
    public var flexGrow: Int32 { box.flexGrow }
    public var flexShrink: Int32 { box.flexShrink }
    public var flexBasis: Length { box.flexBasis }
    public var order: Int32 { box.order }
    public var justifyContent: BoxAlignment { box.justifyContent }
    public var alignItems: BoxAlignment { box.alignItems }
    public var alignContent: BoxAlignment { box.alignContent }
    public var alignSelf: BoxAlignment { box.alignSelf }
    public var justifyItems: BoxAlignment { box.justifyItems }
    public var justifySelf: BoxAlignment { box.justifySelf }
    public var rowGap: Length { box.rowGap }
    public var aspectRatio: Int32 { box.aspectRatio }
    public var columnGap: Length { box.columnGap }
    // Interaction
    public var appearance: Appearance { box.appearance }
}
