// The data disk: whole sectors in and out, errors of the device, callers that wait for each other, callers that are
// killed while the device works for them.

import ABI
import Drivers
import Testing
@testable import Kernel

@Suite struct DataDiskTests {
    /// A disk whose contents a test sees; sectors in `bad` fail; a flush is noted.
    final class Disk {
        var bytes: [UInt8]
        var bad: Set<Int> = []
        var log: [String] = []
        init(_ sectors: Int) { bytes = [UInt8](repeating: 0, count: sectors * 512) }
        func device(latency: UInt64, features: UInt64 = 1 << 9) -> FakeVirtio {
            let config = (0..<8).map { UInt8(truncatingIfNeeded: (bytes.count / 512) >> ($0 * 8)) }
            return FakeVirtio(VirtioDeviceID.block, features: features, config: config, latency: latency) { [self] c in serve(c) }
        }
        private func serve(_ c: FakeVirtio.Chain) -> UInt32 {
            let header = c.readable[0].0
            let kind = header.load(as: UInt32.self), sector = Int(header.load(fromByteOffset: 8, as: UInt64.self))
            let status = c.writable[c.writable.count - 1].0
            status.storeBytes(of: bad.contains(sector) && kind < 2 ? 1 : 0, as: UInt8.self)
            switch kind {
            case 0:
                let (p, n) = c.writable[0]
                bytes[(sector * 512)..<(sector * 512 + n)].withUnsafeBytes { p.copyMemory(from: $0.baseAddress!, byteCount: n) }
            case 1:
                let (p, n) = c.readable[1]
                bytes.replaceSubrange((sector * 512)..<(sector * 512 + n), with: UnsafeRawBufferPointer(start: p, count: n))
            default: break
            }
            log.append(["read", "write", "", "", "flush"][Int(kind)] + (kind < 2 ? " \(sector)" : ""))
            return 1
        }
    }
    func settings(swap: Bool = false) -> KernelConfiguration {
        var c = KernelConfiguration()
        c.isSwapEnabled = swap
        return c
    }
    static let buffer = Int64(20 << 16)

