// `simctl bench hibernation`, `bench merge` and the process that runs one combination: policies compared on the same
// sessions. What a run is and what it leaves stands in Terrarium/Bench; here are options, processes and the terminal.

import Foundation
import Machine
import Terrarium

private let scenarioFolderNote = FileNote("images/scenarios", "scenarios, one JSON file each (docs/formats/scenario.md)")

let benchHibernationCommand = Command(
    words: ["bench", "hibernation"], arguments: "", summary: "compare tab hibernation policies on the same sessions",
    details: """
    Plays scenarios (docs/formats/scenario.md) under each policy, with --seeds sessions of each, every combination in a
    process of its own. --out gets report.html (self-contained), results.json and results.csv (docs/formats/results.md),
    decisions.jsonl (each decision with the numbers that caused it) and host.json (about this host, the only file
    that differs between hosts). The same command gives the same bytes, with any --jobs.

    Finished combinations stay in DIR/runs. A command that was interrupted, or that asks for more, runs only what is missing;
    what another build, image, scenario or parameter made is not taken for it.

    A policy may have parameters: NAME:key=value,key=value (see 'simctl policies').
    """,
    options: [
        OptionSpecification("scenario", "LIST", "scenarios in images/scenarios, separated by commas, all, or a path to a .json (default research-session)"),
        OptionSpecification("policy", "LIST", "policies separated by commas, NAME or NAME:key=value,…, or all (default all; see 'simctl policies')"),
        OptionSpecification("seeds", "N", "sessions of each scenario: seeds --seed, --seed + 1, … (default 1)"),
        OptionSpecification("seed", "N", "the first seed (default 1)"),
        profileOption,
        OptionSpecification("ram", "SIZE", "memory of the machine, instead of the scenario's or profile's (64M to 4G)"),
        OptionSpecification("out", "DIR", "where results go (default report)"),
        OptionSpecification("jobs", "N", "combinations at the same time (default: processors of this host)"),
        OptionSpecification("shard", "I/N", "only the I-th of N parts, for several hosts; 'simctl bench merge' joins them"),
        OptionSpecification("no-bound", nil, "leave out the distance to what full knowledge of the session could reach (docs/internals/memory-bound.md)"),
        OptionSpecification("record", nil, "also leave a trace of each run in DIR/traces"),
        OptionSpecification("screenshots", nil, "also leave the last picture of each run in DIR/screenshots"),
        imageOption,
        OptionSpecification("json", nil, "print results.json instead of the table"),
    ],
    argumentCount: 0...0,
    examples: [
        Example("simctl bench hibernation --out report/", "the standard scenario under every policy"),
        Example("simctl bench hibernation --scenario research-session --policy all --seeds 5 --ram 512M --out report/", "five people's sessions"),
        Example("simctl bench hibernation --policy none,lru-compress --seed 2", "two policies, another session"),
        Example("simctl bench hibernation --scenario all --shard 2/8 --out part2/", "the second of eight parts, on one of eight hosts"),
    ],
    exitCodes: [(ExitCode.failure, "a run failed; the others are kept"), (ExitCode.badData, "bad scenario or image"), (ExitCode.noInput, "no such scenario or image"), (ExitCode.cannotCreate, "a file cannot be written"),
                (ExitCode.interrupted, "interrupted; the same command goes on from there")],
    files: [scenarioFolderNote],
    seeAlso: ["simctl bench merge", "simctl bench compare", "docs/formats/scenario.md", "docs/formats/results.md", "docs/measurements.md"],
    run: benchHibernation)

let benchMergeCommand = Command(
    words: ["bench", "merge"], arguments: "DIR…", summary: "join the results of several folders into one report",
    details: """
    Takes the finished runs of every DIR (what 'simctl bench hibernation --out DIR' left in DIR/runs) and writes results and
    report of all of them to --out. Parts of one benchmark give the bytes that the whole would have given. The same
    combination in two folders is taken once; two different runs of it are refused.
    """,
    options: [OptionSpecification("out", "DIR", "where results go"), OptionSpecification("json", nil, "print results.json instead of the table")],
    argumentCount: 1...10_000,
    examples: [Example("simctl bench merge part1 part2 part3 --out report/", "three parts of one benchmark")],
    exitCodes: [(ExitCode.badData, "a file that is no run, or two different runs of one combination"), (ExitCode.noInput, "no such folder"), (ExitCode.cannotCreate, "a file cannot be written")],
    seeAlso: ["simctl bench hibernation", "docs/formats/results.md"],
    run: benchMerge)

