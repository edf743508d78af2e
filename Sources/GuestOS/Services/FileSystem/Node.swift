// A node in memory: its record, and the changes that are not committed. Changes lie here and nowhere else: the blocks on
// the disk that the record points to are those of the last commit until the next one succeeded.

import ABI

/// A name in a directory, and the directory block that holds it.
struct DirectoryName: Equatable {
    var name: [UInt8]
    var node: UInt32
    var block: UInt32
}

/// The content of a directory, sorted by name.
struct Directory {
    var names: [DirectoryName] = []
    /// Bytes used, by directory block.
    var used: [Int] = []

    /// Place of a name, or where it would be.
    func find(_ name: [UInt8]) -> (index: Int, isThere: Bool) {
        var low = 0, high = names.count
        while low < high {
            let middle = (low + high) / 2
            if names[middle].name.lexicographicallyPrecedes(name) { low = middle + 1 } else { high = middle }
        }
        return (low, low < names.count && names[low].name == name)
    }
    func node(_ name: [UInt8]) -> UInt32? {
        let (i, isThere) = find(name)
        return isThere ? names[i].node : nil
    }
}

final class Node {
    let number: UInt32
    /// `root`, `height` and `blockCount` are those of the last commit; the rest is as it is now.
    var record: NodeRecord
    /// Data blocks that changed, whole.
    private(set) var pending: [UInt32: BlockBuffer] = [:]
    /// How many pending blocks are below each pointer block of level 1.
    private var pendingByLeaf: [UInt32: UInt32] = [:]
    private var pendingIndexMax: UInt32 = 0
    /// Committed blocks from here on are gone.
    var cut = UInt32.max
    var openCount = 0
    var isDirty = false
    /// No name and no open file: its blocks go with the next commit.
    var isDestroyed = false
    var directory: Directory?
    /// What `DiskVolume.debt` counts for it.
    var counted: UInt32 = 0

    init(_ number: UInt32, _ record: NodeRecord) { self.number = number; self.record = record }

    func put(_ index: UInt32, _ b: BlockBuffer) {
        if pending.updateValue(b, forKey: index) == nil { pendingByLeaf[index >> 9, default: 0] += 1 }
        pendingIndexMax = max(pendingIndexMax, index)
    }
    /// Everything from block `index` on is gone.
    func drop(from index: UInt32) {
        cut = min(cut, index)
        let gone = pendingIndices.filter { $0 >= index }
        for i in gone {
            pending[i] = nil
            let left = pendingByLeaf[i >> 9, default: 1] - 1
            pendingByLeaf[i >> 9] = left == 0 ? nil : left
        }
    }
    /// The changes are committed, or void.
    func settle() {
        pending = [:]
        pendingByLeaf = [:]
        pendingIndexMax = 0
        cut = .max
        isDirty = false
    }
    var pendingIndices: [UInt32] { pending.keys.sorted() }
    /// Blocks that a commit of its content writes at most.
    var commitBlockCountMax: UInt32 {
        if isDestroyed || (pending.isEmpty && cut == .max) { return 0 }
        let height = UInt32(max(record.height, PointerTree.height(forBlock: pendingIndexMax)))
        return UInt32(pending.count) + height * UInt32(pendingByLeaf.count + 1)
    }
}
