// The terminal without a window: editing, history, scrollback, commands.
import Testing
import ABI
import FileClient
@testable import Toolkit
@testable import TerminalApp

final class FakeSystem: ShellSystem {
    var killed: [UInt32] = []
    var list: [ProcessRecord]? = {
        var p = ProcessRecord()
        p.pid = 4; p.name = InlineName("browser"); p.state = 1; p.pagesResident = 40; p.pagesCompressed = 3; p.instructions = 12_345_678_901
        return [p]
    }()
    func processes() -> [ProcessRecord]? { list }
    func kill(pid: UInt32) -> SystemError? { if pid == 4 { killed.append(pid); return nil }; return .notFound }
    func memory() -> MemoryRecord { var m = MemoryRecord(); m.framesTotal = 4096; m.framesFree = 1000; m.pressureSome10 = 57; return m }
    func files() throws(FileError) -> FileClient { throw .serviceGone }
    var uptimeNanoseconds: UInt64 { 75_250_000_000 }
    var wallClockNanoseconds: UInt64 { 1_795_228_020 * 1_000_000_000 }
}

@Suite(.serialized) struct TerminalTests {
    let system = FakeSystem()
    func session() -> TerminalSession { TerminalSession(system: system) }
    func press(_ s: TerminalSession, _ code: UInt16, _ m: KeyModifiers = [], _ c: UInt32 = 0) { _ = s.handle(KeyEvent(code: code, action: .down, modifiers: m, character: c)) }
    func type(_ s: TerminalSession, _ text: String) {
        for c in text.unicodeScalars { if c == "\n" { press(s, Key.enter, [], 10) } else { press(s, 0, [], c.value) } }
    }
    func text(_ l: TerminalLine) -> String { TextPainter.string(l.cells) }
    func output(_ s: TerminalSession) -> [String] { s.screen.lines.map(text) }

    @Test func commands() {
        let s = session()
        type(s, "echo \"a  b\" c\\ d\n")
        #expect(output(s).suffix(2) == ["terrarium> echo \"a  b\" c\\ d", "a  b c d"])
        type(s, "ps\n")
        #expect(output(s).last == "    4 browser          waiting         2560        192        0        0 12,345,678,901")
        type(s, "kill 4\nkill 9\nkill x\nkill\n")
        #expect(output(s).contains("killed 4") && output(s).contains("kill: 9: no such process") && output(s).contains("kill: x is not a process number") && output(s).last == "usage: kill PID")
        #expect(system.killed == [4])
        type(s, "mem\n")
        #expect(output(s).contains("total                262,144 KiB") && output(s).last == "pressure over 10 s: some 5.7 %, full 0.0 %")
        type(s, "uptime\ndate\n")
        #expect(output(s).contains("up 1 min 15 s") && output(s).last == "2026-11-21 02:27:00 UTC")
        type(s, "hlep\nfrobnicate\n   \n")
        #expect(output(s).contains("Did you mean help?") && output(s).contains("frobnicate: no such command") && output(s).contains("Type help for the list of commands."))
        type(s, "help\n")
        for c in Shell.commands { #expect(output(s).contains { $0.hasPrefix(c.usage) }) }
        type(s, "clear\n")
        #expect(output(s).isEmpty)
        system.list = nil
        type(s, "ps\n")
        #expect(output(s).last == "ps: not permitted")
        type(s, "exit\n")
        #expect(s.isFinished)
    }
    @Test func historyKeepsTheDraft() {
        let s = session()
        type(s, "echo one\necho two\necho two\nhal")
        press(s, Key.up); #expect(s.editor.string == "echo two")
        press(s, Key.up); #expect(s.editor.string == "echo one")
        press(s, Key.up); #expect(s.editor.string == "echo one")
        press(s, Key.down); press(s, Key.down); press(s, Key.down)
        #expect(s.editor.string == "hal")
    }
    @Test func controlKeys() {
        let s = session()
        type(s, "half")
        press(s, Key.c, .control, 99)
        #expect(s.editor.isEmpty && output(s).last == "terrarium> half^C")
        press(s, Key.l, .control, 108)
        #expect(output(s).isEmpty)
        type(s, "up"); press(s, Key.tab)
        #expect(s.editor.string == "uptime ")
        press(s, Key.d, .control, 100)
        #expect(!s.isFinished)
        press(s, Key.escape, [], 27); press(s, Key.d, .control, 100)
        #expect(s.isFinished)
    }
    @Test func wrappingScrollingAndCaret() {
        let s = session()
        s.resize(columns: 20, rows: 4)
        type(s, "clear\n")
        #expect(s.rows().count == 1 && s.caret! == (row: 0, column: 11))
        type(s, "123456789")
        #expect(s.rows().count == 2 && s.caret! == (row: 1, column: 0))
        press(s, Key.home)
        #expect(s.caret! == (row: 0, column: 11))
        press(s, Key.c, .control, 99)
        for i in 0..<10 { type(s, "echo \(i)\n") }
        #expect(s.rows().map(text) == ["8", "terrarium> echo 9", "9", "terrarium>  "])
        s.scroll(2)
        #expect(s.rows().map(text).last == "terrarium> echo 9" && s.caret == nil)
        s.scroll(1000)
        #expect(text(s.rows()[0]) == "terrarium> 123456789")
        type(s, "x")
        #expect(s.back == 0)
        s.resize(columns: 1, rows: 1)
        #expect(s.rows().count == 1)
    }
    @Test func scrollbackIsBounded() {
        var b = ScreenBuffer()
        for i in 0..<10_000 { b.write("\(i)") }
        #expect(b.lines.count <= ScreenBuffer.lineCountMax * 5 / 4 && text(b.lines.last!) == "9999")
        b.write(String(repeating: "x", count: 100_000) + "\n\u{7}\tz")
        #expect(b.lines[b.lines.count - 2].cells.count == ScreenBuffer.lineLengthMax && text(b.lines.last!) == "\u{FFFD}       z")
    }
}
