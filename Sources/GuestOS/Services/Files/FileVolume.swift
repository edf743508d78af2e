// What the service asks of a volume. Paths are components below the volume's root; nodes are numbers that stay valid while
// the file is open (`retain`). The service has checked names, flags and transfer sizes.

import ABI

protocol FileVolume: AnyObject {
    var isReadOnly: Bool { get }
    /// Everything but `path`.
    var record: VolumeRecord { get }
    func lookup(_ path: ArraySlice<FileName>) throws(FileError) -> UInt32
    /// `volume` is left 0.
    func attributes(_ node: UInt32) -> FileAttributes
    /// At most `count` entries behind `after` in byte order; sorted.
    func list(_ node: UInt32, after: FileName, count: Int) throws(FileError) -> [DirectoryEntry]
    /// Keeps the file's content until as many `release`.
    func retain(_ node: UInt32) throws(FileError)
    func release(_ node: UInt32)
    /// Bytes read: fewer than the buffer's only at the end of the file.
    func read(_ node: UInt32, _ position: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int
    /// All or nothing.
    func write(_ node: UInt32, _ position: UInt64, from buffer: UnsafeRawBufferPointer, now: UInt64) throws(FileError)
    func truncate(_ node: UInt32, to byteCount: UInt64, now: UInt64) throws(FileError)
    func create(_ path: ArraySlice<FileName>, _ kind: FileKind, now: UInt64) throws(FileError) -> UInt32
    func remove(_ path: ArraySlice<FileName>, now: UInt64) throws(FileError)
    func rename(_ from: ArraySlice<FileName>, to: ArraySlice<FileName>, now: UInt64) throws(FileError)
    /// Makes all changes durable.
    func sync() throws(FileError)
}

extension FileVolume {
    /// What does not outlive the machine has nothing to make durable.
    func sync() throws(FileError) {}
}
