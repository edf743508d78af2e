// The hibernation benchmark: one recorded session under several memory policies. Every number comes out of the run:
// marks set by the browser, the kernel's page accounting, counted instructions. No clock of the host is read.

import ABI
import Foundation
import Kernel
import Machine
import struct Machine.StateHasher

/// What one policy did on the session.
public struct HibernationRun: Sendable {
    public var policy: String
    public var switchLatencies: [UInt64] = []     // ns, in order
    public var unansweredSwitches = 0
    public var reloads = 0, discards = 0
    public var samples: [Sample] = []
    public var instructions: UInt64 = 0
    public var policyNanoseconds: UInt64 = 0
    public var compressedPageCount: UInt64 = 0, decompressedPageCount: UInt64 = 0
    public var outOfMemoryKills: UInt64 = 0
    public var endTick: UInt64 = 0
    public var finalHash: UInt64 = 0
    public var pagesLoaded = 0

    /// Memory at one moment, in bytes.
    public struct Sample: Sendable {
        public var milliseconds: UInt64
        public var process: UInt64, shared: UInt64, pool: UInt64, kernel: UInt64, free: UInt64
        /// Bytes of tab pages that lie compressed (before compression).
        public var hibernatedContent: UInt64
    }
}

public enum HibernationBench {
    public static let samplePeriodNanoseconds: UInt64 = 250_000_000

    /// Runs the session under one policy, which reports call `policy`; `specification` is it with all parameters, when
    /// that is not the same. `schedule` puts the input events in; `record` may attach a trace recorder.
    public static func run(_ scenario: Scenario, policy: String, specification: String? = nil, seed: UInt64, image: SystemImage,
                           prepare: (Simulation) throws -> Void, finish: (Simulation) throws -> Void = { _ in }) throws -> HibernationRun {
        var configuration = scenario.configuration
        configuration.policy = specification ?? policy
        configuration.seed = seed
        let simulation = try Simulation(configuration, image: image)
        try prepare(simulation)
        var result = HibernationRun(policy: policy)
        let sampler = Sampler(simulation)
        let end = UInt64(scenario.seconds) * 1_000_000_000
        // A predicate looks without changing anything, so that a trace of the run replays without the sampler.
        simulation.run(until: .predicate {
            sampler.look()
            return simulation.now >= end
        })
        result.samples = sampler.samples
        measureSwitches(simulation.marks, &result)
        let counters = simulation.kernel.counters
        result.instructions = simulation.instructionCount
        result.policyNanoseconds = counters.compressionNanoseconds
        result.compressedPageCount = counters.compressions
        result.decompressedPageCount = counters.decompressions
        result.outOfMemoryKills = counters.outOfMemoryKills
        result.endTick = simulation.now
        var hasher = StateHasher()
        for entry in simulation.machine.stateHashes() { hasher.add(entry.name); hasher.add(entry.hash) }
        result.finalHash = hasher.value
        try finish(simulation)
        return result
    }

    /// Pairs each request to show a tab with that tab's first picture with content. A request that a later one overtakes
    /// before an answer counts as unanswered.
    static func measureSwitches(_ marks: [Mark], _ result: inout HibernationRun) {
        var pending: (tab: Int64, tick: UInt64)?
        for mark in marks {
            switch MarkKind(rawValue: mark.kind) {
            case .switchRequested:
                if pending != nil { result.unansweredSwitches += 1 }
                pending = (mark.a, mark.tick)
            case .frameShown:
                if let p = pending, p.tab == mark.a {
                    result.switchLatencies.append(mark.tick - p.tick)
                    pending = nil
                }
            case .tabReloaded: result.reloads += 1
            case .tabDiscarded: result.discards += 1
            case .pageLoaded: result.pagesLoaded += 1
            default: break
            }
        }
        if pending != nil { result.unansweredSwitches += 1 }
    }

    /// The rows of `results.json`.
    public static func rows(_ run: HibernationRun, scenario: String, seed: UInt64) -> [ResultRow] {
        func row(_ metric: String, _ unit: String, _ direction: String, _ value: UInt64) -> ResultRow {
            ResultRow(scenario: scenario, policy: run.policy, seed: seed, metric: metric, unit: unit, direction: direction, value: Int64(clamping: value))
        }
        func mean(_ value: (HibernationRun.Sample) -> UInt64) -> UInt64 {
            run.samples.isEmpty ? 0 : run.samples.reduce(0) { $0 + value($1) } / UInt64(run.samples.count)
        }
        func peak(_ value: (HibernationRun.Sample) -> UInt64) -> UInt64 { run.samples.map(value).max() ?? 0 }
        let used: (HibernationRun.Sample) -> UInt64 = { $0.process + $0.shared + $0.pool + $0.kernel }
        return [
            row("switches", "count", "none", UInt64(run.switchLatencies.count)),
            row("switches_unanswered", "count", "lower", UInt64(run.unansweredSwitches)),
            row("switch_latency_p50", "ns", "lower", percentile(run.switchLatencies, perMille: 500)),
            row("switch_latency_p95", "ns", "lower", percentile(run.switchLatencies, perMille: 950)),
            row("switch_latency_max", "ns", "lower", run.switchLatencies.max() ?? 0),
            row("reloads", "count", "lower", UInt64(run.reloads)),
            row("discards", "count", "lower", UInt64(run.discards)),
            row("out_of_memory_kills", "count", "lower", run.outOfMemoryKills),
            row("pages_loaded", "count", "none", UInt64(run.pagesLoaded)),
            row("memory_peak", "bytes", "lower", peak(used)),
            row("memory_mean", "bytes", "lower", mean(used)),
            row("memory_process_mean", "bytes", "none", mean { $0.process }),
            row("memory_shared_mean", "bytes", "none", mean { $0.shared }),
            row("memory_pool_mean", "bytes", "none", mean { $0.pool }),
            row("memory_pool_peak", "bytes", "none", peak { $0.pool }),
            row("memory_kernel_mean", "bytes", "none", mean { $0.kernel }),
            row("hibernated_content_peak", "bytes", "none", peak { $0.hibernatedContent }),
            row("instructions", "count", "lower", run.instructions),
            row("compression_time", "ns", "lower", run.policyNanoseconds),
            row("pages_compressed", "count", "none", run.compressedPageCount),
            row("pages_decompressed", "count", "none", run.decompressedPageCount),
        ]
    }
}

