// The document arena: links after every kind of change, attribute and class caches, reuse of records.
import XCTest
@testable import DOM

final class DocumentTests: XCTestCase {
    private func checkLinks(_ d: Document, _ n: NodeID) {
        var previous = NodeID.none
        for child in d.children(n) {
            XCTAssertEqual(d.parent(child), n)
            XCTAssertEqual(d.previousSibling(child), previous)
            previous = child
            checkLinks(d, child)
        }
        XCTAssertEqual(d.lastChild(n), previous)
    }

    /// Found by the fuzzer: a template's content may be the record for which all records move.
    func testEveryTemplateHasItsOwnContent() {
        for before in 0..<2 {
            let d = Document()
            for _ in 0..<before { _ = d.createText("one more") }
            var contents: Set<UInt32> = []
            for _ in 0..<3000 {
                let content = d.templateContent(d.createElement(.template))
                XCTAssertEqual(d.kind(content), .documentFragment)
                contents.insert(content.raw)
            }
            XCTAssertEqual(contents.count, 3000)
        }
    }

    func testSeededAtomsHaveTheirNumbers() {
        XCTAssertEqual(Atom("div"), .div)
        XCTAssertEqual(Atom("class"), .class_)
        XCTAssertEqual(Atom("xlink:href"), .xlinkHref)
        XCTAssertEqual(Atom("annotation-xml").string, "annotation-xml")
        XCTAssertEqual(Atom(""), .empty)
        XCTAssertNil(Atom(existing: "never-seen-before"))
        XCTAssertEqual(MemoryLayout<NodeRecord>.size, 44)
    }

    func testManyAtomsStayDistinct() {
        let atoms = (0..<5000).map { Atom("name\($0)") }
        XCTAssertEqual(Set(atoms).count, 5000)
        XCTAssertEqual(atoms[4321].string, "name4321")
        XCTAssertEqual(Atom("name4321"), atoms[4321])
    }

    func testInsertMoveRemove() {
        let d = Document()
        let html = d.createElement(.html), a = d.createElement(.a), b = d.createElement(.b), t = d.createText("x")
        d.append(html, to: d.root)
        d.append(a, to: html)
        d.append(b, to: html)
        d.insert(t, into: html, before: b)
        checkLinks(d, d.root)
        XCTAssertEqual(Array(d.children(html)), [a, t, b])
        d.append(a, to: b)
        checkLinks(d, d.root)
        XCTAssertEqual(Array(d.children(html)), [t, b])
        let before = d.mutationCount
        d.remove(t)
        XCTAssertGreaterThan(d.mutationCount, before)
        XCTAssertTrue(d.parent(t).isNone)
        checkLinks(d, d.root)
        d.destroy(b)
        XCTAssertTrue(d.firstChild(html).isNone)
        let reused = d.createElement(.p)
        XCTAssertTrue(reused == a || reused == b)
    }

    func testAttributesAndCaches() {
        let d = Document()
        let a = d.createElement(.a, attributes: [(.href, "x"), (.class_, " one  two "), (.href, "late")])
        let b = d.createElement(.b, attributes: [(.id, "me")])
        d.setAttribute(a, .title, "moved to the end of the table")
        XCTAssertEqual(d.attribute(a, .href), "x")
        XCTAssertEqual(d.attributes(a).map { $0.name }, [.href, .class_, .title])
        XCTAssertEqual(d.classes(a), [Atom("one"), Atom("two")])
        XCTAssertTrue(d.hasClass(a, Atom("two")))
        d.setAttribute(a, .class_, "three")
        XCTAssertEqual(d.classes(a), [Atom("three")])
        d.removeAttribute(a, .class_)
        XCTAssertEqual(d.classes(a), [])
        XCTAssertEqual(d.attribute(a, .title), "moved to the end of the table")
        XCTAssertEqual(d.id(b), Atom("me"))
        d.append(b, to: d.root)
        XCTAssertEqual(d.element(withID: Atom("me")), b)
    }

    func testTextAndTitleAndTemplates() {
        let d = Document()
        let html = d.createElement(.html), head = d.createElement(.head), title = d.createElement(.title)
        d.append(html, to: d.root); d.append(head, to: html); d.append(title, to: head)
        let text = d.createText("  A \n")
        d.append(text, to: title)
        d.appendText(to: text, " page ")
        XCTAssertEqual(d.title, "A page")
        XCTAssertEqual(d.head, head)
        XCTAssertEqual(d.textContent(html), "  A \n page ")
        let template = d.createElement(.template)
        d.append(d.createText("inside"), to: d.templateContent(template))
        XCTAssertTrue(d.firstChild(template).isNone)
        d.append(d.templateContent(template), to: html)
        XCTAssertEqual(d.text(d.lastChild(html)), "inside")
    }
}
