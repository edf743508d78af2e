// Builds guest programs: Embedded Swift (or any WebAssembly module) → wasm → metering → C → shared object. Every step's
// result is named by the hash of everything that went into it, so an unchanged step is never repeated.
//
//     images/out/programs/NAME-HASH.so, NAME.wasm, manifest.json      images/out/cache/…

import Foundation

/// A program that is ready to be loaded.
public struct BuiltProgram: Sendable {
    public let name: String
    public let sharedObjectPath: String
    public let wasmPath: String
    /// Of the module and of everything that translated it.
    public let contentHash: UInt64
}

public final class ProgramBuilder: Sendable {
    public let root: String
    public let output: String
    public let recipes: ProgramRecipes
    let tools: Toolchain
    /// Optimisation of the generated C; instruction counts do not depend on it.
    let optimisation: String
    /// Larger programs are cut into parts of about this much C that compile in parallel.
    let functionBytesPerPart: Int
    /// False only for measuring what metering costs: such programs cannot be interrupted.
    let isMetered: Bool
    /// False only for measuring against wasi-libc's allocator.
    let hasOwnAllocator: Bool
    private let progress: @Sendable (String) -> Void
    private let locks = StepLocks()

    /// - Parameters:
    ///   - root: the project's directory; - output: usually `images/out` in it.
    ///   - recipes: by default `images/programs.json` and the guest modules of `Package.swift`.
    public init(root: String, output: String? = nil, recipes: ProgramRecipes? = nil, optimisation: String = "-O2",
                functionBytesPerPart: Int = 1_500_000, isMetered: Bool = true, hasOwnAllocator: Bool = true,
                progress: @escaping @Sendable (String) -> Void = { _ in }) throws(BuildError) {
        self.root = root
        self.output = output ?? root + "/images/out"
        if let recipes { self.recipes = recipes } else { self.recipes = try ProgramRecipes.load(root: root) }
        self.optimisation = optimisation
        self.functionBytesPerPart = functionBytesPerPart
        self.isMetered = isMetered
        self.hasOwnAllocator = hasOwnAllocator
        self.progress = progress
        tools = try Toolchain.find()
        for d in ["programs", "cache/modules", "cache/objects", "cache/wasm", "cache/translations"] {
            do { try FileManager.default.createDirectory(atPath: self.output + "/" + d, withIntermediateDirectories: true) }
            catch { throw BuildError("Cannot create \(self.output)/\(d): \(error.localizedDescription)") }
        }
    }

    func reportLine(_ line: String) { progress(line) }
    func lock(for path: String) -> NSLock { locks.lock(path) }

    /// All programs, two at a time; fails with the first error after the others ended.
    public func buildAll(only: [String]? = nil) throws(BuildError) -> [BuiltProgram] {
        let chosen = recipes.programs.filter { only?.contains($0.name) ?? true }
        if let only, let missing = only.first(where: { n in !chosen.contains { $0.name == n } }) {
            throw BuildError("There is no program \(missing); programs are \(recipes.programs.map(\.name).joined(separator: ", ")).")
        }
        let results = parallel(chosen) { (recipe) throws(BuildError) in try self.build(recipe) }
        var built: [BuiltProgram] = []
        for r in results { built.append(try r.get()) }
        try writeManifest(built)
        return built
    }

    /// One program of `images/programs.json`.
    public func build(program name: String) throws(BuildError) -> BuiltProgram {
        guard let recipe = recipes.programs.first(where: { $0.name == name }) else {
            throw BuildError("There is no program \(name); programs are \(recipes.programs.map(\.name).joined(separator: ", ")).")
        }
        let built = try build(recipe)
        try writeManifest([built])
        return built
    }

    /// A program from one Swift file with its own dependencies (tests).
    public func build(swiftFile path: String, name: String, dependencies: [String] = ["ABI", "Runtime"]) throws(BuildError) -> BuiltProgram {
        var extended = recipes
        let module = "Program_" + name.replacingOccurrences(of: "-", with: "_")
        extended.modules[module] = .init(path: path, dependencies: dependencies)
        return try build(.init(name: name, module: module), extended)
    }

