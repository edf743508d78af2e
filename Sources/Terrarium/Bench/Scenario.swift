// A benchmark scenario: the machine, the pages, and the session that a person (or a generator) played on it.
// Format: docs/formats/scenario.md.

import Foundation
import Machine

public struct Scenario: Sendable {
    struct File: Codable {
        var schema: Int
        var name: String
        var summary: String
        var ramMiB: Int
        var swapMiB: Int
        var width: Int
        var height: Int
        var url: String
        var input: String
        var seconds: Int
    }
    public let name: String
    public let summary: String
    public let configuration: SimulationConfiguration
    /// The input script, beside the scenario file.
    public let inputScript: String
    public let seconds: Int

    /// Reads `DIR/NAME.json` and its input script.
    public static func load(_ path: URL) throws -> Scenario {
        guard let data = FileManager.default.contents(atPath: path.path) else {
            let folder = path.deletingLastPathComponent()
            let names = ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
            throw TerrariumError(.missing, "there is no scenario \(path.path)\(names.isEmpty ? "" : "; there are: \(names.joined(separator: ", "))")")
        }
        let file: File
        do { file = try JSONDecoder().decode(File.self, from: data) } catch { throw TerrariumError(.badData, "\(path.path) is not a scenario (docs/formats/scenario.md): \(error)") }
        guard file.schema == 1 else { throw TerrariumError(.badData, "\(path.path) has schema \(file.schema), this simctl reads 1") }
        guard (64...4096).contains(file.ramMiB), (0...16384).contains(file.swapMiB), (1...3600).contains(file.seconds), (320...4096).contains(file.width), (240...4096).contains(file.height) else {
            throw TerrariumError(.badData, "\(path.path): ramMiB is 64 to 4096, swapMiB up to 16384, seconds 1 to 3600, width and height as --resolution")
        }
        let script = path.deletingLastPathComponent().appendingPathComponent(file.input)
        guard let input = FileManager.default.contents(atPath: script.path) else { throw TerrariumError(.missing, "the scenario's input script \(script.path) is missing") }
        var c = SimulationConfiguration()
        c.ramByteCount = file.ramMiB << 20
        c.swapByteCount = file.swapMiB << 20
        c.width = file.width
        c.height = file.height
        c.url = file.url
        c.network = .pages
        return Scenario(name: file.name, summary: file.summary, configuration: c, inputScript: String(decoding: input, as: UTF8.self), seconds: file.seconds)
    }
}
