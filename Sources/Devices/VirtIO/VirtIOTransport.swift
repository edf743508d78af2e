// Owns the VirtIO-MMIO version 2 register block (VirtIO 1.2 §4.2.2), feature negotiation, device status and the
// interrupt. Invariant: requests complete through scheduled events only, and never across a reset.
import Machine

/// What a device type implements behind the transport.
public protocol VirtIODevice: AnyObject {
    var name: String { get }
    var deviceID: UInt32 { get }
    /// Device-specific feature bits (0...23); the transport adds its own.
    var deviceFeatures: UInt64 { get }
    var queueSizes: [Int] { get }
    /// The configuration space as it stands.
    var configuration: [UInt8] { get }
    func writeConfiguration(offset: Int, value: UInt8)
    /// The driver offered requests on a queue (or the queue became ready).
    func notified(queue: Int)
    func reset()
    func hash(into hasher: inout StateHasher)
    /// Called once, when the transport is built.
    func connect(_ transport: VirtIOTransport)
}

extension VirtIODevice {
    public func writeConfiguration(offset: Int, value: UInt8) {}
}

/// Cost of a request, from which its completion tick follows.
public struct DeviceCost: Sendable, Equatable {
    public var requestNanoseconds: UInt64
    public var bytesPerMicrosecond: UInt64
    public init(requestNanoseconds: UInt64, bytesPerMicrosecond: UInt64) {
        self.requestNanoseconds = requestNanoseconds
        self.bytesPerMicrosecond = max(1, bytesPerMicrosecond)
    }
    public func nanoseconds(bytes: Int) -> UInt64 {
        requestNanoseconds + UInt64(max(0, bytes)) * 1000 / bytesPerMicrosecond
    }
    // The default machine: a laptop with an NVMe disk and gigabit network.
    public static let console = DeviceCost(requestNanoseconds: 2_000, bytesPerMicrosecond: 100)
    public static let entropy = DeviceCost(requestNanoseconds: 2_000, bytesPerMicrosecond: 200)
    public static let net = DeviceCost(requestNanoseconds: 3_000, bytesPerMicrosecond: 125)
    public static let gpu = DeviceCost(requestNanoseconds: 2_000, bytesPerMicrosecond: 8_000)
    public static let input = DeviceCost(requestNanoseconds: 1_000, bytesPerMicrosecond: 1_000)
    public static let rtc = DeviceCost(requestNanoseconds: 1_000, bytesPerMicrosecond: 1_000)
}

/// One VirtIO device on the bus.
public final class VirtIOTransport: BusRegion, MachineDevice {
    public static let base: UInt64 = 0x0a00_0000
    public static let stride: UInt64 = 0x200
    enum Status { static let acknowledge: UInt32 = 1, driver: UInt32 = 2, driverOK: UInt32 = 4, featuresOK: UInt32 = 8, needsReset: UInt32 = 64, failed: UInt32 = 128 }
    static let featureIndirect: UInt64 = 1 << 28, featureEventIndex: UInt64 = 1 << 29, featureVersion1: UInt64 = 1 << 32

    public unowned let machine: Machine
    public let device: any VirtIODevice
    public let slot: Int
    public private(set) var queues: [Virtqueue]
    /// Ring faults since power-on, by `QueueFault.rawValue`.
    public private(set) var faultCounts = [Int](repeating: 0, count: QueueFault.allCases.count)
    /// Requests that the device could not use, by `RequestDrop.rawValue`.
    public private(set) var dropCounts = [Int](repeating: 0, count: RequestDrop.allCases.count)
    /// Accesses to control registers that were not whole aligned words (§4.2.2.2); they read 0 and write nothing.
    public private(set) var badAccessCount: UInt64 = 0
    /// For checkers: sees each request when the device takes it, and when it gives it back with its byte count.
    public var onTaken: ((_ queue: Int, DescriptorChain) -> Void)?
    public var onUsed: ((_ queue: Int, DescriptorChain, _ byteCount: Int) -> Void)?

    private(set) var status: UInt32 = 0
    private(set) var driverFeatures: UInt64 = 0
    private var deviceFeatureSelect: UInt32 = 0
    private var driverFeatureSelect: UInt32 = 0
    private var queueSelect: UInt32 = 0
    private(set) var interruptStatus: UInt32 = 0
    private(set) var configurationGeneration: UInt32 = 0
    private var epoch: UInt64 = 0   // counts resets; completions of an older epoch are void

    /// Puts `device` at its slot of the bus: registers at `base + slot * stride`, interrupt line = slot.
    public init(machine: Machine, device: any VirtIODevice, slot: Int) throws(MachineError) {
        self.machine = machine
        self.device = device
        self.slot = slot
        let ram = machine.ram
        var queues: [Virtqueue] = []
        for size in device.queueSizes { queues.append(Virtqueue(ram: ram, sizeMax: size)) }
        self.queues = queues
        try machine.bus.map(self, base: Self.base + UInt64(slot) * Self.stride, byteCount: Self.stride)
        device.connect(self)
        machine.attach(self)
        if let sink = device as? any HostEventSink { machine.addSink(sink) }
    }

