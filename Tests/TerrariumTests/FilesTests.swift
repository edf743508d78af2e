// The file service in the machine: every operation from a program, the terminal's commands, twice and replayed.
// KERN-018, SVC-001, SVC-002, SVC-003, IPC-001, IPC-003, IPC-008.

import Foundation
import Machine
import Testing
@testable import SimctlCommands
@testable import Terrarium

extension WholeMachine {
    @Suite struct Files {
        private static let expected = [
            "root: system/ tmp/", "boot.conf: start=files,files-check", "write to /system: read-only", "make directory: done", "write small: done", "read small: hello",
            "write large: done", "read large: equal", "copy: 700001", "exclusive: already exists", "append: hello wo", "remove a full directory: directory is not empty",
            "rename: large=700001 moved=700001 small=8", "escape: system/ tmp/", "fill: no space left", "remove: done", "volume: /tmp 1404928 4",
            "malformed: disconnected", "freed with its client: 53248", "files-check: done",
        ]
        private func check() throws -> Simulation {
            let s = try Simulation.bare(try Project.image(adding: ["files-check.swift"]), start: "files,files-check")
            #expect(s.run(untilConsole: "files-check: done", withinSeconds: 5), "\(s.consoleText)")
            return s
        }
        @Test func everyOperationFromAProgramTwiceTheSame() throws {
            let a = try check(), b = try check()
            let lines = a.consoleText.split(separator: "\n").filter { $0.contains("files-check] ") }.map { String($0[$0.range(of: "] ")!.upperBound...]) }
            #expect(lines.filter { !$0.hasPrefix("system: ") } == Self.expected)
            // The archive is listed as the image has it.
            let system = try #require(lines.first { $0.hasPrefix("system: ") })
            #expect(system.hasPrefix("system: boot.conf=") && system.contains(" fonts/ index="), "\(system)")
            #expect(a.consoleText.contains("files: a client broke the protocol"))
            #expect(a.consoleText == b.consoleText && a.instructionCount == b.instructionCount)
            #expect(a.stateHashes().map(\.hash) == b.stateHashes().map(\.hash) && a.stateHashes().count > 3)
            a.expectAllReturned()
        }

        /// Opens a terminal from the menu and keeps a copy of a note.
        private static let typed = """
        1.0s click 50 13
        1.1s click 40 71
        1.5s type "mkdir /tmp/d\\nwrite /tmp/d/note remember\\ncp /tmp/d/note /tmp/copy\\nmv /tmp/copy /tmp/d\\n"
        3.0s type "ls /tmp/d\\ncat /tmp/d/copy\\nrm /tmp/d\\nls /system/fonts\\nstat /tmp/d/note\\ndf\\n"
        """
        @Test func theTerminalsCommandsReplay() throws {
            let s = try Simulation.desktop(script: Self.typed)
            s.run(untilSecond: 4.5)
            #expect(s.processes("terminal").count == 1 && s.processes("files").count == 1)
            // Twelve commands, most of several requests.
            #expect(try #require(s.processes("files").first).messages > 25, "\(s.consoleText)")
            s.expectConserved()

            let folder = try TemporaryFolder()
            try folder.write(Self.typed, "typed.input")
            let run = simctl(["run", "--headless", "--network", "pages", "--ram", "128M", "--for", "4500ms", "--input", folder.path("typed.input"),
                              "--record", folder.path("files.trace"), "--image", Project.imageDirectory.path])
            #expect(run.code == 0, "\(run.message)")
            let replay = simctl(["replay", folder.path("files.trace"), "--verify", "--image", Project.imageDirectory.path])
            #expect(replay.code == ExitCode.success, "\(replay.message)")
        }
    }
}
