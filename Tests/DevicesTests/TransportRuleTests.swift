// VirtIO 1.2 §2 and §4.2.2 point by point: what a driver may do, what a device must answer, what a broken driver meets.
@testable import Devices
import Machine
import XCTest

final class TransportRuleTests: XCTestCase {
    private func console() throws -> (Machine, VirtIOTransport, ConsoleDevice, Driver) {
        let machine = try makeTestMachine()
        let device = ConsoleDevice()
        let transport = try VirtIOTransport(machine: machine, device: device, slot: 0)
        return (machine, transport, device, Driver(machine, slot: 0))
    }
    private func raw(_ machine: Machine, _ offset: UInt64, _ count: Int) -> UInt32 { machine.bus.read(VirtIOTransport.base + offset, byteCount: count) }

    // MARK: Status (§2.1) and negotiation (§2.2)

    func testStatusBitsGoOnlyWithAReset() throws {
        let (_, _, _, driver) = try console()
        driver.write(0x070, 1)
        driver.write(0x070, 2)
        XCTAssertEqual(driver.read(0x070), 3)
        driver.write(0x070, 64)                              // NEEDS_RESET is the device's
        XCTAssertEqual(driver.read(0x070), 3)
        driver.write(0x070, 0)
        XCTAssertEqual(driver.read(0x070), 0)
    }

    func testNothingRunsWithoutNegotiation() throws {
        let (_, _, device, driver) = try console()
        driver.write(0x070, 1); driver.write(0x070, 3)
        driver.write(0x070, 7)                               // DRIVER_OK without FEATURES_OK
        XCTAssertEqual(driver.read(0x070), 3)
        driver.start(queueCount: 2)
        driver.write(0x070, 0x8f)                            // FAILED: the driver gives up
        driver.queues[1].request(Array("x".utf8), room: 0)
        driver.notify(1)
        driver.settle()
        XCTAssertEqual(device.capturedText, "")
    }

    func testVersionOneMustBeAccepted() throws {
        let (_, _, _, driver) = try console()
        driver.write(0x070, 3)
        driver.write(0x024, 0); driver.write(0x020, 1 << 28)
        driver.write(0x070, 11)
        XCTAssertEqual(driver.read(0x070) & 8, 0)
    }

    func testFeaturesAreFrozenAfterwards() throws {
        let (_, _, _, driver) = try console()
        driver.start(queueCount: 2)                          // without indirect descriptors
        driver.write(0x024, 0); driver.write(0x020, 1 << 28)
        driver.queues[1].writeDescriptor(0, driver.queues[1].allocate(16), 16, flags: 4)
        driver.queues[1].offer(0)
        driver.notify(1)
        XCTAssertEqual(driver.read(0x070) & 64, 64)
    }

    func testFeatureWordsPastTheSecondAreZero() throws {
        let (_, _, _, driver) = try console()
        for select in [2, 3, UInt32.max] {
            driver.write(0x014, select)
            XCTAssertEqual(driver.read(0x010), 0)
        }
    }

    // MARK: Registers (§4.2.2)

    func testControlRegistersTakeAlignedWordsOnly() throws {
        let (machine, transport, _, driver) = try console()
        for (offset, count) in [(0x000, 1), (0x000, 2), (0x002, 4), (0x001, 1), (0x070, 8)] as [(UInt64, Int)] { XCTAssertEqual(raw(machine, offset, count), 0) }
        machine.bus.write(VirtIOTransport.base + 0x070, 1, byteCount: 1)
        machine.bus.write(VirtIOTransport.base + 0x071, 1)
        XCTAssertEqual(driver.read(0x070), 0)
        XCTAssertEqual(transport.badAccessCount, 7)
        XCTAssertEqual(raw(machine, 0x100, 1), 80)           // the configuration space has bytes and halves
        XCTAssertEqual(raw(machine, 0x102, 2), 25)
        XCTAssertEqual(raw(machine, 0x100, 4), 25 << 16 | 80)
        XCTAssertEqual(raw(machine, 0x1ff, 4), 0)
    }

