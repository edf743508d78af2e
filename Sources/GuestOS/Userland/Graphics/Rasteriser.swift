// Executes a display list over a surface. Integer arithmetic only: the same list gives the same pixels on every machine.
// Invariant: nothing is written outside the surface, the caller's clip and the clip stack, whatever the list says.

public final class Rasteriser {
    let fonts: FontLibrary
    var glyphs = GlyphCache()
    var memo = BlendMemo()
    var coverageScratch: [UInt8] = []
    private var corners: [CornerMask] = []

    /// Where drawing goes now. `dx`, `dy` bring list coordinates to the surface's.
    struct Target { var surface: Surface; var dx: Int64; var dy: Int64; var clip: Rect }
    private struct Layer { var below: Target; var clipDepth: Int; var alpha: UInt8; var memory: UnsafeMutablePointer<UInt32>? }
    var target = Target(surface: Surface(base: UnsafeMutablePointer<UInt32>(bitPattern: 4)!, width: 0, height: 0, strideWords: 0), dx: 0, dy: 0, clip: .zero)
    private var clips: [Rect] = []
    private var layers: [Layer] = []
    static let nestingMax = 256, layerDepthMax = 8

    public init(fonts: FontLibrary) { self.fonts = fonts }
    deinit { memo.release() }

    /// Draws `list`, moved by the offset, inside `clip` (in the surface's coordinates).
    public func draw(_ list: DisplayList, into surface: Surface, clip: Rect, offsetX: Int32, offsetY: Int32) {
        target = Target(surface: surface, dx: Int64(offsetX), dy: Int64(offsetY), clip: clip.intersection(surface.bounds))
        clips.removeAll(keepingCapacity: true)
        for item in list.items { draw(item) }
        while !layers.isEmpty { popOpacity() }          // a list that forgot to pop still shows what it drew
    }
    public func draw(_ list: DisplayList, into surface: Surface) { draw(list, into: surface, clip: surface.bounds, offsetX: 0, offsetY: 0) }

    private func draw(_ item: DisplayItem) {
        switch item {
        case .fill(let r, let c): fill(r, c)
        case .roundedFill(let r, let radius, let c): roundedFill(r, Int(radius), c)
        case .verticalGradient(let r, let top, let bottom): verticalGradient(r, top, bottom)
        case .line(let x0, let y0, let x1, let y1, let thickness, let c): line(x0, y0, x1, y1, thickness, c)
        case .dashedRect(let r, let dash, let c): dashed(r, dash, c)
        case .glyphs(let fontID, let size, let c, let run): drawGlyphs(fontID, size, c, run)
        case .image(let bitmap, let source, let destination): drawImage(bitmap, source, destination)
        case .surface(let surface, let r): drawSurface(surface, r)
        case .pushClip(let r):
            if clips.count < Self.nestingMax * 4 { clips.append(target.clip) }
            target.clip = visible(r)
        case .popClip: if clips.count > (layers.last?.clipDepth ?? 0), let c = clips.popLast() { target.clip = c }
        case .pushOpacity(let alpha): pushOpacity(alpha)
        case .popOpacity: popOpacity()
        }
    }

    /// The part of a list rectangle inside the clip, in surface coordinates.
    @inline(__always)
    func visible(_ r: Rect) -> Rect {
        let c = target.clip
        let x0 = max(Int64(r.x) + target.dx, Int64(c.x)), y0 = max(Int64(r.y) + target.dy, Int64(c.y))
        let x1 = min(Int64(r.x) + Int64(max(0, r.width)) + target.dx, Int64(c.x) + Int64(c.width))
        let y1 = min(Int64(r.y) + Int64(max(0, r.height)) + target.dy, Int64(c.y) + Int64(c.height))
        return x1 > x0 && y1 > y0 ? Rect(Int32(x0), Int32(y0), Int32(x1 - x0), Int32(y1 - y0)) : .zero
    }
    @inline(__always)
    func pixels(_ x: Int32, _ y: Int32) -> UnsafeMutablePointer<UInt32> { target.surface.row(Int(y)) + Int(x) }

    // MARK: Shapes

