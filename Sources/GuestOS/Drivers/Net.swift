// VirtIO network device (VirtIO 1.2 §5.1), no offloads. Received packets stay in their receive buffer until they are
// read, then the buffer goes back to the device: a slow reader makes the device drop, not the kernel grow.

public final class NetDriver {
    public static let frameCount = 4                     // rings; two frames of receive buffers; one of send buffers
    static let bufferByteCount = 2048, receiveCount = 64, sendCount = 32, headerByteCount = 12
    public static let packetByteCountMax = 1514
    static let featureMAC: UInt64 = 1 << 5

    public let mac: [UInt8]
    public private(set) var droppedCount: UInt64 = 0
    private let transport: VirtioTransport
    private let receiveQueue: Virtqueue, sendQueue: Virtqueue
    private let receiveBuffers: DMARegion, sendBuffers: DMARegion
    private var receiveBufferOfHead: [UInt8]
    private var sendBufferOfHead: [UInt8]
    private var freeSendBuffers: [UInt8]
    private var waiting: [(buffer: UInt8, byteCount: Int)] = []   // received, in order, not yet read
    private var waitingHead = 0

    public init?(transport: VirtioTransport, memory: DMARegion) {
        guard let features = transport.negotiate(NetDriver.featureMAC),
              let receive = transport.makeQueue(0, size: NetDriver.receiveCount, memory: memory.slice(0, 8192)),
              let send = transport.makeQueue(1, size: NetDriver.sendCount, memory: memory.slice(8192, 8192)) else { return nil }
        self.transport = transport
        receiveQueue = receive
        sendQueue = send
        receiveBuffers = memory.slice(65536, 131072)
        sendBuffers = memory.slice(196608, 65536)
        var mac: [UInt8] = [0x02, 0, 0, 0, 0, 1]
        if features & NetDriver.featureMAC != 0 { for i in 0..<6 { mac[i] = transport.config8(UInt64(i)) } }
        self.mac = mac
        receiveBufferOfHead = [UInt8](repeating: 0, count: NetDriver.receiveCount)
        sendBufferOfHead = [UInt8](repeating: 0, count: NetDriver.sendCount)
        freeSendBuffers = (0..<UInt8(NetDriver.sendCount)).reversed()
        transport.start()
        for i in 0..<UInt8(NetDriver.receiveCount) { offer(i) }
        receive.notify()
    }

    public var hasPacket: Bool { waitingHead < waiting.count }
    public var canSend: Bool { !freeSendBuffers.isEmpty }

    /// Bytes of the next packet, or nil.
    public var nextPacketByteCount: Int? { hasPacket ? waiting[waitingHead].byteCount : nil }

    /// The next packet without its VirtIO header; its buffer goes back to the device.
    public func receive() -> [UInt8]? {
        guard hasPacket else { return nil }
        let (buffer, byteCount) = waiting[waitingHead]
        waitingHead += 1
        if waitingHead == waiting.count {
            waiting.removeAll(keepingCapacity: true)
            waitingHead = 0
        }
        let start = receiveBuffers.base + Int(buffer) * NetDriver.bufferByteCount + NetDriver.headerByteCount
        let packet = [UInt8](UnsafeRawBufferPointer(start: start, count: byteCount))
        offer(buffer)
        receiveQueue.notify()
        return packet
    }
    /// False when no send buffer is free or the packet is too long.
    public func send(_ packet: [UInt8]) -> Bool {
        reclaim()
        guard packet.count <= NetDriver.packetByteCountMax, let buffer = freeSendBuffers.popLast() else { return false }
        let slot = sendBuffers.slice(Int(buffer) * NetDriver.bufferByteCount, NetDriver.headerByteCount + packet.count)
        slot.base.initializeMemory(as: UInt8.self, repeating: 0, count: NetDriver.headerByteCount)
        packet.withUnsafeBytes { p in
            if let from = p.baseAddress { (slot.base + NetDriver.headerByteCount).copyMemory(from: from, byteCount: p.count) }
        }
        guard let head = sendQueue.add([VirtioBuffer(slot.physical, slot.byteCount, writable: false)]) else {
            freeSendBuffers.append(buffer)
            return false
        }
        sendBufferOfHead[Int(head)] = buffer
        sendQueue.notify()
        return true
    }
    public func handleInterrupt() {
        transport.acknowledgeInterrupt()
        reclaim()
        while let (head, written) = receiveQueue.popUsed() {
            let buffer = receiveBufferOfHead[Int(head)]
            let byteCount = Int(written) - NetDriver.headerByteCount
            if byteCount <= 0 || Int(written) > NetDriver.bufferByteCount {
                droppedCount += 1
                offer(buffer)
                continue
            }
            waiting.append((buffer, byteCount))
        }
    }
    private func offer(_ buffer: UInt8) {
        let physical = receiveBuffers.physical + UInt64(buffer) * UInt64(NetDriver.bufferByteCount)
        if let head = receiveQueue.add([VirtioBuffer(physical, NetDriver.bufferByteCount, writable: true)]) { receiveBufferOfHead[Int(head)] = buffer }
    }
    private func reclaim() {
        while let (head, _) = sendQueue.popUsed() { freeSendBuffers.append(sendBufferOfHead[Int(head)]) }
    }
}
