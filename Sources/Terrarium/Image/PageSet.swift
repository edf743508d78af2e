// The pages of the benchmark: files of Debian documentation packages, chosen by `images/pages.json`, copied into the
// image. Served inside the machine's own network, so they are input of the run and their hash is part of the image.

import Foundation
import Machine

public enum PageSet {
    struct Recipe: Codable {
        struct Source: Codable { var package: String; var root: String; var at: String; var files: [String] }
        var schema: Int
        var sources: [Source]
    }

    /// Copies the chosen files below `output`; returns their number. Files already there with the same size and time stay.
    @discardableResult
    public static func copy(recipe: URL, to output: URL) throws -> Int {
        guard let data = FileManager.default.contents(atPath: recipe.path) else { throw TerrariumError(.missing, "there is no \(recipe.path)") }
        let parsed: Recipe
        do { parsed = try JSONDecoder().decode(Recipe.self, from: data) } catch { throw TerrariumError(.badData, "\(recipe.path) is not a page recipe: \(error)") }
        var count = 0
        for source in parsed.sources {
            let root = URL(fileURLWithPath: source.root)
            guard FileManager.default.fileExists(atPath: root.path) else {
                throw TerrariumError(.missing, "\(root.path) is missing; install it with 'sudo apt-get install \(source.package)' or run scripts/bootstrap")
            }
            for pattern in source.files {
                for file in try expand(pattern, in: root) {
                    let from = root.appendingPathComponent(file), to = output.appendingPathComponent(source.at).appendingPathComponent(file)
                    guard let content = FileManager.default.contents(atPath: from.path) else { throw TerrariumError(.missing, "\(from.path) is missing; reinstall \(source.package)") }
                    if FileManager.default.contents(atPath: to.path) != content {
                        try FileManager.default.createDirectory(at: to.deletingLastPathComponent(), withIntermediateDirectories: true)
                        try content.write(to: to)
                    }
                    count += 1
                }
            }
        }
        return count
    }

    /// Names in `root` for a path whose last part may be `*` or `*.suffix`, sorted.
    private static func expand(_ pattern: String, in root: URL) throws -> [String] {
        guard pattern.contains("*") else { return [pattern] }
        let folder = (pattern as NSString).deletingLastPathComponent, last = (pattern as NSString).lastPathComponent
        let suffix = String(last.dropFirst())
        let names = (try? FileManager.default.contentsOfDirectory(atPath: root.appendingPathComponent(folder).path)) ?? []
        return names.filter { $0.hasSuffix(suffix) }.sorted().map { folder.isEmpty ? $0 : folder + "/" + $0 }
    }

    /// Hash of all files below `directory`, in path order.
    public static func hash(_ directory: URL) -> UInt64 {
        var hasher = StateHasher()
        for path in files(directory) {
            hasher.add(path)
            hasher.add([UInt8](FileManager.default.contents(atPath: directory.appendingPathComponent(path).path) ?? Data()))
        }
        return hasher.value
    }
    static func files(_ directory: URL) -> [String] {
        ((try? FileManager.default.subpathsOfDirectory(atPath: directory.path)) ?? []).sorted().filter { path in
            var isDirectory: ObjCBool = false
            _ = FileManager.default.fileExists(atPath: directory.appendingPathComponent(path).path, isDirectory: &isDirectory)
            return !isDirectory.boolValue
        }
    }
}

/// Lower-case hexadecimal of 64 bits, 16 digits.
public func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
