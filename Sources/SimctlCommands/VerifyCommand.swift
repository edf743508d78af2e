// `simctl verify`: the same run several times, every checkpoint compared.

import Foundation
import Machine
import Synchronization
import Terrarium

let verifyCommand = Command(
    words: ["verify"], arguments: "[IMAGE]", summary: "run the same several times and compare every checkpoint",
    details: """
    Runs an image (default images/out, the desktop) --runs times with the same configuration and input, and compares the
    state hashes of every subsystem (kernel, RAM, each device) at every checkpoint with those of the first run. Nothing
    from outside takes part: the network is the built-in page server or none.
    """,
    options: [
        OptionSpecification("runs", "N", "how many runs (default 5; 2 to 10000)"),
        OptionSpecification("for", "TIME", "virtual time of a run (default 5s, or until after the last line of --input)"),
        OptionSpecification("until", "EVENT", "end a run at an event: \(RunEvent.forms)"),
        OptionSpecification("input", "FILE", "input script (docs/formats/input-script.md)"),
        OptionSpecification("every", "TIME", "virtual time between checkpoints (default 250ms)"),
        OptionSpecification("jobs", "N", "runs at the same time (default 1; 1 to 64)"),
        OptionSpecification("url", "URL", "page that the browser opens first"),
        OptionSpecification("json", nil, "print the result as JSON"),
    ] + machineOptions.map { o in
        o.name == "network" ? OptionSpecification("network", "KIND", "pages (the built-in page server) or none (default pages for the desktop)", choices: ["pages", "none"]) : o
    },
    argumentCount: 0...1,
    examples: [
        Example("simctl verify --runs 20", "the desktop, twenty times five seconds"),
        Example("simctl verify images/demo --runs 3 --until exit:shell", "the demo, from power-on to power-off"),
        Example("simctl verify --input session.input --jobs 2 --json", "a session, two machines at a time"),
    ],
    exitCodes: [(ExitCode.success, "all runs are identical"), (ExitCode.divergence, "a run differs; run, tick and subsystem are named"), (ExitCode.badData, "bad script, recipe or image"), (ExitCode.noInput, "missing file or image")],
    seeAlso: ["simctl replay --verify", "simctl trace diff", "docs/ARCHITECTURE.md"],
    run: verify)

@Sendable func verify(_ arguments: ParsedArguments) throws -> Int32 {
    try checkMachineOptions(arguments)
    let runCount = try arguments.integer("runs", in: 2...10_000) ?? 5
    let jobCount = try arguments.integer("jobs", in: 1...64) ?? 1
    let duration = try arguments.duration("for"), period = try arguments.duration("every") ?? 250_000_000
    guard period >= 1_000_000 else { throw CommandFailure.usage("--every takes at least 1ms, not '\(arguments.string("every")!)'") }
    let event = try eventOption(arguments)
    let scriptText = try arguments.string("input").map(readText)
    let image = try loadImage(arguments)
    var settings = try configuration(arguments, image)
    if settings.network == .slirp { settings.network = image.settings == nil ? .pages : .none }
    settings.checkpointPeriodNanoseconds = period
    let script = try scriptText.map { try InputScript.parse($0, width: settings.width, height: settings.height) } ?? []
    var verification = Verification(configuration: settings, image: image, nanoseconds: duration ?? script.last.map { $0.nanoseconds + 1_000_000_000 } ?? (event == nil ? 5_000_000_000 : 600_000_000_000))
    verification.script = script
    verification.event = event
    verification.runCount = runCount
    verification.jobCount = jobCount
    let progress = Progress(total: runCount)
    let result = try mapErrors { try verification.run { progress.report($0) } }
    progress.finish()
    return report(result, image, seed: settings.seed, isJSON: arguments.flag("json"))
}

private func report(_ result: VerificationResult, _ image: SystemImage, seed: UInt64, isJSON: Bool) -> Int32 {
    let isSame = result.differences.isEmpty
    if isJSON {
        printJSON([
            "schema": 1, "identical": isSame, "runs": result.runCount, "runs_identical": result.identicalCount, "checkpoints": result.checkpointCount, "image": hexadecimal(image.hash),
            "seed": seed, "final_tick_ns": result.finalTick.nanoseconds, "final_hash": hexadecimal(result.finalHash), "instructions": result.instructions,
            "differences": result.differences.map { ["run": $0.run, "tick_ns": $0.tick.nanoseconds, "subsystem": $0.subsystem, "expected": hexadecimal($0.expected), "got": hexadecimal($0.got)] as [String: Any] },
        ])
    } else {
        for d in result.differences { print("run \(d.run) differs at \(d.tick.text) s: \(d.subsystem): expected \(hexadecimal(d.expected)), got \(hexadecimal(d.got))") }
        print("\(result.identicalCount) of \(result.runCount) identical: \(result.checkpointCount) checkpoints each, \(result.finalTick.text) s, \(RunReport.grouped(result.instructions)) instructions, final state \(hexadecimal(result.finalHash))")
    }
    return isSame ? ExitCode.success : ExitCode.divergence
}

/// `3/20 runs, 12 s left` on a terminal, rewritten in place; a line now and then elsewhere.
final class Progress: Sendable {
    private let total: Int
    private let start = Date()
    private let isTerminal = isatty(2) == 1
    private let lastShown = Mutex<Date>(.distantPast)
    private let unit: String
    init(total: Int, unit: String = "runs") { self.total = total; self.unit = unit }

    func report(_ done: Int) {
        let now = Date()
        let isDue = lastShown.withLock { last in
            guard done == total || now.timeIntervalSince(last) >= (isTerminal ? 0.2 : 10) else { return false }
            last = now
            return true
        }
        guard isDue, done > 0 else { return }
        let left = Int((now.timeIntervalSince(start) / Double(done) * Double(total - done)).rounded(.up))
        let text = "\(done)/\(total) \(unit)" + (done < total ? ", \(left) s left" : "")
        if isTerminal { FileHandle.standardError.write(Data("\r\u{1b}[K\(text)".utf8)) } else if done < total { note(text) }
    }
    func finish() { if isTerminal { FileHandle.standardError.write(Data("\r\u{1b}[K".utf8)) } }
}
