// A volume in the service's own pages: bounded, gone with the machine. Content lies in blocks of 4 KiB; a block that was
// never written is a hole and costs nothing.
//
// Invariants (`problem`): children are sorted by name; every node but the root is in exactly one directory or, unlinked,
// open; `blockCountUsed` is the sum over all nodes.

import ABI

final class MemoryVolume: FileVolume {
    static let blockByteCount = 4096
    private struct Child { var name: FileName; var node: UInt32 }
    private struct Node {
        var isDirectory: Bool
        var byteCount = 0
        /// Empty: a hole.
        var blocks: [[UInt8]] = []
        var children: [Child] = []
        var modified: UInt64
        var openCount = 0
        var isLinked = true
    }
    private let blockCountMax: Int, nodeCountMax: Int
    private var nodes: [Node?]
    private var freeNodes: [UInt32] = []
    private var nodeCount = 0
    private(set) var blockCountUsed = 0
    let isReadOnly = false

    init(byteCount: Int = FileLimits.memoryVolumeByteCount, nodeCountMax: Int = FileLimits.memoryVolumeNodeCountMax) {
        blockCountMax = byteCount / MemoryVolume.blockByteCount
        self.nodeCountMax = nodeCountMax
        nodes = [Node(isDirectory: true, modified: 0)]
    }
    private var byteCountMax: Int { blockCountMax * MemoryVolume.blockByteCount }
    var record: VolumeRecord {
        var v = VolumeRecord()
        v.description = "memory"
        v.byteCountTotal = UInt64(byteCountMax)
        v.byteCountFree = UInt64((blockCountMax - blockCountUsed) * MemoryVolume.blockByteCount)
        v.nodeCount = UInt32(nodeCount)
        return v
    }

    // MARK: Names

