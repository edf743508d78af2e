// Fuzzing of the HTML parser: mutated pages, in pieces and whole. What must hold: the tree is the same however its bytes
// arrive, its depth is bounded, and so is its size for the bytes that made it.
import DOM
import Fuzzing
import HTML
import Machine

final class HTMLFuzzer: Fuzzer {
    private let corpus: Corpus
    private let tags = PageCorpus.tags.map { Array($0.utf8) }
    private let hasCanary: Bool
    private var tally = FuzzTally(["documents", "bytes", "nodes", "elements", "deepest", "foreign elements", "template contents", "quirks mode", "fragments", "other encodings"])
    /// The parser's own bound is 512 open elements; documents may hang below a fragment's root.
    static let depthMax = 540

    init(hasCanary: Bool) throws {
        self.hasCanary = hasCanary
        corpus = try PageCorpus.html()
    }
    let caseOperationCount = 20

    func run(seed: UInt64, operations: Int) throws {
        var random = SeededRandom(seed: seed, stream: "html fuzzer")
        for _ in 0..<operations { try once(&random) }
    }
    var coverage: [String] { tally.lines }

    private func once(_ random: inout SeededRandom) throws {
        var bytes = ByteMutator.mutate(random.pick(corpus.examples), corpus, &random)
        for _ in 0..<random.below(12) {         // tags where tags may begin
            let from = Int(random.below(UInt64(bytes.count + 1)))
            bytes.insert(contentsOf: random.pick(tags), at: bytes[from...].firstIndex(of: 0x3c) ?? bytes.count)
        }
        let context = random.below(5) == 0 ? random.pick(["div", "table", "tr", "select", "template", "svg", "title", "script", "body", "frameset"]) : nil
        let label = random.below(4) > 0 ? "utf-8" : random.pick([nil, "utf-16le", "windows-1252", "shift_jis", "gbk", "euc-kr", "big5", "iso-2022-jp", "x-user-defined"])
        let pieces = split(bytes, &random)
        let a = parse([bytes], context, label)
        let b = parse(pieces, context, label)
        if hasCanary, pieces.count > 40 { b.document.append(b.document.createComment("canary"), to: b.root) }
        let one = shape(a.document, a.root), other = shape(b.document, b.root)
        if one.hash != other.hash { throw FuzzFailure(description: "the tree depends on how its \(bytes.count) bytes arrive (\(label ?? "no encoding told"), \(context ?? "whole page")): " + difference(a, b)) }
        if one.depth > Self.depthMax { throw FuzzFailure(description: "a tree \(one.depth) deep") }
        // Each tag can rebuild at most the list of active formatting elements.
        if one.nodes > 64 + 70 * bytes.count { throw FuzzFailure(description: "\(one.nodes) nodes of \(bytes.count) bytes") }
        tally.add("documents"); tally.add("bytes", bytes.count); tally.add("nodes", one.nodes); tally.add("elements", one.elements)
        tally.add("deepest", max(0, one.depth - tally["deepest"]))
        tally.add("foreign elements", one.foreign); tally.add("template contents", one.templates)
        tally.add("quirks mode", a.document.isQuirks ? 1 : 0); tally.add("fragments", context == nil ? 0 : 1); tally.add("other encodings", label == "utf-8" ? 0 : 1)
    }

    private func split(_ bytes: [UInt8], _ random: inout SeededRandom) -> [[UInt8]] {
        var pieces: [[UInt8]] = [], at = 0
        let longest = random.pick([3, 40, 1000, 40_000])
        while at < bytes.count {
            let end = min(bytes.count, at + 1 + Int(random.below(UInt64(longest))))
            pieces.append(Array(bytes[at..<end]))
            at = end
        }
        return pieces
    }

    private func parse(_ pieces: [[UInt8]], _ context: String?, _ label: String?) -> (document: Document, root: NodeID) {
        let document = Document()
        let parser = context.map { HTMLParser(document: document, fragmentContext: Atom($0), namespace: $0 == "svg" ? .svg : .html) }
            ?? HTMLParser(document: document, encodingLabel: label)
        for piece in pieces { parser.feed(piece) }
        parser.finish()
        return (document, context == nil ? document.root : parser.fragmentRoot)
    }

