// Owns the fuzzing of the transports and of every device model: random register accesses, almost valid rings and
// requests, notifications, time, resets and host events, all from one seed. A session is a fresh machine; sessions have
// the seeds that follow the first, so each can be run alone.
import Devices
import Fuzzing
import Machine

/// What a fuzzing run saw.
public struct FuzzSummary: Sendable, Equatable {
    public struct Row: Sendable, Equatable { public var device: String; public var queue: Int; public var taken: UInt64; public var used: UInt64; public var good: UInt64 }
    public var rows: [Row] = []
    /// By `QueueFault.rawValue`.
    public var faults = [Int](repeating: 0, count: QueueFault.allCases.count)
    public var badAccesses: UInt64 = 0, resets: UInt64 = 0
    /// By `RequestDrop.rawValue`.
    public var drops = [Int](repeating: 0, count: RequestDrop.allCases.count)
    public var sessions = 0
    /// Folds the state of every machine at its session's end: equal seeds give equal values.
    public var hash: UInt64 = 0
}

/// One session on one machine.
final class FuzzSession {
    private let machine: Machine
    private let guest = FuzzGuest()
    private(set) var targets: [FuzzTarget] = []
    private let oracle: Oracle
    private let gpu = GPUDevice(width: 64, height: 64)
    private let console = ConsoleDevice()
    private var random: SeededRandom
    private(set) var resets: UInt64 = 0
    private static let faults = "read-error=3%,write-error=1%,torn-write=2%,drop-flush=10%,slow=1%+3ms"

    init(seed: UInt64, hasCanary: Bool) throws {
        random = SeededRandom(seed: seed, stream: "device fuzzer")
        machine = try Machine(configuration: MachineConfiguration(ramByteCount: 2 << 20, seed: seed))
        machine.guest = guest
        let swap = BlockDevice(storage: try MemoryStorage(byteCount: 1 << 20))
        let disk = BlockDevice(storage: try MemoryStorage(byteCount: 1 << 20), cost: .ssd, faults: try FaultPlan(parsing: Self.faults), seed: seed, name: "disk")
        let devices: [any VirtIODevice] = [
            console, hasCanary ? CanaryDevice() : EntropyDevice(seed: seed), swap, NetDevice(backend: LoopbackBackend()), gpu,
            InputDevice(.keyboard), InputDevice(.tablet), RTCDevice(), disk,
        ]
        for (slot, device) in devices.enumerated() { targets.append(try FuzzTarget(machine, device, slot: slot)) }
        oracle = Oracle(targets)
    }

    func run(_ count: Int) throws(FuzzFailure) {
        for target in targets { start(target, isBent: false) }
        for _ in 0..<count {
            step(targets[Int(random.below(UInt64(targets.count)))])
            if random.below(16) == 0 { try oracle.check() }
        }
        try checkLiveness()
    }

    func add(to summary: inout FuzzSummary) {
        for (index, target) in targets.enumerated() {
            for (queue, tally) in target.tallies.enumerated() {
                let row = targets[..<index].reduce(0) { $0 + $1.tallies.count } + queue
                if summary.rows.count <= row { summary.rows.append(.init(device: target.name, queue: queue, taken: 0, used: 0, good: 0)) }
                summary.rows[row].taken += tally.taken
                summary.rows[row].used += tally.used
                summary.rows[row].good += tally.good
            }
            for (reason, n) in target.transport.faultCounts.enumerated() { summary.faults[reason] += n }
            summary.badAccesses += target.transport.badAccessCount
            for (reason, n) in target.transport.dropCounts.enumerated() { summary.drops[reason] += n }
        }
        summary.resets += resets
        summary.sessions += 1
        var hasher = StateHasher(seed: summary.hash)
        for entry in machine.stateHashes() { hasher.add(entry.hash) }
        hasher.add(UnsafeRawBufferPointer(start: machine.ram.base, count: machine.ram.byteCount))
        summary.hash = hasher.value
    }

    // MARK: Operations

    private func step(_ target: FuzzTarget) {
        if target.transport.needsReset, random.below(3) == 0 { return start(target, isBent: random.below(8) == 0) }
        switch random.below(100) {
        case 0..<45: offer(target)
        case 45..<55: target.write(0x050, random.below(30) == 0 ? UInt32(truncatingIfNeeded: random.next()) : UInt32(random.below(2)))
        case 55..<75: advance()
        case 75..<83: hostEvent()
        case 83..<87: target.write(0x064, UInt32(random.below(4)))
        case 87..<91: readSomething(target)
        case 91..<94: writeSomething(target)
        case 94..<96: scribble(target)
        case 96..<98: start(target, isBent: true)
        case 98: start(target, isBent: false)
        default: target.write(0x070, 0); resets += 1
        }
    }

