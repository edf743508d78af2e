// Paths of lines and cubic curves, built from what SVG and fonts write: quadratic curves and elliptical arcs become
// cubics (SVG 2 §9.3.8 and appendix B.2). No limit on what is stored; callers bound what they read.

public struct VectorPath: Sendable {
    public enum Verb: UInt8, Sendable { case move, line, cubic, close }
    public private(set) var verbs: [Verb] = []
    /// One point a move or line, three a cubic.
    public private(set) var points: [FixedPoint] = []
    /// Where the pen is, and where its contour began.
    public private(set) var current = FixedPoint.zero
    private var start = FixedPoint.zero

    public init() {}
    public var isEmpty: Bool { verbs.isEmpty }

    public mutating func move(to p: FixedPoint) {
        verbs.append(.move)
        points.append(p)
        current = p
        start = p
    }
    public mutating func line(to p: FixedPoint) {
        begin()
        verbs.append(.line)
        points.append(p)
        current = p
    }
    public mutating func cubic(_ c1: FixedPoint, _ c2: FixedPoint, to p: FixedPoint) {
        begin()
        verbs.append(.cubic)
        points.append(c1)
        points.append(c2)
        points.append(p)
        current = p
    }
    public mutating func quadratic(_ c: FixedPoint, to p: FixedPoint) {
        let third = Fixed(raw: 2_863_311_531)               // 2/3
        cubic(current + (c - current) * third, p + (c - p) * third, to: p)
    }
    public mutating func close() {
        if verbs.isEmpty || verbs[verbs.count - 1] == .close { return }
        verbs.append(.close)
        current = start
    }
    /// A drawing command after a close begins a new contour where the last one began.
    private mutating func begin() { if verbs.isEmpty || verbs[verbs.count - 1] == .close { move(to: current) } }

    public mutating func append(_ other: VectorPath, _ m: Matrix) {
        verbs += other.verbs
        points.reserveCapacity(points.count + other.points.count)
        for p in other.points { points.append(m.apply(p)) }
        current = m.apply(other.current)
        start = m.apply(other.start)
    }

    // MARK: Shapes

    /// How far the control points of a quarter circle lie from its ends.
    static let kappa = Fixed(raw: 2_372_007_853)            // 4/3 (√2 − 1)

    public static func ellipse(_ cx: Fixed, _ cy: Fixed, _ rx: Fixed, _ ry: Fixed) -> VectorPath {
        var path = VectorPath()
        path.move(to: FixedPoint(cx + rx, cy))
        var u = FixedPoint(.one, .zero)
        for _ in 0..<4 {
            let v = u.perpendicular
            func at(_ p: FixedPoint) -> FixedPoint { FixedPoint(cx + p.x * rx, cy + p.y * ry) }
            path.cubic(at(u + v * kappa), at(v + u * kappa), to: at(v))
            u = v
        }
        path.close()
        return path
    }

    public static func rectangle(_ x: Fixed, _ y: Fixed, _ w: Fixed, _ h: Fixed, _ rx: Fixed = .zero, _ ry: Fixed = .zero) -> VectorPath {
        var path = VectorPath()
        func at(_ dx: Fixed, _ dy: Fixed) -> FixedPoint { FixedPoint(x + dx, y + dy) }
        if rx <= .zero || ry <= .zero {
            path.move(to: at(.zero, .zero))
            path.line(to: at(w, .zero))
            path.line(to: at(w, h))
            path.line(to: at(.zero, h))
            path.close()
            return path
        }
        let kx = rx - rx * kappa, ky = ry - ry * kappa
        path.move(to: at(rx, .zero))
        path.line(to: at(w - rx, .zero))
        path.cubic(at(w - kx, .zero), at(w, ky), to: at(w, ry))
        path.line(to: at(w, h - ry))
        path.cubic(at(w, h - ky), at(w - kx, h), to: at(w - rx, h))
        path.line(to: at(rx, h))
        path.cubic(at(kx, h), at(.zero, h - ky), to: at(.zero, h - ry))
        path.line(to: at(.zero, ry))
        path.cubic(at(.zero, ky), at(kx, .zero), to: at(rx, .zero))
        path.close()
        return path
    }

