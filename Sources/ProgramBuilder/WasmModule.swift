// What the builder must know of a module: its sections, function types, exports; and the refusal of everything that
// programs may not contain. Function bodies are walked in `Metering`.

/// A function signature as value-type bytes (0x7f i32, 0x7e i64, 0x7d f32, 0x7c f64).
struct WasmSignature: Equatable {
    var parameters: [UInt8]
    var results: [UInt8]
}

struct WasmModule {
    struct Section {
        var id: UInt8
        var range: Range<Int>
    }
    var sections: [Section] = []
    var types: [WasmSignature] = []
    var importedFunctionCount = 0
    var functionTypes: [UInt32] = []            // of defined functions
    var exports: [(name: String, function: UInt32)] = []
    var memoryPagesInitial: UInt32 = 0
    var memoryPagesMax: UInt32?
    var hasMemory = false
    var tableCount: UInt32 = 0
    var hasTable = false

    static let systemCall = WasmSignature(parameters: [0x7f] + [UInt8](repeating: 0x7e, count: 6), results: [0x7e])
    /// The heap ends where the window of shared memory begins (1 GiB).
    static let memoryPagesLimit: UInt32 = 16384

    func signature(ofFunction index: UInt32) -> WasmSignature? {
        let i = Int(index) - importedFunctionCount
        guard functionTypes.indices.contains(i), types.indices.contains(Int(functionTypes[i])) else { return nil }
        return types[Int(functionTypes[i])]
    }

    init(_ bytes: UnsafeBufferPointer<UInt8>) throws(WasmError) {
        guard bytes.count >= 8, bytes[0] == 0, bytes[1] == 0x61, bytes[2] == 0x73, bytes[3] == 0x6d else {
            throw WasmError("This is not a WebAssembly module: it does not begin with \\0asm.")
        }
        guard bytes[4] == 1, bytes[5] == 0, bytes[6] == 0, bytes[7] == 0 else {
            let isComponent = bytes[6] == 1
            throw WasmError(isComponent ? "This is a WebAssembly component; programs are core modules (extract one with wasm-tools component unbundle)."
                                        : "WebAssembly binary version \(bytes[4]) is not supported; build the module as version 1.")
        }
        var r = WasmReader(bytes, from: 8)
        while !r.isAtEnd {
            let id = try r.byte()
            let count = Int(try r.u32())
            let start = r.offset
            try r.skip(count)
            sections.append(Section(id: id, range: start..<start + count))
            var body = WasmReader(bytes, from: start, to: start + count)
            try parseSection(id, &body)
        }
    }

    private mutating func parseSection(_ id: UInt8, _ r: inout WasmReader) throws(WasmError) {
        switch id {
        case 1: try parseTypes(&r)
        case 2: try parseImports(&r)
        case 3: for _ in 0..<(try r.u32()) { functionTypes.append(try r.u32()) }
        case 4: try parseTables(&r)
        case 5: try parseMemories(&r)
        case 7: try parseExports(&r)
        case 9: try parseElements(&r)
        case 0, 6, 10, 11, 12: break
        case 8: throw WasmError("The module has a start function, which would run before the program has its handles; export start(i32) instead.")
        case 13: throw WasmError("The module declares exception tags (exception handling), which programs may not use; build without -fwasm-exceptions.")
        default: throw WasmError("Section \(id) is none of WebAssembly 1.0; build the module without experimental features.")
        }
    }

