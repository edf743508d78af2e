// Paths as closed polygons in 1/256 pixel, and their coverage. Work is counted against a budget, so that what a hostile
// file asks for ends.

public enum FillRule: UInt8, Sendable { case nonZero, evenOdd }

/// What drawing may still cost.
public struct VectorBudget: Sendable {
    public var segments: Int, pixels: Int
    public init(segments: Int = 4_000_000, pixels: Int = 256 << 20) { self.segments = segments; self.pixels = pixels }
    public var isSpent: Bool { segments <= 0 || pixels <= 0 }
}

/// Coverage bytes of a shape, row by row inside `bounds` (surface coordinates).
public struct CoverageMask: Sendable {
    public var bounds = Rect.zero
    public var bytes: [UInt8] = []
    public var isEmpty: Bool { bytes.isEmpty }
    /// Half covered or more is covered.
    public mutating func sharpen() { for i in 0..<bytes.count { bytes[i] = bytes[i] >= 128 ? 255 : 0 } }
}

/// Polygons whose edges make a shape.
struct PathEdges {
    private(set) var points: [(x: Int32, y: Int32)] = []
    private(set) var ends: [Int] = []
    private var x0 = Int32.max, y0 = Int32.max, x1 = Int32.min, y1 = Int32.min

    @inline(__always)
    mutating func add(_ p: FixedPoint) {
        let x = p.x.coverageUnits, y = p.y.coverageUnits
        x0 = min(x0, x); y0 = min(y0, y); x1 = max(x1, x); y1 = max(y1, y)
        points.append((x, y))
    }
    mutating func endContour() { if points.count > (ends.last ?? 0) { ends.append(points.count) } }

    /// A polygon turned so that its area is positive: pieces of a stroke add up and never cancel.
    mutating func addPiece(_ p: [FixedPoint]) {
        var area: Int64 = 0
        let first = points.count
        for q in p { add(q) }
        for i in first..<points.count {
            let a = points[i], b = points[i + 1 < points.count ? i + 1 : first]
            area &+= Int64(a.x) &* Int64(b.y) &- Int64(b.x) &* Int64(a.y)
        }
        if area < 0 { points[first...].reverse() }
        endContour()
    }

    func mask(_ rule: FillRule, clip: Rect, _ budget: inout VectorBudget) -> CoverageMask {
        var result = CoverageMask()
        guard x0 <= x1, !clip.isEmpty else { return result }
        let box = Rect(x0 >> 8, y0 >> 8, (x1 + 255) >> 8 - x0 >> 8, (y1 + 255) >> 8 - y0 >> 8).intersection(clip)
        if box.isEmpty { return result }
        budget.pixels -= Int(box.width) * Int(box.height)
        budget.segments -= points.count
        if budget.isSpent { return result }
        var cells = CoverageBox(width: Int(box.width), height: Int(box.height))
        let dx = box.x << 8, dy = box.y << 8
        var start = 0
        points.withUnsafeBufferPointer { p in
            for end in ends {
                var a = p[end - 1]
                for i in start..<end {
                    let b = p[i]
                    cells.line(a.x &- dx, a.y &- dy, b.x &- dx, b.y &- dy)
                    a = b
                }
                start = end
            }
        }
        cells.resolve(into: &result.bytes, rule)
        result.bounds = box
        return result
    }
}

extension VectorPath {
    /// Coverage of the inside, mapped by `m` to pixels.
    public func fillMask(_ m: Matrix, _ rule: FillRule, clip: Rect, _ budget: inout VectorBudget) -> CoverageMask {
        var edges = PathEdges()
        appendFill(m, &edges, &budget)
        return edges.mask(rule, clip: clip, &budget)
    }

    func appendFill(_ m: Matrix, _ edges: inout PathEdges, _ budget: inout VectorBudget) {
        flatten(m, .one, &budget) { points, _ in
            if points.count < 2 { return }
            for p in points { edges.add(p) }
            edges.endContour()
        }
    }

    /// Hands out each contour as points, mapped by `m`, curves cut for `scale` pixels a unit of the result.
    func flatten(_ m: Matrix, _ scale: Fixed, _ budget: inout VectorBudget, _ body: ([FixedPoint], _ isClosed: Bool) -> Void) {
        var contour: [FixedPoint] = []
        var at = 0
        for verb in verbs {
            if budget.isSpent { return }
            switch verb {
            case .move:
                if !contour.isEmpty { body(contour, false) }
                contour.removeAll(keepingCapacity: true)
                contour.append(m.apply(points[at]))
                at += 1
            case .line:
                contour.append(m.apply(points[at]))
                budget.segments -= 1
                at += 1
            case .cubic:
                let curve = Cubic(contour[contour.count - 1], m.apply(points[at]), m.apply(points[at + 1]), m.apply(points[at + 2]))
                let n = curve.lineCount(scale)
                budget.segments -= n
                if n > 1 {
                    let step = (Int64(1) << 32) / Int64(n)
                    for i in 1..<n { contour.append(curve.point(Fixed(raw: step * Int64(i)))) }
                }
                contour.append(curve.p3)
                at += 3
            case .close:
                if !contour.isEmpty { body(contour, true) }
                contour.removeAll(keepingCapacity: true)
            }
        }
        if !contour.isEmpty { body(contour, false) }
    }
}
