// `simctl policies`: the memory policies, where they come from, and their parameters; and how `--policy` is read.

import Foundation
import Policies
import Terrarium

let policiesCommand = Command(
    words: ["policies"], arguments: "[NAME]", summary: "list the memory policies, their sources and parameters",
    details: """
    A memory policy decides which tabs are frozen, compressed, swapped out or discarded, and when. Each has one line here,
    the place where its idea is published, and its parameters with value, default and range. --policy takes NAME, or
    NAME:key=value,key=value; images/policies.json sets values for every command.
    """,
    options: [OptionSpecification("json", nil, "print as JSON")], argumentCount: 0...1,
    examples: [Example("simctl policies", "all of them"), Example("simctl policies lru-compress", "one"), Example("simctl policies --json", "for a program")],
    exitCodes: [(ExitCode.badData, "images/policies.json is wrong")],
    files: [FileNote("images/policies.json", "values of parameters (docs/formats/policies.md)")],
    seeAlso: ["bench hibernation", "docs/internals/memory-manager.md"], run: listPolicies)

@Sendable func listPolicies(_ arguments: ParsedArguments) throws -> Int32 {
    let chosen: [PolicyDescription]
    if let name = arguments.arguments.first {
        guard let d = MemoryPolicies.all.first(where: { $0.name == name }) else { throw unknownPolicy(name) }
        chosen = [d]
    } else { chosen = MemoryPolicies.all }
    let file = try policyFile()
    var values: [PolicyParameters] = []
    for d in chosen { values.append(try mapPolicyErrors { try MemoryPolicies.parse(file.resolve(d.name)).parameters }) }
    if arguments.flag("json") {
        printJSON(["schema": 1, "policies": zip(chosen, values).map(policyObject)])
    } else {
        for (d, v) in zip(chosen, values) { print(policyText(d, v), terminator: "") }
    }
    return ExitCode.success
}

private func policyObject(_ d: PolicyDescription, _ values: PolicyParameters) -> [String: Any] {
    let parameters = d.parameters.map { p in
        ["key": p.key, "summary": p.summary, "value": values[p.key] ?? p.defaultValue, "default": p.defaultValue, "minimum": p.minimum, "maximum": p.maximum] as [String: Any]
    }
    return ["name": d.name, "summary": d.summary, "source": d.source, "parameters": parameters]
}

private func policyText(_ d: PolicyDescription, _ values: PolicyParameters) -> String {
    var text = "\(d.name)\n    \(d.summary)\n    source: \(d.source)\n"
    for p in d.parameters {
        let value = values[p.key] ?? p.defaultValue
        let note = value == p.defaultValue ? "" : ", default \(p.defaultValue)"
        text += "    " + "\(p.key)=\(value)".padding(toLength: 22, withPad: " ", startingAt: 0) + "\(p.summary) (\(p.minimum) to \(p.maximum)\(note))\n"
    }
    return text
}

/// `images/policies.json` of the project; without one every policy has its defaults.
func policyFile() throws -> PolicyFile {
    try mapErrors { try PolicyFile.load(projectDirectory().appendingPathComponent("images/policies.json")) }
}

/// The value of `--policy`, checked and completed from `images/policies.json`.
func resolvePolicy(_ specification: String) throws -> String {
    let file = try policyFile()
    return try mapPolicyErrors { try file.resolve(specification) }
}

/// The value of a `--policy` that takes a list: each as it was written, which is its name in reports. Checked.
func parsePolicies(_ text: String?) throws -> [String] {
    guard let text, text != "all" else { return MemoryPolicies.names }
    if text.allSatisfy({ $0 == "," }) { throw CommandFailure.usage("--policy names nothing; there are: \(MemoryPolicies.names.joined(separator: ", "))") }
    for piece in text.split(separator: ",") {
        let name = String(piece.prefix { $0 != ":" })
        if piece.contains(":") || !piece.contains("="), name != "all", !MemoryPolicies.names.contains(name) { throw unknownPolicy(name) }
    }
    return try mapPolicyErrors { try MemoryPolicies.list(text) }
}

private func unknownPolicy(_ name: String) -> CommandFailure {
    .usage("there is no policy '\(name)'.\(suggestion(name, among: MemoryPolicies.names)) There are: \(MemoryPolicies.names.joined(separator: ", "))")
}

func mapPolicyErrors<T>(_ body: () throws -> T) throws -> T {
    do { return try body() } catch let e as PolicyError { throw CommandFailure.usage("--policy: \(e.message)") }
}
