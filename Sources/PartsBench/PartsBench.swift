// `simctl bench all`: what the parts cost, in wall-clock time on this host. Nothing here is asserted; tests compare
// counted work instead. The numbers that docs/measurements.md quotes come from here.

import Foundation
import Terrarium

public enum PartsBench {
    public static let parts = ["processor", "kernel", "allocator", "page", "machine"]

    /// Runs the named parts in order. `root` is the project, `scratch` a folder for the programs that are measured.
    public static func run(_ wanted: [String], root: URL, scratch: URL, image: SystemImage, progress: (String) -> Void) throws -> [PartResult] {
        var list: [PartResult] = []
        for (i, part) in wanted.enumerated() {
            progress("[\(i + 1)/\(wanted.count)] \(part)")
            switch part {
            case "processor": list += try withoutActuallyEscaping(progress) { try ProcessorParts(root: root.path, scratch: scratch.path, progress: $0).run() }
            case "kernel": list += try KernelParts(root: root.path, scratch: scratch.path).run()
            case "allocator": list += try AllocatorParts(root: root.path, scratch: scratch.path).run()
            case "page": list += try PageParts(image: image).run()
            case "machine": list += try withoutActuallyEscaping(progress) { try MachineParts(image: image, progress: $0).run() }
            default: throw TerrariumError(.badData, "there is no part '\(part)'; there are: \(parts.joined(separator: ", "))")
            }
        }
        return list
    }
}
