// Operations on files and directories. Each reads and checks everything that it needs, then makes sure of the space, then
// changes memory, which cannot fail: so every operation happens whole or not at all, in memory as on the disk.
// Paths are components below the root, nodes are numbers; the root is node 0.

import ABI

extension DiskVolume {
    public typealias Path = ArraySlice<[UInt8]>

    // MARK: Names

    public func lookup(_ path: Path) throws(FileError) -> UInt32 {
        trim()
        return try find(path).number
    }
    private func find(_ path: Path) throws(FileError) -> Node {
        var at = root
        for name in path {
            guard at.record.isDirectory else { throw .notADirectory }
            guard let number = try directory(at).node(name) else { throw .notFound }
            at = try node(number)
        }
        return at
    }
    private func findDirectory(_ path: Path) throws(FileError) -> Node {
        let n = try find(path)
        guard n.record.isDirectory else { throw .notADirectory }
        _ = try directory(n)
        return n
    }
    public func attributes(_ number: UInt32) throws(FileError) -> FileAttributes {
        let n = try node(number)
        var a = FileAttributes()
        a.kindValue = n.record.kind
        a.node = number
        a.byteCount = n.record.isDirectory ? UInt64(n.record.entryCount) : n.record.byteCount
        a.modified = n.record.modified
        // Uncommitted blocks count as if all were new.
        a.allocatedByteCount = UInt64(n.cut == 0 ? 0 : n.record.blockCount) * UInt64(blockByteCount)
        a.allocatedByteCount += UInt64(n.pending.count * blockByteCount)
        a.allocatedByteCount = min(a.allocatedByteCount, (n.record.byteCount + UInt64(blockByteCount - 1)) / UInt64(blockByteCount) * UInt64(blockByteCount))
        return a
    }
    /// At most `count` entries behind `after` in byte order; sorted. The size of one that cannot be read is 0.
    public func list(_ number: UInt32, after: [UInt8], count: Int) throws(FileError) -> [DirectoryEntry] {
        trim()
        let n = try node(number)
        guard n.record.isDirectory else { throw .notADirectory }
        let d = try directory(n)
        var (i, isThere) = d.find(after)
        if isThere { i += 1 }
        var out: [DirectoryEntry] = []
        for e in d.names.dropFirst(i).prefix(count) {
            let a = (try? attributes(e.node)) ?? FileAttributes()
            out.append(DirectoryEntry(name: String(decoding: e.name, as: UTF8.self), kindValue: a.kindValue, byteCount: a.byteCount))
        }
        return out
    }
    public func create(_ path: Path, _ kind: FileKind, now: UInt64) throws(FileError) -> UInt32 {
        trim()
        guard let name = path.last else { throw .alreadyExists }
        let parent = try findDirectory(path.dropLast())
        if parent.directory!.node(name) != nil { throw .alreadyExists }
        guard nodeCount < DiskVolume.nodeCountMax else { throw .noSpace }
        try reserve(1, growing: true)
        let n = makeNode(kind, now)
        insert(parent, name, n.number, now)
        return n.number
    }
    /// Removes a file or an empty directory; the content of an open file lives on.
    public func remove(_ path: Path, now: UInt64) throws(FileError) {
        trim()
        guard let name = path.last else { throw .invalidArgument }
        let parent = try findDirectory(path.dropLast())
        guard let number = parent.directory!.node(name) else { throw .notFound }
        let n = try node(number)
        if n.record.isDirectory && n.record.entryCount > 0 { throw .notEmpty }
        try reserve(1, growing: false)
        removeName(parent, name, now)
        unlink(n)
    }
    private func unlink(_ n: Node) {
        n.record.isLinked = false
        touch(n)
        destroyIfUnused(n)
    }
    /// Replaces a file or an empty directory at `to`. One commit holds all of it.
    public func rename(_ from: Path, to: Path, now: UInt64) throws(FileError) {
        trim()
        guard let oldName = from.last, let newName = to.last else { throw .invalidArgument }
        let source = try findDirectory(from.dropLast())
        guard let number = source.directory!.node(oldName) else { throw .notFound }
        // A directory inside itself would never be reached again.
        if to.count > from.count && Array(to.prefix(from.count)) == Array(from) { throw .invalidArgument }
        let target = try findDirectory(to.dropLast()), n = try node(number)
        var replaced: Node?
        if let old = target.directory!.node(newName) {
            if old == number { return }
            replaced = try node(old)
        }
        if let r = replaced {
            if r.record.isDirectory != n.record.isDirectory { throw r.record.isDirectory ? .isADirectory : .notADirectory }
            if r.record.isDirectory && r.record.entryCount > 0 { throw .notEmpty }
        }
        try reserve(3, growing: false)
        if let r = replaced {
            removeName(target, newName, now)
            unlink(r)
        }
        removeName(source, oldName, now)
        insert(target, newName, number, now)
    }

