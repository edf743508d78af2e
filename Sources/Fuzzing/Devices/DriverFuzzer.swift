// Owns the fuzzing of the guest's drivers against a hostile device: absurd registers, used entries that name nothing,
// lengths that lie, answers full of noise, and a device that writes over all memory it was given. A driver may fail, drop
// and count; it may not trap, and it touches nothing outside its memory, which lies between pages nobody may touch.
import ABI
import Drivers
import Fuzzing
import Glibc
import Machine

/// Memory between two guard pages: any access outside ends the program at once.
private final class GuardedMemory {
    let region: DMARegion
    private let whole: UnsafeMutableRawPointer
    private let count: Int
    private static let guardByteCount = 65536

    init(frames: Int, physical: UInt64) throws(MachineError) {
        let byteCount = frames * 65536
        count = byteCount + 2 * Self.guardByteCount
        guard let address = mmap(nil, count, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), address != MAP_FAILED,
              mprotect(address + Self.guardByteCount, byteCount, PROT_READ | PROT_WRITE) == 0 else { throw MachineError("no memory for a driver") }
        whole = address
        region = DMARegion(base: address + Self.guardByteCount, physical: physical, byteCount: byteCount)
    }
    deinit { munmap(whole, count) }
}

/// Registers that lie now and then, and a device that knows the rings.
private final class HostileDevice: RegisterAccess {
    private struct Ring { var size = 8; var descriptors: UInt64 = 0, available: UInt64 = 0, used: UInt64 = 0; var usedIndex: UInt16 = 0, taken: UInt16 = 0 }
    var random: SeededRandom
    let deviceID: UInt32
    private var registers: [UInt64: UInt32] = [:]
    private var rings: [UInt32: Ring] = [:]
    var memory: DMARegion?
    private let isHonestAtStart: Bool
    private let isNoisy: Bool                     // otherwise its answers look right, so that drivers get far

    init(deviceID: UInt32, seed: UInt64) {
        self.deviceID = deviceID
        random = SeededRandom(seed: seed, stream: "hostile device")
        isHonestAtStart = random.below(8) > 0
        isNoisy = random.below(2) == 0
    }

    func read(_ address: UInt64) -> UInt32 {
        let noise = UInt32(truncatingIfNeeded: random.next())
        switch address {
        case 0x000: return 0x7472_6976
        case 0x004: return 2
        case 0x008: return deviceID
        case 0x010: return isHonestAtStart ? .max : noise
        case 0x034: return isHonestAtStart ? 1024 : UInt32(random.below(1 << 17))
        case 0x044: return isHonestAtStart ? 0 : noise & 1
        case 0x060: return noise & 3
        case 0x070: return isHonestAtStart ? registers[0x070] ?? 0 : noise
        case 0x0fc: return noise & 1
        default: return random.below(3) == 0 ? noise : UInt32(random.below(2000))
        }
    }

    func write(_ address: UInt64, _ value: UInt32) {
        registers[address] = value
        let queue = registers[0x030] ?? 0
        func address64(_ low: UInt64) -> UInt64 { UInt64(registers[low] ?? 0) | UInt64(registers[low + 4] ?? 0) << 32 }
        if address == 0x044, value == 1 {
            rings[queue] = Ring(size: Int(registers[0x038] ?? 8), descriptors: address64(0x080), available: address64(0x090), used: address64(0x0a0))
        }
    }

    private func place(_ physical: UInt64, _ count: Int) -> UnsafeMutableRawPointer? {
        guard let memory, physical >= memory.physical, physical - memory.physical <= UInt64(memory.byteCount - count) else { return nil }
        return memory.base + Int(physical - memory.physical)
    }

    /// Gives something back that was offered, or was not, with a length that may lie; or writes over memory.
    func misbehave() {
        let queue = UInt32(random.below(2))
        guard var ring = rings[queue] else { return }
        switch random.below(12) {
        case 0: store16(ring.used + 2, UInt16(truncatingIfNeeded: random.next()))
        case 1: scribble()
        default:
            for _ in 0...random.below(4) { giveBack(&ring) }
            store16(ring.used + 2, ring.usedIndex)
        }
        rings[queue] = ring
    }

