// Owns one split virtqueue, device side (VirtIO 1.2 §2.7): available ring in, used ring out, indirect tables, event
// index. Invariant: all addresses are checked against guest RAM at each use; a malformed ring is a `QueueFault`.
import Machine

/// A split virtqueue as the device sees it.
public final class Virtqueue {
    static let flagNext: UInt16 = 1, flagWrite: UInt16 = 2, flagIndirect: UInt16 = 4
    /// §2.7.4: no chain is longer in total, so that lengths in the used ring never wrap.
    static let chainByteCountMax = 1 << 32
    private unowned let ram: GuestRAM
    let sizeMax: Int

    // Set by the driver through the transport's registers.
    public internal(set) var size: Int
    public internal(set) var isReady = false
    var descriptorAddress: UInt64 = 0
    var availableAddress: UInt64 = 0
    public internal(set) var usedAddress: UInt64 = 0
    var hasIndirect = false
    var hasEventIndex = false
    /// Counts the times the queue was given up; what was accepted before belongs to rings that are gone.
    private(set) var generation: UInt64 = 0

    // Progress of the device.
    private(set) var nextAvailable: UInt16 = 0
    private(set) var nextUsed: UInt16 = 0
    private var signalledUsed: UInt16 = 0
    var inFlightCount = 0
    /// When the device has worked off everything accepted so far; requests of a queue complete in order.
    var busyUntil = Tick.zero

    init(ram: GuestRAM, sizeMax: Int) {
        self.ram = ram
        self.sizeMax = sizeMax
        size = sizeMax
    }

    func reset() {
        size = sizeMax
        descriptorAddress = 0; availableAddress = 0; usedAddress = 0
        hasIndirect = false; hasEventIndex = false
        disable()
    }

    /// The driver takes its rings back (§4.2.2.2): requests in flight are void, and new rings start at index 0.
    func disable() {
        isReady = false
        generation += 1
        nextAvailable = 0; nextUsed = 0; signalledUsed = 0
        inFlightCount = 0
        busyUntil = .zero
    }

    func hash(into hasher: inout StateHasher) {
        hasher.add(isReady)
        hasher.add(size)
        hasher.add(descriptorAddress); hasher.add(availableAddress); hasher.add(usedAddress)
        hasher.add(UInt64(nextAvailable) << 32 | UInt64(nextUsed) << 16 | UInt64(signalledUsed))
        hasher.add(inFlightCount)
        hasher.add(busyUntil.nanoseconds)
    }

    // MARK: Rings

    private struct Area {
        var start: UInt64, count: UInt64
        func overlaps(_ other: Area) -> Bool { start < other.start &+ other.count && other.start < start &+ count }
    }
    private var areas: [Area] {
        [Area(start: descriptorAddress, count: UInt64(16 * size)), Area(start: availableAddress, count: UInt64(6 + 2 * size)),
         Area(start: usedAddress, count: UInt64(6 + 8 * size))]
    }

    /// What is wrong with the rings that the driver wants to use: place, alignment (§2.7), or overlap with each other or
    /// with those of another queue.
    func ringFault(others: [Virtqueue]) -> QueueFault? {
        let mine = areas
        for area in mine where ram.pointer(physical: area.start, count: Int(area.count)) == nil { return .ringOutsideRAM }
        if descriptorAddress % 16 != 0 || availableAddress % 2 != 0 || usedAddress % 4 != 0 { return .ringMisaligned }
        if mine[0].overlaps(mine[1]) || mine[0].overlaps(mine[2]) || mine[1].overlaps(mine[2]) { return .ringsOverlap }
        for other in others where other !== self && other.isReady {
            for area in other.areas where mine.contains(where: { $0.overlaps(area) }) { return .ringsOverlap }
        }
        return nil
    }

    /// The next request, or nil when the driver has offered none.
    func pop() throws(QueueFault) -> DescriptorChain? {
        guard isReady else { return nil }
        let available = try pointer(availableAddress, count: 6 + 2 * size)
        let waiting = load16(available, 2) &- nextAvailable
        if waiting == 0 { return nil }
        if Int(waiting) > size { throw .availableIndexJump }
        if inFlightCount >= size { throw .tooManyInFlight }   // more requests than descriptors: some are offered twice
        let head = load16(available, 4 + 2 * (Int(nextAvailable) % size))
        let chain = try readChain(head)
        nextAvailable &+= 1
        inFlightCount += 1
        return chain
    }

    /// Asks the driver to notify for the next request it offers (event index only).
    func armNotification() throws(QueueFault) {
        guard isReady, hasEventIndex else { return }
        store16(try pointer(usedAddress, count: 6 + 8 * size), 4 + 8 * size, nextAvailable)
    }

