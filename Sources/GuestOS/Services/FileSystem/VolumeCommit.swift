// Commit: one attempt writes every change to free blocks and then the superblock. Nothing in memory changes until all of it
// succeeded, so a failed attempt can be repeated.

import ABI

/// What one attempt has given out and found unneeded.
private struct Attempt {
    var allocated: [UInt32] = []
    /// Blocks of the last commit that the new state does not need.
    var discarded: [UInt32] = []
    /// Change of the file's count of data blocks.
    var dataBlockCount: Int32 = 0
}

extension DiskVolume {
    /// Writes all changes; they are durable when it returns. On an error the last commit stays what a crash would leave,
    /// and the changes stay in memory for the next try.
    public func commit() throws(FileError) {
        if isReadOnly || dirtyNodes.isEmpty { return }
        var attempt = Attempt(), isSuperblockWritten = false
        do throws(FileError) {
            try retireSuspects()
            let writer = BlockWriter(store)
            var records: [NodeRecord] = []
            for n in dirtyNodes { records.append(try newRecord(n, &attempt, writer)) }
            let newTable = try newTableRecord(records, &attempt, writer)
            guard writer.flush(), store.flush() else { throw .deviceFailed }
            let b = BlockBuffer()
            Superblock(generation: generation + 1, blockCount: blockCount, table: newTable).emit(into: b)
            isSuperblockWritten = true
            guard store.write(1 - slot, count: 1, from: b.base), store.flush() else { throw .deviceFailed }
            apply(records, newTable, attempt)
        } catch {
            undo(attempt, isSuperblockWritten)
            // What cannot be read cannot be changed either; a device may come back.
            if error == .damaged { isReadOnly = true }
            isFailing = true
            throw error
        }
    }
    private func apply(_ records: [NodeRecord], _ newTable: NodeRecord, _ attempt: Attempt) {
        for (n, r) in zip(dirtyNodes, records) { n.record = r }
        table.record = newTable
        generation += 1
        slot = 1 - slot
        for b in attempt.discarded { isTaken[b] = false }
        freeCount += UInt32(attempt.discarded.count)
        isFailing = false
        settle()
    }
    /// The superblock may have reached the disk although the device reported an error: until a later commit replaced it, its
    /// blocks are not given out, and no other state has its generation.
    private func undo(_ attempt: Attempt, _ isSuperblockWritten: Bool) {
        if isSuperblockWritten {
            generation += 1
            suspects += attempt.allocated
        } else {
            for b in attempt.allocated { isTaken[b] = false }
            freeCount += UInt32(attempt.allocated.count)
        }
    }

    /// Makes sure that a superblock which may have reached the disk no longer counts, so that its blocks are free again.
    private func retireSuspects() throws(FileError) {
        if suspects.isEmpty { return }
        guard store.write(1 - slot, count: 1, from: BlockBuffer().base), store.flush() else { throw .deviceFailed }
        for b in suspects { isTaken[b] = false }
        freeCount += UInt32(suspects.count)
        suspects = []
    }

    // MARK: Records

    private func newRecord(_ n: Node, _ attempt: inout Attempt, _ writer: BlockWriter) throws(FileError) -> NodeRecord {
        attempt.dataBlockCount = 0
        if n.isDestroyed {
            try freeTree(n.record.root, n.record.height, isTolerant: true, &attempt)
            return NodeRecord()
        }
        var updates: [(index: UInt32, buffer: BlockBuffer)] = []
        for i in n.pendingIndices { updates.append((i, n.pending[i]!)) }
        return try rewrite(n.record, updates, cut: n.cut, &attempt, writer)
    }
    /// The table with the new records of `dirtyNodes`.
    private func newTableRecord(_ records: [NodeRecord], _ attempt: inout Attempt, _ writer: BlockWriter) throws(FileError) -> NodeRecord {
        var updates: [(index: UInt32, buffer: BlockBuffer)] = [], byteCount = table.record.byteCount
        var order = Array(dirtyNodes.indices)
        order.sort { dirtyNodes[$0].number < dirtyNodes[$1].number }
        // A volume's first table needs the root's record.
        if byteCount == 0, !root.isDirty { updates.append((0, rootBlock())) }
        for i in order {
            let number = dirtyNodes[i].number, index = number / NodeRecord.perBlock
            if updates.last?.index != index { updates.append((index, byteCount == 0 && index == 0 ? rootBlock() : try copy(table, index))) }
            records[i].emit(into: updates[updates.count - 1].buffer, Int(number % NodeRecord.perBlock) * NodeRecord.byteCount)
            byteCount = max(byteCount, UInt64(index + 1) * UInt64(blockByteCount))
        }
        attempt.dataBlockCount = 0
        var r = try rewrite(table.record, updates, cut: .max, &attempt, writer)
        r.byteCount = byteCount
        return r
    }
    private func rootBlock() -> BlockBuffer {
        let b = BlockBuffer()
        root.record.emit(into: b, 0)
        return b
    }

    // MARK: Trees

    /// Writes `updates` (sorted) and a new tree over them; blocks from `cut` on that are not updated are gone.
    private func rewrite(_ old: NodeRecord, _ updates: [(index: UInt32, buffer: BlockBuffer)], cut: UInt32, _ attempt: inout Attempt, _ writer: BlockWriter) throws(FileError) -> NodeRecord {
        if updates.isEmpty && cut == .max { return old }
        var r = old, placed: [(index: UInt32, pointer: BlockPointer)] = []
        if cut == 0 {
            try freeTree(r.root, r.height, isTolerant: true, &attempt)
            (r.root, r.height, r.blockCount, attempt.dataBlockCount) = (BlockPointer(), 0, 0, 0)
        }
        for u in updates { placed.append((u.index, try write(u.buffer, &attempt, writer))) }
        let height = max(r.height, PointerTree.height(forBlock: updates.last?.index ?? 0))
        r.root = try rewriteTree(r.root, height, 0, placed[...], Change(oldHeight: r.height, cut: UInt64(cut)), &attempt, writer)
        r.height = r.root.isHole ? 0 : height
        r.blockCount = UInt32(Int64(r.blockCount) + Int64(attempt.dataBlockCount))
        return r
    }
    private struct Change { var oldHeight: UInt8, cut: UInt64 }

