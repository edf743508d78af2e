// Tree construction (HTML §13.2.6): owns the insertion mode, the stacks and pointers, and the dispatch of tokens.
// Insertion stands in TreeInsertion.swift, the rules of each mode in the Mode*.swift files.
// Invariant: the stack of open elements never exceeds `depthMax` by more than the elements a mode implies; deeper
// elements are inserted but not opened, so no tree is deeper and no walk longer than that.
import DOM

enum InsertionMode: UInt8 {
    case initial, beforeHTML, beforeHead, inHead, inHeadNoscript, afterHead, inBody, text
    case inTable, inTableText, inCaption, inColumnGroup, inTableBody, inRow, inCell, inTemplate
    case afterBody, inFrameset, afterFrameset, afterAfterBody, afterAfterFrameset
}

/// What a mode did with a token: finished, or "reprocess the token".
enum Step { case done, again }

final class TreeBuilder: TokenSink {
    static let depthMax = 512
    /// Bytes after which running text goes on in a new text node.
    static let textNodeByteCountMax = 65536

    let document: Document
    let isScripting: Bool
    unowned(unsafe) var tokenizer: Tokenizer?

    // Modes.
    @exclusivity(unchecked) var mode = InsertionMode.initial
    @exclusivity(unchecked) var originalMode = InsertionMode.initial
    @exclusivity(unchecked) var templateModes: [InsertionMode] = []

    // Stacks and pointers.
    @exclusivity(unchecked) var open = OpenElements()
    @exclusivity(unchecked) var formatting = FormattingElements()
    @exclusivity(unchecked) var headElement = NodeID.none, formElement = NodeID.none
    /// The context of the fragment case; its node is none otherwise.
    @exclusivity(unchecked) var context = OpenElement(node: .none, name: .empty, tagName: .empty, namespace: .html)
    var isFragment: Bool { !context.node.isNone }
    /// Names of elements that were inserted but not opened because of the depth limit, innermost last.
    @exclusivity(unchecked) var overflow: [Atom] = []

    // Flags.
    @exclusivity(unchecked) var isFramesetOK = true
    @exclusivity(unchecked) var isFosterParenting = false
    @exclusivity(unchecked) var skipsNewline = false
    @exclusivity(unchecked) var hasStopped = false
    @exclusivity(unchecked) var pendingTableText: [UInt8] = []

    /// Told of link, meta, base, img and script elements inserted, and of style and title elements completed.
    @exclusivity(unchecked) var onElement: ((NodeID) -> Void)?

    init(document: Document, isScripting: Bool) {
        self.document = document
        self.isScripting = isScripting
    }

    // MARK: Dispatch

    func token(_ token: inout Token) {
        if skipsNewline {
            skipsNewline = false
            if token.kind == .characters, token.text.first == 0x0A {
                token.text = UnsafeBufferPointer(rebasing: token.text.dropFirst())
            }
        }
        if token.kind == .characters && token.text.isEmpty { return }
        if open.count >= TreeBuilder.depthMax, handleOverflow(token) { return }
        process(&token)
    }

    func process(_ token: inout Token) {
        while true {
            let step = usesForeignRules(token) ? foreignContent(&token) : apply(mode, &token)
            if step == .done { return }
        }
    }

    /// The rules of a mode ("process the token using the rules for …").
    func apply(_ mode: InsertionMode, _ t: inout Token) -> Step {
        switch mode {
        case .initial: return initialMode(&t)
        case .beforeHTML: return beforeHTMLMode(&t)
        case .beforeHead: return beforeHeadMode(&t)
        case .inHead: return inHeadMode(&t)
        case .inHeadNoscript: return inHeadNoscriptMode(&t)
        case .afterHead: return afterHeadMode(&t)
        case .inBody: return inBodyMode(&t)
        case .text: return textMode(&t)
        case .inTable: return inTableMode(&t)
        case .inTableText: return inTableTextMode(&t)
        case .inCaption: return inCaptionMode(&t)
        case .inColumnGroup: return inColumnGroupMode(&t)
        case .inTableBody: return inTableBodyMode(&t)
        case .inRow: return inRowMode(&t)
        case .inCell: return inCellMode(&t)
        case .inTemplate: return inTemplateMode(&t)
        case .afterBody: return afterBodyMode(&t)
        case .inFrameset: return inFramesetMode(&t)
        case .afterFrameset: return afterFramesetMode(&t)
        case .afterAfterBody: return afterAfterBodyMode(&t)
        case .afterAfterFrameset: return afterAfterFramesetMode(&t)
        }
    }

