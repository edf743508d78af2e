// Owns one request of a virtqueue: the buffers of a descriptor chain, checked against guest RAM (VirtIO 1.2 §2.7.5).
// Invariant: every segment lies wholly in guest RAM, so reading and writing through a chain never traps.
import Machine

/// Why a queue cannot go on. Counted by reason; the device asks for a reset and the host goes on.
public enum QueueFault: Int, Error, CaseIterable, Sendable {
    case ringOutsideRAM, availableIndexJump, descriptorIndex, chainTooLong, bufferOutsideRAM
    case nestedIndirect, indirectLength, indirectNotNegotiated, nextAfterIndirect, readableAfterWritable
    case ringMisaligned, ringsOverlap, bufferOverRing, tooManyInFlight, chainTooLarge
    public var name: String {
        switch self {
        case .ringOutsideRAM: "ring outside RAM"
        case .availableIndexJump: "available index jumps by more than the queue size"
        case .descriptorIndex: "descriptor index out of range"
        case .chainTooLong: "descriptor chain loops"
        case .bufferOutsideRAM: "buffer outside RAM"
        case .nestedIndirect: "nested indirect descriptor"
        case .indirectLength: "bad indirect table length"
        case .indirectNotNegotiated: "indirect descriptor not negotiated"
        case .nextAfterIndirect: "descriptor after an indirect one"
        case .readableAfterWritable: "readable buffer after a writable one"
        case .ringMisaligned: "ring not aligned"
        case .ringsOverlap: "rings overlap"
        case .bufferOverRing: "buffer over the queue's own rings"
        case .tooManyInFlight: "more requests in flight than descriptors"
        case .chainTooLarge: "descriptor chain of more than 4 GiB"
        }
    }
}

/// The buffers of one request: what the driver wrote for the device, then room for the device's answer.
public struct DescriptorChain {
    struct Segment { var pointer: UnsafeMutableRawPointer; var count: Int }
    let head: UInt16
    var readable: [Segment] = []
    var writable: [Segment] = []
    public internal(set) var readableByteCount = 0
    public internal(set) var writableByteCount = 0

    init(head: UInt16) { self.head = head }

    mutating func add(_ segment: Segment, isWritable: Bool) {
        if isWritable {
            writable.append(segment)
            writableByteCount += segment.count
        } else {
            readable.append(segment)
            readableByteCount += segment.count
        }
    }

    /// Up to `count` bytes from `offset` of the readable part; shorter where it ends.
    public func read(offset: Int = 0, count: Int) -> [UInt8] {
        let available = max(0, min(count, readableByteCount - offset))
        guard available > 0 else { return [] }
        return [UInt8](unsafeUninitializedCapacity: available) { buffer, filled in
            filled = Self.walk(readable, offset: offset, count: available) { pointer, position, length in
                (UnsafeMutableRawPointer(buffer.baseAddress!) + position).copyMemory(from: pointer, byteCount: length)
            }
        }
    }

    /// Writes bytes at `offset` of the writable part; returns how many fitted.
    @discardableResult
    public func write(_ bytes: [UInt8], offset: Int = 0) -> Int {
        bytes.withUnsafeBytes { write($0, offset: offset) }
    }

    @discardableResult
    public func write(_ bytes: UnsafeRawBufferPointer, offset: Int = 0) -> Int {
        guard let source = bytes.baseAddress else { return 0 }
        return Self.walk(writable, offset: offset, count: bytes.count) { pointer, position, length in
            pointer.copyMemory(from: source + position, byteCount: length)
        }
    }

    /// What stands in the writable part now: up to `count` bytes from `offset`.
    public func written(offset: Int, count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        forEachWritable(offset: offset, count: max(0, min(count, writableByteCount - offset))) { buffer, _ in bytes += buffer }
        return bytes
    }

    /// Visits `count` bytes of the readable part in place.
    public func forEachReadable(offset: Int, count: Int, _ body: (UnsafeRawBufferPointer, Int) -> Void) {
        _ = Self.walk(readable, offset: offset, count: count) { body(UnsafeRawBufferPointer(start: $0, count: $2), $1) }
    }

    /// Visits `count` bytes of the writable part in place.
    public func forEachWritable(offset: Int, count: Int, _ body: (UnsafeMutableRawBufferPointer, Int) -> Void) {
        _ = Self.walk(writable, offset: offset, count: count) {
            body(UnsafeMutableRawBufferPointer(start: $0, count: $2), $1)
        }
    }

    private static func walk(
        _ segments: [Segment], offset: Int, count: Int, _ body: (UnsafeMutableRawPointer, Int, Int) -> Void
    ) -> Int {
        var skip = offset
        var done = 0
        for segment in segments {
            if done >= count { break }
            if skip >= segment.count { skip -= segment.count; continue }
            let length = min(segment.count - skip, count - done)
            body(segment.pointer + skip, done, length)
            done += length
            skip = 0
        }
        return done
    }
}
