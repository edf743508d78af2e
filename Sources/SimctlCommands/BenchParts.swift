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
        imageOption,
        OptionSpecification("json", nil, "print results.json instead of the table"),
    ],
    argumentCount: 0...0,
    examples: [Example("simctl bench all", "everything, about two minutes"), Example("simctl bench all --part processor,machine --json", "two parts, for a program")],
    exitCodes: [(ExitCode.noInput, "no such image"), (ExitCode.cannotCreate, "a file cannot be written")],
    seeAlso: ["docs/formats/results.md", "docs/measurements.md"],
    run: benchAll)

@Sendable func benchAll(_ arguments: ParsedArguments) throws -> Int32 {
    let parts = try parseList(arguments.string("part"), option: "part", names: PartsBench.parts)
    let image = try loadImage(arguments), root = projectDirectory()
    let out = arguments.string("out").map { URL(fileURLWithPath: $0) }
    if let out { try makeFolder(out) }
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
