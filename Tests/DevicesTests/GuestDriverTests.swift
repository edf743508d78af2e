// The guest's own drivers against the devices: both sides of the specification meet here.
@testable import Devices
import Drivers
import Machine
import XCTest

final class GuestDriverTests: XCTestCase {
    private final class Registers: RegisterAccess {
        unowned let machine: Machine
        init(_ machine: Machine) { self.machine = machine }
        func read(_ address: UInt64) -> UInt32 { machine.bus.read(address) }
        func write(_ address: UInt64, _ value: UInt32) { machine.bus.write(address, value) }
    }

    private var machine: Machine!
    private var guest: TestGuest!
    private var registers: Registers!
    private var nextFrame: UInt32 = 0

    override func setUpWithError() throws {
        machine = try makeTestMachine(ramByteCount: 16 << 20)
        guest = TestGuest()
        machine.guest = guest
        registers = Registers(machine)
        nextFrame = 0
    }

    private func memory(frames: Int) -> DMARegion {
        defer { nextFrame += UInt32(frames) }
        let offset = UInt64(nextFrame) * 65536
        return DMARegion(base: machine.ram.frameAddress(nextFrame), physical: GuestRAM.physicalBase + offset, byteCount: frames * 65536)
    }

    private func transport(_ device: any VirtIODevice, _ slot: Int) throws -> VirtioTransport {
        _ = try VirtIOTransport(machine: machine, device: device, slot: slot)
        let base = VirtIOTransport.base + UInt64(slot) * VirtIOTransport.stride
        let found = try XCTUnwrap(VirtioTransport(base: base, registers: registers))
        XCTAssertEqual(found.deviceID, device.deviceID)
        return found
    }

    private func settle() { _ = machine.run(until: .forever) }

    func testEmptySlotsAreNotDevices() {
        XCTAssertNil(VirtioTransport(base: VirtIOTransport.base, registers: registers))
    }

    func testConsoleAndEntropy() throws {
        let device = ConsoleDevice()
        let console = try XCTUnwrap(ConsoleDriver(transport: transport(device, 0), memory: memory(frames: 1)))
        let entropy = try XCTUnwrap(EntropyDriver(transport: transport(EntropyDevice(seed: 9), 1), memory: memory(frames: 1)))
        let text = String(repeating: "0123456789", count: 300)
        console.write(Array(text.utf8))
        entropy.request()
        settle()
        console.handleInterrupt()
        XCTAssertEqual(device.capturedText, text)
        let seed = try XCTUnwrap(entropy.poll())
        XCTAssertEqual(seed.count, 32)
        XCTAssertNotEqual(seed, [UInt8](repeating: 0, count: 32))
    }

    func testSwapOutAndIn() throws {
        let device = BlockDevice(storage: try MemoryStorage(byteCount: 64 << 20))
        let disk = try XCTUnwrap(BlockDriver(transport: transport(device, 2), memory: memory(frames: 1)))
        XCTAssertEqual(disk.sectorCount, 131_072)
        let pages = memory(frames: 16)
        for index in 0..<(16 * 16384) { pages.base.storeBytes(of: UInt32(index), toByteOffset: index * 4, as: UInt32.self) }
        var done: [UInt32] = []
        guest.onInterrupt = { _ in for request in disk.handleInterrupt() { XCTAssertTrue(request.isOK); done.append(request.token) } }
        for page in 0..<16 { XCTAssertTrue(disk.submit(isWrite: true, sector: UInt64(page) * 128, physical: pages.physical + UInt64(page) << 16, byteCount: 65536, token: UInt32(page))) }
        XCTAssertFalse(disk.hasRoom)
        settle()
        XCTAssertEqual(done, Array(0..<16))
        pages.base.initializeMemory(as: UInt8.self, repeating: 0, count: 16 * 65536)
        for page in 0..<16 { XCTAssertTrue(disk.submit(isWrite: false, sector: UInt64(15 - page) * 128, physical: pages.physical + UInt64(page) << 16, byteCount: 65536, token: 100)) }
        settle()
        XCTAssertEqual(done.count, 32)
        XCTAssertEqual(pages.base.load(as: UInt32.self), 15 * 16384)
        XCTAssertEqual(pages.base.load(fromByteOffset: 15 << 16, as: UInt32.self), 0)
    }

    func testPacketsBothWays() throws {
        let net = try XCTUnwrap(NetDriver(transport: transport(NetDevice(backend: LoopbackBackend()), 3), memory: memory(frames: 4)))
        XCTAssertEqual(net.mac, NetDevice.defaultMACAddress)
        guest.onInterrupt = { _ in net.handleInterrupt() }
        var sent = 0, got: [[UInt8]] = []
        for index in 0..<500 {
            let packet = [UInt8](repeating: UInt8(index & 255), count: 60 + index * 2)
            while !net.send(packet) { settle() }
            sent += 1
            if index % 5 == 0 { settle() }
            while let frame = net.receive() { got.append(frame) }
        }
        settle()
        while let frame = net.receive() { got.append(frame) }
        XCTAssertEqual(got.count, sent)
        XCTAssertTrue(got.enumerated().allSatisfy { $0.element.count == 60 + $0.offset * 2 && $0.element[0] == UInt8($0.offset & 255) })
    }

    func testFramebufferReachesTheScreen() throws {
        let device = GPUDevice(width: 640, height: 400)
        let gpu = try XCTUnwrap(GPUDriver(transport: transport(device, 4), memory: memory(frames: 1)))
        guest.onInterrupt = { _ in gpu.handleInterrupt() }
        settle()
        XCTAssertTrue(gpu.needsBacking)
        XCTAssertEqual(gpu.width, 640)
        let pieces = (0..<16).map { _ in memory(frames: 1) }.reversed().map { $0 }
        gpu.attach(pieces.map { ($0.physical, 65536) })
        settle()
        XCTAssertTrue(gpu.isReady)
        for index in 0..<(640 * 400) {
            pieces[index * 4 / 65536].base.storeBytes(of: UInt32(index), toByteOffset: index * 4 % 65536, as: UInt32.self)
        }
        gpu.flush(.init(x0: 600, y0: 300, x1: 640, y1: 400))
        gpu.flush(.init(x0: 0, y0: 0, x1: 10, y1: 10))
        settle()
        XCTAssertEqual(device.frame.pixels[399 * 640 + 639], 399 * 640 + 639)
        XCTAssertEqual(device.frame.pixels[9 * 640 + 9], 9 * 640 + 9)
        XCTAssertEqual(device.frame.pixels[200 * 640 + 300], 0)
        XCTAssertEqual(gpu.errorCount, 0)
        XCTAssertEqual(device.frame.flushCount, 2)
    }

    func testKeysArrive() throws {
        let keyboard = try XCTUnwrap(InputDriver(transport: transport(InputDevice(.keyboard), 5), memory: memory(frames: 1)))
        var codes: [UInt16] = []
        guest.onInterrupt = { _ in for event in keyboard.handleInterrupt() where event.type == 1 { codes.append(event.code) } }
        for code in 1..<120 as Range<UInt16> { machine.hostPort.post(.key(code: code, down: true)) }
        settle()
        XCTAssertEqual(codes, Array(1..<120))
    }
}
