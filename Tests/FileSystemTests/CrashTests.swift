// A power cut at any write, in any order that a disk may choose, with lies about flushes, and rot: the state of a commit or
// an error, never anything else.

import ABI
import Testing
@testable import FileSystem

/// A run with a log of its writes, and the content after each commit.
private struct Recorded {
    let blockCount: UInt32
    var start: [UInt8] = []
    var log: [TestStore.Event] = []
    /// Content committed when the log had this many events.
    var commits: [(at: Int, content: Content)] = []

    init(_ blockCount: UInt32, canary: Bool = false, _ scenario: (DiskVolume, () throws -> Void) throws -> Void) throws {
        self.blockCount = blockCount
        let (store, v) = try fresh(blockCount)
        v.canaryReusesFreedBlocks = canary
        start = store.bytes
        store.isLogging = true
        commits = [(0, [:])]
        var list = commits
        try scenario(v) {
            try v.commit()
            list.append((store.log.count, content(v)!))
        }
        commits = list
        log = store.log
    }
    /// What a crash after `count` events may leave: the last commit or the one under way.
    func allowed(_ count: Int) -> [Content] {
        let last = commits.lastIndex { $0.at <= count }!
        return commits[last...min(last + 1, commits.count - 1)].map(\.content)
    }
}

/// Everything that a volume can do to blocks: new, changed, cut, renamed over, removed, directories, a tree that grows.
private func everything(_ v: DiskVolume, _ commit: () throws -> Void) throws { try everything(v, commit, sparseAt: 60_000) }
private func everything(_ v: DiskVolume, _ commit: () throws -> Void, sparseAt: UInt64) throws {
    try write(v, "/a", pattern(5000, 1))
    try commit()
    _ = try v.create(components("/d"), .directory, now: 1)
    try write(v, "/d/settings.new", pattern(200, 2))
    try write(v, "/d/settings", pattern(100, 3))
    try commit()
    try v.rename(components("/d/settings.new"), to: components("/d/settings"), now: 2)
    try write(v, "/a", pattern(100, 4), at: 4090)
    try commit()
    try v.truncate(try v.lookup(components("/a")), to: 4500, now: 3)
    try write(v, "/sparse", [1, 2, 3], at: sparseAt)
    try commit()
    try v.remove(components("/a"), now: 4)
    try v.rename(components("/d"), to: components("/e"), now: 4)
    try commit()
    for i in 0..<3 { try write(v, "/e/settings", pattern(9000, i)); try commit() }
}
/// What a disk shows after a crash: content, or nil when mounting or reading says that it is damaged.
private func afterCrash(_ bytes: [UInt8]) -> Content? {
    guard let v = try? DiskVolume(mount: TestStore(bytes)) else { return nil }
    return content(v)
}
private func store(_ b: [UInt8], _ block: UInt32, _ count: Int, into bytes: inout [UInt8]) {
    bytes.replaceSubrange(Int(block) * blockByteCount..<Int(block) * blockByteCount + count, with: b[0..<count])
}

