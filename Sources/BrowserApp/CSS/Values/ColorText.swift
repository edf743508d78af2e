// Colours for callers outside style sheets: SVG's paints are written in the same syntax.
import Graphics

public enum ColorText { case color(Color), currentColor }

/// A CSS colour; nil when the text is not one.
public func parseColor(_ text: [UInt8]) -> ColorText? {
    var cursor = TokenCursor(TokenBuffer.tokenize(text))
    guard let color = cursor.color(), cursor.isAtEnd else { return nil }
    switch color {
    case .color(let c): return .color(c)
    case .currentColor: return .currentColor
    }
}
