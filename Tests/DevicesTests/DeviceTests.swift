@testable import Devices
import Foundation
import Machine
import XCTest

final class DeviceTests: XCTestCase {
    func testEntropyIsSeeded() throws {
        func draw(_ seed: UInt64) throws -> [UInt8] {
            let machine = try makeTestMachine()
            _ = try VirtIOTransport(machine: machine, device: EntropyDevice(seed: seed), slot: 1)
            let driver = Driver(machine, slot: 1)
            driver.start(queueCount: 1)
            return driver.transact(0, [], room: 37)
        }
        let a = try draw(1)
        XCTAssertEqual(a.count, 37)
        XCTAssertEqual(a, try draw(1))
        XCTAssertNotEqual(a, try draw(2))
    }

    private func header(_ type: UInt32, sector: UInt64) -> [UInt8] { little32(type, 0) + little64(sector) }

    private func checkDisk(_ storage: any BlockStorage) throws {
        let machine = try makeTestMachine()
        let device = BlockDevice(storage: storage)
        _ = try VirtIOTransport(machine: machine, device: device, slot: 2)
        let driver = Driver(machine, slot: 2)
        driver.start(queueCount: 1)
        XCTAssertEqual(driver.read(0x100), UInt32(storage.byteCount / 512))
        let page = (0..<65536).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        XCTAssertEqual(driver.transact(0, header(1, sector: 128) + page, room: 1), [0])
        let before = machine.now
        let got = driver.transact(0, header(0, sector: 128), room: 65537)
        XCTAssertEqual(Array(got.dropLast()), page)
        XCTAssertEqual(got.last, 0)
        XCTAssertGreaterThanOrEqual(machine.now.nanoseconds(since: before), BlockCost.nvme.read.nanoseconds(bytes: 65536) + 40_000)
        XCTAssertEqual(driver.transact(0, header(4, sector: 0), room: 1), [0])
        func status(_ request: [UInt8], _ room: Int) -> UInt8 {
            let (_, answer) = driver.queues[0].request(request, room: room)
            driver.notify(0)
            driver.settle()
            XCTAssertEqual(driver.queues[0].takeUsed().count, 1)
            return driver.queues[0].load(answer + UInt64(room - 1), 1)[0]
        }
        let last = UInt64(storage.byteCount / 512)
        XCTAssertEqual(status(header(0, sector: last), 513), 1)          // past the end
        XCTAssertEqual(status(header(0, sector: .max), 513), 1)
        XCTAssertEqual(status(header(0, sector: 0), 500), 1)             // not whole sectors
        XCTAssertEqual(driver.transact(0, header(77, sector: 0), room: 1), [2])
        XCTAssertEqual(driver.transact(0, [1, 2], room: 1), [])                              // too short to answer
        XCTAssertEqual(device.writtenByteCount, 65536)
        XCTAssertEqual(device.errorCount, 4)
    }

    func testDiskInMemory() throws { try checkDisk(MemoryStorage(byteCount: 1 << 20)) }

    func testNetworkLoopback() throws {
        let machine = try makeTestMachine()
        let device = NetDevice(backend: LoopbackBackend(delayNanoseconds: 50_000))
        _ = try VirtIOTransport(machine: machine, device: device, slot: 3)
        let driver = Driver(machine, slot: 3)
        driver.start(queueCount: 2)
        XCTAssertEqual((0..<6).map { driver.read8(0x100 + UInt64($0)) }, NetDevice.defaultMACAddress)
        let (_, buffer) = driver.queues[0].request([], room: 1526)
        driver.notify(0)
        let frame = (0..<100).map { UInt8($0) }
        driver.queues[1].request([UInt8](repeating: 0, count: 12) + frame, room: 0)
        driver.notify(1)
        driver.settle()
        XCTAssertEqual(driver.queues[0].takeUsed().map { $0.count }, [112])
        XCTAssertEqual(driver.queues[0].load(buffer + 12, 100), frame)
        XCTAssertEqual(driver.queues[0].load(buffer + 10, 2), [1, 0])
        XCTAssertGreaterThan(machine.now, Tick(nanoseconds: 50_000))
        driver.queues[1].request([UInt8](repeating: 0, count: 12) + frame, room: 0)          // no buffer: waits
        driver.queues[1].request([1, 2, 3], room: 0)                                          // runt: dropped
        driver.notify(1)
        driver.settle()
        XCTAssertEqual(device.receivedFrameCount, 1)
        XCTAssertEqual(device.transmittedFrameCount, 2)
        driver.queues[0].request([], room: 20)                                                // too small: frame lost
        driver.notify(0)
        driver.settle()
        XCTAssertEqual(device.droppedFrameCount, 1)
    }

