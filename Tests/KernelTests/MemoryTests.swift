import ABI
import Policies
import Testing
@testable import Kernel

/// A policy that does what the test says.
final class ScriptedPolicy: MemoryPolicy {
    var next: [MemoryDecision] = []
    var name: StaticString { "scripted" }
    func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision] { defer { next = [] }; return next }
}

@Suite struct MemoryTests {
    /// A tab that fills its pages with four kinds of contents at start, and answers each message with their hash.
    static func tab(pages: Int) -> FakeProgram {
        FakeProgram(start: { g, b in
            g.globals["b"] = b
            for i in 2..<(2 + pages) {
                switch i % 4 {
                case 0: g.fillPage(i) { j in UInt64(truncatingIfNeeded: j / 7 + i) }
                case 1: g.fillPage(i) { _ in 0x0101_0101_0101_0101 }
                case 2: g.fillPage(i) { _ in 0 }
                default: g.fillPage(i) { j in (UInt64(truncatingIfNeeded: j * i) &* 0x9e37_79b9_7f4a_7c15) ^ (UInt64(truncatingIfNeeded: j) &* 0xc2b2_ae3d_27d4_eb4f) >> 7 }
                }
            }
            _ = g.call(.subscribe, b, 1, Int64(Signals.readable.rawValue))
            g.send(b, MemoryTests.sum(g, pages))
        }, handle: { g, _, _ in
            _ = g.receive(g.globals["b"]!)
            g.send(g.globals["b"]!, MemoryTests.sum(g, pages))
        })
    }
    static func sum(_ g: Guest, _ pages: Int) -> String {
        var h: UInt64 = 1
        for i in 2..<(2 + pages) { h = h &* 31 &+ g.hashPage(i) }
        return "\(h)"
    }
    func settings(_ policy: any MemoryPolicy, swap: Bool = true) -> KernelConfiguration {
        var c = KernelConfiguration()
        c.policy = policy
        c.isSwapEnabled = swap
        return c
    }
    static func active(_ g: Guest, _ p: Int64) { _ = g.call(.tabUpdate, p, Int64(LifecycleState.active.rawValue), 0) }
    static func hidden(_ g: Guest, _ p: Int64) { _ = g.call(.tabUpdate, p, Int64(LifecycleState.hidden.rawValue), 0) }
    static func ask(_ g: Guest, _ channel: Int64) -> String {
        g.send(channel, "hash")
        _ = g.waitMany([(channel, .readable)])
        return g.receive(channel).text
    }
    static func open(_ g: Guest, _ system: Int64, _ id: Int64, _ program: String = "tab") -> (process: Int64, channel: Int64, hash: String) {
        let (x, y) = g.channel()
        let p = g.spawn(system, program, y)
        _ = g.call(.tabRegister, p, id)
        _ = g.waitMany([(x, .readable), (p, .terminated)])
        return (p, x, g.receive(x).text)
    }

