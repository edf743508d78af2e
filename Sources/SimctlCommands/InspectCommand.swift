// `simctl replay FILE --until TIME --inspect`: a prompt at any place of a recorded session, forwards and back. Commands come
// from a terminal, from standard input or from --command; each prints for people, or one JSON object with --json.

import Foundation
import Machine
import Terrarium

/// Opens a timeline for the trace and image that the arguments name.
func openTimeline(_ arguments: ParsedArguments, _ path: String) throws -> Timeline {
    let image = try replayImage(try openTrace(path), path, arguments)
    let memory = try arguments.bytes("checkpoint-memory") ?? 2 << 30
    let executable = ProcessInfo.processInfo.arguments[0].hasSuffix("simctl") ? URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath() : nil
    let timeline = try mapErrors {
        try Timeline(trace: path, image: image.directory, executable: executable, checkpointByteCountMax: memory, isAnyImageAllowed: arguments.flag("any-image"))
    }
    Interruption.install()
    timeline.isInterrupted = { Interruption.take() }
    return timeline
}

/// Ctrl-C stops a run along the timeline, not the program.
enum Interruption {
    nonisolated(unsafe) private static var isPending: sig_atomic_t = 0
    static func install() { signal(SIGINT) { _ in Interruption.isPending = 1 } }
    static func take() -> Bool {
        defer { isPending = 0 }
        return isPending != 0
    }
}

@Sendable func inspectReplay(_ arguments: ParsedArguments) throws -> Int32 {
    let path = arguments.arguments[0]
    let goal = arguments.string("until").map { Inspector.time($0, from: 0) }
    if case .some(nil) = goal { throw CommandFailure.usage("--until takes a time such as 1.25s, 300ms or nanoseconds, not '\(arguments.string("until")!)'") }
    let timeline = try openTimeline(arguments, path)
    let inspector = Inspector(timeline, isJSON: arguments.flag("json"))
    if let filter = try straceFilter(arguments) {
        let output = try StraceOutput(arguments.string("strace")!)
        timeline.callTrace = CallTraceOrder(filter, isJSON: isStraceJSON(arguments))
        timeline.onCalls = { for line in $0 { output.write(line) } }
        inspector.isStraceFile = true
    }
    if let tick = goal ?? nil {
        inspector.showProgress(to: tick)
        inspector.report(try mapErrors { try timeline.go(to: tick) })
    }
    if !arguments.flag("inspect") && !arguments.flag("step") && arguments.string("command") == nil {
        try inspector.perform("info")
        return ExitCode.success
    }
    if arguments.flag("step") { try inspector.perform("step") }
    if let commands = arguments.string("command") {
        for line in Inspector.split(commands) { if try !inspector.perform(line) { break } }
        return inspector.hasFailed ? ExitCode.failure : ExitCode.success
    }
    return try inspector.prompt()
}

final class Inspector {
    let timeline: Timeline
    let isJSON: Bool
    private(set) var hasFailed = false
    /// Lines of system calls go to the file of --strace.
    var isStraceFile = false
    init(_ timeline: Timeline, isJSON: Bool) { self.timeline = timeline; self.isJSON = isJSON }

    static let help = """
    where         info                tick, events, instructions, hashes
                  trace [N]           recorded events around now
                  verify              go to the next recorded checkpoint and compare every hash
                  strace [on|off] [of NAME|PID,...] [calls CALL,...]
                                      show system calls on the way, e.g. strace on of tab calls channel
    what          ps                  processes
                  mem [PID]           frames and pages; address ranges of one process
                  channels            ends, who holds them, what waits in them
                  handles PID         capabilities of a process
                  services  devices  timers  metrics
                  marks               measurement points so far
                  console [N]         last lines of the console
                  frame FILE.png      the picture on the screen
    moving        goto TIME           1.25s, 300ms, nanoseconds; +10ms and -1s from here
                  back [TIME]         back by a time (1s)
                  step [N]            N more host or device events
                  next                the next recorded host event
                  until PREDICATE     until a condition holds, e.g. until process tab gone
                  checkpoint          keep this place, so that coming back is quick
                  checkpoints         places that are kept
    help  quit
    """
    static let words = ["help", "info", "ps", "mem", "channels", "handles", "services", "devices", "timers", "metrics", "marks", "console", "frame", "trace", "goto", "back",
                        "step", "next", "until", "checkpoint", "checkpoints", "verify", "strace", "quit"]

