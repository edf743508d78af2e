// Questions about a laid-out page: what is at a point, where a node is, where a link leads. Document coordinates.
import DOM
import CSS
import Graphics

extension PageView {
    /// The deepest node shown at a point (of a text, its element); `.none` outside. `scrollX` and `scrollY` matter for
    /// fixed boxes only.
    public func hitTest(x: Int32, y: Int32, scrollX: Int32 = 0, scrollY: Int32 = 0) -> NodeID {
        let painter = Painter(tree: tree, shaper: shaper, document: document, layers: layers, view: Rect(x, y, 1, 1), goal: .hit)
        painter.hitScrollX = 0 &- scrollX; painter.hitScrollY = 0 &- scrollY
        painter.run()
        var b = painter.hitBox
        while b > 0 {
            let node = tree.boxes[Int(b)].node
            if !node.isNone {
                return document.kind(node) == .element ? node : document.parent(node)
            }
            b = tree.parent(b)
        }
        return .none
    }

    /// Does the element make a box, inline or block?
    public func hasBox(_ node: NodeID) -> Bool { tree.box(of: node) != noBox }

    /// Is text of the document at this point?
    public func isText(x: Int32, y: Int32, scrollX: Int32 = 0, scrollY: Int32 = 0) -> Bool {
        let painter = Painter(tree: tree, shaper: shaper, document: document, layers: layers, view: Rect(x, y, 1, 1), goal: .hit)
        painter.hitScrollX = 0 &- scrollX; painter.hitScrollY = 0 &- scrollY
        painter.run()
        return painter.hitBox > 0 && tree.kind(painter.hitBox) == .text && !tree.boxes[Int(painter.hitBox)].node.isNone
    }

    /// The nearest ancestor-or-self of `n` with this name.
    public func enclosing(_ n: NodeID, _ name: Atom) -> NodeID {
        var node = n
        while !node.isNone {
            if document.isHTML(node, name) { return node }
            node = document.parent(node)
        }
        return .none
    }

    /// The link element at a point, `.none` when there is none.
    public func link(x: Int32, y: Int32, scrollX: Int32 = 0, scrollY: Int32 = 0) -> NodeID {
        var node = hitTest(x: x, y: y, scrollX: scrollX, scrollY: scrollY)
        while !node.isNone {
            if document.isHTML(node, .a) || document.isHTML(node, .area), document.hasAttribute(node, .href) { return node }
            node = document.parent(node)
        }
        return .none
    }

    /// The `href` of the link at a point, as written.
    public func linkTarget(x: Int32, y: Int32, scrollX: Int32 = 0, scrollY: Int32 = 0) -> String? {
        let node = link(x: x, y: y, scrollX: scrollX, scrollY: scrollY)
        return node.isNone ? nil : document.attribute(node, .href)
    }

    /// The form control at a point; a label leads to its control.
    public func formControl(x: Int32, y: Int32, scrollX: Int32 = 0, scrollY: Int32 = 0) -> NodeID {
        var node = hitTest(x: x, y: y, scrollX: scrollX, scrollY: scrollY)
        while !node.isNone {
            if isControl(node) { return node }
            if document.isHTML(node, .label) { return labelled(node) }
            node = document.parent(node)
        }
        return .none
    }

    private func isControl(_ n: NodeID) -> Bool {
        document.isHTML(n, .input) || document.isHTML(n, .textarea) || document.isHTML(n, .button) || document.isHTML(n, .select)
    }
    private func labelled(_ label: NodeID) -> NodeID {
        if let id = document.attribute(label, .for_) { return document.element(withID: Atom(id)) }
        var n = document.next(label, within: label)
        while !n.isNone { if isControl(n) { return n }; n = document.next(n, within: label) }
        return .none
    }

    /// Bounds of a node's boxes; nil when it has none.
    public func rect(of node: NodeID) -> Rect? {
        let b = tree.box(of: node)
        guard b != noBox else { return nil }
        if tree.boxes[Int(b)].geometry >= 0 {
            let g = tree.geometry[tree.geo(b)]
            return snapped(g.pageX, g.pageY, g.width, g.height)
        }
        return inlineRect(b, node)
    }

    private func inlineRect(_ b: BoxID, _ node: NodeID) -> Rect? {
        let container = tree.container(b)
        guard container != noBox else { return nil }
        let g = tree.geometry[tree.geo(container)]
        var result: Rect?
        for l in Int(g.lineStart)..<Int(g.lineEnd) {
            for f in Int(tree.lines[l].fragmentStart)..<Int(tree.lines[l].fragmentEnd) where tree.fragments[f].box == b {
                let fragment = tree.fragments[f]
                let r = snapped(g.pageX + fragment.x, g.pageY + fragment.y, fragment.width, fragment.height)
                if let old = result { result = Rect(Swift.min(old.x, r.x), Swift.min(old.y, r.y), Swift.max(old.maxX, r.maxX) - Swift.min(old.x, r.x), Swift.max(old.maxY, r.maxY) - Swift.min(old.y, r.y)) } else { result = r }
            }
        }
        // An inline box that only wraps blocks lies where they lie.
        if result == nil, tree.next(container) != noBox, tree.boxes[Int(tree.next(container))].geometry >= 0 {
            let n = tree.geometry[tree.geo(tree.next(container))]
            return snapped(n.pageX, n.pageY, n.width, .zero)
        }
        return result
    }

    /// Where to scroll for a fragment identifier (HTML §7.4.6.3): an id, else a named anchor; "" and "top" are the top.
    public func anchorY(_ fragment: String) -> Int32? {
        if fragment.isEmpty { return 0 }
        if let id = Atom(existing: fragment) {
            let node = document.element(withID: id)
            if !node.isNone, let y = positionY(node) { return y }
        }
        var n = document.root
        while !n.isNone {
            if document.isHTML(n, .a), document.attribute(n, .name) == fragment, let y = positionY(n) { return y }
            n = document.next(n, within: document.root)
        }
        return lowercased(fragment) == "top" ? 0 : nil
    }

    /// The node's own position, or that of the first thing after it that has one.
    private func positionY(_ node: NodeID) -> Int32? {
        var n = node
        var steps = 0
        while !n.isNone, steps < 64 {
            if let r = rect(of: n) { return r.y }
            n = document.next(n, within: document.root)
            steps += 1
        }
        // Nothing laid out follows: the end of what holds it.
        n = document.parent(node)
        while !n.isNone {
            if let r = rect(of: n) { return r.maxY }
            n = document.parent(n)
        }
        return nil
    }
}
