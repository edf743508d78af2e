// Filters (Filter Effects 1 §9, the primitives that drawings use): a chain of steps on whole layers of premultiplied pixels. A step
// that is not known hands its input on. Colour matrices and tables work on light unless the filter asks for sRGB; all else works on sRGB values.
import DOM
import Graphics

/// A filter element for one use of it.
struct SVGFilter {
    enum Input { case previous, source, sourceAlpha, named(String) }
    enum Operation {
        case blur(x: Fixed, y: Fixed), offset(x: Int, y: Int), flood(UInt32), merge([Input]), blend(String), composite(String, [Fixed]), matrix([Int64])
        case shadow(x: Int, y: Int, blurX: Fixed, blurY: Fixed, color: UInt32), transfer([[Int64]?]), none
    }
    struct Step { var operation: Operation; var input: Input; var second: Input; var result: String; var isLinear: Bool }
    var steps: [Step] = []
    /// Outside it everything is cleared; in pixels.
    var region: Rect
    static let stepCountMax = 24
}

extension SVGRenderer {
    /// Reads a filter for an element; nil when there is no such filter or it has no steps.
    func readFilter(_ id: String, _ n: NodeID, _ context: Context) -> SVGFilter? {
        let element = element(id)
        if element.isNone || document.name(element).string != "filter" { return nil }
        var filter = SVGFilter(region: region(element, n, context))
        let space = Atom("color-interpolation-filters")
        for child in document.children(element) where document.isElement(child) && document.namespace(child) == .svg && filter.steps.count < SVGFilter.stepCountMax {
            filter.steps.append(SVGFilter.Step(operation: operation(child, context), input: input(child, "in"), second: input(child, "in2"), result: document.attribute(child, Atom("result")) ?? "",
                                               isLinear: (document.attribute(child, space) ?? document.attribute(element, space)) != "sRGB"))
        }
        return filter.steps.isEmpty ? nil : filter
    }

    /// The filter region: a tenth around the element's box unless the filter says otherwise (§8.1).
    private func region(_ filter: NodeID, _ n: NodeID, _ context: Context) -> Rect {
        guard let box = boundingBox(n, context) else { return canvas.bounds }
        let usesBox = document.attribute(filter, Atom("filterUnits")) != "userSpaceOnUse"
        let bw = box.x1 - box.x0, bh = box.y1 - box.y0
        func value(_ name: String, _ axis: LengthBase.Axis, _ percent: Int, _ size: Fixed, _ origin: Fixed) -> Fixed {
            guard var v = attribute(filter, Atom(name)) else { return origin + size * Fixed(percent, over: 100) }
            if !usesBox { return v.length(axis, context.style.relative(context.base)) ?? origin }
            guard let number = v.number() else { return origin }
            return origin + size * (v.byte == 0x25 ? number / Fixed(100) : number)
        }
        let x = value("x", .x, -10, bw, box.x0), y = value("y", .y, -10, bh, box.y0), w = value("width", .x, 120, bw, .zero), h = value("height", .y, 120, bh, .zero)
        var x0 = Fixed(1 << 28), y0 = x0, x1 = -x0, y1 = -x0
        for p in [FixedPoint(x, y), FixedPoint(x + w, y), FixedPoint(x, y + h), FixedPoint(x + w, y + h)] {
            let q = context.map.apply(p)
            x0 = min(x0, q.x); x1 = max(x1, q.x); y0 = min(y0, q.y); y1 = max(y1, q.y)
        }
        func pixel(_ v: Int) -> Int32 { Int32(max(-(1 << 20), min(1 << 20, v))) }
        let left = pixel(x0.floor), top = pixel(y0.floor)
        return Rect(left, top, pixel(x1.ceiling) - left, pixel(y1.ceiling) - top).intersection(canvas.bounds)
    }

    private func input(_ n: NodeID, _ name: String) -> SVGFilter.Input {
        switch document.attribute(n, Atom(name)) ?? "" {
        case "": return .previous
        case "SourceGraphic": return .source
        case "SourceAlpha": return .sourceAlpha
        case let other: return .named(other)
        }
    }

