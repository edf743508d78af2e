// Recording and replaying through the command line: page server, the host's real network, and traces that are damaged,
// cut off, foreign or of another image.

import Foundation
import Machine
import Testing
@testable import SimctlCommands
@testable import Terrarium

extension WholeMachine {
    @Suite struct Traces {
        nonisolated(unsafe) static let folder = Result { try TemporaryFolder() }

        /// A short recorded session with the page server; recorded once.
        static let recorded: Result<String, any Error> = Result {
            let folder = try Traces.folder.get()
            _ = try Project.image()
            try folder.write("0.5s move 500 400\n0.6s wheel -5\n0.9s key ctrl+t\n1.0s type \"10.0.2.2/debian-policy/policy.html/index.html\\n\"\n1.9s wheel -3\n", "session.input")
            let path = folder.path("session.trace")
            let result = simctl(["run", "--headless", "--network", "pages", "--url", desktopSessionURL, "--ram", "128M", "--for", "2400ms", "--input", folder.path("session.input"),
                                 "--record", path, "--report", folder.path("session.json"), "--image", Project.imageDirectory.path])
            guard result.code == 0 else { throw TestFailure("recording failed: \(result.message)") }
            return path
        }
        private func replay(_ path: String, _ more: [String] = []) -> (code: Int32, message: String) {
            simctl(["replay", path, "--verify", "--image", Project.imageDirectory.path] + more)
        }
        private func changed(_ name: String, _ change: (inout [UInt8]) -> Void) throws -> String {
            var bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: try Self.recorded.get())))
            change(&bytes)
            let path = try Self.folder.get().path(name)
            try Data(bytes).write(to: URL(fileURLWithPath: path))
            return path
        }
        private func text(_ path: String) -> String { (try? String(contentsOfFile: path, encoding: .utf8)) ?? "" }

        @Test func aSessionReplaysEqually() throws {
            let path = try Self.recorded.get(), folder = try Self.folder.get()
            let result = replay(path, ["--report", folder.path("replay.json")])
            #expect(result.code == ExitCode.success, "\(result.message)")
            #expect(try report("replay.json") == report("session.json"))
            #expect(try report("replay.json").count > 100)
            let trace = try TraceReader(path: path)
            #expect(trace.footer?.checkpointCount ?? 0 >= 3 && trace.footer?.eventCount ?? 0 > 90)
            #expect(trace.fileByteCount < 50_000)
        }
        @Test func aRecordMadeInDebugReplaysInRelease() throws {
            let path = try Self.recorded.get()
            let release = Project.root.appendingPathComponent(".build/release/simctl")
            guard FileManager.default.isExecutableFile(atPath: release.path) else {
                print("skipped: there is no \(release.path); 'make test' builds it first")
                return
            }
            let result = try Launched.run(release.path, ["replay", path, "--verify"], in: Project.root)
            #expect(result.code == 0, "\(result.output)")
            #expect(result.output.contains("equal:"))
        }

        /// A report without the number of turns, of which a replay takes one more.
        private func report(_ name: String) throws -> [Substring] {
            try text(Self.folder.get().path(name)).split(separator: "\n").filter { !$0.contains("\"turns\"") }
        }

        // MARK: Bad traces

        @Test func aDamagedTraceIsRefused() throws {
            let path = try changed("damaged.trace") { $0[$0.count / 2] ^= 0x40 }
            let result = replay(path)
            #expect(result.code == ExitCode.badData && result.message.contains("corrupt"), "\(result)")
            #expect(runCommandLine(["trace", "info", path]) == ExitCode.badData)
        }
        @Test func aDamagedHeaderIsRefused() throws {
            let path = try changed("header.trace") { $0[24] ^= 0xff }
            #expect(replay(path).code == ExitCode.badData)
        }
        @Test func aCutOffTraceReplaysWhatItHolds() throws {
            let path = try changed("cut.trace") { $0.removeLast(60) }
            #expect(try TraceReader(path: path).isTruncated)
            #expect(replay(path).code == ExitCode.success)
        }
        @Test func aTraceCutInItsHeaderIsRefused() throws {
            let path = try changed("stump.trace") { $0.removeLast($0.count - 30) }
            #expect(replay(path).code == ExitCode.badData)
            #expect(replay(try changed("empty.trace") { $0 = [] }).code == ExitCode.badData)
        }
        /// Equal to nothing is not equal.
        @Test func aTraceWithoutACheckpointIsNotCalledEqual() throws {
            let path = try changed("start.trace") { bytes in
                // Just short of the first chunk's end: the header is whole, no record is.
                let whole = bytes
                let length = (31..<whole.count).first { n in ((try? TraceReader(bytes: Array(whole[..<n])))?.records.isEmpty ?? false) }
                bytes = Array(whole[..<(length ?? 0)])
            }
            #expect(try TraceReader(path: path).records.isEmpty)
            let result = replay(path)
            #expect(result.code == ExitCode.badData && result.message.contains("no checkpoint"), "\(result)")
        }
        @Test func aForeignVersionIsNamed() throws {
            let path = try changed("foreign.trace") { $0[8] = 99 }
            let result = replay(path)
            #expect(result.code == ExitCode.badData && result.message.contains("99"), "\(result)")
        }
        @Test func whatIsNoTraceIsRefused() throws {
            let path = try changed("picture.trace") { $0 = Array("\u{89}PNG\r\n\u{1a}\n and more of it".utf8) }
            let result = replay(path)
            #expect(result.code == ExitCode.badData && result.message.contains("not a Terrarium trace"), "\(result)")
            #expect(runCommandLine(["replay", "/nowhere/none.trace"]) == ExitCode.noInput)
        }
        @Test func anotherImageIsRefused() throws {
            let path = try Self.recorded.get(), folder = try TemporaryFolder()
            let real = try Project.image()
            func absolute(_ e: ImageEntry) -> ImageEntry { ImageEntry(name: e.name, path: real.location(e).path, hash: e.hash) }
            var files = real.files.map(absolute)
            files[0].hash = "0000000000000001"
            try SystemImage(directory: folder.url, programs: real.programs.map(absolute), files: files, pagesHash: real.pagesHash).save()
            let result = simctl(["replay", path, "--image", folder.url.path])
            #expect(result.code == ExitCode.badData && result.message.contains("image"), "\(result)")
        }
        /// A record with one event left out: the first checkpoint after it differs, and the replay says so.
        @Test func aMissingEventIsFound() throws {
            let trace = try TraceReader(path: try Self.recorded.get())
            let path = try Self.folder.get().path("missing.trace")
            let first = trace.records.firstIndex { if case .event = $0.item { true } else { false } }!
            var writer: TraceWriter? = try TraceWriter(path: path, header: trace.header)
            for (i, record) in trace.records.enumerated() where i != first {
                switch record.item {
                case .event(let e): writer?.append(e, at: record.tick)
                case .checkpoint(let c): writer?.append(c)
                }
            }
            writer = nil
            #expect(replay(path).code == ExitCode.divergence)
        }

        // MARK: The host's network

        @Test func aPageOfARealServerReplaysWithoutIt() throws {
            let pages = try TemporaryFolder(), folder = try Self.folder.get()
            try pages.write("<!DOCTYPE html><title>Real</title><link rel=stylesheet href=s.css><h1>From the host</h1>" + (0..<200).map { "<p>Line \($0) of a page.</p>" }.joined(), "index.html")
            try pages.write("h1 { color: #204a87 }", "s.css")
            guard let server = try HostServer.files(pages.url) else { return }
            let image = Project.imageDirectory.path
            let run = simctl(["run", "--headless", "--url", "http://10.0.2.2:\(server.port)/", "--ram", "128M", "--for", "6s", "--record", folder.path("real.trace"),
                              "--report", folder.path("real.json"), "--image", image])
            #expect(run.code == ExitCode.success, "\(run.message)")
            server.stop()
            #expect(server.log.contains("\"GET / HTTP/1.1\" 200") && server.log.contains("s.css"), "\(server.log)")
            #expect(text(folder.path("real.json")).contains("\"kind\" : 2"))           // a frame with content was shown
            let replayed = replay(folder.path("real.trace"), ["--report", folder.path("real-replay.json")])
            #expect(replayed.code == ExitCode.success, "\(replayed.message)")
            #expect(try report("real-replay.json") == report("real.json"))
        }
    }
}
