// The shell's file commands. Paths begin at the root; there is no current directory.

import ABI
import ConsoleText
import FileClient

extension Shell {
    typealias Print = (String, CellStyle) -> Void
    /// What `cat` prints of one file.
    static let printedByteCountMax = 64 << 10
    private static let changing = ["write", "cp", "mv", "rm", "mkdir", "sync"]

    func runFileCommand(_ words: [String], _ print: Print) {
        let command = words[0], count = words.count
        do throws(ShellFileError) {
            switch command {
            case "ls" where count <= 2: try ls(count == 2 ? words[1] : "/", print)
            case "cat" where count == 2: try cat(words[1], print)
            case "write" where count >= 3: try on(words[1]) { (files) throws(FileError) in try files.writeFile(words[1], Array((ConsoleText.joined(words.dropFirst(2)) + "\n").utf8)) }
            case "cp" where count == 3: try copy(words[1], words[2])
            case "mv" where count == 3: try move(words[1], words[2])
            case "rm" where count == 2: try on(words[1]) { (files) throws(FileError) in try files.remove(words[1]) }
            case "mkdir" where count == 2: try on(words[1]) { (files) throws(FileError) in try files.makeDirectory(words[1]) }
            case "stat" where count == 2: try stat(words[1], print)
            case "df" where count == 1: try df(print)
            case "sync" where count == 1: break
            default: print("usage: " + (Self.commands.first { $0.name == command }?.usage ?? command), .error)
            }
            // A change is durable when the prompt is back, or the user hears that it is not.
            if Self.changing.contains(command) { try on("/data") { (files) throws(FileError) in try files.sync() } }
        } catch {
            print(command + ": " + error.subject + ": " + error.reason.name, .error)
            if let hint = Self.hint(command, error.reason) { print(hint, .faint) }
        }
    }
    private static func hint(_ command: String, _ reason: FileError) -> String? {
        switch reason {
        case .readOnly: return "Files can be written below /tmp, and below /data when the machine has a data disk."
        case .serviceGone: return "It is the program files; ps shows whether it runs."
        case .crossesVolumes: return "Copy with cp, then rm the original."
        case .deviceFailed: return changing.contains(command) ? "What is not written yet stays in memory and is tried again every second; sync says whether that succeeded." : nil
        case .damaged: return "'simctl disk check' on the host says more."
        case .noSpace: return "df shows what is free; rm makes room."
        case .notEmpty: return command == "rm" ? "Remove what is in it first." : nil
        case .isADirectory: return command == "cat" ? "ls shows what is in it." : nil
        case .invalidArgument: return command == "cp" || command == "mv" ? "FROM and TO are the same, or TO is inside FROM." : nil
        default: return nil
        }
    }
    /// What went wrong, and with which path.
    private struct ShellFileError: Error { var subject: String; var reason: FileError }

    private func on<T>(_ subject: String, _ body: (FileClient) throws(FileError) -> T) throws(ShellFileError) -> T {
        do throws(FileError) { return try body(try system.files()) } catch { throw ShellFileError(subject: subject, reason: error) }
    }
    private func ls(_ path: String, _ print: Print) throws(ShellFileError) {
        let attributes = try on(path) { (files) throws(FileError) in try files.stat(path) }
        guard attributes.isDirectory else {
            print(ConsoleText.right(ConsoleText.grouped(attributes.byteCount), 12) + "  " + path, .normal)
            return
        }
        let entries = try on(path) { (files) throws(FileError) in try files.list(path) }
        if entries.isEmpty { print("(empty)", .faint) }
        for e in entries {
            if e.isDirectory { print(ConsoleText.right("", 12) + "  " + e.name + "/", .heading) } else {
                print(ConsoleText.right(ConsoleText.grouped(e.byteCount), 12) + "  " + e.name, .normal)
            }
        }
    }
    private func cat(_ path: String, _ print: Print) throws(ShellFileError) {
        let size = try on(path) { (files) throws(FileError) in try files.stat(path) }.byteCount
        var bytes = try on(path) { (files) throws(FileError) in try files.readFile(path, limit: Self.printedByteCountMax) }
        if bytes.contains(0) { print(path + " is not a text file (" + ConsoleText.grouped(size) + " bytes).", .error); return }
        let shown = UInt64(bytes.count)
        if bytes.last == 10 { bytes.removeLast() }
        if shown > 0 { print(String(decoding: bytes, as: UTF8.self), .normal) }
        if shown < size { print("… " + ConsoleText.grouped(size - shown) + " more bytes", .faint) }
    }
    /// A directory as the target means: of the same name, inside it.
    private func target(_ from: String, _ to: String) throws(ShellFileError) -> String {
        let there = try on(to) { (files) throws(FileError) -> FileAttributes? in
            do throws(FileError) { return try files.stat(to) } catch { if error == .notFound { return nil }; throw error }
        }
        guard let there, there.isDirectory, let name = from.utf8.split(separator: 47).last else { return to }
        return to + "/" + String(decoding: Array(name), as: UTF8.self)
    }
    private func copy(_ from: String, _ to: String) throws(ShellFileError) {
        // What is wrong with the source is said of the source.
        let kind = try on(from) { (files) throws(FileError) in try files.stat(from) }
        if kind.isDirectory { throw ShellFileError(subject: from, reason: .isADirectory) }
        let target = try target(from, to)
        try on(target) { (files) throws(FileError) in try files.copy(from, to: target) }
    }
    private func move(_ from: String, _ to: String) throws(ShellFileError) {
        let source = try on(from) { (files) throws(FileError) in try files.stat(from) }
        let target = try target(from, to)
        let isReadOnly = source.volume == 0 ? true : try on(from) { (files) throws(FileError) in try files.volume(from).isReadOnly }
        try on(isReadOnly ? from : target) { (files) throws(FileError) in try files.rename(from, to: target) }
    }
    private func stat(_ path: String, _ print: Print) throws(ShellFileError) {
        let a = try on(path) { (files) throws(FileError) in try files.stat(path) }
        print(ConsoleText.left("path", 12) + path, .normal)
        print(ConsoleText.left("kind", 12) + (a.isDirectory ? "directory" : "file"), .normal)
        print(ConsoleText.left(a.isDirectory ? "entries" : "bytes", 12) + ConsoleText.grouped(a.byteCount), .normal)
        if !a.isDirectory { print(ConsoleText.left("on volume", 12) + ConsoleText.grouped(a.allocatedByteCount) + " bytes", .normal) }
        if a.modified > 0 { print(ConsoleText.left("modified", 12) + ConsoleText.date(a.modified), .normal) }
    }
    private func df(_ print: Print) throws(ShellFileError) {
        let volumes = try on("/") { (files) throws(FileError) in try files.volumes() }
        print("VOLUME             SIZE       USED       FREE    FILES  KIND", .heading)
        for v in volumes {
            let kib = { (n: UInt64) in ConsoleText.right(ConsoleText.grouped((n + 1023) / 1024), 11) }
            print(ConsoleText.left(v.path, 12) + kib(v.byteCountTotal) + kib(v.byteCountTotal - min(v.byteCountTotal, v.byteCountFree)) + kib(v.byteCountFree)
                  + ConsoleText.right("\(v.nodeCount)", 9) + "  " + v.description + (v.isReadOnly ? ", read-only" : ""), .normal)
        }
    }
}
