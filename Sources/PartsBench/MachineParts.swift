// The whole desktop measured: virtual seconds a second of processor time, idle and busy, and the page compressor on the memory that
// a real session leaves behind.

import Compression
import Foundation
import Machine
import Terrarium

struct MachineParts {
    let image: SystemImage
    let progress: (String) -> Void
    static let frameByteCount = GuestRAM.frameByteCount

    func run() throws -> [PartResult] {
        progress("desktop: loading a page")
        var configuration = SimulationConfiguration()
        configuration.network = .pages
        configuration.url = "http://10.0.2.2/python/library/stdtypes.html"
        let simulation = try Simulation(configuration, image: image)
        var loaded = 0
        simulation.onMark = { if $0.kind == 4 { loaded += 1 } }
        let busy = processorSeconds { simulation.run(until: .predicate { loaded > 0 || simulation.now > 20_000_000_000 }) }
        guard loaded > 0 else { throw TerrariumError(.failed, "the page did not load within 20 virtual seconds") }
        let busyVirtual = Double(simulation.now) * 1e-9, instructions = Double(simulation.instructionCount)
        simulation.run(nanoseconds: 3_000_000_000)
        progress("desktop: 1000 idle seconds")
        let start = simulation.now, before = simulation.instructionCount
        let idle = processorSeconds { simulation.run(nanoseconds: 1_000_000_000_000) }
        let idleVirtual = Double(simulation.now - start) * 1e-9
        var list = [
            PartResult("machine", "simulated_seconds_busy", busyVirtual / busy, "x", "higher", "boot, and a documentation page of 690 KiB loaded: \(String(format: "%.2f", busyVirtual)) s of virtual time"),
            PartResult("machine", "instructions_per_second_busy", instructions / busy / 1e6, "M/s", "higher", "program instructions in that time"),
            PartResult("machine", "simulated_seconds_idle", idleVirtual / idle, "x", "higher", "desktop with the page open, 1000 s; \(simulation.instructionCount - before) instructions"),
        ]
        progress("page compression")
        list += compression(simulation)
        return list
    }

    private func compression(_ simulation: Simulation) -> [PartResult] {
        let ram = simulation.machine.ram, size = MachineParts.frameByteCount
        var pages: [UnsafeMutableRawPointer] = []
        for frame in 0..<ram.frameCount {
            let p = ram.frameAddress(UInt32(frame))
            if memcmp(p, p + 8, size - 8) != 0 { pages.append(p) }      // the kernel keeps filled pages as one number
        }
        let codec = LZ4Codec()
        let packed = UnsafeMutableRawPointer.allocate(byteCount: size * max(1, pages.count), alignment: 16)
        let page = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)
        defer { packed.deallocate(); page.deallocate() }
        var sizes: [Int?] = []
        let compress = bestSeconds(of: 3) {
            sizes = []
            for (i, p) in pages.enumerated() { sizes.append(codec.compress(p, count: size, into: packed + i * size, capacity: size)) }
        }
        var isEqual = true
        let compressible = Double(sizes.filter { $0 != nil }.count * size)
        let decompress = bestSeconds(of: 3) {
            for (i, n) in sizes.enumerated() { if let n { isEqual = LZ4Codec.decompress(packed + i * size, count: n, into: page, capacity: size) == size && isEqual } }
        }
        let copy = bestSeconds(of: 3) { for p in pages { page.copyMemory(from: p, byteCount: size) } }
        let bytes = Double(pages.count * size), stored = Double(sizes.reduce(0) { $0 + ($1 ?? size) })
        var list = [
            PartResult("compression", "lz4_compress", bytes / compress / 1e6, "MB/s", "higher", "\(pages.count) pages of that desktop" + (isEqual ? "" : "; WRONG: pages do not come back")),
            PartResult("compression", "lz4_decompress", compressible / decompress / 1e6, "MB/s", "higher", "back again"),
            PartResult("compression", "lz4_ratio", bytes / max(1, stored), "x", "higher", "bytes over compressed bytes"),
            PartResult("compression", "copy_bound", bytes / copy / 1e6, "MB/s", "none", "bound: memory copy of the same pages"),
        ]
        list += peer(pages)
        return list
    }

    /// The `lz4` tool's own benchmark on the same pages, in blocks of 64 KiB.
    private func peer(_ pages: [UnsafeMutableRawPointer]) -> [PartResult] {
        var data = Data()
        for p in pages { data.append(p.assumingMemoryBound(to: UInt8.self), count: MachineParts.frameByteCount) }
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("terrarium-bench-\(getpid()).ram").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        guard FileManager.default.createFile(atPath: path, contents: data), let text = Peer.run("lz4", ["-b1", "-i1", "-B4", path]) else { return [] }
        // "… -> 12345 (2.345), 512.3 MB/s , 2345.6 MB/s": the last such line counts.
        let line = text.split(whereSeparator: { $0 == "\r" || $0 == "\n" }).last { $0.contains("->") && $0.contains("MB/s") } ?? ""
        let after = line.components(separatedBy: "->").last ?? ""
        let numbers = after.split(whereSeparator: { !($0.isNumber || $0 == ".") }).compactMap { Double($0) }
        guard numbers.count >= 4 else { return [] }
        return [
            PartResult("compression", "lz4_peer_compress", numbers[2], "MB/s", "none", "peer: lz4 -b1 -B4, the same pages"),
            PartResult("compression", "lz4_peer_decompress", numbers[3], "MB/s", "none", "peer: back again"),
            PartResult("compression", "lz4_peer_ratio", numbers[1], "x", "none", "peer: bytes over compressed bytes"),
        ]
    }
}
