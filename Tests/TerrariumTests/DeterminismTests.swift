// The desktop session of a person, twice: every subsystem's hash is equal at every checkpoint.

import Foundation
import Machine
import Testing
@testable import Terrarium

/// Opens pages, scrolls, follows a link, types, changes and closes tabs.
let desktopSession = """
0.5s move 500 400
0.6s wheel -6
0.9s key ctrl+t
1.0s type "10.0.2.2/python/library/functions.html\\n"
2.0s wheel -4
2.2s key ctrl+1
2.4s click 500 300
2.7s key ctrl+l
2.8s type "10.0.2.2/debian-policy/policy.html/index.html\\n"
3.6s key pagedown
3.7s click 50 13
3.8s click 40 71
4.1s type "ps\\n"
4.3s click 700 72
4.4s key ctrl+w
"""
let desktopSessionSeconds = 5.0
let desktopSessionURL = "http://10.0.2.2/python/tutorial/index.html"

extension WholeMachine {
    @Suite struct Determinism {
        private func session(seed: UInt64 = 1) throws -> (checkpoints: [Checkpoint], simulation: Simulation) {
            let simulation = try Simulation.desktop(url: desktopSessionURL, script: desktopSession) {
                $0.checkpointPeriodNanoseconds = 250_000_000
                $0.seed = seed
            }
            var checkpoints: [Checkpoint] = []
            simulation.machine.onCheckpoint = { checkpoints.append($0) }
            simulation.run(untilSecond: desktopSessionSeconds)
            simulation.machine.takeCheckpoint()
            return (checkpoints, simulation)
        }

        @Test func aDesktopSessionRunsTwiceTheSame() throws {
            let (first, a) = try session()
            let (second, b) = try session()
            #expect(first.count >= 18)
            #expect(first == second)
            #expect(a.marks == b.marks && a.instructionCount == b.instructionCount && a.consoleText == b.consoleText)
            // It really was a session: pages came over the wire, frames changed, a terminal opened, a tab closed.
            #expect(a.marks(.pageLoaded).count >= 4, "\(a.marks)")
            #expect((a.pageServer?.requestCount ?? 0) >= 6)
            #expect(a.gpu.frame.flushCount > 20)
            #expect(a.processes("terminal").count == 1)
            for name in first[0].entries.map(\.name) where ["kernel", "ram", "gpu"].contains(name) {
                #expect(Set(first.map { c in c.entries.first { $0.name == name }?.hash }).count > 10, "\(name) hardly changes")
            }
            a.expectAllReturned()
        }
        @Test func anotherSeedIsAnotherRun() throws {
            let (first, _) = try session()
            let (second, _) = try session(seed: 2)
            #expect(first.last != second.last)
        }
    }
}
