// Strokes as pieces (SVG 2 §13.5): a quadrangle a segment, a wedge a join, caps at the ends. Pieces are made in the
// path's own coordinates and mapped afterwards, so that a stroke is stretched with its shape; all are turned the same way
// round, so that their coverage adds up.

public enum LineCap: UInt8, Sendable { case butt, round, square }
public enum LineJoin: UInt8, Sendable { case miter, round, bevel }

public struct StrokeStyle: Sendable {
    public var width = Fixed.one
    public var cap = LineCap.butt
    public var join = LineJoin.miter
    public var miterLimit = Fixed(4)
    /// Lengths on and off in turn; empty: a solid line.
    public var dashes: [Fixed] = []
    public var dashOffset = Fixed.zero
    public init() {}
}

extension VectorPath {
    /// Coverage of the stroke, mapped by `m` to pixels.
    public func strokeMask(_ m: Matrix, _ style: StrokeStyle, clip: Rect, _ budget: inout VectorBudget) -> CoverageMask {
        var stroker = Stroker(m, style)
        if style.width <= .zero { return CoverageMask() }
        var spent = budget
        flatten(.identity, m.scale, &budget) { points, isClosed in stroker.contour(points, isClosed, &spent) }
        budget.segments = min(budget.segments, spent.segments)
        return stroker.edges.mask(.nonZero, clip: clip, &budget)
    }
}

private struct Stroker {
    let matrix: Matrix, style: StrokeStyle
    let radius: Fixed
    /// Halvings of a quarter circle that keep its chords within a fraction of a pixel.
    let roundDepth: Int
    var edges = PathEdges()

    init(_ matrix: Matrix, _ style: StrokeStyle) {
        self.matrix = matrix
        self.style = style
        radius = style.width.halved
        let pixels = (radius * matrix.scale).ceiling
        roundDepth = pixels < 2 ? 2 : pixels < 8 ? 3 : pixels < 64 ? 4 : 5
    }

    private mutating func piece(_ points: [FixedPoint]) { edges.addPiece(points.map { matrix.apply($0) }) }

    mutating func contour(_ raw: [FixedPoint], _ isClosed: Bool, _ budget: inout VectorBudget) {
        var points: [FixedPoint] = []
        points.reserveCapacity(raw.count)
        for p in raw where points.isEmpty || points[points.count - 1] != p { points.append(p) }
        if isClosed, points.count > 1, points[0] == points[points.count - 1] { points.removeLast() }
        budget.segments -= points.count * 4
        if budget.isSpent { return }
        if points.count == 1 { return raw.count > 1 || isClosed ? dot(points[0]) : () }
        if style.dashes.isEmpty { line(points, isClosed) } else { dashed(points, isClosed, &budget) }
    }

    /// A contour without length shows its caps.
    private mutating func dot(_ p: FixedPoint) {
        switch style.cap {
        case .butt: break
        case .round:
            fan(p, FixedPoint(.one, .zero), FixedPoint(-.one, .zero), clockwise: true)
            fan(p, FixedPoint(-.one, .zero), FixedPoint(.one, .zero), clockwise: true)
        case .square:
            piece([FixedPoint(p.x - radius, p.y - radius), FixedPoint(p.x + radius, p.y - radius), FixedPoint(p.x + radius, p.y + radius), FixedPoint(p.x - radius, p.y + radius)])
        }
    }

    private mutating func line(_ points: [FixedPoint], _ isClosed: Bool) {
        let count = points.count, segments = isClosed ? count : count - 1
        var first: FixedPoint?, previous: FixedPoint?
        for i in 0..<segments {
            let a = points[i], b = points[i + 1 < count ? i + 1 : 0]
            guard let direction = (b - a).normalized else { continue }
            let n = direction.perpendicular * radius
            piece([a + n, b + n, b - n, a - n])
            if let previous { join(a, previous, direction) } else { first = direction }
            previous = direction
        }
        guard let first, let last = previous else { return }
        if isClosed { join(points[0], last, first) } else {
            cap(points[0], -first)
            cap(points[count - 1], last)
        }
    }

