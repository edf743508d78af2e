// The properties of an element that drawing needs (SVG 2 §13, CSS Masking, CSS Fonts): presentation attributes, then
// the file's own style rules, then the style attribute.
import CSS
import Graphics

enum SVGPaint {
    case none, currentColor
    case color(Color)
    /// A gradient by its id, and what is used when there is none.
    case server(String, fallback: Color?)
}

enum TextAnchor: UInt8 { case start, middle, end }
/// Which line of the text stands at its y (SVG 2 §11.10.2).
enum TextBaseline: UInt8 { case alphabetic, middle, central, hanging, top, bottom }

struct SVGStyle {
    // Inherited.
    var color = Color.black
    var fill = SVGPaint.color(.black), stroke = SVGPaint.none
    var fillOpacity: UInt8 = 255, strokeOpacity: UInt8 = 255
    var fillRule = FillRule.nonZero, clipRule = FillRule.nonZero
    var line = StrokeStyle()
    var fontFamilies: [String] = ["serif"]
    var fontSize = Fixed(16)
    var fontWeight = 400
    var isItalic = false
    var anchor = TextAnchor.start
    var baseline = TextBaseline.alphabetic
    var isVisible = true
    /// Edges without grey pixels (`shape-rendering: crispEdges`).
    var isCrisp = false
    var markerStart: String?, markerMiddle: String?, markerEnd: String?
    var letterSpacing = Fixed.zero
    // Not inherited.
    var opacity: UInt8 = 255
    var isDisplayed = true
    var clipPath: String?, mask: String?
    var stopColor: SVGPaint = .color(.black)
    var stopOpacity: UInt8 = 255
    var keepsStrokeWidth = false
    var overflows = false
    var transform: [UInt8]?
    var filter: String?

    /// What a child begins with.
    func inherited() -> SVGStyle {
        var s = self
        s.opacity = 255
        s.isDisplayed = true
        s.clipPath = nil
        s.mask = nil
        s.stopColor = .color(.black)
        s.stopOpacity = 255
        s.keepsStrokeWidth = false
        s.overflows = false
        s.transform = nil
        s.filter = nil
        return s
    }

    /// Sets one property; `name` is lower case. Unknown names and values that make no sense change nothing.
    mutating func set(_ name: String, _ value: [UInt8], _ base: LengthBase) {
        var v = SVGScanner(value)
        switch name {
        case "fill": if let p = SVGStyle.paint(value) { fill = p }
        case "stroke": if let p = SVGStyle.paint(value) { stroke = p }
        case "color": if case .color(let c)? = SVGStyle.paint(value) { color = c }
        case "stop-color": if let p = SVGStyle.paint(value) { stopColor = p }
        case "fill-opacity": if let o = SVGStyle.opacity(value) { fillOpacity = o }
        case "stroke-opacity": if let o = SVGStyle.opacity(value) { strokeOpacity = o }
        case "stop-opacity": if let o = SVGStyle.opacity(value) { stopOpacity = o }
        case "opacity": if let o = SVGStyle.opacity(value) { opacity = o }
        case "fill-rule": setRule(v.word(), &fillRule)
        case "clip-rule": setRule(v.word(), &clipRule)
        case "stroke-width": if let n = v.length(.diagonal, relative(base)), n >= .zero { line.width = n }
        case "stroke-miterlimit": if let n = v.number(), n >= .one { line.miterLimit = n }
        case "stroke-dashoffset": if let n = v.length(.diagonal, relative(base)) { line.dashOffset = n }
        case "stroke-dasharray": setDashes(&v, base)
        case "stroke-linecap":
            switch v.word() { case "butt": line.cap = .butt; case "round": line.cap = .round; case "square": line.cap = .square; default: break }
        case "stroke-linejoin":
            switch v.word() { case "miter", "miter-clip", "arcs": line.join = .miter; case "round": line.join = .round; case "bevel": line.join = .bevel; default: break }
        case "display": isDisplayed = v.word() != "none"
        case "visibility": isVisible = v.word() == "visible"
        case "clip-path": clipPath = v.reference()
        case "mask": mask = v.reference()
        case "filter": filter = v.reference()
        case "transform": transform = value
        case "vector-effect": keepsStrokeWidth = v.word() == "non-scaling-stroke"
        case "overflow":
            let word = v.word()
            overflows = word == "visible" || word == "auto"
        case "shape-rendering": isCrisp = v.word() == "crispEdges" || String(decoding: value, as: UTF8.self) == "optimizeSpeed"
        case "marker": markerStart = v.reference(); markerMiddle = markerStart; markerEnd = markerStart
        case "marker-start": markerStart = v.reference()
        case "marker-mid": markerMiddle = v.reference()
        case "marker-end": markerEnd = v.reference()
        case "letter-spacing": letterSpacing = v.length(.x, relative(base)) ?? .zero
        case "text-anchor":
            switch v.word() { case "start": anchor = .start; case "middle": anchor = .middle; case "end": anchor = .end; default: break }
        case "dominant-baseline", "alignment-baseline":
            switch v.word() {
            case "middle": baseline = .middle
            case "central": baseline = .central
            case "hanging": baseline = .hanging
            case "text-before-edge", "text-top", "before-edge": baseline = .top
            case "text-after-edge", "text-bottom", "after-edge", "ideographic": baseline = .bottom
            case "auto", "alphabetic", "baseline": baseline = .alphabetic
            default: break
            }
        case "font": setFont(value, base)
        case "font-size": setFontSize(&v, base)
        case "font-family": fontFamilies = SVGStyle.families(value)
        case "font-style": isItalic = v.word() != "normal"
        case "font-weight":
            if let n = v.number() { fontWeight = max(1, min(1000, n.rounded)) } else {
                switch v.word() { case "bold", "bolder": fontWeight = 700; case "normal", "lighter": fontWeight = 400; default: break }
            }
        default: break
        }
    }

