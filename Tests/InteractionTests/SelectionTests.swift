// Selection, copying and find in page (TAB-036…TAB-039).

import ABI
import DOM
import Testing
import Toolkit
@testable import Interaction

@Suite struct SelectionTests {
    static let text = "<h1 id=h>Title here</h1><p id=p>The <b>quick</b> brown   fox<br>jumps</p><table><tr><td id=c1>one</td><td>two</td></tr></table><p id=last>End of it</p>"

    @Test func everythingIsCopiedInReadingOrder() {
        let t = TestPage(Self.text)
        t.key(Key.a, .control)
        #expect(t.page.selectedText == "Title here\n\nThe quick brown fox\njumps\n\none\ttwo\n\nEnd of it")
        t.key(Key.c, .control)
        #expect(TextPainter.string(Clipboard.text) == t.page.selectedText)
        t.key(Key.escape)
        #expect(t.page.selectedText == "")
    }

    @Test func draggingSelectsAcrossElementsInBothDirections() {
        let t = TestPage("<p id=p style='margin:0'>alpha beta <i>gamma</i> delta</p>")
        let r = t.view.rect(of: t.node("p"))!
        t.drag(r.x, r.y + 10, 639, r.y + 10)
        #expect(t.page.selectedText == "alpha beta gamma delta")
        t.drag(639, r.y + 10, r.x, r.y + 10)
        #expect(t.page.selectedText == "alpha beta gamma delta")
        #expect(!t.page.selectionHighlights.isEmpty)
        t.click(r.x + 10, r.y + 10)
        #expect(t.page.selectedText == "")
    }

    @Test func doubleClickTakesAWordAndTripleTheParagraph() {
        let t = TestPage(Self.text)
        let r = t.view.rect(of: t.node("p"))!
        t.click(r.x + 50, r.y + 10, count: 2)
        #expect(t.page.selectedText == "quick")
        t.click(r.x + 50, r.y + 10, count: 3)
        #expect(t.page.selectedText == "The quick brown fox\njumps")
    }

    @Test func shiftClickExtendsAndSelectionSurvivesARelayout() {
        let t = TestPage("<p id=p>alpha beta gamma</p><p id=q>delta epsilon</p>")
        let p = t.view.rect(of: t.node("p"))!, q = t.view.rect(of: t.node("q"))!
        t.click(p.x, p.y + 10)
        t.click(639, q.y + 10, modifiers: .shift)
        #expect(t.page.selectedText == "alpha beta gamma\n\ndelta epsilon")
        t.view.viewportWidth = 80
        t.paint()
        #expect(t.page.selectedText == "alpha beta gamma\n\ndelta epsilon")
        t.document.setAttribute(t.node("q"), .style, "display:none")
        t.paint()
        #expect(t.page.selectedText == "", "what is not shown is not selected")
    }

    @Test func findIgnoresCaseCountsWrapsAndCrossesElements() {
        let t = TestPage("<p>Needle in a hay<b>stack</b>, another NEEDLE</p><div style='height:1500px'></div><p>needles Ünd ÜND</p><input value=needle>")
        #expect(t.page.find("needle") == FindResult(current: 1, count: 3, hasWrapped: false))
        #expect(t.page.findNext(backwards: false).current == 2)
        #expect(t.page.findNext(backwards: false).current == 3 && t.page.scrollY > 900, "scrolled to it")
        #expect(t.page.findNext(backwards: false) == FindResult(current: 1, count: 3, hasWrapped: true))
        #expect(t.page.findNext(backwards: true) == FindResult(current: 3, count: 3, hasWrapped: true))
        #expect(t.page.find("haystack").count == 1)
        #expect(t.page.find("ünd").count == 2)
        #expect(t.page.find("absent") == FindResult(current: 0, count: 0, hasWrapped: false))
        t.page.endFind()
        #expect(t.page.findHighlights.isEmpty)
    }

    @Test func foundTextIsLit() {
        let t = TestPage("<p>one two one</p>")
        let plain = t.pixels()
        _ = t.page.find("one")
        let lit = t.pixels()
        #expect(lit != plain)
        #expect(lit.contains { $0 & 0xFFFFFF == 0xFF9632 } && lit.contains { $0 & 0xFFFFFF == 0xFFEE88 })
        t.page.endFind()
        #expect(t.pixels() == plain)
    }
}
