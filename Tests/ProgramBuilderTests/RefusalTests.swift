// Modules that may not become programs are refused with a reason; malformed ones never trap the builder.

import Foundation
import ProgramBuilder
import Testing

private let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

@Suite struct RefusalTests {
    func reason(_ text: String) throws -> String {
        let builder = try ProgramBuilder(root: root, output: root + "/images/out/tests")
        let path = NSTemporaryDirectory() + "refusal-\(UInt64.random(in: 0...UInt64.max)).wat"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        do throws(BuildError) { _ = try builder.build(wat: path, name: "refusal") } catch { return error.message }
        return "accepted"
    }

    @Test(arguments: [
        ("(module)", "does not export start"),
        ("(module (func (export \"start\") (param f32)))", "wrong signature"),
        ("(module (import \"env\" \"f\" (func)) (func (export \"start\")))", "imports env.f"),
        ("(module (import \"kernel\" \"syscall\" (func)) (func (export \"start\")))", "must be imported as"),
        ("(module (memory 20000) (func (export \"start\")))", "at most 16384"),
        ("(module (func (export \"start\") (drop (v128.const i32x4 0 0 0 0))))", "SIMD"),
        ("(module (table 1 funcref) (func (export \"start\") (drop (table.grow 0 (ref.null func) (i32.const 1)))))", "not supported"),
        ("(module (func (result i32 i32) i32.const 1 i32.const 2) (func (export \"start\")))", "several results"),
    ])
    func refused(_ text: String, _ expected: String) throws {
        let message = try reason(text)
        #expect(message.contains(expected), "\(message)")
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
