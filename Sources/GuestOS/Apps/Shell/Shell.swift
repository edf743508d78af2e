// The console shell: reads typed bytes, runs commands, keeps an eye on the programs it started. What it knows of the
// system comes through `ShellHost`, so that tests give it one of their own.

import ABI
import ConsoleText

/// A program that the shell has started.
public struct ShellJob {
    public var pid: UInt32
    public var name: String
}

/// What the shell may ask of the system.
public protocol ShellHost: AnyObject {
    func write(_ bytes: [UInt8])
    /// Nil when that is not permitted.
    func processes() -> [ProcessRecord]?
    /// Nil when the process was killed.
    func kill(pid: UInt32) -> SystemError?
    func memory() -> MemoryRecord
    /// Programs of this image, by name.
    var programs: [String] { get }
    /// Services that can be connected to.
    func services() -> [String]
    /// Starts a program; the host calls `ended` when it is gone. With `isForeground` it gets the console and the shell's rights.
    func start(_ name: String, arguments: String, isForeground: Bool) -> Result<ShellJob, SystemError>
    var uptimeNanoseconds: UInt64 { get }
    var wallClockNanoseconds: UInt64 { get }
    /// The machine's work is done.
    func powerOff()
}

public final class ConsoleShell {
    public static let prompt = "> "
    static let commands: [(name: String, usage: String, help: String)] = [
        ("help", "help", "this list"),
        ("ps", "ps", "processes: state, memory in KiB, faults, messages, instructions executed"),
        ("kill", "kill PID", "end a process"),
        ("mem", "mem", "where the machine's memory is"),
        ("spawn", "spawn PROGRAM [TEXT]", "start a program of this image beside the shell"),
        ("demo", "demo", "show the promises again; ctrl-c stops it"),
        ("services", "services", "services that can be connected to"),
        ("time", "time", "the machine's clock"),
        ("uptime", "uptime", "virtual time since power-on"),
        ("echo", "echo TEXT", "print TEXT"),
        ("exit", "exit", "power off (also ctrl-d)"),
    ]
    private unowned(unsafe) let host: any ShellHost
    private var editor = LineEditor(prompt: ConsoleShell.prompt)
    /// Typed before the shell could take it.
    private var pending: [UInt8] = []
    private var foreground: ShellJob?
    private var isPrompting = false
    private var isOff = false

    public init(_ host: any ShellHost) {
        self.host = host
        for c in Self.commands { editor.completions.append(c.name) }
    }

    /// Greets, runs `command` when there is one, and prompts.
    public func begin(command: String) {
        if !command.isEmpty { run(command) } else { print("Terrarium console. Type help for the list of commands.") }
        advance()
    }

    /// Typed bytes. While a program has the console only ctrl-c is looked at; the rest waits.
    public func typed(_ bytes: [UInt8]) {
        for byte in bytes {
            if byte == 3, let job = foreground {
                pending = []
                print("^C")
                _ = host.kill(pid: job.pid)
            } else {
                pending.append(byte)
            }
        }
        advance()
    }

    /// A program that the shell had started is gone.
    public func ended(_ job: ShellJob, reason: ExitReason, code: Int32) {
        let how = reason == .exited ? (code == 0 ? "done" : "exited with \(code)") : reason.name
        if foreground?.pid == job.pid {
            foreground = nil
            if reason != .exited || code != 0 { print(job.name + ": " + how) }
        } else {
            if isPrompting { editor.hidePrompt() }
            isPrompting = false
            print("[\(job.pid)] " + job.name + ": " + how)
        }
        advance()
    }

    /// Takes what was typed until a program has the console.
    private func advance() {
        while foreground == nil, !isOff {
            if !isPrompting {
                editor.showPrompt()
                isPrompting = true
            }
            if pending.isEmpty { break }
            var event: LineEditor.Event?
            var taken = 0
            while taken < pending.count, event == nil {
                event = editor.feed(pending[taken])
                taken += 1
            }
            pending.removeFirst(taken)
            flush()
            if let event { handle(event) }
        }
        flush()
    }
    private func handle(_ event: LineEditor.Event) {
        isPrompting = false
        switch event {
        case .line(let line): run(line)
        case .interrupt: break
        case .endOfInput: off()
        }
    }
    private func off() {
        isOff = true
        print("power off")
        host.powerOff()
    }
    private func flush() {
        let bytes = editor.takeOutput()
        if !bytes.isEmpty { host.write(bytes) }
    }
    private func print(_ line: String) {
        flush()
        host.write(Array(line.utf8) + [10])
    }

