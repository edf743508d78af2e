// What a hostile program could do to the host or to others through work that the kernel does for it, and through
// reclaim that comes in the middle of a call.

import ABI
import Policies
import Testing
@testable import Kernel

/// Decides the same whenever it is asked.
final class StubbornPolicy: MemoryPolicy {
    let decisions: [MemoryDecision]
    init(_ decisions: [MemoryDecision]) { self.decisions = decisions }
    var name: StaticString { "stubborn" }
    func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision] { decisions }
}

@Suite struct HostileTests {
    /// Nanoseconds that a call takes.
    static func cost(_ g: Guest, _ c: SystemCall, _ a0: Int64 = 0, _ a1: Int64 = 0, _ a2: Int64 = 0) -> Int64 {
        let start = g.call(.clock)
        _ = g.call(c, a0, a1, a2)
        return g.call(.clock) - start
    }
    /// KERN-006: what a call makes the host do is charged by its amount, not by the call.
    @Test func workIsChargedByAmount() {
        let m = FakeMachine()
        var costs: [String: Int64] = [:]
        m.boot { g, _ in
            let scratch = Int64(Guest.scratch)
            g.store(Guest.scratch, [UInt8](repeating: 0, count: 65536))
            func compare(_ what: String, _ large: () -> Int64, _ small: () -> Int64) { costs[what] = large() - small() }
            compare("random", { HostileTests.cost(g, .random, scratch, 65536) }, { HostileTests.cost(g, .random, scratch, 1) })
            compare("pageRelease", { HostileTests.cost(g, .pageRelease, 0x8000_0000, 0x8000_0000) }, { HostileTests.cost(g, .pageRelease, 0x8000_0000, 65536) })
            compare("printDebug", { HostileTests.cost(g, .printDebug, scratch, 4000) }, { HostileTests.cost(g, .printDebug, scratch, 1) })
            compare("shmCreate", { HostileTests.cost(g, .shmCreate, 201 * 65536) }, { HostileTests.cost(g, .shmCreate, 65536) })
            let large = g.call(.shmCreate, 40 * 65536), small = g.call(.shmCreate, 65536)
            compare("shmMap", { HostileTests.cost(g, .shmMap, large, 1) }, { HostileTests.cost(g, .shmMap, small, 1) })
            let event = g.call(.eventCreate)
            for i in 0..<64 { g.store32(Guest.scratch + i * 12, UInt32(event)) }
            compare("waitMany", { HostileTests.cost(g, .waitMany, scratch, 64, 0) }, { HostileTests.cost(g, .waitMany, scratch, 1, 0) })
            let first = HostileTests.cost(g, .subscribe, event, 0, 8)
            for key in Int64(1)..<500 { _ = g.call(.subscribe, event, key, 8) }
            costs["subscribe"] = HostileTests.cost(g, .subscribe, event, 500, 8) - first
            compare("eventSignal", { HostileTests.cost(g, .eventSignal, event, 1) }, { HostileTests.cost(g, .eventSignal, event, 0) })
            let (a, _) = g.channel()
            func revokeFromQueue() -> Int64 {
                g.send(a, "with a handle", [g.call(.handleDuplicate, event, Int64(Rights.all.rawValue))])
                return HostileTests.cost(g, .handleRevoke, event)
            }
            let before = revokeFromQueue()
            for _ in 0..<200 { g.send(a, "queued") }
            costs["handleRevoke"] = revokeFromQueue() - before
        }
        let least: [String: Int64] = ["random": 65535, "pageRelease": 32767, "printDebug": 3999, "shmCreate": 200, "shmMap": 38, "waitMany": 63 * 4, "subscribe": 500, "eventSignal": 500, "handleRevoke": 200]
        for (call, amount) in least { #expect(costs[call] ?? 0 >= amount * 4, "\(call): \(costs[call] ?? 0) ns") }
        m.expectAllReturned()
    }
    /// IPC-003: shared memory counts with its creator when it is created, so that whoever touches it is never refused.
    @Test func sharedMemoryIsBoundedWhenItIsCreated() {
        let m = FakeMachine(frames: 256)
        m.add("creator", FakeProgram(start: { g, b in
            var made: [Int64] = []
            g.store(Guest.scratch, [1])
            while true {
                let r = g.call(.shmCreate, 16 * 65536)
                if r < 0 { g.note("made \(made.count)", r); break }
                made.append(r)
            }
            g.send(b, "all", [made[0], made[1]])
            _ = g.call(.handleClose, made[2])
            g.note("again", g.call(.shmCreate, 16 * 65536) > 0 ? 1 : 0)
            _ = g.waitMany([], -1)
        }))
        m.boot(until: 100_000_000) { g, system in
            let (x, y) = g.channel()
            _ = g.spawn(system, "creator", y)
            _ = g.waitMany([(x, .readable)])
            for h in g.receive(x).handles {
                let at = Int(g.call(.shmMap, h, 1))
                for page in 0..<16 { g.store(at + page << 16, [1]) }
            }
            g.note("touched")
        }
        #expect(m.notes == ["made 7=-10", "again=1", "touched"])      // half of 256 frames, one of which it uses itself
        let creator = m.kernel.processes[1]
        #expect(creator.charges.sharedPageCount == 7 * 16 && creator.charges.sharedFrameCount == 32)
        m.expectAllReturned()
    }
    @Test func mappingsAreBounded() {
        let m = FakeMachine()
        m.boot { g, _ in
            let s = g.call(.shmCreate, 65536)
            var count: Int64 = 0, r: Int64 = 0
            while true {
                r = g.call(.shmMap, s, 1)
                if r < 0 { break }
                count += 1
            }
            g.note("\(count)", r)
            g.note("released", g.call(.pageRelease, 0, 1 << 32) >= 0 ? 1 : 0)
        }
        #expect(m.notes == ["1024=-10", "released=1"])
        m.expectAllReturned()
    }
    /// SVC-001: names of servers that have died are free again, whether or not somebody asked for them.
    @Test func deadServicesLeaveTheRegistry() {
        let m = FakeMachine()
        m.add("server", FakeProgram(start: { g, system in
            let (p, n) = g.name("name-\(g.call(.getPID))")
            if g.call(.serviceRegister, system, p, n) < 0 { g.note("refused") }
        }))
        m.boot(until: 2_000_000_000) { g, system in
            for _ in 0..<(KernelLimits.serviceCountMax + 6) {
                let s = g.spawn(system, "server", g.call(.handleDuplicate, system, Int64(Rights.all.rawValue)))
                _ = g.waitMany([], g.call(.clock) + 1_000_000)
                _ = g.call(.kill, s)
                _ = g.call(.handleClose, s)
            }
        }
        #expect(m.notes.isEmpty && m.kernel.services.isEmpty)
        m.expectAllReturned()
    }

    /// IPC-004: answers that a client leaves unread count with the client, so nobody can silence a server for the others.
    @Test func unreadAnswersCountWithTheClient() {
        let m = FakeMachine()
        m.add("glutton", FakeProgram(start: { g, _ in
            for _ in 0..<12 {
                let (p, n) = g.name("echo")
                g.send(g.call(.serviceConnect, p, n), "answer me")
            }
            _ = g.waitMany([], 400_000_000)
        }))
        m.add("honest", FakeProgram(start: { g, _ in
            let (p, n) = g.name("echo")
            let end = g.call(.serviceConnect, p, n)
            g.send(end, "hello")
            _ = g.waitMany([(end, .readable)])
            g.note("answered " + g.receive(end).text)
        }))
        m.boot(until: 500_000_000) { g, system in
            let (p, n) = g.name("echo")
            let server = g.call(.serviceRegister, system, p, n)
            _ = g.spawn(system, "glutton")
            var refusals: [Int64] = []
            for _ in 0..<12 {
                _ = g.waitMany([(server, .readable)])
                let end = g.receive(server).handles[0]
                var r: Int64 = 0
                while r == 0 { r = g.call(.channelSend, end, Int64(Guest.scratch), Int64(Limits.messageByteCountMax)) }
                refusals.append(r)
            }
            g.note("the last refusal", refusals[11])
            g.note("full channels", Int64(refusals.filter { g.error($0) == .wouldBlock }.count))
            _ = g.spawn(system, "honest")
            _ = g.waitMany([(server, .readable)])
            let end = g.receive(server).handles[0]
            _ = g.waitMany([(end, .readable)])
            g.send(end, g.receive(end).text)
            _ = g.waitMany([(end, .peerClosed)])
        }
        #expect(m.notes == ["the last refusal=\(-Int64(SystemError.limitReached.rawValue))", "full channels=7", "answered hello"])
        m.expectAllReturned()
    }

    // MARK: Reclaim in the middle of a call

    /// A tab with compressed pages that is awake, and a process that takes the memory and then clones it.
    private func cloneUnderPressure(_ policy: any MemoryPolicy) -> FakeMachine {
        let m = FakeMachine(frames: 200)
        m.add("tab", MemoryTests.tab(pages: 40))
        m.add("hog", FakeProgram(start: { g, tab in
            var page = 2
            while true {
                _ = g.call(.memoryInfo, Int64(Guest.scratch))
                var r = ByteReader(g.load(Guest.scratch, MemoryRecord.byteCount))
                if MemoryRecord.parse(&r)!.framesFree <= 18 { break }
                g.fillPage(page) { j in UInt64(truncatingIfNeeded: j) }
                page += 1
            }
            g.note("clone", g.call(.clone, tab, 0))
            _ = g.waitMany([], -1)
        }))
        var c = KernelConfiguration()
        c.policy = policy
        c.policyPeriodNanoseconds = 1 << 60
        c.framesLow = 1
        c.processFramesMax = 190
        m.boot(c, until: 2_000_000_000) { g, system in
            let t = MemoryTests.open(g, system, 1)
            MemoryTests.hidden(g, t.process)
            _ = g.call(.tabUpdate, t.process, Int64(LifecycleState.hibernated.rawValue), 0)
            _ = g.waitMany([], g.call(.clock) + 100_000_000)
            _ = g.call(.tabUpdate, t.process, Int64(LifecycleState.passive.rawValue), 0)
            _ = g.waitMany([], g.call(.clock) + 1_000_000)
            _ = g.spawn(system, "hog", t.process)
            _ = g.waitMany([], g.call(.clock) + 500_000_000)
        }
        return m
    }
    /// The largest process is the last resort of reclaim, but not while its own call is served.
    @Test func theCallerOfACloneIsNotReclaimedUnderIt() {
        let m = cloneUnderPressure(NonePolicy())
        #expect(m.notes == ["clone=-11"])
        #expect(m.kernel.processRecords.filter { $0.name.string == "hog" }.map { $0.exitReason } == [0])
        #expect(m.kernel.memoryCounters.decompressions > 0 && m.kernel.counters.outOfMemoryKills == 0)
        m.expectAllReturned()
    }
    /// A policy that puts the source to sleep meanwhile: no copy, instead of one without its compressed pages.
    @Test func aSourceThatFallsAsleepIsNotCloned() {
        let m = cloneUnderPressure(StubbornPolicy([MemoryDecision(.hibernate, pid: 2, .belowLowWatermark)]))
        #expect(m.notes == ["clone=-11"])
        #expect(m.kernel.counters.hibernations == 2)
        m.expectAllReturned()
    }
    /// A policy that discards the very tab whose fault made it run.
    @Test func aTabIsNotDiscardedInItsOwnFault() {
        let m = FakeMachine(frames: 128)
        m.add("tab", FakeProgram(start: { g, b in
            g.send(b, "ready")
            _ = g.waitMany([], g.call(.clock) + 10_000_000)
            for page in 2..<250 { g.fillPage(page) { j in UInt64(truncatingIfNeeded: j) } }
        }))
        var c = KernelConfiguration()
        c.policy = StubbornPolicy([MemoryDecision(.discard, pid: 2, .belowLowWatermark)])
        c.policyPeriodNanoseconds = 1 << 60
        c.framesLow = 1
        c.processFramesMax = 190
        m.boot(c, until: 1_000_000_000) { g, system in
            let t = MemoryTests.open(g, system, 1)
            MemoryTests.hidden(g, t.process)
            _ = g.waitMany([(t.process, .terminated)])
            g.note(ExitReason(rawValue: QuotaTests.info(g, t.process).exitReason)!.name)
        }
        #expect(m.notes == ["out of memory"])
        #expect(m.kernel.decisionLog.contains { !$0.isApplied && $0.decision.action == .discard })
        m.expectAllReturned()
    }
}
