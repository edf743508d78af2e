// Helpers of the CSS tests: a parsed page with its computed styles, and lookups by id.
import XCTest
import DOM
import HTML
import Graphics
@testable import CSS

final class Page {
    let document = Document()
    let engine: StyleEngine

    /// Parses the page, adds the built-in sheet and the given author sheets, and computes styles.
    init(_ html: String, _ sheets: String..., width: Int32 = 1000, height: Int32 = 800, quirks: Bool = false) {
        let parser = HTMLParser(document: document)
        parser.feed(Array(((quirks ? "" : "<!doctype html>") + html).utf8))
        parser.finish()
        engine = StyleEngine(document: document)
        engine.setViewport(width: width, height: height)
        engine.addUserAgentSheet()
        for sheet in sheets { engine.addAuthorSheet(sheet) }
        engine.computeStyles()
    }
    func node(_ id: String) -> NodeID { document.element(withID: Atom(id)) }
    func style(_ id: String) -> ComputedStyle { engine.style(of: node(id)) }
    func restyle() { engine.computeStyles() }
}

/// Style of `<div id=x>` with these declarations inside a 20px-font parent.
func styled(_ declarations: String) -> ComputedStyle {
    Page("<body style='font-size:20px'><div id=x>", "#x{" + declarations + "}").style("x")
}
func px(_ value: Int32) -> LayoutUnit { LayoutUnit(value) }
func rgb(_ value: UInt32) -> Color { Color(rgb: value) }

/// Ids of the elements of the page that a selector matches, in document order.
func matching(_ selector: String, _ html: String) -> String {
    let page = Page(html, selector + "{z-index:7}")
    var ids: [String] = [], node = page.document.documentElement
    while !node.isNone {
        if page.document.isElement(node), page.engine.style(of: node).zIndex == 7, let id = page.document.id(node) { ids.append(id.string) }
        node = page.document.next(node, within: page.document.root)
    }
    return ids.joined(separator: " ")
}
