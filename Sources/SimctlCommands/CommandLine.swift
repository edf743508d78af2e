// The command line: a table of commands and options, parsing with suggestions, help, exit codes (sysexits.h where one
// fits). Wrong arguments get one line on standard error, a suggestion, and exit 64.

import Foundation
import Terrarium

/// Exit codes of simctl. Stable.
public enum ExitCode {
    public static let success: Int32 = 0
    public static let failure: Int32 = 1
    public static let divergence: Int32 = 3
    public static let usage: Int32 = 64
    public static let badData: Int32 = 65
    public static let noInput: Int32 = 66
    public static let unavailable: Int32 = 69
    public static let cannotCreate: Int32 = 73
}

/// A failure with its message for the person and its exit code.
public struct CommandFailure: Error {
    public let message: String
    public let code: Int32
    public init(_ message: String, code: Int32 = ExitCode.failure) { self.message = message; self.code = code }
    static func usage(_ message: String) -> CommandFailure { CommandFailure(message, code: ExitCode.usage) }
}

/// An option: `--name` or `--name VALUE`.
public struct OptionSpecification: Sendable {
    let name: String
    let value: String?      // nil: a flag
    let help: String
    init(_ name: String, _ value: String? = nil, _ help: String) { self.name = name; self.value = value; self.help = help }
}

/// One command with its words, e.g. `bench hibernation`.
public struct Command: Sendable {
    let words: [String]
    let arguments: String
    let summary: String
    let details: String
    let options: [OptionSpecification]
    let argumentCount: ClosedRange<Int>
    let run: @Sendable (ParsedArguments) throws -> Int32
}

/// Options and arguments after parsing.
public struct ParsedArguments: Sendable {
    public var values: [String: String] = [:]
    public var flags: Set<String> = []
    public var arguments: [String] = []

    public func flag(_ name: String) -> Bool { flags.contains(name) }
    public func string(_ name: String) -> String? { values[name] }
    public func integer(_ name: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = values[name] else { return nil }
        guard let v = Int(text), range.contains(v) else {
            throw CommandFailure.usage("--\(name) takes a whole number from \(range.lowerBound) to \(range.upperBound), not '\(text)'")
        }
        return v
    }
    /// A duration such as `10s`, `500ms`, `2m`; in nanoseconds.
    public func duration(_ name: String) throws -> UInt64? {
        guard let text = values[name] else { return nil }
        guard let ns = parseDuration(text) else {
            throw CommandFailure.usage("--\(name) takes a duration such as 10s, 500ms or 2m, not '\(text)'")
        }
        return ns
    }
    /// A size such as `512M` or `1G`; in bytes.
    public func bytes(_ name: String) throws -> Int? {
        guard let text = values[name] else { return nil }
        let units: [(String, Int)] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10)]
        for (suffix, factor) in units where text.hasSuffix(suffix) {
            if let v = Int(text.dropLast(suffix.count)), v > 0, v < 1 << 20 { return v * factor }
        }
        throw CommandFailure.usage("--\(name) takes a size such as 512M or 1G, not '\(text)'")
    }
}

/// Parses and runs one command line (without the program's name). Returns the exit code.
public func runCommandLine(_ words: [String]) -> Int32 {
    do {
        return try dispatch(words)
    } catch let failure as CommandFailure {
        FileHandle.standardError.write(Data("simctl: \(failure.message)\n".utf8))
        return failure.code
    } catch let error as TerrariumError {
        FileHandle.standardError.write(Data("simctl: \(error.message)\n".utf8))
        return exitCode(error)
    } catch {
        FileHandle.standardError.write(Data("simctl: \(error)\n".utf8))
        return ExitCode.failure
    }
}