    public var name: String { device.name }
    public var droppedRequestCount: Int { dropCounts.reduce(0, +) }
    var isRunning: Bool { status & Status.driverOK != 0 && status & (Status.needsReset | Status.failed) == 0 }
    public var needsReset: Bool { status & Status.needsReset != 0 }
    func hasFeature(_ bit: UInt64) -> Bool { driverFeatures & (1 << bit) != 0 }
    var offered: UInt64 { device.deviceFeatures | Self.featureIndirect | Self.featureEventIndex | Self.featureVersion1 }

    public func stateHash() -> UInt64 {
        var hasher = StateHasher()
        hasher.add(status)
        hasher.add(driverFeatures)
        hasher.add(interruptStatus)
        hasher.add(configurationGeneration)
        hasher.add(UInt64(queueSelect) << 32 | UInt64(deviceFeatureSelect) << 16 ^ UInt64(driverFeatureSelect))
        for count in faultCounts { hasher.add(count) }
        for count in dropCounts { hasher.add(count) }
        for queue in queues { queue.hash(into: &hasher) }
        device.hash(into: &hasher)
        return hasher.value
    }

    // MARK: Requests

    /// Takes the next request of a queue; nil when there is none or the ring is broken.
    public func pop(_ queue: Int) -> DescriptorChain? {
        guard isRunning else { return nil }
        do throws(QueueFault) {
            if let chain = try queues[queue].pop() {
                onTaken?(queue, chain)
                return chain
            }
            try queues[queue].armNotification()
        } catch { fail(error) }
        return nil
    }

    /// Gives a request back now and interrupts the driver when it wants that. Only from scheduled events.
    public func push(_ queue: Int, _ chain: DescriptorChain, byteCount: Int) {
        onUsed?(queue, chain, byteCount)
        do throws(QueueFault) {
            if try queues[queue].push(chain, byteCount: byteCount) { interrupt(1) }
        } catch { fail(error) }
    }

    /// Counts a request that is given back unused.
    func drop(_ reason: RequestDrop) { dropCounts[reason.rawValue] += 1 }

    /// Runs `work` when the queue has spent `nanoseconds` on it, after everything accepted before; void after a reset, of
    /// the device or of the queue.
    public func complete(_ queue: Int, after nanoseconds: UInt64, _ work: @escaping () -> Void) {
        let start = max(machine.now, queues[queue].busyUntil)
        let due = start.advanced(nanoseconds: nanoseconds)
        queues[queue].busyUntil = due
        let scheduledEpoch = epoch, generation = queues[queue].generation
        machine.events.schedule(at: due) { [unowned self] in
            if epoch == scheduledEpoch, queues[queue].generation == generation, isRunning { work() }
        }
    }

    /// The configuration space changed: the driver is told and can detect a torn read.
    func configurationChanged() {
        configurationGeneration &+= 1
        if status & Status.driverOK != 0 { interrupt(2) }
    }

    private func interrupt(_ cause: UInt32) {
        interruptStatus |= cause
        machine.interrupts.raise(line: slot)
    }

    /// The driver broke the protocol: count it, ask for a reset (§2.1.1), stop taking requests.
    private func fail(_ fault: QueueFault) {
        faultCounts[fault.rawValue] += 1
        status |= Status.needsReset
        if status & Status.driverOK != 0 { interrupt(2) }
    }

    private func reset() {
        status = 0
        driverFeatures = 0
        interruptStatus = 0
        queueSelect = 0; deviceFeatureSelect = 0; driverFeatureSelect = 0
        epoch += 1
        for queue in queues { queue.reset() }
        machine.interrupts.lower(line: slot)
        device.reset()
    }

    // MARK: Registers

    public func read(offset: UInt64, byteCount: Int) -> UInt32 {
        if offset >= 0x100 { return readConfiguration(Int(offset - 0x100), byteCount) }
        guard isWord(offset, byteCount) else { return 0 }
        let queue = selectedQueue
        switch offset {
        case 0x000: return 0x7472_6976
        case 0x004: return 2
        case 0x008: return device.deviceID
        case 0x00c: return 0x4d52_5254   // "TRRM"
        case 0x010: return deviceFeatureSelect > 1 ? 0 : UInt32(truncatingIfNeeded: offered >> (32 * UInt64(deviceFeatureSelect)))
        case 0x034: return UInt32(queue?.sizeMax ?? 0)
        case 0x044: return queue?.isReady == true ? 1 : 0
        case 0x060: return interruptStatus
        case 0x070: return status
        case 0x0b0, 0x0b4, 0x0b8, 0x0bc: return .max   // no shared memory regions
        case 0x0fc: return configurationGeneration
        default: return 0
        }
    }

