// html5lib tree-construction files: each case is parsed whole and byte by byte, with the scripting flag as it asks.
import DOM
import Foundation
import HTML

struct TreeCase {
    var data: [UInt8] = []
    var expected = ""
    var context: String?
    var isScripting: Bool?

    /// All cases of a file (its FORMAT.md).
    static func parse(_ file: [UInt8]) -> [TreeCase] {
        var cases: [TreeCase] = []
        var section = ""
        var lines: [[UInt8]] = []
        func close() {
            guard !cases.isEmpty else { return }
            let joined = Array(lines.joined(separator: [0x0A]))
            switch section {
            case "#data": cases[cases.count - 1].data = joined
            case "#document-fragment": cases[cases.count - 1].context = String(decoding: joined, as: UTF8.self)
            case "#document":
                while lines.last?.isEmpty == true { lines.removeLast() }
                cases[cases.count - 1].expected = String(decoding: Array(lines.joined(separator: [0x0A])), as: UTF8.self)
            case "#script-on": cases[cases.count - 1].isScripting = true
            case "#script-off": cases[cases.count - 1].isScripting = false
            default: break
            }
        }
        var previousIsBlank = true
        for slice in file.split(separator: 0x0A, omittingEmptySubsequences: false) {
            let line = Array(slice)
            let text = String(decoding: line, as: UTF8.self)
            if text == "#data" && (section != "#document" || previousIsBlank) {
                close()
                cases.append(TreeCase())
                (section, lines) = (text, [])
            } else if ["#errors", "#new-errors", "#document-fragment", "#document", "#script-on", "#script-off"].contains(text), section != "#document" {
                close()
                (section, lines) = (text, [])
            } else {
                lines.append(line)
            }
            previousIsBlank = line.isEmpty
        }
        close()
        return cases
    }

    /// The tree our parser makes, in the suite's notation.
    func actual(isScripting: Bool, pieceByteCount: Int) -> String {
        let document = Document()
        let parser: HTMLParser
        if let context {
            let words = context.split(separator: " ").map { String($0) }
            let namespace: Namespace = words.count < 2 ? .html : words[0] == "svg" ? .svg : .mathML
            parser = HTMLParser(document: document, fragmentContext: Atom(words.last ?? "div"), namespace: namespace, scripting: isScripting)
        } else {
            parser = HTMLParser(document: document, scripting: isScripting, encodingLabel: "utf-8")
        }
        var start = 0
        while start < data.count {
            let stop = min(data.count, start + pieceByteCount)
            parser.feed(Array(data[start..<stop]))
            start = stop
        }
        parser.finish()
        return TreeDump.text(document, below: context == nil ? document.root : parser.fragmentRoot)
    }
}

extension Conformance {
    /// Runs every `.dat` and `.test` file below a directory of the html5lib suite's format.
    public static func runHTML5Lib(directory: String, ledger: String? = nil, say: (String) -> Void = { print($0) }) -> Summary {
        var passed = 0
        var failures: [Failure] = []
        var ran: Set<String> = []
        for file in files(in: directory, withExtension: "dat") {
            guard let bytes = FileManager.default.contents(atPath: directory + "/" + file) else { continue }
            for (index, test) in TreeCase.parse(Array(bytes)).enumerated() {
                for isScripting in test.isScripting.map({ [$0] }) ?? [false, true] {
                    let name = "\(file):\(index + 1)" + (test.isScripting == nil && isScripting ? ":script" : "")
                    ran.insert(name)
                    if let failure = run(test, name, isScripting) { failures.append(failure) } else { passed += 1 }
                }
            }
        }
        for file in files(in: directory, withExtension: "test") {
            runTokenizerFile(directory, file, &passed, &failures, &ran)
        }
        return conclude(passed, failures, ledger: ledger, ran: ran, say: say)
    }

    private static func run(_ test: TreeCase, _ name: String, _ isScripting: Bool) -> Failure? {
        for pieceByteCount in [Int.max / 2, 1] {
            let actual = test.actual(isScripting: isScripting, pieceByteCount: pieceByteCount)
            if actual != test.expected {
                let note = pieceByteCount == 1 ? "\n(byte by byte)" : ""
                return Failure(name: name, actual: actual + note, expected: String(decoding: test.data, as: UTF8.self) + "\n---\n" + test.expected)
            }
        }
        return nil
    }
}
