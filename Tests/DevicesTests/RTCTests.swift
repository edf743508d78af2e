// The real-time clock (VirtIO 1.4, "RTC Device"): message layouts, every status, the guest's driver.
@testable import Devices
import Drivers
import Machine
import XCTest

final class RTCTests: XCTestCase {
    private static let base: UInt64 = 1_767_225_600_000_000_000
    private func make() throws -> (Machine, RTCDevice, Driver) {
        let machine = try makeTestMachine()
        let device = RTCDevice()
        _ = try VirtIOTransport(machine: machine, device: device, slot: DeviceSlot.rtc)
        let driver = Driver(machine, slot: DeviceSlot.rtc)
        driver.start(queueCount: 1)
        return (machine, device, driver)
    }
    private func request(_ type: UInt16, clock: UInt16 = 0) -> [UInt8] {
        [UInt8(type & 255), UInt8(type >> 8), 0, 0, 0, 0, 0, 0, UInt8(clock & 255), UInt8(clock >> 8), 0, 0, 0, 0, 0, 0]
    }

    func testAReadingIsBasePlusVirtualTime() throws {
        let (machine, device, driver) = try make()
        _ = machine.run(until: .tick(.seconds(3)))
        let answer = driver.transact(0, request(1), room: 16)
        XCTAssertEqual(Array(answer.prefix(8)), [0, 0, 0, 0, 0, 0, 0, 0])
        XCTAssertEqual(FieldReader(bytes: answer).get64(8), Self.base + 3_000_000_000 + DeviceCost.rtc.requestNanoseconds)
        XCTAssertEqual(device.readingCount, 1)
    }

    func testCapabilities() throws {
        let (_, _, driver) = try make()
        XCTAssertEqual(driver.transact(0, Array(request(0x1000).prefix(8)), room: 16), [0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0])
        XCTAssertEqual(driver.transact(0, request(0x1001), room: 16), [UInt8](repeating: 0, count: 16))   // UTC, not smeared, no alarm
        XCTAssertEqual(driver.transact(0, request(0x1002), room: 16), [UInt8](repeating: 0, count: 16))   // no cross-timestamps
        XCTAssertEqual(driver.transact(0, request(1), room: 100).count, 16)                               // more room is ignored
    }

    func testRefusals() throws {
        let (_, device, driver) = try make()
        for (bytes, room, status) in [
            (request(0x0002), 24, 2), (request(0x1003), 24, 2), (request(0x7777), 16, 2),          // not supported
            (request(1, clock: 1), 16, 3), (request(0x1001, clock: 9), 16, 3),                     // no such clock
            (Array(request(1).prefix(9)), 16, 4), (request(1), 15, 4), (request(2), 16, 4), ([1], 16, 4),   // does not fit
        ] as [([UInt8], Int, UInt8)] {
            XCTAssertEqual(driver.transact(0, bytes, room: room).first, status)
        }
        XCTAssertEqual(driver.transact(0, request(1), room: 0), [])
        XCTAssertEqual(device.refusedCount, 9)
        XCTAssertEqual(device.readingCount, 0)
    }

    func testTheGuestsDriverReadsIt() throws {
        final class Registers: RegisterAccess {
            let machine: Machine
            init(_ machine: Machine) { self.machine = machine }
            func read(_ address: UInt64) -> UInt32 { machine.bus.read(address) }
            func write(_ address: UInt64, _ value: UInt32) { machine.bus.write(address, value) }
        }
        let machine = try makeTestMachine()
        _ = try VirtIOTransport(machine: machine, device: RTCDevice(), slot: DeviceSlot.rtc)
        let guest = TestGuest()
        machine.guest = guest
        let base = VirtIOTransport.base + UInt64(DeviceSlot.rtc) * VirtIOTransport.stride
        let found = try XCTUnwrap(VirtioTransport(base: base, registers: Registers(machine)))
        XCTAssertEqual(found.deviceID, VirtioDeviceID.clock)
        let clock = try XCTUnwrap(RTCDriver(transport: found, memory: DMARegion(base: machine.ram.base, physical: GuestRAM.physicalBase, byteCount: 65536)))
        XCTAssertNil(clock.handleInterrupt())
        var readings: [UInt64] = []
        for second in 1...40 as ClosedRange<UInt64> {
            _ = machine.run(until: .tick(.seconds(second)))
            clock.ask()
            clock.ask()
            _ = machine.run(until: .forever)
            if let reading = clock.handleInterrupt() { readings.append(reading) }
        }
        XCTAssertEqual(readings, (1...40).map { Self.base + $0 * 1_000_000_000 + DeviceCost.rtc.requestNanoseconds })
        XCTAssertEqual(clock.errorCount, 0)
    }
}
