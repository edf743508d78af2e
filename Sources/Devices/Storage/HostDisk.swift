// Owns a disk whose content is a file of the host. Invariants: the file is an input of the run and does not change while
// the run goes on; the guest's writes lie in memory, are made durable in a journal when the guest flushes, and come into
// the file when the run ends in order. What the host's file system does wrong never reaches the guest: it stops the run.
import Glibc
import Machine

/// A file of the host as a disk.
public final class HostDisk: BlockStorage {
    public enum Access: Equatable, Sendable {
        /// Changes come into the file with `commit`.
        case readWrite
        /// Changes are forgotten at the end; the file is only read.
        case snapshot
    }
    public let path: String
    public let access: Access
    public let byteCount: Int
    /// Why host storage failed, when it did; everything since is suspect.
    public private(set) var failure: String?
    /// Called at the first failure; the owner should stop the run.
    public var onFailure: (() -> Void)?
    private let descriptor: Int32
    private let overlay: MemoryStorage
    private var isChanged: [Bool]            // by block: lies in the overlay
    private var isPending: [Bool]            // by block: changed since the last transaction
    private var pending: [Int] = []
    private let journal: DiskJournal
    private static let block = DiskJournal.blockByteCount
    private static let seekData: Int32 = 3   // SEEK_DATA, which the C library shows to GNU sources only
    /// A journal longer than this is worked into the file.
    private var journalByteCountMax: Int { max(64 << 20, 2 * byteCount) }

