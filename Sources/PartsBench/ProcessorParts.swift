// What the processor costs: programs metered, unmetered and compiled natively from the same Swift source; system calls,
// faults and clones beside what the host takes for their parts. Processor time, the least of many runs.

import CBounds
import Foundation
import Machine
import ProgramBuilder
import Terrarium

struct ProcessorParts {
    private let root: String, scratch: String
    private let metered: ProgramBuilder, bare: ProgramBuilder
    let progress: (String) -> Void
    static let programs = [("calls", "integers and calls"), ("memory", "loops over memory"), ("objects", "allocation"), ("words", "strings and a dictionary")]

    init(root: String, scratch: String, progress: @escaping (String) -> Void) throws {
        self.root = root
        self.scratch = scratch
        self.progress = progress
        metered = try ProgramBuilder(root: root, output: scratch)
        bare = try ProgramBuilder(root: root, output: scratch, isMetered: false)
    }

    func run() throws -> [PartResult] {
        var list: [PartResult] = []
        for (name, what) in ProcessorParts.programs { list += try program(name, what) }
        progress("processor: calls, faults, clones")
        list += try systemCall()
        list += try faults()
        list += try clones()
        return list
    }

    private func row(_ name: String, _ value: Double, _ unit: String, _ note: String) -> PartResult { PartResult("processor", name, value, unit, unit == "M/s" ? "higher" : "lower", note) }
    private func bound(_ name: String, _ value: Double, _ unit: String, _ note: String) -> PartResult { PartResult("processor", name, value, unit, "none", note) }
    private func path(_ name: String) -> String { "\(root)/Tests/Programs/\(name)" }

    // MARK: Programs

    private func program(_ name: String, _ what: String) throws -> [PartResult] {
        progress("processor: \(what)")
        let file = path("bench-\(name).swift")
        let withMeter = try metered.build(swiftFile: file, name: "bench-\(name)"), without = try bare.build(swiftFile: file, name: "bench-\(name)")
        let native = try metered.buildNative(swiftFiles: [file, path("bench-native.swift")], name: "bench-\(name)")
        // In turns, so that what disturbs the host disturbs all of them.
        var best = (metered: Double.infinity, bare: Double.infinity, native: Double.infinity)
        var results: [Int64?] = [], instructions: UInt64 = 0
        for _ in 0..<5 {
            let a = try time(withMeter), b = try time(without), c = try time(native: native)
            best = (min(best.metered, a.seconds), min(best.bare, b.seconds), min(best.native, c.seconds))
            results = [a.result, b.result, c.result]
            instructions = a.instructions
        }
        guard results.allSatisfy({ $0 != nil && $0 == results[0] }) else { throw TerrariumError(.failed, "bench-\(name) gives different results metered, unmetered and natively: \(results)") }
        return [
            row("program_\(name)_metered", best.metered * 1e3, "ms", "\(what); \(instructions) instructions"),
            bound("program_\(name)_unmetered", best.bare * 1e3, "ms", "the same module without metering"),
            bound("program_\(name)_native", best.native * 1e3, "ms", "the same source by swiftc -O for the host"),
            row("metering_overhead_\(name)", best.metered / best.bare, "x", "metered over unmetered"),
            row("overhead_over_native_\(name)", best.metered / best.native, "x", "metered over native Swift"),
            row("instructions_per_second_\(name)", Double(instructions) / best.metered / 1e6, "M/s", "WebAssembly instructions"),
        ]
    }
    private func time(_ built: BuiltProgram) throws -> (seconds: Double, result: Int64?, instructions: UInt64) {
        var best = (seconds: Double.infinity, result: Int64?.none, instructions: UInt64(0))
        for _ in 0..<4 {
            let kernel = try BenchKernel(built, megabytes: 32)
            let task = try kernel.create()
            var result: Int64?
            let seconds = processorSeconds { result = kernel.run(task) }
            if seconds < best.seconds { best = (seconds, result, kernel.instructions) }
        }
        return best
    }
    private func time(native path: String) throws -> (seconds: Double, result: Int64?) {
        let words = (Peer.run(path, ["4"]) ?? "").split(whereSeparator: { $0.isWhitespace })
        guard words.count == 2, let nanoseconds = Double(words[1]) else { throw TerrariumError(.failed, "\(path) does not run") }
        return (nanoseconds * 1e-9, Int64(words[0]))
    }

    // MARK: System calls, faults, clones

