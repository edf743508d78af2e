// VirtIO over memory-mapped registers, version 2 (VirtIO 1.2 §4.2): discovery, feature negotiation, queue set-up.
// Everything a device says is untrusted: an absurd value makes the probe fail, never trap.

/// Access to device registers; 32-bit, little-endian.
public protocol RegisterAccess: AnyObject {
    func read(_ address: UInt64) -> UInt32
    func write(_ address: UInt64, _ value: UInt32)
}

/// Memory that a device may read and write, physically contiguous and zeroed.
public struct DMARegion {
    public let base: UnsafeMutableRawPointer
    public let physical: UInt64
    public let byteCount: Int
    public init(base: UnsafeMutableRawPointer, physical: UInt64, byteCount: Int) { self.base = base; self.physical = physical; self.byteCount = byteCount }
    /// A part of the region; the caller keeps it inside.
    public func slice(_ offset: Int, _ byteCount: Int) -> DMARegion {
        DMARegion(base: base + offset, physical: physical + UInt64(offset), byteCount: byteCount)
    }
}

/// VirtIO device ids (VirtIO 1.2 §5).
public enum VirtioDeviceID {
    public static let network: UInt32 = 1, block: UInt32 = 2, console: UInt32 = 3, entropy: UInt32 = 4
    public static let gpu: UInt32 = 16, clock: UInt32 = 17, input: UInt32 = 18
}

/// One device's register window.
public final class VirtioTransport {
    enum Register {
        static let magic: UInt64 = 0x000, version: UInt64 = 0x004, deviceID: UInt64 = 0x008
        static let deviceFeatures: UInt64 = 0x010, deviceFeaturesSelect: UInt64 = 0x014
        static let driverFeatures: UInt64 = 0x020, driverFeaturesSelect: UInt64 = 0x024
        static let queueSelect: UInt64 = 0x030, queueSizeMax: UInt64 = 0x034, queueSize: UInt64 = 0x038, queueReady: UInt64 = 0x044
        static let queueNotify: UInt64 = 0x050, interruptStatus: UInt64 = 0x060, interruptAcknowledge: UInt64 = 0x064
        static let status: UInt64 = 0x070
        static let queueDescriptorLow: UInt64 = 0x080, queueDriverLow: UInt64 = 0x090, queueDeviceLow: UInt64 = 0x0a0
        static let configGeneration: UInt64 = 0x0fc, config: UInt64 = 0x100
    }
    enum Status { static let acknowledge: UInt32 = 1, driver: UInt32 = 2, driverOK: UInt32 = 4, featuresOK: UInt32 = 8, failed: UInt32 = 128 }
    static let featureVersion1: UInt64 = 1 << 32

    public let base: UInt64
    public let deviceID: UInt32
    private let registers: any RegisterAccess

    /// Nil when no version-2 device answers at `base`.
    public init?(base: UInt64, registers: any RegisterAccess) {
        guard registers.read(base + Register.magic) == 0x7472_6976, registers.read(base + Register.version) == 2 else { return nil }
        let id = registers.read(base + Register.deviceID)
        if id == 0 { return nil }
        self.base = base
        deviceID = id
        self.registers = registers
    }

    /// Steps 1–6 of §3.1.1. Answers the agreed features, or nil when the device refuses.
    public func negotiate(_ wanted: UInt64) -> UInt64? {
        write(Register.status, 0)
        write(Register.status, Status.acknowledge)
        write(Register.status, Status.acknowledge | Status.driver)
        let agreed = deviceFeatures & (wanted | VirtioTransport.featureVersion1)
        if agreed & VirtioTransport.featureVersion1 == 0 { return fail() }
        for half in 0..<2 {
            write(Register.driverFeaturesSelect, UInt32(half))
            write(Register.driverFeatures, UInt32(truncatingIfNeeded: agreed >> UInt64(half * 32)))
        }
        write(Register.status, Status.acknowledge | Status.driver | Status.featuresOK)
        return read(Register.status) & Status.featuresOK != 0 ? agreed : fail()
    }
    private var deviceFeatures: UInt64 {
        write(Register.deviceFeaturesSelect, 0)
        let low = UInt64(read(Register.deviceFeatures))
        write(Register.deviceFeaturesSelect, 1)
        return low | UInt64(read(Register.deviceFeatures)) << 32
    }
    private func fail() -> UInt64? {
        write(Register.status, Status.failed)
        return nil
    }
    /// Makes a queue of `size` entries over `memory`; nil when the device has no such queue.
    public func makeQueue(_ index: UInt32, size: Int, memory: DMARegion) -> Virtqueue? {
        write(Register.queueSelect, index)
        let sizeMax = Int(read(Register.queueSizeMax))
        guard sizeMax >= size, memory.byteCount >= Virtqueue.byteCount(size: size), read(Register.queueReady) == 0 else { return nil }
        let queue = Virtqueue(transport: self, index: index, size: size, memory: memory)
        write(Register.queueSize, UInt32(size))
        writePair(Register.queueDescriptorLow, memory.physical)
        writePair(Register.queueDriverLow, memory.physical + UInt64(queue.availableOffset))
        writePair(Register.queueDeviceLow, memory.physical + UInt64(queue.usedOffset))
        write(Register.queueReady, 1)
        return queue
    }
    public func start() { write(Register.status, Status.acknowledge | Status.driver | Status.featuresOK | Status.driverOK) }
    public func notify(queue: UInt32) { write(Register.queueNotify, queue) }
    /// Reads and acknowledges the interrupt causes.
    public func acknowledgeInterrupt() {
        let causes = read(Register.interruptStatus)
        if causes != 0 { write(Register.interruptAcknowledge, causes) }
    }
    public func config32(_ offset: UInt64) -> UInt32 { read(Register.config + offset) }
    /// One byte of the configuration space, through its aligned word.
    public func config8(_ offset: UInt64) -> UInt8 { UInt8(truncatingIfNeeded: config32(offset & ~3) >> UInt32((offset & 3) * 8)) }
    /// Eight bytes of one moment (§2.5.3): read again while the device changes them, a few times at most.
    public func config64(_ offset: UInt64) -> UInt64 {
        var value: UInt64 = 0
        for _ in 0..<8 {
            let generation = read(Register.configGeneration)
            value = UInt64(config32(offset)) | UInt64(config32(offset + 4)) << 32
            if read(Register.configGeneration) == generation { break }
        }
        return value
    }

    private func writePair(_ low: UInt64, _ value: UInt64) {
        write(low, UInt32(truncatingIfNeeded: value))
        write(low + 4, UInt32(truncatingIfNeeded: value >> 32))
    }
    private func read(_ offset: UInt64) -> UInt32 { registers.read(base + offset) }
    private func write(_ offset: UInt64, _ value: UInt32) { registers.write(base + offset, value) }
}
