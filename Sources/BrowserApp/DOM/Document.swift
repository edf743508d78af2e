// A document: the arena of its nodes and the one path by which they change (DOM §4). Every change goes through the
// mutation methods here, which keep links, cached ids and classes, and `mutationCount` right.
// Invariant: sibling and parent links agree in both directions; a node without a parent has no siblings.

/// A tree of nodes named by `NodeID`. Asking about a node of another document is a programming error.
public final class Document {
    @exclusivity(unchecked) var nodes: UnsafeMutablePointer<NodeRecord>
    @exclusivity(unchecked) var nodeCount: Int, nodeCapacity: Int
    @exclusivity(unchecked) var freeNodes: [UInt32] = []
    @exclusivity(unchecked) var attributeTable: [AttributeRecord] = []
    @exclusivity(unchecked) var classTable: [Atom] = []
    @exclusivity(unchecked) var strings: [String] = []
    @exclusivity(unchecked) var freeStrings: [UInt32] = []
    @exclusivity(unchecked) var doctypes: [DoctypeRecord] = []
    @exclusivity(unchecked) var controls = ControlTable()
    /// Contents of template elements, by raw ids; never iterated.
    @exclusivity(unchecked) var templateContents: [UInt32: UInt32] = [:]

    /// The document node.
    public let root: NodeID
    @exclusivity(unchecked) public var url: String = ""
    @exclusivity(unchecked) public var quirksMode: QuirksMode = .noQuirks
    public var isQuirks: Bool { quirksMode == .quirks }
    /// Counts every change of structure, text or attributes.
    @exclusivity(unchecked) public private(set) var mutationCount: UInt64 = 0
    /// Counts every change of an element's state.
    @exclusivity(unchecked) public private(set) var stateCount: UInt64 = 0

    /// The latest changes of states, in a ring: change number n at n mod its size.
    @exclusivity(unchecked) private var stateLog: [StateChange] = []
    static let stateLogCount = 256

    public init() {
        nodeCapacity = 64
        nodes = UnsafeMutablePointer<NodeRecord>.allocate(capacity: nodeCapacity)
        nodes.initialize(to: NodeRecord(kind: .document))
        (nodes + 1).initialize(to: NodeRecord(kind: .document))
        nodeCount = 2
        root = NodeID(raw: 1)
    }

    deinit { nodes.deallocate() } // records are trivial

    /// The record of a node; the pointer holds until the next node is created.
    @inline(__always)
    func record(_ n: NodeID) -> UnsafeMutablePointer<NodeRecord> {
        precondition(Int(n.raw) < nodeCount, "node of another document")
        return nodes + Int(n.raw)
    }

    // MARK: Creation

    func allocate(_ record: NodeRecord) -> NodeID {
        mutationCount &+= 1
        if let reused = freeNodes.popLast() {
            nodes[Int(reused)] = record
            return NodeID(raw: reused)
        }
        if nodeCount == nodeCapacity { grow() }
        (nodes + nodeCount).initialize(to: record)
        nodeCount += 1
        return NodeID(raw: UInt32(nodeCount - 1))
    }

    private func grow() {
        let larger = UnsafeMutablePointer<NodeRecord>.allocate(capacity: nodeCapacity * 2)
        larger.moveInitialize(from: nodes, count: nodeCount)
        nodes.deallocate()
        nodes = larger
        nodeCapacity *= 2
    }

    private func store(_ string: String) -> UInt32 {
        if let reused = freeStrings.popLast() {
            strings[Int(reused)] = string
            return reused
        }
        strings.append(string)
        return UInt32(strings.count - 1)
    }

    /// Creates an element without a parent. Of attributes with the same name the first counts.
    public func createElement(_ name: Atom, namespace: Namespace = .html, attributes: [(Atom, String)] = []) -> NodeID {
        let n = allocate(NodeRecord(kind: .element, namespace: namespace, name: name))
        for (name, value) in attributes where !hasAttribute(n, name) { addAttribute(n, name, value, .none) }
        if name == .template, namespace == .html {
            templateContents[n.raw] = createFragment().raw
        }
        return n
    }

    public func createText(_ text: String) -> NodeID { createCharacterData(.text, text) }
    public func createComment(_ text: String) -> NodeID { createCharacterData(.comment, text) }
    public func createFragment() -> NodeID { allocate(NodeRecord(kind: .documentFragment)) }

    public func createProcessingInstruction(target: Atom, _ text: String) -> NodeID {
        let n = createCharacterData(.processingInstruction, text)
        record(n).pointee.name = target
        return n
    }

