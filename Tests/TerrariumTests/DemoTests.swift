// The demo image from power-on to power-off: what it promises is kept and printed, typed commands are part of the record,
// two runs and a replay end in the same state. Also: recipes, the parts of a trace's identity, verification.

import Foundation
import Machine
import Testing
@testable import SimctlCommands
@testable import Terrarium

extension WholeMachine {
    @Suite struct DemoImage {
        /// Typed while the demo runs and after it; power-off at the end.
        static let typed = "0.2s console \"echo typed early\\n\"\n3s console \"ps\\nspawn wild\\n\"\n3.2s console \"services\\nmen\\u007f\\u007fem\\nkil 1\\nexit\\n\"\n"

        private func image() throws -> SystemImage {
            let folder = Project.imageDirectory.appendingPathComponent("demo")
            guard FileManager.default.fileExists(atPath: folder.appendingPathComponent("image.json").path) else { throw TestFailure("There is no demo image. Build it first: make image") }
            return try SystemImage.load(folder)
        }
        private func report(_ path: String) throws -> [String: Any] {
            try JSONSerialization.jsonObject(with: try Data(contentsOf: URL(fileURLWithPath: path))) as? [String: Any] ?? [:]
        }
        private func hashes(_ report: [String: Any]) -> [String] { (report["hashes"] as? [[String: String]] ?? []).map { "\($0["name"] ?? "") \($0["hash"] ?? "")" } }

        @Test func thePromisesAreKeptTwiceAndReplayed() throws {
            let folder = try TemporaryFolder(), image = try image().directory.path
            try folder.write(Self.typed.replacingOccurrences(of: "\\u007f", with: "\u{7f}"), "typed.input")
            func run(_ name: String, _ more: [String]) -> (code: Int32, message: String) {
                simctl(["run", image, "--input", folder.path("typed.input"), "--console", folder.path(name + ".txt"), "--report", folder.path(name + ".json")] + more)
            }
            let first = run("first", ["--record", folder.path("demo.trace")])
            #expect(first.code == 0, "\(first)")
            let console = try String(contentsOfFile: folder.path("first.txt"), encoding: .utf8)
            for promise in ["100,000 between two processes, each one checked", "(wild) followed a pointer to 0xf0000000 and was ended: bad access", "has answered 3 of 3 questions",
                            "(spinner) never yields", " on disk, 0 in memory", "as before", "cloned in", "pages shared, 0 copied", "All promises kept.",
                            "> echo typed early\ntyped early\n", "(wild) ended: bad access", "wild: bad access\n", "  witness\n", "KiB", "> mem\n", "Did you mean kill?", "> exit\n"] {
                #expect(console.contains(promise), "\(promise)\n\(console)")
            }
            #expect(!console.contains("\u{1b}") && !console.contains("\r"), "\(console.debugDescription)")
            #expect(!console.contains("NOT KEPT") && !console.contains("trapped"), "\(console)")
            // The image is found by what the trace says.
            let second = run("second", [])
            let replayed = simctl(["replay", folder.path("demo.trace"), "--verify", "--report", folder.path("replay.json")])
            #expect(second.code == 0, "\(second)")
            #expect(replayed.code == 0, "\(replayed)")
            let a = try report(folder.path("first.json")), b = try report(folder.path("second.json"))
            #expect(hashes(a).count >= 6 && hashes(a) == hashes(b))
            #expect((a["tick_ns"] as? Int ?? 0) == (b["tick_ns"] as? Int ?? 1))
            #expect(hashes(try report(folder.path("replay.json"))) == hashes(a))
            let trace = try TraceReader(path: folder.path("demo.trace"))
            #expect(trace.footer?.eventCount == 3 && trace.records.contains { if case .event(.consoleInput(let b)) = $0.item { String(decoding: b, as: UTF8.self).contains("spawn wild") } else { false } })
        }

        @Test func standardInputIsTheConsole() throws {
            let path = Project.binaries.appendingPathComponent("simctl").path
            try #require(FileManager.default.isExecutableFile(atPath: path))
            let folder = try TemporaryFolder()
            try folder.write("exit\n", "early.input")
            let shell = "printf 'echo from a pipe\\n' | '\(path)' run '\(try image().directory.path)' --for 20ms; '\(path)' run '\(try image().directory.path)' --for 20ms --json < '\(folder.path("early.input"))'"
            let result = try Launched.run("/bin/sh", ["-c", shell], in: Project.root)
            #expect(result.code == 0 && result.output.contains("the promises, live") && result.output.contains("\"ended_by\" : \"time\""), "\(result.output)")
        }

