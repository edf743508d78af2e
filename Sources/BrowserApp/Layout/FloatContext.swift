// The floats of one block formatting context, in its coordinates (CSS 2.2 §9.5.1).
// Invariant: tops never decrease along the list, so a search from the end stops at the running maximum of bottoms.
import CSS

final class FloatContext {
    struct Placed {
        var x0: LayoutUnit, x1: LayoutUnit, top: LayoutUnit, bottom: LayoutUnit
        var isLeft: Bool
        /// Largest bottom of this and all earlier floats.
        var bottomMax: LayoutUnit
    }
    private(set) var floats: [Placed] = []
    private var leftBottom = LayoutUnit.min, rightBottom = LayoutUnit.min
    var isEmpty: Bool { floats.isEmpty }

    /// Free span between the floats that overlap [y, y + height), within [left, right].
    func span(y: LayoutUnit, height: LayoutUnit, left: LayoutUnit, right: LayoutUnit) -> (left: LayoutUnit, right: LayoutUnit) {
        var l = left, r = right
        var i = floats.count - 1
        let end = y + Swift.max(height, LayoutUnit(raw: 1))
        while i >= 0, floats[i].bottomMax > y {
            let f = floats[i]
            if f.bottom > y, f.top < end {
                if f.isLeft { l = Swift.max(l, f.x1) } else { r = Swift.min(r, f.x0) }
            }
            i -= 1
        }
        return (l, r)
    }

    /// The next y below `y` at which a float ends; nil when none is active.
    func nextBottom(after y: LayoutUnit) -> LayoutUnit? {
        var best: LayoutUnit?
        var i = floats.count - 1
        while i >= 0, floats[i].bottomMax > y {
            let bottom = floats[i].bottom
            if bottom > y { if let b = best { best = Swift.min(b, bottom) } else { best = bottom } }
            i -= 1
        }
        return best
    }

    /// Highest place at or below `y` where `width` × `height` fits beside the floats.
    func fit(width: LayoutUnit, height: LayoutUnit, y start: LayoutUnit, left: LayoutUnit, right: LayoutUnit) -> (left: LayoutUnit, right: LayoutUnit, y: LayoutUnit) {
        var y = start
        while true {
            let s = span(y: y, height: height, left: left, right: right)
            if s.right - s.left >= width { return (s.left, s.right, y) }
            guard let next = nextBottom(after: y) else { return (s.left, s.right, y) }
            y = next
        }
    }

    /// Places a float's margin box and remembers it; returns its corner.
    func place(isLeft: Bool, width: LayoutUnit, height: LayoutUnit, minY: LayoutUnit, left: LayoutUnit, right: LayoutUnit) -> (x: LayoutUnit, y: LayoutUnit) {
        let start = floats.isEmpty ? minY : Swift.max(minY, floats[floats.count - 1].top)
        let spot = fit(width: width, height: height, y: start, left: left, right: right)
        let x = isLeft ? spot.left : spot.right - width
        let bottom = spot.y + Swift.max(.zero, height)
        floats.append(Placed(x0: x, x1: x + width, top: spot.y, bottom: bottom, isLeft: isLeft,
                             bottomMax: floats.isEmpty ? bottom : Swift.max(bottom, floats[floats.count - 1].bottomMax)))
        if isLeft { leftBottom = Swift.max(leftBottom, bottom) } else { rightBottom = Swift.max(rightBottom, bottom) }
        return (x, spot.y)
    }

    /// Lowest bottom that `clear` must pass; `LayoutUnit.min` when there is none.
    func clearance(_ clear: Clear) -> LayoutUnit {
        switch clear {
        case .none: return .min
        case .left: return leftBottom
        case .right: return rightBottom
        case .both: return Swift.max(leftBottom, rightBottom)
        }
    }
    var bottom: LayoutUnit { Swift.max(leftBottom, rightBottom) }
}
