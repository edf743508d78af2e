// A recipe folder (`images/demo`) says what another guest image is made of and how it is run: `recipe.json`, format in
// docs/formats/image-recipe.md. The desktop is described by `images/programs.json` and `images/pages.json` instead.

import Foundation
import Machine
import ProgramBuilder

/// How an image wants to be run; each can be overridden on the command line.
public struct ImageSettings: Codable, Equatable, Sendable {
    public var name: String
    public var summary: String
    /// Program that the kernel starts; `init` unless said otherwise.
    public var boot: String
    /// What init starts, each with its arguments after a blank.
    public var start: [String]
    public var ram: String?
    public var swap: String?
    public var network: String?
    public var headless: Bool?
    public var console: String?
    public var until: String?
    /// Hash of the recipe that the image was built from.
    public var recipeHash: String
}

public struct ImageRecipe: Sendable {
    public static let fileName = "recipe.json"

    struct File: Codable {
        struct Program: Codable {
            var name: String
            var module: String?
            var sameAs: String?
            var stackKilobytes: Int?
            var memoryPagesMax: Int?
        }
        struct ArchiveEntry: Codable { var name: String; var path: String }
        struct Defaults: Codable { var ram: String?; var swap: String?; var network: String?; var headless: Bool?; var console: String?; var until: String? }
        var schema: Int
        var name: String
        var summary: String?
        var programs: [Program]
        var files: [ArchiveEntry]?
        var boot: String?
        var start: [String]?
        var defaults: Defaults?
    }

    public let folder: URL
    public let hash: UInt64
    let file: File
    public var name: String { file.name }
    public var summary: String { file.summary ?? "" }

    /// Whether `folder` holds a recipe.
    public static func isRecipe(_ folder: URL) -> Bool { FileManager.default.fileExists(atPath: folder.appendingPathComponent(fileName).path) }

    /// Recipe folders below `images`, by name.
    public static func all(root: URL) -> [URL] {
        let images = root.appendingPathComponent("images")
        let names = (try? FileManager.default.contentsOfDirectory(atPath: images.path)) ?? []
        return names.sorted().map { images.appendingPathComponent($0) }.filter { isRecipe($0) }
    }

    /// Reads and checks a recipe; errors name the file and the field.
    public static func load(_ folder: URL) throws -> ImageRecipe {
        let path = folder.appendingPathComponent(fileName).path
        guard let data = FileManager.default.contents(atPath: path) else { throw TerrariumError(.missing, "there is no \(path)") }
        let file: File
        do { file = try JSONDecoder().decode(File.self, from: data) } catch { throw TerrariumError(.badData, "\(path) is not a recipe: \(reason(error)). Format: docs/formats/image-recipe.md") }
        if let problem = problem(file) { throw TerrariumError(.badData, "\(path): \(problem)") }
        return ImageRecipe(folder: folder, hash: [UInt8](data).withUnsafeBytes { StateHasher.hash($0) }, file: file)
    }

    private static func problem(_ f: File) -> String? {
        if f.schema != 1 { return "schema \(f.schema) is unknown; this simctl reads 1" }
        if f.name.isEmpty || !f.name.allSatisfy({ $0.isASCII && ($0.isLetter || $0.isNumber || $0 == "-") }) { return "the name '\(f.name)' must be letters, digits and '-'" }
        if ["programs", "cache", "fonts", "pages", "tests", "bench"].contains(f.name) { return "the name '\(f.name)' is taken by a folder of images/out" }
        if f.programs.isEmpty { return "there are no programs" }
        var names: [String] = []
        for p in f.programs {
            if names.contains(p.name) { return "the program '\(p.name)' is listed twice" }
            if let other = p.sameAs, !names.contains(other) { return "program '\(p.name)': sameAs '\(other)' is not listed before it" }
            if p.sameAs != nil, p.module != nil { return "program '\(p.name)' has both module and sameAs" }
            names.append(p.name)
        }
        let boot = f.boot ?? "init"
        if !names.contains(boot) { return "the boot program '\(boot)' is not among the programs" }
        for entry in f.start ?? [] {
            let program = String(entry.prefix { $0 != " " })
            if !names.contains(program) { return "start: '\(program)' is not among the programs" }
            if entry.contains(",") || entry.contains("\n") { return "start: '\(entry)' holds a comma or line end" }
        }
        if let ram = f.defaults?.ram, parseByteCount(ram) == nil { return "defaults.ram '\(ram)' is not a size such as 64M" }
        if let swap = f.defaults?.swap, parseByteCount(swap) == nil { return "defaults.swap '\(swap)' is not a size such as 64M" }
        if let network = f.defaults?.network, NetworkKind(rawValue: network) == nil { return "defaults.network '\(network)' is none of \(NetworkKind.allCases.map(\.rawValue).joined(separator: ", "))" }
        if let event = f.defaults?.until { do { _ = try RunEvent(event) } catch { return "defaults.until: \(error)" } }
        return nil
    }
    private static func reason(_ error: any Error) -> String {
        func place(_ path: [any CodingKey]) -> String { path.map(\.stringValue).joined(separator: ".") }
        switch error {
        case DecodingError.keyNotFound(let key, let c): return "'\(place(c.codingPath + [key]))' is missing"
        case DecodingError.typeMismatch(_, let c), DecodingError.valueNotFound(_, let c): return "'\(place(c.codingPath))' has the wrong type"
        default: return "it is not valid JSON"
        }
    }

    public var settings: ImageSettings {
        let d = file.defaults
        return ImageSettings(name: name, summary: summary, boot: file.boot ?? "init", start: file.start ?? [], ram: d?.ram, swap: d?.swap, network: d?.network,
                             headless: d?.headless, console: d?.console, until: d?.until, recipeHash: hexadecimal(hash))
    }
    /// Where its image is put, beside the desktop's.
    public func output(root: URL) -> URL { root.appendingPathComponent("images/out/\(name)") }
}

extension ImageSettings {
    /// What the image asks for, over the defaults.
    public func apply(to c: inout SimulationConfiguration) {
        if let v = ram.flatMap(parseByteCount) { c.ramByteCount = v & ~65535 }
        if let v = swap.flatMap(parseByteCount) { c.swapByteCount = v & ~65535 }
        if let v = network.flatMap({ NetworkKind(rawValue: $0) }) { c.network = v }
        c.startPrograms = start.joined(separator: ",")
        c.bootProgram = boot
    }
}