    @Test(arguments: [false, true]) func sectorsGoInAndOut(swap: Bool) {
        let m = FakeMachine(), disk = Disk(1000), swapDisk = Disk(2560)
        m.devices = swap ? [swapDisk.device(latency: 10), disk.device(latency: 300_000)] : [disk.device(latency: 300_000)]
        let k = m.boot(settings(swap: swap)) { g, system in
            let d = g.call(.deviceOpen, system, 5), at = DataDiskTests.buffer
            g.note("info", g.call(.blockInfo, d, at))
            g.note("\(g.load32(Int(at))) \(g.load32(Int(at) + 4)) \(g.load32(Int(at) + 8))")
            g.store(Int(at), (0..<1024).map { UInt8($0 & 0xff) })
            g.note("write", g.call(.blockWrite, d, 7, at, 1024))
            g.note("flush", g.call(.blockFlush, d))
            g.note("read", g.call(.blockRead, d, 8, at + 4096, 512))
            g.note("\(g.load(Int(at) + 4096, 3))")
            // A read across a page boundary into fresh memory; the last sectors; a whole 64 KiB.
            g.note("across", g.call(.blockRead, d, 7, at + 65536 - 512, 1024))
            g.note("\(g.load(Int(at) + 65536, 2))")
            g.note("last", g.call(.blockRead, d, 999, at, 512))
            g.note("most", g.call(.blockRead, d, 0, at, 65536))
            for (sector, count) in [(999, 1024), (1000, 512), (-1, 512), (Int64.max, 512), (0, 0), (0, 100), (0, 65536 + 512), (0, -512)] as [(Int64, Int64)] {
                g.note("refused", g.call(.blockRead, d, sector, at, count))
            }
            g.note("pointer", g.call(.blockWrite, d, 0, 0x3000_0000, 512))
        }
        #expect(m.notes.filter { $0 != "refused=-6" } == ["info=0", "1000 0 512", "write=1024", "flush=0", "read=512", "[0, 1, 2]", "across=1024", "[0, 1]", "last=512", "most=65536", "pointer=-8"])
        #expect(m.notes.filter { $0 == "refused=-6" }.count == 8)
        #expect(disk.log == ["write 7", "flush", "read 8", "read 7", "read 999", "read 0"] && swapDisk.log.isEmpty)
        #expect(Array(disk.bytes[3584..<3588]) == [0, 1, 2, 3] && k.checkConservation() == nil)
        m.expectAllReturned()
    }
    @Test func errorsOfTheDeviceReachTheCaller() {
        let m = FakeMachine(), disk = Disk(64)
        disk.bad = [3]
        m.devices = [disk.device(latency: 1000, features: 0)]
        let k = m.boot(settings()) { g, system in
            let d = g.call(.deviceOpen, system, 5), at = DataDiskTests.buffer
            g.note("read", g.call(.blockRead, d, 3, at, 512))
            g.note("write", g.call(.blockWrite, d, 3, at, 512))
            g.note("next", g.call(.blockRead, d, 4, at, 512))
            g.note("flush", g.call(.blockFlush, d))       // not offered by the device: nothing to do
            let readOnly = g.call(.handleDuplicate, d, Int64(Rights.read.rawValue))
            g.note("rights", g.call(.blockWrite, readOnly, 4, at, 512))
        }
        #expect(m.notes == ["read=-16", "write=-16", "next=512", "flush=0", "rights=-2"])
        #expect(k.counters.diskErrors == 2 && disk.log.last == "read 4")
        #expect(k.devices.disk!.transfers.allSatisfy { $0.state == .free } && k.checkConservation() == nil)
        m.expectAllReturned()
    }
    /// More callers than transfers: each gets its own sectors, everybody finishes.
    @Test func manyCallersAtOnceGetTheirOwnData() {
        let m = FakeMachine(), disk = Disk(256)
        for s in 0..<256 { for i in 0..<512 { disk.bytes[s * 512 + i] = UInt8(s) } }
        m.devices = [disk.device(latency: 700_000)]
        m.add("reader", FakeProgram(start: { g, d in
            let pid = g.call(.getPID)
            for i in 0..<5 {
                let sector = pid * 10 + Int64(i)
                _ = g.call(.blockRead, d, sector, DataDiskTests.buffer, 512)
                if g.load(Int(DataDiskTests.buffer) + 511, 1) != [UInt8(sector)] { g.note("wrong sector") }
                g.store(Int(DataDiskTests.buffer), [UInt8](repeating: UInt8(100 + pid), count: 512))
                if g.call(.blockWrite, d, 150 + sector, DataDiskTests.buffer, 512) != 512 { g.note("write failed") }
            }
            g.note("done")
        }))
        let k = m.boot(settings()) { g, system in
            let d = g.call(.deviceOpen, system, 5)
            for _ in 0..<7 { _ = g.spawn(system, "reader", g.call(.handleDuplicate, d, Int64(Rights.all.rawValue))) }
        }
        #expect(m.notes == [String](repeating: "done", count: 7))
        for pid in 2...8 { for i in 0..<5 { #expect(disk.bytes[(150 + pid * 10 + i) * 512 + 9] == UInt8(100 + pid)) } }
        #expect(k.devices.disk!.waiting.isEmpty && k.checkConservation() == nil)
        m.expectAllReturned()
    }
    /// The device finishes a read for a process that is gone: nobody's memory changes, and the transfer is free again.
    @Test func aKilledCallersTransferTouchesNobody() {
        let m = FakeMachine(frames: 128), disk = Disk(256)
        for i in disk.bytes.indices { disk.bytes[i] = 0xee }
        m.devices = [disk.device(latency: 2_000_000)]
        m.add("victim", FakeProgram(start: { g, d in
            g.store(Int(DataDiskTests.buffer), [1])
            _ = g.call(.blockRead, d, 0, DataDiskTests.buffer, 65536)
            g.note("returned")
        }))
        m.add("heir", FakeProgram(start: { g, _ in
            // Takes all the frames the victim had, long before the device is done.
            for page in 2..<20 { g.fillPage(page) { _ in 0 } }
            _ = g.waitMany([], g.call(.clock) + 10_000_000)
            for page in 2..<20 where g.hashPage(page) != g.hashPage(2) { g.note("page \(page) changed") }
            g.note("unharmed")
        }))
        let k = m.boot(settings()) { g, system in
            let d = g.call(.deviceOpen, system, 5)
            for _ in 0..<6 {
                let p = g.spawn(system, "victim", g.call(.handleDuplicate, d, Int64(Rights.all.rawValue)))
                _ = g.waitMany([], g.call(.clock) + 200_000)
                _ = g.call(.kill, p)
                _ = g.call(.handleClose, p)
            }
            _ = g.spawn(system, "heir")
            g.note("next", g.call(.blockRead, d, 5, DataDiskTests.buffer, 512))
        }
        #expect(Set(m.notes) == ["next=512", "unharmed"])
        #expect(k.devices.disk!.transfers.allSatisfy { $0.state == .free } && k.checkConservation() == nil)
        #expect(k.objectCount == 4)                     // init, system, the disk, the heir that init still holds
        m.expectAllReturned()
    }
    /// With swap wanted, a lone disk is swap; its contents are never handed out as data.
    @Test func theSwapDiskIsNotTheDataDisk() {
        let m = FakeMachine()
        m.devices = [Disk(2560).device(latency: 10)]
        m.boot(settings(swap: true)) { g, system in g.note("open", g.call(.deviceOpen, system, 5)) }
        #expect(m.notes == ["open=-5"])
        m.expectAllReturned()
    }
}
