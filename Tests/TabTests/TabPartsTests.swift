// Parts of the tab's program that need no machine: source view, names of downloads, zoom.

import DOM
import Graphics
import HTML
import Interaction
import Layout
import Testing
import WebNet
@testable import TabApp

@Suite struct TabPartsTests {
    private func highlighted(_ text: String, piece: Int) -> String {
        var h = SourceHighlighter(), out: [UInt8] = []
        let bytes = Array(text.utf8)
        var at = 0
        while at < bytes.count { out += h.feed(Array(bytes[at..<min(bytes.count, at + piece)])); at += piece }
        return String(decoding: out + h.finish(), as: UTF8.self)
    }

    @Test func sourceIsColouredAndNothingIsLost() {
        let source = "<!DOCTYPE html>\n<p class=\"a>b\" id=x hidden>1 < 2 &amp; \u{e9}<!-- c <b> --></p ><br/>'q'"
        let whole = highlighted(source, piece: 1000)
        #expect(whole.contains("<span class=c>!DOCTYPE html&gt;</span>"))
        #expect(whole.contains("&lt;<span class=t>p</span> <span class=a>class</span>=<span class=s>\"a&gt;b\"</span> <span class=a>id</span>=<span class=s>x</span> <span class=a>hidden</span>&gt;1 &lt; 2 &amp;amp; é"))
        #expect(whole.contains("<span class=c>!-- c &lt;b&gt; --&gt;</span>"))
        for piece in [1, 2, 3, 7] { #expect(highlighted(source, piece: piece) == whole) }
        var plain = "", inTag = false
        for c in whole { if c == "<" { inTag = true } else if c == ">" { inTag = false } else if !inTag { plain.append(c) } }
        #expect(plain == source.unicodeScalars.reduce("") { $0 + ($1 == "&" ? "&amp;" : $1 == "<" ? "&lt;" : $1 == ">" ? "&gt;" : String($1)) })
    }

    @Test func namesOfDownloadsAreSafe() {
        #expect(FileDownload.fileName("attachment; filename=\"a b.zip\"") == "a b.zip")
        #expect(FileDownload.fileName("attachment; filename=plain.zip; filename*=UTF-8\'\'na%C3%AFve.zip") == "naïve.zip")
        #expect(FileDownload.fileName("inline") == nil)
        #expect(FileDownload.safe("../../etc/passwd") == "_.._etc_passwd" && FileDownload.safe("") == "download" && FileDownload.safe("a\0b") == "a_b")
        #expect(FileDownload.safe(String(repeating: "é", count: 100)).utf8.count <= 120)
    }

    @Test func zoomKeepsEdgesTogether() {
        var list = DisplayList()
        for i in 0..<Int32(50) { list.append(.fill(Rect(i * 7, 0, 7, 3), .black)) }
        var end: Int32 = 0
        for item in list.scaled(percent: 133).items {
            guard case .fill(let r, _) = item else { Issue.record("another item"); return }
            #expect(r.x == end && r.width >= 9)
            end = r.maxX
        }
        #expect(end == (350 * 133 + 50) / 100)
    }

    private func readable(_ html: String) -> String {
        let document = Document()
        let parser = HTMLParser(document: document, encodingLabel: "utf-8")
        parser.feed(Array(html.utf8))
        parser.finish()
        return Reader(document: document, base: URL("http://h/d/p")!).html(address: "http://h/d/p") ?? "nothing"
    }

    @Test func theReaderKeepsTextAndLeavesTheRest() {
        let long = String(repeating: "words that matter ", count: 20)
        let marked = readable("<title>T</title><nav>menu</nav><article><h1>Head</h1><p>\(long)<a href=x onclick=bad()>link</a><script>bad()</script><img src=i.png alt=i></p><form><input></form><aside>ad</aside></article><footer>foot</footer>")
        #expect(marked.contains("<h1>Head</h1>") && marked.contains("<a href=\"http://h/d/x\">link</a>") && marked.contains("<img src=\"http://h/d/i.png\" alt=\"i\">"))
        for gone in ["menu", "bad()", "<input", ">ad<", "foot"] { #expect(!marked.contains(gone), "\(gone)") }
        let plain = readable("<title>T &amp; t</title><div>menu menu</div><div id=c><p>\(long)</p><p>\(long)</p></div><div><p>short</p></div>")
        #expect(plain.contains("<h1>T &amp;amp; t</h1>") == false && plain.contains("<h1>T &amp; t</h1>") && plain.contains("words that matter") && !plain.contains("menu menu"))
        #expect(readable("") == "nothing")
        #expect(readable(String(repeating: "<div>", count: 3000) + "<p>" + long).contains("words that matter"), "deep pages end")
    }

    /// A page that is left is gone: nothing in it holds itself.
    @Test func aPageThatIsDroppedLeavesNothing() throws {
        weak var document: Document?
        weak var view: PageView?
        weak var interaction: PageInteraction?
        do {
            let page = Page(url: try #require(URL("about:note")), flavour: .html, http: nil, fonts: FontLibrary())
            document = page.document; view = page.view; interaction = page.interaction
            _ = page.feed(Array("<!DOCTYPE html><style>p { color: red }</style><p>Text <input value=a> <img src=x.png>".utf8))
            page.finish()
            #expect(page.update(width: 300, height: 200))
            #expect(!page.update(width: 300, height: 200))
            _ = page.view.displayList(scrollX: 0, scrollY: 0)
            #expect(document != nil && view != nil && interaction != nil)
        }
        #expect(document == nil && view == nil && interaction == nil)
    }
}
