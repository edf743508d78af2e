// Operations, their mistakes, space, and a long random run against a simple model. ORDER-001, VFS-008.

import ABI
import Testing
@testable import FileSystem

@Suite struct VolumeTests {
    @Test func checksumIsCRC32C() {
        // RFC 3720 appendix B.4: 32 zeros; 32 ascending bytes. "123456789" is the customary check value.
        let zeros = [UInt8](repeating: 0, count: 32), ascending = (0..<32).map { UInt8($0) }
        #expect(zeros.withUnsafeBytes { Checksum.crc32c($0.baseAddress!, 32) } == 0x8A91_36AA)
        #expect(ascending.withUnsafeBytes { Checksum.crc32c($0.baseAddress!, 32) } == 0x46DD_794E)
        #expect(Array("123456789".utf8).withUnsafeBytes { Checksum.crc32c($0.baseAddress!, 9) } == 0xE306_9283)
    }
    @Test func whatIsCommittedIsThereAgain() throws {
        let (store, v) = try fresh(256)
        _ = try v.create(components("/a"), .directory, now: 1)
        try write(v, "/a/small", Array("hello".utf8))
        try write(v, "/a/large", pattern(300_000, 3))
        try write(v, "/a/lost", [1])
        try v.remove(components("/a/lost"), now: 2)
        let before = content(v)
        try v.commit()
        try write(v, "/never", [9])
        #expect(v.problem() == nil)
        let again = try DiskVolume(mount: store)
        #expect(again.problems == [] && content(again) == before && before?.count == 3)
        #expect(try again.attributes(try again.lookup(components("/a/large"))).allocatedByteCount == 74 * 4096)
        #expect(again.freeByteCount == v.freeByteCount + 4096 * UInt64(v.debt) && again.nodeCount == 3)
    }
    @Test func mistakes() throws {
        let (_, v) = try fresh(64)
        _ = try v.create(components("/d"), .directory, now: 1)
        _ = try v.create(components("/d/e"), .directory, now: 1)
        try write(v, "/f", [1, 2, 3])
        func at(_ p: String) -> ArraySlice<[UInt8]> { components(p) }
        #expect(failure { () throws(FileError) in try v.lookup(at("/x")) } == .notFound)
        #expect(failure { () throws(FileError) in try v.lookup(at("/f/x")) } == .notADirectory)
        #expect(failure { () throws(FileError) in try v.create(at("/f"), .file, now: 1) } == .alreadyExists)
        #expect(failure { () throws(FileError) in try v.create(at(""), .file, now: 1) } == .alreadyExists)
        #expect(failure { () throws(FileError) in try v.remove(at("/d"), now: 1) } == .notEmpty)
        #expect(failure { () throws(FileError) in try v.remove(at(""), now: 1) } == .invalidArgument)
        #expect(failure { () throws(FileError) in try v.rename(at("/d"), to: at("/d/e/d"), now: 1) } == .invalidArgument)
        #expect(failure { () throws(FileError) in try v.rename(at("/d"), to: at("/f"), now: 1) } == .notADirectory)
        #expect(failure { () throws(FileError) in try v.rename(at("/f"), to: at("/d/e"), now: 1) } == .isADirectory)
        #expect(failure { () throws(FileError) in try v.rename(at("/d/e"), to: at("/d"), now: 1) } == .notEmpty)
        let f = try v.lookup(at("/f"))
        #expect(failure { () throws(FileError) in try v.truncate(f, to: 1 << 50, now: 1) } == .tooLarge)
        #expect(failure { () throws(FileError) in try write(v, "/f", [1], at: 1 << 39) } == .tooLarge)
        #expect(v.problem() == nil)
    }
    @Test func sparseFilesCostWhatTheyHoldAndCutQuickly() throws {
        let (store, v) = try fresh(128)
        let free = v.freeByteCount
        try write(v, "/s", [7], at: 400 << 30)
        try v.commit()
        let s = try v.lookup(components("/s"))
        #expect(try v.attributes(s).byteCount == 400 << 30 + 1)
        #expect(free - v.freeByteCount <= 7 * 4096)
        try v.truncate(s, to: 5000, now: 2)
        try v.commit()
        #expect(try readAll(v, s) == [UInt8](repeating: 0, count: 5000))
        try write(v, "/s", [8], at: 4999)
        try v.truncate(s, to: 1 << 30, now: 2)
        try v.truncate(s, to: 4998, now: 2)
        try v.truncate(s, to: 5001, now: 2)
        try v.commit()
        #expect(try readAll(v, s) == [UInt8](repeating: 0, count: 5001))
        #expect(v.problem() == nil)
        let again = try DiskVolume(mount: store)
        #expect(content(again) == content(v))
    }
    @Test func aFullDiskSaysSoAndCanBeEmptied() throws {
        for blockCount: UInt32 in [64, 80, 100, 300] {
            let (store, v) = try fresh(blockCount)
            let free = v.freeByteCount
            var names: [String] = []
            while true {
                let name = "/f\(names.count)"
                guard failure({ () throws(FileError) in try write(v, name, pattern(9000, names.count)) }) == nil else { break }
                names.append(name)
                if names.count % 7 == 0 { #expect(failure { () throws(FileError) in try v.commit() } == nil) }
            }
            #expect(names.count > (Int(blockCount) - 38) / 4)
            for (i, name) in names.enumerated() { #expect(try readAll(v, try v.lookup(components(name))) == pattern(9000, i)) }
            try v.commit()
            #expect(v.problem() == nil)
            for name in ((try? v.lookup(components("/f\(names.count)"))) == nil ? names : names + ["/f\(names.count)"]) { try v.remove(components(name), now: 3) }
            try v.commit()
            #expect(v.problem() == nil)
            // The record of the root, and the table that grew, stay.
            #expect(free - v.freeByteCount <= 4096 * 4)
            #expect(content(try DiskVolume(mount: store)) == [:])
        }
    }
    @Test func anOpenFileLivesOnWithoutItsName() throws {
        let (store, v) = try fresh(64)
        try write(v, "/f", pattern(10_000, 1))
        try v.commit()
        let f = try v.lookup(components("/f"))
        try v.retain(f)
        try v.remove(components("/f"), now: 1)
        try v.commit()
        #expect(try readAll(v, f) == pattern(10_000, 1))
        // A crash now: the next mount frees it.
        let after = try DiskVolume(mount: TestStore(store.bytes))
        #expect(content(after) == [:] && after.problems == [] && after.hasChanges)
        try after.commit()
        #expect(after.problem() == nil && after.freeCount > v.freeCount)
        v.release(f)
        try v.commit()
        #expect(v.problem() == nil && v.freeCount == after.freeCount)
    }
    @Test func aDeviceThatFailsLosesNothing() throws {
        // Every write and flush of a commit fails once, torn or whole; the repetition succeeds and no block leaks.
        for step in 0..<40 {
            for torn in [0, 100, 65536] {
                let (store, v) = try fresh(96)
                try write(v, "/old", pattern(9000, 1))
                try v.commit()
                try write(v, "/old", pattern(5000, 2), at: 3000)
                _ = try v.create(components("/d"), .directory, now: 1)
                try write(v, "/d/new", pattern(70_000, 3))
                let wanted = content(v), free = v.freeCount
                store.failsAfter = step
                store.tornByteCount = torn
                let failed = failure { () throws(FileError) in try v.commit() }
                if failed == nil { #expect(store.failsAfter! >= 0 && step > 3); break }
                #expect(failed == .deviceFailed && content(v) == wanted)
                // What a crash leaves now is the old state or the new one.
                let crashed = content(try DiskVolume(mount: TestStore(store.bytes)))
                #expect(crashed == wanted || crashed == ["/old": pattern(9000, 1)])
                store.failsAfter = nil
                try v.commit()
                #expect(v.problem() == nil && content(v) == wanted)
                #expect(content(try DiskVolume(mount: store)) == wanted)
                #expect(v.freeCount < free)
            }
        }
    }
    @Test func aBrokenDeviceIsReportedUntilItIsBack() throws {
        let (store, v) = try fresh(64)
        try write(v, "/a", [1])
        store.isBroken = true
        for _ in 0..<50 { #expect(failure { () throws(FileError) in try v.commit() } == .deviceFailed) }
        #expect(failure { () throws(FileError) in try write(v, "/b", [1]) } == .deviceFailed)
        store.isBroken = false
        try write(v, "/b", [2])
        try v.commit()
        #expect(v.problem() == nil)
        #expect(content(try DiskVolume(mount: store)) == ["/a": [1], "/b": [2]])
        store.isReadBroken = true
        #expect(failure { () throws(FileError) in _ = try DiskVolume(mount: store) } == .deviceFailed)
    }
    @Test func onlyABlankDiskCountsAsBlank() throws {
        for at in [0, 446, 510, 1080, 4086, 32769, 65600, (1 << 22) - 512] {
            let store = TestStore(1024)
            #expect(try DiskVolume.isBlank(store))
            store.bytes[at] = 0x99
            #expect(try !DiskVolume.isBlank(store), "a byte at \(at)")
            #expect(failure { () throws(FileError) in _ = try DiskVolume(mount: store) } == .notSupported)
        }
        // A formatting that was cut is begun anew.
        let (whole, _) = try fresh(64)
        for count in stride(from: 0, through: 512, by: 11) {
            let store = TestStore(64)
            store.bytes.replaceSubrange(0..<count, with: whole.bytes[0..<count])
            let mounted = failure { () throws(FileError) in _ = try DiskVolume(mount: store) } == nil
            let isBlank = try DiskVolume.isBlank(store)
            #expect(mounted || isBlank)
        }
        #expect(try DiskVolume.isBlank(TestStore(8)))
    }
    @Test func aLargeDirectory() throws {
        let (store, v) = try fresh(512)
        _ = try v.create(components("/d"), .directory, now: 1)
        for i in 0..<900 { _ = try v.create(components("/d/file-\(i * 7919 % 900)"), .file, now: 1) }
        for i in stride(from: 0, to: 900, by: 2) { try v.remove(components("/d/file-\(i)"), now: 1) }
        try v.commit()
        #expect(v.problem() == nil && v.nodeCount == 451)
        #expect(content(try DiskVolume(mount: store))?.count == 451)
    }

    // MARK: Model

    @Test(arguments: 1...6) func randomOperationsAgreeWithAModel(_ seed: Int) throws {
        var random = Random(UInt64(seed))
        let (store, first) = try fresh([64, 128, 600][seed % 3])
        var v = first, model = Model(), committed = Model()
        for step in 0..<250 {
            switch random.next(20) {
            case 0:
                try v.commit()
                committed = model
                #expect(v.problem() == nil)
            case 1:
                // A crash: what was not committed is gone, except what the volume committed to make room.
                v = try DiskVolume(mount: store)
                let there = content(v)
                if there == committed.content { model = committed } else { model.content = try #require(there); committed = model }
            case 2 where random.next(4) == 0:
                store.failsAfter = random.next(6)
            default: model.step(v, &random)
            }
            store.failsAfter = nil
            if step % 10 == 0 { #expect(content(v) == model.content, "seed \(seed), step \(step)") }
        }
        try v.commit()
        #expect(v.problem() == nil && content(v) == model.content)
    }
}

/// A tree of files as a dictionary, and one random operation on it and on a volume, whose results must be the same.
struct Model {
    var content: Content = [:]
    private static let names = ["a", "b", "c", "long-name-of-a-file"]

    private func path(_ r: inout Random) -> String {
        var p = ""
        for _ in 0...r.next(3) { p += "/" + Model.names[r.next(4)] }
        return p
    }
    private func isDirectory(_ p: String) -> Bool { p.isEmpty || content[p].map { $0 == nil } ?? false }
    private func parent(_ p: String) -> String { String(p[..<p.lastIndex(of: "/")!]) }
    private func isEmptyDirectory(_ p: String) -> Bool { !content.keys.contains { $0.hasPrefix(p + "/") } }

    mutating func step(_ v: DiskVolume, _ r: inout Random) {
        let p = path(&r), q = path(&r)
        let error: FileError?
        var changed = self
        switch r.next(10) {
        case 0, 1:
            error = failure { () throws(FileError) in try v.create(components(p), .directory, now: 1) }
            if error == nil { changed.content.updateValue(nil, forKey: p); #expect(isDirectory(parent(p)) && content[p] == nil) }
        case 2, 3, 4:
            let bytes = pattern(r.next(3) == 0 ? r.next(60_000) : r.next(5000) + 1, r.next(256)), at = r.next(2) == 0 ? 0 : r.next(r.next(2) == 0 ? 9000 : 300_000)
            let isThere = content[p] != nil
            error = isDirectory(p) || !isDirectory(parent(p)) ? .notADirectory : failure { () throws(FileError) in try write(v, p, bytes, at: UInt64(at)) }
            if error == nil || (error == .noSpace && !isThere && (try? v.lookup(components(p))) != nil) {
                var old = (content[p] ?? []) ?? []
                if error == nil && !bytes.isEmpty {
                    if old.count < at + bytes.count { old += [UInt8](repeating: 0, count: at + bytes.count - old.count) }
                    old.replaceSubrange(at..<at + bytes.count, with: bytes)
                }
                changed.content[p] = old
            }
        case 5:
            guard case let old?? = content[p], let node = try? v.lookup(components(p)) else { return }
            let count = r.next(2) == 0 ? r.next(old.count + 1) : r.next(60_000)
            error = failure { () throws(FileError) in try v.truncate(node, to: UInt64(count), now: 1) }
            if error == nil { changed.content[p] = count <= old.count ? Array(old[..<count]) : old + [UInt8](repeating: 0, count: count - old.count) }
        case 6, 7:
            error = failure { () throws(FileError) in try v.remove(components(p), now: 1) }
            if error == nil { changed.content[p] = nil; #expect(content[p] != nil && isEmptyDirectory(p)) }
            if content[p] != nil && isEmptyDirectory(p) { #expect(error == nil || error == .noSpace) }
        default:
            error = failure { () throws(FileError) in try v.rename(components(p), to: components(q), now: 1) }
            if error == nil && p != q {
                for (key, value) in content where key == p || key.hasPrefix(p + "/") {
                    changed.content[key] = nil
                    changed.content.updateValue(value, forKey: q + key.dropFirst(p.count))
                }
            }
        }
        if let error { #expect([.noSpace, .notFound, .alreadyExists, .notADirectory, .isADirectory, .notEmpty, .invalidArgument].contains(error), "\(error)") }
        self = changed
    }
}