    private func giveBack(_ ring: inout Ring) {
        let slot = ring.used + 4 + 8 * UInt64(Int(ring.usedIndex) % max(1, ring.size))
        guard let p = place(slot, 8) else { return }
        guard let id = pick(&ring) else { return }
        let length = !isNoisy && random.below(50) > 0 ? 408 : [0, 8, 16, 24, 100, 408, 1526, 2048, 2049, .max, UInt32(random.below(3000))][Int(random.below(11))]
        p.storeBytes(of: id, as: UInt32.self)
        p.storeBytes(of: length, toByteOffset: 4, as: UInt32.self)
        if id < UInt32(ring.size) { answer(ring, Int(id)) }
        ring.usedIndex &+= 1
    }

    /// The request to give back: usually the next one that was offered, so that drivers get far; else any, or none there is.
    private func pick(_ ring: inout Ring) -> UInt32? {
        if isNoisy, random.below(20) == 0 { return UInt32(truncatingIfNeeded: random.next()) }
        if random.below(isNoisy ? 4 : 40) == 0 { return UInt32(random.below(UInt64(ring.size) + 2)) }
        guard let index = place(ring.available + 2, 2), index.load(as: UInt16.self) != ring.taken,
              let entry = place(ring.available + 4 + 2 * UInt64(Int(ring.taken) % max(1, ring.size)), 2) else { return nil }
        ring.taken &+= 1
        return UInt32(entry.load(as: UInt16.self))
    }

    /// Fills the request's writable buffers with noise, or with what looks right.
    private func answer(_ ring: Ring, _ head: Int) {
        var index = head
        for _ in 0..<8 {
            guard index < ring.size, let d = place(ring.descriptors + UInt64(16 * index), 16) else { return }
            let flags = d.load(fromByteOffset: 12, as: UInt16.self), count = min(2048, Int(d.load(fromByteOffset: 8, as: UInt32.self)))
            if flags & 2 != 0, let target = place(d.load(as: UInt64.self), count) { fill(target, count) }
            if flags & 1 == 0 { return }
            index = Int(d.load(fromByteOffset: 14, as: UInt16.self))
        }
    }

    private func fill(_ target: UnsafeMutableRawPointer, _ count: Int) {
        let isNoise = isNoisy && random.below(4) == 0
        memset(target, 0, count)
        if isNoise { for i in 0..<(count / 8) { target.storeBytes(of: random.next(), toByteOffset: 8 * i, as: UInt64.self) } }
        if deviceID == VirtioDeviceID.gpu, !isNoise, count >= 24 {
            target.storeBytes(of: count > 24 ? 0x1101 : 0x1100, as: UInt32.self)
            if count >= 48 { for i in 0..<2 { target.storeBytes(of: UInt32(1 + random.below(600)), toByteOffset: 32 + 4 * i, as: UInt32.self) } }
        }
    }

    private func scribble() {
        guard let memory else { return }
        for _ in 0..<20 { memory.base.storeBytes(of: UInt8(truncatingIfNeeded: random.next()), toByteOffset: Int(random.below(UInt64(memory.byteCount))), as: UInt8.self) }
    }

    private func store16(_ physical: UInt64, _ value: UInt16) { place(physical, 2)?.storeBytes(of: value, as: UInt16.self) }
}

public enum DriverFuzzer {
    public static let names = ["console", "entropy", "block", "net", "gpu", "input", "clock"]
    static let stepsPerRound = 60
    private static let physical: UInt64 = 0x5000_0000

    /// Drives every driver against hostile devices for about `operations` steps. Answers how often each driver started,
    /// and how often it accepted something from the device, in the order of `names`.
    public static func run(seed: UInt64, operations: Int, hasCanary: Bool = false) throws -> [(name: String, started: Int, accepted: Int)] {
        var started = [Int](repeating: 0, count: names.count), accepted = started
        for round in 0..<max(1, operations / stepsPerRound) {
            let kind = round % names.count
            let ids = [VirtioDeviceID.console, VirtioDeviceID.entropy, VirtioDeviceID.block, VirtioDeviceID.network, VirtioDeviceID.gpu, VirtioDeviceID.input, VirtioDeviceID.clock]
            let device = HostileDevice(deviceID: ids[kind], seed: seed &+ UInt64(round))
            let memory = try GuardedMemory(frames: kind == 3 ? NetDriver.frameCount : 1, physical: physical)
            device.memory = memory.region
            let verdict = Verdict()
            guard let transport = VirtioTransport(base: 0, registers: device),
                  let use = hasCanary && kind == 1 ? canary(transport, memory.region, verdict) : makeUser(kind, transport, memory.region, device, verdict) else { continue }
            started[kind] += 1
            for _ in 0..<stepsPerRound {
                if device.random.below(3) > 0 { device.misbehave() }
                accepted[kind] += use()
                if let problem = verdict.problem { throw FuzzFailure(description: "\(names[kind]): \(problem)") }
            }
        }
        return names.indices.map { (names[$0], started[$0], accepted[$0]) }
    }

