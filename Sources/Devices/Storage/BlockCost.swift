// Owns the time model of disks: what a request costs, from which its completion tick follows.

/// Cost of a disk's requests. A request that starts where the one before ended does not seek.
public struct BlockCost: Sendable, Equatable {
    public var read: DeviceCost
    public var write: DeviceCost
    public var flushNanoseconds: UInt64
    /// To the neighbouring sector, and across the whole disk; in between in proportion to the distance.
    public var seekNanosecondsMin: UInt64
    public var seekNanosecondsMax: UInt64

    public init(read: DeviceCost, write: DeviceCost, flushNanoseconds: UInt64, seekNanosecondsMin: UInt64, seekNanosecondsMax: UInt64) {
        self.read = read
        self.write = write
        self.flushNanoseconds = flushNanoseconds
        self.seekNanosecondsMin = seekNanosecondsMin
        self.seekNanosecondsMax = max(seekNanosecondsMin, seekNanosecondsMax)
    }

    func seekNanoseconds(from: UInt64, to: UInt64, sectorCount: UInt64) -> UInt64 {
        if from == to { return 0 }
        let distance = min(from > to ? from - to : to - from, sectorCount)
        let (high, low) = (seekNanosecondsMax - seekNanosecondsMin).multipliedFullWidth(by: distance)
        return seekNanosecondsMin + max(1, sectorCount).dividingFullWidth((high, low)).quotient
    }

    /// A laptop's NVMe disk; the default.
    public static let nvme = BlockCost(
        read: DeviceCost(requestNanoseconds: 20_000, bytesPerMicrosecond: 2_000), write: DeviceCost(requestNanoseconds: 20_000, bytesPerMicrosecond: 2_000),
        flushNanoseconds: 100_000, seekNanosecondsMin: 40_000, seekNanosecondsMax: 40_000)
    /// A SATA solid-state disk.
    public static let ssd = BlockCost(
        read: DeviceCost(requestNanoseconds: 40_000, bytesPerMicrosecond: 530), write: DeviceCost(requestNanoseconds: 40_000, bytesPerMicrosecond: 450),
        flushNanoseconds: 1_000_000, seekNanosecondsMin: 60_000, seekNanosecondsMax: 60_000)
    /// A hard disk of 7,200 turns a minute: half a turn and 0.5 to 12 ms of arm movement.
    public static let hdd = BlockCost(
        read: DeviceCost(requestNanoseconds: 100_000, bytesPerMicrosecond: 160), write: DeviceCost(requestNanoseconds: 100_000, bytesPerMicrosecond: 150),
        flushNanoseconds: 8_000_000, seekNanosecondsMin: 4_700_000, seekNanosecondsMax: 16_200_000)

    /// The models by the name that the command line and traces use, in the order of the help text.
    public static let models: [(name: String, cost: BlockCost)] = [("nvme", .nvme), ("ssd", .ssd), ("hdd", .hdd)]
    public static func model(_ name: String) -> BlockCost? { models.first { $0.name == name }?.cost }
}
