// Coefficients of a block (RFC 6386 §13).

enum VP8Tokens {
    /// Place in a block by order in the stream, and band by order: four bits each.
    private static let zigzag: UInt64 = 0xFEB7_ADC9_6325_8410
    private static let bands: UInt64 = 0x7666_6666_6546_3210

    @inline(__always)
    private static func nibble(_ word: UInt64, _ n: Int) -> Int { Int(truncatingIfNeeded: word >> UInt64(4 &* (n & 15))) & 15 }

    /// Reads one block from the coefficient `first` on, already multiplied by the steps. `p`: the probabilities of the
    /// block's type. The result is the place after the last coefficient that is there.
    static func read(_ bits: inout VP8Bits, _ p: UnsafePointer<UInt8>, context: Int, first: Int, dc: Int32, ac: Int32, into out: UnsafeMutablePointer<Int16>) -> Int {
        var n = first
        var branch = p + (nibble(bands, n) &* 3 &+ context) &* 11
        while n < 16 {
            if !bits.flag(branch[0]) { return n }
            while !bits.flag(branch[1]) {
                n &+= 1
                if n == 16 { return 16 }
                branch = p + nibble(bands, n) &* 33
            }
            var v: Int32 = 1, context = 1
            if bits.flag(branch[2]) {
                v = large(&bits, branch)
                context = 2
            }
            if bits.flag(128) { v = 0 &- v }
            out[nibble(zigzag, n)] = Int16(truncatingIfNeeded: v &* (n > 0 ? ac : dc))
            n &+= 1
            branch = p + (nibble(bands, n) &* 3 &+ context) &* 11
        }
        return 16
    }

    /// §13.2: 2 and more.
    private static func large(_ bits: inout VP8Bits, _ p: UnsafePointer<UInt8>) -> Int32 {
        if !bits.flag(p[3]) {
            if !bits.flag(p[4]) { return 2 }
            return bits.flag(p[5]) ? 4 : 3
        }
        if !bits.flag(p[6]) {
            if !bits.flag(p[7]) { return extra(&bits, 5, 159) }
            let high: Int32 = bits.flag(165) ? 2 : 0
            return extra(&bits, 7 + high, 145)
        }
        if !bits.flag(p[8]) {
            return bits.flag(p[9]) ? number(&bits, 19, [176, 155, 140, 135]) : number(&bits, 11, [173, 148, 140])
        }
        return bits.flag(p[10]) ? number(&bits, 67, [254, 254, 243, 230, 196, 177, 153, 140, 133, 130, 129])
            : number(&bits, 35, [180, 157, 141, 134, 130])
    }

    private static func extra(_ bits: inout VP8Bits, _ base: Int32, _ zero: UInt8) -> Int32 { bits.flag(zero) ? base + 1 : base }

    private static func number(_ bits: inout VP8Bits, _ base: Int32, _ zeros: [UInt8]) -> Int32 {
        var v: Int32 = 0
        for zero in zeros { v = v << 1 | (bits.flag(zero) ? 1 : 0) }
        return base + v
    }
}
