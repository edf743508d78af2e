// The data disk of a simulation: where its first content comes from and how its changes are kept. The content is an
// input of the run, so its hash is part of the configuration that a trace carries; a replay is given the same content.

import Devices
import Foundation
import Machine

/// A data disk, as the command line or a trace describes it.
public struct DiskConfiguration: Equatable, Sendable {
    /// The host's file; nil for a blank disk in memory, and in a configuration out of a trace until it is resolved.
    public var path: String?
    /// Size of a file that does not exist yet, or of a blank disk; nil takes an existing file as it is.
    public var byteCount: Int?
    /// The guest cannot write.
    public var isReadOnly = false
    /// The guest can write; the file stays as it is.
    public var isSnapshot = false
    /// A name of `BlockCost.models`.
    public var model = "nvme"
    public var faults = FaultPlan.none
    /// Hash of the first content: set when the disk is opened; in a replay what the content must have.
    public internal(set) var contentHash: UInt64?

    public init(path: String? = nil, byteCount: Int? = nil) {
        self.path = path
        self.byteCount = byteCount
    }

    /// For the trace header.
    var parameters: [String] {
        ["disk=\(byteCount ?? 0),\(hexadecimal(contentHash ?? 0)),\(isReadOnly ? "readonly" : "writable"),\(model)"] + (faults == .none ? [] : ["disk-faults=\(faults)"])
    }

    /// What a trace says; nil when it had no disk. Throws when it says something impossible.
    init?(_ machine: MachineConfiguration) throws {
        guard let text = machine.parameter("disk") else { return nil }
        let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, let count = Int(parts[0]), count > 0, count % 512 == 0, count <= DiskContent.byteCountMax,
              let hash = UInt64(parts[1], radix: 16), BlockCost.model(parts[3]) != nil, let plan = try? FaultPlan(parsing: machine.parameter("disk-faults") ?? "") else {
            throw TerrariumError(.badData, "the trace's disk '\(text)' is not one that this simctl can build")
        }
        byteCount = count
        contentHash = hash
        isReadOnly = parts[2] == "readonly"
        model = parts[3]
        faults = plan
    }
}

/// The opened data disk.
struct DataDisk {
    let storage: any BlockStorage
    let file: HostDisk?

    /// Opens the disk and completes its configuration with size and content hash. In a replay the content must be the
    /// recorded one, and nothing is ever written.
    init(_ configuration: inout DiskConfiguration, mode: SimulationMode) throws {
        let (storage, file) = try Self.open(configuration, isReplay: mode == .replay)
        self.storage = storage
        self.file = file
        let hash = try storage.contentHash()
        if mode == .replay, hash != configuration.contentHash || storage.byteCount != configuration.byteCount {
            throw TerrariumError(.badData, configuration.path.map { "\($0) is not the disk that this trace was recorded with: its content differs. A recording keeps the right one beside itself as TRACE.disk" }
                ?? "this trace was recorded with a data disk; give its first content with --disk FILE (a recording keeps it beside itself as TRACE.disk)")
        }
        configuration.byteCount = storage.byteCount
        configuration.contentHash = hash
    }

    private static func open(_ configuration: DiskConfiguration, isReplay: Bool) throws -> (any BlockStorage, HostDisk?) {
        guard let path = configuration.path else { return (try MemoryStorage(byteCount: configuration.byteCount ?? 64 << 20), nil) }
        if DiskSnapshot.isSnapshot(path) {
            guard isReplay else { throw TerrariumError(.badData, "\(path) is the disk of a recording, to be used by 'simctl replay'; --disk takes a plain disk file") }
            return (try DiskSnapshot.load(path: path).storage, nil)
        }
        let isKept = !isReplay && !configuration.isReadOnly && !configuration.isSnapshot
        if !isKept && !FileManager.default.fileExists(atPath: path) { throw TerrariumError(.missing, "there is no disk \(path); without readonly or snapshot it would be made") }
        let file = try HostDisk(path: path, access: isKept ? .readWrite : .snapshot, createByteCount: isKept ? configuration.byteCount ?? defaultByteCount(path) : nil)
        return (file, file)
    }

    /// Size of a new disk; nil (as it is) for one that exists.
    private static func defaultByteCount(_ path: String) -> Int? {
        let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int ?? 0
        return size > 0 ? nil : 64 << 20
    }
}

extension Simulation {
    /// The disk that `configuration` describes, at its slot's cost and with its faults.
    static func makeDataDisk(_ disk: DataDisk, _ configuration: DiskConfiguration, seed: UInt64) -> BlockDevice {
        BlockDevice(storage: disk.storage, cost: BlockCost.model(configuration.model) ?? .nvme, faults: configuration.faults, seed: seed, name: "disk", isReadOnly: configuration.isReadOnly)
    }

    /// Where a recording keeps the first content of the data disk.
    public static func diskPath(besideTrace path: String) -> String { path + ".disk" }

    /// Keeps the data disk's content, which is the first one before the run, beside a trace. Without a disk nothing happens.
    public func saveDisk(besideTrace path: String) throws {
        guard let dataDisk, let hash = configuration.disk?.contentHash else { return }
        invariant(machine.now == .zero, "the disk's first content must be saved at power-on")
        try DiskSnapshot.save(dataDisk.storage, contentHash: hash, path: Simulation.diskPath(besideTrace: path))
    }

    /// Presses the power key and goes on for half a second, in which programs save and close and the file service writes.
    /// For a run with a data disk that was ended from outside; without a disk nothing happens.
    public func shutDown() {
        guard dataDisk != nil, disk?.isPowerLost == false else { return }
        for isDown in [true, false] { send(.key(code: 116, down: isDown)) }
        run(nanoseconds: 500_000_000)
    }

    /// The orderly end: the data disk's changes come into its file, and others may use it. Throws when the host could not
    /// keep something.
    public func closeDisk() throws {
        defer { dataDisk?.file?.unlock() }
        try dataDisk?.file?.commit()
    }

    /// Why the host's disk failed during the run, when it did.
    public var diskFailure: String? { dataDisk?.file?.failure }
}

extension SimulationConfiguration {
    /// For a replay: takes the data disk's first content from `file`, or from beside the trace.
    public mutating func resolveDisk(trace: String, file: String?) throws {
        if disk == nil {
            if file != nil { throw TerrariumError(.badData, "\(trace) was recorded without a data disk; leave --disk away") }
            return
        }
        let beside = Simulation.diskPath(besideTrace: trace)
        disk!.path = file ?? (FileManager.default.fileExists(atPath: beside) ? beside : nil)
    }
}
