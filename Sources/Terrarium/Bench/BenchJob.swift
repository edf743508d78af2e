// One combination in a process of its own: started as `simctl bench-job FILE`, where FILE says what to run and where the
// result goes. Invariant: the result file appears whole or not at all.

import Foundation
import Machine

public struct BenchJob: Codable, Sendable {
    public var image: String
    public var scenario: String
    public var changes: ScenarioChanges
    public var combination: BenchCombination
    public var specification: String
    public var key: String
    /// Where the run goes.
    public var output: String
    public var trace: String?
    public var screenshot: String?

    public init(image: String, scenario: String, changes: ScenarioChanges, combination: BenchCombination, specification: String, key: String, output: String, trace: String? = nil, screenshot: String? = nil) {
        self.image = image; self.scenario = scenario; self.changes = changes; self.combination = combination; self.specification = specification; self.key = key
        self.output = output; self.trace = trace; self.screenshot = screenshot
    }

    /// The word of the command line that starts one. Not for people.
    public static let commandWord = "bench-job"

    public static func read(_ file: String) throws -> BenchJob {
        guard let data = FileManager.default.contents(atPath: file) else { throw TerrariumError(.missing, "there is no job \(file)") }
        return try JSONDecoder().decode(BenchJob.self, from: data)
    }
    /// Runs the combination and writes the result. `prepare` is called before the first turn, `finish` after the last.
    public func perform(prepare: (Simulation) throws -> Void = { _ in }, finish: (Simulation) throws -> Void = { _ in }) throws {
        let image = try SystemImage.load(URL(fileURLWithPath: image))
        let scenario = try changes.apply(to: Scenario.load(URL(fileURLWithPath: scenario)))
        let run = try HibernationBench.run(scenario, combination, specification: specification, key: key, image: image, prepare: prepare, finish: finish)
        try BenchStore.write(run, to: URL(fileURLWithPath: output))
    }
}

/// What the command line changes about a scenario.
public struct ScenarioChanges: Codable, Equatable, Sendable {
    /// File of a device profile.
    public var profile: String?
    public var ramByteCount: Int?
    public init(profile: String? = nil, ramByteCount: Int? = nil) { self.profile = profile; self.ramByteCount = ramByteCount }

    public func apply(to scenario: Scenario) throws -> Scenario {
        var s = scenario
        if let profile {
            let p = try DeviceProfile.load(URL(fileURLWithPath: profile))
            p.apply(to: &s.configuration)
            s.profile = p.name
        }
        if let ramByteCount { s.configuration.ramByteCount = ramByteCount }
        return s
    }
}
