// VirtIO entropy device (VirtIO 1.2 §5.4): seeds the kernel's random generator once, at boot.

public final class EntropyDriver {
    public static let frameCount = 1
    public static let seedByteCount = 32
    private let transport: VirtioTransport
    private let queue: Virtqueue
    private let buffer: DMARegion

    public init?(transport: VirtioTransport, memory: DMARegion) {
        guard transport.negotiate(0) != nil, let queue = transport.makeQueue(0, size: 8, memory: memory.slice(0, 8192)) else { return nil }
        self.transport = transport
        self.queue = queue
        buffer = memory.slice(8192, EntropyDriver.seedByteCount)
        transport.start()
    }
    public func request() {
        _ = queue.add([VirtioBuffer(buffer.physical, buffer.byteCount, writable: true)])
        queue.notify()
    }
    /// The seed when it has arrived; short answers are zero-filled.
    public func poll() -> [UInt8]? {
        transport.acknowledgeInterrupt()
        guard let (_, written) = queue.popUsed() else { return nil }
        var seed = [UInt8](repeating: 0, count: EntropyDriver.seedByteCount)
        for i in 0..<min(seed.count, Int(written)) { seed[i] = buffer.base.load(fromByteOffset: i, as: UInt8.self) }
        return seed
    }
}
