// `--strace` (issue "The machine to its full promise": command line): lines and JSON of real runs, filters, replay and the
// prompt; a traced run is the run without. Also what a report says of processes, memory and devices.

import ABI
import Foundation
import Machine
import Testing
@testable import SimctlCommands
@testable import Terrarium

extension WholeMachine {
    @Suite struct CallTracing {
        /// Half a second of the desktop: its hashes, and the calls that the filter wants.
        private func run(_ filter: CallFilter?) throws -> (hashes: [UInt64], instructions: UInt64, calls: [CallRecord]) {
            let s = try Simulation.desktop(network: .none)
            var calls: [CallRecord] = []
            if let filter { s.traceCalls(filter) { calls.append($0) } }
            s.run(untilSecond: 0.5)
            return (s.stateHashes().map(\.hash), s.instructionCount, calls)
        }

        @Test func tracingChangesNothing() throws {
            let plain = try run(nil), traced = try run(try CallFilter())
            #expect(plain.hashes == traced.hashes && plain.instructions == traced.instructions && plain.calls.isEmpty)
            let lines = traced.calls.map(\.line)
            for part in ["init[1]       archiveOpen(\"boot.conf\", 9) = 2", "channelCreate([", "spawn(1, \"files\", 5, ", "shmMap(2, false) = 0x40000000", "handleDuplicate(1, write|duplicate|transfer)",
                         "-3 (would block)", "serviceRegister(", "deviceOpen(1, framebuffer)", "subscribe(", "readable|peerClosed", "tabUpdate(", "active", "mark(pageLoaded, "] {
                #expect(lines.contains { $0.contains(part) }, "\(part)\n\(lines.prefix(80).joined(separator: "\n"))")
            }
            #expect(lines.count > 200 && zip(traced.calls, traced.calls.dropFirst()).allSatisfy { $0.tick <= $1.tick })
            // What is shown of a handle is what the call gave.
            for call in traced.calls where call.call == "channelCreate" { #expect(call.arguments[0].text.hasPrefix("[") && call.arguments[0].text != "[0, 0]") }
            for call in traced.calls {
                let object = try #require(try JSONSerialization.jsonObject(with: Data(call.json.utf8)) as? [String: Any])
                #expect(object["call"] as? String == call.call && object["outcome"] != nil && !call.json.contains("\n"))
            }
        }
        @Test func filtersChooseProcessesAndCalls() throws {
            let all = try run(try CallFilter()).calls
            let tabs = try run(try CallFilter(processes: "tab,1", calls: "memory,clock")).calls
            #expect(!tabs.isEmpty && tabs.map(\.line) == all.filter { ["tab", "init"].contains($0.process) && ["archiveOpen", "shmCreate", "shmMap", "shmUnmap", "shmSize", "pageRelease", "memoryInfo", "clock"].contains($0.call) }.map(\.line))
            let rest = try run(try CallFilter(calls: "!memory,clock")).calls
            #expect(rest.contains { $0.call == "channelSend" } && !rest.contains { $0.call == "clock" || $0.call == "shmMap" })
            #expect(SystemCall.allCases.allSatisfy { CallFilter.groups.contains(CallFilter.group($0)) })
        }
        /// A process that sleeps in a call: one line when it blocks, one with the time when it is answered.
        @Test func aBlockedCallIsShownTwice() throws {
            let s = try Simulation.bare(try TestPrograms.image(boot: "sleeper.wat", []))
            var lines: [String] = []
            s.traceCalls(try CallFilter(calls: "wait")) { lines.append($0.line) }
            s.run(untilSecond: 0.5)
            #expect(lines.contains { $0.hasSuffix(" ...") } && lines.contains { $0.contains(" = ") && $0.contains("<blocked 0.") }, "\(lines)")
            #expect(zip(lines, lines.dropFirst()).allSatisfy { $0.hasSuffix(" ...") != $1.hasSuffix(" ...") }, "\(lines)")
            s.traceCalls(nil)
            let count = lines.count
            s.run(untilSecond: 0.9)
            #expect(lines.count == count)
        }
        @Test func replayAndPromptTrace() throws {
            let path = try Traces.recorded.get(), folder = try TemporaryFolder()
            let replayed = simctl(["replay", path, "--strace", folder.path("calls.txt"), "--strace-of", "wm", "--strace-calls", "channel"])
            #expect(replayed.code == 0, "\(replayed)")
            let whole = try String(contentsOfFile: folder.path("calls.txt"), encoding: .utf8).split(separator: "\n")
            #expect(whole.count > 10 && whole.allSatisfy { $0.contains("wm[") && $0.contains("channel") })
            // The same calls between two places, reached forwards and after going back.
            let program = Project.binaries.appendingPathComponent("simctl").path
            let there = try Launched.run(program, ["replay", path, "--command", "goto 300ms; strace on of wm calls channel; goto 800ms; strace off; goto 300ms; strace of wm calls channel; goto 800ms"], in: Project.root)
            let shown = there.output.split(separator: "\n").filter { $0.contains("wm[") }
            #expect(there.code == 0 && shown.count >= 2 && Array(shown.prefix(shown.count / 2)) == Array(shown.suffix(shown.count / 2)), "\(there.output)")
            #expect(shown.prefix(shown.count / 2).allSatisfy { whole.contains($0) })
            let json = simctl(["replay", path, "--until", "400ms", "--json", "--strace", folder.path("calls.jsonl")])
            #expect(json.code == 0)
            let objects = try String(contentsOfFile: folder.path("calls.jsonl"), encoding: .utf8).split(separator: "\n").map { try JSONSerialization.jsonObject(with: Data($0.utf8)) as? [String: Any] }
            #expect(objects.count > 100 && objects.allSatisfy { ($0?["tick_ns"] as? Int ?? .max) <= 401_000_000 && $0?["process"] != nil })
        }
        @Test(arguments: [
            (["--strace-of", "tab"], "belongs to --strace"), (["--strace", "-", "--strace-calls", "chanel"], "Did you mean 'channel'?"), (["--strace", "-", "--strace-calls", "!"], "names no call"),
            (["--strace", "-", "--strace-of", ","], "names no process"), (["--strace", "-", "--json"], "standard output for itself"),
        ])
        func mistakesAreExplained(_ words: [String], _ hint: String) {
            for command in [["run", "--headless"], ["replay", "s.trace"]] {
                let result = simctl(command + words)
                #expect(result.code == ExitCode.usage && result.message.contains(hint) && !result.message.contains("\n"), "\(words): \(result)")
            }
        }
        @Test func aFileThatCannotBeWrittenIsSaid() { #expect(simctl(["run", "--headless", "--network", "none", "--strace", "/nowhere/s.txt"]).code == ExitCode.cannotCreate) }

        // MARK: Reports

        @Test func aReportAccountsForEveryPage() throws {
            let s = try Simulation.desktop(network: .none)
            s.run(untilSecond: 0.5)
            let report = try #require(try JSONSerialization.jsonObject(with: Data(RunReport.json(s).utf8)) as? [String: Any])
            let processes = try #require(report["processes"] as? [[String: Any]])
            #expect(processes.count == s.kernel.processRecords.count)
            for p in processes {
                let map = try #require(p["memory_map"] as? [[String: Any]])
                func pages(_ state: String) -> Int { map.filter { $0["state"] as? String == state }.reduce(0) { $0 + ($1["pages"] as? Int ?? 0) } }
                for state in ["resident", "compressed", "swapped", "filled"] { #expect(pages(state) == p["pages_\(state)"] as? Int, "\(state) of \(p["name"] ?? "")") }
                #expect(map.allSatisfy { ($0["end"] as? Int ?? 0) - ($0["start"] as? Int ?? 0) == $0["bytes"] as? Int })
                #expect((p["faults_by_kind"] as? [String: Int])?.count == FaultKind.allCases.count && p["nanoseconds"] as? Int ?? 0 > 0)
            }
            let maps = processes.flatMap { $0["memory_map"] as? [[String: Any]] ?? [] }
            #expect(maps.contains { $0["shared_name"] as? String == "fonts/DejaVuSans.ttf" } && maps.contains { $0["shared_name"] as? String == "framebuffer" })
            let devices = try #require(report["devices"] as? [[String: Any]])
            #expect(devices.count >= 7 && devices.allSatisfy { $0["drops"] is [String: Int] })
            let text = RunReport.lines(s).joined(separator: "\n")
            for part in ["MEMORY MAP", "(framebuffer)", "CPU TIME", "1 init "] { #expect(text.contains(part), "\(text)") }
        }
        @Test func dropsAreNamed() throws {
            let s = try Simulation.desktop(network: .none)
            s.run(untilSecond: 0.2)
            s.send(.packet([1, 2, 3]))
            s.send(.consoleInput([UInt8](repeating: 120, count: 1 << 20)))
            s.run(untilSecond: 0.3)
            let drops = Dictionary(uniqueKeysWithValues: s.deviceReports.map { ($0.name, $0.drops) })
            #expect(drops["net"] == [NamedCount(name: "frames dropped", count: 1)], "\(drops)")
            #expect(drops["console"]?.first?.name == "input bytes without room", "\(drops)")
            #expect(RunReport.dropLines(s).count == 3)
        }
    }
}
