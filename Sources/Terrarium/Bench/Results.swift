// Benchmark results: flat rows, stable order, integers only, so that two runs are byte-identical.
// Format: docs/formats/results.md.

import Foundation

/// One number that a run produced.
public struct ResultRow: Codable, Equatable, Sendable {
    public var scenario: String, policy: String
    public var seed: UInt64
    public var metric: String, unit: String
    /// "lower" or "higher" is better; "none" where neither is.
    public var direction: String
    public var value: Int64

    public init(scenario: String, policy: String, seed: UInt64, metric: String, unit: String, direction: String, value: Int64) {
        self.scenario = scenario; self.policy = policy; self.seed = seed
        self.metric = metric; self.unit = unit; self.direction = direction; self.value = value
    }
    public var key: String { "\(scenario)\u{0}\(policy)\u{0}\(seed)\u{0}\(metric)" }
}

public enum ResultsFile {
    /// The JSON text of `results.json`: schema 1, one row a line.
    public static func json(_ rows: [ResultRow]) -> String {
        var text = "{\"schema\":1,\"results\":[\n"
        for (i, row) in rows.enumerated() {
            text += "{\"scenario\":\(quoted(row.scenario)),\"policy\":\(quoted(row.policy)),\"seed\":\(row.seed),\"metric\":\(quoted(row.metric)),"
            text += "\"unit\":\(quoted(row.unit)),\"direction\":\(quoted(row.direction)),\"value\":\(row.value)}"
            text += i + 1 < rows.count ? ",\n" : "\n"
        }
        return text + "]}\n"
    }

    /// The text of `results.csv` (RFC 4180): the same rows, a line of names first.
    public static func csv(_ rows: [ResultRow]) -> String {
        var text = "scenario,policy,seed,metric,unit,direction,value\r\n"
        for r in rows { text += [field(r.scenario), field(r.policy), "\(r.seed)", field(r.metric), field(r.unit), field(r.direction), "\(r.value)"].joined(separator: ",") + "\r\n" }
        return text
    }
    private static func field(_ s: String) -> String {
        s.utf8.contains { $0 == 0x2c || $0 == 0x22 || $0 == 0x0a || $0 == 0x0d } ? "\"" + s.replacingOccurrences(of: "\"", with: "\"\"") + "\"" : s
    }

    static func quoted(_ s: String) -> String {
        var text = "\""
        for scalar in s.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case let c where c.value < 0x20:
                let hex = String(c.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text + "\""
    }
}

/// The value at or above `perMille` of the sorted values (nearest rank); 0 for none.
public func percentile(_ values: [UInt64], perMille: Int) -> UInt64 {
    guard !values.isEmpty else { return 0 }
    let sorted = values.sorted()
    let rank = (sorted.count * perMille + 999) / 1000
    return sorted[max(0, min(sorted.count - 1, rank - 1))]
}

extension ResultsFile {
    private struct File: Decodable { var schema: Int; var results: [ResultRow] }

    /// The rows of a `results.json`; throws what is wrong with it.
    public static func parse(_ data: Data, name: String) throws(TerrariumError) -> [ResultRow] {
        let file: File
        do { file = try JSONDecoder().decode(File.self, from: data) } catch {
            throw TerrariumError(.badData, "\(name) is not a results.json (docs/formats/results.md)")
        }
        guard file.schema == 1 else { throw TerrariumError(.badData, "\(name) has schema \(file.schema); this simctl reads schema 1") }
        return file.results
    }
}

/// One metric in two result files.
public struct ResultComparison: Equatable, Sendable {
    public enum Verdict: String, Sendable { case same, better, worse, changed, new, gone }
    public var row: ResultRow
    public var old: Int64?, new: Int64?
    /// New over old in thousandths; nil when one is missing, old is 0, or the units differ.
    public var ratioPerMille: Int64?
    public var verdict: Verdict

    /// All metrics of both, in the order of the new file, then what only the old one has. Values within the
    /// tolerance (per mille of the old one) of each other are the same.
    public static func compare(old: [ResultRow], new: [ResultRow], tolerancePerMille: (ResultRow) -> Int64) -> [ResultComparison] {
        var list: [ResultComparison] = []
        for row in new {
            let before = old.first { $0.key == row.key && $0.unit == row.unit }
            list.append(ResultComparison(row, before?.value, row.value, tolerancePerMille(row)))
        }
        for row in old where !new.contains(where: { $0.key == row.key && $0.unit == row.unit }) { list.append(ResultComparison(row, row.value, nil, tolerancePerMille(row))) }
        return list
    }

    private init(_ row: ResultRow, _ old: Int64?, _ new: Int64?, _ tolerance: Int64) {
        self.row = row
        self.old = old
        self.new = new
        guard let old, let new else { verdict = old == nil ? .new : .gone; return }
        if old != 0 { ratioPerMille = Int64((Double(new) / Double(old) * 1000).rounded()) }
        let difference = Double(new) - Double(old)
        if abs(difference) <= abs(Double(old)) * Double(tolerance) / 1000 { verdict = .same; return }
        switch row.direction {
        case "lower": verdict = difference < 0 ? .better : .worse
        case "higher": verdict = difference > 0 ? .better : .worse
        default: verdict = .changed
        }
    }
}
