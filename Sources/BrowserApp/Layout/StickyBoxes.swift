// Sticky boxes (CSS Position 3 §3.4): how far one moves to stay inside its scroll container by its insets, without leaving its
// containing block.
import CSS
import Graphics

extension LayoutTree {
    /// `viewport`: scroll position and size of the viewport, for boxes whose nearest scroll container it is. Other scroll containers
    /// do not scroll here.
    func stickyShift(_ b: BoxID, viewport: (x: LayoutUnit, y: LayoutUnit, width: LayoutUnit, height: LayoutUnit)) -> (x: LayoutUnit, y: LayoutUnit) {
        let s = style(b), containing = container(b)
        guard s.position == .sticky, containing != noBox else { return (.zero, .zero) }
        let port = scrollPort(b) ?? viewport
        let g = geometry[geo(b)], c = geometry[geo(containing)]
        let x = LayoutTree.shift(at: g.pageX, size: g.width, marginStart: g.margin.left, marginEnd: g.margin.right,
                                 start: s.left.resolve(port.width).map { port.x + $0 }, end: s.right.resolve(port.width).map { port.x + port.width - $0 },
                                 low: c.pageX + c.contentLeft, high: c.pageX + c.contentLeft + c.contentWidth)
        let y = LayoutTree.shift(at: g.pageY, size: g.height, marginStart: g.margin.top, marginEnd: g.margin.bottom,
                                 start: s.top.resolve(port.height).map { port.y + $0 }, end: s.bottom.resolve(port.height).map { port.y + port.height - $0 },
                                 low: c.pageY + c.contentTop, high: c.pageY + c.contentTop + c.contentHeight)
        return (x, y)
    }

    /// One axis: first away from the end, then away from the start, which wins.
    private static func shift(at position: LayoutUnit, size: LayoutUnit, marginStart: LayoutUnit, marginEnd: LayoutUnit,
                              start: LayoutUnit?, end: LayoutUnit?, low: LayoutUnit, high: LayoutUnit) -> LayoutUnit {
        var shift = LayoutUnit.zero
        if let end { shift = Swift.min(.zero, Swift.max(end - size - position, Swift.min(.zero, low + marginStart - position))) }
        if let start { shift = Swift.max(shift, Swift.min(start - position, Swift.max(.zero, high - marginEnd - size - position))) }
        return shift
    }

    /// Padding box of the nearest ancestor that clips, in page coordinates.
    private func scrollPort(_ b: BoxID) -> (x: LayoutUnit, y: LayoutUnit, width: LayoutUnit, height: LayoutUnit)? {
        var p = parent(b)
        while p > 0 {
            let s = style(p)
            if flags(p).contains(.clips), s.overflowX != .clip || s.overflowY != .clip {
                let g = geometry[geo(p)]
                return (g.pageX + g.border.left, g.pageY + g.border.top, g.width - g.border.horizontal, g.height - g.border.vertical)
            }
            p = parent(p)
        }
        return nil
    }

    /// Sticky boxes that have moved when the page is not scrolled, in tree order.
    func stuckBoxes(width: LayoutUnit, height: LayoutUnit) -> [(box: BoxID, x: LayoutUnit, y: LayoutUnit)] {
        var result: [(box: BoxID, x: LayoutUnit, y: LayoutUnit)] = []
        for b in layers where style(b).position == .sticky {
            let shift = stickyShift(b, viewport: (.zero, .zero, width, height))
            if shift.x != .zero || shift.y != .zero { result.append((b, shift.x, shift.y)) }
        }
        return result
    }
}
