// Exact-area anti-aliased coverage of closed shapes by signed accumulation: each edge adds its area to the cells it
// crosses, a running sum along the row gives the coverage (non-zero winding for shapes whose contours do not oppose).
// Coordinates are 24.8 fixed point; all arithmetic is integer, so the result is the same everywhere.

/// A box of coverage cells that edges are added to.
struct CoverageBox {
    let width: Int, height: Int
    private let stride: Int
    private var cells: [Int32]
    /// Sum of a fully covered cell.
    static let full: Int32 = 256 * 512

    init(width: Int, height: Int) {
        self.width = width; self.height = height
        stride = width + 2
        cells = [Int32](repeating: 0, count: stride * height)
    }

    /// Adds an edge. What lies left of the box counts as covering from its first column on.
    mutating func line(_ ax: Int32, _ ay: Int32, _ bx: Int32, _ by: Int32) {
        if ay == by { return }
        let down = ay < by
        let x0 = Int64(down ? ax : bx), y0 = Int64(down ? ay : by), x1 = Int64(down ? bx : ax), y1 = Int64(down ? by : ay)
        let dx = x1 - x0, dy = y1 - y0
        let top = max(y0, 0), bottom = min(y1, Int64(height) << 8)
        if top >= bottom { return }
        var y = top, x = top == y0 ? x0 : x0 + Self.floorDivide((top - y0) * dx, dy)
        var row = Int(top >> 8)
        while y < bottom {
            let nextY = min(bottom, Int64(row + 1) << 8)
            let nextX = nextY == y1 ? x1 : x0 + Self.floorDivide((nextY - y0) * dx, dy)
            let span = Int32(nextY - y)
            segment(row, x, nextX, down ? span : -span)
            y = nextY; x = nextX; row += 1
        }
    }
    @inline(__always)
    private static func floorDivide(_ n: Int64, _ d: Int64) -> Int64 { n >= 0 ? n / d : -((d - 1 - n) / d) }

    /// Part of an edge within one row; `dy` is signed 1/256 rows.
    private mutating func segment(_ row: Int, _ xa: Int64, _ xb: Int64, _ span: Int32) {
        let limit = Int64(width) << 8
        let base = row * stride
        var dy = span, start = min(xa, xb), end = max(xa, xb)
        if start >= limit { return }
        if end <= 0 { cells[base] &+= dy &* 512; return }
        if start < 0 {                                  // the part outside covers the whole row from the left edge on
            let outside = Int32(Int64(dy) * -start / (end - start))
            cells[base] &+= outside &* 512
            dy -= outside; start = 0
        }
        if end > limit { dy -= Int32(Int64(dy) * (end - limit) / (end - start)); end = limit }
        let left = Int32(start), right = Int32(end)
        let first = Int(left >> 8), last = Int(right >> 8)
        if first == last {
            let area = dy * ((left & 255) + (right & 255))
            cells[base + first] &+= dy * 512 - area
            cells[base + first + 1] &+= area
            return
        }
        let dx = right - left
        var x = left, done: Int32 = 0
        for column in first...last {
            let nextX = min(right, Int32(column + 1) << 8)
            let reached = nextX == right ? dy : Int32(Int64(dy) * Int64(nextX - left) / Int64(dx))
            let part = reached - done
            let area = part * ((x - Int32(column) << 8) + (nextX - Int32(column) << 8))
            cells[base + column] &+= part * 512 - area
            cells[base + column + 1] &+= area
            done = reached; x = nextX
        }
    }

    /// A quadratic curve as lines, fine enough that the error stays below 1/20 pixel.
    mutating func curve(_ ax: Int32, _ ay: Int32, _ cx: Int32, _ cy: Int32, _ bx: Int32, _ by: Int32) {
        let deviation = max(abs(Int64(ax) - 2 * Int64(cx) + Int64(bx)), abs(Int64(ay) - 2 * Int64(cy) + Int64(by)))
        var shift: Int64 = 0
        while shift < 6 && deviation >> (2 * shift) > 48 { shift += 1 }
        let n = Int64(1) << shift
        var px = ax, py = ay
        var i: Int64 = 0
        while i < n {
            i += 1
            let u = n - i, half = n * n / 2
            let x = Int32((u * u * Int64(ax) + 2 * i * u * Int64(cx) + i * i * Int64(bx) + half) >> (2 * shift))
            let y = Int32((u * u * Int64(ay) + 2 * i * u * Int64(cy) + i * i * Int64(by) + half) >> (2 * shift))
            line(px, py, i == n ? bx : x, i == n ? by : y)
            px = x; py = y
        }
    }