    public func write(offset: UInt64, value: UInt32, byteCount: Int) {
        if offset >= 0x100 { return writeConfiguration(Int(offset - 0x100), value, byteCount) }
        guard isWord(offset, byteCount) else { return }
        switch offset {
        case 0x014: deviceFeatureSelect = value
        case 0x020: writeDriverFeatures(value)
        case 0x024: driverFeatureSelect = value
        case 0x030: queueSelect = value
        case 0x038: if let queue = selectedQueue, !queue.isReady { setSize(queue, Int(value)) }
        case 0x044: writeReady(value)
        case 0x050: notify(Int(value & 0xffff))
        case 0x064: acknowledge(value)
        case 0x070: writeStatus(value)
        case 0x080: setAddress(\.descriptorAddress, low: value)
        case 0x084: setAddress(\.descriptorAddress, high: value)
        case 0x090: setAddress(\.availableAddress, low: value)
        case 0x094: setAddress(\.availableAddress, high: value)
        case 0x0a0: setAddress(\.usedAddress, low: value)
        case 0x0a4: setAddress(\.usedAddress, high: value)
        default: break
        }
    }

    private var selectedQueue: Virtqueue? { queueSelect < UInt32(queues.count) ? queues[Int(queueSelect)] : nil }

    private func setSize(_ queue: Virtqueue, _ size: Int) {
        if size > 0, size <= queue.sizeMax, size & (size - 1) == 0 { queue.size = size }
    }

    private func setAddress(_ field: ReferenceWritableKeyPath<Virtqueue, UInt64>, low: UInt32) {
        guard let queue = selectedQueue, !queue.isReady else { return }
        queue[keyPath: field] = queue[keyPath: field] & ~0xffff_ffff | UInt64(low)
    }

    private func setAddress(_ field: ReferenceWritableKeyPath<Virtqueue, UInt64>, high: UInt32) {
        guard let queue = selectedQueue, !queue.isReady else { return }
        queue[keyPath: field] = queue[keyPath: field] & 0xffff_ffff | UInt64(high) << 32
    }

    private func isWord(_ offset: UInt64, _ byteCount: Int) -> Bool {
        if byteCount == 4, offset % 4 == 0 { return true }
        badAccessCount += 1
        return false
    }

    /// A cause that stays keeps the line up, as a level-triggered interrupt does.
    private func acknowledge(_ causes: UInt32) {
        interruptStatus &= ~causes
        if interruptStatus != 0 { machine.interrupts.raise(line: slot) }
    }

    private func writeReady(_ value: UInt32) {
        guard let queue = selectedQueue else { return }
        if value & 1 == 0 { return queue.isReady ? queue.disable() : () }
        guard !queue.isReady else { return }
        if let fault = queue.ringFault(others: queues) { return fail(fault) }
        queue.hasIndirect = hasFeature(28)
        queue.hasEventIndex = hasFeature(29)
        queue.isReady = true
    }

    private func writeDriverFeatures(_ value: UInt32) {
        guard driverFeatureSelect <= 1, status & Status.featuresOK == 0 else { return }
        let shift = 32 * UInt64(driverFeatureSelect)
        driverFeatures = driverFeatures & ~(0xffff_ffff << shift) | UInt64(value) << shift
    }

    private func writeStatus(_ value: UInt32) {
        if value == 0 { return reset() }
        var new = status | value & 0xff & ~Status.needsReset   // bits go only with a reset (§2.1.1)
        let isSubset = driverFeatures & ~offered == 0 && driverFeatures & Self.featureVersion1 != 0
        if new & Status.featuresOK != 0, status & Status.featuresOK == 0, !isSubset { new &= ~Status.featuresOK }
        if new & Status.featuresOK == 0 { new &= ~Status.driverOK }   // §3.1.1: no operation before negotiation
        let started = new & Status.driverOK != 0 && status & Status.driverOK == 0
        status = new
        if started { for index in queues.indices where queues[index].isReady { device.notified(queue: index) } }
    }

    private func notify(_ index: Int) {
        guard index < queues.count, isRunning, queues[index].isReady else { return }
        device.notified(queue: index)
    }

    private func readConfiguration(_ offset: Int, _ byteCount: Int) -> UInt32 {
        let bytes = device.configuration
        var value: UInt32 = 0
        for index in 0..<min(4, max(1, byteCount)) where offset + index < bytes.count {
            value |= UInt32(bytes[offset + index]) << UInt32(8 * index)
        }
        return value
    }

    private func writeConfiguration(_ offset: Int, _ value: UInt32, _ byteCount: Int) {
        for index in 0..<min(4, max(1, byteCount)) {
            device.writeConfiguration(offset: offset + index, value: UInt8(truncatingIfNeeded: value >> UInt32(8 * index)))
        }
    }
}
