// Matching of compiled selectors against elements, right to left (Selectors 4 §17). Failure kinds tell outer combinators how far
// to back up, so that no selector costs more than elements × parts. Sibling positions are counted once per parent and pass.
import DOM

final class SelectorMatcher {
    private let document: Document
    // Sibling positions by node id: 1-based from the front and from the back, among all elements and among the same type.
    private var index: [Int32] = []
    private var indexFromEnd: [Int32] = []
    private var typeIndex: [Int32] = []
    private var typeIndexFromEnd: [Int32] = []

    /// Steps that `~` may still take in this pass: n siblings cost n² steps, which only a hostile page reaches.
    private var siblingStepsLeft = CSSLimits.siblingStepCountMax
    /// The same for elements that `:has()` looks at.
    private var hasStepsLeft = CSSLimits.siblingStepCountMax
    /// The element whose `:has()` is tested.
    private var anchor = NodeID.none

    init(document: Document) { self.document = document }

    /// Forgets sibling positions; call before each pass over a changed document.
    func reset() {
        resetSteps()
        index.removeAll(keepingCapacity: true)
        indexFromEnd.removeAll(keepingCapacity: true)
        typeIndex.removeAll(keepingCapacity: true)
        typeIndexFromEnd.removeAll(keepingCapacity: true)
    }

    /// Enough before a pass over a document whose structure is the same.
    func resetSteps() { siblingStepsLeft = CSSLimits.siblingStepCountMax; hasStepsLeft = CSSLimits.siblingStepCountMax }

    private enum Outcome { case matched, failsLocally, failsAllSiblings, failsCompletely }

    func matches(_ selector: CompiledSelector, _ store: FrozenSelectors, _ node: NodeID) -> Bool {
        match(store, Int(selector.start), Int(selector.end), node) == .matched
    }

    private func match(_ store: FrozenSelectors, _ start: Int, _ end: Int, _ node: NodeID) -> Outcome {
        var i = start
        while i < end {
            let part = store.parts[i]
            if part.kind.isCombinator { return combinator(part.kind, store, i + 1, end, node) }
            if !simple(part, store, node) { return .failsLocally }
            i += 1
        }
        return .matched
    }
    private func combinator(_ kind: PartKind, _ store: FrozenSelectors, _ start: Int, _ end: Int, _ node: NodeID) -> Outcome {
        switch kind {
        case .descendant:
            var ancestor = parentElement(node)
            while !ancestor.isNone {
                let outcome = match(store, start, end, ancestor)
                if outcome == .matched || outcome == .failsCompletely { return outcome }
                ancestor = parentElement(ancestor)
            }
            return .failsCompletely
        case .child:
            let parent = parentElement(node)
            return parent.isNone ? .failsCompletely : match(store, start, end, parent)
        case .nextSibling:
            let sibling = previousElement(node)
            return sibling.isNone ? .failsAllSiblings : match(store, start, end, sibling)
        default:
            return laterSibling(store, start, end, node)
        }
    }

    private func laterSibling(_ store: FrozenSelectors, _ start: Int, _ end: Int, _ node: NodeID) -> Outcome {
        guard siblingStepsLeft > 0 else { return .failsAllSiblings }
        var sibling = previousElement(node), steps = 0
        defer { siblingStepsLeft -= steps }
        while !sibling.isNone {
            steps += 1
            let outcome = match(store, start, end, sibling)
            if outcome != .failsLocally { return outcome }
            sibling = previousElement(sibling)
        }
        return .failsAllSiblings
    }

    private func parentElement(_ n: NodeID) -> NodeID {
        let parent = document.parent(n)
        return !parent.isNone && document.isElement(parent) ? parent : .none
    }
    private func previousElement(_ n: NodeID) -> NodeID {
        var sibling = document.previousSibling(n)
        while !sibling.isNone, !document.isElement(sibling) { sibling = document.previousSibling(sibling) }
        return sibling
    }
    private func nextElement(_ n: NodeID) -> NodeID {
        var sibling = document.nextSibling(n)
        while !sibling.isNone, !document.isElement(sibling) { sibling = document.nextSibling(sibling) }
        return sibling
    }

