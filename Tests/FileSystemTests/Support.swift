// Disks that record, forget and fail; the content of a volume as one value; a random number generator.

import ABI
@testable import FileSystem

let sectorByteCount = 512

/// Blocks in memory with a log of what happened to them.
final class TestStore: BlockStore {
    enum Event { case write(block: UInt32, [UInt8]), flush }
    let blockCount: UInt32
    var bytes: [UInt8]
    var log: [Event] = []
    var isLogging = false
    /// Counts down with every write and flush; at 0 that one fails (a failed write stores its first `tornByteCount` bytes).
    var failsAfter: Int?
    var tornByteCount = 0
    var failedFlushCount = 0
    var isReadBroken = false
    var isBroken = false

    init(_ blockCount: UInt32) {
        self.blockCount = blockCount
        bytes = [UInt8](repeating: 0, count: Int(blockCount) * blockByteCount)
    }
    init(_ bytes: [UInt8]) {
        blockCount = UInt32(bytes.count / blockByteCount)
        self.bytes = bytes
    }
    private func fails() -> Bool {
        if isBroken { return true }
        guard let n = failsAfter else { return false }
        failsAfter = n - 1
        return n == 0
    }
    func read(_ first: UInt32, count: Int, into target: UnsafeMutableRawPointer) -> Bool {
        precondition(Int(first) + count <= Int(blockCount))
        if isReadBroken { return false }
        bytes.withUnsafeBytes { target.copyMemory(from: $0.baseAddress! + Int(first) * blockByteCount, byteCount: count * blockByteCount) }
        return true
    }
    func write(_ first: UInt32, count: Int, from source: UnsafeRawPointer) -> Bool {
        precondition(Int(first) + count <= Int(blockCount))
        let failed = fails(), stored = failed ? min(tornByteCount, count * blockByteCount) : count * blockByteCount
        bytes.withUnsafeMutableBytes { ($0.baseAddress! + Int(first) * blockByteCount).copyMemory(from: source, byteCount: stored) }
        if isLogging {
            for i in 0..<count { log.append(.write(block: first + UInt32(i), Array(UnsafeRawBufferPointer(start: source + i * blockByteCount, count: blockByteCount)))) }
        }
        return !failed
    }
    func flush() -> Bool {
        if isLogging { log.append(.flush) }
        if fails() { failedFlushCount += 1; return false }
        return true
    }
}

/// Every path and what is there; nil is a directory.
typealias Content = [String: [UInt8]?]

func components(_ path: String) -> ArraySlice<[UInt8]> { path.utf8.split(separator: 47).map { Array($0) }[...] }

/// Nil when something cannot be read.
func content(_ v: DiskVolume) -> Content? {
    var out: Content = [:]
    func walk(_ path: String) throws(FileError) {
        var after: [UInt8] = []
        while true {
            let entries = try v.list(try v.lookup(components(path)), after: after, count: 7)
            for e in entries {
                let full = path + "/" + e.name
                let node = try v.lookup(components(full))
                if e.isDirectory { out.updateValue(nil, forKey: full); try walk(full) } else { out[full] = try readAll(v, node) }
            }
            guard let last = entries.last else { return }
            after = Array(last.name.utf8)
        }
    }
    do throws(FileError) { try walk("") } catch { return nil }
    return out
}
func readAll(_ v: DiskVolume, _ node: UInt32) throws(FileError) -> [UInt8] {
    let count = Int(try v.attributes(node).byteCount)
    var bytes = [UInt8](repeating: 0xA5, count: count)
    let got = try bytes.withUnsafeMutableBufferPointer { (p) throws(FileError) in try v.read(node, 0, into: UnsafeMutableRawBufferPointer(p)) }
    if got != count { throw .damaged }
    return bytes
}
func write(_ v: DiskVolume, _ path: String, _ bytes: [UInt8], at position: UInt64 = 0) throws(FileError) {
    let node: UInt32
    do throws(FileError) { node = try v.lookup(components(path)) } catch { node = try v.create(components(path), .file, now: 5) }
    try bytes.withUnsafeBufferPointer { (p) throws(FileError) in try v.write(node, position, from: UnsafeRawBufferPointer(p), now: 6) }
}
func pattern(_ count: Int, _ seed: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 131 &+ ($0 >> 8) &* 7 &+ seed) } }

func failure<T>(_ body: () throws(FileError) -> T) -> FileError? {
    do throws(FileError) { _ = try body(); return nil } catch { return error }
}
func fresh(_ blockCount: UInt32) throws -> (TestStore, DiskVolume) {
    let store = TestStore(blockCount)
    try DiskVolume.format(store)
    return (store, try DiskVolume(mount: store))
}

/// xorshift64*, for reproducible runs.
struct Random {
    var state: UInt64
    init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }
    mutating func next(_ bound: Int) -> Int {
        state ^= state >> 12; state ^= state << 25; state ^= state >> 27
        return Int((state &* 0x2545_F491_4F6C_DD1D) >> 33) % bound
    }
}
