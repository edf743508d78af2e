// What a run left behind: processes, memory, counters, decisions, as JSON (`--report`, docs/formats/command-output.md)
// and as a table for people (`--summary`).

import ABI
import Foundation
import Kernel
import Machine
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
        let processes = simulation.kernel.processRecords.map { p -> [String: Any] in
            ["pid": p.pid, "name": p.name.string, "state": stateName(p.state), "exit_reason": ExitReason(rawValue: p.exitReason)?.name ?? "unknown", "exit_code": p.exitCode,
             "instructions": p.instructions, "pages_resident": p.pagesResident, "pages_compressed": p.pagesCompressed, "pages_swapped": p.pagesSwapped, "pages_shared": p.pagesShared,
             "faults": p.faults, "messages": p.messages, "tab": p.tabID, "lifecycle": LifecycleState(rawValue: p.lifecycle)?.name ?? ""]
        }
        return [
            "schema": 1, "tick_ns": simulation.now, "image": hexadecimal(simulation.image.hash), "seed": simulation.configuration.seed, "policy": simulation.configuration.policy,
            "processes": processes,
            "memory": ["frames_total": m.framesTotal, "frames_free": m.framesFree, "frames_process": m.framesProcess, "frames_shared": m.framesShared,
                       "frames_compressed_pool": m.framesCompressedPool, "frames_kernel": m.framesKernel, "pages_compressed": m.pagesCompressed, "pages_swapped": m.pagesSwapped,
                       "bytes_compressed": m.bytesCompressed, "pressure_some_10s_per_mille": m.pressureSome10, "pressure_full_10s_per_mille": m.pressureFull10],
            "network": ["frames_sent": simulation.net.transmittedFrameCount, "frames_received": simulation.net.receivedFrameCount, "frames_dropped": simulation.net.droppedFrameCount],
            "frame": ["flushes": simulation.gpu.frame.flushCount, "hash": hexadecimal(simulation.gpu.frame.stateHash())],
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

    // MARK: For people

    /// Process table, memory by owner, totals.
    public static func lines(_ simulation: Simulation) -> [String] { processLines(simulation) + [""] + memoryLines(simulation) + [""] + totalLines(simulation) }

    static func processLines(_ simulation: Simulation) -> [String] {
        var lines = ["  PID NAME             STATE        RESIDENT COMPRESSED   SWAPPED    SHARED      FAULTS    MESSAGES    INSTRUCTIONS"]
        for p in simulation.kernel.processRecords {
            let state = p.exitReason == 0 ? stateName(p.state) : ExitReason(rawValue: p.exitReason)?.name ?? "ended"
            lines.append(right("\(p.pid)", 5) + " " + left(p.name.string, 17) + left(state, 11) + right(kibibytes(p.pagesResident), 10) + right(kibibytes(p.pagesCompressed), 11)
                         + right(kibibytes(p.pagesSwapped), 10) + right(kibibytes(p.pagesShared), 10) + right(grouped(p.faults), 12) + right(grouped(p.messages), 12) + right(grouped(p.instructions), 16))
        }
        return lines + ["      (memory in KiB)"]
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
    static func kibibytes(_ frames: UInt32) -> String { grouped(UInt64(frames) * 64) }
    static func left(_ text: String, _ width: Int) -> String { text + String(repeating: " ", count: max(1, width - text.count)) }
    static func right(_ text: String, _ width: Int) -> String { String(repeating: " ", count: max(1, width - text.count)) + text }
    /// 1234567 as "1,234,567".
    public static func grouped(_ value: UInt64) -> String {
        let digits = Array(String(value))
        var text = ""
        for (i, d) in digits.enumerated() {
            if i > 0, (digits.count - i) % 3 == 0 { text.append(",") }
            text.append(d)
        }
        return text
    }

    /// One decision of the policy with the inputs that caused it.
    private static func decision(_ d: DecisionRecord) -> [String: Any] {
        ["tick_ns": d.nowNanoseconds, "policy": d.policy.description, "decision": "\(d.decision)", "tab": d.tabID, "frames_free": d.framesFree, "frames_low": d.framesLow,
         "pressure_some_per_mille": d.pressureSomePerMille, "applied": d.isApplied]
    }

    static func stateName(_ state: UInt32) -> String { ["ready", "waiting", "blocked", "frozen", "ended"][min(4, Int(state))] }
}
