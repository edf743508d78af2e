// Border boxes of elements as scripts see them (CSSOM View §6, getBoundingClientRect), in document coordinates: the union
// of an element's boxes and, for inline boxes, of their fragments on all lines.
import DOM
import CSS
import Graphics

/// An element with its border box in layout units; all zero when it has no box.
public struct ElementBox {
    public var node: NodeID
    public var x = LayoutUnit.zero, y = LayoutUnit.zero, width = LayoutUnit.zero, height = LayoutUnit.zero
    fileprivate var isSet = false

    public init(node: NodeID) { self.node = node }

    /// Boxes without area count only while there is no other.
    fileprivate mutating func add(_ bx: LayoutUnit, _ by: LayoutUnit, _ bw: LayoutUnit, _ bh: LayoutUnit) {
        let isEmpty = bw == .zero || bh == .zero
        if isSet, isEmpty { return }
        if !isSet || width == .zero || height == .zero { x = bx; y = by; width = bw; height = bh; isSet = true; return }
        let right = Swift.max(x + width, bx + bw), bottom = Swift.max(y + height, by + bh)
        x = Swift.min(x, bx); y = Swift.min(y, by)
        width = right - x; height = bottom - y
    }
}

/// One line of text as it is shown: where its line box lies and the text of its fragments.
public struct TextLine {
    public var x: LayoutUnit, y: LayoutUnit, width: LayoutUnit, height: LayoutUnit
    public var text: String
}

extension PageView {
    /// All elements in document order, whether or not they have boxes.
    public func elementBoxes() -> [ElementBox] {
        var result: [ElementBox] = []
        var slot = [Int32](repeating: -1, count: document.nodeIDLimit)
        var n = document.root
        while !n.isNone {
            if document.isElement(n) { slot[Int(n.raw)] = Int32(result.count); result.append(ElementBox(node: n)) }
            n = document.next(n, within: document.root)
        }
        let stuck = tree.stuckBoxes(width: LayoutUnit(viewportWidth), height: LayoutUnit(viewportHeight))
        for b in 0..<tree.boxes.count {
            let box = tree.boxes[b]
            guard box.geometry >= 0 else { continue }
            var g = tree.geometry[Int(box.geometry)]
            if !stuck.isEmpty { move(&g, BoxID(b), stuck) }
            if box.kind != .viewport, box.flags.isDisjoint(with: [.anonymous, .generated]), !box.node.isNone, slot[Int(box.node.raw)] >= 0 {
                result[Int(slot[Int(box.node.raw)])].add(g.pageX, g.pageY, g.width, g.height)
            }
            addToSplitInlines(b, g, slot, &result)
            for l in Int(g.lineStart)..<Int(g.lineEnd) {
                for i in Int(tree.lines[l].fragmentStart)..<Int(tree.lines[l].fragmentEnd) { addFragment(tree.fragments[i], g, slot, &result) }
            }
        }
        return result
    }

    /// Moves a box along with the sticky boxes around it.
    private func move(_ g: inout Geometry, _ b: BoxID, _ stuck: [(box: BoxID, x: LayoutUnit, y: LayoutUnit)]) {
        var p = b
        while p > 0 {
            for s in stuck where s.box == p { g.pageX += s.x; g.pageY += s.y }
            p = tree.parent(p)
        }
    }

    /// A block inside inline boxes belongs to the boxes that it splits.
    private func addToSplitInlines(_ b: Int, _ g: Geometry, _ slot: [Int32], _ result: inout [ElementBox]) {
        let box = tree.boxes[b]
        guard box.parent != noBox, !box.node.isNone, box.flags.isDisjoint(with: [.floating, .outOfFlow, .atomicInline, .anonymous]), box.kind != .viewport else { return }
        var block = box.parent
        while block != noBox, tree.flags(block).contains(.anonymous) { block = tree.parent(block) }
        guard block != noBox else { return }
        let stop = tree.boxes[Int(block)].node, outer = tree.geometry[tree.geo(block)]
        var n = document.parent(box.node)
        while !n.isNone, n != stop, document.isElement(n) {
            let own = tree.box(of: n)
            // The block stands on a line of its own, which the inline box spans.
            if own != noBox, tree.kind(own) == .inline { result[Int(slot[Int(n.raw)])].add(outer.pageX + outer.contentLeft, g.pageY, outer.contentWidth, g.height) }
            n = document.parent(n)
        }
    }

    private func addFragment(_ f: Fragment, _ g: Geometry, _ slot: [Int32], _ result: inout [ElementBox]) {
        let box = tree.boxes[Int(f.box)]
        guard f.kind == .inlineBox || box.kind == .lineBreak, !box.node.isNone, box.flags.isDisjoint(with: [.anonymous, .generated]), slot[Int(box.node.raw)] >= 0 else { return }
        result[Int(slot[Int(box.node.raw)])].add(g.pageX + f.x, g.pageY + f.y, f.width, f.height)
        // Plain inline boxes around it have no fragment of their own in Chromium: they show what is in them.
        var child = f.box, parent = box.parent
        while f.kind == .inlineBox, parent != noBox, tree.kind(parent) == .inline, isPlain(parent), followsFont(child, of: parent) {
            let node = tree.boxes[Int(parent)].node
            if !node.isNone, slot[Int(node.raw)] >= 0 { result[Int(slot[Int(node.raw)])].add(g.pageX + f.x, g.pageY + f.y, f.width, f.height) }
            child = parent; parent = tree.parent(parent)
        }
    }

    private func isPlain(_ b: BoxID) -> Bool {
        let s = tree.style(b)
        if s.borderTop.width > .zero || s.borderBottom.width > .zero || s.borderLeft.width > .zero || s.borderRight.width > .zero { return false }
        if !s.paddingTop.isZero || !s.paddingBottom.isZero || !s.paddingLeft.isZero || !s.paddingRight.isZero { return false }
        return s.backgroundColor.alpha == 0 && s.backgroundLayers.isEmpty && s.position == .static && s.outline.width == .zero && s.marginLeft.isZero && s.marginRight.isZero
    }
    private func followsFont(_ child: BoxID, of parent: BoxID) -> Bool {
        let a = tree.textStyle(child), b = tree.textStyle(parent)
        return a.shapeID == b.shapeID && a.size == b.size && a.lineHeight == b.lineHeight && tree.style(child).verticalAlign == .baseline
    }

    /// The text of all lines in the order of the box tree.
    public func textLines() -> [TextLine] {
        var result: [TextLine] = []
        for b in 0..<tree.boxes.count {
            let box = tree.boxes[b]
            guard box.geometry >= 0 else { continue }
            let g = tree.geometry[Int(box.geometry)]
            for l in Int(g.lineStart)..<Int(g.lineEnd) {
                let line = tree.lines[l]
                var bytes: [UInt8] = [], left = LayoutUnit.max, right = LayoutUnit.min
                for i in Int(line.fragmentStart)..<Int(line.fragmentEnd) where tree.fragments[i].kind == .text && tree.kind(tree.fragments[i].box) == .text {
                    let f = tree.fragments[i]
                    for c in tree.bytes(f.textStart, f.textEnd) { bytes.append(c) }
                    if f.hyphenated { bytes.append(0x2D) }
                    left = Swift.min(left, f.x); right = Swift.max(right, f.x + f.width)
                }
                if bytes.isEmpty { continue }
                result.append(TextLine(x: g.pageX + left, y: g.pageY + line.y, width: right - left, height: line.height, text: String(decoding: bytes, as: UTF8.self)))
            }
        }
        return result
    }
}
