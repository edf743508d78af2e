// Compound values that occur in computed style: border sides, background layers, shadows, generated content, counters.
import Graphics

/// One border (or outline) side. `width` is the computed width: zero when the style is none or hidden.
public struct BorderSide: Equatable, Sendable {
    public var width: LayoutUnit, style: BorderStyle, color: Color
    public init(width: LayoutUnit = .zero, style: BorderStyle = .none, color: Color = .black) { self.width = width; self.style = style; self.color = color }
    public static let none = BorderSide()
}

public enum BackgroundSize: Hashable, Sendable {
    case size(width: Length, height: Length)
    case cover, contain
}

/// A linear gradient's stop; `position` nil means evenly spread.
public struct GradientStop: Equatable, Sendable {
    public var color: Color, position: Length?
    public init(color: Color, position: Length?) { self.color = color; self.position = position }
}

public enum BackgroundImage: Equatable, Sendable {
    case none
    /// Absolute when the sheet's base URL is known, else as written.
    case url(String)
    /// Angle in 16.16 degrees: 0 points up, 90° to the right.
    case linearGradient(angle: Int32, stops: [GradientStop])
}

/// One background image layer; the first in the list is painted on top.
public struct BackgroundLayer: Equatable, Sendable {
    public var image = BackgroundImage.none
    public var repeatX = BackgroundRepeat.repeat, repeatY = BackgroundRepeat.repeat
    public var positionX = Length.zero, positionY = Length.zero
    public var size = BackgroundSize.size(width: .auto, height: .auto)
    public var attachment = BackgroundAttachment.scroll
    public var origin = BackgroundBox.paddingBox, clip = BackgroundBox.borderBox
    public init() {}
}

public struct BoxShadow: Equatable, Sendable {
    public var offsetX = LayoutUnit.zero, offsetY = LayoutUnit.zero, blur = LayoutUnit.zero, spread = LayoutUnit.zero
    public var color = Color.black, inset = false
    public init() {}
}

/// A piece of the `content` property.
public enum ContentItem: Equatable, Sendable {
    case text(String)
    case attribute(String)          // already replaced by .text in a pseudo-element's style
    case url(String)
    case counter(name: String, style: ListStyleType)
    case counters(name: String, separator: String, style: ListStyleType)
    case openQuote, closeQuote, noOpenQuote, noCloseQuote
}

public enum Content: Equatable, Sendable {
    case normal, none
    case items([ContentItem])
}

public struct CounterChange: Equatable, Sendable {
    public var name: String, value: Int32
    public init(name: String, value: Int32) { self.name = name; self.value = value }
}

public struct QuotePair: Equatable, Sendable {
    public var open: String, close: String
    public init(open: String, close: String) { self.open = open; self.close = close }
}