func dispatch(_ words: [String]) throws -> Int32 {
    if words.isEmpty || words[0] == "help" || words[0] == "--help" || words[0] == "-h" {
        let topic = words.isEmpty ? [] : Array(words.dropFirst())
        if !topic.isEmpty {
            if let command = allCommands.first(where: { $0.words == topic }) { print(helpText(command)); return ExitCode.success }
            let group = allCommands.filter { $0.words.starts(with: topic) }
            if !group.isEmpty { print(group.map(helpText).joined(separator: "\n\n")); return ExitCode.success }
            throw CommandFailure.usage("there is no command '\(topic.joined(separator: " "))'. See 'simctl help'")
        }
        print(overviewText())
        return words.isEmpty ? ExitCode.usage : ExitCode.success
    }
    if words[0] == "--version" { print("simctl 0.1"); return ExitCode.success }
    let candidates = allCommands.filter { words.starts(with: $0.words) }
    guard let command = candidates.max(by: { $0.words.count < $1.words.count }) else {
        let group = allCommands.filter { $0.words[0] == words[0] && $0.words.count > 1 }
        if !group.isEmpty {
            let names = group.map { $0.words[1] }.joined(separator: ", ")
            if words.count > 1, words[1] == "--help" || words[1] == "-h" { print(group.map(helpText).joined(separator: "\n\n")); return ExitCode.success }
            throw CommandFailure.usage("'\(words[0])' needs one of: \(names). See 'simctl help \(words[0])'")
        }
        let suggestion = closest(to: words[0], among: Array(Set(allCommands.map { $0.words[0] })).sorted())
        throw CommandFailure.usage("unknown command '\(words[0])'\(suggestion.map { ". Did you mean '\($0)'?" } ?? ".") See 'simctl help'")
    }
    let rest = Array(words.dropFirst(command.words.count))
    if rest.contains("--help") || rest.contains("-h") { print(helpText(command)); return ExitCode.success }
    return try command.run(try parse(rest, command))
}

func parse(_ words: [String], _ command: Command) throws -> ParsedArguments {
    var result = ParsedArguments()
    var i = 0
    var onlyArguments = false
    while i < words.count {
        let word = words[i]
        i += 1
        if onlyArguments || !word.hasPrefix("--") || word.count == 2 {
            if word == "--" && !onlyArguments { onlyArguments = true } else { result.arguments.append(word) }
            continue
        }
        let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let option = command.options.first(where: { $0.name == parts[0] }) else {
            let suggestion = closest(to: parts[0], among: command.options.map { $0.name })
            throw CommandFailure.usage("unknown option '--\(parts[0])'\(suggestion.map { ". Did you mean '--\($0)'?" } ?? ".") See 'simctl \(command.words.joined(separator: " ")) --help'")
        }
        if option.value == nil {
            if parts.count > 1 { throw CommandFailure.usage("--\(option.name) takes no value") }
            result.flags.insert(option.name)
        } else if parts.count > 1 {
            result.values[option.name] = parts[1]
        } else {
            guard i < words.count else { throw CommandFailure.usage("--\(option.name) needs a value (\(option.value!))") }
            result.values[option.name] = words[i]
            i += 1
        }
    }
    if !command.argumentCount.contains(result.arguments.count) {
        let line = "simctl \(command.words.joined(separator: " ")) \(command.arguments)"
        if result.arguments.count > command.argumentCount.upperBound {
            throw CommandFailure.usage("unexpected argument '\(result.arguments[command.argumentCount.upperBound])'. Usage: \(line)")
        }
        throw CommandFailure.usage("an argument is missing. Usage: \(line)")
    }
    return result
}

func helpText(_ command: Command) -> String {
    var text = "usage: simctl \(command.words.joined(separator: " "))"
    if !command.arguments.isEmpty { text += " \(command.arguments)" }
    if !command.options.isEmpty { text += " [options]" }
    text += "\n\n\(command.summary)\n"
    if !command.details.isEmpty { text += "\n\(command.details)\n" }
    if !command.options.isEmpty { text += "\noptions:\n" }
    for option in command.options {
        let left = "  --\(option.name)\(option.value.map { " \($0)" } ?? "")"
        text += left.padding(toLength: max(28, left.count + 2), withPad: " ", startingAt: 0) + option.help + "\n"
    }
    return String(text.dropLast())
}

func overviewText() -> String {
    var text = """
    simctl: run, replay and benchmark the Terrarium simulator

    usage: simctl COMMAND [options]

    commands:

    """
    for command in allCommands {
        let left = "  " + command.words.joined(separator: " ")
        text += left.padding(toLength: 24, withPad: " ", startingAt: 0) + command.summary + "\n"
    }
    text += "\n'simctl help COMMAND' or 'simctl COMMAND --help' explains one."
    return text
}
