// The checker: reads a committed state whole and says what is wrong. It proves that every block is either free or used
// exactly once, that every name leads to a file and every file has one name, and that checksums hold. Mounting uses it
// to learn which blocks are free; `simctl disk check` reads the data too.

import ABI

public struct VolumeWalk {
    /// What is wrong, in words; at most `problemCountMax` of them.
    public private(set) var problems: [String] = []
    public private(set) var isDeviceFailed = false
    public private(set) var fileCount = 0, directoryCount = 0
    public private(set) var generation: UInt64
    public private(set) var usedCount: UInt32 = 0
    public let blockCount: UInt32
    static let problemCountMax = 100

    private(set) var used: BlockSet
    private(set) var nodeIsUsed: [Bool] = [true]
    private(set) var rootRecord = NodeRecord(kind: FileKind.directory.rawValue, isLinked: true)
    /// Files that were open without a name when the state was written.
    private(set) var orphans: [UInt32] = []
    private var records: [NodeRecord] = []
    private let store: any BlockStore
    private let readsData: Bool

    init(_ store: any BlockStore, _ state: Superblock, readingData: Bool) {
        self.store = store
        readsData = readingData
        generation = state.generation
        blockCount = state.blockCount
        used = BlockSet(count: state.blockCount)
        walkTable(state.table)
        var namedBy = [UInt32](repeating: 0, count: records.count)
        for (i, r) in records.enumerated() where r.kind != 0 && (i > 0) { walkFile(r, "node \(i)") }
        walkNames(&namedBy)
        for i in 1..<max(1, records.count) where records[i].kind != 0 {
            if records[i].isLinked && namedBy[i] == 0 { note("node \(i) has no name") }
            if !records[i].isLinked {
                if namedBy[i] > 0 { note("node \(i) was removed but has a name") } else { orphans.append(UInt32(i)) }
            }
        }
    }
    /// Checks the newest committed state of a disk; nil when there is no volume on it.
    public static func check(_ store: any BlockStore, readingData: Bool) -> VolumeWalk? {
        let b = BlockBuffer()
        var best: Superblock?
        for slot in 0..<min(2, store.blockCount) {
            guard store.read(slot, count: 1, into: b.base), let s = Superblock.parse(b, blockCount: store.blockCount) else { continue }
            if best == nil || s.generation > best!.generation { best = s }
        }
        return best.map { VolumeWalk(store, $0, readingData: readingData) }
    }

    private mutating func note(_ text: String) { if problems.count < VolumeWalk.problemCountMax { problems.append(text) } }

    // MARK: Blocks

    /// Marks a block as used; false when that cannot be right.
    private mutating func claim(_ p: BlockPointer, _ owner: String) -> Bool {
        guard p.block >= 2, p.block < blockCount else { note(owner + " points to block \(p.block), outside the volume"); return false }
        if used[p.block] { note(owner + " points to block \(p.block), which is used already"); return false }
        used[p.block] = true
        usedCount += 1
        return true
    }
    private mutating func load(_ p: BlockPointer, _ owner: String) -> BlockBuffer? {
        let b = BlockBuffer()
        guard store.read(p.block, count: 1, into: b.base) else {
            isDeviceFailed = true
            note(owner + ": block \(p.block) cannot be read")
            return nil
        }
        if b.checksum == p.checksum { return b }
        note(owner + ": block \(p.block) is damaged")
        return nil
    }
    /// Claims a tree; `data` is called with each data block in order. Answers how many there are.
    private mutating func walkTree(_ p: BlockPointer, _ level: UInt8, _ first: UInt64, _ owner: String, _ data: (inout VolumeWalk, UInt64, BlockPointer) -> Void) -> UInt32 {
        if p.isHole || !claim(p, owner) { return 0 }
        if level == 0 { data(&self, first, p); return 1 }
        guard let b = load(p, owner) else { return 0 }
        var count: UInt32 = 0
        for slot in 0..<PointerTree.fanout { count += walkTree(b.pointer(slot), level - 1, first + UInt64(slot) * PointerTree.capacity(level - 1), owner, data) }
        return count
    }

    // MARK: Nodes

