// The boot archive as a read-only volume. The archive's file `index` names the others, one a line: byte count, space, name;
// directories are what the slashes in names imply. Lines that are none are left out.

import ABI

/// Gives the archive's files; in the machine through the kernel, in tests from a table.
protocol ArchiveSource: AnyObject {
    /// Bytes of a file; they stay until `close`. Nil when it cannot be opened.
    func open(_ name: FileName) -> UnsafeRawBufferPointer?
    func close(_ name: FileName)
}

final class ArchiveVolume: FileVolume {
    static let indexName = "index"
    private struct Node {
        /// Its full name in the archive.
        var path: FileName
        var isDirectory: Bool
        var byteCount: UInt64
        /// Of a directory: sorted by name.
        var children: [(name: FileName, node: UInt32)] = []
        var openCount = 0
        var content: UnsafeRawBufferPointer?
    }
    private let source: any ArchiveSource
    private var nodes: [Node] = [Node(path: [], isDirectory: true, byteCount: 0)]
    private var byteCountTotal: UInt64 = 0
    let isReadOnly = true

    init(_ source: any ArchiveSource) {
        self.source = source
        let indexName = Array(ArchiveVolume.indexName.utf8)
        guard let index = source.open(indexName) else { return }
        let lines = Array(index)
        source.close(indexName)
        add(indexName, UInt64(lines.count))
        for line in lines.split(separator: 10) {
            guard let space = line.firstIndex(of: 32), let count = UInt64(String(decoding: line[line.startIndex..<space], as: UTF8.self)) else { continue }
            add(Array(line[(space + 1)...]), count)
        }
    }
    private func add(_ path: FileName, _ byteCount: UInt64) {
        guard let parts = try? FilePath.components(String(decoding: path, as: UTF8.self)), !parts.isEmpty else { return }
        var at: UInt32 = 0, walked: FileName = []
        for (k, name) in parts.enumerated() {
            let isLast = k == parts.count - 1
            walked += (k > 0 ? [47] : []) + name
            if let there = child(at, name) {
                if isLast || !nodes[Int(there)].isDirectory { return }
                at = there
                continue
            }
            let number = UInt32(nodes.count)
            nodes.append(Node(path: isLast ? path : walked, isDirectory: !isLast, byteCount: isLast ? byteCount : 0))
            let place = nodes[Int(at)].children.firstIndex { !FilePath.isBefore($0.name, name) } ?? nodes[Int(at)].children.count
            nodes[Int(at)].children.insert((name, number), at: place)
            at = number
        }
        byteCountTotal += byteCount
    }
    private func child(_ directory: UInt32, _ name: FileName) -> UInt32? {
        for c in nodes[Int(directory)].children where c.name == name { return c.node }
        return nil
    }

    var record: VolumeRecord {
        var v = VolumeRecord()
        v.description = "boot archive"
        v.isReadOnly = true
        v.byteCountTotal = byteCountTotal
        v.nodeCount = UInt32(nodes.count - 1)
        return v
    }
    func lookup(_ path: ArraySlice<FileName>) throws(FileError) -> UInt32 {
        var at: UInt32 = 0
        for name in path {
            guard nodes[Int(at)].isDirectory else { throw .notADirectory }
            guard let next = child(at, name) else { throw .notFound }
            at = next
        }
        return at
    }
    func attributes(_ node: UInt32) -> FileAttributes {
        let n = nodes[Int(node)]
        var a = FileAttributes()
        a.kindValue = (n.isDirectory ? FileKind.directory : FileKind.file).rawValue
        a.node = node
        a.byteCount = n.isDirectory ? UInt64(n.children.count) : n.byteCount
        a.allocatedByteCount = n.byteCount
        return a
    }
    func list(_ node: UInt32, after: FileName, count: Int) throws(FileError) -> [DirectoryEntry] {
        guard nodes[Int(node)].isDirectory else { throw .notADirectory }
        var out: [DirectoryEntry] = []
        for c in nodes[Int(node)].children where out.count < count && FilePath.isBefore(after, c.name) {
            let a = attributes(c.node)
            out.append(DirectoryEntry(name: String(decoding: c.name, as: UTF8.self), kindValue: a.kindValue, byteCount: a.byteCount))
        }
        return out
    }
    /// Maps the file at its first user; an empty one needs no memory.
    func retain(_ node: UInt32) throws(FileError) {
        if nodes[Int(node)].openCount == 0 && nodes[Int(node)].byteCount > 0 {
            guard let content = source.open(nodes[Int(node)].path) else { throw .deviceFailed }
            nodes[Int(node)].content = content
        }
        nodes[Int(node)].openCount += 1
    }
    func release(_ node: UInt32) {
        nodes[Int(node)].openCount -= 1
        if nodes[Int(node)].openCount == 0, nodes[Int(node)].content != nil {
            nodes[Int(node)].content = nil
            source.close(nodes[Int(node)].path)
        }
    }
    func read(_ node: UInt32, _ position: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int {
        guard let content = nodes[Int(node)].content, let from = content.baseAddress, let to = buffer.baseAddress, position < UInt64(content.count) else { return 0 }
        let count = min(buffer.count, content.count - Int(position))
        to.copyMemory(from: from + Int(position), byteCount: count)
        return count
    }
    func write(_ node: UInt32, _ position: UInt64, from buffer: UnsafeRawBufferPointer, now: UInt64) throws(FileError) { throw .readOnly }
    func truncate(_ node: UInt32, to byteCount: UInt64, now: UInt64) throws(FileError) { throw .readOnly }
    func create(_ path: ArraySlice<FileName>, _ kind: FileKind, now: UInt64) throws(FileError) -> UInt32 { throw .readOnly }
    func remove(_ path: ArraySlice<FileName>, now: UInt64) throws(FileError) { throw .readOnly }
    func rename(_ from: ArraySlice<FileName>, to: ArraySlice<FileName>, now: UInt64) throws(FileError) { throw .readOnly }
}
