// Patterns (SVG 2 §14.3): a tile is drawn once at the size at which it is shown, then repeated.
import DOM
import Graphics

extension SVGRenderer {
    static let tileSideMax = 1024

    /// The paint that repeats a pattern's tile; nil when the tile is empty, has no area, or is being drawn already.
    func pattern(_ n: NodeID, _ opacity: UInt8, _ path: VectorPath, _ context: Context) -> VectorPaint? {
        let chain = references(n)
        guard let content = chain.first(where: { hasElement($0) }), !entered.contains(content), entered.count < 4 else { return nil }
        let box = path.bounds
        let usesBox = inherited(Atom("patternUnits"), chain) != "userSpaceOnUse"
        if usesBox, box.map({ $0.x1 <= $0.x0 || $0.y1 <= $0.y0 }) ?? true { return nil }
        let base = context.style.relative(context.base)
        func value(_ name: String, _ axis: LengthBase.Axis) -> Fixed {
            guard let text = inherited(Atom(name), chain) else { return .zero }
            var v = SVGScanner(text)
            if usesBox {
                guard let number = v.number() else { return .zero }
                return v.byte == 0x25 ? number / Fixed(100) : number
            }
            return v.length(axis, base) ?? .zero
        }
        var x = value("x", .x), y = value("y", .y), w = value("width", .x), h = value("height", .y)
        if usesBox, let box {
            let bw = box.x1 - box.x0, bh = box.y1 - box.y0
            (x, y, w, h) = (box.x0 + x * bw, box.y0 + y * bh, w * bw, h * bh)
        }
        guard w > .zero, h > .zero else { return nil }
        var map = context.map
        if let text = inherited(Atom("patternTransform"), chain) { var v = SVGScanner(text); map = map.concatenating(v.transform()) }
        func side(_ length: Fixed, _ scale: Fixed) -> Int { max(1, min(SVGRenderer.tileSideMax, (length * scale).rounded)) }
        let width = side(w, Fixed.hypotenuse(map.a, map.b)), height = side(h, Fixed.hypotenuse(map.c, map.d))
        guard let back = map.concatenating(Matrix(w, .zero, .zero, h, x, y)).inverse else { return nil }

        // From the pattern's coordinates to the tile's pixels.
        var inner = context
        inner.clip = nil
        inner.depth += 1
        inner.style = style(content, SVGStyle(), context.base)
        inner.map = Matrix.scale(Fixed(width) / w, Fixed(height) / h)
        if let viewBox = ViewBox(inherited(Atom("viewBox"), chain)) {
            guard let fit = SVGViewport.map(viewBox, w, h, preserveAspectRatio: inherited(Atom("preserveAspectRatio"), chain)) else { return nil }
            inner.map = inner.map.concatenating(fit)
        } else if inherited(Atom("patternContentUnits"), chain) == "objectBoundingBox", let box {
            inner.map = inner.map.concatenating(.scale(box.x1 - box.x0, box.y1 - box.y0))
        }
        var tile: Bitmap?
        entering(content) { tile = drawn(width: width, height: height) { drawChildren(content, inner) } }
        return tile.map { .pattern(VectorPattern(tile: $0, toTile: back, opacity: opacity)) }
    }

    private func hasElement(_ n: NodeID) -> Bool {
        for child in document.children(n) where document.isElement(child) { return true }
        return false
    }
}
