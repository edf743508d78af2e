// The hibernation laboratory as a person uses it: the same command gives the same bytes with any number of processes, in
// parts that are joined, and after an interruption; its files agree with each other (ACC-004, MEM-003).

import Foundation
import Machine
import Testing
@testable import SimctlCommands
@testable import Terrarium

/// Reads protobuf as far as a Perfetto trace needs it; nil when the bytes are not protobuf.
private struct ProtobufMessage {
    var numbers: [(field: Int, value: UInt64)] = []
    var blocks: [(field: Int, bytes: ArraySlice<UInt8>)] = []
    init?(_ bytes: ArraySlice<UInt8>) {
        var at = bytes.startIndex
        func varint() -> UInt64? {
            var value: UInt64 = 0, shift: UInt64 = 0
            while at < bytes.endIndex, shift < 64 {
                let b = bytes[at]
                at += 1
                value |= UInt64(b & 0x7f) << shift
                if b < 0x80 { return value }
                shift += 7
            }
            return nil
        }
        while at < bytes.endIndex {
            guard let key = varint(), key >> 3 > 0 else { return nil }
            switch key & 7 {
            case 0:
                guard let v = varint() else { return nil }
                numbers.append((Int(key >> 3), v))
            case 2:
                guard let n = varint(), n <= UInt64(bytes.endIndex - at) else { return nil }
                blocks.append((Int(key >> 3), bytes[at..<(at + Int(n))]))
                at += Int(n)
            default: return nil
            }
        }
    }
    func number(_ field: Int) -> UInt64? { numbers.first { $0.field == field }?.value }
    func message(_ field: Int) -> ProtobufMessage? { blocks.first { $0.field == field }.flatMap { ProtobufMessage($0.bytes) } }
    func text(_ field: Int) -> String? { blocks.first { $0.field == field }.map { String(decoding: $0.bytes, as: UTF8.self) } }
}

extension WholeMachine {
    @Suite struct Bench {
        static let resultNames = ["results.json", "results.csv", "decisions.jsonl", "trace.perfetto-trace", "report.html"]
        /// Four tabs on a machine that holds three: a few seconds of virtual time, another session for each seed.
        static let scenario = """
        {"schema": 2, "name": "tiny", "summary": "Four tabs.", "ramMiB": 64, "swapMiB": 64, "width": 640, "height": 480,
         "generator": {"kind": "browse", "tabs": [{"count": 4, "spread": 0, "weight": 1}], "actions": 6, "openUntilPerMille": 500, "linksPerSwitchPerMille": 100, "dwellSeconds": [0],
          "sites": [{"name": "a", "weight": 1, "pages": ["ffmpeg/ffmpeg-all.html", "python/genindex-all.html", "python/contents.html"]}]}}
        """
        private let folder: TemporaryFolder
        init() throws {
            _ = try Project.image()
            folder = try TemporaryFolder()
            try folder.write(Self.scenario, "tiny.json")
        }
        private var simctl: String { Project.binaries.appendingPathComponent("simctl").path }
        private var options: [String] { ["--scenario", folder.path("tiny.json"), "--policy", "none,lru-discard", "--seeds", "2"] }
        private func bench(_ out: String, _ more: [String] = []) throws -> (code: Int32, output: String) {
            try Launched.run(simctl, ["bench", "hibernation"] + options + ["--out", folder.path(out)] + more, in: Project.root)
        }
        private func bytes(_ path: String) -> Data? { FileManager.default.contents(atPath: folder.path(path)) }

