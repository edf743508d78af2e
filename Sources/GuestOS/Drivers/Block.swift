// VirtIO block device (VirtIO 1.2 §5.2): reads, writes and flushes for swap and for the data disk. Each request in flight
// has a slot with its header and status byte; the data goes straight to and from the caller's frame.

public final class BlockDriver {
    public static let frameCount = 1
    public static let sectorByteCount = 512
    public static let requestCountMax = 16
    static let featureFlush: UInt64 = 1 << 9
    /// Request types (§5.2.6).
    public enum Operation: UInt32, Sendable { case read = 0, write = 1, flush = 4 }
    public let sectorCount: UInt64
    /// False: the device has no cache that needs flushing.
    public let canFlush: Bool
    public private(set) var inFlightCount = 0
    private let transport: VirtioTransport
    private let queue: Virtqueue
    private let slots: DMARegion                     // 32 bytes a slot: header 16, status 1
    private var freeSlots: [UInt8]
    private var slotOfHead: [UInt8]
    private var tokenOfSlot: [UInt32]

    public init?(transport: VirtioTransport, memory: DMARegion) {
        guard let features = transport.negotiate(BlockDriver.featureFlush), let queue = transport.makeQueue(0, size: 64, memory: memory.slice(0, 8192)) else { return nil }
        self.transport = transport
        self.queue = queue
        canFlush = features & BlockDriver.featureFlush != 0
        slots = memory.slice(8192, BlockDriver.requestCountMax * 32)
        freeSlots = (0..<UInt8(BlockDriver.requestCountMax)).reversed()
        slotOfHead = [UInt8](repeating: 0, count: 64)
        tokenOfSlot = [UInt32](repeating: 0, count: BlockDriver.requestCountMax)
        sectorCount = min(transport.config64(0), 1 << 54)     // so that bytes fit 64 bits, whatever the device says
        transport.start()
    }

    public var hasRoom: Bool { !freeSlots.isEmpty }

    /// Starts a transfer of `byteCount` bytes at `sector`; false when the queue is full. `token` comes back at completion.
    public func submit(isWrite: Bool, sector: UInt64, physical: UInt64, byteCount: Int, token: UInt32) -> Bool {
        submit(isWrite ? .write : .read, sector: sector, physical: physical, byteCount: byteCount, token: token)
    }
    /// The same for any operation; a flush has no data.
    public func submit(_ operation: Operation, sector: UInt64 = 0, physical: UInt64 = 0, byteCount: Int = 0, token: UInt32) -> Bool {
        guard let slot = freeSlots.popLast() else { return false }
        let memory = slots.slice(Int(slot) * 32, 32)
        memory.base.storeBytes(of: operation.rawValue, toByteOffset: 0, as: UInt32.self)
        memory.base.storeBytes(of: 0, toByteOffset: 4, as: UInt32.self)
        memory.base.storeBytes(of: sector, toByteOffset: 8, as: UInt64.self)
        memory.base.storeBytes(of: 0xff, toByteOffset: 16, as: UInt8.self)
        var chain = [VirtioBuffer(memory.physical, 16, writable: false)]
        if byteCount > 0 { chain.append(VirtioBuffer(physical, byteCount, writable: operation == .read)) }
        chain.append(VirtioBuffer(memory.physical + 16, 1, writable: true))
        guard let head = queue.add(chain) else {
            freeSlots.append(slot)
            return false
        }
        slotOfHead[Int(head)] = slot
        tokenOfSlot[Int(slot)] = token
        inFlightCount += 1
        queue.notify()
        return true
    }
    /// Completed transfers since the last call.
    public func handleInterrupt() -> [(token: UInt32, isOK: Bool)] {
        transport.acknowledgeInterrupt()
        var done: [(token: UInt32, isOK: Bool)] = []
        while let (head, _) = queue.popUsed() {
            let slot = slotOfHead[Int(head)]
            done.append((tokenOfSlot[Int(slot)], slots.base.load(fromByteOffset: Int(slot) * 32 + 16, as: UInt8.self) == 0))
            freeSlots.append(slot)
            inFlightCount -= 1
        }
        return done
    }
}
