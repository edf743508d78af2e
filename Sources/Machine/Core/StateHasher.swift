// Owns the hash of machine state. Invariant: equal states give equal hashes in every build and on every
// little-endian host; nothing here depends on Swift's seeded `Hasher`.
import CHash

/// Accumulates words and buffers into 64 bits.
public struct StateHasher: Sendable {
    public private(set) var value: UInt64

    public init(seed: UInt64 = 0x5465_7272_6172_6975) { value = seed }

    public mutating func add(_ word: UInt64) {
        let product = (value ^ 0x9e37_79b9_7f4a_7c15).multipliedFullWidth(by: word ^ 0xd6e8_feb8_6659_fd93)
        value = product.high ^ product.low &+ 0xc2b2_ae3d_27d4_eb4f
    }
    public mutating func add(_ word: UInt32) { add(UInt64(word)) }
    public mutating func add(_ word: Int) { add(UInt64(bitPattern: Int64(word))) }
    public mutating func add(_ flag: Bool) { add(flag ? UInt64(1) : 0) }

    public mutating func add(_ bytes: [UInt8]) { bytes.withUnsafeBytes { add($0) } }
    public mutating func add(_ text: String) { add(Array(text.utf8)) }

    public mutating func add(_ buffer: UnsafeRawBufferPointer) {
        value = terrarium_hash(buffer.baseAddress, buffer.count, value)
    }

    /// Hash of one buffer.
    public static func hash(_ buffer: UnsafeRawBufferPointer) -> UInt64 {
        var hasher = StateHasher()
        hasher.add(buffer)
        return hasher.value
    }
}
