// Collapsing margins (CSS 2.2 §8.3.1). Which margins collapse is known before layout: it depends on style and on whether
// inline content makes lines, except for clearance, which block layout handles.
import CSS

/// A set of adjoining margins: collapses to the largest positive plus the most negative.
struct MarginStrut {
    var positive = LayoutUnit.zero, negative = LayoutUnit.zero
    init() {}
    init(_ margin: LayoutUnit) { add(margin) }
    mutating func add(_ margin: LayoutUnit) {
        if margin > .zero { positive = Swift.max(positive, margin) } else { negative = Swift.min(negative, margin) }
    }
    mutating func add(_ other: MarginStrut) {
        positive = Swift.max(positive, other.positive); negative = Swift.min(negative, other.negative)
    }
    var value: LayoutUnit { positive + negative }
}

extension LayoutEngine {
    /// The margins that adjoin the top edge of `b`, and whether all of its margins adjoin each other (it collapses through).
    func topMargins(_ b: BoxID, base: LayoutUnit, floats: FloatContext) -> (strut: MarginStrut, isThrough: Bool) {
        let s = style(b)
        let isAnonymous = tree.flags(b).contains(.anonymous)
        var strut = MarginStrut(isAnonymous ? .zero : s.marginTop.resolveOrZero(base))
        guard tree.kind(b) == .block, !tree.flags(b).contains(.formattingRoot) else { return (strut, false) }
        if s.borderTop.width > .zero || !s.paddingTop.isZero { return (strut, false) }
        if tree.flags(b).contains(.inlineChildren) {
            if tree.flags(b).contains(.hasLines) { return (strut, false) }
        } else {
            var c = tree.firstChild(b), hasFloat = false
            while c != noBox {
                if tree.flags(c).contains(.floating) { hasFloat = true }
                if tree.kind(c) == .marker { return (strut, false) }
                if tree.flags(c).isDisjoint(with: [.floating, .outOfFlow]) {
                    if style(c).clear != .none, hasFloat || floats.clearance(style(c).clear) != .min { return (strut, false) }
                    let inner = topMargins(c, base: base, floats: floats)
                    strut.add(inner.strut)
                    if !inner.isThrough { return (strut, false) }
                }
                c = tree.next(c)
            }
        }
        if tree.flags(b).contains(.listItem), tree.firstChild(b) != noBox, tree.kind(tree.firstChild(b)) == .marker { return (strut, false) }
        guard collapsesBottom(b), s.minHeight.isAuto || s.minHeight.isZero, s.height.isAuto || s.height.isZero else { return (strut, false) }
        if !isAnonymous { strut.add(s.marginBottom.resolveOrZero(base)) }
        return (strut, true)
    }

    /// No edge between the box's bottom margin and its last child's.
    func collapsesBottom(_ b: BoxID) -> Bool {
        let s = style(b)
        return s.borderBottom.width == .zero && s.paddingBottom.isZero
    }
    func collapsesTop(_ b: BoxID) -> Bool {
        let s = style(b)
        return tree.kind(b) == .block && !tree.flags(b).contains(.formattingRoot) && s.borderTop.width == .zero && s.paddingTop.isZero
    }
}
