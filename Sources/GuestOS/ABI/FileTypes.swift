// What the file service and its clients say about files: errors, attributes, volumes, limits.

/// Limits of files and of the file service, with their derivation.
public enum FileLimits {
    /// One path component, in UTF-8 bytes.
    public static let nameByteCountMax = 255
    /// Two paths (rename) must fit a message of 4 KiB.
    public static let pathByteCountMax = 1024
    /// Bytes of a read or write that travel in the message itself; more goes through shared memory.
    public static let inlineByteCountMax = Limits.messageByteCountMax - 64
    /// One request moves at most this much; longer transfers are several requests.
    public static let transferByteCountMax = 1 << 20
    /// Files that a session may have open.
    public static let openFilesMax = 64
    /// The shared memory that a session may attach.
    public static let sharedByteCountMax = 8 << 20
    /// Sessions of the service: each costs it a handle, and a second one for attached memory.
    public static let sessionCountMax = 128
    /// Content of the memory volume, and its files and directories: what the service's own pages hold with room to spare.
    public static let memoryVolumeByteCount = 8 << 20
    public static let memoryVolumeNodeCountMax = 2048
}

/// Why a file operation did not succeed. Values are stable; 0 is none.
public enum FileError: UInt8, Error, Sendable, CaseIterable {
    case notFound = 1, alreadyExists, notADirectory, isADirectory, notEmpty
    case accessDenied, readOnly, noSpace, badFile, invalidName, invalidArgument
    case tooManyOpen, tooLarge, crossesVolumes, deviceFailed, notSupported, serviceGone, timedOut, unknown, damaged

    /// Stable name for logs and messages.
    public var name: String {
        switch self {
        case .notFound: "no such file or directory"
        case .alreadyExists: "already exists"
        case .notADirectory: "not a directory"
        case .isADirectory: "is a directory"
        case .notEmpty: "directory is not empty"
        case .accessDenied: "file is not open for that"
        case .readOnly: "read-only"
        case .noSpace: "no space left"
        case .badFile: "file is not open"
        case .invalidName: "invalid name"
        case .invalidArgument: "invalid argument"
        case .tooManyOpen: "too many open files"
        case .tooLarge: "too large"
        case .crossesVolumes: "on different volumes"
        case .deviceFailed: "the device reports an error"
        case .notSupported: "not supported"
        case .serviceGone: "the file service is not running"
        case .timedOut: "the file service does not answer"
        case .unknown: "unknown error"
        case .damaged: "damaged: what the disk holds does not fit its checksum"
        }
    }
}

public enum FileKind: UInt8, Sendable { case file = 1, directory = 2 }

/// How a file is opened.
public struct OpenFlags: OptionSet, Sendable {
    public let rawValue: UInt32
    public init(rawValue: UInt32) { self.rawValue = rawValue }
    public static let read = OpenFlags(rawValue: 1)
    public static let write = OpenFlags(rawValue: 2)
    public static let create = OpenFlags(rawValue: 4)       // make it when it is not there; needs write
    public static let truncate = OpenFlags(rawValue: 8)     // needs write
    public static let append = OpenFlags(rawValue: 16)      // every write goes to the end; needs write
    public static let exclusive = OpenFlags(rawValue: 32)   // with create: fail when it is there
    /// A combination that means something.
    public var isValid: Bool {
        if rawValue & ~63 != 0 || isDisjoint(with: [.read, .write]) { return false }
        if !contains(.write) && !isDisjoint(with: [.create, .truncate, .append]) { return false }
        return contains(.create) || !contains(.exclusive)
    }
}

/// What `stat` reports: 32 bytes.
public struct FileAttributes: Equatable, Sendable {
    public static let byteCount = 32
    /// `FileKind`, kept as it came.
    public var kindValue: UInt8 = FileKind.file.rawValue
    /// Number of the volume (1 and up in the list of mounts; 0 is the root directory) and of the file on it; together they
    /// identify a file while it is there.
    public var volume: UInt8 = 0
    public var node: UInt32 = 0
    /// Bytes of content; of a directory, its entries.
    public var byteCount: UInt64 = 0
    /// Nanoseconds since 1970; 0: not known.
    public var modified: UInt64 = 0
    /// Bytes taken on the volume: less than the content when it has holes.
    public var allocatedByteCount: UInt64 = 0
    public init() {}
    public var kind: FileKind? { FileKind(rawValue: kindValue) }
    public var isDirectory: Bool { kindValue == FileKind.directory.rawValue }

    public func emit(_ w: inout ByteWriter) {
        w.u8(kindValue); w.u8(volume); w.u16(0); w.u32(node)
        w.u64(byteCount); w.u64(modified); w.u64(allocatedByteCount)
    }
    public static func parse(_ r: inout ByteReader) -> FileAttributes? {
        var a = FileAttributes()
        guard let kind = r.u8(), let volume = r.u8(), r.u16() != nil, let node = r.u32(),
              let count = r.u64(), let modified = r.u64(), let allocated = r.u64() else { return nil }
        a.kindValue = kind; a.volume = volume; a.node = node
        a.byteCount = count; a.modified = modified; a.allocatedByteCount = allocated
        return a
    }
}

/// What `volume` (statfs) reports.
public struct VolumeRecord: Equatable, Sendable {
    /// Where it is mounted, e.g. "/tmp".
    public var path = ""
    /// What holds it, for people.
    public var description = ""
    public var isReadOnly = false
    public var byteCountTotal: UInt64 = 0, byteCountFree: UInt64 = 0
    /// Files and directories, without the volume's own root.
    public var nodeCount: UInt32 = 0
    public init() {}

    public func emit(_ w: inout ByteWriter) {
        w.u32(isReadOnly ? 1 : 0); w.u32(nodeCount); w.u64(byteCountTotal); w.u64(byteCountFree)
        w.string(path); w.string(description)
    }
    public static func parse(_ r: inout ByteReader) -> VolumeRecord? {
        var v = VolumeRecord()
        guard let flags = r.u32(), let count = r.u32(), let total = r.u64(), let free = r.u64(),
              let path = r.string(), let description = r.string() else { return nil }
        v.isReadOnly = flags & 1 != 0; v.nodeCount = count; v.byteCountTotal = total; v.byteCountFree = free
        v.path = path; v.description = description
        return v
    }
}

/// One name in a directory.
public struct DirectoryEntry: Equatable, Sendable {
    public var name: String
    public var kindValue: UInt8
    public var byteCount: UInt64
    public init(name: String, kindValue: UInt8, byteCount: UInt64) { self.name = name; self.kindValue = kindValue; self.byteCount = byteCount }
    public var isDirectory: Bool { kindValue == FileKind.directory.rawValue }
}