    /// An elliptical arc from the pen to `p`. The circle is found on the plane where the ellipse is one of radius 1.
    public mutating func arc(_ rx: Fixed, _ ry: Fixed, rotation: Fixed, isLarge: Bool, isSweep: Bool, to p: FixedPoint) {
        var radiusX = rx.magnitude, radiusY = ry.magnitude
        if p == current { return }
        if radiusX.raw == 0 || radiusY.raw == 0 { return line(to: p) }
        let turn = Matrix.rotation(degrees: rotation), back = Matrix(turn.a, turn.c, turn.b, turn.d, .zero, .zero)
        // Half the chord, turned upright and scaled: longer than 1 means that the radii are too small.
        let chord = back.applyVector((current - p) * .half)
        var h = FixedPoint(chord.x / radiusX, chord.y / radiusY)
        let length = h.length
        if length > .one {
            radiusX = radiusX * length
            radiusY = radiusY * length
            h = FixedPoint(chord.x / radiusX, chord.y / radiusY)
        }
        let square = h.dot(h)
        if square.raw == 0 { return line(to: p) }
        var reach = (max(.zero, .one - square) / square).squareRoot
        if isLarge == isSweep { reach = -reach }
        let centre = FixedPoint(reach * h.y, -(reach * h.x))                  // in the unit plane, from the chord's middle
        let toPlane = turn.concatenating(.scale(radiusX, radiusY))
        let middle = current.middle(p) + toPlane.applyVector(centre)
        let from = h - centre, to = -h - centre
        appendArc(Matrix(toPlane.a, toPlane.b, toPlane.c, toPlane.d, middle.x, middle.y), from, to, isSweep, p)
    }

    /// Arc of the unit circle from `u` to `end` as quarter circles and a rest, through `m`.
    private mutating func appendArc(_ m: Matrix, _ u: FixedPoint, _ end: FixedPoint, _ isSweep: Bool, _ p: FixedPoint) {
        var u = u
        func next(_ v: FixedPoint) -> FixedPoint { isSweep ? v.perpendicular : -v.perpendicular }
        for _ in 0..<4 {
            let q = next(u)
            // The end lies within this quarter when it is on the far side of u and on the near side of q.
            if u.dot(end) >= .zero, q.dot(end) >= .zero { break }
            cubic(m.apply(u + q * Self.kappa), m.apply(q + u * Self.kappa), to: m.apply(q))
            u = q
        }
        let cosine = max(-Fixed.one, min(.one, u.dot(end)))
        let half = ((.one + cosine).halved).squareRoot, sine = ((.one - cosine).halved).squareRoot
        let k = Fixed(4, over: 3) * (sine / (.one + half))
        cubic(m.apply(u + next(u) * k), m.apply(end - next(end) * k), to: p)
    }

    /// The box that holds the path's curves: x0, y0, x1, y1; nil when there are no points.
    public var bounds: (x0: Fixed, y0: Fixed, x1: Fixed, y1: Fixed)? {
        guard let first = points.first else { return nil }
        var box = (x0: first.x, y0: first.y, x1: first.x, y1: first.y)
        func add(_ p: FixedPoint) { box = (min(box.x0, p.x), min(box.y0, p.y), max(box.x1, p.x), max(box.y1, p.y)) }
        var at = 0, pen = first
        for verb in verbs {
            switch verb {
            case .move, .line: pen = points[at]; add(pen); at += 1
            case .cubic:
                let curve = Cubic(pen, points[at], points[at + 1], points[at + 2])
                for i in 1...16 { add(curve.point(Fixed(raw: Int64(i) << 28))) }
                pen = points[at + 2]
                at += 3
            case .close: break
            }
        }
        return box
    }
}

/// One cubic curve.
struct Cubic {
    let p0: FixedPoint, p1: FixedPoint, p2: FixedPoint, p3: FixedPoint
    init(_ p0: FixedPoint, _ p1: FixedPoint, _ p2: FixedPoint, _ p3: FixedPoint) { self.p0 = p0; self.p1 = p1; self.p2 = p2; self.p3 = p3 }

    func point(_ t: Fixed) -> FixedPoint {
        func mix(_ a: FixedPoint, _ b: FixedPoint) -> FixedPoint { a + (b - a) * t }
        let a = mix(p0, p1), b = mix(p1, p2), c = mix(p2, p3)
        return mix(mix(a, b), mix(b, c))
    }
    /// Lines that stay within 1/64 of a pixel when a unit is `scale` pixels: the error of n lines is d·3/(4n²).
    func lineCount(_ scale: Fixed) -> Int {
        func bend(_ a: FixedPoint, _ b: FixedPoint, _ c: FixedPoint) -> Fixed { max((a.x - b.x.doubled + c.x).magnitude, (a.y - b.y.doubled + c.y).magnitude) }
        let deviation = max(bend(p0, p1, p2), bend(p1, p2, p3)) * scale * Fixed(48)
        return max(1, min(256, deviation.squareRoot.ceiling))
    }
}
