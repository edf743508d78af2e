import ABI
import Testing
@testable import Kernel

@Suite struct ChannelTests {
    /// IPC-001, IPC-005, IPC-007, KERN-004, KERN-023: sends do not wait, receivers may.
    @Test func twoProcessesExchangeMessages() {
        let m = FakeMachine()
        m.add("echo", FakeProgram(start: { g, b in
            g.globals["channel"] = b
            _ = g.call(.subscribe, b, 7, Int64(Signals([.readable, .peerClosed]).rawValue))
        }, handle: { g, key, signals in
            if !signals.contains(.readable) { _ = g.call(.exit, 0); return }
            let r = g.receive(g.globals["channel"]!)
            g.send(g.globals["channel"]!, "\(key):" + r.text)
        }))
        let k = m.boot { g, system in
            let (mine, theirs) = g.channel()
            let child = g.spawn(system, "echo", theirs)
            for i in 0..<3 {
                g.send(mine, "hello\(i)")
                _ = g.waitMany([(mine, .readable)])
                g.note(g.receive(mine).text)
            }
            g.note("empty", g.receive(mine).result)
            _ = g.call(.handleClose, mine)
            g.note("ended", g.waitMany([(child, .terminated)]).result)
        }
        #expect(m.notes == ["7:hello0", "7:hello1", "7:hello2", "empty=-3", "ended=1"])
        #expect(k.checkConservation() == nil)
        m.expectAllReturned()
    }
    /// IPC-004, IPC-005.
    @Test func handlesMoveWithMessagesAndCloseWithTheirChannel() {
        let m = FakeMachine()
        let k = m.boot { g, _ in
            let (a, b) = g.channel()
            let (c, d) = g.channel()
            g.note("send", g.send(a, "take", [c]))
            g.note("gone", g.send(c, "x"))
            let r = g.receive(b)
            g.send(r.handles[0], "through")
            g.note(g.receive(d).text)
            g.send(a, "never read", [r.handles[0]])
            _ = g.call(.handleClose, b)
            g.note("closed", Int64(g.waitMany([(d, .peerClosed)], 0).observed[0].rawValue))
            g.note("peer", g.send(a, "x"))
            g.note("receive", g.receive(d).result)
            _ = g.call(.handleClose, a)
            _ = g.call(.handleClose, d)
        }
        #expect(m.notes == ["send=0", "gone=-1", "through", "closed=4", "peer=-4", "receive=-4"])
        #expect(k.checkConservation() == nil)
        // System handle, init's process object and init itself are what is left.
        #expect(k.objectCount == 2 && k.handleCount == 1)
        m.expectAllReturned()
    }
    /// IPC-001.
    @Test func fullChannelPushesBackAndSignalsRoom() {
        let m = FakeMachine()
        let k = m.boot { g, _ in
            let (a, b) = g.channel()
            var sent = 0
            while g.send(a, "x") == 0 { sent += 1 }
            g.note("sent", Int64(sent))
            g.note("error", g.send(a, "x"))
            g.note("writable", Int64(g.waitMany([(a, .writable)], 0).result))
            _ = g.receive(b)
            g.note("writable", Int64(g.waitMany([(a, .writable)], 0).result))
        }
        #expect(m.notes == ["sent=256", "error=-3", "writable=0", "writable=1"])
        #expect(k.checkConservation() == nil)
        m.expectAllReturned()
    }
    /// KERN-006, KERN-023.
    @Test func malformedSendsAreRefused() {
        let m = FakeMachine()
        let k = m.boot { g, _ in
            let (a, b) = g.channel()
            let (c, _) = g.channel()
            g.note("self", g.send(a, "x", [a]))
            g.note("peer", g.send(a, "x", [b]))
            g.note("twice", g.send(a, "x", [c, c]))
            g.note("long", g.call(.channelSend, a, Int64(Guest.scratch), 4097, 0, 0))
            g.note("many", g.call(.channelSend, a, Int64(Guest.scratch), 1, Int64(Guest.scratch), 9))
            g.note("negative", g.call(.channelSend, a, Int64(Guest.scratch), -1, 0, 0))
            g.note("pointer", g.call(.channelSend, a, 0x3000_0000, 10, 0, 0))
            g.note("wrap", g.call(.channelSend, a, 0xffff_ffff, 4096, 0, 0))
            g.note("minus", g.call(.channelSend, a, -5, 4, 0, 0))
            g.note("huge", g.call(.channelSend, a, .max, 4096, 0, 0))
            g.send(a, "four")
            g.note("small", g.call(.channelReceive, b, Int64(Guest.scratch), 3, Int64(Guest.scratch + 100), Int64(Guest.scratch + 200)))
            g.note("badOut", g.call(.channelReceive, b, 0x3000_0000, 4096, Int64(Guest.scratch + 100), Int64(Guest.scratch + 200)))
            g.note(g.receive(b).text)
            g.note("number", g.raw(9999))
        }
        #expect(m.notes == ["self=-6", "peer=-6", "twice=-6", "long=-6", "many=-6", "negative=-6", "pointer=-8", "wrap=-8", "minus=-8",
                            "huge=-8", "small=-9", "badOut=-8", "four", "number=-13"])
        #expect(k.checkConservation() == nil)
        m.expectAllReturned()
    }
    /// SVC-001, SVC-002: registration and discovery by name.
    @Test func servicesGiveEachClientItsOwnEndpoint() {
        let m = FakeMachine()
        m.add("client", FakeProgram(start: { g, b in
            let (p, n) = g.name("clock")
            let end = g.call(.serviceConnect, p, n)
            g.send(end, "I am \(b)")
            _ = g.waitMany([(end, .readable)])
            g.note(g.receive(end).text)
        }))
        let k = m.boot { g, system in
            var (p, n) = g.name("clock")
            g.note("absent", g.call(.serviceConnect, p, n))
            (p, n) = g.name("clock")
            let server = g.call(.serviceRegister, system, p, n)
            g.note("again", g.call(.serviceRegister, system, p, n))
            _ = g.spawn(system, "client")
            _ = g.spawn(system, "client")
            for i in 0..<2 {
                _ = g.waitMany([(server, .readable)])
                let end = g.receive(server).handles[0]
                _ = g.waitMany([(end, .readable)])
                g.send(end, g.receive(end).text + " -> \(i)")
            }
            _ = g.call(.handleClose, server)
            (p, n) = g.name("clock")
            g.note("gone", g.call(.serviceConnect, p, n))
        }
        #expect(m.notes.filter { $0.hasPrefix("I am") } == ["I am 0 -> 0", "I am 0 -> 1"])
        #expect(m.notes.filter { !$0.hasPrefix("I am") } == ["absent=-5", "again=-12", "gone=-5"])
        #expect(k.checkConservation() == nil)
        m.expectAllReturned()
    }
    @Test func subscriptionsRotateFairlyAndEnd() {
        let m = FakeMachine()
        m.bootOnly(KernelConfiguration(), FakeProgram(start: { g, _ in
            for key in 1...3 {
                let e = g.call(.eventCreate)
                _ = g.call(.subscribe, e, Int64(key), Int64(Signals.signaled.rawValue))
                _ = g.call(.eventSignal, e, 1)
                g.globals["e\(key)"] = e
            }
        }, handle: { g, key, _ in
            g.note("\(key)")
            g.globals["n"] = (g.globals["n"] ?? 0) + 1
            if g.globals["n"] == 7 {
                for key in 1...3 { _ = g.call(.eventSignal, g.globals["e\(key)"]!, 0) }
                _ = g.call(.subscribe, g.globals["e1"]!, 1, 0)
                g.note("again", g.call(.subscribe, g.globals["e1"]!, 1, 0))
            }
        }))
        m.run(until: 1_000_000_000)
        #expect(m.notes == ["1", "2", "3", "1", "2", "3", "1", "again=-5"])
        #expect(m.kernel.checkConservation() == nil)
        m.expectAllReturned()
    }
}
