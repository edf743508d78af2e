// What the processor costs: metering, system calls, faults, clones. Real programs from Tests/Programs, wall-clock
// medians; printed by `make bench`, never asserted.

import Foundation
import Machine

/// One measured number.
public struct Measurement: Sendable {
    public let name: String, unit: String
    public let value: Double
    public let note: String
}

public struct CPUBenchmarks {
    let builder: ProgramBuilder, plain: ProgramBuilder
    let root: String

    /// Builds what it measures into `output`.
    public init(root: String, output: String) throws(BuildError) {
        self.root = root
        builder = try ProgramBuilder(root: root, output: output)
        plain = try ProgramBuilder(root: root, output: output, isMetered: false)
    }

    public func run() throws(BuildError) -> [Measurement] {
        var list = try metering()
        list.append(try systemCall())
        list += try faults()
        list += try clones()
        return list
    }

    // MARK: Measurements

    private func metering() throws(BuildError) -> [Measurement] {
        var list: [Measurement] = []
        for name in ["bench-fib", "bench-sieve", "bench-words"] {
            let isSwift = name == "bench-words"
            let file = "\(root)/Tests/Programs/\(name)"
            let metered = try seconds(isSwift ? builder.build(swiftFile: file + ".swift", name: name) : builder.build(wat: file + ".wat", name: name))
            let bare = try seconds(isSwift ? plain.build(swiftFile: file + ".swift", name: name) : plain.build(wat: file + ".wat", name: name))
            list.append(Measurement(name: "metering_overhead_\(name.dropFirst(6))", unit: "x", value: metered.seconds / bare.seconds, note: "metered over unmetered run time"))
            list.append(Measurement(name: "instructions_per_second_\(name.dropFirst(6))", unit: "M/s", value: Double(metered.instructions) / metered.seconds / 1e6, note: "WebAssembly instructions of the metered program"))
        }
        return list
    }

    private func seconds(_ built: BuiltProgram) throws(BuildError) -> (seconds: Double, instructions: UInt64) {
        var best: (seconds: Double, instructions: UInt64) = (.infinity, 0)
        for _ in 0..<3 {
            let bench = try Bench(built, megabytes: 64)
            let task = try bench.start(entering: false)
            bench.instructions = 0
            let elapsed = try bench.time { bench.run(task) }
            if elapsed < best.seconds { best = (elapsed, bench.instructions) }
        }
        return best
    }

    private func systemCall() throws(BuildError) -> Measurement {
        let bench = try Bench(builder.build(wat: root + "/Tests/Programs/calls.wat", name: "calls"), megabytes: 4)
        let task = try bench.start(entering: false)
        let count = 1_000_000
        let elapsed = try bench.time {
            var consumed: UInt64 = 0
            for _ in 0..<count {
                _ = bench.cpu.run(task: task, budget: 1 << 40, consumed: &consumed)
                bench.cpu.setSystemCallResult(task: task, 0)
            }
        }
        return Measurement(name: "system_call", unit: "ns", value: elapsed * 1e9 / Double(count), note: "out of the program and back, without a kernel")
    }

    private func faults() throws(BuildError) -> [Measurement] {
        let built = try builder.build(wat: root + "/Tests/Programs/touch-all.wat", name: "touch-all")
        let bench = try Bench(built, megabytes: 80)
        let task = try bench.start(entering: false)
        let zero = try bench.time { bench.run(task) }
        let faults = Double(bench.faultCount)
        bench.cpu.parkTask(task)
        _ = bench.cpu.begin(task: task, entry: .start)
        let before = CPU.lazyFaultCount
        let again = try bench.time { bench.run(task) }
        let lazy = Double(max(1, CPU.lazyFaultCount - before))
        return [
            Measurement(name: "fault_demand_zero", unit: "us", value: zero * 1e6 / faults, note: "fault, clear 64 KiB, map, resume"),
            Measurement(name: "fault_remap", unit: "us", value: again * 1e6 / lazy, note: "a woken task's fault that maps up to 16 pages"),
        ]
    }

