// A tiny VirtIO driver for tests: builds queues in guest RAM and talks to a device through the bus only.
@testable import Devices
import Machine
import XCTest

final class TestGuest: Guest {
    var lines: [Int] = []
    var onInterrupt: ((Int) -> Void)?
    func boot() {}
    func interrupt(line: Int) { lines.append(line); onInterrupt?(line) }
    func alarm() {}
    func runSlice(limit: UInt64) -> Bool { false }
    var subsystemHashes: [(name: String, hash: UInt64)] { [] }
}

/// One queue, driver side. Memory layout per queue: descriptors, available, used, then buffers.
final class DriverQueue {
    let machine: Machine
    let base: UInt64           // physical
    let size: Int
    var availableIndex: UInt16 = 0
    var seenUsed: UInt16 = 0
    var nextDescriptor = 0
    var nextBuffer: UInt64

    init(_ machine: Machine, base: UInt64, size: Int) {
        self.machine = machine
        self.base = base
        self.size = size
        nextBuffer = base + 0x4000
    }

    var descriptors: UInt64 { base }
    var available: UInt64 { base + 0x2000 }
    var used: UInt64 { base + 0x3000 }

    func pointer(_ physical: UInt64) -> UnsafeMutableRawPointer { machine.ram.pointer(physical: physical, count: 1)! }
    func poke16(_ at: UInt64, _ value: UInt16) { pointer(at).storeBytes(of: value, as: UInt16.self) }
    func poke32(_ at: UInt64, _ value: UInt32) { pointer(at).storeBytes(of: value, as: UInt32.self) }
    func poke64(_ at: UInt64, _ value: UInt64) { pointer(at).storeBytes(of: value, as: UInt64.self) }
    func peek16(_ at: UInt64) -> UInt16 { pointer(at).load(as: UInt16.self) }
    func peek32(_ at: UInt64) -> UInt32 { pointer(at).loadUnaligned(as: UInt32.self) }

    func writeDescriptor(_ index: Int, _ address: UInt64, _ length: UInt32, flags: UInt16, next: Int = 0, table: UInt64? = nil) {
        let at = (table ?? descriptors) + UInt64(16 * index)
        poke64(at, address); poke32(at + 8, length); poke16(at + 12, flags); poke16(at + 14, UInt16(next))
    }

    func allocate(_ count: Int) -> UInt64 {
        defer { nextBuffer += UInt64((count + 15) & ~15) }
        return nextBuffer
    }

    func store(_ bytes: [UInt8]) -> UInt64 {
        let address = allocate(bytes.count)
        if !bytes.isEmpty { pointer(address).copyMemory(from: bytes, byteCount: bytes.count) }
        return address
    }

    func load(_ address: UInt64, _ count: Int) -> [UInt8] {
        Array(UnsafeRawBufferPointer(start: pointer(address), count: count))
    }

    /// Offers a chain head.
    func offer(_ head: Int) {
        poke16(available + 4 + 2 * UInt64(Int(availableIndex) % size), UInt16(head))
        availableIndex &+= 1
        poke16(available + 2, availableIndex)
    }

    /// Offers a request with one readable and one writable buffer; returns the address of the writable one.
    @discardableResult
    func request(_ readable: [UInt8], room: Int) -> (head: Int, answer: UInt64) {
        let head = nextDescriptor
        var index = head
        let answer = allocate(room)
        if !readable.isEmpty {
            writeDescriptor(index, store(readable), UInt32(readable.count), flags: room > 0 ? 1 : 0, next: index + 1)
            index += 1
        }
        if room > 0 { writeDescriptor(index, answer, UInt32(room), flags: 2); index += 1 }
        nextDescriptor = index % (size - 2)
        offer(head)
        return (head, answer)
    }

    /// Used entries that were not taken yet: (head, written bytes).
    func takeUsed() -> [(head: Int, count: Int)] {
        var entries: [(head: Int, count: Int)] = []
        while seenUsed != peek16(used + 2) {
            let slot = used + 4 + 8 * UInt64(Int(seenUsed) % size)
            entries.append((Int(peek32(slot)), Int(peek32(slot + 4))))
            seenUsed &+= 1
        }
        return entries
    }
}

