// The whole tree: volumes mounted in a root directory that itself never changes.

import ABI

final class FileTree {
    /// Where a path leads: the root directory, or a path below a volume's root.
    enum Place {
        case root
        case volume(Int, ArraySlice<FileName>)
    }
    private let mounts: [(name: FileName, volume: any FileVolume)]

    /// Mounts in byte order of their names.
    init(_ mounts: [(name: String, volume: any FileVolume)]) {
        self.mounts = mounts.map { (name: Array($0.name.utf8), volume: $0.volume) }
    }
    func volume(_ index: Int) -> any FileVolume { mounts[index].volume }

    func place(_ path: String) throws(FileError) -> Place {
        let parts = try FilePath.components(path)
        guard let first = parts.first else { return .root }
        for (i, m) in mounts.enumerated() where m.name == first { return .volume(i, parts.dropFirst()) }
        throw .notFound
    }
    /// For changes: a name that nothing is mounted at would be a change of the root directory, and so would a mount's own name.
    func changeable(_ path: String) throws(FileError) -> (Int, ArraySlice<FileName>) {
        let parts = try FilePath.components(path)
        for (i, m) in mounts.enumerated() where parts.count > 1 && m.name == parts[0] { return (i, parts.dropFirst()) }
        throw parts.count > 1 ? .notFound : .readOnly
    }
    func stat(_ path: String) throws(FileError) -> FileAttributes {
        switch try place(path) {
        case .root:
            var a = FileAttributes()
            a.kindValue = FileKind.directory.rawValue
            a.byteCount = UInt64(mounts.count)
            return a
        case .volume(let i, let rest):
            let a = attributes(i, try mounts[i].volume.lookup(rest))
            if FilePath.endsInSlash(path) && !a.isDirectory { throw .notADirectory }
            return a
        }
    }
    func attributes(_ volume: Int, _ node: UInt32) -> FileAttributes {
        var a = mounts[volume].volume.attributes(node)
        a.volume = UInt8(volume + 1)
        return a
    }
    func list(_ path: String, after: String, count: Int) throws(FileError) -> [DirectoryEntry] {
        let after = Array(after.utf8)
        switch try place(path) {
        case .root:
            var out: [DirectoryEntry] = []
            for m in mounts where FilePath.isBefore(after, m.name) && out.count < count {
                out.append(DirectoryEntry(name: String(decoding: m.name, as: UTF8.self), kindValue: FileKind.directory.rawValue, byteCount: m.volume.attributes(0).byteCount))
            }
            return out
        case .volume(let i, let rest): return try mounts[i].volume.list(try mounts[i].volume.lookup(rest), after: after, count: count)
        }
    }
    func makeDirectory(_ path: String, now: UInt64) throws(FileError) {
        if (try? stat(path)) != nil { throw .alreadyExists }
        let (i, rest) = try changeable(path)
        _ = try mounts[i].volume.create(rest, .directory, now: now)
    }
    func remove(_ path: String, now: UInt64) throws(FileError) {
        _ = try stat(path)
        let (i, rest) = try changeable(path)
        try mounts[i].volume.remove(rest, now: now)
    }
    func rename(_ from: String, _ to: String, now: UInt64) throws(FileError) {
        let old = try stat(from)
        let (i, source) = try changeable(from), (j, target) = try changeable(to)
        if mounts[i].volume.isReadOnly || mounts[j].volume.isReadOnly { throw .readOnly }
        if i != j { throw .crossesVolumes }
        if FilePath.endsInSlash(to) && !old.isDirectory { throw .notADirectory }
        try mounts[i].volume.rename(source, to: target, now: now)
    }
    /// Finds or makes the file; the node is retained.
    func open(_ path: String, _ flags: OpenFlags, now: UInt64) throws(FileError) -> (volume: Int, node: UInt32) {
        guard flags.isValid else { throw .invalidArgument }
        guard case .volume(let i, let rest) = try place(path) else { throw .isADirectory }
        let volume = mounts[i].volume
        let node = try find(volume, rest, path, flags, now)
        if volume.attributes(node).isDirectory { throw .isADirectory }
        if FilePath.endsInSlash(path) { throw .notADirectory }
        if flags.contains(.write) && volume.isReadOnly { throw .readOnly }
        try volume.retain(node)
        if flags.contains(.truncate) { try volume.truncate(node, to: 0, now: now) }
        return (i, node)
    }
    private func find(_ volume: any FileVolume, _ rest: ArraySlice<FileName>, _ path: String, _ flags: OpenFlags, _ now: UInt64) throws(FileError) -> UInt32 {
        do throws(FileError) {
            let node = try volume.lookup(rest)
            if flags.contains(.exclusive) { throw .alreadyExists }
            return node
        } catch {
            guard error == .notFound, flags.contains(.create) else { throw error }
            if FilePath.endsInSlash(path) { throw .isADirectory }
            return try volume.create(rest, .file, now: now)
        }
    }
    /// Every volume is tried; the first error is reported.
    func sync() throws(FileError) {
        var failed: FileError?
        for m in mounts { do throws(FileError) { try m.volume.sync() } catch { failed = failed ?? error } }
        if let failed { throw failed }
    }
    func record(_ path: String) throws(FileError) -> VolumeRecord {
        guard case .volume(let i, let rest) = try place(path) else { throw .invalidArgument }
        _ = try mounts[i].volume.lookup(rest)
        var v = mounts[i].volume.record
        v.path = "/" + String(decoding: mounts[i].name, as: UTF8.self)
        return v
    }
}
