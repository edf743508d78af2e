// `simctl conformance html5lib|png DIR`: public suites against our parser and decoders. The last line is
// `N passed, N failed`.

import Conformance
import Foundation

let conformanceHTMLCommand = Command(
    words: ["conformance", "html5lib"], arguments: "DIR", summary: "run html5lib tests (tree construction, tokenizer)",
    details: "DIR holds .dat and .test files, or the folders tree-construction and tokenizer. With --ledger the run fails only on entries that are new,\nchanged or fixed against the ledger of expected failures. Exit code 0 when all is as expected, else 1.",
    options: [OptionSpecification("ledger", "FILE", "expected failures")], argumentCount: 1...1
) { arguments in
    let directory = try folder(arguments.arguments[0])
    let summary = Conformance.runHTML5Lib(directory: directory, ledger: arguments.string("ledger"))
    return summary.isAsExpected && (arguments.string("ledger") != nil || summary.failed == 0) ? ExitCode.success : ExitCode.failure
}

let conformancePNGCommand = Command(
    words: ["conformance", "png"], arguments: "DIR", summary: "run a folder of PNG files (PngSuite) against reference checksums",
    details: "Every file must decode to the pixels whose checksum --reference holds; without one, interlaced files must equal their twins.",
    options: [OptionSpecification("reference", "FILE", "name and checksum of the decoded pixels, one a line")], argumentCount: 1...1
) { arguments in
    let directory = try folder(arguments.arguments[0])
    let reference = arguments.string("reference") ?? {
        let path = projectDirectory().appendingPathComponent("Tests/ImagesTests/png-reference.txt").path
        return FileManager.default.fileExists(atPath: path) ? path : nil
    }()
    let summary = Conformance.runPNG(directory: directory, references: reference)
    return summary.failed == 0 && summary.passed > 0 ? ExitCode.success : ExitCode.failure
}

private func folder(_ path: String) throws -> String {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue else {
        throw CommandFailure("\(path) is not a folder", code: ExitCode.noInput)
    }
    return path
}
