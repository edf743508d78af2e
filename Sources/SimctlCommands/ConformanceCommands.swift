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

private func folder(_ path: String) throws -> String {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory), isDirectory.boolValue else {
        throw CommandFailure("\(path) is not a folder", code: ExitCode.noInput)
    }
    return path
}