@Suite struct CrashTests {
    /// The second position needs a tree of two levels.
    @Test(arguments: [(60_000, [0, 1, 100, 512, 2048, 3584, 4095]), (2_200_000, [0, 512])]) func everyPrefixAndEveryTornWriteMounts(_ position: Int, _ tears: [Int]) throws {
        let r = try Recorded(72) { try everything($0, $1, sparseAt: UInt64(position)) }
        #expect(r.log.count > 60 && Set(r.commits.map { $0.content.count }).count > 2)
        var bytes = r.start, mountCount = 0
        for (i, event) in r.log.enumerated() {
            guard case .write(let block, let b) = event else { continue }
            for torn in tears {
                var crashed = bytes
                store(b, block, torn, into: &crashed)
                let v = try DiskVolume(mount: TestStore(crashed))
                #expect(v.problems == [] && r.allowed(i).contains(content(v)!), "event \(i), torn after \(torn) bytes")
                mountCount += 1
            }
            store(b, block, blockByteCount, into: &bytes)
        }
        #expect(mountCount > 60 && afterCrash(bytes) == r.commits.last!.content)
    }
    @Test func aCrashedVolumeGoesOn() throws {
        // After a crash anywhere the volume takes new changes, and no block is lost.
        let r = try Recorded(72, everything)
        var bytes = r.start
        for (i, event) in r.log.enumerated() {
            guard case .write(let block, let b) = event else { continue }
            store(b, block, blockByteCount, into: &bytes)
            if i % 3 > 0 { continue }
            let s = TestStore(bytes), v = try DiskVolume(mount: s)
            try write(v, "/new", pattern(6000, i))
            try v.commit()
            #expect(v.problem() == nil)
            #expect(afterCrash(s.bytes)?["/new"] == pattern(6000, i))
        }
    }
    @Test func anyOrderBetweenFlushesIsGood() throws {
        // A disk with a cache: of the writes since the last flush any may be there, each whole or torn at a sector.
        let r = try Recorded(72, everything)
        var random = Random(7), durable = r.start, epoch: [(UInt32, [UInt8])] = []
        for (i, event) in r.log.enumerated() {
            switch event {
            case .write(let block, let b): epoch.append((block, b))
            case .flush:
                for _ in 0..<12 {
                    var crashed = durable
                    for (block, b) in epoch {
                        switch random.next(3) {
                        case 0: break
                        case 1: store(b, block, blockByteCount, into: &crashed)
                        default: store(b, block, random.next(8) * sectorByteCount, into: &crashed)
                        }
                    }
                    let v = try DiskVolume(mount: TestStore(crashed))
                    #expect(v.problems == [] && r.allowed(i).contains(content(v)!), "event \(i)")
                }
                for (block, b) in epoch { store(b, block, blockByteCount, into: &durable) }
                epoch = []
            }
        }
    }
    @Test func droppedFlushesNeverShowWhatWasNeverThere() throws {
        // A disk that lies about flushes may lose anything. What it shows then is some commit, or an error.
        let r = try Recorded(72, everything)
        var random = Random(11), errorCount = 0, wholeCount = 0
        for _ in 0..<400 {
            var crashed = r.start
            let end = random.next(r.log.count), lossy = random.next(4) + 1
            for event in r.log[..<end] {
                if case .write(let block, let b) = event, random.next(8) >= lossy { store(b, block, blockByteCount, into: &crashed) }
            }
            if let there = afterCrash(crashed) {
                wholeCount += 1
                #expect(r.commits.contains { $0.content == there })
            } else { errorCount += 1 }
        }
        #expect(errorCount > 10 && wholeCount > 10)
    }
    @Test func theTestFindsAVolumeThatReusesFreedBlocks() throws {
        let r = try Recorded(72, canary: true) { v, commit in
            for i in 0..<4 { try write(v, "/f", pattern(20_000, i)); try write(v, "/g", pattern(20_000, i)); try commit() }
        }
        var bytes = r.start, isFound = false
        for (i, event) in r.log.enumerated() {
            guard case .write(let block, let b) = event else { continue }
            if let there = afterCrash(bytes) { isFound = isFound || !r.allowed(i).contains(there) } else { isFound = true }
            store(b, block, blockByteCount, into: &bytes)
        }
        #expect(isFound)
    }
    @Test func rotIsAnErrorNeverOtherContent() throws {
        let r = try Recorded(72, everything)
        var bytes = r.start
        for event in r.log { if case .write(let block, let b) = event { store(b, block, blockByteCount, into: &bytes) } }
        let wanted = r.commits.last!.content, before = r.commits[r.commits.count - 2].content
        var errorCount = 0, olderCount = 0
        for block in 0..<Int(r.blockCount) {
            for at in [0, 3, 70, 700, 4095] {
                var rotten = bytes
                rotten[block * blockByteCount + at] ^= 0x10
                guard let v = try? DiskVolume(mount: TestStore(rotten)) else { Issue.record("block \(block) byte \(at)"); continue }
                guard let there = content(v) else { errorCount += 1; continue }
                #expect(there == wanted || there == before)
                if there != wanted { olderCount += 1 }
            }
        }
        #expect(errorCount > 0 && olderCount > 0)
    }
    @Test func hostileImagesWithGoodChecksumsAreContained() throws {
        // Random changes of metadata, with every checksum made to fit: the volume answers, with errors or nonsense, and stops.
        let r = try Recorded(72, everything)
        var bytes = r.start
        for event in r.log { if case .write(let block, let b) = event { store(b, block, blockByteCount, into: &bytes) } }
        var damagedCount = 0
        for seed in 0..<300 {
            var random = Random(UInt64(seed)), image = Image(bytes)
            for _ in 0...random.next(4) { image.mutate(&random) }
            image.seal()
            let s = TestStore(image.bytes)
            guard let v = try? DiskVolume(mount: s) else { damagedCount += 1; continue }
            if !v.problems.isEmpty { damagedCount += 1 }
            _ = try? v.list(0, after: [], count: 64)
            for name in ["/e/settings", "/sparse", "/e"] {
                guard let node = try? v.lookup(components(name)) else { continue }
                var b = [UInt8](repeating: 0, count: 10_000)
                _ = b.withUnsafeMutableBytes { p in try? v.read(node, 0, into: p) }
                _ = try? write(v, name, [1, 2, 3], at: 5000)
                _ = try? v.truncate(node, to: 1, now: 1)
            }
            _ = try? v.remove(components("/sparse"), now: 1)
            _ = try? v.commit()
        }
        #expect(damagedCount > 30)
    }
}

