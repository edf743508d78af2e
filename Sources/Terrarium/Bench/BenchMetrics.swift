// The numbers of one run, as rows of `results.json`. Each is described in docs/formats/results.md.

import Kernel
import MemoryManager

extension HibernationBench {
    static func rows(_ simulation: Simulation, _ observer: RunObserver, _ run: BenchRun) -> [ResultRow] {
        let frame: UInt64 = 65536
        var rows: [ResultRow] = []
        func add(_ metric: String, _ unit: String, _ direction: String, _ value: UInt64) {
            rows.append(ResultRow(scenario: run.combination.scenario, policy: run.combination.policy, seed: run.combination.seed, metric: metric, unit: unit, direction: direction, value: Int64(clamping: value)))
        }
        func mean(_ value: (BenchRun.Sample) -> UInt64) -> UInt64 { run.samples.isEmpty ? 0 : run.samples.reduce(0) { $0 + value($1) } / UInt64(run.samples.count) }
        func peak(_ value: (BenchRun.Sample) -> UInt64) -> UInt64 { run.samples.map(value).max() ?? 0 }
        let counters = simulation.kernel.counters

        // What the user felt.
        let latencies = run.switches.compactMap(\.latency)
        add("switches", "count", "none", UInt64(latencies.count))
        add("switches_unanswered", "count", "lower", UInt64(observer.unanswered))
        for (name, perMille) in [("p50", 500), ("p95", 950), ("p99", 990)] { add("switch_latency_\(name)", "ns", "lower", percentile(latencies, perMille: perMille)) }
        add("switch_latency_max", "ns", "lower", latencies.max() ?? 0)
        add("switch_latency_mean", "ns", "lower", latencies.isEmpty ? 0 : latencies.reduce(0, +) / UInt64(latencies.count))
        add("new_tab_latency_p50", "ns", "lower", percentile(run.openLatencies, perMille: 500))
        add("reloads", "count", "lower", UInt64(observer.reloads))
        add("discards", "count", "lower", UInt64(observer.discards.count))
        add("discards_unnecessary", "count", "lower", UInt64(observer.unnecessaryDiscards(reserve: UInt32(MemoryLimits.reserveFrameCount))))
        add("out_of_memory_kills", "count", "lower", counters.outOfMemoryKills)
        add("tabs_opened", "count", "none", UInt64(run.openLatencies.count))
        add("tabs_at_first_loss", "count", "none", UInt64(observer.tabsAtFirstLoss ?? 0))
        add("pages_loaded", "count", "none", UInt64(observer.pagesLoaded))

        // Memory.
        let used: (BenchRun.Sample) -> UInt64 = { UInt64($0.process + $0.shared + $0.pool + $0.kernel) * frame }
        add("memory_peak", "bytes", "lower", peak(used))
        add("memory_mean", "bytes", "lower", mean(used))
        add("memory_process_mean", "bytes", "none", mean { UInt64($0.process) * frame })
        add("memory_shared_mean", "bytes", "none", mean { UInt64($0.shared) * frame })
        add("memory_pool_mean", "bytes", "none", mean { UInt64($0.pool) * frame })
        add("memory_pool_peak", "bytes", "none", peak { UInt64($0.pool) * frame })
        add("memory_kernel_mean", "bytes", "none", mean { UInt64($0.kernel) * frame })
        add("hibernated_content_peak", "bytes", "none", peak { UInt64($0.pagesCompressed) * frame })
        add("memory_saved_mean", "bytes", "higher", mean { UInt64(saved($0)) * frame })
        add("memory_saved_peak", "bytes", "higher", peak { UInt64(saved($0)) * frame })
        add("pressure_some_mean", "per_mille", "lower", mean { UInt64($0.pressureSome) })
        add("pressure_some_peak", "per_mille", "lower", peak { UInt64($0.pressureSome) })
        add("pressure_full_mean", "per_mille", "lower", mean { UInt64($0.pressureFull) })
        add("pressure_full_peak", "per_mille", "lower", peak { UInt64($0.pressureFull) })

        // What it cost.
        add("instructions", "count", "lower", simulation.instructionCount)
        add("busy_time", "ns", "lower", simulation.now - min(simulation.now, simulation.machine.idleNanoseconds))
        add("compression_time", "ns", "lower", simulation.kernel.memoryCounters.compressionNanoseconds)
        add("pages_compressed", "count", "none", simulation.kernel.memoryCounters.compressions)
        add("pages_decompressed", "count", "none", simulation.kernel.memoryCounters.decompressions)
        let memory = simulation.kernel.memoryCounters
        add("refaults", "count", "lower", memory.refaults)
        add("evictions", "count", "none", memory.evictions)
        add("pages_refused", "count", "none", memory.refusals)
        add("prefetches", "count", "none", memory.prefetches)
        add("prefetch_hits", "count", "none", memory.prefetchHits)
        add("promotions_per_minute", "count", "lower", mean { UInt64($0.promoted) } * 6)
        add("swap_written", "bytes", "lower", simulation.block?.writtenByteCount ?? 0)
        add("swap_read", "bytes", "lower", simulation.block?.readByteCount ?? 0)
        add("wake_cost", "ns", "lower", HibernationBound.wakeCost(simulation, switches: run.switches))
        add("decisions", "count", "none", UInt64(run.decisions.count))
        add("decisions_refused", "count", "lower", counters.refusedDecisions)
        return rows
    }
    /// Pages of tabs that take no frame now: what tabs would hold, less what they and the compressed pool hold.
    static func saved(_ s: BenchRun.Sample) -> UInt32 {
        let held = s.active + s.hidden + s.asleep + s.pool
        return s.wanted > held ? s.wanted - held : 0
    }
}
