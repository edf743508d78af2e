// A data disk through the command line: its content is an input of a recorded run, and replays find and check it.

import Foundation
import Machine
import Testing
@testable import SimctlCommands
@testable import Terrarium

extension WholeMachine {
    @Suite struct Disks {
        private func run(_ more: [String]) throws -> (code: Int32, message: String) {
            _ = try Project.image()
            return simctl(["run", "--headless", "--network", "none", "--ram", "128M", "--for", "1100ms", "--image", Project.imageDirectory.path] + more)
        }
        private func replay(_ trace: String, _ more: [String] = []) -> (code: Int32, message: String) {
            simctl(["replay", trace, "--image", Project.imageDirectory.path] + more)
        }

        @Test func aRecordingKeepsItsDiskAndReplaysWithIt() throws {
            let folder = try TemporaryFolder()
            let disk = folder.path("data.img"), trace = folder.path("a.trace")
            let recorded = try run(["--disk", disk + ",size=4M,model=hdd", "--disk-faults", "read-error=0.5%,slow=1%+20ms", "--record", trace])
            #expect(recorded.code == ExitCode.success, "\(recorded.message)")
            #expect(try Data(contentsOf: URL(fileURLWithPath: disk)).count == 4 << 20)
            let header = try TraceReader(path: trace).header.configuration
            #expect(header.parameter("disk")?.hasSuffix(",writable,hdd") == true)
            #expect(header.parameter("disk-faults") == "read-error=0.5%,slow=1%+20000000ns")
            try FileHandle(forWritingTo: URL(fileURLWithPath: disk)).write(contentsOf: Data([1, 2, 3]))
            let again = replay(trace)
            #expect(again.code == ExitCode.success, "\(again.message)")
            let changed = replay(trace, ["--disk", disk])
            #expect(changed.code == ExitCode.badData)
            #expect(changed.message.contains("content differs"), "\(changed.message)")
            #expect(try Data(contentsOf: URL(fileURLWithPath: disk)).prefix(4) == Data([1, 2, 3, 0]))
        }

