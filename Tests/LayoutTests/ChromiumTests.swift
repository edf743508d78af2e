// Boxes against Chromium's, one case for each rule that layout follows because Chromium does (LAY-001 to LAY-035): what
// getBoundingClientRect gives there with the DejaVu faces, in 1/64 px. `scripts/compare` holds whole pages side by side.
import DOM
import XCTest
@testable import Layout

final class ChromiumTests: XCTestCase {
    private static let standards = "<!DOCTYPE html><meta charset=utf-8><style>body{margin:0;font:16px \"DejaVu Sans\"}</style>"
    private static let quirks = "<style>body{margin:0;font:16px \"DejaVu Sans\"}</style>"

    /// Lays the page out at 800 x 600 and compares x, y, width and height of elements by id.
    private func check(_ html: String, quirks: Bool = false, _ expected: [(id: String, box: [Int32])], line: UInt = #line) {
        let page = Harness.page(html: [UInt8](((quirks ? Self.quirks : Self.standards) + html).utf8), width: 800, height: 600)
        let boxes = page.elementBoxes()
        for (id, box) in expected {
            let node = page.document.element(withID: Atom(id))
            guard let found = boxes.first(where: { $0.node == node }) else { XCTFail("no element \(id)", line: line); continue }
            let ours = [found.x.raw, found.y.raw, found.width.raw, found.height.raw]
            XCTAssertTrue(zip(ours, box).allSatisfy { abs($0 - $1) <= 1 }, "\(id): \(ours.map { Double($0) / 64 }), Chromium \(box.map { Double($0) / 64 })", line: line)
        }
    }

    func testTextWidthsAreExact() {
        check("<span id=a>The quick brown fox jumps over the lazy dog</span><br><code id=b style='font:12.8px DejaVu Sans Mono'>--read-var-info=yes|no</code><br><span id=c style='font:17px DejaVu Serif'>AVAVAV Type To</span>", [
            ("a", [0, 0, 23032, 1216]), ("b", [0, 1408, 10848, 960]), ("c", [0, 2432, 9073, 1280])
        ])
    }

    func testKerningReachesAcrossElements() {
        check("<p id=p><a id=a>GArray</a>, <b id=b>y</b>. <i id=c>T</i>o <em style='padding:1px' id=d>T</em>o</p>", [
            ("p", [0, 1024, 51200, 1216]), ("a", [0, 1024, 3552, 1216]), ("b", [4203, 1024, 668, 1216]), ("c", [5522, 1024, 626, 1216]), ("d", [7100, 960, 754, 1344])
        ])
    }

    func testLinesEndAfterHyphensAndQuestionMarks() {
        check("<div id=a style='width:1px'>foo-bar</div><div id=b style='width:1px'>1-2</div><div id=c style='width:1px'>-1</div><div id=d style='width:1px'>a?b</div><div id=e style='width:1px'>a/b</div><div id=f style='width:1px'>a.(b)</div><div id=g style='width:1px'>f(x)</div><div id=h style='width:1px'>a&lt;b</div><div id=i style='width:1px'>a-$</div><div id=j style='width:1px'>x–y</div><div id=k style='width:1px'>x—y</div><div id=l style='width:1px'>«q»</div><div id=m style='width:1px'>a[0]</div><div id=n style='width:1px'>…b</div>", [
            ("a", [0, 0, 64, 2432]), ("b", [0, 2432, 64, 2432]), ("c", [0, 4864, 64, 1216]), ("d", [0, 6080, 64, 2432]), ("e", [0, 8512, 64, 1216]), ("f", [0, 9728, 64, 2432]), ("g", [0, 12160, 64, 1216]), ("h", [0, 13376, 64, 1216]), ("i", [0, 14592, 64, 1216]), ("j", [0, 15808, 64, 2432]), ("k", [0, 18240, 64, 3648]), ("l", [0, 21888, 64, 1216]), ("m", [0, 23104, 64, 1216]), ("n", [0, 24320, 64, 2432])
        ])
    }

    func testLinesEndBetweenElements() {
        check("<div id=a style='width:1px'>foo-<b id=b>bar</b></div><div id=c style='width:1px'><b>foo-</b><i id=d>bar</i></div>", [
            ("a", [0, 0, 64, 2432]), ("b", [0, 1216, 1929, 1216]), ("c", [0, 2432, 64, 2432]), ("d", [0, 3648, 1699, 1216])
        ])
    }

