// The shell: words, built-in commands, their output. What it knows of the system comes through `ShellSystem`, so tests
// give it one of their own.

import ABI
import ConsoleText
import FileClient

/// What the shell may ask of the system.
public protocol ShellSystem: AnyObject {
    /// All processes; nil when that is not permitted.
    func processes() -> [ProcessRecord]?
    /// Nil when the process was killed.
    func kill(pid: UInt32) -> SystemError?
    func memory() -> MemoryRecord
    /// The session of the file service, connected when it is needed.
    func files() throws(FileError) -> FileClient
    var uptimeNanoseconds: UInt64 { get }
    var wallClockNanoseconds: UInt64 { get }
}

public enum ShellAction: Sendable { case none, clear, exit }

public struct Shell {
    let system: any ShellSystem
    public static let commands: [(name: String, usage: String, help: String)] = [
        ("help", "help", "this list"),
        ("ps", "ps", "processes: state, memory in KiB, instructions executed"),
        ("kill", "kill PID", "end a process"),
        ("mem", "mem", "where the machine's memory is"),
        ("ls", "ls [PATH]", "names in a directory, with sizes in bytes"),
        ("cat", "cat FILE", "print a text file"),
        ("write", "write FILE TEXT", "make FILE hold TEXT"),
        ("cp", "cp FROM TO", "copy a file"),
        ("mv", "mv FROM TO", "rename a file or directory"),
        ("rm", "rm PATH", "remove a file or an empty directory"),
        ("mkdir", "mkdir PATH", "make a directory"),
        ("stat", "stat PATH", "kind, size and time of a file"),
        ("df", "df", "volumes: size, used, free in KiB"),
        ("sync", "sync", "wait until everything in /data is on the disk"),
        ("echo", "echo TEXT", "print TEXT"),
        ("clear", "clear", "empty the screen (also ctrl+l)"),
        ("uptime", "uptime", "time since boot"),
        ("date", "date", "the machine's clock"),
        ("about", "about", "what this is"),
        ("exit", "exit", "close the terminal (also ctrl+d)"),
    ]
    public init(_ system: any ShellSystem) { self.system = system }

    /// Runs one line. Output goes through `print`.
    public func run(_ line: String, _ print: (String, CellStyle) -> Void) -> ShellAction {
        let words = ConsoleText.words(line)
        guard let command = words.first else { return .none }
        switch command {
        case "help": help(print)
        case "ps": ps(print)
        case "kill": kill(words, print)
        case "mem": mem(print)
        case "echo": print(ConsoleText.joined(words.dropFirst()), .normal)
        case "clear": return .clear
        case "uptime": print("up " + ConsoleText.duration(system.uptimeNanoseconds), .normal)
        case "date": print(ConsoleText.date(system.wallClockNanoseconds), .normal)
        case "about": about(print)
        case "exit": return .exit
        case "ls", "cat", "write", "cp", "mv", "rm", "mkdir", "stat", "df", "sync": runFileCommand(words, print)
        default:
            print(command + ": no such command", .error)
            if let near = Self.nearest(command) { print("Did you mean \(near)?", .faint) } else { print("Type help for the list of commands.", .faint) }
        }
        return .none
    }

    // MARK: Commands

    private func help(_ print: (String, CellStyle) -> Void) {
        for c in Self.commands { print(ConsoleText.left(c.usage, 17) + c.help, .normal) }
    }
    private func about(_ print: (String, CellStyle) -> Void) {
        print("Terrarium: a microkernel and its programs in a deterministic machine.", .normal)
        print("This terminal is a WebAssembly process; so is everything on this screen.", .normal)
    }
    private func ps(_ print: (String, CellStyle) -> Void) {
        guard let list = system.processes() else { print("ps: not permitted", .error); return }
        print("  PID NAME             STATE       RESIDENT COMPRESSED  SWAPPED   SHARED   INSTRUCTIONS", .heading)
        for p in list {
            var row = ConsoleText.right("\(p.pid)", 5) + " " + ConsoleText.left(p.name.string, 16) + " " + ConsoleText.left(p.stateName, 9)
            row += ConsoleText.right("\(p.pagesResident &* 64)", 11) + ConsoleText.right("\(p.pagesCompressed &* 64)", 11)
            row += ConsoleText.right("\(p.pagesSwapped &* 64)", 9) + ConsoleText.right("\(p.pagesShared &* 64)", 9) + ConsoleText.right(ConsoleText.grouped(p.instructions), 15)
            print(row, .normal)
        }
    }
    private func kill(_ words: [String], _ print: (String, CellStyle) -> Void) {
        guard words.count == 2 else { print("usage: kill PID", .error); return }
        guard let pid = UInt32(words[1]), pid > 0 else { print("kill: " + words[1] + " is not a process number", .error); return }
        if let error = system.kill(pid: pid) {
            print("kill: \(pid): " + (error == .notFound ? "no such process" : error.name), .error)
        } else { print("killed \(pid)", .normal) }
    }
    private func mem(_ print: (String, CellStyle) -> Void) { for line in ConsoleText.memory(system.memory()) { print(line, .normal) } }

    // MARK: Names

    /// The command that was likely meant: near to what was typed, or beginning with it.
    static func nearest(_ typed: String) -> String? {
        var names: [String] = []
        for c in commands { names.append(c.name) }
        if typed.utf8.count >= 2, let near = ConsoleText.nearest(typed, names) { return near }
        return completion(typed)
    }
    /// The only command that begins with `prefix`.
    public static func completion(_ prefix: String) -> String? {
        let p = Array(prefix.utf8)
        if p.isEmpty { return nil }
        var found: String?
        for c in commands where Array(c.name.utf8.prefix(p.count)) == p {
            if found != nil { return nil }
            found = c.name
        }
        return found
    }
}