    // MARK: Content

    /// Keeps the file's content until as many `release`.
    public func retain(_ number: UInt32) throws(FileError) { try node(number).openCount += 1 }
    public func release(_ number: UInt32) {
        guard let n = try? node(number), n.openCount > 0 else { return }
        n.openCount -= 1
        // On a read-only volume the next mount frees it.
        if !isReadOnly { destroyIfUnused(n) }
    }
    /// Bytes read: fewer than the buffer's only at the end of the file.
    public func read(_ number: UInt32, _ position: UInt64, into target: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
        let n = try node(number)
        guard let base = target.baseAddress, position < n.record.byteCount else { return 0 }
        let total = Int(min(UInt64(target.count), n.record.byteCount - position)), block = UInt64(blockByteCount)
        var done = 0
        while done < total {
            let at = position + UInt64(done), index = UInt32(at / block), inner = Int(at % block)
            let count = min(total - done, blockByteCount - inner)
            if let b = n.pending[index] {
                (base + done).copyMemory(from: b.base + inner, byteCount: count)
                done += count
                continue
            }
            let p = try pointer(n, index)
            if p.isHole {
                (base + done).initializeMemory(as: UInt8.self, repeating: 0, count: count)
                done += count
            } else if count == blockByteCount {
                done += try readRun(n, index, p, (total - done) / blockByteCount, base + done)
            } else {
                let b = BlockBuffer()
                try load(p, into: b)
                (base + done).copyMemory(from: b.base + inner, byteCount: count)
                done += count
            }
        }
        return total
    }
    /// Whole blocks that lie together, straight into the caller's memory.
    private func readRun(_ n: Node, _ index: UInt32, _ first: BlockPointer, _ countMax: Int, _ target: UnsafeMutableRawPointer) throws(FileError) -> Int {
        guard first.block >= 2, first.block < blockCount else { throw .damaged }
        var checksums = [first.checksum]
        while checksums.count < min(countMax, 16) {
            let next = index + UInt32(checksums.count)
            guard n.pending[next] == nil, let p = try? pointer(n, next), p.block == first.block + UInt32(checksums.count), p.block < blockCount else { break }
            checksums.append(p.checksum)
        }
        guard store.read(first.block, count: checksums.count, into: target) else { throw .deviceFailed }
        for (i, c) in checksums.enumerated() where Checksum.crc32c(target + i * blockByteCount, blockByteCount) != c { throw .damaged }
        return checksums.count * blockByteCount
    }
    /// All or nothing.
    public func write(_ number: UInt32, _ position: UInt64, from source: UnsafeRawBufferPointer, now: UInt64) throws(FileError) {
        guard let base = source.baseAddress, source.count > 0 else { return }
        let block = UInt64(blockByteCount), n = try node(number)
        guard position <= PointerTree.fileByteCountMax, position + UInt64(source.count) <= PointerTree.fileByteCountMax else { throw .tooLarge }
        if isReadOnly { throw .readOnly }
        let end = position + UInt64(source.count), first = UInt32(position / block), last = UInt32((end - 1) / block)
        var missing = 0
        for i in first...last where n.pending[i] == nil {
            _ = try pointer(n, i)   // a damaged tree is found before anything changes
            missing += 1
        }
        // The first and the last block keep what the write does not cover.
        let head = position % block != 0 || end < (UInt64(first) + 1) * block ? try copy(n, first) : BlockBuffer()
        let tail = last > first && end % block != 0 ? try copy(n, last) : BlockBuffer()
        try reserve(missing, growing: true)
        for i in first...last {
            let b = i == first ? head : i == last ? tail : BlockBuffer()
            let from = max(position, UInt64(i) * block), to = min(end, UInt64(i + 1) * block)
            (b.base + Int(from % block)).copyMemory(from: base + Int(from - position), byteCount: Int(to - from))
            n.put(i, b)
        }
        n.record.byteCount = max(n.record.byteCount, end)
        n.record.modified = now
        touch(n)
    }
    /// Cuts the file, or extends it with zeros that take no space.
    public func truncate(_ number: UInt32, to byteCount: UInt64, now: UInt64) throws(FileError) {
        let n = try node(number), block = UInt64(blockByteCount)
        guard byteCount <= PointerTree.fileByteCountMax else { throw .tooLarge }
        let kept = UInt32((byteCount + block - 1) / block), inner = Int(byteCount % block)
        var last: BlockBuffer?
        if byteCount < n.record.byteCount, byteCount > 0 {
            if inner > 0 {
                let p = try pointer(n, kept - 1)
                if !p.isHole || n.pending[kept - 1] != nil { last = try copy(n, kept - 1) }
            }
            try probe(n.record.root, n.record.height, 0, cut: UInt64(kept))
        }
        try reserve(1, growing: byteCount > n.record.byteCount)
        if byteCount < n.record.byteCount {
            n.drop(from: kept)
            if let b = last {
                // What a later extension uncovers is zero.
                (b.base + inner).initializeMemory(as: UInt8.self, repeating: 0, count: blockByteCount - inner)
                n.put(kept - 1, b)
            }
        }
        n.record.byteCount = byteCount
        n.record.modified = now
        touch(n)
    }

