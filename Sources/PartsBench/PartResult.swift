// One measured number of `simctl bench all`, and how it becomes a row of `results.json` (docs/formats/results.md).
// Rows hold whole numbers: what is fractional goes into a smaller unit.

import Foundation
import Terrarium

public struct PartResult: Sendable {
    public var part: String, name: String
    public var unit: String
    public var value: Double
    /// "lower" or "higher" is better; "none" for a bound or peer that stands beside.
    public var direction: String
    public var note: String

    public init(_ part: String, _ name: String, _ value: Double, _ unit: String, _ direction: String, _ note: String) {
        self.part = part; self.name = name; self.value = value; self.unit = unit; self.direction = direction; self.note = note
    }

    /// The row: ×1000 in the next smaller unit, rounded.
    public var row: ResultRow {
        let small = ["x": "per_mille", "MB/s": "kB/s", "M/s": "thousand/s", "ms": "us", "us": "ns", "ns": "ps"][unit]
        let scaled = small == nil ? value : value * 1000
        return ResultRow(scenario: "parts", policy: part, seed: 0, metric: name, unit: small ?? unit, direction: direction,
                         value: scaled.isFinite ? Int64(max(-9e15, min(9e15, scaled.rounded()))) : 0)
    }

    public var text: String {
        let digits = abs(value) >= 100 ? 0 : abs(value) >= 10 ? 1 : 2
        return String(format: "%.\(digits)f", value)
    }
}

/// Wall-clock seconds of `body`.
func wallSeconds(_ body: () throws -> Void) rethrows -> Double {
    let d = try ContinuousClock().measure(body)
    return Double(d.components.seconds) + Double(d.components.attoseconds) * 1e-18
}

/// The best of several runs: the one that others disturbed least.
func bestSeconds(of count: Int, _ body: () throws -> Void) rethrows -> Double {
    var best = Double.infinity
    for _ in 0..<count { best = min(best, try wallSeconds(body)) }
    return max(best, 1e-9)
}

/// A tool of the host that serves as a peer; nil when it is missing or fails.
enum Peer {
    static func run(_ tool: String, _ arguments: [String]) -> String? {
        let path = tool.contains("/") ? tool : (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":").map { "\($0)/\(tool)" }
            .first { FileManager.default.isExecutableFile(atPath: $0) }
        guard let path else { return nil }
        let process = Foundation.Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        guard (try? process.run()) != nil else { return nil }
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return process.terminationStatus == 0 ? String(decoding: data, as: UTF8.self) : nil
    }
    /// What a Python program prints, as a number.
    static func python(_ program: String, _ arguments: [String]) -> Double? {
        run("python3", ["-c", program] + arguments).flatMap { Double($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
    }
}
