// The numbers of a running machine by name, as in reports (`--report`): for predicates and `--list-metrics`.

import ABI
import Kernel
import Machine

/// A number that can be read between any two turns of the machine.
public struct Metric {
    public let name: String
    public let help: String
    let read: (Simulation) -> Int64
}

public enum Metrics {
    private static func kernel(_ name: String, _ help: String, _ read: @escaping (KernelCounters) -> UInt64) -> Metric {
        Metric(name: "kernel." + name, help: help) { Int64(clamping: read($0.kernel.counters)) }
    }
    private static func memory(_ name: String, _ help: String, _ read: @escaping (MemoryRecord) -> UInt64) -> Metric {
        Metric(name: "memory." + name, help: help) { Int64(clamping: read($0.kernel.memoryRecord)) }
    }
    private static func other(_ name: String, _ help: String, _ read: @escaping (Simulation) -> UInt64) -> Metric {
        Metric(name: name, help: help) { Int64(clamping: read($0)) }
    }
    /// Those with a fixed name.
    public static var fixed: [Metric] {
        [
            memory("frames_total", "frames of 64 KiB in the machine") { UInt64($0.framesTotal) },
            other("memory.frames_free", "free frames") { UInt64($0.kernel.freeFrameCount) },
            memory("frames_process", "frames with private pages of processes") { UInt64($0.framesProcess) },
            memory("frames_shared", "frames of shared memory") { UInt64($0.framesShared) },
            memory("frames_compressed_pool", "frames that hold compressed pages") { UInt64($0.framesCompressedPool) },
            memory("frames_kernel", "frames of kernel, devices and boot archive") { UInt64($0.framesKernel) },
            memory("pages_compressed", "compressed pages of all processes") { UInt64($0.pagesCompressed) },
            memory("pages_swapped", "pages on the swap device") { UInt64($0.pagesSwapped) },
            memory("bytes_compressed", "bytes of compressed pages") { $0.bytesCompressed },
            memory("pressure_some_10s_per_mille", "time in which some process waited for memory, last 10 s") { UInt64($0.pressureSome10) },
            memory("pressure_full_10s_per_mille", "time in which all waited") { UInt64($0.pressureFull10) },
            kernel("system_calls", "system calls since boot") { $0.systemCalls },
            kernel("context_switches", "switches between processes") { $0.contextSwitches },
            kernel("faults", "page faults of processes") { $0.faults },
            kernel("messages", "messages sent over channels") { $0.messages },
            kernel("compressions", "pages compressed") { $0.compressions },
            kernel("decompressions", "pages decompressed") { $0.decompressions },
            kernel("swap_outs", "pages written to swap") { $0.swapOuts },
            kernel("swap_ins", "pages read back") { $0.swapIns },
            kernel("swap_errors", "failed transfers") { $0.swapErrors },
            kernel("freezes", "tabs frozen") { $0.freezes },
            kernel("hibernations", "tabs hibernated") { $0.hibernations },
            kernel("thaws", "tabs brought back") { $0.thaws },
            kernel("discards", "tabs discarded") { $0.discards },
            kernel("out_of_memory_kills", "processes ended for want of memory") { $0.outOfMemoryKills },
            kernel("refused_decisions", "decisions of the policy that could not be applied") { $0.refusedDecisions },
            kernel("dropped_input_events", "input events that nobody fetched in time") { $0.droppedInputEvents },
            kernel("traps", "processes stopped by a trap") { $0.traps },
            other("kernel.runnable", "length of the run queue") { UInt64($0.kernel.runnableCount) },
            other("kernel.objects", "kernel objects") { UInt64($0.kernel.objectCount) },
            other("kernel.handles", "handles of all processes") { UInt64($0.kernel.handleCount) },
            other("network.frames_sent", "Ethernet frames from the guest") { $0.net.transmittedFrameCount },
            other("network.frames_received", "Ethernet frames to the guest") { $0.net.receivedFrameCount },
            other("network.frames_dropped", "frames without room") { $0.net.droppedFrameCount },
            other("frame.flushes", "times the picture on the screen changed") { $0.gpu.frame.flushCount },
            other("machine.tick_ns", "virtual time") { $0.now },
            other("machine.instructions", "instructions that programs executed") { $0.instructionCount },
            other("machine.host_events", "events from outside") { $0.machine.hostEventCount },
            other("machine.device_events", "device events delivered") { $0.machine.events.deliveredCount },
            other("machine.idle_ns", "virtual time without anything runnable") { $0.machine.idleNanoseconds },
        ]
    }
    /// `process.NAME.FIELD` or `process.PID.FIELD`: sums over the living processes of that name.
    public static let processFields: [(name: String, help: String)] = [
        ("count", "processes of that name that run"), ("instructions", "instructions executed"), ("pages_resident", "private pages in frames"),
        ("pages_compressed", "compressed pages"), ("pages_swapped", "pages on the swap device"), ("pages_shared", "pages of shared memory in its window"),
        ("faults", "page faults"), ("messages", "messages sent"),
    ]
    private static func field(_ name: String, _ p: ProcessRecord) -> UInt64 {
        switch name {
        case "count": 1
        case "instructions": p.instructions
        case "pages_resident": UInt64(p.pagesResident)
        case "pages_compressed": UInt64(p.pagesCompressed)
        case "pages_swapped": UInt64(p.pagesSwapped)
        case "pages_shared": UInt64(p.pagesShared)
        case "faults": p.faults
        default: p.messages
        }
    }

    /// The metric of a name; a sentence when there is none.
    public static func find(_ name: String) throws(TerrariumError) -> Metric {
        if let metric = fixed.first(where: { $0.name == name }) { return metric }
        let parts = name.split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 3, parts[0] == "process", !parts[1].isEmpty {
            if processFields.contains(where: { $0.name == parts[2] }) { return process(name, parts[1], parts[2]) }
            throw TerrariumError(.badData, "a process has no metric '\(parts[2])'; there are: " + processFields.map { $0.name }.joined(separator: ", "))
        }
        let hint = closest(to: name, among: fixed.map { $0.name }).map { "; did you mean '\($0)'?" } ?? ""
        throw TerrariumError(.badData, "there is no metric '\(name)'\(hint) (--list-metrics lists them)")
    }
    private static func process(_ metric: String, _ who: String, _ fieldName: String) -> Metric {
        let name = InlineName(who), pid = UInt32(who)
        return Metric(name: metric, help: "") { simulation in
            let records = pid.map { n in simulation.kernel.processRecords.filter { $0.pid == n } } ?? simulation.kernel.processRecords(named: name)
            return Int64(clamping: records.filter { $0.exitReason == 0 }.reduce(UInt64(0)) { $0 &+ field(fieldName, $1) })
        }
    }
}
