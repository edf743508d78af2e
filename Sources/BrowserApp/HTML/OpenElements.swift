// The stack of open elements (HTML §13.2.4.2) and the list of active formatting elements (§13.2.4.3), with names kept
// beside the node ids so that scope checks do not touch the document.
import DOM

struct OpenElement {
    var node: NodeID
    /// Local name as it stands in the document.
    var name: Atom
    /// The tag's lower-case name (SVG names may differ in case).
    var tagName: Atom
    var namespace: Namespace

    @inline(__always) func isHTML(_ other: Atom) -> Bool { name == other && namespace == .html }

    var isSpecial: Bool {
        switch namespace {
        case .html: return ElementTraits.of(name).contains(.special)
        default: return isForeignBoundary
        }
    }

    var isScopeEnd: Bool {
        switch namespace {
        case .html: return ElementTraits.of(name).contains(.scopeEnd)
        default: return isForeignBoundary
        }
    }

    private var isForeignBoundary: Bool {
        switch namespace {
        case .mathML: return isMathMLTextIntegrationPoint || name == .annotationXml
        case .svg: return name == .foreignObject || name == .desc || name == .title
        default: return false
        }
    }

    var isMathMLTextIntegrationPoint: Bool {
        namespace == .mathML && (name == .mi || name == .mo || name == .mn || name == .ms || name == .mtext)
    }
}

enum Scope { case standard, listItem, button, table }

struct OpenElements {
    private(set) var list: [OpenElement] = []

    var count: Int { list.count }
    var isEmpty: Bool { list.isEmpty }
    subscript(_ i: Int) -> OpenElement {
        get { list[i] }
        set { list[i] = newValue }
    }
    var current: OpenElement { list[list.count - 1] }

    mutating func push(_ e: OpenElement) { list.append(e) }
    @discardableResult mutating func pop() -> OpenElement { list.removeLast() }
    mutating func remove(at i: Int) { list.remove(at: i) }
    mutating func insert(_ e: OpenElement, at i: Int) { list.insert(e, at: i) }
    mutating func truncate(_ count: Int) { list.removeLast(max(0, list.count - count)) }

    func index(of node: NodeID) -> Int? {
        var i = list.count
        while i > 0 {
            i -= 1
            if list[i].node == node { return i }
        }
        return nil
    }

    func lastIndex(of name: Atom) -> Int? {
        var i = list.count
        while i > 0 {
            i -= 1
            if list[i].isHTML(name) { return i }
        }
        return nil
    }

    func contains(_ name: Atom) -> Bool { lastIndex(of: name) != nil }

    /// Removes elements up to and with the last HTML element of that name.
    mutating func popThrough(_ name: Atom) {
        while let e = list.popLast() { if e.isHTML(name) { return } }
    }

    @inline(__always)
    func has(_ name: Atom, in scope: Scope) -> Bool { has(in: scope) { $0.isHTML(name) } }

    func hasNode(_ node: NodeID) -> Bool { has(in: .standard) { $0.node == node } }

    @inline(__always)
    func has(in scope: Scope, where isTarget: (OpenElement) -> Bool) -> Bool {
        var i = list.count
        while i > 0 {
            i -= 1
            let e = list[i]
            if isTarget(e) { return true }
            if endsScope(e, scope) { return false }
        }
        return false
    }

    private func endsScope(_ e: OpenElement, _ scope: Scope) -> Bool {
        switch scope {
        case .standard: return e.isScopeEnd
        case .listItem: return e.isScopeEnd || e.isHTML(.ol) || e.isHTML(.ul)
        case .button: return e.isScopeEnd || e.isHTML(.button)
        case .table: return e.isHTML(.html) || e.isHTML(.table) || e.isHTML(.template)
        }
    }

    mutating func generateImpliedEndTags(except name: Atom = .empty) {
        while let e = list.last, e.namespace == .html, e.name != name, ElementTraits.of(e.name).contains(.impliedEnd) { list.removeLast() }
    }

    mutating func generateImpliedEndTagsThoroughly() {
        while let e = list.last, e.namespace == .html, ElementTraits.of(e.name).contains(.thoroughlyImpliedEnd) { list.removeLast() }
    }

    /// "Clear the stack back to a … context": pops until the current node is html, template or one of the names.
    mutating func clear(to a: Atom, _ b: Atom = .empty, _ c: Atom = .empty) {
        while let e = list.last, list.count > 1 {
            if e.namespace == .html, e.name == .html || e.name == .template || e.name == a || e.name == b || e.name == c { return }
            list.removeLast()
        }
    }
}

/// An entry of the active formatting list: a marker when `node` is none.
struct FormattingElement {
    var node: NodeID
    var name: Atom
    var attributes: [TokenAttribute]
    var isMarker: Bool { node.isNone }
}

struct FormattingElements {
    private(set) var list: [FormattingElement] = []
    /// Entries past this are dropped from the front: bounds the work a hostile page can cause per tag.
    static let countMax = 128

    var count: Int { list.count }
    subscript(_ i: Int) -> FormattingElement {
        get { list[i] }
        set { list[i] = newValue }
    }

    mutating func pushMarker() { append(FormattingElement(node: .none, name: .empty, attributes: [])) }

    /// §13.2.4.3 "push onto the list", with the Noah's Ark clause.
    mutating func push(_ entry: FormattingElement) {
        var same = 0
        var earliest = 0
        var i = list.count
        while i > 0, !list[i - 1].isMarker {
            i -= 1
            if isSame(list[i], entry) {
                same += 1
                earliest = i
            }
        }
        if same >= 3 { list.remove(at: earliest) }
        append(entry)
    }

    private mutating func append(_ entry: FormattingElement) {
        if list.count >= FormattingElements.countMax { list.remove(at: 0) }
        list.append(entry)
    }

    private func isSame(_ a: FormattingElement, _ b: FormattingElement) -> Bool {
        guard a.name == b.name, a.attributes.count == b.attributes.count else { return false }
        for x in a.attributes {
            var found = false
            for y in b.attributes where y.name == x.name && y.value == x.value { found = true }
            if !found { return false }
        }
        return true
    }

    mutating func clearToMarker() {
        while let last = list.popLast() { if last.isMarker { return } }
    }

    func index(of node: NodeID) -> Int? {
        var i = list.count
        while i > 0 {
            i -= 1
            if list[i].node == node { return i }
        }
        return nil
    }

    /// The last entry of that name after the last marker.
    func lastIndex(of name: Atom) -> Int? {
        var i = list.count
        while i > 0, !list[i - 1].isMarker {
            i -= 1
            if list[i].name == name { return i }
        }
        return nil
    }

    mutating func remove(at i: Int) { list.remove(at: i) }
    mutating func insert(_ e: FormattingElement, at i: Int) { list.insert(e, at: min(i, list.count)) }
}
