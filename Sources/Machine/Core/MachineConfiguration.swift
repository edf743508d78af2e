// Owns the values that, with image, seed and trace, determine a run. All of them are written to the trace header.

/// Everything a machine is built from.
public struct MachineConfiguration: Equatable, Sendable {
    public var ramByteCount: Int
    public var seed: UInt64
    /// Instructions per microsecond of the guest processor.
    public var cpuMHz: UInt32
    /// Wall-clock time at power-on (Unix nanoseconds); the guest's calendar is this plus virtual time.
    public var wallClockBaseNanoseconds: UInt64
    /// Longest uninterrupted guest slice; bounds how late host input and checkpoints can be.
    public var sliceNanosecondsMax: UInt64
    /// Virtual time between checkpoints of state hashes.
    public var checkpointPeriodNanoseconds: UInt64
    /// What the wiring needs to build the same machine again, as "key=value" in a fixed order.
    public var parameters: [String]

    public init(
        ramByteCount: Int = 256 << 20, seed: UInt64 = 1, cpuMHz: UInt32 = 1000,
        wallClockBaseNanoseconds: UInt64 = 1_767_225_600_000_000_000,   // 2026-01-01T00:00:00Z
        sliceNanosecondsMax: UInt64 = 1_000_000, checkpointPeriodNanoseconds: UInt64 = 1_000_000_000,
        parameters: [String] = []
    ) {
        self.ramByteCount = ramByteCount
        self.seed = seed
        self.cpuMHz = cpuMHz
        self.wallClockBaseNanoseconds = wallClockBaseNanoseconds
        self.sliceNanosecondsMax = sliceNanosecondsMax
        self.checkpointPeriodNanoseconds = checkpointPeriodNanoseconds
        self.parameters = parameters
    }

    /// The value of `key` among the parameters.
    public func parameter(_ key: String) -> String? {
        for entry in parameters where entry.hasPrefix(key + "=") { return String(entry.dropFirst(key.count + 1)) }
        return nil
    }

    /// Why this configuration cannot be built, or nil.
    var problem: String? {
        if ramByteCount <= 0 || ramByteCount % 65536 != 0 { return "RAM size must be a positive multiple of 64 KiB" }
        if cpuMHz == 0 || cpuMHz > 100_000 { return "processor frequency must be 1...100000 MHz" }
        if sliceNanosecondsMax < 1000 { return "slices must be at least 1 us" }
        if checkpointPeriodNanoseconds < 1_000_000 { return "checkpoints must be at least 1 ms apart" }
        return nil
    }
}
