// `boot.conf` of the boot archive: lines `name=value`; unknown names and malformed lines are ignored.

import ABI
import Runtime

/// What init is told by the image or the command line.
public struct BootConfiguration: Equatable, Sendable {
    public var url = ""
    public var programs = ["files", "net", "wm", "browser"]
    public init() {}

    public static func parse(_ bytes: [UInt8]) -> BootConfiguration {
        var configuration = BootConfiguration()
        for line in bytes.split(separator: 10) {
            guard let equals = line.firstIndex(of: 61) else { continue }
            let name = String(decoding: line[line.startIndex..<equals], as: UTF8.self)
            var value = line[(equals + 1)...]
            if value.last == 13 { value.removeLast() }
            if name == "url" {
                configuration.url = String(decoding: value, as: UTF8.self)
            } else if name == "start" {
                configuration.programs = value.split(separator: 44).map { String(decoding: $0, as: UTF8.self) }
            }
        }
        return configuration
    }
    /// From the archive; the default when there is no such file.
    public static func load() -> BootConfiguration {
        guard let file = try? SharedMemory.archive("boot.conf") else { return BootConfiguration() }
        let bytes = [UInt8](UnsafeRawBufferPointer(start: file.base, count: file.byteCount))
        file.unmap()
        file.handle.close()
        return parse(bytes)
    }
}
