// What a run left behind: processes, memory, counters, decisions, as JSON (`--report`, docs/formats/command-output.md)
// and as a table for people (`--summary`).

import ABI
import ConsoleText
import Foundation
import Kernel
import Machine
import MemoryManager
import Policies

public enum RunReport {
    /// JSON with sorted keys, schema 1.
    public static func json(_ simulation: Simulation) -> String {
        let data = (try? JSONSerialization.data(withJSONObject: object(simulation), options: [.sortedKeys, .prettyPrinted])) ?? Data()
        return String(decoding: data, as: UTF8.self) + "\n"
    }

    /// The report as a JSON object.
    public static func object(_ simulation: Simulation) -> [String: Any] {
        let m = simulation.kernel.memoryRecord
        return [
            "schema": 1, "tick_ns": simulation.now, "image": hexadecimal(simulation.image.hash), "seed": simulation.configuration.seed, "policy": simulation.configuration.policy,
            "processes": simulation.kernel.processRecords.map { process($0, simulation) }, "devices": simulation.deviceReports.map(device),
            "memory": memory(m), "tabs": simulation.kernel.snapshot().tabs.map(tab),
            "network": ["frames_sent": simulation.net.transmittedFrameCount, "frames_received": simulation.net.receivedFrameCount, "frames_dropped": simulation.net.droppedFrameCount],
            "frame": ["flushes": simulation.gpu.frame.flushCount, "hash": hexadecimal(simulation.gpu.frame.stateHash())],
            "kernel": kernel(simulation.kernel.counters, simulation.kernel.memoryCounters),
            "machine": ["turns": simulation.machine.turnCount, "idle_ns": simulation.machine.idleNanoseconds, "host_events": simulation.machine.hostEventCount],
            "hashes": simulation.stateHashes().map { ["name": $0.name, "hash": hexadecimal($0.hash)] },
            "marks": simulation.marks.map { ["tick_ns": $0.tick, "pid": $0.pid, "kind": $0.kind, "a": $0.a, "b": $0.b] as [String: Any] },
            "marks_dropped": simulation.hal.droppedMarkCount,
            "decisions": simulation.kernel.decisionLog.map(decision),
        ]
    }

    /// Stable name of why a run ended.
    public static func name(_ reason: StopReason) -> String {
        switch reason {
        case .reached: "time"
        case .idle: "nothing to do"
        case .closed: "closed"
        case .requested: "interrupted"
        case .replayEnded: "end of trace"
        case .diverged: "diverged"
        }
    }

