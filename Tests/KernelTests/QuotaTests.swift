// Hostile programs take what they may and no more; what nobody can reach any more comes back.

import ABI
import Testing
@testable import Kernel

@Suite struct QuotaTests {
    static func info(_ g: Guest, _ process: Int64) -> ProcessRecord {
        _ = g.call(.processInfo, process, Int64(Guest.scratch))
        var r = ByteReader(g.load(Guest.scratch, ProcessRecord.byteCount))
        return ProcessRecord.parse(&r)!
    }
    /// Takes objects without holding them: each pair of channel ends goes into the queue of the pair before.
    static func hoard(_ g: Guest) -> Int64 {
        var (a, b) = g.channel()
        while true {
            let r = g.call(.channelCreate, Int64(Guest.scratch))
            if r < 0 { return r }
            let (c, d) = (Int64(g.load32(Guest.scratch)), Int64(g.load32(Guest.scratch + 4)))
            g.send(a, "keep", [b == 0 ? c : d])
            _ = g.call(.handleClose, a)
            (a, b) = (c, 1)
        }
    }
    @Test func aHoarderIsStoppedAndOthersAreServed() {
        let m = FakeMachine()
        m.add("hoarder", FakeProgram(start: { g, _ in
            g.note("hoarder", QuotaTests.hoard(g))
            while g.call(.eventCreate) > 0 {}
            g.note("event", g.call(.eventCreate))
            g.spin(1 << 40)
        }))
        m.add("timers", FakeProgram(start: { g, _ in
            var n = 0
            while g.call(.timerCreate) > 0 { n += 1 }
            g.note("timers", Int64(n))
            g.note("still", g.call(.eventCreate) > 0 ? 1 : 0)
            g.spin(1 << 40)
        }))
        m.add("victim", FakeProgram(start: { g, _ in
            let (a, b) = g.channel()
            g.send(a, "works", [g.call(.eventCreate), g.call(.timerCreate)])
            g.note(g.receive(b).text)
        }))
        let k = m.boot(until: 2_000_000_000) { g, system in
            let hoarders = (0..<3).map { _ in g.spawn(system, "hoarder") } + [g.spawn(system, "timers")]
            _ = g.waitMany([], g.call(.clock) + 800_000_000)
            g.note("pays \(QuotaTests.info(g, hoarders[0]).objects)")
            let v = g.spawn(system, "victim")
            _ = g.waitMany([(v, .terminated)], g.call(.clock) + 50_000_000)
            for h in hoarders + [v] { _ = g.call(.kill, h); _ = g.call(.handleClose, h) }
        }
        #expect(m.notes.filter { $0 == "hoarder=-10" }.count == 3 && m.notes.filter { $0 == "event=-10" }.count == 3)
        #expect(m.notes.contains("pays 2048") && m.notes.contains("timers=512") && m.notes.contains("still=1") && m.notes.last == "works")
        #expect(k.objectCount == 2 && k.handleCount == 1 && k.checkConservation() == nil)
        m.expectAllReturned()
    }
    @Test func unreadMessagesAreChargedToTheirSender() {
        let m = FakeMachine()
        let k = m.boot(until: 10_000_000_000) { g, _ in
            var sent = 0, result: Int64 = 0
            var ends: [(Int64, Int64)] = []
            g.store(Guest.scratch, [UInt8](repeating: 1, count: 4096))
            outer: while true {
                ends.append(g.channel())
                while true {
                    result = g.call(.channelSend, ends.last!.0, Int64(Guest.scratch), 4096, 0, 0)
                    if g.error(result) == .wouldBlock { break }
                    if result < 0 { break outer }
                    sent += 1
                }
            }
            g.note("sent \(sent * (4096 + 128) / (1 << 20)) MiB", result)
            _ = g.receive(ends[0].1)
            g.note("after a read", g.send(ends.last!.0, "small"))
            for (a, b) in ends { _ = g.call(.handleClose, a); _ = g.call(.handleClose, b) }
            let (a, _) = g.channel()
            g.note("after closing", g.send(a, "small"))
        }
        #expect(m.notes == ["sent 7 MiB=-10", "after a read=0", "after closing=0"])
        #expect(k.checkConservation() == nil)
        m.expectAllReturned()
    }
    /// Children that leave things behind and end are no way around the quota: their parent pays.
    @Test func whatChildrenLeaveTheirParentPays() {
        let m = FakeMachine()
        m.add("child", FakeProgram(start: { g, b in
            g.send(b, "left", (0..<8).map { _ in g.call(.eventCreate) })
            g.send(b, "left", (0..<8).map { _ in g.call(.eventCreate) })
            _ = g.call(.exit, 0)
        }))
        m.add("parent", FakeProgram(start: { g, b in
            let system = b
            let (x, y) = g.channel()
            for _ in 0..<3 {
                let p = g.spawn(system, "child", g.call(.handleDuplicate, y, Int64(Rights.all.rawValue)))
                _ = g.waitMany([(p, .terminated)])
                _ = g.call(.handleClose, p)
            }
            g.note("done", x > 0 ? 1 : 0)
            _ = g.waitMany([], g.call(.clock) + 100_000_000)
        }))
        let k = m.boot(until: 50_000_000) { g, system in
            _ = g.spawn(system, "parent", g.call(.handleDuplicate, system, Int64(Rights.all.rawValue)))
        }
        let parent = k.processRecords[1]
        #expect(m.notes == ["done=1"])
        // Its channel's two ends and three times sixteen events; six messages.
        #expect(parent.objects == 2 + 48 && parent.queuedBytes == 6 * (4 + 8 * 32 + 128))
        #expect(k.checkConservation() == nil)
        m.expectAllReturned()
    }
    /// A message outlives its sender, whose parent is init: nobody pays, and reading it upsets no account.
    @Test func messagesOfTheDeadAreReadAtNobodysCost() {
        let m = FakeMachine()
        m.add("child", FakeProgram(start: { g, b in g.send(b, "last words"); _ = g.call(.exit, 0) }))
        let k = m.boot { g, system in
            let (x, y) = g.channel()
            _ = g.waitMany([(g.spawn(system, "child", y), .terminated)])
            g.note(g.receive(x).text)
            g.note("queued \(QuotaTests.info(g, g.spawn(system, "child", g.call(.eventCreate))).queuedBytes)")
        }
        #expect(m.notes == ["last words", "queued 0"] && k.checkConservation() == nil)
        m.expectAllReturned()
    }
    /// A program that may start programs cannot fill the process table, not even through its children.
    @Test func aForkBombLeavesRoomForOthers() {
        let m = FakeMachine(frames: 1024)
        m.add("bomb", FakeProgram(start: { g, system in
            for _ in 0..<400 {
                let copy = g.call(.handleDuplicate, system, Int64(Rights.all.rawValue))
                let p = g.spawn(system, "bomb", copy)
                if p < 0 { g.note("stopped", p); break }
            }
            _ = g.waitMany([], -1)
        }))
        m.add("victim", FakeProgram(start: { g, _ in g.note("victim") }))
        let k = m.boot(until: 1_500_000_000) { g, system in
            let bomb = g.spawn(system, "bomb", g.call(.handleDuplicate, system, Int64(Rights.all.rawValue)))
            _ = g.waitMany([], g.call(.clock) + 400_000_000)
            let v = g.spawn(system, "victim")
            g.note("spawn", v > 0 ? 1 : v)
            _ = g.waitMany([], g.call(.clock) + 400_000_000)
            _ = g.call(.kill, bomb)
        }
        #expect(Set(m.notes) == ["stopped=-10", "spawn=1", "victim"])
        #expect(k.processRecords.filter { $0.name.string == "bomb" }.count == KernelLimits.descendantCountMax + 1)
        #expect(k.checkConservation() == nil)
        m.expectAllReturned()
    }
    /// Rings of channels of which each holds the next in its queue: nobody can reach them when their maker is gone.
    @Test(arguments: 1...3) func ringsOfChannelsAreReclaimed(length: Int) {
        let m = FakeMachine()
        m.add("ringmaker", FakeProgram(start: { g, _ in
            for _ in 0..<5 {
                let pairs = (0..<length).map { _ in g.channel() }
                for i in 0..<length {
                    // Into the queue of pair i: the receiving end of the next pair, and memory with a frame.
                    let shm = g.call(.shmCreate, 65536)
                    let at = g.call(.shmMap, shm, 1)
                    g.store(Int(at), [1])
                    _ = g.call(.shmUnmap, at)
                    let next = (i + 1) % length
                    if length == 1 {
                        // A channel does not carry its own ends; through a second one the ring closes.
                        let (c, d) = g.channel()
                        g.send(pairs[0].0, "ring", [d, shm])
                        g.send(c, "ring", [pairs[0].1])
                        _ = g.call(.handleClose, c)
                    } else {
                        g.note("sent", g.send(pairs[i].0, "ring", [pairs[next].1, shm]))
                    }
                }
                for (a, _) in pairs { _ = g.call(.handleClose, a) }
            }
            _ = g.waitMany([], g.call(.clock) + 5_000_000)
        }))
        m.bootOnly(KernelConfiguration(), FakeProgram(start: { g, system in
            g.store(Guest.scratch, [0])
            for _ in 0..<2 {
                let p = g.spawn(system, "ringmaker")
                _ = g.waitMany([(p, .terminated)], g.call(.clock) + 2_000_000)
                g.note("inside")
                _ = g.call(.kill, p)
                _ = g.call(.handleClose, p)
            }
        }))
        m.run(until: 100_000)
        let k = m.kernel!
        m.run(until: 1_500_000)
        #expect(k.objectCount > 3 + 5 * length)              // the rings exist
        m.run(until: 100_000_000)
        #expect(k.objectCount == 2 && k.handleCount == 1 && k.queuedHandleCount == 0)
        #expect(k.memoryRecord.framesShared == 0 && k.checkConservation() == nil)
        #expect(Set(m.notes).isSubset(of: ["sent=0", "inside"]))
        m.expectAllReturned()
    }
    /// A shared-memory hoarder that touches all it gets, and more memory of its own, is the one that ends.
    @Test func sharedMemoryCountsAsItsCreators() {
        let m = FakeMachine(frames: 256)
        m.add("hoarder", FakeProgram(start: { g, _ in
            while true {
                let at = Int(g.call(.shmMap, g.call(.shmCreate, 16 * 65536), 1))
                if at < 0 { break }
                for page in 0..<16 { g.store(at + page << 16, [1]) }
            }
            for page in 2..<256 { g.store(page << 16, [1]) }
        }))
        let k = m.boot { g, system in
            let p = g.spawn(system, "hoarder")
            _ = g.waitMany([(p, .terminated)])
            g.note(ExitReason(rawValue: QuotaTests.info(g, p).exitReason)!.name)
            g.fillPage(3) { _ in 1 }
        }
        #expect(m.notes == ["out of memory"] && k.counters.outOfMemoryKills == 0)
        #expect(k.memoryRecord.framesShared == 0 && k.checkConservation() == nil)
        m.expectAllReturned()
    }
}
