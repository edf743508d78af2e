// KERN-018, SVC-003, IPC-003, IPC-008: what each operation does, and what each mistake is answered.

import Testing
import ABI
import FileClient
@testable import FileService

@Suite struct FileServiceTests {
    @Test func archiveIsListedAndRead() throws {
        let w = World(), c = w.client()
        #expect(try c.list("/").map(\.name) == ["system", "tmp"])
        #expect(try c.list("/system").map { "\($0.name) \($0.isDirectory) \($0.byteCount)" } == ["boot.conf false 14", "empty false 0", "fonts true 2", "index false 58"])
        #expect(try c.list("/system/fonts/").map(\.name) == ["Mono.ttf", "Sans.ttf"])
        #expect(try c.readFile("/system/boot.conf", limit: 1000) == Array("url=http://a/\n".utf8))
        #expect(try c.readFile("system//./fonts/../fonts/Sans.ttf", limit: 10_000) == Array(repeating: 7, count: 5000))
        #expect(try c.readFile("/system/empty", limit: 10) == [])
        #expect(w.archive.openCount == 0)
        for e in [failure { () throws(FileError) in try c.writeFile("/system/boot.conf", []) }, failure { () throws(FileError) in try c.writeFile("/system/new", []) },
                  failure { () throws(FileError) in try c.remove("/system/empty") }, failure { () throws(FileError) in try c.makeDirectory("/system/x") },
                  failure { () throws(FileError) in try c.rename("/system/empty", to: "/tmp/x") }, failure { () throws(FileError) in try c.makeDirectory("/other") },
                  failure { () throws(FileError) in try c.remove("/tmp") }, failure { () throws(FileError) in try c.rename("/tmp", to: "/tmp/x") }] { #expect(e == .readOnly) }
    }
    @Test func damagedIndexIsForgiven() throws {
        let source = TableArchive([:])
        _ = source
        final class Raw: ArchiveSource {
            let text: [UInt8]
            var held: [UnsafeMutableRawBufferPointer] = []
            init(_ t: [UInt8]) { text = t }
            func open(_ name: FileName) -> UnsafeRawBufferPointer? {
                guard name == Array("index".utf8) else { return nil }
                let m = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, text.count), alignment: 8)
                m.copyBytes(from: text)
                held.append(m)
                return UnsafeRawBufferPointer(rebasing: m[0..<text.count])
            }
            func close(_ name: FileName) { held.popLast()?.deallocate() }
        }
        let volume = ArchiveVolume(Raw(Array("x\n5 a/b\n\n-1 c\n7 a\n9 a/b/c\n3 ../../d\n4 index\n99999999999999999999 e\n 6 f\n".utf8) + [53, 32, 0xff, 0, 10]))
        #expect(try volume.list(0, after: [], count: 100).map(\.name) == ["a", "d", "index"])
        let a = try volume.lookup([Array("d".utf8)][...])
        #expect(failure { () throws(FileError) in try volume.retain(a) } == .deviceFailed)      // named, but not there
    }
    @Test func openFlags() throws {
        let w = World(), c = w.client()
        #expect(failure { () throws(FileError) in try c.open("/tmp/a", .read) } == .notFound)
        #expect(failure { () throws(FileError) in try c.open("/tmp/a", .write) } == .notFound)
        let a = try c.open("/tmp/a", [.write, .create, .exclusive])
        #expect(failure { () throws(FileError) in try c.open("/tmp/a", [.write, .create, .exclusive]) } == .alreadyExists)
        #expect(failure { () throws(FileError) in try c.read(a, at: 0, count: 1) } == .accessDenied)
        try c.write(a, at: 2, [1, 2, 3])
        try c.close(a)
        #expect(failure { () throws(FileError) in try c.close(a) } == .badFile)
        #expect(try c.readFile("/tmp/a", limit: 10) == [0, 0, 1, 2, 3])
        let r = try c.open("/tmp/a", .read)
        #expect(failure { () throws(FileError) in try c.write(r, at: 0, [1]) } == .accessDenied && failure { () throws(FileError) in try c.truncate(r, to: 0) } == .accessDenied)
        let p = try c.open("/tmp/a", [.write, .append])
        try c.write(p, at: 0, [9])
        #expect(try c.read(r, at: 4, count: 10) == [3, 9])
        _ = try c.open("/tmp/a", [.write, .truncate])
        #expect(try c.stat("/tmp/a").byteCount == 0)
        for flags in [OpenFlags([]), .create, [.read, .truncate], [.read, .create], [.write, .exclusive], OpenFlags(rawValue: 65)] {
            #expect(failure { () throws(FileError) in try c.open("/tmp/a", flags) } == .invalidArgument)
        }
        #expect(failure { () throws(FileError) in try c.open("/tmp", .read) } == .isADirectory && failure { () throws(FileError) in try c.open("/", .read) } == .isADirectory)
        #expect(failure { () throws(FileError) in try c.open("/tmp/a/", .read) } == .notADirectory && failure { () throws(FileError) in try c.open("/tmp/n/", [.write, .create]) } == .isADirectory)
        #expect(failure { () throws(FileError) in try c.open("/tmp/a/b", .read) } == .notADirectory && failure { () throws(FileError) in try c.open("/nowhere/b", .read) } == .notFound)
    }
    @Test func paths() throws {
        func joined(_ p: String) -> String? { (try? FilePath.components(p)).map { $0.map { String(decoding: $0, as: UTF8.self) }.joined(separator: "|") } }
        #expect(joined("/a//b/./c/") == "a|b|c" && joined("a/../../../b") == "b" && joined("/") == "" && joined("..") == "" && joined(".a/...") == ".a|...")
        #expect(joined("") == nil && joined("a\u{0}b") == nil && joined("a\nb") == nil && joined("a\u{7f}") == nil)
        #expect(joined(String(repeating: "x", count: 255)) != nil && joined(String(repeating: "x", count: 256)) == nil)
        #expect(joined(String(repeating: "a/", count: 512)) != nil && joined(String(repeating: "a/", count: 512) + "a") == nil)
        let c = World().client()
        #expect(failure { () throws(FileError) in try c.stat(String(repeating: "x", count: 5000)) } == .invalidName)
        try c.writeFile("/tmp/é", [1])
        #expect(failure { () throws(FileError) in try c.stat("/tmp/e\u{301}") } == .notFound)       // names are bytes
    }
    @Test func renameAndRemove() throws {
        let w = World(), c = w.client()
        try c.makeDirectory("/tmp/d")
        try c.makeDirectory("/tmp/d/e")
        try c.writeFile("/tmp/f", [1, 2, 3])
        #expect(failure { () throws(FileError) in try c.makeDirectory("/tmp/d") } == .alreadyExists && failure { () throws(FileError) in try c.makeDirectory("/tmp/q/r") } == .notFound)
        #expect(failure { () throws(FileError) in try c.rename("/tmp/d", to: "/tmp/d/e/x") } == .invalidArgument)
        #expect(failure { () throws(FileError) in try c.rename("/tmp/f", to: "/tmp/d") } == .isADirectory && failure { () throws(FileError) in try c.rename("/tmp/d", to: "/tmp/f") } == .notADirectory)
        #expect(failure { () throws(FileError) in try c.rename("/tmp/nothing", to: "/tmp/x") } == .notFound && failure { () throws(FileError) in try c.rename("/tmp/f", to: "/tmp/x/") } == .notADirectory)
        #expect(failure { () throws(FileError) in try c.remove("/tmp/d") } == .notEmpty && failure { () throws(FileError) in try c.remove("/tmp/f/") } == .notADirectory)
        try c.rename("/tmp/f", to: "/tmp/f")
        try c.writeFile("/tmp/g", Array(repeating: 5, count: 9000))
        try c.rename("/tmp/f", to: "/tmp/g")                                                          // replaces
        #expect(try c.readFile("/tmp/g", limit: 10) == [1, 2, 3] && w.memory.blockCountUsed == 1)
        try c.rename("/tmp/d", to: "/tmp/z")
        #expect(try c.list("/tmp").map(\.name) == ["g", "z"] && c.list("/tmp/z").map(\.name) == ["e"])
        try c.remove("/tmp/z/e")
        try c.remove("/tmp/z")
        try c.remove("/tmp/g")
        #expect(try c.list("/tmp").isEmpty && w.memory.blockCountUsed == 0 && w.memory.problem == nil)
    }
    @Test func spaceIsBounded() throws {
        let w = World(), c = w.client()
        #expect(failure { () throws(FileError) in try c.writeFile("/tmp/a", Array(repeating: 1, count: 65_537)) } == .tooLarge)
        try c.writeFile("/tmp/a", Array(repeating: 1, count: 40_000))
        #expect(failure { () throws(FileError) in try c.writeFile("/tmp/b", Array(repeating: 1, count: 40_000)) } == .noSpace)
        #expect(try c.readFile("/tmp/a", limit: 50_000) == Array(repeating: 1, count: 40_000))
        // A hole costs nothing; what truncation uncovers is zero.
        let b = try c.open("/tmp/b", [.read, .write])
        try c.truncate(b, to: 60_000)
        #expect(try c.stat("/tmp/b").allocatedByteCount == 0 && c.read(b, at: 59_990, count: 100) == Array(repeating: 0, count: 10))
        try c.write(b, at: 5000, [7, 7, 7])
        try c.truncate(b, to: 5001)
        try c.truncate(b, to: 5003)
        #expect(try c.read(b, at: 4999, count: 9) == [0, 7, 0, 0] && c.stat("/tmp/b").allocatedByteCount == 4096)
        #expect(failure { () throws(FileError) in try c.truncate(b, to: .max) } == .tooLarge && failure { () throws(FileError) in try c.write(b, at: .max - 1, [1]) } == .tooLarge)
        #expect(try c.read(b, at: .max - 10, count: 10) == [])
        var made = 0
        while failure({ () throws(FileError) in try c.makeDirectory("/tmp/d\(made)") }) == nil { made += 1 }
        #expect(made == 198 && failure { () throws(FileError) in try c.makeDirectory("/tmp/one more") } == .noSpace)
        #expect(try c.list("/tmp").count == 200)                                                      // several replies
        let v = try c.volume("/tmp/b")
        #expect(v.path == "/tmp" && v.byteCountTotal == 65536 && v.byteCountFree == 65536 - 11 * 4096 && v.nodeCount == 200)
        #expect(try c.volumes().map(\.path) == ["/system", "/tmp"] && failure { () throws(FileError) in try c.volume("/") } == .invalidArgument)
        #expect(w.memory.problem == nil)
    }
    @Test func sessionsEndWithTheirFiles() throws {
        let w = World(), a = w.client(), b = w.client()
        let f = try a.open("/tmp/f", [.write, .read, .create])
        try a.write(f, at: 0, Array(repeating: 3, count: 20_000))
        try b.remove("/tmp/f")
        #expect(try a.read(f, at: 19_999, count: 5) == [3] && w.memory.blockCountUsed == 5)          // open files outlive their name
        _ = try a.open("/system/fonts/Sans.ttf", .read)
        #expect(w.archive.openCount == 1)
        a.close()
        #expect(w.memory.blockCountUsed == 0 && w.archive.openCount == 0 && w.memory.problem == nil)
        #expect(failure { () throws(FileError) in try a.stat("/") } == .serviceGone)
        try b.writeFile("/tmp/many", [])
        for _ in 0..<FileLimits.openFilesMax { _ = try b.open("/tmp/many", .read) }
        #expect(failure { () throws(FileError) in try b.open("/tmp/many", .read) } == .tooManyOpen)
        #expect(failure { () throws(FileError) in try b.open("/tmp/unmade", [.write, .create]) } == .tooManyOpen && failure { () throws(FileError) in try b.stat("/tmp/unmade") } == .notFound)
    }
    @Test func largeDataGoesThroughSharedMemory() throws {
        let w = World(byteCount: 2 << 20), transport = DirectTransport(w.tree), c = FileClient(transport)
        let bytes = (0..<900_001).map { UInt8(truncatingIfNeeded: $0 &* 131 &+ $0 >> 9) }
        try c.writeFile("/tmp/a", bytes)
        try c.copy("/tmp/a", to: "/tmp/b")
        #expect(try c.readFile("/tmp/b", limit: 1 << 20) == bytes)
        #expect(failure { () throws(FileError) in try c.copy("/tmp/b", to: "/tmp/./b") } == .invalidArgument && failure { () throws(FileError) in try c.copy("/tmp/no", to: "/tmp/c") } == .notFound)
        #expect(transport.largestMessage < 200 && transport.memory?.count == FileClient.sharedByteCount)
        #expect(transport.session.openCount == 0)
    }
}
