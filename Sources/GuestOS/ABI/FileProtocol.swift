// Messages between the file service ("files") and its clients, one channel a session.
//
// Message = header (8 bytes: kind u8, error u8, two zero bytes, id u32), then the fields of the kind. The client chooses
// `id`; the reply carries it back, with the kind of the request plus 128. Requests of one session are served in order, one
// reply each. A message that is no request ends the session; a kind that the service does not know is answered
// `notSupported`.
//
// Large data does not travel in messages: a client attaches shared memory once and names offsets in it.

/// Kinds of request. The reply's kind is `rawValue | 128`.
public enum FileRequestKind: UInt8, Sendable, CaseIterable {
    case attach = 1, open, close, read, write, stat, list, makeDirectory, remove, rename, truncate, volume, sync
}

/// The start of every message, checked once; the fields follow in `reader`.
public struct FileMessageView: Sendable {
    public static let headerByteCount = 8
    public let kindValue: UInt8
    /// `FileError`, or 0; replies only.
    public let errorValue: UInt8
    public let id: UInt32
    public var reader: ByteReader
    /// Nil when the bytes are too few for a header.
    public init?(_ bytes: [UInt8]) {
        var r = ByteReader(bytes)
        guard let kind = r.u8(), let error = r.u8(), r.u16() != nil, let id = r.u32() else { return nil }
        kindValue = kind; errorValue = error; self.id = id
        reader = r
    }
}

public enum FileRequest: Equatable, Sendable {
    case attach                                              // with one handle: shared memory, rights read, write, map
    case open(path: String, flags: OpenFlags)
    case close(file: UInt32)
    case readInline(file: UInt32, position: UInt64, byteCount: UInt32)
    case readShared(file: UInt32, position: UInt64, offset: UInt32, byteCount: UInt32)
    case writeInline(file: UInt32, position: UInt64, bytes: [UInt8])
    case writeShared(file: UInt32, position: UInt64, offset: UInt32, byteCount: UInt32)
    case stat(path: String)
    case list(path: String, after: String)                   // names behind `after` in byte order; empty begins
    case makeDirectory(path: String)
    case remove(path: String)                                // a file, or an empty directory
    case rename(from: String, to: String)                    // replaces a file or an empty directory at `to`
    case truncate(file: UInt32, byteCount: UInt64)           // or extends with zeros
    case volume(path: String)
    case sync                                                // everything written before is durable when it is answered
    /// A kind of a later version, kept as it came.
    case unknown(kind: UInt8, payload: [UInt8])

    public var kindValue: UInt8 {
        switch self {
        case .attach: FileRequestKind.attach.rawValue
        case .open: FileRequestKind.open.rawValue
        case .close: FileRequestKind.close.rawValue
        case .readInline, .readShared: FileRequestKind.read.rawValue
        case .writeInline, .writeShared: FileRequestKind.write.rawValue
        case .stat: FileRequestKind.stat.rawValue
        case .list: FileRequestKind.list.rawValue
        case .makeDirectory: FileRequestKind.makeDirectory.rawValue
        case .remove: FileRequestKind.remove.rawValue
        case .rename: FileRequestKind.rename.rawValue
        case .truncate: FileRequestKind.truncate.rawValue
        case .volume: FileRequestKind.volume.rawValue
        case .sync: FileRequestKind.sync.rawValue
        case .unknown(let kind, _): kind
        }
    }

    public func emit(id: UInt32) -> [UInt8] {
        var w = ByteWriter(fileMessage: kindValue, error: 0, id: id)
        switch self {
        case .attach, .sync: break
        case .open(let path, let flags): w.u32(flags.rawValue); w.string(path)
        case .close(let file): w.u32(file)
        case .readInline(let file, let position, let count): w.u32(file); w.u64(position); w.u8(0); w.u32(count)
        case .readShared(let file, let position, let offset, let count), .writeShared(let file, let position, let offset, let count):
            w.u32(file); w.u64(position); w.u8(1); w.u32(offset); w.u32(count)
        case .writeInline(let file, let position, let bytes): w.u32(file); w.u64(position); w.u8(0); w.raw(bytes)
        case .stat(let path), .makeDirectory(let path), .remove(let path), .volume(let path): w.string(path)
        case .list(let path, let after): w.string(path); w.string(after)
        case .rename(let from, let to): w.string(from); w.string(to)
        case .truncate(let file, let count): w.u32(file); w.u64(count)
        case .unknown(_, let payload): w.raw(payload)
        }
        return w.bytes
    }

