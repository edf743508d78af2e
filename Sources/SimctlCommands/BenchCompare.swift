// `simctl bench compare`: two results.json side by side, with ratios.

import Foundation
import Terrarium

let benchCompareCommand = Command(
    words: ["bench", "compare"], arguments: "OLD NEW", summary: "compare two results.json, with ratios",
    details: """
    OLD and NEW are results.json files, or folders that hold one, of 'bench all --out' or 'bench hibernation --out'. Every
    metric is listed with both values, the ratio new/old, and whether that is better or worse; bounds and peers have no
    better, they 'changed'. Metrics of 'bench hibernation' are counted and compare exactly; those of 'bench all' are times of
    a host: compare runs of the same host, and look whether their bounds changed as well.
    """,
    options: [
        OptionSpecification("tolerance", "PERCENT", "differences up to this are 'same' (default 0 for counted metrics, 10 for times)"),
        OptionSpecification("changed", nil, "list only what is not the same"),
        OptionSpecification("fail", nil, "exit with 1 when anything is worse"),
        OptionSpecification("json", nil, "print the comparison as JSON"),
    ],
    argumentCount: 2...2,
    examples: [
        Example("simctl bench compare before/ report/", "two folders that --out wrote"),
        Example("simctl bench compare old.json new.json --changed --fail", "for a script: 1 when something got worse"),
    ],
    exitCodes: [(ExitCode.failure, "with --fail: something is worse"), (ExitCode.badData, "not a results.json"), (ExitCode.noInput, "no such file")],
    seeAlso: ["bench all", "bench hibernation", "docs/formats/results.md"],
    run: benchCompare)

@Sendable func benchCompare(_ arguments: ParsedArguments) throws -> Int32 {
    let tolerance = try arguments.integer("tolerance", in: 0...1000)
    let old = try readResults(arguments.arguments[0]), new = try readResults(arguments.arguments[1])
    var list = ResultComparison.compare(old: old, new: new) { Int64(tolerance ?? (isTimeOfHost($0) ? 10 : 0)) * 10 }
    let worse = list.count { $0.verdict == .worse }
    if arguments.flag("changed") { list.removeAll { $0.verdict == .same } }
    if arguments.flag("json") { print(comparisonJSON(list), terminator: "") } else { printComparison(list) }
    return arguments.flag("fail") && worse > 0 ? ExitCode.failure : ExitCode.success
}

/// Rows of `bench all` are measured by the host's clock, except counts.
private func isTimeOfHost(_ row: ResultRow) -> Bool { row.scenario == "parts" && row.unit != "count" }

private func readResults(_ path: String) throws -> [ResultRow] {
    var url = URL(fileURLWithPath: path), isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { throw CommandFailure("there is no file \(path); 'simctl bench all --out DIR' writes DIR/results.json", code: ExitCode.noInput) }
    if isFolder.boolValue { url.appendPathComponent("results.json") }
    guard let data = try? Data(contentsOf: url) else { throw CommandFailure("cannot read \(url.path); 'simctl bench all --out DIR' writes DIR/results.json", code: ExitCode.noInput) }
    return try mapErrors { try ResultsFile.parse(data, name: url.path) }
}

private func printComparison(_ list: [ResultComparison]) {
    func right(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(1, width - text.count)) + text }
    var group = ""
    for c in list {
        let name: String = c.row.scenario == "parts" ? c.row.policy : "\(c.row.scenario) \(c.row.policy) seed \(c.row.seed)"
        if name != group {
            group = name
            print(name.padding(toLength: max(40, name.count), withPad: " ", startingAt: 0) + right("old", 16) + right("new", 16) + right("new/old", 10))
        }
        let ratio: String = c.ratioPerMille.map { String(format: "%.3f", Double($0) / 1000) } ?? "-"
        let old: String = c.old.map { "\($0)" } ?? "-", new: String = c.new.map { "\($0)" } ?? "-"
        let metric = c.row.metric.padding(toLength: max(38, c.row.metric.count), withPad: " ", startingAt: 0)
        let verdict: String = c.verdict == .same ? "" : "  \(c.verdict.rawValue)"
        print("  \(metric)\(right(old, 16))\(right(new, 16))\(right(ratio, 10))  \(c.row.unit)\(verdict)")
    }
    let counts = [ResultComparison.Verdict.better, .worse, .changed, .new, .gone].compactMap { v in
        let n = list.count { $0.verdict == v }
        return n > 0 ? "\(n) \(v.rawValue)" : nil
    }
    print(counts.isEmpty ? "no difference" : counts.joined(separator: ", "))
}

private func comparisonJSON(_ list: [ResultComparison]) -> String {
    var text = "{\"schema\":1,\"comparison\":[\n"
    for (i, c) in list.enumerated() {
        func number(_ v: Int64?) -> String { v.map { "\($0)" } ?? "null" }
        text += "{\"scenario\":\"\(c.row.scenario)\",\"policy\":\"\(c.row.policy)\",\"seed\":\(c.row.seed),\"metric\":\"\(c.row.metric)\",\"unit\":\"\(c.row.unit)\","
        text += "\"old\":\(number(c.old)),\"new\":\(number(c.new)),\"ratio_per_mille\":\(number(c.ratioPerMille)),\"verdict\":\"\(c.verdict.rawValue)\"}"
        text += i + 1 < list.count ? ",\n" : "\n"
    }
    return text + "]}\n"
}
