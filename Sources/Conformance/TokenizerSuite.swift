// html5lib tokenizer files: JSON with input, initial states and the tokens to come (their FORMAT.md). Lone surrogates,
// which no byte stream can carry, are read as U+FFFD on both sides.
import Foundation
import HTML

extension Conformance {
    static func runTokenizerFile(_ directory: String, _ file: String, _ passed: inout Int, _ failures: inout [Failure], _ ran: inout Set<String>) {
        guard let data = FileManager.default.contents(atPath: directory + "/" + file),
              let json = (try? JSONSerialization.jsonObject(with: data)) as? [String: Any],
              let tests = (json["tests"] ?? json["xmlViolationTests"]) as? [[String: Any]] else {
            ran.insert(file)
            failures.append(Failure(name: file, actual: "unreadable", expected: "a JSON test file"))
            return
        }
        for (index, test) in tests.enumerated() {
            let states = test["initialStates"] as? [String] ?? ["Data state"]
            for state in states {
                let name = "\(file):\(index + 1)" + (states.count > 1 ? ":" + state.split(separator: " ")[0] : "")
                ran.insert(name)
                if let failure = run(test, name, state) { failures.append(failure) } else { passed += 1 }
            }
        }
    }

    private static func run(_ test: [String: Any], _ name: String, _ state: String) -> Failure? {
        let isDoubleEscaped = test["doubleEscaped"] as? Bool ?? false
        func string(_ value: Any?) -> String? {
            guard let text = value as? String else { return nil }
            return isDoubleEscaped ? unescape(text) : text
        }
        let input = string(test["input"]) ?? ""
        let expected = (test["output"] as? [[Any]] ?? []).compactMap { token($0, string) }
        for piece in [Int.max / 2, 1] {
            let actual = TokenizerProbe.tokens(of: Array(input.utf8), initialState: state,
                                               lastStartTag: test["lastStartTag"] as? String ?? "", pieceByteCount: piece)
            let sorted = (actual ?? []).map { sortedAttributes($0) }
            if sorted != joined(expected) {
                return Failure(name: name, actual: "\(sorted)", expected: "\(test["description"] ?? "")\n\(input.debugDescription)\n\(joined(expected))")
            }
        }
        return nil
    }

    private static func token(_ list: [Any], _ string: (Any?) -> String?) -> ProbeToken? {
        switch list.first as? String {
        case "DOCTYPE":
            return .doctype(name: string(list[1]), publicID: string(list[2]), systemID: string(list[3]), isCorrect: list[4] as? Bool ?? true)
        case "StartTag":
            let attributes = (list[2] as? [String: Any] ?? [:]).map { [string($0.key) ?? "", string($0.value) ?? ""] }
            return sortedAttributes(.startTag(name: string(list[1]) ?? "", attributes: attributes, isSelfClosing: list.count > 3))
        case "EndTag": return .endTag(name: string(list[1]) ?? "")
        case "Comment": return .comment(string(list[1]) ?? "")
        case "Character": return .characters(string(list[1]) ?? "")
        default: return nil
        }
    }

    private static func sortedAttributes(_ token: ProbeToken) -> ProbeToken {
        guard case .startTag(let name, let attributes, let isSelfClosing) = token else { return token }
        return .startTag(name: name, attributes: attributes.sorted { $0[0] < $1[0] }, isSelfClosing: isSelfClosing)
    }

    private static func joined(_ tokens: [ProbeToken]) -> [ProbeToken] {
        var result: [ProbeToken] = []
        for token in tokens {
            if case .characters(let text) = token, case .characters(let before)? = result.last {
                result[result.count - 1] = .characters(before + text)
            } else {
                result.append(token)
            }
        }
        return result
    }

    /// Replaces each `\uHHHH`.
    private static func unescape(_ text: String) -> String {
        let units = Array(text.utf16)
        var result: [UInt16] = []
        var i = 0
        while i < units.count {
            if units[i] == 0x5C, i + 5 < units.count, units[i + 1] == 0x75,
               let code = UInt16(String(decoding: units[(i + 2)..<(i + 6)], as: UTF16.self), radix: 16) {
                result.append(code)
                i += 6
            } else {
                result.append(units[i])
                i += 1
            }
        }
        return String(decoding: result, as: UTF16.self)
    }
}
