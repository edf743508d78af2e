// Runs jobs of the benchmark in processes, some at a time. Invariant: when `run` returns, none of its processes is left.

import Foundation
import Glibc

public final class BenchWorkers {
    public struct Failure: Sendable {
        public var combination: BenchCombination
        public var reason: String
    }
    private struct Worker { var pid: pid_t; var index: Int; var files: URL }
    private let program: URL
    private let jobs: [BenchJob]
    private let jobCount: Int
    private var active: [Worker] = []
    public private(set) var failures: [Failure] = []
    public private(set) var doneCount = 0

    /// - Parameters:
    ///   - program: `simctl`.
    ///   - jobCount: processes at a time.
    public init(program: URL, jobs: [BenchJob], jobCount: Int) {
        self.program = program
        self.jobs = jobs
        self.jobCount = max(1, jobCount)
    }

    /// Runs all jobs; false when `isInterrupted` said so before they were done. `progress` is told what is finished.
    public func run(progress: (Int) -> Void, isInterrupted: () -> Bool) throws -> Bool {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("terrarium-bench-\(getpid())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer {
            stopAll()
            try? FileManager.default.removeItem(at: folder)
        }
        var next = 0
        while next < jobs.count || !active.isEmpty {
            if isInterrupted() { return false }
            while next < jobs.count, active.count < jobCount {
                try start(next, in: folder)
                next += 1
            }
            if !collect() { usleep(20_000) } else { progress(doneCount) }
        }
        return true
    }

    private func start(_ index: Int, in folder: URL) throws {
        let files = folder.appendingPathComponent("\(index)")
        try JSONEncoder().encode(jobs[index]).write(to: files.appendingPathExtension("job"))
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, files.appendingPathExtension("errors").path, O_WRONLY | O_CREAT | O_TRUNC, 0o600)
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(program.path), strdup(BenchJob.commandWord), strdup(files.appendingPathExtension("job").path), nil]
        defer { for a in arguments { free(a) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, program.path, &actions, nil, &arguments, environ)
        guard code == 0 else { throw TerrariumError(.failed, "cannot start \(program.path): \(String(cString: strerror(code)))") }
        active.append(Worker(pid: pid, index: index, files: files))
    }

    /// Takes the processes that have ended; true when there was one.
    private func collect() -> Bool {
        var ended = false
        for worker in active {
            var status: Int32 = 0
            let r = waitpid(worker.pid, &status, WNOHANG)
            if r == 0 || (r < 0 && errno == EINTR) { continue }
            active.removeAll { $0.pid == worker.pid }
            ended = true
            doneCount += 1
            if status != 0 { failures.append(Failure(combination: jobs[worker.index].combination, reason: reason(worker, status))) }
        }
        return ended
    }
    private func reason(_ worker: Worker, _ status: Int32) -> String {
        let text = String(decoding: FileManager.default.contents(atPath: worker.files.appendingPathExtension("errors").path) ?? Data(), as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        let end = status & 0x7f == 0 ? "exit code \((status >> 8) & 0xff)" : "signal \(status & 0x7f)"
        return text.isEmpty ? end : "\(text) (\(end))"
    }
    private func stopAll() {
        for worker in active {
            kill(worker.pid, SIGKILL)
            var status: Int32 = 0
            while waitpid(worker.pid, &status, 0) < 0 && errno == EINTR {}
        }
        active = []
    }
}