    /// A program from any WebAssembly module; refuses what cannot run, with the reason.
    public func build(wasm path: String, name: String, memoryPagesMax: Int? = nil) throws(BuildError) -> BuiltProgram {
        guard let data = FileManager.default.contents(atPath: path) else { throw BuildError("\(path) cannot be read.") }
        return try translate([UInt8](data), name: name, wasmPath: path, pagesMax: memoryPagesMax)
    }

    /// A program from WebAssembly text (tests).
    public func build(wat path: String, name: String, memoryPagesMax: Int? = nil) throws(BuildError) -> BuiltProgram {
        let result = output + "/cache/wasm/\(name)-\(try hash(["wat"], files: [path])).wasm"
        try step("program \(name): assemble", result: result) { (temporary) throws(BuildError) in
            try run(["wat2wasm", path, "-o", temporary], what: "assembling the program \(name)")
        }
        return try build(wasm: result, name: name, memoryPagesMax: memoryPagesMax)
    }

    /// What earlier builds left in `output`, for running without building: name → program.
    public static func installed(output: String) -> [BuiltProgram] {
        guard let data = FileManager.default.contents(atPath: output + "/programs/manifest.json"),
              let list = try? JSONDecoder().decode([ManifestEntry].self, from: data) else { return [] }
        return list.map { BuiltProgram(name: $0.name, sharedObjectPath: output + "/programs/" + $0.sharedObject, wasmPath: output + "/programs/" + $0.wasm, contentHash: UInt64($0.hash, radix: 16) ?? 0) }
    }

    // MARK: Steps

    func build(_ recipe: ProgramRecipes.Recipe) throws(BuildError) -> BuiltProgram { try build(recipe, recipes) }

    private func build(_ recipe: ProgramRecipes.Recipe, _ recipes: ProgramRecipes) throws(BuildError) -> BuiltProgram {
        var compiled: [String: CompiledModule] = [:]
        for d in try recipes.dependencies(of: recipe.module) { compiled[d] = try library(d, recipes, compiled) }
        let object = try entryObject(recipe, recipes, compiled)
        let wasm = try link(recipe, object)
        guard let bytes = FileManager.default.contents(atPath: wasm) else { throw BuildError("\(wasm) cannot be read.") }
        let installed = output + "/programs/\(recipe.name).wasm"
        let built = try translate([UInt8](bytes), name: recipe.name, wasmPath: installed, pagesMax: recipe.memoryPagesMax)
        try replace(installed, with: bytes)
        return built
    }

    struct CompiledModule: Sendable { var directory: String; var key: String }

    private static let swiftFlags = ["-target", "wasm32-unknown-none-wasm", "-enable-experimental-feature", "Embedded",
                                     "-enable-experimental-feature", "Extern", "-wmo", "-parse-as-library", "-O", "-swift-version", "6",
                                     "-Xfrontend", "-disable-incremental-llvm-codegen"]

    /// A library module: only its interface and inlinable bodies; the program's entry module emits the code.
    private func library(_ name: String, _ recipes: ProgramRecipes, _ others: [String: CompiledModule]) throws(BuildError) -> CompiledModule {
        let module = recipes.modules[name]!
        let sources = try sources(of: module.path)
        let dependencies = try recipes.dependencies(of: name).map { others[$0]! }
        let key = try hash(["module", name] + ProgramBuilder.swiftFlags + dependencies.map(\.key), files: sources)
        let directory = output + "/cache/modules/\(name)-\(key)"
        let result = directory + "/\(name).swiftmodule"
        let includes = dependencies.flatMap { ["-I", $0.directory] }
        try step("module \(name)", result: result) { (temporary) throws(BuildError) in
            try run([tools.swiftc] + ProgramBuilder.swiftFlags + ["-module-name", name, "-emit-module", "-emit-module-path", temporary,
                     "-Xfrontend", "-emit-empty-object-file", "-c", "-o", temporary + ".o"] + includes + sources, what: "compiling the module \(name)")
        }
        return CompiledModule(directory: directory, key: key)
    }