    func testEmptyBoxesStayBehindSpaces() {
        check("<div style='width:100px;text-align:justify'>aaaa bbbb <span id=a></span><b id=b>ccccccccc</b> d</div>", [
            ("a", [6400, 0, 0, 1216]), ("b", [0, 1216, 5463, 1216])
        ])
    }

    func testEdgesBelongToTheWordTheyClose() {
        check("<div style='width:85px'>aaaa <code style='padding:0 10px' id=a>bbb</code></div>", [
            ("a", [0, 1216, 3130, 1216])
        ])
    }

    func testQuirkyMarginsVanishInCells() {
        check("<table cellspacing=0 cellpadding=0><tr><td id=a><h2 id=b>x</h2><p id=c>y</p></td></table><p id=d>z</p>", quirks: true, [
            ("a", [0, 0, 991, 4282]), ("b", [0, 0, 991, 1792]), ("c", [0, 3066, 991, 1216]), ("d", [0, 5306, 51200, 1216])
        ])
    }

    func testQuirkyMarginsVanishAtTheTopOfBody() {
        check("<div id=a><p id=b>x</p></div><h3 id=c>y</h3>", quirks: true, [
            ("a", [0, 0, 51200, 1216]), ("b", [0, 0, 51200, 1216]), ("c", [0, 2414, 51200, 1344])
        ])
    }

    func testExAndChComeFromTheFont() {
        check("<div id=a style='width:10ex;height:4ch;font-family:DejaVu Serif'>x</div><div id=b style='margin:1ex;font:13px DejaVu Sans Mono'>y</div>", [
            ("a", [0, 0, 5320, 2606]), ("b", [455, 3061, 50290, 960])
        ])
    }

    func testBoxesOnEmptyLinesArePoints() {
        check("<p id=a>x</p><div><a id=b></a></div><ul><li><b id=c></b></ul>", [
            ("a", [0, 1024, 51200, 1216]), ("b", [0, 3264, 0, 0]), ("c", [2560, 3264, 0, 1216])
        ])
    }

    func testBreaksAfterOtherBoxesArePointsInQuirksMode() {
        check("<div id=a><code id=b>abc</code><br id=c>d<br id=e></div>", quirks: true, [
            ("a", [0, 0, 51200, 2432]), ("b", [0, 0, 1850, 1216]), ("c", [1850, 960, 0, 0]), ("e", [650, 1216, 0, 1216])
        ])
    }

    func testItemsMarginsCollapseThroughThem() {
        check("<ul id=u><li id=a><h3 id=b>x</h3></li><li id=c><p id=d>y</p></li></ul>", [
            ("u", [0, 1198, 51200, 3758]), ("a", [2560, 1198, 48640, 1344]), ("b", [2560, 1198, 48640, 1344]), ("c", [2560, 3740, 48640, 1216]), ("d", [2560, 3740, 48640, 1216])
        ])
    }

    func testMarkersPushLowContentsDown() {
        check("<ul><li id=a><pre id=b style='font:10px DejaVu Sans Mono'>x</pre></li></ul>", [
            ("a", [2560, 1024, 48640, 1088]), ("b", [2560, 1408, 48640, 704])
        ])
    }

    func testBorderSpacingIsWhole() {
        check("<table id=a style='border-spacing:4.8px 2.9px'><tr><td id=b>x<td id=c>y<tr><td id=d>z</table>", [
            ("a", [0, 0, 2236, 3072]), ("b", [256, 128, 734, 1344]), ("c", [1246, 128, 734, 1344]), ("d", [256, 1600, 734, 1344])
        ])
    }

    func testLegendsStandInTheBorder() {
        check("<fieldset id=a style='width:200px;margin:0'><legend id=b>Legend</legend><p id=c>x</p></fieldset><fieldset id=d style='border:30px solid;padding:0;margin:0'><legend id=e>L</legend><div id=f>y</div></fieldset>", [
            ("a", [0, 0, 14592, 5606]), ("b", [896, 0, 4018, 1216]), ("c", [896, 2598, 12800, 1216]), ("d", [0, 5606, 51200, 5056]), ("e", [1920, 5958, 827, 1216]), ("f", [1920, 7526, 47360, 1216])
        ])
    }

