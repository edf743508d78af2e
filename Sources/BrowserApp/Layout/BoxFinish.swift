// Anonymous boxes: run when a box has all its children. Table parts (CSS 2.2 §17.2.1), blocks around inline content
// between blocks (§9.2.1.1), flex items around text (CSS Flexbox 1 §4).
import DOM
import CSS

extension BoxBuilder {
    func finishBlock(_ b: BoxID) {
        switch tree.kind(b) {
        case .table: finishTable(b)
        case .tableRowGroup: finishRowGroup(b)
        case .tableRow: finishRow(b)
        case .tableColumn, .tableColumnGroup: break
        case .flex, .grid: finishFlex(b)
        case .replaced, .marker: break
        default:
            wrapStrayTableParts(b)
            wrapInlines(b)
        }
    }

    private func isInlineLevel(_ b: BoxID) -> Bool {
        switch tree.kind(b) {
        case .inline, .text, .lineBreak: return true
        default: return tree.flags(b).contains(.atomicInline)
        }
    }
    private func isAside(_ b: BoxID) -> Bool { !tree.flags(b).isDisjoint(with: [.floating, .outOfFlow]) || tree.kind(b) == .marker }

    private func isTablePart(_ b: BoxID) -> Bool {
        guard !isAside(b) else { return false }
        switch tree.kind(b) {
        case .tableRowGroup, .tableRow, .tableCell, .tableCaption, .tableColumn, .tableColumnGroup: return true
        default: return false
        }
    }

    /// Only collapsible white space, which makes no box between blocks.
    func isBlankText(_ b: BoxID) -> Bool {
        guard tree.kind(b) == .text else { return false }
        let keeps = tree.textStyle(b).whiteSpace
        if keeps == .pre || keeps == .preWrap || keeps == .breakSpaces { return false }
        let newlinesMatter = keeps == .preLine
        var text = tree.generatedText[b] ?? document.text(tree.boxes[Int(b)].node)
        return text.withUTF8 { bytes in
            for c in bytes where !(c == 0x20 || c == 0x09 || c == 0x0D || c == 0x0C || (c == 0x0A && !newlinesMatter)) { return false }
            return true
        }
    }

    /// An inline box with nothing but white space in it and no edges counts as blank too.
    private func isBlank(_ b: BoxID) -> Bool {
        if tree.kind(b) == .text { return isBlankText(b) }
        guard tree.kind(b) == .inline else { return false }
        let s = tree.style(b)
        if !(s.paddingLeft.isZero && s.paddingRight.isZero && s.marginLeft.isZero && s.marginRight.isZero && s.borderLeft.width == .zero && s.borderRight.width == .zero) { return false }
        var c = tree.firstChild(b)
        var steps = 0
        while c != noBox {
            steps += 1
            if steps > 32 || tree.kind(c) != .text || !isBlankText(c) { return false }
            c = tree.next(c)
        }
        return true
    }

    // MARK: Blocks and inlines

    private func wrapInlines(_ b: BoxID) {
        var hasBlock = false, hasInline = false
        var c = tree.firstChild(b)
        while c != noBox {
            if !isAside(c) { if isInlineLevel(c) { hasInline = true } else { hasBlock = true } }
            c = tree.next(c)
        }
        if !hasBlock {
            if hasInline { tree.boxes[Int(b)].flags.insert(.inlineChildren) }
            return
        }
        if hasInline { wrapRuns(b) }
    }

    private func wrapRuns(_ b: BoxID) {
        var result: [BoxID] = [], run: [BoxID] = []
        var runHasContent = false
        func flush() {
            if runHasContent {
                let wrapper = anonymous(.block, display: .block, in: b)
                tree.boxes[Int(wrapper)].flags.insert(.inlineChildren)
                tree.setChildren(wrapper, run)
                result.append(wrapper)
            } else {
                for c in run where !isInlineLevel(c) { result.append(c) }
            }
            run.removeAll(keepingCapacity: true); runHasContent = false
        }
        for c in tree.children(b) {
            if isInlineLevel(c) { run.append(c); if !isBlank(c) { runHasContent = true } }
            else if isAside(c), tree.kind(c) != .marker { run.append(c) }
            else if tree.kind(c) == .marker { result.append(c) }
            else { flush(); result.append(c) }
        }
        flush()
        reparent(b, result)
    }

