// Record -> replay -> equal hashes with every device in use, driven by the guest's own drivers. Input comes at
// wall-clock moments that differ from run to run.
@testable import Devices
import Drivers
import Foundation
import Machine
import XCTest

/// Each key: a random page goes to disk, comes back, and is shown; the console says which key it was.
private final class BusyGuest: Guest, RegisterAccess {
    unowned let machine: Machine
    private var console: ConsoleDriver!, entropy: EntropyDriver!, disk: BlockDriver!, gpu: GPUDriver!, clock: RTCDriver!
    private var keyboard: InputDriver!, tablet: InputDriver!
    private var seed: UInt64 = 0
    private var nextFrame: UInt32 = 0
    private var framebuffer: [DMARegion] = []
    private var page: DMARegion!
    private(set) var keyCount = 0, moveCount = 0
    private(set) var readings: [UInt64] = []

    init(_ machine: Machine) { self.machine = machine; machine.guest = self }
    func read(_ address: UInt64) -> UInt32 { machine.bus.read(address) }
    func write(_ address: UInt64, _ value: UInt32) { machine.bus.write(address, value) }

    private func memory(_ frames: Int) -> DMARegion {
        defer { nextFrame += UInt32(frames) }
        return DMARegion(base: machine.ram.frameAddress(nextFrame), physical: GuestRAM.physicalBase + UInt64(nextFrame) * 65536, byteCount: frames * 65536)
    }
    private func transport(_ slot: Int) -> VirtioTransport { VirtioTransport(base: VirtIOTransport.base + UInt64(slot) * VirtIOTransport.stride, registers: self)! }

    func boot() {
        console = ConsoleDriver(transport: transport(DeviceSlot.console), memory: memory(1))
        entropy = EntropyDriver(transport: transport(DeviceSlot.entropy), memory: memory(1))
        disk = BlockDriver(transport: transport(DeviceSlot.swap), memory: memory(1))
        gpu = GPUDriver(transport: transport(DeviceSlot.gpu), memory: memory(1))
        keyboard = InputDriver(transport: transport(DeviceSlot.keyboard), memory: memory(1))
        tablet = InputDriver(transport: transport(DeviceSlot.tablet), memory: memory(1))
        clock = RTCDriver(transport: transport(DeviceSlot.rtc), memory: memory(1))
        page = memory(1)
        framebuffer = (0..<4).map { _ in memory(1) }
        entropy.request()
    }

    func interrupt(line: Int) {
        machine.charge(nanoseconds: 900)
        switch line {
        case DeviceSlot.console: console.handleInterrupt()
        case DeviceSlot.entropy: seed = entropy.poll().map { $0.reduce(0) { $0 << 1 ^ UInt64($1) } } ?? seed
        case DeviceSlot.swap: for done in disk.handleInterrupt() { diskDone(done.token) }
        case DeviceSlot.gpu:
            gpu.handleInterrupt()
            if gpu.needsBacking { gpu.attach(framebuffer.map { ($0.physical, 65536) }) }
        case DeviceSlot.rtc: if let reading = clock.handleInterrupt() { readings.append(reading) }
        case DeviceSlot.keyboard: for event in keyboard.handleInterrupt() where event.type == 1 { key(event.code) }
        default: for event in tablet.handleInterrupt() where event.type == 3 { moveCount += 1 }
        }
    }

    private func key(_ code: UInt16) {
        keyCount += 1
        clock.ask()
        console.write(Array("key \(code)\n".utf8))
        var random = SeededRandom(seed: seed &+ UInt64(code) &+ machine.now.nanoseconds)
        for index in 0..<8192 { page.base.storeBytes(of: random.next(), toByteOffset: index * 8, as: UInt64.self) }
        _ = disk.submit(isWrite: true, sector: UInt64(code) * 128, physical: page.physical, byteCount: 65536, token: UInt32(code))
    }

    private func diskDone(_ token: UInt32) {
        if token < 1000 {
            let target = framebuffer[Int(token) % 4]
            _ = disk.submit(isWrite: false, sector: UInt64(token) * 128, physical: target.physical, byteCount: 65536, token: 1000 + token)
        } else {
            gpu.flush(.init(x0: 0, y0: 0, x1: 256, y1: 256))
        }
    }

    func alarm() {}
    func runSlice(limit: UInt64) -> Bool { false }
    var subsystemHashes: [(name: String, hash: UInt64)] {
        [("ram", StateHasher.hash(UnsafeRawBufferPointer(start: machine.ram.base, count: machine.ram.byteCount)))]
    }
}

