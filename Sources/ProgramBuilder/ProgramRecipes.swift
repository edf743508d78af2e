// Which programs exist and the module each is entered through (images/programs.json); which guest modules exist, where
// their sources lie and what they import (the `guest(…)` lines of Package.swift, so that there is one list only).

import Foundation

public struct ProgramRecipes: Sendable {
    public struct Module: Sendable, Decodable {
        /// Directory of Swift sources, or one Swift file, relative to the project's root.
        public var path: String
        public var dependencies: [String]?
    }
    public struct Recipe: Sendable, Decodable {
        public var name: String
        public var module: String
        public var stackKilobytes: Int?
        public var memoryPagesMax: Int?
        public init(name: String, module: String, stackKilobytes: Int? = nil, memoryPagesMax: Int? = nil) {
            self.name = name
            self.module = module
            self.stackKilobytes = stackKilobytes
            self.memoryPagesMax = memoryPagesMax
        }
    }
    private struct File: Decodable { var programs: [Recipe] }

    public var modules: [String: Module]
    public var programs: [Recipe]

    public init(modules: [String: Module], programs: [Recipe]) {
        self.modules = modules
        self.programs = programs
    }

    /// Reads `images/programs.json` and `Package.swift` of a project.
    public static func load(root: String) throws(BuildError) -> ProgramRecipes {
        let path = root + "/images/programs.json"
        guard let data = FileManager.default.contents(atPath: path) else { throw BuildError("\(path) is missing.") }
        let file: File
        do { file = try JSONDecoder().decode(File.self, from: data) }
        catch { throw BuildError("\(path) is not a valid list of programs: \(error)") }
        guard let package = FileManager.default.contents(atPath: root + "/Package.swift") else { throw BuildError("\(root)/Package.swift is missing.") }
        return ProgramRecipes(modules: modules(package: String(decoding: package, as: UTF8.self)), programs: file.programs)
    }

    /// The lines `guest("Name", "Path", ["Dependency", …])`.
    static func modules(package: String) -> [String: Module] {
        var modules: [String: Module] = [:]
        for line in package.components(separatedBy: "\n") {
            let trimmed = line.trimmingCharacters(in: .whitespaces)
            guard trimmed.hasPrefix("guest(\"") else { continue }
            // Every second piece between quotation marks is a string: name, path, dependencies.
            let pieces = trimmed.components(separatedBy: "\"")
            let strings = stride(from: 1, to: pieces.count, by: 2).map { pieces[$0] }
            guard strings.count >= 2 else { continue }
            modules[strings[0]] = Module(path: "Sources/" + strings[1], dependencies: Array(strings[2...]))
        }
        return modules
    }

    /// The modules that `module` needs, in an order in which they can be compiled, without itself.
    func dependencies(of module: String) throws(BuildError) -> [String] {
        var order: [String] = []
        var path: [String] = []
        func visit(_ name: String) throws(BuildError) {
            guard let m = modules[name] else { throw BuildError("Package.swift has no guest module \(name).") }
            guard !path.contains(name) else { throw BuildError("Modules depend on each other in a circle: \((path + [name]).joined(separator: " → ")).") }
            path.append(name)
            for d in m.dependencies ?? [] where !order.contains(d) { try visit(d) }
            path.removeLast()
            if name != module { order.append(name) }
        }
        try visit(module)
        return order
    }
}
