// The page's icon on its way from a tab to the tab strip.
import Graphics
import TabProtocol
import XCTest
@testable import ChromeApp

final class TabIconTests: XCTestCase {
    func testIconTravelsInOneMessage() {
        let pixels = (0..<TabIcon.pixelCount).map { UInt32($0) &* 0x0101_0101 }
        let bytes = TabReport.icon(pixels).emit()
        XCTAssertLessThanOrEqual(bytes.count, 4096)
        guard case .icon(let back)? = TabReport.parse(bytes) else { return XCTFail("not an icon") }
        XCTAssertEqual(back, pixels)
        guard case .icon(let none)? = TabReport.parse(TabReport.icon([]).emit()) else { return XCTFail("not an icon") }
        XCTAssertEqual(none, [])
        XCTAssertNil(TabReport.parse(Array(bytes.dropLast())), "a message that is cut off is dropped")
    }

    func testEveryShownTabHasItsIcon() {
        func images(_ count: Int) -> Int {
            var strip = TabStrip()
            for _ in 0..<count { if let id = strip.open(url: "http://a/", afterActive: false) { strip.update(id) { $0.icon = [UInt32](repeating: 0xFF00_FF00, count: TabIcon.pixelCount) } } }
            let layout = ChromeLayout(width: 1024, height: 700, tabIDs: strip.tabs.map(\.id))
            let list = ChromeView(text: ChromeText(fonts: FontLibrary())).displayList(strip, layout)
            return list.items.reduce(0) { if case .image = $1 { return $0 + 1 }; return $0 }
        }
        XCTAssertEqual(images(3), 3)
        XCTAssertEqual(images(20), 20, "too narrow for a word, not for an icon")
        XCTAssertEqual(images(40), 34, "as many as fit")
    }
}
