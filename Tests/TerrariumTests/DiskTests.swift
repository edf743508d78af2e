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
