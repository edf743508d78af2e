// `simctl bench …`: policies compared on recorded sessions, and the measurements of the parts.

import Foundation
import Machine
import Terrarium

let benchHibernationCommand = Command(
    words: ["bench", "hibernation"], arguments: "", summary: "compare tab hibernation policies on one recorded session",
    details: """
    Plays a scenario (docs/formats/scenario.md) once under each policy and writes report.html (self-contained) and
    results.json (flat rows, docs/formats/results.md) to --out. The same command gives the same bytes.
    """,
    options: [
        OptionSpecification("scenario", "NAME", "scenario in images/scenarios, or a path to its .json (default docs-12-tabs)"),
        OptionSpecification("policy", "LIST", "policies separated by commas, NAME or NAME:key=value,…, or all (default all; see 'simctl policies')"),
        OptionSpecification("out", "DIR", "where the report goes (default report)"),
        OptionSpecification("seed", "N", "decides every random byte in the guest (default 1)"),
        OptionSpecification("record", nil, "also leave a trace of each run in --out"),
        OptionSpecification("screenshots", nil, "also leave the last picture of each run in --out"),
        imageOption,
        OptionSpecification("json", nil, "print results.json instead of the table"),
    ],
    argumentCount: 0...0,
    examples: [
        Example("simctl bench hibernation --out report/", "the standard scenario under every policy"),
        Example("simctl bench hibernation --policy none,lru-compress --seed 2", "two policies, another seed"),
    ],
    exitCodes: [(ExitCode.badData, "bad scenario or image"), (ExitCode.noInput, "no such scenario or image"), (ExitCode.cannotCreate, "a file cannot be written")],
    files: [FileNote("images/scenarios", "scenarios and their input scripts")],
    seeAlso: ["docs/formats/scenario.md", "docs/formats/results.md", "docs/measurements.md"],
    run: benchHibernation)

@Sendable func benchHibernation(_ arguments: ParsedArguments) throws -> Int32 {
    let name = arguments.string("scenario") ?? "docs-12-tabs"
    let path = name.hasSuffix(".json") ? URL(fileURLWithPath: name) : projectDirectory().appendingPathComponent("images/scenarios/\(name).json")
    let known = (try? FileManager.default.contentsOfDirectory(atPath: projectDirectory().appendingPathComponent("images/scenarios").path))?.filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted() ?? []
    if !FileManager.default.fileExists(atPath: path.path) {
        throw CommandFailure("there is no scenario '\(name)'.\(suggestion(name, among: known)) There are: \(known.joined(separator: ", "))", code: ExitCode.noInput)
    }
    let scenario = try mapErrors { try Scenario.load(path) }
    let seed = UInt64(try arguments.integer("seed", in: 0...Int.max) ?? 1)
    let policies = try parsePolicies(arguments.string("policy"))
    let image = try loadImage(arguments)
    let script = try InputScript.parse(scenario.inputScript, width: scenario.configuration.width, height: scenario.configuration.height)
    let out = URL(fileURLWithPath: arguments.string("out") ?? "report")
    try makeFolder(out)
    var runs: [HibernationRun] = []
    for (i, policy) in policies.enumerated() {
        note("[\(i + 1)/\(policies.count)] \(scenario.name) under \(policy): \(scenario.seconds) s of virtual time")
        let run = try mapErrors {
            var recorder: TraceWriter?
            return try HibernationBench.run(scenario, policy: policy, specification: try resolvePolicy(policy), seed: seed, image: image, prepare: { simulation in
                for event in script { simulation.machine.schedule(event.event, at: Tick(nanoseconds: event.nanoseconds)) }
                if arguments.flag("record") { recorder = try startRecording(simulation, out.appendingPathComponent("\(policy).trace").path) }
            }, finish: { simulation in
                if let recorder { try finishRecording(simulation, recorder) }
                if arguments.flag("screenshots") { try write(simulation.screenshot(), to: out.appendingPathComponent("\(policy).png").path) }
            })
        }
        runs.append(run)
    }
    let rows = runs.flatMap { HibernationBench.rows($0, scenario: scenario.name, seed: seed) }
    let json = ResultsFile.json(rows)
    try write(Array(json.utf8), to: out.appendingPathComponent("results.json").path)
    let command = "simctl bench hibernation --scenario \(name) --seed \(seed)" + (arguments.string("policy").map { " --policy \($0)" } ?? "")
    let html = HibernationReport.html(runs, scenario: scenario, seed: seed, command: command)
    try write(Array(html.utf8), to: out.appendingPathComponent("report.html").path)
    if arguments.flag("json") { print(json, terminator: "") } else { printTable(rows, policies) }
    note("report: \(out.appendingPathComponent("report.html").path)")
    return ExitCode.success
}

private func printTable(_ rows: [ResultRow], _ policies: [String]) {
    var metrics: [String] = []
    for row in rows where !metrics.contains(row.metric) { metrics.append(row.metric) }
    func cell(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(1, width - text.count)) + text }
    print("metric".padding(toLength: 28, withPad: " ", startingAt: 0) + policies.map { cell($0, 16) }.joined() + "  unit")
    for metric in metrics {
        let line = policies.map { p in rows.first { $0.metric == metric && $0.policy == p } }
        print(metric.padding(toLength: 28, withPad: " ", startingAt: 0) + line.map { cell($0.map { "\($0.value)" } ?? "", 16) }.joined() + "  \(line.first??.unit ?? "")")
    }
}
