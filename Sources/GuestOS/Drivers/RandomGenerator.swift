// ChaCha20 (RFC 8439 §2.3) as a random generator, seeded once from the entropy device.

public struct RandomGenerator {
    private var state: [UInt32]
    private var block: [UInt8] = []
    private var used = 64
    public private(set) var isSeeded = false

    public init() { state = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574] + [UInt32](repeating: 0, count: 12) }

    public mutating func seed(_ bytes: [UInt8]) {
        for i in 0..<min(bytes.count, 32) {
            let shift = UInt32((i % 4) * 8)
            state[4 + i / 4] = (state[4 + i / 4] & ~(0xff << shift)) | UInt32(bytes[i]) << shift
        }
        used = 64
        isSeeded = true
    }
    public mutating func next() -> UInt8 {
        if used == 64 { refill() }
        used += 1
        return block[used - 1]
    }
    private mutating func refill() {
        var x = state
        func quarter(_ a: Int, _ b: Int, _ c: Int, _ d: Int) {
            x[a] &+= x[b]; x[d] ^= x[a]; x[d] = x[d] << 16 | x[d] >> 16
            x[c] &+= x[d]; x[b] ^= x[c]; x[b] = x[b] << 12 | x[b] >> 20
            x[a] &+= x[b]; x[d] ^= x[a]; x[d] = x[d] << 8 | x[d] >> 24
            x[c] &+= x[d]; x[b] ^= x[c]; x[b] = x[b] << 7 | x[b] >> 25
        }
        for _ in 0..<10 {
            quarter(0, 4, 8, 12); quarter(1, 5, 9, 13); quarter(2, 6, 10, 14); quarter(3, 7, 11, 15)
            quarter(0, 5, 10, 15); quarter(1, 6, 11, 12); quarter(2, 7, 8, 13); quarter(3, 4, 9, 14)
        }
        block = []
        for i in 0..<16 {
            let word = x[i] &+ state[i]
            for k in 0..<4 { block.append(UInt8(truncatingIfNeeded: word >> UInt32(k * 8))) }
        }
        state[12] &+= 1
        if state[12] == 0 { state[13] &+= 1 }
        used = 0
    }
}