        @Test func aBenchmarkIsTheSameInProcessesInPartsAndAfterAnInterruption() throws {
            let whole = try bench("whole", ["--jobs", "2"])
            try #require(whole.code == 0, "\(whole.output)")
            let results = try #require(bytes("whole/results.json"))
            for name in Self.resultNames + ["host.json"] { #expect(bytes("whole/\(name)")?.isEmpty == false, "\(name)") }
            try expectFilesAgree("whole")
            // The clicks hit the tabs that the steps name.
            let scenario = try Scenario.load(URL(fileURLWithPath: folder.path("tiny.json")))
            let all = try BenchStore(URL(fileURLWithPath: folder.path("whole"))).all()
            for run in all where ["none", "lru-discard"].contains(run.combination.policy) {
                let asked = try scenario.session(seed: run.combination.seed).steps.compactMap { step -> UInt32? in if case .switchTo(let tab) = step.action { UInt32(tab) } else { nil } }
                #expect(run.switches.map(\.tab) == asked && !asked.isEmpty, "\(run.combination.text)")
            }

            // Interrupted after the first run, then asked again: that one is not made anew.
            let run = Process()
            run.executableURL = URL(fileURLWithPath: simctl)
            run.arguments = ["bench", "hibernation"] + options + ["--out", folder.path("resumed"), "--jobs", "1"]
            run.currentDirectoryURL = Project.root
            run.standardError = FileHandle.nullDevice
            try run.run()
            let runs = folder.path("resumed/runs")
            while run.isRunning, finished(runs).isEmpty { usleep(10_000) }
            run.interrupt()
            run.waitUntilExit()
            #expect(run.terminationStatus == ExitCode.interrupted)
            let first = try #require(finished(runs).first), stamp = try modified(runs + "/" + first)
            #expect(bytes("resumed/results.json") == nil && finished(runs).count < all.count)
            let resumed = try bench("resumed", ["--jobs", "1"])
            #expect(resumed.code == 0 && resumed.output.contains("are there already"), "\(resumed.output)")
            #expect(try modified(runs + "/" + first) == stamp)
            for name in Self.resultNames { #expect(bytes("resumed/\(name)") == bytes("whole/\(name)"), "\(name)") }

            // Another question to the same folder runs only what is missing, and reports only what was asked.
            let fewer = try Launched.run(simctl, ["bench", "hibernation", "--scenario", folder.path("tiny.json"), "--policy", "none", "--out", folder.path("resumed"), "--json"], in: Project.root)
            #expect(fewer.code == 0 && fewer.output.contains("runs are there already") && finished(runs).count == all.count, "\(fewer.output)")
            #expect(try ResultsFile.parse(try #require(bytes("resumed/results.json")), name: "r").allSatisfy { $0.policy == "none" && $0.seed == 1 })
            #expect(bytes("whole/results.json") == results)
            try expectPartsJoin()
        }

        /// The examples for clusters make parts that join to the whole.
        private func expectPartsJoin() throws {
            let examples = Project.root.appendingPathComponent("Examples/Sweep")
            for task in 3...4 {      // what Slurm sets for --array=3-4
                let environment = ["SIMCTL=\(simctl)", "SLURM_ARRAY_TASK_ID=\(task)", "SLURM_ARRAY_TASK_MIN=3", "SLURM_ARRAY_TASK_MAX=4", "SLURM_ARRAY_TASK_COUNT=2", "SLURM_CPUS_PER_TASK=1"]
                let part = try Launched.run("/usr/bin/env", environment + [examples.appendingPathComponent("slurm-array").path, folder.path("slurm")] + options, in: Project.root)
                try #require(part.code == 0, "\(part.output)")
            }
            let merged = try Launched.run(simctl, ["bench", "merge", folder.path("slurm/part-3"), folder.path("slurm/part-4"), "--out", folder.path("slurm")], in: Project.root)
            try #require(merged.code == 0, "\(merged.output)")
            for name in Self.resultNames { #expect(bytes("slurm/\(name)") == bytes("whole/\(name)"), "\(name)") }
            let parts = try (3...4).map { try BenchStore(URL(fileURLWithPath: folder.path("slurm/part-\($0)"))).all().count }
            #expect(parts[0] - parts[1] <= 1 && parts[1] > 0 && parts[0] + parts[1] == finished(folder.path("whole/runs")).count, "\(parts)")

            guard FileManager.default.isExecutableFile(atPath: "/usr/bin/parallel") else { return }      // Debian's package `parallel`
            let fewer = ["--scenario", folder.path("tiny.json"), "--policy", "lru-discard", "--seeds", "2"]
            let parallel = try Launched.run("/usr/bin/env", ["SIMCTL=\(simctl)", "HOME=\(folder.url.path)", examples.appendingPathComponent("with-gnu-parallel").path, folder.path("parallel"), "2"] + fewer, in: Project.root)
            try #require(parallel.code == 0, "\(parallel.output)")
            let again = try Launched.run(simctl, ["bench", "hibernation"] + fewer + ["--out", folder.path("whole")], in: Project.root)
            try #require(again.code == 0 && again.output.contains("runs are there already"), "\(again.output)")
            for name in Self.resultNames { #expect(bytes("parallel/\(name)") == bytes("whole/\(name)"), "\(name)") }
        }

        @Test func aRecordedRunReplaysEqual() throws {
            let run = try Launched.run(simctl, ["bench", "hibernation", "--scenario", folder.path("tiny.json"), "--policy", "lru-compress", "--record", "--out", folder.path("traced")], in: Project.root)
            try #require(run.code == 0, "\(run.output)")
            let trace = try #require(try FileManager.default.contentsOfDirectory(atPath: folder.path("traced/traces")).first)
            let replay = try Launched.run(simctl, ["replay", folder.path("traced/traces/\(trace)")], in: Project.root)
            #expect(replay.code == 0, "\(replay.output)")
        }

        // MARK: Files

        private func expectFilesAgree(_ out: String) throws {
            let rows = try ResultsFile.parse(try #require(bytes("\(out)/results.json")), name: "results.json")
            #expect(Set(rows.map(\.key)).count == rows.count && Set(rows.map { "\($0.policy) \($0.seed)" }).count == 4)
            let lines = String(decoding: try #require(bytes("\(out)/results.csv")), as: UTF8.self).components(separatedBy: "\r\n")
            #expect(lines.first == "scenario,policy,seed,metric,unit,direction,value")
            #expect(Array(lines.dropFirst().dropLast()) == rows.map { "\($0.scenario),\($0.policy),\($0.seed),\($0.metric),\($0.unit),\($0.direction),\($0.value)" })
            func value(_ policy: String, _ metric: String) -> [Int64] { rows.filter { $0.policy == policy && $0.metric == metric }.map(\.value) }
            #expect(value("lru-discard", "switches").allSatisfy { $0 > 0 } && value("lru-discard", "switch_latency_p50").allSatisfy { $0 > 0 })
            #expect(value("lru-discard", "discards").reduce(0, +) > 0, "the machine must be too small for the session")
            // Each decision stands in decisions.jsonl.
            let decisions = String(decoding: try #require(bytes("\(out)/decisions.jsonl")), as: UTF8.self).split(separator: "\n")
            #expect(Int64(decisions.count) == rows.filter { $0.metric == "decisions" }.map(\.value).reduce(0, +))
            for line in decisions { #expect(try JSONSerialization.jsonObject(with: Data(line.utf8)) is [String: Any]) }
            let report = String(decoding: try #require(bytes("\(out)/report.html")), as: UTF8.self)
            for outside in ["src=", "href=", "url(", "@import", "<script"] { #expect(!report.contains(outside), "a self-contained report loads nothing") }
            try expectTrace(try #require(bytes("\(out)/trace.perfetto-trace")), decisions: decisions.count)
        }
        /// Every packet decodes, events are on described tracks, slices are closed, and all decisions are there.
        private func expectTrace(_ data: Data, decisions: Int) throws {
            let trace = try #require(ProtobufMessage(ArraySlice([UInt8](data))))
            var tracks: Set<UInt64> = [], open: [UInt64: Int] = [:], instants = 0, counters = 0, processes: [String] = []
            for block in trace.blocks {
                #expect(block.field == 1)
                let packet = try #require(ProtobufMessage(block.bytes))
                #expect(packet.number(10) != nil)
                if let d = packet.message(60) {
                    let id = try #require(d.number(1))
                    #expect(tracks.insert(id).inserted && d.number(5).map { tracks.contains($0) } ?? true)
                    if let p = d.message(3) { processes.append(p.text(6) ?? "") }
                    continue
                }
                let event = try #require(packet.message(11)), track = try #require(event.number(11))
                #expect(tracks.contains(track) && packet.number(8) != nil)
                switch event.number(9) {
                case 1: open[track, default: 0] += 1; #expect(event.text(23)?.isEmpty == false)
                case 2: open[track, default: 0] -= 1
                case 3: instants += 1
                case 4: counters += 1; #expect(event.number(30) != nil)
                default: Issue.record("an event of an unknown type")
                }
            }
            #expect(open.values.allSatisfy { $0 == 0 } && instants == decisions && counters > 0)
            #expect(processes == ["tiny, none, seed 1", "tiny, none, seed 2", "tiny, lru-discard, seed 1", "tiny, lru-discard, seed 2"])
        }
        private func finished(_ folder: String) -> [String] { ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).filter { $0.hasSuffix(".json") } }
        private func modified(_ path: String) throws -> Date? { try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date }
    }
}
