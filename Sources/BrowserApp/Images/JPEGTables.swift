// Huffman tables and the entropy-coded bit stream of JPEG (ITU-T T.81 Annex C, F.2.2).

/// The zigzag order (Figure A.6): place in the block by index in the stream.
let jpegZigzag: [UInt8] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
]

/// A table whose memory stays where it is, so that the block loop holds plain pointers.
final class JPEGHuffman {
    static let fastBits = 9
    /// By the next nine bits: length << 8 | symbol, or 0 when the code is longer.
    let fast: UnsafeMutablePointer<UInt16>
    /// 256 symbols, those that do not exist being 0.
    let symbols: UnsafeMutablePointer<UInt8>
    /// By length: first code past the last of that length (left-aligned to 16 bits), and what to add to find the symbol.
    let limit: UnsafeMutablePointer<Int32>
    let offset: UnsafeMutablePointer<Int32>

    /// Nil when the counts are more than codes of their lengths can be.
    init?(counts: [UInt8], symbols list: [UInt8]) {
        fast = .allocate(capacity: 1 << JPEGHuffman.fastBits)
        symbols = .allocate(capacity: 256)
        limit = .allocate(capacity: 18)
        offset = .allocate(capacity: 18)
        fast.initialize(repeating: 0, count: 1 << JPEGHuffman.fastBits)
        symbols.initialize(repeating: 0, count: 256)
        limit.initialize(repeating: 0, count: 18)
        offset.initialize(repeating: 0, count: 18)
        for i in 0..<min(256, list.count) { symbols[i] = list[i] }
        var code: Int32 = 0, index: Int32 = 0
        for length in 1...16 {
            offset[length] = index - code
            for _ in 0..<Int(counts[length - 1]) {
                if code >= 1 << Int32(length) { return nil }
                if length <= JPEGHuffman.fastBits { fill(Int(code), length, list[Int(index)]) }
                code += 1
                index += 1
            }
            limit[length] = code << Int32(16 - length)
            code <<= 1
        }
        limit[17] = Int32.max
    }

    private func fill(_ code: Int, _ length: Int, _ symbol: UInt8) {
        let start = code << (JPEGHuffman.fastBits - length)
        for i in 0..<(1 << (JPEGHuffman.fastBits - length)) { fast[start + i] = UInt16(length) << 8 | UInt16(symbol) }
    }

    deinit {
        fast.deallocate()
        symbols.deallocate()
        limit.deallocate()
        offset.deallocate()
    }
}

/// Bits of a scan. At a marker or the end of the bytes it gives zeros and remembers how many.
struct JPEGBits {
    private let bytes: UnsafePointer<UInt8>
    private let byteCount: Int
    private(set) var at: Int
    private var bits: UInt64 = 0
    private var count = 0
    private var missing = 0

    init(bytes: UnsafeBufferPointer<UInt8>, at: Int) {
        self.bytes = bytes.baseAddress!
        byteCount = bytes.count
        self.at = at
    }

    /// Bits were used that are not there.
    var isExhausted: Bool { missing > count }

    @inline(__always)
    private mutating func refill() {
        while count <= 56 {
            var byte: UInt8 = 0
            if at < byteCount, bytes[at] != 0xFF {
                byte = bytes[at]
                at &+= 1
            } else if at &+ 1 < byteCount, bytes[at &+ 1] == 0 {
                byte = 0xFF
                at &+= 2
            } else {
                missing = min(missing &+ 8, 1 << 20)
            }
            bits |= UInt64(byte) &<< UInt64(truncatingIfNeeded: 56 &- count)
            count &+= 8
        }
    }

    @inline(__always)
    mutating func take(_ n: Int) -> Int32 {
        if n == 0 { return 0 }
        if count < n { refill() }
        let value = bits &>> UInt64(truncatingIfNeeded: 64 &- n)
        bits = bits &<< UInt64(truncatingIfNeeded: n)
        count &-= n
        return Int32(truncatingIfNeeded: value)
    }

    /// F.2.2.1 EXTEND of n (at most 15) more bits.
    @inline(__always)
    mutating func signed(_ n: Int) -> Int32 {
        if n == 0 { return 0 }
        let value = take(n)
        return value < 1 &<< Int32(truncatingIfNeeded: n &- 1) ? value &- (1 &<< Int32(truncatingIfNeeded: n)) &+ 1 : value
    }

    /// The next symbol; 0 when no code fits.
    @inline(__always)
    mutating func symbol(_ table: JPEGCode) -> Int {
        if count < 32 { refill() }
        let entry = table.fast[Int(truncatingIfNeeded: bits &>> UInt64(64 - JPEGHuffman.fastBits))]
        if entry == 0 { return slowSymbol(table) }
        let n = UInt64(entry >> 8)
        bits = bits &<< n
        count &-= Int(n)
        return Int(entry & 255)
    }

    @inline(never)
    private mutating func slowSymbol(_ table: JPEGCode) -> Int {
        let next = Int32(truncatingIfNeeded: bits >> 48)
        for length in 1...16 where next < table.limit[length] {
            let index = Int(table.offset[length] + next >> Int32(16 - length))
            _ = take(length)
            return index >= 0 && index < 256 ? Int(table.symbols[index]) : 0
        }
        _ = take(16)
        return 0
    }

    /// Skips to the next restart marker; false when another marker or the end comes first.
    mutating func restart() -> Bool {
        (bits, count, missing) = (0, 0, 0)
        while at + 1 < byteCount {
            if bytes[at] == 0xFF && bytes[at + 1] >= 0xD0 && bytes[at + 1] <= 0xD7 {
                at += 2
                return true
            }
            if bytes[at] == 0xFF && bytes[at + 1] != 0 && bytes[at + 1] != 0xFF { return false }
            at += 1
        }
        return false
    }
}

/// The pointers of a `JPEGHuffman`, which outlives it.
struct JPEGCode {
    let fast: UnsafeMutablePointer<UInt16>, symbols: UnsafeMutablePointer<UInt8>
    let limit: UnsafeMutablePointer<Int32>, offset: UnsafeMutablePointer<Int32>
    init(_ table: JPEGHuffman) { fast = table.fast; symbols = table.symbols; limit = table.limit; offset = table.offset }
}