    /// Nil when fields are missing.
    public static func parse(_ view: FileMessageView) -> FileRequest? {
        var r = view.reader
        guard let kind = FileRequestKind(rawValue: view.kindValue) else { return .unknown(kind: view.kindValue, payload: r.rest()) }
        switch kind {
        case .attach: return .attach
        case .sync: return .sync
        case .open:
            guard let flags = r.u32(), let path = r.string() else { return nil }
            return .open(path: path, flags: OpenFlags(rawValue: flags))
        case .close: return r.u32().map { .close(file: $0) }
        case .read, .write: return parseTransfer(kind, &r)
        case .stat: return r.string().map { .stat(path: $0) }
        case .makeDirectory: return r.string().map { .makeDirectory(path: $0) }
        case .remove: return r.string().map { .remove(path: $0) }
        case .volume: return r.string().map { .volume(path: $0) }
        case .list:
            guard let path = r.string(), let after = r.string() else { return nil }
            return .list(path: path, after: after)
        case .rename:
            guard let from = r.string(), let to = r.string() else { return nil }
            return .rename(from: from, to: to)
        case .truncate:
            guard let file = r.u32(), let count = r.u64() else { return nil }
            return .truncate(file: file, byteCount: count)
        }
    }
    private static func parseTransfer(_ kind: FileRequestKind, _ r: inout ByteReader) -> FileRequest? {
        guard let file = r.u32(), let position = r.u64(), let isShared = r.u8(), isShared <= 1 else { return nil }
        if isShared == 0 {
            if kind == .write { return .writeInline(file: file, position: position, bytes: r.rest()) }
            return r.u32().map { .readInline(file: file, position: position, byteCount: $0) }
        }
        guard let offset = r.u32(), let count = r.u32() else { return nil }
        return kind == .write ? .writeShared(file: file, position: position, offset: offset, byteCount: count)
            : .readShared(file: file, position: position, offset: offset, byteCount: count)
    }
}

/// The fields of a reply without error.
public enum FileReply: Equatable, Sendable {
    case done
    case opened(file: UInt32, FileAttributes)
    case count(UInt32)                         // of a write, or of a read into shared memory
    case data([UInt8])                         // of an inline read; empty at the end of the file
    case attributes(FileAttributes)
    case entries([DirectoryEntry], isLast: Bool)
    case volume(VolumeRecord)

    public func emit(kind: UInt8, id: UInt32) -> [UInt8] {
        var w = ByteWriter(fileMessage: kind | 128, error: 0, id: id)
        switch self {
        case .done: break
        case .opened(let file, let attributes): w.u32(file); attributes.emit(&w)
        case .count(let count): w.u8(1); w.u32(count)
        case .data(let bytes): w.u8(0); w.raw(bytes)
        case .attributes(let attributes): attributes.emit(&w)
        case .entries(let list, let isLast):
            w.u8(isLast ? 1 : 0); w.u16(UInt16(truncatingIfNeeded: list.count))
            for e in list { w.u8(e.kindValue); w.u64(e.byteCount); w.string(e.name) }
        case .volume(let v): v.emit(&w)
        }
        return w.bytes
    }
    public static func emit(_ error: FileError, kind: UInt8, id: UInt32) -> [UInt8] {
        ByteWriter(fileMessage: kind | 128, error: error.rawValue, id: id).bytes
    }
    /// Nil when fields are missing. An error that this version does not know is `.unknown`.
    public static func parse(_ view: FileMessageView) -> Result<FileReply, FileError>? {
        guard view.kindValue & 128 != 0 else { return nil }
        if view.errorValue != 0 { return .failure(FileError(rawValue: view.errorValue) ?? .unknown) }
        guard let kind = FileRequestKind(rawValue: view.kindValue & 127) else { return nil }
        var r = view.reader
        return fields(kind, &r).map { .success($0) }
    }
    private static func fields(_ kind: FileRequestKind, _ r: inout ByteReader) -> FileReply? {
        switch kind {
        case .attach, .close, .makeDirectory, .remove, .rename, .truncate, .sync: return .done
        case .open:
            guard let file = r.u32(), let attributes = FileAttributes.parse(&r) else { return nil }
            return .opened(file: file, attributes)
        case .read, .write:
            guard let isCount = r.u8() else { return nil }
            return isCount == 0 ? .data(r.rest()) : r.u32().map { .count($0) }
        case .stat: return FileAttributes.parse(&r).map { .attributes($0) }
        case .list: return entries(&r)
        case .volume: return VolumeRecord.parse(&r).map { .volume($0) }
        }
    }
    private static func entries(_ r: inout ByteReader) -> FileReply? {
        guard let isLast = r.u8(), let count = r.u16() else { return nil }
        var list: [DirectoryEntry] = []
        for _ in 0..<count {
            guard let kind = r.u8(), let size = r.u64(), let name = r.string() else { return nil }
            list.append(DirectoryEntry(name: name, kindValue: kind, byteCount: size))
        }
        return .entries(list, isLast: isLast != 0)
    }
}

extension ByteWriter {
    init(fileMessage kind: UInt8, error: UInt8, id: UInt32) {
        self.init()
        u8(kind); u8(error); u16(0); u32(id)
    }
}