    public func createDoctype(name: String, publicID: String, systemID: String) -> NodeID {
        let n = allocate(NodeRecord(kind: .doctype))
        record(n).pointee.data = UInt32(doctypes.count)
        doctypes.append(DoctypeRecord(name: name, publicID: publicID, systemID: systemID))
        return n
    }

    private func createCharacterData(_ kind: NodeKind, _ text: String) -> NodeID {
        let n = allocate(NodeRecord(kind: kind))
        let index = store(text)
        record(n).pointee.data = index
        return n
    }

    // MARK: Structure

    /// Appends a node (taking it from where it was) as the last child.
    public func append(_ child: NodeID, to parent: NodeID) { insert(child, into: parent, before: .none) }

    /// Inserts a node before a child of `parent`; at the end when `next` is none. A fragment gives its children.
    public func insert(_ child: NodeID, into parent: NodeID, before next: NodeID) {
        precondition(!child.isNone && !parent.isNone && child != parent)
        precondition(next.isNone || record(next).pointee.parent == parent, "reference node is elsewhere")
        if record(child).pointee.kind == .documentFragment {
            moveChildren(of: child, into: parent, before: next)
            return
        }
        if next == child { return }
        precondition(record(child).pointee.firstChild.isNone || !isAncestor(child, of: parent), "cycle")
        unlink(child)
        link(child, parent, next)
        mutationCount &+= 1
    }

    /// Moves all children of one node to another.
    public func moveChildren(of source: NodeID, into parent: NodeID, before next: NodeID = .none) {
        while true {
            let child = record(source).pointee.firstChild
            if child.isNone { return }
            insert(child, into: parent, before: next)
        }
    }

    /// Takes a node out of its parent; it can be inserted again.
    public func remove(_ n: NodeID) {
        unlink(n)
        mutationCount &+= 1
    }

    /// Removes a node with everything below it and gives its records back. No id of the subtree may be used again.
    public func destroy(_ n: NodeID) {
        precondition(n != root)
        unlink(n)
        mutationCount &+= 1
        var pending = [n]
        while let next = pending.popLast() {
            var child = record(next).pointee.firstChild
            while !child.isNone {
                pending.append(child)
                child = record(child).pointee.nextSibling
            }
            let content = templateContent(next)
            if !content.isNone { pending.append(content) }
            release(next)
        }
    }

    private func release(_ n: NodeID) {
        let r = record(n)
        switch r.pointee.kind {
        case .text, .comment, .processingInstruction:
            strings[Int(r.pointee.data)] = ""
            freeStrings.append(r.pointee.data)
        case .element:
            let start = Int(r.pointee.data)
            for i in 0..<Int(r.pointee.attributeCount) { attributeTable[start + i].value = "" }
            controls.forget(n)
            if !templateContents.isEmpty { templateContents[n.raw] = nil }
        default: break
        }
        r.pointee = NodeRecord(kind: .documentFragment)
        freeNodes.append(n.raw)
    }

    private func link(_ child: NodeID, _ parent: NodeID, _ next: NodeID) {
        let previous = next.isNone ? record(parent).pointee.lastChild : record(next).pointee.previousSibling
        let r = record(child)
        r.pointee.parent = parent
        r.pointee.previousSibling = previous
        r.pointee.nextSibling = next
        if previous.isNone { record(parent).pointee.firstChild = child } else { record(previous).pointee.nextSibling = child }
        if next.isNone { record(parent).pointee.lastChild = child } else { record(next).pointee.previousSibling = child }
    }

    private func unlink(_ n: NodeID) {
        let r = record(n)
        let parent = r.pointee.parent
        if parent.isNone { return }
        let previous = r.pointee.previousSibling, next = r.pointee.nextSibling
        if previous.isNone { record(parent).pointee.firstChild = next } else { record(previous).pointee.nextSibling = next }
        if next.isNone { record(parent).pointee.lastChild = previous } else { record(next).pointee.previousSibling = previous }
        r.pointee.parent = .none
        r.pointee.previousSibling = .none
        r.pointee.nextSibling = .none
    }

    // MARK: Text

    /// Replaces the data of a text, comment or processing instruction.
    public func setText(_ n: NodeID, _ text: String) {
        precondition(hasData(n))
        strings[Int(record(n).pointee.data)] = text
        mutationCount &+= 1
    }

    public func appendText(to n: NodeID, _ text: String) {
        precondition(hasData(n))
        strings[Int(record(n).pointee.data)].append(text)
        mutationCount &+= 1
    }

    /// Appends valid UTF-8.
    public func appendText(to n: NodeID, utf8: UnsafeBufferPointer<UInt8>) { appendText(to: n, String(decoding: utf8, as: UTF8.self)) }

