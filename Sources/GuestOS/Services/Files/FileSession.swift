// One client: its open files, its attached memory, and the answer to each of its messages. No system calls here.
//
// A client may write attached memory at any time, but not while a request is served: every transfer is one copy, and no
// decision is taken on bytes in it.

import ABI

final class FileSession {
    enum Answer: Equatable {
        case reply([UInt8])
        /// Not a request: the session ends.
        case broken
    }
    private struct OpenFile { var id: UInt32; var volume: Int; var node: UInt32; var flags: OpenFlags }
    private static let entriesPerReplyMax = 64

    private let tree: FileTree
    private var files: [OpenFile] = []
    private var nextFile: UInt32 = 1
    private(set) var shared: UnsafeMutableRawBufferPointer?
    var openCount: Int { files.count }

    init(_ tree: FileTree) { self.tree = tree }

    /// Answers one message. `attach` maps the memory that came with it.
    func handle(_ bytes: [UInt8], now: UInt64, attach: () -> Result<UnsafeMutableRawBufferPointer, FileError>) -> Answer {
        guard let view = FileMessageView(bytes), view.kindValue & 128 == 0, let request = FileRequest.parse(view) else { return .broken }
        do throws(FileError) {
            return .reply(try serve(request, now, attach).emit(kind: view.kindValue, id: view.id))
        } catch {
            return .reply(FileReply.emit(error, kind: view.kindValue, id: view.id))
        }
    }
    /// The client is gone.
    func end() {
        for f in files { tree.volume(f.volume).release(f.node) }
        files = []
        shared = nil
    }

    private func serve(_ request: FileRequest, _ now: UInt64, _ attach: () -> Result<UnsafeMutableRawBufferPointer, FileError>) throws(FileError) -> FileReply {
        switch request {
        case .attach:
            if shared != nil { throw .alreadyExists }
            shared = try attach().get()
            return .done
        case .open(let path, let flags): return try open(path, flags, now)
        case .close(let file):
            let i = try index(file)
            let f = files.remove(at: i)
            tree.volume(f.volume).release(f.node)
            return .done
        case .readInline(let file, let position, let count):
            guard count <= UInt32(FileLimits.inlineByteCountMax) else { throw .tooLarge }
            return .data(try read(file, position, Int(count)))
        case .readShared(let file, let position, let offset, let count):
            return .count(UInt32(try read(file, position, into: try region(offset, count))))
        case .writeInline(let file, let position, let bytes):
            return .count(try bytes.withUnsafeBufferPointer { (p) throws(FileError) in try write(file, position, UnsafeRawBufferPointer(p), now) })
        case .writeShared(let file, let position, let offset, let count):
            return .count(try write(file, position, UnsafeRawBufferPointer(try region(offset, count)), now))
        case .stat(let path): return .attributes(try tree.stat(path))
        case .list(let path, let after): return try list(path, after)
        case .makeDirectory(let path): try tree.makeDirectory(path, now: now)
        case .remove(let path): try tree.remove(path, now: now)
        case .rename(let from, let to): try tree.rename(from, to, now: now)
        case .truncate(let file, let count):
            let f = try opened(file, .write)
            try tree.volume(f.volume).truncate(f.node, to: count, now: now)
        case .volume(let path): return .volume(try tree.record(path))
        case .sync: try tree.sync()
        case .unknown: throw .notSupported
        }
        return .done
    }
    private func index(_ file: UInt32) throws(FileError) -> Int {
        for (i, f) in files.enumerated() where f.id == file { return i }
        throw .badFile
    }
    private func opened(_ file: UInt32, _ flag: OpenFlags) throws(FileError) -> OpenFile {
        let f = files[try index(file)]
        guard f.flags.contains(flag) else { throw .accessDenied }
        return f
    }
    private func open(_ path: String, _ flags: OpenFlags, _ now: UInt64) throws(FileError) -> FileReply {
        guard files.count < FileLimits.openFilesMax else { throw .tooManyOpen }
        let (volume, node) = try tree.open(path, flags, now: now)
        let id = nextFile
        nextFile &+= 1
        files.append(OpenFile(id: id, volume: volume, node: node, flags: flags))
        return .opened(file: id, tree.attributes(volume, node))
    }
    /// The part of the attached memory that a request names.
    private func region(_ offset: UInt32, _ count: UInt32) throws(FileError) -> UnsafeMutableRawBufferPointer {
        guard let shared, UInt64(offset) + UInt64(count) <= UInt64(shared.count) else { throw .invalidArgument }
        guard count <= UInt32(FileLimits.transferByteCountMax) else { throw .tooLarge }
        return UnsafeMutableRawBufferPointer(rebasing: shared[Int(offset)..<Int(offset) + Int(count)])
    }
    private func read(_ file: UInt32, _ position: UInt64, _ count: Int) throws(FileError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let got = try bytes.withUnsafeMutableBufferPointer { (p) throws(FileError) in try read(file, position, into: UnsafeMutableRawBufferPointer(p)) }
        bytes.removeLast(count - got)
        return bytes
    }
    private func read(_ file: UInt32, _ position: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
        let f = try opened(file, .read)
        return try tree.volume(f.volume).read(f.node, position, into: buffer)
    }
    private func write(_ file: UInt32, _ position: UInt64, _ buffer: UnsafeRawBufferPointer, _ now: UInt64) throws(FileError) -> UInt32 {
        let f = try opened(file, .write), volume = tree.volume(f.volume)
        try volume.write(f.node, f.flags.contains(.append) ? volume.attributes(f.node).byteCount : position, from: buffer, now: now)
        return UInt32(buffer.count)
    }
    /// As many entries as fit one message.
    private func list(_ path: String, _ after: String) throws(FileError) -> FileReply {
        let found = try tree.list(path, after: after, count: FileSession.entriesPerReplyMax)
        var byteCount = FileMessageView.headerByteCount + 3, fitting: [DirectoryEntry] = []
        for e in found {
            byteCount += 11 + e.name.utf8.count
            if byteCount > Limits.messageByteCountMax { break }
            fitting.append(e)
        }
        return .entries(fitting, isLast: fitting.count == found.count && found.count < FileSession.entriesPerReplyMax)
    }
}
