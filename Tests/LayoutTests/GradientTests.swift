// Linear gradients, text shadows and three-dimensional borders as they are painted (CSS Images 3 §3.1, CSS Text Decoration 3 §5,
// CSS Backgrounds 3 §3.2; REND-*, CSS-*).
import XCTest
import CSS
import Graphics
@testable import Layout

final class GradientTests: XCTestCase {
    private func pixel(_ page: PageView, _ x: Int, _ y: Int) -> UInt32 { Harness.pixels(page)[y * Int(page.viewportWidth) + x] & 0xFF_FFFF }

    func testStopsAlongTheLine() {
        let page = Harness.page("<div style='width:100px;height:20px;background:linear-gradient(to right,#f00,#0f0 50%,#00f 50%,#000)'></div>")
        XCTAssertEqual(pixel(page, 0, 10) >> 16, 252)
        XCTAssertEqual(pixel(page, 48, 10) >> 8 & 255, 247)
        XCTAssertEqual(pixel(page, 50, 10) & 0xFF, 252)
        XCTAssertLessThan(pixel(page, 99, 10), 4)
        XCTAssertEqual(pixel(page, 100, 10), 0xFFFFFF)
    }

    func testRampFillsInPositionsAndKeepsOrder() {
        let px = { (n: Int32) in Length.px(LayoutUnit(n)) }
        let ramp = GradientRamp([GradientStop(color: .black, position: nil), GradientStop(color: Color(100, 100, 100), position: nil), GradientStop(color: .white, position: px(30)), GradientStop(color: .black, position: px(10))], length: 100 * 64)
        XCTAssertEqual(ramp.pixel(0), 0xFF00_0000)
        XCTAssertEqual(ramp.pixel(65536 * 15 / 100), 0xFF64_6464)
        XCTAssertEqual(ramp.pixel(65536 * 40 / 100), 0xFF00_0000, "a stop before an earlier one stands at that one")
        // Half transparent red in premultiplied pixels.
        let clear = GradientRamp([GradientStop(color: Color(255, 0, 0), position: nil), GradientStop(color: Color(255, 0, 0, 0), position: nil)], length: 6400)
        XCTAssertEqual(clear.pixel(32768), 0x8080_0000)
    }

    func testAnglesAndCorners() {
        let page = Harness.page("<div style='width:40px;height:40px;border-radius:10px;background:linear-gradient(45deg,#f00,#00f)'></div>")
        XCTAssertEqual(pixel(page, 0, 0), 0xFFFFFF, "outside the round corner")
        XCTAssertGreaterThan(pixel(page, 4, 35) >> 16, 0xD0)
        XCTAssertGreaterThan(pixel(page, 35, 4) & 255, 0xD0)
        let middle = pixel(page, 20, 20)
        XCTAssertTrue((0x70...0x90).contains(middle >> 16) && (0x70...0x90).contains(middle & 255))
    }

    func testTextShadowLiesBelowTheText() {
        let page = Harness.page("<p>x</p>", css: "p{text-shadow:3px 2px #f00,1px 1px #00f}")
        let runs = page.displayList(scrollX: 0, scrollY: 0).items.compactMap { item -> (Color, Int32, Int32)? in if case .glyphs(_, _, let c, let g) = item { return (c, g[0].x, g[0].y) }; return nil }
        XCTAssertEqual(runs.map(\.0), [Color(0, 0, 255), Color(255, 0, 0), .black], "the first is on top")
        XCTAssertEqual(runs[1].1 - runs[2].1, 3 * 64)
        XCTAssertEqual(runs[1].2 - runs[2].2, 2 * 64)
        XCTAssertEqual(Harness.page("<p>x</p>", css: "p{text-shadow:1px 1px 1px 1px red}").displayList(scrollX: 0, scrollY: 0).items.filter { if case .glyphs = $0 { return true }; return false }.count, 1, "four lengths are invalid")
    }

    func testInsetBordersAndControlFrames() {
        let page = Harness.page("<div style='border:4px inset #808080;height:20px'></div><div style='border:4px inset;height:20px'></div>")
        XCTAssertEqual(pixel(page, 100, 1), 0x2C2C2C)
        XCTAssertEqual(pixel(page, 100, 26), 0xD4D4D4)
        XCTAssertEqual(pixel(page, 100, 29), 0x9A9A9A)
        XCTAssertEqual(pixel(page, 100, 54), 0xEEEEEE)
        // A background of the page takes away the browser's own frame.
        let field = Harness.page("<input style='display:block;background:#0f0'>")
        XCTAssertEqual(pixel(field, 10, 5), 0x00FF00)
    }
}
