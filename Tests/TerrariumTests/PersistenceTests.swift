// /data from run to run: what is synced is there again, whatever the disk does; recorded and replayed; looked at from the
// host. VFS-008, SVC-002, KERN-018.

import Devices
import Foundation
import Machine
import Testing
@testable import SimctlCommands
@testable import Terrarium

extension WholeMachine {
    @Suite struct Persistence {
        /// A run of `data-check` on the disk, ended in order; its lines, and the machine. Not kept: the disk stays as it is.
        private func check(_ disk: String, faults: String = "", seed: UInt64 = 1, until text: String = "data-check: later", isKept: Bool = true) throws -> (lines: [String], machine: Simulation) {
            var c = SimulationConfiguration()
            c.ramByteCount = 64 << 20
            c.swapByteCount = 16 << 20
            c.network = .none
            c.startPrograms = "files,data-check"
            c.seed = seed
            c.disk = DiskConfiguration(path: disk, byteCount: FileManager.default.fileExists(atPath: disk) ? nil : 16 << 20)
            c.disk!.isSnapshot = !isKept
            c.disk!.faults = try FaultPlan(parsing: faults)
            let s = try Simulation(c, image: try Project.image(adding: ["data-check.swift"]))
            _ = s.run(untilConsole: text, withinSeconds: 20)
            try s.closeDisk()
            return (s.consoleText.split(separator: "\n").compactMap { line in line.range(of: "data-check] ").map { String(line[$0.upperBound...]) } }, s)
        }
        private func found(_ lines: [String]) throws -> Int { try #require(lines.first { $0.hasPrefix("found ") }.flatMap { Int($0.dropFirst(6)) }, "\(lines)") }
        private func durable(_ lines: [String]) -> Int? { lines.last { $0.hasPrefix("durable ") }.flatMap { Int($0.dropFirst(8)) } }

        @Test func theSecondRunGoesOnWhereTheFirstStopped() throws {
            let folder = try TemporaryFolder(), disk = folder.path("a.state"), copy = folder.path("b.state")
            let first = try check(disk)
            #expect(first.lines.prefix(3) == ["root: data system tmp", "no count: no such file or directory", "found 0"], "\(first.machine.consoleText)")
            #expect(durable(first.lines) == 12 && first.lines.contains("large: equal"))
            // The same again on another disk: equal to the last bit.
            let again = try check(copy)
            #expect(again.machine.stateHashes().map(\.hash) == first.machine.stateHashes().map(\.hash))
            #expect(try Data(contentsOf: URL(fileURLWithPath: disk)) == Data(contentsOf: URL(fileURLWithPath: copy)))
            let second = try check(disk)
            #expect(try found(second.lines) == 12 && durable(second.lines) == 24)
            #expect(simctl(["disk", "check", disk]).code == ExitCode.success)
            first.machine.expectConserved()
        }
        @Test func powerLossTakesNothingThatWasSynced() throws {
            let folder = try TemporaryFolder(), image = folder.path("a.state")
            var last = 0, lossCount = 0
            for write in [1, 2, 3, 5, 8, 13, 21, 34] {
                let run = try check(image, faults: "power-loss#\(write)", seed: UInt64(write))
                if run.machine.disk?.isPowerLost == true { lossCount += 1 }
                if let now = durable(run.lines) { last = now }
                // Before the first commit the disk may be one that was never formatted in whole.
                #expect(simctl(["disk", "check", image]).code == ExitCode.success || last == 0, "after the loss at write \(write)")
                let after = try found(try check(image, until: "found", isKept: false).lines)
                #expect(after == last || after == last + 1, "power lost at write \(write): \(last) was durable, \(after) is there")
                last = after
            }
            #expect(lossCount >= 6)
        }
        @Test func errorsOfTheDiskReachTheProgramAndLoseNothing() throws {
            let folder = try TemporaryFolder()
            // Errors that pass are repeated; dropped flushes do no harm while the power stays.
            let passing = folder.path("a.state"), run = try check(passing, faults: "read-error=5%,write-error=5%,torn-write=3%,drop-flush=30%", seed: 3)
            #expect(durable(run.lines) == 12 && !run.lines.contains { $0.hasPrefix("failed") }, "\(run.lines)")
            #expect(try found(try check(passing, until: "found", isKept: false).lines) == 12)
            // Every write but to the superblocks' neighbourhood fails: said to the program and on the console.
            let broken = folder.path("b.state")
            _ = try check(broken, until: "durable 3")
            let failed = try check(broken, faults: "write-error@16-32767")
            #expect(failed.lines.contains { $0.hasPrefix("failed at") && $0.hasSuffix("the device reports an error") }, "\(failed.lines)")
            #expect(failed.machine.consoleText.contains("/data: changes cannot be written: the device reports an error"))
            #expect(try found(try check(broken, until: "found", isKept: false).lines) >= 3)
        }
        @Test func aForeignDiskIsLeftAlone() throws {
            let folder = try TemporaryFolder(), disk = folder.path("a.img")
            var content = [UInt8](repeating: 0, count: 1 << 20)
            content[1080] = 0x53
            try Data(content).write(to: URL(fileURLWithPath: disk))
            let run = try check(disk, until: "data-check: done")
            #expect(run.lines.first == "root: system tmp" && run.machine.consoleText.contains("/data: the data disk holds something else and is left alone"))
            #expect(try [UInt8](Data(contentsOf: URL(fileURLWithPath: disk))) == content)
            #expect(simctl(["disk", "ls", disk]).code == ExitCode.badData)
        }

        /// Opens a terminal from the menu and works in /data.
        private static let typed = """
        1.0s click 50 13
        1.1s click 40 71
        1.5s type "mkdir /data/d\\nwrite /data/d/note remember\\ncp /data/d/note /data/copy\\nmv /data/copy /data/d\\nsync\\n"
        """
        @Test func stateOfTheTerminalReplaysAndIsSeenFromTheHost() throws {
            let folder = try TemporaryFolder(), state = folder.path("my.state"), trace = folder.path("a.trace")
            try folder.write(Self.typed, "typed.input")
            func run(_ more: [String]) -> (code: Int32, message: String) {
                simctl(["run", "--headless", "--network", "none", "--ram", "128M", "--state", state, "--image", Project.imageDirectory.path] + more)
            }
            let first = run(["--for", "3s", "--input", folder.path("typed.input"), "--record", trace])
            #expect(first.code == ExitCode.success, "\(first.message)")
            let size = try FileManager.default.attributesOfItem(atPath: state)[.size] as? Int
            #expect(size == stateByteCount)
            let replay = simctl(["replay", trace, "--verify", "--image", Project.imageDirectory.path])
            #expect(replay.code == ExitCode.success, "\(replay.message)")
            func simctlOutput(_ words: [String]) throws -> String { try Launched.run(Project.binaries.appendingPathComponent("simctl").path, words, in: Project.root).output }
            let listed = try simctlOutput(["disk", "ls", state, "d"]), note = try simctlOutput(["disk", "cat", state, "/d/copy"])
            #expect(listed == "           9  copy\n           9  note\n" && note == "remember\n", "\(listed) \(note)")
            #expect(try simctlOutput(["disk", "check", state]).contains("every block is free or used once"))
            #expect(simctl(["disk", "cat", state, "/d"]).message.contains("is a directory"))
            #expect(simctl(["disk", "cat", state, "/x"]).code == ExitCode.failure)
            // The second run begins with what the first left: its recording differs in the disk's content only.
            #expect(run(["--for", "500ms", "--record", folder.path("b.trace")]).code == ExitCode.success)
            let a = try TraceReader(path: trace).header.configuration.parameter("disk"), b = try TraceReader(path: folder.path("b.trace")).header.configuration.parameter("disk")
            #expect(a != nil && b != nil && a != b)
            #expect(run(["--disk", state]).code == ExitCode.usage)
        }
    }
}
