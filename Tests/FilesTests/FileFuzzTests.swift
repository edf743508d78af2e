// The protocol's bytes, hostile messages, and the whole service against a dictionary.

import Testing
import ABI
import FileClient
import Foundation
@testable import FileService

@Suite struct FileProtocolTests {
    static let requests: [FileRequest] = [
        .attach, .open(path: "/tmp/ä", flags: [.read, .write, .create]), .close(file: 7), .readInline(file: 1, position: .max, byteCount: 9),
        .readShared(file: 2, position: 1 << 40, offset: 5, byteCount: 6), .writeInline(file: 3, position: 4, bytes: [1, 2, 3]), .writeInline(file: 3, position: 4, bytes: []),
        .writeShared(file: 3, position: 8, offset: 9, byteCount: 10), .stat(path: ""), .list(path: "/", after: "b"), .makeDirectory(path: "d"), .remove(path: "r"),
        .rename(from: "a", to: "b"), .truncate(file: 4, byteCount: 1 << 50), .volume(path: "/tmp"), .unknown(kind: 99, payload: [1, 2]),
    ]
    static let replies: [(FileRequestKind, FileReply)] = {
        var a = FileAttributes()
        a.kindValue = 9; a.volume = 2; a.node = 3; a.byteCount = 1 << 40; a.modified = .max; a.allocatedByteCount = 4096
        var v = VolumeRecord()
        v.path = "/tmp"; v.description = "memory"; v.isReadOnly = true; v.byteCountTotal = 10; v.byteCountFree = 4; v.nodeCount = 3
        return [(.attach, .done), (.open, .opened(file: 8, a)), (.read, .data([])), (.read, .data([1, 2])), (.write, .count(5)), (.stat, .attributes(a)),
                (.list, .entries([], isLast: true)), (.list, .entries([DirectoryEntry(name: "é", kindValue: 2, byteCount: 7)], isLast: false)), (.volume, .volume(v))]
    }()
    /// What was emitted is found again in a buffer that was full of something else.
    func inDirt(_ bytes: [UInt8]) -> [UInt8] {
        var dirty = [UInt8](repeating: 0xA5, count: Limits.messageByteCountMax)
        dirty.replaceSubrange(0..<bytes.count, with: bytes)
        return Array(dirty[0..<bytes.count])
    }
    @Test func roundTrips() throws {
        for (i, r) in Self.requests.enumerated() {
            let view = try #require(FileMessageView(inDirt(r.emit(id: UInt32(i)))))
            #expect(view.id == UInt32(i) && view.errorValue == 0 && FileRequest.parse(view) == r)
        }
        for (kind, r) in Self.replies {
            let view = try #require(FileMessageView(inDirt(r.emit(kind: kind.rawValue, id: 5))))
            #expect(try FileReply.parse(view)?.get() == r)
        }
        for e in FileError.allCases {
            let view = try #require(FileMessageView(inDirt(FileReply.emit(e, kind: 2, id: 1))))
            #expect(FileReply.parse(view) == .failure(e) && !e.name.isEmpty)
        }
        #expect(FileReply.parse(FileMessageView([130, 200, 0, 0, 1, 0, 0, 0])!) == .failure(.unknown))
        #expect(Set(FileError.allCases.map(\.name)).count == FileError.allCases.count)
    }
    /// A message cut short is no message, except where its last field is "the rest".
    @Test func cutMessagesAreRefused() {
        for r in Self.requests {
            let whole = r.emit(id: 1)
            for n in 0..<whole.count {
                let parsed = FileMessageView(Array(whole[0..<n])).flatMap { FileRequest.parse($0) }
                switch r {
                case .writeInline, .unknown: break
                default: #expect(parsed == nil)
                }
            }
        }
    }
    @Test func hostileMessages() {
        let w = World(), session = FileSession(w.tree)
        var random = Random(6), brokenCount = 0, errors: Set<UInt8> = []
        for round in 0..<20_000 {
            var bytes = Self.requests[random.next(Self.requests.count)].emit(id: UInt32(round))
            for _ in 0..<random.next(4) where !bytes.isEmpty { bytes[random.next(bytes.count)] = UInt8(random.next(256)) }
            if random.next(4) == 0 { bytes.removeLast(random.next(bytes.count + 1)) }
            switch session.handle(bytes, now: 1, attach: { .failure(.invalidArgument) }) {
            case .broken: brokenCount += 1
            case .reply(let reply):
                // An answer always comes to what was asked, and fits a message.
                #expect(reply.count <= Limits.messageByteCountMax && reply[0] == bytes[0] | 128 && Array(reply[4..<8]) == Array(bytes[4..<8]))
                errors.insert(reply[1])
            }
            #expect(session.openCount <= FileLimits.openFilesMax)
        }
        #expect(brokenCount > 100 && errors.count > 8, "\(brokenCount) broken, errors \(errors.sorted())")
        #expect(w.memory.problem == nil)
        session.end()
        #expect(w.archive.openCount == 0 && w.memory.problem == nil)
    }
    @Test func sharedMemoryIsBounded() throws {
        let w = World(), session = FileSession(w.tree)
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: 8192, alignment: 8)
        defer { memory.deallocate() }
        memory.initializeMemory(as: UInt8.self, repeating: 0xA5)
        func ask(_ r: FileRequest) throws -> Result<FileReply, FileError> {
            guard case .reply(let b) = session.handle(r.emit(id: 1), now: 1, attach: { .success(memory) }), let view = FileMessageView(b), let reply = FileReply.parse(view) else { throw FileError.unknown }
            return reply
        }
        guard case .success(.opened(let file, _)) = try ask(.open(path: "/tmp/f", flags: [.read, .write, .create])) else { Issue.record("not opened"); return }
        #expect(try ask(.writeShared(file: file, position: 0, offset: 0, byteCount: 1)) == .failure(.invalidArgument))       // nothing attached
        #expect(try ask(.attach) == .success(.done) && ask(.attach) == .failure(.alreadyExists))
        for (offset, count) in [(UInt32(8192), UInt32(1)), (0, 8193), (.max, .max), (8000, 193)] {
            #expect(try ask(.readShared(file: file, position: 0, offset: offset, byteCount: count)) == .failure(.invalidArgument))
            #expect(try ask(.writeShared(file: file, position: 0, offset: offset, byteCount: count)) == .failure(.invalidArgument))
        }
        #expect(try ask(.writeShared(file: file, position: 0, offset: 8000, byteCount: 192)) == .success(.count(192)))
        #expect(try ask(.readShared(file: file, position: 190, offset: 0, byteCount: 100)) == .success(.count(2)))
        #expect(try ask(.readInline(file: file, position: 0, byteCount: 4033)) == .failure(.tooLarge))
        #expect(memory[0] == 0xA5 && memory[2] == 0xA5)
    }
}