        // MARK: Events

        @Test func aRunEndsAtAnEvent() throws {
            let s = try Simulation.desktop(network: .none)
            #expect(s.run(until: .mark(.pageLoaded), deadline: seconds(5)) == .reached)
            let loaded = s.now
            #expect(s.marks(.pageLoaded).count == 1 && loaded < seconds(2))
            s.run(until: .idle, deadline: seconds(30))
            #expect(s.now >= loaded + EventWatch.idleNanoseconds && s.now < seconds(10))
            #expect(s.run(until: .exit("tab"), deadline: s.now + seconds(1)) == .reached)
            #expect(s.marks.allSatisfy { $0.tick <= s.now })
        }
        @Test func anEventThatDoesNotComeIsAFailure() throws {
            let folder = try TemporaryFolder()
            let result = simctl(["run", "--headless", "--network", "none", "--for", "200ms", "--until", "exit:wm", "--report", folder.path("r.json")])
            #expect(result.code == ExitCode.failure && result.message.contains("'exit:wm' had not happened"), "\(result)")
            #expect(FileManager.default.fileExists(atPath: folder.path("r.json")))
        }

        // MARK: Verification

        @Test func verifyNamesRunTickAndSubsystem() throws {
            var c = SimulationConfiguration()
            c.ramByteCount = 128 << 20
            c.network = .none
            c.checkpointPeriodNanoseconds = 10_000_000
            var v = Verification(configuration: c, image: try Project.image(), nanoseconds: 100_000_000)
            v.runCount = 3
            v.jobCount = 2
            v.script = try InputScript.parse("20ms move 100 100\n", width: c.width, height: c.height)
            let same = try v.run()
            #expect(same.differences.isEmpty && same.identicalCount == 3 && same.checkpointCount >= 5, "\(same)")
            // The third run is touched in the middle: it and nothing else is reported.
            v.disturb = { i, simulation in if i == 2 { simulation.machine.schedule(.pointerMove(x: 5, y: 5), at: .milliseconds(50)) } }
            let different = try v.run()
            #expect(different.identicalCount == 2 && different.differences.map(\.run) == [3], "\(different)")
            let d = try #require(different.differences.first)
            #expect(d.tick >= .milliseconds(50) && d.tick <= .milliseconds(100) && d.expected != d.got && !d.subsystem.isEmpty)
        }

        // MARK: Identity

        @Test func aForeignImageIsNamedByItsPart() throws {
            let real = try Project.image()
            var changed: [String: SystemImage] = [:]
            changed["system"] = SystemImage(directory: real.directory, programs: real.programs, files: real.files, pagesHash: real.pagesHash, system: "other")
            changed["pages"] = SystemImage(directory: real.directory, programs: real.programs, files: real.files, pagesHash: "other", system: real.system)
            changed["programs"] = SystemImage(directory: real.directory, programs: Array(real.programs.dropLast()), files: real.files, pagesHash: real.pagesHash, system: real.system)
            let configuration = SimulationConfiguration().machine(real)
            for (part, image) in changed.sorted(by: { $0.key < $1.key }) {
                #expect(image.hash != real.hash)
                #expect(image.differences(configuration) == [part])
            }
            #expect(real.differences(configuration).isEmpty)
        }
        @Test func theSystemIsItsCodeNotItsComments() throws {
            let folder = try TemporaryFolder()
            try folder.write("// why\nlet a = 1\n\n    let b = 2  \n", "Sources/GuestOS/KernelExtra/A.swift")
            let first = SystemIdentity.hash(root: folder.url)
            try folder.write("let a = 1\nlet b = 2\n// another reason\n", "Sources/GuestOS/KernelExtra/A.swift")
            #expect(first != nil && SystemIdentity.hash(root: folder.url) == first)
            try folder.write("let a = 1\nlet b = 3\n", "Sources/GuestOS/KernelExtra/A.swift")
            #expect(SystemIdentity.hash(root: folder.url) != first)
            #expect(SystemIdentity.hash(root: folder.url.appendingPathComponent("empty")) == nil)
        }

        // MARK: Examples

        @Test func twoMachinesOnTwoThreadsAreEqual() throws {
            _ = try Project.image()
            let path = Project.binaries.appendingPathComponent("TwoMachines").path
            try #require(FileManager.default.isExecutableFile(atPath: path), "\(path) is missing; build it with 'swift build --product TwoMachines'")
            let result = try Launched.run(path, [], in: Project.root)
            #expect(result.code == 0 && result.output.contains("the second machine: equal") && result.output.contains("another seed: different"), "\(result.output)")
        }
    }
}