    private func advance() {
        let longest: UInt64 = random.below(20) == 0 ? 20_000_000 : 300_000
        _ = machine.run(until: .tick(machine.now.advanced(nanoseconds: 1 + random.below(longest))))
    }

    /// A driver's initialisation (§3.1.1); `isBent` leaves a step out or gets it wrong now and then.
    private func start(_ t: FuzzTarget, isBent: Bool) {
        func isWrong() -> Bool { isBent && random.below(12) == 0 }
        resets += 1
        t.write(0x070, 0)
        t.write(0x070, 1)
        t.write(0x070, 3)
        t.hasIndirect = random.below(2) == 0
        t.hasEventIndex = random.below(2) == 0
        let low = (t.hasIndirect ? 1 << 28 : 0) | (t.hasEventIndex ? 1 << 29 : 0) as UInt32
        t.write(0x024, 0); t.write(0x020, isWrong() ? UInt32(truncatingIfNeeded: random.next()) : low)
        t.write(0x024, 1); t.write(0x020, isWrong() ? 0 : 1)
        if !isWrong() { t.write(0x070, 11) }
        for index in t.rings.indices where !isWrong() { setUp(t, index, isBent ? { isWrong() } : { false }) }
        if !isWrong() { t.write(0x070, 15) }
    }

    private func setUp(_ t: FuzzTarget, _ index: Int, _ isWrong: () -> Bool) {
        t.write(0x030, UInt32(index))
        let sizeMax = max(4, Int(t.read(0x034)))
        t.rings[index].size = min(sizeMax, 4 << Int(random.below(6)))
        t.rings[index].availableIndex = 0
        let ring = t.rings[index]
        t.poke16(ring.available, UInt16(random.below(2))); t.poke16(ring.available + 2, 0)
        t.poke16(ring.used, 0); t.poke16(ring.used + 2, 0)
        t.write(0x038, isWrong() ? UInt32(random.below(300)) : UInt32(ring.size))
        for (offset, address) in [(0x080, ring.descriptors), (0x090, ring.available), (0x0a0, ring.used)] as [(UInt64, UInt64)] {
            t.writeAddress(offset, isWrong() ? wildAddress(t) : address)
        }
        t.write(0x044, 1)
    }

    /// An address that is likely to hurt: edges of RAM, other rings, nothing at all.
    private func wildAddress(_ t: FuzzTarget) -> UInt64 {
        let end = GuestRAM.physicalBase + UInt64(machine.ram.byteCount)
        switch random.below(8) {
        case 0: return random.next()
        case 1: return end - random.below(40)
        case 2: return GuestRAM.physicalBase &- random.below(40)
        case 3: return .max - random.below(40)
        case 4: return 0
        case 5: return t.rings[Int(random.below(UInt64(t.rings.count)))].used + random.below(64)
        case 6: return targets[Int(random.below(UInt64(targets.count)))].base + random.below(FuzzTarget.shareByteCount)
        default: return t.rings[0].descriptors + random.below(0x3000)
        }
    }

    // MARK: Requests

    private struct Descriptor { var address: UInt64; var length: UInt32; var flags: UInt16; var next: UInt16 }

    private func offer(_ t: FuzzTarget) {
        let request = RequestMaker.make(t, &random)
        guard request.queue < t.rings.count else { return }
        let ring = t.rings[request.queue]
        let isIndirect = t.hasIndirect && random.below(2) == 0
        let head = Int(random.below(UInt64(ring.size)))
        var list = descriptors(t, request, from: isIndirect ? 0 : head, modulo: isIndirect ? 1 << 15 : ring.size)
        if list.isEmpty { return }
        if random.below(5) == 0 { bend(t, &list) }
        if isIndirect {
            let table = t.tables + random.below(64) * 64
            for (index, d) in list.enumerated() { put(t, table + UInt64(16 * index), d) }
            var d = Descriptor(address: table, length: UInt32(16 * list.count), flags: 4, next: 0)
            if random.below(12) == 0 { bendOne(t, &d) }
            put(t, ring.descriptors + UInt64(16 * head), d)
        } else {
            for (index, d) in list.enumerated() { put(t, ring.descriptors + UInt64(16 * ((head + index) % ring.size)), d) }
        }
        publish(t, request.queue, head)
    }

