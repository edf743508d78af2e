// Owns where a disk's sectors lie. Invariant: accesses outside the disk are refused by the device before they come here;
// memory of sectors never written costs nothing.
import Glibc
import Machine

/// Sectors of a disk. Offsets and counts are in bytes and within `byteCount`.
public protocol BlockStorage: AnyObject {
    var byteCount: Int { get }
    func read(offset: Int, into buffer: UnsafeMutableRawBufferPointer) -> Bool
    func write(offset: Int, from buffer: UnsafeRawBufferPointer) -> Bool
    /// What was written before survives the end of the program; true when the guest may believe so.
    func flush() -> Bool
    /// The first byte at or after `offset` that may differ from zero; nil when there is none.
    func nextData(from offset: Int) -> Int?
}

extension BlockStorage {
    public func nextData(from offset: Int) -> Int? { offset < byteCount ? offset : nil }

    /// Calls `body` for each piece of 64 KiB (the last may be shorter) that is not all zeros, in order. False when a
    /// read failed.
    func forEachPiece(_ body: (_ index: Int, UnsafeRawBufferPointer) -> Void) -> Bool {
        let size = DiskContent.pieceByteCount
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        let zeros = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        zeros.initializeMemory(as: UInt8.self, repeating: 0)
        defer { buffer.deallocate(); zeros.deallocate() }
        var position = 0
        while let data = nextData(from: position) {
            let index = data / size
            let count = min(size, byteCount - index * size)
            let piece = UnsafeMutableRawBufferPointer(rebasing: buffer[0..<count])
            guard read(offset: index * size, into: piece) else { return false }
            if memcmp(piece.baseAddress!, zeros.baseAddress!, count) != 0 { body(index, UnsafeRawBufferPointer(piece)) }
            position = (index + 1) * size
        }
        return true
    }

    /// Hash of size and content; pieces of zeros do not count, so a sparse file and its full copy are equal.
    public func contentHash() throws(MachineError) -> UInt64 {
        var hasher = StateHasher()
        hasher.add(byteCount)
        let isGood = forEachPiece { index, piece in
            hasher.add(index)
            hasher.add(piece)
        }
        guard isGood else { throw MachineError("the disk's content cannot be read") }
        return hasher.value
    }
}

/// What a disk may be.
public enum DiskContent {
    static let pieceByteCount = 65536
    public static let byteCountMax = 64 << 30
    /// Throws unless a disk can have this size.
    public static func check(byteCount: Int) throws(MachineError) {
        guard byteCount > 0, byteCount % 512 == 0, byteCount <= byteCountMax else {
            throw MachineError("a disk of \(byteCount) bytes is not possible: the size must be a multiple of 512, up to 64 GiB")
        }
    }
}

/// A disk in lazily allocated host memory; gone with the machine. The right one for swap.
public final class MemoryStorage: BlockStorage {
    public let byteCount: Int
    private let base: UnsafeMutableRawPointer

    public init(byteCount: Int) throws(MachineError) {
        try DiskContent.check(byteCount: byteCount)
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
