// What the kernel is and is not, read from its sources.

import Foundation
import Testing

@Suite struct RequirementTests {
    static let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    static func sources(_ folder: String) throws -> [(name: String, lines: [Substring])] {
        let directory = root.appendingPathComponent("Sources/GuestOS/" + folder)
        let names = try FileManager.default.contentsOfDirectory(atPath: directory.path).filter { $0.hasSuffix(".swift") }.sorted()
        return try names.map { ($0, try String(contentsOf: directory.appendingPathComponent($0), encoding: .utf8).split(separator: "\n")) }
    }
    static func code(_ lines: [Substring]) -> [String] {
        lines.map { $0.trimmingCharacters(in: .whitespaces) }.filter { !$0.isEmpty && !$0.hasPrefix("//") }
    }
    /// KERN-009, KERN-010, KERN-031: fewer than 2,500 lines, and `make kernel-size` says the same number.
    @Test func theKernelIsSmallAndItsSizeIsReported() throws {
        let count = try Self.sources("Kernel").reduce(0) { $0 + Self.code($1.lines).count }
        #expect(count > 1000 && count < 2500)
        let script = Foundation.Process(), output = Pipe()
        script.executableURL = Self.root.appendingPathComponent("scripts/kernel-size")
        script.standardOutput = output
        try script.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        script.waitUntilExit()
        #expect(script.terminationStatus == 0 && text.contains("\(count) total"), "\(text)")
    }
    /// KERN-001, KERN-002, KERN-008, KERN-030: the kernel is built from its own code, the drivers, the memory policies and
    /// the memory manager alone, and knows no program by name but the one it boots: adding a program changes nothing in it.
    @Test func theKernelKnowsHardwareAndNoPrograms() throws {
        let recipe = try JSONSerialization.jsonObject(with: Data(contentsOf: Self.root.appendingPathComponent("images/programs.json"))) as? [String: Any]
        let programs = (recipe?["programs"] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
        #expect(programs.contains("wm") || programs.count >= 5, "\(programs)")
        for (name, lines) in try Self.sources("Kernel") + Self.sources("KernelAudit") {
            for line in Self.code(lines) {
                if line.hasPrefix("import ") { #expect(["ABI", "Drivers", "MemoryManager", "Policies"].contains(line.dropFirst(7)), "\(name): \(line)") }
                for program in programs where line.contains("\"\(program)\"") { #expect(program == "init" && name == "Configuration.swift", "\(name): \(line)") }
            }
        }
    }
}
