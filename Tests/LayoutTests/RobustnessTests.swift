// Hostile and absurd pages: bounded depth, time and memory, never a trap.
import XCTest
import DOM
import CSS
@testable import Layout

final class RobustnessTests: XCTestCase {
    private static func nested(_ open: String, _ count: Int, _ inner: String) -> PageView {
        let document = Document()
        let html = document.createElement(.html), body = document.createElement(.body)
        document.append(html, to: document.root)
        document.append(body, to: html)
        var parent = body
        for _ in 0..<count {
            let n = document.createElement(Atom(open), namespace: .html, attributes: [(Atom("style"), inner)])
            document.append(n, to: parent)
            parent = n
        }
        document.append(document.createText("deep"), to: parent)
        let styles = StyleEngine(document: document)
        styles.addUserAgentSheet()
        let page = PageView(document: document, fonts: Harness.fonts, styles: styles)
        page.update()
        return page
    }

    /// The stack that programs have, not the test runner's.
    private func onSmallStack(_ body: @escaping @Sendable () -> Void) {
        let done = expectation(description: "done")
        let thread = Thread { body(); done.fulfill() }
        thread.stackSize = 4 << 20    // debug frames are about four times as large as the program's
        thread.start()
        wait(for: [done], timeout: 60)
    }

    func testDeepNesting() {
        onSmallStack {
            for style in ["", "display:inline", "display:inline-block", "display:flex", "display:table", "display:table-cell", "float:left", "position:absolute", "display:flex;flex-direction:column", "overflow:hidden;opacity:0.9"] {
                let page = Self.nested("div", 2000, style)
                XCTAssertTrue(page.layoutTreeText().contains("deep"), style)
                _ = page.displayList(scrollX: 0, scrollY: 0)
                _ = page.hitTest(x: 10, y: 10)
            }
        }
    }

    func testAbsurdTables() {
        var rows = ""
        for _ in 0..<200 { rows += "<tr><td colspan=1000000000 rowspan=1000000000>x<td colspan=999>y" }
        let page = Harness.page("<table border=1>\(rows)</table>")
        XCTAssertLessThan(page.contentWidth, 200_000)
        _ = page.displayList(scrollX: 0, scrollY: 0)
    }

    /// The table of 100,000 rows is in the fuzzer's giants (`Fuzz bounds`); a debug build does ten thousand in two seconds.
    func testLongTable() {
        let page = Harness.page("<table border=1>" + String(repeating: "<tr><td>one<td>two", count: 10_000))
        XCTAssertGreaterThan(page.contentHeight, 200_000)
        XCTAssertLessThan(page.displayList(scrollX: 0, scrollY: 100_000).items.count, 1000, "only what is in view is painted")
    }

    func testHugeNumbers() {
        let page = Harness.page("<div style='width:1e30px;height:99999999999px;margin:-99999999px;padding:99999999px'>x</div><p style='font-size:99999999px'>big</p><p style='line-height:1e9;text-indent:-1e9px;letter-spacing:1e8px'>x y</p>")
        _ = page.displayList(scrollX: 0, scrollY: Int32.max - 1000)
        _ = page.displayList(scrollX: Int32.max - 1000, scrollY: 0)
        _ = page.hitTest(x: Int32.max, y: Int32.min)
    }

    func testLongLine() {
        var html = [UInt8]("<!DOCTYPE html><style>body{overflow-wrap:anywhere}</style><p>".utf8)
        html += [UInt8](repeating: 0x61, count: 1_000_000)
        html += [UInt8]("<p style='overflow-wrap:normal'>".utf8)
        html += [UInt8](repeating: 0x62, count: 3_000_000)
        let page = Harness.page(html: html)
        XCTAssertGreaterThan(page.contentHeight, 10_000)
        _ = page.displayList(scrollX: 0, scrollY: 0)
    }

    /// Control characters are text like any other, also where a line may break anywhere.
    func testControlCharacters() {
        for style in ["", "white-space:pre", "word-break:break-all", "width:1px"] {
            let page = Harness.page("<p id=a style='\(style)'>one\u{c}two \u{1}\u{1f} three&#127;\u{b}<p id=b>after")
            XCTAssertGreaterThan(page.contentHeight, 0, style)
            XCTAssertTrue(page.layoutTreeText().contains("after"), style)
        }
    }

    func testManyFloats() {
        var body = ""
        for i in 0..<3000 { body += "<div style='float:\(i % 3 == 0 ? "right" : "left");width:\(i % 37)px;height:\(i % 23)px'></div>" }
        XCTAssertGreaterThan(Harness.page(body).contentHeight, 300)
    }

    func testRandomTagSoup() {
        let tags = ["div", "span", "table", "tr", "td", "ul", "li", "p", "b", "img alt=x", "input", "button", "select", "br", "hr", "dl", "dt", "form", "caption", "col", "tbody"]
        let styles = ["display:flex", "display:inline-block", "float:left", "position:absolute", "position:relative;top:3px", "display:table-row", "display:none", "display:contents", "margin:-5px", "overflow:auto", "width:50%", "clear:both", "white-space:pre", "display:inline-flex", "position:fixed", "columns:2", "display:grid", "height:100%", "opacity:.5;z-index:3", "display:list-item"]
        var state: UInt32 = 12345
        func next(_ n: Int) -> Int { state = state &* 1664525 &+ 1013904223; return Int(state >> 8) % n }
        for _ in 0..<60 {
            var html = "<!DOCTYPE html>"
            for _ in 0..<120 {
                let tag = tags[next(tags.count)]
                switch next(4) {
                case 0: html += "</\(tag)>"
                case 1: html += " text \(next(1000)) "
                default: html += "<\(tag) style='\(styles[next(styles.count)]);\(styles[next(styles.count)])'>"
                }
            }
            let page = Harness.page(html: [UInt8](html.utf8))
            _ = page.displayList(scrollX: 0, scrollY: 0)
            _ = page.hitTest(x: 50, y: 50)
            page.viewportWidth = 100
            page.update()
        }
    }
}
