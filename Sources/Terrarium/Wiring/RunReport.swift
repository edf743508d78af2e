// What a run left behind, for machines: processes, memory, counters, decisions. Used by `--report`.

import ABI
import Foundation
import Kernel
import Machine

public enum RunReport {
    /// JSON with sorted keys, schema 1.
    public static func json(_ simulation: Simulation) -> String {
        let m = simulation.kernel.memoryRecord
        let processes = simulation.kernel.processRecords.map { p -> [String: Any] in
            ["pid": p.pid, "name": p.name.string, "state": stateName(p.state), "exit_reason": ExitReason(rawValue: p.exitReason)?.name ?? "unknown", "exit_code": p.exitCode,
             "instructions": p.instructions, "pages_resident": p.pagesResident, "pages_compressed": p.pagesCompressed, "pages_swapped": p.pagesSwapped, "pages_shared": p.pagesShared,
             "faults": p.faults, "messages": p.messages, "tab": p.tabID, "lifecycle": LifecycleState(rawValue: p.lifecycle)?.name ?? ""]
        }
        let object: [String: Any] = [
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
        let data = (try? JSONSerialization.data(withJSONObject: object, options: [.sortedKeys, .prettyPrinted])) ?? Data()
        return String(decoding: data, as: UTF8.self) + "\n"
    }

    /// One decision of the policy with the inputs that caused it.
    private static func decision(_ d: DecisionRecord) -> [String: Any] {
        ["tick_ns": d.nowNanoseconds, "policy": d.policy.description, "decision": "\(d.decision)", "tab": d.tabID, "frames_free": d.framesFree, "frames_low": d.framesLow,
         "pressure_some_per_mille": d.pressureSomePerMille, "applied": d.isApplied]
    }

    static func stateName(_ state: UInt32) -> String { ["ready", "waiting", "blocked", "frozen", "ended"][min(4, Int(state))] }
}
