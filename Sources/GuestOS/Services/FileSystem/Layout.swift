// The format on the disk (docs/formats/file-system.md): superblock, node record, block pointer, directory block. Numbers
// are little-endian. Parsing checks what a single structure can say about itself; `VolumeWalk` checks the rest.

import ABI

/// Where a block is and the CRC-32C of its content; block 0 is a hole (the superblocks are never pointed to).
public struct BlockPointer: Equatable, Sendable {
    public var block: UInt32 = 0, checksum: UInt32 = 0
    public init(block: UInt32 = 0, checksum: UInt32 = 0) { self.block = block; self.checksum = checksum }
    var isHole: Bool { block == 0 }
}

/// The tree of pointer blocks above the data of a file.
enum PointerTree {
    static let fanout = 512
    static let heightMax: UInt8 = 3
    /// Data blocks that a tree of this height addresses; height 0 is one block, pointed to by the record itself.
    static func capacity(_ height: UInt8) -> UInt64 { 1 << (9 * UInt64(height)) }
    static func height(forBlock index: UInt32) -> UInt8 {
        var h: UInt8 = 0
        while UInt64(index) >= capacity(h) { h += 1 }
        return h
    }
    static let fileByteCountMax = capacity(heightMax) * UInt64(blockByteCount)
}

/// A file, a directory, or the table of nodes itself: 64 bytes in the table.
struct NodeRecord: Equatable {
    static let byteCount = 64
    static let perBlock = UInt32(blockByteCount / byteCount)
    static let tableKind: UInt8 = 3
    var kind: UInt8 = 0         // 0 free, `FileKind`, or `tableKind`
    var height: UInt8 = 0       // levels of pointer blocks above the data
    /// False: only open files still use it; the next mount frees it.
    var isLinked = false
    var entryCount: UInt32 = 0  // of a directory
    var byteCount: UInt64 = 0
    var modified: UInt64 = 0    // nanoseconds since 1970
    var root = BlockPointer()
    var blockCount: UInt32 = 0  // data blocks that are not holes

    var isDirectory: Bool { kind == FileKind.directory.rawValue }

    func emit(into b: BlockBuffer, _ at: Int) {
        (b.base + at).initializeMemory(as: UInt8.self, repeating: 0, count: NodeRecord.byteCount)
        b.put(at, kind)
        b.put(at + 1, height)
        b.put(at + 2, isLinked ? 1 : 0 as UInt8)
        b.put(at + 4, entryCount)
        b.put(at + 8, byteCount)
        b.put(at + 16, modified)
        b.put(at + 24, root.block)
        b.put(at + 28, root.checksum)
        b.put(at + 32, blockCount)
    }
    /// Nil when the fields contradict each other.
    static func parse(_ b: BlockBuffer, _ at: Int) -> NodeRecord? {
        var r = NodeRecord()
        r.kind = b.u8(at)
        r.height = b.u8(at + 1)
        r.isLinked = b.u8(at + 2) == 1
        r.entryCount = b.u32(at + 4)
        r.byteCount = b.u64(at + 8)
        r.modified = b.u64(at + 16)
        r.root = BlockPointer(block: b.u32(at + 24), checksum: b.u32(at + 28))
        r.blockCount = b.u32(at + 32)
        guard r.kind <= tableKind, b.u8(at + 2) <= 1, r.height <= PointerTree.heightMax, r.byteCount <= PointerTree.fileByteCountMax else { return nil }
        if r.kind == 0 { return r == NodeRecord() ? r : nil }
        return r
    }
}

/// Blocks 0 and 1 hold one each; the valid one with the higher generation counts. Only the first 512 bytes of the block
/// are used, so that a disk with atomic sectors never tears it.
struct Superblock: Equatable {
    static let magic: UInt64 = 0x3130_5346_5252_4554    // "TERRFS01"
    static let checksummedByteCount = 508
    var generation: UInt64
    var blockCount: UInt32
    var table: NodeRecord

    /// Of an empty volume: its root directory has no record yet and is empty.
    static func empty(blockCount: UInt32) -> Superblock {
        Superblock(generation: 1, blockCount: blockCount, table: NodeRecord(kind: NodeRecord.tableKind, isLinked: true))
    }
    func emit(into b: BlockBuffer) {
        b.clear()
        b.put(0, Superblock.magic)
        b.put(8, generation)
        b.put(16, blockCount)
        b.put(20, UInt32(blockByteCount))
        table.emit(into: b, 64)
        b.put(Superblock.checksummedByteCount, Checksum.crc32c(b.base, Superblock.checksummedByteCount))
    }
    static func parse(_ b: BlockBuffer, blockCount: UInt32) -> Superblock? {
        guard b.u64(0) == magic, b.u32(checksummedByteCount) == Checksum.crc32c(b.base, checksummedByteCount),
              b.u32(20) == UInt32(blockByteCount), b.u32(16) >= DiskVolume.blockCountMin, b.u32(16) <= blockCount,
              let table = NodeRecord.parse(b, 64), table.kind == NodeRecord.tableKind else { return nil }
        return Superblock(generation: b.u64(8), blockCount: b.u32(16), table: table)
    }
}

/// Entries of a directory block: node u32, name byte count u8, name; a node of 0 or the block's end ends them.
enum DirectoryBlock {
    static func entryByteCount(_ name: [UInt8]) -> Int { 5 + name.count }

    static func emit(_ entry: DirectoryName, into b: BlockBuffer, _ at: Int) {
        b.put(at, entry.node)
        b.put(at + 4, UInt8(entry.name.count))
        for (i, byte) in entry.name.enumerated() { b.put(at + 5 + i, byte) }
    }
    /// Nil when an entry does not make sense.
    static func parse(_ b: BlockBuffer, block: UInt32) -> (names: [DirectoryName], byteCount: Int)? {
        var names: [DirectoryName] = [], at = 0
        while at + 5 <= blockByteCount {
            let node = b.u32(at), count = Int(b.u8(at + 4))
            if node == 0 { break }
            guard count > 0, at + 5 + count <= blockByteCount else { return nil }
            var name = [UInt8](repeating: 0, count: count)
            for i in 0..<count { name[i] = b.u8(at + 5 + i) }
            if name.contains(47) { return nil }
            names.append(DirectoryName(name: name, node: node, block: block))
            at += 5 + count
        }
        return (names, at)
    }
}
