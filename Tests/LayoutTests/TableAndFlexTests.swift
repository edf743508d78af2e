// Tables and flexible boxes against values computed by hand from CSS 2.2 §17.5 and CSS Flexbox §9.
import XCTest
import DOM
@testable import Layout

final class TableAndFlexTests: XCTestCase {
    private let reset = "table{border-spacing:0} td{padding:0}"

    func testColumnsTakeTheWidestCell() {
        let page = Harness.page("<table id=t><tr><td id=a><div style='width:50px;height:10px'></div><td id=b><div style='width:20px;height:30px'></div><tr><td id=c><div style='width:30px;height:5px'></div><td id=d><div style='width:80px;height:5px'></div></table>", css: reset)
        XCTAssertEqual(page.box("t"), "0,0 130x35")
        XCTAssertEqual(page.box("a"), "0,0 50x30")
        XCTAssertEqual(page.box("d"), "50,30 80x5")
    }

    func testSpacingAndPadding() {
        let page = Harness.page("<table id=t><tr><td id=a><div style='width:50px;height:10px'></div><td id=b><div style='width:20px;height:10px'></div></table>", css: "table{border-spacing:4px} td{padding:3px}")
        XCTAssertEqual(page.box("t"), "0,0 94x24")
        XCTAssertEqual(page.box("b"), "64,4 26x16")
    }

    func testSpans() {
        let page = Harness.page("<table id=t><tr><td id=a rowspan=2><div style='width:10px;height:50px'></div><td id=b colspan=2><div style='width:100px;height:10px'></div><tr><td id=c><div style='width:30px;height:10px'></div><td id=d><div style='width:30px;height:10px'></div></table>", css: reset)
        XCTAssertEqual(page.box("t"), "0,0 110x50")
        XCTAssertEqual(page.box("c"), "10,25 50x25")
        XCTAssertEqual(page.box("d"), "60,25 50x25")
    }

    func testSpecifiedAndPercentWidths() {
        let page = Harness.page("<table id=t style='width:400px'><tr><td id=a style='width:25%'><td id=b style='width:100px'><td id=c>x</table>", css: reset)
        XCTAssertEqual(page.rect(of: page.document.element(withID: Atom("a")))?.width, 100)
        XCTAssertEqual(page.rect(of: page.document.element(withID: Atom("b")))?.width, 100)
        XCTAssertEqual(page.rect(of: page.document.element(withID: Atom("c")))?.width, 200)
    }

    func testFixedLayout() {
        let page = Harness.page("<table id=t style='width:300px;table-layout:fixed'><tr><td style='width:50px'><td id=b>a<td id=c>aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa</table>", css: reset)
        XCTAssertEqual(page.rect(of: page.document.element(withID: Atom("b")))?.width, 125)
        XCTAssertEqual(page.rect(of: page.document.element(withID: Atom("c")))?.width, 125)
    }

    func testHeadAndFootOrderAndCaption() {
        let page = Harness.page("<table><caption id=k><div style='height:7px'></div></caption><tfoot><tr id=f><td><div style='height:10px;width:9px'></div></tfoot><tbody><tr id=b><td><div style='height:20px'></div></tbody><thead><tr id=h><td><div style='height:5px'></div></thead></table>", css: reset)
        XCTAssertEqual(page.box("h"), "0,7 9x5")
        XCTAssertEqual(page.box("b"), "0,12 9x20")
        XCTAssertEqual(page.box("f"), "0,32 9x10")
    }

    func testCellAlignment() {
        let page = Harness.page("<table><tr><td style='height:60px'><td style='vertical-align:bottom'><div id=a style='height:10px;width:10px'></div><td style='vertical-align:middle'><div id=b style='height:10px;width:10px'></div></table>", css: reset)
        XCTAssertEqual(page.box("a"), "0,50 10x10")
        XCTAssertEqual(page.box("b"), "10,25 10x10")
    }

    func testAnonymousTableParts() {
        let page = Harness.page("<div style='display:table-cell' id=a><div style='width:10px;height:10px'></div></div><div style='display:table-cell' id=b><div style='width:10px;height:10px'></div></div>")
        XCTAssertEqual(page.box("b"), "10,0 10x10")
    }

    func testCollapsedBordersAreSharedOnce() {
        let page = Harness.page("<table id=t style='border-collapse:collapse'><tr><td id=a style='border:1px solid'><div style='width:10px;height:10px'></div><td id=b style='border:1px solid'><div style='width:10px;height:10px'></div></table>", css: reset)
        XCTAssertEqual(page.box("t"), "0,0 23x12")
    }

    // MARK: Flex

    func testGrowAndShrink() {
        let item = "height:10px;min-width:0;"
        let page = Harness.page("<div style='display:flex'><div id=a style='\(item)flex:1'></div><div id=b style='\(item)flex:3'></div></div><div style='display:flex'><div id=c style='\(item)width:300px'></div><div id=d style='\(item)width:500px'></div></div>")
        XCTAssertEqual(page.box("a"), "0,0 100x10")
        XCTAssertEqual(page.box("b"), "100,0 300x10")
        XCTAssertEqual(page.box("c"), "0,10 150x10")
        XCTAssertEqual(page.box("d"), "150,10 250x10")
    }

    func testJustifyAlignAndGap() {
        let page = Harness.page("<div style='display:flex;justify-content:space-between;align-items:center;height:50px'><div id=a style='width:50px;height:10px'></div><div id=b style='width:50px;height:20px'></div></div><div style='display:flex;gap:15px'><div style='width:10px'></div><div id=c style='width:10px;height:10px'></div></div>")
        XCTAssertEqual(page.box("a"), "0,20 50x10")
        XCTAssertEqual(page.box("b"), "350,15 50x20")
        XCTAssertEqual(page.box("c"), "25,50 10x10")
    }

    func testWrapAndStretch() {
        let page = Harness.page("<div style='display:flex;flex-wrap:wrap' id=f><div id=a style='width:250px;height:30px'></div><div id=b style='width:100px'></div><div id=c style='width:100px;height:10px'></div></div>")
        XCTAssertEqual(page.box("b"), "250,0 100x30")
        XCTAssertEqual(page.box("c"), "0,30 100x10")
        XCTAssertEqual(page.box("f"), "0,0 400x40")
    }

    func testColumnWithAutoMargin() {
        let page = Harness.page("<div style='display:flex;flex-direction:column;height:100px'><div id=a style='height:10px'></div><div id=b style='height:10px;margin-top:auto;align-self:flex-end;width:20px'></div></div>")
        XCTAssertEqual(page.box("a"), "0,0 400x10")
        XCTAssertEqual(page.box("b"), "380,90 20x10")
    }

    func testMinContentIsTheFloor() {
        let page = Harness.page("<div style='display:flex;width:100px'><div id=a style='flex:1'><div style='width:80px;height:1px'></div></div><div id=b style='flex:1;height:1px'></div></div>")
        XCTAssertEqual(page.box("a"), "0,0 80x1")
        XCTAssertEqual(page.box("b"), "80,0 20x1")
    }
}
