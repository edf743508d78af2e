// `simctl disk check|ls|cat`: the volume on a data disk, looked at from the host. The file is only read; what a crashed run
// left in its journal counts.

import ABI
import Devices
import FileSystem
import Foundation
import Machine

private let diskFiles = [FileNote("FILE.journal", "what a crashed run made durable; it is read with the disk")]
private let diskExits: [(Int32, String)] = [(ExitCode.success, "done, nothing is wrong"), (ExitCode.failure, "the volume is damaged, or there is no such file on it"),
                                            (ExitCode.badData, "no volume on this disk"), (ExitCode.noInput, "missing file")]

let diskCheckCommand = Command(
    words: ["disk", "check"], arguments: "FILE", summary: "check the volume on a data disk",
    details: """
    Reads everything that the last commit holds and proves that every block is either free or used once, every name leads
    to one file and every file has one name, and all checksums hold. Nothing is repaired: the guest mounts a damaged
    volume in its newest whole state, or read-only, so that what can be read can be copied away.
    """,
    options: [OptionSpecification("json", nil, "print the result as JSON")],
    argumentCount: 1...1,
    examples: [Example("simctl disk check my.state", "is the state of 'simctl run --state my.state' whole?")],
    exitCodes: diskExits, files: diskFiles, seeAlso: ["simctl run --state", "docs/formats/file-system.md"],
    run: checkDisk)

let diskListCommand = Command(
    words: ["disk", "ls"], arguments: "FILE [PATH]", summary: "list files on a data disk",
    details: "PATH is a file or directory as the guest has it below /data; the root when it is left away. Directories end in '/'.",
    options: [OptionSpecification("recursive", nil, "everything below, with paths from the root"), OptionSpecification("json", nil, "print the list as JSON")],
    argumentCount: 1...2,
    examples: [Example("simctl disk ls my.state --recursive", "all files"), Example("simctl disk ls my.state browser", "what the browser keeps")],
    exitCodes: diskExits, files: diskFiles, seeAlso: ["simctl disk cat"],
    run: listDisk)

let diskCatCommand = Command(
    words: ["disk", "cat"], arguments: "FILE PATH", summary: "print a file of a data disk",
    details: "Writes the file's bytes to standard output as they are.",
    options: [],
    argumentCount: 2...2,
    examples: [Example("simctl disk cat my.state notes.txt", "the guest's /data/notes.txt")],
    exitCodes: diskExits, files: diskFiles, seeAlso: ["simctl disk ls"],
    run: printDiskFile)

/// A file of the host as blocks, never written.
final class HostBlockStore: BlockStore {
    private let disk: HostDisk
    let blockCount: UInt32
    init(_ disk: HostDisk) {
        self.disk = disk
        blockCount = UInt32(disk.byteCount / blockByteCount)
    }
    func read(_ first: UInt32, count: Int, into target: UnsafeMutableRawPointer) -> Bool {
        disk.read(offset: Int(first) * blockByteCount, into: UnsafeMutableRawBufferPointer(start: target, count: count * blockByteCount))
    }
    func write(_ first: UInt32, count: Int, from source: UnsafeRawPointer) -> Bool { false }
    func flush() -> Bool { false }
}

private func openStore(_ path: String) throws -> HostBlockStore {
    guard FileManager.default.fileExists(atPath: path) else { throw CommandFailure("there is no file \(path)", code: ExitCode.noInput) }
    do { return HostBlockStore(try HostDisk(path: path, access: .snapshot)) } catch { throw CommandFailure(error.message, code: ExitCode.badData) }
}
private func noVolume(_ path: String) -> CommandFailure {
    CommandFailure("\(path) holds no volume; one is made when a machine starts with it while it is empty: simctl run --state \(path)", code: ExitCode.badData)
}
private func openVolume(_ path: String) throws -> DiskVolume {
    do {
        let volume = try DiskVolume(mount: try openStore(path), readOnly: true)
        for problem in volume.problems { note("damaged: \(problem)") }
        return volume
    } catch let error as FileError {
        throw error == .notSupported ? noVolume(path) : CommandFailure("\(path): \(error.name)", code: ExitCode.badData)
    }
}
private func components(_ path: String) -> ArraySlice<[UInt8]> { path.utf8.split(separator: 47).map { Array($0) }.filter { $0 != [46] }[...] }

