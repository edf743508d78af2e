// `simctl bench all`: the measurements of the parts, as a table, as rows, or as results.json.

import Foundation
import PartsBench
import Terrarium

let benchAllCommand = Command(
    words: ["bench", "all"], arguments: "", summary: "measure the parts: processor, browser libraries, machine",
    details: """
    Prints metering, system call, fault and clone costs; HTML parsing, style, layout and painting of the image's pages;
    page compression; simulated seconds a wall second. Bounds and peers are measured in the same run. Times are of this
    host and vary from run to run: use a release build on a quiet machine.
    """,
    options: [
        OptionSpecification("part", "LIST", "parts separated by commas: \(PartsBench.parts.joined(separator: ", ")) (default all)"),
        OptionSpecification("out", "DIR", "also write results.json there (docs/formats/results.md)"),
        OptionSpecification("image", "DIR", "guest image (default images/out)"),
        OptionSpecification("json", nil, "print results.json instead of the table"),
    ],
    argumentCount: 0...0, run: benchAll)

@Sendable func benchAll(_ arguments: ParsedArguments) throws -> Int32 {
    var parts = PartsBench.parts
    if let list = arguments.string("part"), list != "all" {
        parts = list.split(separator: ",").map(String.init)
        for part in parts where !PartsBench.parts.contains(part) {
            throw CommandFailure.usage("there is no part '\(part)'; there are: \(PartsBench.parts.joined(separator: ", "))")
        }
    }
    let image = try loadImage(arguments), root = projectDirectory()
    let out = arguments.string("out").map { URL(fileURLWithPath: $0) }
    if let out {
        do { try FileManager.default.createDirectory(at: out, withIntermediateDirectories: true) } catch {
            throw CommandFailure("cannot make the folder \(out.path)", code: ExitCode.cannotCreate)
        }
    }
    let scratch = image.directory.appendingPathComponent("bench")
    let results = try mapErrors { try PartsBench.run(parts, root: root, scratch: scratch, image: image, progress: note) }
    let json = ResultsFile.json(results.map(\.row))
    if let out { try write(Array(json.utf8), to: out.appendingPathComponent("results.json").path) }
    if arguments.flag("json") { print(json, terminator: "") } else { printParts(results) }
    return ExitCode.success
}

private func printParts(_ results: [PartResult]) {
    var part = ""
    for r in results {
        if r.part != part { part = r.part; print(part) }
        let value = String(repeating: " ", count: max(1, 10 - r.text.count)) + r.text
        print("  " + r.name.padding(toLength: 36, withPad: " ", startingAt: 0) + value + " " + r.unit.padding(toLength: 6, withPad: " ", startingAt: 0) + r.note)
    }
}