/// Random operations on the service and on a dictionary of what it should hold.
@Suite struct FileModelTests {
    struct Model {
        /// Full path to content; nil is a directory.
        var nodes: [String: [UInt8]?] = ["/tmp": nil]
        func isDirectory(_ p: String) -> Bool { if case .some(.none) = nodes[p] { return true }; return false }
        func parent(_ p: String) -> String { String(p[..<p.lastIndex(of: "/")!]) }
        func hasChildren(_ p: String) -> Bool { nodes.keys.contains { $0.hasPrefix(p + "/") } }
        func blocks() -> Int { nodes.values.reduce(0) { $0 + (($1?.count ?? 0) + 4095) / 4096 } }
        /// What looking a path up must answer; nil when it is there.
        func lookup(_ p: String) -> FileError? {
            if nodes[p] != nil { return nil }
            var at = "/tmp"
            for part in p.split(separator: "/").dropFirst() {
                if !isDirectory(at) { return .notADirectory }
                at += "/" + part
                if nodes[at] == nil { return .notFound }
            }
            return nil
        }
    }
    /// What differs first; nil when nothing does. `hasCanary` makes the model wrong now and then.
    static func run(seed: UInt64, steps: Int, hasCanary: Bool = false) throws -> String? {
        let w = World(byteCount: 128 << 10), c = w.client()
        var random = Random(seed), model = Model()
        let names = ["a", "b", "c"]
        func path() -> String {
            var p = "/tmp"
            for _ in 0...random.next(3) { p += "/" + names[random.next(names.count)] }
            return p
        }
        for step in 0..<steps {
            let p = path(), q = path()
            var got: FileError?, expected: FileError?, what = ""
            switch random.next(7) {
            case 0, 1:
                what = "write \(p)"
                let bytes = (0..<random.next(9000)).map { UInt8(truncatingIfNeeded: $0 &+ step) }
                got = failure { () throws(FileError) in try c.writeFile(p, bytes) }
                expected = model.lookup(p)
                if expected == .notFound { expected = model.lookup(model.parent(p)) ?? (model.isDirectory(model.parent(p)) ? nil : .notADirectory) }
                if expected == nil && model.isDirectory(p) { expected = .isADirectory }
                if expected == nil { model.nodes[p] = .some(hasCanary && bytes.count > 4500 ? bytes.dropLast() : bytes) }
            case 2:
                what = "mkdir \(p)"
                got = failure { () throws(FileError) in try c.makeDirectory(p) }
                expected = model.nodes[p] != nil ? .alreadyExists : model.lookup(model.parent(p)) ?? (model.isDirectory(model.parent(p)) ? nil : .notADirectory)
                if expected == nil { model.nodes[p] = .some(nil) }
            case 3:
                what = "remove \(p)"
                got = failure { () throws(FileError) in try c.remove(p) }
                expected = model.lookup(p) ?? (model.hasChildren(p) ? .notEmpty : nil)
                if expected == nil { model.nodes.removeValue(forKey: p) }
            case 4:
                what = "rename \(p) \(q)"
                got = failure { () throws(FileError) in try c.rename(p, to: q) }
                expected = model.lookup(p)
                if expected == nil && q.hasPrefix(p + "/") { expected = .invalidArgument }
                if expected == nil { expected = model.lookup(model.parent(q)) ?? (model.isDirectory(model.parent(q)) ? nil : .notADirectory) }
                if expected == nil && p != q && model.nodes[q] != nil {
                    if model.isDirectory(q) != model.isDirectory(p) { expected = model.isDirectory(q) ? .isADirectory : .notADirectory } else if model.hasChildren(q) { expected = .notEmpty }
                }
                if expected == nil && p != q {
                    model.nodes.removeValue(forKey: q)
                    for (k, v) in model.nodes where k == p || k.hasPrefix(p + "/") {
                        model.nodes.removeValue(forKey: k)
                        model.nodes[q + k.dropFirst(p.count)] = .some(v)
                    }
                }
            case 5:
                what = "patch \(p)"
                guard case .some(.some(var bytes)) = model.nodes[p] else { continue }
                let at = random.next(9000), patch = Array(repeating: UInt8(step & 255), count: 1 + random.next(3000)), size = random.next(9000)
                got = failure { () throws(FileError) in
                    let f = try c.open(p, .write)
                    try c.truncate(f, to: UInt64(size))
                    try c.write(f, at: UInt64(at), patch)
                    try c.close(f)
                }
                bytes = Array(bytes.prefix(size)) + Array(repeating: 0, count: max(0, max(size, at + patch.count) - bytes.prefix(size).count))
                bytes.replaceSubrange(at..<at + patch.count, with: patch)
                model.nodes[p] = .some(bytes)
            default:
                what = "read \(p)"
                let bytes = try? c.readFile(p, limit: 1 << 20)
                if case .some(.some(let expectedBytes)) = model.nodes[p] { if bytes != expectedBytes { return "step \(step): \(what) differs" } } else if bytes != nil { return "step \(step): \(what) is there" }
            }
            if got != expected { return "step \(step): \(what): \(got?.name ?? "done"), expected \(expected?.name ?? "done")" }
            if let problem = w.memory.problem { return "step \(step): \(what): \(problem)" }
        }
        // Everything, once more, through listings.
        for (p, content) in model.nodes {
            if let content { if try c.readFile(p, limit: 1 << 20) != content { return "end: \(p) differs" } } else {
                let expected = model.nodes.keys.filter { $0.hasPrefix(p + "/") && !$0.dropFirst(p.count + 1).contains("/") }.map { String($0.dropFirst(p.count + 1)) }.sorted()
                if try c.list(p).map(\.name) != expected { return "end: listing of \(p) differs" }
            }
        }
        return nil
    }
    @Test func serviceEqualsModel() throws {
        for seed in UInt64(1)...6 { #expect(try Self.run(seed: seed, steps: 400) == nil, "seed \(seed)") }
        #expect(try Self.run(seed: 1, steps: 400, hasCanary: true) != nil)
    }
}
