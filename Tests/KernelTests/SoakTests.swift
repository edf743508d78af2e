// Tabs come, sleep, wake and go at random under a policy that throws dice, with a disk that fails now and then. After each
// step everything must add up; at the end nothing may be left, and the same seed must give the same machine.

import ABI
import Policies
import Testing
@testable import Kernel

@Suite struct SoakTests {
    struct Result: Equatable { var hash: UInt64, now: UInt64, counts: [String: Int] }

    static func run(seed: UInt64, steps: Int) -> Result {
        let m = FakeMachine(frames: 160)
        let dice = DicePolicy(seed: seed &+ 77)
        m.devices.append(fakeDisk(byteCount: 48 * 65536, latency: 300_000) { _, _ in dice.roll(40) == 0 })
        m.add("tab", MemoryTests.tab(pages: 12))
        var c = KernelConfiguration()
        c.policy = DicePolicy(seed: seed, actions: [.freeze, .hibernate, .thaw, .swapOut, .compressCold, .swapCold, .prefetch, .compressCold, .swapCold, .prefetch, .discard])
        c.policyPeriodNanoseconds = 100_000_000
        c.agingPeriodNanoseconds = 40_000_000
        var counts: [String: Int] = [:]
        var problems: [String] = []
        m.boot(c, until: 1_000_000) { g, system in
            var tabs: [(process: Int64, channel: Int64, hash: String)] = []
            func close(_ i: Int) {
                let t = tabs.remove(at: i)
                _ = g.call(.kill, t.process)
                _ = g.call(.handleClose, t.process)
                _ = g.call(.handleClose, t.channel)
            }
            for step in 0..<steps {
                let i = Int(dice.roll(UInt32(max(1, tabs.count))))
                var what = "wait"
                switch dice.roll(8) {
                case 0, 1:
                    what = "open"
                    if tabs.count == 8 { close(i) }
                    tabs.append(MemoryTests.open(g, system, Int64(step + 1)))
                case 2 where !tabs.isEmpty:
                    what = "close"
                    close(i)
                case 3..<6 where !tabs.isEmpty:
                    for t in tabs { MemoryTests.hidden(g, t.process) }
                    MemoryTests.active(g, tabs[i].process)
                    g.send(tabs[i].channel, "hash")
                    _ = g.waitMany([(tabs[i].channel, [.readable, .peerClosed])], g.call(.clock) + 5_000_000_000)
                    let r = g.receive(tabs[i].channel)
                    what = r.result < 0 ? "lost" : r.text == tabs[i].hash ? "same" : "DIFFERENT"
                    if what == "lost" { close(i) }
                case 6 where !tabs.isEmpty:
                    what = "sleep"
                    _ = g.call(.tabUpdate, tabs[i].process, Int64(LifecycleState.hibernated.rawValue), 0)
                default: break
                }
                counts[what, default: 0] += 1
                LaboratoryTests.wait(g, milliseconds: Int64(dice.roll(40)))
                if let problem = m.kernel.checkConservation() { problems.append("step \(step), \(what): \(problem)") }
            }
            while !tabs.isEmpty { close(0) }
            g.note("done")
        }
        while m.notes.isEmpty, m.now < 10_000_000_000_000 { m.run(until: m.now + 1_000_000_000) }
        #expect(problems.isEmpty, "\(problems.prefix(3))")
        #expect(m.notes == ["done"] && counts["DIFFERENT"] == nil)
        let result = Result(hash: m.kernel.stateHash() ^ m.kernel.ramHash(), now: m.now, counts: counts)
        m.expectAllReturned()
        return result
    }
    @Test(arguments: [1, 2] as [UInt64]) func randomTabsConserveEverything(seed: UInt64) {
        let first = SoakTests.run(seed: seed, steps: 120)
        #expect(first.counts["same"] ?? 0 > 5 && first.counts["lost"] ?? 0 > 0, "\(first.counts)")
        #expect(SoakTests.run(seed: seed, steps: 120) == first)
    }
}