    func testLinkModelIsSeededAndOrdered() {
        func run(_ model: LinkModel) -> [Tick?] {
            var link = LinkDirection(model: model, seed: 4, stream: "x")
            return (0..<200).map { link.arrival(byteCount: 1000, now: Tick(nanoseconds: UInt64($0) * 1000)) }
        }
        let clean = run(LinkModel(latencyNanoseconds: 5_000_000, bitsPerSecond: 100_000_000))
        XCTAssertEqual(clean[0], Tick(nanoseconds: 81_600 + 5_000_000))
        XCTAssertTrue(zip(clean, clean.dropFirst()).allSatisfy { $0! < $1! })
        let lossy = LinkModel(lossPerMillion: 100_000, reorderPerMillion: 100_000)
        XCTAssertEqual(run(lossy), run(lossy))
        XCTAssertTrue((5...40).contains(run(lossy).filter { $0 == nil }.count))
        let arrived = run(lossy).compactMap { $0 }
        XCTAssertFalse(zip(arrived, arrived.dropFirst()).allSatisfy { $0 < $1 })
    }

    func testKeyboardAndTablet() throws {
        let machine = try makeTestMachine()
        _ = try VirtIOTransport(machine: machine, device: InputDevice(.keyboard), slot: 5)
        _ = try VirtIOTransport(machine: machine, device: InputDevice(.tablet), slot: 6)
        let keyboard = Driver(machine, slot: 5)
        let tablet = Driver(machine, slot: 6)
        keyboard.start(queueCount: 1)
        tablet.start(queueCount: 1)
        tablet.queues[0] = tablet.queues[0]
        func name(_ driver: Driver) -> String {
            driver.write8(0x100, 1); driver.write8(0x101, 0)
            let count = Int(driver.read8(0x102))
            return String(decoding: (0..<count).map { driver.read8(0x108 + UInt64($0)) }, as: UTF8.self)
        }
        XCTAssertEqual(name(keyboard), "Terrarium keyboard")
        XCTAssertEqual(name(tablet), "Terrarium tablet")
        tablet.write8(0x100, 0x12); tablet.write8(0x101, 1)
        XCTAssertEqual(tablet.read8(0x102), 20)
        XCTAssertEqual(tablet.read(0x10c), 32767)
        keyboard.write8(0x100, 0x11); keyboard.write8(0x101, 1)
        XCTAssertEqual(keyboard.read8(0x102), 16)
        tablet.write8(0x100, 0x77)
        XCTAssertEqual(tablet.read8(0x102), 0)
    }

    func testInputEventsArriveAsReports() throws {
        let machine = try makeTestMachine()
        let device = InputDevice(.tablet)
        _ = try VirtIOTransport(machine: machine, device: device, slot: 6)
        let driver = Driver(machine, slot: 6)
        driver.start(queueCount: 1)
        var buffers: [UInt64] = []
        for _ in 0..<8 { buffers.append(driver.queues[0].request([], room: 8).answer) }
        driver.notify(0)
        machine.hostPort.post(.pointerMove(x: 100, y: 32767))
        machine.hostPort.post(.wheel(-2))
        machine.hostPort.post(.key(code: 30, down: true))   // not the tablet's
        driver.settle()
        XCTAssertEqual(driver.queues[0].takeUsed().count, 5)
        let got = buffers.prefix(5).map { driver.queues[0].load($0, 8) }
        XCTAssertEqual(got[0], [3, 0, 0, 0, 100, 0, 0, 0])
        XCTAssertEqual(got[1], [3, 0, 1, 0, 0xff, 0x7f, 0, 0])
        XCTAssertEqual(got[2], [0, 0, 0, 0, 0, 0, 0, 0])
        XCTAssertEqual(got[3], [2, 0, 8, 0, 0xfe, 0xff, 0xff, 0xff])
        XCTAssertEqual(machine.ignoredHostEventCount, 1)
        for _ in 0..<2000 { machine.hostPort.post(.pointerButton(code: 0x110, down: true)) }
        driver.settle()
        XCTAssertGreaterThan(device.droppedReportCount, 0)
    }
}

