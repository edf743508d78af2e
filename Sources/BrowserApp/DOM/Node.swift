// The record of a node and the small value types that name nodes. A node is 44 bytes in the document's arena; its
// strings and attributes lie in side tables. No class instance exists per node.

/// A node of one document: an index into its arena. 0 is "no node".
public struct NodeID: Hashable, Sendable {
    public let raw: UInt32
    @inlinable public init(raw: UInt32) { self.raw = raw }
    @inlinable public static var none: NodeID { NodeID(raw: 0) }
    @inlinable public var isNone: Bool { raw == 0 }
    @inlinable public static func == (a: NodeID, b: NodeID) -> Bool { a.raw == b.raw }
    @inlinable public func hash(into hasher: inout Hasher) { hasher.combine(raw) }
}

public enum NodeKind: UInt8, Sendable {
    case document, doctype, element, text, comment, processingInstruction, documentFragment
}

public enum Namespace: UInt8, Sendable { case html, svg, mathML, other }

/// Namespace of an attribute; all attributes of HTML elements have none.
public enum AttributeNamespace: UInt8, Sendable { case none, xlink, xml, xmlns }

/// State of an element that comes from the user or from navigation, as selectors see it.
public struct ElementState: OptionSet, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    public static let hovered = ElementState(rawValue: 1), focused = ElementState(rawValue: 2), active = ElementState(rawValue: 4)
    public static let visited = ElementState(rawValue: 8), checked = ElementState(rawValue: 16), target = ElementState(rawValue: 32)
    public static let focusWithin = ElementState(rawValue: 64), focusVisible = ElementState(rawValue: 128)
}

/// States of an element that are not what they were.
public struct StateChange: Sendable {
    public let node: NodeID
    public var states: ElementState
}

public enum QuirksMode: UInt8, Sendable { case noQuirks, limitedQuirks, quirks }

/// One attribute in the document's shared attribute table.
struct AttributeRecord {
    var name: Atom
    var namespace: AttributeNamespace
    var value: String
}

struct DoctypeRecord {
    var name: String
    var publicID: String
    var systemID: String
}

struct NodeRecord {
    var kind: NodeKind
    var namespace: Namespace
    var state: ElementState
    var name: Atom
    var parent: NodeID, firstChild: NodeID, lastChild: NodeID, nextSibling: NodeID, previousSibling: NodeID
    /// Text and comment: index of its string. Doctype: index of its record. Element: where its attributes begin.
    var data: UInt32
    var attributeCount: UInt16
    var classCount: UInt16
    var classStart: UInt32
    var id: Atom

    init(kind: NodeKind, namespace: Namespace = .html, name: Atom = .empty) {
        self.kind = kind
        self.namespace = namespace
        state = []
        self.name = name
        parent = .none; firstChild = .none; lastChild = .none; nextSibling = .none; previousSibling = .none
        data = 0
        attributeCount = 0; classCount = 0; classStart = 0
        id = .empty
    }
}
