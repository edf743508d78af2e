// Counting: the same program leaves with the same counts, calls, memory and exits whatever the optimiser did with it and
// however its time was cut.

import Foundation
import Machine
import ProgramBuilder
import Testing

@Suite struct MeteringTests {
    struct Outcome: Equatable {
        var exit: Exit
        var instructions: UInt64
        var calls: [CallArguments]
        var callCounts: [UInt64]
        var memory: UInt64
        var pages: [UInt32]
    }
    static let programCount = 12

    /// The module of a seed, built with an optimisation level.
    private func program(_ seed: UInt64, _ level: String) throws -> Program {
        let builder = try ProgramBuilder(root: projectRoot, output: projectRoot + "/images/out/tests", optimisation: level)
        // The file's name is part of its hash.
        let directory = NSTemporaryDirectory() + "random-\(UInt64.random(in: 0...UInt64.max))", path = directory + "/random-\(seed).wat"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try RandomPrograms.module(seed: seed, count: Self.programCount).write(toFile: path, atomically: true, encoding: .utf8)
        return try Program.load(builder.build(wat: path, name: "random-\(seed)").sharedObjectPath)
    }
    private func outcome(_ program: Program, _ index: Int, budget: UInt64) throws -> Outcome {
        let k = try TestKernel(megabytes: 2)
        let t = k.create(program)
        let e = k.start(t, argument: Int64(index), budget: budget)
        var h = ContentHash()
        let pages = k.pages[t]!.sorted { $0.key < $1.key }
        for (page, p) in pages {
            h.add(UInt64(page))
            h.add(UnsafeRawBufferPointer(start: k.ram.frameAddress(p.frame), count: 65536))
        }
        return Outcome(exit: e, instructions: k.instructions, calls: k.calls, callCounts: k.callCounts, memory: h.value, pages: pages.map(\.key))
    }

    @Test func randomProgramsCountTheSameInEveryBuild() throws {
        let seed: UInt64 = 1
        let plain = try program(seed, "-O1"), fast = try program(seed, "-O3")
        var ends: Set<String> = [], callTotal = 0
        for index in 0..<Self.programCount {
            var whole: Outcome?
            for budget in [1 << 40, 20_000, 997, 13] as [UInt64] {
                let a = try outcome(plain, index, budget: budget), b = try outcome(fast, index, budget: budget)
                #expect(a == b, "program \(index) of seed \(seed), budget \(budget)")
                #expect(a.instructions > 0)
                // A trap charges its whole slice; everything else does not depend on the slices.
                if case .finished = a.exit {
                    if let whole { #expect(a == whole, "program \(index) of seed \(seed), budget \(budget)") }
                } else if let whole {
                    #expect(a.exit == whole.exit && a.memory == whole.memory && a.calls == whole.calls && a.callCounts == whole.callCounts)
                }
                if whole == nil { whole = a }
            }
            ends.insert("\(whole!.exit)")
            callTotal += whole!.calls.count
        }
        #expect(ends.contains("finished(0)") && ends.count > 1)   // both kinds of end occur
        #expect(callTotal >= Self.programCount / 2)
    }
    @Test func theGeneratorIsSeeded() {
        #expect(RandomPrograms.module(seed: 3, count: 2) == RandomPrograms.module(seed: 3, count: 2))
        #expect(RandomPrograms.module(seed: 3, count: 2) != RandomPrograms.module(seed: 4, count: 2))
    }
}