    private static func memory(_ m: MemoryRecord) -> [String: Any] {
        ["frames_total": m.framesTotal, "frames_free": m.framesFree, "frames_process": m.framesProcess, "frames_shared": m.framesShared,
         "frames_compressed_pool": m.framesCompressedPool, "frames_kernel": m.framesKernel, "pages_compressed": m.pagesCompressed, "pages_swapped": m.pagesSwapped,
         "pages_filled": m.pagesFilled, "bytes_compressed": m.bytesCompressed, "bytes_saved": m.bytesSaved,
         "pressure_some_10s_per_mille": m.pressureSome10, "pressure_some_60s_per_mille": m.pressureSome60, "pressure_some_300s_per_mille": m.pressureSome300,
         "pressure_full_10s_per_mille": m.pressureFull10, "pressure_full_60s_per_mille": m.pressureFull60, "pressure_full_300s_per_mille": m.pressureFull300,
         "pressure_level": m.pressureLevel.name, "promoted_pages_10s": m.promotedPages10, "evictions": m.evictions, "refaults": m.refaults,
         "swap_slots": m.swapSlots, "swap_slots_free": m.swapSlotsFree, "swap_slots_bad": m.swapSlotsBad,
         "swap_written_pages": m.swapWrittenPages, "swap_written_bytes": m.swapWrittenPages * 65536]
    }
    /// What a memory policy sees of a tab.
    private static func tab(_ t: TabSnapshot) -> [String: Any] {
        ["tab": t.tabID, "pid": t.pid, "lifecycle": t.lifecycle.name, "flags": t.flags.rawValue,
         "opened_ns": t.openedNanoseconds, "last_active_ns": t.lastActiveNanoseconds, "last_visible_ns": t.lastVisibleNanoseconds, "activations": t.activationCount,
         "return_per_mille": t.returnPerMille, "reload_ns": t.reloadNanoseconds,
         "pages_resident": t.pagesResident, "pages_private": t.pagesPrivate, "pages_by_generation": (0..<PageGenerations.count).map { t.pagesByGeneration[$0] },
         "pages_compressed": t.pagesCompressed, "bytes_compressed": t.compressedByteCount, "pages_swapped": t.pagesSwapped, "pages_filled": t.pagesFilled,
         "pages_shared": t.pagesShared, "pages_refused_by_codec": t.pagesRefusedByCodec, "working_set_pages": t.workingSetPages, "refaults": t.refaultCount]
    }
    private static func kernel(_ c: KernelCounters, _ mc: MemoryCounters) -> [String: Any] {
        ["system_calls": c.systemCalls, "context_switches": c.contextSwitches, "faults": c.faults, "messages": c.messages, "traps": c.traps,
         "compressions": mc.compressions, "decompressions": mc.decompressions, "swap_outs": mc.swapOuts, "swap_ins": mc.swapIns, "swap_errors": mc.swapErrors,
         "refusals": mc.refusals, "prefetches": mc.prefetches, "prefetch_hits": mc.prefetchHits, "sampled_pages": mc.sampledPages, "sampling_faults": mc.samplingFaults, "compression_ns": mc.compressionNanoseconds, "disk_errors": c.diskErrors,
         "freezes": c.freezes, "hibernations": c.hibernations, "thaws": c.thaws, "discards": c.discards, "out_of_memory_kills": c.outOfMemoryKills,
         "refused_decisions": c.refusedDecisions, "dropped_input_events": c.droppedInputEvents, "dropped_console_bytes": c.droppedConsoleBytes]
    }
    private static func process(_ p: ProcessRecord, _ simulation: Simulation) -> [String: Any] {
        [
            "pid": p.pid, "name": p.name.string, "parent": p.parent, "state": stateName(p.state), "exit_reason": ExitReason(rawValue: p.exitReason)?.name ?? "unknown", "exit_code": p.exitCode,
            "tab": p.tabID, "lifecycle": LifecycleState(rawValue: p.lifecycle)?.name ?? "",
            "instructions": p.instructions, "nanoseconds": p.nanoseconds, "system_calls": p.systemCalls, "context_switches": p.contextSwitches,
            "messages": p.messages, "messages_sent": p.messagesSent, "messages_received": p.messagesReceived, "bytes_sent": p.bytesSent, "bytes_received": p.bytesReceived,
            "handles": p.handles, "objects": p.objects, "queued_bytes": p.queuedBytes,
            "faults": p.faults, "faults_by_kind": Dictionary(uniqueKeysWithValues: FaultKind.allCases.map { ($0.name, p.faultsByKind[$0.rawValue]) }),
            "pages_resident": p.pagesResident, "pages_compressed": p.pagesCompressed, "pages_swapped": p.pagesSwapped, "pages_shared": p.pagesShared, "pages_filled": p.pagesFilled,
            "memory_map": (simulation.pageReports(pid: p.pid) ?? []).map(MemoryMap.object),
        ]
    }
    private static func device(_ d: DeviceReport) -> [String: Any] {
        func object(_ counts: [NamedCount]) -> [String: UInt64] { Dictionary(counts.map { ($0.name, $0.count) }, uniquingKeysWith: +) }
        return ["name": d.name, "slot": d.slot, "device_id": d.deviceID, "status": d.status, "needs_reset": d.needsReset, "interrupts": d.interrupts,
                "counters": object(d.counters), "drops": object(d.drops), "queues": d.queues.map { ["size": $0.size, "ready": $0.isReady, "in_flight": $0.inFlight] as [String: Any] }]
    }

    // MARK: For people

    /// Process table, accounting, memory by owner, memory maps, what devices dropped, totals.
    public static func lines(_ simulation: Simulation) -> [String] {
        [processLines(simulation), accountLines(simulation), memoryLines(simulation), MemoryMap.lines(simulation), dropLines(simulation), totalLines(simulation)]
            .filter { !$0.isEmpty }.joined(separator: [""]).map { $0 }
    }