final class GPUTests: XCTestCase {
    private func gpuHeader(_ type: UInt32, fence: UInt64 = 0) -> [UInt8] { little32(type, fence == 0 ? 0 : 1) + little64(fence) + little32(0, 0) }

    private func make() throws -> (Machine, GPUDevice, Driver) {
        let machine = try makeTestMachine()
        let device = GPUDevice(width: 320, height: 200)
        _ = try VirtIOTransport(machine: machine, device: device, slot: 4)
        let driver = Driver(machine, slot: 4)
        driver.start(queueCount: 2)
        return (machine, device, driver)
    }

    private func code(_ answer: [UInt8]) -> UInt32 { FieldReader(bytes: answer).get32(0) }

    func testPixelsReachTheFrame() throws {
        let (machine, device, driver) = try make()
        let info = driver.transact(0, gpuHeader(0x100), room: 24 + 384)
        XCTAssertEqual(code(info), 0x1101)
        XCTAssertEqual(FieldReader(bytes: info).get32(32), 320)
        XCTAssertEqual(code(driver.transact(0, gpuHeader(0x101, fence: 9) + little32(1, 2, 320, 200), room: 24)), 0x1100)
        // Backing in two pieces, in the wrong order in memory.
        let second = Driver.physicalBase + 0x30_0000, first = Driver.physicalBase + 0x40_0000
        let bytes = 320 * 200 * 4, cut = 100_004
        for index in 0..<(320 * 200) {
            let offset = index * 4
            let address = offset < cut ? first + UInt64(offset) : second + UInt64(offset - cut)
            driver.queues[0].poke32(address, UInt32(index) | 0xff00_0000)
        }
        let attach = gpuHeader(0x106) + little32(1, 2) + little64(first) + little32(UInt32(cut), 0) + little64(second) + little32(UInt32(bytes - cut), 0)
        XCTAssertEqual(code(driver.transact(0, attach, room: 24)), 0x1100)
        XCTAssertEqual(code(driver.transact(0, gpuHeader(0x103) + little32(0, 0, 320, 200, 0, 1), room: 24)), 0x1100)
        XCTAssertEqual(code(driver.transact(0, gpuHeader(0x105) + little32(0, 0, 320, 200) + little64(0) + little32(1, 0), room: 24)), 0x1100)
        XCTAssertEqual(device.frame.pixels[5], 0)
        var flushed: [FrameRect] = []
        device.frame.onFlush = { flushed.append($0) }
        _ = device.frame.takeDamage()
        XCTAssertEqual(code(driver.transact(0, gpuHeader(0x104) + little32(10, 20, 30, 40, 1, 0), room: 24)), 0x1100)
        XCTAssertEqual(flushed, [FrameRect(x: 10, y: 20, width: 30, height: 40)])
        XCTAssertEqual(device.frame.takeDamage(), flushed[0])
        XCTAssertEqual(device.frame.pixels[20 * 320 + 10], 0xff00_0000 | UInt32(20 * 320 + 10))
        XCTAssertEqual(device.frame.pixels[59 * 320 + 39], 0xff00_0000 | UInt32(59 * 320 + 39))
        XCTAssertEqual(device.frame.pixels[59 * 320 + 40], 0)
        let hash = device.frame.stateHash()
        XCTAssertEqual(code(driver.transact(0, gpuHeader(0x104) + little32(0, 0, 320, 200, 1, 0), room: 24)), 0x1100)
        XCTAssertNotEqual(device.frame.stateHash(), hash)
        XCTAssertEqual(device.frame.pixels.last, 0xff00_0000 | UInt32(320 * 200 - 1))
        let png = try PNGWriter.encode(pixels: device.frame.composedPixels(), width: 320, height: 200)
        XCTAssertEqual(Array(png[0..<8]), [0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
        _ = machine
    }

    func testFencesAreEchoed() throws {
        let (_, _, driver) = try make()
        let answer = FieldReader(bytes: driver.transact(0, gpuHeader(0x101, fence: 0x1_0000_0009) + little32(1, 1, 8, 8), room: 24))
        XCTAssertEqual(answer.get32(4), 1)
        XCTAssertEqual(answer.get64(8), 0x1_0000_0009)
    }

    func testBadCommandsAreRefused() throws {
        let (_, device, driver) = try make()
        func send(_ bytes: [UInt8]) -> UInt32 { code(driver.transact(0, bytes, room: 24)) }
        XCTAssertEqual(send(gpuHeader(0x101) + little32(0, 2, 8, 8)), 0x1203)
        XCTAssertEqual(send(gpuHeader(0x101) + little32(1, 99, 8, 8)), 0x1205)
        XCTAssertEqual(send(gpuHeader(0x101) + little32(1, 2, 0xffff_ffff, 0xffff_ffff)), 0x1205)
        XCTAssertEqual(send(gpuHeader(0x101) + little32(1, 2, 64, 64)), 0x1100)
        XCTAssertEqual(send(gpuHeader(0x101) + little32(1, 2, 64, 64)), 0x1203)
        XCTAssertEqual(send(gpuHeader(0x105) + little32(0, 0, 64, 64) + little64(0) + little32(1, 0)), 0x1205)      // no backing
        XCTAssertEqual(send(gpuHeader(0x106) + little32(1, 1) + little64(0x10) + little32(64, 0)), 0x1205)          // outside RAM
        XCTAssertEqual(send(gpuHeader(0x106) + little32(1, 0xffff_ffff)), 0x1205)
        XCTAssertEqual(send(gpuHeader(0x106) + little32(1, 1) + little64(Driver.physicalBase) + little32(100, 0)), 0x1100)
        XCTAssertEqual(send(gpuHeader(0x105) + little32(0, 0, 64, 64) + little64(0) + little32(1, 0)), 0x1205)      // backing too small
        XCTAssertEqual(send(gpuHeader(0x105) + little32(0, 0, 1, 1) + little64(.max) + little32(1, 0)), 0x1205)
        XCTAssertEqual(send(gpuHeader(0x103) + little32(60, 0, 8, 8, 0, 1)), 0x1205)
        XCTAssertEqual(send(gpuHeader(0x103) + little32(0, 0, 8, 8, 3, 1)), 0x1202)
        XCTAssertEqual(send(gpuHeader(0x104) + little32(0xffff_fff0, 0, 0x20, 8, 1, 0)), 0x1205)
        XCTAssertEqual(send(gpuHeader(0x102) + little32(7, 0)), 0x1203)
        XCTAssertEqual(send(gpuHeader(0x999)), 0x1200)
        XCTAssertEqual(driver.transact(0, [1, 2, 3], room: 24), [])
        for id in 2..<12 as Range<UInt32> { _ = send(gpuHeader(0x101) + little32(id, 2, 4096, 4096)) }
        XCTAssertEqual(send(gpuHeader(0x101) + little32(50, 2, 4096, 4096)), 0x1201)
        XCTAssertGreaterThan(device.refusedCommandCount, 10)
    }

    func testCursorIsComposed() throws {
        let (_, device, driver) = try make()
        XCTAssertEqual(code(driver.transact(0, gpuHeader(0x101) + little32(3, 1, 64, 64), room: 24)), 0x1100)
        let pixels = Driver.physicalBase + 0x30_0000
        for index in 0..<4096 { driver.queues[0].poke32(pixels + UInt64(index * 4), 0xffff_0000) }
        _ = driver.transact(0, gpuHeader(0x106) + little32(3, 1) + little64(pixels) + little32(16384, 0), room: 24)
        _ = driver.transact(0, gpuHeader(0x105) + little32(0, 0, 64, 64) + little64(0) + little32(3, 0), room: 24)
        _ = driver.transact(1, gpuHeader(0x300) + little32(0, 100, 50, 0, 3, 1, 2, 0), room: 24)
        let composed = device.frame.composedPixels()
        XCTAssertEqual(composed[48 * 320 + 99], 0xffff_0000)
        XCTAssertEqual(composed[47 * 320 + 99], 0)
        _ = driver.transact(1, gpuHeader(0x301) + little32(0, 0, 0, 0, 3, 1, 2, 0), room: 24)
        XCTAssertEqual(device.frame.composedPixels()[0], 0xffff_0000)
    }
}
