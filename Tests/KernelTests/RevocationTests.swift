// Revocation reaches every handle derived from one, wherever it went.

import ABI
import Testing
@testable import Kernel

@Suite struct RevocationTests {
    static let all = Int64(Rights.all.rawValue)

    /// init -> middle -> last: each duplicates what it got and hands the duplicate on.
    @Test func duplicatesOfDuplicatesInThirdProcessesAreClosed() {
        let m = FakeMachine()
        m.add("middle", FakeProgram(start: { g, b in
            _ = g.waitMany([(b, .readable)])
            let h = g.receive(b).handles[0]
            let next = g.receive(b).handles[0]
            g.send(next, "x", [g.call(.handleDuplicate, h, RevocationTests.all)])
            _ = g.waitMany([], g.call(.clock) + 5_000_000)
            g.note("middle", g.call(.eventSignal, h, 1))
        }))
        m.add("last", FakeProgram(start: { g, b in
            _ = g.waitMany([(b, .readable)])
            let h = g.receive(b).handles[0]
            g.note("before", g.call(.eventSignal, h, 0))
            // It waits on the handle; revocation wakes it with bad handle.
            g.note("wait", g.waitMany([(h, .signaled)]).result)
            g.note("last", g.call(.eventSignal, h, 1))
        }))
        let k = m.boot { g, system in
            let (x, y) = g.channel(), (toLast, lastEnd) = g.channel()
            let p = g.spawn(system, "middle", y), q = g.spawn(system, "last", lastEnd)
            let event = g.call(.eventCreate)
            let copy = g.call(.handleDuplicate, event, RevocationTests.all)
            g.send(x, "event", [copy])
            g.send(x, "channel", [toLast])
            _ = g.waitMany([], g.call(.clock) + 2_000_000)
            g.note("none", g.call(.handleRevoke, x))
            g.note("revoked", g.call(.handleRevoke, event))
            g.note("again", g.call(.handleRevoke, event))
            g.note("mine", g.call(.eventSignal, event, 1))
            _ = g.waitMany([(p, .terminated)], g.call(.clock) + 10_000_000)
            for h in [x, p, q, event] { _ = g.call(.handleClose, h) }
        }
        #expect(m.notes == ["before=0", "none=0", "revoked=2", "again=0", "mine=0", "wait=-1", "last=-1", "middle=-1"])
        #expect(k.checkConservation() == nil)
        m.expectAllReturned()
    }
    @Test func handlesInQueuedMessagesArriveAsZero() {
        let m = FakeMachine()
        let k = m.boot { g, _ in
            let (a, b) = g.channel()
            let event = g.call(.eventCreate), other = g.call(.eventCreate)
            let copy = g.call(.handleDuplicate, event, RevocationTests.all)
            let deep = g.call(.handleDuplicate, copy, RevocationTests.all)
            g.send(a, "three", [copy, other, deep])
            g.note("revoked", g.call(.handleRevoke, event))
            let r = g.receive(b)
            g.note("\(r.text) \(r.handles.map { $0 == 0 ? "none" : "some" })")
            g.note("other", g.call(.eventSignal, r.handles[1], 1))
            g.note("event", g.call(.eventSignal, event, 1))
        }
        #expect(m.notes == ["revoked=2", "three [\"none\", \"some\", \"none\"]", "other=0", "event=0"])
        #expect(k.checkConservation() == nil)
        m.expectAllReturned()
    }
    @Test func mappingsMadeThroughARevokedHandleAreUnmapped() {
        let m = FakeMachine()
        m.add("reader", FakeProgram(start: { g, b in
            _ = g.waitMany([(b, .readable)])
            let shm = g.receive(b).handles[0]
            let at = Int(g.call(.shmMap, shm, 0))
            g.note("read \(g.load(at, 1))")
            _ = g.call(.handleClose, shm)                      // the mapping alone would keep it
            _ = g.waitMany([], g.call(.clock) + 5_000_000)
            _ = g.load(at, 1)
            g.note("still there")
        }))
        let k = m.boot { g, system in
            let shm = g.call(.shmCreate, 65536), at = Int(g.call(.shmMap, shm, 1))
            g.store(at, [7])
            let (x, y) = g.channel()
            let p = g.spawn(system, "reader", y)
            g.send(x, "shm", [g.call(.handleDuplicate, shm, RevocationTests.all)])
            _ = g.waitMany([], g.call(.clock) + 2_000_000)
            g.note("handles", g.call(.handleRevoke, shm))      // none is left, but the mapping goes
            _ = g.waitMany([(p, .terminated)])
            _ = g.call(.processInfo, p, Int64(Guest.scratch))
            var r = ByteReader(g.load(Guest.scratch, ProcessRecord.byteCount))
            g.note(ExitReason(rawValue: ProcessRecord.parse(&r)!.exitReason)!.name)
            g.note("mine \(g.load(at, 1))")
        }
        #expect(m.notes == ["read [7]", "handles=0", "bad access", "mine [7]"])
        #expect(k.checkConservation() == nil)
        m.expectAllReturned()
    }
    /// The closed one in the middle still connects; a bootstrap handle is reached like any other; rights are needed.
    @Test func closedAncestorsConnectAndBootstrapHandlesAreReached() {
        let m = FakeMachine()
        m.add("child", FakeProgram(start: { g, b in
            g.globals["b"] = b
            _ = g.waitMany([], g.call(.clock) + 5_000_000)
            g.note("child", g.call(.eventSignal, b, 1))
        }))
        let k = m.boot { g, system in
            let event = g.call(.eventCreate)
            var h = event
            for _ in 0..<200 {
                let next = g.call(.handleDuplicate, h, RevocationTests.all)
                if h != event { _ = g.call(.handleClose, h) }
                h = next
            }
            g.note("far", h > 0 ? 0 : h)
            _ = g.spawn(system, "child", g.call(.handleDuplicate, h, RevocationTests.all))
            _ = g.waitMany([], g.call(.clock) + 1_000_000)
            let weak = g.call(.handleDuplicate, event, Int64(Rights.write.rawValue))
            g.note("right", g.call(.handleRevoke, weak))
            g.note("bad", g.call(.handleRevoke, 4000))
            g.note("revoked", g.call(.handleRevoke, event))
            var chain: [Int64] = [event]
            while chain.last! > 0 { chain.append(g.call(.handleDuplicate, chain.last!, RevocationTests.all)) }
            g.note("depth \(chain.count - 2)", chain.last!)
            g.note("all", g.call(.handleRevoke, event))
        }
        #expect(m.notes == ["far=0", "right=-2", "bad=-1", "revoked=3", "depth 64=-10", "all=64", "child=-1"])
        #expect(k.checkConservation() == nil)
        m.expectAllReturned()
    }
}
