// Basic shapes and paths as geometry (SVG 2 §10), their fill and their stroke, colours and gradients (§13, §14.2).
import DOM
import Graphics

enum SVGShape {
    case path, rect, circle, ellipse, line, polyline, polygon

    init?(_ name: String) {
        switch name {
        case "path": self = .path
        case "rect": self = .rect
        case "circle": self = .circle
        case "ellipse": self = .ellipse
        case "line": self = .line
        case "polyline": self = .polyline
        case "polygon": self = .polygon
        default: return nil
        }
    }
}

extension SVGRenderer {
    /// The geometry of a shape in its own coordinates; nil when there is none to draw.
    func shapePath(_ n: NodeID, _ shape: SVGShape, _ context: Context) -> VectorPath? {
        let base = context.style.relative(context.base)
        func length(_ name: Atom, _ axis: LengthBase.Axis) -> Fixed? {
            guard var v = attribute(n, name) else { return nil }
            return v.length(axis, base)
        }
        switch shape {
        case .path:
            guard var v = attribute(n, Atom("d")) else { return nil }
            return v.path()
        case .rect:
            guard let w = length(.width, .x), let h = length(.height, .y), w > .zero, h > .zero else { return nil }
            let rx = length(Atom("rx"), .x), ry = length(Atom("ry"), .y)
            return VectorPath.rectangle(length(Atom("x"), .x) ?? .zero, length(Atom("y"), .y) ?? .zero, w, h,
                                        min(max(.zero, rx ?? ry ?? .zero), w.halved), min(max(.zero, ry ?? rx ?? .zero), h.halved))
        case .circle:
            guard let r = length(Atom("r"), .diagonal), r > .zero else { return nil }
            return VectorPath.ellipse(length(Atom("cx"), .x) ?? .zero, length(Atom("cy"), .y) ?? .zero, r, r)
        case .ellipse:
            let rx = length(Atom("rx"), .x), ry = length(Atom("ry"), .y)
            guard let a = rx ?? ry, let b = ry ?? rx, a > .zero, b > .zero else { return nil }
            return VectorPath.ellipse(length(Atom("cx"), .x) ?? .zero, length(Atom("cy"), .y) ?? .zero, a, b)
        case .line:
            var path = VectorPath()
            path.move(to: FixedPoint(length(Atom("x1"), .x) ?? .zero, length(Atom("y1"), .y) ?? .zero))
            path.line(to: FixedPoint(length(Atom("x2"), .x) ?? .zero, length(Atom("y2"), .y) ?? .zero))
            return path
        case .polyline, .polygon:
            guard var v = attribute(n, Atom("points")) else { return nil }
            let numbers = v.numbers()
            if numbers.count < 2 { return nil }
            var path = VectorPath()
            path.move(to: FixedPoint(numbers[0], numbers[1]))
            var i = 2
            while i + 1 < numbers.count { path.line(to: FixedPoint(numbers[i], numbers[i + 1])); i += 2 }
            if shape == .polygon { path.close() }
            return path
        }
    }

    func drawShape(_ n: NodeID, _ shape: SVGShape, _ context: Context) {
        guard context.style.isVisible, let path = shapePath(n, shape, context) else { return }
        paint(path, context)
        if context.style.markerStart != nil || context.style.markerMiddle != nil || context.style.markerEnd != nil {
            switch shape {
            case .path, .line, .polyline, .polygon: drawMarkers(path, context)
            default: break
            }
        }
    }

    /// Fills and strokes a path with the context's style.
    func paint(_ path: VectorPath, _ context: Context) {
        let s = context.style
        let area = context.clip?.bounds ?? canvas.bounds
        if let fill = resolve(s.fill, s.fillOpacity, path, context) {
            var mask = path.fillMask(context.map, s.fillRule, clip: area, &budget)
            if s.isCrisp { mask.sharpen() }
            canvas.fill(mask, fill, clip: context.clip)
        }
        guard s.line.width > .zero, let stroke = resolve(s.stroke, s.strokeOpacity, path, context) else { return }
        var line = s.line
        if s.keepsStrokeWidth { line.width = line.width / max(context.map.scale, Fixed(raw: 1 << 16)) }
        var mask = path.strokeMask(context.map, line, clip: area, &budget)
        if s.isCrisp { mask.sharpen() }
        canvas.fill(mask, stroke, clip: context.clip)
    }

    // MARK: Paints

    private func resolve(_ paint: SVGPaint, _ opacity: UInt8, _ path: VectorPath, _ context: Context) -> VectorPaint? {
        if opacity == 0 || budget.isSpent { return nil }
        func plain(_ c: Color) -> VectorPaint? {
            var c = c
            c.alpha = UInt8((UInt32(c.alpha) * UInt32(opacity) + 127) / 255)
            return c.alpha == 0 ? nil : .color(c)
        }
        switch paint {
        case .none: return nil
        case .color(let c): return plain(c)
        case .currentColor: return plain(context.style.color)
        case .server(let id, let fallback):
            let n = element(id)
            if n.isNone { return fallback.flatMap(plain) }
            let name = document.name(n).string
            if name == "pattern" { return pattern(n, opacity, path, context) ?? fallback.flatMap(plain) }
            guard name == "linearGradient" || name == "radialGradient" else { return fallback.flatMap(plain) }
            return gradient(n, isRadial: name == "radialGradient", opacity, path, context, plain)
        }
    }

