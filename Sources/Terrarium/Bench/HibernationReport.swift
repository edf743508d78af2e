// `report.html` of `simctl bench hibernation`: policies compared on the same sessions, one section a scenario. No script, no
// outside file. What a column or plot means stands beside it.

import Foundation
import Policies

public enum HibernationReport {
    /// Points of a curve; more cannot be seen.
    static let pointCountMax = 300

    public static func html(_ runs: [BenchRun]) -> String {
        var scenarios: [String] = []
        for run in runs where !scenarios.contains(run.combination.scenario) { scenarios.append(run.combination.scenario) }
        var report = Report(title: scenarios.count == 1 ? "Tab hibernation: \(scenarios[0])" : "Tab hibernation",
                            lead: "Each session ran once under each policy, with real tabs in a simulated machine. Time is counted, not measured: the same command gives the same bytes on every host.")
        for name in scenarios {
            var section = Section(runs: runs.filter { $0.combination.scenario == name })
            section.write(to: &report)
        }
        report.heading("How to read this")
        report.paragraph("<b>Switch latency</b>: from the user's request for a tab that had been on screen before to that tab's first picture with content being handed to the window manager, whose next frame shows it. <b>Reloads</b>: discarded tabs that were shown again; what was in them was lost. <b>Unneeded</b>: discarded tabs that came back although their memory would have fitted all the time until then. <b>Saved</b>: what tabs would hold if nothing had been taken from them, less what they and the compressed pool hold, mean over the session. <b>Stall</b>: PSI “some”, per mille of time. Latencies are those of all sessions together; reloads, discards and swap are summed; memory and times are means. Every number with its definition: docs/formats/results.md.")
        return report.html()
    }

    /// The part of the report about one scenario.
    private struct Section {
        let runs: [BenchRun]
        let summaries: [PolicySummary]
        init(runs: [BenchRun]) {
            self.runs = runs
            summaries = PolicySummary.summaries(runs)
        }
        func color(_ policy: String) -> String {
            let colors = ReportPalette.policies
            return colors[(summaries.firstIndex { $0.policy == policy } ?? 0) % colors.count]
        }

        mutating func write(to report: inout Report) {
            let about = runs[0].about, count = summaries.map(\.runCount).max() ?? 0
            report.heading(runs[0].combination.scenario)
            var machine = "Machine: \(about.ramByteCount >> 20) MiB of memory, \(about.swapByteCount >> 20) MiB of swap, \(about.cpuMHz) MHz"
            if let profile = about.profile { machine += ", profile \(Report.escaped(profile))" }
            report.paragraph("\(Report.escaped(about.summary)) \(machine). \(count) session\(count == 1 ? "" : "s") of about \(about.nanoseconds / 60_000_000_000) minutes.")
            table(&report)
            pareto(&report)
            report.distribution(title: "Switch latency: share of switches that took at most …", series: summaries.map { ($0.policy, color($0.policy), $0.latencies) })
            let seed = runs[0].combination.seed, first = runs.filter { $0.combination.seed == seed }
            report.timePlot(title: "Memory in use, session \(seed)", unit: "MiB", series: first.map { run in
                PlotSeries(name: run.combination.policy, color: color(run.combination.policy), points: thinned(run.samples).map { ($0.milliseconds, UInt64($0.process + $0.shared + $0.pool + $0.kernel) >> 4) })
            })
            for run in first { policy(run, &report) }
        }

        private func table(_ report: inout Report) {
            var best: Set<[Int]> = []
            for (c, column) in PolicySummary.columns.enumerated() where column.direction != "none" {
                let values = summaries.map(column.value)
                guard let low = values.min(), let high = values.max(), low != high else { continue }
                for (r, v) in values.enumerated() where v == (column.direction == "lower" ? low : high) { best.insert([r, c + 1]) }
            }
            report.table(header: ["policy"] + PolicySummary.columns.map(\.title), rows: summaries.map { s in [s.policy] + PolicySummary.columns.map { $0.text($0.value(s)) } }, best: best)
        }

        private func pareto(_ report: inout Report) {
            let points = summaries.map { (name: $0.policy, x: UInt64(max(0, $0.mean("memory_saved_mean"))) >> 20, y: UInt64(max(0, $0.latency(perMille: 990)))) }
            report.scatter(title: "Memory saved against the slowest switches (p99): right and down is better", xTitle: "memory saved, mean, MiB", points: points.map { p in
                ScatterPoint(name: p.name, color: color(p.name), x: p.x, y: p.y, isOnFront: !points.contains { $0.x >= p.x && $0.y <= p.y && ($0.x > p.x || $0.y < p.y) })
            })
        }

        // MARK: One policy