    func testReadOnlyAndWriteOnlyRegisters() throws {
        let (_, _, _, driver) = try console()
        driver.start(queueCount: 2)
        for offset in [0x000, 0x004, 0x008, 0x00c, 0x010, 0x034, 0x060, 0x0fc, 0x0b0] as [UInt64] {
            let before = driver.read(offset)
            driver.write(offset, 0x5a5a_5a5a)
            XCTAssertEqual(driver.read(offset), before, "\(offset)")
        }
        for offset in [0x014, 0x020, 0x024, 0x030, 0x038, 0x050, 0x064, 0x080, 0x0a4, 0x0ac] as [UInt64] { XCTAssertEqual(driver.read(offset), 0, "\(offset)") }
        driver.write(0x0ac, 0)
        XCTAssertEqual([0x0b0, 0x0b4, 0x0b8, 0x0bc].map { driver.read($0) }, [.max, .max, .max, .max])   // no shared memory
    }

    func testQueuesThatAreNotThere() throws {
        let (_, _, _, driver) = try console()
        driver.start(queueCount: 2)
        driver.write(0x030, 2)
        XCTAssertEqual(driver.read(0x034), 0)
        driver.write(0x044, 1)
        XCTAssertEqual(driver.read(0x044), 0)
        driver.notify(2); driver.notify(0xffff)
        XCTAssertEqual(driver.read(0x070), 15)
    }

    func testQueueSizeIsAPowerOfTwoWithinTheMaximum() throws {
        let (_, transport, _, driver) = try console()
        driver.write(0x030, 1)
        for size in [0, 3, 65, 128, .max] as [UInt32] { driver.write(0x038, size) }
        XCTAssertEqual(transport.queues[1].size, 64)
        driver.write(0x038, 8)
        XCTAssertEqual(transport.queues[1].size, 8)
    }

    // MARK: Queue set-up and withdrawal

    func testAReadyQueueCannotBeMoved() throws {
        let (_, transport, device, driver) = try console()
        driver.start(queueCount: 2)
        driver.write(0x030, 1)
        driver.write(0x038, 4); driver.write(0x080, 0x10); driver.write(0x0a4, 9)
        _ = driver.transact(1, Array("same".utf8), room: 0)
        XCTAssertEqual(device.capturedText, "same")
        XCTAssertEqual(transport.queues[1].size, 16)
    }

    func testAWithdrawnQueueVoidsItsRequestsAndStartsAtZeroAgain() throws {
        let (_, _, device, driver) = try console()
        driver.start(queueCount: 2)
        _ = driver.transact(1, Array("one ".utf8), room: 0)
        driver.queues[1].request(Array("lost".utf8), room: 0)
        driver.notify(1)
        driver.write(0x030, 1)
        driver.write(0x044, 0)
        XCTAssertEqual(driver.read(0x044), 0)
        let fresh = DriverQueue(driver.machine, base: Driver.physicalBase + 0x30_0000, size: 16)
        for (offset, address) in [(0x080, fresh.descriptors), (0x090, fresh.available), (0x0a0, fresh.used)] as [(UInt64, UInt64)] { driver.write(offset, UInt32(address)) }
        driver.write(0x044, 1)
        driver.queues[1] = fresh
        driver.settle()
        XCTAssertEqual(fresh.takeUsed().count, 0)
        _ = driver.transact(1, Array("two".utf8), room: 0)
        XCTAssertEqual(device.capturedText, "one two")
    }

