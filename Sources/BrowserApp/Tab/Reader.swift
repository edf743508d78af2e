// Reader mode (TAB-040…TAB-043): from a page to its text alone. The content is the `article` or `main` element, else the
// element under which most paragraph text lies. What is kept is written anew as plain markup: no styles, scripts, forms or
// navigation of the page survive.

import DOM
import WebNet

struct Reader {
    static let depthMax = 64
    let document: Document
    let base: URL

    /// A readable page; nil when the document has no text worth it.
    func html(address: String) -> String? {
        let content = mainContent()
        guard !content.isNone else { return nil }
        var out = ""
        write(content, &out, depth: 0)
        let title = document.title
        let heading = contains(content, .h1) ? "" : "<h1>\(AboutPages.escaped(title))</h1>"
        return """
        <!DOCTYPE html><html><head><title>\(AboutPages.escaped(title))</title><style>
        body { font-family: serif; font-size: 19px; line-height: 1.6; color: #22262a; background: #fbfaf7; margin: 0 }
        .page { max-width: 680px; margin: 32px auto; padding: 0 24px } h1, h2, h3 { line-height: 1.25; font-family: sans-serif }
        .from { font: 13px sans-serif; color: #77808a; border-bottom: 1px solid #ddd8cc; padding-bottom: 8px; word-wrap: break-word }
        img { max-width: 100%; height: auto } pre { font-size: 14px; background: #f1efe8; padding: 10px; white-space: pre-wrap } code { font-size: 0.85em }
        table { border-collapse: collapse; font-size: 16px } td, th { border: 1px solid #ddd8cc; padding: 4px 8px } a { color: #2f5d8a }
        </style></head><body><div class="page"><p class="from"><a href="\(AboutPages.escaped(address))">\(AboutPages.escaped(address))</a></p>
        \(heading)\(out)</div></body></html>
        """
    }

    // MARK: Which element

    private func mainContent() -> NodeID {
        for name in [Atom.article, .main] {
            var best = NodeID.none, most = 200
            forEach { n in
                if document.isHTML(n, name) || (name == .main && document.attribute(n, .role) == "main") {
                    let count = textCount(n)
                    if count > most { most = count; best = n }
                }
            }
            if !best.isNone { return best }
        }
        return densest()
    }
    private func forEach(_ body: (NodeID) -> Void) {
        var n = document.next(document.root, within: document.root)
        while !n.isNone {
            if document.isElement(n) { body(n) }
            n = document.next(n, within: document.root)
        }
    }
    /// Each paragraph counts for its parent, and half for its grandparent.
    private func densest() -> NodeID {
        var score = [Int](repeating: 0, count: document.nodeIDLimit)
        var best = NodeID.none
        forEach { n in
            guard document.isHTML(n, .p) || document.isHTML(n, .pre) || document.isHTML(n, .blockquote) || document.isHTML(n, .dd), !isInAside(n) else { return }
            let count = textCount(n), parent = document.parent(n)
            if count < 25 || parent.isNone { return }
            for (node, share) in [(parent, count), (document.parent(parent), count / 2)] where !node.isNone && document.isElement(node) {
                score[Int(node.raw)] += share
                if best.isNone || score[Int(node.raw)] > score[Int(best.raw)] { best = node }
            }
        }
        if best.isNone, !document.body.isNone, textCount(document.body) > 0 { return document.body }
        return best
    }
    private func isInAside(_ n: NodeID) -> Bool {
        var at = n
        while !at.isNone {
            if document.isElement(at), isDropped(at) { return true }
            at = document.parent(at)
        }
        return false
    }
    /// Bytes of text that are not in parts that are left out.
    private func textCount(_ top: NodeID) -> Int {
        var count = 0
        var n = document.next(top, within: top)
        while !n.isNone {
            if document.isElement(n), isDropped(n) { n = document.nextSkippingChildren(n, within: top); continue }
            if document.kind(n) == .text { count += stripped(document.text(n)) }
            n = document.next(n, within: top)
        }
        return count
    }
    private func stripped(_ text: String) -> Int {
        var count = 0
        for b in text.utf8 where b > 32 { count += 1 }
        return count
    }
    private func contains(_ top: NodeID, _ name: Atom) -> Bool {
        var n = document.next(top, within: top)
        while !n.isNone {
            if document.isHTML(n, name) { return true }
            n = document.next(n, within: top)
        }
        return false
    }

    // MARK: What is kept

    private func isDropped(_ n: NodeID) -> Bool {
        if document.namespace(n) != .html { return true }
        switch document.name(n) {
        case .script, .style, .nav, .aside, .footer, .form, .button, .input, .select, .textarea, .iframe, .noscript, .template, .object, .embed, .canvas, .video, .audio, .head, .link, .meta, .dialog: return true
        default: return document.hasAttribute(n, .hidden)
        }
    }
    private func isKept(_ name: Atom) -> Bool {
        switch name {
        case .h1, .h2, .h3, .h4, .h5, .h6, .p, .ul, .ol, .li, .dl, .dt, .dd, .blockquote, .pre, .code, .em, .strong, .b, .i, .sub, .sup, .br, .hr, .table, .thead, .tbody, .tr, .td, .th,
             .figure, .figcaption, .kbd, .samp, .var_, .q, .cite, .abbr, .del, .ins, .mark, .small, .caption: true
        default: false
        }
    }

    private func write(_ n: NodeID, _ out: inout String, depth: Int) {
        if document.kind(n) == .text { out += AboutPages.escaped(document.text(n)); return }
        guard document.isElement(n), depth == 0 || !isDropped(n) else { return }
        let name = document.name(n)
        if name == .img {
            if let src = document.attribute(n, .src), let url = base.resolve(src) { out += "<img src=\"\(AboutPages.escaped(url.href))\" alt=\"\(AboutPages.escaped(document.attribute(n, .alt) ?? ""))\">" }
            return
        }
        var open = "", close = ""
        if isKept(name) { open = "<\(name.string)>"; close = name == .br || name == .hr ? "" : "</\(name.string)>" }
        else if name == .a, let href = document.attribute(n, .href), let url = base.resolve(href) { open = "<a href=\"\(AboutPages.escaped(url.href))\">"; close = "</a>" }
        else if name == .div || name == .section || name == .article || name == .header { open = "<div>"; close = "</div>" }
        out += open
        if depth < Reader.depthMax { for child in document.children(n) { write(child, &out, depth: depth + 1) } }
        else { out += AboutPages.escaped(document.textContent(n)) }
        out += close
    }
}