    private mutating func parseTypes(_ r: inout WasmReader) throws(WasmError) {
        let count = try r.u32()
        guard count <= 4000 else { throw WasmError("The module has \(count) function types; at most 4000 are supported.") }
        for _ in 0..<count {
            guard try r.byte() == 0x60 else { throw WasmError("Only function types are supported.") }
            let s = WasmSignature(parameters: try valueTypes(&r), results: try valueTypes(&r))
            guard s.parameters.count <= 60 else { throw WasmError("A function has \(s.parameters.count) parameters; at most 60 are supported.") }
            guard s.results.count <= 1 else { throw WasmError("A function has several results (multi-value); build without -mmultivalue.") }
            types.append(s)
        }
    }
    private func valueTypes(_ r: inout WasmReader) throws(WasmError) -> [UInt8] {
        var list: [UInt8] = []
        for _ in 0..<(try r.u32()) {
            let t = try r.byte()
            try WasmModule.checkValueType(t)
            list.append(t)
        }
        return list
    }
    static func checkValueType(_ t: UInt8) throws(WasmError) {
        switch t {
        case 0x7c...0x7f: return
        case 0x7b: throw WasmError("The module uses vectors (SIMD, v128), which programs may not; build without -msimd128.")
        case 0x6f, 0x70: throw WasmError("The module keeps references (funcref, externref) in values, which programs may not; build without -mreference-types.")
        default: throw WasmError("Value type 0x\(String(t, radix: 16)) is none of i32, i64, f32 and f64; build without experimental features.")
        }
    }
    private mutating func parseImports(_ r: inout WasmReader) throws(WasmError) {
        for _ in 0..<(try r.u32()) {
            let module = try r.name(), field = try r.name(), kind = try r.byte()
            guard module == "kernel", field == "syscall", kind == 0 else {
                throw WasmError("The module imports \(module).\(field); programs may import only the function kernel.syscall (is a library missing, or was it built for WASI or a browser?).")
            }
            let type = try r.u32()
            guard types.indices.contains(Int(type)), types[Int(type)] == WasmModule.systemCall else {
                throw WasmError("kernel.syscall must be imported as (i32, i64 × 6) -> i64.")
            }
            importedFunctionCount += 1
        }
        guard importedFunctionCount <= 1 else { throw WasmError("The module imports kernel.syscall twice.") }
    }
    private func limits(_ r: inout WasmReader) throws(WasmError) -> (min: UInt32, max: UInt32?) {
        switch try r.byte() {
        case 0: return (try r.u32(), nil)
        case 1: return (try r.u32(), try r.u32())
        case 2, 3: throw WasmError("The module wants shared memory (threads), which programs may not have; build without -pthread.")
        case 4...7: throw WasmError("The module wants 64-bit memory (memory64); build for wasm32.")
        default: throw WasmError("The limits of a memory or table are of an unknown kind; build without experimental features.")
        }
    }
    private mutating func parseTables(_ r: inout WasmReader) throws(WasmError) {
        let count = try r.u32()
        guard count <= 1 else { throw WasmError("The module has \(count) tables; programs have at most one (build without -mreference-types).") }
        guard count == 1 else { return }
        guard try r.byte() == 0x70 else { throw WasmError("The module has a table of external references; programs have tables of functions only (build without -mreference-types).") }
        tableCount = try limits(&r).min
        guard tableCount <= 1 << 20 else { throw WasmError("The function table has \(tableCount) entries; at most 1,048,576 are supported.") }
        hasTable = true
    }
    private mutating func parseMemories(_ r: inout WasmReader) throws(WasmError) {
        let count = try r.u32()
        guard count <= 1 else { throw WasmError("The module has \(count) memories (multi-memory); programs have one.") }
        guard count == 1 else { return }
        (memoryPagesInitial, memoryPagesMax) = try limits(&r)
        hasMemory = true
        guard memoryPagesInitial <= WasmModule.memoryPagesLimit else {
            throw WasmError("The module wants \(memoryPagesInitial) pages of memory at start; at most \(WasmModule.memoryPagesLimit) (1 GiB) exist; link with a smaller --initial-memory.")
        }
    }
    private mutating func parseExports(_ r: inout WasmReader) throws(WasmError) {
        for _ in 0..<(try r.u32()) {
            let name = try r.name(), kind = try r.byte(), index = try r.u32()
            if kind == 0 { exports.append((name, index)) }
        }
    }
    private func parseElements(_ r: inout WasmReader) throws(WasmError) {
        for _ in 0..<(try r.u32()) {
            guard try r.u32() == 0 else { throw WasmError("A passive or declared element segment belongs to instructions that change tables, which programs may not do; build without -mreference-types.") }
            guard try r.byte() == 0x41 else { throw WasmError("An element segment's offset must be a constant.") }
            try r.skipSigned()
            guard try r.byte() == 0x0b else { throw WasmError("An element segment's offset must be a constant.") }
            for _ in 0..<(try r.u32()) {
                guard try r.u32() >= UInt32(importedFunctionCount) else { throw WasmError("kernel.syscall may not stand in the function table.") }
            }
        }
    }
}
