// Files for programs: one session of the file service. Calls wait for their answer (in virtual time; the rest of the machine
// goes on). Between calls nothing is on the program's stack, and the session may lie idle for as long as it likes.
//
// When the service is gone or does not answer, the session ends: every later call throws `serviceGone`.

import ABI

/// Carries requests to the service; through a channel, or in tests straight to its sessions.
public protocol FileTransport: AnyObject {
    /// Sends a message and waits for the answer. `withMemory`: hands the memory of `makeMemory` over with it.
    func exchange(_ message: [UInt8], withMemory: Bool) throws(FileError) -> [UInt8]
    /// Memory that this program shares with the service.
    func makeMemory(byteCount: Int) throws(FileError) -> UnsafeMutableRawBufferPointer
    func close()
}

/// An open file. It has no position of its own; reads and writes name theirs.
public struct OpenedFile: Sendable {
    public let id: UInt32
    /// As they were when it was opened.
    public let attributes: FileAttributes
}

public final class FileClient {
    /// Size of the shared memory that the first large transfer makes.
    public static let sharedByteCount = 256 << 10
    private let transport: any FileTransport
    private var nextID: UInt32 = 1
    private var shared: UnsafeMutableRawBufferPointer?
    private var isOver = false
    /// False once the session has ended.
    public var isUsable: Bool { !isOver }

    public init(_ transport: any FileTransport) { self.transport = transport }

    /// Ends the session; the service closes what is open.
    public func close() {
        if !isOver { transport.close() }
        isOver = true
    }

    // MARK: Files

    public func open(_ path: String, _ flags: OpenFlags) throws(FileError) -> OpenedFile {
        guard case .opened(let id, let attributes) = try request(.open(path: path, flags: flags)) else { throw lost() }
        return OpenedFile(id: id, attributes: attributes)
    }
    public func close(_ file: OpenedFile) throws(FileError) { _ = try request(.close(file: file.id)) }

    /// Up to `count` bytes from `position`; fewer only at the end of the file.
    public func read(_ file: OpenedFile, at position: UInt64, count: Int) throws(FileError) -> [UInt8] {
        var out: [UInt8] = []
        while out.count < count {
            let part = try readPart(file, position + UInt64(out.count), count - out.count)
            if part.isEmpty { break }
            out += part
        }
        return out
    }
    private func readPart(_ file: OpenedFile, _ position: UInt64, _ count: Int) throws(FileError) -> [UInt8] {
        if count <= FileLimits.inlineByteCountMax {
            guard case .data(let bytes) = try request(.readInline(file: file.id, position: position, byteCount: UInt32(count))), bytes.count <= count else { throw lost() }
            return bytes
        }
        let memory = try sharedMemory(), wanted = min(count, memory.count)
        guard case .count(let got) = try request(.readShared(file: file.id, position: position, offset: 0, byteCount: UInt32(wanted))), got <= UInt32(wanted) else { throw lost() }
        return [UInt8](UnsafeRawBufferPointer(rebasing: memory[0..<Int(got)]))
    }
    /// Writes all bytes at `position` (an appending file's end). What was written before an error stays.
    public func write(_ file: OpenedFile, at position: UInt64, _ bytes: [UInt8]) throws(FileError) {
        var offset = 0
        while offset < bytes.count {
            let left = bytes.count - offset, at = position + UInt64(offset)
            if left <= FileLimits.inlineByteCountMax {
                _ = try request(.writeInline(file: file.id, position: at, bytes: Array(bytes[offset...])))
                return
            }
            let memory = try sharedMemory(), part = min(left, memory.count)
            bytes.withUnsafeBufferPointer { memory.baseAddress!.copyMemory(from: UnsafeRawPointer($0.baseAddress! + offset), byteCount: part) }
            _ = try request(.writeShared(file: file.id, position: at, offset: 0, byteCount: UInt32(part)))
            offset += part
        }
    }
    public func truncate(_ file: OpenedFile, to byteCount: UInt64) throws(FileError) { _ = try request(.truncate(file: file.id, byteCount: byteCount)) }

