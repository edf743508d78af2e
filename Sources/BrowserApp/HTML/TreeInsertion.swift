// Creating and inserting nodes (HTML §13.2.6.1), reconstruction of formatting elements (§13.2.4.3), and the adoption
// agency algorithm (§13.2.6.4.7).
import DOM

struct InsertionPlace {
    var parent: NodeID
    var next: NodeID = .none
}

extension TreeBuilder {
    // MARK: Places

    /// §13.2.6.1 "the appropriate place for inserting a node".
    func insertionPlace(override target: OpenElement? = nil) -> InsertionPlace {
        let target = target ?? open.current
        if isFosterParenting, target.namespace == .html, isTableStructure(target.name) { return fosterPlace() }
        return inside(target.node)
    }

    private func isTableStructure(_ name: Atom) -> Bool {
        name == .table || name == .tbody || name == .tfoot || name == .thead || name == .tr
    }

    private func fosterPlace() -> InsertionPlace {
        let table = open.lastIndex(of: .table), template = open.lastIndex(of: .template)
        if let template, table == nil || template > table! { return inside(open[template].node) }
        guard let table else { return inside(open[0].node) }
        let node = open[table].node, parent = document.parent(node)
        if !parent.isNone { return InsertionPlace(parent: parent, next: node) }
        return inside(open[table - 1].node)
    }

    /// The end of a node; of its content when it is a template.
    private func inside(_ node: NodeID) -> InsertionPlace {
        let content = document.templateContent(node)
        return InsertionPlace(parent: content.isNone ? node : content)
    }

    func insert(_ node: NodeID, at place: InsertionPlace) { document.insert(node, into: place.parent, before: place.next) }

    // MARK: Elements

    func createElement(_ t: Token, name: Atom, namespace: Namespace) -> NodeID {
        let node = document.createElement(name, namespace: namespace)
        if t.attributes.isEmpty { return node }
        if namespace == .html {
            for a in t.attributes { document.addNewAttribute(node, a.name, a.value) }
        } else {
            for a in t.attributes {
                let (adjusted, space) = ForeignNames.attribute(a.name, namespace)
                document.addNewAttribute(node, adjusted, a.value, namespace: space)
            }
        }
        return node
    }

    @discardableResult
    func insertHTML(_ t: Token) -> NodeID {
        let node = createElement(t, name: t.name, namespace: .html)
        insert(node, at: insertionPlace())
        associateWithForm(node, t.name)
        open.push(OpenElement(node: node, name: t.name, tagName: t.name, namespace: .html))
        return node
    }

    /// An element that no tag stands for.
    @discardableResult
    func insertHTML(_ name: Atom) -> NodeID { insertHTML(Token(kind: .startTag, name: name)) }

    /// Inserts an element and closes it at once.
    func insertVoid(_ t: Token) {
        let node = createElement(t, name: t.name, namespace: .html)
        insert(node, at: insertionPlace())
        associateWithForm(node, t.name)
        switch t.name {
        case .link, .meta, .base, .img: onElement?(node)
        default: break
        }
    }

    /// A control belongs to the form whose tag is open, also where a table put the form elsewhere (HTML §13.2.6.1).
    private func associateWithForm(_ node: NodeID, _ name: Atom) {
        guard !formElement.isNone, name == .input || name == .button || name == .select || name == .textarea else { return }
        document.setParserForm(node, formElement)
    }

    func insertForeign(_ t: Token, _ namespace: Namespace) {
        let name = namespace == .svg ? ForeignNames.svgElement(t.name) : t.name
        let node = createElement(t, name: name, namespace: namespace)
        insert(node, at: insertionPlace())
        if !t.isSelfClosing { open.push(OpenElement(node: node, name: name, tagName: t.name, namespace: namespace)) }
    }

    /// Adds the attributes that the element lacks.
    func mergeAttributes(_ t: Token, into node: NodeID) {
        for a in t.attributes where !document.hasAttribute(node, a.name) { document.setAttribute(node, a.name, a.value) }
    }

    // MARK: Text and comments

    func insertText(_ text: UnsafeBufferPointer<UInt8>) {
        if text.isEmpty { return }
        let place = insertionPlace()
        if place.parent == document.root { return }
        let before = place.next.isNone ? document.lastChild(place.parent) : document.previousSibling(place.next)
        if !before.isNone, document.kind(before) == .text, document.textByteCount(before) + text.count <= TreeBuilder.textNodeByteCountMax {
            document.appendText(to: before, utf8: text)
        } else {
            insertLongText(text, place)
        }
    }

