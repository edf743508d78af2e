// A split virtqueue, driver side (VirtIO 1.2 §2.7). Invariant: every descriptor is either on the free list or part of
// exactly one chain that the device owns. Used entries that name no such chain are dropped and counted.

/// One buffer of a chain.
public struct VirtioBuffer {
    public var physical: UInt64, byteCount: UInt32, isDeviceWritable: Bool
    public init(_ physical: UInt64, _ byteCount: Int, writable: Bool) { self.physical = physical; self.byteCount = UInt32(byteCount); isDeviceWritable = writable }
}

public final class Virtqueue {
    public let size: Int
    public let index: UInt32
    /// Used entries that were nonsense.
    public private(set) var droppedCount: UInt64 = 0
    public private(set) var freeCount: Int
    let availableOffset: Int, usedOffset: Int
    private let transport: VirtioTransport
    private let memory: DMARegion
    private var freeHead: UInt16 = 0
    private var next: [UInt16]
    private var chainLength: [UInt16]          // at a chain's head: its descriptors; 0: not a head
    private var availableIndex: UInt16 = 0, usedIndex: UInt16 = 0

    static func usedOffset(size: Int) -> Int { (size * 16 + 6 + size * 2 + 4095) & ~4095 }
    /// Bytes of ring memory for a queue of `size` entries.
    public static func byteCount(size: Int) -> Int { usedOffset(size: size) + 6 + size * 8 }

    init(transport: VirtioTransport, index: UInt32, size: Int, memory: DMARegion) {
        self.transport = transport
        self.index = index
        self.size = size
        self.memory = memory
        availableOffset = size * 16
        usedOffset = Virtqueue.usedOffset(size: size)
        freeCount = size
        next = (0..<size).map { UInt16($0 + 1) }
        chainLength = [UInt16](repeating: 0, count: size)
        memory.base.initializeMemory(as: UInt8.self, repeating: 0, count: Virtqueue.byteCount(size: size))
    }

    /// Offers a chain to the device without notifying it; its head, or nil when descriptors are short.
    public func add(_ buffers: [VirtioBuffer]) -> UInt16? {
        guard !buffers.isEmpty, buffers.count <= freeCount else { return nil }
        let head = freeHead
        var descriptor = head
        for (i, b) in buffers.enumerated() {
            let isLast = i == buffers.count - 1
            let flags: UInt16 = (isLast ? 0 : 1) | (b.isDeviceWritable ? 2 : 0)
            let at = Int(descriptor) * 16
            store(at, b.physical)
            store(at + 8, b.byteCount)
            store(at + 12, flags)
            store(at + 14, isLast ? UInt16(0) : next[Int(descriptor)])
            descriptor = next[Int(descriptor)]
        }
        freeHead = descriptor
        freeCount -= buffers.count
        chainLength[Int(head)] = UInt16(buffers.count)
        store(availableOffset + 4 + (Int(availableIndex) % size) * 2, head)
        availableIndex &+= 1
        store(availableOffset + 2, availableIndex)
        return head
    }
    public func notify() { transport.notify(queue: index) }

    /// The next chain the device is done with, and the bytes it wrote.
    public func popUsed() -> (head: UInt16, byteCount: UInt32)? {
        while case let index = memory.base.load(fromByteOffset: usedOffset + 2, as: UInt16.self), usedIndex != index {
            if index &- usedIndex > UInt16(size) {      // more than was ever offered: none of it is believed
                droppedCount += 1
                usedIndex = index
                return nil
            }
            let at = usedOffset + 4 + (Int(usedIndex) % size) * 8
            usedIndex &+= 1
            let id = memory.base.load(fromByteOffset: at, as: UInt32.self)
            let byteCount = memory.base.load(fromByteOffset: at + 4, as: UInt32.self)
            if id >= UInt32(size) || chainLength[Int(id)] == 0 {
                droppedCount += 1
                continue
            }
            free(UInt16(id))
            return (UInt16(id), byteCount)
        }
        return nil
    }
    private func free(_ head: UInt16) {
        let count = Int(chainLength[Int(head)])
        chainLength[Int(head)] = 0
        var last = head
        for _ in 1..<max(count, 1) { last = next[Int(last)] }
        next[Int(last)] = freeHead
        freeHead = head
        freeCount += count
    }
    private func store<T: BitwiseCopyable>(_ offset: Int, _ value: T) { memory.base.storeBytes(of: value, toByteOffset: offset, as: T.self) }
}
