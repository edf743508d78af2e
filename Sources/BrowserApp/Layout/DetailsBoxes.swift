// Details (HTML §15.5.5): closed ones show their summary only; without a summary there is one of the browser's own.
import DOM
import CSS

extension BoxBuilder {
    /// "Details" with the triangle in front, as a child of the element's box.
    func addDefaultSummary(_ n: NodeID, _ details: BoxID, _ style: ComputedStyle) {
        let own = ComputedStyle(anonymousIn: style, display: .block)
        own.setMarker(document.hasAttribute(n, .open_) ? .disclosureOpen : .disclosureClosed)
        let box = tree.make(.block, node: .none, style: addStyle(own), flags: .generated)
        tree.append(box, to: details)
        addInsideMarker(counterText(0, own.listStyleType) + " ", shape: .text, to: box, own)
        addGeneratedText("Details", to: box, decoration: 0)
        finishBlock(box)
    }

    func isClosedDetails(_ n: NodeID) -> Bool { document.isHTML(n, .details) && !document.hasAttribute(n, .open_) }

    /// A child of closed details other than the summary.
    func isSkipped(_ n: NodeID) -> Bool {
        let parent = document.parent(n)
        guard !parent.isNone, isClosedDetails(parent) else { return false }
        return !document.isHTML(n, .summary) || document.firstChild(parent, named: .summary) != n
    }

    /// Moves everything but the summary into a box without height that shows nothing.
    func skipContents(of details: BoxID, _ n: NodeID) {
        let summary = document.firstChild(n, named: .summary), isDefault = summary.isNone
        var shown: [BoxID] = [], skipped: [BoxID] = []
        for c in tree.children(details) {
            if isDefault ? c == tree.firstChild(details) : tree.boxes[Int(c)].node == summary { shown.append(c) } else { skipped.append(c) }
        }
        if skipped.isEmpty { return }
        let style = ComputedStyle(anonymousIn: tree.style(details), display: .block)
        style.setHeight(.zero)
        let wrapper = tree.make(.block, node: .none, style: addStyle(style), flags: [.clips, .formattingRoot, .generated])
        tree.setChildren(wrapper, skipped)
        finishBlock(wrapper)
        tree.setChildren(details, shown + [wrapper])
    }
}
