// Sleep changes nothing that a person sees: a tab that was compressed and woken shows the same frame as on a control run
// that never slept; a discarded one comes back at its address and scroll position.

import ABI
import Foundation
import Kernel
import Machine
import Policies
import Testing
@testable import Terrarium

/// Decides once that every hidden tab shall sleep (or go), after a given time: a forced decision for tests.
private final class ForcedPolicy: MemoryPolicy {
    let name: StaticString = "forced"
    let action: MemoryAction
    let after: UInt64
    init(_ action: MemoryAction, after: UInt64) { self.action = action; self.after = after }
    func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision] {
        guard snapshot.nowNanoseconds >= after else { return [] }
        return snapshot.tabs.filter { $0.lifecycle == .hidden }.map { MemoryDecision(action, pid: $0.pid, .requested) }
    }
}

extension WholeMachine {
    @Suite struct Hibernation {
        /// A long page is opened and scrolled, another tab covers it, and at 6 s it is shown again.
        static let script = "1.0s move 700 500\n1.1s wheel -7\n1.6s key ctrl+t\n5.0s key ctrl+1\n7.0s wheel -2\n"
        private func machine(_ action: MemoryAction?) throws -> Simulation {
            let s = try Simulation.desktop(url: "http://10.0.2.2/python/library/functions.html", script: Self.script) { $0.policy = "none" }
            if let action { s.kernel.memoryPolicy = ForcedPolicy(action, after: seconds(2)) }
            return s
        }
        private func tab(_ s: Simulation) -> ProcessRecord? { s.kernel.processRecords.first { $0.tabID == 1 && $0.exitReason == 0 } }
        /// Runs to the frame after the switch that shows the tab's content.
        private func runToFrame(_ s: Simulation) {
            s.run(until: .predicate { s.marks(.frameShown).contains { $0.a == 1 && $0.tick > seconds(5) } || s.now > seconds(6.5) })
            s.run(nanoseconds: 60_000_000)             // the compositor's next beat, and one more
        }

        @Test func aWokenTabShowsTheSameNextFrame() throws {
            let control = try machine(nil), slept = try machine(.hibernate)
            for s in [control, slept] { s.run(untilSecond: 1.5) }
            let scrolled = control.contentHash
            for s in [control, slept] { s.run(untilSecond: 4.9) }
            let asleep = try #require(tab(slept)), awake = try #require(tab(control))
            #expect(LifecycleState(rawValue: asleep.lifecycle) == .hibernated && LifecycleState(rawValue: awake.lifecycle) == .hidden)
            #expect(asleep.pagesCompressed > 10 && asleep.pagesResident < awake.pagesResident / 2, "\(asleep)")
            #expect(slept.kernel.memoryRecord.framesFree > control.kernel.memoryRecord.framesFree)
            slept.expectConserved()
            for s in [control, slept] { runToFrame(s) }
            #expect(control.contentHash == slept.contentHash)
            #expect(slept.contentHash == scrolled, "and it is the frame of before the switch")
            #expect(tab(slept)?.pid == asleep.pid && slept.marks(.tabReloaded).isEmpty)
            #expect(slept.kernel.memoryCounters.decompressions > 0)
            for s in [control, slept] { s.run(untilSecond: 7.6) }
            #expect(control.contentHash == slept.contentHash && control.contentHash != scrolled, "both scroll on alike")
            slept.expectAllReturned()
        }

        @Test func aDiscardedTabComesBackWhereItWas() throws {
            let control = try machine(nil), discarded = try machine(.discard)
            for s in [control, discarded] { s.run(untilSecond: 4.9) }
            #expect(tab(discarded) == nil && tab(control) != nil)
            #expect(discarded.marks(.tabDiscarded).count == 1 && discarded.kernel.counters.discards == 1)
            discarded.expectConserved()
            for s in [control, discarded] { s.run(untilSecond: 6.9) }
            #expect(discarded.marks(.tabReloaded).count == 1)
            #expect(control.contentHash == discarded.contentHash)
            discarded.expectAllReturned()
        }

        /// The shipped policy, driven by nothing but too little memory.
        @Test func pressureAloneHibernatesAndEverythingComesBack() throws {
            var script = ""
            let pages = ["python/library/os.html", "python/genindex-all.html", "ffmpeg/ffmpeg-all.html", "python/contents.html"]
            for (i, page) in pages.enumerated() { script += "\(3 * i + 3)s key ctrl+t\n\(3 * i + 3).3s type \"10.0.2.2/\(page)\\n\"\n" }
            script += "17s key ctrl+1\n19s key ctrl+2\n"
            let s = try Simulation.desktop(url: "http://10.0.2.2/python/library/stdtypes.html", script: script) { $0.ramByteCount = 64 << 20 }
            s.run(untilSecond: 2.9)
            let first = s.contentHash
            s.run(untilSecond: 16.9)
            #expect(s.kernel.counters.hibernations > 0 && s.kernel.memoryCounters.compressions > 0, "\(s.kernel.counters)")
            #expect(s.kernel.decisionLog.contains { $0.isApplied && $0.framesFree < $0.framesLow })
            s.expectConserved()
            s.run(untilSecond: 18.9)
            #expect(s.contentHash == first)
            s.run(untilSecond: 21)
            #expect(s.processes("browser").count == 1 && !s.consoleText.contains("trapped"), "\(s.consoleText)")
            s.expectAllReturned()
        }
    }
}
