import Foundation
import Testing
@testable import Compression

@Suite struct CompressionTests {
    static func samples() -> [(String, [UInt8])] {
        var x: UInt64 = 88172645463325252
        func random() -> UInt64 { x ^= x << 13; x ^= x >> 7; x ^= x << 17; return x }
        let text = Array(String(repeating: "<li class=\"toctree\"><a href=\"library/index.html\">The standard library</a></li>\n", count: 700).utf8.prefix(65536))
        var list: [(String, [UInt8])] = [
            ("empty", []), ("one", [7]), ("twelve", Array(repeating: 1, count: 12)), ("thirteen", Array(repeating: 1, count: 13)),
            ("zeros", [UInt8](repeating: 0, count: 65536)), ("text", Array(text)),
            ("random", (0..<65536).map { _ in UInt8(truncatingIfNeeded: random()) }),
            ("sparse", (0..<65536).map { $0 % 61 == 0 ? UInt8(truncatingIfNeeded: random()) : 0 }),
            ("pointers", (0..<8192).flatMap { i -> [UInt8] in let v = 0x0010_0000 + UInt32(i * 24); return (0..<4).map { UInt8(truncatingIfNeeded: v >> UInt32($0 * 8)) } + [0, 0, 0, UInt8(i & 3)] }),
        ]
        for i in 0..<40 {
            let n = Int(random() % 3000)
            let alphabet = 1 + random() % 9
            list.append(("mix\(i)", (0..<n).map { _ in UInt8(truncatingIfNeeded: random() % alphabet) }))
        }
        return list
    }
    func compress(_ bytes: [UInt8], capacity: Int) -> [UInt8]? {
        var out = [UInt8](repeating: 0xa5, count: capacity + 8)
        let n = bytes.withUnsafeBytes { s in out.withUnsafeMutableBytes { t in
            LZ4Codec().compress(s.baseAddress ?? UnsafeRawPointer(t.baseAddress!), count: s.count, into: t.baseAddress!, capacity: capacity)
        } }
        #expect(out.suffix(8).allSatisfy { $0 == 0xa5 })
        return n.map { Array(out.prefix($0)) }
    }
    func decompress(_ block: [UInt8], capacity: Int) -> [UInt8]? {
        var out = [UInt8](repeating: 0xa5, count: capacity + 16)
        let n = block.withUnsafeBytes { s in out.withUnsafeMutableBytes { t in
            LZ4Codec.decompress(s.baseAddress ?? UnsafeRawPointer(t.baseAddress!), count: s.count, into: t.baseAddress!, capacity: capacity)
        } }
        #expect(out.suffix(16).allSatisfy { $0 == 0xa5 })
        return n.map { Array(out.prefix($0)) }
    }
    @Test func roundTrip() {
        for (name, bytes) in CompressionTests.samples() {
            guard let block = compress(bytes, capacity: bytes.count + bytes.count / 255 + 16) else { Issue.record("\(name) did not fit"); continue }
            #expect(decompress(block, capacity: bytes.count) == bytes, "\(name)")
            if bytes.count == 65536, name != "random" { #expect(block.count < 48 * 1024, "\(name): \(block.count)") }
            if !bytes.isEmpty { #expect(decompress(block, capacity: bytes.count - 1) == nil) }
            #expect(compress(bytes, capacity: block.count) == block)
            #expect(compress(bytes, capacity: block.count - 1) == nil)
        }
    }
    /// Our blocks through Debian's `lz4`, and its blocks through our decoder, inside the frame format.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/lz4"))) func agreesWithTheReferenceTool() throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("lz4-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }
        func tool(_ arguments: [String]) throws -> Int32 {
            let p = Foundation.Process()
            p.executableURL = URL(fileURLWithPath: "/usr/bin/lz4")
            p.arguments = ["-q", "-f"] + arguments
            try p.run()
            p.waitUntilExit()
            return p.terminationStatus
        }
        for (name, bytes) in CompressionTests.samples() where !bytes.isEmpty {
            let plain = directory.appendingPathComponent(name), packed = directory.appendingPathComponent(name + ".lz4")
            let block = try #require(compress(bytes, capacity: bytes.count + bytes.count / 255 + 16))
            // Frame: magic, FLG (version 1, independent blocks, no checksums), BD (64 KiB), header checksum, block, end mark.
            if block.count < 65536 {
                var frame: [UInt8] = [0x04, 0x22, 0x4d, 0x18, 0x60, 0x40, 0x82]
                frame += (0..<4).map { UInt8(truncatingIfNeeded: block.count >> ($0 * 8)) }
                frame += block + [0, 0, 0, 0]
                try Data(frame).write(to: packed)
                #expect(try tool(["-d", packed.path, plain.path]) == 0, "\(name)")
                #expect(try Data(contentsOf: plain) == Data(bytes), "\(name)")
            }
            try Data(bytes).write(to: plain)
            #expect(try tool(["-9", "--no-frame-crc", "-B4", plain.path, packed.path]) == 0)
            let frame = [UInt8](try Data(contentsOf: packed))
            let at = 4 + 2 + (frame[4] & 0x08 != 0 ? 8 : 0) + 1
            let size = (0..<4).reduce(0) { $0 | Int(frame[at + $1]) << ($1 * 8) }
            if size < 0x8000_0000 { #expect(decompress(Array(frame[(at + 4)..<(at + 4 + size)]), capacity: 65536) == bytes, "\(name)") }
        }
    }
    @Test func damagedBlocksNeverEscapeTheirBuffers() {
        var x: UInt64 = 42
        func random() -> Int { x = x &* 6364136223846793005 &+ 1442695040888963407; return Int(x >> 33) }
        let block = compress(CompressionTests.samples()[5].1, capacity: 65536)!
        for _ in 0..<3000 {
            var bad = block
            for _ in 0..<(1 + random() % 4) { bad[random() % bad.count] = UInt8(random() & 255) }
            bad.removeLast(random() % 20)
            _ = decompress(bad, capacity: 65536)
            _ = decompress((0..<(random() % 200)).map { _ in UInt8(random() & 255) }, capacity: 500)
        }
    }
    @Test func poolPacksAndGivesBack() {
        var pool = CompressedPool()
        let memory = UnsafeMutableRawPointer.allocate(byteCount: 64 * 65536, alignment: 65536)
        let page = UnsafeMutableRawPointer.allocate(byteCount: 65536, alignment: 16)
        defer { memory.deallocate(); page.deallocate() }
        var x: UInt64 = 7
        var next: UInt32 = 0
        var freed: [UInt32] = []
        var live: [(slot: UInt32, bytes: [UInt8])] = []
        func random() -> Int { x = x &* 6364136223846793005 &+ 1442695040888963407; return Int(x >> 33) }
        for step in 0..<120 {
            if step % 3 < 2 || live.isEmpty {
                let noise = 1 + random() % 40
                let bytes = (0..<65536).map { $0 % 64 < noise ? UInt8(random() & 255) : 0 }
                page.copyMemory(from: bytes, byteCount: 65536)
                guard case .compressible(let n) = pool.classify(page) else { continue }
                let slot = pool.store(byteCount: n, address: { memory + Int($0) * 65536 }, newFrame: {
                    if let f = freed.popLast() { return f }
                    next += 1
                    return next <= 64 ? next - 1 : nil
                })
                if let slot { live.append((slot, bytes)) }
            } else {
                let (slot, bytes) = live.remove(at: random() % live.count)
                pool.load(slot, into: page) { memory + Int($0) * 65536 }
                #expect([UInt8](UnsafeRawBufferPointer(start: page, count: 65536)) == bytes)
                if let f = pool.remove(slot) { freed.append(f) }
            }
            #expect(pool.checkInvariants())
        }
        for (slot, _) in live { _ = pool.remove(slot) }
        #expect(pool.frameCount == 0 && pool.pageCount == 0 && pool.byteCount == 0)
    }
    @Test func runsOfChunks() {
        #expect(CompressedPool.run(0, 64) == 0)
        #expect(CompressedPool.run(.max, 1) == nil)
        #expect(CompressedPool.run(0x0fff_ffff_ffff_fff0, 4) == 0)
        #expect(CompressedPool.run(0x0fff_ffff_ffff_fff8, 4) == 60)
        #expect(CompressedPool.run(0x0fff_ffff_ffff_fff8, 5) == nil)
        #expect(CompressedPool.mask(60, 4) == 0xf000_0000_0000_0000 && CompressedPool.mask(0, 64) == .max)
    }
}