    private func clones() throws(BuildError) -> [Measurement] {
        let built = try builder.build(wat: root + "/Tests/Programs/touch-all.wat", name: "touch-all")
        let bench = try Bench(built, megabytes: 160)
        let task = try bench.start(entering: false)
        bench.run(task)
        var total = 0.0, copies = 0.0
        let count = 50
        for _ in 0..<count {
            var copy = -1
            total += try bench.time { copy = bench.clone(task, pages: 256) }
            _ = bench.cpu.begin(task: copy, entry: .start)
            bench.faultCount = 0
            copies += try bench.time { bench.runUntilFaults(copy, 64) } / Double(max(1, bench.faultCount))
            bench.cpu.destroyTask(copy)
            bench.nextFrame -= UInt32(bench.faultCount)
        }
        return [
            Measurement(name: "clone_16_MiB", unit: "us", value: total * 1e6 / Double(count), note: "copy registers and table, share 256 pages copy-on-write"),
            Measurement(name: "fault_copy_on_write", unit: "us", value: copies * 1e6 / Double(count), note: "fault, copy 64 KiB, map, resume"),
        ]
    }
}

/// A kernel of a few lines that only serves pages.
private final class Bench {
    let ram: GuestRAM
    let cpu: CPU
    var nextFrame: UInt32 = 0
    var frames: [[UInt32: UInt32]] = []
    var faultCount = 0
    var instructions: UInt64 = 0
    private let program: Int

    init(_ built: BuiltProgram, megabytes: Int) throws(BuildError) {
        do throws(MachineError) {
            ram = try GuestRAM(byteCount: megabytes << 20)
            cpu = CPU(ram: ram)
            program = cpu.addProgram(try Program.load(built.sharedObjectPath))
        } catch { throw BuildError(error.message) }
    }

    func start(entering: Bool) throws(BuildError) -> Int {
        let task = cpu.createTask(program: program)
        guard task >= 0, cpu.begin(task: task, entry: .instantiate) else { throw BuildError("The benchmark's task cannot be created.") }
        frames.append([:])
        run(task)
        guard cpu.begin(task: task, entry: .start) else { throw BuildError("The benchmark's program does not start.") }
        return task
    }

    func time(_ body: () -> Void) throws(BuildError) -> Double {
        let clock = ContinuousClock()
        let d = clock.measure(body)
        return Double(d.components.seconds) + Double(d.components.attoseconds) * 1e-18
    }

    func run(_ task: Int) { runUntilFaults(task, .max) }

    func runUntilFaults(_ task: Int, _ limit: Int) {
        while faultCount < limit {
            var consumed: UInt64 = 0
            let exit = cpu.run(task: task, budget: 1 << 40, consumed: &consumed)
            instructions += consumed
            switch exit {
            case .finished, .trap: return
            case .outOfFuel: continue
            case .systemCall: cpu.setSystemCallResult(task: task, 0)
            case .pageFault(let page, _):
                faultCount += 1
                serve(task, page)
            }
        }
    }

    private func serve(_ task: Int, _ page: UInt32) {
        let new = nextFrame
        nextFrame += 1
        if let old = frames[task][page] {
            ram.frameAddress(new).copyMemory(from: ram.frameAddress(old), byteCount: 65536)
        } else {
            memset(ram.frameAddress(new), 0, 65536)
        }
        frames[task][page] = new
        cpu.map(task: task, page: page, frame: new, writable: true)
    }

    func clone(_ task: Int, pages: UInt32) -> Int {
        let copy = cpu.cloneTask(task)
        if copy >= frames.count { frames.append([:]) }
        frames[copy] = frames[task]
        cpu.mapRange(task: task, page: 0, firstFrame: frames[task][0]!, count: pages, writable: false)
        cpu.mapRange(task: copy, page: 0, firstFrame: frames[task][0]!, count: pages, writable: false)
        return copy
    }
}