/// The error of the volume, with the path that it is about.
private func on<T>(_ path: String, _ body: () throws(FileError) -> T) throws -> T {
    do { return try body() } catch { throw CommandFailure("\(path): \(error.name)") }
}

@Sendable private func checkDisk(_ arguments: ParsedArguments) throws -> Int32 {
    let path = arguments.arguments[0]
    guard let walk = VolumeWalk.check(try openStore(path), readingData: true) else { throw noVolume(path) }
    let total = Int(walk.blockCount) - 2, used = Int(walk.usedCount)
    if arguments.flag("json") {
        printJSON(["schema": 1, "disk": path, "whole": walk.problems.isEmpty, "problems": walk.problems, "generation": walk.generation, "files": walk.fileCount,
                   "directories": walk.directoryCount, "blocks_total": total, "blocks_used": used, "block_bytes": blockByteCount])
    } else {
        print("\(path): \(walk.fileCount) files, \(walk.directoryCount) directories, \(used) of \(total) blocks of \(blockByteCount) bytes used, commit \(walk.generation)")
        for problem in walk.problems { print("damaged: \(problem)") }
        print(walk.problems.isEmpty ? "whole: every block is free or used once, every checksum holds" : "\(walk.problems.count) problems")
    }
    return walk.problems.isEmpty ? ExitCode.success : ExitCode.failure
}

private struct Listed { var path: String; var isDirectory: Bool; var byteCount: UInt64; var modified: UInt64 }

private func list(_ volume: DiskVolume, _ path: String, isRecursive: Bool, into out: inout [Listed]) throws {
    let node = try on(path) { () throws(FileError) in try volume.lookup(components(path)) }
    let a = try on(path) { () throws(FileError) in try volume.attributes(node) }
    guard a.isDirectory else { return out.append(Listed(path: path, isDirectory: false, byteCount: a.byteCount, modified: a.modified)) }
    var after: [UInt8] = []
    while true {
        let entries = try on(path) { () throws(FileError) in try volume.list(try volume.lookup(components(path)), after: after, count: 256) }
        for e in entries {
            let full = isRecursive ? (path.hasSuffix("/") ? path : path + "/") + e.name : e.name
            let below = path + "/" + e.name
            let modified = try on(below) { () throws(FileError) in try volume.attributes(try volume.lookup(components(below))) }.modified
            out.append(Listed(path: full, isDirectory: e.isDirectory, byteCount: e.byteCount, modified: modified))
            if e.isDirectory && isRecursive { try list(volume, full, isRecursive: true, into: &out) }
        }
        guard let last = entries.last else { return }
        after = Array(last.name.utf8)
    }
}
@Sendable private func listDisk(_ arguments: ParsedArguments) throws -> Int32 {
    let volume = try openVolume(arguments.arguments[0])
    var found: [Listed] = []
    try list(volume, arguments.arguments.count > 1 ? arguments.arguments[1] : "/", isRecursive: arguments.flag("recursive"), into: &found)
    if arguments.flag("json") {
        printJSON(["schema": 1, "entries": found.map { ["path": $0.path, "kind": $0.isDirectory ? "directory" : "file", "bytes": $0.byteCount, "modified_ns": $0.modified] as [String: Any] }])
        return ExitCode.success
    }
    for e in found { print(e.isDirectory ? String(repeating: " ", count: 14) + e.path + "/" : String(repeating: " ", count: max(0, 12 - "\(e.byteCount)".count)) + "\(e.byteCount)  " + e.path) }
    return ExitCode.success
}

@Sendable private func printDiskFile(_ arguments: ParsedArguments) throws -> Int32 {
    let volume = try openVolume(arguments.arguments[0]), path = arguments.arguments[1]
    let node = try on(path) { () throws(FileError) in try volume.lookup(components(path)) }
    if try on(path, { () throws(FileError) in try volume.attributes(node) }).isDirectory { throw CommandFailure("\(path): \(FileError.isADirectory.name)") }
    var bytes = [UInt8](repeating: 0, count: 1 << 20), position: UInt64 = 0
    while true {
        let count = try on(path) { () throws(FileError) in
            try bytes.withUnsafeMutableBufferPointer { (p) throws(FileError) in try volume.read(node, position, into: UnsafeMutableRawBufferPointer(p)) }
        }
        if count == 0 { return ExitCode.success }
        FileHandle.standardOutput.write(Data(bytes[..<count]))
        position += UInt64(count)
    }
}
