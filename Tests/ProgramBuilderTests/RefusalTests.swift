// Modules that may not become programs are refused with a reason; malformed ones never trap the builder.

import Foundation
import ProgramBuilder
import Testing

private let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

@Suite struct RefusalTests {
    /// What the builder says of a module in WebAssembly text, all proposals permitted to the assembler.
    private func refusal(_ text: String) throws -> String {
        let path = NSTemporaryDirectory() + "refusal-\(UInt64.random(in: 0...UInt64.max))"
        defer { for end in [".wat", ".wasm"] { try? FileManager.default.removeItem(atPath: path + end) } }
        try text.write(toFile: path + ".wat", atomically: true, encoding: .utf8)
        let assembler = Foundation.Process()
        assembler.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        assembler.arguments = ["wat2wasm", "--enable-all", "--no-check", path + ".wat", "-o", path + ".wasm"]
        try assembler.run()
        assembler.waitUntilExit()
        return refusal([UInt8](try #require(FileManager.default.contents(atPath: path + ".wasm"))))
    }
    private func refusal(_ bytes: [UInt8]) -> String {
        do throws(WasmError) { _ = try Metering.run(bytes) } catch { return error.message }
        return "accepted"
    }

    /// Feature, module, and what the message must say: the feature and the way out.
    @Test(arguments: [
        ("no entry", "(module)", ["does not export start(i32)"]),
        ("wrong entry", "(module (func (export \"start\") (param f32)))", ["export start", "wrong signature", "programs export start(i32)"]),
        ("wrong handle", "(module (func (export \"start\")) (func (export \"handle\") (param i32 i32)))", ["export handle", "handle(i64, i32)"]),
        ("wrong cloned", "(module (func (export \"start\")) (func (export \"cloned\") (param i64)))", ["export cloned", "cloned(i32)"]),
        ("unknown import", "(module (import \"env\" \"f\" (func)) (func (export \"start\")))", ["imports env.f", "only the function kernel.syscall"]),
        ("imported memory", "(module (import \"env\" \"memory\" (memory 1)) (func (export \"start\")))", ["imports env.memory", "only the function"]),
        ("wrong import", "(module (import \"kernel\" \"syscall\" (func)) (func (export \"start\")))", ["must be imported as"]),
        ("double import", """
            (module (import "kernel" "syscall" (func (param i32 i64 i64 i64 i64 i64 i64) (result i64)))
            (import "kernel" "syscall" (func (param i32 i64 i64 i64 i64 i64 i64) (result i64))) (func (export "start")))
            """, ["twice"]),
        ("call in table", """
            (module (import "kernel" "syscall" (func $s (param i32 i64 i64 i64 i64 i64 i64) (result i64)))
            (table 1 funcref) (elem (i32.const 0) $s) (func (export "start")))
            """, ["function table"]),
        ("start function", "(module (func $f) (start $f) (func (export \"start\")))", ["start function", "export start(i32)"]),
        ("missing memory", "(module (func (export \"start\") (drop (i32.load (i32.const 0)))))", ["has none", "declare one"]),
        ("missing memory, bulk", "(module (func (export \"start\") (memory.fill (i32.const 0) (i32.const 0) (i32.const 0))))", ["has none"]),
        ("large memory", "(module (memory 20000) (func (export \"start\")))", ["at most 16384", "--initial-memory"]),
        ("shared memory", "(module (memory 1 2 shared) (func (export \"start\")))", ["threads", "-pthread"]),
        ("memory64", "(module (memory i64 1) (func (export \"start\")))", ["memory64", "wasm32"]),
        ("multi-memory", "(module (memory 1) (memory 1) (func (export \"start\")))", ["multi-memory", "have one"]),
        ("SIMD", "(module (func (export \"start\") (drop (v128.const i32x4 0 0 0 0))))", ["SIMD", "-msimd128"]),
        ("SIMD local", "(module (func (export \"start\") (local v128)))", ["SIMD", "-msimd128"]),
        ("SIMD parameter", "(module (func (param v128)) (func (export \"start\")))", ["SIMD", "-msimd128"]),
        ("atomics", "(module (memory 1) (func (export \"start\") (drop (i32.atomic.load (i32.const 0)))))", ["threads", "-matomics"]),
        ("tail call", "(module (func $f) (func (export \"start\") (return_call $f)))", ["tail call", "-mtail-call"]),
        ("exceptions", "(module (tag) (func (export \"start\") (throw 0)))", ["exception", "-fwasm-exceptions"]),
        ("try", "(module (func (export \"start\") (try (do) (catch_all))))", ["exception", "-fwasm-exceptions"]),
        ("table.grow", "(module (table 1 funcref) (func (export \"start\") (drop (table.grow 0 (ref.null func) (i32.const 1)))))", ["reference", "-mreference-types"]),
        ("table.init", "(module (table 4 funcref) (elem func) (func (export \"start\") (table.init 0 (i32.const 0) (i32.const 0) (i32.const 0))))", ["tables", "-mreference-types"]),
        ("table.copy", "(module (table 4 funcref) (func (export \"start\") (table.copy (i32.const 0) (i32.const 0) (i32.const 0))))", ["changes tables", "-mreference-types"]),
        ("externref table", "(module (table 4 externref) (func (export \"start\")))", ["external references", "-mreference-types"]),
        ("externref value", "(module (func (param externref)) (func (export \"start\")))", ["references", "-mreference-types"]),
        ("two tables", "(module (table 1 funcref) (table 1 funcref) (func (export \"start\")))", ["2 tables", "at most one"]),
        ("large table", "(module (table 2000000 funcref) (func (export \"start\")))", ["2000000 entries", "at most"]),
        ("multi-value", "(module (func (result i32 i32) i32.const 1 i32.const 2) (func (export \"start\")))", ["several results", "-mmultivalue"]),
    ] as [(String, String, [String])])
    func featuresThatAreNotOfferedAreRefused(_ feature: String, _ text: String, _ expected: [String]) throws {
        let message = try refusal(text)
        for words in expected { #expect(message.contains(words), "\(feature): \(message)") }
    }

    /// Bytes that are no module at all, or one that ends early or goes on too long.
    @Test func brokenBinariesAreRefused() throws {
        let header: [UInt8] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0]
        #expect(refusal([]).contains("does not begin with \\0asm"))
        #expect(refusal(Array("#!/bin/sh\n".utf8)).contains("does not begin with \\0asm"))
        #expect(refusal([0, 0x61, 0x73, 0x6d, 2, 0, 0, 0]).contains("version 2 is not supported"))
        #expect(refusal([0, 0x61, 0x73, 0x6d, 13, 0, 1, 0]).contains("component"))
        #expect(refusal(header + [1, 200]).contains("ends early, at byte"))
        #expect(refusal(header + [1, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80]).contains("is too long"))
        #expect(refusal(header + [77, 0]).contains("Section 77"))
        // One function of type () -> () that is exported as start, whose body branches out of itself, or does not end.
        func module(_ body: [UInt8]) -> [UInt8] {
            header + [1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 7, 9, 1, 5] + Array("start".utf8) + [0, 0, 10, UInt8(body.count + 3), 1, UInt8(body.count + 1), 0] + body
        }
        #expect(refusal(module([0x0b])) == "accepted")
        #expect(refusal(module([0x0c, 5, 0x0b])).contains("leaves its function"))
        #expect(refusal(module([0x41])).contains("ends early"))
        #expect(refusal(module([0x0b, 0x01])).contains("bytes after its end"))
        #expect(refusal(module([0xff, 0x0b])).contains("0xff"))
    }

    /// A module that only a validator finds wrong is refused as well: through the whole build, with the reason.
    @Test func invalidModulesAreRefusedByTheBuild() throws {
        let builder = try ProgramBuilder(root: root, output: root + "/images/out/tests")
        let path = NSTemporaryDirectory() + "invalid-\(UInt64.random(in: 0...UInt64.max)).wasm"
        defer { try? FileManager.default.removeItem(atPath: path) }
        // start() { i32.add } with nothing on the stack.
        let bytes: [UInt8] = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0, 1, 4, 1, 0x60, 0, 0, 3, 2, 1, 0, 7, 9, 1, 5] + Array("start".utf8) + [0, 0, 10, 5, 1, 3, 0, 0x6a, 0x0b]
        try Data(bytes).write(to: URL(fileURLWithPath: path))
        do throws(BuildError) {
            _ = try builder.build(wasm: path, name: "invalid")
            Issue.record("an invalid module was built")
        } catch { #expect(error.message.contains("type mismatch"), "\(error.message)") }
        do throws(BuildError) {
            _ = try builder.build(wasm: path + ".missing", name: "missing")
            Issue.record("a missing module was built")
        } catch { #expect(error.message.contains("cannot be read")) }
    }

    @Test func malformedModulesAreErrors() throws {
        let builder = try ProgramBuilder(root: root, output: root + "/images/out/tests")
        let good = try builder.build(wat: root + "/Tests/Programs/counter.wat", name: "counter")
        let bytes = [UInt8](FileManager.default.contents(atPath: good.wasmPath)!)
        var seed: UInt64 = 1
        func random(_ n: Int) -> Int { seed = seed &* 6364136223846793005 &+ 1442695040888963407; return Int(seed >> 33) % n }
        for i in 0..<3000 {
            var b = bytes
            if i % 3 == 0 { b.removeLast(1 + random(b.count - 1)) }
            for _ in 0..<(1 + random(4)) { b[random(b.count)] = UInt8(random(256)) }
            _ = try? Metering.run(b)                             // an error or a module, never a trap
        }
    }

    @Test func unchangedProgramsAreNotBuiltAgain() throws {
        final class Lines: @unchecked Sendable { var list: [String] = [] }
        let lines = Lines()
        let builder = try ProgramBuilder(root: root, output: root + "/images/out/tests", progress: { lines.list.append($0) })
        let first = try builder.build(wat: root + "/Tests/Programs/hello.wat", name: "hello")
        lines.list = []
        let second = try builder.build(wat: root + "/Tests/Programs/hello.wat", name: "hello")
        #expect(lines.list == [])
        #expect(first.contentHash == second.contentHash)
        #expect(first.sharedObjectPath == second.sharedObjectPath)
    }

    /// The same sources give the same module and hash in another place.
    @Test func buildsAreReproducible() throws {
        let other = NSTemporaryDirectory() + "build-\(UInt64.random(in: 0...UInt64.max))"
        defer { try? FileManager.default.removeItem(atPath: other) }
        let programs = try [root + "/images/out/tests", other].map { output in
            try ProgramBuilder(root: root, output: output).build(swiftFile: root + "/Tests/Programs/hello.swift", name: "hello-swift")
        }
        #expect(programs[0].contentHash == programs[1].contentHash)
        #expect(FileManager.default.contentsEqual(atPath: programs[0].wasmPath, andPath: programs[1].wasmPath))
    }

    @Test func compileErrorsNameTheCommand() throws {
        let builder = try ProgramBuilder(root: root, output: root + "/images/out/tests")
        let path = NSTemporaryDirectory() + "broken-\(UInt64.random(in: 0...UInt64.max)).swift"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try "let x: Int = \"text\"\n".write(toFile: path, atomically: true, encoding: .utf8)
        do throws(BuildError) {
            _ = try builder.build(swiftFile: path, name: "broken", dependencies: [])
            Issue.record("a broken program was built")
        } catch {
            #expect(error.message.contains("cannot convert value"))
            #expect(error.message.contains("Reproduce: "))
        }
    }

    /// Every program's module, and everything it imports, is in the package.
    @Test func recipesAreComplete() throws {
        let recipes = try ProgramRecipes.load(root: root)
        #expect(recipes.modules["Runtime"]?.dependencies == ["ABI"])
        for p in recipes.programs {
            var open = [p.module], seen: Set<String> = []
            while let m = open.popLast() {
                guard seen.insert(m).inserted else { continue }
                let module = try #require(recipes.modules[m], "\(p.name) needs \(m)")
                #expect(FileManager.default.fileExists(atPath: root + "/" + module.path))
                open += module.dependencies ?? []
            }
        }
    }
}