    /// Commands of one line: separated by `;` outside quotes.
    static func split(_ text: String) -> [String] {
        var parts = [""], isQuoted = false
        for c in text {
            if c == "\"" { isQuoted.toggle() }
            if c == ";" && !isQuoted { parts.append("") } else { parts[parts.count - 1].append(c) }
        }
        return parts.map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty }
    }
    /// A time: absolute, or relative to `now` with a sign. Nil when it is none.
    static func time(_ text: String, from now: UInt64) -> UInt64? {
        let sign = text.first
        let digits = sign == "+" || sign == "-" ? String(text.dropFirst()) : text
        guard let value = UInt64(digits) ?? parseDuration(digits) else { return nil }
        if sign == "+" { return now.addingReportingOverflow(value).overflow ? nil : now + value }
        return sign == "-" ? now - min(now, value) : value
    }

    /// Reads commands until the end of input. The exit code.
    func prompt() throws -> Int32 {
        let isTerminal = isatty(STDIN_FILENO) == 1
        if isTerminal && !isJSON { print("'help' lists the commands; tab completes, up recalls.") }
        let reader = PromptReader(completions: Inspector.words)
        while true {
            guard let line = reader.line(prompt: "\(Tick(nanoseconds: timeline.position.tick).text) s> ") else { break }
            var goesOn = true
            for command in Inspector.split(line) where goesOn { goesOn = try perform(command) }
            if !goesOn { break }
        }
        return hasFailed && !isTerminal ? ExitCode.failure : ExitCode.success
    }

    /// One command; false ends the session. Mistakes are said and go on.
    @discardableResult
    func perform(_ line: String) throws -> Bool {
        let parts = line.split(separator: " ", maxSplits: 1).map(String.init)
        let argument = parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
        if parts[0] == "quit" || parts[0] == "exit" { return false }
        do { try run(parts[0], argument) } catch let e as TerrariumError { say(e.message) } catch let e as CommandFailure { say(e.message) }
        fflush(nil)
        return true
    }
    private func say(_ problem: String) {
        hasFailed = true
        if isJSON { printJSON(["schema": 1, "error": problem]) } else { note(problem) }
    }

    private func run(_ word: String, _ argument: String) throws {
        switch word {
        case "help": isJSON ? printJSON(["schema": 1, "command": "help", "commands": Inspector.words]) : print(Inspector.help)
        case "info": try info()
        case "ps": try show("ps", timeline.processes(), InspectText.processes)
        case "mem": argument.isEmpty ? try show("mem", timeline.memory(), InspectText.memory) : try show("mem", timeline.pages(pid: try pid(argument)), InspectText.pages)
        case "channels": try show("channels", timeline.channels(), InspectText.channels)
        case "handles": try show("handles", timeline.handles(pid: try pid(argument)), InspectText.handles)
        case "services": try show("services", timeline.services(), InspectText.services)
        case "devices": try show("devices", timeline.devices(), InspectText.devices)
        case "timers": try show("timers", timeline.timers()) { InspectText.timers($0, now: self.timeline.position.tick) }
        case "metrics": try show("metrics", timeline.metrics()) { $0.map { "\($0.name)  \($0.count)" } }
        case "marks": try show("marks", timeline.marks(), InspectText.marks)
        case "console": try console(argument)
        case "frame": try frame(argument)
        case "trace": try trace(argument)
        case "goto", "back": try move(word, argument)
        case "step": report(try timeline.step(events: argument.isEmpty ? 1 : try count(argument)))
        case "next": report(try timeline.stepHostEvent())
        case "until": try until(argument)
        case "checkpoint": try show("checkpoint", [timeline.checkpoint()], InspectText.checkpoints)
        case "checkpoints": try show("checkpoints", timeline.checkpoints, InspectText.checkpoints)
        case "verify": try verify()
        case "strace": try strace(argument)
        default:
            let hint = closest(to: word, among: Inspector.words).map { ". Did you mean '\($0)'?" } ?? "."
            throw CommandFailure.usage("unknown command '\(word)'\(hint) 'help' lists them")
        }
    }
    private func pid(_ text: String) throws -> UInt32 {
        guard let pid = UInt32(text) else { throw CommandFailure.usage("the number of a process is needed ('ps' lists them), not '\(text)'") }
        return pid
    }
    private func count(_ text: String) throws -> UInt64 {
        guard let n = UInt64(text), n > 0 else { throw CommandFailure.usage("a number of at least 1 is needed, not '\(text)'") }
        return n
    }

    // MARK: Output

    private func show<T: Encodable>(_ command: String, _ value: T, _ text: (T) -> [String]) throws {
        if isJSON { try printEncoded(command, value) } else { for line in text(value) { print(line) } }
    }
    private struct Envelope<T: Encodable>: Encodable { var schema = 1; var command: String; var tick: UInt64; var value: T }
    private func printEncoded<T: Encodable>(_ command: String, _ value: T) throws {
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys]
        let data = try encoder.encode(Envelope(command: command, tick: timeline.position.tick, value: value))
        print(String(decoding: data, as: UTF8.self))
    }
    private struct Info: Encodable { var position: TimelinePosition; var hashes: [NamedHash]; var endTick: UInt64 }
    private func info() throws {
        let info = Info(position: timeline.position, hashes: try timeline.hashes(), endTick: timeline.trace.endTick.nanoseconds)
        try show("info", info) { info in
            let p = info.position
            return ["tick          \(p.tick) ns (\(Tick(nanoseconds: p.tick).text) of \(Tick(nanoseconds: info.endTick).text) s)" + (p.isAtEnd ? ", the end of the trace" : ""),
                    "events        \(p.hostEvents) from outside, \(p.deviceEvents) of devices", "turns         \(p.turns)", "instructions  \(p.instructions)"]
                + info.hashes.map { "hash          \($0.hash) \($0.name)" }
        }
    }
    private struct Moved: Encodable { var end: String; var position: TimelinePosition; var interrupts: [NamedCount]; var traps: [String] }
    func report(_ run: TimelineRun) {
        endProgress()
        if isJSON {
            try? printEncoded("run", Moved(end: "\(run.end)", position: run.position, interrupts: run.interrupts, traps: run.traps))
            return
        }
        for trap in run.traps { print(trap) }
        let why: String
        switch run.end {
        case .reached: why = ""
        case .held: why = "it holds "
        case .traceEnded: why = "the trace ends "
        case .idle: why = "the guest has nothing left to do "
        case .interrupted: why = "interrupted "
        }
        let devices = run.interrupts.isEmpty || run.interrupts.count > 8 ? "" : ", interrupts: " + run.interrupts.map { "\($0.name) \($0.count)" }.joined(separator: ", ")
        print("\(why)at \(Tick(nanoseconds: run.position.tick).text) s (\(run.position.tick))\(devices)")
    }
    /// A line on a terminal that says how far a long run is.
    func showProgress(to end: UInt64?) {
        guard isatty(STDERR_FILENO) == 1, !isJSON else { return }
        timeline.onProgress = { p in
            let goal = end.map { " of \(Tick(nanoseconds: $0).text)" } ?? ""
            FileHandle.standardError.write(Data("\r\(Tick(nanoseconds: p.tick).text)\(goal) s \u{1b}[K".utf8))
        }
    }
    private func endProgress() {
        if timeline.onProgress != nil { FileHandle.standardError.write(Data("\r\u{1b}[K".utf8)) }
        timeline.onProgress = nil
    }

    // MARK: Commands with arguments

    private func move(_ word: String, _ argument: String) throws {
        let now = timeline.position.tick
        let text = word == "back" ? "-" + (argument.isEmpty ? "1s" : argument) : argument
        guard let tick = Inspector.time(text, from: now) else { throw CommandFailure.usage("\(word) takes a time such as 1.25s, 300ms, +10ms or nanoseconds, not '\(argument)'") }
        showProgress(to: tick)
        report(try timeline.go(to: tick))
    }
    private func until(_ text: String) throws {
        do { _ = try Predicate.parse(text) } catch { throw CommandFailure.usage(error.pointed(in: text)) }
        showProgress(to: nil)
        let run = try timeline.run(until: text)
        report(run)
        if run.end != .held && !isJSON { print("it did not hold") }
    }
    private func console(_ argument: String) throws {
        let lines = PlainConsole.text(of: try timeline.console()).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        let shown = lines.last == "" ? lines.dropLast() : lines[...]
        try show("console", Array(shown.suffix(argument.isEmpty ? 20 : Int(clamping: try count(argument))))) { $0 }
    }
    private struct Picture: Encodable { var file: String; var width: Int, height: Int; var flushes: UInt64; var hash: String }
    private func frame(_ path: String) throws {
        guard !path.isEmpty else { throw CommandFailure.usage("frame takes the name of a file for the picture, e.g. frame a.png") }
        let f = try timeline.frame()
        try write([UInt8](f.png), to: path)
        try show("frame", Picture(file: path, width: f.width, height: f.height, flushes: f.flushes, hash: f.hash)) { ["\($0.file): \($0.width) × \($0.height), \($0.flushes) flushes, hash \($0.hash)"] }
    }
    private func trace(_ argument: String) throws {
        let n = argument.isEmpty ? 5 : Int(clamping: try count(argument)), now = timeline.position.tick
        let split = timeline.trace.records.firstIndex { $0.tick.nanoseconds >= now } ?? timeline.trace.records.count
        let around = timeline.trace.records[max(0, split - n)..<min(timeline.trace.records.count, split + n)]
        try show("trace", around.map { r in (r.tick.nanoseconds >= now ? "  " : "- ") + TraceDump.line(r).prefix(100) }) { $0 }
    }
    /// `on|off`, then `of PROCESSES` and `calls CALLS` in any order.
    private func strace(_ argument: String) throws {
        var words = argument.split(separator: " ").map(String.init), processes: String?, calls: String?
        let isOn = words.first != "off"
        if words.first == "on" || !isOn { words.removeFirst() }
        while !words.isEmpty {
            let word = words.removeFirst()
            guard isOn, word == "of" || word == "calls", !words.isEmpty else { throw CommandFailure.usage("usage: strace [on|off] [of NAME|PID,...] [calls CALL,...]") }
            if word == "of" { processes = words.removeFirst() } else { calls = words.removeFirst() }
        }
        let filter = try CallFilter(processes: processes, calls: calls)
        timeline.callTrace = isOn ? CallTraceOrder(filter, isJSON: isJSON) : nil
        if timeline.onCalls == nil || !isStraceFile { timeline.onCalls = { for line in $0 { print(line) } } }
        try show("strace", isOn) { [$0 ? "system calls are shown from here on; strace off ends it" : "system calls are not shown any more"] }
    }
    private func verify() throws {
        guard let result = try timeline.verify() else { return say("no recorded checkpoint follows") }
        if !result.differing.isEmpty { hasFailed = true }
        try show("verify", result) { r in
            let at = Tick(nanoseconds: r.tick).text
            return [r.differing.isEmpty ? "equal at \(at) s: \(r.compared) hashes" : "differs at \(at) s: \(r.differing.joined(separator: ", "))"]
        }
    }
}
