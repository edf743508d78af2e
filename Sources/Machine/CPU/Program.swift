// A loaded program: the shared object that ProgramBuilder made of a WebAssembly module.

import CHost

/// Code that tasks run. Stays loaded for the life of the process.
public final class Program {
    public let name: String
    /// Hash of the module and of everything that translated it.
    public let contentHash: UInt64
    /// Linear memory in pages of 64 KiB: at start, and the most `memory.grow` gives.
    public let memoryPagesInitial: UInt32
    public let memoryPagesMax: UInt32
    public let sharedObjectPath: String
    let descriptor: OpaquePointer

    /// Loads a `.so` that ProgramBuilder made.
    public static func load(_ path: String) throws(MachineError) -> Program {
        var error = [CChar](repeating: 0, count: 512)
        guard let descriptor = terrarium_program_load(path, &error, error.count) else {
            let reason = String(decoding: error.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
            throw MachineError("Cannot load the program \(path): \(reason).")
        }
        return Program(descriptor, path)
    }

    private init(_ descriptor: OpaquePointer, _ path: String) {
        sharedObjectPath = path
        let info = terrarium_program_get_info(descriptor)
        self.descriptor = descriptor
        name = String(cString: info.name)
        contentHash = info.content_hash
        memoryPagesInitial = info.pages_initial
        memoryPagesMax = info.pages_max
    }
}
