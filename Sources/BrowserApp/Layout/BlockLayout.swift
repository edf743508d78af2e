// Block formatting (CSS 2.2 §9.4.1, §10.3.3, §10.6): children one below the other, margins collapsed, floats beside.
import DOM
import CSS

/// Outcome of laying out a box's contents.
struct ContentResult {
    var height = LayoutUnit.zero
    var trailing = MarginStrut()
}

extension LayoutEngine {
    /// Lays out the in-flow contents of a block container whose border-box width is set. (x, y) is its content corner in
    /// the formatting context.
    func layoutContents(_ b: BoxID, contentHeight: LayoutUnit?, floats: FloatContext, x: LayoutUnit, y: LayoutUnit) -> ContentResult {
        if tree.flags(b).contains(.inlineChildren) {
            var result = ContentResult()
            result.height = layoutInline(b, contentHeight: contentHeight, floats: floats, x: x, y: y)
            return result
        }
        return layoutBlocks(b, contentHeight: contentHeight, floats: floats, x: x, y: y)
    }

    /// State of a walk down the children of one block container.
    private struct Flow {
        var cursor = LayoutUnit.zero      // bottom of what is placed, in content coordinates
        var strut = MarginStrut()         // margins pending below the cursor
        var atTop: Bool                   // everything so far adjoins the parent's top edge
        var quirkless: Bool               // nothing placed yet in a box that ignores quirky margins
        var y: LayoutUnit { atTop ? cursor : cursor + strut.value }
    }

    private func layoutBlocks(_ b: BoxID, contentHeight: LayoutUnit?, floats: FloatContext, x: LayoutUnit, y: LayoutUnit) -> ContentResult {
        let g = tree.geo(b)
        let width = tree.geometry[g].contentWidth
        let ignoresQuirky = ignoresQuirkyMargins(b)
        var flow = Flow(atTop: collapsesTop(b), quirkless: ignoresQuirky)
        var c = tree.firstChild(b)
        var awaitsBaseline = c != noBox && tree.kind(c) == .marker
        let legend = legend(of: b)
        while c != noBox {
            let flags = tree.flags(c)
            if tree.kind(c) == .marker {
                // placed after the item's contents are known
            } else if c == legend {
                flow.cursor = placeLegend(c, in: b, width: width, contentHeight: contentHeight)
            } else if flags.contains(.outOfFlow) {
                setOrigin(c, b, .zero, flow.y)
            } else if flags.contains(.floating) {
                layoutFloat(c, base: width, baseHeight: contentHeight)
                placeFloat(c, in: b, floats: floats, x: x, y: y, minY: y + flow.y, width: width)
            } else {
                placeBlock(c, in: b, &flow, width: width, contentHeight: contentHeight, floats: floats, x: x, y: y)
                if awaitsBaseline, let baseline = firstBaseline(c) {
                    awaitsBaseline = false
                    pushBelowMarker(c, in: b, baseline, &flow)
                }
            }
            c = tree.next(c)
        }
        var result = ContentResult()
        let canCollapse = tree.kind(b) == .block && !tree.flags(b).contains(.formattingRoot) && collapsesBottom(b) && (style(b).height.isAuto || contentHeight == nil)
        if canCollapse {
            result.height = flow.cursor
            if !flow.atTop { result.trailing = flow.strut }
        } else {
            result.height = Swift.max(.zero, ignoresQuirky && !flow.atTop ? flow.cursor + flow.strut.valueWithoutQuirky : flow.y)
        }
        return result
    }

    /// A list marker stands on the first baseline of its item's contents; one that reaches higher pushes them down.
    private func pushBelowMarker(_ c: BoxID, in b: BoxID, _ baseline: LayoutUnit, _ flow: inout Flow) {
        let marker = tree.markers[tree.firstChild(b)]
        let ascent = Swift.max(tree.textStyle(b).boxAscent, marker?.image?.naturalSize.used(available: .zero).height ?? .zero)
        guard ascent > baseline else { return }
        tree.geometry[tree.geo(c)].y += ascent - baseline
        flow.cursor += ascent - baseline
    }

