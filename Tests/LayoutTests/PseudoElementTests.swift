// First lines, first letters, small capitals, ruby, sticky boxes and details by numbers that follow from the fonts
// (CSS Pseudo 4 §2, CSS Fonts 4 §6.6, CSS Ruby 1, CSS Position 3 §3.4, HTML §4.11.1; CSS-*, LAY-*, issue 4).
import XCTest
import CSS
import DOM
import Graphics
@testable import Layout

final class PseudoElementTests: XCTestCase {
    private func width(_ text: String, _ style: String) -> Int32 {
        let page = Harness.page("<span id=a style=\"\(style)\">\(text)</span>", width: 4000)
        return page.rect(of: page.document.element(withID: Atom("a")))?.width ?? -1
    }

    func testFirstLineHasItsOwnFontAndTheOthersDoNot() {
        let page = Harness.page("<p id=p>first <b>words</b> wrap <i id=i>here</i></p>", css: "p{width:120px} p::first-line{font-size:32px;line-height:40px}", width: 400)
        XCTAssertEqual(page.lines("p"), ["first ", "words wrap ", "here"].map { $0.hasSuffix(" ") ? String($0.dropLast()) : $0 })
        XCTAssertEqual(page.box("p"), "0,0 120x80")
        XCTAssertEqual(page.rect(of: page.document.element(withID: Atom("i")))?.width, width("here", "font-style:italic"))
        // Only the first line that has content counts, and its colour is painted.
        let painted = Harness.page("<p id=p>x<br>y</p>", css: "p::first-line{color:#f00}")
        let colors = painted.displayList(scrollX: 0, scrollY: 0).items.compactMap { item -> Color? in if case .glyphs(_, _, let c, _) = item { return c }; return nil }
        XCTAssertEqual(colors, [Color(255, 0, 0), .black])
    }

    func testFirstLineOfABlockIsThatOfItsFirstParagraphAndSurvivesAnotherLayout() {
        let page = Harness.page("<div><p id=a>one two</p><p id=b>three</p></div>", css: "div::first-line{line-height:50px}")
        XCTAssertEqual(page.box("a"), "0,0 400x50")
        XCTAssertEqual(page.box("b"), "0,50 400x20")
        let styles = page.tree.styles.count
        for width in [Int32(300), 200, 400] { page.viewportWidth = width; page.update() }
        XCTAssertEqual(page.box("a"), "0,0 400x50")
        XCTAssertEqual(page.tree.styles.count, styles, "a new layout makes no new styles")
    }

    func testFirstLineInASplitWordKeepsAllLetters() {
        let page = Harness.page("<p id=p>abcdefghijklmnopqrstuvwxyz</p>", css: "p{width:60px;overflow-wrap:anywhere} p::first-line{font-size:40px}")
        XCTAssertEqual(page.lines("p").joined(), "abcdefghijklmnopqrstuvwxyz")
        XCTAssertLessThan(page.lines("p")[0].count, page.lines("p")[1].count)
    }

    func testFirstLetterIsSplitOff() throws {
        for (text, letter, rest) in [("Once", "O", "nce"), ("  “Quoted” text", "“Q", "uoted” text"), ("(a) b", "(a)", " b"), ("1st", "1", "st"), ("e\u{301}t", "e\u{301}", "t")] {
            let parts = try XCTUnwrap(BoxBuilder.splitFirstLetter(text))
            XCTAssertEqual(parts.letter, letter)
            XCTAssertEqual(parts.rest, rest)
        }
        XCTAssertNil(BoxBuilder.splitFirstLetter("  \n"))
        XCTAssertNil(BoxBuilder.splitFirstLetter("“ ”"))
        let page = Harness.page("<p id=p>Once upon</p>", css: "p::first-letter{font-size:40px;line-height:60px}")
        XCTAssertEqual(page.lines("p"), ["Once upon"])
        XCTAssertEqual(page.box("p"), "0,0 400x60")
        // A float: the rest goes around it.
        let float = Harness.page("<p id=p>Once<br>upon <b id=b>a</b><br>time</p>", css: "p::first-letter{float:left;width:50px;height:40px}")
        XCTAssertEqual(float.lines("p"), ["nce", "upon a", "time"])
        let x = Int(float.box("b").split(separator: ",")[0]) ?? 0
        XCTAssertGreaterThan(x, 50)
    }

