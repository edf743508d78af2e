// What the memory laboratory adds to whole-tab sleep: cold pages of tabs that stay awake, swap of whole tabs, prefetch,
// what policies see, notifications, and a swap disk that fails.

import ABI
import MemoryManager
import Policies
import Testing
@testable import Kernel

@Suite struct LaboratoryTests {
    func settings(_ policy: any MemoryPolicy) -> KernelConfiguration {
        var c = KernelConfiguration()
        c.policy = policy
        c.agingPeriodNanoseconds = 100_000_000
        return c
    }
    func machine(_ swapLatency: UInt64 = 100_000) -> FakeMachine {
        let m = FakeMachine()
        m.devices.append(fakeDisk(byteCount: 128 * 65536, latency: swapLatency))
        m.add("tab", MemoryTests.tab(pages: 40))
        return m
    }
    static func wait(_ g: Guest, milliseconds: Int64) { _ = g.waitMany([], g.call(.clock) + milliseconds * 1_000_000) }

    /// KERN-005: pages of an awake tab go by age, and the tab never notices.
    @Test func coldPagesOfAnAwakeTabGoAndComeBack() {
        let m = machine()
        let policy = ScriptedPolicy()
        let k = m.boot(settings(policy), until: 20_000_000_000) { g, system in
            let t = MemoryTests.open(g, system, 1)
            MemoryTests.active(g, t.process)
            MemoryTests.hidden(g, t.process)
            policy.next = [MemoryDecision(.compressCold, pid: 2, .coldPages, amount: 12, generation: 2),
                           MemoryDecision(.swapCold, pid: 2, .coldPages, amount: 5, generation: 2),
                           MemoryDecision(.compressCold, pid: 2, .coldPages, amount: 0), MemoryDecision(.prefetch, pid: 2, .likelyNext, amount: 0)]
            LaboratoryTests.wait(g, milliseconds: 1500)
            let s = m.kernel.snapshot().tabs[0]
            g.note("hidden \(s.lifecycle == .hidden) moved \(m.kernel.decisionLog.map { $0.pagesMoved }) swapped \(s.pagesSwapped)")
            g.note(MemoryTests.ask(g, t.channel) == t.hash ? "same" : "DIFFERENT")
        }
        #expect(m.notes == ["hidden true moved [12, 5, 0, 0] swapped 5", "same"])
        #expect(k.decisionLog.map { $0.isApplied } == [true, true, false, false])
        #expect(k.counters.freezes == 0 && k.memoryCounters.swapWrittenPages == 5)
        m.expectAllReturned()
    }
    /// The whole tab to swap, compressed pages included; back by touch, with the neighbours read ahead.
    @Test func aWholeTabGoesToSwapAndComesBack() {
        let m = machine()
        let policy = ScriptedPolicy()
        let k = m.boot(settings(policy), until: 30_000_000_000) { g, system in
            let t = MemoryTests.open(g, system, 1)
            MemoryTests.active(g, t.process)
            _ = MemoryTests.ask(g, t.channel)
            MemoryTests.hidden(g, t.process)
            policy.next = [MemoryDecision(.hibernate, pid: 2, .idle)]
            LaboratoryTests.wait(g, milliseconds: 1100)
            policy.next = [MemoryDecision(.swapOut, pid: 2, .poolCannotHelp)]
            LaboratoryTests.wait(g, milliseconds: 1100)
            let s = m.kernel.snapshot().tabs[0]
            g.note("hibernated \(s.lifecycle == .hibernated) private \(s.pagesPrivate) compressed \(s.pagesCompressed) swapped \(s.pagesSwapped) pool \(m.kernel.memoryRecord.framesCompressedPool)")
            policy.next = [MemoryDecision(.swapOut, pid: 2, .poolCannotHelp), MemoryDecision(.prefetch, pid: 2, .likelyNext, amount: 6)]
            LaboratoryTests.wait(g, milliseconds: 1100)
            g.note("brought back \(m.kernel.snapshot().tabs[0].pagesPrivate)")
            MemoryTests.active(g, t.process)
            g.note(MemoryTests.ask(g, t.channel) == t.hash ? "same" : "DIFFERENT")
        }
        #expect(m.notes == ["hibernated true private 0 compressed 0 swapped 21 pool 0", "brought back 6", "same"])
        #expect(k.decisionLog.map { $0.isApplied } == [true, true, false, true] && k.decisionLog.map { $0.pagesMoved }[1] == 11)
        #expect(k.memoryCounters.prefetchHits > 6 && k.counters.hibernations == 1)
        m.expectAllReturned()
    }
    @Test func policiesSeeAgesWorkingSetAndHints() {
        let m = machine()
        let k = m.boot(settings(NonePolicy()), until: 20_000_000_000) { g, system in
            let t = MemoryTests.open(g, system, 7)
            let before = m.kernel.snapshot().tabs[0]
            g.note("opened \(before.openedNanoseconds > 0 && before.activationCount == 0 && before.workingSetPages == 0)")
            MemoryTests.active(g, t.process)
            LaboratoryTests.wait(g, milliseconds: 600)          // its pages are sampled, nothing is touched
            _ = MemoryTests.ask(g, t.channel)                   // too late for the working set
            let shown = m.kernel.snapshot()
            g.note("active \(shown.activePid) of \(shown.tabs[0].pid), working set \(shown.tabs[0].workingSetPages), visible now \(shown.tabs[0].lastVisibleNanoseconds == shown.nowNanoseconds)")
            _ = g.call(.tabUpdate, t.process, Int64(LifecycleState.hidden.rawValue), Int64(TabFlags.pinned.rawValue), 123_000_000)
            LaboratoryTests.wait(g, milliseconds: 600)
            MemoryTests.active(g, t.process)
            _ = MemoryTests.ask(g, t.channel)
            let s = m.kernel.snapshot().tabs[0]
            g.note("activations \(s.activationCount) reload \(s.reloadNanoseconds) working set \(s.workingSetPages) of \(s.pagesPrivate), young \(s.pagesByGeneration[0]), total \(s.pagesByGeneration.total)")
        }
        #expect(m.notes == ["opened true", "active 2 of 2, working set 0, visible now true", "activations 2 reload 123000000 working set 41 of 41, young 41, total 41"])
        #expect(k.snapshot().swapSlotsTotal == 128 && k.snapshot().swapSlotsFree == 128)
        m.expectAllReturned()
    }
    /// The coordinator learns which tab follows which; a closed tab is forgotten, a discarded one is not.
    @Test func returnsArePredictedFromActivations() {
        let m = machine()
        m.boot(settings(NonePolicy()), until: 60_000_000_000) { g, system in
            var tabs = (1...3).map { MemoryTests.open(g, system, Int64($0)) }
            func show(_ i: Int) {
                for t in tabs { MemoryTests.hidden(g, t.process) }
                MemoryTests.active(g, tabs[i].process)
                LaboratoryTests.wait(g, milliseconds: 500)
            }
            for _ in 0..<6 { show(0); show(1) }
            show(2)
            show(0)
            let p = m.kernel.snapshot().tabs.map { $0.returnPerMille }
            g.note("on screen \(p[0]), habit beats chance \(p[1] > p[2] && p[2] > 0)")
            _ = g.call(.kill, tabs[1].process)
            tabs.remove(at: 1)
            g.note("closed \(m.kernel.returns.returnPerMille(tab: 2, at: m.now)), open \(m.kernel.returns.returnPerMille(tab: 3, at: m.now) > 0)")
        }
        #expect(m.notes == ["on screen 0, habit beats chance true", "closed 0, open true"])
        m.expectAllReturned()
    }
    /// Programs hear of shortage before any policy acts, once for each rise.
    @Test func programsAreToldBeforeTheyAreTakenFrom() {
        let m = FakeMachine(frames: 200)
        m.add("hog", FakeProgram(start: { g, b in
            for page in 2..<250 {
                _ = g.waitMany([], g.call(.clock) + 5_000_000)
                if g.receive(b).text == "stop" { break }
                g.store(page << 16, [UInt8(truncatingIfNeeded: page)])
            }
            _ = g.call(.exit, 0)
        }))
        var c = settings(LRUDiscardPolicy())
        c.framesLow = 60
        c.framesHigh = 80
        c.processFramesMax = 190
        let k = m.boot(c, until: 20_000_000_000) { g, system in
            let event = g.call(.pressureEvent)
            let (x, y) = g.channel()
            let hog = g.spawn(system, "hog", y)
            _ = g.call(.tabRegister, hog, 3)
            _ = g.waitMany([(event, .signaled)])
            let m1 = m.kernel.memoryRecord
            g.note("level \(m1.pressureLevel.name) free \(m1.framesFree < 70 && m1.framesFree >= 60) decisions \(m.kernel.decisionLog.count)")
            _ = g.call(.eventSignal, event, 0)
            _ = g.waitMany([(event, .signaled)])
            g.note("level \(m.kernel.memoryRecord.pressureLevel.name)")
            _ = g.call(.eventSignal, event, 0)
            g.send(x, "stop")
            _ = g.waitMany([(hog, .terminated)])
            _ = g.waitMany([(event, .signaled)], g.call(.clock) + 5_000_000_000)
            g.note("level \(m.kernel.memoryRecord.pressureLevel.name) events \(m.kernel.pressureEvents.count)")
            _ = g.call(.handleClose, event)
        }
        #expect(m.notes == ["level moderate free true decisions 0", "level critical", "level none events 1"])
        #expect(k.memory.gauge.level == .none)
        m.expectAllReturned()
    }
    /// Memory that is on its way to a slow disk is waited for: nobody dies for it.
    @Test func shortageWaitsForWritesInsteadOfKilling() {
        let m = FakeMachine(frames: 128)
        m.devices.append(fakeDisk(byteCount: 128 * 65536, latency: 3_000_000))
        m.add("tab", MemoryTests.tab(pages: 60))
        m.add("hog", FakeProgram(start: { g, b in
            for page in 2..<95 { g.store(page << 16, [UInt8(truncatingIfNeeded: page)]) }
            for page in 2..<95 where g.load(page << 16, 1)[0] != UInt8(truncatingIfNeeded: page) { g.note("WRONG") }
            g.send(b, "done")
            _ = g.call(.exit, 0)
        }))
        var c = settings(StubbornPolicy([MemoryDecision(.swapOut, pid: 2, .belowLowWatermark)]))
        c.policyPeriodNanoseconds = 1 << 60
        c.framesLow = 4
        c.processFramesMax = 110
        let k = m.boot(c, until: 20_000_000_000) { g, system in
            let t = MemoryTests.open(g, system, 1)
            MemoryTests.hidden(g, t.process)
            let (x, y) = g.channel()
            let hog = g.spawn(system, "hog", y)
            _ = g.waitMany([(hog, .terminated)])
            g.note(g.receive(x).text)
            MemoryTests.active(g, t.process)
            g.note(MemoryTests.ask(g, t.channel) == t.hash ? "same" : "DIFFERENT")
        }
        #expect(m.notes == ["done", "same"])
        #expect(k.counters.outOfMemoryKills == 0 && k.memoryCounters.swapWrittenPages > 10 && k.memory.pressure.someTotal > 1_000_000)
        m.expectAllReturned()
    }
    /// A page that cannot be read back takes its tab along, and nothing else.
    @Test func aFailingSwapDiskCostsOneTab() {
        let m = FakeMachine()
        m.devices.append(fakeDisk(byteCount: 128 * 65536, latency: 100_000) { isWrite, number in isWrite ? number == 3 : number == 1 })
        m.add("tab", MemoryTests.tab(pages: 16))
        let k = m.boot(settings(NonePolicy()), until: 30_000_000_000) { g, system in
            let a = MemoryTests.open(g, system, 1), b = MemoryTests.open(g, system, 2)
            for t in [a, b] {
                MemoryTests.hidden(g, t.process)
                _ = g.call(.tabUpdate, t.process, Int64(LifecycleState.hibernated.rawValue), 0)
            }
            LaboratoryTests.wait(g, milliseconds: 3000)
            MemoryTests.active(g, a.process)
            g.send(a.channel, "hash")
            _ = g.waitMany([(a.process, .terminated)], g.call(.clock) + 1_000_000_000)
            g.note(ExitReason(rawValue: QuotaTests.info(g, a.process).exitReason)!.name)
            MemoryTests.active(g, b.process)
            g.note(MemoryTests.ask(g, b.channel) == b.hash ? "same" : "DIFFERENT")
        }
        #expect(m.notes == [ExitReason.swapFailed.name, "same"])
        #expect(k.counters.discards == 1 && k.memoryCounters.swapErrors == 2 && k.memoryRecord.swapSlotsBad == 2)
        #expect(k.decisionLog.contains { $0.decision.reason == .swapFailed && $0.isApplied && $0.tabID == 1 })
        m.expectAllReturned()
    }
    /// The whole run again: same hashes, whatever the policy did.
    @Test func theSameRunHasTheSameHashes() {
        func run() -> (UInt64, UInt64, UInt64) {
            let m = machine(700_000)
            let policy = DicePolicy(seed: 5)
            let k = m.boot(settings(policy), until: 40_000_000_000) { g, system in
                var tabs: [(process: Int64, channel: Int64, hash: String)] = []
                for i in 1...4 { tabs.append(MemoryTests.open(g, system, Int64(i))) }
                for i in 0..<12 {
                    for t in tabs { MemoryTests.hidden(g, t.process) }
                    MemoryTests.active(g, tabs[i % 4].process)
                    g.note(MemoryTests.ask(g, tabs[i % 4].channel) == tabs[i % 4].hash ? "same" : "DIFFERENT")
                    LaboratoryTests.wait(g, milliseconds: 900)
                }
            }
            #expect(Set(m.notes) == ["same"], "\(m.notes) \(k.counters) \(k.memoryCounters)")
            #expect(k.memoryCounters.swapWrittenPages > 0 && k.memoryCounters.evictions > 0)
            let hashes = (k.stateHash(), k.ramHash(), m.now)
            m.expectAllReturned()
            return hashes
        }
        #expect(run() == run())
    }
}

/// Throws dice for each tab; what it must not do the kernel refuses. It never discards.
final class DicePolicy: MemoryPolicy {
    private var state: UInt64
    let actions: [MemoryAction]
    init(seed: UInt64, actions: [MemoryAction] = [.freeze, .hibernate, .thaw, .swapOut, .compressCold, .swapCold, .prefetch]) {
        state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
        self.actions = actions
    }
    var name: StaticString { "dice" }
    func roll(_ n: UInt32) -> UInt32 {
        state ^= state << 13; state ^= state >> 7; state ^= state << 17
        return UInt32(truncatingIfNeeded: ((state >> 32) * UInt64(n)) >> 32)
    }
    func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision] {
        snapshot.tabs.compactMap { t in
            roll(3) == 0 ? nil : MemoryDecision(actions[Int(roll(UInt32(actions.count)))], pid: t.pid, .requested, amount: roll(20), generation: UInt8(roll(4)))
        }
    }
}
