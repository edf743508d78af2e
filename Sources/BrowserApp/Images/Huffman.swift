// Canonical Huffman codes of deflate (RFC 1951 §3.2.2): a table for short codes, counting for long ones.

struct DeflateCode {
    static let fastBits = 10
    /// By the next ten bits: symbol << 4 | length, or 0 when the code is longer.
    private(set) var fast: [UInt16]
    private var counts: [UInt16]
    private var symbols: [UInt16]

    /// Nil when the lengths oversubscribe the code space. An incomplete code is accepted; unused codes are errors
    /// when they occur.
    init?(lengths: [UInt8]) {
        counts = [UInt16](repeating: 0, count: 16)
        for length in lengths { counts[Int(length)] += 1 }
        counts[0] = 0
        var left = 1
        for length in 1...15 {
            left = left * 2 - Int(counts[length])
            if left < 0 { return nil }
        }
        var offsets = [Int](repeating: 0, count: 16), next = [UInt32](repeating: 0, count: 16)
        for length in 1..<15 {
            offsets[length + 1] = offsets[length] + Int(counts[length])
            next[length + 1] = (next[length] + UInt32(counts[length])) << 1
        }
        symbols = [UInt16](repeating: 0, count: lengths.count)
        fast = [UInt16](repeating: 0, count: 1 << DeflateCode.fastBits)
        for symbol in 0..<lengths.count where lengths[symbol] != 0 {
            let length = Int(lengths[symbol])
            symbols[offsets[length]] = UInt16(symbol)
            offsets[length] += 1
            if length <= DeflateCode.fastBits { fill(symbol, length, next[length]) }
            next[length] += 1
        }
    }

    private mutating func fill(_ symbol: Int, _ length: Int, _ code: UInt32) {
        var reversed = 0
        for i in 0..<length where code >> UInt32(i) & 1 == 1 { reversed |= 1 << (length - 1 - i) }
        while reversed < 1 << DeflateCode.fastBits {
            fast[reversed] = UInt16(symbol << 4 | length)
            reversed += 1 << length
        }
    }

    /// Decodes bit by bit from the low end of `bits`, of which `available` are real. Nil: more bits are needed.
    /// Length 0: no such code.
    func slow(_ bits: UInt64, _ available: Int) -> (symbol: Int, length: Int)? {
        var code = 0, first = 0, index = 0
        for length in 1...15 {
            if length > available { return nil }
            code |= Int(bits >> UInt64(length - 1) & 1)
            let count = Int(counts[length])
            if code - count < first { return (Int(symbols[index + code - first]), length) }
            index += count
            first = (first + count) << 1
            code <<= 1
        }
        return (0, 0)
    }
}