/// What was asked for, after checking everything that can be checked before anything runs.
private struct BenchRequest {
    var scenarios: [(path: URL, scenario: Scenario)]
    var changes: ScenarioChanges
    var image: SystemImage
    var program: URL
    var plan: BenchPlan
    var jobCount: Int
    var out: URL
}

@Sendable func benchHibernation(_ arguments: ParsedArguments) throws -> Int32 {
    let request = try benchRequest(arguments)
    let store = BenchStore(request.out)
    try makeFolder(store.runs)
    let runs = try finishedRuns(request, store, arguments)
    try writeReport(runs, to: request.out)
    try writeHostFacts(image: request.image, jobCount: request.jobCount, to: request.out)
    if arguments.flag("json") { print(ResultsFile.json(HibernationBound.annotate(runs).flatMap(\.rows)), terminator: "") } else { printSummaries(runs) }
    note("report: \(request.out.appendingPathComponent("report.html").path)")
    return ExitCode.success
}

private func benchRequest(_ arguments: ParsedArguments) throws -> BenchRequest {
    var changes = ScenarioChanges(profile: try profilePath(arguments)?.path)
    if let ram = try arguments.bytes("ram") {
        guard ram >= 64 << 20, ram <= 4 << 30 else { throw CommandFailure.usage("--ram takes 64M to 4G, not '\(arguments.string("ram")!)'") }
        changes.ramByteCount = ram & ~65535
    }
    let first = UInt64(try arguments.integer("seed", in: 0...Int.max - 10_000) ?? 1), count = try arguments.integer("seeds", in: 1...10_000) ?? 1
    let jobCount = try arguments.integer("jobs", in: 1...256) ?? ProcessInfo.processInfo.activeProcessorCount
    let shard = try shardOption(arguments)
    var policies = try parsePolicies(arguments.string("policy")).map { (name: $0, specification: try resolvePolicy($0)) }
    if !arguments.flag("no-bound") { policies.append((HibernationBound.name, HibernationBound.name)) }
    let scenarios = try scenarioPaths(arguments.string("scenario")).map { path in (path, try mapErrors { try changes.apply(to: Scenario.load(path)) }) }
    for (_, scenario) in scenarios { _ = try mapErrors { try scenario.session(seed: first) } }      // a step that cannot be done stops here
    let image = try loadImage(arguments), program = try mapErrors { try Timeline.findExecutable() }
    var plan = BenchPlan(scenarios: scenarios.map(\.1), policies: policies, seeds: first...first + UInt64(count - 1), image: image, program: ProgramIdentity.hash(program))
    if let shard { plan = plan.shard(shard.index, of: shard.count) }
    return BenchRequest(scenarios: scenarios, changes: changes, image: image, program: program, plan: plan, jobCount: jobCount, out: URL(fileURLWithPath: arguments.string("out") ?? "report"))
}

/// Runs what is missing; every run of the plan, in order.
private func finishedRuns(_ request: BenchRequest, _ store: BenchStore, _ arguments: ParsedArguments) throws -> [BenchRun] {
    let extras = BenchExtras(request.out, traces: arguments.flag("record"), screenshots: arguments.flag("screenshots"))
    try extras.makeFolders()
    let missing = request.plan.entries.filter { store.find($0) == nil || !extras.areThere(for: $0) }
    let reused = request.plan.entries.count - missing.count
    if reused > 0 { note("\(reused) of \(request.plan.entries.count) runs are there already") }
    let jobs = missing.map { entry -> BenchJob in
        let path = request.scenarios.first { $0.scenario.name == entry.combination.scenario }!.path
        return BenchJob(image: request.image.directory.path, scenario: path.path, changes: request.changes, combination: entry.combination, specification: entry.specification, key: entry.key,
                        output: store.location(entry).path, trace: extras.trace(entry), screenshot: extras.screenshot(entry))
    }
    try mapErrors { try store.writeManifest(request.plan.entries) }
    let workers = BenchWorkers(program: request.program, jobs: jobs, jobCount: request.jobCount)
    let progress = Progress(total: jobs.count)
    BenchInterrupt.watch()
    let isComplete = try mapErrors { try workers.run(progress: { progress.report($0) }, isInterrupted: { BenchInterrupt.isInterrupted }) }
    progress.finish()
    for failure in workers.failures { note("\(failure.combination.text): \(failure.reason)") }
    if !isComplete { throw CommandFailure("interrupted after \(workers.doneCount) of \(jobs.count) runs; the same command goes on from there", code: ExitCode.interrupted) }
    if !workers.failures.isEmpty { throw CommandFailure("\(workers.failures.count) of \(jobs.count) runs failed; the others are kept in \(store.runs.path)") }
    return try request.plan.entries.map { entry in
        guard let run = store.find(entry) else { throw CommandFailure("\(store.location(entry).path) is gone; run the same command again") }
        return run
    }
}