/// Drives one device in slot `slot`.
final class Driver {
    let machine: Machine
    let guest = TestGuest()
    let slot: Int
    var queues: [DriverQueue] = []
    static let physicalBase: UInt64 = 0x4000_0000

    init(_ machine: Machine, slot: Int) {
        self.machine = machine
        self.slot = slot
        machine.guest = guest
        guest.onInterrupt = { [unowned self] line in if line == self.slot { self.write(0x064, self.read(0x060)) } }
    }

    func read(_ offset: UInt64) -> UInt32 { machine.bus.read(VirtIOTransport.base + UInt64(slot) * VirtIOTransport.stride + offset) }
    func read8(_ offset: UInt64) -> UInt8 { UInt8(machine.bus.read(VirtIOTransport.base + UInt64(slot) * VirtIOTransport.stride + offset, byteCount: 1)) }
    func write(_ offset: UInt64, _ value: UInt32) { machine.bus.write(VirtIOTransport.base + UInt64(slot) * VirtIOTransport.stride + offset, value) }
    func write8(_ offset: UInt64, _ value: UInt8) { machine.bus.write(VirtIOTransport.base + UInt64(slot) * VirtIOTransport.stride + offset, UInt32(value), byteCount: 1) }

    /// The initialisation sequence of §3.1.1 with `queueCount` queues of 16.
    func start(queueCount: Int, features: UInt64 = 0, size: Int = 16) {
        XCTAssertEqual(read(0x000), 0x7472_6976)
        XCTAssertEqual(read(0x004), 2)
        write(0x070, 0)
        write(0x070, 1)
        write(0x070, 3)
        write(0x014, 0)
        let low = UInt64(read(0x010))
        write(0x014, 1)
        let offered = low | UInt64(read(0x010)) << 32
        XCTAssertNotEqual(offered & 1 << 32, 0)
        let accepted = offered & (features | 1 << 32)
        write(0x024, 0); write(0x020, UInt32(truncatingIfNeeded: accepted))
        write(0x024, 1); write(0x020, UInt32(accepted >> 32))
        write(0x070, 11)
        XCTAssertEqual(read(0x070), 11, "features refused")
        for index in 0..<queueCount {
            let queue = DriverQueue(machine, base: Self.physicalBase + UInt64(index) * 0x10_0000, size: size)
            queues.append(queue)
            write(0x030, UInt32(index))
            XCTAssertGreaterThanOrEqual(Int(read(0x034)), size)
            write(0x038, UInt32(size))
            for (offset, address) in [(0x080, queue.descriptors), (0x090, queue.available), (0x0a0, queue.used)] as [(UInt64, UInt64)] {
                write(offset, UInt32(truncatingIfNeeded: address))
                write(offset + 4, UInt32(address >> 32))
            }
            write(0x044, 1)
        }
        write(0x070, 15)
    }

    func notify(_ queue: Int) { write(0x050, UInt32(queue)) }
    func settle() { _ = machine.run(until: .forever) }

    /// One request on a queue, run to completion; returns what the device wrote.
    func transact(_ queue: Int, _ request: [UInt8], room: Int) -> [UInt8] {
        let (_, answer) = queues[queue].request(request, room: room)
        notify(queue)
        settle()
        guard let entry = queues[queue].takeUsed().last else { return [] }
        return queues[queue].load(answer, min(room, entry.count))
    }
}

func makeTestMachine(ramByteCount: Int = 8 << 20) throws -> Machine {
    try Machine(configuration: MachineConfiguration(ramByteCount: ramByteCount, seed: 5))
}

func little32(_ values: UInt32...) -> [UInt8] { values.flatMap { v in (0..<4).map { UInt8(truncatingIfNeeded: v >> UInt32(8 * $0)) } } }
func little64(_ value: UInt64) -> [UInt8] { little32(UInt32(truncatingIfNeeded: value), UInt32(value >> 32)) }