    private func operation(_ n: NodeID, _ context: Context) -> SVGFilter.Operation {
        let m = context.map
        func number(_ name: String, _ other: Fixed = .zero) -> Fixed { var v = attribute(n, Atom(name)); return v?.number() ?? other }
        func deviation(_ other: Fixed) -> (x: Fixed, y: Fixed) {
            guard var v = attribute(n, Atom("stdDeviation")) else { return (other * Fixed.hypotenuse(m.a, m.b), other * Fixed.hypotenuse(m.c, m.d)) }
            let x = max(.zero, v.number() ?? .zero), y = max(.zero, v.number() ?? x)
            return (x * Fixed.hypotenuse(m.a, m.b), y * Fixed.hypotenuse(m.c, m.d))
        }
        func pixels(_ dx: Fixed, _ dy: Fixed) -> (x: Int, y: Int) { let v = m.applyVector(FixedPoint(dx, dy)); return (v.x.rounded, v.y.rounded) }
        switch document.name(n).string {
        case "feGaussianBlur": let d = deviation(.zero); return .blur(x: d.x, y: d.y)
        case "feOffset": let d = pixels(number("dx"), number("dy")); return .offset(x: d.x, y: d.y)
        case "feFlood": return .flood(flood(n, context))
        case "feDropShadow":
            let d = pixels(number("dx", Fixed(2)), number("dy", Fixed(2))), b = deviation(Fixed(2))
            return .shadow(x: d.x, y: d.y, blurX: b.x, blurY: b.y, color: flood(n, context))
        case "feMerge":
            var inputs: [SVGFilter.Input] = []
            for child in document.children(n) where document.isElement(child) && inputs.count < 16 { inputs.append(input(child, "in")) }
            return .merge(inputs)
        case "feBlend": return .blend(document.attribute(n, Atom("mode")) ?? "normal")
        case "feComposite": return .composite(document.attribute(n, Atom("operator")) ?? "over", ["k1", "k2", "k3", "k4"].map { number($0) })
        case "feColorMatrix": return colorMatrix(n)
        case "feComponentTransfer": return .transfer(transfer(n))
        default: return .none
        }
    }

    private func flood(_ n: NodeID, _ context: Context) -> UInt32 {
        var color = Color.black, opacity: UInt8 = 255
        func take(_ name: String, _ value: [UInt8]) {
            if name == "flood-color" {
                switch SVGStyle.paint(value) { case .color(let c)?: color = c; case .currentColor?: color = context.style.color; default: break }
            } else if name == "flood-opacity", let o = SVGStyle.opacity(value) { opacity = o }
        }
        for name in ["flood-color", "flood-opacity"] { if let v = document.attribute(n, Atom(name)) { take(name, Array(v.utf8)) } }
        for d in SVGSheet.declarations(Array((document.attribute(n, .style) ?? "").utf8)) { take(d.name, d.value) }
        color.alpha = UInt8((UInt32(color.alpha) * UInt32(opacity) + 127) / 255)
        return color.pixel
    }

    /// Twenty coefficients in 1/65536, row by row.
    private func colorMatrix(_ n: NodeID) -> SVGFilter.Operation {
        var v = attribute(n, Atom("values"))
        let values = v?.numbers(max: 20) ?? []
        func rows(_ m: [Fixed]) -> SVGFilter.Operation {
            var full: [Int64] = []
            for row in 0..<3 { for column in 0..<3 { full.append((m[row * 3 + column]).raw >> 16) }; full.append(0); full.append(0) }
            return .matrix(full + [0, 0, 0, 65536, 0])
        }
        func f(_ thousandths: Int) -> Fixed { Fixed(thousandths, over: 1000) }
        switch document.attribute(n, Atom("type")) ?? "matrix" {
        case "saturate":
            let s = values.first ?? .one
            return rows([f(213) + f(787) * s, f(715) - f(715) * s, f(72) - f(72) * s, f(213) - f(213) * s, f(715) + f(285) * s, f(72) - f(72) * s,
                         f(213) - f(213) * s, f(715) - f(715) * s, f(72) + f(928) * s])
        case "hueRotate":
            let (s, c) = Fixed.sineAndCosine(degrees: values.first ?? .zero)
            return rows([f(213) + c * f(787) - s * f(213), f(715) - c * f(715) - s * f(715), f(72) - c * f(72) + s * f(928),
                         f(213) - c * f(213) + s * f(143), f(715) + c * f(285) + s * f(140), f(72) - c * f(72) - s * f(283),
                         f(213) - c * f(213) - s * f(787), f(715) - c * f(715) + s * f(715), f(72) + c * f(928) + s * f(72)])
        case "luminanceToAlpha": return .matrix([Int64](repeating: 0, count: 15) + [13933, 46871, 4732, 0, 0])
        default: return values.count == 20 ? .matrix(values.map { max(-(1 << 24), min(1 << 24, $0.raw >> 16)) }) : .none
        }
    }

