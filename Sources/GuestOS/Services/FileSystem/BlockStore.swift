// Where a volume's blocks lie: a disk, a file of the host, memory. Contract of a disk: writes may become durable in any
// order and in part until `flush` returns true; then all of them are.

public let blockByteCount = 4096

public protocol BlockStore: AnyObject {
    var blockCount: UInt32 { get }
    /// Reads `count` blocks; false when the device fails. `first + count <= blockCount`.
    func read(_ first: UInt32, count: Int, into target: UnsafeMutableRawPointer) -> Bool
    func write(_ first: UInt32, count: Int, from source: UnsafeRawPointer) -> Bool
    func flush() -> Bool
}

/// One block of memory, freed with its owner; cleared when made.
public final class BlockBuffer {
    public let base = UnsafeMutableRawPointer.allocate(byteCount: blockByteCount, alignment: 16)
    public init() { clear() }
    init(copying other: BlockBuffer) { base.copyMemory(from: other.base, byteCount: blockByteCount) }
    deinit { base.deallocate() }
    func clear() { base.initializeMemory(as: UInt8.self, repeating: 0, count: blockByteCount) }
    var checksum: UInt32 { Checksum.crc32c(base, blockByteCount) }
    func u8(_ offset: Int) -> UInt8 { base.load(fromByteOffset: offset, as: UInt8.self) }
    func u32(_ offset: Int) -> UInt32 { UInt32(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt32.self)) }
    func u64(_ offset: Int) -> UInt64 { UInt64(littleEndian: base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) }
    func put(_ offset: Int, _ v: UInt8) { base.storeBytes(of: v, toByteOffset: offset, as: UInt8.self) }
    func put(_ offset: Int, _ v: UInt32) { base.storeBytes(of: v.littleEndian, toByteOffset: offset, as: UInt32.self) }
    func put(_ offset: Int, _ v: UInt64) { base.storeBytes(of: v.littleEndian, toByteOffset: offset, as: UInt64.self) }
    /// One of the 512 pointers of a pointer block.
    func pointer(_ slot: Int) -> BlockPointer { BlockPointer(block: u32(slot * 8), checksum: u32(slot * 8 + 4)) }
    func put(pointer p: BlockPointer, _ slot: Int) { put(slot * 8, p.block); put(slot * 8 + 4, p.checksum) }
}

/// A set of block numbers.
struct BlockSet {
    private var words: [UInt64]
    init(count: UInt32) { words = [UInt64](repeating: 0, count: (Int(count) + 63) / 64) }
    subscript(_ i: UInt32) -> Bool {
        get { words[Int(i >> 6)] >> UInt64(i & 63) & 1 != 0 }
        set { if newValue { words[Int(i >> 6)] |= 1 << UInt64(i & 63) } else { words[Int(i >> 6)] &= ~(1 << UInt64(i & 63)) } }
    }
}