    // MARK: Fieldsets (HTML §15.3.13)

    /// The legend that stands in a fieldset's top border.
    func legend(of b: BoxID) -> BoxID {
        let node = tree.boxes[Int(b)].node
        guard !node.isNone, document.isHTML(node, .fieldset) else { return noBox }
        var c = tree.firstChild(b)
        while c != noBox {
            let child = tree.boxes[Int(c)].node
            if !child.isNone, document.isHTML(child, .legend), tree.kind(c).hasGeometry, tree.flags(c).isDisjoint(with: [.floating, .outOfFlow]) { return c }
            c = tree.next(c)
        }
        return noBox
    }

    /// Puts the legend over the border's middle; returns where contents begin, in content coordinates.
    private func placeLegend(_ c: BoxID, in b: BoxID, width: LayoutUnit, contentHeight: LayoutUnit?) -> LayoutUnit {
        resolveEdges(c, width)
        let cg = tree.geo(c), margin = tree.geometry[cg].margin, parent = tree.geometry[tree.geo(b)]
        let available = Swift.max(.zero, width - margin.horizontal)
        layout(c, width: shrinkToFitWidth(c, base: width, available: available), baseHeight: contentHeight)
        let outer = tree.geometry[cg].height + margin.vertical, border = parent.border.top
        let free = width - tree.geometry[cg].width - margin.horizontal
        var x = margin.left
        if style(c).marginLeft.isAuto { x = style(c).marginRight.isAuto ? LayoutUnit(raw: free.raw / 2) : free }
        setOrigin(c, b, x, Swift.max(.zero, LayoutUnit(raw: (border - outer).raw / 2)) + margin.top - parent.contentTop)
        applyRelative(c, width, contentHeight)
        return Swift.max(.zero, outer - border)
    }

    /// Position of a child's border box given content coordinates.
    @inline(__always) func setOrigin(_ c: BoxID, _ parent: BoxID, _ x: LayoutUnit, _ y: LayoutUnit) {
        let g = tree.geo(c), p = tree.geo(parent)
        tree.geometry[g].x = tree.geometry[p].contentLeft + x
        tree.geometry[g].y = tree.geometry[p].contentTop + y
    }

    private func placeBlock(_ c: BoxID, in b: BoxID, _ flow: inout Flow, width: LayoutUnit, contentHeight: LayoutUnit?, floats: FloatContext, x: LayoutUnit, y: LayoutUnit) {
        resolveEdges(c, width)
        let margins = topMargins(c, base: width, floats: floats, quirkless: flow.quirkless, top: y + flow.cursor, before: flow.strut)
        var combined = flow.strut
        combined.add(margins.strut)
        var childY = flow.atTop ? flow.cursor : flow.cursor + combined.value
        var isCleared = false
        if style(c).clear != .none {
            let bottom = floats.clearance(style(c).clear)
            if bottom != .min, bottom - y > childY || (flow.atTop && margins.isThrough && bottom - y >= childY) { childY = bottom - y; isCleared = true }
        }
        if margins.isThrough {
            // It stands where it would with content: its bottom margin does not move it.
            if !flow.atTop, !isCleared {
                var upper = flow.strut
                upper.add(tree.geometry[tree.geo(c)].margin.top, isQuirky: style(c).box.quirkyMarginTop)
                childY = flow.cursor + upper.value
            }
            sizeBlock(c, in: b, width: width)
            layoutChild(c, contentHeight, floats, x, y, childX: originX(c), childY: childY)
            setOrigin(c, b, originX(c), childY)
            if isCleared {
                flow.cursor = childY - MarginStrut(tree.geometry[tree.geo(c)].margin.top).value; flow.strut = margins.strut; flow.atTop = false; flow.quirkless = false
            } else if !flow.atTop { flow.strut = combined }
            applyRelative(c, width, contentHeight)
            return
        }
        flow.atTop = false; flow.quirkless = false
        var childX = LayoutUnit.zero
        if avoidsFloats(c), !floats.isEmpty {
            (childX, childY) = placeBesideFloats(c, in: b, width: width, contentHeight: contentHeight, floats: floats, x: x, y: y, top: childY)
        } else {
            sizeBlock(c, in: b, width: width)
            childX = originX(c)
        }
        let result = layoutChild(c, contentHeight, floats, x, y, childX: childX, childY: childY)
        setOrigin(c, b, childX, childY)
        let g = tree.geo(c)
        flow.cursor = childY + tree.geometry[g].height
        flow.strut = MarginStrut(tree.geometry[g].margin.bottom, isQuirky: style(c).box.quirkyMarginBottom)
        flow.strut.add(result.trailing)
        applyRelative(c, width, contentHeight)
    }

