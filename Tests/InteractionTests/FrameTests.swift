// Frames as a page's interaction sees them: they take the focus in their place, and links say where they lead.

import ABI
import DOM
import TabProtocol
import Testing
import Toolkit
import WebNet
@testable import Interaction

@Suite struct FrameInteraction {
    @Test func linksNameTheirTarget() {
        let t = TestPage("<a id=a href=x>x</a> <a id=b href=x target=_Blank>x</a> <a id=c href=x target=_TOP>x</a> <a id=d href=x target=menu>x</a> <a id=e href=x target=_self>x</a>"
            + "<form id=f action=s target=menu><input id=i name=q><button id=s>go</button><button id=s2 formtarget=_parent>go</button></form>")
        var targets: [LinkTarget] = []
        t.page.onOpen = { targets.append($1) }
        for id in ["a", "b", "c", "d", "e"] { t.click(id) }
        t.click("d", modifiers: [.control])
        #expect(targets == [.here, .newTab, .named("_top"), .named("menu"), .here, .newTab])
        t.click("s"); t.click("s2")
        #expect(t.submitted.map(\.target) == [.named("menu"), .named("_parent")])
    }
    @Test func theBaseElementsTargetIsTheDefault() {
        let t = TestPage("<a id=a href=x>x</a> <a id=b href=x target=_self>x</a>")
        let head = t.document.head, base = t.document.createElement(.base)
        t.document.setAttribute(base, .target, "content")
        t.document.append(base, to: head)
        t.paint()
        var targets: [LinkTarget] = []
        t.page.onOpen = { targets.append($1) }
        t.click("a"); t.click("b")
        #expect(targets == [.named("content"), .here])
    }
    @Test func theFocusGoesThroughFrames() {
        let t = TestPage("<a id=a href=x>x</a><iframe id=f></iframe><input id=i>")
        var moves: [String] = [], left: [Bool] = []
        t.page.onFocusChange = { old, new, how in
            func id(_ n: NodeID) -> String { n.isNone ? "-" : t.document.attribute(n, .id) ?? "" }
            moves.append(id(old) + id(new) + (how == .forwards ? ">" : how == .backwards ? "<" : "."))
        }
        t.page.onFocusLeaves = { left.append($0) }
        t.tab(3)
        #expect(t.focusedID == "i" && moves == ["-a>", "af>", "fi>"] && left.isEmpty)
        t.key(Key.tab)
        #expect(t.focusedID == "" && left == [false])
        t.page.enterByKey(backwards: true)
        t.key(Key.tab, [.shift])
        #expect(t.focusedID == "f" && moves.suffix(2) == ["-i<", "if<"])
        #expect(!t.document.state(t.node("f")).contains(.focusVisible), "a frame shows the focus inside")
    }
}
