// `simctl trace info|dump|diff`: what is in a trace, for people and as JSON.

import Foundation
import Machine
import Terrarium

private let traceCodes: [(code: Int32, text: String)] = [(ExitCode.badData, "corrupt trace or foreign version"), (ExitCode.noInput, "no such file")]
private let jsonOption = OptionSpecification("json", nil, "print as JSON")

let traceInfoCommand = Command(
    words: ["trace", "info"], arguments: "TRACE", summary: "say what a trace holds",
    details: "Format, image, configuration, length, number of events and checkpoints.", options: [jsonOption], argumentCount: 1...1,
    examples: [Example("simctl trace info s.trace", "what was recorded, and on which image")], exitCodes: traceCodes,
    seeAlso: ["simctl replay", "simctl trace dump", "docs/formats/trace.md"]
) { arguments in
    let path = arguments.arguments[0], trace = try openTrace(path)
    if arguments.flag("json") { printJSON(["schema": 1, "trace": path].merging(infoObject(trace)) { a, _ in a }) } else { for line in TraceDump.info(trace) { print(line) } }
    return ExitCode.success
}

let traceDumpCommand = Command(
    words: ["trace", "dump"], arguments: "TRACE", summary: "print a trace's events and checkpoints",
    details: "One record a line: its tick in seconds, what it is, its payload. With --json one JSON object a line after a first one that says what the trace is.",
    options: [jsonOption], argumentCount: 1...1,
    examples: [Example("simctl trace dump s.trace | grep -v checkpoint", "what entered from outside")], exitCodes: traceCodes,
    seeAlso: ["simctl trace info", "simctl trace diff"]
) { arguments in
    let path = arguments.arguments[0], trace = try openTrace(path)
    guard arguments.flag("json") else {
        for line in TraceDump.lines(trace) { print(line) }
        return ExitCode.success
    }
    printLine(["schema": 1, "trace": path].merging(infoObject(trace)) { a, _ in a })
    for record in trace.records { printLine(recordObject(record)) }
    return ExitCode.success
}

let traceDiffCommand = Command(
    words: ["trace", "diff"], arguments: "TRACE TRACE", summary: "compare two traces",
    details: "Prints how the headers differ and the first record that does.", options: [jsonOption], argumentCount: 2...2,
    examples: [Example("simctl trace diff a.trace b.trace", "where two recordings of one session part")],
    exitCodes: [(ExitCode.success, "equal"), (ExitCode.failure, "different")] + traceCodes, seeAlso: ["simctl trace dump", "simctl verify"]
) { arguments in
    let lines = TraceDump.diff(try openTrace(arguments.arguments[0]), try openTrace(arguments.arguments[1]))
    if arguments.flag("json") { printJSON(["schema": 1, "equal": lines.isEmpty, "differences": lines]) } else { for line in lines { print(line) } }
    return lines.isEmpty ? ExitCode.success : ExitCode.failure
}

private func infoObject(_ trace: TraceReader) -> [String: Any] {
    let c = trace.header.configuration
    let events = trace.records.filter { if case .event = $0.item { true } else { false } }.count
    var parameters: [String: String] = [:]
    for p in c.parameters {
        let parts = p.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        parameters[parts[0]] = parts.count > 1 ? parts[1] : ""
    }
    return ["bytes": trace.fileByteCount, "truncated": trace.isTruncated, "toolchain": trace.header.toolchain, "image": hexadecimal(trace.header.imageHash), "ram_bytes": c.ramByteCount, "cpu_mhz": c.cpuMHz,
            "seed": c.seed, "wall_clock_base_ns": c.wallClockBaseNanoseconds, "length_ns": trace.endTick.nanoseconds, "events": events, "checkpoints": trace.records.count - events, "parameters": parameters]
}

private func recordObject(_ record: TraceRecord) -> [String: Any] {
    var object: [String: Any] = ["tick_ns": record.tick.nanoseconds]
    switch record.item {
    case .checkpoint(let c):
        object["kind"] = "checkpoint"
        object["hashes"] = c.entries.map { ["name": $0.name, "hash": hexadecimal($0.hash)] }
    case .event(let event):
        let words = TraceDump.text(event).split(separator: " ").map(String.init)
        object["kind"] = words[0]
        object["text"] = TraceDump.text(event)
        if case .consoleInput(let bytes) = event { object["input"] = String(decoding: bytes, as: UTF8.self) }
    }
    return object
}

private func printLine(_ object: [String: Any]) {
    let data = (try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .withoutEscapingSlashes])) ?? Data()
    print(String(decoding: data, as: UTF8.self))
}
