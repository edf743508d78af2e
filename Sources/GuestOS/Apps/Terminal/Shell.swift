// The shell: words, built-in commands, their output. What it knows of the system comes through `ShellSystem`, so tests
// give it one of their own.

import ABI
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
        let words = Self.words(line)
        guard let command = words.first else { return .none }
        switch command {
        case "help": help(print)
        case "ps": ps(print)
        case "kill": kill(words, print)
        case "mem": mem(print)
        case "echo": print(Self.join(words.dropFirst()), .normal)
        case "clear": return .clear
        case "uptime": print("up " + Self.duration(system.uptimeNanoseconds), .normal)
        case "date": print(Self.date(system.wallClockNanoseconds), .normal)
        case "about": about(print)
        case "exit": return .exit
        case "ls", "cat", "write", "cp", "mv", "rm", "mkdir", "stat", "df": runFileCommand(words, print)
        default:
            print(command + ": no such command", .error)
            if let near = Self.nearest(command) { print("Did you mean \(near)?", .faint) } else { print("Type help for the list of commands.", .faint) }
        }
        return .none
    }

    // MARK: Commands

    private func help(_ print: (String, CellStyle) -> Void) {
        for c in Self.commands { print(Self.pad(c.usage, 17) + c.help, .normal) }
    }
    private func about(_ print: (String, CellStyle) -> Void) {
        print("Terrarium: a microkernel and its programs in a deterministic machine.", .normal)
        print("This terminal is a WebAssembly process; so is everything on this screen.", .normal)
    }
    private func ps(_ print: (String, CellStyle) -> Void) {
        guard let list = system.processes() else { print("ps: not permitted", .error); return }
        print("  PID NAME             STATE       RESIDENT COMPRESSED  SWAPPED   SHARED   INSTRUCTIONS", .heading)
        for p in list {
            var row = Self.right("\(p.pid)", 5) + " " + Self.pad(p.name.string, 16) + " " + Self.pad(Self.stateName(p), 9)
            row += Self.right("\(p.pagesResident &* 64)", 11) + Self.right("\(p.pagesCompressed &* 64)", 11)
            row += Self.right("\(p.pagesSwapped &* 64)", 9) + Self.right("\(p.pagesShared &* 64)", 9) + Self.right(Self.grouped(p.instructions), 15)
            print(row, .normal)
        }
    }
    private static func stateName(_ p: ProcessRecord) -> String {
        switch p.state {
        case 0: return "ready"
        case 1: return "waiting"
        case 2: return "blocked"
        case 3: return "frozen"
        default: return ExitReason(rawValue: p.exitReason).map { $0.name } ?? "ended"
        }
    }
    private func kill(_ words: [String], _ print: (String, CellStyle) -> Void) {
        guard words.count == 2 else { print("usage: kill PID", .error); return }
        guard let pid = UInt32(words[1]), pid > 0 else { print("kill: " + words[1] + " is not a process number", .error); return }
        if let error = system.kill(pid: pid) {
            print("kill: \(pid): " + (error == .notFound ? "no such process" : error.name), .error)
        } else { print("killed \(pid)", .normal) }
    }
    private func mem(_ print: (String, CellStyle) -> Void) {
        let m = system.memory()
        func row(_ label: String, _ frames: UInt32) { print(Self.pad(label, 18) + Self.right(Self.grouped(UInt64(frames) * 64), 10) + " KiB", .normal) }
        row("total", m.framesTotal)
        row("free", m.framesFree)
        row("processes", m.framesProcess)
        row("shared", m.framesShared)
        row("compressed pool", m.framesCompressedPool)
        row("kernel", m.framesKernel)
        if m.pagesCompressed > 0 {
            print("\(m.pagesCompressed) pages of 64 KiB compressed to " + Self.grouped(m.bytesCompressed / 1024) + " KiB", .normal)
        }
        if m.pagesSwapped > 0 { print("\(m.pagesSwapped) pages of 64 KiB swapped out", .normal) }
        print("pressure over 10 s: some \(m.pressureSome10 / 10).\(m.pressureSome10 % 10) %, full \(m.pressureFull10 / 10).\(m.pressureFull10 % 10) %", .normal)
    }

    // MARK: Text

    /// Words of a line; double quotes keep spaces, a backslash keeps the next character.
    public static func words(_ line: String) -> [String] {
        var out: [String] = [], current = String.UnicodeScalarView(), isQuoted = false, isEscaped = false, hasWord = false
        for s in line.unicodeScalars {
            if isEscaped { current.append(s); isEscaped = false; continue }
            if s.value == 92 { isEscaped = true; hasWord = true; continue }
            if s.value == 34 { isQuoted.toggle(); hasWord = true; continue }
            if s.value == 32 && !isQuoted {
                if hasWord { out.append(String(current)); current = String.UnicodeScalarView(); hasWord = false }
                continue
            }
            current.append(s)
            hasWord = true
        }
        if hasWord { out.append(String(current)) }
        return out
    }
    static func join(_ words: ArraySlice<String>) -> String {
        var out = ""
        for (i, w) in words.enumerated() { if i > 0 { out += " " }; out += w }
        return out
    }
    public static func pad(_ s: String, _ width: Int) -> String {
        var out = s, n = s.unicodeScalars.count
        while n < width { out += " "; n += 1 }
        return out
    }
    public static func right(_ s: String, _ width: Int) -> String {
        var out = "", n = s.unicodeScalars.count
        while n < width { out += " "; n += 1 }
        return out + s
    }
    /// 1234567 → "1,234,567".
    public static func grouped(_ v: UInt64) -> String {
        if v < 1000 { return "\(v)" }
        let rest = v % 1000
        return grouped(v / 1000) + "," + (rest < 100 ? "0" : "") + (rest < 10 ? "0" : "") + "\(rest)"
    }
    public static func duration(_ nanoseconds: UInt64) -> String {
        let s = nanoseconds / 1_000_000_000, tenths = nanoseconds / 100_000_000 % 10
        if s < 60 { return "\(s).\(tenths) s" }
        if s < 3600 { return "\(s / 60) min \(s % 60) s" }
        return "\(s / 3600) h \(s / 60 % 60) min"
    }
    /// "2026-11-21 02:28:00 UTC".
    public static func date(_ nanoseconds: UInt64) -> String {
        let seconds = nanoseconds / 1_000_000_000
        var day = seconds / 86400, year: UInt64 = 1970
        func isLeap(_ y: UInt64) -> Bool { y % 4 == 0 && (y % 100 != 0 || y % 400 == 0) }
        while day >= (isLeap(year) ? 366 : 365) { day -= isLeap(year) ? 366 : 365; year += 1 }
        let lengths: [UInt64] = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        var month = 0
        while month < 11 && day >= lengths[month] { day -= lengths[month]; month += 1 }
        func two(_ v: UInt64) -> String { (v < 10 ? "0" : "") + "\(v)" }
        return "\(year)-" + two(UInt64(month) + 1) + "-" + two(day + 1) + " " + two(seconds / 3600 % 24) + ":" + two(seconds / 60 % 60) + ":" + two(seconds % 60) + " UTC"
    }

    /// A command one edit away from what was typed, or that begins with it.
    static func nearest(_ typed: String) -> String? {
        let t = Array(typed.utf8)
        for c in commands where t.count >= 2 && distance(t, Array(c.name.utf8)) <= 1 { return c.name }
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
    /// Edit distance; swapped neighbours count as one.
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        if a.count > 32 { return 32 }
        var rows = [[Int]](repeating: [Int](repeating: 0, count: b.count + 1), count: a.count + 1)
        for i in 0...a.count { rows[i][0] = i }
        for j in 0...b.count { rows[0][j] = j }
        for i in 0..<a.count {
            for j in 0..<b.count {
                var best = min(rows[i][j + 1] + 1, rows[i + 1][j] + 1, rows[i][j] + (a[i] == b[j] ? 0 : 1))
                if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] { best = min(best, rows[i - 1][j - 1] + 1) }
                rows[i + 1][j + 1] = best
            }
        }
        return rows[a.count][b.count]
    }
}
