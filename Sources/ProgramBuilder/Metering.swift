// The metering pass: marks every basic block of every function with its instruction count, as `i64.const MARK; drop`,
// which wasm2c keeps as an assignment that `Translation` turns into a charge. Marks change no index and no stack, so
// the rest of the module stays as it is. Also filters exports and drops custom sections.
//
// Counting: every instruction is 1, except block, loop, else, end and nop, which are 0. memory.copy/fill/init add one
// for every 8 bytes (in `Translation`). Checks stand at loop headers and at the entry of functions that call.

/// The number that a mark carries.
enum Mark {
    static let tag: UInt64 = 0x7e55_a12d
    static let entry: UInt64 = 1 << 31      // first mark of a function
    static let check: UInt64 = 1 << 30      // compare with the limit after charging
    static let local: UInt64 = 1 << 29      // entry: the function keeps its counter in a local variable
    static let leaf: UInt64 = 1 << 28       // entry: the function calls nothing
    static let countMask: UInt64 = (1 << 28) - 1

    static func value(_ flags: UInt64, count: Int) -> Int64 {
        Int64(bitPattern: tag << 32 | flags | min(UInt64(count), countMask))
    }
}

/// A metered module and what its translation needs to know.
public struct MeteredModule {
    var bytes: [UInt8]
    var module: WasmModule
    /// Functions that the machine calls: instantiate's constructors, start, handle, cloned.
    var constructors: UInt32?
    var start: UInt32?, handle: UInt32?, cloned: UInt32?
    var usesMemoryInit = false
    var functionCount = 0
    /// Mangled names by function index, when the module has a name section.
    var functionNames: [(index: UInt32, name: String)] = []
}

public enum Metering {
    /// The module with marks; throws what makes it unfit to be a program.
    public static func run(_ source: [UInt8], marking: Bool = true) throws(WasmError) -> MeteredModule {
        var result: Result<MeteredModule, WasmError> = .failure(WasmError("empty module"))
        source.withUnsafeBufferPointer { bytes in
            do throws(WasmError) { result = .success(try meter(bytes, marking)) } catch { result = .failure(error) }
        }
        return try result.get()
    }

    private static func meter(_ bytes: UnsafeBufferPointer<UInt8>, _ marking: Bool) throws(WasmError) -> MeteredModule {
        let module = try WasmModule(bytes)
        var metered = MeteredModule(bytes: [], module: module)
        try chooseEntries(&metered)
        var out = WasmWriter()
        out.bytes.reserveCapacity(bytes.count + bytes.count / 2)
        out.bytes.append(contentsOf: bytes[0..<8])
        for section in module.sections {
            switch section.id {
            case 0: metered.functionNames += names(WasmReader(bytes, from: section.range.lowerBound, to: section.range.upperBound))
            case 7: out.section(7, exportSection(metered))
            case 10 where marking: out.section(10, try codeSection(bytes, section.range, &metered))
            default: out.section(section.id, Array(bytes[section.range]))
            }
        }
        metered.bytes = out.bytes
        return metered
    }

    /// The name section's functions; anything malformed in it is ignored.
    private static func names(_ reader: WasmReader) -> [(index: UInt32, name: String)] {
        var r = reader
        var list: [(index: UInt32, name: String)] = []
        do throws(WasmError) {
            guard try r.name() == "name" else { return [] }
            while !r.isAtEnd {
                let id = try r.byte(), count = Int(try r.u32()), start = r.offset
                if id == 1 { for _ in 0..<(try r.u32()) { list.append((try r.u32(), try r.name())) } }
                r.offset = start
                try r.skip(count)
            }
        } catch {}
        return list
    }

    // MARK: Exports

