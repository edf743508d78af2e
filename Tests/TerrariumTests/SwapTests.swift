// A tab that went to the swap disk as a whole comes back as it was; one whose page cannot be read back is lost alone, and
// the browser says so. Both are recorded and replayed.

import ABI
import Foundation
import Kernel
import Machine
import Policies
import Testing
@testable import Devices
@testable import Terrarium

/// Hidden tabs go to swap as a whole after a given time; the one on screen gets its working set brought back.
private final class SwapPolicy: MemoryPolicy {
    let name: StaticString = "swap everything"
    let after: UInt64
    init(after: UInt64) { self.after = after }
    func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision] {
        guard snapshot.nowNanoseconds >= after else { return [] }
        var decisions: [MemoryDecision] = []
        for t in snapshot.tabs {
            if t.lifecycle == .hidden { decisions.append(MemoryDecision(.swapOut, pid: t.pid, .requested)) }
            if t.lifecycle == .active, t.pagesSwapped > 0 { decisions.append(MemoryDecision(.prefetch, pid: t.pid, .likelyNext, amount: 200)) }
        }
        return decisions
    }
}

extension WholeMachine {
    @Suite struct Swap {
        /// A long page is opened and scrolled, another tab covers it, and at 6 s it is shown again.
        static let script = "1.0s move 700 500\n1.1s wheel -7\n1.6s key ctrl+t\n6.0s key ctrl+1\n8.0s wheel -2\n"
        private func machine(_ script: String = script, change: (inout SimulationConfiguration) -> Void = { _ in }) throws -> Simulation {
            try Simulation.desktop(url: "http://10.0.2.2/python/library/functions.html", script: script) {
                $0.policy = "none"
                change(&$0)
            }
        }
        private func tab(_ s: Simulation) -> TabReportOfTest? {
            s.kernel.snapshot().tabs.first { $0.tabID == 1 }.map { TabReportOfTest(isAsleep: $0.lifecycle == .hibernated, private: $0.pagesPrivate, compressed: $0.pagesCompressed, swapped: $0.pagesSwapped) }
        }
        private struct TabReportOfTest { var isAsleep: Bool, `private`: UInt32, compressed: UInt32, swapped: UInt32 }

        @Test func aTabComesBackFromSwapWithTheSameFrame() throws {
            let control = try machine(), slept = try machine()
            slept.kernel.memoryPolicy = SwapPolicy(after: seconds(2))
            for s in [control, slept] { s.run(untilSecond: 1.5) }
            let scrolled = control.contentHash
            for s in [control, slept] { s.run(untilSecond: 5.9) }
            let asleep = try #require(tab(slept))
            #expect(asleep.isAsleep && asleep.private == 0 && asleep.compressed == 0 && asleep.swapped > 20, "\(asleep)")
            #expect(slept.kernel.memoryRecord.framesFree > control.kernel.memoryRecord.framesFree)
            #expect(slept.kernel.memoryRecord.swapWrittenPages >= UInt64(asleep.swapped) && slept.kernel.memoryRecord.bytesSaved >= UInt64(asleep.swapped) * 65536)
            slept.expectConserved()
            for s in [control, slept] { s.run(untilSecond: 7.9) }
            #expect(control.contentHash == slept.contentHash && slept.contentHash == scrolled)
            #expect(slept.marks(.tabReloaded).isEmpty)
            let c = slept.kernel.memoryCounters
            #expect(c.swapIns > 0 && c.prefetches > 0 && c.prefetchHits > 0, "\(c)")
            for s in [control, slept] { s.run(untilSecond: 8.6) }
            #expect(control.contentHash == slept.contentHash && control.contentHash != scrolled, "both scroll on alike")
            slept.expectAllReturned()
        }

        /// The first page that is read back is gone: the tab with it, and nothing else.
        @Test func aFailingSwapDiskCostsOneTabAndSaysSo() throws {
            let s = try machine("1.6s key ctrl+t\n6.0s key ctrl+1\n8.0s key f5\n") { $0.swapFaults = FaultPlan([.init(.readError, nth: 1)]) }
            s.kernel.memoryPolicy = SwapPolicy(after: seconds(2))
            s.run(untilSecond: 1.5)
            let loaded = s.contentHash
            s.run(untilSecond: 5.9)
            #expect(tab(s)?.isAsleep == true)
            s.run(untilSecond: 7.5)
            #expect(s.marks(.tabDiscarded).map { $0.a } == [1] && s.kernel.counters.discards == 1)
            #expect(s.kernel.decisionLog.contains { $0.decision.reason == .swapFailed && $0.isApplied })
            #expect(s.consoleText.contains(ExitReason.swapFailed.name))
            #expect(s.contentHash != loaded, "the browser tells")
            #expect(s.processes("browser").count == 1 && s.processes("wm").count == 1 && s.kernel.snapshot().tabs.count == 1)
            #expect(s.kernel.memoryRecord.swapSlotsBad == 1)
            s.expectConserved()
            s.run(untilSecond: 10)
            #expect(s.contentHash == loaded, "reloaded at its address")
            s.expectAllReturned()
        }

        /// Recording and replay of a session that swaps, with a disk on which something goes wrong now and then.
        @Test func aSwappingSessionReplays() throws {
            let folder = try TemporaryFolder(), image = try Project.image(), path = folder.path("swap.trace")
            let s = try machine { $0.swapFaults = FaultPlan([.init(.writeError, perMillion: 50_000), .init(.slow, perMillion: 100_000, nanoseconds: 5_000_000)]) }
            s.kernel.memoryPolicy = SwapPolicy(after: seconds(2))
            let writer = try TraceWriter(path: path, header: TraceHeader(configuration: s.machine.configuration, imageHash: image.hash, toolchain: "test"))
            writer.attach(to: s.machine)
            s.run(untilSecond: 7)
            try writer.finish(s.machine)
            #expect(s.kernel.memoryCounters.swapErrors > 0 && s.kernel.memoryCounters.swapIns > 0)
            let trace = try TraceReader(path: path)
            let again = try Simulation(try SimulationConfiguration(trace.header.configuration), image: image, mode: .replay)
            again.kernel.memoryPolicy = SwapPolicy(after: seconds(2))
            let replayer = Replayer(trace, isVerifying: true)
            replayer.attach(to: again.machine)
            #expect(again.run(until: .forever) == .replayEnded)
            #expect(replayer.checkpointCount >= 6)
            #expect(again.stateHashes().map { $0.hash } == s.stateHashes().map { $0.hash })
            again.expectAllReturned()
        }
    }
}
