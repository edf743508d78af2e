// `simctl soak`: random tabs under a random policy and a failing swap disk; everything must add up after each step.

import Devices
import Foundation
import Machine
import Terrarium

let soakCommand = Command(
    words: ["soak"], arguments: "", summary: "open, close, hibernate, swap and discard tabs at random and check every frame",
    details: """
    Each step, a second of virtual time, opens, closes, switches or scrolls a tab of the desktop, while a policy that throws
    dice freezes, hibernates, swaps, discards, thaws and prefetches, and the swap disk fails now and then. After each step
    every frame, reference and charge is recounted. The whole is run --runs times and must end in the same state. A
    failure names the step; the same seed and number of steps meet it again.
    """,
    options: [
        OptionSpecification("steps", "N", "steps of a run (default 10000)"),
        OptionSpecification("runs", "N", "runs, which must be equal (default 2; 1 to 100)"),
        OptionSpecification("swap-faults", "RULES", "what goes wrong with the swap disk (default read-error=0.05%,write-error=1%; see 'simctl help run')"),
        OptionSpecification("json", nil, "print the result as JSON"),
    ] + machineOptions.filter { $0.name != "policy" && $0.name != "network" },
    argumentCount: 0...0,
    examples: [Example("simctl soak", "ten thousand steps, twice"), Example("simctl soak --steps 200 --seed 7 --runs 1", "a look")],
    exitCodes: [(ExitCode.success, "everything added up, and all runs are equal"), (ExitCode.failure, "something did not add up; the step is named"), (ExitCode.divergence, "runs differ"), (ExitCode.noInput, "no such image")],
    seeAlso: ["simctl verify", "docs/internals/memory-manager.md"],
    run: soak)

@Sendable func soak(_ arguments: ParsedArguments) throws -> Int32 {
    let stepCount = try arguments.integer("steps", in: 1...1_000_000) ?? 10_000, runCount = try arguments.integer("runs", in: 1...100) ?? 2
    let faults = try faultPlan(arguments.string("swap-faults") ?? "read-error=0.05%,write-error=1%")
    try checkMachineOptions(arguments)
    let image = try loadImage(arguments)
    var settings = try configuration(arguments, image)
    if arguments.string("ram") == nil { settings.ramByteCount = 96 << 20 }
    settings.network = .pages
    settings.swapFaults = faults
    settings.swapByteCount = 64 << 20
    let soak = Soak(configuration: settings, image: image, stepCount: stepCount)
    let progress = Progress(total: stepCount * runCount, unit: "steps")
    var results: [SoakResult] = []
    for run in 0..<runCount {
        results.append(try mapErrors { try soak.run { progress.report(run * stepCount + $0) } })
        if results[run].problem != nil { break }
    }
    progress.finish()
    return report(results, seed: settings.seed, isJSON: arguments.flag("json"))
}

private func report(_ results: [SoakResult], seed: UInt64, isJSON: Bool) -> Int32 {
    let r = results[0], problem = results.compactMap { $0.problem }.first, isEqual = results.allSatisfy { $0 == r }
    if isJSON {
        printJSON([
            "schema": 1, "seed": seed, "runs": results.count, "equal": isEqual, "problem": problem.map { $0 as Any } ?? NSNull(), "steps": r.steps, "opened": r.opened, "closed": r.closed, "switched": r.switched,
            "hibernations": r.hibernations, "discards": r.discards, "out_of_memory_kills": r.outOfMemoryKills, "refused_decisions": r.decisionsRefused, "evictions": r.evictions, "refaults": r.refaults,
            "prefetches": r.prefetches, "swap_written_pages": r.swapWrittenPages, "swap_errors": r.swapErrors, "instructions": r.instructions, "final_tick_ns": r.endTick, "final_hash": hexadecimal(r.finalHash),
        ])
    } else {
        print("\(r.steps) steps: \(r.opened) tabs opened, \(r.closed) closed, \(r.switched) switches; \(r.hibernations) hibernations, \(r.discards) discards, \(r.outOfMemoryKills) out-of-memory kills")
        print("\(r.evictions) pages taken, \(r.refaults) refaults, \(r.prefetches) prefetched, \(r.swapWrittenPages) written to swap, \(r.swapErrors) failed transfers; \(r.decisionsRefused) decisions refused")
        if let problem { print("DOES NOT ADD UP: \(problem)") } else { print("every frame, reference and charge added up after each step") }
        print("\(results.count) runs\(isEqual ? ", all equal" : " DIFFER"): final state " + results.map { hexadecimal($0.finalHash) }.joined(separator: ", "))
    }
    return problem != nil ? ExitCode.failure : isEqual ? ExitCode.success : ExitCode.divergence
}