    /// A gradient element's attribute, from it or from the gradients that it refers to.
    func inherited(_ name: Atom, _ chain: [NodeID]) -> String? {
        for n in chain { if let value = document.attribute(n, name) { return value } }
        return nil
    }

    /// A paint server and the ones it refers to, nearest first.
    func references(_ n: NodeID) -> [NodeID] {
        var chain = [n]
        while chain.count < 8 {
            let next = linked(chain[chain.count - 1])
            if next.isNone || chain.contains(next) { break }
            chain.append(next)
        }
        return chain
    }

    private func gradient(_ n: NodeID, isRadial: Bool, _ opacity: UInt8, _ path: VectorPath, _ context: Context, _ plain: (Color) -> VectorPaint?) -> VectorPaint? {
        let chain = references(n)
        var stops: [VectorStop] = []
        for node in chain where stops.isEmpty { stops = gradientStops(node, context) }
        guard let last = stops.last else { return nil }
        if stops.count == 1 { return plain(last.color) }
        var map = context.map
        let usesBox = inherited(Atom("gradientUnits"), chain) != "userSpaceOnUse"
        var base = context.style.relative(context.base)
        if usesBox {
            guard let box = path.bounds, box.x1 > box.x0, box.y1 > box.y0 else { return nil }
            map = map.concatenating(Matrix(box.x1 - box.x0, .zero, .zero, box.y1 - box.y0, box.x0, box.y0))
            (base.width, base.height) = (.one, .one)
        }
        if let text = inherited(Atom("gradientTransform"), chain) { var v = SVGScanner(text); map = map.concatenating(v.transform()) }
        func value(_ name: String, _ axis: LengthBase.Axis, _ percent: Int) -> Fixed {
            if let text = inherited(Atom(name), chain) {
                var v = SVGScanner(text)
                // Percent of a box of one is a plain share, also along its diagonal.
                if usesBox, let number = v.number() { return v.byte == 0x25 ? number / Fixed(100) : number }
                v.at = 0
                if let length = v.length(axis, base) { return length }
            }
            return (usesBox ? .one : base.percent(axis)) * Fixed(percent, over: 100)
        }
        var focus = FixedPoint.zero
        if isRadial {
            let cx = value("cx", .x, 50), cy = value("cy", .y, 50), r = value("r", .diagonal, 50)
            if r <= .zero { return plain(last.color) }
            let fx = inherited(Atom("fx"), chain) == nil ? cx : value("fx", .x, 50), fy = inherited(Atom("fy"), chain) == nil ? cy : value("fy", .y, 50)
            map = map.concatenating(Matrix(r, .zero, .zero, r, cx, cy))
            focus = FixedPoint((fx - cx) / r, (fy - cy) / r)
            let length = focus.length, most = Fixed(99, over: 100)
            if length > most { focus = focus * (most / length) }
        } else {
            let x1 = value("x1", .x, 0), y1 = value("y1", .y, 0), x2 = value("x2", .x, 100), y2 = value("y2", .y, 0)
            if x1 == x2, y1 == y2 { return plain(last.color) }
            map = map.concatenating(Matrix(x2 - x1, y2 - y1, -(y2 - y1), x2 - x1, x1, y1))
        }
        guard let back = map.inverse else { return plain(last.color) }
        var result = VectorGradient(stops: stops, toGradient: back, isRadial: isRadial, opacity: opacity)
        result.focus = focus
        switch inherited(Atom("spreadMethod"), chain) ?? "" {
        case "reflect": result.spread = .reflect
        case "repeat": result.spread = .repeat
        default: break
        }
        return .gradient(result)
    }

    private func gradientStops(_ n: NodeID, _ context: Context) -> [VectorStop] {
        var stops: [VectorStop] = []
        var least = Fixed.zero
        let parent = style(n, SVGStyle(), context.base)
        for child in document.children(n) where document.isElement(child) && document.name(child).string == "stop" {
            if stops.count >= 256 { break }
            var offset = Fixed.zero
            if var v = attribute(child, Atom("offset")), let number = v.number() { offset = v.byte == 0x25 ? number / Fixed(100) : number }
            least = max(least, max(.zero, min(.one, offset)))
            let s = style(child, parent, context.base)
            var color = Color.black
            switch s.stopColor {
            case .color(let c): color = c
            case .currentColor: color = context.style.color
            default: break
            }
            color.alpha = UInt8((UInt32(color.alpha) * UInt32(s.stopOpacity) + 127) / 255)
            stops.append(VectorStop(offset: least, color: color))
        }
        return stops
    }
}
