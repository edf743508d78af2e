// The keyword types of computed style. One enum a property; the cases are CSS's own words.

public enum Display: UInt8, Sendable {
    case none, contents, block, inline, inlineBlock, listItem, flowRoot
    case table, inlineTable, tableRow, tableRowGroup, tableHeaderGroup, tableFooterGroup, tableCell, tableColumn, tableColumnGroup, tableCaption
    case flex, inlineFlex, grid, inlineGrid
}
public enum Position: UInt8, Sendable { case `static`, relative, absolute, fixed, sticky }
public enum FloatSide: UInt8, Sendable { case none, left, right }
public enum Clear: UInt8, Sendable { case none, left, right, both }
public enum BoxSizing: UInt8, Sendable { case contentBox, borderBox }
public enum Overflow: UInt8, Sendable { case visible, hidden, clip, scroll, auto }
public enum Visibility: UInt8, Sendable { case visible, hidden, collapse }
public enum BorderStyle: UInt8, Sendable { case none, hidden, dotted, dashed, solid, double, groove, ridge, inset, outset, auto }
public enum BackgroundRepeat: UInt8, Sendable { case `repeat`, noRepeat, space, round }
public enum BackgroundAttachment: UInt8, Sendable { case scroll, fixed, local }
public enum BackgroundBox: UInt8, Sendable { case borderBox, paddingBox, contentBox, text }
public enum FontStyle: UInt8, Sendable { case normal, italic, oblique }
/// The `webkit…` cases come from <center> and the align attributes: they also align block children (HTML §15.3.3).
public enum TextAlign: UInt8, Sendable { case start, end, left, right, center, justify, webkitLeft, webkitRight, webkitCenter }
public enum TextTransform: UInt8, Sendable { case none, capitalize, uppercase, lowercase, fullWidth }
public enum WhiteSpace: UInt8, Sendable { case normal, pre, nowrap, preWrap, preLine, breakSpaces }
public enum WordBreak: UInt8, Sendable { case normal, breakAll, keepAll, breakWord }
public enum OverflowWrap: UInt8, Sendable { case normal, breakWord, anywhere }
public enum Hyphens: UInt8, Sendable { case none, manual, auto }
public enum TextOverflow: UInt8, Sendable { case clip, ellipsis }
public enum Direction: UInt8, Sendable { case ltr, rtl }
public enum ListStylePosition: UInt8, Sendable { case outside, inside }
public enum ListStyleType: Hashable, Sendable {
    case none, disc, circle, square, decimal, decimalLeadingZero, lowerAlpha, upperAlpha, lowerRoman, upperRoman, lowerGreek, disclosureOpen, disclosureClosed
    /// A literal marker, such as `list-style-type: "- "`.
    case string(String)
}
public enum BorderCollapse: UInt8, Sendable { case separate, collapse }
public enum CaptionSide: UInt8, Sendable { case top, bottom }
public enum EmptyCells: UInt8, Sendable { case show, hide }
public enum TableLayout: UInt8, Sendable { case auto, fixed }
public enum TextDecorationStyle: UInt8, Sendable { case solid, double, dotted, dashed, wavy }
public enum Cursor: UInt8, Sendable { case auto, `default`, none, pointer, text, move, wait, progress, help, crosshair, notAllowed, resizeHorizontal, resizeVertical, resizeDiagonal, grab }
public enum FlexDirection: UInt8, Sendable { case row, rowReverse, column, columnReverse }
public enum FlexWrap: UInt8, Sendable { case nowrap, wrap, wrapReverse }
/// justify-content, align-items, align-content, align-self and justify-items alike. `auto` occurs only on the self properties.
public enum BoxAlignment: UInt8, Sendable { case auto, normal, stretch, start, end, flexStart, flexEnd, center, baseline, spaceBetween, spaceAround, spaceEvenly, left, right }
public enum ObjectFit: UInt8, Sendable { case fill, contain, cover, none, scaleDown }
public enum Appearance: UInt8, Sendable { case auto, none }
public enum PointerEvents: UInt8, Sendable { case auto, none }
public enum UserSelect: UInt8, Sendable { case auto, text, none, all }

public struct TextDecorationLines: OptionSet, Hashable, Sendable {
    public let rawValue: UInt8
    public init(rawValue: UInt8) { self.rawValue = rawValue }
    public static let underline = TextDecorationLines(rawValue: 1), overline = TextDecorationLines(rawValue: 2), lineThrough = TextDecorationLines(rawValue: 4)
}

public enum VerticalAlign: Hashable, Sendable {
    case baseline, sub, `super`, textTop, textBottom, middle, top, bottom
    /// Raises the box; a percentage is of the line height.
    case length(Length)
}

public enum LineHeight: Hashable, Sendable {
    case normal
    /// 16.16 fixed-point multiple of the element's own font size.
    case number(Int32)
    case length(LayoutUnit)
}