    func testRingsThatCannotBe() throws {
        let d = Driver.physicalBase + 0x10_0000
        let cases: [(QueueFault, UInt64, UInt64, UInt64)] = [
            (.ringMisaligned, d + 8, d + 0x1000, d + 0x2000), (.ringMisaligned, d, d + 0x1001, d + 0x2000), (.ringMisaligned, d, d + 0x1000, d + 0x2002),
            (.ringsOverlap, d, d + 0x80, d + 0x2000), (.ringsOverlap, d, d + 0x1000, d + 0x1010), (.ringsOverlap, d, d + 0x1000, d + 0xf0),
            (.ringsOverlap, d, d + 0x1000, Driver.physicalBase + 0x2000),                       // queue 0's available ring
            (.ringOutsideRAM, 0, d, d + 0x1000), (.ringOutsideRAM, .max - 255, d, d + 0x1000), (.ringOutsideRAM, d, d + 0x1000, Driver.physicalBase + 8 << 20 - 8),
        ]
        for (fault, descriptors, available, used) in cases {
            let (_, transport, device, driver) = try console()
            driver.start(queueCount: 1)
            driver.write(0x030, 1)
            driver.write(0x038, 16)
            for (offset, address) in [(0x080, descriptors), (0x090, available), (0x0a0, used)] as [(UInt64, UInt64)] {
                driver.write(offset, UInt32(truncatingIfNeeded: address)); driver.write(offset + 4, UInt32(address >> 32))
            }
            driver.write(0x044, 1)
            XCTAssertEqual(driver.read(0x044), 0)
            XCTAssertEqual(transport.faultCounts[fault.rawValue], 1, "\(fault.name) \(used)")
            XCTAssertTrue(transport.needsReset)
            XCTAssertEqual(driver.read(0x060) & 2, 2)        // told by a configuration interrupt
            XCTAssertEqual(device.capturedText, "")
        }
    }

    func testBuffersOverTheRingsAndRequestsWithoutEnd() throws {
        for (fault, attack) in [
            (.bufferOverRing, { $0.writeDescriptor(0, $0.used, 8, flags: 2); $0.offer(0) }),
            (.bufferOverRing, { $0.writeDescriptor(0, $0.descriptors - 1, 2, flags: 2); $0.offer(0) }),
            (.nextAfterIndirect, { $0.writeDescriptor(0, $0.allocate(16), 16, flags: 5, next: 1); $0.offer(0) }),
        ] as [(QueueFault, (DriverQueue) -> Void)] {
            let (_, transport, _, driver) = try console()
            driver.start(queueCount: 2, features: 1 << 28)
            attack(driver.queues[1])
            driver.notify(1)
            XCTAssertEqual(transport.faultCounts[fault.rawValue], 1, fault.name)
        }
        let (_, transport, _, driver) = try console()         // the same descriptor again and again, never given back
        driver.start(queueCount: 2)
        driver.queues[1].writeDescriptor(0, driver.queues[1].store([65]), 1, flags: 0)
        for _ in 0..<20 { driver.queues[1].offer(0); driver.notify(1) }
        XCTAssertEqual(transport.faultCounts[QueueFault.tooManyInFlight.rawValue], 1)
    }

    /// §2.7.4: no chain is longer than 4 GiB, or the length in the used ring would wrap. The same 64 MiB, 70 times.
    func testAChainOfMoreThanFourGiBIsRefused() throws {
        for (count, isRefused) in [(63, false), (70, true)] {
            let machine = try makeTestMachine(ramByteCount: 80 << 20)
            let transport = try VirtIOTransport(machine: machine, device: NetDevice(backend: LoopbackBackend()), slot: 3)
            let driver = Driver(machine, slot: 3)
            driver.start(queueCount: 2, size: 128)
            let q = driver.queues[1]
            for index in 0..<count { q.writeDescriptor(index, Driver.physicalBase + 8 << 20, 64 << 20, flags: index + 1 < count ? 1 : 0, next: index + 1) }
            q.offer(0)
            driver.notify(1)
            driver.settle()
            XCTAssertEqual(transport.faultCounts[QueueFault.chainTooLarge.rawValue], isRefused ? 1 : 0)
            XCTAssertEqual(transport.dropCounts[RequestDrop.frameLength.rawValue], isRefused ? 0 : 1)   // and no frame of that length is sent
        }
    }

