// Bits and prefix codes of WebP lossless (WebP Lossless Bitstream Specification §3, §6.2).

/// Bits from the low end of each byte. Past the end it gives zeros and remembers it.
struct VP8LBits {
    private let bytes: UnsafePointer<UInt8>
    private let byteCount: Int
    private var at: Int
    private var bits: UInt64 = 0
    private var count = 0
    private(set) var isExhausted = false

    init(_ bytes: UnsafePointer<UInt8>, from start: Int, to stop: Int) {
        self.bytes = bytes
        at = start
        byteCount = stop
    }

    @inline(__always)
    private mutating func refill() {
        while count <= 56 && at < byteCount {
            bits |= UInt64(bytes[at]) &<< UInt64(truncatingIfNeeded: count)
            at &+= 1
            count &+= 8
        }
    }

    @inline(__always)
    mutating func take(_ n: Int) -> Int {
        if count < n { refill() }
        if count < n { isExhausted = true; count = n }
        let value = Int(truncatingIfNeeded: bits & (1 &<< UInt64(truncatingIfNeeded: n) &- 1))
        bits = bits &>> UInt64(truncatingIfNeeded: n)
        count &-= n
        return value
    }

    @inline(__always)
    mutating func symbol(_ code: VP8LCode) -> Int {
        if count < 15 { refill() }
        let entry = code.table[Int(truncatingIfNeeded: bits) & code.mask]
        let n = Int(entry >> 16)
        if count < n { isExhausted = true; count = n }
        bits = bits &>> UInt64(truncatingIfNeeded: n)
        count &-= n
        return Int(entry & 0xFFFF)
    }
}

/// A prefix code as one table indexed by as many bits as the longest code has (at most 15).
struct VP8LCode {
    /// length << 16 | symbol
    private(set) var table: [UInt32]
    private(set) var mask = 0

    /// Nil unless the lengths make a complete code, or there is only one symbol (whose code is then empty).
    init?(lengths: [UInt8]) {
        var counts = [Int](repeating: 0, count: 16), used = 0, only = 0, longest = 0
        for symbol in 0..<lengths.count where lengths[symbol] > 0 {
            counts[Int(lengths[symbol])] += 1
            longest = max(longest, Int(lengths[symbol]))
            used += 1
            only = symbol
        }
        if used == 0 { return nil }
        if used == 1 {
            table = [UInt32(only)]
            return
        }
        var left = 1, code = 0, next = [Int](repeating: 0, count: 16)
        for length in 1...15 {
            left = left * 2 - counts[length]
            if left < 0 { return nil }
            code = (code + (length > 1 ? counts[length - 1] : 0)) << 1
            next[length] = code
        }
        if left != 0 { return nil }
        mask = 1 << longest - 1
        table = [UInt32](repeating: 0, count: 1 << longest)
        for symbol in 0..<lengths.count where lengths[symbol] > 0 {
            let length = Int(lengths[symbol])
            var reversed = 0
            for i in 0..<length where next[length] >> i & 1 == 1 { reversed |= 1 << (length - 1 - i) }
            next[length] += 1
            while reversed <= mask {
                table[reversed] = UInt32(length << 16 | symbol)
                reversed += 1 << length
            }
        }
    }
}
