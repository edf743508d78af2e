// `simctl trace bisect`: the first tick at which a condition holds in a recorded session.

import Foundation
import Machine
import Terrarium

let traceBisectCommand = Command(
    words: ["trace", "bisect"], arguments: "TRACE", summary: "find the first tick at which a condition holds",
    details: """
    Replays the session and evaluates the condition between any two turns of the machine, so that the answer is exact and
    right also for conditions that come and go. Conditions:
        text "Hello" [sans|serif|mono] [bold|regular] [italic] [size PX]    on the screen, words on one line
        console "panic"                                     printed to the console
        process NAME gone | exists | state=STATE            gone: it ran, and does not any more
        metric NAME > NUMBER                                < <= == != >= >; names: --list-metrics
        frame changed                                       the picture differs from the first one
        mark page-loaded                                    or another kind, or a number
    joined by and, or, not and parentheses.
    """,
    options: [
        OptionSpecification("when", "CONDITION", "the condition"),
        OptionSpecification("list-metrics", nil, "print the names of metrics with their meaning"),
        OptionSpecification("any-image", nil, "although the image is another one than recorded"),
        OptionSpecification("image", "DIR", "guest image or recipe folder (default: the one that was recorded on)"),
        OptionSpecification("json", nil, "print the result as JSON"),
    ],
    argumentCount: 0...1,
    examples: [
        Example("simctl trace bisect s.trace --when 'process tab gone'", "when did a tab's program end?"),
        Example("simctl trace bisect s.trace --when 'text \"Not Found\" and not mark page-loaded'", "an error page before anything was loaded"),
        Example("simctl trace bisect s.trace --when 'metric memory.frames_free < 100'", "when memory became short"),
    ],
    exitCodes: [(ExitCode.success, "found"), (ExitCode.failure, "it never held"), (ExitCode.badData, "corrupt trace or another image"), (ExitCode.noInput, "no such file")],
    seeAlso: ["simctl replay", "simctl trace", "docs/internals/time-travel.md"],
    run: bisectTrace)

@Sendable func bisectTrace(_ arguments: ParsedArguments) throws -> Int32 {
    if arguments.flag("list-metrics") { return listMetrics(isJSON: arguments.flag("json")) }
    guard let path = arguments.arguments.first else { throw CommandFailure.usage("an argument is missing. Usage: simctl trace bisect TRACE --when CONDITION") }
    guard let condition = arguments.string("when") else { throw CommandFailure.usage("--when says what is looked for, e.g. --when 'process tab gone'. See 'simctl trace bisect --help'") }
    do { _ = try Predicate.parse(condition) } catch { throw CommandFailure.usage(error.pointed(in: condition)) }
    let timeline = try openTimeline(arguments, path)
    let inspector = Inspector(timeline, isJSON: arguments.flag("json"))
    inspector.showProgress(to: timeline.trace.endTick.nanoseconds)
    let run = try mapErrors { try timeline.run(until: condition) }
    if timeline.onProgress != nil { FileHandle.standardError.write(Data("\r\u{1b}[K".utf8)) }
    if run.end == .interrupted { throw CommandFailure("interrupted at \(Tick(nanoseconds: run.position.tick).text) s: it did not hold before") }
    return report(run, timeline, condition, path, isJSON: arguments.flag("json"))
}

private func report(_ run: TimelineRun, _ timeline: Timeline, _ condition: String, _ path: String, isJSON: Bool) -> Int32 {
    let isFound = run.end == .held, tick = run.position.tick
    let before = timeline.trace.records.filter { r in
        if case .event = r.item { r.tick.nanoseconds < tick } else { false }
    }.suffix(5).map { TraceDump.line($0) }
    let again = "simctl replay \(path) --until \(tick) --inspect"
    if isJSON {
        var object: [String: Any] = ["schema": 1, "trace": path, "condition": condition, "found": isFound, "turns": run.position.turns]
        if isFound { object["tick"] = tick; object["events_before"] = Array(before); object["command"] = again } else { object["end_tick"] = tick }
        printJSON(object)
    } else if isFound {
        print("first holds at \(Tick(nanoseconds: tick).text) s (tick \(tick))")
        for line in before { print("  before: \(line)") }
        print("look there: \(again)")
    } else {
        print("never held in \(Tick(nanoseconds: tick).text) s: \(condition)")
    }
    return isFound ? ExitCode.success : ExitCode.failure
}

private func listMetrics(isJSON: Bool) -> Int32 {
    let all = Metrics.fixed.map { ($0.name, $0.help) } + Metrics.processFields.map { ("process.NAME." + $0.name, $0.help) }
    if isJSON { printJSON(["schema": 1, "metrics": all.map { ["name": $0.0, "help": $0.1] }]) } else { for (name, help) in all { print(name.padding(toLength: 40, withPad: " ", startingAt: 0) + help) } }
    return ExitCode.success
}
