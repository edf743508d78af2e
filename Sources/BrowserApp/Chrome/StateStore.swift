// The browser's files below /data/browser. A file is written beside its place and renamed into it, so that a power cut leaves
// the old one or the new one (docs/internals/files.md). What cannot be read is renamed aside, never overwritten.

import ABI
import FileClient

/// The files, and what a damaged one is called: `library.damaged`, `library.damaged-2`, …
enum StateFile: CaseIterable {
    /// Bookmarks, visits, settings, zoom, downloads.
    case library
    /// The open tabs.
    case session
    var name: String { self == .library ? "library" : "session" }
    var path: String { StateStore.folder + "/" + name }
}

enum LoadedState {
    case missing
    case records([Record])
    /// It could not be understood and lies under this path now.
    case keptAside(String)
    /// It is there and can neither be read nor moved: it must not be written either.
    case unreadable(FileError)
}

final class StateStore {
    static let root = "/data", folder = "/data/browser"
    private static let asideCountMax = 20
    private let connect: () -> FileClient?
    private var files: FileClient?
    private var unwritable: [StateFile] = []

    /// `connect` makes a session with the file service, again when one has ended. Nil when there is no `/data`.
    init?(connect: @escaping () -> FileClient?) {
        self.connect = connect
        files = connect()
        guard let files, let root = try? files.stat(StateStore.root), root.isDirectory else {
            self.files?.close()
            return nil
        }
        try? files.makeDirectory(StateStore.folder)
    }

    /// For other files of the browser's. Throws `serviceGone` when the service cannot be reached.
    func client() throws(FileError) -> FileClient {
        if let files, files.isUsable { return files }
        files = connect()
        guard let files else { throw .serviceGone }
        return files
    }

    func load(_ file: StateFile) -> LoadedState {
        do throws(FileError) {
            let files = try client(), attributes = try files.stat(file.path)
            if attributes.byteCount <= UInt64(RecordFile.byteCountMax), let bytes = try? files.readFile(file.path, limit: RecordFile.byteCountMax),
               let records = RecordFile.parse(bytes, kind: file.name) { return .records(records) }
            return try .keptAside(keepAside(file, files))
        } catch {
            if error == .notFound { return .missing }
            unwritable.append(file)
            return .unreadable(error)
        }
    }
    private func keepAside(_ file: StateFile, _ files: FileClient) throws(FileError) -> String {
        for n in 1...StateStore.asideCountMax {
            let path = file.path + ".damaged" + (n == 1 ? "" : "-\(n)")
            if (try? files.stat(path)) != nil && n < StateStore.asideCountMax { continue }
            try files.rename(file.path, to: path)
            return path
        }
        throw .alreadyExists
    }

    /// Replaces a file as a whole.
    func save(_ file: StateFile, _ bytes: [UInt8]) throws(FileError) {
        if unwritable.contains(file) { throw .accessDenied }
        let files = try client(), beside = file.path + ".new"
        try files.writeFile(beside, bytes)
        try files.rename(beside, to: file.path)
    }
    /// Returns when what was saved is on the disk.
    func sync() throws(FileError) { try client().sync() }
}