    private func entryObject(_ recipe: ProgramRecipes.Recipe, _ recipes: ProgramRecipes, _ modules: [String: CompiledModule]) throws(BuildError) -> String {
        let module = recipes.modules[recipe.module]!
        let sources = try sources(of: module.path)
        let dependencies = try recipes.dependencies(of: recipe.module).map { modules[$0]! }
        let key = try hash(["entry", recipe.module] + ProgramBuilder.swiftFlags + dependencies.map(\.key), files: sources)
        let result = output + "/cache/objects/\(recipe.module)-\(key).o"
        try step("program \(recipe.name): compile", result: result) { (temporary) throws(BuildError) in
            try run([tools.swiftc] + ProgramBuilder.swiftFlags + ["-module-name", recipe.module, "-c", "-o", temporary]
                    + dependencies.flatMap { ["-I", $0.directory] } + sources, what: "compiling the program \(recipe.name)", timeoutSeconds: 1200)
        }
        return result
    }

    private func cRuntime() throws(BuildError) -> [String] {
        let directory = root + "/Sources/GuestOS/Userland/CRuntime"
        let flags = ["--target=wasm32-unknown-unknown", "-O2", "-ffreestanding", "-fno-builtin", "-mbulk-memory", "-Wall", "-Werror"]
        let headers = try files(directory, suffix: ".h")
        var objects: [String] = []
        for source in try files(directory, suffix: ".c") {
            let name = URL(fileURLWithPath: source).deletingPathExtension().lastPathComponent
            if name == "allocator" && !hasOwnAllocator { continue }
            let key = try hash(["c"] + flags, files: [source] + headers)
            let result = output + "/cache/objects/\(name)-\(key).o"
            try step("C runtime \(name)", result: result) { (temporary) throws(BuildError) in
                try run([tools.clang] + flags + ["-I", directory + "/include", "-c", source, "-o", temporary], what: "compiling the C runtime")
            }
            objects.append(result)
        }
        return objects
    }

    private func link(_ recipe: ProgramRecipes.Recipe, _ object: String) throws(BuildError) -> String {
        let runtime = try cRuntime()
        let pages = min(recipe.memoryPagesMax ?? 2048, Int(WasmModule.memoryPagesLimit))
        let stack = (recipe.stackKilobytes ?? 256) * 1024
        let flags = ["--gc-sections", "--stack-first", "-z", "stack-size=\(stack)", "--no-entry", "--export=__wasm_call_ctors",
                     "--export-if-defined=start", "--export-if-defined=handle", "--export-if-defined=cloned",
                     "--max-memory=\(pages * 65536)", "--strip-debug"]
        let libraries = [tools.embeddedLibraries + "/libswiftUnicodeDataTables.a", tools.wasiLibraries + "/libc-printscan-long-double.a", tools.wasiLibraries + "/libc.a"]
        let key = try hash(["link 2"] + flags, files: [object] + runtime)
        let result = output + "/cache/wasm/\(recipe.name)-\(key).wasm"
        try step("program \(recipe.name): link", result: result) { (temporary) throws(BuildError) in
            // The linker writes the file's name into the module.
            let work = temporary + ".work"
            try? FileManager.default.createDirectory(atPath: work, withIntermediateDirectories: true)
            let linked = "\(work)/\(recipe.name).wasm"
            try run([tools.wasmLinker] + flags + [object] + runtime + libraries + ["-o", linked], what: "linking the program \(recipe.name)")
            guard rename(linked, temporary) == 0 else { throw BuildError("Cannot write \(temporary).") }
        }
        return result
    }

