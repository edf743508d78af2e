// Forms: typing, toggling, choosing, validating, sending, restoring (DOM-012, ACC-023).

import ABI
import DOM
import Testing
import Toolkit
import WebNet
@testable import Interaction

private let ctrl = KeyModifiers.control, shift = KeyModifiers.shift

@Suite struct FormTests {
    // MARK: Typing

    @Test func typingEditsTheFocusedField() {
        let t = TestPage("<input id=a value=old>")
        t.click("a")
        t.key(Key.end)
        t.type(" and new")
        #expect(t.value("a") == "old and new")
        t.key(Key.left, [ctrl]); t.key(Key.backspace, [ctrl])
        #expect(t.value("a") == "old new")
        t.key(Key.home); t.key(Key.delete); t.key(Key.right, [shift]); t.key(Key.right, [shift])
        t.type("X")
        #expect(t.value("a") == "X new")
        #expect(t.document.attribute(t.node("a"), .value) == "old", "markup keeps the default")
    }

    @Test func undoAndRedo() {
        let t = TestPage("<input id=a>")
        t.tab()
        t.type("abc")
        t.key(Key.backspace)
        t.key(44, [ctrl])
        #expect(t.value("a") == "abc")
        t.key(44, [ctrl])
        #expect(t.value("a") == "")
        t.key(21, [ctrl])
        #expect(t.value("a") == "abc")
    }

    @Test func cutCopyAndPasteGoThroughTheClipboard() {
        let t = TestPage("<input id=a value='one two'><input id=b><input id=p type=password value=secret>")
        var copies = 0
        t.page.onCopy = { copies += 1 }
        t.tab(); t.key(Key.c, [ctrl])
        t.tab(); t.key(Key.v, [ctrl]); t.key(Key.v, [ctrl])
        #expect(t.value("b") == "one twoone two")
        t.key(Key.a, [ctrl]); t.key(Key.x, [ctrl])
        #expect(t.value("b") == "" && TextPainter.string(Clipboard.text) == "one twoone two")
        t.tab(); t.key(Key.a, [ctrl]); t.key(Key.c, [ctrl])
        #expect(copies == 2, "a password is not copied")
    }

    @Test func readOnlyAndDisabledFieldsAreNotTypedInto() {
        let t = TestPage("<input id=r readonly value=r><input id=d disabled value=d><input id=m maxlength=3>")
        t.click("r"); t.type("x")
        t.click("d"); t.type("x")
        t.click("m"); t.type("12345")
        #expect([t.value("r"), t.value("d"), t.value("m")] == ["r", "d", "123"])
        #expect(t.focusedID == "m")
    }

    @Test func clickPlacesTheCaretAndDragSelects() {
        let t = TestPage("<input id=a value='hello brave world' style='width:300px'>")
        let r = t.view.rect(of: t.node("a"))!
        t.click(r.x + 4, r.y + 10)
        t.type("<")
        #expect(t.value("a") == "<hello brave world")
        t.click(r.maxX - 8, r.y + 10)
        t.type(">")
        #expect(t.value("a") == "<hello brave world>")
        t.click(r.x + 20, r.y + 10, count: 2)
        t.type("bye")
        #expect(t.value("a") == "<bye brave world>")
        t.drag(r.x + 4, r.y + 10, r.maxX - 8, r.y + 10)
        t.type("all")
        #expect(t.value("a") == "all")
    }

    @Test func aTextAreaWrapsAndMovesByLines() {
        let t = TestPage("<textarea id=a style='width:200px;height:60px;font:16px/20px \"DejaVu Sans\"'></textarea>")
        t.click("a")
        t.type("one\ntwo\nthree")
        #expect(t.value("a") == "one\ntwo\nthree")
        t.key(Key.up); t.key(Key.home); t.type("2:")
        #expect(t.value("a") == "one\n2:two\nthree")
        t.key(Key.a, [ctrl]); t.type("words that are far too many for one line of it")
        t.key(Key.home)
        t.type("|")
        #expect(!t.value("a").hasPrefix("|") && t.value("a").contains("|"), "home is the visual line's beginning")
        t.key(Key.home, [ctrl]); t.type("^")
        #expect(t.value("a").hasPrefix("^"))
        #expect(t.page.wheel(t.center("a").x, t.center("a").y, notches: -1) == false || true)
    }