    private func simple(_ part: SelectorPart, _ store: FrozenSelectors, _ node: NodeID) -> Bool {
        switch part.kind {
        case .type: return document.name(node).raw == part.atom
        case .class: return document.hasClass(node, Atom(raw: part.atom))
        case .id: return document.id(node)?.raw == part.atom
        case .attributeExists: return document.hasAttribute(node, Atom(raw: part.atom))
        case .attributeEquals, .attributeIncludes, .attributeDash, .attributePrefix, .attributeSuffix, .attributeSubstring:
            guard let value = document.attribute(node, Atom(raw: part.atom)) else { return false }
            return attributeMatches(part, Array(value.utf8), store.strings[Int(part.a)])
        case .not:
            for selector in store.lists[Int(part.a)] where matches(selector, store, node) { return false }
            return true
        case .matchesAny:
            for selector in store.lists[Int(part.a)] where matches(selector, store, node) { return true }
            return false
        case .has:
            for selector in store.lists[Int(part.a)] where hasMatches(selector, looksAside: part.b != 0, store, node) { return true }
            return false
        case .scope: return node == anchor
        case .firstChild: return previousElement(node).isNone
        case .lastChild: return nextElement(node).isNone
        case .onlyChild: return previousElement(node).isNone && nextElement(node).isNone
        case .firstOfType: countSiblings(node); return typeIndex[Int(node.raw)] == 1
        case .lastOfType: countSiblings(node); return typeIndexFromEnd[Int(node.raw)] == 1
        case .onlyOfType: countSiblings(node); return typeIndex[Int(node.raw)] == 1 && typeIndexFromEnd[Int(node.raw)] == 1
        case .nthChild: countSiblings(node); return nthMatches(part, index[Int(node.raw)])
        case .nthLastChild: countSiblings(node); return nthMatches(part, indexFromEnd[Int(node.raw)])
        case .nthOfType: countSiblings(node); return nthMatches(part, typeIndex[Int(node.raw)])
        case .nthLastOfType: countSiblings(node); return nthMatches(part, typeIndexFromEnd[Int(node.raw)])
        case .never: return false
        default: return stateMatches(part, store, node)
        }
    }

    /// Whether some element below `node`, or behind it when the selector begins with a sibling combinator, matches relative to it.
    private func hasMatches(_ selector: CompiledSelector, looksAside: Bool, _ store: FrozenSelectors, _ node: NodeID) -> Bool {
        let outer = anchor
        defer { anchor = outer }
        var root = looksAside ? nextElement(node) : node
        while !root.isNone {
            var n = looksAside ? root : document.next(root, within: root)
            while !n.isNone, hasStepsLeft > 0 {
                hasStepsLeft -= 1
                anchor = node
                if document.isElement(n), matches(selector, store, n) { return true }
                n = document.next(n, within: root)
            }
            if !looksAside { return false }
            root = nextElement(root)
        }
        return false
    }

    private func stateMatches(_ part: SelectorPart, _ store: FrozenSelectors, _ node: NodeID) -> Bool {
        switch part.kind {
        case .root: return document.documentElement == node
        case .empty: return isEmpty(node)
        case .anyLink: return isLink(node)
        case .link: return isLink(node) && !document.state(node).contains(.visited)
        case .visited: return isLink(node) && document.state(node).contains(.visited)
        case .hover: return document.state(node).contains(.hovered)
        case .active: return document.state(node).contains(.active)
        case .focus: return document.state(node).contains(.focused)
        case .focusVisible: return document.state(node).contains(.focusVisible)
        case .focusWithin: return document.state(node).contains(.focusWithin) || document.state(node).contains(.focused)
        case .target: return document.state(node).contains(.target)
        case .checked: return isChecked(node)
        case .disabled: return isControl(node) && isDisabled(node)
        case .enabled: return isControl(node) && !isDisabled(node)
        case .required: return isControl(node) && document.hasAttribute(node, Atom("required"))
        case .optional: return isControl(node) && !document.hasAttribute(node, Atom("required"))
        case .readWrite: return isEditable(node)
        case .readOnly: return !isEditable(node)
        case .placeholderShown: return document.hasAttribute(node, Atom("placeholder")) && document.controlValue(node).isEmpty
        case .lang: return languageMatches(node, store.strings[Int(part.a)])
        default: return false
        }
    }
    private func isEmpty(_ node: NodeID) -> Bool {
        var child = document.firstChild(node)
        while !child.isNone {
            let kind = document.kind(child)
            if kind == .element || (kind == .text && !document.text(child).isEmpty) { return false }
            child = document.nextSibling(child)
        }
        return true
    }
    private func isLink(_ node: NodeID) -> Bool {
        let name = document.name(node)
        return (name == .a || name == .area) && document.hasAttribute(node, .href)
    }
    private func isChecked(_ node: NodeID) -> Bool {
        let name = document.name(node)
        return (name == .option || name == .input) && document.isChecked(node)
    }
    private func isControl(_ node: NodeID) -> Bool {
        let name = document.name(node)
        return name == .input || name == .button || name == .select || name == .textarea || name == .option || name == .optgroup || name == .fieldset
    }
    private func isDisabled(_ node: NodeID) -> Bool {
        document.name(node) == .option ? document.isDisabledOption(node) : document.isDisabledControl(node)
    }
    private func isEditable(_ node: NodeID) -> Bool {
        let name = document.name(node)
        guard name == .textarea || name == .input else { return false }
        return !document.hasAttribute(node, .disabled) && !document.hasAttribute(node, Atom("readonly"))
    }
    private func languageMatches(_ node: NodeID, _ wanted: [UInt8]) -> Bool {
        var element = node
        while !element.isNone {
            if let value = document.attribute(element, .lang) {
                let have = Array(value.utf8)
                return have.count >= wanted.count && equal(have[..<wanted.count], wanted[...], true) && (have.count == wanted.count || have[wanted.count] == 0x2D)
            }
            element = parentElement(element)
        }
        return false
    }