    /// The first `limit` bytes of a file.
    public func readFile(_ path: String, limit: Int) throws(FileError) -> [UInt8] {
        let file = try open(path, .read)
        let bytes = try closing(file) { () throws(FileError) in try read(file, at: 0, count: min(limit, Int(clamping: file.attributes.byteCount))) }
        return bytes
    }
    /// Makes the file hold exactly `bytes`.
    public func writeFile(_ path: String, _ bytes: [UInt8]) throws(FileError) {
        let file = try open(path, [.write, .create, .truncate])
        try closing(file) { () throws(FileError) in try write(file, at: 0, bytes) }
    }
    /// Copies content, in pieces; `to` is made or replaced. Copying a file onto itself throws `invalidArgument`.
    public func copy(_ from: String, to: String) throws(FileError) {
        let source = try open(from, .read)
        try closing(source) { () throws(FileError) in
            if let there = try? stat(to), there.volume == source.attributes.volume, there.node == source.attributes.node { throw .invalidArgument }
            let target = try open(to, [.write, .create, .truncate])
            try closing(target) { () throws(FileError) in
                var at: UInt64 = 0
                while true {
                    let part = try read(source, at: at, count: FileClient.sharedByteCount)
                    if part.isEmpty { return }
                    try write(target, at: at, part)
                    at += UInt64(part.count)
                }
            }
        }
    }
    private func closing<T>(_ file: OpenedFile, _ body: () throws(FileError) -> T) throws(FileError) -> T {
        do throws(FileError) {
            let result = try body()
            try close(file)
            return result
        } catch {
            try? close(file)
            throw error
        }
    }

    // MARK: Names

    public func stat(_ path: String) throws(FileError) -> FileAttributes {
        guard case .attributes(let a) = try request(.stat(path: path)) else { throw lost() }
        return a
    }
    /// All entries, in byte order of their names.
    public func list(_ path: String) throws(FileError) -> [DirectoryEntry] {
        var all: [DirectoryEntry] = []
        while true {
            guard case .entries(let part, let isLast) = try request(.list(path: path, after: all.last?.name ?? "")), isLast || !part.isEmpty else { throw lost() }
            all += part
            if isLast { return all }
        }
    }
    public func makeDirectory(_ path: String) throws(FileError) { _ = try request(.makeDirectory(path: path)) }
    /// Removes a file or an empty directory.
    public func remove(_ path: String) throws(FileError) { _ = try request(.remove(path: path)) }
    public func rename(_ from: String, to: String) throws(FileError) { _ = try request(.rename(from: from, to: to)) }
    /// Returns when everything written before is durable.
    public func sync() throws(FileError) { _ = try request(.sync) }
    public func volume(_ path: String) throws(FileError) -> VolumeRecord {
        guard case .volume(let v) = try request(.volume(path: path)) else { throw lost() }
        return v
    }
    /// Every mounted volume.
    public func volumes() throws(FileError) -> [VolumeRecord] {
        var out: [VolumeRecord] = []
        for e in try list("/") { out.append(try volume("/" + e.name)) }
        return out
    }

    // MARK: Requests

    private func request(_ r: FileRequest, withMemory: Bool = false) throws(FileError) -> FileReply {
        if isOver { throw .serviceGone }
        let message = r.emit(id: nextID)
        // A path longer than a message can hold.
        if message.count > Limits.messageByteCountMax { throw .invalidName }
        let bytes: [UInt8]
        do throws(FileError) { bytes = try transport.exchange(message, withMemory: withMemory) } catch { close(); throw error }
        guard let view = FileMessageView(bytes), view.id == nextID, view.kindValue == r.kindValue | 128, let reply = FileReply.parse(view) else { throw lost() }
        nextID &+= 1
        return try reply.get()
    }
    /// The service said what makes no sense: no more of it.
    private func lost() -> FileError {
        close()
        return .serviceGone
    }
    private func sharedMemory() throws(FileError) -> UnsafeMutableRawBufferPointer {
        if let shared { return shared }
        let made = try transport.makeMemory(byteCount: FileClient.sharedByteCount)
        _ = try request(.attach, withMemory: true)
        shared = made
        return made
    }
}
