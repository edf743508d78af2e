// `simctl replay` and `simctl trace info|dump|diff`, and recording for `run` and `bench`.

import Foundation
import Machine
import Terrarium

let replayCommand = Command(
    words: ["replay"], arguments: "TRACE", summary: "run a recorded session again, without window or network",
    details: """
    Feeds the trace's events to the same image and compares every checkpoint of state hashes. A difference is reported
    with its tick and subsystem.

    exit codes: 0 everything equal; 3 diverged; 65 corrupt trace, foreign version or another image; 66 no such file
    """,
    options: [
        OptionSpecification("verify", nil, "compare every checkpoint (the default)"),
        OptionSpecification("no-verify", nil, "feed the events and compare only the last checkpoint"),
        OptionSpecification("any-image", nil, "replay although the image is another one than recorded (it will likely diverge)"),
        OptionSpecification("screenshot", "FILE", "write the last picture as PNG"),
        OptionSpecification("console", "FILE", "write the guest's console there; - for standard output"),
        OptionSpecification("report", "FILE", "write processes, memory and counters at the end as JSON; - for standard output"),
        OptionSpecification("image", "DIR", "guest image (default images/out)"),
        OptionSpecification("json", nil, "print the result as JSON"),
    ],
    argumentCount: 1...1, run: replayTrace)

let traceInfoCommand = Command(words: ["trace", "info"], arguments: "TRACE", summary: "say what a trace holds", details: "", options: [], argumentCount: 1...1) { arguments in
    for line in TraceDump.info(try openTrace(arguments.arguments[0])) { print(line) }
    return ExitCode.success
}
let traceDumpCommand = Command(words: ["trace", "dump"], arguments: "TRACE", summary: "print a trace's events and checkpoints", details: "", options: [], argumentCount: 1...1) { arguments in
    for line in TraceDump.lines(try openTrace(arguments.arguments[0])) { print(line) }
    return ExitCode.success
}
let traceDiffCommand = Command(
    words: ["trace", "diff"], arguments: "TRACE TRACE", summary: "compare two traces", details: "Exit code 0 when they are equal, 1 when they differ.", options: [], argumentCount: 2...2
) { arguments in
    let lines = TraceDump.diff(try openTrace(arguments.arguments[0]), try openTrace(arguments.arguments[1]))
    for line in lines { print(line) }
    return lines.isEmpty ? ExitCode.success : ExitCode.failure
}

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
        return writer
    } catch { throw CommandFailure(error.message, code: ExitCode.cannotCreate) }
}

func finishRecording(_ simulation: Simulation, _ writer: TraceWriter) throws {
    try writer.finish(simulation.machine)
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
    let path = arguments.arguments[0]
    let trace = try openTrace(path)
    let image = try loadImage(arguments)
    if trace.header.imageHash != image.hash && !arguments.flag("any-image") {
        throw CommandFailure("\(path) was recorded on image \(hexadecimal(trace.header.imageHash)), this one is \(hexadecimal(image.hash)); build the recorded version, or try --any-image", code: ExitCode.badData)
    }
    let simulation = try mapErrors { try Simulation(try SimulationConfiguration(trace.header.configuration), image: image, mode: .replay) }
    if let file = arguments.string("console") { try attachConsole(simulation, file) }
    simulation.onTrap { note($0) }
    let replayer = Replayer(trace, isVerifying: !arguments.flag("no-verify"))
    replayer.attach(to: simulation.machine)
    let reason = simulation.run(until: .forever)
    if let file = arguments.string("screenshot") { try write(simulation.screenshot(), to: file) }
    if let file = arguments.string("report") { try write(Array(RunReport.json(simulation).utf8), to: file) }
    return try reportReplay(reason, replayer, simulation, path, isJSON: arguments.flag("json"), isVerifying: !arguments.flag("no-verify"))
}

private func reportReplay(_ reason: StopReason, _ replayer: Replayer, _ simulation: Simulation, _ path: String, isJSON: Bool, isVerifying: Bool) throws -> Int32 {
    var object: [String: Any] = ["schema": 1, "trace": path, "events": replayer.eventCount, "checkpoints": replayer.checkpointCount, "truncated": replayer.trace.isTruncated]
    if case .diverged(let divergence) = reason {
        object["equal"] = false
        object["tick"] = divergence.tick.nanoseconds
        object["subsystem"] = divergence.subsystem
        if isJSON { printJSON(object) } else {
            print("diverged \(divergence.text)")
            print("\(replayer.eventCount) events and \(replayer.checkpointCount) checkpoints were equal before. Again: simctl replay \(path) --verify")
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

func printJSON(_ object: [String: Any]) {
    let data = (try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .prettyPrinted])) ?? Data()
    print(String(decoding: data, as: UTF8.self))
}
