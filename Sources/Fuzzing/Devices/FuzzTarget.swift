// Owns one fuzzed device: its transport, its share of guest RAM, and what a driver would remember of its queues.
// Layout of a share of 128 KiB: rings of two queues, indirect tables, then buffers whose ends touch guard bytes.
import Devices
import Machine

/// A device under test and where its driver would have its memory.
final class FuzzTarget {
    struct Ring {
        var size = 8
        var availableIndex: UInt16 = 0
        var descriptors: UInt64 = 0, available: UInt64 = 0, used: UInt64 = 0
    }
    /// How many requests of a queue were taken, given back, and answered as a working driver would want.
    struct Tally { var taken: UInt64 = 0; var used: UInt64 = 0; var good: UInt64 = 0 }

    static let shareByteCount: UInt64 = 131_072
    static let guardByteCount = 64
    static let bufferByteCount: UInt64 = 4096
    static let buffersOffset: UInt64 = 0x8000
    static let bufferCount = Int((shareByteCount - buffersOffset) / bufferByteCount)

    let machine: Machine
    let transport: VirtIOTransport
    let base: UInt64
    var rings: [Ring]
    var tallies: [Tally]
    /// Called before each register write: what the rings are may change with it.
    var beforeWrite: (() -> Void)?
    var hasIndirect = false, hasEventIndex = false

    init(_ machine: Machine, _ device: any VirtIODevice, slot: Int) throws {
        self.machine = machine
        transport = try VirtIOTransport(machine: machine, device: device, slot: slot)
        base = GuestRAM.physicalBase + UInt64(slot) * Self.shareByteCount
        rings = []
        tallies = device.queueSizes.map { _ in Tally() }
        for index in device.queueSizes.indices {
            let start = base + UInt64(index) * 0x3000
            rings.append(Ring(descriptors: start, available: start + 0x1000, used: start + 0x2000))
        }
    }

    var name: String { transport.name }
    var deviceID: UInt32 { transport.device.deviceID }
    var tables: UInt64 { base + 0x6000 }
    var registers: UInt64 { VirtIOTransport.base + UInt64(transport.slot) * VirtIOTransport.stride }

    // MARK: Memory

    func pointer(_ address: UInt64, _ count: Int) -> UnsafeMutableRawPointer? { machine.ram.pointer(physical: address, count: count) }
    func poke16(_ address: UInt64, _ value: UInt16) { pointer(address, 2)?.storeBytes(of: value, as: UInt16.self) }
    func poke32(_ address: UInt64, _ value: UInt32) { pointer(address, 4)?.storeBytes(of: value, as: UInt32.self) }
    func poke64(_ address: UInt64, _ value: UInt64) { pointer(address, 8)?.storeBytes(of: value, as: UInt64.self) }
    func poke(_ address: UInt64, _ bytes: [UInt8]) { pointer(address, bytes.count)?.copyMemory(from: bytes, byteCount: bytes.count) }

    /// A buffer of `count` bytes that ends where buffer place `index` has its guard.
    func buffer(_ index: Int, _ count: Int) -> UInt64 { guardAddress(index) - UInt64(count) }
    func guardAddress(_ index: Int) -> UInt64 {
        base + Self.buffersOffset + UInt64(index % Self.bufferCount + 1) * Self.bufferByteCount - UInt64(Self.guardByteCount)
    }

    // MARK: Registers

    func read(_ offset: UInt64, byteCount: Int = 4) -> UInt32 { machine.bus.read(registers + offset, byteCount: byteCount) }
    func write(_ offset: UInt64, _ value: UInt32, byteCount: Int = 4) {
        beforeWrite?()
        machine.bus.write(registers + offset, value, byteCount: byteCount)
    }
    func writeAddress(_ offset: UInt64, _ value: UInt64) {
        write(offset, UInt32(truncatingIfNeeded: value))
        write(offset + 4, UInt32(value >> 32))
    }

    /// Whether a request was answered as a driver would want.
    func isGood(_ queue: Int, _ chain: DescriptorChain, _ byteCount: Int) -> Bool {
        func word() -> UInt32 { chain.written(offset: 0, count: 4).enumerated().reduce(0) { $0 | UInt32($1.element) << UInt32(8 * $1.offset) } }
        switch (deviceID, queue) {
        case (2, _): return byteCount > 0 && chain.written(offset: byteCount - 1, count: 1) == [0]
        case (16, _): return byteCount >= 24 && word() & 0xff00 == 0x1100
        case (17, _): return byteCount >= 8 && chain.written(offset: 0, count: 1) == [0]
        case (3, 1), (1, 1), (18, 1): return true          // output, transmission, lights: nothing is answered
        default: return byteCount > 0
        }
    }
}
