// The display list: what every program that draws produces, and the rasteriser executes. Integer geometry only.
// Positions of text are in 1/64 pixel (26.6 fixed point).

/// A colour with straight (not premultiplied) alpha.
public struct Color: Equatable, Sendable {
    public var red: UInt8, green: UInt8, blue: UInt8, alpha: UInt8
    public init(_ red: UInt8, _ green: UInt8, _ blue: UInt8, _ alpha: UInt8 = 255) { self.red = red; self.green = green; self.blue = blue; self.alpha = alpha }
    public init(rgb: UInt32) { self.init(UInt8(truncatingIfNeeded: rgb >> 16), UInt8(truncatingIfNeeded: rgb >> 8), UInt8(truncatingIfNeeded: rgb)) }
    public static let black = Color(0, 0, 0), white = Color(255, 255, 255), transparent = Color(0, 0, 0, 0)
}

/// A rectangle in whole pixels.
public struct Rect: Equatable, Sendable {
    public var x: Int32, y: Int32, width: Int32, height: Int32
    public init(_ x: Int32, _ y: Int32, _ width: Int32, _ height: Int32) { self.x = x; self.y = y; self.width = width; self.height = height }
    public static let zero = Rect(0, 0, 0, 0)
    public var maxX: Int32 { x &+ width }
    public var maxY: Int32 { y &+ height }
    public var isEmpty: Bool { width <= 0 || height <= 0 }
    public func contains(_ px: Int32, _ py: Int32) -> Bool { px >= x && px < maxX && py >= y && py < maxY }
    public func intersection(_ o: Rect) -> Rect {
        let x0 = max(x, o.x), y0 = max(y, o.y), x1 = min(maxX, o.maxX), y1 = min(maxY, o.maxY)
        return x1 > x0 && y1 > y0 ? Rect(x0, y0, x1 - x0, y1 - y0) : .zero
    }
    public func union(_ o: Rect) -> Rect {
        if isEmpty { return o }
        if o.isEmpty { return self }
        let x0 = min(x, o.x), y0 = min(y, o.y)
        return Rect(x0, y0, max(maxX, o.maxX) - x0, max(maxY, o.maxY) - y0)
    }
    public func offset(_ dx: Int32, _ dy: Int32) -> Rect { Rect(x &+ dx, y &+ dy, width, height) }
}

/// Pixels as 0xAARRGGBB words, premultiplied, row by row.
public final class Bitmap {
    public let width: Int, height: Int
    public var pixels: [UInt32]
    public init(width: Int, height: Int, pixels: [UInt32]? = nil) {
        self.width = width; self.height = height
        self.pixels = pixels ?? [UInt32](repeating: 0, count: width * height)
    }
}

/// A glyph placed on a baseline; x and y are 26.6 relative to the list's origin.
public struct PositionedGlyph: Sendable {
    public var glyph: UInt16
    public var x: Int32, y: Int32
    public init(glyph: UInt16, x: Int32, y: Int32) { self.glyph = glyph; self.x = x; self.y = y }
}

/// One drawing operation. `fontID` is an index into the `FontLibrary` that the rasteriser is given.
public enum DisplayItem {
    case fill(Rect, Color)
    case roundedFill(Rect, radius: Int32, Color)
    case verticalGradient(Rect, top: Color, bottom: Color)
    case line(x0: Int32, y0: Int32, x1: Int32, y1: Int32, thickness: Int32, Color)
    case dashedRect(Rect, dash: Int32, Color)           // dotted/dashed rules: segments of `dash` on, `dash` off along the long axis
    case glyphs(fontID: Int32, size: Int32, Color, [PositionedGlyph])   // size in 26.6 pixels per em
    case image(Bitmap, source: Rect, destination: Rect) // nearest/bilinear scaling when sizes differ
    case surface(Surface, Rect)                         // pixels that others own, never scaled: from the corner, cut at the rectangle
    case pushClip(Rect)
    case popClip
    case pushOpacity(UInt8)
    case popOpacity
}

/// Operations in painting order.
public struct DisplayList {
    public var items: [DisplayItem] = []
    public init() {}
    public mutating func append(_ item: DisplayItem) { items.append(item) }
}