    @Test func whatIsTypedIsPainted() {
        let t = TestPage("<input id=a placeholder=hint><textarea id=b rows=3></textarea>")
        let empty = t.pixels()
        t.tab(); t.type("Hello")
        let typed = t.pixels()
        #expect(empty != typed)
        t.page.focus(.none, visible: false)
        let unfocused = t.pixels()
        #expect(unfocused != typed, "no caret, no ring")
        #expect(unfocused != empty, "the text stays")
    }

    // MARK: Boxes, radio buttons, labels, drop-downs

    @Test func checkBoxesAndLabels() {
        let t = TestPage("<label id=l for=a>for</label><input type=checkbox id=a><label id=m>around <input type=checkbox id=b checked></label><label id=n>text<input id=c></label>")
        t.click("a")
        #expect(t.isChecked("a"))
        t.click("l")
        #expect(!t.isChecked("a"))
        let r = t.view.rect(of: t.node("m"))!
        t.click(r.x + 4, r.y + 10)
        #expect(!t.isChecked("b") && t.focusedID == "b")
        t.key(Key.space, [], 32)
        #expect(t.isChecked("b"))
        let n = t.view.rect(of: t.node("n"))!
        t.click(n.x + 3, n.y + 10)
        #expect(t.focusedID == "c")
    }

    @Test func oneRadioButtonOfAGroup() {
        let t = TestPage("<form><input type=radio name=g id=a checked><input type=radio name=g id=b><input type=radio name=g id=c disabled><input type=radio name=g id=d></form><input type=radio name=g id=x>")
        t.click("x")
        #expect(t.isChecked("x") && t.isChecked("a"), "another form's group")
        t.click("b")
        #expect(t.isChecked("b") && !t.isChecked("a"))
        t.key(Key.right)
        #expect(t.isChecked("d") && t.focusedID == "d")
        t.key(Key.down)
        #expect(t.isChecked("a"))
    }

    static let fruit = "<select id=s name=s><option>apple<option value=B>banana<option disabled>cherry<optgroup label=more><option>damson</optgroup></select>"

    @Test func aDropDownOpensAndChooses() {
        let t = TestPage(Self.fruit)
        let c = t.center("s")
        var changes = 0
        t.page.listeners.add(t.node("s"), .change) { _ in changes += 1 }
        t.click(c.x, c.y)
        let popup = t.page.popup!
        #expect(popup.rows.map { $0.text } == ["apple", "banana", "cherry", "more", "damson"])
        t.click(popup.rect.x + 10, popup.rect.y + 1 + SelectPopup.rowHeight * 2 + 5)
        #expect(t.page.popup != nil, "a disabled option is not chosen")
        t.click(popup.rect.x + 10, popup.rect.y + 1 + SelectPopup.rowHeight + 5)
        #expect(t.page.popup == nil && changes == 1)
        #expect(t.document.optionValue(t.document.shownOption(of: t.node("s"))) == "B")
        t.key(Key.down)
        #expect(t.document.optionText(t.document.shownOption(of: t.node("s"))) == "damson")
        t.key(200, [], 97)
        #expect(t.document.optionText(t.document.shownOption(of: t.node("s"))) == "apple", "by its first letter")
        t.key(Key.down, .alt); t.key(Key.end); t.key(Key.enter, [], 10)
        #expect(t.document.optionText(t.document.shownOption(of: t.node("s"))) == "damson")
        t.click(c.x, c.y); t.click(600, 400)
        #expect(t.page.popup == nil)
    }

    // MARK: Sending

    private func target(_ s: FormSubmission?) -> String { s.map { $0.method + " " + $0.url.href } ?? "none" }
    private func body(_ s: FormSubmission?) -> String { String(decoding: s?.body ?? [], as: UTF8.self) }

