// Box generation: walks the document once, without recursion, and makes the box tree (CSS 2.2 §9.2, §12; CSS Display 3).
// Invariant: block containers nest at most `blockDepthMax` deep and inline boxes `inlineDepthMax`, so that layout's
// recursion is bounded whatever the document; deeper elements give their children to the nearest allowed box.
import DOM
import CSS
import Graphics
import Images

final class BoxBuilder {
    static let blockDepthMax = 160
    static let inlineDepthMax = 48

    /// An open element: where its children's boxes go.
    struct Frame {
        var node: NodeID
        /// Box children are appended to; for split inline boxes it is made again when needed.
        var box: BoxID
        var isInline: Bool
        /// The inline box was closed by a block inside it.
        var isSplit = false
        /// The element has no box of its own (display: contents, or too deep).
        var isTransparent: Bool
        var blockDepth: Int, inlineDepth: Int
        var decoration: Int32
        var opensList = false
        var afterStyle: ComputedStyle?
    }

    let tree: LayoutTree
    let document: Document
    let styles: StyleEngine
    let fonts: FontLibrary
    let images: (any ImageProvider)?
    let pixels: PixelCache
    var frames: [Frame] = []
    var counters = CounterScopes()
    var quoteDepth = 0
    /// Makes boxes for what is skipped on the screen: contents of closed details (CSS Contain 2 §4, content-visibility: hidden).
    var laysOutSkipped = false
    private var styleIndexOfNumber: [Int32] = []
    private var anonymousStyles: [UInt64: Int32] = [:]

    init(tree: LayoutTree, document: Document, styles: StyleEngine, fonts: FontLibrary, images: (any ImageProvider)?, pixels: PixelCache) {
        self.tree = tree; self.document = document; self.styles = styles; self.fonts = fonts; self.images = images; self.pixels = pixels
    }

    // MARK: Styles

    func styleIndex(_ style: ComputedStyle) -> Int32 {
        let number = Int(style.number)
        if number > 0, number < 1 << 20 {
            while styleIndexOfNumber.count <= number { styleIndexOfNumber.append(-1) }
            if styleIndexOfNumber[number] >= 0 { return styleIndexOfNumber[number] }
            styleIndexOfNumber[number] = addStyle(style)
            return styleIndexOfNumber[number]
        }
        return addStyle(style)
    }
    func addStyle(_ style: ComputedStyle) -> Int32 {
        tree.styles.append(style)
        tree.textStyles.append(TextStyle(style, fonts: fonts))
        return Int32(tree.styles.count - 1)
    }
    func anonymousStyle(in parent: Int32, display: Display) -> Int32 {
        let key = UInt64(UInt32(bitPattern: parent)) << 8 | UInt64(display.rawValue)
        if let index = anonymousStyles[key] { return index }
        let index = addStyle(ComputedStyle(anonymousIn: tree.styles[Int(parent)], display: display))
        anonymousStyles[key] = index
        return index
    }

    // MARK: Walk

    /// Builds the tree; the viewport is box 0.
    func build() {
        let rootStyle = addStyle(ComputedStyle())
        let viewport = tree.make(.viewport, node: document.root, style: rootStyle, flags: [.formattingRoot, .layered])
        frames.append(Frame(node: document.root, box: viewport, isInline: false, isTransparent: false, blockDepth: 0, inlineDepth: 0, decoration: 0))
        let root = document.documentElement
        if !root.isNone { walk(root) }
        finishBlock(viewport)
        var preparer = InlinePreparer(tree: tree, document: document)
        preparer.run()
    }

    private func walk(_ root: NodeID) {
        var n = root
        while true {
            if enter(n) {
                let child = document.firstChild(n)
                if !child.isNone { n = child; continue }
                leave()
            }
            while true {
                if n == root { return }
                let sibling = document.nextSibling(n)
                if !sibling.isNone { n = sibling; break }
                n = document.parent(n)
                leave()
            }
        }
    }

    /// True when a frame was pushed and the children are to be visited.
    private func enter(_ n: NodeID) -> Bool {
        if !laysOutSkipped, isSkipped(n) { return false }
        switch document.kind(n) {
        case .text: addText(n); return false
        case .element: return enterElement(n)
        default: return false
        }
    }