    static func processLines(_ simulation: Simulation) -> [String] {
        var lines = ["  PID NAME             STATE        RESIDENT COMPRESSED   SWAPPED    SHARED      FAULTS    MESSAGES    INSTRUCTIONS"]
        for p in simulation.kernel.processRecords {
            let state = p.exitReason == 0 ? stateName(p.state) : ExitReason(rawValue: p.exitReason)?.name ?? "ended"
            lines.append(right("\(p.pid)", 5) + " " + left(p.name.string, 17) + left(state, 11) + right(kibibytes(p.pagesResident), 10) + right(kibibytes(p.pagesCompressed), 11)
                         + right(kibibytes(p.pagesSwapped), 10) + right(kibibytes(p.pagesShared), 10) + right(grouped(p.faults), 12) + right(grouped(p.messages), 12) + right(grouped(p.instructions), 16))
        }
        return lines + ["      (memory in KiB)"]
    }
    static func accountLines(_ simulation: Simulation) -> [String] {
        var lines = ["  PID NAME             CPU TIME ms  SYSTEM CALLS   SWITCHES   SENT BYTES   RECEIVED B  HANDLES  OBJECTS  QUEUED B   PARENT"]
        for p in simulation.kernel.processRecords {
            lines.append(right("\(p.pid)", 5) + " " + left(p.name.string, 17) + right("\(p.nanoseconds / 1_000_000).\(p.nanoseconds / 100_000 % 10)", 11) + right(grouped(p.systemCalls), 14)
                         + right(grouped(p.contextSwitches), 11) + right(grouped(p.bytesSent), 13) + right(grouped(p.bytesReceived), 13) + right("\(p.handles)", 9)
                         + right("\(p.objects)", 9) + right(grouped(UInt64(p.queuedBytes)), 10) + right("\(p.parent)", 9))
        }
        return lines
    }
    /// Nothing where nothing was dropped.
    static func dropLines(_ simulation: Simulation) -> [String] {
        let lines = simulation.deviceReports.filter { !$0.drops.isEmpty }.map { d in left(d.name, 16) + d.drops.map { "\($0.name) \(grouped($0.count))" }.joined(separator: ", ") }
        return lines.isEmpty ? [] : ["DROPPED OR REFUSED BY DEVICES"] + lines
    }
    /// Every frame has one owner; a bar shows the part of the whole.
    static func memoryLines(_ simulation: Simulation) -> [String] {
        let m = simulation.kernel.memoryRecord
        var lines = ["MEMORY              KiB      %"]
        for (name, frames) in [("processes", m.framesProcess), ("shared", m.framesShared), ("compressed pool", m.framesCompressedPool), ("kernel, archive", m.framesKernel), ("free", m.framesFree), ("total", m.framesTotal)] {
            let perMille = m.framesTotal == 0 ? 0 : Int(frames) * 1000 / Int(m.framesTotal)
            let bar = name == "total" ? "" : "  " + String(repeating: "#", count: (perMille + 12) / 25)
            lines.append(left(name, 16) + right(kibibytes(frames), 7) + right("\(perMille / 10).\(perMille % 10)", 7) + bar)
        }
        if m.pagesCompressed > 0 { lines.append("\(m.pagesCompressed) pages of 64 KiB compressed to \(grouped(m.bytesCompressed / 1024)) KiB") }
        if m.pagesSwapped > 0 { lines.append("\(m.pagesSwapped) pages of 64 KiB in swap") }
        return lines
    }
    static func totalLines(_ simulation: Simulation) -> [String] {
        let m = simulation.machine, c = simulation.kernel.counters
        let idlePercent = m.now.nanoseconds == 0 ? 0 : m.idleNanoseconds * 100 / m.now.nanoseconds
        return [
            "\(m.now.text) s of virtual time, \(idlePercent) % idle; \(grouped(simulation.instructionCount)) instructions, \(grouped(c.systemCalls)) system calls, \(grouped(c.contextSwitches)) context switches, \(grouped(c.faults)) page faults, \(grouped(c.messages)) messages",
            "final state \(hexadecimal(combinedHash(simulation.stateHashes())))",
        ]
    }
    static func kibibytes(_ frames: UInt32) -> String { ConsoleText.kibibytes(frames) }
    static func left(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(1, width - text.count)) }
    static func right(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(1, width - text.count)) + text }
    /// 1234567 as "1,234,567".
    public static func grouped(_ value: UInt64) -> String { ConsoleText.grouped(value) }

    /// One decision of the policy with the inputs that caused it.
    private static func decision(_ d: DecisionRecord) -> [String: Any] {
        ["tick_ns": d.nowNanoseconds, "policy": d.policy.description, "decision": "\(d.decision)", "action": d.decision.action.name.description, "reason": d.decision.reason.name.description, "pid": d.decision.pid,
         "amount": d.decision.amount, "generation": d.decision.generation, "pages_moved": d.pagesMoved, "tab": d.tabID, "frames_free": d.framesFree, "frames_low": d.framesLow,
         "pressure_some_per_mille": d.pressureSomePerMille, "applied": d.isApplied]
    }

    static func stateName(_ state: UInt32) -> String { ["ready", "waiting", "blocked", "frozen", "ended"][min(4, Int(state))] }
}
