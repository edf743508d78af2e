// A benchmark scenario: the machine, and the session that a person played on it or that the generator plays. Format:
// docs/formats/scenario.md; version 1 has an input script, version 2 has steps or a generator.

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
        var url: String?
        var input: String?
        var seconds: Int?
        var base: String?
        var steps: [SessionStepFile]?
        var generator: GeneratorRecipe?
    }
    enum Content: Sendable {
        case script(String, seconds: Int)
        case steps([SessionStep], seconds: Int?)
        case generated(GeneratorRecipe, base: String)
    }
    public let name: String
    public let summary: String
    public var configuration: SimulationConfiguration
    /// Name of the device profile; nil: the standard machine.
    public internal(set) var profile: String?
    let content: Content
    /// Hash of the files that make the scenario.
    public let contentHash: UInt64

    /// The session begins this long after power-on, when the first page is there.
    static let startNanoseconds: UInt64 = 4_000_000_000
    /// What is left to settle after the last step.
    static let tailNanoseconds: UInt64 = 3_000_000_000

    /// Reads a scenario file (and its input script).
    public static func load(_ path: URL) throws -> Scenario {
        guard let data = FileManager.default.contents(atPath: path.path) else {
            let names = Scenario.names(in: path.deletingLastPathComponent())
            throw TerrariumError(.missing, "there is no scenario \(path.path)\(names.isEmpty ? "" : "; there are: \(names.joined(separator: ", "))")")
        }
        let file: File
        do { file = try JSONDecoder().decode(File.self, from: data) } catch { throw TerrariumError(.badData, "\(path.path) is not a scenario (docs/formats/scenario.md): \(Scenario.reason(error))") }
        guard file.schema == 1 || file.schema == 2 else { throw TerrariumError(.badData, "\(path.path) has schema \(file.schema), this simctl reads 1 and 2") }
        guard (64...4096).contains(file.ramMiB), (0...16384).contains(file.swapMiB), (1...36000).contains(file.seconds ?? 1), (320...4096).contains(file.width), (240...4096).contains(file.height) else {
            throw TerrariumError(.badData, "\(path.path): ramMiB is 64 to 4096, swapMiB up to 16384, seconds 1 to 36000, width and height as --resolution")
        }
        var hasher = StateHasher()
        hasher.add([UInt8](data))
        let content: Content
        do throws(TerrariumError) { content = try read(file, path, &hasher) } catch { throw TerrariumError(error.kind, "\(path.path): \(error.message)") }
        var c = SimulationConfiguration()
        c.ramByteCount = file.ramMiB << 20
        c.swapByteCount = file.swapMiB << 20
        c.width = file.width
        c.height = file.height
        c.url = file.url ?? ""
        c.network = .pages
        return Scenario(name: file.name, summary: file.summary, configuration: c, profile: nil, content: content, contentHash: hasher.value)
    }

    private static func read(_ file: File, _ path: URL, _ hasher: inout StateHasher) throws(TerrariumError) -> Content {
        let given = [file.input == nil ? nil : "input", file.steps == nil ? nil : "steps", file.generator == nil ? nil : "generator"].compactMap { $0 }
        guard given.count == 1 else { throw TerrariumError(.badData, "a scenario has one of input, steps and generator; this one has \(given.isEmpty ? "none" : given.joined(separator: " and "))") }
        if let input = file.input {
            guard let seconds = file.seconds, file.url != nil else { throw TerrariumError(.badData, "a scenario with an input script needs url and seconds") }
            let script = path.deletingLastPathComponent().appendingPathComponent(input)
            guard let text = FileManager.default.contents(atPath: script.path) else { throw TerrariumError(.missing, "the input script \(script.path) is missing") }
            hasher.add([UInt8](text))
            return .script(String(decoding: text, as: UTF8.self), seconds: seconds)
        }
        if let list = file.steps {
            guard file.url != nil else { throw TerrariumError(.badData, "a scenario with steps needs url, the page of the first tab") }
            var steps: [SessionStep] = []
            for (i, step) in list.enumerated() { steps.append(try step.step(i)) }
            return .steps(steps, seconds: file.seconds)
        }
        let generator = file.generator!
        if let problem = generator.problem { throw TerrariumError(.badData, "generator: \(problem)") }
        return .generated(generator, base: file.base ?? "http://10.0.2.2/")
    }

    /// Names of the scenarios in a folder.
    public static func names(in folder: URL) -> [String] {
        ((try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []).filter { $0.hasSuffix(".json") }.map { String($0.dropLast(5)) }.sorted()
    }
    /// Where and why, without the decoder's own words.
    static func reason(_ error: any Error) -> String {
        guard let e = error as? DecodingError else { return "it is no JSON" }
        func place(_ c: DecodingError.Context) -> String { c.codingPath.map { $0.intValue.map { "[\($0)]" } ?? $0.stringValue }.joined(separator: ".") }
        switch e {
        case .keyNotFound(let key, let c): return "'\(key.stringValue)' is missing\(c.codingPath.isEmpty ? "" : " in \(place(c))")"
        case .typeMismatch(_, let c), .valueNotFound(_, let c): return "'\(place(c))' has the wrong type"
        case .dataCorrupted(let c): return c.codingPath.isEmpty ? "it is no JSON" : "'\(place(c))' has no value that is known"
        @unknown default: return "it cannot be read"
        }
    }

    /// Whether each seed plays another session.
    public var isGenerated: Bool { if case .generated = content { true } else { false } }

    /// The session of `seed`: its first page, its input, and when it ends.
    public func session(seed: UInt64) throws -> Session {
        switch content {
        case .script(let text, let seconds):
            return Session(url: configuration.url, events: try InputScript.parse(text, width: configuration.width, height: configuration.height), script: text, nanoseconds: UInt64(seconds) * 1_000_000_000, steps: [])
        case .steps(let steps, let seconds):
            return try drive(configuration.url, steps, seconds)
        case .generated(let recipe, let base):
            let (url, steps) = SessionGenerator.generate(recipe, base: base, seed: seed)
            return try drive(url, steps, nil)
        }
    }
    private func drive(_ url: String, _ steps: [SessionStep], _ seconds: Int?) throws(TerrariumError) -> Session {
        let driven = try SessionDriver.drive(steps, width: configuration.width, height: configuration.height, from: min(Scenario.startNanoseconds, steps.first?.nanoseconds ?? .max))
        let end = seconds.map { UInt64($0) * 1_000_000_000 } ?? (driven.endNanoseconds + Scenario.tailNanoseconds) / 1_000_000_000 * 1_000_000_000
        return Session(url: url, events: driven.events, script: driven.script, nanoseconds: end, steps: steps, switchCount: driven.switchCount, openCount: driven.openCount, followCount: driven.followCount)
    }
}

/// One session, ready to be played.
public struct Session: Sendable {
    public var url: String
    public var events: [ScriptedEvent]
    /// The events as an input script.
    public var script: String
    public var nanoseconds: UInt64
    public var steps: [SessionStep]
    public var switchCount = 0, openCount = 0, followCount = 0
}