    private func enterElement(_ n: NodeID) -> Bool {
        let style = styles.style(of: n)
        if style.display == .none { return false }
        if style.display == .contents { pushTransparent(n); return true }
        counters.apply(style, depth: frames.count)
        if addSpecial(n, style) { return false }
        let kind = boxKind(style)
        let top = frames[frames.count - 1]
        let parent = nearestBox()
        let isFlexItem = !parent.isInline && tree.hasItems(parent.box)
        var flags = boxFlags(style, kind: kind, inFlex: isFlexItem)
        var usedKind = kind
        if kind == .inline, isFlexItem || style.isFloating || style.isOutOfFlow { usedKind = .block; flags.insert(.formattingRoot) }
        if frames.count == 1 { flags.insert(.formattingRoot); if usedKind == .inline { usedKind = .block } }
        if kind == .inline, usedKind == .inline, isAnnotation(n) { usedKind = .block; flags.formUnion([.formattingRoot, .atomicInline, .annotation]) }
        if usedKind == .inline ? top.inlineDepth >= BoxBuilder.inlineDepthMax : top.blockDepth >= BoxBuilder.blockDepthMax {
            pushTransparent(n); return true
        }
        if usedKind != .inline, document.isHTML(n, .fieldset) { flags.insert(.formattingRoot) }
        let isListBox = document.isHTML(n, .select)
        if isListBox { flags.formUnion([.clips, .formattingRoot]) }
        let box = place(n, style, usedKind, flags)
        if isListBox { tree.controls[box] = listBoxSize(n) }
        push(n, box, style, isInline: usedKind == .inline, flags: flags)
        startElement(n, box, style)
        return true
    }

    /// An rt whose nearest box is the inline box of its ruby.
    private func isAnnotation(_ n: NodeID) -> Bool {
        guard document.isHTML(n, .rt) else { return false }
        let top = frames[frames.count - 1]
        return top.isInline && document.isHTML(tree.boxes[Int(top.box)].node, .ruby)
    }

    private func pushTransparent(_ n: NodeID) {
        var frame = frames[frames.count - 1]
        frame.node = n; frame.isTransparent = true; frame.opensList = false; frame.afterStyle = nil
        frames.append(frame)
    }

    private func push(_ n: NodeID, _ box: BoxID, _ style: ComputedStyle, isInline: Bool, flags: BoxFlags) {
        let top = frames[frames.count - 1]
        let breaksDecoration = flags.contains(.atomicInline) || flags.contains(.floating) || flags.contains(.outOfFlow)
        var decoration = breaksDecoration ? 0 : top.decoration
        if !style.textDecorationLines.isEmpty {
            tree.decorations.append(Decoration(lines: style.textDecorationLines, color: style.textDecorationColor, style: style.textDecorationStyle, parent: decoration, node: n))
            decoration = Int32(tree.decorations.count - 1)
        }
        tree.boxes[Int(box)].decoration = decoration
        frames.append(Frame(node: n, box: box, isInline: isInline, isTransparent: false,
                            blockDepth: top.blockDepth + (isInline ? 0 : 1), inlineDepth: isInline ? top.inlineDepth + 1 : 0, decoration: decoration))
    }

    private func startElement(_ n: NodeID, _ box: BoxID, _ style: ComputedStyle) {
        if opensList(n) { counters.openList(start: listStart(n), step: document.hasAttribute(n, .reversed) ? -1 : 1); frames[frames.count - 1].opensList = true }
        if style.display == .listItem { addMarker(n, box, style) }
        if document.isHTML(n, .details), document.firstChild(n, named: .summary).isNone { addDefaultSummary(n, box, style) }
        if let before = styles.pseudoStyle(of: n, .before) { addPseudo(n, before) }
        frames[frames.count - 1].afterStyle = styles.pseudoStyle(of: n, .after)
    }

    private func leave() {
        let frame = frames[frames.count - 1]
        if !frame.isTransparent {
            if let after = frame.afterStyle { addPseudo(frame.node, after) }
            if frame.opensList { counters.closeList() }
        }
        frames.removeLast()
        counters.leave(depth: frames.count)
        guard !frame.isTransparent, !frame.isInline else { return }
        if laysOutSkipped, isClosedDetails(frame.node) { skipContents(of: frame.box, frame.node) }
        if let style = styles.pseudoStyle(of: frame.node, .firstLetter) { addFirstLetter(frame.box, style) }
        finishBlock(frame.box)
        if let style = styles.pseudoStyle(of: frame.node, .firstLine) { addFirstLine(frame.box, style) }
    }

    // MARK: Placing boxes

    /// The frame whose box takes the next child.
    func nearestBox() -> Frame { frames[frames.count - 1] }

