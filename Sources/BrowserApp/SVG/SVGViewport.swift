// Sizes: what an svg element says about its own size (CSS Images 3 §5.1, SVG 2 §8.2) and the map of a view box into a
// viewport (SVG 2 §8.6).
import DOM
import Graphics

/// The natural dimensions of a picture in pixels; what is nil does not exist.
public struct NaturalSize: Equatable, Sendable {
    public var width: Fixed?, height: Fixed?
    /// Width over height.
    public var ratio: Fixed?
    public init(width: Fixed? = nil, height: Fixed? = nil, ratio: Fixed? = nil) { self.width = width; self.height = height; self.ratio = ratio }
}

struct ViewBox {
    var x: Fixed, y: Fixed, width: Fixed, height: Fixed

    /// Nil when absent, damaged or negative.
    init?(_ text: String?) {
        guard let text else { return nil }
        var v = SVGScanner(text)
        let n = v.numbers(max: 4)
        guard n.count == 4, n[2] >= .zero, n[3] >= .zero else { return nil }
        (x, y, width, height) = (n[0], n[1], n[2], n[3])
    }
    init(_ width: Fixed, _ height: Fixed) { x = .zero; y = .zero; self.width = width; self.height = height }
}

enum SVGViewport {
    static func naturalSize(_ document: Document, _ svg: NodeID) -> NaturalSize {
        var size = NaturalSize()
        size.width = absolute(document.attribute(svg, .width))
        size.height = absolute(document.attribute(svg, .height))
        if let w = size.width, let h = size.height {
            if w > .zero, h > .zero { size.ratio = w / h }
        } else if let box = ViewBox(document.attribute(svg, Atom("viewBox"))), box.width > .zero, box.height > .zero {
            size.ratio = box.width / box.height
        }
        return size
    }
    /// A length that depends on nothing else; nil for percentages and what cannot be read.
    static func absolute(_ text: String?) -> Fixed? {
        guard let text else { return nil }
        var v = SVGScanner(text)
        guard let n = v.number(), n >= .zero, v.byte != 0x25 else { return nil }
        return SVGScanner.unit(v.unitName(), LengthBase()).map { n * $0 } ?? n
    }

    /// The map of a view box into a viewport of this size at the origin. A box without area draws nothing: nil.
    static func map(_ box: ViewBox, _ width: Fixed, _ height: Fixed, preserveAspectRatio: String?) -> Matrix? {
        guard box.width > .zero, box.height > .zero else { return nil }
        var sx = width / box.width, sy = height / box.height
        var v = SVGScanner(preserveAspectRatio ?? "")
        var align = v.word()
        if align == "defer" { align = v.word() }
        let isSlice = v.word() == "slice"
        var dx = Fixed.zero, dy = Fixed.zero
        if align != "none" {
            let s = isSlice ? max(sx, sy) : min(sx, sy)
            sx = s
            sy = s
            let a = Array((align.isEmpty ? "xMidYMid" : align).utf8)
            dx = rest(width - box.width * s, a, 1)
            dy = rest(height - box.height * s, a, 5)
        }
        return Matrix(sx, .zero, .zero, sy, dx - box.x * sx, dy - box.y * sy)
    }
    /// The share of free space before the box: `Min`, `Mid`, `Max` from a place in the word on.
    private static func rest(_ free: Fixed, _ word: [UInt8], _ at: Int) -> Fixed {
        guard word.count >= at + 3 else { return free.halved }
        switch word[at + 2] {
        case 0x6E: return .zero                 // Min
        case 0x78: return free                  // Max
        default: return free.halved
        }
    }
}