    /// A DOCTYPE counts only at the very beginning.
    func doctype(_ doctype: DoctypeToken) {
        skipsNewline = false
        if mode == .inTableText { flushTableText() }
        guard mode == .initial else { return }
        let node = document.createDoctype(name: doctype.name ?? "", publicID: doctype.publicID ?? "", systemID: doctype.systemID ?? "")
        document.append(node, to: document.root)
        document.quirksMode = Quirks.mode(doctype)
        mode = .beforeHTML
    }

    // MARK: Depth limit

    /// Past the depth limit ordinary elements become leaves of the current node, and their end tags are matched
    /// against the names remembered here. True when the token is done with.
    private func handleOverflow(_ t: Token) -> Bool {
        if t.kind == .startTag {
            if ElementTraits.of(t.name).contains(.void) || t.isSelfClosing && !open.isEmpty && open.current.namespace != .html { return false }
            switch t.name {
            case .script, .style, .title, .textarea, .xmp, .iframe, .noembed, .noframes, .plaintext, .html, .body, .head: return false
            default: break
            }
            let namespace = open.current.namespace
            insert(createElement(t, name: t.name, namespace: namespace), at: insertionPlace())
            overflow.append(t.name)
            return true
        }
        if t.kind == .endTag, !overflow.isEmpty { return closeOverflow(t.name) }
        return false
    }

    private func closeOverflow(_ name: Atom) -> Bool {
        if mode == .text { return false }
        var i = overflow.count
        while i > 0 && i > overflow.count - 16 {
            i -= 1
            if overflow[i] == name {
                overflow.removeLast(overflow.count - i)
                return true
            }
        }
        return true
    }

    // MARK: Modes

    func setTextMode(_ state: Tokenizer.State) {
        tokenizer?.state = state
        originalMode = mode
        mode = .text
    }

    /// §13.2.4.1 "reset the insertion mode appropriately".
    func resetInsertionMode() {
        var i = open.count
        while i > 0 {
            i -= 1
            let isLast = i == 0
            let e = isLast && isFragment ? context : open[i]
            if e.namespace == .html, let found = resetMode(for: e.name, isLast: isLast) {
                mode = found
                return
            }
        }
        mode = .inBody
    }

    private func resetMode(for name: Atom, isLast: Bool) -> InsertionMode? {
        switch name {
        case .td, .th: return isLast ? nil : .inCell
        case .tr: return .inRow
        case .tbody, .thead, .tfoot: return .inTableBody
        case .caption: return .inCaption
        case .colgroup: return .inColumnGroup
        case .table: return .inTable
        case .template: return templateModes.last ?? .inBody
        case .head: return isLast ? nil : .inHead
        case .body: return .inBody
        case .frameset: return .inFrameset
        case .html: return headElement.isNone ? .beforeHead : .afterHead
        default: return nil
        }
    }

    // MARK: White space

    /// Takes the white space at the beginning of a characters token off it.
    func takeLeadingSpace(_ t: inout Token) -> UnsafeBufferPointer<UInt8> {
        var count = 0
        while count < t.text.count && isSpace(t.text[count]) { count += 1 }
        let space = UnsafeBufferPointer(rebasing: t.text[0..<count])
        t.text = UnsafeBufferPointer(rebasing: t.text[count...])
        return space
    }

    func isAllSpace(_ text: UnsafeBufferPointer<UInt8>) -> Bool {
        for byte in text where !isSpace(byte) { return false }
        return true
    }
}