    /// A request in a sound ring that the device has no use for is given back, counted by reason, and the device goes on.
    func testRequestsWithoutUseAreDroppedByReason() throws {
        let cases: [(RequestDrop, () throws -> any VirtIODevice, Int, [UInt8], Int)] = [
            (.headerMissing, { BlockDevice(storage: try MemoryStorage(byteCount: 4096)) }, 0, [UInt8](repeating: 0, count: 8), 1),
            (.answerRoom, { BlockDevice(storage: try MemoryStorage(byteCount: 4096)) }, 0, [UInt8](repeating: 0, count: 16), 0),
            (.headerMissing, { GPUDevice(width: 64, height: 64) }, 0, little32(0x100), 24),
            (.answerRoom, { GPUDevice(width: 64, height: 64) }, 0, little32(0x100, 0, 0, 0, 0, 0), 24),
            (.answerRoom, { RTCDevice() }, 0, little32(1, 0, 0, 0), 0),
            (.headerMissing, { NetDevice(backend: LoopbackBackend()) }, 1, [UInt8](repeating: 0, count: 20), 0),
            (.frameLength, { NetDevice(backend: LoopbackBackend()) }, 1, [UInt8](repeating: 0, count: 1600), 0),
            (.receiveRoom, { NetDevice(backend: LoopbackBackend()) }, 0, [], 20),
            (.receiveRoom, { EntropyDevice(seed: 1) }, 0, [1], 0),
            (.receiveRoom, { InputDevice(.tablet) }, 0, [], 4),
            (.tooLong, { ConsoleDevice() }, 1, [UInt8](repeating: 65, count: 70_000), 0),
        ]
        for (reason, make, queue, readable, room) in cases {
            let machine = try makeTestMachine()
            let device = try make()
            let transport = try VirtIOTransport(machine: machine, device: device, slot: 1)
            let driver = Driver(machine, slot: 1)
            driver.start(queueCount: device.queueSizes.count)
            driver.queues[queue].request(readable, room: room)
            driver.notify(queue)
            machine.hostPort.post(device.deviceID == 1 ? .packet([UInt8](repeating: 7, count: 60)) : .wheel(1))
            driver.settle()
            XCTAssertEqual(transport.dropCounts[reason.rawValue], 1, "\(device.name): \(reason.name)")
            XCTAssertEqual(transport.droppedRequestCount, 1)
            XCTAssertEqual(transport.inspect().drops.map { $0.name }, [reason.name])
            XCTAssertEqual(driver.queues[queue].takeUsed().count, 1, device.name)
            XCTAssertFalse(transport.needsReset)
        }
    }

    func testOtherDevicesGoOn() throws {
        let machine = try makeTestMachine()
        let device = ConsoleDevice()
        let broken = try VirtIOTransport(machine: machine, device: EntropyDevice(seed: 1), slot: 1)
        _ = try VirtIOTransport(machine: machine, device: device, slot: 0)
        machine.bus.write(VirtIOTransport.base + 0x200 + 0x070, 11)
        machine.bus.write(VirtIOTransport.base + 0x200 + 0x044, 1)
        XCTAssertTrue(broken.needsReset)
        let driver = Driver(machine, slot: 0)
        driver.start(queueCount: 2)
        _ = driver.transact(1, Array("still here".utf8), room: 0)
        XCTAssertEqual(device.capturedText, "still here")
    }

    // MARK: Indirect descriptors (§2.7.5.3)

    func testDirectDescriptorsMayPrecedeATableAndItsWriteFlagIsIgnored() throws {
        let (_, transport, device, driver) = try console()
        driver.start(queueCount: 2, features: 1 << 28)
        let q = driver.queues[1], table = q.allocate(32)
        q.writeDescriptor(0, q.store(Array("ab".utf8)), 2, flags: 1, next: 5)
        q.writeDescriptor(5, table, 32, flags: 4 | 2)
        q.writeDescriptor(0, q.store(Array("cd".utf8)), 2, flags: 1, next: 1, table: table)
        q.writeDescriptor(1, q.store(Array("ef".utf8)), 2, flags: 0, table: table)
        q.offer(0)
        driver.notify(1)
        driver.settle()
        XCTAssertEqual(device.capturedText, "abcdef")
        XCTAssertFalse(transport.needsReset)
    }

    // MARK: Event index (§2.7.7, §2.7.10), both ways and past the wrap of 16 bits