    /// The same by a fill rule; even-odd folds the winding number.
    func resolve(into out: inout [UInt8], _ rule: FillRule) {
        if rule == .nonZero { return resolve(into: &out) }
        out.reserveCapacity(out.count + width * height)
        cells.withUnsafeBufferPointer { p in
            for y in 0..<height {
                var sum: Int32 = 0
                for x in 0..<width {
                    sum &+= p[y &* stride &+ x]
                    var covered = sum & (2 &* Self.full &- 1)
                    if covered > Self.full { covered = 2 &* Self.full &- covered }
                    out.append(UInt8(truncatingIfNeeded: (covered &* 255 &+ Self.full / 2) >> 17))
                }
            }
        }
    }

    /// Appends width × height coverage bytes, row by row.
    func resolve(into out: inout [UInt8]) {
        out.reserveCapacity(out.count + width * height)
        cells.withUnsafeBufferPointer { p in
            for y in 0..<height {
                var sum: Int32 = 0
                for x in 0..<width {
                    sum &+= p[y &* stride &+ x]
                    let covered = Int32(truncatingIfNeeded: min(sum.magnitude, UInt32(Self.full)))     // hostile windings may wrap
                    out.append(UInt8(truncatingIfNeeded: (covered &* 255 &+ Self.full / 2) >> 17))
                }
            }
        }
    }
}

/// Coverage bytes of one glyph and where they lie relative to the pen.
struct GlyphCoverage {
    var left: Int32 = 0, top: Int32 = 0          // of the first pixel; y downwards
    var width: Int32 = 0, height: Int32 = 0
    var bytes: [UInt8] = []
    /// A glyph larger than this is not drawn: no page needs it, and hostile ones would take all memory.
    static let pixelCountMax = 4 << 20

    init(_ face: FontFace, _ glyph: UInt16, size: Int32, slanted: Bool, subpixel: Int32) {
        let outline = GlyphOutline(face, glyph)
        if outline.isEmpty { return }
        let scale = OutlineScale(face: face, size: size, slanted: slanted, subpixel: subpixel)
        var x0 = Int32.max, y0 = Int32.max, x1 = Int32.min, y1 = Int32.min
        var scaled: [(x: Int32, y: Int32)] = []
        scaled.reserveCapacity(outline.points.count)
        for p in outline.points {
            let q = scale.apply(p)
            x0 = min(x0, q.x); y0 = min(y0, q.y); x1 = max(x1, q.x); y1 = max(y1, q.y)
            scaled.append(q)
        }
        guard x0 <= x1, y0 <= y1 else { return }
        let pixelLeft = x0 >> 8, pixelTop = y0 >> 8
        let w = (x1 + 255) >> 8 - pixelLeft, h = (y1 + 255) >> 8 - pixelTop
        guard w > 0, h > 0, Int64(w) * Int64(h) <= Int64(Self.pixelCountMax) else { return }
        var box = CoverageBox(width: Int(w), height: Int(h))
        let dx = pixelLeft << 8, dy = pixelTop << 8
        for i in 0..<scaled.count { scaled[i].x -= dx; scaled[i].y -= dy }
        var start = 0
        for end in outline.contourEnds {
            if end <= scaled.count && end - start >= 2 { Self.contour(outline, scaled, start, end, &box) }
            start = end
        }
        left = pixelLeft; top = pixelTop; width = w; height = h
        box.resolve(into: &bytes)
    }

    /// One contour: on-curve points joined by lines or curves; two off-curve points imply one between them.
    private static func contour(_ outline: GlyphOutline, _ p: [(x: Int32, y: Int32)], _ start: Int, _ end: Int, _ box: inout CoverageBox) {
        let points = outline.points
        var first = start
        while first < end && !points[first].onCurve { first += 1 }
        let count = end - start
        var pen: (x: Int32, y: Int32), begin: (x: Int32, y: Int32)
        if first == end {                                   // no on-curve point at all
            first = start
            begin = ((p[start].x + p[end - 1].x) / 2, (p[start].y + p[end - 1].y) / 2)
            first -= 1                                      // the first off-curve point is walked too
        } else { begin = p[first] }
        pen = begin
        let steps = first < start ? count : count - 1
        var control: (x: Int32, y: Int32)?
        for k in 0..<steps {
            let i = start + (first + 1 - start + k) % count
            let q = p[i]
            if points[i].onCurve {
                if let c = control { box.curve(pen.x, pen.y, c.x, c.y, q.x, q.y) } else { box.line(pen.x, pen.y, q.x, q.y) }
                control = nil
                pen = q
            } else {
                if let c = control {
                    let middle = ((c.x + q.x) / 2, (c.y + q.y) / 2)
                    box.curve(pen.x, pen.y, c.x, c.y, middle.0, middle.1)
                    pen = middle
                }
                control = q
            }
        }
        if let c = control { box.curve(pen.x, pen.y, c.x, c.y, begin.x, begin.y) } else { box.line(pen.x, pen.y, begin.x, begin.y) }
    }
}
