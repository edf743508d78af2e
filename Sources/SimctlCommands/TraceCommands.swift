// `simctl replay`, and recording for `run` and `bench`.

import Foundation
import Machine
import Terrarium

let replayCommand = Command(
    words: ["replay"], arguments: "TRACE", summary: "run a recorded session again, without window or network",
    details: """
    Feeds the trace's events to the same image and compares every checkpoint of state hashes. A difference is reported
    with its tick and subsystem. Without --image, the image of the project is taken that the trace was recorded on.

    With --until, --inspect, --step or --command the session is stopped where you want and looked at: processes, memory,
    channels, devices, the picture; forwards and back. 'help' at the prompt lists the commands. Hashes are then compared
    with recorded ones only on 'verify', so that a diverging session can be looked at, too.

    \(straceHelp)
    """,
    options: [
        OptionSpecification("verify", nil, "compare every checkpoint (the default)"),
        OptionSpecification("no-verify", nil, "feed the events and compare only the last checkpoint"),
        OptionSpecification("until", "TIME", "stop at this tick: 1.25s, 300ms or nanoseconds"),
        OptionSpecification("inspect", nil, "then take commands, from the terminal or standard input"),
        OptionSpecification("step", nil, "go on to the next event, and take commands"),
        OptionSpecification("command", "COMMANDS", "commands instead of a prompt, e.g. 'goto 1.5s; ps; mem'; may be repeated"),
        OptionSpecification("checkpoint-memory", "SIZE", "guest RAM kept in checkpoints for going back (default 2G)"),
        OptionSpecification("any-image", nil, "replay although the image is another one than recorded (it will likely diverge)"),
        OptionSpecification("disk", "FILE", "first content of the data disk, when TRACE.disk is not beside the trace; it is only read"),
        OptionSpecification("screenshot", "FILE", "write the last picture as PNG"),
        OptionSpecification("console", "FILE", "write the guest's console there as plain text; - for standard output"),
        OptionSpecification("report", "FILE", "write processes, memory and counters at the end as JSON; - for standard output"),
        OptionSpecification("summary", nil, "print the process table, what each process used, and the memory maps at the end"),
        OptionSpecification("image", "DIR", "guest image or recipe folder (default: the one that was recorded on)"),
        OptionSpecification("json", nil, "print the result as JSON"),
    ] + straceOptions,
    argumentCount: 1...1,
    examples: [
        Example("simctl replay s.trace --verify", "does this simulator still do the same?"),
        Example("simctl replay s.trace --until 1.5s --inspect", "stand there and look around; 'back 100ms' goes back"),
        Example("simctl replay s.trace --command 'goto 1.5s; ps; frame a.png'", "the same without a prompt"),
        Example("simctl replay s.trace --console - --screenshot end.png", "what was on console and screen"),
    ],
    exitCodes: [(ExitCode.success, "everything equal, or all commands done"), (ExitCode.failure, "a command of --command failed"), (ExitCode.divergence, "diverged; tick and subsystem are named"), (ExitCode.badData, "corrupt trace, foreign version or another image"), (ExitCode.noInput, "no such file")],
    seeAlso: ["simctl run --record", "simctl trace", "docs/formats/trace.md", "docs/internals/time-travel.md"],
    run: replayTrace)

func openTrace(_ path: String) throws -> TraceReader {
    do { return try TraceReader(path: path) } catch {
        let code: Int32 = if case .cannotOpen = error { ExitCode.noInput } else { ExitCode.badData }
        throw CommandFailure(error.message + (code == ExitCode.badData ? " (\(path))" : ""), code: code)
    }
}

/// Starts recording into `path`.
func startRecording(_ simulation: Simulation, _ path: String) throws -> TraceWriter {
    let header = TraceHeader(configuration: simulation.machine.configuration, imageHash: simulation.image.hash, toolchain: toolchainIdentity)
    do {
        let writer = try TraceWriter(path: path, header: header)
        writer.attach(to: simulation.machine)
        try mapErrors { try simulation.saveDisk(besideTrace: path) }
        return writer
    } catch let failure as CommandFailure { throw failure } catch let e as MachineError { throw CommandFailure(e.message, code: ExitCode.cannotCreate) }
}

func finishRecording(_ simulation: Simulation, _ writer: TraceWriter) throws {
    try writer.finish(simulation.machine)
}

/// The image to replay on: the named one, or the built one that the trace was recorded on. Another one is refused with
/// what differs.
func replayImage(_ trace: TraceReader, _ path: String, _ arguments: ParsedArguments) throws -> SystemImage {
    if arguments.string("image") == nil, let found = findImage(hash: trace.header.imageHash) { return found }
    let image = try openImage(arguments.string("image"))
    if trace.header.imageHash == image.hash || arguments.flag("any-image") { return image }
    let recorded = hexadecimal(trace.header.imageHash)
    let parts = image.differences(trace.header.configuration)
    let what = parts.isEmpty ? "" : " Different: \(parts.map(partText).joined(separator: ", "))."
    throw CommandFailure("\(path) was recorded on image \(recorded), the one in \(image.directory.path) is \(hexadecimal(image.hash)).\(what) Check out and build the recorded version, name its image with --image, or try --any-image", code: ExitCode.badData)
}

private func partText(_ part: String) -> String {
    switch part {
    case "programs": "programs (guest programs were changed)"
    case "files": "files (fonts or archive files)"
    case "pages": "pages (of the page server)"
    default: "system (kernel, devices or machine of the simulator)"
    }
}

