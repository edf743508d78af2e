// The bound as a member of a benchmark: a combination whose policy is called `bound` plays the probe instead of a policy and
// leaves the bound's rows; `annotate` then states for every run how far it is from them.

import ABI
import Kernel
import Machine

extension HibernationBound {
    /// The name of the bound where others have a policy's.
    public static let name = "bound"

    /// Plays the probe of a session and solves it.
    static func run(_ scenario: Scenario, _ combination: BenchCombination, key: String, image: SystemImage) throws -> BenchRun {
        let model = try SessionProbe.model(scenario, seed: combination.seed, image: image), c = scenario.configuration
        let about = BenchRun.About(summary: scenario.summary, ramByteCount: c.ramByteCount, swapByteCount: c.swapByteCount, cpuMHz: c.cpuMHz, profile: scenario.profile,
                                   specification: name, image: hexadecimal(image.hash), nanoseconds: try scenario.session(seed: combination.seed).nanoseconds, isGenerated: scenario.isGenerated)
        var run = BenchRun(combination: combination, key: key, about: about, rows: [])
        run.rows = boundRows(solve(model), scenario: combination.scenario, seed: combination.seed)
        return run
    }
    public static func boundRows(_ r: Result, scenario: String, seed: UInt64) -> [ResultRow] {
        func row(_ metric: String, _ unit: String, _ value: Int64) -> ResultRow {
            ResultRow(scenario: scenario, policy: name, seed: seed, metric: metric, unit: unit, direction: "none", value: value)
        }
        return [row("bound_wake_cost", "ns", r.cost), row("bound_pages_returned", "count", r.returns), row("visits", "count", Int64(r.visits))] + (r.plan.map { [row("plan_wake_cost", "ns", $0)] } ?? [])
    }
    /// The runs of policies, each with the rows of its session's bound and its distance to it.
    public static func annotate(_ runs: [BenchRun]) -> [BenchRun] {
        let bounds = runs.filter { $0.combination.policy == name }
        if bounds.count == runs.count { return runs }
        return runs.filter { $0.combination.policy != name }.map { run in
            guard let bound = bounds.first(where: { $0.combination.scenario == run.combination.scenario && $0.combination.seed == run.combination.seed }),
                  let cost = bound.rows.first(where: { $0.metric == "bound_wake_cost" })?.value, let wake = run.rows.first(where: { $0.metric == "wake_cost" })?.value else { return run }
            var run = run
            func add(_ metric: String, _ unit: String, _ direction: String, _ value: Int64) {
                run.rows.append(ResultRow(scenario: run.combination.scenario, policy: run.combination.policy, seed: run.combination.seed, metric: metric, unit: unit, direction: direction, value: value))
            }
            add("bound_wake_cost", "ns", "none", cost)
            if let gap = gapPerMille(cost: wake, bound: cost) { add("gap_to_bound", "per_mille", "lower", gap) }
            if let plan = bound.rows.first(where: { $0.metric == "plan_wake_cost" })?.value {
                add("plan_wake_cost", "ns", "none", plan)
                if let gap = gapPerMille(cost: wake, bound: plan) { add("gap_to_plan", "per_mille", "lower", gap) }
            }
            return run
        }
    }
    /// What bringing memory back has cost in a run: pages decompressed, read from swap, and tabs loaded again.
    static func wakeCost(_ simulation: Simulation, switches: [BenchRun.Switch]) -> UInt64 {
        let c = simulation.kernel.memoryCounters, costs = simulation.kernel.snapshot().costs
        var sum = c.decompressions.multipliedReportingOverflow(by: costs.decompressPage).partialValue &+ c.swapIns.multipliedReportingOverflow(by: costs.swapReadPage).partialValue
        for s in switches where s.state == "discarded" { sum &+= s.latency ?? 0 }
        return sum
    }
}