    private static func chooseEntries(_ m: inout MeteredModule) throws(WasmError) {
        let i32: UInt8 = 0x7f, i64: UInt8 = 0x7e
        for e in m.module.exports {
            switch e.name {
            case "__wasm_call_ctors", "_initialize":
                m.constructors = try checked(e, m.module, [[]])
            case "start": m.start = try checked(e, m.module, [[], [i32]])
            case "handle": m.handle = try checked(e, m.module, [[i64, i32]])
            case "cloned": m.cloned = try checked(e, m.module, [[], [i32]])
            default: break
            }
        }
        guard m.start != nil else { throw WasmError("The module does not export start(i32).") }
    }
    private static func checked(_ e: (name: String, function: UInt32), _ module: WasmModule, _ allowed: [[UInt8]]) throws(WasmError) -> UInt32 {
        guard let s = module.signature(ofFunction: e.function), allowed.contains(s.parameters),
              s.results.allSatisfy({ $0 == 0x7f || $0 == 0x7e }) else {
            throw WasmError("The export \(e.name) has the wrong signature; programs export start(i32), handle(i64, i32) and cloned(i32).")
        }
        return e.function
    }
    private static func exportSection(_ m: MeteredModule) -> [UInt8] {
        let entries = [("ctors", m.constructors), ("start", m.start), ("handle", m.handle), ("cloned", m.cloned)]
        var w = WasmWriter()
        w.u32(UInt32(entries.count { $0.1 != nil }))
        for (name, index) in entries {
            guard let index else { continue }
            w.name(name)
            w.bytes.append(0)
            w.u32(index)
        }
        return w.bytes
    }

    // MARK: Code

    private static func codeSection(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ m: inout MeteredModule) throws(WasmError) -> [UInt8] {
        var r = WasmReader(bytes, from: range.lowerBound, to: range.upperBound)
        var w = WasmWriter()
        w.bytes.reserveCapacity(range.count + range.count / 2)
        let count = try r.u32()
        w.u32(count)
        m.functionCount = Int(count)
        for _ in 0..<count {
            let size = Int(try r.u32())
            let start = r.offset
            try r.skip(size)
            var walker = FunctionWalker(WasmReader(bytes, from: start, to: start + size), hasMemory: m.module.hasMemory)
            try walker.walk()
            m.usesMemoryInit = m.usesMemoryInit || walker.usesMemoryInit
            let body = walker.emit(bytes, start..<start + size)
            w.u32(UInt32(body.count))
            w.bytes.append(contentsOf: body)
        }
        return w.bytes
    }
}

/// Walks one function body and finds its basic blocks.
struct FunctionWalker {
    private struct Block { var position: Int; var count: Int; var flags: UInt64 }
    private enum Kind { case function, block, loop, conditional }
    private struct Label { var kind: Kind; var isTarget: Bool; var hasCall: Bool }

    private var r: WasmReader
    private var blocks: [Block] = []
    private var labels: [Label] = []
    private var isDead = false
    private var hasCall = false
    private var hasCallFreeLoop = false
    private(set) var usesMemoryInit = false
    private let hasMemory: Bool

    init(_ reader: WasmReader, hasMemory: Bool) { r = reader; self.hasMemory = hasMemory }

    mutating func walk() throws(WasmError) {
        for _ in 0..<(try r.u32()) {
            _ = try r.u32()
            let type = try r.byte()
            try WasmModule.checkValueType(type)
        }
        labels.append(Label(kind: .function, isTarget: false, hasCall: false))
        begin(Mark.entry)
        while !labels.isEmpty { try instruction() }
        guard r.isAtEnd else { throw WasmError("A function body has bytes after its end, at byte \(r.offset).") }
        blocks[0].flags |= (hasCallFreeLoop ? Mark.local : 0) | (hasCall ? Mark.check : Mark.leaf)
    }

    private mutating func begin(_ flags: UInt64 = 0) {
        blocks.append(Block(position: r.offset, count: 0, flags: flags))
        isDead = false
    }
    private mutating func count(_ n: Int = 1) { if !isDead { blocks[blocks.count - 1].count += n } }
    private mutating func push(_ kind: Kind) { labels.append(Label(kind: kind, isTarget: false, hasCall: false)) }
    private mutating func branch(_ depth: UInt32) throws(WasmError) {
        guard Int(depth) < labels.count else { throw WasmError("A branch at byte \(r.offset) leaves its function.") }
        labels[labels.count - 1 - Int(depth)].isTarget = true
    }
    private mutating func called() {
        count()
        hasCall = true
        labels[labels.count - 1].hasCall = true
    }

    private mutating func end() {
        let label = labels.removeLast()
        if !labels.isEmpty { labels[labels.count - 1].hasCall = labels[labels.count - 1].hasCall || label.hasCall }
        switch label.kind {
        case .function: break
        case .loop:
            if label.isTarget && !label.hasCall { hasCallFreeLoop = true }
        case .block:
            if label.isTarget { begin() }
        case .conditional:
            begin()
        }
    }

