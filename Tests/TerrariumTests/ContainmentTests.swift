// Misbehaving programs on the real kernel and machine: each is stopped with its reason while a bystander goes on
// answering, and frames, objects and handles come back to what they were.

import ABI
import Foundation
import Kernel
import Machine
import Testing
@testable import Terrarium

/// A program of the plan, why it must end, and what it is.
struct Misfit: Sendable {
    var name: String
    var reason: String
    init(_ name: String, _ reason: String) { self.name = name; self.reason = reason }
}

extension WholeMachine {
    @Suite struct Containment {
        static let misfits = [
            Misfit("unreachable", "trapped"), Misfit("divide", "trapped"), Misfit("overflow", "trapped"), Misfit("convert", "trapped"),
            Misfit("null-call", "trapped"), Misfit("bad-call", "trapped"), Misfit("beyond", "trapped"), Misfit("bulk-beyond", "trapped"),
            Misfit("recursion", "stack overflow"), Misfit("wild-pointer", "bad access"), Misfit("wild-store", "bad access"), Misfit("bulk-wild", "bad access"),
            Misfit("spin", "killed"), Misfit("call-flood", "exited"), Misfit("huge-grow", "killed"), Misfit("touch-all", "out of memory"),
            Misfit("rogue-0", "trapped"), Misfit("rogue-1", "stack overflow"), Misfit("rogue-2", "out of memory"), Misfit("rogue-3", "killed"),
            Misfit("rogue-4", "killed"), Misfit("rogue-5", "killed"), Misfit("rogue-6", "killed"), Misfit("rogue-7", "killed"),
            Misfit("rogue-8", "killed"), Misfit("rogue-9", "trapped"), Misfit("rogue-10", "exited"), Misfit("rogue-11", "bad access"),
            Misfit("rogue-12", "exited"), Misfit("rogue-13", "killed"), Misfit("rogue-14", "killed"), Misfit("rogue-15", "killed"),
            Misfit("ctor-spin", "killed"), Misfit("data-beyond", "bad access"), Misfit("data-window", "bad access"), Misfit("indirect-recursion", "stack overflow"),
            Misfit("bulk-recursion", "stack overflow"), Misfit("grow-edge", "bad access"), Misfit("release-all", "killed"), Misfit("table-beyond", "trapped"),
            Misfit("straddle", "bad access"), Misfit("rogue-16", "bad access"), Misfit("rogue-17", "exited"), Misfit("rogue-18", "bad access"),
            Misfit("rogue-19", "exited"), Misfit("rogue-20", "killed"), Misfit("rogue-21", "killed"), Misfit("rogue-22", "killed"),
            Misfit("rogue-23", "killed"), Misfit("rogue-24", "killed"), Misfit("rogue-25", "killed"), Misfit("rogue-26", "exited"),
            Misfit("rogue-27", "killed"), Misfit("rogue-28", "exited"), Misfit("rogue-29", "trapped"), Misfit("rogue-30", "killed"), Misfit("rogue-31", "killed"),
        ]

        @Test func misfitsAreContained() throws {
            let wat = Set(Self.misfits.map(\.name).filter { !$0.hasPrefix("rogue") }).sorted().map { $0 + ".wat" }
            let image = try TestPrograms.image(boot: "warden.swift", ["pong.swift", "rogue.swift"] + wat)
            let s = try Simulation.bare(image, start: Self.misfits.map(\.name).joined(separator: ","))
            var counts: [Ledger] = []
            for round in 1...2 {
                try #require(s.run(untilConsole: "round \(round) over", withinSeconds: 20), "\(s.consoleText)")
                if round == 1 { checkRecords(s) }
                s.expectConserved()
                try #require(s.run(untilConsole: "round \(round) released", withinSeconds: 1))
                s.run(nanoseconds: 5_000_000)
                s.expectConserved()
                counts.append(s.kernel.ledger())
            }
            #expect(counts[0] == counts[1])
            #expect(counts[0].processes == 2)          // the warden and the bystander
            checkConsole(s.consoleText)
            s.expectAllReturned()
        }

        /// What the kernel itself says of every process that ended.
        private func checkRecords(_ s: Simulation) {
            let ended = s.kernel.processRecords.filter { $0.exitReason != 0 }
            #expect(ended.count == Self.misfits.count)
            for (record, misfit) in zip(ended, Self.misfits) {
                #expect(misfit.name.hasPrefix(record.name.string))
                #expect(ExitReason(rawValue: record.exitReason)?.name == misfit.reason, "\(misfit.name): code \(record.exitCode)")
                #expect(record.pagesResident == 0 && record.pagesCompressed == 0 && record.pagesSwapped == 0)
            }
        }
        /// The bystander answered while each one lived, or right after those that ended at once.
        private func checkConsole(_ text: String) {
            #expect(!text.contains("warden:"), "\(text)")
            let all = text.split(separator: "\n")
            for misfit in Self.misfits {
                let lines = all.filter { $0.contains("contained \(misfit.name):") }
                #expect(lines.count >= 2, "\(misfit.name)")
                for line in lines {
                    let answers = line.split(separator: " ").dropLast().last.flatMap { Int($0) } ?? 0
                    #expect(answers >= (misfit.reason == "killed" ? 6 : 1), "\(line)")
                    #expect(line.contains(": \(misfit.reason),"), "\(line)")
                }
            }
        }
    }
}