    @inline(__always) private func originX(_ c: BoxID) -> LayoutUnit { tree.geometry[tree.geo(c)].margin.left }

    @discardableResult
    private func layoutChild(_ c: BoxID, _ contentHeight: LayoutUnit?, _ floats: FloatContext, _ x: LayoutUnit, _ y: LayoutUnit, childX: LayoutUnit, childY: LayoutUnit) -> BlockResult {
        layout(c, width: tree.geometry[tree.geo(c)].width, baseHeight: contentHeight, floats: floats, x: x + childX, y: y + childY)
    }

    private func avoidsFloats(_ c: BoxID) -> Bool { tree.flags(c).contains(.formattingRoot) || tree.kind(c) == .replaced }

    // MARK: Widths (§10.3.3)

    /// Sets used width and horizontal margins of an in-flow block-level box.
    func sizeBlock(_ c: BoxID, in parent: BoxID, width base: LayoutUnit) {
        let s = style(c), g = tree.geo(c)
        if tree.flags(c).contains(.anonymous), tree.kind(c) == .block { tree.geometry[g].width = base; return }
        let margin = tree.geometry[g].margin
        let available = Swift.max(.zero, base - margin.horizontal)
        let kind = tree.kind(c)
        var width: LayoutUnit
        if kind == .replaced || kind == .table {
            width = shrinkToFitWidth(c, base: base, available: available)
        } else if tree.flags(c).contains(.control), s.width.isAuto {
            width = shrinkToFitWidth(c, base: base, available: available)
        } else {
            width = clampWidth(c, borderBoxWidth(c, s.width, base: base, available: available) ?? available, base: base, available: available)
        }
        tree.geometry[g].width = width
        if tree.flags(c).contains(.anonymous) { return }
        distributeMargins(c, parent, s, free: base - width)
    }

    private func distributeMargins(_ c: BoxID, _ parent: BoxID, _ s: ComputedStyle, free: LayoutUnit) {
        let g = tree.geo(c)
        let rest = free - tree.geometry[g].margin.horizontal
        switch (s.marginLeft.isAuto, s.marginRight.isAuto) {
        case (true, true):
            let half = Swift.max(.zero, LayoutUnit(raw: rest.raw / 2))
            tree.geometry[g].margin.left = half; tree.geometry[g].margin.right = half
        case (true, false): tree.geometry[g].margin.left = Swift.max(.zero, rest)
        case (false, true): tree.geometry[g].margin.right = Swift.max(.zero, rest)
        case (false, false):
            switch style(parent).textAlign {
            case .webkitCenter: if rest > .zero { tree.geometry[g].margin.left += LayoutUnit(raw: rest.raw / 2) }
            case .webkitRight: if rest > .zero { tree.geometry[g].margin.left += rest }
            default: if style(parent).direction == .rtl, rest > .zero { tree.geometry[g].margin.left += rest }
            }
        }
    }