    private func isText(_ document: Document, _ node: NodeID) -> Bool { !node.isNone && document.kind(node) == .text }

    private struct Shape { var hash: UInt64 = 0; var nodes = 0, elements = 0, depth = 0, foreign = 0, templates = 0 }

    /// The first node in which two trees differ.
    private func difference(_ a: (document: Document, root: NodeID), _ b: (document: Document, root: NodeID)) -> String {
        func lines(_ d: Document, _ root: NodeID) -> [String] {
            var lines: [String] = [], node = root
            while !node.isNone {
                lines.append(d.name(node).string + (d.isElement(node) ? " \(d.attributes(node).map { $0.name.string + "=" + $0.value })" : " " + d.text(node).debugDescription))
                node = d.next(node, within: root)
            }
            return lines
        }
        let one = lines(a.document, a.root), other = lines(b.document, b.root)
        guard let at = zip(one, other).enumerated().first(where: { $0.element.0 != $0.element.1 }) else { return "\(one.count) and \(other.count) nodes" }
        return "node \(at.offset) is '\(at.element.0.prefix(300))' or '\(at.element.1.prefix(300))'"
    }

    /// Everything a tree holds, in document order, folded into a number. Texts side by side count as one: long text is kept in
    /// nodes of 64 KiB, and where it is cut may depend on how it came.
    private func shape(_ document: Document, _ root: NodeID) -> Shape {
        var shape = Shape(), hasher = StateHasher()
        var stack: [(NodeID, Int)] = [(root, 0)]
        while let (node, depth) = stack.popLast() {
            if isText(document, node), isText(document, document.previousSibling(node)) { continue }
            shape.nodes += 1
            shape.depth = max(shape.depth, depth)
            hasher.add(depth)
            hasher.add(Array(document.name(node).string.utf8))
            if document.isElement(node) {
                shape.elements += 1
                if document.namespace(node) != .html { shape.foreign += 1 }
                for (name, value) in document.attributes(node) { hasher.add(Array((name.string + "=" + value).utf8)) }
                let content = document.templateContent(node)
                if !content.isNone { shape.templates += 1; stack.append((content, depth + 1)) }
            } else {
                var text = Array(document.text(node).utf8), next = document.nextSibling(node)
                while isText(document, node), isText(document, next) { text += Array(document.text(next).utf8); next = document.nextSibling(next) }
                hasher.add(text)
            }
            var child = document.lastChild(node)
            while !child.isNone { stack.append((child, depth + 1)); child = document.previousSibling(child) }
        }
        shape.hash = hasher.value
        return shape
    }
}

/// The pages of Tests/Pages and words of HTML and CSS.
enum PageCorpus {
    static let tags = ["<div>", "</div>", "<span>", "<p>", "</p>", "<table>", "<tr>", "<td colspan=1000 rowspan=70000>", "</table>", "<tbody>", "<caption>", "<col span=9999>", "<b>", "<i>", "<a href=x>",
                       "</b>", "</a>", "<nobr>", "<form>", "</form>", "<input type=checkbox>", "<button>", "<select>", "<option>", "<optgroup>", "<textarea>", "<svg>", "</svg>", "<math>", "<mi>",
                       "<foreignObject>", "<annotation-xml encoding=text/html>", "<template>", "</template>", "<script>", "</script>", "<style>", "</style>", "<title>", "</title>", "<plaintext>",
                       "<noscript>", "<iframe>", "<frameset>", "<frame>", "<html a=b>", "<body c=d>", "</body>", "</html>", "<!doctype html>", "<!doctype html public \"-//w3c//dtd html 3.2//en\">",
                       "<!--", "-->", "--!>", "<![CDATA[", "]]>", "<?x?>", "&amp;", "&notit;", "&#x10ffff;", "&#0;", "&#xd800;", "&CounterClockwiseContourIntegral;", "&", "<", ">", "</", "\0", "\u{feff}",
                       "<img src=a.png width=1e9>", "<br>", "<hr>", "<li>", "<dl><dt><dd>", "<ruby><rb><rt><rp>", "<ruby>a<rt>long annotation", "</ruby>", "<svg><pattern id=p width=1 height=1>", "<filter id=f><feOffset dx=1e9>", "<details><summary>", "<fieldset><legend>", "<meta charset=utf-16>", "<base href=x>", "<h1>",
                       "<marquee>", "<applet>", "<object>", "<dialog open>", "<video>", "<math><annotation-xml><svg>", "<pre>\n", "<image>", "<keygen>", "<listing>"]
    static func html() throws -> Corpus { Corpus(examples: try Corpus.files("Tests/Pages/features", [".html"]), words: tags + cssWords) }

