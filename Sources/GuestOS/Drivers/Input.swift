// VirtIO input device (VirtIO 1.2 §5.8): event queue only. A report ends with a sync event; events are passed on as
// they come and the reader groups them.

import ABI

public final class InputDriver {
    public static let frameCount = 1
    static let queueSize = 64
    private let transport: VirtioTransport
    private let queue: Virtqueue
    private let buffers: DMARegion
    private var bufferOfHead: [UInt8]

    public init?(transport: VirtioTransport, memory: DMARegion) {
        guard transport.negotiate(0) != nil,
              let queue = transport.makeQueue(0, size: InputDriver.queueSize, memory: memory.slice(0, 8192)) else { return nil }
        self.transport = transport
        self.queue = queue
        buffers = memory.slice(8192, InputDriver.queueSize * InputEventRecord.byteCount)
        bufferOfHead = [UInt8](repeating: 0, count: InputDriver.queueSize)
        transport.start()
        for i in 0..<UInt8(InputDriver.queueSize) { offer(i) }
        queue.notify()
    }
    /// Events since the last call, in order.
    public func handleInterrupt() -> [InputEventRecord] {
        transport.acknowledgeInterrupt()
        var events: [InputEventRecord] = []
        while let (head, written) = queue.popUsed() {
            let buffer = bufferOfHead[Int(head)]
            if Int(written) >= InputEventRecord.byteCount {
                let at = Int(buffer) * InputEventRecord.byteCount
                events.append(InputEventRecord(type: buffers.base.load(fromByteOffset: at, as: UInt16.self),
                                               code: buffers.base.load(fromByteOffset: at + 2, as: UInt16.self),
                                               value: buffers.base.load(fromByteOffset: at + 4, as: Int32.self)))
            }
            offer(buffer)
        }
        if !events.isEmpty { queue.notify() }
        return events
    }
    private func offer(_ buffer: UInt8) {
        let physical = buffers.physical + UInt64(Int(buffer) * InputEventRecord.byteCount)
        if let head = queue.add([VirtioBuffer(physical, InputEventRecord.byteCount, writable: true)]) { bufferOfHead[Int(head)] = buffer }
    }
}