final class ReplayEveryDeviceTests: XCTestCase {
    private final class Typist: HostSource {
        let port: HostPort
        var needsWallClock: Bool { false }
        init(_ port: HostPort) { self.port = port }
        func poll() {
            if UInt8.random(in: 0..<6) == 0 { port.post(.key(code: .random(in: 1..<100), down: .random())) }
            if UInt8.random(in: 0..<3) == 0 { port.post(.pointerMove(x: .random(in: 0...32767), y: .random(in: 0...32767))) }
        }
    }

    private func build(_ configuration: MachineConfiguration) throws -> (Machine, BusyGuest, GPUDevice, ConsoleDevice) {
        let machine = try Machine(configuration: configuration)
        let gpu = GPUDevice(width: 256, height: 256), console = ConsoleDevice()
        let devices: [(Int, any VirtIODevice)] = [
            (DeviceSlot.console, console), (DeviceSlot.entropy, EntropyDevice(seed: configuration.seed)),
            (DeviceSlot.swap, BlockDevice(storage: try MemoryStorage(byteCount: 16 << 20))), (DeviceSlot.gpu, gpu),
            (DeviceSlot.keyboard, InputDevice(.keyboard)), (DeviceSlot.tablet, InputDevice(.tablet)), (DeviceSlot.rtc, RTCDevice()),
        ]
        for (slot, device) in devices { _ = try VirtIOTransport(machine: machine, device: device, slot: slot) }
        return (machine, BusyGuest(machine), gpu, console)
    }

    func testEveryDeviceReplaysEqually() throws {
        let path = NSTemporaryDirectory() + "devices-\(UUID().uuidString).trace"
        defer { unlink(path) }
        let configuration = MachineConfiguration(ramByteCount: 2 << 20, seed: 8, checkpointPeriodNanoseconds: 15_000_000)
        let (machine, guest, gpu, console) = try build(configuration)
        machine.addSource(Typist(machine.hostPort))
        let writer = try TraceWriter(path: path, header: TraceHeader(configuration: configuration, imageHash: 0, toolchain: "test"))
        writer.attach(to: machine)
        XCTAssertEqual(machine.run(until: .tick(.milliseconds(400)), pacing: .wallClock), .reached)
        try writer.finish(machine)
        XCTAssertGreaterThan(guest.keyCount, 5)
        XCTAssertGreaterThan(gpu.frame.flushCount, 5)

        let (again, guest2, gpu2, console2) = try build(configuration)
        let replayer = Replayer(try TraceReader(path: path))
        replayer.attach(to: again)
        XCTAssertEqual(again.run(until: .forever), .replayEnded)
        XCTAssertGreaterThan(replayer.checkpointCount, 5)
        XCTAssertEqual(again.stateHashes(), machine.stateHashes())
        XCTAssertEqual(again.stateHashes().map { $0.name }, ["ram", "console", "entropy", "block", "frame", "gpu", "keyboard", "tablet", "rtc"])
        XCTAssertEqual(gpu2.frame.pixels, gpu.frame.pixels)
        XCTAssertEqual(console2.capturedText, console.capturedText)
        XCTAssertEqual(guest2.moveCount, guest.moveCount)
        XCTAssertGreaterThan(guest.readings.count, 3)
        XCTAssertEqual(guest2.readings, guest.readings)
    }

    /// The test above would also pass if hashes saw nothing: a flipped bit anywhere must be found.
    func testAFlippedBitIsFound() throws {
        let (machine, guest, gpu, _) = try build(MachineConfiguration(ramByteCount: 2 << 20, seed: 8))
        for code in [3, 4, 5] as [UInt16] { machine.schedule(.key(code: code, down: true), at: .milliseconds(UInt64(code))) }
        _ = machine.run(until: .tick(.milliseconds(50)))
        XCTAssertEqual(guest.keyCount, 3)
        let before = machine.stateHashes()
        machine.ram.base.storeBytes(of: machine.ram.base.load(fromByteOffset: 1_500_001, as: UInt8.self) ^ 1, toByteOffset: 1_500_001, as: UInt8.self)
        let after = machine.stateHashes()
        XCTAssertEqual(zip(before, after).filter { $0 != $1 }.map { $0.0.name }, ["ram"])
        gpu.frame.cursor.x += 1
        XCTAssertEqual(zip(after, machine.stateHashes()).filter { $0 != $1 }.map { $0.0.name }, ["frame"])
    }
}
