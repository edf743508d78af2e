// What a conformance run found, and the ledger of expected failures it is held against. A ledger line is
// `case-name hash reason`: the hash is of what the code gives for the case, so a failure that changes is noticed.
import Foundation

/// Runs of public conformance suites. `say` receives one line of report at a time.
public enum Conformance {
    public struct Summary {
        public var passed = 0
        public var failed = 0
        /// Failures that the ledger does not list, listed ones that look different now, and listed ones that pass.
        public var new: [String] = [], changed: [String] = [], fixed: [String] = []
        /// Counts by kind of case, where a suite has kinds.
        public var groups: [Group] = []
        /// Nothing differs from the ledger.
        public var isAsExpected: Bool { new.isEmpty && changed.isEmpty && fixed.isEmpty }
        public var lastLine: String { "\(passed) passed, \(failed) failed" }

        public struct Group {
            public let name: String
            /// Cases that passed or failed; and those among them that had nothing to be compared with.
            public internal(set) var passed = 0, failed = 0, unchecked = 0
        }
    }

    struct Failure {
        var name: String
        var actual: String
        var expected: String
        var hash: String { String(fnv(actual), radix: 16) }
    }

    static func fnv(_ text: String) -> UInt64 { fnv(bytes: Array(text.utf8)) }

    static func fnv(bytes: [UInt8]) -> UInt64 {
        var h: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in bytes { h = (h ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return h
    }

    /// Compares failures with the ledger, reports, and ends with the line of counts.
    static func conclude(_ passed: Int, _ failures: [Failure], ledger: String?, ran: Set<String>, say: (String) -> Void) -> Summary {
        var summary = Summary(passed: passed, failed: failures.count)
        let expected = readLedger(ledger)
        var failing: Set<String> = []
        for failure in failures {
            failing.insert(failure.name)
            guard let hash = expected[failure.name] else {
                summary.new.append(failure.name)
                say("FAIL \(failure.name) \(failure.hash)\n--- expected\n\(failure.expected)\n--- actual\n\(failure.actual)\n")
                continue
            }
            if hash != failure.hash {
                summary.changed.append(failure.name)
                say("CHANGED \(failure.name) \(failure.hash)\n--- expected\n\(failure.expected)\n--- actual\n\(failure.actual)\n")
            }
        }
        for name in expected.keys.sorted() where !failing.contains(name) && ran.contains(name) {
            summary.fixed.append(name)
            say("FIXED \(name): take it out of the ledger")
        }
        if !expected.isEmpty {
            say("ledger: \(failures.count - summary.new.count) expected failures; \(summary.new.count) new, \(summary.changed.count) changed, \(summary.fixed.count) fixed")
        }
        say(summary.lastLine)
        return summary
    }

    private static func readLedger(_ path: String?) -> [String: String] {
        guard let path, let text = try? String(contentsOfFile: path, encoding: .utf8) else { return [:] }
        var result: [String: String] = [:]
        for line in text.split(separator: "\n") where !line.hasPrefix("#") {
            let words = line.split(separator: " ")
            if words.count >= 2 { result[String(words[0])] = String(words[1]) }
        }
        return result
    }

    /// Files below a directory with that extension (nil: all), as paths relative to it, sorted.
    static func files(in directory: String, withExtension suffix: String?) -> [String] {
        guard let walk = FileManager.default.enumerator(atPath: directory) else { return [] }
        var result: [String] = []
        while let path = walk.nextObject() as? String {
            if let suffix {
                if path.hasSuffix("." + suffix) { result.append(path) }
            } else if walk.fileAttributes?[.type] as? FileAttributeType == .typeRegular {
                result.append(path)
            }
        }
        return result.sorted()
    }
}