        private func policy(_ run: BenchRun, _ report: inout Report) {
            let name = run.combination.policy
            report.details("\(name): session \(run.combination.seed), \(run.decisions.count) decisions") { report in
                if let d = MemoryPolicies.all.first(where: { $0.name == run.combination.policyName }) {
                    report.paragraph("\(Report.escaped(d.summary)) <i>Published:</i> \(Report.escaped(d.source)).")
                }
                if run.about.specification != name { report.paragraph("Parameters: <code>\(Report.escaped(run.about.specification))</code>") }
                let layers: [(String, String, (BenchRun.Sample) -> UInt64)] = [
                    ("tab on screen", "#2f6f4f", { UInt64($0.active) }), ("hidden and frozen tabs", "#4c6a92", { UInt64($0.hidden) }), ("asleep, not yet compressed", "#b08900", { UInt64($0.asleep) }),
                    ("compressed pool", "#c8553d", { UInt64($0.pool) }), ("other programs, shared pages", "#8fb0d9", { UInt64($0.process + $0.shared) - min(UInt64($0.process + $0.shared), UInt64($0.active + $0.hidden + $0.asleep)) }),
                    ("kernel", "#9aa5b1", { UInt64($0.kernel) }), ("free", "#e4e7eb", { UInt64($0.free) }),
                ]
                let samples = thinned(run.samples)
                report.stackedPlot(title: "Memory by state", unit: "MiB", layers: layers.map { l in PlotSeries(name: l.0, color: l.1, points: samples.map { ($0.milliseconds, l.2($0) >> 4) }) })
                timeline(run, &report)
                decisions(run, &report)
            }
        }
        /// Decisions by what they do, the user's switches above them.
        private func timeline(_ run: BenchRun, _ report: inout Report) {
            var actions: [String] = []
            for d in run.decisions where !actions.contains(d.action) { actions.append(d.action) }
            var events = run.switches.map { s in
                PlotEvent(milliseconds: s.tick / 1_000_000, row: 0, title: "\(Report.duration(s.tick)): to tab \(s.tab), which was \(s.state)\(s.latency.map { ", \(Report.duration($0))" } ?? ", no answer")", isFaint: s.state != "discarded")
            }
            var lastPixel: [Int: UInt64] = [:]       // a policy may decide thousands of times; marks on the same spot are one
            for d in run.decisions {
                let row = 1 + (actions.firstIndex(of: d.action) ?? 0), pixel = d.tick / max(1, run.about.nanoseconds / 320)
                if lastPixel[row] == pixel { continue }
                lastPixel[row] = pixel
                events.append(PlotEvent(milliseconds: d.tick / 1_000_000, row: row,
                                        title: "\(Report.duration(d.tick)): \(d.action) tab \(d.tab): \(d.reason); \(d.framesFree) frames free, low watermark \(d.framesLow), pressure \(d.pressureSome) ‰\(d.isApplied ? "" : "; refused")", isFaint: !d.isApplied))
            }
            let colors = ["#c8553d", "#2f6f4f", "#4c6a92", "#8e6c8a", "#b08900", "#3b8ea5", "#7a5c3e", "#52606d"]
            report.events(title: "What happened (hold the pointer over a mark; a strong switch is to a discarded tab)", rows: [("switches", "#1f2933")] + actions.enumerated().map { ($1, colors[$0 % colors.count]) }, events: events, end: run.about.nanoseconds / 1_000_000)
        }
        private func decisions(_ run: BenchRun, _ report: inout Report) {
            var groups: [(by: String, action: String, reason: String, count: Int, refused: Int, first: UInt64, last: UInt64)] = []
            for d in run.decisions {
                if let i = groups.firstIndex(where: { $0.by == d.policy && $0.action == d.action && $0.reason == d.reason }) {
                    groups[i].count += 1
                    groups[i].refused += d.isApplied ? 0 : 1
                    groups[i].last = d.tick
                } else { groups.append((d.policy, d.action, d.reason, 1, d.isApplied ? 0 : 1, d.tick, d.tick)) }
            }
            if groups.isEmpty { report.paragraph("It decided nothing."); return }
            report.table(header: ["action", "reason", "by", "times", "refused", "first", "last"],
                         rows: groups.map { [$0.action, $0.reason, $0.by, "\($0.count)", "\($0.refused)", "\($0.first / 1_000_000_000) s", "\($0.last / 1_000_000_000) s"] })
        }
        private func thinned(_ samples: [BenchRun.Sample]) -> [BenchRun.Sample] {
            let step = max(1, (samples.count + pointCountMax - 1) / pointCountMax)
            return samples.enumerated().filter { $0.offset % step == 0 || $0.offset == samples.count - 1 }.map { $0.element }
        }
    }
}