    private func attributeMatches(_ part: SelectorPart, _ value: [UInt8], _ wanted: [UInt8]) -> Bool {
        let ignore = part.ignoresCase
        switch part.kind {
        case .attributeEquals: return equal(value[...], wanted[...], ignore)
        case .attributePrefix: return !wanted.isEmpty && value.count >= wanted.count && equal(value[..<wanted.count], wanted[...], ignore)
        case .attributeSuffix: return !wanted.isEmpty && value.count >= wanted.count && equal(value[(value.count - wanted.count)...], wanted[...], ignore)
        case .attributeDash:
            guard value.count >= wanted.count, equal(value[..<wanted.count], wanted[...], ignore) else { return false }
            return value.count == wanted.count || value[wanted.count] == 0x2D
        case .attributeSubstring:
            guard !wanted.isEmpty, value.count >= wanted.count else { return false }
            for start in 0...(value.count - wanted.count) where equal(value[start..<(start + wanted.count)], wanted[...], ignore) { return true }
            return false
        default:
            guard !wanted.isEmpty else { return false }
            var start = 0
            while start < value.count {
                while start < value.count, isWhitespace(value[start]) { start += 1 }
                var end = start
                while end < value.count, !isWhitespace(value[end]) { end += 1 }
                if end > start, equal(value[start..<end], wanted[...], ignore) { return true }
                start = end
            }
            return false
        }
    }
    private func equal(_ a: ArraySlice<UInt8>, _ b: ArraySlice<UInt8>, _ ignoresCase: Bool) -> Bool {
        guard a.count == b.count else { return false }
        var i = a.startIndex, j = b.startIndex
        while i < a.endIndex {
            if a[i] != b[j], !(ignoresCase && asciiLower(a[i]) == asciiLower(b[j])) { return false }
            i += 1
            j += 1
        }
        return true
    }

    private func nthMatches(_ part: SelectorPart, _ position: Int32) -> Bool {
        let distance = Int64(position) - Int64(part.b)
        if part.a == 0 { return distance == 0 }
        return distance % Int64(part.a) == 0 && distance / Int64(part.a) >= 0
    }
    /// Fills the positions of all siblings of `node` unless done in this pass.
    private func countSiblings(_ node: NodeID) {
        if index.count < document.nodeIDLimit { growTables() }
        if index[Int(node.raw)] != 0 { return }
        var siblings: [NodeID] = []
        var child = document.parent(node).isNone ? node : document.firstChild(document.parent(node))
        while !child.isNone { if document.isElement(child) { siblings.append(child) }; child = document.nextSibling(child) }
        var counts: [UInt32: Int32] = [:]
        for (i, sibling) in siblings.enumerated() {
            index[Int(sibling.raw)] = Int32(truncatingIfNeeded: i + 1)
            indexFromEnd[Int(sibling.raw)] = Int32(truncatingIfNeeded: siblings.count - i)
            let count = (counts[document.name(sibling).raw] ?? 0) + 1
            counts[document.name(sibling).raw] = count
            typeIndex[Int(sibling.raw)] = count
        }
        for sibling in siblings { typeIndexFromEnd[Int(sibling.raw)] = (counts[document.name(sibling).raw] ?? 0) - typeIndex[Int(sibling.raw)] + 1 }
    }
    private func growTables() {
        let missing = document.nodeIDLimit - index.count
        let zeros = repeatElement(Int32(0), count: missing)
        index.append(contentsOf: zeros); indexFromEnd.append(contentsOf: zeros)
        typeIndex.append(contentsOf: zeros); typeIndexFromEnd.append(contentsOf: zeros)
    }
}
