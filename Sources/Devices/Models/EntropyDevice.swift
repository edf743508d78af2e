// Owns the VirtIO entropy device (VirtIO 1.2 §5.4). Invariant: the bytes are a function of the machine's seed and of
// what was drawn before; the host's randomness is never used.
import Machine

/// A seeded source of random bytes.
public final class EntropyDevice: VirtIODevice {
    public let name = "entropy"
    public let deviceID: UInt32 = 4
    public let deviceFeatures: UInt64 = 0
    public let queueSizes = [16]
    public var configuration: [UInt8] { [] }
    static let requestByteCountMax = 1 << 16
    private var random: SeededRandom
    private unowned(unsafe) var transport: VirtIOTransport!

    public init(seed: UInt64) { random = SeededRandom(seed: seed, stream: "entropy") }
    public func connect(_ transport: VirtIOTransport) { self.transport = transport }

    public func notified(queue: Int) {
        while let chain = transport.pop(0) {
            let count = min(chain.writableByteCount, Self.requestByteCountMax)
            transport.complete(0, after: DeviceCost.entropy.nanoseconds(bytes: count)) { [unowned self] in
                if count == 0 { transport.drop(.receiveRoom) }
                chain.write(draw(count))
                transport.push(0, chain, byteCount: count)
            }
        }
    }

    private func draw(_ count: Int) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + 8)
        while bytes.count < count {
            let word = random.next()
            for shift in stride(from: UInt64(0), to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: word >> shift)) }
        }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    public func reset() {}
    public func hash(into hasher: inout StateHasher) { hasher.add(random.stateHash) }
}
