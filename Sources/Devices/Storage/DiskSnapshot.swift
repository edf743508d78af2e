// Owns the copy of a disk's first content that a recording keeps beside its trace (TRACE.disk), so that the trace can be
// replayed when the disk has changed. Layout, little-endian: "TRRMDISK", u32 version, u64 disk bytes, u64 content hash;
// per 64 KiB piece that is not zero: u32 index, u32 stored bytes, zlib stream; u32 0xffffffff, u32 CRC-32 of all before.
import CZlib
import Glibc
import Machine

/// Saves and loads disk content, sparse and compressed.
public enum DiskSnapshot {
    private static let magic = Array("TRRMDISK".utf8)
    private static let version: UInt32 = 1
    private static let headerByteCount = 28

    /// Writes the storage's present content to `path`.
    public static func save(_ storage: any BlockStorage, contentHash: UInt64, path: String) throws(MachineError) {
        guard let file = fopen(path, "wb") else { throw MachineError("cannot write \(path): \(String(cString: strerror(errno)))") }
        var crc = CZlib.crc32(0, nil, 0)
        func put(_ bytes: [UInt8]) {
            crc = CZlib.crc32(crc, bytes, UInt32(bytes.count))
            fwrite(bytes, 1, bytes.count, file)
        }
        put(ConfigurationWriter.bytes { $0.add(magic); $0.add32(version); $0.add64(UInt64(storage.byteCount)); $0.add64(contentHash) })
        var isGood = storage.forEachPiece { index, piece in
            guard let stored = compress(piece) else { return }
            put(ConfigurationWriter.bytes { $0.add32(UInt32(index)); $0.add32(UInt32(stored.count)); $0.add(stored) })
        }
        put([255, 255, 255, 255])
        put(ConfigurationWriter.bytes { $0.add32(UInt32(truncatingIfNeeded: crc)) })
        isGood = isGood && ferror(file) == 0
        guard fclose(file) == 0, isGood else { throw MachineError("cannot write \(path): \(String(cString: strerror(errno)))") }
    }

    /// Whether a file starts as a saved disk does.
    public static func isSnapshot(_ path: String) -> Bool {
        guard let file = fopen(path, "rb") else { return false }
        defer { fclose(file) }
        return get(file, 8) == magic
    }

    private static func compress(_ piece: UnsafeRawBufferPointer) -> [UInt8]? {
        var count = compressBound(UInt(piece.count))
        var stored = [UInt8](repeating: 0, count: Int(count))
        guard compress2(&stored, &count, piece.bindMemory(to: UInt8.self).baseAddress, UInt(piece.count), 1) == Z_OK else { return nil }
        return Array(stored.prefix(Int(count)))
    }

    /// Reads a saved disk into memory. Throws when the file is missing or damaged.
    public static func load(path: String) throws(MachineError) -> (storage: MemoryStorage, contentHash: UInt64) {
        guard let file = fopen(path, "rb") else { throw MachineError("cannot read \(path): \(String(cString: strerror(errno)))") }
        defer { fclose(file) }
        let damaged = MachineError("\(path) is damaged or not a saved disk")
        guard let head = get(file, headerByteCount), Array(head[0..<8]) == magic else { throw damaged }
        let header = FieldReader(bytes: head)
        guard header.get32(8) == version, header.get64(12) <= UInt64(DiskContent.byteCountMax) else { throw damaged }
        let storage = try MemoryStorage(byteCount: Int(header.get64(12)))
        var crc = CZlib.crc32(CZlib.crc32(0, nil, 0), head, UInt32(head.count))
        while let word = get(file, 4) {
            crc = CZlib.crc32(crc, word, 4)
            let index = FieldReader(bytes: word).get32(0)
            if index == .max { break }
            guard piece(file, Int(index), storage, &crc) else { throw damaged }
        }
        guard let end = get(file, 4), FieldReader(bytes: end).get32(0) == UInt32(truncatingIfNeeded: crc) else { throw damaged }
        guard try storage.contentHash() == header.get64(20) else { throw damaged }
        return (storage, header.get64(20))
    }

    private static func piece(_ file: UnsafeMutablePointer<FILE>, _ index: Int, _ storage: MemoryStorage, _ crc: inout UInt) -> Bool {
        let size = DiskContent.pieceByteCount
        guard let word = get(file, 4) else { return false }
        let storedCount = Int(FieldReader(bytes: word).get32(0))
        guard index < (storage.byteCount + size - 1) / size, storedCount <= Int(compressBound(UInt(size))), let stored = get(file, storedCount) else { return false }
        crc = CZlib.crc32(CZlib.crc32(crc, word, 4), stored, UInt32(storedCount))
        let expected = min(size, storage.byteCount - index * size)
        var bytes = [UInt8](repeating: 0, count: size)
        var count = UInt(size)
        guard uncompress(&bytes, &count, stored, UInt(storedCount)) == Z_OK, Int(count) == expected else { return false }
        return bytes.withUnsafeBytes { storage.write(offset: index * size, from: UnsafeRawBufferPointer(rebasing: $0[0..<expected])) }
    }

    private static func get(_ file: UnsafeMutablePointer<FILE>, _ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return fread(&bytes, 1, count, file) == count ? bytes : nil
    }
}