    func anonymous(_ kind: BoxKind, display: Display, in parent: BoxID, flags: BoxFlags = []) -> BoxID {
        let box = tree.make(kind, node: .none, style: anonymousStyle(in: tree.boxes[Int(parent)].style, display: display), flags: flags.union(.anonymous))
        tree.boxes[Int(box)].decoration = tree.boxes[Int(parent)].decoration
        return box
    }

    private func reparent(_ b: BoxID, _ children: [BoxID]) { tree.setChildren(b, children) }

    private func finishFlex(_ b: BoxID) {
        var result: [BoxID] = [], run: [BoxID] = []
        func flush() {
            var hasContent = false
            for c in run where !isBlank(c) { hasContent = true }
            if hasContent {
                let item = anonymous(.block, display: .block, in: b, flags: [.formattingRoot, .flexItem, .inlineChildren])
                tree.setChildren(item, run)
                result.append(item)
            }
            run.removeAll(keepingCapacity: true)
        }
        for c in tree.children(b) {
            if isInlineLevel(c) { run.append(c) } else { flush(); result.append(c) }
        }
        flush()
        reparent(b, result)
    }

    // MARK: Tables

    /// Table parts outside a table get the missing parents.
    private func wrapStrayTableParts(_ b: BoxID) {
        var c = tree.firstChild(b), found = false
        while c != noBox { if isTablePart(c) { found = true; break }; c = tree.next(c) }
        guard found else { return }
        var result: [BoxID] = [], run: [BoxID] = []
        func flush() {
            while let last = run.last, isBlankText(last) { run.removeLast() }
            if !run.isEmpty {
                let table = anonymous(.table, display: .table, in: b, flags: .formattingRoot)
                tree.setChildren(table, run)
                finishTable(table)
                result.append(table)
            }
            run.removeAll(keepingCapacity: true)
        }
        for c in tree.children(b) {
            if isTablePart(c) || (!run.isEmpty && isBlankText(c)) { run.append(c) } else { flush(); result.append(c) }
        }
        flush()
        reparent(b, result)
    }

    private func finishTable(_ b: BoxID) {
        normalise(b, wrapper: .tableRow, display: .tableRow) { kind in
            switch kind {
            case .tableRowGroup, .tableRow, .tableCaption, .tableColumn, .tableColumnGroup: return true
            default: return false
            }
        }
        groupRows(b)
        let index = tree.tables.count
        tree.tables.append(TableGrid())
        tree.boxes[Int(b)].textStart = Int32(index)
    }

    /// Rows directly in the table get an anonymous group, so that layout sees groups only.
    private func groupRows(_ b: BoxID) {
        var result: [BoxID] = [], run: [BoxID] = []
        func flush() {
            if !run.isEmpty {
                let group = anonymous(.tableRowGroup, display: .tableRowGroup, in: b)
                tree.setChildren(group, run)
                result.append(group)
            }
            run.removeAll(keepingCapacity: true)
        }
        for c in tree.children(b) { if tree.kind(c) == .tableRow, !isAside(c) { run.append(c) } else { flush(); result.append(c) } }
        flush()
        reparent(b, result)
    }

    private func finishRowGroup(_ b: BoxID) { normalise(b, wrapper: .tableRow, display: .tableRow) { $0 == .tableRow } }
    private func finishRow(_ b: BoxID) { normalise(b, wrapper: .tableCell, display: .tableCell) { $0 == .tableCell } }

    /// Wraps children that are not `proper` and drops white space between proper ones.
    private func normalise(_ b: BoxID, wrapper: BoxKind, display: Display, _ proper: (BoxKind) -> Bool) {
        var result: [BoxID] = [], run: [BoxID] = []
        func flush() {
            var hasContent = false
            for c in run where !isBlank(c) { hasContent = true }
            if hasContent {
                let box = anonymous(wrapper, display: display, in: b, flags: wrapper == .tableCell ? .formattingRoot : [])
                tree.setChildren(box, run)
                finishBlock(box)
                result.append(box)
            }
            run.removeAll(keepingCapacity: true)
        }
        for c in tree.children(b) {
            if isAside(c) { result.append(c) } else if proper(tree.kind(c)) { flush(); result.append(c) } else { run.append(c) }
        }
        flush()
        reparent(b, result)
    }
}
