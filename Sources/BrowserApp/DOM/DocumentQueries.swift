// Reading a document: links, names, attributes, text, and walks in tree order. Nothing here changes anything, and no
// walk recurses, so depth costs no stack.

extension Document {
    public func kind(_ n: NodeID) -> NodeKind { record(n).pointee.kind }
    public func parent(_ n: NodeID) -> NodeID { record(n).pointee.parent }
    public func firstChild(_ n: NodeID) -> NodeID { record(n).pointee.firstChild }
    public func lastChild(_ n: NodeID) -> NodeID { record(n).pointee.lastChild }
    public func nextSibling(_ n: NodeID) -> NodeID { record(n).pointee.nextSibling }
    public func previousSibling(_ n: NodeID) -> NodeID { record(n).pointee.previousSibling }
    /// An element's local name, lower case for HTML; a processing instruction's target.
    public func name(_ n: NodeID) -> Atom { record(n).pointee.name }
    public func namespace(_ n: NodeID) -> Namespace { record(n).pointee.namespace }
    public func state(_ n: NodeID) -> ElementState { record(n).pointee.state }
    public func isElement(_ n: NodeID) -> Bool { record(n).pointee.kind == .element }
    /// An HTML element of that name?
    public func isHTML(_ n: NodeID, _ name: Atom) -> Bool {
        let r = record(n)
        return r.pointee.kind == .element && r.pointee.namespace == .html && r.pointee.name == name
    }
    /// Ids ever given out are below this: a bound for tables indexed by `NodeID.raw`.
    public var nodeIDLimit: Int { nodeCount }

    // MARK: Attributes

    func attributeIndex(_ n: NodeID, _ name: Atom) -> Int? {
        let r = record(n)
        let start = Int(r.pointee.data)
        for i in start..<(start + Int(r.pointee.attributeCount)) where attributeTable[i].name == name { return i }
        return nil
    }

    public func attribute(_ n: NodeID, _ name: Atom) -> String? {
        guard let i = attributeIndex(n, name) else { return nil }
        return attributeTable[i].value
    }

    public func hasAttribute(_ n: NodeID, _ name: Atom) -> Bool { attributeIndex(n, name) != nil }

    /// All attributes in source order.
    public func attributes(_ n: NodeID) -> [(name: Atom, value: String)] {
        let r = record(n)
        var result: [(name: Atom, value: String)] = []
        let start = Int(r.pointee.data)
        for i in start..<(start + Int(r.pointee.attributeCount)) { result.append((attributeTable[i].name, attributeTable[i].value)) }
        return result
    }

    public func attributeNamespace(_ n: NodeID, _ name: Atom) -> AttributeNamespace {
        guard let i = attributeIndex(n, name) else { return .none }
        return attributeTable[i].namespace
    }

    public func id(_ n: NodeID) -> Atom? {
        let id = record(n).pointee.id
        return id.isEmpty ? nil : id
    }

    public func classes(_ n: NodeID) -> [Atom] {
        let r = record(n)
        if r.pointee.classCount == 0 { return [] }
        let start = Int(r.pointee.classStart)
        return Array(classTable[start..<(start + Int(r.pointee.classCount))])
    }

    /// Whether the element has the class; no allocation.
    public func hasClass(_ n: NodeID, _ name: Atom) -> Bool {
        let r = record(n)
        let start = Int(r.pointee.classStart)
        for i in start..<(start + Int(r.pointee.classCount)) where classTable[i] == name { return true }
        return false
    }

    // MARK: Data

    /// Data of a text, comment or processing instruction; empty for other nodes.
    public func text(_ n: NodeID) -> String { hasData(n) ? strings[Int(record(n).pointee.data)] : "" }

    /// Length of `text` in UTF-8.
    public func textByteCount(_ n: NodeID) -> Int { hasData(n) ? strings[Int(record(n).pointee.data)].utf8.count : 0 }

