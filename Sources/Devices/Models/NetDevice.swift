// Owns the VirtIO network device (VirtIO 1.2 §5.1): queue 0 receives, queue 1 transmits. Invariant: frames keep their
// order in each direction; a frame that finds no room is dropped and counted, as on a wire.
import Machine

/// A network card connected to a `NetBackend`.
public final class NetDevice: VirtIODevice, HostEventSink {
    public let name = "net"
    public let deviceID: UInt32 = 1
    public let deviceFeatures: UInt64 = 1 << 5 | 1 << 16   // MAC, STATUS
    public let queueSizes = [256, 256]
    static let headerByteCount = 12
    public static let frameByteCountMax = 1514
    static let waitingFrameCountMax = 1024
    public static let defaultMACAddress: [UInt8] = [0x52, 0x54, 0x00, 0x54, 0x52, 0x01]

    public let macAddress: [UInt8]
    private let backend: any NetBackend
    private let cost: DeviceCost
    private unowned(unsafe) var transport: VirtIOTransport!
    private var waiting: [[UInt8]] = []
    private var waitingFirst = 0
    private var trafficHash = StateHasher()
    public private(set) var receivedFrameCount: UInt64 = 0
    public private(set) var transmittedFrameCount: UInt64 = 0
    public private(set) var droppedFrameCount: UInt64 = 0
    /// Sees every frame on the wire, in order: (true = from the guest, frame).
    public var onFrame: ((Bool, [UInt8]) -> Void)?

    public init(backend: any NetBackend, macAddress: [UInt8] = NetDevice.defaultMACAddress, cost: DeviceCost = .net) {
        invariant(macAddress.count == 6, "MAC address of \(macAddress.count) bytes")
        self.backend = backend
        self.macAddress = macAddress
        self.cost = cost
    }

    public func connect(_ transport: VirtIOTransport) {
        self.transport = transport
        backend.attach(NetPort(machine: transport.machine, macAddress: macAddress) { [unowned self] in arrive($0) })
        if let source = backend as? any HostSource { transport.machine.addSource(source) }
    }

    public var configuration: [UInt8] {
        ConfigurationWriter.bytes { $0.add(macAddress); $0.add16(1); $0.add16(1); $0.add16(1500) }
    }

    public func notified(queue: Int) {
        if queue == 0 { return feed() }
        while let chain = transport.pop(1) {
            let frame = chain.read(offset: Self.headerByteCount, count: Self.frameByteCountMax)
            let isValid = frame.count >= 14 && chain.readableByteCount <= Self.headerByteCount + Self.frameByteCountMax
            transport.complete(1, after: cost.nanoseconds(bytes: frame.count)) { [unowned self] in
                if isValid { transmit(frame) } else { transport.drop(frame.count < 14 ? .headerMissing : .frameLength) }
                transport.push(1, chain, byteCount: 0)
            }
        }
    }

    private func transmit(_ frame: [UInt8]) {
        transmittedFrameCount += 1
        trafficHash.add(frame)
        onFrame?(true, frame)
        backend.transmit(frame)
    }

    public func receive(_ event: HostEvent) -> Bool {
        guard case .packet(let frame) = event else { return false }
        arrive(frame)
        return true
    }

    private func arrive(_ frame: [UInt8]) {
        guard frame.count >= 14, frame.count <= Self.frameByteCountMax,
              waiting.count - waitingFirst < Self.waitingFrameCountMax, transport.isRunning else {
            droppedFrameCount += 1
            return
        }
        waiting.append(frame)
        feed()
    }

    private func feed() {
        while waitingFirst < waiting.count, let chain = transport.pop(0) {
            let frame = waiting[waitingFirst]
            waitingFirst += 1
            if waitingFirst == waiting.count { waiting.removeAll(keepingCapacity: true); waitingFirst = 0 }
            transport.complete(0, after: cost.nanoseconds(bytes: frame.count)) { [unowned self] in hand(frame, chain) }
        }
        if waitingFirst > 256 { waiting.removeFirst(waitingFirst); waitingFirst = 0 }
    }

    private func hand(_ frame: [UInt8], _ chain: DescriptorChain) {
        let total = Self.headerByteCount + frame.count
        guard chain.writableByteCount >= total else {
            droppedFrameCount += 1
            transport.drop(.receiveRoom)
            transport.push(0, chain, byteCount: 0)
            return
        }
        receivedFrameCount += 1
        trafficHash.add(frame)
        onFrame?(false, frame)
        chain.write([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0])   // num_buffers = 1
        chain.write(frame, offset: Self.headerByteCount)
        transport.push(0, chain, byteCount: total)
    }

    public func reset() { waiting.removeAll(); waitingFirst = 0 }

    public func hash(into hasher: inout StateHasher) {
        hasher.add(trafficHash.value)
        hasher.add(receivedFrameCount); hasher.add(transmittedFrameCount); hasher.add(droppedFrameCount)
        hasher.add(waiting.count - waitingFirst)
    }
}
