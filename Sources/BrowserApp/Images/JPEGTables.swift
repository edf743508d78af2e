// Huffman tables and the entropy-coded bit stream of JPEG (ITU-T T.81 Annex C, F.2.2).

/// The zigzag order (Figure A.6): place in the block by index in the stream.
let jpegZigzag: [UInt8] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
]

struct JPEGHuffman {
    static let fastBits = 9
    /// By the next nine bits: length << 8 | symbol, or 0 when the code is longer.
    private(set) var fast = [UInt16](repeating: 0, count: 1 << JPEGHuffman.fastBits)
    private(set) var symbols: [UInt8]
    /// By length: first code past the last of that length (left-aligned to 16 bits), and what to add to find the symbol.
    private(set) var limit = [Int32](repeating: 0, count: 18)
    private(set) var offset = [Int32](repeating: 0, count: 17)

    /// Nil when the counts are more than codes of their lengths can be.
    init?(counts: [UInt8], symbols: [UInt8]) {
        self.symbols = symbols
        var code: Int32 = 0, index: Int32 = 0
        for length in 1...16 {
            offset[length] = index - code
            for _ in 0..<Int(counts[length - 1]) {
                if code >= 1 << Int32(length) { return nil }
                if length <= JPEGHuffman.fastBits { fill(code, length, symbols[Int(index)]) }
                code += 1
                index += 1
            }
            limit[length] = code << Int32(16 - length)
            code <<= 1
        }
        limit[17] = Int32.max
    }

    private mutating func fill(_ code: Int32, _ length: Int, _ symbol: UInt8) {
        let start = Int(code) << (JPEGHuffman.fastBits - length)
        for i in 0..<(1 << (JPEGHuffman.fastBits - length)) { fast[start + i] = UInt16(length) << 8 | UInt16(symbol) }
    }
}

/// Bits of a scan. At a marker or the end of the bytes it gives zeros and remembers how many.
struct JPEGBits {
    let bytes: UnsafeBufferPointer<UInt8>
    private(set) var at: Int
    private var bits: UInt32 = 0
    private var count = 0
    private(set) var missing = 0

    init(bytes: UnsafeBufferPointer<UInt8>, at: Int) {
        self.bytes = bytes
        self.at = at
    }

    /// More than a few bits were asked for that are not there.
    var isExhausted: Bool { missing > 64 }

    private mutating func refill() {
        while count <= 24 {
            var byte: UInt8 = 0
            if at < bytes.count, bytes[at] != 0xFF {
                byte = bytes[at]
                at += 1
            } else if at + 1 < bytes.count, bytes[at + 1] == 0 {
                byte = 0xFF
                at += 2
            } else {
                missing += 8
            }
            bits |= UInt32(byte) << UInt32(24 - count)
            count += 8
        }
    }

    mutating func take(_ n: Int) -> Int32 {
        if n == 0 { return 0 }
        if count < n { refill() }
        let value = bits >> UInt32(32 - n)
        bits <<= UInt32(n)
        count -= n
        return Int32(value)
    }

    /// F.2.2.1 EXTEND of n more bits.
    mutating func signed(_ n: Int) -> Int32 {
        if n == 0 { return 0 }
        let value = take(n)
        return value < 1 << Int32(n - 1) ? value - (1 << Int32(n)) + 1 : value
    }

    /// The next symbol; 0 when no code fits.
    mutating func symbol(_ table: JPEGHuffman) -> Int {
        if count < 16 { refill() }
        let entry = table.fast[Int(bits >> UInt32(32 - JPEGHuffman.fastBits))]
        if entry != 0 {
            _ = take(Int(entry >> 8))
            return Int(entry & 255)
        }
        let next = Int32(bits >> 16)
        for length in 1...16 where next < table.limit[length] {
            let index = Int(table.offset[length] + next >> Int32(16 - length))
            _ = take(length)
            return index >= 0 && index < table.symbols.count ? Int(table.symbols[index]) : 0
        }
        _ = take(16)
        return 0
    }

    /// Skips to the next restart marker; false when another marker or the end comes first.
    mutating func restart() -> Bool {
        (bits, count, missing) = (0, 0, 0)
        while at + 1 < bytes.count {
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
