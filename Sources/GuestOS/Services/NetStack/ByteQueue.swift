// Bytes in, bytes out, in order, with a capacity: the send and receive buffers of TCP.

public struct ByteQueue: Sendable {
    public let capacity: Int
    private var storage: [UInt8] = []
    private var head = 0
    public init(capacity: Int) { self.capacity = capacity }
    public var count: Int { storage.count - head }
    public var isEmpty: Bool { count == 0 }
    public var room: Int { max(0, capacity - count) }

    /// Appends what fits of `bytes[start..<end]`; answers how many bytes that was.
    public mutating func append(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Int {
        let n = min(end - start, room)
        guard n > 0 else { return 0 }
        compact()
        storage += bytes[start..<start + n]
        return n
    }
    public mutating func removeFirst(_ n: Int) {
        head += min(n, count)
        if head == storage.count { storage.removeAll(keepingCapacity: storage.capacity <= 4096); head = 0 }
    }
    public mutating func take(max byteCount: Int) -> [UInt8] {
        let n = min(byteCount, count)
        let out = Array(storage[head..<head + n])
        removeFirst(n)
        return out
    }
    /// Copies `n` bytes that stand `offset` behind the front; they must be there.
    func copy(_ offset: Int, _ n: Int, into b: inout [UInt8], at i: Int) {
        guard n > 0 else { return }
        b.replaceSubrange(i..<i + n, with: storage[head + offset..<head + offset + n])
    }
    public mutating func clear() { storage = []; head = 0 }
    private mutating func compact() {
        guard head > 0, head >= storage.count / 2 else { return }
        storage.removeFirst(head)
        head = 0
    }
}