        /// Lines typed on the console go to the data disk and come back; the console's bytes and the disk's first content are
        /// inputs of the recording, and a replay ends in the same state. One typed byte more or another disk is found.
        @Test func typedLinesKeptOnTheDiskReplay() throws {
            let folder = try TemporaryFolder(), disk = folder.path("data.img"), trace = folder.path("keeper.trace")
            let image = SystemImage(directory: folder.url, programs: [try TestPrograms.entry("keeper.swift", as: "init")], files: [], pagesHash: "")
            try image.save()
            var content = [UInt8](repeating: 0, count: 1 << 20)
            content.replaceSubrange(0..<8, with: Array("of old\0\0".utf8))
            try Data(content).write(to: URL(fileURLWithPath: disk))
            try folder.write("20ms console \"first\\nsec\"\n50ms console \"ond\\n\"\n51ms console \"third\\n\"\n", "typed.input")
            let recorded = simctl(["run", image.directory.path, "--headless", "--network", "none", "--ram", "64M", "--for", "250ms", "--disk", disk, "--input", folder.path("typed.input"),
                                   "--console", folder.path("console.txt"), "--record", trace, "--report", folder.path("run.json")])
            #expect(recorded.code == ExitCode.success, "\(recorded.message)")
            let console = try String(contentsOfFile: folder.path("console.txt"), encoding: .utf8)
            for text in ["found: of old", "kept 0 at", ": first", "kept 1 at", ": second", "kept 2 at", ": third"] { #expect(console.contains(text), "\(console)") }
            let kept = [UInt8](try Data(contentsOf: URL(fileURLWithPath: disk)))
            #expect(Array(kept[0..<5]) == Array("first".utf8) && Array(kept[8192..<8197]) == Array("third".utf8))

            let replayed = simctl(["replay", trace, "--image", image.directory.path, "--verify", "--report", folder.path("replay.json")])
            #expect(replayed.code == ExitCode.success, "\(replayed.message)")
            let a = try report(folder.path("run.json")), b = try report(folder.path("replay.json"))
            #expect(hashes(a).contains { $0.hasPrefix("disk ") } && hashes(a).contains { $0.hasPrefix("console ") } && hashes(a) == hashes(b))
            #expect(try counter(a, "disk", "writes") == 3 && counter(a, "disk", "flushes") == 3 && counter(a, "disk", "reads") == 4)
            #expect([UInt8](try Data(contentsOf: URL(fileURLWithPath: disk))) == kept)       // a replay writes nothing


            // The hashes see both: with another byte typed, and with another byte on the disk, the end is another one.
            func end(typing text: String, onDisk first: UInt8) throws -> [String: UInt64] {
                content[0] = first
                try Data(content).write(to: URL(fileURLWithPath: folder.path("other.img")))
                var c = SimulationConfiguration()
                (c.ramByteCount, c.swapByteCount, c.network) = (64 << 20, 16 << 20, .none)
                c.disk = DiskConfiguration(path: folder.path("other.img"))
                c.disk?.isSnapshot = true
                let s = try Simulation(c, image: image)
                s.run(nanoseconds: 20_000_000)
                s.send(.consoleInput(Array(text.utf8)))
                s.run(nanoseconds: 100_000_000)
                #expect(s.consoleText.contains("kept 0"))
                s.expectConserved()
                return Dictionary(uniqueKeysWithValues: s.stateHashes().map { ($0.name, $0.hash) })
            }
            let plain = try end(typing: "one\n", onDisk: 65), typed = try end(typing: "onE\n", onDisk: 65), loaded = try end(typing: "one\n", onDisk: 66)
            #expect(plain["disk"] != typed["disk"] && plain["console"] != typed["console"] && plain["ram"] != typed["ram"])
            #expect(plain["console"] != loaded["console"] && plain["ram"] != loaded["ram"])
            #expect(try end(typing: "one\n", onDisk: 65) == plain)
        }
        private func report(_ path: String) throws -> [String: Any] { try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path))) as? [String: Any] ?? [:] }
        private func hashes(_ report: [String: Any]) -> [String] { (report["hashes"] as? [[String: String]] ?? []).map { "\($0["name"] ?? "") \($0["hash"] ?? "")" } }
        private func counter(_ report: [String: Any], _ device: String, _ name: String) throws -> Int {
            let devices = report["devices"] as? [[String: Any]] ?? []
            let counters = try #require(devices.first { $0["name"] as? String == device }?["counters"] as? [String: Any])
            return counters[name] as? Int ?? -1
        }

        @Test func aMissingDiskIsAskedFor() throws {
            let folder = try TemporaryFolder()
            let disk = folder.path("data.img"), trace = folder.path("a.trace")
            var content = [UInt8](repeating: 0, count: 1 << 20)
            content[70_000] = 9
            try Data(content).write(to: URL(fileURLWithPath: disk))
            #expect(try run(["--disk", disk + ",readonly", "--record", trace]).code == ExitCode.success)
            try FileManager.default.removeItem(atPath: trace + ".disk")
            let without = replay(trace)
            #expect(without.code == ExitCode.badData)
            #expect(without.message.contains("--disk FILE"), "\(without.message)")
            #expect(replay(trace, ["--disk", disk]).code == ExitCode.success)
            try Data("TRRMDISKjunk".utf8).write(to: URL(fileURLWithPath: trace + ".disk"))
            #expect(replay(trace).message.contains("damaged"))
        }

        @Test(arguments: [
            (["--disk", "/nowhere/a.img"], ExitCode.failure, "/nowhere/a.img"), (["--disk", "a.img,sise=4M"], ExitCode.usage, "size"),
            (["--disk", "a.img,size=tiny"], ExitCode.usage, "size=64M"), (["--disk", "a.img,model=tape"], ExitCode.usage, "hdd"), (["--disk", ",size=4M"], ExitCode.usage, "file"),
            (["--disk", "/nowhere/a.img,readonly"], ExitCode.noInput, "/nowhere/a.img"), (["--disk-faults", "slow"], ExitCode.usage, "--disk FILE"),
            (["--disk", "a.img", "--disk-faults", "explode"], ExitCode.usage, "torn-write"),
        ])
        func refusals(_ options: [String], _ code: Int32, _ part: String) throws {
            let result = try run(options)
            #expect(result.code == code, "\(result.message)")
            #expect(result.message.contains(part), "\(result.message)")
        }
    }
}
