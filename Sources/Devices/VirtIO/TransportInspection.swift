// Read-only views of a transport and its queues, for people (`simctl replay --inspect`).
import Machine

/// A queue as the device sees it.
public struct QueueInspection: Sendable {
    public var size: Int
    public var isReady: Bool
    /// Requests taken and given back since the last reset, modulo 65536, and requests being worked on.
    public var taken: UInt16, returned: UInt16
    public var inFlight: Int
    /// When everything that was accepted will have been done.
    public var busyUntil: Tick
}

/// The state of a VirtIO device's registers.
public struct TransportInspection: Sendable {
    public var name: String
    public var slot: Int
    public var deviceID: UInt32
    /// Names of the status bits (VirtIO 1.2 §2.1).
    public var status: [String]
    public var featuresOffered: UInt64, featuresAccepted: UInt64
    public var interruptStatus: UInt32
    public var interruptCount: UInt64
    public var queues: [QueueInspection]
    /// Faults of the driver and requests that were dropped, by reason; those that happened.
    public var faults: [(name: String, count: Int)], drops: [(name: String, count: Int)]
    /// Accesses to control registers that were no aligned words.
    public var badAccessCount: UInt64
}

extension VirtIOTransport {
    public func inspect() -> TransportInspection {
        let bits: [(UInt32, String)] = [(Status.acknowledge, "ACKNOWLEDGE"), (Status.driver, "DRIVER"), (Status.featuresOK, "FEATURES_OK"), (Status.driverOK, "DRIVER_OK"),
                                        (Status.needsReset, "NEEDS_RESET"), (Status.failed, "FAILED")]
        return TransportInspection(
            name: name, slot: slot, deviceID: device.deviceID, status: bits.filter { status & $0.0 != 0 }.map { $0.1 }, featuresOffered: offered,
            featuresAccepted: driverFeatures, interruptStatus: interruptStatus, interruptCount: machine.interrupts.raisedCounts[slot],
            queues: queues.map { QueueInspection(size: $0.size, isReady: $0.isReady, taken: $0.nextAvailable, returned: $0.nextUsed, inFlight: $0.inFlightCount, busyUntil: $0.busyUntil) },
            faults: QueueFault.allCases.filter { faultCounts[$0.rawValue] > 0 }.map { ($0.name, faultCounts[$0.rawValue]) },
            drops: RequestDrop.allCases.filter { dropCounts[$0.rawValue] > 0 }.map { ($0.name, dropCounts[$0.rawValue]) }, badAccessCount: badAccessCount)
    }
}
