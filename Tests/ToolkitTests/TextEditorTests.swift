// Line editing and widgets.
import Testing
import ABI
import Graphics
@testable import Toolkit

func press(_ code: UInt16, _ modifiers: KeyModifiers = [], _ character: UInt32 = 0) -> KeyEvent {
    KeyEvent(code: code, action: .down, modifiers: modifiers, character: character)
}

@Suite(.serialized) struct TextEditorTests {
    func type(_ e: inout TextEditor, _ s: String) { for c in s.unicodeScalars { _ = e.handle(press(0, [], c.value)) } }

    @Test func typingAndMoving() {
        var e = TextEditor()
        type(&e, "hello wörld")
        #expect(e.string == "hello wörld" && e.caret == 11)
        #expect(e.handle(press(Key.left, .control)) == .moved && e.caret == 6)
        #expect(e.handle(press(Key.backspace)) == .changed && e.string == "hellowörld")
        _ = e.handle(press(Key.home))
        #expect(e.handle(press(Key.backspace)) == .moved && e.string == "hellowörld")
        #expect(e.handle(press(Key.delete)) == .changed && e.string == "ellowörld")
        _ = e.handle(press(Key.end, .shift))
        #expect(e.selection == 0..<9)
        type(&e, "x")
        #expect(e.string == "x")
        #expect(e.handle(press(Key.enter, [], 10)) == .submit && e.handle(press(Key.escape, [], 27)) == .cancel)
        #expect(e.handle(KeyEvent(code: Key.a, action: .up, modifiers: [], character: 97)) == .ignored)
        #expect(e.handle(press(Key.t, .control, 116)) == .ignored)
    }
    @Test func clipboard() {
        var e = TextEditor("one two")
        _ = e.handle(press(Key.left, [.control, .shift]))
        _ = e.handle(press(Key.x, .control, 120))
        #expect(e.string == "one ")
        _ = e.handle(press(Key.v, .control, 118)); _ = e.handle(press(Key.v, .control, 118))
        #expect(e.string == "one twotwo")
        _ = e.handle(press(Key.a, .control, 97)); _ = e.handle(press(Key.c, .control, 99))
        #expect(Clipboard.text.count == 10)
        e.insert([65, 10, 7, 66])
        #expect(e.string == "A B")
    }
    @Test func deletingASelectionOnce() {
        var e = TextEditor("abcdef")
        e.place(2, extend: false); e.place(4, extend: true)
        #expect(e.handle(press(Key.backspace)) == .changed && e.string == "abef" && e.caret == 2)
        e.selectWord(at: 1)
        #expect(e.selection == 0..<4)
    }
    @Test func buttonClicksOnlyInside() {
        var b = Button("Go", Rect(10, 10, 20, 20))
        func p(_ kind: PointerEvent.Kind, _ x: Int32) -> PointerEvent { PointerEvent(kind: kind, x: x, y: 15) }
        #expect(!b.handle(p(.down, 15)).clicked && b.handle(p(.up, 15)).clicked)
        #expect(!b.handle(p(.down, 15)).clicked && !b.handle(p(.up, 50)).clicked)
        #expect(!b.handle(p(.up, 15)).clicked)
    }
}
