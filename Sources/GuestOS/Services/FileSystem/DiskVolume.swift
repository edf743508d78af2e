// A crash-safe file system on a block store. Copy on write: a block of the last committed state is never overwritten, so
// the disk always holds that state whole, whatever becomes of later writes. Changes are collected in memory; `commit`
// writes them to free blocks, flushes, writes the superblock that is not in use, flushes. Every pointer carries the
// checksum of its block. Which blocks are free is not stored: mounting walks the pointer blocks (`VolumeWalk`).
//
// Invariants: `isTaken` holds the blocks of the committed state, of the commit that is being written, and of commits
// whose superblock may have reached the disk although the device said no (`suspects`); only other blocks are written.

import ABI

public final class DiskVolume {
    public static let blockCountMin: UInt32 = 64
    /// Files and directories: what a walk of the volume holds in memory, 10 MiB of records.
    static let nodeCountMax: UInt32 = 262_143
    /// Uncommitted data that a volume holds in memory before it commits by itself.
    static let pendingBlockCountMax = 1024
    private static let cachedNodeCountMax = 256

    public let store: any BlockStore
    public let blockCount: UInt32
    public internal(set) var generation: UInt64
    /// Set when metadata is damaged: what can be read still is.
    public internal(set) var isReadOnly: Bool
    /// What mounting found wrong, for people.
    public let problems: [String]
    /// Files and directories, without the root.
    public internal(set) var nodeCount: UInt32 = 0
    /// The last commit failed: the next change tries it again first.
    public internal(set) var isFailing = false

    let table: Node, root: Node
    private var nodes: [UInt32: Node] = [:]
    private var nodeOrder: [UInt32] = []
    var nodeIsUsed: [Bool]
    private var nextNode = 1
    var dirtyNodes: [Node] = []
    var isTaken: BlockSet
    var freeCount: UInt32
    var nextBlock: UInt32 = 2
    var suspects: [UInt32] = []
    var slot: UInt32
    private var debtOfContents: UInt32 = 0
    private var pointerCache = [(pointer: BlockPointer, buffer: BlockBuffer)?](repeating: nil, count: 64)
    /// A deliberate bug for the tests of the tests: freed blocks are given out before the commit.
    var canaryReusesFreedBlocks = false

    // MARK: Making and mounting

    /// Makes an empty volume: one write. The disk's old content is unreachable afterwards.
    public static func format(_ store: any BlockStore) throws(FileError) {
        guard store.blockCount >= blockCountMin else { throw .noSpace }
        let first = BlockBuffer(), second = BlockBuffer()
        Superblock.empty(blockCount: store.blockCount).emit(into: first)
        guard store.write(1, count: 1, from: second.base), store.flush(),
              store.write(0, count: 1, from: first.base), store.flush() else { throw .deviceFailed }
    }
    /// True when nothing is lost by formatting the disk: its first and last megabyte are zero, or the start of a
    /// formatting that was cut. Other systems leave their mark there.
    public static func isBlank(_ store: any BlockStore) throws(FileError) -> Bool {
        let fresh = BlockBuffer(), b = BlockBuffer(), count = store.blockCount
        Superblock.empty(blockCount: count).emit(into: fresh)
        for i in 0..<min(count, 512) {
            let block = i < 256 ? i : count - 1 - (i - 256)
            if i >= 256 && block < 256 { break }
            guard store.read(block, count: 1, into: b.base) else { throw .deviceFailed }
            for at in stride(from: 0, to: blockByteCount, by: 8) where b.u64(at) != 0 {
                for i in at..<at + 8 where b.u8(i) != 0 && (block > 0 || b.u8(i) != fresh.u8(i)) { return false }
            }
        }
        return true
    }
    /// Reads the newest whole state. When that one's metadata is damaged and the one before is whole, takes that; when
    /// none is whole, mounts the newest read-only. `notSupported`: there is no volume on this disk.
    public init(mount store: any BlockStore, readOnly: Bool = false) throws(FileError) {
        var states: [(state: Superblock, slot: UInt32)] = []
        let buffer = BlockBuffer()
        for slot in 0..<min(2, store.blockCount) {
            guard store.read(slot, count: 1, into: buffer.base) else { throw .deviceFailed }
            guard let s = Superblock.parse(buffer, blockCount: store.blockCount) else { continue }
            if let other = states.first, other.state.generation < s.generation { states.insert((s, slot), at: 0) } else { states.append((s, slot)) }
        }
        guard let newest = states.first else { throw .notSupported }
        var chosen = newest, walk = VolumeWalk(store, newest.state, readingData: false), notes = walk.problems
        if walk.isDeviceFailed { throw .deviceFailed }
        if !walk.problems.isEmpty, states.count > 1 {
            let older = VolumeWalk(store, states[1].state, readingData: false)
            if older.isDeviceFailed { throw .deviceFailed }
            if older.problems.isEmpty {
                (chosen, walk) = (states[1], older)
                notes.append("the state before the damage is used: generation \(chosen.state.generation)")
            }
        }
        self.store = store
        blockCount = chosen.state.blockCount
        generation = newest.state.generation
        slot = chosen.slot
        isReadOnly = readOnly || !walk.problems.isEmpty
        problems = notes
        isTaken = walk.used
        freeCount = blockCount - 2 - walk.usedCount
        nodeIsUsed = walk.nodeIsUsed
        table = Node(0, chosen.state.table)
        root = Node(0, walk.rootRecord)
        for used in nodeIsUsed.dropFirst() where used { nodeCount += 1 }
        if !isReadOnly { for number in walk.orphans { destroyIfUnused(try node(number)) } }
    }

    // MARK: Space