    func hasData(_ n: NodeID) -> Bool {
        switch record(n).pointee.kind {
        case .text, .comment, .processingInstruction: return true
        default: return false
        }
    }

    // MARK: Attributes and state

    /// Sets an attribute, replacing one of the same name.
    public func setAttribute(_ n: NodeID, _ name: Atom, _ value: String, namespace: AttributeNamespace = .none) {
        mutationCount &+= 1
        if let i = attributeIndex(n, name) {
            attributeTable[i].value = value
            attributeTable[i].namespace = namespace
            cacheAttribute(n, name, value)
            return
        }
        addAttribute(n, name, value, namespace)
    }

    public func removeAttribute(_ n: NodeID, _ name: Atom) {
        guard let i = attributeIndex(n, name) else { return }
        mutationCount &+= 1
        let r = record(n)
        let end = Int(r.pointee.data) + Int(r.pointee.attributeCount)
        for j in i..<(end - 1) { attributeTable[j] = attributeTable[j + 1] }
        attributeTable[end - 1].value = ""
        r.pointee.attributeCount -= 1
        if name == .id { r.pointee.id = .empty }
        if name == .class_ { r.pointee.classCount = 0 }
    }

    /// Adds an attribute that the element is known not to have: no search.
    public func addNewAttribute(_ n: NodeID, _ name: Atom, _ value: String, namespace: AttributeNamespace = .none) {
        mutationCount &+= 1
        addAttribute(n, name, value, namespace)
    }

    /// Adds an attribute that the element does not have. Attributes past 65,535 on one element are dropped.
    func addAttribute(_ n: NodeID, _ name: Atom, _ value: String, _ namespace: AttributeNamespace) {
        let r = record(n)
        precondition(r.pointee.kind == .element)
        if r.pointee.attributeCount == UInt16.max { return }
        let start = Int(r.pointee.data), count = Int(r.pointee.attributeCount)
        if count == 0 {
            r.pointee.data = UInt32(attributeTable.count)
        } else if start + count != attributeTable.count {
            r.pointee.data = UInt32(attributeTable.count)
            for i in 0..<count { attributeTable.append(attributeTable[start + i]) }
        }
        attributeTable.append(AttributeRecord(name: name, namespace: namespace, value: value))
        r.pointee.attributeCount += 1
        cacheAttribute(n, name, value)
    }

    private func cacheAttribute(_ n: NodeID, _ name: Atom, _ value: String) {
        if name == .id { record(n).pointee.id = value.isEmpty ? .empty : Atom(value) }
        if name == .class_ { cacheClasses(n, value) }
    }

    private func cacheClasses(_ n: NodeID, _ value: String) {
        let r = record(n)
        r.pointee.classStart = UInt32(classTable.count)
        var value = value
        value.withUTF8 { bytes in
            var start = -1
            for i in 0...bytes.count {
                if i < bytes.count && !isASCIISpace(bytes[i]) {
                    if start < 0 { start = i }
                } else if start >= 0 {
                    classTable.append(Atom(utf8: UnsafeBufferPointer(rebasing: bytes[start..<i])))
                    start = -1
                }
            }
        }
        r.pointee.classCount = UInt16(min(classTable.count - Int(r.pointee.classStart), Int(UInt16.max)))
    }

    public func setState(_ n: NodeID, _ state: ElementState) {
        let r = record(n)
        if r.pointee.state == state { return }
        let change = StateChange(node: n, states: r.pointee.state.symmetricDifference(state))
        if stateLog.count < Document.stateLogCount { stateLog.append(change) } else { stateLog[Int(stateCount % UInt64(Document.stateLogCount))] = change }
        r.pointee.state = state
        stateCount &+= 1
    }

    /// What states are now other than they were when `stateCount` was `count`, each element once; nil when too much has
    /// happened since to be known.
    public func stateChanges(since count: UInt64) -> [StateChange]? {
        guard count <= stateCount, stateCount - count <= UInt64(Document.stateLogCount) else { return nil }
        var result: [StateChange] = []
        var at = count
        while at < stateCount {
            let change = stateLog[Int(at % UInt64(Document.stateLogCount))]
            if let i = result.firstIndex(where: { $0.node == change.node }) { result[i].states.formSymmetricDifference(change.states) } else { result.append(change) }
            at += 1
        }
        return result.filter { !$0.states.isEmpty }
    }

    /// For callers that change what the document shows without changing a node (a mode, a base address).
    public func noteMutation() { mutationCount &+= 1 }
}

@inline(__always)
func isASCIISpace(_ b: UInt8) -> Bool { b == 0x20 || b == 0x0a || b == 0x09 || b == 0x0c || b == 0x0d }