    func fill(_ r: Rect, _ c: Color) { fillVisible(visible(r), c.pixel) }
    private func fillVisible(_ v: Rect, _ pixel: UInt32) {
        if v.isEmpty || pixel == 0 { return }
        if pixel >> 24 == 255 && v.width >= 8 { fillRows(v, pixel); return }
        var y = v.y
        while y < v.maxY { Blend.fill(pixels(v.x, y), Int(v.width), pixel); y += 1 }
    }
    /// Opaque: the first row is filled, the others are copies of it; whole rows of a surface are one run.
    private func fillRows(_ v: Rect, _ pixel: UInt32) {
        let first = pixels(v.x, v.y), width = Int(v.width), stride = target.surface.strideWords
        if width == stride { Blend.fillOpaque(first, width * Int(v.height), pixel); return }
        Blend.fillOpaque(first, width, pixel)
        var row = first
        for _ in 1..<max(1, Int(v.height)) {
            row += stride
            UnsafeMutableRawPointer(row).copyMemory(from: first, byteCount: width &* 4)
        }
    }

    private func verticalGradient(_ r: Rect, _ top: Color, _ bottom: Color) {
        let v = visible(r)
        if v.isEmpty { return }
        let span = 2 * Int64(r.height), originY = Int64(r.y) + target.dy
        func mix(_ a: UInt8, _ b: UInt8, _ t: Int64) -> UInt8 { UInt8((Int64(a) * (span - t) + Int64(b) * t + span / 2) / span) }
        var y = v.y
        while y < v.maxY {
            let t = (Int64(y) - originY) * 2 + 1
            let c = Color(mix(top.red, bottom.red, t), mix(top.green, bottom.green, t), mix(top.blue, bottom.blue, t), mix(top.alpha, bottom.alpha, t))
            Blend.fill(pixels(v.x, y), Int(v.width), c.pixel)
            y += 1
        }
    }

    private func corner(_ radius: Int) -> CornerMask {
        for c in corners where c.radius == radius { return c }
        if corners.count >= 8 { corners.removeFirst() }
        corners.append(CornerMask(radius: radius))
        return corners[corners.count - 1]
    }

    private func roundedFill(_ r: Rect, _ wanted: Int, _ c: Color) {
        let radius = min(wanted, Int(min(r.width, r.height)) / 2, CornerMask.radiusMax)
        let v = visible(r), pixel = c.pixel
        if v.isEmpty || pixel == 0 { return }
        if radius <= 0 { fillVisible(v, pixel); return }
        let mask = corner(radius)
        let left = Int64(r.x) + target.dx, top = Int64(r.y) + target.dy, width = Int64(r.width), height = Int64(r.height)
        var y = v.y
        while y < v.maxY {
            let fromTop = Int(Int64(y) - top), fromBottom = Int(top + height - 1 - Int64(y))
            let line = min(fromTop, fromBottom)
            let row = pixels(v.x, y)
            if line >= radius { Blend.fill(row, Int(v.width), pixel) } else {
                roundedRow(row, Int64(v.x) - left, Int(v.width), Int(width), radius, mask, line, pixel)
            }
            y += 1
        }
    }
    /// One row through two corners: `start` is the first visible column, counted from the rectangle's left edge.
    private func roundedRow(_ row: UnsafeMutablePointer<UInt32>, _ start: Int64, _ count: Int, _ width: Int, _ radius: Int, _ mask: CornerMask, _ line: Int, _ pixel: UInt32) {
        mask.bytes.withUnsafeBufferPointer { m in
            var i = 0
            let first = Int(start)
            while i < count {
                let column = first + i
                if column >= radius && column < width - radius {
                    let run = min(count - i, width - radius - column)
                    Blend.fill(row + i, run, pixel)
                    i += run
                    continue
                }
                let distance = min(column, width - 1 - column)
                let coverage = UInt32(m[line * radius + distance])
                if coverage != 0 { row[i] = sourceOver(scalePixel(pixel, coverage), row[i]) }
                i += 1
            }
        }
    }

    private func dashed(_ r: Rect, _ dash: Int32, _ c: Color) {
        let step = Int64(max(1, dash)), v = visible(r), pixel = c.pixel
        if v.isEmpty || pixel == 0 { return }
        let horizontal = r.width >= r.height
        let origin = horizontal ? Int64(r.x) + target.dx : Int64(r.y) + target.dy
        let begin = Int64(horizontal ? v.x : v.y), end = Int64(horizontal ? v.maxX : v.maxY)
        var k = (begin - origin) / (2 * step)
        while true {
            let a = max(begin, origin + k * 2 * step), b = min(end, origin + k * 2 * step + step)
            if origin + k * 2 * step >= end { return }
            if a < b {
                fillVisible(horizontal ? Rect(Int32(a), v.y, Int32(b - a), v.height) : Rect(v.x, Int32(a), v.width, Int32(b - a)), pixel)
            }
            k += 1
        }
    }

