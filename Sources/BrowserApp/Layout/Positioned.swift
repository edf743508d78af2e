// After normal flow: page positions of all boxes, then absolutely positioned boxes against their containing blocks
// (CSS 2.2 §10.3.7, §10.6.4), in tree order; finally the painted bounds of every subtree.
import DOM
import CSS
import Graphics

extension LayoutEngine {
    /// Sets pageX/pageY of the subtree below `b` whose own border box starts at (x, y).
    func assignPagePositions(_ b: BoxID, x: LayoutUnit, y: LayoutUnit) {
        let g = tree.geo(b)
        tree.geometry[g].pageX = x; tree.geometry[g].pageY = y
        var c = tree.firstChild(b)
        let top = b
        var originX = x, originY = y
        // Inline boxes have no geometry: their content is relative to the nearest box that has.
        while c != noBox {
            let cg = Int(tree.boxes[Int(c)].geometry)
            if cg >= 0 {
                let child = tree.geometry[cg]
                let px = x + child.x + child.shiftX, py = y + child.y + child.shiftY
                originX = px; originY = py
                assignPagePositions(c, x: originX, y: originY)
            } else if tree.firstChild(c) != noBox { c = tree.firstChild(c); continue }
            while c != top, tree.next(c) == noBox { c = tree.parent(c); if c == top || c == noBox { return } }
            if c == top { return }
            c = tree.next(c)
        }
    }

    func layoutOutOfFlow() {
        for b in tree.outOfFlow where isAttached(b) { layoutAbsolute(b) }
    }

    private func isAttached(_ b: BoxID) -> Bool {
        var p = b, steps = 0
        while p != 0 { if p == noBox || steps > 4096 { return false }; p = tree.parent(p); steps += 1 }
        return true
    }

    /// Nearest positioned ancestor; the viewport (0) when there is none.
    func absoluteContainer(_ b: BoxID) -> BoxID {
        if tree.flags(b).contains(.fixed) { return 0 }
        var p = tree.parent(b)
        while p > 0 {
            if style(p).isPositioned, !tree.flags(p).contains(.anonymous) { return p }
            p = tree.parent(p)
        }
        return 0
    }

    /// Padding box of a containing block in page coordinates.
    private func paddingBox(_ c: BoxID, fixed: Bool) -> (x: LayoutUnit, y: LayoutUnit, width: LayoutUnit, height: LayoutUnit) {
        if c == 0 { return (.zero, .zero, viewportWidth, viewportHeight) }
        let gi = Int(tree.boxes[Int(c)].geometry)
        if gi < 0 { return inlineBox(c) }
        let g = tree.geometry[gi]
        return (g.pageX + g.border.left, g.pageY + g.border.top, g.width - g.border.horizontal, g.height - g.border.vertical)
    }

    /// Bounds of an inline box's fragments.
    private func inlineBox(_ c: BoxID) -> (x: LayoutUnit, y: LayoutUnit, width: LayoutUnit, height: LayoutUnit) {
        let container = tree.container(c)
        guard container != noBox else { return (.zero, .zero, viewportWidth, viewportHeight) }
        let g = tree.geometry[tree.geo(container)]
        for l in Int(g.lineStart)..<Int(g.lineEnd) {
            for f in Int(tree.lines[l].fragmentStart)..<Int(tree.lines[l].fragmentEnd) where tree.fragments[f].box == c && tree.fragments[f].kind == .inlineBox {
                let fragment = tree.fragments[f]
                return (g.pageX + fragment.x, g.pageY + fragment.y, fragment.width, fragment.height)
            }
        }
        return (g.pageX, g.pageY, g.width, g.height)
    }

    private func layoutAbsolute(_ b: BoxID) {
        let s = style(b), g = tree.geo(b)
        let container = absoluteContainer(b)
        let box = paddingBox(container, fixed: tree.flags(b).contains(.fixed))
        resolveEdges(b, box.width)
        let staticX = tree.geometry[g].pageX - box.x, staticY = tree.geometry[g].pageY - box.y
        let left = s.left.resolve(box.width), right = s.right.resolve(box.width)
        let top = s.top.resolve(box.height), bottom = s.bottom.resolve(box.height)
        let margin = tree.geometry[g].margin

        // Width
        let width: LayoutUnit
        let room = box.width - margin.horizontal - (left ?? (right == nil ? staticX : .zero)) - (right ?? .zero)
        if let specified = tree.kind(b) == .replaced || tree.kind(b) == .table ? nil : borderBoxWidth(b, s.width, base: box.width, available: room) {
            width = clampWidth(b, specified, base: box.width, available: room)
        } else if left != nil, right != nil, tree.kind(b) != .replaced, tree.kind(b) != .table {
            width = clampWidth(b, Swift.max(.zero, room), base: box.width, available: room)
        } else {
            width = shrinkToFitWidth(b, base: box.width, available: Swift.max(.zero, room))
        }
        // Height
        var height: LayoutUnit?
        if s.height.isAuto, tree.kind(b) != .replaced, let t = top, let u = bottom {
            height = clampHeight(b, Swift.max(.zero, box.height - t - u - margin.vertical), base: box.height)
        }
        layout(b, width: width, height: height, baseHeight: box.height)
        let h = tree.geometry[g].height
        let x = resolveAxis(start: left, end: right, staticStart: staticX, size: width, room: box.width, marginStart: margin.left, marginEnd: margin.right, autoStart: s.marginLeft.isAuto, autoEnd: s.marginRight.isAuto)
        let y = resolveAxis(start: top, end: bottom, staticStart: staticY, size: h, room: box.height, marginStart: margin.top, marginEnd: margin.bottom, autoStart: s.marginTop.isAuto, autoEnd: s.marginBottom.isAuto)
        assignPagePositions(b, x: box.x + x, y: box.y + y)
    }