    /// The new pointer of the tree `p`, whose first data block is `first`. Above the old height `p` stands for the leftmost
    /// subtree of a pointer block that does not exist yet.
    private func rewriteTree(_ p: BlockPointer, _ level: UInt8, _ first: UInt64, _ updates: ArraySlice<(index: UInt32, pointer: BlockPointer)>, _ change: Change,
                             _ attempt: inout Attempt, _ writer: BlockWriter) throws(FileError) -> BlockPointer {
        let span = PointerTree.capacity(level), isAbove = level > change.oldHeight && !p.isHole
        if updates.isEmpty {
            if p.isHole { return p }
            if first >= change.cut {
                try freeTree(p, min(level, change.oldHeight), isTolerant: false, &attempt)
                return BlockPointer()
            }
            if !isAbove && first + span <= change.cut { return p }
        }
        if level == 0 {
            if p.isHole { attempt.dataBlockCount += 1 } else { discard(p.block, &attempt) }
            return updates.first!.pointer
        }
        let b = p.isHole || isAbove ? BlockBuffer() : BlockBuffer(copying: try loadPointers(p))
        if isAbove { b.put(pointer: p, 0) }
        var rest = updates, isHole = true, isChanged = isAbove
        let childSpan = span / UInt64(PointerTree.fanout)
        for slot in 0..<PointerTree.fanout {
            let start = first + UInt64(slot) * childSpan, old = b.pointer(slot)
            let mine = rest.prefix { UInt64($0.index) < start + childSpan }
            rest = rest.dropFirst(mine.count)
            let new = try rewriteTree(old, level - 1, start, mine, change, &attempt, writer)
            if new != old { b.put(pointer: new, slot); isChanged = true }
            if !new.isHole { isHole = false }
        }
        if !isChanged { return p }
        if !p.isHole && !isAbove { discard(p.block, &attempt) }
        return isHole ? BlockPointer() : try write(b, &attempt, writer)
    }
    /// Gives up everything below `p`. Tolerant: what lies behind a damaged pointer block stays taken until the next mount,
    /// which finds it free.
    private func freeTree(_ p: BlockPointer, _ level: UInt8, isTolerant: Bool, _ attempt: inout Attempt) throws(FileError) {
        if p.isHole { return }
        if level == 0 { attempt.dataBlockCount -= 1 } else {
            do throws(FileError) {
                let b = try loadPointers(p)
                for slot in 0..<PointerTree.fanout { try freeTree(b.pointer(slot), level - 1, isTolerant: isTolerant, &attempt) }
            } catch { if !isTolerant || error != .damaged { throw error } }
        }
        discard(p.block, &attempt)
    }
    /// Throws when the tree below `p` from block `cut` on cannot be given up because it cannot be read.
    func probe(_ p: BlockPointer, _ level: UInt8, _ first: UInt64, cut: UInt64) throws(FileError) {
        if p.isHole || level == 0 || first + PointerTree.capacity(level) <= cut { return }
        let b = try loadPointers(p)
        for slot in 0..<PointerTree.fanout { try probe(b.pointer(slot), level - 1, first + UInt64(slot) * PointerTree.capacity(level - 1), cut: cut) }
    }

    // MARK: Blocks

    private func write(_ b: BlockBuffer, _ attempt: inout Attempt, _ writer: BlockWriter) throws(FileError) -> BlockPointer {
        let block = try allocate()
        attempt.allocated.append(block)
        guard writer.put(block, b) else { throw .deviceFailed }
        return BlockPointer(block: block, checksum: b.checksum)
    }
    private func allocate() throws(FileError) -> UInt32 {
        if freeCount == 0 { throw .noSpace }
        for _ in 0..<blockCount {
            if nextBlock >= blockCount { nextBlock = 2 }
            let b = nextBlock
            nextBlock += 1
            if isTaken[b] { continue }
            isTaken[b] = true
            freeCount -= 1
            return b
        }
        throw .noSpace
    }
    private func discard(_ block: UInt32, _ attempt: inout Attempt) {
        guard block >= 2, block < blockCount, isTaken[block] else { return }
        if canaryReusesFreedBlocks {
            isTaken[block] = false
            freeCount += 1
            nextBlock = min(nextBlock, block)
        } else { attempt.discarded.append(block) }
    }
}

/// Collects blocks that lie together into transfers of up to 64 KiB.
private final class BlockWriter {
    private static let capacity = 16
    private let store: any BlockStore
    private let staging = UnsafeMutableRawPointer.allocate(byteCount: capacity * blockByteCount, alignment: 16)
    private var first: UInt32 = 0, count = 0
    init(_ store: any BlockStore) { self.store = store }
    deinit { staging.deallocate() }

    /// False when the device failed.
    func put(_ block: UInt32, _ b: BlockBuffer) -> Bool {
        if count == BlockWriter.capacity || (count > 0 && block != first + UInt32(count)) { guard flush() else { return false } }
        if count == 0 { first = block }
        (staging + count * blockByteCount).copyMemory(from: b.base, byteCount: blockByteCount)
        count += 1
        return true
    }
    func flush() -> Bool {
        let n = count
        count = 0
        return n == 0 || store.write(first, count: n, from: staging)
    }
}
