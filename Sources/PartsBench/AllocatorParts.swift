// The programs' allocator beside wasi-libc's (dlmalloc) on the traces of Tests/Programs/bench-heap.swift: time, and
// fragmentation as the most memory held over the most bytes live.

import Foundation
import Machine
import ProgramBuilder
import Terrarium

struct AllocatorParts {
    private let own: BuiltProgram, other: BuiltProgram
    static let traces = [("replace", "40,000 blocks of mixed sizes, one replaced at a time"), ("pages", "a page's nodes and buffers, five pages one after the other"), ("doubling", "arrays that double, small blocks between")]

    init(root: String, scratch: String) throws {
        let file = "\(root)/Tests/Programs/bench-heap.swift"
        own = try ProgramBuilder(root: root, output: scratch).build(swiftFile: file, name: "bench-heap")
        other = try ProgramBuilder(root: root, output: scratch, hasOwnAllocator: false).build(swiftFile: file, name: "bench-heap-libc")
    }

    func run() throws -> [PartResult] {
        var list: [PartResult] = []
        for (i, (name, what)) in AllocatorParts.traces.enumerated() {
            let a = try measure(own, i), b = try measure(other, i)
            list += [
                PartResult("allocator", "allocator_\(name)", a.seconds * 1e3, "ms", "lower", what),
                PartResult("allocator", "allocator_\(name)_libc", b.seconds * 1e3, "ms", "none", "peer: dlmalloc of wasi-libc"),
                PartResult("allocator", "allocator_\(name)_instructions", Double(a.instructions), "count", "lower", "WebAssembly instructions"),
                PartResult("allocator", "allocator_\(name)_instructions_libc", Double(b.instructions), "count", "none", "peer"),
                PartResult("allocator", "fragmentation_\(name)", a.held / a.live, "x", "lower", String(format: "most held over most live, %.1f MB; held at the end %.1f MB", a.live * 1e-6, a.end * 1e-6)),
                PartResult("allocator", "fragmentation_\(name)_libc", b.held / b.live, "x", "none", String(format: "peer; held at the end %.1f MB", b.end * 1e-6)),
            ]
        }
        return list
    }

    private func measure(_ built: BuiltProgram, _ trace: Int) throws -> (seconds: Double, instructions: UInt64, held: Double, live: Double, end: Double) {
        var best = (seconds: Double.infinity, instructions: UInt64(0), held: 0.0, live: 1.0, end: 0.0)
        let size = Double(GuestRAM.frameByteCount)
        for _ in 0..<4 {
            let kernel = try BenchKernel(built, megabytes: 128)
            let task = try kernel.create(argument: Int64(trace))
            let before = kernel.heldPageCount
            var live: Int64?
            let seconds = processorSeconds { live = kernel.run(task) }
            guard let live, live > 0 else { throw TerrariumError(.failed, "the allocation trace \(trace) failed") }
            if seconds < best.seconds { best = (seconds, kernel.instructions, Double(kernel.heldPageCountMax - before) * size, Double(live), Double(kernel.heldPageCount - before) * size) }
        }
        return best
    }
}
