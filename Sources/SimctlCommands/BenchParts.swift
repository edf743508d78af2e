// `simctl bench all`: the measurements of the parts, as a table, as rows, or as results.json.

import Foundation
import PartsBench
import Terrarium

let benchAllCommand = Command(
    words: ["bench", "all"], arguments: "", summary: "measure the parts: processor, browser libraries, machine",
    details: """
    processor   programs metered, unmetered and compiled natively from the same Swift source; system calls, faults, clones
    kernel      the same with the kernel, and messages from process to process
    allocator   the programs' allocator against dlmalloc: time, and memory held over memory live
    page        HTML, style, layout and painting of the image's pages, image decoders
    machine     the whole desktop, busy and idle: simulated seconds a second; page compression

    Beside a measurement stands what bounds it (name_bound: the host's parts of the same work, each alone) or a peer, from
    the same run, and the ratio to it. Times are of this host and vary from run to run: use a release build on a quiet
    machine, and compare ratios.
    """,
    options: [
        OptionSpecification("part", "LIST", "parts separated by commas: \(PartsBench.parts.joined(separator: ", ")) (default all)"),
        OptionSpecification("out", "DIR", "also write results.json there (docs/formats/results.md)"),
        imageOption,
        OptionSpecification("json", nil, "print results.json instead of the table"),
    ],
    argumentCount: 0...0,
    examples: [Example("simctl bench all --out report/", "everything, some minutes; report/results.json for bench compare"), Example("simctl bench all --part processor,machine --json", "two parts, for a program")],
    exitCodes: [(ExitCode.noInput, "no such image"), (ExitCode.cannotCreate, "a file cannot be written")],
    seeAlso: ["bench compare", "docs/formats/results.md", "docs/measurements.md"],
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

/// Beside what is measured stands what it is over its bound or peer, by the name.
private func printParts(_ results: [PartResult]) {
    var part = ""
    for r in results {
        if r.part != part { part = r.part; print(part) }
        let value = String(repeating: " ", count: max(1, 10 - r.text.count)) + r.text
        let beside = ["_bound", "_host", "_libc"].compactMap { end in results.first { $0.part == r.part && $0.name == r.name + end && $0.unit == r.unit && $0.value > 0 } }
        let ratios = beside.map { String(format: "%.2f x %@", r.value / $0.value, $0.name.hasSuffix("_bound") ? "bound" : "peer") }.joined(separator: ", ")
        let name = r.name.padding(toLength: max(36, r.name.count), withPad: " ", startingAt: 0), unit = r.unit.padding(toLength: 6, withPad: " ", startingAt: 0)
        let note = ratios.isEmpty ? r.note : "[\(ratios)] \(r.note)"
        print("  \(name)\(value) \(unit)\(note)")
    }
}
