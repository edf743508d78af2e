// Owns the journal of a host disk (FILE.journal): what the guest made durable but the file does not hold yet. Invariant:
// a transaction counts when its end and checksum are there, so a crash leaves the disk as it was at some flush.
// Layout, little-endian: "TRRMJRNL", u64 disk bytes; transactions: u64 block count, blocks of u64 index + 4096 bytes,
// u32 CRC-32 of all that.
import CZlib
import Glibc
import Machine

/// Appends and reads transactions of 4 KiB blocks.
final class DiskJournal {
    static let blockByteCount = 4096
    private static let magic = Array("TRRMJRNL".utf8)
    private static let recordByteCount = 8 + blockByteCount
    let path: String
    private let diskByteCount: Int
    private var file: UnsafeMutablePointer<FILE>?
    private(set) var byteCount = 0

    init(path: String, diskByteCount: Int) {
        self.path = path
        self.diskByteCount = diskByteCount
    }

    deinit { if let file { fclose(file) } }

    /// Writes one transaction and waits until it is on the host's disk. `read` fills a block. A reason when it failed.
    func append(_ blocks: [Int], read: (Int, UnsafeMutableRawPointer) -> Void) -> String? {
        if file == nil, let problem = create() { return problem }
        var crc = CZlib.crc32(0, nil, 0)
        put(little(UInt64(blocks.count)), &crc)
        var record = [UInt8](repeating: 0, count: Self.recordByteCount)
        for block in blocks {
            record.withUnsafeMutableBytes {
                $0.storeBytes(of: UInt64(block).littleEndian, as: UInt64.self)
                read(block, $0.baseAddress! + 8)
            }
            put(record, &crc)
        }
        var ignored = crc
        put(Array(little(UInt64(crc)).prefix(4)), &ignored)
        guard let file, ferror(file) == 0, fflush(file) == 0, fsync(fileno(file)) == 0 else { return Self.reason }
        return nil
    }

    private func create() -> String? {
        file = fopen(path, "wb")
        guard file != nil else { return Self.reason }
        var ignored: UInt = 0
        put(Self.magic + little(UInt64(diskByteCount)), &ignored)
        return nil
    }

    private func put(_ bytes: [UInt8], _ crc: inout UInt) {
        crc = CZlib.crc32(crc, bytes, UInt32(bytes.count))
        if let file { byteCount += fwrite(bytes, 1, bytes.count, file) }
    }

    private func little(_ value: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) } }
    private static var reason: String { String(cString: strerror(errno)) }

    /// The journal's work is in the disk file.
    func remove() {
        if let file { fclose(file) }
        file = nil
        byteCount = 0
        unlink(path)
    }

    // MARK: Recovery

    /// Reads what a run that ended without order left behind: every whole transaction, in order. False when there was
    /// no journal. Throws when the file is there and belongs to another disk.
    func recover(_ apply: (_ block: Int, UnsafeRawPointer) -> Void) throws(MachineError) -> Bool {
        guard let old = fopen(path, "rb") else { return false }
        defer { fclose(old) }
        guard let header = Self.get(old, 16), Array(header[0..<8]) == Self.magic else { return true }   // cut off in its header: empty
        guard Self.word(header, 8) == UInt64(diskByteCount) else {
            throw MachineError("\(path) belongs to a disk of another size; put that disk back, or delete the journal")
        }
        let blockCount = (diskByteCount + Self.blockByteCount - 1) / Self.blockByteCount
        while let first = Self.transaction(old, blockCount, { _, _ in }) {   // once to see that it is whole, once to apply it
            fseek(old, first, SEEK_SET)
            _ = Self.transaction(old, blockCount, apply)
        }
        return true
    }

    /// Reads one transaction; its start when it is whole.
    private static func transaction(_ file: UnsafeMutablePointer<FILE>, _ blockCount: Int, _ apply: (Int, UnsafeRawPointer) -> Void) -> Int? {
        let start = ftell(file)
        guard let head = get(file, 8), word(head, 0) <= UInt64(blockCount) else { return nil }
        var crc = CZlib.crc32(CZlib.crc32(0, nil, 0), head, 8)
        for _ in 0..<word(head, 0) {
            guard let record = get(file, recordByteCount), word(record, 0) < UInt64(blockCount) else { return nil }
            crc = CZlib.crc32(crc, record, UInt32(record.count))
            record.withUnsafeBytes { apply(Int(word(record, 0)), $0.baseAddress! + 8) }
        }
        guard let end = get(file, 4), word(end + [0, 0, 0, 0], 0) == UInt64(crc) else { return nil }
        return start
    }

    private static func get(_ file: UnsafeMutablePointer<FILE>, _ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return fread(&bytes, 1, count, file) == count ? bytes : nil
    }

    private static func word(_ bytes: [UInt8], _ offset: Int) -> UInt64 {
        bytes.withUnsafeBytes { UInt64(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) }
    }
}