    public func doctype(_ n: NodeID) -> (name: String, publicID: String, systemID: String)? {
        guard kind(n) == .doctype else { return nil }
        let d = doctypes[Int(record(n).pointee.data)]
        return (d.name, d.publicID, d.systemID)
    }

    /// The content fragment of a template element, or none.
    public func templateContent(_ n: NodeID) -> NodeID {
        let r = record(n)
        guard r.pointee.kind == .element, r.pointee.name == .template, r.pointee.namespace == .html else { return .none }
        return NodeID(raw: templateContents[n.raw] ?? 0)
    }

    /// All text below a node, in tree order.
    public func textContent(_ n: NodeID) -> String {
        if hasData(n) { return text(n) }
        var result = ""
        var at = next(n, within: n)
        while !at.isNone {
            if kind(at) == .text { result += text(at) }
            at = next(at, within: n)
        }
        return result
    }

    // MARK: Walks

    /// The node after `n` in tree order below `top`, or none.
    public func next(_ n: NodeID, within top: NodeID) -> NodeID {
        let child = record(n).pointee.firstChild
        return child.isNone ? nextSkippingChildren(n, within: top) : child
    }

    /// The node after the whole subtree of `n` in tree order below `top`, or none.
    public func nextSkippingChildren(_ n: NodeID, within top: NodeID) -> NodeID {
        var at = n
        while at != top && !at.isNone {
            let sibling = record(at).pointee.nextSibling
            if !sibling.isNone { return sibling }
            at = record(at).pointee.parent
        }
        return .none
    }

    /// Is `a` the node itself or one of its ancestors?
    public func isAncestor(_ a: NodeID, of n: NodeID) -> Bool {
        var at = n
        while !at.isNone {
            if at == a { return true }
            at = record(at).pointee.parent
        }
        return false
    }

    public func children(_ n: NodeID) -> ChildSequence { ChildSequence(document: self, first: firstChild(n)) }

    /// The first HTML element child of that name, or none.
    public func firstChild(_ n: NodeID, named name: Atom) -> NodeID {
        for child in children(n) where isHTML(child, name) { return child }
        return .none
    }

    /// The first element of a document with this id, or none.
    public func element(withID id: Atom) -> NodeID {
        var at = next(root, within: root)
        while !at.isNone {
            if record(at).pointee.id == id, !id.isEmpty { return at }
            at = next(at, within: root)
        }
        return .none
    }

    // MARK: The well-known elements

    public var documentElement: NodeID {
        for child in children(root) where isElement(child) { return child }
        return .none
    }

    public var head: NodeID { documentElement.isNone ? .none : firstChild(documentElement, named: .head) }

    /// The body or frameset.
    public var body: NodeID {
        if documentElement.isNone { return .none }
        for child in children(documentElement) where isHTML(child, .body) || isHTML(child, .frameset) { return child }
        return .none
    }

    /// Text of the first title element with white space collapsed (HTML §3.1.4).
    public var title: String {
        var at = next(root, within: root)
        while !at.isNone {
            if isHTML(at, .title) { return collapsedText(textContent(at)) }
            at = next(at, within: root)
        }
        return ""
    }

    /// The text with runs of white space as one space, none at the ends.
    public func collapsedText(_ text: String) -> String {
        var bytes: [UInt8] = []
        var pendingSpace = false
        for byte in text.utf8 {
            if isASCIISpace(byte) {
                pendingSpace = !bytes.isEmpty
            } else {
                if pendingSpace { bytes.append(0x20) }
                pendingSpace = false
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

/// The children of a node. The node must not lose the current child while this runs.
public struct ChildSequence: Sequence, IteratorProtocol {
    let document: Document
    var upcoming: NodeID
    init(document: Document, first: NodeID) { self.document = document; upcoming = first }
    public mutating func next() -> NodeID? {
        if upcoming.isNone { return nil }
        let current = upcoming
        upcoming = document.nextSibling(current)
        return current
    }
}
