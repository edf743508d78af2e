// /data: the file system on the data disk. An empty disk is formatted; one with anything else on it is left alone.

import ABI
import FileSystem
import Runtime

final class DataVolume: FileVolume {
    private let volume: DiskVolume
    private let report: (String) -> Void
    private var lastFailure: FileError?

    init(_ volume: DiskVolume, report: @escaping (String) -> Void) {
        self.volume = volume
        self.report = report
    }
    /// Nil when the disk cannot be used; `report` hears why.
    static func mount(_ device: Handle, report: @escaping (String) -> Void) -> DataVolume? {
        guard let disk = try? BlockDisk(device) else {
            report("the data disk does not answer")
            return nil
        }
        return mount(DeviceStore(disk), report: report)
    }
    static func mount(_ store: any BlockStore, report: @escaping (String) -> Void) -> DataVolume? {
        do throws(FileError) {
            let volume = try open(store)
            for problem in volume.problems { report(problem) }
            if volume.isReadOnly { report("the volume is damaged and can only be read; 'simctl disk check' on the host says more") }
            return DataVolume(volume, report: report)
        } catch {
            switch error {
            case .notSupported: report("the data disk holds something else and is left alone; give the machine another file, or one that is empty")
            case .noSpace: report("the data disk is too small; the least is \(DiskVolume.blockCountMin * UInt32(blockByteCount) / 1024) KiB")
            default: report("the data disk cannot be used: " + error.name)
            }
            return nil
        }
    }
    private static func open(_ store: any BlockStore) throws(FileError) -> DiskVolume {
        do throws(FileError) { return try DiskVolume(mount: store) } catch {
            guard error == .notSupported, try DiskVolume.isBlank(store) else { throw error }
            try DiskVolume.format(store)
            return try DiskVolume(mount: store)
        }
    }

    var hasChanges: Bool { volume.hasChanges && !volume.isReadOnly }
    var isFailing: Bool { volume.isFailing }
    /// A commit. The first failure of a row and its end are told on the console.
    func sync() throws(FileError) {
        do throws(FileError) {
            // On a volume that turned read-only nothing more becomes durable.
            if volume.isReadOnly && volume.hasChanges { throw .readOnly }
            try volume.commit()
            if lastFailure != nil { report("written again") }
            lastFailure = nil
        } catch {
            if lastFailure != error { report("changes cannot be written: " + error.name) }
            lastFailure = error
            throw error
        }
    }

    var isReadOnly: Bool { volume.isReadOnly }
    var record: VolumeRecord {
        var v = VolumeRecord()
        v.description = volume.isReadOnly ? "data disk, damaged" : "data disk"
        v.isReadOnly = volume.isReadOnly
        v.byteCountTotal = volume.byteCountTotal
        v.byteCountFree = volume.freeByteCount
        v.nodeCount = volume.nodeCount
        return v
    }
    func lookup(_ path: ArraySlice<FileName>) throws(FileError) -> UInt32 { try volume.lookup(path) }
    /// Asked only of nodes that were just looked up or are open, which are in memory.
    func attributes(_ node: UInt32) -> FileAttributes { (try? volume.attributes(node)) ?? FileAttributes() }
    func list(_ node: UInt32, after: FileName, count: Int) throws(FileError) -> [DirectoryEntry] { try volume.list(node, after: after, count: count) }
    func retain(_ node: UInt32) throws(FileError) { try volume.retain(node) }
    func release(_ node: UInt32) { volume.release(node) }
    func read(_ node: UInt32, _ position: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(FileError) -> Int { try volume.read(node, position, into: buffer) }
    func write(_ node: UInt32, _ position: UInt64, from buffer: UnsafeRawBufferPointer, now: UInt64) throws(FileError) { try volume.write(node, position, from: buffer, now: now) }
    func truncate(_ node: UInt32, to byteCount: UInt64, now: UInt64) throws(FileError) { try volume.truncate(node, to: byteCount, now: now) }
    func create(_ path: ArraySlice<FileName>, _ kind: FileKind, now: UInt64) throws(FileError) -> UInt32 { try volume.create(path, kind, now: now) }
    func remove(_ path: ArraySlice<FileName>, now: UInt64) throws(FileError) { try volume.remove(path, now: now) }
    func rename(_ from: ArraySlice<FileName>, to: ArraySlice<FileName>, now: UInt64) throws(FileError) { try volume.rename(from, to: to, now: now) }
}

/// The data disk in blocks. A request that fails is repeated: many errors of disks pass.
private final class DeviceStore: BlockStore {
    private static let attemptCount = 3
    private let disk: BlockDisk
    private let sectorsPerBlock: UInt64
    let blockCount: UInt32

    init(_ disk: BlockDisk) {
        self.disk = disk
        sectorsPerBlock = UInt64(blockByteCount / disk.sectorByteCount)
        blockCount = UInt32(min(UInt64(UInt32.max), disk.sectorCount / sectorsPerBlock))
    }
    func read(_ first: UInt32, count: Int, into target: UnsafeMutableRawPointer) -> Bool {
        retrying { () throws(SystemError) in try disk.read(sector: UInt64(first) * sectorsPerBlock, into: UnsafeMutableRawBufferPointer(start: target, count: count * blockByteCount)) }
    }
    func write(_ first: UInt32, count: Int, from source: UnsafeRawPointer) -> Bool {
        retrying { () throws(SystemError) in try disk.write(sector: UInt64(first) * sectorsPerBlock, from: UnsafeRawBufferPointer(start: source, count: count * blockByteCount)) }
    }
    func flush() -> Bool { retrying { () throws(SystemError) in try disk.flush() } }

    private func retrying(_ body: () throws(SystemError) -> Void) -> Bool {
        for _ in 0..<DeviceStore.attemptCount {
            do throws(SystemError) { try body(); return true } catch { if error != .ioError { return false } }
        }
        return false
    }
}
