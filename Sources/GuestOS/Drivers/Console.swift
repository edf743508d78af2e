// VirtIO console (VirtIO 1.2 §5.3), one port: queue 0 carries typed input, queue 1 output. Output that the device has no
// room for is dropped and counted.

public final class ConsoleDriver {
    static let queueSize = 64, bufferByteCount = 512
    static let inputQueueSize = 16, inputBufferByteCount = 256
    public static let frameCount = 1
    public private(set) var droppedByteCount: UInt64 = 0
    /// What brings the console to the start of a line: nothing, or a newline after output that did not end in one.
    public private(set) var lineStart: [UInt8] = []
    private let transport: VirtioTransport
    private let queue: Virtqueue
    private let buffers: DMARegion
    private var freeBuffers: [UInt8]
    private var bufferOfHead: [UInt8]
    private let inputQueue: Virtqueue
    private let inputBuffers: DMARegion
    private var inputBufferOfHead = [UInt8](repeating: 0, count: ConsoleDriver.inputQueueSize)

    public init?(transport: VirtioTransport, memory: DMARegion) {
        guard transport.negotiate(0) != nil,
              let input = transport.makeQueue(0, size: ConsoleDriver.inputQueueSize, memory: memory.slice(40960, 8192)),
              let queue = transport.makeQueue(1, size: ConsoleDriver.queueSize, memory: memory.slice(0, 8192)) else { return nil }
        self.transport = transport
        self.queue = queue
        inputQueue = input
        inputBuffers = memory.slice(49152, ConsoleDriver.inputQueueSize * ConsoleDriver.inputBufferByteCount)
        buffers = memory.slice(8192, ConsoleDriver.queueSize * ConsoleDriver.bufferByteCount)
        freeBuffers = (0..<UInt8(ConsoleDriver.queueSize)).reversed()
        bufferOfHead = [UInt8](repeating: 0, count: ConsoleDriver.queueSize)
        transport.start()
        for i in 0..<UInt8(ConsoleDriver.inputQueueSize) { offer(i) }
        input.notify()
    }

    /// Bytes that `write` takes now without dropping any.
    public var room: Int {
        reclaim()
        return freeBuffers.count * ConsoleDriver.bufferByteCount
    }
    public func write(_ bytes: [UInt8]) {
        reclaim()
        if let last = bytes.last { lineStart = last == 10 ? [] : [10] }
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
    /// Collects what was typed since the last call.
    @discardableResult
    public func handleInterrupt() -> [UInt8] {
        transport.acknowledgeInterrupt()
        reclaim()
        var typed: [UInt8] = []
        var isOffered = false
        while let (head, written) = inputQueue.popUsed() {
            let buffer = inputBufferOfHead[Int(head)]
            let count = min(Int(written), ConsoleDriver.inputBufferByteCount)
            typed += UnsafeRawBufferPointer(start: inputBuffers.base + Int(buffer) * ConsoleDriver.inputBufferByteCount, count: count)
            offer(buffer)
            isOffered = true
        }
        if isOffered { inputQueue.notify() }
        return typed
    }
    private func offer(_ buffer: UInt8) {
        let slot = inputBuffers.slice(Int(buffer) * ConsoleDriver.inputBufferByteCount, ConsoleDriver.inputBufferByteCount)
        if let head = inputQueue.add([VirtioBuffer(slot.physical, slot.byteCount, writable: true)]) { inputBufferOfHead[Int(head)] = buffer }
    }
    private func reclaim() {
        while let (head, _) = queue.popUsed() { freeBuffers.append(bufferOfHead[Int(head)]) }
    }
}