    // MARK: Commands

    func run(_ line: String) {
        let words = ConsoleText.words(line)
        guard let command = words.first else { return }
        switch command {
        case "help": for c in Self.commands { print("  " + ConsoleText.left(c.usage, 22) + c.help) }
        case "ps": ps()
        case "kill": kill(words)
        case "mem": mem()
        case "spawn": spawn(words)
        case "demo": start("demo", ConsoleText.joined(words.dropFirst()), isForeground: true)
        case "services": services()
        case "time": print(ConsoleText.date(host.wallClockNanoseconds))
        case "uptime": print("up " + ConsoleText.time(host.uptimeNanoseconds) + " of virtual time")
        case "echo": print(ConsoleText.joined(words.dropFirst()))
        case "exit": off()
        default: unknown(command)
        }
    }
    private func unknown(_ command: String) {
        var names: [String] = []
        for c in Self.commands { names.append(c.name) }
        var text = command + ": no such command. "
        if let near = ConsoleText.nearest(command, names) { text += "Did you mean " + near + "?" }
        else if host.programs.contains(command) { text += "To start the program: spawn " + command }
        else { text += "Type help for the list of commands." }
        print(text)
    }
    private func ps() {
        guard let list = host.processes() else { return print("ps: not permitted") }
        print("  PID NAME         STATE    RESIDENT COMPRESSED  SWAPPED   SHARED   FAULTS  MESSAGES    INSTRUCTIONS")
        for p in list {
            var row = ConsoleText.right("\(p.pid)", 5) + " " + ConsoleText.left(p.name.string, 12) + " " + ConsoleText.left(p.stateName, 8)
            row += ConsoleText.right("\(p.pagesResident &* 64)", 9) + ConsoleText.right("\(p.pagesCompressed &* 64)", 11)
            row += ConsoleText.right("\(p.pagesSwapped &* 64)", 9) + ConsoleText.right("\(p.pagesShared &* 64)", 9)
            row += ConsoleText.right("\(p.faults)", 9) + ConsoleText.right("\(p.messages)", 10) + ConsoleText.right(ConsoleText.grouped(p.instructions), 16)
            print(row)
        }
    }
    private func kill(_ words: [String]) {
        guard words.count == 2 else { return print("usage: kill PID (ps lists them)") }
        guard let pid = UInt32(words[1]), pid > 0 else { return print("kill: '" + words[1] + "' is not a process number; ps lists them") }
        if pid == 1 { return print("kill: process 1 is init, which starts all others; exit powers off") }
        if let error = host.kill(pid: pid) {
            print("kill: \(pid): " + (error == .notFound ? "no such process; ps lists them" : error.name))
        } else { print("killed \(pid)") }
    }
    private func mem() { for line in ConsoleText.memory(host.memory()) { print("  " + line) } }
    private func spawn(_ words: [String]) {
        guard words.count > 1 else { return print("usage: spawn PROGRAM [TEXT]. There are: " + ConsoleText.joined(host.programs[...], ", ")) }
        start(words[1], words.count > 2 ? ConsoleText.joined(words.dropFirst(2)) : words[1], isForeground: false)
    }
    private func start(_ name: String, _ arguments: String, isForeground: Bool) {
        switch host.start(name, arguments: arguments, isForeground: isForeground) {
        case .success(let job):
            if isForeground { foreground = job } else { print("[\(job.pid)] " + name) }
        case .failure(let error):
            if error != .notFound { return print(name + ": cannot start: " + error.name) }
            var text = name + ": no such program. "
            if let near = ConsoleText.nearest(name, host.programs) { text += "Did you mean " + near + "? " }
            print(text + "There are: " + ConsoleText.joined(host.programs[...], ", "))
        }
    }
    private func services() {
        let list = host.services()
        if list.isEmpty { return print("no service answers") }
        for name in list { print("  " + name) }
    }
}
