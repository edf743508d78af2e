// Changes of element states (hover, focus) restyle what they can touch: the result is that of styling the page anew, and few
// elements are looked at (CSS-*: invalidation).
import XCTest
import DOM
import HTML
@testable import CSS

final class StateTests: XCTestCase {
    private static let sheet = """
        a:hover { color: #010101 } a:hover::before { content: "x" } a:active, a:focus-visible { background: #020202 }
        li:hover > ul { display: none } .box:hover .in { color: #030303 } #n:focus + label { color: #040404 } #n:focus ~ p b { color: #050505 }
        li:not(:hover) { margin-top: 1px } :is(h1, h2):hover > a { font-size: 40px } form:focus-within { border: 1px solid red }
        .deep:hover { color: #060606 } ul:hover { padding-left: 3px }
        """
    private static let html = """
        <body><h1 id=h>T <a href=x>l</a></h1><div class=box><p class=in>a <b class=in>b</b></p><a href=y>m <b>n</b></a></div>
        <ul><li>1 <ul><li>2 <a href=z>o</a></ul></li><li class=deep>3 <i>i</i> <b>b</b></li></ul>
        <form><input id=n><label>l <b>b</b></label><p>p <b>b</b></p></form><div><h2>u <a href=w>w</a></h2></div>
        """
    private func elements(_ document: Document) -> [NodeID] {
        (1..<UInt32(document.nodeIDLimit)).map { NodeID(raw: $0) }.filter { document.isElement($0) }
    }
    /// The same document styled from nothing.
    private func expectFresh(_ page: Page, _ sheet: String, _ what: String) {
        let fresh = StyleEngine(document: page.document)
        fresh.setViewport(width: 1000, height: 800)
        fresh.addUserAgentSheet()
        fresh.addAuthorSheet(sheet)
        fresh.computeStyles()
        for n in elements(page.document) {
            // What is inside `display: none` has no boxes, and its style is anything.
            var isShown = true, at = page.document.parent(n)
            while !at.isNone, isShown { isShown = !page.document.isElement(at) || fresh.style(of: at).box.display != .none; at = page.document.parent(at) }
            if !isShown { continue }
            XCTAssertTrue(page.engine.style(of: n).hasSameValues(as: fresh.style(of: n)), "\(page.document.name(n).string) \(n.raw), \(what)")
            for pseudo in [PseudoElement.before, .after, .marker] {
                let a = page.engine.pseudoStyle(of: n, pseudo), b = fresh.pseudoStyle(of: n, pseudo)
                XCTAssertTrue(a == nil ? b == nil : b != nil && a!.hasSameValues(as: b!), "\(n.raw) \(pseudo), \(what)")
            }
        }
    }

    func testStatesRestyleAsIfStyledAnew() {
        let page = Page(Self.html, Self.sheet)
        let all = elements(page.document), states: [ElementState] = [.hovered, .focused, .active, .focusVisible, .focusWithin, .checked]
        var random: UInt64 = 7
        func next(_ n: Int) -> Int { random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407; return Int((random >> 33) % UInt64(n)) }
        for step in 0..<150 {
            for _ in 0...next(4) {
                let n = all[next(all.count)]
                page.document.setState(n, page.document.state(n).symmetricDifference(states[next(states.count)]))
            }
            page.restyle()
            expectFresh(page, Self.sheet, "step \(step)")
        }
    }

    func testFewElementsAreLookedAt() {
        let rows = (0..<500).map { "<tr id=r\($0)><td><a id=a\($0) href=x>link</a> <i>x</i>" }.joined()
        let sheet = "a:hover { color: red } h1:hover > a { color: blue } tr:focus-within td { color: green } td:active + td { color: red }"
        let page = Page("<table>" + rows + "</table>", sheet)
        XCTAssertGreaterThan(page.engine.elementsStyled, 2000)
        func change(_ id: String, _ state: ElementState) { page.document.setState(page.node(id), page.document.state(page.node(id)).symmetricDifference(state)); page.restyle() }
        let version = page.engine.styleVersion
        change("a7", .hovered)
        XCTAssertEqual(page.engine.elementsStyled, 1)
        XCTAssertEqual(page.engine.styleVersion, version + 1)
        change("r9", .hovered)                             // no selector hovers rows
        XCTAssertEqual(page.engine.elementsStyled, 0)
        XCTAssertEqual(page.engine.styleVersion, version + 1)
        change("r9", .focusWithin)
        XCTAssertEqual(page.engine.elementsStyled, 4)      // tr, td, a, i
        change("a7", .checked)                             // not followed: everything
        XCTAssertGreaterThan(page.engine.elementsStyled, 2000)
        // More changes than are remembered: everything, and right.
        for i in 0..<300 { page.document.setState(page.node("a\(i)"), .hovered) }
        page.restyle()
        XCTAssertGreaterThan(page.engine.elementsStyled, 2000)
        expectFresh(page, sheet, "many")
    }

    func testHasMakesAStateCountEverywhere() {
        let sheet = "div:has(a:hover) p { color: red }"
        let page = Page("<div><a id=a href=x>l</a><p id=p>t</div>", sheet)
        page.document.setState(page.node("a"), .hovered)
        page.restyle()
        expectFresh(page, sheet, "has")
        XCTAssertEqual(page.style("p").color, rgb(0xff0000))
    }
}