@Sendable func benchMerge(_ arguments: ParsedArguments) throws -> Int32 {
    guard let path = arguments.string("out") else { throw CommandFailure.usage("--out DIR is missing: where the joined results go") }
    let out = URL(fileURLWithPath: path), store = BenchStore(out)
    let runs = try mapErrors { try BenchStore.merge(arguments.arguments.map { URL(fileURLWithPath: $0) }) }
    try makeFolder(store.runs)
    let entries = runs.map { BenchPlan.Entry(combination: $0.combination, specification: $0.about.specification, key: $0.key) }
    for (run, entry) in zip(runs, entries) { try mapErrors { try BenchStore.write(run, to: store.location(entry)) } }
    try mapErrors { try store.writeManifest(entries) }
    try writeReport(runs, to: out)
    if arguments.flag("json") { print(ResultsFile.json(HibernationBound.annotate(runs).flatMap(\.rows)), terminator: "") } else { printSummaries(runs) }
    note("report: \(out.appendingPathComponent("report.html").path)")
    return ExitCode.success
}

let benchRecordCommand = Command(
    words: ["bench", "record"], arguments: "[TRACE]", summary: "turn your own session into a scenario",
    details: """
    Makes a scenario (docs/formats/scenario.md) of what a person did: of the keys, clicks and turns of the wheel in TRACE
    ('simctl run --record'), or, without TRACE, of a session that you play now in the window, on the pages of the built-in
    page server. Close the window to end it. 'simctl bench hibernation --scenario FILE' then plays it under each policy.
    """,
    options: [OptionSpecification("out", "FILE", "the scenario, NAME.json (default session.json)")] + liveOptions + machineOptions.filter { $0.name != "network" && $0.name != "policy" },
    argumentCount: 0...1,
    examples: [
        Example("simctl bench record --url http://10.0.2.2/python/index.html --out mine.json", "play, close the window, and it is a scenario"),
        Example("simctl bench record s.trace --out mine.json", "of a session that was recorded before"),
    ],
    exitCodes: [(ExitCode.badData, "bad trace or script, or nothing was done in it"), (ExitCode.noInput, "no such file"), (ExitCode.cannotCreate, "a file cannot be written"), (ExitCode.unavailable, "no display")],
    seeAlso: ["simctl run --record", "simctl bench hibernation", "docs/formats/scenario.md"],
    run: benchRecord)

/// Of `run`, for a session that is played now.
private let liveOptions = [
    OptionSpecification("url", "URL", "page that the browser opens first"),
    OptionSpecification("headless", nil, "no window: with --input"),
    OptionSpecification("for", "TIME", "stop after this much virtual time"),
    OptionSpecification("input", "FILE", "input script"),
]

@Sendable func benchRecord(_ arguments: ParsedArguments) throws -> Int32 {
    let out = arguments.string("out") ?? "session.json"
    guard out.hasSuffix(".json") else { throw CommandFailure.usage("--out takes a file NAME.json, not '\(out)'") }
    let name = URL(fileURLWithPath: out).deletingPathExtension().lastPathComponent
    var path = arguments.arguments.first ?? ""
    let isLive = path.isEmpty
    if isLive {
        path = FileManager.default.temporaryDirectory.appendingPathComponent("terrarium-\(getpid()).trace").path
        var run = arguments
        run.values["out"] = nil
        run.values["network"] = "pages"
        run.values["record"] = path
        let code = try runMachine(run)
        if code != ExitCode.success { return code }
    }
    defer { if isLive { try? FileManager.default.removeItem(atPath: path) } }
    let trace = try openTrace(path)
    if trace.header.configuration.parameter("network") == "slirp" { note("the session was on the host's network; the scenario will find the pages of the built-in server only") }
    try write(try mapErrors { try SessionRecorder.scenario(trace, name: name) }, to: out)
    note("scenario: \(out)")
    return ExitCode.success
}

/// `simctl bench-job FILE`: one combination. Not for people.
func benchJob(_ file: String) -> Int32 {
    do {
        let job = try BenchJob.read(file)
        var recorder: TraceWriter?
        try job.perform(prepare: { simulation in
            if let trace = job.trace { recorder = try startRecording(simulation, trace) }
        }, finish: { simulation in
            if let recorder { try finishRecording(simulation, recorder) }
            if let screenshot = job.screenshot { try write(simulation.screenshot(), to: screenshot) }
        })
        return ExitCode.success
    } catch {
        note((error as? TerrariumError)?.message ?? (error as? CommandFailure)?.message ?? (error as? MachineError)?.message ?? "\(error)")
        return ExitCode.failure
    }
}
