// Which combinations of scenario, policy and seed a benchmark runs, in which order, and by what a finished one is known
// again. Invariants: the order follows from the set of combinations, not from how it was asked for or divided; a key
// covers everything that decides a run.

import Foundation
import Machine
import Policies

public struct BenchPlan: Sendable {
    public struct Entry: Sendable {
        public var combination: BenchCombination
        /// The policy with all its parameters, those of `images/policies.json` too.
        public var specification: String
        public var key: String
        public init(combination: BenchCombination, specification: String, key: String) { self.combination = combination; self.specification = specification; self.key = key }
        /// Name of its file in `runs`.
        public var fileName: String { BenchPlan.fileName(combination, key: key) }
    }
    public var entries: [Entry]

    /// Every scenario under every policy with every seed.
    /// - Parameter program: hash of the simulator that will run them (`ProgramIdentity`).
    public init(scenarios: [Scenario], policies: [(name: String, specification: String)], seeds: ClosedRange<UInt64>, image: SystemImage, program: UInt64) {
        entries = []
        for scenario in scenarios {
            for policy in policies {
                for seed in seeds {
                    let c = BenchCombination(scenario: scenario.name, policy: policy.name, seed: seed)
                    entries.append(Entry(combination: c, specification: policy.specification, key: BenchPlan.key(c, policy.specification, scenario, image, program)))
                }
            }
        }
        entries.sort { BenchPlan.isBefore($0.combination, $1.combination) }
    }

    /// Part `index` (1…count) of the plan. Neighbours go to different parts, so that each has its share of every policy.
    public func shard(_ index: Int, of count: Int) -> BenchPlan {
        var plan = self
        plan.entries = entries.enumerated().filter { $0.offset % count == index - 1 }.map { $0.element }
        return plan
    }

    static func key(_ c: BenchCombination, _ specification: String, _ scenario: Scenario, _ image: SystemImage, _ program: UInt64) -> String {
        var hasher = StateHasher()
        hasher.add(UInt64(BenchRun.schema))
        hasher.add(program)
        hasher.add(image.hash)
        hasher.add(scenario.contentHash)
        for p in scenario.configuration.parameters { hasher.add(p) }
        hasher.add(UInt64(scenario.configuration.ramByteCount))
        hasher.add(UInt64(scenario.configuration.cpuMHz))
        hasher.add(c.scenario)
        hasher.add(c.policy)
        hasher.add(specification)
        hasher.add(c.seed)
        return hexadecimal(hasher.value)
    }

    /// By scenario, then policy in the order in which `simctl` lists them, then parameters, then seed.
    static func isBefore(_ a: BenchCombination, _ b: BenchCombination) -> Bool {
        if a.scenario != b.scenario { return a.scenario.utf8.lexicographicallyPrecedes(b.scenario.utf8) }
        if a.policy != b.policy {
            let i = rank(a), j = rank(b)
            return i != j ? i < j : a.policy.utf8.lexicographicallyPrecedes(b.policy.utf8)
        }
        return a.seed < b.seed
    }
    private static func rank(_ c: BenchCombination) -> Int { MemoryPolicies.names.firstIndex(of: c.policyName) ?? MemoryPolicies.names.count }

    static func fileName(_ c: BenchCombination, key: String) -> String {
        let plain = "\(c.scenario)-\(c.policyName)-\(c.seed)".map { $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-" || $0 == ".") ? $0 : "_" }
        return String(plain) + "-\(key).json"
    }
}

/// The program that makes the runs, as a hash of its file: a run of another build is never taken for one of this.
public enum ProgramIdentity {
    public static func hash(_ program: URL) -> UInt64 {
        guard let data = FileManager.default.contents(atPath: program.path) else { return 0 }
        return data.withUnsafeBytes { StateHasher.hash($0) }
    }
}

/// The finished runs of a folder: `DIR/runs/*.json`.
public struct BenchStore: Sendable {
    public let directory: URL
    public init(_ directory: URL) { self.directory = directory }
    public var runs: URL { directory.appendingPathComponent("runs") }
    public func location(_ entry: BenchPlan.Entry) -> URL { runs.appendingPathComponent(entry.fileName) }

