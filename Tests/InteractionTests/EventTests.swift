// Events, focus and links (DOM-002, DOM-003, DOM-008, TAB-009).

import ABI
import DOM
import Testing
import Toolkit
@testable import Interaction

@Suite struct EventTests {
    @Test func anEventIsCapturedHitsItsTargetAndBubbles() {
        let t = TestPage("<div id=outer><p id=inner><b id=leaf>text</b></p></div>")
        var log: [String] = []
        for id in ["outer", "inner", "leaf"] {
            t.page.listeners.add(t.node(id), .click, capture: true) { log.append("\(id) \($0.phase) capture") }
            t.page.listeners.add(t.node(id), .click) { log.append("\(id) \($0.phase)") }
        }
        t.click("leaf")
        #expect(log == ["outer capturing capture", "inner capturing capture", "leaf atTarget capture", "leaf atTarget", "inner bubbling", "outer bubbling"])
    }

    @Test func listenersStopRemoveAndRunOnce() {
        let t = TestPage("<div id=outer><b id=leaf>text</b></div>")
        var log: [String] = []
        let listeners = t.page.listeners
        var second: EventListeners.Token?
        listeners.add(t.node("leaf"), .click, once: true) { event in
            log.append("first")
            event.stopPropagation()
            if let second { listeners.remove(t.node("leaf"), second) }
        }
        second = listeners.add(t.node("leaf"), .click) { _ in log.append("removed") }
        listeners.add(t.node("outer"), .click) { _ in log.append("outer") }
        t.click("leaf")
        t.click("leaf")
        #expect(log == ["first", "outer"])
    }

    @Test func focusDoesNotBubbleAndFocusinDoes() {
        let t = TestPage("<div id=outer><input id=a><input id=b></div>")
        var log: [String] = []
        for kind in [EventKind.focus, .blur, .focusIn, .focusOut] { t.page.listeners.add(t.node("outer"), kind) { log.append($0.kind.name + " " + (t.document.attribute($0.target, .id) ?? "")) } }
        t.tab(2)
        #expect(log == ["focusin a", "focusout a", "focusin b"])
    }

    @Test func aCancelledClickFollowsNoLink() {
        let t = TestPage("<a id=a href=next>next</a>")
        t.page.listeners.add(t.node("a"), .click) { $0.preventDefault() }
        t.click("a")
        #expect(t.opened == [])
    }

    @Test func linksOpenByPointerAndKeys() {
        let t = TestPage("<a id=a href='  next?x=1 '>next</a> <a id=b href=other target=_blank>other</a>")
        t.click("a")
        t.click("a", button: 2)
        t.click("a", modifiers: .control)
        t.click("b")
        t.click("a", button: 1)
        #expect(t.opened == ["http://host/dir/next?x=1", "new http://host/dir/next?x=1", "new http://host/dir/next?x=1", "new http://host/dir/other"])
        #expect(t.focusedID == "b", "the primary button moves the focus, others do not")
    }

    @Test func enterFollowsTheFocusedLink() {
        let t = TestPage("<a id=a href=one>one</a><a id=b href=two>two</a>")
        t.tab(2)
        t.key(Key.enter, [], 10)
        #expect(t.opened == ["http://host/dir/two"])
        #expect(!t.key(Key.space), "space scrolls")
    }

    @Test func tabVisitsPositiveIndicesFirstAndSkipsWhatCannotBeUsed() {
        let t = TestPage("""
        <input id=a><input id=off disabled><a id=nolink>x</a><a id=link href=x>x</a><span id=no tabindex=-1>x</span><span id=yes tabindex=0>x</span>
        <input type=hidden id=hidden><div style='display:none'><input id=gone></div><input id=invisible style='visibility:hidden'>
        <input id=second tabindex=2><input id=first tabindex=1>
        <fieldset disabled><legend><input id=legend></legend><input id=inside></fieldset>
        <input type=radio name=r id=r1><input type=radio name=r id=r2 checked><input type=radio name=r id=r3>
        """)
        var seen: [String] = []
        for _ in 0..<8 { t.tab(); seen.append(t.focusedID) }
        #expect(seen == ["first", "second", "a", "link", "yes", "legend", "r2", ""])
        t.key(Key.tab, .shift)
        #expect(t.focusedID == "r2")
    }

    @Test func statesRestyleWhatTheySelect() {
        let css = "#a:hover{color:#010203} #a:active{color:#040506} #a:focus-visible{color:#070809} p:focus-within{color:#0a0b0c}"
        let t = TestPage("<p id=p><a id=a href=x>link</a></p>", css: css)
        func color() -> UInt32 { let c = t.view.styles.style(of: t.node("a")).color; return UInt32(c.red) << 16 | UInt32(c.green) << 8 | UInt32(c.blue) }
        let c = t.center("a")
        t.page.pointerMoved(c.x, c.y); t.paint()
        #expect(color() == 0x010203)
        t.page.pointerPressed(c.x, c.y, button: 0, modifiers: [], clickCount: 1); t.paint()
        #expect(color() == 0x040506)
        t.page.pointerReleased(c.x, c.y, button: 0, modifiers: []); t.paint()
        #expect(color() == 0x010203)
        #expect(t.view.styles.style(of: t.node("p")).color.red == 0x0a)
        t.page.pointerMoved(400, 400); t.paint()
        #expect(color() != 0x010203 && color() != 0x070809, "focused by pointer: not focus-visible")
        t.page.focus(.none, visible: false)
        t.tab()
        #expect(color() == 0x070809)
    }

    @Test func hoverReportsTheResolvedLinkAndTheShape() {
        let t = TestPage("<a id=a href='../up'>link</a><input id=i><p id=p>text text</p><button id=b>b</button>")
        for (id, expected) in [("a", "http://host/up hand"), ("i", " text"), ("b", " arrow")] {
            let c = t.center(id)
            t.page.pointerMoved(c.x, c.y)
            #expect(t.hover == expected)
        }
        t.page.pointerMoved(10, (t.view.rect(of: t.node("p"))?.y ?? 0) + 10)
        #expect(t.hover == " text")
    }

    @Test func detailsOpenByClickAndKey() {
        let t = TestPage("<details id=d><summary id=s>more</summary><p id=p>inside</p></details>")
        #expect(!t.view.hasBox(t.node("p")))
        t.click("s")
        #expect(t.view.hasBox(t.node("p")))
        t.tab()
        t.page.focus(t.node("s"), visible: true)
        t.key(Key.enter, [], 10)
        #expect(!t.view.hasBox(t.node("p")))
    }

    @Test func tabScrollsTheFocusedElementIntoView() {
        let t = TestPage("<a id=a href=x>x</a><div style='height:2000px'></div><a id=b href=y>y</a>")
        t.tab(2)
        #expect(t.focusedID == "b" && t.page.scrollY > 1500)
        t.key(Key.tab, .shift)
        #expect(t.focusedID == "a" && t.page.scrollY == 0)
    }
}
