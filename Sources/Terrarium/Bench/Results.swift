// Benchmark results: flat rows, stable order, integers only, so that two runs are byte-identical.
// Format: docs/formats/results.md.

import Foundation

/// One number that a run produced.
public struct ResultRow: Equatable, Sendable {
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
