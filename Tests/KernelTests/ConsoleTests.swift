// The console as a device: typed input to programs that wait and to programs that subscribed, raw output, back-pressure.

import ABI
import Drivers
import Testing
@testable import Kernel

@Suite struct ConsoleTests {
    static let readable = Int64(Signals.readable.rawValue)
    func console(_ out: Bytes, latency: UInt64 = 0) -> FakeVirtio {
        FakeVirtio(VirtioDeviceID.console, latency: latency) { c in
            if c.queue == 0 { return nil }
            out.all += c.request
            return 0
        }
    }
    func read(_ g: Guest, _ device: Int64, _ capacity: Int64 = 100) -> String {
        let n = g.call(.consoleRead, device, Int64(Guest.scratch), capacity)
        return n < 0 ? g.error(n)!.name : String(decoding: g.load(Guest.scratch, Int(n)), as: UTF8.self)
    }
    @Test func inputReachesAWaitingAndASubscribedProcess() {
        let m = FakeMachine(), tty = console(Bytes())
        m.devices = [tty]
        m.add("subscriber", FakeProgram(start: { g, b in
            g.globals["d"] = b
            _ = g.call(.subscribe, b, 5, ConsoleTests.readable)
        }, handle: { g, key, _ in
            let text = self.read(g, g.globals["d"]!)
            if text != "would block" { g.note("\(key):" + text) }
        }))
        m.bootOnly(KernelConfiguration(), FakeProgram(start: { g, system in
            let device = g.call(.deviceOpen, system, 4)
            g.note(self.read(g, device))
            for _ in 0..<2 {
                _ = g.waitMany([(device, .readable)])
                g.note(self.read(g, device, 3))
                g.note(self.read(g, device))
            }
            g.note("capacity", g.call(.consoleRead, device, Int64(Guest.scratch), 0))
            g.note("pointer", g.call(.consoleRead, device, 0x3000_0000, 4))
            _ = g.spawn(system, "subscriber", g.call(.handleDuplicate, device, Int64(Rights([.read, .transfer]).rawValue)))
            _ = g.call(.handleClose, device)
        }))
        let before = m.kernel.objectCount
        for text in ["hello", "again"] {
            m.run(until: m.now + 1_000_000)
            tty.inject(Array(text.utf8))
        }
        m.run(until: m.now + 1_000_000)
        for text in ["one", "two"] {
            tty.inject(Array(text.utf8))
            m.run(until: m.now + 1_000_000)
        }
        #expect(m.notes == ["would block", "hel", "lo", "aga", "in", "capacity=-6", "pointer=-3", "5:one", "5:two"])
        #expect(m.kernel.objectCount == before + 1 && m.kernel.checkConservation() == nil)
        m.expectAllReturned()
    }
    /// Two processes wait for the same input: both wake, one gets it, and nothing is lost or doubled.
    @Test func twoReadersShareTheInput() {
        let m = FakeMachine(), tty = console(Bytes())
        m.devices = [tty]
        m.add("reader", FakeProgram(start: { g, device in
            while true {
                _ = g.waitMany([(device, .readable)])
                let text = self.read(g, device, 1)
                if text != "would block" { g.note(text) }
            }
        }))
        m.bootOnly(KernelConfiguration(), FakeProgram(start: { g, system in
            let device = g.call(.deviceOpen, system, 4)
            for _ in 0..<2 { _ = g.spawn(system, "reader", g.call(.handleDuplicate, device, Int64(Rights.all.rawValue))) }
        }))
        m.run(until: 1_000_000)
        for byte in "abcdefgh".utf8 {
            tty.inject([byte])
            m.run(until: m.now + 200_000)
        }
        #expect(m.notes.joined() == "abcdefgh")
        #expect(m.kernel.checkConservation() == nil)
        m.expectAllReturned()
    }
    @Test func unreadInputBeyondTheLimitIsDroppedAndCounted() {
        let m = FakeMachine(), tty = console(Bytes())
        m.devices = [tty]
        m.bootOnly(KernelConfiguration(), FakeProgram(start: { g, system in
            let device = g.call(.deviceOpen, system, 4)
            _ = g.waitMany([], g.call(.clock) + 100_000_000)
            g.note("all", g.call(.consoleRead, device, Int64(Guest.scratch), 10_000))
            g.note("then", g.call(.consoleRead, device, Int64(Guest.scratch), 10_000))
        }))
        for _ in 0..<20 {
            m.run(until: m.now + 100_000)
            tty.inject([UInt8](repeating: 65, count: 256))
        }
        m.run(until: 200_000_000)
        #expect(m.notes == ["all=4096", "then=-3"])
        #expect(m.kernel.counters.droppedConsoleBytes == 20 * 256 - 4096)
        m.expectAllReturned()
    }
    @Test func rawOutputIsNeitherPrefixedNorLost() {
        let m = FakeMachine(), out = Bytes()
        m.devices = [console(out, latency: 500_000)]
        m.boot { g, system in
            let device = g.call(.deviceOpen, system, 4)
            g.store(Guest.scratch, [UInt8](repeating: 120, count: 4096))
            g.note("long", g.call(.consoleWrite, device, Int64(Guest.scratch), 4097))
            var blocked = 0, sent = 0
            while sent < 12 {
                let r = g.call(.consoleWrite, device, Int64(Guest.scratch), 4096)
                if r == 0 { sent += 1; continue }
                blocked += 1
                g.store32(Guest.scratch + 8192, UInt32(device))
                g.store32(Guest.scratch + 8196, Signals.writable.rawValue)
                _ = g.call(.waitMany, Int64(Guest.scratch + 8192), 1, -1)
            }
            g.note(blocked > 0 ? "waited" : "never full")
            g.note("kind", g.call(.blockInfo, device, Int64(Guest.scratch)))
            _ = g.waitMany([], g.call(.clock) + 10_000_000)
        }
        #expect(m.notes == ["long=-6", "waited", "kind=-13"])
        #expect(out.all == [UInt8](repeating: 120, count: 12 * 4096) && m.kernel.devices.console?.droppedByteCount == 0)
        m.expectAllReturned()
    }
    @Test func aMachineWithoutAConsoleHasNone() {
        let m = FakeMachine()
        m.boot { g, system in g.note("open", g.call(.deviceOpen, system, 4)); g.note("disk", g.call(.deviceOpen, system, 5)) }
        #expect(m.notes == ["open=-5", "disk=-5"])
        m.expectAllReturned()
    }
}
