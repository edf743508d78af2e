// LZ4 block format (lz4_Block_format.md 1.6): the codec of the compressed page pool. Invariants: the compressor never
// writes past its capacity; the decompressor never reads or writes outside its two buffers, whatever the input is.

/// A reusable compressor: one hash table of positions, for inputs of at most 64 KiB.
public final class LZ4Codec {
    static let hashBitCount: UInt32 = 13
    static let matchByteCountMin = 4
    /// The last match must start at least 12 bytes before the end and the last 5 bytes are literals (end-of-block rules).
    static let matchStartLimit = 12, lastLiteralByteCount = 5
    public static let inputByteCountMax = 65536
    private let table: UnsafeMutablePointer<UInt16>

    public init() {
        table = .allocate(capacity: 1 << Int(LZ4Codec.hashBitCount))
        table.initialize(repeating: 0, count: 1 << Int(LZ4Codec.hashBitCount))
    }
    deinit { table.deallocate() }

    /// Compresses `count` bytes (at most 64 KiB) into at most `capacity`; nil when they do not fit.
    public func compress(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutableRawPointer, capacity: Int) -> Int? {
        guard count >= 0, count <= LZ4Codec.inputByteCountMax else { return nil }
        let table = self.table
        table.update(repeating: 0, count: 1 << Int(LZ4Codec.hashBitCount))
        var output = 0, anchor = 0, position = 0
        if count > LZ4Codec.matchStartLimit {
            let startLimit = count - LZ4Codec.matchStartLimit
            let matchEnd = count - LZ4Codec.lastLiteralByteCount
            position = 1
            var missCount = 0
            while position <= startLimit {
                let word = source.loadUnaligned(fromByteOffset: position, as: UInt32.self)
                let slot = Int((word &* 2_654_435_761) >> (32 - LZ4Codec.hashBitCount))
                var candidate = Int(table[slot])
                table[slot] = UInt16(truncatingIfNeeded: position)
                if candidate >= position || source.loadUnaligned(fromByteOffset: candidate, as: UInt32.self) != word {
                    // Incompressible stretches are crossed in growing steps.
                    missCount &+= 1
                    position &+= 1 &+ (missCount >> 6)
                    continue
                }
                missCount = 0
                while position > anchor, candidate > 0, source.load(fromByteOffset: position - 1, as: UInt8.self) == source.load(fromByteOffset: candidate - 1, as: UInt8.self) {
                    position &-= 1
                    candidate &-= 1
                }
                let length = LZ4Codec.matchLength(source, position, candidate, matchEnd)
                guard let next = LZ4Codec.emit(source, anchor, position, position - candidate, length, target, output, capacity, count) else { return nil }
                output = next
                position += length
                anchor = position
            }
        }
        return LZ4Codec.emit(source, anchor, count, 0, 0, target, output, capacity, count)
    }

    @inline(__always)
    private static func matchLength(_ source: UnsafeRawPointer, _ position: Int, _ candidate: Int, _ end: Int) -> Int {
        var p = position, c = candidate
        while p &+ 8 <= end {
            let difference = source.loadUnaligned(fromByteOffset: p, as: UInt64.self) ^ source.loadUnaligned(fromByteOffset: c, as: UInt64.self)
            if difference != 0 { return p &- position &+ difference.trailingZeroBitCount / 8 }
            p &+= 8
            c &+= 8
        }
        while p < end, source.load(fromByteOffset: p, as: UInt8.self) == source.load(fromByteOffset: c, as: UInt8.self) {
            p &+= 1
            c &+= 1
        }
        return p &- position
    }

    /// One sequence: token, literals, and (unless `matchCount` is 0: the last one) offset and match length. Short ones are
    /// written in whole words where the buffers (`sourceCount`, `capacity`) leave room.
    private static func emit(_ source: UnsafeRawPointer, _ from: Int, _ to: Int, _ offset: Int, _ matchCount: Int,
                             _ target: UnsafeMutableRawPointer, _ output: Int, _ capacity: Int, _ sourceCount: Int) -> Int? {
        let literalCount = to - from
        let matchCode = matchCount == 0 ? 0 : matchCount - matchByteCountMin
        var o = output
        if literalCount < 15, matchCode < 15, matchCount != 0, capacity &- o >= 20, from &+ 16 <= sourceCount {
            target.storeBytes(of: UInt8(truncatingIfNeeded: literalCount << 4 | matchCode), toByteOffset: o, as: UInt8.self)
            copyWords(source + from, target + o + 1, 16)
            o &+= 1 &+ literalCount
            target.storeBytes(of: UInt16(truncatingIfNeeded: offset).littleEndian, toByteOffset: o, as: UInt16.self)
            return o &+ 2
        }
        func put(_ byte: Int) -> Bool {
            if o >= capacity { return false }
            target.storeBytes(of: UInt8(truncatingIfNeeded: byte), toByteOffset: o, as: UInt8.self)
            o += 1
            return true
        }
        func putLength(_ length: Int) -> Bool {
            var rest = length - 15
            while rest >= 255 {
                if !put(255) { return false }
                rest -= 255
            }
            return put(rest)
        }
        guard put(min(literalCount, 15) << 4 | min(matchCode, 15)) else { return nil }
        if literalCount >= 15, !putLength(literalCount) { return nil }
        if o + literalCount > capacity { return nil }
        if literalCount > 0 { (target + o).copyMemory(from: source + from, byteCount: literalCount) }
        o += literalCount
        if matchCount == 0 { return o }
        guard put(offset & 255), put(offset >> 8) else { return nil }
        if matchCode >= 15, !putLength(matchCode) { return nil }
        return o
    }

