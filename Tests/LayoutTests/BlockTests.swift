// Block formatting against values that follow from CSS 2.2: margins, widths, heights, floats, clearance, positioning.
import XCTest
@testable import Layout

final class BlockTests: XCTestCase {
    func testSiblingMarginsCollapseToTheLarger() {
        let page = Harness.page("<div id=a style='height:10px;margin-bottom:30px'></div><div id=b style='height:10px;margin-top:20px'></div>")
        XCTAssertEqual(page.box("b"), "0,40 400x10")
    }

    func testNegativeMarginIsSubtracted() {
        let page = Harness.page("<div style='height:10px;margin-bottom:30px'></div><div id=b style='height:10px;margin-top:-12px'></div>")
        XCTAssertEqual(page.box("b"), "0,28 400x10")
    }

    func testFirstChildMarginCollapsesThroughParent() {
        let page = Harness.page("<div style='height:5px'></div><div id=p><div><div id=c style='margin-top:25px;height:10px'></div></div></div>")
        XCTAssertEqual(page.box("p"), "0,30 400x10")
        XCTAssertEqual(page.box("c"), "0,30 400x10")
    }

    func testPaddingAndBorderStopCollapsing() {
        let page = Harness.page("<div id=p style='padding-top:1px'><div id=c style='margin-top:25px;height:10px;margin-bottom:7px'></div></div><div id=n style='height:1px'></div>")
        XCTAssertEqual(page.box("p"), "0,0 400x36")
        XCTAssertEqual(page.box("c"), "0,26 400x10")
        XCTAssertEqual(page.box("n"), "0,43 400x1")
    }

    func testLastChildMarginLeavesAutoHeightParent() {
        let page = Harness.page("<div id=p><div style='height:10px;margin-bottom:40px'></div></div><div id=n style='height:1px;margin-top:15px'></div>")
        XCTAssertEqual(page.box("p"), "0,0 400x10")
        XCTAssertEqual(page.box("n"), "0,50 400x1")
    }

    func testEmptyBlockCollapsesThrough() {
        let page = Harness.page("<div style='height:10px'></div><div id=e style='margin:20px 0 30px'><p></p></div><div id=n style='height:1px;margin-top:5px'></div>")
        XCTAssertEqual(page.box("n"), "0,40 400x1")
        XCTAssertEqual(page.box("e"), "0,30 400x0", "as if it had content")
    }

    func testFormattingRootKeepsItsChildrensMargins() {
        let page = Harness.page("<div id=p style='overflow:hidden'><div style='margin:10px 0;height:10px'></div></div>")
        XCTAssertEqual(page.box("p"), "0,0 400x30")
    }

    func testAutoMarginsCentre() {
        let page = Harness.page("<div id=a style='width:100px;margin:0 auto;height:1px'></div><div id=b style='width:100px;margin-left:auto;height:1px'></div>")
        XCTAssertEqual(page.box("a"), "150,0 100x1")
        XCTAssertEqual(page.box("b"), "300,1 100x1")
    }

    func testBoxSizingAndLimits() {
        let page = Harness.page("""
            <div id=a style='width:100px;padding:10px;border:5px solid;height:20px'></div>
            <div id=b style='width:100px;padding:10px;border:5px solid;height:50px;box-sizing:border-box'></div>
            <div id=c style='width:50%;min-width:300px;height:10px;max-height:4px'></div><div id=d style='max-width:90px;height:1px;min-height:3px'></div>
            """)
        XCTAssertEqual(page.box("a"), "0,0 130x50")
        XCTAssertEqual(page.box("b"), "0,50 100x50")
        XCTAssertEqual(page.box("c"), "0,100 300x4")
        XCTAssertEqual(page.box("d"), "0,104 90x3")
    }

    func testPercentageHeightNeedsDefiniteParent() {
        let page = Harness.page("<div style='height:200px'><div id=a style='height:25%'></div></div><div><div id=b style='height:25%'></div></div>")
        XCTAssertEqual(page.box("a"), "0,0 400x50")
        XCTAssertEqual(page.box("b"), "0,200 400x0")
    }

    // MARK: Floats

    func testFloatsStackAndWrap() {
        let f = "style='float:left;width:150px;height:30px'"
        let page = Harness.page("<div id=a \(f)></div><div id=b \(f)></div><div id=c \(f)></div><div id=d style='float:right;width:50px;height:10px'></div>")
        XCTAssertEqual(page.box("a"), "0,0 150x30")
        XCTAssertEqual(page.box("b"), "150,0 150x30")
        XCTAssertEqual(page.box("c"), "0,30 150x30")
        XCTAssertEqual(page.box("d"), "350,30 50x10")
    }

    func testClearancePassesFloats() {
        let page = Harness.page("<div style='float:left;width:10px;height:50px'></div><div style='float:right;width:10px;height:80px'></div><p id=a style='clear:left'>x</p><p id=b style='clear:both'>y</p>")
        XCTAssertEqual(page.box("a"), "0,50 400x20")
        XCTAssertEqual(page.box("b"), "0,80 400x20")
    }

    func testFormattingRootContainsFloatsAndAvoidsOthers() {
        let page = Harness.page("<div style='float:left;width:100px;height:50px'></div><div id=r style='overflow:hidden'><div style='float:left;width:20px;height:33px'></div></div>")
        XCTAssertEqual(page.box("r"), "100,0 300x33")
    }

    func testFloatShrinksToFit() {
        let page = Harness.page("<div id=f style='float:left'><div style='width:70px;height:5px'></div><div style='width:30px;height:5px'></div></div>")
        XCTAssertEqual(page.box("f"), "0,0 70x10")
    }

    func testWideRootGoesBelowFloat() {
        let page = Harness.page("<div style='float:left;width:100px;height:50px'></div><div id=r style='overflow:hidden;width:350px;height:5px'></div>")
        XCTAssertEqual(page.box("r"), "0,50 350x5")
    }

    // MARK: Positioning

    func testAbsoluteAgainstPaddingBox() {
        let page = Harness.page("<div style='position:relative;border:5px solid;padding:10px;height:100px'><div id=a style='position:absolute;right:3px;bottom:4px;width:20px;height:10px'></div><div id=b style='position:absolute;left:0;right:0;top:0;height:1px'></div></div>")
        XCTAssertEqual(page.box("a"), "372,111 20x10")
        XCTAssertEqual(page.box("b"), "5,5 390x1")
    }

    func testRelativeMovesWithoutAffectingOthers() {
        let page = Harness.page("<div id=a style='position:relative;left:7px;top:3px;height:10px;width:10px'></div><div id=b style='height:10px'></div>")
        XCTAssertEqual(page.box("a"), "7,3 10x10")
        XCTAssertEqual(page.box("b"), "0,10 400x10")
    }

    func testStaticPositionOfAbsolute() {
        let page = Harness.page("<div style='height:10px'></div><div id=a style='position:absolute;width:5px;height:5px'></div><div id=b style='height:2px'></div>")
        XCTAssertEqual(page.box("a"), "0,10 5x5")
        XCTAssertEqual(page.box("b"), "0,10 400x2")
    }

    func testFixedIsAgainstViewport() {
        let page = Harness.page("<div style='height:1000px'></div><div id=a style='position:fixed;bottom:0;right:0;width:30px;height:20px'></div>")
        XCTAssertEqual(page.box("a"), "370,280 30x20")
        XCTAssertEqual(page.contentHeight, 1000)
    }
}
