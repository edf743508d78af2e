// `report.html` of `simctl bench hibernation`: policies compared on the same sessions.

import Foundation

public enum HibernationReport {
    public static func html(_ runs: [BenchRun]) -> String {
        var scenarios: [String] = []
        for run in runs where !scenarios.contains(run.combination.scenario) { scenarios.append(run.combination.scenario) }
        var report = Report(title: scenarios.count == 1 ? "Tab hibernation: \(scenarios[0])" : "Tab hibernation",
                            lead: "Each session ran once under each policy, with real tabs in a simulated machine. Time is counted, not measured: the same command gives the same bytes.")
        for name in scenarios { section(&report, runs.filter { $0.combination.scenario == name }) }
        return report.html()
    }

    private static func section(_ report: inout Report, _ runs: [BenchRun]) {
        let summaries = PolicySummary.summaries(runs), colors = ReportPalette.policies
        func color(_ policy: String) -> String { colors[(summaries.firstIndex { $0.policy == policy } ?? 0) % colors.count] }
        report.heading(runs[0].combination.scenario)
        report.paragraph("\(Report.escaped(runs[0].about.summary)) Machine of \(runs[0].about.ramByteCount >> 20) MiB, \(summaries[0].runCount) session\(summaries[0].runCount == 1 ? "" : "s").")
        var best: Set<[Int]> = []
        for (c, column) in PolicySummary.columns.enumerated() where column.direction == "lower" || column.direction == "higher" {
            let values = summaries.map(column.value)
            guard let low = values.min(), let high = values.max(), low != high else { continue }
            for (r, v) in values.enumerated() where v == (column.direction == "lower" ? low : high) { best.insert([r, c + 1]) }
        }
        report.table(header: ["policy"] + PolicySummary.columns.map(\.title), rows: summaries.map { s in [s.policy] + PolicySummary.columns.map { $0.text($0.value(s)) } }, best: best)
        report.heading("Memory over the session")
        let seed = runs[0].combination.seed
        let first = runs.filter { $0.combination.seed == seed }
        report.timePlot(title: "Memory in use, seed \(seed)", unit: "MiB", series: first.map { run in
            PlotSeries(name: run.combination.policy, color: color(run.combination.policy), points: run.samples.map { ($0.milliseconds, UInt64($0.process + $0.shared + $0.pool + $0.kernel) >> 4) })
        })
    }
}