    static let everything = """
    <input name=text value='a b&c=ü'><input value=nameless><input type=checkbox name=off><input type=checkbox name=on checked><input type=checkbox name=v value=1 checked>
    <input type=radio name=r value=1><input type=radio name=r value=2 checked><input type=hidden name=h value=hid><input name=d disabled value=x>
    <select name=s><option>one<option selected value=2>two</select><select name=m multiple><option selected>x<option>y<option selected>z</select>
    <textarea name=t>
    line
    two</textarea><input type=password name=p value=pw><button id=b1 name=b value=1>One</button><button id=b2 name=b value=2>Two</button><input type=button name=no value=no>
    """

    @Test func getPutsTheEntriesIntoTheQuery() {
        let t = TestPage("<form id=f action=/find?replaced#x>\(Self.everything)</form>")
        t.click("b2")
        #expect(target(t.submitted.first) == "GET http://host/find?text=a+b%26c%3D%C3%BC&on=on&v=1&r=2&h=hid&s=2&m=x&m=z&t=line%0D%0Atwo&p=pw&b=2#x")
    }

    @Test func postSendsAUrlencodedBody() {
        let t = TestPage("<form id=f method=post>\(Self.everything)</form>")
        t.click("b1")
        #expect(target(t.submitted.first) == "POST http://host/dir/page?old")
        #expect(t.submitted.first?.contentType == "application/x-www-form-urlencoded")
        #expect(body(t.submitted.first) == "text=a+b%26c%3D%C3%BC&on=on&v=1&r=2&h=hid&s=2&m=x&m=z&t=line%0D%0Atwo&p=pw&b=1")
    }

    @Test func multipartKeepsTextAsItIs() {
        let t = TestPage("<form method=post enctype=multipart/form-data action=up><input name='a\"b' value='x&y'><input type=file name=file><button id=go>go</button></form>")
        t.click("go")
        let s = t.submitted[0]
        let boundary = s.contentType!.split(separator: "=")[1]
        #expect(body(s) == "--\(boundary)\r\nContent-Disposition: form-data; name=\"a%22b\"\r\n\r\nx&y\r\n--\(boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\"\r\nContent-Type: application/octet-stream\r\n\r\n\r\n--\(boundary)--\r\n")
    }

    @Test func enterSubmitsThroughTheDefaultButton() {
        let t = TestPage("<form action=q><input id=a name=q><input name=z><button name=go value=1>go</button></form><form action=w><input id=b name=q></form><form action=n><input id=c><input></form>")
        t.click("a"); t.type("x\n")
        t.click("b"); t.type("y\n")
        t.click("c"); t.type("z\n")
        #expect(t.submitted.map { target($0) } == ["GET http://host/dir/q?q=x&z=&go=1", "GET http://host/dir/w?q=y"])
    }

    @Test func formsThatTablesTakeApart() {
        let t = TestPage("<table><form action=q><tr><td><input name=a value=1></td></tr><tr><td><button id=go name=b value=2>go</button></td></tr></form></table>")
        t.click("go")
        #expect(target(t.submitted.first) == "GET http://host/dir/q?a=1&b=2")
    }

    @Test func buttonsOverrideTheForm() {
        let t = TestPage("<form action=a method=post><input name=q value=1><button id=b formaction=other formmethod=get formtarget=_blank>x</button></form><button id=out form=f2>out</button><form id=f2 action=two></form>")
        t.click("b")
        #expect(target(t.submitted.first) == "GET http://host/dir/other?q=1" && t.submitted[0].target == .newTab)
        t.click("out")
        #expect(target(t.submitted.last) == "GET http://host/dir/two?")
    }

    @Test func resetGoesBackToMarkup() {
        let t = TestPage("<form><input id=a value=1><input type=checkbox id=c checked>\(Self.fruit)<textarea id=t>x</textarea><input type=reset id=r></form>")
        t.click("a"); t.type("2"); t.click("c"); t.click("t"); t.type("y")
        t.page.focus(t.node("s"), visible: true); t.key(Key.end)
        #expect(t.value("a") != "1" && !t.isChecked("c") && t.value("t") != "x")
        t.click("r")
        #expect(t.value("a") == "1" && t.isChecked("c") && t.value("t") == "x" && t.document.optionText(t.document.shownOption(of: t.node("s"))) == "apple")
    }