    private mutating func walkTable(_ table: NodeRecord) {
        let blockCount = table.byteCount / UInt64(blockByteCount)
        // A table that the volume cannot hold is damage, not a reason to take that much memory.
        guard blockCount <= UInt64(self.blockCount), blockCount <= UInt64((DiskVolume.nodeCountMax + 1) / NodeRecord.perBlock), table.byteCount % UInt64(blockByteCount) == 0 else { return note("the table of nodes has an impossible size") }
        let slots = Int(blockCount) * Int(NodeRecord.perBlock)
        records = [NodeRecord](repeating: NodeRecord(), count: slots)
        _ = walkTree(table.root, table.height, 0, "the table of nodes") { walk, index, p in
            guard let b = walk.load(p, "the table of nodes") else { return }
            guard index < blockCount else { return walk.note("the table of nodes is longer than it says") }
            for i in 0..<Int(NodeRecord.perBlock) {
                let number = Int(index) * Int(NodeRecord.perBlock) + i
                guard let r = NodeRecord.parse(b, i * NodeRecord.byteCount), r.kind != NodeRecord.tableKind else { walk.note("node \(number) makes no sense"); continue }
                walk.records[number] = r
            }
        }
        nodeIsUsed = records.isEmpty ? [true] : records.map { $0.kind != 0 }
        if records.isEmpty { return }
        nodeIsUsed[0] = true
        if records[0].isDirectory { rootRecord = records[0] } else { note("the root directory has no record") }
    }
    private mutating func walkFile(_ r: NodeRecord, _ owner: String) {
        if r.isDirectory { directoryCount += 1 } else { fileCount += 1 }
        let end = (r.byteCount + UInt64(blockByteCount - 1)) / UInt64(blockByteCount)
        // Directories are read with their names.
        let readsData = self.readsData && !r.isDirectory
        let problemCount = problems.count
        let count = walkTree(r.root, r.height, 0, owner) { walk, index, p in
            if index >= end { walk.note(owner + " has a block behind its end") }
            if readsData { _ = walk.load(p, owner) }
        }
        if r.isDirectory && UInt64(r.blockCount) * UInt64(blockByteCount) != r.byteCount { note(owner + " is a directory with holes") }
        if count != r.blockCount && problems.count == problemCount { note(owner + " says it has \(r.blockCount) blocks and has \(count)") }
    }
    private mutating func walkNames(_ namedBy: inout [UInt32]) {
        if records.isEmpty { return }
        walkFile(rootRecord, "/")
        directoryCount -= 1
        var waiting: [(number: Int, path: String)] = [(0, "")]
        while let (number, path) = waiting.popLast() {
            var names: [DirectoryName] = []
            let r = number == 0 ? rootRecord : records[number]
            for i in 0..<min(blockCount, UInt32(r.byteCount / UInt64(blockByteCount))) {
                guard let p = pointer(r, i), let b = load(p, path + "/") else { continue }
                guard let found = DirectoryBlock.parse(b, block: i) else { note(path + "/ has an entry that makes no sense"); continue }
                names += found.names
            }
            if names.count != Int(r.entryCount) { note(path + "/ says it has \(r.entryCount) entries and has \(names.count)") }
            names.sort { $0.name.lexicographicallyPrecedes($1.name) }
            for (i, e) in names.enumerated() {
                let full = path + "/" + String(decoding: e.name, as: UTF8.self)
                if i > 0 && names[i - 1].name == e.name { note(full + " is there twice") }
                guard e.node < UInt32(records.count), records[Int(e.node)].kind != 0 else { note(full + " leads to nothing"); continue }
                namedBy[Int(e.node)] += 1
                if namedBy[Int(e.node)] > 1 { note(full + " is a second name of node \(e.node)") } else if records[Int(e.node)].isDirectory { waiting.append((Int(e.node), full)) }
            }
        }
    }
    /// Where a block of a directory lies; its tree was walked before, so an unreadable one is noted already.
    private func pointer(_ r: NodeRecord, _ index: UInt32) -> BlockPointer? {
        var p = r.root, level = r.height
        if UInt64(index) >= PointerTree.capacity(level) { return nil }
        let b = BlockBuffer()
        while level > 0, !p.isHole {
            guard p.block >= 2, p.block < blockCount, store.read(p.block, count: 1, into: b.base), b.checksum == p.checksum else { return nil }
            p = b.pointer(Int(index >> (9 * UInt32(level - 1))) & 511)
            level -= 1
        }
        return p.isHole || p.block >= blockCount ? nil : p
    }
}

extension DiskVolume {
    /// For tests: what is wrong in memory or with the committed state; nil when nothing is.
    func problem() -> String? {
        var s: Superblock?
        let b = BlockBuffer()
        if store.read(slot, count: 1, into: b.base) { s = Superblock.parse(b, blockCount: store.blockCount) }
        guard let s, s.table == table.record else { return "the superblock is not that of the last commit" }
        let walk = VolumeWalk(store, s, readingData: true)
        if let first = walk.problems.first { return first }
        var taken = walk.used, free: UInt32 = 0
        for b in suspects { taken[b] = true }
        for b in 2..<blockCount {
            if taken[b] != isTaken[b] { return "block \(b) is \(isTaken[b] ? "taken" : "free") and should not be" }
            if !taken[b] { free += 1 }
        }
        if free != freeCount { return "\(freeCount) blocks counted as free, \(free) are" }
        var counted: UInt32 = 0
        for used in nodeIsUsed.dropFirst() where used { counted += 1 }
        for n in dirtyNodes where n.isDestroyed { counted -= 1 }
        return counted == nodeCount ? nil : "\(nodeCount) nodes counted, \(counted) used"
    }
}
