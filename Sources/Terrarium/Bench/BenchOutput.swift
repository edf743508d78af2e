// The files of a benchmark report, made from its runs: results.json, results.csv, decisions.jsonl, trace.perfetto-trace and
// report.html; host.json apart. Invariant: they depend on the runs alone, so that one process, many, and shards joined
// later write the same bytes. Format: docs/formats/results.md.

import Foundation

public enum BenchOutput {
    /// Name and content of each file.
    public static func files(_ runs: [BenchRun]) -> [(name: String, bytes: [UInt8])] {
        let rows = runs.flatMap(\.rows)
        return [
            ("results.json", Array(ResultsFile.json(rows).utf8)),
            ("results.csv", Array(ResultsFile.csv(rows).utf8)),
            ("decisions.jsonl", Array(decisions(runs).utf8)),
            ("trace.perfetto-trace", PerfettoTrace.bytes(runs)),
            ("report.html", Array(HibernationReport.html(runs).utf8)),
        ]
    }

    /// One JSON object a line: which run, when, what, why, and the numbers that caused it.
    static func decisions(_ runs: [BenchRun]) -> String {
        var text = ""
        for run in runs {
            let c = run.combination
            let head = "{\"scenario\":\(ResultsFile.quoted(c.scenario)),\"policy\":\(ResultsFile.quoted(c.policy)),\"seed\":\(c.seed),"
            for d in run.decisions {
                text += head + "\"tick_ns\":\(d.tick),\"by\":\(ResultsFile.quoted(d.policy)),\"action\":\(ResultsFile.quoted(d.action)),\"reason\":\(ResultsFile.quoted(d.reason)),"
                text += "\"tab\":\(d.tab),\"pid\":\(d.pid),\"amount\":\(d.amount),\"generation\":\(d.generation),\"pages_moved\":\(d.pagesMoved),\"frames_free\":\(d.framesFree),\"frames_low\":\(d.framesLow),\"pressure_some_per_mille\":\(d.pressureSome),\"applied\":\(d.isApplied)}\n"
            }
        }
        return text
    }
}
