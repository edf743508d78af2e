// The console shell with a system made for the test: line editing, commands, errors that help, type-ahead, ctrl-c.

import ABI
import ConsoleText
import Testing
@testable import ShellApp

private final class FakeHost: ShellHost {
    var output: [UInt8] = []
    var started: [(name: String, arguments: String, isForeground: Bool)] = []
    var killed: [UInt32] = []
    var isOff = false
    let programs = ["init", "shell", "demo", "spinner"]
    var uptimeNanoseconds: UInt64 = 12_500_000_000
    var wallClockNanoseconds: UInt64 = 1_767_225_600_000_000_000
    var text: String { String(decoding: output, as: UTF8.self) }

    func write(_ bytes: [UInt8]) { output += bytes }
    func processes() -> [ProcessRecord]? {
        var p = ProcessRecord()
        p.pid = 7
        p.name = InlineName("spinner")
        p.instructions = 1_234_567
        return [p]
    }
    func kill(pid: UInt32) -> SystemError? {
        if pid > 50 { return .notFound }
        killed.append(pid)
        return nil
    }
    func memory() -> MemoryRecord {
        var m = MemoryRecord()
        m.framesTotal = 1024
        m.framesFree = 1000
        return m
    }
    func services() -> [String] { ["witness"] }
    func start(_ name: String, arguments: String, isForeground: Bool) -> Result<ShellJob, SystemError> {
        guard programs.contains(name) else { return .failure(.notFound) }
        started.append((name, arguments, isForeground))
        return .success(ShellJob(pid: UInt32(9 + started.count), name: name))
    }
    func powerOff() { isOff = true }
}

@Suite struct ShellTests {
    private func session(_ typed: String, command: String = "") -> (host: FakeHost, shell: ConsoleShell) {
        let host = FakeHost(), shell = ConsoleShell(host)
        shell.begin(command: command)
        shell.typed(Array(typed.utf8))
        return (host, shell)
    }

    @Test(arguments: [
        ("help\n", "kill PID"), ("ps\n", "1,234,567"), ("mem\n", "64,000 KiB"), ("services\n", "  witness"), ("time\n", "2026-01-01 00:00:00 UTC"), ("uptime\n", "up 12.5 s"),
        ("echo a  \"b  c\"\n", "\na b  c\n"), ("kill 7\n", "killed 7"), ("kill 99\n", "kill: 99: no such process"), ("kill\n", "usage: kill PID"), ("kill x\n", "'x' is not a process number"),
        ("kill 1\n", "process 1 is init"), ("spawn\n", "usage: spawn PROGRAM"), ("spawn spiner\n", "Did you mean spinner?"), ("spawn spinner\n", "[10] spinner"), ("sp\n", "Did you mean ps?"),
        ("spinner\n", "spawn spinner"), ("hepl\n", "Did you mean help?"), ("xyzzy\n", "Type help"),
    ])
    func commandsAnswer(_ typed: String, _ expected: String) {
        let (host, _) = session(typed)
        #expect(host.text.contains(expected), "\(host.text)")
        #expect(host.text.hasSuffix("> "), "\(host.text)")
    }
    @Test func exitAndEndOfInputPowerOff() {
        #expect(session("exit\n").host.isOff)
        #expect(session("\u{04}").host.isOff)
        #expect(!session("x\u{04}").host.isOff)
        #expect(session("exit\nps\n").host.killed.isEmpty)
    }
    /// What is typed while a program has the console is for the shell, later; ctrl-c ends the program.
    @Test func typeAheadWaitsAndControlCInterrupts() {
        let (host, shell) = session("echo later\n", command: "demo")
        #expect(host.started.first?.isForeground == true && !host.text.contains("> "))
        shell.ended(ShellJob(pid: 10, name: "demo"), reason: .exited, code: 0)
        #expect(host.text.contains("> echo later\nlater\n> "), "\(host.text)")
        shell.typed(Array("demo\nignored".utf8))
        shell.typed([3])
        #expect(host.killed == [11])
        shell.ended(ShellJob(pid: 11, name: "demo"), reason: .killed, code: 0)
        #expect(host.text.hasSuffix("demo: killed\n> "), "\(host.text)")
    }
    @Test func aJobThatEndsIsReported() {
        let (host, shell) = session("spawn spinner\n")
        shell.ended(ShellJob(pid: 10, name: "spinner"), reason: .badAccess, code: 0)
        #expect(host.text.hasSuffix("[10] spinner: bad access\n> "), "\(host.text)")
    }