    /// Tables of 256 values for red, green, blue and alpha; nil is identity.
    private func transfer(_ n: NodeID) -> [[Int64]?] {
        var tables = [[Int64]?](repeating: nil, count: 4)
        for child in document.children(n) where document.isElement(child) {
            let names = ["feFuncR", "feFuncG", "feFuncB", "feFuncA"]
            guard let i = names.firstIndex(of: document.name(child).string) else { continue }
            func number(_ name: String, _ other: Fixed) -> Fixed { var v = attribute(child, Atom(name)); return v?.number() ?? other }
            var v = attribute(child, Atom("tableValues"))
            let values = v?.numbers(max: 64) ?? [], type = document.attribute(child, Atom("type")) ?? "identity"
            if type == "linear" {
                let slope = number("slope", .one), intercept = number("intercept", .zero)
                tables[i] = (0..<256).map { Int64((Fixed($0) * slope + intercept * Fixed(255)).rounded) }
            } else if type == "discrete", !values.isEmpty {
                tables[i] = (0..<256).map { Int64((values[min(values.count - 1, $0 * values.count / 255)] * Fixed(255)).rounded) }
            } else if type == "table", values.count > 1 {
                tables[i] = (0..<256).map { at in
                    let k = min(values.count - 2, at * (values.count - 1) / 255), part = Fixed(at * (values.count - 1) - k * 255, over: 255)
                    return Int64(((values[k] + (values[k + 1] - values[k]) * part) * Fixed(255)).rounded)
                }
            }
            tables[i] = tables[i].map { $0.map { max(0, min(255, $0)) } }
        }
        return tables
    }

    // MARK: Running

    /// Runs the steps on the layer that was drawn.
    func apply(_ filter: SVGFilter) {
        let source = canvas.pixels
        var results: [(name: String, pixels: [UInt32])] = [], last = source
        func pixels(_ input: SVGFilter.Input) -> [UInt32] {
            switch input {
            case .previous: return last
            case .source: return source
            case .sourceAlpha: return source.map { $0 & 0xFF00_0000 }
            case .named(let name):
                for r in results.reversed() where r.name == name { return r.pixels }
                return last
            }
        }
        for step in filter.steps {
            let a = pixels(step.input)
            switch step.operation {
            case .none: last = a
            case .blur(let x, let y): last = blurred(a, x, y)
            case .offset(let x, let y): last = moved(a, x, y)
            case .flood(let color): last = [UInt32](repeating: color, count: a.count)
            case .shadow(let x, let y, let bx, let by, let color):
                let shape = moved(blurred(a, bx, by), x, y)
                last = zip(a, shape).map { PixelBlend.over($0, PixelBlend.scaled(color, $1 >> 24)) }
            case .merge(let inputs):
                var sum = [UInt32](repeating: 0, count: a.count)
                for input in inputs { let top = pixels(input); for i in 0..<sum.count { sum[i] = PixelBlend.over(top[i], sum[i]) } }
                last = sum
            case .blend(let mode): let b = pixels(step.second); last = zip(a, b).map { PixelBlend.blend($0, $1, mode) }
            case .composite(let name, let k): let b = pixels(step.second); last = zip(a, b).map { PixelBlend.composite($0, $1, name, k) }
            case .matrix(let m): last = a.map { PixelBlend.matrix($0, m, isLinear: step.isLinear) }
            case .transfer(let tables): last = a.map { PixelBlend.transfer($0, tables, isLinear: step.isLinear) }
            }
            clear(&last, outside: filter.region)
            if !step.result.isEmpty { results.append((step.result, last)) }
        }
        canvas.replace(last)
    }

    private func blurred(_ pixels: [UInt32], _ x: Fixed, _ y: Fixed) -> [UInt32] {
        canvas.replace(pixels)
        canvas.blur(x, y)
        return canvas.pixels
    }
    private func moved(_ pixels: [UInt32], _ dx: Int, _ dy: Int) -> [UInt32] {
        var out = [UInt32](repeating: 0, count: pixels.count)
        let width = canvas.width, height = canvas.height
        if abs(dx) >= width || abs(dy) >= height { return out }
        for y in max(0, dy)..<min(height, height + dy) {
            for x in max(0, dx)..<min(width, width + dx) { out[y * width + x] = pixels[(y - dy) * width + x - dx] }
        }
        return out
    }
    private func clear(_ pixels: inout [UInt32], outside r: Rect) {
        if r == canvas.bounds { return }
        for y in 0..<canvas.height {
            let row = y * canvas.width
            if y < Int(r.y) || y >= Int(r.maxY) { for x in 0..<canvas.width { pixels[row + x] = 0 }; continue }
            for x in 0..<min(canvas.width, Int(r.x)) { pixels[row + x] = 0 }
            for x in max(0, min(canvas.width, Int(r.maxX)))..<canvas.width { pixels[row + x] = 0 }
        }
    }
}