    func testColumnsAreBalanced() {
        check("<div id=a style='columns:3;width:600px'><p id=b>one</p><p id=c>two</p><p id=d>three</p><p id=e>four</p></div><div id=f style='column-count:2;column-gap:20px;width:220px'>aaaaaaaaa bbbbbbbbb ccccccccc ddddddddd eeeeeeeee</div>", [
            ("a", [0, 0, 38400, 3456]), ("b", [0, 1024, 12117, 1216]), ("c", [13141, 0, 12117, 1216]), ("d", [13141, 2240, 12117, 1216]), ("e", [26283, 0, 12117, 1216]), ("f", [0, 3456, 14080, 3648])
        ])
    }

    func testClearanceOnlyWhereFloatsReach() {
        check("<div style='float:left;width:10px;height:5px'></div><div style='height:40px'></div><div id=a><div id=b style='clear:both;margin-top:20px'>x</div></div>", [
            ("a", [0, 3840, 51200, 1216]), ("b", [0, 3840, 51200, 1216])
        ])
    }

    func testListBoxesAndMenus() {
        check("<select id=a><option>x<option>Longer option</select> <select id=b multiple><option id=c>a<option>bb</select> <select id=d size=2><option>a</select>", [
            ("a", [0, 3328, 7360, 1216]), ("b", [7686, 0, 1467, 4480]), ("c", [7750, 64, 1339, 1088]), ("d", [9479, 2176, 907, 2304])
        ])
    }

    func testFieldsAreAsWideAsTheirCharacters() {
        check("<input id=a> <input id=b size=5 style='font:12px DejaVu Sans Mono'> <textarea id=c cols=10 rows=3></textarea>", [
            ("a", [0, 2304, 11456, 1344]), ("b", [11782, 2368, 3328, 1280]), ("c", [15436, 0, 6528, 3264])
        ])
    }

    func testColumnItemsShrinkToTheirContents() {
        check("<div style='display:flex;flex-direction:column;height:60px;width:100px'><div id=a style='height:50px'>s</div><div id=b style='height:50px'>t</div></div><div style='display:flex;flex-direction:column;min-height:100px'><div id=c style='margin-top:auto'>u</div></div>", [
            ("a", [0, 0, 6400, 1920]), ("b", [0, 1920, 6400, 1920]), ("c", [0, 9024, 51200, 1216])
        ])
    }

    func testColumnsOfItemsWrap() {
        check("<div style='display:flex;flex-flow:column wrap;height:80px;width:300px'><div id=a style='height:50px'>a</div><div id=b style='height:50px'>b</div><div id=c style='height:20px'>c</div></div>", [
            ("a", [0, 0, 9589, 3200]), ("b", [9589, 0, 9611, 3200]), ("c", [9589, 3200, 9611, 1280])
        ])
    }

    func testLinesOfItemsStackUpwards() {
        check("<div style='display:flex;flex-wrap:wrap-reverse;width:100px;height:100px'><div id=a style='width:60px;height:20px'></div><div id=b style='width:60px;height:30px'></div></div>", [
            ("a", [0, 5120, 3840, 1280]), ("b", [0, 1600, 3840, 1920])
        ])
    }

    func testGridItemsShareABaseline() {
        check("<div id=g style='display:grid;grid-template-columns:50px 50px;align-items:baseline'><div id=a style='font-size:30px'>B</div><div id=b>b</div></div>", [
            ("g", [0, 0, 51200, 2240]), ("a", [0, 0, 3200, 2240]), ("b", [3200, 832, 3200, 1216])
        ])
    }

    func testQuirksFillTheViewport() {
        check("<div id=a style='height:50%'>x</div>", quirks: true, [
            ("a", [0, 0, 51200, 19200])
        ])
    }

    func testBodyLeavesRoomForTheLastMarginInQuirksMode() {
        check("<p id=p style='margin-bottom:24px'>x</p>", quirks: true, [("p", [0, 0, 51200, 1216])])
        let page = Harness.page(html: Array("<title>q</title><p>x</p>".utf8), width: 800, height: 600)
        XCTAssertEqual(page.contentHeight, 600, "no scroll bar")
    }

    func testSuperscriptsRiseByAThird() {
        check("<p id=p style='line-height:1.2em'>x<sup id=a>2</sup> y<sub id=b>i</sub></p>", [
            ("p", [0, 1024, 51200, 1902]), ("a", [606, 1152, 543, 960]), ("b", [2081, 1825, 237, 960])
        ])
    }