    private static let cFlags = ["-ffp-contract=off", "-fPIC", "-fno-stack-protector", "-fno-math-errno", "-fwrapv", "-fvisibility=hidden",
                                 "-fno-semantic-interposition", "-fno-asynchronous-unwind-tables", "-fomit-frame-pointer", "-DNDEBUG", "-w"]

    private func translate(_ wasm: [UInt8], name: String, wasmPath: String, pagesMax: Int?) throws(BuildError) -> BuiltProgram {
        let headers = root + "/Sources/Machine/CHost/program"
        var hash = ContentHash()
        hash.add(tools.identity)
        hash.add("metering 3")
        for f in (ProgramBuilder.cFlags + [optimisation, "\(pagesMax ?? 0)", "\(functionBytesPerPart)", isMetered ? "metered" : "bare", name]) { hash.add(f) }
        for f in try files(headers, suffix: ".h") { hash.add([UInt8](FileManager.default.contents(atPath: f) ?? Data())) }
        hash.add(wasm)
        let key = hash.value
        let result = output + "/programs/\(name)-\(ContentHash.hex(key)).so"
        try step("program \(name): translate", result: result) { (temporary) throws(BuildError) in
            try self.translate(wasm, name: name, hash: key, pagesMax: pagesMax, headers: headers, to: temporary)
        }
        return BuiltProgram(name: name, sharedObjectPath: result, wasmPath: wasmPath, contentHash: key)
    }

    private func translate(_ wasm: [UInt8], name: String, hash: UInt64, pagesMax: Int?, headers: String, to result: String) throws(BuildError) {
        let metered: MeteredModule
        do { metered = try Metering.run(wasm, marking: isMetered) } catch { throw BuildError("The module of the program \(name) cannot run: \(error.message)") }
        let directory = result + ".work"
        try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try write(metered.bytes, directory + "/program.wasm")
        try run([tools.wasm2c, directory + "/program.wasm", "-n", "program", "--no-debug-names", "-o", directory + "/program.c"], what: "translating the program \(name)")
        let header = [UInt8](FileManager.default.contents(atPath: directory + "/program.h") ?? Data())
        let source = [UInt8](FileManager.default.contents(atPath: directory + "/program.c") ?? Data())
        let limit = min(UInt32(clamping: pagesMax ?? Int(WasmModule.memoryPagesLimit)), metered.module.memoryPagesMax ?? .max, WasmModule.memoryPagesLimit)
        guard limit >= metered.module.memoryPagesInitial else {
            throw BuildError("The program \(name) starts with \(metered.module.memoryPagesInitial) pages of memory but may have only \(limit).")
        }
        let c: Translation
        do { c = try Translation(header: header, source: source, metered: metered, name: name, contentHash: hash, pagesMax: limit, functionBytesPerPart: functionBytesPerPart) }
        catch { throw BuildError("The program \(name) cannot be translated: \(error.message)") }
        try compile(c, name: name, headers: headers, directory: directory, to: result)
        let names = metered.functionNames.map { "\($0.index) \($0.name)\n" }.joined()
        try write(Array(names.utf8), output + "/programs/\(name)-\(ContentHash.hex(hash)).names")
    }

    private func compile(_ c: Translation, name: String, headers: String, directory: String, to result: String) throws(BuildError) {
        for f in c.files { try write(f.bytes, directory + "/" + f.name) }
        let sources = c.files.map(\.name).filter { $0.hasSuffix(".c") }
        let objects = parallel(sources) { (source) throws(BuildError) in
            let object = "\(directory)/\(source).o"
            try self.run([self.tools.clang] + self.optimisation.split(separator: " ").map(String.init) + ProgramBuilder.cFlags + ["-I", headers, "-c", "\(directory)/\(source)", "-o", object],
                         what: "compiling the C of the program \(name)", timeoutSeconds: 900)
            return object
        }
        var paths: [String] = []
        for o in objects { paths.append(try o.get()) }
        try run([tools.clang, "-shared", "-Wl,-z,now", "-Wl,--build-id=none", "-o", result] + paths + ["-lm"], what: "linking the program \(name)")
    }
}