    /// Blocks kept back so that removing files works on a full disk.
    var reserveCount: UInt32 { max(8, min(256, blockCount / 64)) }
    /// Blocks that the next commit may need at most.
    var debt: UInt32 {
        if dirtyNodes.isEmpty { return 0 }
        let height = UInt32(table.record.height) + 1, count = UInt32(dirtyNodes.count)
        let tableBlockCount = min(count, UInt32(nodeIsUsed.count) / NodeRecord.perBlock + 1)
        return debtOfContents + tableBlockCount * (1 + height) + height
    }
    public var freeByteCount: UInt64 {
        let taken = debt + reserveCount
        return freeCount > taken ? UInt64(freeCount - taken) * UInt64(blockByteCount) : 0
    }
    public var byteCountTotal: UInt64 { UInt64(blockCount - 2) * UInt64(blockByteCount) }
    public var hasChanges: Bool { !dirtyNodes.isEmpty }

    /// Makes sure that `count` data blocks and what goes with them can be committed; commits when that frees enough.
    /// Called before an operation changes anything, so a commit never holds half of one.
    func reserve(_ count: Int, growing: Bool) throws(FileError) {
        if isReadOnly { throw .readOnly }
        let pending = dirtyNodes.reduce(0) { $0 + $1.pending.count }
        if isFailing || pending + count > DiskVolume.pendingBlockCountMax { try commit() }
        let need = UInt32(count) + 3 * UInt32(count / PointerTree.fanout + 2) + 12 + (growing ? reserveCount : 0)
        if freeCount >= need + debt { return }
        try commit()
        if freeCount < need + debt { throw .noSpace }
    }

    // MARK: Blocks

    func load(_ p: BlockPointer, into b: BlockBuffer) throws(FileError) {
        guard p.block >= 2, p.block < blockCount else { throw .damaged }
        guard store.read(p.block, count: 1, into: b.base) else { throw .deviceFailed }
        guard b.checksum == p.checksum else { throw .damaged }
    }
    /// Content of a pointer block; not to be changed.
    func loadPointers(_ p: BlockPointer) throws(FileError) -> BlockBuffer {
        let at = Int(p.block % UInt32(pointerCache.count))
        if let cached = pointerCache[at], cached.pointer == p { return cached.buffer }
        let b = BlockBuffer()
        try load(p, into: b)
        pointerCache[at] = (p, b)
        return b
    }
    /// Where a data block of the last commit lies, when it is still part of the file.
    func pointer(_ n: Node, _ index: UInt32) throws(FileError) -> BlockPointer {
        var level = n.record.height, p = n.record.root
        if index >= n.cut || UInt64(index) >= PointerTree.capacity(level) { return BlockPointer() }
        while level > 0, !p.isHole {
            p = try loadPointers(p).pointer(Int(index >> (9 * UInt32(level - 1))) & 511)
            level -= 1
        }
        return p
    }
    /// A copy of a data block, with its uncommitted changes.
    func copy(_ n: Node, _ index: UInt32) throws(FileError) -> BlockBuffer {
        if let b = n.pending[index] { return BlockBuffer(copying: b) }
        let p = try pointer(n, index), b = BlockBuffer()
        if !p.isHole { try load(p, into: b) }
        return b
    }

    // MARK: Nodes

    func node(_ number: UInt32) throws(FileError) -> Node {
        if number == 0 { return root }
        if let n = nodes[number] { return n }
        guard number < UInt32(nodeIsUsed.count), nodeIsUsed[Int(number)] else { throw .damaged }
        let b = try copy(table, number / NodeRecord.perBlock)
        guard let r = NodeRecord.parse(b, Int(number % NodeRecord.perBlock) * NodeRecord.byteCount), r.kind == 1 || r.kind == 2 else { throw .damaged }
        return keep(Node(number, r))
    }
    private func keep(_ n: Node) -> Node {
        nodes[n.number] = n
        nodeOrder.append(n.number)
        return n
    }
    /// Forgets nodes that can be read again. Only between operations: within one, a node has one object.
    func trim() {
        if nodeOrder.count <= DiskVolume.cachedNodeCountMax { return }
        var kept: [UInt32] = []
        for number in nodeOrder {
            guard let n = nodes[number] else { continue }
            if n.isDirty || n.openCount > 0 { kept.append(number) } else { nodes[number] = nil }
        }
        nodeOrder = kept
    }
    /// Every change of a node ends here.
    func touch(_ n: Node) {
        if !n.isDirty {
            n.isDirty = true
            dirtyNodes.append(n)
        }
        debtOfContents -= n.counted
        n.counted = n.commitBlockCountMax
        debtOfContents += n.counted
    }
    func makeNode(_ kind: FileKind, _ now: UInt64) -> Node {
        while nextNode < nodeIsUsed.count, nodeIsUsed[nextNode] { nextNode += 1 }
        while nodeIsUsed.count <= nextNode { nodeIsUsed.append(false) }
        nodeIsUsed[nextNode] = true
        let n = keep(Node(UInt32(nextNode), NodeRecord(kind: kind.rawValue, isLinked: true, modified: now)))
        if kind == .directory { n.directory = Directory() }
        nodeCount += 1
        touch(n)
        return n
    }
    func destroyIfUnused(_ n: Node) {
        guard !n.record.isLinked, n.openCount == 0, !n.isDestroyed else { return }
        n.drop(from: 0)
        n.isDestroyed = true
        nodeCount -= 1
        touch(n)
    }
    /// The changes of all nodes are on the disk.
    func settle() {
        for n in dirtyNodes {
            n.settle()
            n.counted = 0
            if n.isDestroyed {
                nodes[n.number] = nil
                nodeIsUsed[Int(n.number)] = false
                nextNode = min(nextNode, Int(n.number))
            }
        }
        dirtyNodes = []
        debtOfContents = 0
    }
}