    // MARK: Directories

    /// The directory's content, read when it was not.
    func directory(_ n: Node) throws(FileError) -> Directory {
        if let d = n.directory { return d }
        var d = Directory()
        guard n.record.byteCount == UInt64(n.record.blockCount) * UInt64(blockByteCount), n.record.blockCount < blockCount else { throw .damaged }
        for i in 0..<UInt32(n.record.byteCount / UInt64(blockByteCount)) {
            guard let (names, byteCount) = DirectoryBlock.parse(try copy(n, i), block: i) else { throw .damaged }
            d.names += names
            d.used.append(byteCount)
        }
        d.names.sort { $0.name.lexicographicallyPrecedes($1.name) }
        n.directory = d
        return d
    }
    private func insert(_ n: Node, _ name: [UInt8], _ number: UInt32, _ now: UInt64) {
        let size = DirectoryBlock.entryByteCount(name)
        let block = n.directory!.used.firstIndex { $0 + size <= blockByteCount } ?? n.directory!.used.count
        if block == n.directory!.used.count { n.directory!.used.append(0) }
        n.directory!.names.insert(DirectoryName(name: name, node: number, block: UInt32(block)), at: n.directory!.find(name).index)
        changed(n, UInt32(block), now)
    }
    private func removeName(_ n: Node, _ name: [UInt8], _ now: UInt64) {
        let gone = n.directory!.names.remove(at: n.directory!.find(name).index)
        changed(n, gone.block, now)
    }
    /// Writes a directory block anew from the names in it.
    private func changed(_ n: Node, _ block: UInt32, _ now: UInt64) {
        n.record.entryCount = UInt32(n.directory!.names.count)
        n.record.modified = now
        if n.directory!.names.isEmpty {
            n.directory!.used = []
            n.drop(from: 0)
        } else {
            let b = BlockBuffer()
            var at = 0
            for e in n.directory!.names where e.block == block {
                DirectoryBlock.emit(e, into: b, at)
                at += DirectoryBlock.entryByteCount(e.name)
            }
            n.directory!.used[Int(block)] = at
            n.put(block, b)
        }
        n.record.byteCount = UInt64(n.directory!.used.count * blockByteCount)
        touch(n)
    }
}
