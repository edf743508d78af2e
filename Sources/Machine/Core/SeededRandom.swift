// Owns deterministic randomness: xoshiro256** (Blackman and Vigna) seeded by SplitMix64. Invariant: the sequence is a
// function of the seed and the stream name alone, on every host.

/// A seeded generator. Give each consumer its own stream so that one does not disturb another.
public struct SeededRandom: RandomNumberGenerator, Sendable {
    private var s0, s1, s2, s3: UInt64

    public init(seed: UInt64, stream: String = "") {
        var state = seed
        for byte in stream.utf8 { state = (state ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        func next(_ state: inout UInt64) -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
        s0 = next(&state); s1 = next(&state); s2 = next(&state); s3 = next(&state)
    }

    public mutating func next() -> UInt64 {
        func rotate(_ x: UInt64, _ k: UInt64) -> UInt64 { (x << k) | (x >> (64 - k)) }
        let result = rotate(s1 &* 5, 7) &* 9
        let t = s1 << 17
        s2 ^= s0; s3 ^= s1; s1 ^= s2; s0 ^= s3
        s2 ^= t
        s3 = rotate(s3, 45)
        return result
    }

    /// A value in 0..<bound (bound > 0), by multiplication; the bias is below 2^-32 for bounds that fit 32 bits.
    public mutating func below(_ bound: UInt64) -> UInt64 {
        bound == 0 ? 0 : next().multipliedFullWidth(by: bound).high
    }

    /// The internal state folded to one word, for state hashes.
    public var stateHash: UInt64 {
        var hasher = StateHasher()
        hasher.add(s0); hasher.add(s1); hasher.add(s2); hasher.add(s3)
        return hasher.value
    }
}