    /// Gives a request back with `byteCount` bytes written into it. True when the driver wants an interrupt.
    func push(_ chain: DescriptorChain, byteCount: Int) throws(QueueFault) -> Bool {
        guard isReady else { return false }
        let used = try pointer(usedAddress, count: 6 + 8 * size)
        let slot = 4 + 8 * (Int(nextUsed) % size)
        store32(used, slot, UInt32(chain.head))
        store32(used, slot + 4, UInt32(truncatingIfNeeded: byteCount))
        nextUsed &+= 1
        store16(used, 2, nextUsed)
        inFlightCount = max(0, inFlightCount - 1)
        return try wantsInterrupt()
    }

    private func wantsInterrupt() throws(QueueFault) -> Bool {
        let available = try pointer(availableAddress, count: 6 + 2 * size)
        guard hasEventIndex else { return load16(available, 0) & 1 == 0 }
        let event = load16(available, 4 + 2 * size)
        let old = signalledUsed
        signalledUsed = nextUsed
        return nextUsed &- event &- 1 < nextUsed &- old   // §2.7.7.1
    }

    // MARK: Descriptors

    private func readChain(_ head: UInt16) throws(QueueFault) -> DescriptorChain {
        var chain = DescriptorChain(head: head)
        let table = try pointer(descriptorAddress, count: 16 * size)
        try follow(table, count: size, from: Int(head), isIndirect: false, into: &chain)
        return chain
    }

    private func follow(
        _ table: UnsafeMutableRawPointer, count: Int, from first: Int, isIndirect: Bool, into chain: inout DescriptorChain
    ) throws(QueueFault) {
        var index = first
        var visited = 0
        while true {
            guard index < count else { throw .descriptorIndex }
            visited += 1
            if visited > count { throw .chainTooLong }
            let entry = table + 16 * index
            let flags = load16(entry, 12)
            let length = load32(entry, 8)
            let address = entry.loadUnaligned(as: UInt64.self)
            if flags & Self.flagIndirect != 0 {
                if isIndirect { throw .nestedIndirect }
                return try followIndirect(address, length: length, flags: flags, into: &chain)
            }
            try add(address, length, flags, to: &chain)
            if flags & Self.flagNext == 0 { return }
            index = Int(load16(entry, 14))
        }
    }

    private func followIndirect(
        _ address: UInt64, length: UInt32, flags: UInt16, into chain: inout DescriptorChain
    ) throws(QueueFault) {
        if !hasIndirect { throw .indirectNotNegotiated }
        if flags & Self.flagNext != 0 { throw .nextAfterIndirect }
        let count = Int(length) / 16
        if length == 0 || length % 16 != 0 || count > sizeMax { throw .indirectLength }
        let table = try pointer(address, count: Int(length))
        try follow(table, count: count, from: 0, isIndirect: true, into: &chain)
    }

    private func add(_ address: UInt64, _ length: UInt32, _ flags: UInt16, to chain: inout DescriptorChain) throws(QueueFault) {
        guard let pointer = ram.pointer(physical: address, count: Int(length)) else { throw .bufferOutsideRAM }
        let isWritable = flags & Self.flagWrite != 0
        if !isWritable, !chain.writable.isEmpty { throw .readableAfterWritable }
        if isWritable, overlapsRings(Area(start: address, count: UInt64(length))) { throw .bufferOverRing }
        chain.add(.init(pointer: pointer, count: Int(length)), isWritable: isWritable)
        if chain.readableByteCount + chain.writableByteCount > Self.chainByteCountMax { throw .chainTooLarge }
    }

    /// The device would write over the rings that it works on.
    private func overlapsRings(_ buffer: Area) -> Bool {
        buffer.overlaps(Area(start: descriptorAddress, count: UInt64(16 * size))) || buffer.overlaps(Area(start: availableAddress, count: UInt64(6 + 2 * size)))
            || buffer.overlaps(Area(start: usedAddress, count: UInt64(6 + 8 * size)))
    }

    private func pointer(_ address: UInt64, count: Int) throws(QueueFault) -> UnsafeMutableRawPointer {
        guard let pointer = ram.pointer(physical: address, count: count) else { throw .ringOutsideRAM }
        return pointer
    }
}

@inline(__always) func load16(_ p: UnsafeMutableRawPointer, _ offset: Int) -> UInt16 {
    UInt16(littleEndian: p.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
}
@inline(__always) func load32(_ p: UnsafeMutableRawPointer, _ offset: Int) -> UInt32 {
    UInt32(littleEndian: p.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
}
@inline(__always) func store16(_ p: UnsafeMutableRawPointer, _ offset: Int, _ value: UInt16) {
    p.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt16.self)
}
@inline(__always) func store32(_ p: UnsafeMutableRawPointer, _ offset: Int, _ value: UInt32) {
    p.storeBytes(of: value.littleEndian, toByteOffset: offset, as: UInt32.self)
}