    /// A formatting root goes beside floats when it fits, else below them (§9.5). Returns content coordinates.
    private func placeBesideFloats(_ c: BoxID, in b: BoxID, width: LayoutUnit, contentHeight: LayoutUnit?, floats: FloatContext, x: LayoutUnit, y: LayoutUnit, top: LayoutUnit) -> (LayoutUnit, LayoutUnit) {
        let g = tree.geo(c)
        var childY = top
        while true {
            resolveEdges(c, width)
            let span = floats.span(y: y + childY, height: LayoutUnit(1), left: x, right: x + width)
            let left = Swift.max(span.left - x, .zero), right = Swift.min(span.right - x, width)
            let margin = tree.geometry[g].margin
            // Margins overlap the floats; only the border box avoids them.
            let start = Swift.max(left, margin.left), end = Swift.min(right, width - margin.right)
            if left == .zero, right == width { sizeBlock(c, in: b, width: width); return (tree.geometry[g].margin.left, childY) }
            let room = end - start
            let fitsAuto = style(c).width.isAuto && tree.kind(c) != .table && tree.kind(c) != .replaced
            let needed: LayoutUnit
            if fitsAuto {
                needed = Swift.min(intrinsic(c).min, width)
                tree.geometry[g].width = clampWidth(c, Swift.max(.zero, room), base: width, available: room)
            } else {
                tree.geometry[g].width = shrinkToFitWidth(c, base: width, available: Swift.max(.zero, room))
                needed = tree.geometry[g].width
            }
            if needed <= room { return (positionInRoom(c, b, start: start, room: room), childY) }
            guard let next = floats.nextBottom(after: y + childY) else { sizeBlock(c, in: b, width: width); return (tree.geometry[g].margin.left, childY) }
            childY = next - y
        }
    }

    private func positionInRoom(_ c: BoxID, _ b: BoxID, start: LayoutUnit, room: LayoutUnit) -> LayoutUnit {
        let s = style(c)
        let rest = room - tree.geometry[tree.geo(c)].width
        if s.marginLeft.isAuto, s.marginRight.isAuto || style(b).textAlign == .webkitCenter { return start + LayoutUnit(raw: rest.raw / 2) }
        return s.marginLeft.isAuto ? start + rest : start
    }

    // MARK: Floats

    func layoutFloat(_ c: BoxID, base: LayoutUnit, baseHeight: LayoutUnit?) {
        resolveEdges(c, base)
        let margin = tree.geometry[tree.geo(c)].margin
        let width = shrinkToFitWidth(c, base: base, available: Swift.max(.zero, base - margin.horizontal))
        layout(c, width: width, baseHeight: baseHeight)
    }

    /// Places a laid-out float; all coordinates but the stored origin are the formatting context's.
    func placeFloat(_ c: BoxID, in b: BoxID, floats: FloatContext, x: LayoutUnit, y: LayoutUnit, minY: LayoutUnit, width: LayoutUnit) {
        let g = tree.geo(c), s = style(c)
        let margin = tree.geometry[g].margin
        var top = minY
        if s.clear != .none { let bottom = floats.clearance(s.clear); if bottom != .min { top = Swift.max(top, bottom) } }
        let spot = floats.place(isLeft: s.float != .right, width: tree.geometry[g].width + margin.horizontal, height: tree.geometry[g].height + margin.vertical,
                                minY: top, left: x, right: x + width)
        setOrigin(c, b, spot.x - x + margin.left, spot.y - y + margin.top)
        applyRelative(c, width, nil)
    }

    // MARK: Relative positioning (§9.4.3)

    func applyRelative(_ c: BoxID, _ base: LayoutUnit, _ baseHeight: LayoutUnit?) {
        let s = style(c)
        guard s.position == .relative, !tree.flags(c).contains(.anonymous) else { return }
        let shift = relativeShift(s, base, baseHeight)
        let g = tree.geo(c)
        tree.geometry[g].shiftX = shift.x; tree.geometry[g].shiftY = shift.y
    }
    func relativeShift(_ s: ComputedStyle, _ base: LayoutUnit, _ baseHeight: LayoutUnit?) -> (x: LayoutUnit, y: LayoutUnit) {
        let x = s.left.resolve(base) ?? s.right.resolve(base).map { -$0 } ?? .zero
        var y = LayoutUnit.zero
        if let top = definite(s.top, baseHeight) { y = top } else if let bottom = definite(s.bottom, baseHeight) { y = -bottom }
        return (x, y)
    }
    func definite(_ l: Length, _ base: LayoutUnit?) -> LayoutUnit? {
        if l.hasPercent, base == nil { return nil }
        return l.resolve(base ?? .zero)
    }
}