    /// What is typed when a job ends stays, on the new prompt.
    @Test func aHalfTypedLineSurvivesAMessage() {
        let (host, shell) = session("spawn spinner\nech")
        shell.ended(ShellJob(pid: 10, name: "spinner"), reason: .killed, code: 0)
        #expect(host.text.hasSuffix("\r\u{1b}[K[10] spinner: killed\n\r> ech\u{1b}[K"), "\(host.text.debugDescription)")
        shell.typed(Array("o yes\n".utf8))
        #expect(host.text.hasSuffix("o yes\nyes\n> "), "\(host.text.debugDescription)")
    }

    // MARK: Line editing

    private func lines(_ typed: String) -> [LineEditor.Event] {
        var editor = LineEditor(prompt: "> ")
        return typed.utf8.compactMap { editor.feed($0) }
    }
    @Test(arguments: [
        ("abc\n", "abc"), ("abd\u{7f}c\n", "abc"), ("xx\u{15}abc\r\n", "abc"), ("one two\u{17}2\n", "one 2"), ("bc\u{01}a\n", "abc"), ("ac\u{02}b\u{05}d\n", "abcd"),
        ("ac\u{1b}[Db\n", "abc"), ("bc\u{1b}[Ha\u{1b}[Fd\n", "abcd"), ("abXc\u{1b}[D\u{1b}[D\u{1b}[3~\n", "abc"), ("abcX\u{02}\u{0b}\n", "abc"), ("grün €\u{7f}\n", "grün "), ("\u{1b}[99;99~a\u{1b}OHb\n", "ba"),
    ])
    func editing(_ typed: String, _ line: String) { #expect(lines(typed) == [.line(line)]) }

    @Test func historyComesBack() {
        let up = "\u{1b}[A", down = "\u{1b}[B"
        #expect(lines("one\ntwo\n\(up)\(up)\n") == [.line("one"), .line("two"), .line("one")])
        #expect(lines("one\ndraft\(up)\(down)!\n") == [.line("one"), .line("draft!")])
        #expect(lines("one\n\(up)\(up)\(up)2\n") == [.line("one"), .line("one2")])
    }
    @Test func tabCompletes() {
        func typed(_ keys: String) -> [LineEditor.Event] {
            var editor = LineEditor(prompt: "> ")
            editor.completions = ["checkpoint", "checkpoints", "goto", "grün"]
            return keys.utf8.compactMap { editor.feed($0) }
        }
        #expect(typed("go\t1s\n") == [.line("goto 1s")] && typed("c\t\n") == [.line("checkpoint")] && typed("gr\t\n") == [.line("grün ")])
        #expect(typed("x\t\n") == [.line("x")] && typed("\t\n") == [.line("")] && typed("go\u{1b}[D\t\n") == [.line("go")])
        #expect(session("ki\t 7\n").host.killed == [7])
    }
    @Test func controlKeysAreEvents() {
        #expect(lines("half\u{03}whole\n") == [.interrupt, .line("whole")])
        #expect(lines("\u{04}") == [.endOfInput])
    }
    /// What a terminal shows equals prompt and text, whatever was typed.
    @Test func theScreenShowsTheText() {
        var random = SystemRandomNumberGenerator()
        let keys: [[UInt8]] = [[97], [98], [32], [127], [1], [5], [2], [6], [21], [23], [11], [27, 91, 68], [27, 91, 67], [27, 91, 51, 126]]
        for _ in 0..<200 {
            var editor = LineEditor(prompt: "> ")
            editor.showPrompt()
            var screen = Screen()
            for _ in 0..<40 { for byte in keys.randomElement(using: &random)! { _ = editor.feed(byte) } }
            screen.write(editor.takeOutput())
            let shown = screen.line
            guard case .line(let text)? = editor.feed(10) else { Issue.record("no line"); return }
            #expect(shown.trimmingSpaces == ("> " + text).trimmingSpaces)
        }
    }
}

/// One line of a terminal: carriage return, cursor left and right, erase to the end.
private struct Screen {
    private var cells: [UInt8] = [], column = 0
    var line: String { String(decoding: cells, as: UTF8.self) }
    mutating func write(_ bytes: [UInt8]) {
        var i = 0
        while i < bytes.count {
            defer { i += 1 }
            if bytes[i] == 13 { column = 0; continue }
            guard bytes[i] == 27 else {
                if column < cells.count { cells[column] = bytes[i] } else { cells.append(bytes[i]) }
                column += 1
                continue
            }
            var n = 0
            i += 2
            while (48...57).contains(bytes[i]) { n = n * 10 + Int(bytes[i] - 48); i += 1 }
            switch bytes[i] {
            case 67: column += max(1, n)
            case 68: column -= max(1, n)
            default: cells.removeLast(cells.count - column)      // K
            }
        }
    }
}
private extension String {
    var trimmingSpaces: String {
        var s = self
        while s.last == " " { s.removeLast() }
        return s
    }
}
