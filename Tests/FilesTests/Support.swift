// The service's logic without a kernel: an archive from a table, a transport that calls a session directly.

import ABI
import FileClient
@testable import FileService

final class TableArchive: ArchiveSource {
    let files: [String: [UInt8]]
    private var open: [(name: FileName, memory: UnsafeMutableRawBufferPointer)] = []
    var openCount: Int { open.count }
    init(_ files: [String: [UInt8]]) {
        var all = files
        all["index"] = Array(files.keys.sorted().map { "\(files[$0]!.count) \($0)\n" }.joined().utf8)
        self.files = all
    }
    func open(_ name: FileName) -> UnsafeRawBufferPointer? {
        guard let bytes = files[String(decoding: name, as: UTF8.self)] else { return nil }
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 8)
        memory.copyBytes(from: bytes)
        open.append((name, memory))
        return UnsafeRawBufferPointer(rebasing: memory[0..<bytes.count])
    }
    func close(_ name: FileName) {
        guard let i = open.firstIndex(where: { $0.name == name }) else { return }
        open.remove(at: i).memory.deallocate()
    }
}

/// Every message goes through a session as it would through the channel.
final class DirectTransport: FileTransport {
    let session: FileSession
    var memory: UnsafeMutableRawBufferPointer?
    var now: UInt64 = 1_767_225_600_000_000_000
    private(set) var largestMessage = 0
    init(_ tree: FileTree) { session = FileSession(tree) }
    deinit { memory?.deallocate() }
    func exchange(_ message: [UInt8], withMemory: Bool) throws(FileError) -> [UInt8] {
        now += 1000
        let answer = session.handle(message, now: now) {
            guard withMemory, let memory else { return .failure(.invalidArgument) }
            return .success(memory)
        }
        guard case .reply(let bytes) = answer else { throw .serviceGone }
        largestMessage = max(largestMessage, max(bytes.count, message.count))
        return bytes
    }
    func makeMemory(byteCount: Int) throws(FileError) -> UnsafeMutableRawBufferPointer {
        let made = UnsafeMutableRawBufferPointer.allocate(byteCount: byteCount, alignment: 8)
        for i in 0..<byteCount { made[i] = 0xA5 }
        memory = made
        return made
    }
    func close() { session.end() }
}

struct World {
    let archive = TableArchive(["boot.conf": Array("url=http://a/\n".utf8), "fonts/Sans.ttf": Array(repeating: 7, count: 5000), "fonts/Mono.ttf": [1, 2, 3], "empty": []])
    let memory: MemoryVolume
    let tree: FileTree
    init(byteCount: Int = 64 << 10, nodeCountMax: Int = 200) {
        memory = MemoryVolume(byteCount: byteCount, nodeCountMax: nodeCountMax)
        tree = FileTree([("system", ArchiveVolume(archive)), ("tmp", memory)])
    }
    func client() -> FileClient { FileClient(DirectTransport(tree)) }
}

/// The error of a call; nil when it succeeded.
func failure<T>(_ body: () throws(FileError) -> T) -> FileError? {
    do throws(FileError) { _ = try body(); return nil } catch { return error }
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