    static let cssWords = ["{", "}", ";", ":", "(", ")", "[", "]", "/*", "*/", "\"", "'", "\\", "!important", "@media (min-width:0) {", "@import url(x);", "@supports (display:grid) {", "@layer a {", "@font-face {",
                           "display:grid;", "display:flex;", "display:inline-block;", "display:table;", "display:table-cell;", "display:contents;", "display:none;", "display:list-item;", "display:inline-flex;",
                           "float:left;", "float:right;", "clear:both;", "position:absolute;", "position:fixed;", "position:sticky;top:0;", "position:relative;left:-9px;", "width:calc(100% - (2 * 3em));",
                           "width:1e30px;", "height:50%;", "min-width:min-content;", "max-width:0;", "margin:-1000px auto;", "padding:99999999px;", "grid-template-columns:repeat(9999,1fr);",
                           "grid-template-columns:repeat(auto-fill,minmax(10px,1fr));", "grid-area:span 2000/9999999/-3/auto;", "flex:1 1 0;", "flex-wrap:wrap-reverse;", "order:-1;", "align-self:baseline;", "columns:3;",
                           "var(--a)", "--a:var(--b);--b:var(--a);", "--x: ;", "calc(1px / 0)", "calc(((((((1px)))))))", "min(1px,2em,3vw)", "clamp(1px,50%,1e9px)", "attr(x)", "url(data:,)", "rgb(1e9 -5 50% / 2)",
                           "hsl(1turn,100%,50%)", "color-mix(in srgb,red,blue)", "linear-gradient(1e9deg,red,blue 200%,lime -5px)", "content:counter(a,upper-roman) open-quote;", "counter-increment:a 2147483647;",
                           "font:99999px/1e9 serif;", "letter-spacing:-1e6px;", "text-indent:1e9px;", "white-space:pre;", "overflow:hidden;", "overflow:auto;", "opacity:.5;", "transform:rotate(1e9deg) scale(1e9);",
                           "z-index:2147483648;", "border-collapse:collapse;", "border:1e6px double red;", "border-radius:1e9px;", "box-shadow:0 0 1e9px red;", "table-layout:fixed;", "vertical-align:1e9px;",
                           ":is(", ":not(", ":where(", ":has(> *", ":nth-child(2147483647n-2147483648)", ":nth-last-of-type(odd)", "::before", "::first-line", "::first-letter", "::placeholder", "font-variant:small-caps;", "text-shadow:1px 1px 1e9px red,0 0;", "position:sticky;bottom:0;right:1px;", "fill:url(#p);", "filter:url(#f);", "stroke:var(--a);", "float:left;font-size:1e5px;", "::marker", ">", "+", "~", "*", "[a*=\"b\" i]", ",", "U+0-10FFFF", "#", ".", "@",
                           "text-overflow:ellipsis;", "quotes:'a' 'b';", "aspect-ratio:1/0;", "inset:0;", "gap:1e9px;", "line-height:0;", "word-break:break-all;", "direction:rtl;", "clip-path:circle(1e9px);"]
}
