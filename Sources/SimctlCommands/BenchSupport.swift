// What the bench commands share: reading their options, files beside a report, the table on the terminal, interruption.

import Foundation
import Terrarium

// MARK: Options

/// `I/N` of `--shard`.
func shardOption(_ arguments: ParsedArguments) throws -> (index: Int, count: Int)? {
    guard let text = arguments.string("shard") else { return nil }
    let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let i = parts[0], let n = parts[1], n >= 1, n <= 100_000, (1...n).contains(i) else {
        throw CommandFailure.usage("--shard takes a part and the number of parts, such as 2/8, not '\(text)'")
    }
    return (i, n)
}

/// Files of the scenarios of `--scenario`.
func scenarioPaths(_ text: String?) throws -> [URL] {
    let text = text ?? "research-session"
    if text.hasSuffix(".json") {
        guard FileManager.default.fileExists(atPath: text) else { throw CommandFailure("there is no scenario \(text)", code: ExitCode.noInput) }
        return [URL(fileURLWithPath: text)]
    }
    let folder = projectDirectory().appendingPathComponent("images/scenarios"), known = Scenario.names(in: folder)
    let names = text == "all" ? known : text.split(separator: ",").map(String.init)
    if names.isEmpty { throw CommandFailure.usage("--scenario names nothing; there are: \(known.joined(separator: ", "))") }
    for name in names where !known.contains(name) {
        throw CommandFailure("there is no scenario '\(name)'.\(suggestion(name, among: known)) There are: \(known.joined(separator: ", "))", code: ExitCode.noInput)
    }
    return names.map { folder.appendingPathComponent("\($0).json") }
}

// MARK: Files

/// Traces and pictures of runs.
struct BenchExtras {
    let traces: URL?, screenshots: URL?
    init(_ out: URL, traces: Bool, screenshots: Bool) {
        self.traces = traces ? out.appendingPathComponent("traces") : nil
        self.screenshots = screenshots ? out.appendingPathComponent("screenshots") : nil
    }
    func makeFolders() throws { for folder in [traces, screenshots] { if let folder { try makeFolder(folder) } } }
    private func stem(_ entry: BenchPlan.Entry) -> String { String(entry.fileName.dropLast(5)) }
    func trace(_ entry: BenchPlan.Entry) -> String? { traces?.appendingPathComponent(stem(entry) + ".trace").path }
    func screenshot(_ entry: BenchPlan.Entry) -> String? { screenshots?.appendingPathComponent(stem(entry) + ".png").path }
    func areThere(for entry: BenchPlan.Entry) -> Bool { [trace(entry), screenshot(entry)].allSatisfy { $0.map { FileManager.default.fileExists(atPath: $0) } ?? true } }
}

func writeReport(_ runs: [BenchRun], to out: URL) throws {
    for file in BenchOutput.files(HibernationBound.annotate(runs)) { try write(file.bytes, to: out.appendingPathComponent(file.name).path) }
}

/// About the host and the build, apart from the results, which are the same everywhere.
func writeHostFacts(image: SystemImage, jobCount: Int, to out: URL) throws {
    let info = ProcessInfo.processInfo
    let object: [String: Any] = [
        "schema": 1, "simctl": versionText, "image": hexadecimal(image.hash), "operating_system": info.operatingSystemVersionString,
        "processors": info.processorCount, "memory_bytes": info.physicalMemory, "jobs": jobCount,
    ]
    let data = try JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .prettyPrinted, .withoutEscapingSlashes])
    try write([UInt8](data) + [10], to: out.appendingPathComponent("host.json").path)
}

// MARK: Terminal

/// One table a scenario: a line for each policy, over all sessions.
func printSummaries(_ all: [BenchRun]) {
    let runs = HibernationBound.annotate(all)
    var scenarios: [String] = []
    for run in runs where !scenarios.contains(run.combination.scenario) { scenarios.append(run.combination.scenario) }
    for name in scenarios {
        let of = runs.filter { $0.combination.scenario == name }, summaries = PolicySummary.summaries(of)
        print("\(name): \(of[0].about.ramByteCount >> 20) MiB, \(summaries[0].runCount) session\(summaries[0].runCount == 1 ? "" : "s")")
        let width = max(6, summaries.map { $0.policy.count }.max() ?? 0)
        print("policy".padding(toLength: width, withPad: " ", startingAt: 0) + PolicySummary.columns.map { right($0.title, 11) }.joined())
        for s in summaries { print(s.policy.padding(toLength: width, withPad: " ", startingAt: 0) + PolicySummary.columns.map { right($0.text($0.value(s)), 11) }.joined()) }
    }
}
private func right(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(1, width - text.count)) + text }

/// Ctrl-C ends a benchmark in order: what is finished stays.
enum BenchInterrupt {
    nonisolated(unsafe) private(set) static var isInterrupted = false
    static func watch() {
        isInterrupted = false
        // Whoever started this program may have left them blocked.
        var signals = sigset_t()
        sigemptyset(&signals)
        sigaddset(&signals, SIGINT)
        sigaddset(&signals, SIGTERM)
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        signal(SIGINT) { _ in BenchInterrupt.isInterrupted = true }
        signal(SIGTERM) { _ in BenchInterrupt.isInterrupted = true }
    }
}