    private mutating func instruction() throws(WasmError) {
        let op = try r.byte()
        switch op {
        case 0x01: break
        case 0x02: try r.skipSigned(); push(.block)
        case 0x03: try r.skipSigned(); push(.loop); begin(Mark.check)
        case 0x04: count(); try r.skipSigned(); push(.conditional); begin()
        case 0x05: begin()
        case 0x0b: end()
        case 0x00, 0x0f: count(); isDead = true
        case 0x0c: count(); try branch(try r.u32()); isDead = true
        case 0x0d: count(); try branch(try r.u32()); begin()
        case 0x0e:
            count()
            for _ in 0..<(try r.u32()) { try branch(try r.u32()) }
            try branch(try r.u32())
            isDead = true
        case 0x10: _ = try r.u32(); called()
        case 0x11: _ = try r.u32(); _ = try r.u32(); called()
        case 0x1a, 0x1b: count()
        case 0x20...0x24: count(); _ = try r.u32()
        case 0x28...0x3e: count(); try usesMemory(try r.u32() >> 6); _ = try r.u32()
        case 0x3f, 0x40: count(); try usesMemory(UInt32(try r.byte()))
        case 0x41, 0x42: count(); try r.skipSigned()
        case 0x43: count(); try r.skip(4)
        case 0x44: count(); try r.skip(8)
        case 0x45...0xc4: count()
        case 0x1c: count(); for _ in 0..<(try r.u32()) { try WasmModule.checkValueType(try r.byte()) }
        case 0xfc: try bulk()
        default: throw WasmError(FunctionWalker.refusal(op, r.offset - 1))
        }
    }

    /// `selector` is 0 for the only memory.
    private func usesMemory(_ selector: UInt32) throws(WasmError) {
        guard hasMemory else { throw WasmError("An instruction at byte \(r.offset) uses memory, but the module has none; declare one, or link with wasm-ld.") }
        guard selector == 0 else { throw WasmError("An instruction at byte \(r.offset) names a second memory (multi-memory); programs have one.") }
    }

    private mutating func bulk() throws(WasmError) {
        let sub = try r.u32()
        count()
        switch sub {
        case 0...7: break
        case 8: usesMemoryInit = true; _ = try r.u32(); try usesMemory(UInt32(try r.byte()))
        case 9: usesMemoryInit = true; _ = try r.u32()
        case 10: try usesMemory(UInt32(try r.byte())); try usesMemory(UInt32(try r.byte()))
        case 11: try usesMemory(UInt32(try r.byte()))
        default: throw WasmError("Instruction 0xfc \(sub) at byte \(r.offset) changes tables, which programs may not do; build without -mreference-types.")
        }
    }

    private static func refusal(_ op: UInt8, _ offset: Int) -> String {
        let (what, way) = switch op {
        case 0xfd: ("a vector (SIMD) instruction", "without -msimd128")
        case 0xfe: ("an atomic (threads) instruction", "without -pthread and -matomics")
        case 0x12, 0x13, 0x15: ("a tail call", "without -mtail-call")
        case 0x06, 0x07, 0x08, 0x09, 0x18, 0x19, 0x1f, 0x0a: ("an exception-handling instruction", "without -fwasm-exceptions")
        case 0x25, 0x26, 0xd0, 0xd1, 0xd2: ("a reference or table instruction", "without -mreference-types")
        default: ("unknown", "without experimental features")
        }
        return "Instruction 0x\(String(op, radix: 16)) at byte \(offset) (\(what)) is not supported in programs; build \(way)."
    }

    /// The body with marks inserted.
    func emit(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> [UInt8] {
        var w = WasmWriter()
        w.bytes.reserveCapacity(range.count + blocks.count * 12)
        var position = range.lowerBound
        for block in blocks where block.count > 0 || block.flags & Mark.entry != 0 {
            w.bytes.append(contentsOf: bytes[position..<block.position])
            position = block.position
            w.bytes.append(0x42)                        // i64.const
            w.s64(Mark.value(block.flags, count: block.count))
            w.bytes.append(0x1a)                        // drop
        }
        w.bytes.append(contentsOf: bytes[position..<range.upperBound])
        return w.bytes
    }
}