    /// What a driver did that its user must never see.
    private final class Verdict {
        var problem: String?
        func expect(_ condition: Bool, _ text: @autoclosure () -> String) { if !condition { problem = problem ?? text() } }
    }

    /// In the entropy driver's place: one that believes what the device says it wrote.
    private static func canary(_ t: VirtioTransport, _ m: DMARegion, _ verdict: Verdict) -> (() -> Int)? {
        guard t.negotiate(0) != nil, let queue = t.makeQueue(0, size: 8, memory: m.slice(0, 8192)) else { return nil }
        t.start()
        return {
            _ = queue.add([VirtioBuffer(m.physical + 8192, EntropyDriver.seedByteCount, writable: true)])
            queue.notify()
            guard let (_, written) = queue.popUsed() else { return 0 }
            verdict.expect(written <= UInt32(EntropyDriver.seedByteCount), "a seed of \(written) bytes")
            return 1
        }
    }

    /// One step of a driver's user; answers how much the driver took from the device.
    private static func makeUser(_ kind: Int, _ t: VirtioTransport, _ m: DMARegion, _ device: HostileDevice, _ verdict: Verdict) -> (() -> Int)? {
        switch kind {
        case 0: return ConsoleDriver(transport: t, memory: m).map { d in
            var lastRoom = 0
            return {
                let isFreed = d.room > lastRoom
                d.write([UInt8](repeating: 65, count: Int(device.random.below(1500))))
                d.handleInterrupt()
                lastRoom = d.room
                return isFreed ? 1 : 0
            }
        }
        case 1: return EntropyDriver(transport: t, memory: m).map { d in {
            d.request()
            guard let seed = d.poll() else { return 0 }
            verdict.expect(seed.count == EntropyDriver.seedByteCount, "a seed of \(seed.count) bytes")
            return 1
        } }
        case 2:
            var submitted = 0, completed = 0
            return BlockDriver(transport: t, memory: m).map { d in {
            let isTaken = d.submit(isWrite: device.random.below(2) == 0, sector: device.random.below(d.sectorCount | 1), physical: m.physical + 32_768, byteCount: 4096, token: 1)
            submitted += isTaken ? 1 : 0
            let done = d.handleInterrupt().count
            completed += done
            verdict.expect(completed <= submitted, "\(completed) requests completed of \(submitted)")
            return done
        } }
        case 3: return NetDriver(transport: t, memory: m).map { d in {
            _ = d.send([UInt8](repeating: 9, count: Int(device.random.below(1600))))
            d.handleInterrupt()
            var count = 0
            while device.random.below(3) > 0, let packet = d.receive() { 
                verdict.expect(packet.count <= 2048 - 12,     // a receive buffer without the header
                                "a packet of \(packet.count) bytes")
                count += packet.isEmpty ? 0 : 1
            }
            return count
        } }
        case 4: return GPUDriver(transport: t, memory: m).map { d in {
            let before = d.flushCount
            d.handleInterrupt()
            if d.needsBacking { d.attach([(m.physical, d.framebufferByteCount)]) }
            let x = UInt32(device.random.below(700)), y = UInt32(device.random.below(700))
            d.flush(.init(x0: x, y0: y, x1: x &+ 40, y1: y &+ 40))
            return Int(d.flushCount - before)
        } }
        case 5: return InputDriver(transport: t, memory: m).map { d in { d.handleInterrupt().count } }
        default: return RTCDriver(transport: t, memory: m).map { d in { d.ask(); return d.handleInterrupt() == nil ? 0 : 1 } }
        }
    }
}
