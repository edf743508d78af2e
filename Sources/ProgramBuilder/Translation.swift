// From a metered module to C that can be compiled: turns marks into charges, patches the helpers that wasm2c 1.0.32
// writes before the functions, adds the descriptor, and splits large modules into parts that compile in parallel.
// Works on bytes, line by line: the text of a large program is tens of megabytes.

import Foundation

/// The C files of one program.
struct Translation {
    /// File names with contents; the first holds instantiation and the descriptor.
    var files: [(name: String, bytes: [UInt8])]

    /// `header` is wasm2c's .h, `source` its .c (module name `program`).
    init(header: [UInt8], source: [UInt8], metered: MeteredModule, name: String, contentHash: UInt64, pagesMax: UInt32, functionBytesPerPart: Int) throws(WasmError) {
        var splitter = Splitter()
        try splitter.run(source)
        let wanted = metered.usesMemoryInit ? 1 : max(1, min(24, splitter.functionBytes / functionBytesPerPart + 1))
        let prelude = try Translation.patchPrelude(splitter.prelude)
        let glue = Translation.glue(header: header, metered: metered, name: name, hash: contentHash, pagesMax: pagesMax)
        files = [("program.h", header)]
        if wanted == 1 {
            files.insert(("part0.c", prelude + splitter.join(.all) + glue), at: 0)
            return
        }
        files.insert(("part0.c", prelude + splitter.join(.main) + glue), at: 0)
        for part in 0..<wanted { files.append(("part\(part + 1).c", prelude + splitter.join(.part(part, of: wanted)))) }
    }

    // MARK: Helpers before the functions

    private static let patches: [(find: String, replace: String)] = [
        // Shared windows lie above memory.size: only the reservation bounds bulk operations, the machine the rest.
        ("if (UNLIKELY(offset + (uint64_t)len > mem->size))", "if (UNLIKELY(offset + (uint64_t)len > UINT64_C(0x100000000)))"),
        ("memset(mem->data + d, val, n);", "terrarium_fill(mem->data + d, val, n);"),
        ("memmove(dest->data + dest_addr, src->data + src_addr, n);", "terrarium_move(dest->data + dest_addr, src->data + src_addr, n);"),
        ("static inline void load_data(void* dest, const void* src, size_t n) {\n  memcpy(dest, src, n);",
         "static inline void load_data(void* dest, const void* src, size_t n) {\n  terrarium_move(dest, src, (uint32_t)n);"),
        ("DEFINE_STORE(f32_store, f32, f32)\n", "DEFINE_STORE(f32_store_raw, f32, f32)\n#define f32_store(m, a, v) f32_store_raw(m, a, TERRARIUM_CANONICAL_F32(v))\n"),
        ("DEFINE_STORE(f64_store, f64, f64)\n", "DEFINE_STORE(f64_store_raw, f64, f64)\n#define f64_store(m, a, v) f64_store_raw(m, a, TERRARIUM_CANONICAL_F64(v))\n"),
        ("DEFINE_REINTERPRET(i32_reinterpret_f32, f32, u32)\n",
         "DEFINE_REINTERPRET(i32_reinterpret_f32_raw, f32, u32)\n#define i32_reinterpret_f32(v) i32_reinterpret_f32_raw(TERRARIUM_CANONICAL_F32(v))\n"),
        ("DEFINE_REINTERPRET(i64_reinterpret_f64, f64, u64)\n",
         "DEFINE_REINTERPRET(i64_reinterpret_f64_raw, f64, u64)\n#define i64_reinterpret_f64(v) i64_reinterpret_f64_raw(TERRARIUM_CANONICAL_F64(v))\n"),
    ]

    private static func patchPrelude(_ bytes: [UInt8]) throws(WasmError) -> [UInt8] {
        var text = String(decoding: bytes, as: UTF8.self)
        for p in patches {
            // load_data exists twice (big-endian variant first, with other text).
            let parts = text.components(separatedBy: p.find)
            guard parts.count == 2 else {
                throw WasmError("wasm2c wrote something unexpected (\(parts.count - 1) × \"\(p.find.prefix(60))\"); version 1.0.32 is supported.")
            }
            text = parts.joined(separator: p.replace)
        }
        return Array(text.utf8)
    }

    // MARK: Descriptor