    func relative(_ base: LengthBase) -> LengthBase {
        var b = base
        b.fontSize = fontSize
        return b
    }
    private func setRule(_ word: String, _ rule: inout FillRule) {
        if word == "evenodd" { rule = .evenOdd } else if word == "nonzero" { rule = .nonZero }
    }
    private mutating func setDashes(_ v: inout SVGScanner, _ base: LengthBase) {
        var list: [Fixed] = []
        while list.count < 64, let n = v.length(.diagonal, relative(base)) {
            if n < .zero { return }
            list.append(n)
        }
        line.dashes = list
    }
    private mutating func setFontSize(_ v: inout SVGScanner, _ base: LengthBase) {
        var b = relative(base)
        b.width = fontSize; b.height = fontSize
        if let n = v.length(.x, b), n >= .zero { fontSize = n; return }
        switch v.word() {
        case "xx-small": fontSize = Fixed(9)
        case "x-small": fontSize = Fixed(10)
        case "small": fontSize = Fixed(13)
        case "medium": fontSize = Fixed(16)
        case "large": fontSize = Fixed(18)
        case "x-large": fontSize = Fixed(24)
        case "xx-large": fontSize = Fixed(32)
        default: break
        }
    }
    /// The shorthand: style and weight words, a size with a line height, families.
    private mutating func setFont(_ value: [UInt8], _ base: LengthBase) {
        var v = SVGScanner(value)
        isItalic = false
        fontWeight = 400
        while !v.isAtEnd {
            let start = v.at
            if let n = v.length(.x, relative(base)) {
                if n.raw >= Int64(100) << 32, v.at < value.count, n.raw & 0xFFFF_FFFF == 0, n <= Fixed(1000), v.byte == 0x20 { fontWeight = n.rounded; continue }
                fontSize = n
                if v.take(0x2F) { _ = v.length(.x, base) }
                fontFamilies = SVGStyle.families(Array(value[v.at...]))
                return
            }
            switch v.word() { case "italic", "oblique": isItalic = true; case "bold": fontWeight = 700; case "": return; default: break }
            if v.at == start { return }
        }
    }
    static func families(_ value: [UInt8]) -> [String] {
        var list: [String] = []
        for part in value.split(separator: 0x2C) {
            var name: [UInt8] = []
            for b in part where b != 0x22 && b != 0x27 && !(b == 0x20 && name.isEmpty) { name.append(b >= 0x41 && b <= 0x5A ? b | 0x20 : b) }
            while name.last == 0x20 { name.removeLast() }
            if !name.isEmpty { list.append(String(decoding: name, as: UTF8.self)) }
        }
        return list
    }

    static func opacity(_ value: [UInt8]) -> UInt8? {
        var v = SVGScanner(value)
        guard var n = v.number() else { return nil }
        if v.byte == 0x25 { n = n / Fixed(100) }
        return UInt8((max(.zero, min(.one, n)) * Fixed(255)).rounded)
    }

    static func paint(_ value: [UInt8]) -> SVGPaint? {
        var v = SVGScanner(value)
        if let id = v.reference() {
            v.skipSpace()
            let rest = Array(value[v.at...])
            if rest.isEmpty { return .server(id, fallback: nil) }
            if case .color(let c)? = paint(rest) { return .server(id, fallback: c) }
            return .server(id, fallback: nil)
        }
        let start = v.at
        if v.word() == "none" { return SVGPaint.none }
        switch parseColor(Array(value[start...])) {
        case .color(let c)?: return .color(c)
        case .currentColor?: return .currentColor
        case nil: return nil
        }
    }
}