    func testSmallCapitalsAreSmallerCapitals() {
        // 16 px make small capitals of 11 px.
        XCTAssertEqual(width("hello", "font-variant:small-caps"), width("HELLO", "font-size:11px"))
        XCTAssertEqual(width("HELLO", "font-variant:small-caps"), width("HELLO", ""))
        XCTAssertEqual(width("123", "font-variant:small-caps"), width("123", ""))
        let page = Harness.page("<p>Ab</p>", css: "p{font-variant-caps:small-caps}")
        let runs = page.displayList(scrollX: 0, scrollY: 0).items.compactMap { item -> Int32? in if case .glyphs(_, let size, _, _) = item { return size }; return nil }
        XCTAssertEqual(runs, [16 * 64, 11 * 64])
    }

    func testRubyStandsAboveAndWidensItsBase() {
        let page = Harness.page("<p id=p>x<ruby id=r>i<rt id=t>annotation</rt></ruby></p>", css: "p{line-height:normal}")
        func rect(_ id: String) -> Rect { page.rect(of: page.document.element(withID: Atom(id))) ?? .zero }
        XCTAssertLessThan(rect("t").y, rect("r").y)
        XCTAssertGreaterThan(rect("t").width, rect("r").width)
        XCTAssertLessThanOrEqual(abs(rect("t").width - width("annotation", "font-size:8px")), 1)
        XCTAssertEqual(page.lines("p"), ["xi"])
        let plain = Harness.page("<p id=p>xi</p>", css: "p{line-height:normal}")
        XCTAssertGreaterThan(Int(page.box("p").split(separator: "x")[1]) ?? 0, Int(plain.box("p").split(separator: "x")[1]) ?? 0, "the line has room for it")
    }

    func testStickyAtEachEdge() {
        let page = Harness.page("<div style='height:1000px'>tall<div id=s style='position:sticky;bottom:10px;height:20px;background:#f00'></div></div>", height: 300)
        func top(_ scroll: Int32) -> Int32? {
            for item in page.displayList(scrollX: 0, scrollY: scroll).items { if case .fill(let r, let c) = item, c == Color(255, 0, 0) { return r.y } }
            return nil
        }
        XCTAssertEqual(top(0), 20, "in view: where it is")
        let low = Harness.page("<div style='height:1000px'><div style='height:900px'></div><div id=s style='position:sticky;bottom:10px;height:20px'></div></div><p>after</p>", height: 300)
        XCTAssertEqual(low.elementBoxes().first { low.document.id($0.node)?.string == "s" }?.y, LayoutUnit(270))
        let wide = Harness.page("<div style='display:flex;width:1000px'><div style='width:600px'></div><div id=s style='position:sticky;right:30px;width:50px'>x</div></div>")
        XCTAssertEqual(wide.elementBoxes().first { wide.document.id($0.node)?.string == "s" }?.x, LayoutUnit(320))
        XCTAssertEqual(wide.hitTest(x: 330, y: 5), wide.document.element(withID: Atom("s")), "and it is hit where it is seen")
    }

    func testClosedDetailsShowTheirSummaryOnly() {
        let html = "<details id=d>loose <p id=p>hidden</p><summary id=s>title</summary></details><details id=e>no summary</details>"
        let page = Harness.page(html)
        XCTAssertEqual(page.box("p"), "none")
        XCTAssertEqual(page.textLines().map(\.text).filter { $0.contains("loose") || $0.contains("hidden") || $0.contains("no summary") }, [])
        XCTAssertEqual(page.textLines().filter { $0.text.contains("Details") }.count, 1, "a summary of the browser's own")
        XCTAssertEqual(page.box("d"), "0,0 400x20")
        page.document.setAttribute(page.document.element(withID: Atom("d")), Atom("open"), "")
        page.update()
        XCTAssertNotEqual(page.box("p"), "none")
    }
}
