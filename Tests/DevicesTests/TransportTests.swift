@testable import Devices
import Machine
import XCTest

final class TransportTests: XCTestCase {
    private func console() throws -> (Machine, VirtIOTransport, ConsoleDevice, Driver) {
        let machine = try makeTestMachine()
        let device = ConsoleDevice()
        let transport = try VirtIOTransport(machine: machine, device: device, slot: 0)
        return (machine, transport, device, Driver(machine, slot: 0))
    }

    func testConsolePrintsAndReads() throws {
        let (machine, _, device, driver) = try console()
        driver.start(queueCount: 2)
        _ = driver.transact(1, Array("hello ".utf8), room: 0)
        _ = driver.transact(1, Array("world\n".utf8), room: 0)
        XCTAssertEqual(device.capturedText, "hello world\n")
        XCTAssertGreaterThan(machine.now.nanoseconds, 4000)
        let (_, buffer) = driver.queues[0].request([], room: 64)
        driver.notify(0)
        machine.hostPort.post(.consoleInput(Array("ls\n".utf8)))
        driver.settle()
        let used = driver.queues[0].takeUsed()
        XCTAssertEqual(used.map { $0.count }, [3])
        XCTAssertEqual(driver.queues[0].load(buffer, 3), Array("ls\n".utf8))
    }

    func testFeaturesOutsideTheOfferAreRefused() throws {
        let (_, _, _, driver) = try console()
        driver.write(0x070, 3)
        driver.write(0x024, 1); driver.write(0x020, 1)      // VERSION_1
        driver.write(0x024, 0); driver.write(0x020, 1 << 22) // not offered
        driver.write(0x070, 11)
        XCTAssertEqual(driver.read(0x070) & 8, 0)
        driver.write(0x020, 0)
        driver.write(0x070, 11)
        XCTAssertEqual(driver.read(0x070) & 8, 8)
    }

    func testIndirectAndEventIndex() throws {
        let (_, transport, device, driver) = try console()
        driver.start(queueCount: 2, features: 1 << 28 | 1 << 29)
        let queue = driver.queues[1]
        let table = queue.allocate(64)
        for (index, text) in ["ab", "cd", "ef"].enumerated() {
            queue.writeDescriptor(index, queue.store(Array(text.utf8)), 2, flags: index < 2 ? 1 : 0, next: index + 1, table: table)
        }
        queue.writeDescriptor(0, table, 48, flags: 4)
        queue.poke16(queue.available + 4 + 2 * 16, 1)        // used_event: interrupt only when used passes 1
        queue.offer(0)
        driver.notify(1)
        driver.settle()
        XCTAssertEqual(device.capturedText, "abcdef")
        XCTAssertEqual(driver.guest.lines, [])
        queue.offer(0)
        driver.notify(1)
        driver.settle()
        XCTAssertEqual(driver.guest.lines, [0])
        XCTAssertEqual(queue.peek16(queue.used + 4 + 8 * 16), 2)   // avail_event: notify for the next one
        XCTAssertFalse(transport.needsReset)
    }

    func testInterruptSuppressionFlag() throws {
        let (_, _, device, driver) = try console()
        driver.start(queueCount: 2)
        driver.queues[1].poke16(driver.queues[1].available, 1)
        _ = driver.transact(1, Array("x".utf8), room: 0)
        XCTAssertEqual(device.capturedText, "x")
        XCTAssertEqual(driver.guest.lines, [])
    }

    func testResetVoidsRequestsInFlight() throws {
        let (_, _, device, driver) = try console()
        driver.start(queueCount: 2)
        driver.queues[1].request(Array("lost".utf8), room: 0)
        driver.notify(1)
        driver.write(0x070, 0)
        driver.settle()
        XCTAssertEqual(device.capturedText, "")
        XCTAssertEqual(driver.read(0x044), 0)
        driver.queues[1].poke16(driver.queues[1].available + 2, 0)
        driver.queues[1].poke16(driver.queues[1].used + 2, 0)
        driver.queues = []
        driver.start(queueCount: 2)
        _ = driver.transact(1, Array("again".utf8), room: 0)
        XCTAssertEqual(device.capturedText, "again")
    }

