// Which elements take the focus and in which order Tab visits them (HTML §6.6).

import CSS
import DOM
import Layout

public struct FocusOrder {
    let document: Document
    let view: PageView

    public init(_ view: PageView) { self.view = view; document = view.document }

    /// An element that can have the focus: shown, not disabled, interactive by itself or through `tabindex`.
    public func isFocusable(_ n: NodeID) -> Bool {
        guard document.isElement(n), document.namespace(n) == .html, isShown(n) else { return false }
        if document.isFormControl(n) {
            if document.isHTML(n, .input), document.inputType(n) == .hidden { return false }
            return !document.isDisabledControl(n)
        }
        if document.isHTML(n, .iframe) { return true }
        return document.isLink(n) || isSummary(n) || parseInteger(document.attribute(n, .tabindex)) != nil
    }
    func isShown(_ n: NodeID) -> Bool {
        guard view.hasBox(n) else { return false }
        return view.styles.style(of: n).visibility == .visible
    }
    /// The first summary of a details element opens and closes it.
    func isSummary(_ n: NodeID) -> Bool {
        document.isHTML(n, .summary) && document.isHTML(document.parent(n), .details) && document.firstChild(document.parent(n), named: .summary) == n
    }
    /// The element itself or its nearest focusable ancestor.
    public func focusableAncestor(_ n: NodeID) -> NodeID {
        var at = n
        while !at.isNone {
            if document.isElement(at), isFocusable(at) { return at }
            at = document.parent(at)
        }
        return .none
    }

    /// The stops of the Tab key: positive tabindex ascending, then the rest in tree order. Of a radio group only the
    /// checked button, or its first when none is.
    public func stops() -> [NodeID] {
        var positive: [(index: Int, node: NodeID)] = [], rest: [NodeID] = []
        var n = document.next(document.root, within: document.root)
        while !n.isNone {
            if isFocusable(n), isStop(n) {
                let index = parseInteger(document.attribute(n, .tabindex)) ?? 0
                if index > 0 {
                    var at = positive.count
                    while at > 0, positive[at - 1].index > index { at -= 1 }
                    positive.insert((index, n), at: at)
                } else if index == 0 { rest.append(n) }
            }
            n = document.next(n, within: document.root)
        }
        return positive.map { $0.node } + rest
    }
    private func isStop(_ n: NodeID) -> Bool {
        guard document.isHTML(n, .input), document.inputType(n) == .radio else { return true }
        if document.isChecked(n) { return true }
        let group = document.radioGroup(n)
        for other in group where document.isChecked(other) { return false }
        for other in group where isFocusable(other) { return other == n }
        return true
    }

    /// The stop after (or before) `n`; none at the end. `n` need not be a stop itself: document order counts then.
    public func next(after n: NodeID, backwards: Bool) -> NodeID {
        let all = stops()
        if n.isNone { return (backwards ? all.last : all.first) ?? .none }
        if let i = all.firstIndex(of: n) {
            let j = backwards ? i - 1 : i + 1
            return j >= 0 && j < all.count ? all[j] : .none
        }
        var before = NodeID.none, isPast = false
        var at = document.next(document.root, within: document.root)
        while !at.isNone {
            if at == n { isPast = true } else if all.contains(at) {
                if isPast, !backwards { return at }
                if !isPast { before = at }
            }
            at = document.next(at, within: document.root)
        }
        return backwards ? before : .none
    }
}