    private static func glue(header: [UInt8], metered: MeteredModule, name: String, hash: UInt64, pagesMax: UInt32) -> [UInt8] {
        let m = metered.module
        var s = "\n/* descriptor */\n"
        func field(_ type: String) -> String? {
            let lines = String(decoding: header, as: UTF8.self).components(separatedBy: "\n")
            return lines.first { $0.hasPrefix("  \(type) w2c_") }.map { String($0.dropFirst(type.count + 3).dropLast()) }
        }
        if m.hasMemory, let f = field("wasm_rt_memory_t") { s += "#define PROGRAM_MEMORY \(f)\n" }
        if m.hasTable, let f = field("wasm_rt_funcref_table_t") { s += "#define PROGRAM_TABLE \(f)\n" }
        let printable = name.unicodeScalars.map { $0.isASCII && ($0.properties.isAlphabetic || $0.properties.numericType != nil || $0 == "-" || $0 == "_" || $0 == ".") ? String($0) : "_" }.joined()
        s += """
        #define PROGRAM_NAME "\(printable)"
        #define PROGRAM_HASH UINT64_C(\(hash))
        #define PROGRAM_PAGES_INITIAL \(m.memoryPagesInitial)u
        #define PROGRAM_PAGES_MAX \(pagesMax)u
        #define PROGRAM_TABLE_COUNT \(m.tableCount)u
        #define PROGRAM_IMPORTS_KERNEL \(m.importedFunctionCount)

        """
        let import_ = m.importedFunctionCount == 1 ? ", (struct Z_kernel_instance_t *)(void *)TERRARIUM_TASK(i)" : ""
        s += "static int64_t entry_instantiate(void *i, int64_t a, int64_t b) {\n  (void)a; (void)b;\n  Z_program_instantiate((Z_program_instance_t *)i\(import_));\n"
        if metered.constructors != nil { s += "  Z_programZ_ctors((Z_program_instance_t *)i);\n" }
        s += "  return 0;\n}\n#define PROGRAM_ENTRY_INSTANTIATE entry_instantiate\n"
        for (entry, index) in [("start", metered.start), ("handle", metered.handle), ("cloned", metered.cloned)] {
            let macro = "#define PROGRAM_ENTRY_\(entry.uppercased())"
            guard let index, let signature = m.signature(ofFunction: index) else { s += "\(macro) NULL\n"; continue }
            let arguments = ["", ", (u32)a", ", (u64)a, (u32)b"][signature.parameters.count]
            let call = "Z_programZ_\(entry)((Z_program_instance_t *)i\(arguments))"
            let body = switch signature.results.first {
            case 0x7f: "return (int64_t)(s32)\(call);"
            case 0x7e: "return (int64_t)\(call);"
            default: "\(call); return 0;"
            }
            s += "static int64_t entry_\(entry)(void *i, int64_t a, int64_t b) { (void)a; (void)b; \(body) }\n\(macro) entry_\(entry)\n"
        }
        return Array((s + "#include \"program-glue.h\"\n").utf8)
    }
}

/// Cuts wasm2c's text into top-level pieces and meters function bodies on the way.
struct Splitter {
    enum Selection { case all, main, part(Int, of: Int) }
    private enum Kind { case prototype, function, types, other }
    private struct Piece { var kind: Kind; var bytes: [UInt8] }

    private(set) var prelude: [UInt8] = []
    private(set) var functionBytes = 0
    private var pieces: [Piece] = []

    mutating func run(_ source: [UInt8]) throws(WasmError) {
        let marker = Array("\nstatic bool s_module_initialized".utf8)
        guard let cut = Splitter.find(marker, in: source) else { throw WasmError("wasm2c wrote something unexpected (no module state).") }
        prelude = Array(source[...cut])
        source.withUnsafeBufferPointer { all in
            var position = cut + 1
            while position < all.count {
                let end = Splitter.pieceEnd(all, position)
                add(UnsafeBufferPointer(rebasing: all[position..<end]))
                position = end
            }
        }
    }