    func testLineHeightsRound() {
        check("<p id=a style='font-size:14px;line-height:1.3em'>x<br>y</p><p id=b style='font-size:14px;line-height:1.3'>x<br>y</p>", [
            ("a", [0, 896, 51200, 2330]), ("b", [0, 4122, 51200, 2328])
        ])
    }

    func testFullPercentageTakesAllThereIs() {
        check("<table id=a cellspacing=0 cellpadding=0><tr><td id=b>x<td id=c style='width:100%'>y<tr><td colspan=2>z</table>", [
            ("a", [0, 0, 51200, 2432]), ("b", [0, 0, 606, 1216]), ("c", [606, 0, 50594, 1216])
        ])
    }

    func testSpanningRowsShareHeight() {
        check("<table cellspacing=0 cellpadding=0><tr id=a><td rowspan=2><div style='height:100px'></div><td id=b>x<tr id=c><td>y</table>", [
            ("a", [0, 0, 606, 3200]), ("b", [0, 0, 606, 3200]), ("c", [0, 3200, 606, 3200])
        ])
    }

    func testRowBordersCollapse() {
        check("<table style='border-collapse:collapse' id=t><thead style='border-bottom:4px solid'><tr><th id=a>x</thead><tr style='border-bottom:2px solid'><td id=b>y<tr><td id=c>z</table>", [
            ("t", [0, 0, 789, 4416]), ("a", [0, 0, 789, 1472]), ("b", [0, 1472, 789, 1536]), ("c", [0, 3008, 789, 1408])
        ])
    }

    func testDrawingsKeepTheirRatio() {
        check("<div style='width:200px'><svg id=a viewBox='0 0 10 20'></svg></div><svg id=b width=30 viewBox='0 0 10 20'></svg><svg id=c></svg>", [
            ("a", [0, 0, 12800, 25600]), ("b", [0, 31616, 1920, 3840]), ("c", [1920, 25856, 19200, 9600])
        ])
    }

    /// Limits by keyword ask for the natural width, which does not ask for the limits (found by the css fuzzer).
    func testKeywordLimitsOfPictures() {
        check("<svg id=a style='display:block;width:500px;max-width:min-content'></svg><svg id=b style='display:block;min-width:max-content;width:10px'></svg><svg id=c style='display:block;max-width:fit-content'></svg>", [
            ("a", [0, 0, 19200, 9600]), ("b", [0, 9600, 19200, 9600]), ("c", [0, 19200, 19200, 9600])
        ])
    }

    func testInlineBoxesSpanTheLineOfABlock() {
        check("<div style='padding-left:7px'>aa <span id=a>bb<div id=b style='margin:0 20px'>block</div>cc</span></div>", [
            ("a", [448, 0, 50752, 3648]), ("b", [1728, 1216, 48192, 1216])
        ])
    }

    func testCollapsedBoxesStandAtTheirTopMargin() {
        check("<div style='height:10px'></div><div id=a style='margin:20px 0 30px'><p></p></div><div id=b style='height:1px;margin-top:5px'></div>", [
            ("a", [0, 1920, 51200, 0]), ("b", [0, 2560, 51200, 64])
        ])
    }

    func testPercentHeightsReachIntoLines() {
        check("<div style='height:100px'><span id=a style='display:inline-block;height:50%;width:10px'></span></div>", [
            ("a", [0, 0, 640, 3200])
        ])
    }

    func testMinimumHeightsOfRatios() {
        check("<div id=a style='aspect-ratio:2/1;width:60px'></div><p id=b>x</p>", [
            ("a", [0, 0, 3840, 1920]), ("b", [0, 2944, 51200, 1216])
        ])
    }

    func testMenusInsideMarkers() {
        check("<details open><summary><b id=a>s</b></summary>x</details><div style='display:list-item;list-style:inside disc'><b id=b>x</b></div>", [
            ("a", [1084, 0, 610, 1216]), ("b", [1408, 2432, 661, 1216])
        ])
    }

    func testMaximumWidthsOfCells() {
        check("<table cellspacing=0 cellpadding=0><tr><td id=a style='max-width:50px'>maximum width words<td id=b>x</table><table id=c></table>", [
            ("a", [0, 0, 3200, 3648]), ("b", [3200, 0, 606, 3648]), ("c", [0, 3648, 0, 0])
        ])
    }
}