    func lookup(_ path: ArraySlice<FileName>) throws(FileError) -> UInt32 {
        var at: UInt32 = 0
        for name in path {
            guard nodes[Int(at)]!.isDirectory else { throw .notADirectory }
            let (i, isThere) = find(at, name)
            guard isThere else { throw .notFound }
            at = nodes[Int(at)]!.children[i].node
        }
        return at
    }
    /// Place of a name in a directory, or where it would be.
    private func find(_ directory: UInt32, _ name: FileName) -> (index: Int, isThere: Bool) {
        var low = 0, high = nodes[Int(directory)]!.children.count
        while low < high {
            let middle = (low + high) / 2
            if FilePath.isBefore(nodes[Int(directory)]!.children[middle].name, name) { low = middle + 1 } else { high = middle }
        }
        let isThere = low < nodes[Int(directory)]!.children.count && nodes[Int(directory)]!.children[low].name == name
        return (low, isThere)
    }
    private func parent(_ path: ArraySlice<FileName>) throws(FileError) -> UInt32 {
        let at = try lookup(path.dropLast())
        guard nodes[Int(at)]!.isDirectory else { throw .notADirectory }
        return at
    }
    func attributes(_ node: UInt32) -> FileAttributes {
        let n = nodes[Int(node)]!
        var a = FileAttributes()
        a.kindValue = (n.isDirectory ? FileKind.directory : FileKind.file).rawValue
        a.node = node
        a.byteCount = UInt64(n.isDirectory ? n.children.count : n.byteCount)
        a.modified = n.modified
        a.allocatedByteCount = UInt64(allocated(n) * MemoryVolume.blockByteCount)
        return a
    }
    private func allocated(_ n: Node) -> Int {
        var count = 0
        for b in n.blocks where !b.isEmpty { count += 1 }
        return count
    }
    func list(_ node: UInt32, after: FileName, count: Int) throws(FileError) -> [DirectoryEntry] {
        guard nodes[Int(node)]!.isDirectory else { throw .notADirectory }
        var (i, isThere) = find(node, after)
        if isThere { i += 1 }
        var out: [DirectoryEntry] = []
        for child in nodes[Int(node)]!.children.dropFirst(i).prefix(count) {
            let a = attributes(child.node)
            out.append(DirectoryEntry(name: String(decoding: child.name, as: UTF8.self), kindValue: a.kindValue, byteCount: a.byteCount))
        }
        return out
    }
    func create(_ path: ArraySlice<FileName>, _ kind: FileKind, now: UInt64) throws(FileError) -> UInt32 {
        guard let name = path.last else { throw .alreadyExists }
        let directory = try parent(path)
        let (i, isThere) = find(directory, name)
        if isThere { throw .alreadyExists }
        guard nodeCount < nodeCountMax else { throw .noSpace }
        let node = Node(isDirectory: kind == .directory, modified: now)
        let number: UInt32
        if let free = freeNodes.popLast() { number = free; nodes[Int(free)] = node } else { number = UInt32(nodes.count); nodes.append(node) }
        nodeCount += 1
        nodes[Int(directory)]!.children.insert(Child(name: name, node: number), at: i)
        nodes[Int(directory)]!.modified = now
        return number
    }
    func remove(_ path: ArraySlice<FileName>, now: UInt64) throws(FileError) {
        guard let name = path.last else { throw .invalidArgument }
        let directory = try parent(path)
        let (i, isThere) = find(directory, name)
        guard isThere else { throw .notFound }
        let node = nodes[Int(directory)]!.children[i].node
        guard nodes[Int(node)]!.children.isEmpty else { throw .notEmpty }
        unlink(directory, at: i, now)
    }
    private func unlink(_ directory: UInt32, at i: Int, _ now: UInt64) {
        let node = nodes[Int(directory)]!.children.remove(at: i).node
        nodes[Int(directory)]!.modified = now
        nodes[Int(node)]!.isLinked = false
        freeIfUnused(node)
    }
    func rename(_ from: ArraySlice<FileName>, to: ArraySlice<FileName>, now: UInt64) throws(FileError) {
        guard let oldName = from.last, let newName = to.last else { throw .invalidArgument }
        let source = try parent(from)
        let (i, isThere) = find(source, oldName)
        guard isThere else { throw .notFound }
        // A directory inside itself would never be reached again.
        if to.count > from.count && Array(to.prefix(from.count)) == Array(from) { throw .invalidArgument }
        let target = try parent(to), node = nodes[Int(source)]!.children[i].node
        let (j, isTaken) = find(target, newName)
        if isTaken {
            let old = nodes[Int(target)]!.children[j].node
            if old == node { return }
            if nodes[Int(old)]!.isDirectory != nodes[Int(node)]!.isDirectory { throw nodes[Int(old)]!.isDirectory ? .isADirectory : .notADirectory }
            guard nodes[Int(old)]!.children.isEmpty else { throw .notEmpty }
            unlink(target, at: j, now)
        }
        nodes[Int(source)]!.children.remove(at: find(source, oldName).index)
        nodes[Int(source)]!.modified = now
        nodes[Int(target)]!.children.insert(Child(name: newName, node: node), at: find(target, newName).index)
        nodes[Int(target)]!.modified = now
    }

    // MARK: Content

