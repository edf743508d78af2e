// `simctl conformance html5lib|png|images DIR`: public suites against our parser and decoders. The last line is
// `N passed, N failed`.

import Conformance
import Foundation

private let jsonOption = OptionSpecification("json", nil, "print the counts and unexpected cases as JSON; the report goes to standard error")

let conformanceHTMLCommand = Command(
    words: ["conformance", "html5lib"], arguments: "DIR", summary: "run html5lib tests (tree construction, tokenizer)",
    details: """
    DIR holds .dat and .test files, or the folders tree-construction and tokenizer. With --ledger the run fails only on
    entries that are new, changed or fixed against the ledger of expected failures.
    """,
    options: [OptionSpecification("ledger", "FILE", "expected failures"), jsonOption], argumentCount: 1...1,
    examples: [Example("simctl conformance html5lib DIR --ledger Tests/HTMLTests/ledger.txt", "what the tests run")],
    exitCodes: [(ExitCode.success, "all is as expected"), (ExitCode.failure, "a case differs from what is expected"), (ExitCode.noInput, "no such folder or ledger")],
    seeAlso: ["simctl conformance png", "https://github.com/html5lib/html5lib-tests"]
) { arguments in
    let directory = try folder(arguments.arguments[0])
    if let ledger = arguments.string("ledger") { _ = try readText(ledger) }
    let isJSON = arguments.flag("json")
    let summary = Conformance.runHTML5Lib(directory: directory, ledger: arguments.string("ledger"), say: isJSON ? { note($0) } : { print($0) })
    let isAsExpected = summary.isAsExpected && (arguments.string("ledger") != nil || summary.failed == 0)
    if isJSON { printSummary(summary, "html5lib", isAsExpected) }
    return isAsExpected ? ExitCode.success : ExitCode.failure
}

let conformancePNGCommand = Command(
    words: ["conformance", "png"], arguments: "DIR", summary: "run a folder of PNG files (PngSuite) against reference checksums",
    details: "Every file must decode to the pixels whose checksum --reference holds; without one, interlaced files must equal their twins.",
    options: [OptionSpecification("reference", "FILE", "name and checksum of the decoded pixels, one a line"), jsonOption], argumentCount: 1...1,
    examples: [Example("simctl conformance png DIR", "against the project's checksums")],
    exitCodes: [(ExitCode.success, "every picture is right"), (ExitCode.failure, "a picture is wrong, or there is none"), (ExitCode.noInput, "no such folder or reference")],
    seeAlso: ["simctl conformance html5lib", "http://www.schaik.com/pngsuite/"]
) { arguments in
    let directory = try folder(arguments.arguments[0])
    if let reference = arguments.string("reference") { _ = try readText(reference) }
    let reference = arguments.string("reference") ?? {
        let path = projectDirectory().appendingPathComponent("Tests/ImagesTests/png-reference.txt").path
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }()
    let isJSON = arguments.flag("json")
    let summary = Conformance.runPNG(directory: directory, references: reference, say: isJSON ? { note($0) } : { print($0) })
    let isAsExpected = summary.failed == 0 && summary.passed > 0
    if isJSON { printSummary(summary, "png", isAsExpected) }
    return isAsExpected ? ExitCode.success : ExitCode.failure
}

let conformanceImagesCommand = Command(
    words: ["conformance", "images"], arguments: "DIR", summary: "decode a folder of pictures of any format against reference checksums",
    details: """
    Decodes every file below DIR that begins like a PNG, JPEG, GIF, WebP, BMP or icon, and compares the pixels with the
    list DIR/image-reference.txt, which scripts/image-reference.py writes. Pictures that the list does not have must
    decode. With --ledger the run fails only on entries that are new, changed or fixed.
    """,
    options: [
        OptionSpecification("reference", "FILE", "path, width, height and checksum of the decoded pixels, one a line"),
        OptionSpecification("ledger", "FILE", "expected failures"), jsonOption,
    ], argumentCount: 1...1,
    examples: [Example("simctl conformance images Tests/ImagesTests/pictures", "the project's own pictures")],
    exitCodes: [(ExitCode.success, "all is as expected"), (ExitCode.failure, "a picture is wrong, or there is none"), (ExitCode.noInput, "no such folder, reference or ledger")],
    seeAlso: ["simctl conformance png"]
) { arguments in
    let directory = try folder(arguments.arguments[0])
    let reference = arguments.string("reference"), ledger = arguments.string("ledger")
    for path in [reference, ledger] { if let path { _ = try readText(path) } }
    let isJSON = arguments.flag("json")
    let summary = Conformance.runImages(directory: directory, references: reference, ledger: ledger, say: isJSON ? { note($0) } : { print($0) })
    let isAsExpected = summary.isAsExpected && (ledger != nil || summary.failed == 0) && summary.passed + summary.failed > 0
    if isJSON { printSummary(summary, "images", isAsExpected) }
    return isAsExpected ? ExitCode.success : ExitCode.failure
}

private func printSummary(_ s: Conformance.Summary, _ suite: String, _ isAsExpected: Bool) {
    var object: [String: Any] = [
        "schema": 1, "suite": suite, "passed": s.passed, "failed": s.failed, "as_expected": isAsExpected, "new": s.new, "changed": s.changed, "fixed": s.fixed,
    ]
    if !s.groups.isEmpty {
        object["groups"] = s.groups.map { ["name": $0.name, "passed": $0.passed, "failed": $0.failed, "unchecked": $0.unchecked] as [String: Any] }
    }
    printJSON(object)
}

private func folder(_ path: String) throws -> String {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue else {
        throw CommandFailure("\(path) is not a folder", code: ExitCode.noInput)
    }
    return path
}
