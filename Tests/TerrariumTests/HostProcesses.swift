// Processes of the host that tests start: servers in Python on the loopback, and our own executables. Each is ended by
// the test that started it.

import Foundation

enum Launched {
    /// Runs an executable to its end; output and errors together.
    static func run(_ path: String, _ arguments: [String], in folder: URL) throws -> (code: Int32, output: String) {
        let process = Process(), pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.currentDirectoryURL = folder
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}

/// A Python server on a free port of 127.0.0.1, which the guest reaches as 10.0.2.2.
final class HostServer {
    let port: Int
    private let process: Process
    private let logPath: String
    var log: String { (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? "" }

    /// `python3 -m http.server` for a folder; nil, with a message, where there is no Python.
    static func files(_ folder: URL) throws -> HostServer? {
        try start(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", folder.path])
    }
    /// A script that prints `port N` once it listens.
    static func script(_ text: String) throws -> HostServer? { try start(["-u", "-c", text]) }

    private static func start(_ arguments: [String]) throws -> HostServer? {
        guard let python = ["/usr/bin/python3", "/usr/local/bin/python3"].first(where: { FileManager.default.isExecutableFile(atPath: $0) }) else {
            print("skipped: python3 is missing; install it with 'sudo apt-get install python3'")
            return nil
        }
        return try HostServer(python, arguments)
    }
    private init(_ python: String, _ arguments: [String]) throws {
        process = Process()
        logPath = FileManager.default.temporaryDirectory.appendingPathComponent("terrarium-server-" + UUID().uuidString).path
        _ = FileManager.default.createFile(atPath: logPath, contents: nil)
        let handle = FileHandle(forWritingAtPath: logPath)
        process.executableURL = URL(fileURLWithPath: python)
        process.arguments = arguments
        process.standardOutput = handle
        process.standardError = handle
        try process.run()
        var found: Int?
        for _ in 0..<200 where found == nil {
            usleep(50_000)
            let text = (try? String(contentsOfFile: logPath, encoding: .utf8)) ?? ""
            if let r = text.range(of: "port ") { found = Int(text[r.upperBound...].prefix { $0.isNumber }) }
        }
        guard let found else {
            kill(process.processIdentifier, SIGKILL)
            throw TestFailure("the Python server did not start: \((try? String(contentsOfFile: logPath, encoding: .utf8)) ?? "")")
        }
        port = found
    }
    /// By SIGKILL: a child of a worker thread inherits that thread's blocked SIGTERM.
    func stop() {
        guard process.isRunning else { return }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }
    deinit {
        stop()
        try? FileManager.default.removeItem(atPath: logPath)
    }
}
