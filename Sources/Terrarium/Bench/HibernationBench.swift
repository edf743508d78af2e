// The hibernation benchmark: a session under a memory policy, and the numbers of it. Every number comes out of the run:
// marks set by the browser, the kernel's page accounting, counted instructions. No clock of the host is read.

import ABI
import Foundation
import Kernel
import Machine
import Policies

public enum HibernationBench {
    /// Memory is looked at this often: in virtual time, the longer the session, the less often.
    static func samplePeriod(nanoseconds: UInt64) -> UInt64 { nanoseconds <= 400_000_000_000 ? 250_000_000 : 1_000_000_000 }

    /// Plays the session of `seed` under `policy`.
    /// - Parameters:
    ///   - specification: the policy with its parameters, when the combination does not name them all.
    ///   - key: what identifies the run (`BenchPlan.key`).
    ///   - prepare: called before the first turn, for example to attach a trace recorder.
    public static func run(_ scenario: Scenario, _ combination: BenchCombination, specification: String? = nil, key: String = "", image: SystemImage,
                           prepare: (Simulation) throws -> Void = { _ in }, finish: (Simulation) throws -> Void = { _ in }) throws -> BenchRun {
        if combination.policy == HibernationBound.name { return try HibernationBound.run(scenario, combination, key: key, image: image) }
        let session = try scenario.session(seed: combination.seed)
        var configuration = scenario.configuration
        configuration.policy = specification ?? combination.policy
        configuration.seed = combination.seed
        configuration.url = session.url
        let simulation = try Simulation(configuration, image: image)
        for event in session.events { simulation.machine.schedule(event.event, at: Tick(nanoseconds: event.nanoseconds)) }
        try prepare(simulation)
        let observer = RunObserver(simulation, period: samplePeriod(nanoseconds: session.nanoseconds))
        simulation.run(until: .predicate {
            observer.look()
            return simulation.now >= session.nanoseconds
        })
        observer.finish()
        var run = BenchRun(combination: combination, key: key, about: about(scenario, configuration, image, simulation), rows: [])
        run.switches = observer.switches
        run.openLatencies = observer.openLatencies
        run.samples = observer.samples
        run.tabStates = observer.spans
        run.decisions = simulation.kernel.decisionLog.map(decision)
        run.rows = rows(simulation, observer, run)
        run.finalHash = hexadecimal(RunReport.combinedHash(simulation.stateHashes()))
        try finish(simulation)
        return run
    }

    private static func about(_ scenario: Scenario, _ configuration: SimulationConfiguration, _ image: SystemImage, _ simulation: Simulation) -> BenchRun.About {
        BenchRun.About(summary: scenario.summary, ramByteCount: configuration.ramByteCount, swapByteCount: configuration.swapByteCount, cpuMHz: configuration.cpuMHz,
                       profile: scenario.profile, specification: configuration.policy, image: hexadecimal(image.hash), nanoseconds: simulation.now, isGenerated: scenario.isGenerated)
    }
    private static func decision(_ d: DecisionRecord) -> BenchRun.Decision {
        BenchRun.Decision(tick: d.nowNanoseconds, policy: d.policy.description, action: d.decision.action.name.description, reason: d.decision.reason.name.description,
                          pid: d.decision.pid, tab: d.tabID, amount: d.decision.amount, generation: d.decision.generation, pagesMoved: d.pagesMoved, framesFree: d.framesFree, framesLow: d.framesLow, pressureSome: d.pressureSomePerMille, isApplied: d.isApplied)
    }
}