    func retain(_ node: UInt32) throws(FileError) { nodes[Int(node)]!.openCount += 1 }
    func release(_ node: UInt32) {
        nodes[Int(node)]!.openCount -= 1
        freeIfUnused(node)
    }
    private func freeIfUnused(_ node: UInt32) {
        guard let n = nodes[Int(node)], !n.isLinked, n.openCount == 0 else { return }
        blockCountUsed -= allocated(n)
        nodes[Int(node)] = nil
        freeNodes.append(node)
        nodeCount -= 1
    }
    func read(_ node: UInt32, _ position: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
        guard let base = buffer.baseAddress, position < UInt64(nodes[Int(node)]!.byteCount) else { return 0 }
        let start = Int(position), end = min(nodes[Int(node)]!.byteCount, start + buffer.count)
        var at = start
        while at < end {
            let block = at / MemoryVolume.blockByteCount, inside = at % MemoryVolume.blockByteCount
            let count = min(MemoryVolume.blockByteCount - inside, end - at)
            let target = base + (at - start)
            if nodes[Int(node)]!.blocks[block].isEmpty {
                target.initializeMemory(as: UInt8.self, repeating: 0, count: count)
            } else {
                nodes[Int(node)]!.blocks[block].withUnsafeBufferPointer { target.copyMemory(from: $0.baseAddress! + inside, byteCount: count) }
            }
            at += count
        }
        return end - start
    }
    func write(_ node: UInt32, _ position: UInt64, from buffer: UnsafeRawBufferPointer, now: UInt64) throws(FileError) {
        guard let base = buffer.baseAddress, buffer.count > 0 else { return }
        guard position <= UInt64(byteCountMax), position + UInt64(buffer.count) <= UInt64(byteCountMax) else { throw .tooLarge }
        let start = Int(position), end = start + buffer.count
        try reserve(node, start, end)
        var at = start
        while at < end {
            let block = at / MemoryVolume.blockByteCount, inside = at % MemoryVolume.blockByteCount
            let count = min(MemoryVolume.blockByteCount - inside, end - at)
            nodes[Int(node)]!.blocks[block].withUnsafeMutableBufferPointer {
                UnsafeMutableRawPointer($0.baseAddress! + inside).copyMemory(from: base + (at - start), byteCount: count)
            }
            at += count
        }
        nodes[Int(node)]!.byteCount = max(nodes[Int(node)]!.byteCount, end)
        nodes[Int(node)]!.modified = now
    }
    /// Makes the blocks of a range, all or none.
    private func reserve(_ node: UInt32, _ start: Int, _ end: Int) throws(FileError) {
        let first = start / MemoryVolume.blockByteCount, last = (end - 1) / MemoryVolume.blockByteCount
        let present = nodes[Int(node)]!.blocks.count
        var missing = 0
        for b in first...last where b >= present || nodes[Int(node)]!.blocks[b].isEmpty { missing += 1 }
        guard blockCountUsed + missing <= blockCountMax else { throw .noSpace }
        while nodes[Int(node)]!.blocks.count <= last { nodes[Int(node)]!.blocks.append([]) }
        for b in first...last where nodes[Int(node)]!.blocks[b].isEmpty {
            nodes[Int(node)]!.blocks[b] = [UInt8](repeating: 0, count: MemoryVolume.blockByteCount)
        }
        blockCountUsed += missing
    }
    func truncate(_ node: UInt32, to byteCount: UInt64, now: UInt64) throws(FileError) {
        guard byteCount <= UInt64(byteCountMax) else { throw .tooLarge }
        let count = Int(byteCount), blockCount = (count + MemoryVolume.blockByteCount - 1) / MemoryVolume.blockByteCount
        while nodes[Int(node)]!.blocks.count > blockCount {
            if let block = nodes[Int(node)]!.blocks.popLast(), !block.isEmpty { blockCountUsed -= 1 }
        }
        while nodes[Int(node)]!.blocks.count < blockCount { nodes[Int(node)]!.blocks.append([]) }
        // What a later extension uncovers is zero.
        let inside = count % MemoryVolume.blockByteCount
        if inside > 0, !nodes[Int(node)]!.blocks[blockCount - 1].isEmpty {
            for i in inside..<MemoryVolume.blockByteCount { nodes[Int(node)]!.blocks[blockCount - 1][i] = 0 }
        }
        nodes[Int(node)]!.byteCount = count
        nodes[Int(node)]!.modified = now
    }

    // MARK: Checks

    /// What is wrong with the structure; nil when nothing is.
    var problem: String? {
        var links = [Int](repeating: 0, count: nodes.count), used = 0, live = 0
        links[0] = 1
        for n in nodes {
            guard let n else { continue }
            live += 1
            used += allocated(n)
            if n.blocks.count != (n.byteCount + MemoryVolume.blockByteCount - 1) / MemoryVolume.blockByteCount { return "a file's blocks do not fit its size" }
            for (i, c) in n.children.enumerated() {
                if i > 0 && !FilePath.isBefore(n.children[i - 1].name, c.name) { return "a directory is not sorted" }
                if nodes[Int(c.node)] == nil { return "a name leads to nothing" }
                links[Int(c.node)] += 1
            }
        }
        for (i, n) in nodes.enumerated() {
            guard let n else { continue }
            if links[i] != (n.isLinked ? 1 : 0) { return "a node has \(links[i]) names" }
            if !n.isLinked && n.openCount == 0 { return "an unused node was kept" }
        }
        if used != blockCountUsed { return "\(blockCountUsed) blocks counted, \(used) used" }
        return live == nodeCount + 1 ? nil : "\(nodeCount) nodes counted, \(live - 1) live"
    }
}