    /// Opens `path`. With `createByteCount` a file that is missing is made, blank and sparse; one that exists must have
    /// that size. Throws a sentence with the way out: missing, busy, odd size.
    public init(path: String, access: Access, createByteCount: Int? = nil) throws(MachineError) {
        if let createByteCount { try DiskContent.check(byteCount: createByteCount) }
        let isWritable = access == .readWrite
        let flags = (isWritable ? O_RDWR : O_RDONLY) | (isWritable && createByteCount != nil ? O_CREAT : 0) | O_CLOEXEC
        descriptor = open(path, flags, 0o644)
        guard descriptor >= 0 else { throw MachineError("cannot open disk \(path): \(String(cString: strerror(errno)))") }
        var size = 0
        var problem = Self.lockAndSize(descriptor, path, isExclusive: isWritable, createByteCount, &size)
        if problem == nil, !(size > 0 && size % 512 == 0 && size <= DiskContent.byteCountMax) {
            problem = "\(path) has \(size) bytes; a disk has a multiple of 512, up to 64 GiB"
        }
        if let problem { close(descriptor); throw MachineError(problem) }
        self.path = path
        self.access = access
        byteCount = size
        overlay = try MemoryStorage(byteCount: size)
        let blockCount = (size + Self.block - 1) / Self.block
        isChanged = [Bool](repeating: false, count: blockCount)
        isPending = isChanged
        journal = DiskJournal(path: path + ".journal", diskByteCount: size)
        try recover()
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    private static func lockAndSize(_ descriptor: Int32, _ path: String, isExclusive: Bool, _ wanted: Int?, _ size: inout Int) -> String? {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return "\(path) is not a file that can be a disk" }
        guard flock(descriptor, (isExclusive ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0 else {
            return "disk \(path) is in use by another simulation; end it, or give this one a copy"
        }
        size = Int(status.st_size)
        guard let wanted, wanted != size else { return nil }
        guard size == 0, isExclusive else {
            return "disk \(path) has \(size) bytes, not \(wanted); leave size= away, or change it with 'truncate -s \(wanted) \(path)'"
        }
        size = wanted
        return ftruncate(descriptor, wanted) == 0 ? nil : "cannot size disk \(path): \(String(cString: strerror(errno)))"
    }

    /// Takes over what an earlier run made durable and could not work into the file.
    private func recover() throws(MachineError) {
        let found = try journal.recover { block, bytes in
            guard block < isChanged.count else { return }
            let start = block * Self.block
            _ = overlay.write(offset: start, from: UnsafeRawBufferPointer(start: bytes, count: min(Self.block, byteCount - start)))
            isChanged[block] = true
        }
        guard found, access == .readWrite else { return }
        try workIn()
    }

    // MARK: Sectors

    public func read(offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Bool {
        var isGood = true
        forEachBlock(offset, buffer.count) { block, position, count in
            let part = UnsafeMutableRawBufferPointer(rebasing: buffer[position..<(position + count)])
            if isChanged[block] { _ = overlay.read(offset: offset + position, into: part) } else if !readFile(offset + position, part) { isGood = false }
        }
        return isGood
    }

    public func write(offset: Int, from buffer: UnsafeRawBufferPointer) -> Bool {
        var isGood = true
        forEachBlock(offset, buffer.count) { block, position, count in
            if !isChanged[block], count < Self.block, !copyBlock(block) { isGood = false }
            isChanged[block] = true
            if !isPending[block], access == .readWrite { isPending[block] = true; pending.append(block) }
            _ = overlay.write(offset: offset + position, from: UnsafeRawBufferPointer(rebasing: buffer[position..<(position + count)]))
        }
        return isGood
    }

    private func forEachBlock(_ offset: Int, _ count: Int, _ body: (_ block: Int, _ position: Int, _ count: Int) -> Void) {
        var position = 0
        while position < count {
            let block = (offset + position) / Self.block
            let length = min(count - position, (block + 1) * Self.block - offset - position)
            body(block, position, length)
            position += length
        }
    }

    private func copyBlock(_ block: Int) -> Bool {
        let start = block * Self.block
        var bytes = [UInt8](repeating: 0, count: min(Self.block, byteCount - start))
        return bytes.withUnsafeMutableBytes { readFile(start, $0) && overlay.write(offset: start, from: UnsafeRawBufferPointer($0)) }
    }

    private func readFile(_ offset: Int, _ buffer: UnsafeMutableRawBufferPointer) -> Bool {
        var done = 0
        while done < buffer.count {
            let count = pread(descriptor, buffer.baseAddress! + done, buffer.count - done, offset + done)
            if count > 0 { done += count; continue }
            if count < 0, errno == EINTR { continue }
            fail(count == 0 ? "the file became shorter" : String(cString: strerror(errno)))
            return false
        }
        return true
    }

    public func nextData(from offset: Int) -> Int? {
        guard offset < byteCount else { return nil }
        let found = lseek(descriptor, offset, Self.seekData)
        let inFile = found >= 0 ? found : errno == ENXIO ? byteCount : offset   // no holes known: everything is data
        let changed = isChanged[(offset / Self.block)...].firstIndex(of: true).map { max(offset, $0 * Self.block) } ?? byteCount
        let next = min(inFile, changed)
        return next < byteCount ? next : nil
    }

    // MARK: Durability

    /// The guest's flush. It always succeeds for the guest; a failure of the host stops the run and is told by `commit`.
    public func flush() -> Bool {
        guard access == .readWrite, failure == nil, !pending.isEmpty else { return true }
        if let reason = journal.append(pending, read: { overlayBlock($0, $1) }) { fail(reason); return true }
        for block in pending { isPending[block] = false }
        pending.removeAll(keepingCapacity: true)
        if journal.byteCount > journalByteCountMax { do { try workIn() } catch { fail(error.message) } }
        return true
    }

    private func overlayBlock(_ block: Int, _ target: UnsafeMutableRawPointer) {
        let start = block * Self.block, count = min(Self.block, byteCount - start)
        target.initializeMemory(as: UInt8.self, repeating: 0, count: Self.block)
        _ = overlay.read(offset: start, into: UnsafeMutableRawBufferPointer(start: target, count: count))
    }

    /// The orderly end: all changes come into the file. Throws when the host could not keep something; the journal then
    /// stays, and the next run takes it over.
    public func commit() throws(MachineError) {
        guard access == .readWrite else { return }
        _ = flush()
        if let failure { throw MachineError("disk \(path): \(failure)") }
        if journal.byteCount > 0 { try workIn() }
    }

    /// The run is over: others may use the file.
    public func unlock() { flock(descriptor, LOCK_UN) }

    /// Writes every changed block into the file, then drops the journal. A crash in the middle is mended by the journal.
    private func workIn() throws(MachineError) {
        var bytes = [UInt8](repeating: 0, count: Self.block)
        for block in isChanged.indices where isChanged[block] {
            let start = block * Self.block, count = min(Self.block, byteCount - start)
            bytes.withUnsafeMutableBytes { overlayBlock(block, $0.baseAddress!) }
            guard pwrite(descriptor, bytes, count, start) == count else { throw MachineError("cannot write disk \(path): \(String(cString: strerror(errno)))") }
        }
        guard fsync(descriptor) == 0 else { throw MachineError("cannot write disk \(path): \(String(cString: strerror(errno)))") }
        journal.remove()
    }

    private func fail(_ reason: String) {
        guard failure == nil else { return }
        failure = reason
        onFailure?()
    }
}
