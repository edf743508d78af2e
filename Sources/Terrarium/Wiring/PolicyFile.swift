// `images/policies.json`: the tunables of memory policies, below what the command line says and above the policies' own
// defaults. Format: docs/formats/policies.md.

import Foundation
import Policies

public struct PolicyFile: Sendable {
    private struct File: Decodable { var schema: Int; var policies: [String: [String: Int]] }
    private let policies: [String: [String: Int]]

    /// No file: every policy has its own defaults.
    public init() { policies = [:] }
    /// Reads and checks a file; all its policies, keys and values must exist.
    public init(_ data: Data, name: String) throws(TerrariumError) {
        let file: File
        do { file = try JSONDecoder().decode(File.self, from: data) } catch { throw TerrariumError(.badData, "\(name) is not a list of policy parameters (docs/formats/policies.md): \(error)") }
        guard file.schema == 1 else { throw TerrariumError(.badData, "\(name) has schema \(file.schema); this simctl reads schema 1") }
        policies = file.policies
        for policy in policies.keys.sorted() {
            do { _ = try MemoryPolicies.make(name: policy, parameters: parameters(policy)) } catch { throw TerrariumError(.badData, "\(name): \(error.message)") }
        }
    }
    /// The file at `url`, or none when there is no such file.
    public static func load(_ url: URL) throws(TerrariumError) -> PolicyFile {
        guard let data = FileManager.default.contents(atPath: url.path) else { return PolicyFile() }
        return try PolicyFile(data, name: url.path)
    }
    private func parameters(_ policy: String) -> PolicyParameters {
        var result = PolicyParameters()
        let values = policies[policy] ?? [:]
        for key in values.keys.sorted() { result.set(key, values[key]!) }
        return result
    }
    /// `NAME` or `NAME:key=value,…` with the file's values for what it does not name; checked. Values that equal the
    /// default are left out, so that an untouched file changes no specification.
    public func resolve(_ specification: String) throws(PolicyError) -> String {
        let (name, given) = try MemoryPolicies.parse(specification)
        var merged = parameters(name)
        for e in given.entries { merged.set(e.key, e.value) }
        _ = try MemoryPolicies.make(name: name, parameters: merged)
        var kept = PolicyParameters()
        for p in try MemoryPolicies.description(name).parameters {
            if let value = merged[p.key], value != p.defaultValue { kept.set(p.key, value) }
        }
        return kept.entries.isEmpty ? name : "\(name):\(kept.text)"
    }
}
