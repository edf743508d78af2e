// The entries of `make fuzz` that this module has: device models against hostile drivers, drivers against hostile devices.
import Devices
import Fuzzing

/// Sessions of `DeviceFuzzer`, one a case.
final class DeviceFuzzCases: Fuzzer {
    private let hasCanary: Bool
    private(set) var summary = FuzzSummary()
    init(hasCanary: Bool) { self.hasCanary = hasCanary }

    var caseOperationCount: Int { DeviceFuzzer.sessionOperationCount }
    func run(seed: UInt64, operations: Int) throws {
        let session = try FuzzSession(seed: seed, hasCanary: hasCanary)
        try session.run(operations)
        session.add(to: &summary)
    }
    var coverage: [String] {
        var lines = ["  \(summary.resets) resets", "  device     queue       taken  given back   answered well"]
        for row in summary.rows {
            lines.append("  " + row.device.padded(11) + "\(row.queue)".padded(5, isRight: true) + "\(row.taken)".padded(12, isRight: true)
                + "\(row.used)".padded(12, isRight: true) + "\(row.good)".padded(16, isRight: true))
        }
        var tally = FuzzTally()
        for fault in QueueFault.allCases { tally.add("fault: " + fault.name, summary.faults[fault.rawValue]) }
        for drop in RequestDrop.allCases { tally.add("dropped: " + drop.name, summary.drops[drop.rawValue]) }
        tally.add("register access that is no aligned word", Int(summary.badAccesses))
        return lines + tally.lines
    }
}

/// Rounds of `DriverFuzzer`, one of each driver a case.
final class DriverFuzzCases: Fuzzer {
    private(set) var rows: [(name: String, started: Int, accepted: Int)] = DriverFuzzer.names.map { ($0, 0, 0) }
    private let hasCanary: Bool
    init(hasCanary: Bool) { self.hasCanary = hasCanary }

    var caseOperationCount: Int { DriverFuzzer.stepsPerRound * DriverFuzzer.names.count }
    func run(seed: UInt64, operations: Int) throws {
        for (i, row) in try DriverFuzzer.run(seed: seed &* UInt64(DriverFuzzer.names.count), operations: operations, hasCanary: hasCanary).enumerated() {
            rows[i].started += row.started
            rows[i].accepted += row.accepted
        }
    }
    var coverage: [String] {
        ["  driver          started    accepted"] + rows.map { "  " + $0.name.padded(11) + "\($0.started)".padded(12, isRight: true) + "\($0.accepted)".padded(12, isRight: true) }
    }
}

public enum DeviceFuzzEntries {
    public static let all = [
        FuzzEntry(name: "devices", summary: "VirtIO transports and device models, driven by random and hostile drivers", operationCount: 1_000_000) { DeviceFuzzCases(hasCanary: $0) },
        FuzzEntry(name: "drivers", summary: "the guest's drivers against hostile devices", operationCount: 200_000) { DriverFuzzCases(hasCanary: $0) },
    ]
}