/// The compiler that this program was built with; the objects of the guest have theirs in the image hash.
#if compiler(>=6.4)
let toolchainIdentity = "swift 6.4 or later"
#elseif compiler(>=6.3)
let toolchainIdentity = "swift 6.3"
#else
let toolchainIdentity = "swift before 6.3"
#endif

@Sendable func replayTrace(_ arguments: ParsedArguments) throws -> Int32 {
    _ = try straceFilter(arguments)
    if arguments.flag("inspect") || arguments.flag("step") || arguments.string("until") != nil || arguments.string("command") != nil { return try inspectReplay(arguments) }
    let path = arguments.arguments[0]
    let trace = try openTrace(path)
    let image = try replayImage(trace, path, arguments)
    let simulation = try mapErrors {
        var settings = try SimulationConfiguration(trace.header.configuration)
        try settings.resolveDisk(trace: path, file: arguments.string("disk"))
        return try Simulation(settings, image: image, mode: .replay)
    }
    if let file = arguments.string("console") { try attachConsole(simulation, file) }
    try attachStrace(simulation, arguments)
    simulation.onTrap { note($0) }
    let replayer = Replayer(trace, isVerifying: !arguments.flag("no-verify"))
    replayer.attach(to: simulation.machine)
    let reason = simulation.run(until: .forever)
    if let file = arguments.string("screenshot") { try write(simulation.screenshot(), to: file) }
    if let file = arguments.string("report") { try write(Array(RunReport.json(simulation).utf8), to: file) }
    if arguments.flag("summary"), !arguments.flag("json") { for line in RunReport.lines(simulation) { print(line) } }
    return try reportReplay(reason, replayer, simulation, path, isJSON: arguments.flag("json"), isVerifying: !arguments.flag("no-verify"))
}

private func reportReplay(_ reason: StopReason, _ replayer: Replayer, _ simulation: Simulation, _ path: String, isJSON: Bool, isVerifying: Bool) throws -> Int32 {
    var object: [String: Any] = ["schema": 1, "trace": path, "events": replayer.eventCount, "checkpoints": replayer.checkpointCount, "truncated": replayer.trace.isTruncated]
    if case .diverged(let divergence) = reason {
        object["equal"] = false
        object["tick"] = divergence.tick.nanoseconds
        object["subsystem"] = divergence.subsystem
        let place = DivergencePlace(divergence, replayer.trace, simulation)
        object["subsystems"] = place.subsystems
        object["last_equal_tick"] = place.lastEqual.nanoseconds
        object["command"] = "simctl replay \(path) --until \(place.lastEqual.nanoseconds) --inspect"
        if isJSON { printJSON(object) } else {
            print("diverged \(divergence.text)")
            if place.subsystems.count > 1 { print("different there: \(place.subsystems.joined(separator: ", "))") }
            let since = place.lastEqual == .zero ? "no checkpoint was equal before" : "equal at \(place.lastEqual.text) s"
            print("\(since); \(place.events.count) events lie between" + (place.events.isEmpty ? "" : ":"))
            for line in place.events.suffix(5) { print("  \(line)") }
            print("\(replayer.eventCount) events delivered, \(max(0, replayer.checkpointCount - 1)) checkpoints equal. Again: simctl replay \(path) --verify")
            print("Look at it: simctl replay \(path) --until \(place.lastEqual.nanoseconds) --inspect")
        }
        return ExitCode.divergence
    }
    let isWhole = reason == .replayEnded
    // Equal to nothing is not equal: a trace whose recording was cut off within its first second has no checkpoint.
    if isWhole && replayer.checkpointCount == 0 && isVerifying {
        throw CommandFailure("\(path) holds no checkpoint to compare: its recording was cut off in the first second. Record it again, or use --no-verify", code: ExitCode.badData)
    }
    object["equal"] = isWhole
    if isJSON { printJSON(object) } else if isWhole {
        print("equal: \(replayer.eventCount) events, \(replayer.checkpointCount) checkpoints, \(simulation.machine.now.text) s" + (replayer.trace.isTruncated ? " (the trace ends early: its recording was cut off)" : ""))
    } else {
        print("the guest stopped at \(simulation.machine.now.text) s before the trace was used up")
    }
    return isWhole ? ExitCode.success : ExitCode.divergence
}

/// Where a replay went wrong: after the last equal checkpoint, with these events between.
struct DivergencePlace {
    var lastEqual = Tick.zero
    var subsystems: [String]
    var events: [String] = []

    init(_ divergence: Divergence, _ trace: TraceReader, _ simulation: Simulation) {
        subsystems = [divergence.subsystem]
        let got = simulation.stateHashes()
        for record in trace.records where record.tick <= divergence.tick {
            guard case .checkpoint(let expected) = record.item else { continue }
            if record.tick < divergence.tick { lastEqual = record.tick } else if expected.entries.count == got.count {
                let differing = zip(expected.entries, got).filter { $0.name == $1.name && $0.hash != $1.hash }.map { $0.0.name }
                if differing.contains(divergence.subsystem) { subsystems = differing }
            }
        }
        for record in trace.records where record.tick >= lastEqual && record.tick < divergence.tick {
            if case .event = record.item { events.append(TraceDump.line(record)) }
        }
    }
}