    @Test func stateComesBack() {
        let body = "<form><input id=a value=1><input type=checkbox id=c checked>\(Self.fruit)<textarea id=t>x</textarea><input id=p type=password></form>"
        let t = TestPage(body)
        #expect(t.page.saveForms().isEmpty, "nothing touched, nothing kept")
        t.click("a"); t.key(Key.a, [ctrl]); t.type("typed"); t.click("c"); t.click("t"); t.type("y"); t.click("p"); t.type("secret")
        t.page.focus(t.node("s"), visible: true); t.key(Key.end)
        let state = t.page.saveForms()
        #expect(!String(decoding: state, as: UTF8.self).contains("secret"))
        let again = TestPage(body)
        again.page.restoreForms(state)
        #expect(again.value("a") == "typed" && !again.isChecked("c") && again.value("t") == t.value("t") && again.value("p") == "")
        #expect(again.document.optionText(again.document.shownOption(of: again.node("s"))) == "damson")
        again.page.restoreForms([1, 2, 3, 255, 255, 255])          // junk changes nothing
        let other = TestPage("<p>no controls</p>")
        other.page.restoreForms(state)
    }

    // MARK: Validation

    @Test(arguments: [
        ("required", "", false), ("required", "x", true), ("type=email", "a@b", true), ("type=email", "a@b.c-", false), ("type=email", "no", false), ("type=email multiple", "a@b, c@d", true),
        ("type=url", "http://x/", true), ("type=url", "x", false), ("type=number", "12", true), ("type=number", "1.5", false), ("type=number step=any", "1.5e3", true), ("type=number", "x", false),
        ("type=number min=3 max=5", "2", false), ("type=number min=3 max=5", "6", false), ("type=number min=0.1 step=0.2", "0.5", true), ("type=number min=0.1 step=0.2", "0.4", false),
        ("pattern='[a-z]{2,3}\\d+'", "ab1", true), ("pattern='[a-z]{2,3}\\d+'", "ab", false), ("pattern='a|bc'", "bc", true), ("pattern='a|bc'", "abc", false), ("pattern='(a+)+b'", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", true),
        ("pattern='('", "x", true), ("minlength=3", "ab", false), ("type=date", "2026-02-30", true), ("type=date", "26-2-3", false), ("disabled required", "", true), ("readonly required", "", true),
    ])
    func constraints(_ c: (String, String, Bool)) {
        let t = TestPage("<form><input id=i \(c.0)></form>")
        if !c.1.isEmpty { t.document.setControlValue(t.node("i"), c.1) }
        #expect((Validation.problem(t.document, t.node("i")) == nil) == c.2, "\(c)")
    }

    @Test func aWrongFieldGetsABubbleAndTheFocus() {
        let t = TestPage("<form action=q><input id=a name=a><input id=b name=b required><button id=go>go</button></form>")
        let before = t.pixels()
        t.click("go")
        #expect(t.submitted.isEmpty && t.focusedID == "b" && t.page.bubble?.message == "Please fill in this field.")
        #expect(before != t.pixels())
        t.type("x")
        #expect(t.page.bubble == nil)
        t.click("go")
        #expect(target(t.submitted.first) == "GET http://host/dir/q?a=&b=x")
    }

    @Test func novalidateAndRequiredGroups() {
        let t = TestPage("<form action=q><input type=radio name=r value=1 required id=r1><input type=radio name=r value=2 id=r2><select required name=s><option value=''>choose<option>x</select><button id=go>go</button><button id=skip formnovalidate>skip</button></form>")
        t.click("go")
        #expect(t.page.bubble?.message == "Please select one of these options.")
        t.click("r2"); t.click("go")
        #expect(t.page.bubble?.message == "Please select an item in the list.")
        t.click("skip")
        #expect(target(t.submitted.first) == "GET http://host/dir/q?r=2&s=")
    }

    @Test func eventsOfAForm() {
        let t = TestPage("<form id=f action=q><input id=a name=a><button id=go>go</button></form>")
        var log: [String] = []
        for kind in [EventKind.input, .change, .submit, .invalid] { t.page.listeners.add(t.node("f"), kind) { log.append($0.kind.name); if $0.kind == .submit { $0.preventDefault() } } }
        t.click("a"); t.type("x\n")
        #expect(log == ["input", "change", "submit"] && t.submitted.isEmpty)
    }
}
