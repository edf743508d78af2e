// What the kernel's services cost the host: a whole machine runs Tests/Programs/bench-kernel.swift, which marks the beginning
// and the end of each loop; the host looks at its clock at each mark.

import CBounds
import Foundation
import Machine
import ProgramBuilder
import Terrarium

struct KernelParts {
    private let root: String, builder: ProgramBuilder

    init(root: String, scratch: String) throws {
        self.root = root
        builder = try ProgramBuilder(root: root, output: scratch)
    }

    func run() throws -> [PartResult] {
        var best: [Int64: Double] = [:]
        let image = try image()
        for _ in 0..<3 { for (what, seconds) in try session(image) { best[what] = min(best[what] ?? .infinity, seconds) } }
        let signal = terrarium_bound_signal(), map = terrarium_bound_map(), clear = terrarium_bound_clear(), copy = terrarium_bound_copy()
        func row(_ what: Int64, _ name: String, _ unit: String, _ note: String) -> PartResult {
            PartResult("kernel", name, (best[what] ?? 0) * (unit == "ns" ? 1e9 : 1e6), unit, "lower", note)
        }
        func bound(_ name: String, _ seconds: Double, _ unit: String, _ note: String) -> PartResult {
            PartResult("kernel", name, seconds * (unit == "ns" ? 1e9 : 1e6), unit, "none", note)
        }
        return [
            row(1, "kernel_system_call", "ns", "getPID: program, kernel, program"),
            bound("kernel_system_call_host", terrarium_bound_system_call(), "ns", "peer: getppid of the host"),
            row(3, "context_switch", "ns", "a message from process to process through a channel: send, wait, wake, receive"),
            bound("context_switch_host", terrarium_bound_pipe(), "ns", "peer: a byte from process to process of the host through a pipe, on one processor"),
            row(2, "kernel_fault_demand_zero", "us", "first write to a page"),
            bound("kernel_fault_demand_zero_bound", signal + map + clear, "us", "the host's parts alone: signal, map, clear"),
            row(5, "kernel_fault_copy_on_write", "us", "the original's first write to a page after a clone"),
            bound("kernel_fault_copy_on_write_bound", signal + map + copy, "us", "the host's parts alone: signal, map, copy"),
            row(6, "kernel_fault_remap", "us", "a clone's first read of a shared page; up to 16 pages with one fault"),
            bound("kernel_fault_remap_bound", (signal + map) / 16 + terrarium_bound_touch(), "us", "a sixteenth of signal and map, and the host's own fault"),
            row(4, "kernel_clone_16_MiB", "us", "the system call clone of a process with 16 MiB"),
            bound("kernel_clone_16_MiB_bound", terrarium_bound_reserve(), "us", "the host's part alone: addresses reserved and released"),
            bound("kernel_clone_16_MiB_host", terrarium_bound_fork(), "us", "peer: fork of a process with 16 MiB, in the parent"),
        ]
    }

    private func image() throws -> SystemImage {
        func entry(_ file: String, as name: String) throws -> ImageEntry {
            let built = try builder.build(swiftFile: "\(root)/Tests/Programs/\(file).swift", name: file)
            return ImageEntry(name: name, path: built.sharedObjectPath, hash: ContentHash.hex(built.contentHash))
        }
        return SystemImage(directory: FileManager.default.temporaryDirectory,
                           programs: [try entry("bench-kernel", as: "init"), try entry("bench-echo", as: "bench-echo")], files: [], pagesHash: "")
    }

    /// The least seconds for one of what each pair of marks encloses.
    private func session(_ image: SystemImage) throws -> [Int64: Double] {
        var c = SimulationConfiguration()
        c.ramByteCount = 128 << 20
        c.network = .none
        let simulation = try Simulation(c, image: image)
        var begun: [Int64: Double] = [:], best: [Int64: Double] = [:]
        var isDone = false
        simulation.onMark = { mark in
            let now = terrarium_thread_seconds()
            if mark.a == 9 { isDone = true; return }
            if mark.b == 0 { begun[mark.a] = now } else if let start = begun[mark.a] {
                best[mark.a] = min(best[mark.a] ?? .infinity, (now - start) / Double(mark.b))
            }
        }
        simulation.run(until: .predicate { isDone || simulation.now > 60_000_000_000 })
        guard isDone else { throw TerrariumError(.failed, "the kernel's benchmark did not end: \(simulation.consoleText)") }
        return best
    }
}