    /// A piece is everything up to a line that ends a declaration at top level (`;` or `}` in a line that starts in
    /// column 0), or an empty line.
    private static func pieceEnd(_ b: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
        var line = start
        while line < b.count {
            let newline = lineEnd(b, line)
            let last = newline > line ? b[newline - 1] : 0
            let next = min(newline + 1, b.count)
            let first = b[line]
            let isIndented = first == 0x20
            if newline == line && line == start { return next }
            if line == start && last == 0x3b { return next }                       // one-line declaration
            if line == start && last == 0x7d { return next }                       // one-line definition
            if line == start && first == 0x2f && last == 0x2f { return next }      // /* comment */
            if line > start && !isIndented && (first == 0x7d || last == 0x3b) { return next }
            line = next
        }
        return b.count
    }
    private static func lineEnd(_ b: UnsafeBufferPointer<UInt8>, _ from: Int) -> Int {
        guard let p = memchr(b.baseAddress! + from, 0x0a, b.count - from) else { return b.count }
        return UnsafeRawPointer(b.baseAddress!).distance(to: UnsafeRawPointer(p))
    }
    static func find(_ needle: [UInt8], in bytes: [UInt8]) -> Int? {
        bytes.withUnsafeBufferPointer { b in find(needle, in: b) }
    }
    static func find(_ needle: [UInt8], in b: UnsafeBufferPointer<UInt8>) -> Int? {
        guard let base = b.baseAddress, b.count >= needle.count else { return nil }
        let starts = b.count - needle.count + 1
        var i = 0
        while i < starts, let p = memchr(base + i, Int32(needle[0]), starts - i) {
            i = UnsafeRawPointer(base).distance(to: UnsafeRawPointer(p))
            if memcmp(base + i, needle, needle.count) == 0 { return i }
            i += 1
        }
        return nil
    }

    private static let staticWord = Array("static ".utf8)
    private static let functionMark = Array("(Z_program_instance_t* instance".utf8)
    private static let prototypeMark = Array("(Z_program_instance_t*".utf8)
    private static let namePrefix = Array(" w2c_".utf8)
    private static let typesPrefix = Array("static u32 func_types[".utf8)

    private mutating func add(_ b: UnsafeBufferPointer<UInt8>) {
        let firstLine = UnsafeBufferPointer(rebasing: b[0..<Splitter.lineEnd(b, 0)])
        let isStatic = b.starts(with: Splitter.staticWord)
        if isStatic && b.starts(with: Splitter.typesPrefix) { return pieces.append(Piece(kind: .types, bytes: Array(b))) }
        guard isStatic, let name = Splitter.find(Splitter.namePrefix, in: firstLine),
              let open = Splitter.find(Splitter.prototypeMark, in: firstLine), name < open else {
            return pieces.append(Piece(kind: .other, bytes: Array(b)))
        }
        if Splitter.find(Splitter.functionMark, in: firstLine) != nil {
            var meter = FunctionMeter()
            let metered = meter.run(b)
            functionBytes += metered.count
            pieces.append(Piece(kind: .function, bytes: metered))
        } else {
            pieces.append(Piece(kind: .prototype, bytes: Array(b)))
        }
    }

    /// The text of one file. When split, functions lose their `static` (they are hidden by a compiler flag).
    func join(_ selection: Selection) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(functionBytes)
        var functionsSoFar = 0
        for p in pieces {
            switch (selection, p.kind) {
            case (.all, _): out += p.bytes
            case (.main, .function): continue
            case (.main, .prototype), (.main, .types): out += p.bytes[7...]
            case (.main, .other): out += p.bytes
            case (.part, .other): continue
            case (.part, .prototype): out += p.bytes[7...]
            case (.part, .types): out += Array("extern ".utf8) + p.bytes[7...]
            case let (.part(index, count), .function):
                defer { functionsSoFar += p.bytes.count }
                if functionsSoFar * count / max(1, functionBytes) == index { out += p.bytes[7...] }
            }
        }
        return out
    }
}

/// Meters the text of one function.
struct FunctionMeter {
    private var out: [UInt8] = []
    private var isLocal = false, isLeaf = true, hasEntry = false, isInCall = false

    private static let prologue = Array("  FUNC_PROLOGUE;".utf8)
    private static let epilogue = Array("  FUNC_EPILOGUE;".utf8)
    private static let call = Array("(instance".utf8)
    private static let bulk = Array("memory_".utf8)

    mutating func run(_ b: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        out.reserveCapacity(b.count + b.count / 4)
        var line = 0
        var isSignature = true
        while line < b.count {
            let end = memchr(b.baseAddress! + line, 0x0a, b.count - line).map { UnsafeRawPointer(b.baseAddress!).distance(to: UnsafeRawPointer($0)) } ?? b.count
            let text = UnsafeBufferPointer(rebasing: b[line..<end])
            if isSignature { append(text); isSignature = text.last != 0x7b } else { body(text) }
            line = end + 1
        }
        return out
    }

