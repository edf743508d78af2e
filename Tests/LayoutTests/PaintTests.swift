// Painting order, clipping, hit testing and queries.
import XCTest
import DOM
import Graphics
@testable import Layout

final class PaintTests: XCTestCase {
    private func pixel(_ page: PageView, _ x: Int, _ y: Int, scrollY: Int32 = 0) -> UInt32 {
        Harness.pixels(page, scrollY: scrollY)[y * Int(page.viewportWidth) + x] & 0xFF_FFFF
    }
    private func id(_ page: PageView, _ x: Int32, _ y: Int32) -> String {
        let n = page.hitTest(x: x, y: y)
        return n.isNone ? "" : page.document.id(n)?.string ?? page.document.name(n).string
    }

    func testBodyBackgroundCoversCanvas() {
        let page = Harness.page("x", css: "body{background:#102030}")
        XCTAssertEqual(pixel(page, 399, 299), 0x102030)
    }

    func testBorderAndBackground() {
        let page = Harness.page("<div style='width:20px;height:20px;border:5px solid #f00;background:#00f'></div>")
        XCTAssertEqual(pixel(page, 2, 2), 0xFF0000)
        XCTAssertEqual(pixel(page, 10, 10), 0x0000FF)
        XCTAssertEqual(pixel(page, 31, 10), 0xFFFFFF)
    }

    func testZOrder() {
        let css = "div{position:absolute;width:50px;height:50px;top:0;left:0}"
        let page = Harness.page("<div id=a style='z-index:2;background:#f00'></div><div id=b style='z-index:1;background:#0f0'></div><div id=c style='z-index:-1;background:#00f;width:100px'></div><p id=p style='width:100px;height:20px'></p>", css: css)
        XCTAssertEqual(pixel(page, 10, 10), 0xFF0000)
        XCTAssertEqual(pixel(page, 70, 10), 0x0000FF)
        XCTAssertEqual(id(page, 10, 10), "a")
        XCTAssertEqual(id(page, 70, 10), "p")
    }

    func testPositionedAboveFloatsAboveBlocks() {
        let page = Harness.page("<div id=f style='float:left;width:40px;height:40px;background:#0f0'></div><div id=b style='height:40px;background:#f00'></div><div id=r style='position:relative;top:-40px;width:20px;height:40px;background:#00f'></div>")
        XCTAssertEqual(pixel(page, 10, 10), 0x0000FF)
        XCTAssertEqual(pixel(page, 30, 10), 0x00FF00)
        XCTAssertEqual(pixel(page, 100, 10), 0xFF0000)
        XCTAssertEqual(id(page, 30, 10), "f")
    }

    func testOverflowClipsButNotAbsolutesOfOuterContainers() {
        let page = Harness.page("<div style='overflow:hidden;width:20px;height:20px'><div style='width:100px;height:100px;background:#f00'></div><div style='position:absolute;left:50px;top:0;width:10px;height:10px;background:#00f'></div></div>")
        XCTAssertEqual(pixel(page, 10, 10), 0xFF0000)
        XCTAssertEqual(pixel(page, 30, 10), 0xFFFFFF)
        XCTAssertEqual(pixel(page, 55, 5), 0x0000FF)
    }

    func testOpacityBlends() {
        let page = Harness.page("<div style='opacity:0.5;width:20px;height:20px;background:#000'></div>")
        let value = pixel(page, 5, 5) & 0xFF
        XCTAssertTrue(value > 120 && value < 135)
    }

    func testScrollingMovesThePageButNotFixedBoxes() {
        let page = Harness.page("<div style='height:100px'></div><div style='height:1000px;background:#0f0'></div><div style='position:fixed;top:0;left:0;width:10px;height:10px;background:#f00'></div>")
        XCTAssertEqual(pixel(page, 50, 50), 0xFFFFFF)
        XCTAssertEqual(pixel(page, 50, 50, scrollY: 100), 0x00FF00)
        XCTAssertEqual(pixel(page, 5, 5, scrollY: 100), 0xFF0000)
    }

    func testOnlyWhatIsVisibleIsListed() {
        var body = ""
        for i in 0..<500 { body += "<p>line \(i)</p>" }
        let page = Harness.page(body)
        XCTAssertLessThan(page.displayList(scrollX: 0, scrollY: 4000).items.count, 100)
    }

    func testLinksAnchorsAndControls() {
        let page = Harness.page("<p><a id=l href='next.html'>link</a> <label for=i>Label</label><input id=i></p><div style='height:700px'></div><p id=far>x</p><a name=old></a>")
        XCTAssertEqual(page.linkTarget(x: 5, y: 10), "next.html")
        XCTAssertNil(page.linkTarget(x: 5, y: 100))
        XCTAssertEqual(page.anchorY("far"), (page.rect(of: page.document.element(withID: Atom("far")))?.y)!)
        XCTAssertNotNil(page.anchorY("old"))
        XCTAssertNil(page.anchorY("nowhere"))
        XCTAssertEqual(page.formControl(x: 50, y: 10), page.document.element(withID: Atom("i")))
    }

    func testVisibilityHiddenIsNeitherPaintedNorHit() {
        let page = Harness.page("<div id=a style='visibility:hidden;height:20px;background:#f00'><span id=s style='visibility:visible'>x</span></div>")
        XCTAssertEqual(pixel(page, 200, 5), 0xFFFFFF)
        XCTAssertEqual(id(page, 4, 10), "s")
        XCTAssertEqual(id(page, 200, 10), "body")
    }

    func testUpdateDoesNothingWithoutAChange() {
        let page = Harness.page("<p id=p>a</p>")
        XCTAssertFalse(page.update())
        page.viewportWidth = 200
        XCTAssertTrue(page.update())
        XCTAssertEqual(page.box("p"), "0,0 200x20")
        page.document.setText(page.document.firstChild(page.document.element(withID: Atom("p"))), "b")
        XCTAssertTrue(page.update())
        XCTAssertEqual(page.lines("p"), ["b"])
    }
}

final class EllipsisTests: XCTestCase {
    func testOverflowingTextEndsInAnEllipsis() {
        let css = "div{width:60px;overflow:hidden;white-space:nowrap;height:20px}"
        let page = Harness.page("<div style='text-overflow:ellipsis'>long text that does not fit</div><div style='text-overflow:ellipsis'>ok</div>", css: css)
        var runs = 0
        for item in page.displayList(scrollX: 0, scrollY: 0).items { if case .glyphs = item { runs += 1 } }
        XCTAssertEqual(runs, 3)
    }
}

final class StickyTests: XCTestCase {
    func testStickyStaysInViewInsideItsContainer() {
        let page = Harness.page("<div style='height:500px'><div id=s style='position:sticky;top:10px;height:20px;background:#f00'></div></div><div style='height:2000px'></div>")
        func red(_ y: Int, _ scroll: Int32) -> Bool { Harness.pixels(page, scrollY: scroll)[y * 400 + 50] & 0xFF_FFFF == 0xFF0000 }
        XCTAssertTrue(red(15, 0))
        XCTAssertTrue(red(15, 100))
        XCTAssertFalse(red(5, 100))
        XCTAssertTrue(red(2, 490))      // pushed out by the container's end: 480 + 20 - 490
        XCTAssertFalse(red(15, 490))
        XCTAssertEqual(page.document.id(page.hitTest(x: 50, y: 115, scrollY: 100))?.string, "s")
    }
}