    func testEventIndexOverTheWrap() throws {
        let (_, transport, device, driver) = try console()
        driver.start(queueCount: 2, features: 1 << 29)
        let q = driver.queues[1]
        q.writeDescriptor(0, q.store([65]), 1, flags: 0)
        var notifications = 0
        for round in 0..<4200 {                              // 16 requests each: past 65,536
            let before = q.availableIndex
            for _ in 0..<16 { q.offer(0) }
            q.poke16(q.available + 4 + 2 * 16, q.seenUsed &+ 15)    // interrupt for the last one of these
            let event = q.peek16(q.used + 4 + 8 * 16)
            if q.availableIndex &- event &- 1 < q.availableIndex &- before { notifications += 1; driver.notify(1) }
            driver.settle()
            if q.takeUsed().count != 16 { return XCTFail("round \(round)") }
        }
        XCTAssertEqual(notifications, 4200)
        XCTAssertEqual(driver.guest.lines.count, 4200)
        XCTAssertEqual(device.capturedText.utf8.count, 67_200)
        XCTAssertFalse(transport.needsReset)
    }

    // MARK: Used ring, interrupts, configuration changes

    func testUsedEntriesComeInOrderWithTheirLengths() throws {
        let machine = try makeTestMachine()
        _ = try VirtIOTransport(machine: machine, device: EntropyDevice(seed: 3), slot: 1)
        let driver = Driver(machine, slot: 1)
        driver.start(queueCount: 1)
        for count in [5, 300, 1, 64] { driver.queues[0].request([], room: count) }
        driver.notify(0)
        driver.settle()
        let used = driver.queues[0].takeUsed()
        XCTAssertEqual(used.map { $0.head }, [0, 1, 2, 3])
        XCTAssertEqual(used.map { $0.count }, [5, 300, 1, 64])
    }

    func testACauseThatIsNotAcknowledgedKeepsTheLineUp() throws {
        let (machine, _, device, driver) = try console()
        driver.start(queueCount: 2)
        driver.guest.onInterrupt = nil
        driver.queues[1].request([65], room: 0)
        driver.notify(1)
        device.resize(columns: 100, rows: 30)
        driver.settle()
        XCTAssertEqual(driver.read(0x060), 3)
        driver.guest.lines = []
        driver.write(0x064, 1)
        driver.settle()
        XCTAssertEqual(driver.read(0x060), 2)
        XCTAssertEqual(driver.guest.lines, [0])
        driver.write(0x064, 2)
        driver.settle()
        XCTAssertEqual(driver.guest.lines, [0])
        XCTAssertEqual(driver.read(0x060), 0)
        _ = machine
    }

    func testAConfigurationChangeIsSeenByItsGeneration() throws {
        let (_, _, device, driver) = try console()
        driver.start(queueCount: 2)
        let before = driver.read(0x0fc)
        XCTAssertEqual(driver.read(0x100), 25 << 16 | 80)
        XCTAssertEqual(driver.read(0x0fc), before)
        device.resize(columns: 132, rows: 50)
        XCTAssertNotEqual(driver.read(0x0fc), before)
        XCTAssertEqual(driver.read(0x100), 50 << 16 | 132)
        driver.settle()
        XCTAssertEqual(driver.guest.lines, [0])
        driver.write(0x070, 0)
        let reset = driver.read(0x0fc)
        device.resize(columns: 80, rows: 25)                 // no driver: no interrupt, still another generation
        driver.settle()
        XCTAssertEqual(driver.guest.lines, [0])
        XCTAssertNotEqual(driver.read(0x0fc), reset)
    }

    func testTheDisplayChangesUnderTheDriver() throws {
        let machine = try makeTestMachine()
        let gpu = GPUDevice(width: 320, height: 200)
        _ = try VirtIOTransport(machine: machine, device: gpu, slot: 4)
        let driver = Driver(machine, slot: 4)
        driver.start(queueCount: 2)
        let before = driver.read(0x0fc)
        gpu.setResolution(width: 640, height: 480)
        XCTAssertNotEqual(driver.read(0x0fc), before)
        XCTAssertEqual(driver.read(0x100), 1)                // events_read: DISPLAY
        driver.write(0x104, 1)                               // events_clear
        XCTAssertEqual(driver.read(0x100), 0)
    }
}
