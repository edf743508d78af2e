// The numbers of a running machine by name, as in reports (`--report`): for predicates and `--list-metrics`.

import ABI
import Kernel
import Machine
import MemoryManager

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
    private static func pages(_ name: String, _ help: String, _ read: @escaping (MemoryCounters) -> UInt64) -> Metric {
        Metric(name: "kernel." + name, help: help) { Int64(clamping: read($0.kernel.memoryCounters)) }
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
            memory("pressure_some_60s_per_mille", "the same over a minute") { UInt64($0.pressureSome60) },
            memory("pressure_full_60s_per_mille", "the same over a minute") { UInt64($0.pressureFull60) },
            memory("pressure_some_300s_per_mille", "the same over five minutes") { UInt64($0.pressureSome300) },
            memory("pressure_full_300s_per_mille", "the same over five minutes") { UInt64($0.pressureFull300) },
            memory("pressure_level", "what programs are told: 0 none, 1 moderate, 2 critical") { UInt64($0.pressureLevel.rawValue) },
            memory("pages_filled", "pages of one repeated word, which take no frame") { UInt64($0.pagesFilled) },
            memory("bytes_saved", "bytes that pages would take more, were they all resident") { $0.bytesSaved },
            memory("promoted_pages_10s", "taken pages that were asked for again, last 10 s") { UInt64($0.promotedPages10) },
            memory("swap_slots_free", "free slots of the swap device") { UInt64($0.swapSlotsFree) },
            memory("swap_slots_bad", "slots that the device failed on") { UInt64($0.swapSlotsBad) },
            kernel("system_calls", "system calls since boot") { $0.systemCalls },
            kernel("context_switches", "switches between processes") { $0.contextSwitches },
            kernel("faults", "page faults of processes") { $0.faults },
            kernel("messages", "messages sent over channels") { $0.messages },
            pages("compressions", "pages compressed") { $0.compressions },
            pages("decompressions", "pages decompressed") { $0.decompressions },
            pages("swap_outs", "pages written to swap") { $0.swapOuts },
            pages("swap_ins", "pages read back") { $0.swapIns },
            pages("swap_errors", "failed transfers") { $0.swapErrors },
            pages("swap_written_pages", "pages written to swap: flash wear") { $0.swapWrittenPages },
            pages("evictions", "pages taken from their programs") { $0.evictions },
            pages("refaults", "of those, pages asked for again while they still belonged to the working set") { $0.refaults },
            pages("refusals", "pages that the codec could not shrink") { $0.refusals },
            pages("prefetches", "pages brought back before they were asked for") { $0.prefetches },
            pages("prefetch_hits", "of those, pages that were then used") { $0.prefetchHits },
            pages("sampling_faults", "faults that only tell that a page is young") { $0.samplingFaults },
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