    /// The run of an entry, when it is there and whole.
    public func find(_ entry: BenchPlan.Entry) -> BenchRun? {
        guard let run = try? read(location(entry)), run.key == entry.key, run.combination == entry.combination else { return nil }
        return run
    }
    public func read(_ url: URL) throws -> BenchRun {
        guard let data = FileManager.default.contents(atPath: url.path) else { throw TerrariumError(.missing, "there is no file \(url.path)") }
        do {
            let run = try JSONDecoder().decode(BenchRun.self, from: data)
            guard run.schema == BenchRun.schema else { throw TerrariumError(.badData, "\(url.path) has schema \(run.schema), this simctl reads \(BenchRun.schema)") }
            if let problem = run.problem { throw TerrariumError(.badData, "\(url.path) is damaged: its \(problem) cannot be") }
            return run
        } catch is DecodingError { throw TerrariumError(.badData, "\(url.path) is not a run of 'simctl bench hibernation' (docs/formats/results.md)") }
    }
    private struct Manifest: Codable { var schema: Int; var runs: [String] }
    private var manifest: URL { directory.appendingPathComponent("plan.json") }

    /// Says which of the files in `runs` make the report of this folder; others may be there from earlier.
    public func writeManifest(_ entries: [BenchPlan.Entry]) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        do { try encoder.encode(Manifest(schema: 1, runs: entries.map(\.fileName))).write(to: manifest, options: .atomic) } catch {
            throw TerrariumError(.failed, "cannot write \(manifest.path); check that its folder is writable and the disk is not full")
        }
    }
    /// Every finished run of the folder's benchmark, in the order of plans.
    public func all() throws -> [BenchRun] {
        guard let data = FileManager.default.contents(atPath: manifest.path) else {
            throw TerrariumError(.missing, "there is no \(manifest.path); 'simctl bench hibernation --out \(directory.path)' makes it")
        }
        guard let list = try? JSONDecoder().decode(Manifest.self, from: data), list.schema == 1 else { throw TerrariumError(.badData, "\(manifest.path) is damaged; run 'simctl bench hibernation' again") }
        let urls = list.runs.map { runs.appendingPathComponent($0) }
        if let gone = urls.first(where: { !FileManager.default.fileExists(atPath: $0.path) }) {
            throw TerrariumError(.missing, "\(gone.path) is missing: the benchmark in \(directory.path) is not finished; run its command again")
        }
        return try urls.map { try read($0) }.sorted { BenchPlan.isBefore($0.combination, $1.combination) }
    }

    /// The runs of several folders, each combination once, in the order of plans.
    public static func merge(_ folders: [URL]) throws -> [BenchRun] {
        var found: [BenchCombination: (run: BenchRun, folder: URL)] = [:]
        for folder in folders {
            for run in try BenchStore(folder).all() {
                if let other = found.values.first(where: { $0.run.combination.scenario == run.combination.scenario && !$0.run.about.isSameMachine(run.about) }) {
                    throw TerrariumError(.badData, "\(other.folder.path) and \(folder.path) have runs of \(run.combination.scenario) on different machines or images; they cannot be compared")
                }
                guard let before = found[run.combination] else { found[run.combination] = (run, folder); continue }
                // Another build of the simulator may have another key and must have the same result.
                if before.run.rows != run.rows || before.run.finalHash != run.finalHash {
                    throw TerrariumError(.badData, "\(before.folder.path) and \(folder.path) have different runs of \(run.combination.text): they were made with different images, scenarios, memory or versions")
                }
            }
        }
        return found.values.map(\.run).sorted { BenchPlan.isBefore($0.combination, $1.combination) }
    }

    /// Writes a run; whoever looks sees the whole file or none.
    public static func write(_ run: BenchRun, to url: URL) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        do {
            try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try encoder.encode(run).write(to: url, options: .atomic)
        } catch { throw TerrariumError(.failed, "cannot write \(url.path); check that its folder is writable and the disk is not full") }
    }
}
