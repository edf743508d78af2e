// Programs that outlive their machine: saved page by page while they sleep, restored from bytes that need not be trusted.

import ABI
import Testing
@testable import Kernel
import Policies

private final class Image {
    var header: [UInt8] = []
    var pages: [(number: UInt32, bytes: [UInt8])] = []
}

@Suite struct ProcessImageTests {
    static let buffer = 100 << 16
    static let hibernated = Int64(LifecycleState.hibernated.rawValue)

    /// As `MemoryTests.tab`; restored, it answers with its hash, and with what its old handle is worth.
    static func tab(pages: Int) -> FakeProgram {
        var program = MemoryTests.tab(pages: pages)
        program.cloned = { g, b in
            g.note("old handle", g.call(.handleClose, g.globals["b"]!))
            g.globals["b"] = b
            _ = g.call(.subscribe, b, 1, Int64(Signals.readable.rawValue))
            g.send(b, MemoryTests.sum(g, pages))
        }
        return program
    }
    private func save(_ g: Guest, _ p: Int64, _ image: Image) {
        func get(_ page: Int64) -> [UInt8] {
            while true {
                let n = g.call(.processSave, p, page, Int64(ProcessImageTests.buffer), 1 << 20)
                if n >= 0 { return g.load(ProcessImageTests.buffer, Int(n)) }
                guard g.error(n) == .wouldBlock else { g.note("save", n); return [] }
                _ = g.waitMany([], g.call(.clock) + 1_000_000)
            }
        }
        image.header = get(-1)
        image.pages = (ProcessImageHeader.parse(image.header)?.pages ?? []).map { ($0, get(Int64($0))) }
    }
    private func restore(_ g: Guest, _ source: Int64, _ image: Image) -> (process: Int64, channel: Int64) {
        let (x, y) = g.channel()
        g.store(ProcessImageTests.buffer, image.header)
        let p = g.call(.processRestore, source, y, Int64(ProcessImageTests.buffer), Int64(image.header.count))
        if p < 0 { return (p, x) }
        for (number, bytes) in image.pages {
            g.store(ProcessImageTests.buffer, bytes)
            let r = g.call(.processLoadPage, p, Int64(number), Int64(ProcessImageTests.buffer), Int64(bytes.count))
            if r != 0 { g.note("load \(number)", r) }
        }
        return (p, x)
    }
    private func machine(swap: Bool = true) -> FakeMachine {
        let m = FakeMachine()
        if swap { m.devices.append(fakeDisk(byteCount: 64 * 65536, latency: 100_000)) }
        m.add("tab", ProcessImageTests.tab(pages: 16))
        m.add("other", ProcessImageTests.tab(pages: 4))
        return m
    }
    private func configuration() -> KernelConfiguration {
        var c = KernelConfiguration()
        c.policy = NonePolicy()
        c.isSwapEnabled = true
        return c
    }
    private func sleepingTab(_ g: Guest, _ system: Int64) -> (process: Int64, hash: String) {
        let (p, _, hash) = MemoryTests.open(g, system, 1)
        MemoryTests.hidden(g, p)
        _ = g.call(.tabUpdate, p, ProcessImageTests.hibernated, 0)
        _ = g.waitMany([], g.call(.clock) + 100_000_000)
        return (p, hash)
    }

    /// MEM-005, MEM-006: saved on one machine, woken on another one, with the same bytes; filled, compressed, resident and
    /// swapped pages alike. Handle numbers of the first life mean nothing in the second.
    @Test(arguments: [false, true]) func aTabMovesToAnotherMachine(swap: Bool) {
        let image = Image()
        let first = machine(swap: swap)
        let k = first.boot(configuration()) { g, system in
            let (p, hash) = sleepingTab(g, system)
            save(g, p, image)
            g.note(hash)
            MemoryTests.active(g, p)                         // the original is none the worse
            _ = g.waitMany([], g.call(.clock) + 10_000_000)
        }
        let kinds = Set(image.pages.compactMap { $0.bytes.first })
        #expect(kinds == [0, 1, 2], "words, raw and packed pages")
        #expect(k.memoryCounters.swapIns == (swap ? 4 : 0))
        first.expectAllReturned()
        let second = machine(swap: swap)
        let k2 = second.boot(configuration()) { g, system in
            let (source, _, _) = MemoryTests.open(g, system, 1)
            let (p, x) = restore(g, source, image)
            _ = g.call(.tabRegister, p, 2)
            _ = g.waitMany([], g.call(.clock) + 10_000_000)
            g.note("sleeps", g.receive(x).result)
            MemoryTests.active(g, p)
            _ = g.waitMany([(x, .readable), (p, .terminated)])
            g.note(g.receive(x).text)
            g.note(MemoryTests.ask(g, x))
            g.note("too late", g.call(.processLoadPage, p, 200, Int64(ProcessImageTests.buffer), 5))
        }
        let hash = first.notes[0]
        #expect(second.notes == ["sleeps=-3", "old handle=-1", hash, hash, "too late=-11"], "\(second.notes)")
        #expect(k2.checkConservation() == nil)
        second.expectAllReturned()
    }