    private mutating func append(_ text: UnsafeBufferPointer<UInt8>) {
        out.append(contentsOf: text)
        out.append(0x0a)
    }
    private mutating func append(_ text: String) {
        out.append(contentsOf: text.utf8)
        out.append(0x0a)
    }

    private mutating func body(_ text: UnsafeBufferPointer<UInt8>) {
        if isInCall { return continueCall(text) }
        if text.elementsEqual(FunctionMeter.prologue) { return }
        if text.elementsEqual(FunctionMeter.epilogue) { return leave() }
        if let mark = FunctionMeter.mark(text) { return charge(mark, text) }
        if contains(text, FunctionMeter.call) { return around(text) }
        if hasEntry, let length = bulkLength(text) {
            append("  \(isLocal ? "METER_LOCAL_BULK" : "METER_BULK")(\(length));")
        }
        append(text)
    }

    private mutating func charge(_ mark: UInt64, _ text: UnsafeBufferPointer<UInt8>) {
        append(text)  // dead unless a program's own constant looks like a mark
        let isEntry = mark & Mark.entry != 0 && !hasEntry
        if isEntry {
            hasEntry = true
            isLocal = mark & Mark.local != 0
            isLeaf = mark & Mark.leaf != 0
            append(isLocal ? "  METER_LOCAL_BEGIN;" : "  METER_BEGIN;")
        }
        let count = mark & Mark.countMask, prefix = isLocal ? "METER_LOCAL_" : "METER_"
        if isEntry && !isLeaf { return append("  \(prefix)ENTER(\(count)u);") }
        if count == 0 && mark & Mark.check == 0 { return }
        append("  \(prefix)\(mark & Mark.check != 0 ? "CHECK" : "CHARGE")(\(count)u);")
    }

    /// A call: the callee counts in memory. Long calls wrap over several lines.
    private mutating func around(_ text: UnsafeBufferPointer<UInt8>) {
        if hasEntry { append(isLocal ? "  METER_SPILL;" : "  METER_FLUSH;") }
        append(text)
        isInCall = text.last != 0x3b
        if isLocal && !isInCall { append("  METER_LOAD;") }
    }
    private mutating func continueCall(_ text: UnsafeBufferPointer<UInt8>) {
        append(text)
        isInCall = text.last != 0x3b
        if isLocal && !isInCall { append("  METER_LOAD;") }
    }

    private mutating func leave() {
        guard hasEntry else { return }
        switch (isLocal, isLeaf) {
        case (true, true): append("  METER_SPILL;")
        case (true, false): append("  METER_LOCAL_LEAVE;")
        case (false, true): append("  METER_FLUSH;")
        case (false, false): append("  METER_LEAVE;")
        }
    }

    private func contains(_ text: UnsafeBufferPointer<UInt8>, _ needle: [UInt8]) -> Bool {
        Splitter.find(needle, in: text) != nil
    }

    /// `w2c_j3 = 9106…ull;` whose upper half is the tag.
    private static func mark(_ text: UnsafeBufferPointer<UInt8>) -> UInt64? {
        guard text.count > 26, text.last == 0x3b, text[text.count - 2] == 0x6c, text[text.count - 4] == 0x75 else { return nil }
        var value: UInt64 = 0, scale: UInt64 = 1
        var i = text.count - 5
        while i > 0, text[i] >= 0x30, text[i] <= 0x39, scale <= 1_000_000_000_000_000_000 {
            value &+= UInt64(text[i] - 0x30) &* scale
            scale &*= 10
            i -= 1
        }
        guard value >> 32 == Mark.tag, text[i] == 0x20 else { return nil }
        return value
    }

    /// The last argument of memory_copy, memory_fill or memory_init.
    private func bulkLength(_ text: UnsafeBufferPointer<UInt8>) -> String? {
        var i = 0
        while i < text.count, text[i] == 0x20 { i += 1 }
        guard text[i...].starts(with: FunctionMeter.bulk), let comma = text.lastIndex(of: 0x2c),
              let close = text.lastIndex(of: 0x29), comma < close else { return nil }
        return String(decoding: text[(comma + 1)..<close], as: UTF8.self)
    }
}