    private func resolveAxis(start: LayoutUnit?, end: LayoutUnit?, staticStart: LayoutUnit, size: LayoutUnit, room: LayoutUnit, marginStart: LayoutUnit, marginEnd: LayoutUnit, autoStart: Bool, autoEnd: Bool) -> LayoutUnit {
        if let start, let end {
            let free = room - start - end - size - marginStart - marginEnd
            if autoStart, autoEnd { return start + marginStart + Swift.max(.zero, LayoutUnit(raw: free.raw / 2)) }
            if autoStart { return start + free }
            return start + marginStart
        }
        if let start { return start + marginStart }
        if let end { return room - end - marginEnd - size }
        return staticStart + marginStart
    }

    // MARK: Bounds

    /// Painted extent of the subtree in page pixels; also marks floats below.
    @discardableResult
    func computeBounds(_ b: BoxID) -> Rect {
        let g = tree.geo(b)
        let geometry = tree.geometry[g]
        var bounds = snapped(geometry.pageX, geometry.pageY, geometry.width, geometry.height)
        bounds = expanded(bounds, style(b))
        let own = bounds
        if tree.kind(b) == .marker { bounds = bounds.union(Rect(bounds.x - 2, bounds.y - 2, bounds.width + 4, bounds.height + 4)) }
        for l in Int(geometry.lineStart)..<Int(geometry.lineEnd) {
            let line = tree.lines[l]
            for f in Int(line.fragmentStart)..<Int(line.fragmentEnd) {
                let fragment = tree.fragments[f]
                if fragment.width > .zero { bounds = bounds.union(snapped(geometry.pageX + fragment.x, geometry.pageY + fragment.y, fragment.width, fragment.height)) }
            }
        }
        var c = tree.firstChild(b)
        while c != noBox {
            if tree.boxes[Int(c)].geometry >= 0 {
                let inner = computeBounds(c)
                if !tree.flags(c).contains(.fixed) { bounds = bounds.union(inner) }
                noteFloats(c, b)
            } else if tree.firstChild(c) != noBox { c = tree.firstChild(c); continue }
            while c != b, tree.next(c) == noBox { c = tree.parent(c) }
            if c == b { break }
            c = tree.next(c)
        }
        if tree.flags(b).contains(.clips), b != 0 { bounds = own }
        tree.geometry[g].bounds = bounds
        return bounds
    }

    private func noteFloats(_ c: BoxID, _ b: BoxID) {
        let flags = tree.flags(c)
        if flags.contains(.floating) || (flags.contains(.floatsBelow) && flags.isDisjoint(with: [.outOfFlow, .atomicInline])) {
            tree.boxes[Int(b)].flags.insert(.floatsBelow)
        }
    }

    private func expanded(_ r: Rect, _ s: ComputedStyle) -> Rect {
        var extra = s.outline.width.ceil
        if s.outline.width > .zero { extra += Swift.max(0, s.outlineOffset.ceil) }
        for shadow in s.boxShadows where !shadow.inset { extra = Swift.max(extra, shadow.blur.ceil + shadow.spread.ceil + Swift.max(shadow.offsetX.ceil.magnitude32, shadow.offsetY.ceil.magnitude32)) }
        return extra > 0 ? Rect(r.x - extra, r.y - extra, r.width + 2 * extra, r.height + 2 * extra) : r
    }
}

extension Int32 { var magnitude32: Int32 { self < 0 ? 0 &- self : self } }

/// Pixel-snapped rectangle: edges round to the nearest pixel.
@inline(__always) func snapped(_ x: LayoutUnit, _ y: LayoutUnit, _ width: LayoutUnit, _ height: LayoutUnit) -> Rect {
    let x0 = x.round, y0 = y.round
    return Rect(x0, y0, Swift.max(0, (x + width).round - x0), Swift.max(0, (y + height).round - y0))
}
