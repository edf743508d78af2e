// Bytes in, bytes out, in order, with a capacity: the send and receive buffers of TCP.
//
// Invariant: 0 ≤ head ≤ tail ≤ storage.count ≤ what `capacity` needs. All copies are whole-memory copies: element-wise
// ones cost eight instructions a byte in a program, these an eighth.

public struct ByteQueue: Sendable {
    public let capacity: Int
    private var storage: [UInt8] = []
    private var head = 0, tail = 0
    public init(capacity: Int) { self.capacity = capacity }
    public var count: Int { tail - head }
    public var isEmpty: Bool { count == 0 }
    public var room: Int { max(0, capacity - count) }

    /// Appends what fits of `bytes[start..<end]`; answers how many bytes that was.
    public mutating func append(_ bytes: [UInt8], _ start: Int, _ end: Int) -> Int {
        let n = min(end - start, room)
        guard n > 0 else { return 0 }
        makeRoom(n)
        copyBytes(bytes, start, n, into: &storage, at: tail)
        tail += n
        return n
    }
    public mutating func removeFirst(_ n: Int) {
        head += min(n, count)
        if head == tail { head = 0; tail = 0 }
    }
    public mutating func take(max byteCount: Int) -> [UInt8] { take(max: byteCount, after: []) }
    /// The bytes behind a prefix, in one array: a message is built with one copy.
    public mutating func take(max byteCount: Int, after prefix: [UInt8]) -> [UInt8] {
        let n = min(byteCount, count)
        var out = prefix
        guard n > 0 else { return out }
        out = uninitializedBytes(prefix.count + n)
        copyBytes(prefix, 0, prefix.count, into: &out, at: 0)
        copyBytes(storage, head, n, into: &out, at: prefix.count)
        removeFirst(n)
        return out
    }
    /// Copies `n` bytes that stand `offset` behind the front; they must be there.
    func copy(_ offset: Int, _ n: Int, into b: inout [UInt8], at i: Int) { copyBytes(storage, head + offset, n, into: &b, at: i) }
    public mutating func clear() { storage = []; head = 0; tail = 0 }

    /// Room for `n` bytes behind the tail: by moving to the front when at least half is free, else by doubling.
    private mutating func makeRoom(_ n: Int) {
        guard tail + n > storage.count else { return }
        let used = count
        if storage.count >= 2 * (used + n) || storage.count >= capacity && used + n <= storage.count {
            let h = head
            storage.withUnsafeMutableBytes { p in
                guard let base = p.baseAddress else { return }
                base.copyMemory(from: base + h, byteCount: used)
            }
        } else {
            var larger = uninitializedBytes(max(4096, min(capacity, max(2 * storage.count, used + n)), used + n))
            copyBytes(storage, head, used, into: &larger, at: 0)
            storage = larger
        }
        head = 0
        tail = used
    }
}

/// `n` bytes of any value; the caller writes them all.
@inline(__always)
func uninitializedBytes(_ n: Int) -> [UInt8] { [UInt8](unsafeUninitializedCapacity: n) { _, count in count = n } }

/// Copies `source[start..<start + n]` to `target[at...]`; both ranges must exist.
func copyBytes(_ source: [UInt8], _ start: Int, _ n: Int, into target: inout [UInt8], at i: Int) {
    guard n > 0 else { return }
    precondition(start >= 0 && i >= 0 && start + n <= source.count && i + n <= target.count, "copy outside a buffer")
    source.withUnsafeBytes { s in
        target.withUnsafeMutableBytes { t in
            guard let from = s.baseAddress, let to = t.baseAddress else { return }
            (to + i).copyMemory(from: from + start, byteCount: n)
        }
    }
}
