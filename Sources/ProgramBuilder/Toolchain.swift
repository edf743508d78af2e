// Running the tools (swiftc, clang, wasm-ld, wasm2c) under a time and a memory limit, and content hashes that name
// every result. Uses Foundation: this is a host-only library.

import Foundation

/// What went wrong while building, with the command that reproduces it.
public struct BuildError: Error, Sendable, CustomStringConvertible {
    public let message: String
    public init(_ message: String) { self.message = message }
    public var description: String { message }
}

/// A 64-bit content hash (FNV-1a over 8-byte words with a final mix); names cache entries, not a security boundary.
public struct ContentHash: Sendable {
    private var state: UInt64 = 0xcbf2_9ce4_8422_2325
    public init() {}
    public mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var i = 0
        while i + 8 <= bytes.count {
            mix(bytes.loadUnaligned(fromByteOffset: i, as: UInt64.self).littleEndian)
            i += 8
        }
        while i < bytes.count { mix(UInt64(bytes[i]) | 0x100); i += 1 }
        mix(UInt64(bytes.count))
    }
    public mutating func add(_ s: String) { Array(s.utf8).withUnsafeBytes { add($0) } }
    public mutating func add(_ v: UInt64) { mix(v) }
    public mutating func add(_ bytes: [UInt8]) { bytes.withUnsafeBytes { add($0) } }
    private mutating func mix(_ v: UInt64) {
        state = (state ^ v) &* 0x9e37_79b9_7f4a_7c15
        state ^= state >> 29
    }
    public var value: UInt64 {
        var v = state
        v = (v ^ (v >> 32)) &* 0xd6e8_feb8_6659_fd93
        return v ^ (v >> 32)
    }
    public var hex: String { ContentHash.hex(value) }
    public static func hex(_ v: UInt64) -> String {
        let s = String(v, radix: 16)
        return String(repeating: "0", count: 16 - s.count) + s
    }
}

/// The tools of one installation.
public struct Toolchain: Sendable {
    public let swiftc: String, clang: String, wasmLinker: String, wasm2c: String
    public let embeddedLibraries: String     // libswiftUnicodeDataTables.a for wasm32
    public let wasiLibraries: String
    /// Versions of everything, for hashes.
    public let identity: String

    public static func find() throws(BuildError) -> Toolchain {
        let swiftc = try locate("swiftc", hint: "install a Swift toolchain")
        let real = URL(fileURLWithPath: swiftc).resolvingSymlinksInPath().deletingLastPathComponent()
        func beside(_ name: String) throws(BuildError) -> String {
            let path = real.appendingPathComponent(name).path
            return FileManager.default.isExecutableFile(atPath: path) ? path : try locate(name, hint: "it belongs to the Swift toolchain")
        }
        let libraries = real.deletingLastPathComponent().appendingPathComponent("lib/swift/embedded/wasm32-unknown-none-wasm").path
        let clang = try beside("clang"), linker = try beside("wasm-ld")
        let wasm2c = try locate("wasm2c", hint: "install the Debian package wabt")
        let wasi = "/usr/lib/wasm32-wasi"
        guard FileManager.default.fileExists(atPath: wasi + "/libc.a") else { throw BuildError("\(wasi)/libc.a is missing; install the Debian package wasi-libc.") }
        guard FileManager.default.fileExists(atPath: libraries + "/libswiftUnicodeDataTables.a") else { throw BuildError("The Swift toolchain at \(swiftc) has no Embedded Swift for wasm32.") }
        let versions = try [[swiftc, "--version"], [clang, "--version"], [wasm2c, "--version"]].map { (c) throws(BuildError) in
            let r = runCommand(c, timeoutSeconds: 60)
            guard r.status == 0 else { throw BuildError("\(c.joined(separator: " ")) fails:\n\(r.output)") }
            // Where a tool is installed does not matter to what it makes.
            return r.output.split(separator: "\n").filter { !$0.hasPrefix("InstalledDir") }.joined(separator: "\n")
        }
        guard versions[2].hasPrefix("1.0.32") else { throw BuildError("wasm2c is version \(versions[2].prefix(10)); 1.0.32 is supported.") }
        return Toolchain(swiftc: swiftc, clang: clang, wasmLinker: linker, wasm2c: wasm2c, embeddedLibraries: libraries,
                         wasiLibraries: wasi, identity: versions.joined(separator: "|"))
    }

    private static func locate(_ name: String, hint: String) throws(BuildError) -> String {
        let paths = (ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":")
        for p in paths where FileManager.default.isExecutableFile(atPath: "\(p)/\(name)") { return "\(p)/\(name)" }
        throw BuildError("\(name) is not installed (\(hint)).")
    }
}

/// Runs a command to its end; output and errors together. Status 124: it took too long.
func runCommand(_ command: [String], timeoutSeconds: Int, memoryMegabytes: Int = 16000, directory: String? = nil) -> (status: Int32, output: String) {
    let quoted = command.map { "'" + $0.replacingOccurrences(of: "'", with: "'\\''") + "'" }.joined(separator: " ")
    let task = Foundation.Process()
    task.executableURL = URL(fileURLWithPath: "/bin/sh")
    task.arguments = ["-c", "ulimit -v \(memoryMegabytes * 1024) 2>/dev/null; exec timeout \(timeoutSeconds) \(quoted)"]
    if let directory { task.currentDirectoryURL = URL(fileURLWithPath: directory) }
    let pipe = Pipe()
    task.standardOutput = pipe
    task.standardError = pipe
    task.standardInput = FileHandle.nullDevice
    do { try task.run() } catch { return (127, "cannot start \(command[0]): \(error)") }
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    task.waitUntilExit()
    return (task.terminationStatus, String(decoding: data, as: UTF8.self))
}