    /// Makes the box of an element and puts it where it belongs, splitting inline boxes around blocks (§9.2.1.1).
    func place(_ n: NodeID, _ style: ComputedStyle, _ kind: BoxKind, _ flags: BoxFlags) -> BoxID {
        let box = tree.make(kind, node: n, style: styleIndex(style), flags: flags)
        tree.setBox(box, of: n)
        if flags.contains(.layered) { tree.layers.append(box) }
        if flags.contains(.outOfFlow) { tree.outOfFlow.append(box) }
        insert(box, isBlockLevel: kind != .inline && flags.isDisjoint(with: [.atomicInline, .floating, .outOfFlow]))
        return box
    }

    func insert(_ box: BoxID, isBlockLevel: Bool) {
        if isBlockLevel { splitInlines() } else { reopenInlines() }
        tree.append(box, to: frames[frames.count - 1].isInline && isBlockLevel ? blockFrameBox() : frames[frames.count - 1].box)
    }

    private func blockFrameBox() -> BoxID {
        var i = frames.count - 1
        while i > 0, frames[i].isInline { i -= 1 }
        return frames[i].box
    }

    private func splitInlines() {
        var i = frames.count - 1
        while i > 0, frames[i].isInline {
            if !frames[i].isSplit {
                frames[i].isSplit = true
                tree.boxes[Int(frames[i].box)].flags.insert(.continued)
            }
            i -= 1
        }
    }

    private func reopenInlines() {
        guard frames[frames.count - 1].isInline, frames[frames.count - 1].isSplit else { return }
        var i = frames.count - 1
        while frames[i].isInline && frames[i].isSplit { i -= 1 }
        while i + 1 < frames.count {
            let parentBox = frames[i].box
            i += 1
            if frames[i].isTransparent { frames[i].box = parentBox; frames[i].isSplit = false; continue }
            let old = tree.boxes[Int(frames[i].box)]
            let box = tree.make(.inline, node: old.node, style: old.style, flags: old.flags.subtracting([.continued, .layered]).union(.continues))
            tree.boxes[Int(box)].decoration = old.decoration
            tree.append(box, to: parentBox)
            frames[i].box = box
            frames[i].isSplit = false
        }
    }

    private func addText(_ n: NodeID) {
        reopenInlines()
        let parent = frames[frames.count - 1]
        let box = tree.make(.text, node: n, style: tree.boxes[Int(parent.box)].style)
        tree.boxes[Int(box)].decoration = parent.decoration
        tree.setBox(box, of: n)
        tree.append(box, to: parent.box)
    }

    /// Text that is not in the document.
    func addGeneratedText(_ text: String, to parent: BoxID, decoration: Int32) {
        let box = tree.make(.text, node: .none, style: tree.boxes[Int(parent)].style, flags: .generated)
        tree.boxes[Int(box)].decoration = decoration
        tree.generatedText[box] = text
        tree.append(box, to: parent)
    }

    // MARK: Kinds

    func boxKind(_ style: ComputedStyle) -> BoxKind {
        switch style.display {
        case .inline: return .inline
        case .table, .inlineTable: return .table
        case .tableRow: return .tableRow
        case .tableRowGroup, .tableHeaderGroup, .tableFooterGroup: return .tableRowGroup
        case .tableCell: return .tableCell
        case .tableColumn: return .tableColumn
        case .tableColumnGroup: return .tableColumnGroup
        case .tableCaption: return .tableCaption
        case .flex, .inlineFlex: return .flex
        case .grid, .inlineGrid: return .grid
        default: return .block
        }
    }

    func boxFlags(_ style: ComputedStyle, kind: BoxKind, inFlex: Bool) -> BoxFlags {
        var flags: BoxFlags = []
        if style.isOutOfFlow { flags.insert(.outOfFlow) } else if style.isFloating && !inFlex { flags.insert(.floating) }
        if style.position == .fixed { flags.insert(.fixed) }
        switch style.display {
        case .inlineBlock, .inlineTable, .inlineFlex, .inlineGrid: if flags.isEmpty && !inFlex { flags.insert(.atomicInline) }
        case .listItem: flags.insert(.listItem)
        default: break
        }
        let clips = style.overflowX != .visible || style.overflowY != .visible
        if clips, kind != .inline { flags.insert(.clips) }
        if inFlex { flags.insert(.flexItem) }
        if kind != .inline, !flags.isDisjoint(with: [.outOfFlow, .floating, .atomicInline, .clips, .flexItem]) || style.display == .flowRoot || style.box.columnCount > 0 || !style.box.columnWidth.isAuto
            || kind == .tableCell || kind == .tableCaption || kind == .table || kind == .flex || kind == .grid { flags.insert(.formattingRoot) }
        if kind == .inline { return flags }
        if style.isPositioned || style.opacity < 255 || (inFlex && style.zIndex != nil) { flags.insert(.layered) }
        return flags
    }
}
