// Collapsing margins (CSS 2.2 §8.3.1). Which margins collapse is known before layout: it depends on style and on whether
// inline content makes lines, except for clearance, which block layout handles.
import CSS
import DOM

/// A set of adjoining margins: collapses to the largest positive plus the most negative. Quirky margins, those of the built-in
/// sheet in quirks mode, are kept apart: the ends of body and cells ignore them (HTML §15.3.10).
struct MarginStrut {
    var positive = LayoutUnit.zero, negative = LayoutUnit.zero, quirky = LayoutUnit.zero
    init() {}
    init(_ margin: LayoutUnit, isQuirky: Bool = false) { add(margin, isQuirky: isQuirky) }
    mutating func add(_ margin: LayoutUnit, isQuirky: Bool = false) {
        if margin <= .zero { negative = Swift.min(negative, margin) } else if isQuirky { quirky = Swift.max(quirky, margin) } else { positive = Swift.max(positive, margin) }
    }
    mutating func add(_ other: MarginStrut) {
        positive = Swift.max(positive, other.positive); negative = Swift.min(negative, other.negative); quirky = Swift.max(quirky, other.quirky)
    }
    var value: LayoutUnit { Swift.max(positive, quirky) + negative }
    var valueWithoutQuirky: LayoutUnit { positive + negative }
}

extension LayoutEngine {
    /// The body and table cells of documents in quirks mode.
    func ignoresQuirkyMargins(_ b: BoxID) -> Bool {
        document.isQuirks && (tree.kind(b) == .tableCell || document.isHTML(tree.boxes[Int(b)].node, .body))
    }

    /// The margins that adjoin the top edge of `b`, and whether all of its margins adjoin each other (it collapses through).
    /// `quirkless`: quirky margins count as zero, at the top of a body or cell. `top` and `before`: where the box would be, in
    /// the formatting context, if it had no margins but those that adjoin it from outside.
    func topMargins(_ b: BoxID, base: LayoutUnit, floats: FloatContext, quirkless: Bool, top: LayoutUnit, before: MarginStrut) -> (strut: MarginStrut, isThrough: Bool) {
        let s = style(b)
        let isAnonymous = tree.flags(b).contains(.anonymous)
        var strut = MarginStrut()
        if !isAnonymous, !(quirkless && s.box.quirkyMarginTop) { strut.add(s.marginTop.resolveOrZero(base), isQuirky: s.box.quirkyMarginTop) }
        guard tree.kind(b) == .block, !tree.flags(b).contains(.formattingRoot) else { return (strut, false) }
        if s.borderTop.width > .zero || !s.paddingTop.isZero { return (strut, false) }
        let hasMarker = tree.flags(b).contains(.listItem) && tree.firstChild(b) != noBox && tree.kind(tree.firstChild(b)) == .marker
        if tree.flags(b).contains(.inlineChildren) {
            if tree.flags(b).contains(.hasLines) { return (strut, false) }
        } else {
            let quirkless = quirkless || ignoresQuirkyMargins(b)
            var c = tree.firstChild(b), hasFloat = false
            while c != noBox {
                if tree.flags(c).contains(.floating) { hasFloat = true }
                if tree.kind(c) != .marker, tree.flags(c).isDisjoint(with: [.floating, .outOfFlow]) {
                    if style(c).clear != .none, hasFloat { return (strut, false) }
                    var outside = before
                    outside.add(strut)
                    let inner = topMargins(c, base: base, floats: floats, quirkless: quirkless, top: top, before: outside)
                    if style(c).clear != .none {
                        outside.add(inner.strut)
                        if floats.clearance(style(c).clear) > top + outside.value { return (strut, false) }
                    }
                    strut.add(inner.strut)
                    if !inner.isThrough { return (strut, false) }
                }
                c = tree.next(c)
            }
        }
        if hasMarker { return (strut, false) }
        guard collapsesBottom(b), s.aspectRatio == 0, s.minHeight.isAuto || s.minHeight.isZero, s.height.isAuto || s.height.isZero else { return (strut, false) }
        if !isAnonymous { strut.add(s.marginBottom.resolveOrZero(base), isQuirky: s.box.quirkyMarginBottom) }
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