    /// KERN-005.
    @Test(arguments: [false, true]) func hibernatedTabWakesWithTheSameBytes(swap: Bool) {
        let m = FakeMachine()
        if swap { m.devices.append(fakeDisk(byteCount: 64 * 65536, latency: 100_000)) }
        m.add("tab", MemoryTests.tab(pages: 40))
        let k = m.boot(settings(NonePolicy())) { g, system in
            let (p, x, before) = MemoryTests.open(g, system, 1)
            MemoryTests.active(g, p)
            g.note("active refused", g.call(.tabUpdate, p, Int64(LifecycleState.hibernated.rawValue), 0))
            MemoryTests.hidden(g, p)
            g.note("hibernate", g.call(.tabUpdate, p, Int64(LifecycleState.hibernated.rawValue), 0))
            _ = g.waitMany([], g.call(.clock) + 100_000_000)
            _ = g.call(.processInfo, p, Int64(Guest.scratch))
            var r = ByteReader(g.load(Guest.scratch, ProcessRecord.byteCount))
            let info = ProcessRecord.parse(&r)!
            g.note("state \(info.state) \(info.lifecycle) resident \(info.pagesResident) compressed \(info.pagesCompressed) swapped \(info.pagesSwapped)")
            // A message to a sleeping tab waits.
            g.send(x, "hash")
            _ = g.waitMany([(x, .readable)], g.call(.clock) + 50_000_000)
            g.note("asleep", g.receive(x).result)
            MemoryTests.active(g, p)
            _ = g.waitMany([(x, .readable)])
            g.note(g.receive(x).text == before ? "same" : "DIFFERENT")
            g.note(MemoryTests.ask(g, x) == before ? "same" : "DIFFERENT")
        }
        // 10 pages of each kind; the program's scratch page compresses. Noise cannot: it goes to swap or stays.
        #expect(m.notes == ["active refused=-11", "hibernate=0", "state 3 4 resident \(swap ? 0 : 10) compressed 11 swapped \(swap ? 10 : 0)", "asleep=-3", "same", "same"])
        #expect(k.counters.hibernations == 1 && k.counters.thaws == 1 && k.memoryCounters.decompressions == 11)
        #expect(k.memoryCounters.swapOuts == (swap ? 10 : 0) && k.memoryCounters.swapIns == (swap ? 10 : 0))
        #expect(m.tasks.compactMap { $0 }.filter { $0.isParked }.isEmpty)
        #expect(k.checkConservation() == nil)
        #expect(k.memoryRecord.framesCompressedPool == 0)
        m.expectAllReturned()
    }
    @Test func killingASleepingTabGivesEverythingBack() {
        let m = FakeMachine()
        m.devices.append(fakeDisk(byteCount: 64 * 65536, latency: 3_000_000))
        m.add("tab", MemoryTests.tab(pages: 40))
        let k = m.boot(settings(NonePolicy())) { g, system in
            for delay in [Int64(0), 1_000_000, 20_000_000, 100_000_000] {
                let (p, x, _) = MemoryTests.open(g, system, 1)
                MemoryTests.hidden(g, p)
                _ = g.call(.tabUpdate, p, Int64(LifecycleState.hibernated.rawValue), 0)
                _ = g.waitMany([], g.call(.clock) + delay)
                if delay == 20_000_000 {          // wake it, and kill it while it waits for swap-in
                    MemoryTests.active(g, p)
                    g.send(x, "hash")
                    _ = g.waitMany([], g.call(.clock) + 4_000_000)
                }
                g.note("kill", g.call(.kill, p))
                _ = g.call(.handleClose, p)
                _ = g.call(.handleClose, x)
            }
            _ = g.waitMany([], g.call(.clock) + 100_000_000)
        }
        #expect(m.notes == ["kill=0", "kill=0", "kill=0", "kill=0"])
        #expect(k.checkConservation() == nil)
        #expect(k.memory.swap.slots.usedCount == 0 && k.memory.swap.requestCount == 0 && k.memoryRecord.framesCompressedPool == 0)
        #expect(k.memory.frames.total(.swap) == 0 && k.memory.frames.total(.process) == 1)
        m.expectAllReturned()
    }
    @Test func touchingPagesWhileTheyAreWrittenOutKeepsThem() {
        let m = FakeMachine()
        m.devices.append(fakeDisk(byteCount: 64 * 65536, latency: 5_000_000))
        m.add("tab", MemoryTests.tab(pages: 24))
        let k = m.boot(settings(NonePolicy())) { g, system in
            let (p, x, before) = MemoryTests.open(g, system, 1)
            for _ in 0..<3 {
                MemoryTests.hidden(g, p)
                _ = g.call(.tabUpdate, p, Int64(LifecycleState.hibernated.rawValue), 0)
                _ = g.waitMany([], g.call(.clock) + 4_000_000)
                MemoryTests.active(g, p)
                g.note(MemoryTests.ask(g, x) == before ? "same" : "DIFFERENT")
            }
        }
        #expect(m.notes == ["same", "same", "same"])
        #expect(k.memoryCounters.swapIns == 0 && k.memoryCounters.swapOuts > 0 && k.memory.swap.slots.usedCount == 0)
        #expect(k.checkConservation() == nil)
        m.expectAllReturned()
    }
    @Test func clonesSurviveTheHibernationOfEachOther() {
        let m = FakeMachine()
        var zygote = MemoryTests.tab(pages: 20)
        zygote.cloned = { g, b in
            g.globals["b"] = b
            _ = g.call(.subscribe, b, 1, Int64(Signals.readable.rawValue))
            g.store32(3 << 16, UInt32(b))
            g.send(b, MemoryTests.sum(g, 20))
        }
        m.add("zygote", zygote)
        let k = m.boot(settings(NonePolicy())) { g, system in
            let (x, y) = g.channel()
            let z = g.spawn(system, "zygote", y)
            _ = g.waitMany([(x, .readable)])
            let original = g.receive(x).text
            _ = g.waitMany([], g.call(.clock) + 1_000_000)
            var clones: [(Int64, Int64, String)] = []
            for i in 0..<3 {
                let (cx, cy) = g.channel()
                let c = g.call(.clone, z, cy)
                _ = g.call(.tabRegister, c, Int64(i + 1))
                _ = g.waitMany([(cx, .readable)])
                clones.append((c, cx, g.receive(cx).text))
                MemoryTests.hidden(g, c)
            }
            for c in clones { g.note("hibernate", g.call(.tabUpdate, c.0, Int64(LifecycleState.hibernated.rawValue), 0)) }
            g.note(MemoryTests.ask(g, x) == original ? "same" : "DIFFERENT")
            for c in clones {
                MemoryTests.active(g, c.0)
                g.note(MemoryTests.ask(g, c.1) == c.2 ? "same" : "DIFFERENT")
            }
        }
        #expect(m.notes == ["hibernate=0", "hibernate=0", "hibernate=0", "same", "same", "same", "same"])
        #expect(k.checkConservation() == nil)
        m.expectAllReturned()
    }
    /// Twelve tabs in memory for six, switched round, under each policy.
    @Test func policiesUnderPressure() {
        func run(_ policy: any MemoryPolicy) -> (notes: [String], kernel: Kernel, machine: FakeMachine) {
            let m = FakeMachine(frames: 400)
            m.add("tab", MemoryTests.tab(pages: 48))
            let k = m.boot(settings(policy), until: 120_000_000_000) { g, system in
                var tabs: [(process: Int64, channel: Int64, hash: String)] = []
                for i in 0..<12 {
                    let t = MemoryTests.open(g, system, Int64(i + 1))
                    if let last = tabs.last { MemoryTests.hidden(g, last.process) }
                    MemoryTests.active(g, t.process)
                    tabs.append(t)
                    _ = g.waitMany([], g.call(.clock) + 100_000_000)
                }
                for i in 0..<12 {
                    MemoryTests.hidden(g, tabs[(i + 11) % 12].process)
                    MemoryTests.active(g, tabs[i].process)
                    g.send(tabs[i].channel, "hash")
                    _ = g.waitMany([(tabs[i].channel, [.readable, .peerClosed])])
                    let r = g.receive(tabs[i].channel)
                    g.note(r.result < 0 ? "lost" : (r.text == tabs[i].hash ? "same" : "DIFFERENT"))
                    _ = g.waitMany([], g.call(.clock) + 100_000_000)
                }
            }
            return (m.notes, k, m)
        }
        for policy in [NonePolicy(), LRUDiscardPolicy(), LRUCompressPolicy()] as [any MemoryPolicy] {
            let (notes, k, m) = run(policy)
            #expect(notes.count == 12 && !notes.contains("DIFFERENT"))
            #expect(k.checkConservation() == nil)
            let lost = notes.filter { $0 == "lost" }.count
            switch "\(policy.name)" {
            case "none": #expect(lost > 0 && k.counters.outOfMemoryKills > 0 && k.counters.discards == 0)
            case "lru-discard": #expect(lost > 0 && k.counters.discards > 0 && k.counters.outOfMemoryKills == 0)
            default: #expect(lost == 0 && k.counters.hibernations > 0 && k.counters.discards == 0 && k.counters.outOfMemoryKills == 0)
            }
            #expect(!k.decisionLog.isEmpty)
            let again = run(policy)
            #expect(again.kernel.stateHash() == k.stateHash() && again.machine.now == m.now)
            m.expectAllReturned()
        }
    }
    @Test(arguments: [0, 128]) func aSingleGreedyProcessIsTheOneThatDies(limit: UInt32) {
        let m = FakeMachine(frames: 128)
        var c = KernelConfiguration()
        c.processFramesMax = limit
        m.add("greedy", FakeProgram(start: { g, _ in for i in 2..<200 { g.store(i << 16, [1]) } }))
        m.add("small", FakeProgram(start: { g, b in
            g.store(2 << 16, [1])
            _ = g.waitMany([(b, .readable)])
            g.note("small lives")
        }))
        let k = m.boot(c) { g, system in
            let (x, y) = g.channel()
            _ = g.spawn(system, "small", y)
            let p = g.spawn(system, "greedy")
            _ = g.waitMany([(p, .terminated)])
            _ = g.call(.processInfo, p, Int64(Guest.scratch))
            g.note("reason", Int64(g.load32(Guest.scratch + 8)))
            g.send(x, "go")
        }
        #expect(m.notes == ["reason=\(ExitReason.outOfMemory.rawValue)", "small lives"])
        #expect(k.checkConservation() == nil)
        m.expectAllReturned()
    }
    @Test func sharedMemoryThatDoesNotFitIsRefused() {
        let m = FakeMachine(frames: 100)
        m.boot { g, _ in
            g.note("all", g.call(.shmCreate, 99 * 65536))
            g.note("half", g.call(.shmCreate, 45 * 65536) > 0 ? 1 : 0)
        }
        #expect(m.notes == ["all=-10", "half=1"])
        m.expectAllReturned()
    }
    @Test func decisionsAreCheckedBeforeTheyAreCarriedOut() {
        let m = FakeMachine()
        m.add("tab", MemoryTests.tab(pages: 4))
        let policy = ScriptedPolicy()
        let k = m.boot(settings(policy), until: 10_000_000_000) { g, system in
            let a = MemoryTests.open(g, system, 1), b = MemoryTests.open(g, system, 2)
            MemoryTests.active(g, a.process)
            _ = g.call(.tabUpdate, b.process, Int64(LifecycleState.hidden.rawValue), Int64(TabFlags.unsavedForm.rawValue))
            policy.next = [MemoryDecision(.discard, pid: 2, .idle), MemoryDecision(.discard, pid: 3, .idle), MemoryDecision(.discard, pid: 1, .idle),
                           MemoryDecision(.freeze, pid: 99, .idle), MemoryDecision(.freeze, pid: 3, .idle), MemoryDecision(.freeze, pid: 3, .idle)]
            _ = g.waitMany([], g.call(.clock) + 2_000_000_000)
            g.note("not a tab", g.call(.tabUpdate, g.spawn(system, "tab"), 0, 0))
        }
        #expect(k.decisionLog.map { $0.isApplied } == [false, false, false, false, true, false])
        #expect(k.counters.refusedDecisions == 5 && k.counters.freezes == 1)
        #expect(m.notes == ["not a tab=-11"])
        #expect(k.checkConservation() == nil)
        m.expectAllReturned()
    }
    @Test func userPointersIntoSwapRestartTheCall() {
        let m = FakeMachine()
        m.devices.append(fakeDisk(byteCount: 64 * 65536, latency: 1_000_000))
        m.add("tab", FakeProgram(start: { g, b in
            g.globals["b"] = b
            g.fillPage(9) { j in UInt64(truncatingIfNeeded: j) &* 0x9e37_79b9_7f4a_7c15 ^ UInt64(truncatingIfNeeded: j * j) &* 0xc2b2_ae3d_27d4_eb4f }
            g.globals["first"] = Int64(g.load32(9 << 16 + 8))
            _ = g.call(.subscribe, b, 1, Int64(Signals.readable.rawValue))
        }, handle: { g, _, _ in
            _ = g.receive(g.globals["b"]!)
            g.note("send", g.call(.channelSend, g.globals["b"]!, 9 << 16 + 8, 4, 0, 0))
        }))
        let k = m.boot(settings(NonePolicy())) { g, system in
            let (x, y) = g.channel()
            let p = g.spawn(system, "tab", y)
            _ = g.call(.tabRegister, p, 1)
            _ = g.waitMany([], g.call(.clock) + 10_000_000)
            MemoryTests.hidden(g, p)
            _ = g.call(.tabUpdate, p, Int64(LifecycleState.hibernated.rawValue), 0)
            _ = g.waitMany([], g.call(.clock) + 10_000_000)
            MemoryTests.active(g, p)
            g.send(x, "go")
            _ = g.waitMany([(x, .readable)])
            g.note("bytes", g.receive(x).result)
        }
        #expect(m.notes == ["send=0", "bytes=4"])
        #expect(k.memoryCounters.swapIns >= 1)
        #expect(k.checkConservation() == nil)
        m.expectAllReturned()
    }
}