    private func insertLongText(_ text: UnsafeBufferPointer<UInt8>, _ place: InsertionPlace) {
        var start = 0
        while start < text.count {
            var stop = min(text.count, start + TreeBuilder.textNodeByteCountMax)
            while stop < text.count && text[stop] & 0xC0 == 0x80 { stop -= 1 }
            let piece = UnsafeBufferPointer(rebasing: text[start..<stop])
            insert(document.createText(String(decoding: piece, as: UTF8.self)), at: place)
            start = stop
        }
    }

    func insertComment(_ t: Token, at place: InsertionPlace? = nil) {
        let node = document.createComment(String(decoding: t.text, as: UTF8.self))
        insert(node, at: place ?? insertionPlace())
    }

    // MARK: Formatting elements

    func reconstructFormatting() {
        guard formatting.count > 0 else { return }
        var i = formatting.count - 1
        if formatting[i].isMarker || open.index(of: formatting[i].node) != nil { return }
        while i > 0 {
            let before = formatting[i - 1]
            if before.isMarker || open.index(of: before.node) != nil { break }
            i -= 1
        }
        while i < formatting.count && open.count < TreeBuilder.depthMax {
            let entry = formatting[i]
            formatting[i].node = insertHTML(Token(kind: .startTag, name: entry.name, attributes: entry.attributes))
            i += 1
        }
    }

    func insertFormatting(_ t: Token) {
        let node = insertHTML(t)
        formatting.push(FormattingElement(node: node, name: t.name, attributes: t.attributes))
    }

    func closeP() {
        open.generateImpliedEndTags(except: .p)
        open.popThrough(.p)
    }

    func closePInButtonScope() { if open.has(.p, in: .button) { closeP() } }

    // MARK: Adoption agency

    /// §13.2.6.4.7. False: "act as described in the 'any other end tag' entry".
    func adoptionAgency(_ subject: Atom) -> Bool {
        if open.current.isHTML(subject), formatting.index(of: open.current.node) == nil {
            open.pop()
            return true
        }
        for _ in 0..<8 {
            guard let entry = formatting.lastIndex(of: subject) else { return false }
            let node = formatting[entry].node
            guard let at = open.index(of: node) else {
                formatting.remove(at: entry)
                return true
            }
            if !open.hasNode(node) { return true }
            guard let furthest = furthestBlock(below: at) else {
                open.truncate(at)
                formatting.remove(at: entry)
                return true
            }
            adopt(entry, at, furthest)
        }
        return true
    }

    private func furthestBlock(below at: Int) -> Int? {
        for i in (at + 1)..<max(open.count, at + 1) where open[i].isSpecial { return i }
        return nil
    }

    /// Steps 4.9–4.19 for one formatting element.
    private func adopt(_ entry: Int, _ at: Int, _ furthestIndex: Int) {
        let formattingNode = open[at].node, furthest = open[furthestIndex], ancestor = open[at - 1]
        var bookmark = entry
        var furthestAt = furthestIndex, nodeAt = furthestIndex
        var last = furthest.node
        var counter = 0
        while true {
            counter += 1
            nodeAt -= 1
            let node = open[nodeAt].node
            if node == formattingNode { break }
            var listed = formatting.index(of: node)
            if counter > 3, let i = listed {
                formatting.remove(at: i)
                if i < bookmark { bookmark -= 1 }
                listed = nil
            }
            guard let i = listed else {
                open.remove(at: nodeAt)
                furthestAt -= 1
                continue
            }
            let clone = cloneFormatting(i)
            open[nodeAt].node = clone
            if last == furthest.node { bookmark = i + 1 }
            document.append(last, to: clone)
            last = clone
        }
        document.remove(last)
        insert(last, at: insertionPlace(override: ancestor))
        finishAdoption(formattingNode, furthest.node, furthestAt, bookmark)
    }

    private func cloneFormatting(_ i: Int) -> NodeID {
        let entry = formatting[i]
        let clone = createElement(Token(kind: .startTag, name: entry.name, attributes: entry.attributes), name: entry.name, namespace: .html)
        formatting[i].node = clone
        return clone
    }

    private func finishAdoption(_ node: NodeID, _ furthest: NodeID, _ furthestAt: Int, _ bookmark: Int) {
        guard let i = formatting.index(of: node), let at = open.index(of: node) else { return }
        var entry = formatting[i]
        let clone = createElement(Token(kind: .startTag, name: entry.name, attributes: entry.attributes), name: entry.name, namespace: .html)
        document.moveChildren(of: furthest, into: clone)
        document.append(clone, to: furthest)
        formatting.remove(at: i)
        entry.node = clone
        formatting.insert(entry, at: i < bookmark ? bookmark - 1 : bookmark)
        open.remove(at: at)
        open.insert(OpenElement(node: clone, name: entry.name, tagName: entry.name, namespace: .html), at: furthestAt)
    }
}
