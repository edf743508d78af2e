// New styles for boxes that stay where they are: when only colours and decoration lines of a few elements changed (a link under the
// pointer), the boxes get the new styles and no layout is made. Whatever is not simple is refused, and the boxes are made again.
import DOM
import CSS
import Graphics

extension LayoutTree {
    /// Gives the boxes of restyled elements their new styles; false, with nothing changed, when boxes or layout could differ.
    func restyle(_ changes: [RestyledElement], _ document: Document, _ fonts: FontLibrary) -> Bool {
        var numberOfNode: [UInt32: Int] = [:]
        var mask: UInt64 = 0                                       // of node numbers, to pass most boxes by at once
        for (i, change) in changes.enumerated() {
            guard change.new.differsInPaintOnly(from: change.old), numberOfNode[change.node.raw] == nil, !document.isFormControl(change.node) else { return false }
            numberOfNode[change.node.raw] = i
            mask |= 1 << UInt64(change.node.raw & 63)
        }
        guard let found = boxes(of: changes, numberOfNode, mask, document) else { return false }
        for (i, change) in changes.enumerated() where !canDecorate(change, found.elements[i]) { return false }

        for (b, i) in found.all { boxes[Int(b)].style = index(of: changes[i].new, fonts) }
        for (i, change) in changes.enumerated() { decorate(change, found.elements[i]) }
        return true
    }

    /// All boxes with the elements' styles, and the elements' own boxes of each change; nil when some box is not a plain one.
    private func boxes(of changes: [RestyledElement], _ numberOfNode: [UInt32: Int], _ mask: UInt64, _ document: Document) -> (all: [(BoxID, Int)], elements: [[BoxID]])? {
        var all: [(BoxID, Int)] = [], elements = [[BoxID]](repeating: [], count: changes.count)
        for b in 0..<boxes.count where !boxes[b].node.isNone {
            let isText = boxes[b].kind == .text
            let node = isText ? document.parent(boxes[b].node) : boxes[b].node
            guard mask >> UInt64(node.raw & 63) & 1 == 1, let i = numberOfNode[node.raw] else { continue }
            guard styles[Int(boxes[b].style)] === changes[i].old, boxes[b].kind != .replaced, boxes[b].kind != .marker,
                  boxes[b].flags.isDisjoint(with: [.listItem, .control, .generated]) else { return nil }
            if collapsedBorders[BoxID(b)] != nil || changes[i].old.borderCollapse == .collapse, !changes[i].new.hasSameBorders(as: changes[i].old) { return nil }
            all.append((BoxID(b), i))
            if isText { continue }
            if hasGeneratedText(BoxID(b)) { return nil }
            elements[i].append(BoxID(b))
        }
        return (all, elements)
    }

    private func hasGeneratedText(_ b: BoxID) -> Bool {
        var c = firstChild(b)
        while c != noBox { if flags(c).contains(.generated) { return true }; c = next(c) }
        return false
    }

    private func index(of style: ComputedStyle, _ fonts: FontLibrary) -> Int32 {
        if let i = styles.lastIndex(where: { $0 === style }) { return Int32(i) }
        styles.append(style)
        textStyles.append(TextStyle(style, fonts: fonts))
        return Int32(styles.count - 1)
    }

    // MARK: Decoration lines

    private func record(of node: NodeID) -> Int? { decorations.firstIndex { $0.node == node } }

    /// Lines that were not there before go to everything inside, which must be plain text and boxes without lines of their own; what
    /// is inside a split inline box does not lie below it.
    private func canDecorate(_ change: RestyledElement, _ elements: [BoxID]) -> Bool {
        if change.new.textDecorationLines.isEmpty || record(of: change.node) != nil { return true }
        guard let first = elements.first else { return true }
        let outer = boxes[Int(first)].decoration
        for e in elements where !flags(e).isDisjoint(with: [.continues, .continued]) { return false }
        for e in elements where !visit(e, { boxes[Int($0)].decoration == outer && boxes[Int($0)].flags.isDisjoint(with: [.atomicInline, .floating, .outOfFlow]) }) { return false }
        return true
    }
    private func decorate(_ change: RestyledElement, _ elements: [BoxID]) {
        let lines = change.new.textDecorationLines, color = change.new.textDecorationColor, style = change.new.textDecorationStyle
        if let known = record(of: change.node) {
            decorations[known].lines = lines; decorations[known].color = color; decorations[known].style = style
            return
        }
        guard !lines.isEmpty, let first = elements.first else { return }
        decorations.append(Decoration(lines: lines, color: color, style: style, parent: boxes[Int(first)].decoration, node: change.node))
        let number = Int32(decorations.count - 1)
        for e in elements { _ = visit(e) { boxes[Int($0)].decoration = number; return true } }
    }
    /// Calls `body` for a box and everything below it; stops at false.
    private func visit(_ top: BoxID, _ body: (BoxID) -> Bool) -> Bool {
        var b = top
        while true {
            if !body(b) { return false }
            if firstChild(b) != noBox { b = firstChild(b); continue }
            while next(b) == noBox || b == top {
                if b == top { return true }
                b = parent(b)
            }
            b = next(b)
        }
    }
}
