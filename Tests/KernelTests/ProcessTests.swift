import ABI
import Testing
@testable import Kernel

@Suite struct ProcessTests {
    /// KERN-012, KERN-014: programs are processes of their own, and what goes wrong in one ends it alone.
    @Test func misbehavingProgramsAreContainedAndReported() {
        let m = FakeMachine()
        m.add("trap", FakeProgram(start: { g, _ in g.trap(.unreachable) }))
        m.add("overflow", FakeProgram(start: { g, _ in g.trap(.stackOverflow) }))
        m.add("wild", FakeProgram(start: { g, _ in _ = g.load(0x2000_0000, 1) }))
        m.add("window", FakeProgram(start: { g, _ in _ = g.load(0x4000_0000, 1) }))
        m.add("far", FakeProgram(start: { g, _ in _ = g.load(0x1_8000_0000, 1) }))
        m.add("readonly", FakeProgram(start: { g, _ in
            let at = g.call(.shmMap, g.call(.shmCreate, 100), 0)
            g.store(Int(at), [1])
        }))
        m.add("exit", FakeProgram(start: { g, _ in _ = g.call(.exit, 42) }))
        m.add("spin", FakeProgram(start: { g, _ in while true { g.spin(1_000_000) } }))
        m.add("greedy", FakeProgram(start: { g, _ in while g.call(.channelCreate, Int64(Guest.scratch)) == 0 {} }))
        let k = m.boot(until: 3_000_000_000) { g, system in
            for name in ["trap", "overflow", "wild", "window", "far", "readonly", "exit", "spin", "greedy"] {
                let p = g.spawn(system, name)
                _ = g.waitMany([(p, .terminated)], g.call(.clock) + 50_000_000)
                _ = g.call(.processInfo, p, Int64(Guest.scratch))
                var r = ByteReader(g.load(Guest.scratch, ProcessRecord.byteCount))
                let info = ProcessRecord.parse(&r)!
                g.note("\(name) \(ExitReason(rawValue: info.exitReason)!.name) \(info.exitCode)")
                g.note("kill", g.call(.kill, p))
                _ = g.call(.handleClose, p)
            }
        }
        #expect(m.notes.filter { $0 != "kill=0" } == ["trap trapped 2", "overflow stack overflow 8", "wild bad access 8192", "window bad access 16384",
                            "far bad access 98304", "readonly bad access 16384", "exit exited 42", "spin running 0", "greedy running 0"])
        #expect(k.processRecords.count == 1)
        #expect(k.checkConservation() == nil)
        m.expectAllReturned()
    }
    /// KERN-015, KERN-017, KERN-024, KERN-025, KERN-028: programs are part of the image and started by name.
    @Test func spawnAndKillConserve() {
        let m = FakeMachine()
        m.add("worker", FakeProgram(start: { g, b in
            for i in 2..<20 { g.fillPage(i) { UInt64($0) } }
            let (a, c) = g.channel()
            g.send(a, "kept", [g.call(.eventCreate)])
            _ = c
            _ = g.call(.subscribe, b, 1, Int64(Signals.readable.rawValue))
            let shm = g.call(.shmCreate, 200_000)
            g.store(Int(g.call(.shmMap, shm, 1)), [1, 2, 3])
            _ = g.call(.timerSet, g.call(.timerCreate), 1 << 50)
            if b % 2 == 0 { _ = g.waitMany([(a, .readable)]) }
        }))
        let k = m.boot { g, system in
            _ = g.load(Guest.scratch, 1); g.store(Guest.scratch, [0])
            var before: [Int64] = []
            for round in 0..<12 {
                let (mine, theirs) = g.channel()
                let p = g.spawn(system, "worker", theirs)
                _ = g.waitMany([], g.call(.clock) + 5_000_000)
                g.note("kill", g.call(.kill, p))
                g.note("closed", Int64(g.waitMany([(mine, .peerClosed)], 0).result))
                _ = g.call(.handleClose, p)
                _ = g.call(.handleClose, mine)
                _ = g.call(.memoryInfo, Int64(Guest.scratch))
                var r = ByteReader(g.load(Guest.scratch, MemoryRecord.byteCount))
                before.append(Int64(MemoryRecord.parse(&r)!.framesFree))
                if round > 0, before[round] != before[0] { g.note("frames leak") }
            }
        }
        #expect(Set(m.notes) == ["kill=0", "closed=1"])
        #expect(k.objectCount == 2 && k.handleCount == 1)
        #expect(k.checkConservation() == nil)
        m.expectAllReturned()
    }
    /// KERN-003.
    @Test func spinningProcessesShareTheProcessor() {
        let m = FakeMachine()
        m.add("spin", FakeProgram(start: { g, _ in while true { g.spin(100_000) } }))
        let k = m.boot(until: 1_000_000_000) { g, system in
            for _ in 0..<4 { _ = g.spawn(system, "spin") }
        }
        let counts = k.processRecords.dropFirst().map { $0.instructions }
        #expect(counts.count == 4)
        #expect(counts.max()! - counts.min()! <= 4_000_000)
        #expect(counts.reduce(0, +) > 950_000_000)
        m.expectAllReturned()
    }
    @Test func timersAndDeadlinesFireInOrder() {
        let m = FakeMachine()
        let k = m.boot { g, _ in
            let t1 = g.call(.timerCreate), t2 = g.call(.timerCreate)
            _ = g.call(.timerSet, t1, 3_000_000)
            _ = g.call(.timerSet, t2, 2_000_000)
            let first = g.waitMany([(t1, .signaled), (t2, .signaled)])
            g.note("\(first.result) \(first.observed.map { $0.rawValue })")
            g.note("late", (g.call(.clock) - 2_000_000) / 100_000)
            _ = g.call(.timerSet, t2, -1)
            _ = g.waitMany([(t1, .signaled), (t2, .signaled)])
            g.note("late", (g.call(.clock) - 3_000_000) / 100_000)
            g.note("timeout", g.waitMany([(t2, .signaled)], 5_000_000).result)
            g.note("late", (g.call(.clock) - 5_000_000) / 100_000)
            g.note("wall", g.call(.wallClock) > 1_700_000_000_000_000_000 ? 1 : 0)
        }
        #expect(m.notes == ["1 [0, 8]", "late=0", "late=0", "timeout=0", "late=0", "wall=1"])
        #expect(k.checkConservation() == nil)
        m.expectAllReturned()
    }
    /// KERN-005.
    @Test func clonesShareMemoryUntilTheyWrite() {
        let m = FakeMachine()
        m.addFile("font", [9, 8, 7], frame: 500)
        m.add("zygote", FakeProgram(start: { g, b in
            for i in 2..<34 { g.fillPage(i) { _ in UInt64(i) } }
            let (p, n) = g.name("font")
            g.globals["font"] = g.call(.shmMap, g.call(.archiveOpen, p, n), 0)
            g.globals["x"] = 5
            g.send(b, "warm")
        }, cloned: { g, b in
            g.note("x", g.globals["x"]!)
            g.note("inherited \(g.load(Int(g.globals["font"]!), 3))")
            g.note("page", Int64(g.load32(5 << 16)))
            g.store32(5 << 16, UInt32(100 + b))
            g.note("handles", g.send(b, "clone ready"))
            g.note("mine", Int64(g.load32(5 << 16)))
        }))
        let k = m.boot { g, system in
            let (mine, theirs) = g.channel()
            let zygote = g.spawn(system, "zygote", theirs)
            _ = g.waitMany([(mine, .readable)])
            _ = g.receive(mine)
            _ = g.waitMany([], g.call(.clock) + 1_000_000)
            let free = { () -> Int64 in
                _ = g.call(.memoryInfo, Int64(Guest.scratch))
                return Int64(g.load32(Guest.scratch + 4))
            }
            let before = free()
            for _ in 0..<3 {
                let (x, y) = g.channel()
                let c = g.call(.clone, zygote, y)
                g.note("clone", c > 0 ? 1 : c)
                _ = g.waitMany([(x, .readable)])
                g.note(g.receive(x).text)
            }
            // Each clone: the page it wrote and its scratch page.
            g.note("frames", before - free())
            let (_, y) = g.channel()
            g.note("busy", g.call(.clone, 0, y))
            g.note("self-made", g.call(.clone, g.spawn(system, "init"), 0))
        }
        #expect(m.notes.filter { $0 == "clone ready" || $0 == "clone=1" || $0 == "x=5" || $0 == "inherited [9, 8, 7]" }.count == 12)
        #expect(m.notes.filter { $0 == "page=5" }.count >= 3)
        #expect(m.notes.contains("frames=6") && m.notes.contains("busy=-1"))
        #expect(k.checkConservation() == nil)
        m.expectAllReturned()
    }
    /// IPC-003, IPC-006, IPC-008, KERN-004, KERN-022.
    @Test func sharedMemoryIsSharedAndGivenBack() {
        let m = FakeMachine()
        m.add("reader", FakeProgram(start: { g, b in
            _ = g.waitMany([(b, .readable)])
            let shm = g.receive(b).handles[0]
            let at = Int(g.call(.shmMap, shm, 0))
            g.note("read \(g.load(at + 65536, 3)) size \(g.call(.shmSize, shm))")
            g.send(b, "done")
            _ = g.waitMany([(b, .readable)])
            g.note("released \(g.load(at + 65536, 3))")
            g.note("unmap", g.call(.shmUnmap, Int64(at)))
            g.note("again", g.call(.shmUnmap, Int64(at)))
            g.send(b, "done")
        }))
        let k = m.boot { g, system in
            let shm = g.call(.shmCreate, 65536 * 3 + 5)
            let at = g.call(.shmMap, shm, 1)
            g.store(Int(at) + 65536, [1, 2, 3])
            let (x, y) = g.channel()
            _ = g.spawn(system, "reader", y)
            g.send(x, "shm", [g.call(.handleDuplicate, shm, Int64(Rights([.read, .map, .transfer]).rawValue))])
            _ = g.waitMany([(x, .readable)])
            _ = g.receive(x)
            g.note("release", g.call(.pageRelease, at, 65536 * 2))
            g.send(x, "look")
            _ = g.waitMany([(x, .readable)])
            g.note("private", { g.store(40 << 16, [7]); return g.call(.pageRelease, 40 << 16, 65536) }())
            g.note("zero \(g.load(40 << 16, 1))")
            g.note("zero size", g.call(.shmCreate, 0))
            g.note("huge size", g.call(.shmCreate, 1 << 40))
            g.note("bad unmap", g.call(.shmUnmap, at + 4))
        }
        #expect(m.notes == ["read [1, 2, 3] size 196613", "release=1", "released [0, 0, 0]", "unmap=0", "again=-6", "private=1", "zero [0]",
                            "zero size=-6", "huge size=-6", "bad unmap=-6"])
        #expect(k.checkConservation() == nil)
        m.expectAllReturned()
    }
    @Test func theSameRunGivesTheSameHashes() {
        func once() -> [UInt64] {
            let m = FakeMachine()
            m.add("worker", FakeProgram(start: { g, b in
                for i in 2..<6 { g.fillPage(i) { UInt64($0 * i) }; g.spin(700_000) }
                g.send(b, "done")
            }))
            let k = m.boot { g, system in
                for _ in 0..<3 {
                    let (x, y) = g.channel()
                    _ = g.spawn(system, "worker", y)
                    _ = g.waitMany([(x, .readable)], g.call(.clock) + 1_000_000)
                }
            }
            defer { m.expectAllReturned() }
            return [k.stateHash(), k.ramHash(), m.now]
        }
        #expect(once() == once())
    }
}