    /// Horizontal and vertical lines are rectangles centred on the coordinate; others are anti-aliased.
    private func line(_ x0: Int32, _ y0: Int32, _ x1: Int32, _ y1: Int32, _ thickness: Int32, _ c: Color) {
        let t = max(1, min(thickness, 4096))
        func clamped(_ v: Int64) -> Int32 { Int32(max(-(1 << 20), min(1 << 20, v))) }
        let ax = clamped(Int64(x0) + target.dx), ay = clamped(Int64(y0) + target.dy)
        let bx = clamped(Int64(x1) + target.dx), by = clamped(Int64(y1) + target.dy)
        if ay == by { fillVisible(Rect(min(ax, bx), ay - t / 2, abs(bx - ax), t).intersection(target.clip), c.pixel); return }
        if ax == bx { fillVisible(Rect(ax - t / 2, min(ay, by), t, abs(by - ay)).intersection(target.clip), c.pixel); return }
        // The whole line, not its visible part: the rounding of its edges must not depend on the clip.
        var box = Rect(min(ax, bx) - t, min(ay, by) - t, abs(bx - ax) + 2 * t, abs(by - ay) + 2 * t)
        let shown = box.intersection(target.clip)
        if shown.isEmpty { return }
        if Int64(box.width) * Int64(box.height) > 4 << 20 { box = shown }
        // Half the thickness along the normal, in 24.8.
        let dx = Int64(bx - ax), dy = Int64(by - ay)
        let length = max(1, Int64(squareRoot(UInt64((dx * dx + dy * dy) << 16))))        // 24.8
        let nx = Int32(-dy * Int64(t) * 128 * 256 / length), ny = Int32(dx * Int64(t) * 128 * 256 / length)
        var coverage = CoverageBox(width: Int(box.width), height: Int(box.height))
        func at(_ x: Int32, _ y: Int32) -> (Int32, Int32) { ((x - box.x) << 8, (y - box.y) << 8) }
        let p = at(ax, ay), q = at(bx, by)
        let corners = [(p.0 + nx, p.1 + ny), (q.0 + nx, q.1 + ny), (q.0 - nx, q.1 - ny), (p.0 - nx, p.1 - ny)]
        for i in 0..<4 { coverage.line(corners[i].0, corners[i].1, corners[(i + 1) & 3].0, corners[(i + 1) & 3].1) }
        coverageScratch.removeAll(keepingCapacity: true)
        coverage.resolve(into: &coverageScratch)
        coverageScratch.withUnsafeBufferPointer { m in
            for y in shown.y..<shown.maxY {
                Blend.mask(pixels(shown.x, y), m.baseAddress! + Int(y - box.y) * Int(box.width) + Int(shown.x - box.x), Int(shown.width), c.pixel)
            }
        }
    }

    // MARK: Opacity layers

    private func pushOpacity(_ alpha: UInt8) {
        if layers.count >= Self.nestingMax { return }
        var layer = Layer(below: target, clipDepth: clips.count, alpha: alpha, memory: nil)
        let c = target.clip
        let isDirect = alpha == 255 || c.isEmpty || layers.count >= Self.layerDepthMax
        if !isDirect {
            let count = Int(c.width) * Int(c.height)
            let memory = UnsafeMutablePointer<UInt32>.allocate(capacity: count)
            memory.initialize(repeating: 0, count: count)
            layer.memory = memory
            let surface = Surface(base: memory, width: Int(c.width), height: Int(c.height), strideWords: Int(c.width))
            target = Target(surface: surface, dx: target.dx - Int64(c.x), dy: target.dy - Int64(c.y), clip: surface.bounds)
        }
        layers.append(layer)
    }
    private func popOpacity() {
        guard let layer = layers.popLast() else { return }
        while clips.count > layer.clipDepth { clips.removeLast() }
        target = layer.below
        guard let memory = layer.memory else { return }
        let c = target.clip
        for y in 0..<Int(c.height) {
            Blend.copy(pixels(c.x, c.y + Int32(y)), memory + y * Int(c.width), Int(c.width), alpha: UInt32(layer.alpha))
        }
        memory.deallocate()
    }
}
