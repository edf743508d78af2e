// Lines: breaking, white space, alignment. Widths come from DejaVu Sans at 16 px; its space is 5.09 px wide.
import XCTest
import DOM
@testable import Layout

final class InlineTests: XCTestCase {
    func testBreaksAtSpaces() {
        let page = Harness.page("<p id=p>aaa bbb ccc ddd</p>", css: "#p{font-family:'DejaVu Sans Mono';width:80px}")    // 9.63 px a letter
        XCTAssertEqual(page.lines("p"), ["aaa bbb", "ccc ddd"])
        XCTAssertEqual(page.box("p"), "0,0 80x40")
    }

    func testWhiteSpaceCollapsesAcrossElements() {
        let page = Harness.page("<p id=p>  a <b> b</b>  c \n </p>")
        XCTAssertEqual(page.lines("p"), ["a b c"])
    }

    func testPreKeepsSpacesAndNewlines() {
        let page = Harness.page("<pre id=p style='margin:0'>a  b\n\n c</pre>")
        XCTAssertEqual(page.lines("p"), ["a  b", "", " c"])
        XCTAssertEqual(page.rect(of: page.document.element(withID: Atom("p")))?.height, 60)
    }

    func testNowrapOverflows() {
        let page = Harness.page("<p id=p style='width:50px;white-space:nowrap'>one two three four</p>")
        XCTAssertEqual(page.lines("p").count, 1)
    }

    func testOverflowWrapSplitsWords() {
        let page = Harness.page("<p id=p style='width:50px;overflow-wrap:break-word;font-family:\"DejaVu Sans Mono\"'>abcdefghijkl</p>")
        XCTAssertEqual(page.lines("p"), ["abcde", "fghij", "kl"])
    }

    func testHyphenAndSoftHyphen() {
        let page = Harness.page("<p id=p style='width:60px'>well-known</p><p id=q style='width:60px'>won\u{AD}der\u{AD}ful</p>")
        XCTAssertEqual(page.lines("p"), ["well-", "known"])
        XCTAssertTrue(page.lines("q")[0].hasSuffix("-"))
    }

    func testIdeographsBreakAnywhere() {
        let page = Harness.page("<p id=p style='width:30px'>漢字漢字漢字。</p>")
        XCTAssertGreaterThan(page.lines("p").count, 1)
        for line in page.lines("p") { XCTAssertFalse(line.hasPrefix("。")) }
    }

    func testBreakElement() {
        let page = Harness.page("<p id=p>a<br>b<br><br>c</p>")
        XCTAssertEqual(page.lines("p"), ["a", "b", "", "c"])
        XCTAssertEqual(page.box("p"), "0,0 400x80")
    }

    func testLinesShortenBesideFloat() {
        let page = Harness.page("<div id=f style='float:left;width:200px;height:30px'></div><p id=p>one two three four five six seven eight nine ten eleven twelve</p>")
        let text = page.layoutTreeText()
        XCTAssertTrue(text.contains(" 200,1 ") || text.contains(" 200,0"), text)
        XCTAssertGreaterThan(page.lines("p").count, 2)
    }

    func testTextAlign() {
        let page = Harness.page("<p style='text-align:right'><span id=r style='display:inline-block;width:50px;height:5px'></span></p><p style='text-align:center'><span id=c style='display:inline-block;width:50px;height:5px'></span></p>")
        XCTAssertTrue(page.box("r").hasPrefix("350,"))
        XCTAssertTrue(page.box("c").hasPrefix("175,"))
    }

    func testInlineBlockSitsOnBaselineAndMiddle() {
        // 20 px line of DejaVu Sans 16: ascent 15, descent 4, half leading 0: baseline at 15 for the strut.
        let page = Harness.page("<p id=p>x<span id=a style='display:inline-block;width:10px;height:40px'></span></p>")
        XCTAssertEqual(page.rect(of: page.document.element(withID: Atom("a")))?.y, 0)
        XCTAssertEqual(page.rect(of: page.document.element(withID: Atom("p")))?.height, 45)
    }

    func testInlineBoxEdgesTakeRoom() {
        let page = Harness.page("<p><span id=s style='padding:0 10px;border:1px solid;margin-left:5px'><span id=i style='display:inline-block;width:20px;height:1px'></span></span></p>")
        XCTAssertTrue(page.box("i").hasPrefix("16,"))
        XCTAssertEqual(page.rect(of: page.document.element(withID: Atom("s")))?.width, 42)
    }

    func testBlockInsideInlineSplitsIt() {
        let page = Harness.page("<span>a<div id=d style='height:10px'></div>b</span>")
        XCTAssertEqual(page.box("d"), "0,20 400x10")
        XCTAssertEqual(page.contentHeight, 300)
        XCTAssertTrue(page.layoutTreeText().contains("text \"b\" 0,30"), page.layoutTreeText())
    }

    func testTextTransformAndIndent() {
        let page = Harness.page("<p id=p style='text-transform:uppercase'>aß</p><p id=q style='text-transform:capitalize'>one two</p><p style='text-indent:30px'><span id=i style='display:inline-block;width:5px;height:5px'></span></p>")
        XCTAssertEqual(page.lines("p"), ["ASS"])
        XCTAssertEqual(page.lines("q"), ["One Two"])
        XCTAssertTrue(page.box("i").hasPrefix("30,"))
    }

    func testGeneratedContentAndCounters() {
        let page = Harness.page("<ol style='counter-reset:c'><p id=a></p><p id=b></p></ol>", css: "p{counter-increment:c} p::before{content:counter(c) '. '} p::after{content:'!'}")
        XCTAssertEqual(page.lines("a"), ["1. !"])
        XCTAssertEqual(page.lines("b"), ["2. !"])
    }

    func testListMarkers() {
        let page = Harness.page("<ol start=3><li>x<li value=7>y</ol><ol type=i><li>z</ol>")
        var texts: [String] = []
        for b in 0..<page.tree.boxes.count { if let m = page.tree.markers[BoxID(b)] { texts.append(m.text) } }
        XCTAssertEqual(texts, ["3. ", "7. ", "i. "])
    }

    func testJustifyStretchesAllLinesButTheLast() {
        let page = Harness.page("<p id=p style='width:150px;text-align:justify'>one two three four five six</p>")
        let lines = page.layoutTreeText().split(separator: "\n").filter { $0.contains("text \"") }
        XCTAssertTrue(lines[0].contains(" 149.9") || lines[0].contains(" 150x"), String(lines[0]))
        XCTAssertFalse(lines[lines.count - 1].contains(" 150x"))
    }
}
