// Elements under the pointer get other colours and lines: boxes and layout stay, and the picture is that of a page made anew.
import XCTest
import DOM
import HTML
import CSS
import Graphics
@testable import Layout

final class RestyleTests: XCTestCase {
    /// The same document by a new view.
    private func fresh(_ page: PageView, _ css: String) -> PageView {
        let styles = StyleEngine(document: page.document)
        styles.addUserAgentSheet()
        styles.addAuthorSheet(css)
        let view = PageView(document: page.document, fonts: page.fonts, styles: styles)
        view.viewportWidth = page.viewportWidth
        view.viewportHeight = page.viewportHeight
        view.update()
        return view
    }
    private func page(_ css: String, _ body: String) -> PageView {
        let document = Document()
        let parser = HTMLParser(document: document)
        parser.feed(Array(("<!DOCTYPE html><body>" + body).utf8))
        parser.finish()
        let styles = StyleEngine(document: document)
        styles.addUserAgentSheet()
        styles.addAuthorSheet(css)
        let view = PageView(document: document, fonts: Harness.fonts, styles: styles)
        view.viewportWidth = 400
        view.viewportHeight = 200
        view.update()
        return view
    }
    private func node(_ page: PageView, _ id: String) -> NodeID { page.document.element(withID: Atom(id)) }
    private func toggle(_ page: PageView, _ n: NodeID, _ state: ElementState = .hovered) {
        page.document.setState(n, page.document.state(n).symmetricDifference(state))
    }

    private func list(_ page: PageView) -> String { "\(page.displayList(scrollX: 0, scrollY: 0).items)" }

    func testColoursAndLinesNeedNoLayout() {
        let css = "a { text-decoration: none } a:hover { color: #c00; text-decoration: underline; background: #ffc } #p:hover { background: #eef; color: #222 } .b:hover { border-color: green }"
        let page = page(css, "<p id=p>one <a id=a href=x>two <b>three</b> four</a> five <s>six <a id=c href=z>seven</a></s></p><div class=b id=d style='border: 2px solid'>box</div>")
        let version = page.textVersion, before = Harness.pixels(page)
        for step in [["a"], ["p"], ["a", "c"], ["d"], ["c"], ["p", "d"], ["a"], ["a"]] {
            for id in step { toggle(page, node(page, id)) }
            XCTAssertTrue(page.update())
            XCTAssertEqual(page.textVersion, version, "boxes were made again at \(step)")
            XCTAssertEqual(Harness.pixels(page), Harness.pixels(fresh(page, css)), "\(step)")
        }
        XCTAssertEqual(Harness.pixels(page), before)
        toggle(page, node(page, "a"))
        page.update()
        XCTAssertNotEqual(Harness.pixels(page), before)
    }

    func testWhatMovesBoxesMakesThemAgain() {
        for rule in ["font-weight: bold", "border: 1px solid", "display: none", "opacity: 0.5", "position: relative", "outline: 2px solid", "visibility: hidden"] {
            let css = "a:hover { \(rule) }", page = page(css, "<p>one <a id=a href=x>two three</a> four</p>"), version = page.textVersion
            toggle(page, node(page, "a"))
            XCTAssertTrue(page.update())
            XCTAssertNotEqual(page.textVersion, version, rule)
            XCTAssertEqual(Harness.pixels(page), Harness.pixels(fresh(page, css)), rule)
        }
    }

    func testManyStatesPaintAsAPageMadeAnew() {
        let css = """
            a:hover, td:hover, li:hover, summary:hover, input:hover, button:focus { color: #a00; background: #ee0; text-decoration: underline }
            li:hover > b { color: blue; text-decoration: line-through } table:hover td { border-color: #0a0 } p:hover::before { content: ">" }
            .f:hover span { color: #0aa; text-decoration: overline } :hover > i { letter-spacing: 1px } h2:focus { color: red }
            """
        let body = """
            <h2>Head <a href=x>link</a></h2><p>text <a href=x>a <u>u <i>i</i></u> <span style='float:right'>f</span></a> <a href=q><img alt=alt src=x><br>more</a></p>
            <ul><li>one <b>b</b> <a href=l>l</a><li>two</ul><table style='border-collapse:collapse' border=1><tr><td>1<td><a href=t>2</a></table>
            <table border=1><tr><td>3<td>4</table><div class=f><span>in <div>block</div> out</span></div><details open><summary>s</summary>d</details>
            <form><input value=v> <button>b <span>s</span></button> <label>l <span style='display:inline-block'>ib</span></label></form><a href=s><svg width=9 height=9><rect fill=currentColor width=9 height=9 /></svg>
            """
        let page = page(css, body)
        page.viewportHeight = 700
        page.update()
        let all = (1..<UInt32(page.document.nodeIDLimit)).map { NodeID(raw: $0) }.filter { page.document.isElement($0) }
        var random: UInt64 = 3, patched = 0, seen = page.textVersion
        func next(_ n: Int) -> Int { random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407; return Int((random >> 33) % UInt64(n)) }
        for step in 0..<60 {
            for _ in 0...next(2) { toggle(page, all[next(all.count)], next(4) == 0 ? .focused : .hovered) }
            if page.update(), page.textVersion == seen { patched += 1 }
            seen = page.textVersion
            XCTAssertEqual(list(page), list(fresh(page, css)), "step \(step)")
        }
        XCTAssertGreaterThan(patched, 5)
        XCTAssertLessThan(patched, 55)
    }
}