    /// Decompresses one block; nil when the input is malformed or does not fit `capacity`. Bytes of the target behind the
    /// result may be overwritten: short pieces are copied in whole words while there is room.
    public static func decompress(_ source: UnsafeRawPointer, count: Int, into target: UnsafeMutableRawPointer, capacity: Int) -> Int? {
        var i = 0, o = 0
        while i < count {
            let token = Int(source.load(fromByteOffset: i, as: UInt8.self))
            i &+= 1
            var literalCount = token >> 4
            if literalCount == 15 {
                let more = lengthBytes(source, &i, count)
                if more < 0 { return nil }
                literalCount &+= more
            }
            if literalCount <= 16, count &- i >= 16, capacity &- o >= 16 {
                copyWords(source + i, target + o, 16)
            } else {
                guard literalCount <= count &- i, literalCount <= capacity &- o else { return nil }
                if literalCount > 0 { (target + o).copyMemory(from: source + i, byteCount: literalCount) }
            }
            i &+= literalCount
            o &+= literalCount
            if i == count { return o }
            guard count &- i >= 2 else { return nil }
            let offset = Int(source.loadUnaligned(fromByteOffset: i, as: UInt16.self).littleEndian)
            i &+= 2
            var length = token & 15
            if length == 15 {
                let more = lengthBytes(source, &i, count)
                if more < 0 { return nil }
                length &+= more
            }
            length &+= matchByteCountMin
            guard offset > 0, offset <= o, length <= capacity &- o else { return nil }
            copyMatch(target + o, offset: offset, length: length, room: capacity &- o)
            o &+= length
        }
        return nil
    }

    /// The bytes that continue a length of 15; negative when the input ends in them.
    @inline(__always)
    private static func lengthBytes(_ source: UnsafeRawPointer, _ i: inout Int, _ count: Int) -> Int {
        var length = 0
        while i < count {
            let byte = Int(source.load(fromByteOffset: i, as: UInt8.self))
            i &+= 1
            length &+= byte
            if byte != 255 { return length }
        }
        return -1
    }

    /// Forward, eight bytes at a time: at least `length`, at most seven more. Source and target are at least eight apart.
    @inline(__always)
    private static func copyWords(_ source: UnsafeRawPointer, _ target: UnsafeMutableRawPointer, _ length: Int) {
        var k = 0
        repeat {
            target.storeBytes(of: source.loadUnaligned(fromByteOffset: k, as: UInt64.self), toByteOffset: k, as: UInt64.self)
            k &+= 8
        } while k < length
    }

    /// Copies a match that may overlap itself (an offset smaller than the length repeats a pattern). `room` is what may be
    /// written, at least `length`.
    @inline(__always)
    private static func copyMatch(_ target: UnsafeMutableRawPointer, offset: Int, length: Int, room: Int) {
        if offset >= length && (length > 64 || room &- length < 8) {
            target.copyMemory(from: target - offset, byteCount: length)
            return
        }
        // A pattern shorter than a word is first repeated until its multiple is as long as one.
        var distance = offset, k = 0
        if offset < 8 {
            while distance < 8 { distance &+= offset }
            let head = min(distance, length)
            while k < head {
                target.storeBytes(of: (target - offset).load(fromByteOffset: k, as: UInt8.self), toByteOffset: k, as: UInt8.self)
                k &+= 1
            }
        }
        if k < length, room &- length >= 8 {
            copyWords(target + k - distance, target + k, length &- k)
            return
        }
        while k < length {
            target.storeBytes(of: (target - distance).load(fromByteOffset: k, as: UInt8.self), toByteOffset: k, as: UInt8.self)
            k &+= 1
        }
    }
}