    /// Splits a request into buffers in random places, which may be the same one for several unless `isTidy`.
    private func descriptors(_ t: FuzzTarget, _ request: FuzzRequest, from head: Int, modulo: Int, isTidy: Bool = false) -> [Descriptor] {
        var list: [Descriptor] = []
        func place(_ count: Int) -> UInt64 { t.buffer(isTidy ? list.count : Int(random.below(UInt64(FuzzTarget.bufferCount))), count) }
        var bytes = request.readable[...]
        while !bytes.isEmpty {
            let count = min(bytes.count, random.below(3) == 0 ? 1 + Int(random.below(UInt64(bytes.count))) : bytes.count, 4032)
            let address = place(count)
            t.poke(address, Array(bytes.prefix(count)))
            bytes = bytes.dropFirst(count)
            list.append(Descriptor(address: address, length: UInt32(count), flags: 1, next: 0))
        }
        var room = request.room
        while room > 0 {
            let count = min(room, random.below(3) == 0 ? 1 + Int(random.below(UInt64(room))) : room, 4032)
            list.append(Descriptor(address: place(count), length: UInt32(count), flags: 3, next: 0))
            room -= count
        }
        for index in list.indices { list[index].next = UInt16((head + index + 1) % modulo) }
        if !list.isEmpty { list[list.count - 1].flags &= 2 }
        return list
    }

    private func bend(_ t: FuzzTarget, _ list: inout [Descriptor]) {
        let index = Int(random.below(UInt64(list.count)))
        bendOne(t, &list[index])
    }

    private func bendOne(_ t: FuzzTarget, _ d: inout Descriptor) {
        switch random.below(8) {
        case 0: d.length = [0, 1, .max, 0x7fff_ffff, d.length &+ 1, d.length &- 1, d.length &* 16, 16][Int(random.below(8))]
        case 1: d.length = UInt32(random.below(70_000))
        case 2, 3: d.address = wildAddress(t)
        case 4: d.flags ^= UInt16(1 << random.below(4))
        case 5: d.flags = UInt16(truncatingIfNeeded: random.next())
        case 6: (d.flags, d.next) = (d.flags | 1, random.below(2) == 0 ? d.next &- 1 : UInt16(random.below(300)))   // itself, or somewhere
        default: d.next = UInt16(truncatingIfNeeded: random.next())
        }
    }

    private func put(_ t: FuzzTarget, _ at: UInt64, _ d: Descriptor) {
        t.poke64(at, d.address); t.poke32(at + 8, d.length); t.poke16(at + 12, d.flags); t.poke16(at + 14, d.next)
    }

    private func publish(_ t: FuzzTarget, _ queue: Int, _ head: Int) {
        let ring = t.rings[queue]
        t.poke16(ring.available + 4 + 2 * UInt64(Int(ring.availableIndex) % ring.size), random.below(100) == 0 ? UInt16(truncatingIfNeeded: random.next()) : UInt16(head))
        t.rings[queue].availableIndex &+= random.below(400) == 0 ? UInt16(random.below(400)) : 1
        t.poke16(ring.available + 2, t.rings[queue].availableIndex)
        if t.hasEventIndex { t.poke16(ring.available + 4 + 2 * UInt64(ring.size), UInt16(truncatingIfNeeded: random.next())) }
        if random.below(4) > 0 { t.write(0x050, UInt32(queue)) }
    }

    /// Changes the rings behind the device's back.
    private func scribble(_ t: FuzzTarget) {
        for _ in 0...random.below(6) {
            let at = t.base + random.below(0x8000)
            if random.below(2) == 0 { t.poke16(at & ~1, UInt16(random.below(300))) } else { t.poke32(at & ~3, UInt32(truncatingIfNeeded: random.next())) }
        }
    }

    // MARK: Registers and the outside world

    private static let offsets: [UInt64] = [0x000, 0x010, 0x014, 0x020, 0x024, 0x030, 0x034, 0x038, 0x044, 0x050, 0x060, 0x064, 0x070, 0x080, 0x084, 0x090, 0x094, 0x0a0, 0x0a4, 0x0ac, 0x0b0, 0x0fc]

