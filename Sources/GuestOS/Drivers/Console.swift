// VirtIO console (VirtIO 1.2 §5.3): output only, one port. Text the device has no room for is dropped and counted.

public final class ConsoleDriver {
    static let queueSize = 64, bufferByteCount = 512
    public static let frameCount = 1
    public private(set) var droppedByteCount: UInt64 = 0
    private let transport: VirtioTransport
    private let queue: Virtqueue
    private let buffers: DMARegion
    private var freeBuffers: [UInt8]
    private var bufferOfHead: [UInt8]

    public init?(transport: VirtioTransport, memory: DMARegion) {
        guard transport.negotiate(0) != nil,
              let queue = transport.makeQueue(1, size: ConsoleDriver.queueSize, memory: memory.slice(0, 8192)) else { return nil }
        self.transport = transport
        self.queue = queue
        buffers = memory.slice(8192, ConsoleDriver.queueSize * ConsoleDriver.bufferByteCount)
        freeBuffers = (0..<UInt8(ConsoleDriver.queueSize)).reversed()
        bufferOfHead = [UInt8](repeating: 0, count: ConsoleDriver.queueSize)
        transport.start()
    }

    public func write(_ bytes: [UInt8]) {
        reclaim()
        var offset = 0
        while offset < bytes.count {
            guard let buffer = freeBuffers.popLast() else { break }
            let count = min(ConsoleDriver.bufferByteCount, bytes.count - offset)
            let slot = buffers.slice(Int(buffer) * ConsoleDriver.bufferByteCount, count)
            for i in 0..<count { slot.base.storeBytes(of: bytes[offset + i], toByteOffset: i, as: UInt8.self) }
            guard let head = queue.add([VirtioBuffer(slot.physical, count, writable: false)]) else {
                freeBuffers.append(buffer)
                break
            }
            bufferOfHead[Int(head)] = buffer
            offset += count
        }
        droppedByteCount += UInt64(bytes.count - offset)
        queue.notify()
    }
    public func handleInterrupt() {
        transport.acknowledgeInterrupt()
        reclaim()
    }
    private func reclaim() {
        while let (head, _) = queue.popUsed() { freeBuffers.append(bufferOfHead[Int(head)]) }
    }
}
