// Markers on the corners of a path (SVG 2 §11.6) and pictures inside a picture (§12.3: `data:` addresses only; nothing
// is fetched for a picture).
import DOM
import Graphics
import Images

extension SVGRenderer {
    static let markerCountMax = 2000

    /// Where a marker stands and the direction that it looks along.
    private struct Vertex {
        var at: FixedPoint
        var arriving = FixedPoint.zero, leaving = FixedPoint.zero
    }

    func drawMarkers(_ path: VectorPath, _ context: Context) {
        let vertices = vertices(path)
        guard let first = vertices.first, let last = vertices.last else { return }
        let s = context.style
        if let id = s.markerStart { drawMarker(id, first, first.leaving, isStart: true, context) }
        if let id = s.markerMiddle, vertices.count > 2 {
            for v in vertices[1..<min(vertices.count - 1, SVGRenderer.markerCountMax)] { drawMarker(id, v, bisector(v), isStart: false, context) }
        }
        if let id = s.markerEnd { drawMarker(id, last, last.arriving, isStart: false, context) }
    }

    private func bisector(_ v: Vertex) -> FixedPoint {
        guard let a = unit(v.arriving), let b = unit(v.leaving) else { return v.arriving == .zero ? v.leaving : v.arriving }
        return a + b
    }
    private func unit(_ v: FixedPoint) -> FixedPoint? {
        let length = v.length
        return length.raw == 0 ? nil : FixedPoint(v.x / length, v.y / length)
    }

    private func vertices(_ path: VectorPath) -> [Vertex] {
        var list: [Vertex] = []
        var at = 0, start = 0
        let p = path.points
        func arrive(_ to: FixedPoint, _ leaving: FixedPoint, _ arriving: FixedPoint) {
            if !list.isEmpty { list[list.count - 1].leaving = leaving }
            list.append(Vertex(at: to, arriving: arriving))
        }
        for verb in path.verbs {
            switch verb {
            case .move: start = list.count; list.append(Vertex(at: p[at])); at += 1
            case .line:
                let from = list[list.count - 1].at
                arrive(p[at], p[at] - from, p[at] - from)
                at += 1
            case .cubic:
                let from = list[list.count - 1].at, a = p[at], b = p[at + 1], to = p[at + 2]
                arrive(to, a != from ? a - from : b != from ? b - from : to - from, to != b ? to - b : to != a ? to - a : to - from)
                at += 3
            case .close:
                guard start < list.count else { continue }
                let from = list[list.count - 1].at, to = list[start].at
                arrive(to, to - from, to - from)
                list[list.count - 1].leaving = list[start].leaving
                list[start].arriving = to - from
            }
        }
        return list
    }

    private func drawMarker(_ id: String, _ v: Vertex, _ direction: FixedPoint, isStart: Bool, _ context: Context) {
        let n = element(id)
        if n.isNone || document.name(n).string != "marker" { return }
        let base = context.style.relative(context.base)
        func length(_ name: String, _ axis: LengthBase.Axis) -> Fixed? {
            guard var v = attribute(n, Atom(name)) else { return nil }
            return v.length(axis, base)
        }
        let width = length("markerWidth", .x) ?? Fixed(3), height = length("markerHeight", .y) ?? Fixed(3)
        if width <= .zero || height <= .zero { return }
        var map = context.map.concatenating(.translation(v.at.x, v.at.y))
        let orient = document.attribute(n, Atom("orient")) ?? "0"
        if orient == "auto" || orient == "auto-start-reverse" {
            if let u = unit(direction) {
                let d = isStart && orient != "auto" ? FixedPoint(-u.x, -u.y) : u
                map = map.concatenating(Matrix(d.x, d.y, -d.y, d.x, .zero, .zero))
            }
        } else {
            var o = SVGScanner(orient)
            if let angle = o.number() { map = map.concatenating(.rotation(degrees: angle)) }
        }
        if document.attribute(n, Atom("markerUnits")) != "userSpaceOnUse" { map = map.concatenating(.scale(context.style.line.width, context.style.line.width)) }
        var refX = length("refX", .x) ?? .zero, refY = length("refY", .y) ?? .zero
        if let box = ViewBox(document.attribute(n, Atom("viewBox"))) {
            guard let inner = SVGViewport.map(box, width, height, preserveAspectRatio: document.attribute(n, Atom("preserveAspectRatio"))) else { return }
            let p = inner.apply(FixedPoint(refX, refY))
            (refX, refY) = (p.x, p.y)
        }
        var inner = context
        inner.depth += 1
        inner.map = map.concatenating(.translation(-refX, -refY))
        inner.style = style(n, SVGStyle(), context.base)
        inner.style.markerStart = nil
        if inner.depth > SVGRenderer.depthMax { return }
        entering(n) { content(n, inner, width, height) }
    }

    // MARK: Pictures

    func drawImage(_ n: NodeID, _ context: Context) {
        guard context.style.isVisible, let href = document.attribute(n, Atom("href")) ?? document.attribute(n, Atom("xlink:href")),
              let bytes = SVGRenderer.dataBytes(Array(href.utf8)), let bitmap = try? ImageDecoder.decode(bytes) else { return }
        budget.pixels -= bitmap.pixels.count
        let base = context.style.relative(context.base)
        func length(_ name: Atom, _ axis: LengthBase.Axis) -> Fixed? {
            guard var v = attribute(n, name) else { return nil }
            return v.length(axis, base)
        }
        let natural = ViewBox(Fixed(bitmap.width), Fixed(bitmap.height))
        var w = length(.width, .x), h = length(.height, .y)
        if w == nil, let known = h { w = known * natural.width / natural.height }
        if h == nil, let known = w { h = known * natural.height / natural.width }
        let width = w ?? natural.width, height = h ?? natural.height
        guard width > .zero, height > .zero,
              let map = SVGViewport.map(natural, width, height, preserveAspectRatio: document.attribute(n, Atom("preserveAspectRatio"))) else { return }
        let place = context.map.concatenating(.translation(length(Atom("x"), .x) ?? .zero, length(Atom("y"), .y) ?? .zero)).concatenating(map)
        canvas.draw(bitmap, place.concatenating(.scale(natural.width, natural.height)), alpha: 255, clip: context.clip, &budget)
    }

    /// The bytes of a base64 `data:` address.
    static func dataBytes(_ text: [UInt8]) -> [UInt8]? {
        guard text.count > 5, String(decoding: text[0..<5], as: UTF8.self) == "data:" else { return nil }
        var comma = 5
        while comma < text.count, text[comma] != 0x2C { comma += 1 }
        guard comma >= 12, String(decoding: text[(comma - 7)..<comma], as: UTF8.self) == ";base64" else { return nil }
        var out: [UInt8] = [], bits: UInt32 = 0, count = 0
        out.reserveCapacity((text.count - comma) * 3 / 4)
        for i in min(text.count, comma + 1)..<text.count {
            let b = text[i]
            let value: UInt32
            switch b {
            case 0x41...0x5A: value = UInt32(b) - 0x41
            case 0x61...0x7A: value = UInt32(b) - 0x61 + 26
            case 0x30...0x39: value = UInt32(b) - 0x30 + 52
            case 0x2B: value = 62
            case 0x2F: value = 63
            default: continue
            }
            bits = bits << 6 | value
            count += 1
            if count & 3 != 1 { out.append(UInt8(truncatingIfNeeded: bits >> [0, 0, 4, 2][count & 3])) }
        }
        return out
    }
}