    @Test func onlyWhatSleepsIsSavedAndOnlyItsProgramTakesIt() {
        let m = machine(), image = Image()
        m.boot(configuration()) { g, system in
            let (awake, _, _) = MemoryTests.open(g, system, 3)
            g.note("awake", g.call(.processSave, awake, -1, Int64(ProcessImageTests.buffer), 1 << 20))
            let (p, _) = sleepingTab(g, system)
            g.note("small", g.call(.processSave, p, -1, Int64(ProcessImageTests.buffer), 8))
            g.note("page", g.call(.processSave, p, 65536, Int64(ProcessImageTests.buffer), 1 << 20))
            g.note("zero page", g.call(.processSave, p, 250, Int64(ProcessImageTests.buffer), 1 << 20))
            save(g, p, image)
            let (other, _, _) = MemoryTests.open(g, system, 4, "other")
            g.note("other program", restore(g, other, image).process)
            g.note("not restoring", g.call(.processLoadPage, p, 250, Int64(ProcessImageTests.buffer), 5))
            // Killed before it ever ran: everything goes back.
            let (q, _) = restore(g, awake, image)
            g.note("kill", g.call(.kill, q))
        }
        #expect(m.notes == ["awake=-11", "small=-9", "page=-6", "zero page=0", "other program=-13", "not restoring=-11", "kill=0"], "\(m.notes)")
        m.expectAllReturned()
    }

    /// Broken images are refused or give a tab with nonsense in it; the kernel stands and loses nothing.
    @Test func brokenImagesAreRefused() {
        let m = machine(), image = Image()
        var random = SystemNoise(seed: 99), accepted = 0, refused = 0
        m.boot(configuration()) { g, system in
            let (p, _) = sleepingTab(g, system)
            save(g, p, image)
            let (source, _, _) = MemoryTests.open(g, system, 5)
            for _ in 0..<60 {
                let broken = Image()
                broken.header = image.header
                broken.pages = Array(image.pages.prefix(6))
                if random.next() % 2 == 0 { broken.header[Int(random.next() % UInt64(broken.header.count))] ^= UInt8(1 + random.next() % 255) }
                if random.next() % 4 == 0 { broken.header.removeLast(Int(random.next() % 9)) }
                for i in broken.pages.indices where random.next() % 2 == 0 {
                    var bytes = broken.pages[i].bytes
                    if random.next() % 3 == 0 { bytes.removeLast(Int(random.next() % UInt64(bytes.count))) }
                    if !bytes.isEmpty { bytes[Int(random.next() % UInt64(min(40, bytes.count)))] ^= UInt8(1 + random.next() % 255) }
                    broken.pages[i].bytes = bytes
                }
                let (x, y) = g.channel()
                g.store(ProcessImageTests.buffer, broken.header)
                let q = g.call(.processRestore, source, y, Int64(ProcessImageTests.buffer), Int64(broken.header.count))
                if q < 0 { refused += 1; _ = g.call(.handleClose, x); _ = g.call(.handleClose, y); continue }
                accepted += 1
                for (number, bytes) in broken.pages {
                    g.store(ProcessImageTests.buffer, bytes)
                    _ = g.call(.processLoadPage, q, Int64(number), Int64(ProcessImageTests.buffer), Int64(bytes.count))
                }
                _ = g.call(.kill, q)
                _ = g.call(.handleClose, q)
                _ = g.call(.handleClose, x)
            }
        }
        #expect(accepted > 5 && refused > 5, "\(accepted) \(refused)")
        m.expectAllReturned()
    }
}

/// SplitMix64.
private struct SystemNoise {
    var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
