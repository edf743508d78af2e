// Owns where a disk's sectors lie: anonymous host memory or a file. Invariant: accesses outside the disk are refused
// by the device before they come here; memory of sectors never written costs nothing.
import Glibc
import Machine

/// Sectors of a disk. Offsets and counts are in bytes and within `byteCount`.
public protocol BlockStorage: AnyObject {
    var byteCount: Int { get }
    func read(offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Bool
    func write(offset: Int, from buffer: UnsafeRawBufferPointer) -> Bool
    func flush() -> Bool
}

/// A disk in lazily allocated host memory; gone with the machine. The right one for swap.
public final class MemoryStorage: BlockStorage {
    public let byteCount: Int
    private let base: UnsafeMutableRawPointer

    public init(byteCount: Int) throws(MachineError) {
        guard byteCount > 0, byteCount % 512 == 0 else { throw MachineError("disk size must be a positive multiple of 512") }
        let flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE
        guard let address = mmap(nil, byteCount, PROT_READ | PROT_WRITE, flags, -1, 0), address != MAP_FAILED else {
            throw MachineError("cannot reserve \(byteCount) bytes for a disk")
        }
        self.byteCount = byteCount
        base = address
    }

    deinit { munmap(base, byteCount) }

    public func read(offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Bool {
        buffer.copyMemory(from: UnsafeRawBufferPointer(start: base + offset, count: buffer.count))
        return true
    }

    public func write(offset: Int, from buffer: UnsafeRawBufferPointer) -> Bool {
        UnsafeMutableRawBufferPointer(start: base + offset, count: buffer.count).copyMemory(from: buffer)
        return true
    }

    public func flush() -> Bool { true }
}

/// A disk in a file of the host, created or extended to its size.
public final class FileStorage: BlockStorage {
    public let byteCount: Int
    private let descriptor: Int32

    public init(path: String, byteCount: Int) throws(MachineError) {
        guard byteCount > 0, byteCount % 512 == 0 else { throw MachineError("disk size must be a positive multiple of 512") }
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        self.byteCount = byteCount
        guard descriptor >= 0 else { throw MachineError("cannot open disk \(path): \(String(cString: strerror(errno)))") }
        guard ftruncate(descriptor, byteCount) == 0 else {
            throw MachineError("cannot size disk \(path): \(String(cString: strerror(errno)))")
        }
    }

    deinit { if descriptor >= 0 { close(descriptor) } }

    public func read(offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Bool {
        pread(descriptor, buffer.baseAddress, buffer.count, offset) == buffer.count
    }

    public func write(offset: Int, from buffer: UnsafeRawBufferPointer) -> Bool {
        pwrite(descriptor, buffer.baseAddress, buffer.count, offset) == buffer.count
    }

    public func flush() -> Bool { fsync(descriptor) == 0 }
}