    private func offset() -> UInt64 {
        switch random.below(4) {
        case 0: 0x100 + random.below(0x100)
        case 1: random.below(0x200)
        default: Self.offsets[Int(random.below(UInt64(Self.offsets.count)))]
        }
    }
    private func width() -> Int { random.below(6) == 0 ? Int(random.below(9)) : 4 }
    private func readSomething(_ t: FuzzTarget) { _ = t.read(offset(), byteCount: width()) }
    private func writeSomething(_ t: FuzzTarget) {
        let values: [UInt32] = [0, 1, 3, 8, 11, 15, 64, 128, .max, UInt32(truncatingIfNeeded: random.next()), 0x4000_0000 + UInt32(random.below(1 << 21))]
        t.write(offset(), values[Int(random.below(UInt64(values.count)))], byteCount: width())
    }

    private func hostEvent() {
        switch random.below(9) {
        case 0: machine.hostPort.post(.key(code: UInt16(random.below(300)), down: random.below(2) == 0))
        case 1: machine.hostPort.post(.pointerMove(x: UInt16(random.below(65536)), y: UInt16(random.below(65536))))
        case 2: machine.hostPort.post(.pointerButton(code: UInt16(random.below(400)), down: true))
        case 3: machine.hostPort.post(.wheel(Int32(truncatingIfNeeded: random.next())))
        case 4: machine.hostPort.post(.consoleInput(RequestMaker.bytes(&random, 500)))
        case 5: gpu.setResolution(width: Int(random.below(200)), height: Int(random.below(200)))
        case 6: console.resize(columns: UInt16(random.below(300)), rows: UInt16(random.below(100)))
        default: machine.hostPort.post(.packet(RequestMaker.bytes(&random, 1700)))
        }
    }

    // MARK: Liveness

    /// Whatever was done to them: after a reset and a proper start every device answers.
    private func checkLiveness() throws(FuzzFailure) {
        _ = machine.run(until: .forever)
        try oracle.check()
        for t in targets {
            start(t, isBent: false)
            let before = t.tallies.reduce(0) { $0 + $1.good }
            let request = Self.question(t)
            let list = descriptors(t, request, from: 0, modulo: t.rings[request.queue].size, isTidy: true)
            for (index, d) in list.enumerated() { put(t, t.rings[request.queue].descriptors + UInt64(16 * index), d) }
            if list.count > t.rings[request.queue].size { continue }
            t.poke16(t.rings[request.queue].available + 4, 0)
            t.poke16(t.rings[request.queue].available + 2, 1)
            t.write(0x050, UInt32(request.queue))
            machine.hostPort.post(t.name == "keyboard" ? .key(code: 30, down: true) : .wheel(1))
            _ = machine.run(until: .forever)
            if t.tallies.reduce(0, { $0 + $1.good }) == before { throw FuzzFailure(description: "\(t.name) does not answer after a reset") }
        }
        try oracle.check()
    }

    private static func question(_ t: FuzzTarget) -> FuzzRequest {
        switch t.deviceID {
        case 2: FuzzRequest(queue: 0, readable: RequestMaker.little(8, 0, 0, 0), room: 21)
        case 1, 3: FuzzRequest(queue: 1, readable: [UInt8](repeating: 1, count: 80))
        case 16: FuzzRequest(queue: 0, readable: RequestMaker.little(0x100, 0, 0, 0, 0, 0), room: 408)
        case 17: FuzzRequest(queue: 0, readable: RequestMaker.little(1, 0, 0, 0), room: 16)
        default: FuzzRequest(queue: 0, room: 8)
        }
    }
}

/// A guest that does nothing; the fuzzer is its driver.
final class FuzzGuest: Guest {
    func boot() {}
    func interrupt(line: Int) {}
    func alarm() {}
    func runSlice(limit: UInt64) -> Bool { false }
    var subsystemHashes: [(name: String, hash: UInt64)] { [] }
}

public enum DeviceFuzzer {
    public static let sessionOperationCount = 2000

    /// Runs `operations` operations in sessions of 2,000, from `seed` on. Throws the first failure.
    public static func run(seed: UInt64, operations: Int, hasCanary: Bool = false) throws -> FuzzSummary {
        let cases = DeviceFuzzCases(hasCanary: hasCanary)
        _ = try FuzzCommand.cases(DeviceFuzzEntries.all[0], cases, seed: seed, operations: operations, hasCanary: hasCanary)
        return cases.summary
    }
}
