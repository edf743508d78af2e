// images/programs.json: which modules exist, where their sources lie, what they import; which programs exist and the
// module each is entered through.

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
    }
    private struct File: Decodable { var modules: [String: Module]; var programs: [Recipe] }

    public var modules: [String: Module]
    public var programs: [Recipe]

    public init(modules: [String: Module], programs: [Recipe]) {
        self.modules = modules
        self.programs = programs
    }

    public static func load(_ path: String) throws(BuildError) -> ProgramRecipes {
        guard let data = FileManager.default.contents(atPath: path) else { throw BuildError("\(path) is missing.") }
        do {
            let file = try JSONDecoder().decode(File.self, from: data)
            return ProgramRecipes(modules: file.modules, programs: file.programs)
        } catch { throw BuildError("\(path) is not a valid list of programs: \(error)") }
    }

    /// The modules that `module` needs, in an order in which they can be compiled, without itself.
    func dependencies(of module: String) throws(BuildError) -> [String] {
        var order: [String] = []
        var path: [String] = []
        func visit(_ name: String) throws(BuildError) {
            guard let m = modules[name] else { throw BuildError("images/programs.json names no module \(name).") }
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