/// A disk image whose metadata can be changed and sealed again.
private struct Image {
    var bytes: [UInt8]
    init(_ bytes: [UInt8]) { self.bytes = bytes }
    private func u32(_ at: Int) -> UInt32 { bytes[at..<at + 4].reversed().reduce(0) { $0 << 8 | UInt32($1) } }
    private mutating func put(_ at: Int, _ v: UInt32) { for i in 0..<4 { bytes[at + i] = UInt8(truncatingIfNeeded: v >> UInt32(8 * i)) } }
    private func crc(_ at: Int, _ count: Int) -> UInt32 { bytes.withUnsafeBytes { Checksum.crc32c($0.baseAddress! + at, count) } }

    mutating func mutate(_ r: inout Random) {
        // A superblock's table record, or 4 bytes near the start of any block: records, names and pointers begin there.
        let at = r.next(3) == 0 ? r.next(2) * blockByteCount + 64 + r.next(36) : r.next(bytes.count / blockByteCount) * blockByteCount + r.next(r.next(2) == 0 ? 64 : 400)
        let values: [UInt32] = [0, 1, 2, 3, 71, 72, 0xFFFF_FFFF, 0x8000_0000, 0x7FFF_FFFF, UInt32(r.next(72)), UInt32(r.next(1 << 30))]
        let v = values[r.next(values.count)]
        if r.next(2) == 0 { put(at, v) } else { bytes[at] = UInt8(truncatingIfNeeded: v) }
    }
    /// From the leaves up; a block that is reached again is left as it is.
    mutating func seal() {
        for slot in 0..<2 {
            var seen = Set<UInt32>()
            let at = slot * blockByteCount
            sealRecord(at + 64, isTable: true, &seen)
            put(at + 508, crc(at, 508))
        }
    }
    private mutating func sealRecord(_ at: Int, isTable: Bool, _ seen: inout Set<UInt32>) {
        sealTree(at + 24, Int(bytes[at + 1]), isTable, &seen)
    }
    private mutating func sealTree(_ at: Int, _ level: Int, _ isTable: Bool, _ seen: inout Set<UInt32>) {
        let block = u32(at)
        guard block >= 2, Int(block) < bytes.count / blockByteCount else { return }
        let start = Int(block) * blockByteCount
        if seen.insert(block).inserted {
            if level > 0 && level < 4 { for i in 0..<512 { sealTree(start + i * 8, level - 1, isTable, &seen) } } else if isTable {
                for i in 0..<64 { sealRecord(start + i * 64, isTable: false, &seen) }
            }
        }
        put(at + 4, crc(start, blockByteCount))
    }
}
