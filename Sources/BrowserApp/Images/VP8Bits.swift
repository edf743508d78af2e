// The boolean entropy decoder of VP8 (RFC 6386 §7).

/// Decisions of given probability from a range of bytes. Past the end it goes on with zeros and remembers it.
struct VP8Bits {
    private let bytes: UnsafePointer<UInt8>
    private var at: Int
    private let stop: Int
    /// The bits that are read and not used up: the top eight are held against the range, `spare` more wait below.
    private var value: UInt64 = 0
    private var spare = -8
    private var range: UInt32 = 255
    private(set) var isExhausted = false

    init(_ bytes: UnsafePointer<UInt8>, from start: Int, to stop: Int) {
        self.bytes = bytes
        at = start
        self.stop = stop
    }

    private mutating func refill() {
        if stop &- at >= 4 {
            let b = bytes + at
            let word = UInt32(b[0]) << 24 | UInt32(b[1]) << 16 | UInt32(b[2]) << 8 | UInt32(b[3])
            value = value << 32 | UInt64(word)
            at &+= 4
            spare &+= 32
            return
        }
        value <<= 8
        spare &+= 8
        if at < stop {
            value |= UInt64(bytes[at])
            at &+= 1
        } else {
            isExhausted = true
        }
    }

    /// True with the probability `1 - zero / 256`.
    @inline(__always)
    mutating func flag(_ zero: UInt8) -> Bool {
        if spare < 0 { refill() }
        let split = 1 &+ ((range &- 1) &* UInt32(zero)) >> 8
        let threshold = UInt64(split) &<< UInt64(truncatingIfNeeded: spare)
        let isSet = value >= threshold
        if isSet {
            value &-= threshold
            range &-= split
        } else {
            range = split
        }
        let shift = range.leadingZeroBitCount &- 24
        range = range &<< UInt32(truncatingIfNeeded: shift)
        spare &-= shift
        return isSet
    }

    @inline(__always)
    mutating func bit(_ zero: UInt8) -> Int { flag(zero) ? 1 : 0 }

    /// An even chance.
    mutating func flag() -> Bool { flag(128) }

    /// An unsigned number of `n` bits, the highest first.
    mutating func number(_ n: Int) -> Int {
        var v = 0
        for _ in 0..<n { v = v << 1 | bit(128) }
        return v
    }

    /// A magnitude of `n` bits, then its sign.
    mutating func signed(_ n: Int) -> Int {
        let v = number(n)
        return flag() ? -v : v
    }

    /// A signed number that is there only when a flag says so, else 0.
    mutating func optionalSigned(_ n: Int) -> Int { flag() ? signed(n) : 0 }
}
