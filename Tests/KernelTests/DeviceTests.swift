import ABI
import Drivers
import Testing
@testable import Kernel

final class Bytes { var all: [UInt8] = []; var list: [[UInt8]] = [] }

@Suite struct DeviceTests {
    func console(_ out: Bytes) -> FakeVirtio {
        FakeVirtio(VirtioDeviceID.console) { c in
            if c.queue == 0 { return nil }
            out.all += c.request
            return 0
        }
    }
    /// KERN-016.
    @Test func consoleCarriesDebugPrints() {
        let m = FakeMachine(), out = Bytes()
        m.devices = [console(out)]
        m.boot { g, _ in
            let (p, n) = g.name("hello")
            _ = g.call(.printDebug, p, n)
            g.note("long", g.call(.printDebug, p, 5000))
            let long = String(repeating: "x", count: 1500)
            g.store(Guest.scratch, Array(long.utf8))
            _ = g.call(.printDebug, Int64(Guest.scratch), 1500)
        }
        #expect(String(decoding: out.all, as: UTF8.self) == "[1 init] hello\n[1 init] " + String(repeating: "x", count: 1500) + "\n")
        #expect(m.notes == ["long=-6"])
        m.expectAllReturned()
    }
    @Test func initWaitsForEntropyAndRandomDependsOnIt() {
        func run(_ seed: UInt8, latency: UInt64) -> [String] {
            let m = FakeMachine()
            m.devices = [FakeVirtio(VirtioDeviceID.entropy, latency: latency) { $0.reply([UInt8](repeating: seed, count: 32)) }]
            m.boot { g, _ in
                _ = g.call(.random, Int64(Guest.scratch), 40)
                g.note("\(g.load(Guest.scratch, 40))")
                g.note("\(g.call(.clock) / 1_000_000)")
            }
            m.expectAllReturned()
            return m.notes
        }
        #expect(run(1, latency: 0) == run(1, latency: 0))
        #expect(run(1, latency: 0)[0] != run(2, latency: 0)[0])
        #expect(run(1, latency: 5_000_000)[1] == "5")
        #expect(run(1, latency: 90_000_000_000)[1] == "1000")      // a device that never answers does not stop the boot
    }
    /// The time of day is the clock device's answer plus the virtual time since; without one, or with one that is broken,
    /// the machine's own.
    @Test(arguments: [0, 3_000_000] as [UInt64]) func timeOfDayComesFromTheClockDevice(latency: UInt64) {
        func run(_ answer: [UInt8]?) -> (time: Int64, clock: Int64) {
            let m = FakeMachine()
            if let answer { m.devices = [FakeVirtio(VirtioDeviceID.clock, latency: latency) { $0.reply(answer) }] }
            var time: Int64 = 0, clock: Int64 = 0
            m.boot { g, _ in
                g.spin(5_000_000)
                time = g.call(.wallClock)
                clock = g.call(.clock)
            }
            m.expectAllReturned()
            return (time, clock)
        }
        func bytes(_ nanoseconds: UInt64) -> [UInt8] { (0..<8).map { UInt8(truncatingIfNeeded: nanoseconds >> UInt64($0 * 8)) } }
        let noon: UInt64 = 1_234_567_890_000_000_000
        let (time, clock) = run([0, 0, 0, 0, 0, 0, 0, 0] + bytes(noon))
        let sinceAnswer = time - Int64(noon)
        #expect(sinceAnswer >= 5_000_000 && sinceAnswer <= clock - Int64(latency))
        for broken in [nil, [3, 0, 0, 0, 0, 0, 0, 0] + bytes(noon), [0, 0]] as [[UInt8]?] {
            let (time, clock) = run(broken)
            #expect(abs(time - 1_700_000_000_000_000_000 - clock) < 1000)
        }
    }
    @Test func packetsGoBothWays() {
        let m = FakeMachine(), sent = Bytes()
        let nic = FakeVirtio(VirtioDeviceID.network, features: 1 << 5, config: [2, 0, 0, 0xaa, 0xbb, 0xcc]) { c in
            if c.queue == 0 { return nil }
            sent.list.append(c.request)
            return 0
        }
        m.devices = [nic]
        m.bootOnly(KernelConfiguration(), FakeProgram(start: { g, system in
            let device = g.call(.deviceOpen, system, 3)
            g.note("framebuffer", g.call(.deviceOpen, system, 1))
            g.note("kind", g.call(.fbInfo, device, Int64(Guest.scratch)))
            _ = g.call(.netInfo, device, Int64(Guest.scratch))
            g.note("\(g.load(Guest.scratch, 6))")
            g.store(Guest.scratch, (0..<60).map { UInt8($0) })
            g.note("send", g.call(.netSend, device, Int64(Guest.scratch), 60))
            g.note("short", g.call(.netSend, device, Int64(Guest.scratch), 5))
            g.note("empty", g.call(.netReceive, device, Int64(Guest.scratch), 2048))
            for _ in 0..<100 {
                _ = g.waitMany([(device, .readable)])
                g.note("small", g.call(.netReceive, device, Int64(Guest.scratch), 10))
                let n = g.call(.netReceive, device, Int64(Guest.scratch), 2048)
                g.note("\(n) \(g.load(Guest.scratch, 2))")
            }
        }))
        m.run(until: 1_000_000)
        #expect(m.notes == ["framebuffer=-5", "kind=-13", "[2, 0, 0, 170, 187, 204]", "send=0", "short=-6", "empty=-3"])
        #expect(sent.list == [[UInt8](repeating: 0, count: 12) + (0..<60).map { UInt8($0) }])
        m.notes = []
        for i in 0..<100 {
            nic.inject([UInt8](repeating: 0, count: 12) + [UInt8(i), 7] + [UInt8](repeating: 0, count: 60))
            if i % 10 == 9 { m.run(until: m.now + 1_000_000) }
        }
        nic.inject([1, 2, 3])        // too short even for the header
        m.run(until: m.now + 1_000_000)
        #expect(m.notes.filter { $0 != "small=-9" } == (0..<100).map { "62 [\($0), 7]" })
        #expect(m.kernel.devices.net?.droppedCount == 1)
        #expect(m.kernel.checkConservation() == nil)
        m.expectAllReturned()
    }
    /// KERN-007, KERN-021: the kernel hands events on as they came; it decides nothing about them.
    @Test func inputEventsArriveInOrderAndOverflowIsCounted() {
        let m = FakeMachine()
        let keyboard = FakeVirtio(VirtioDeviceID.input) { _ in nil }, tablet = FakeVirtio(VirtioDeviceID.input) { _ in nil }
        m.devices = [keyboard, tablet]
        m.bootOnly(KernelConfiguration(), FakeProgram(start: { g, system in
            g.globals["d"] = g.call(.deviceOpen, system, 2)
            _ = g.call(.subscribe, g.globals["d"]!, 1, Int64(Signals.readable.rawValue))
        }, handle: { g, _, _ in
            let n = g.call(.pollEvent, g.globals["d"]!, Int64(Guest.scratch), 3)
            for i in 0..<Int(n) { g.note("\(g.load(Guest.scratch + i * 8, 8))") }
        }))
        m.run(until: 1_000_000)
        keyboard.inject([1, 0, 30, 0, 1, 0, 0, 0])
        keyboard.inject([0, 0, 0, 0, 0, 0, 0, 0])
        m.run(until: m.now + 1_000_000)
        tablet.inject([3, 0, 0, 0, 0xff, 0x3f, 0, 0])
        for i in 0..<5 { keyboard.inject([1, 0, UInt8(i), 0, 1, 0, 0, 0]) }
        m.run(until: m.now + 1_000_000)
        #expect(m.notes.count == 8 && m.notes[0] == "[1, 0, 30, 0, 1, 0, 0, 0]")
        #expect(m.kernel.checkConservation() == nil)
        m.expectAllReturned()
    }
    /// KERN-019, KERN-020, KERN-026, KERN-027: the flushed rectangle is the damage.
    @Test func framebufferIsMappedAndFlushesMerge() {
        let m = FakeMachine(), log = Bytes()
        var commands: [(UInt32, [UInt32])] = []
        let gpu = FakeVirtio(VirtioDeviceID.gpu, latency: 1_000_000) { c in
            let r = c.request
            let words = stride(from: 0, to: r.count - 3, by: 4).map { i in (0..<4).reduce(UInt32(0)) { $0 | UInt32(r[i + $1]) << UInt32($1 * 8) } }
            commands.append((words[0], Array(words.dropFirst(6))))
            var reply = [UInt8](repeating: 0, count: 24)
            reply[0] = words[0] == 0x100 ? 1 : 0
            reply[1] = 0x11
            if words[0] == 0x100 {
                reply += [0, 0, 0, 0, 0, 0, 0, 0, 0x80, 2, 0, 0, 0xe0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0] + [UInt8](repeating: 0, count: 15 * 24)
            }
            return c.reply(reply)
        }
        _ = log
        m.devices = [gpu]
        let k = m.boot { g, system in
            let device = g.call(.deviceOpen, system, 1)
            _ = g.call(.fbInfo, device, Int64(Guest.scratch))
            g.note("\((0..<4).map { g.load32(Guest.scratch + $0 * 4) })")
            let at = Int(g.call(.fbMap, device))
            g.store32(at + 640 * 4 * 479 + 639 * 4, 0xff12_3456)
            _ = g.call(.fbFlush, device, 0, 0, 10, 10)
            _ = g.call(.fbFlush, device, 20, 20, 10, 10)
            _ = g.call(.fbFlush, device, 600, 470, 100, 100)
            g.note("outside", g.call(.fbFlush, device, -1, 0, 1, 1))
            _ = g.waitMany([], g.call(.clock) + 20_000_000)
        }
        #expect(m.notes == ["[640, 480, 2560, 1]", "outside=-6"])
        #expect(commands.map { $0.0 } == [0x100, 0x101, 0x106, 0x103, 0x105, 0x104, 0x105, 0x104])
        #expect(commands[5].1 == [0, 0, 10, 10, 1, 0] && commands[6].1 == [20, 20, 620, 460, 20 * 2560 + 80, 0, 1, 0])
        #expect(commands[2].1[1] == 1 && commands[2].1[4] == 19 * 65536)
        let physical = UInt64(commands[2].1[2]) | UInt64(commands[2].1[3]) << 32
        #expect(m.pointer(physical).load(fromByteOffset: 640 * 480 * 4 - 4, as: UInt32.self) == 0xff12_3456)
        #expect(k.checkConservation() == nil)
        m.expectAllReturned()
    }
    @Test func devicesThatTalkNonsenseAreIgnored() {
        let m = FakeMachine(), out = Bytes()
        let bad = FakeVirtio(VirtioDeviceID.gpu) { c in c.reply([0xff, 0xff, 0xff]) }
        m.devices = [bad, console(out), FakeVirtio(VirtioDeviceID.entropy) { c in c.reply([1]) + 100_000 }, FakeVirtio(77) { _ in 0 }]
        m.boot { g, system in
            g.note("framebuffer", g.call(.deviceOpen, system, 1))
            g.note("unknown", g.call(.deviceOpen, system, 9))
        }
        #expect(m.notes == ["framebuffer=-5", "unknown=-6"])
        m.expectAllReturned()
    }
}
