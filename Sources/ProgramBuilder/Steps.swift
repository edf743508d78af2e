// The mechanics of cached steps: one step of the same name at a time, results appear atomically, progress lines with
// seconds, two things in parallel.

import Foundation

/// One lock per result path, so that two programs do not compile the same module twice.
final class StepLocks: @unchecked Sendable {
    private let guardLock = NSLock()
    private var locks: [String: NSLock] = [:]
    func lock(_ path: String) -> NSLock {
        guardLock.lock()
        defer { guardLock.unlock() }
        if let l = locks[path] { return l }
        let l = NSLock()
        locks[path] = l
        return l
    }
}

struct ManifestEntry: Codable { var name: String, sharedObject: String, wasm: String, hash: String }

extension ProgramBuilder {
    func report(_ line: String) { reportLine(line) }

    /// Runs `body` with a temporary path unless `result` exists; then renames it to `result`.
    func step(_ what: String, result: String, _ body: (String) throws(BuildError) -> Void) throws(BuildError) {
        let lock = lock(for: result)
        lock.lock()
        defer { lock.unlock() }
        if FileManager.default.fileExists(atPath: result) { return }
        let url = URL(fileURLWithPath: result)
        let directory = url.deletingLastPathComponent().path
        try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let temporary = "\(directory)/.\(ProcessInfo.processInfo.processIdentifier)-\(UInt32.random(in: 0...UInt32.max))-\(url.lastPathComponent)"
        defer { for suffix in ["", ".o", ".work"] { try? FileManager.default.removeItem(atPath: temporary + suffix) } }
        let start = Date()
        try body(temporary)
        guard rename(temporary, result) == 0 else { throw BuildError("Cannot write \(result).") }
        let tenths = Int(Date().timeIntervalSince(start) * 10)
        report("\(what)  \(tenths / 10).\(tenths % 10) s")
    }

    func run(_ command: [String], what: String, timeoutSeconds: Int = 300) throws(BuildError) {
        let r = runCommand(command, timeoutSeconds: timeoutSeconds)
        if r.status == 0 { return }
        let reason = r.status == 124 ? "took longer than \(timeoutSeconds) s" : "failed (status \(r.status))"
        throw BuildError("\(what) \(reason).\n\(ProgramBuilder.readable(r.output))\nReproduce: \(command.joined(separator: " "))")
    }

    /// Errors first, notes and long output cut.
    static func readable(_ output: String) -> String {
        let lines = output.split(separator: "\n", omittingEmptySubsequences: true)
        let start = lines.firstIndex { $0.contains("error:") } ?? 0
        let shown = lines[start...].prefix(60)
        return shown.joined(separator: "\n") + (lines.count - start > 60 ? "\n… \(lines.count - start - 60) more lines" : "")
    }

    /// Swift files below a directory, or the one file, in a fixed order.
    func sources(of path: String) throws(BuildError) -> [String] {
        let full = path.hasPrefix("/") ? path : root + "/" + path
        if full.hasSuffix(".swift") { return [full] }
        let list = try files(full, suffix: ".swift")
        guard !list.isEmpty else { throw BuildError("\(full) holds no Swift files.") }
        return list
    }
    func files(_ directory: String, suffix: String) throws(BuildError) -> [String] {
        guard let e = FileManager.default.enumerator(atPath: directory) else { throw BuildError("\(directory) is missing.") }
        return e.compactMap { $0 as? String }.filter { $0.hasSuffix(suffix) }.sorted().map { directory + "/" + $0 }
    }

    func hash(_ words: [String], files: [String]) throws(BuildError) -> String {
        var h = ContentHash()
        h.add(tools.identity)
        for w in words { h.add(w) }
        for f in files {
            guard let data = FileManager.default.contents(atPath: f) else { throw BuildError("\(f) cannot be read.") }
            h.add(URL(fileURLWithPath: f).lastPathComponent)
            h.add([UInt8](data))
        }
        return h.hex
    }

    func write(_ bytes: [UInt8], _ path: String) throws(BuildError) {
        guard FileManager.default.createFile(atPath: path, contents: Data(bytes)) else { throw BuildError("Cannot write \(path).") }
    }
    func replace(_ path: String, with data: Data) throws(BuildError) {
        do { try data.write(to: URL(fileURLWithPath: path), options: .atomic) } catch { throw BuildError("Cannot write \(path): \(error.localizedDescription)") }
    }

    /// Keeps entries of programs that were built earlier.
    func writeManifest(_ built: [BuiltProgram]) throws(BuildError) {
        let lock = lock(for: "manifest")
        lock.lock()
        defer { lock.unlock() }
        let path = output + "/programs/manifest.json"
        var list = FileManager.default.contents(atPath: path).flatMap { try? JSONDecoder().decode([ManifestEntry].self, from: $0) } ?? []
        for b in built {
            list.removeAll { $0.name == b.name }
            list.append(ManifestEntry(name: b.name, sharedObject: URL(fileURLWithPath: b.sharedObjectPath).lastPathComponent, wasm: b.name + ".wasm", hash: ContentHash.hex(b.contentHash)))
        }
        list.sort { $0.name < $1.name }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        guard let data = try? encoder.encode(list) else { throw BuildError("Cannot encode the manifest.") }
        try replace(path, with: data)
        for b in built { removeStale(b) }
    }

    /// Earlier translations of a program; whoever has one loaded keeps it.
    private func removeStale(_ current: BuiltProgram) {
        let directory = output + "/programs"
        let keep = current.name + "-" + ContentHash.hex(current.contentHash)
        for file in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? [] {
            let stem = URL(fileURLWithPath: file).deletingPathExtension().lastPathComponent
            guard file.hasSuffix(".so") || file.hasSuffix(".names"), stem.hasPrefix(current.name + "-"),
                  stem.count == keep.count, stem != keep else { continue }
            try? FileManager.default.removeItem(atPath: directory + "/" + file)
        }
    }
}

/// Hands out indices and collects results.
private final class ParallelResults<R: Sendable>: @unchecked Sendable {
    let lock = NSLock()
    var next = 0
    var results: [Result<R, BuildError>?]
    init(_ n: Int) { results = Array(repeating: nil, count: n) }
    func take() -> Int? {
        lock.lock()
        defer { lock.unlock() }
        guard next < results.count else { return nil }
        next += 1
        return next - 1
    }
    func put(_ i: Int, _ r: Result<R, BuildError>) {
        lock.lock()
        results[i] = r
        lock.unlock()
    }
}

/// Applies `body` to every element on two threads; results in order.
func parallel<T: Sendable, R: Sendable>(_ list: [T], width: Int = 2, _ body: @escaping @Sendable (T) throws(BuildError) -> R) -> [Result<R, BuildError>] {
    let box = ParallelResults<R>(list.count)
    DispatchQueue.concurrentPerform(iterations: min(width, max(1, list.count))) { _ in
        while let i = box.take() {
            do throws(BuildError) { box.put(i, .success(try body(list[i]))) } catch { box.put(i, .failure(error)) }
        }
    }
    return box.results.map { $0! }
}
