// Two result files side by side: verdicts follow the direction and the tolerance; files are read back as they were written.
import Foundation
import Terrarium
import Testing

@Suite struct ComparisonTests {
    private func row(_ metric: String, _ value: Int64, _ direction: String = "lower", unit: String = "count") -> ResultRow {
        ResultRow(scenario: "parts", policy: "page", seed: 1, metric: metric, unit: unit, direction: direction, value: value)
    }
    @Test func verdictsFollowTheDirection() {
        let cases: [(Int64, Int64, String, ResultComparison.Verdict, Int64?)] = [
            (100, 90, "lower", .better, 900), (100, 110, "lower", .worse, 1100), (100, 90, "higher", .worse, 900), (100, 110, "higher", .better, 1100),
            (100, 104, "lower", .same, 1040), (100, 105, "lower", .same, 1050), (100, 106, "lower", .worse, 1060), (100, 300, "none", .changed, 3000), (0, 5, "lower", .worse, nil), (0, 0, "lower", .same, nil),
        ]
        for (old, new, direction, verdict, ratio) in cases {
            let list = ResultComparison.compare(old: [row("m", old, direction)], new: [row("m", new, direction)]) { _ in 50 }
            #expect(list.count == 1 && list[0].verdict == verdict && list[0].ratioPerMille == ratio, "\(old) \(new) \(direction): \(list)")
        }
    }
    @Test func whatOnlyOneFileHasIsListed() {
        let list = ResultComparison.compare(old: [row("gone", 1), row("both", 2), row("unit", 3, unit: "us")], new: [row("new", 4), row("both", 2), row("unit", 5)]) { _ in 0 }
        #expect(list.map { "\($0.row.metric) \($0.verdict)" } == ["new new", "both same", "unit new", "gone gone", "unit gone"])
    }
    @Test func filesAreReadBack() throws {
        let rows = [row("a \"quoted\" name", -5), row("b", 9_000_000_000_000_000, "higher", unit: "kB/s")]
        #expect(try ResultsFile.parse(Data(ResultsFile.json(rows).utf8), name: "x") == rows)
        for bad in ["", "[]", "{\"schema\":1}", "{\"schema\":2,\"results\":[]}"] {
            do throws(TerrariumError) {
                _ = try ResultsFile.parse(Data(bad.utf8), name: "bad.json")
                Issue.record("\(bad) was accepted")
            } catch { #expect(error.message.hasPrefix("bad.json ")) }
        }
    }
}
