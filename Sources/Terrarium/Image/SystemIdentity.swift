// Which simulator decides a run. Guest programs are hashed as they are; kernel, devices and machine are compiled into
// `simctl`, so what stands for them in the image is a hash of their sources. Comments, blank lines and indentation do
// not take part: they cannot change a run.

import Foundation
import Machine

public enum SystemIdentity {
    /// Folders below `Sources` whose code decides a run; the last part may end in `*`.
    public static let folders = [
        "Machine", "Devices", "GuestOS/ABI", "GuestOS/Kernel*", "GuestOS/Drivers", "GuestOS/Policies", "GuestOS/Compression",
        "GuestOS/Services/NetStack", "Terrarium/Wiring", "Terrarium/Network",
    ]

    /// Hash of the sources below `root`, in path order; nil where there are none (an installed simctl).
    public static func hash(root: URL) -> UInt64? {
        var hasher = StateHasher()
        var count = 0
        for folder in folders.flatMap({ expand($0, root: root) }) {
            let base = root.appendingPathComponent("Sources/\(folder)")
            for file in PageSet.files(base) where [".swift", ".c", ".h"].contains(where: file.hasSuffix) {
                guard let data = FileManager.default.contents(atPath: base.appendingPathComponent(file).path) else { continue }
                hasher.add("\(folder)/\(file)")
                hasher.add(code([UInt8](data)))
                count += 1
            }
        }
        return count == 0 ? nil : hasher.value
    }

    private static func expand(_ folder: String, root: URL) -> [String] {
        guard folder.hasSuffix("*") else { return [folder] }
        let parent = (folder as NSString).deletingLastPathComponent, prefix = (folder as NSString).lastPathComponent.dropLast()
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent("Sources/\(parent)").path)) ?? []
        return names.filter { $0.hasPrefix(prefix) }.sorted().map { "\(parent)/\($0)" }
    }

    /// The lines that are code, without indentation. A line that is only a `//` comment is not.
    static func code(_ source: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(source.count)
        source.withUnsafeBufferPointer { bytes in
            var start = 0
            while start < bytes.count {
                var end = start
                while end < bytes.count, bytes[end] != 10 { end += 1 }
                var first = start, last = end
                while first < last, isBlank(bytes[first]) { first += 1 }
                while last > first, isBlank(bytes[last - 1]) { last -= 1 }
                let isComment = last - first >= 2 && bytes[first] == 47 && bytes[first + 1] == 47
                if first < last, !isComment {
                    out.append(contentsOf: UnsafeBufferPointer(rebasing: bytes[first..<last]))
                    out.append(10)
                }
                start = end + 1
            }
        }
        return out
    }
    private static func isBlank(_ byte: UInt8) -> Bool { byte == 32 || byte == 9 || byte == 13 }
}
