// Outlines of glyphs as paths, for text that is drawn turned, stretched or stroked.

extension VectorPath {
    /// A glyph at the origin, one em `size` units high, y downwards.
    public init(_ face: FontFace, _ glyph: UInt16, size: Fixed, isSlanted: Bool) {
        self.init()
        let outline = GlyphOutline(face, glyph)
        let unit = size / Fixed(Int(face.unitsPerEm) * 64)
        func place(_ p: OutlinePoint) -> FixedPoint {
            var x = Int64(p.x)
            if isSlanted { x += (Int64(p.y) * OutlineScale.slant) >> 8 }
            return FixedPoint(Fixed(Int(x)) * unit, -(Fixed(Int(p.y)) * unit))
        }
        var start = 0
        for end in outline.contourEnds {
            if end <= outline.points.count, end - start >= 2 { contour(outline.points, start, end, place) }
            start = end
        }
    }

    /// Two control points in a row imply a point between them; a contour may begin with one.
    private mutating func contour(_ p: [OutlinePoint], _ start: Int, _ end: Int, _ place: (OutlinePoint) -> FixedPoint) {
        let count = end - start
        var first = 0
        while first < count && !p[start + first].onCurve { first += 1 }
        let isAllControls = first == count
        let begin = isAllControls ? place(p[start]).middle(place(p[end - 1])) : place(p[start + first])
        move(to: begin)
        var control: FixedPoint?
        for k in 0..<(isAllControls ? count : count - 1) {
            let point = p[start + (isAllControls ? k : first + 1 + k) % count], q = place(point)
            if point.onCurve {
                if let c = control { quadratic(c, to: q) } else { line(to: q) }
                control = nil
            } else {
                if let c = control { quadratic(c, to: c.middle(q)) }
                control = q
            }
        }
        if let c = control { quadratic(c, to: begin) }
        close()
    }
}
