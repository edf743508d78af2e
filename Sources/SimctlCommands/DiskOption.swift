// The options --state, --disk, --disk-faults and --swap-faults, and what happens to the data disk when a run ends.

import Devices
import Foundation
import Machine
import Terrarium

let diskHelp = "A recording keeps the\ndisk's first content beside the trace as TRACE.disk, which a replay reads."

/// The data disk that the options describe.
func diskOption(_ arguments: ParsedArguments) throws -> DiskConfiguration? {
    if let path = arguments.string("state") {
        if arguments.string("disk") != nil { throw CommandFailure.usage("--state and --disk both name the data disk; give one of them") }
        if path.isEmpty { throw CommandFailure.usage("--state needs a file, e.g. --state my.state") }
        return try withFaults(stateDisk(path), arguments)
    }
    guard let text = arguments.string("disk") else {
        if arguments.string("disk-faults") != nil { throw CommandFailure.usage("--disk-faults needs a data disk: --disk FILE") }
        return nil
    }
    let parts = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
    if parts[0].isEmpty { throw CommandFailure.usage("--disk needs a file, e.g. --disk data.img,size=64M") }
    var disk = DiskConfiguration(path: parts[0])
    for part in parts.dropFirst() { try apply(part, to: &disk) }
    return try withFaults(disk, arguments)
}

/// The size of a new state file; it is sparse, and only what is written takes space on the host.
let stateByteCount = 256 << 20

/// A file that keeps /data from run to run, made when it is missing.
private func stateDisk(_ path: String) -> DiskConfiguration {
    let size = (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int ?? 0
    return DiskConfiguration(path: path, byteCount: size > 0 ? nil : stateByteCount)
}

private func withFaults(_ configured: DiskConfiguration, _ arguments: ParsedArguments) throws -> DiskConfiguration {
    var disk = configured
    disk.faults = try faultPlan(arguments.string("disk-faults"))
    return disk
}

/// What goes wrong on purpose; nothing without rules.
func faultPlan(_ rules: String?) throws -> FaultPlan {
    do { return try FaultPlan(parsing: rules ?? "") } catch { throw CommandFailure.usage(error.message) }
}

private func apply(_ part: String, to disk: inout DiskConfiguration) throws {
    let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
    switch (pair.first ?? "", pair.count > 1 ? pair[1] : nil) {
    case ("readonly", nil): disk.isReadOnly = true
    case ("snapshot", nil): disk.isSnapshot = true
    case ("size", let value?):
        guard let count = parseByteCount(value), count <= DiskContent.byteCountMax else { throw CommandFailure.usage("--disk takes a size such as size=64M, up to 64G, not '\(part)'") }
        disk.byteCount = count
    case ("model", let value?):
        let names = BlockCost.models.map { $0.name }
        guard names.contains(value) else { throw CommandFailure.usage("there is no disk model '\(value)'; there are: \(names.joined(separator: ", "))") }
        disk.model = value
    default:
        let hint = closest(to: pair.first ?? "", among: ["size", "readonly", "snapshot", "model"]).map { ". Did you mean '\($0)'?" } ?? "."
        throw CommandFailure.usage("--disk does not know '\(part)'\(hint) It takes FILE[,size=64M][,readonly][,snapshot][,model=NAME]")
    }
}

/// The orderly end of a run: the disk's changes come into its file. What went wrong, as a sentence.
func keepDisk(_ simulation: Simulation) -> String? {
    if simulation.disk?.isPowerLost == true { note("disk fault: the power was lost at \(simulation.machine.now.text) s; the disk has what reached it") }
    do { try simulation.closeDisk() } catch let error as MachineError { return error.message } catch { return "\(error)" }
    return simulation.diskFailure.map { "the host's disk failed: \($0)" }
}
