// A document as the html5lib tree-construction files write it (their FORMAT.md): one line a node, two spaces a level.
import DOM

enum TreeDump {
    static func text(_ d: Document, below top: NodeID) -> String {
        var out: [UInt8] = []
        children(d, top, 0, &out)
        return String(decoding: out, as: UTF8.self)
    }

    private static func children(_ d: Document, _ n: NodeID, _ depth: Int, _ out: inout [UInt8]) {
        for child in d.children(n) { node(d, child, depth, &out) }
    }

    private static func line(_ depth: Int, _ text: String, _ out: inout [UInt8]) {
        if !out.isEmpty { out.append(0x0A) }
        out.append(contentsOf: Array("| ".utf8) + [UInt8](repeating: 0x20, count: depth * 2))
        out.append(contentsOf: Array(text.utf8))
    }

    private static func node(_ d: Document, _ n: NodeID, _ depth: Int, _ out: inout [UInt8]) {
        switch d.kind(n) {
        case .text: line(depth, "\"" + d.text(n) + "\"", &out)
        case .comment: line(depth, "<!-- " + d.text(n) + " -->", &out)
        case .processingInstruction: line(depth, "<?\(d.name(n).string) \(d.text(n))>", &out)
        case .doctype: line(depth, doctype(d.doctype(n)!), &out)
        case .element: element(d, n, depth, &out)
        case .document, .documentFragment: children(d, n, depth, &out)
        }
    }

    private static func doctype(_ t: (name: String, publicID: String, systemID: String)) -> String {
        let ids = t.publicID.isEmpty && t.systemID.isEmpty ? "" : " \"\(t.publicID)\" \"\(t.systemID)\""
        return "<!DOCTYPE \(t.name)\(ids)>"
    }

    private static func element(_ d: Document, _ n: NodeID, _ depth: Int, _ out: inout [UInt8]) {
        let prefix: String
        switch d.namespace(n) {
        case .svg: prefix = "svg "
        case .mathML: prefix = "math "
        default: prefix = ""
        }
        line(depth, "<\(prefix)\(d.name(n).string)>", &out)
        let attributes = d.attributes(n).map { (attributeName(d, n, $0.name), $0.value) }
        for (name, value) in attributes.sorted(by: { Array($0.0.utf16).lexicographicallyPrecedes(Array($1.0.utf16)) }) {
            line(depth + 1, "\(name)=\"\(value)\"", &out)
        }
        let content = d.templateContent(n)
        if !content.isNone {
            line(depth + 1, "content", &out)
            children(d, content, depth + 2, &out)
        }
        children(d, n, depth + 1, &out)
    }

    private static func attributeName(_ d: Document, _ n: NodeID, _ name: Atom) -> String {
        let full = name.string
        let local = full.split(separator: ":").last.map { String($0) } ?? full
        switch d.attributeNamespace(n, name) {
        case .none: return full
        case .xlink: return "xlink " + local
        case .xml: return "xml " + local
        case .xmlns: return "xmlns " + local
        }
    }
}