    /// The wedge outside a corner, from direction `u` to direction `v`.
    private mutating func join(_ p: FixedPoint, _ u: FixedPoint, _ v: FixedPoint) {
        let cross = u.cross(v), dot = u.dot(v)
        if cross.magnitude.raw < 1 << 16 && dot > .zero { return }             // straight on
        let isLeft = cross > .zero                                            // the outside is on the other side
        let a = isLeft ? -u.perpendicular : u.perpendicular, b = isLeft ? -v.perpendicular : v.perpendicular
        switch style.join {
        case .round: fan(p, a, b, clockwise: isLeft)
        case .bevel: piece([p, p + a * radius, p + b * radius])
        case .miter:
            // Ratio of miter to width: 1 / cos(half the turn); its square is 2 / (1 + u·v).
            let opening = (.one + dot).halved
            let limit = style.miterLimit
            if opening.raw > 0, limit * limit * opening >= .one, let tip = (a + b).normalized {
                piece([p, p + a * radius, p + tip * (radius / opening.squareRoot), p + b * radius])
            } else { piece([p, p + a * radius, p + b * radius]) }
        }
    }

    private mutating func cap(_ p: FixedPoint, _ direction: FixedPoint) {
        let n = direction.perpendicular
        switch style.cap {
        case .butt: break
        case .round: fan(p, n, -n, clockwise: false)
        case .square:
            let out = direction * radius
            piece([p + n * radius, p + n * radius + out, p - n * radius + out, p - n * radius])
        }
    }

    /// A sector of the pen's circle between two unit vectors, at most half a turn.
    private mutating func fan(_ p: FixedPoint, _ a: FixedPoint, _ b: FixedPoint, clockwise: Bool) {
        var points = [p, p + a * radius]
        var middle = (a + b).normalized
        if a.dot(b) < Fixed(raw: -4_294_000_000) || middle == nil { middle = clockwise ? a.perpendicular : -a.perpendicular }
        if let middle {
            arc(&points, p, a, middle, roundDepth)
            arc(&points, p, middle, b, roundDepth)
        }
        piece(points)
    }
    private func arc(_ points: inout [FixedPoint], _ p: FixedPoint, _ a: FixedPoint, _ b: FixedPoint, _ depth: Int) {
        if depth > 0, a.dot(b) < Fixed(raw: 4_286_000_000), let middle = (a + b).normalized {     // more than about 3.5°
            arc(&points, p, a, middle, depth - 1)
            arc(&points, p, middle, b, depth - 1)
        } else { points.append(p + b * radius) }
    }

    // MARK: Dashes

    private mutating func dashed(_ points: [FixedPoint], _ isClosed: Bool, _ budget: inout VectorBudget) {
        let dashes = style.dashes
        var total = Fixed.zero
        for d in dashes { total += d }
        let smallest = Fixed(1, over: 64) / max(matrix.scale, Fixed(raw: 1))   // a pattern finer than this is a solid line
        if total < smallest { return line(points, isClosed) }
        var index = 0, left = Fixed(raw: positiveRemainder(style.dashOffset.raw, (dashes.count & 1 == 1 ? total.doubled : total).raw))
        while left >= dashes[index % dashes.count] { left = left - dashes[index % dashes.count]; index += 1 }
        left = dashes[index % dashes.count] - left
        var pieces: [FixedPoint] = index & 1 == 0 ? [points[0]] : []
        let segments = isClosed ? points.count : points.count - 1
        for i in 0..<segments {
            let a = points[i], b = points[i + 1 < points.count ? i + 1 : 0]
            let length = (b - a).length
            var done = Fixed.zero
            while length - done > left {
                budget.segments -= 4
                if budget.isSpent { return }
                done = done + left
                let p = a + (b - a) * (done / length)
                if index & 1 == 0 { pieces.append(p); dash(pieces); pieces = [] } else { pieces = [p] }
                index += 1
                left = dashes[index % dashes.count]
            }
            left = left - (length - done)
            if index & 1 == 0 { pieces.append(b) }
        }
        if index & 1 == 0 { dash(pieces) }
    }
    private mutating func dash(_ raw: [FixedPoint]) {
        var points: [FixedPoint] = []
        for p in raw where points.isEmpty || points[points.count - 1] != p { points.append(p) }
        if points.count == 1 { if raw.count > 1 { dot(points[0]) } } else if points.count > 1 { line(points, false) }
    }
    private func positiveRemainder(_ a: Int64, _ b: Int64) -> Int64 {
        let r = a % b
        return r < 0 ? r + b : r
    }
}
