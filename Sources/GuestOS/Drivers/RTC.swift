// VirtIO real-time clock (VirtIO 1.4, "RTC Device"): reads clock 0. One request at a time; what does not name a UTC-like
// clock or fails is answered with nil and counted.

public final class RTCDriver {
    public static let frameCount = 1
    public private(set) var errorCount: UInt64 = 0
    private let transport: VirtioTransport
    private let queue: Virtqueue
    private let request: DMARegion, response: DMARegion
    public private(set) var isInFlight = false
    private static let messageRead: UInt16 = 1

    public init?(transport: VirtioTransport, memory: DMARegion) {
        guard transport.negotiate(0) != nil, let queue = transport.makeQueue(0, size: 8, memory: memory.slice(0, 8192)) else { return nil }
        self.transport = transport
        self.queue = queue
        request = memory.slice(8192, 16)
        response = memory.slice(8208, 16)
        transport.start()
    }

    /// Asks for the time, unless a question is under way.
    public func ask() {
        if isInFlight { return }
        request.base.initializeMemory(as: UInt8.self, repeating: 0, count: 16)
        request.base.storeBytes(of: RTCDriver.messageRead, toByteOffset: 0, as: UInt16.self)
        response.base.storeBytes(of: 0xff, toByteOffset: 0, as: UInt8.self)
        let chain = [VirtioBuffer(request.physical, 16, writable: false), VirtioBuffer(response.physical, 16, writable: true)]
        guard queue.add(chain) != nil else { return }
        isInFlight = true
        queue.notify()
    }
    /// Nanoseconds since 1970 at the moment of the answer, once it has arrived.
    public func handleInterrupt() -> UInt64? {
        transport.acknowledgeInterrupt()
        guard let (_, written) = queue.popUsed() else { return nil }
        isInFlight = false
        guard written >= 16, response.base.load(fromByteOffset: 0, as: UInt8.self) == 0 else {
            errorCount += 1
            return nil
        }
        return response.base.load(fromByteOffset: 8, as: UInt64.self)
    }
}