    func testHostileRingsAskForResetAndAreCounted() throws {
        let cases: [(QueueFault, (DriverQueue) -> Void)] = [
            (.descriptorIndex, { $0.offer(16) }),
            (.descriptorIndex, { $0.writeDescriptor(0, $0.store([1]), 1, flags: 1, next: 999); $0.offer(0) }),
            (.chainTooLong, { $0.writeDescriptor(0, $0.store([1]), 1, flags: 1, next: 0); $0.offer(0) }),
            (.bufferOutsideRAM, { $0.writeDescriptor(0, 0x10, 8, flags: 0); $0.offer(0) }),
            (.bufferOutsideRAM, { $0.writeDescriptor(0, 0x4000_0000, .max, flags: 0); $0.offer(0) }),
            (.bufferOutsideRAM, { $0.writeDescriptor(0, .max - 3, 8, flags: 0); $0.offer(0) }),
            (.indirectLength, { $0.writeDescriptor(0, $0.allocate(64), 17, flags: 4); $0.offer(0) }),
            (.indirectLength, { $0.writeDescriptor(0, $0.allocate(64), 0, flags: 4); $0.offer(0) }),
            (.indirectLength, { $0.writeDescriptor(0, $0.allocate(64), 0xffff_fff0, flags: 4); $0.offer(0) }),
            (.ringOutsideRAM, { $0.writeDescriptor(0, 0, 16, flags: 4); $0.offer(0) }),
            (.nestedIndirect, { q in
                let table = q.allocate(16)
                q.writeDescriptor(0, table, 16, flags: 4, table: table)
                q.writeDescriptor(0, table, 16, flags: 4)
                q.offer(0)
            }),
            (.readableAfterWritable, { q in
                q.writeDescriptor(0, q.allocate(8), 8, flags: 3, next: 1)
                q.writeDescriptor(1, q.allocate(8), 8, flags: 0)
                q.offer(0)
            }),
            (.availableIndexJump, { $0.poke16($0.available + 2, 5000) }),
        ]
        for (fault, attack) in cases {
            let (_, transport, device, driver) = try console()
            driver.start(queueCount: 2, features: 1 << 28)
            attack(driver.queues[1])
            driver.notify(1)
            driver.settle()
            XCTAssertEqual(transport.faultCounts[fault.rawValue], 1, fault.name)
            XCTAssertTrue(transport.needsReset, fault.name)
            XCTAssertEqual(driver.guest.lines, [0], fault.name)
            driver.notify(1)
            driver.settle()
            XCTAssertEqual(device.capturedText, "")
            driver.write(0x070, 0)
            XCTAssertFalse(transport.needsReset)
        }
    }

    func testRingsOutsideRAMAndIndirectWithoutNegotiation() throws {
        let (_, transport, _, driver) = try console()
        driver.start(queueCount: 2)
        driver.queues[1].writeDescriptor(0, driver.queues[1].allocate(16), 16, flags: 4)
        driver.queues[1].offer(0)
        driver.notify(1)
        XCTAssertEqual(transport.faultCounts[QueueFault.indirectNotNegotiated.rawValue], 1)
        let (_, other, _, second) = try console()
        second.write(0x070, 3)
        second.write(0x024, 1); second.write(0x020, 1)
        second.write(0x070, 11)
        second.write(0x030, 1)
        second.write(0x038, 16)
        second.write(0x090, 0xffff_fff0); second.write(0x094, 0xffff_ffff)
        second.write(0x044, 1)
        second.write(0x070, 15)
        second.notify(1)
        XCTAssertEqual(other.faultCounts[QueueFault.ringOutsideRAM.rawValue], 1)
    }

    func testRandomRegisterAccessNeverTraps() throws {
        let machine = try makeTestMachine()
        var random = SeededRandom(seed: 11)
        let devices: [any VirtIODevice] = [
            ConsoleDevice(), EntropyDevice(seed: 1), BlockDevice(storage: try MemoryStorage(byteCount: 1 << 20)),
            NetDevice(backend: LoopbackBackend()), GPUDevice(), InputDevice(.keyboard), InputDevice(.tablet),
        ]
        for (slot, device) in devices.enumerated() { _ = try VirtIOTransport(machine: machine, device: device, slot: slot) }
        let guest = TestGuest()
        machine.guest = guest
        let ram = machine.ram.pointer(physical: Driver.physicalBase, count: 1 << 16)!
        for index in 0..<8192 { ram.storeBytes(of: UInt64(Driver.physicalBase) + random.below(1 << 17), toByteOffset: index * 8, as: UInt64.self) }
        for round in 0..<40_000 {
            let address = VirtIOTransport.base + random.below(7) * 0x200 + (random.below(0x140) & ~3)
            let values: [UInt32] = [0, 1, 3, 11, 15, 16, 0x4000_0000 + UInt32(random.below(1 << 16)), UInt32(truncatingIfNeeded: random.next())]
            machine.bus.write(address, values[Int(random.below(8))])
            _ = machine.bus.read(address)
            if round % 500 == 0 { _ = machine.run(until: .tick(machine.now.advanced(nanoseconds: 1_000_000))) }
        }
    }
}