    private func systemCall() throws -> [PartResult] {
        let kernel = try BenchKernel(metered.build(wat: path("calls.wat"), name: "calls"), megabytes: 4)
        let task = try kernel.create()
        let count = 100_000
        var best = Double.infinity
        for _ in 0..<9 {
            best = min(best, processorSeconds {
                var consumed: UInt64 = 0
                for _ in 0..<count {
                    _ = kernel.cpu.run(task: task, budget: 1 << 40, consumed: &consumed)
                    kernel.cpu.setSystemCallResult(task: task, 0)
                }
            })
        }
        return [
            row("system_call", best * 1e9 / Double(count), "ns", "out of the program and back, without a kernel"),
            bound("system_call_host", terrarium_bound_system_call() * 1e9, "ns", "peer: getppid of the host"),
        ]
    }

    private func faults() throws -> [PartResult] {
        let built = try metered.build(wat: path("touch-all.wat"), name: "touch-all")
        var zero = Double.infinity, again = Double.infinity, pages = 1.0
        for _ in 0..<5 {
            let kernel = try BenchKernel(built, megabytes: 80)
            let task = try kernel.create()
            let first = processorSeconds { kernel.run(task) }
            pages = Double(max(1, kernel.faultCount))
            zero = min(zero, first / pages)
            kernel.cpu.parkTask(task)
            _ = kernel.cpu.begin(task: task, entry: .start)
            again = min(again, processorSeconds { kernel.run(task) } / pages)
        }
        let signal = terrarium_bound_signal(), map = terrarium_bound_map(), clear = terrarium_bound_clear(), touch = terrarium_bound_touch()
        return [
            row("fault_demand_zero", zero * 1e6, "us", "fault, clear 64 KiB, map, resume"),
            bound("fault_demand_zero_bound", (signal + map + clear) * 1e6, "us", String(format: "the host's parts alone: signal %.1f, map %.1f, clear %.1f", signal * 1e6, map * 1e6, clear * 1e6)),
            row("fault_remap", again * 1e6, "us", "a page that comes back to a task that was parked; up to 16 with one fault"),
            bound("fault_remap_bound", ((signal + map) / 16 + touch) * 1e6, "us", String(format: "a sixteenth of signal and map, and the host's own fault %.1f", touch * 1e6)),
        ]
    }

    private func clones() throws -> [PartResult] {
        let kernel = try BenchKernel(metered.build(wat: path("touch-all.wat"), name: "touch-all"), megabytes: 160)
        let task = try kernel.create()
        kernel.run(task)
        let first = kernel.nextFrame
        var clone = Double.infinity, copy = Double.infinity, original = Double.infinity
        for _ in 0..<40 {
            var child = -1, consumed: UInt64 = 0
            clone = min(clone, processorSeconds { child = kernel.clone(task, pages: 256) })
            guard child >= 0, kernel.cpu.begin(task: child, entry: .start), kernel.cpu.begin(task: task, entry: .start) else { throw TerrariumError(.failed, "the measured program cannot be cloned") }
            original = min(original, processorSeconds { _ = kernel.cpu.run(task: task, budget: 0, consumed: &consumed) })
            kernel.faultCount = 0
            copy = min(copy, processorSeconds { kernel.run(child, faultLimit: 64) } / 64)
            kernel.cpu.destroyTask(child)
            // The original gets its pages back and writes to all of them, so that every clone finds them writable and mapped.
            kernel.cpu.mapRange(task: task, page: 0, firstFrame: kernel.frames[task][0] ?? 0, count: 256, writable: true)
            kernel.faultCount = 0
            kernel.run(task)
            kernel.nextFrame = first
        }
        let signal = terrarium_bound_signal(), map = terrarium_bound_map(), move = terrarium_bound_copy()
        return [
            row("clone_16_MiB", clone * 1e6, "us", "copy registers and table, share 256 pages copy-on-write"),
            row("clone_16_MiB_original", original * 1e6, "us", "once, when the original runs next: it may no longer write to 256 mapped pages"),
            bound("clone_16_MiB_bound", terrarium_bound_reserve() * 1e6, "us", "the host's part alone: addresses reserved and released"),
            bound("clone_16_MiB_host", terrarium_bound_fork() * 1e6, "us", "peer: fork of a process with 16 MiB, in the parent"),
            row("fault_copy_on_write", copy * 1e6, "us", "fault, copy 64 KiB, map, resume"),
            bound("fault_copy_on_write_bound", (signal + map + move) * 1e6, "us", String(format: "the host's parts alone: signal, map, copy %.1f", move * 1e6)),
        ]
    }
}