/// Samples the kernel's page accounting at a fixed period of virtual time.
private final class Sampler {
    private unowned let simulation: Simulation
    private(set) var samples: [HibernationRun.Sample] = []
    private var next = HibernationBench.samplePeriodNanoseconds
    init(_ simulation: Simulation) { self.simulation = simulation }

    func look() {
        while simulation.now >= next {
            let m = simulation.kernel.memoryRecord
            let frame = UInt64(65536)
            samples.append(.init(
                milliseconds: next / 1_000_000, process: UInt64(m.framesProcess) * frame, shared: UInt64(m.framesShared) * frame,
                pool: UInt64(m.framesCompressedPool) * frame, kernel: UInt64(m.framesKernel) * frame, free: UInt64(m.framesFree) * frame,
                hibernatedContent: UInt64(m.pagesCompressed) * frame))
            next += HibernationBench.samplePeriodNanoseconds
        }
    }
}

/// The report of several runs of one scenario.
public enum HibernationReport {
    public static func html(_ runs: [HibernationRun], scenario: Scenario, seed: UInt64, command: String) -> String {
        var report = Report(title: "Tab hibernation: \(scenario.name)",
                            lead: "\(Report.escaped(scenario.summary)) The same recorded session ran once under each policy on a machine of \(scenario.configuration.ramByteCount >> 20) MiB. Time is counted, not measured: the same command gives the same bytes.")
        report.heading("Switching to a tab")
        let rows = runs.map { HibernationBench.rows($0, scenario: scenario.name, seed: seed) }
        func value(_ run: Int, _ metric: String) -> Int64 { rows[run].first { $0.metric == metric }?.value ?? 0 }
        let metrics: [(String, String, (Int64) -> String)] = [
            ("switch_latency_p50", "switch p50", milliseconds), ("switch_latency_p95", "switch p95", milliseconds), ("switch_latency_max", "switch max", milliseconds),
            ("reloads", "reloads", { "\($0)" }), ("discards", "discards", { "\($0)" }), ("memory_peak", "memory peak", mebibytes), ("memory_mean", "memory mean", mebibytes),
            ("compression_time", "compression", milliseconds),
        ]
        var best: Set<[Int]> = []
        for (c, m) in metrics.enumerated() {
            let values = runs.indices.map { value($0, m.0) }
            guard let low = values.min(), values.contains(where: { $0 != low }) else { continue }
            for r in runs.indices where values[r] == low { best.insert([r, c + 1]) }
        }
        report.table(header: ["policy"] + metrics.map { $0.1 }, rows: runs.enumerated().map { r, run in [run.policy] + metrics.map { $0.2(value(r, $0.0)) } }, best: best)
        report.paragraph("Latency runs from the user's request to the tab's first picture with content being handed to the window manager, which shows it at its next frame (at most 1/60 s later); in milliseconds of the simulated machine. Memory is in MiB of guest RAM.")
        let colors = ReportPalette.policies
        report.bars(title: "p95 switch latency", unit: "µs", rows: runs.enumerated().map { ($1.policy, UInt64(value($0, "switch_latency_p95") / 1000), colors[$0 % colors.count]) })
        report.timePlot(title: "Latency of each switch, in order", unit: "ms", series: runs.enumerated().map { r, run in
            PlotSeries(name: run.policy, color: colors[r % colors.count], points: run.switchLatencies.enumerated().map { (UInt64($0 + 1), $1 / 1_000_000) })
        }, xLabel: { "\($0)" })
        report.heading("Memory over the session")
        report.timePlot(title: "Memory in use", unit: "MiB", series: runs.enumerated().map { r, run in
            PlotSeries(name: run.policy, color: colors[r % colors.count], points: run.samples.map { ($0.milliseconds, ($0.process + $0.shared + $0.pool + $0.kernel) >> 20) })
        })
        for run in runs {
            let layers: [(Int, (HibernationRun.Sample) -> UInt64)] = [(0, { $0.process }), (1, { $0.shared }), (2, { $0.pool }), (3, { $0.kernel }), (4, { $0.free })]
            report.stackedPlot(title: "Who owns the frames: \(run.policy)", unit: "MiB", layers: layers.map { i, get in
                PlotSeries(name: ReportPalette.states[i].0, color: ReportPalette.states[i].1, points: run.samples.map { ($0.milliseconds, get($0) >> 20) })
            })
        }
        report.heading("All numbers")
        report.table(header: ["metric", "unit"] + runs.map { $0.policy }, rows: (rows.first ?? []).map { row in [row.metric, row.unit] + runs.indices.map { "\(value($0, row.metric))" } })
        report.paragraph("Made by <code>\(Report.escaped(command))</code>. State hash at the end of each run: " + runs.map { "\($0.policy) <code>\(hexadecimal($0.finalHash))</code>" }.joined(separator: ", ") + ".")
        return report.html()
    }
    static func milliseconds(_ ns: Int64) -> String { String(format: "%.2f", Double(ns) / 1e6) }
    static func mebibytes(_ bytes: Int64) -> String { String(format: "%.1f", Double(bytes) / 1048576) }
}
