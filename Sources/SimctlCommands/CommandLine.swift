// The command line: a table of commands and options, parsing with suggestions, exit codes (sysexits.h where one fits).
// Help, man page and shell completions are made from the same table (HelpText.swift, Completion.swift). Wrong arguments
// get one line on standard error, a suggestion, and exit 64.

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
    public static let ioError: Int32 = 74
    /// As a shell says it for SIGINT.
    public static let interrupted: Int32 = 130
}

/// A failure with its message for the person and its exit code.
public struct CommandFailure: Error {
    public let message: String
    public let code: Int32
    public init(_ message: String, code: Int32 = ExitCode.failure) { self.message = message; self.code = code }
    static func usage(_ message: String) -> CommandFailure { CommandFailure(message, code: ExitCode.usage) }
}

/// An option: `--name` or `--name VALUE`. With `choices`, any other value is refused before the command runs; where the
/// choices take parameters (`NAME:key=value`), the command checks those.
public struct OptionSpecification: Sendable {
    let name: String
    let value: String?      // nil: a flag
    let help: String
    let choices: [String]
    let takesParameters: Bool
    init(_ name: String, _ value: String? = nil, _ help: String, choices: [String] = [], takesParameters: Bool = false) {
        self.name = name
        self.value = value
        self.help = help
        self.choices = choices
        self.takesParameters = takesParameters
    }
}

/// A command line that does something useful, and what it does.
struct Example: Sendable {
    let line: String
    let text: String
    init(_ line: String, _ text: String) { self.line = line; self.text = text }
}

/// A file or environment variable that a command reads or writes.
struct FileNote: Sendable {
    let name: String
    let text: String
    init(_ name: String, _ text: String) { self.name = name; self.text = text }
}

/// One command with its words, e.g. `bench hibernation`, and everything that its page of the manual says.
public struct Command: Sendable {
    let words: [String]
    let arguments: String
    let summary: String
    let details: String
    let options: [OptionSpecification]
    let argumentCount: ClosedRange<Int>
    let examples: [Example]
    /// Beside 0 and 64, which every command has. A code may be given again to say what it means here.
    let exitCodes: [(code: Int32, text: String)]
    let files: [FileNote]
    /// Commands and documents, as `simctl help` and the project's folder know them.
    let seeAlso: [String]
    let run: @Sendable (ParsedArguments) throws -> Int32

    init(words: [String], arguments: String, summary: String, details: String, options: [OptionSpecification], argumentCount: ClosedRange<Int>,
         examples: [Example] = [], exitCodes: [(code: Int32, text: String)] = [], files: [FileNote] = [], seeAlso: [String] = [],
         run: @escaping @Sendable (ParsedArguments) throws -> Int32) {
        self.words = words
        self.arguments = arguments
        self.summary = summary
        self.details = details
        self.options = options
        self.argumentCount = argumentCount
        self.examples = examples
        self.exitCodes = exitCodes
        self.files = files
        self.seeAlso = seeAlso
        self.run = run
    }
    var name: String { words.joined(separator: " ") }
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
        guard let count = parseByteCount(text) else { throw CommandFailure.usage("--\(name) takes a size such as 512M or 1G, not '\(text)'") }
        return count
    }
}

/// Parses and runs one command line (without the program's name). Returns the exit code.
public func runCommandLine(_ words: [String]) -> Int32 {
    do {
        return try dispatch(words)
    } catch let failure as CommandFailure {
        note("simctl: \(failure.message)")
        return failure.code
    } catch let error as TerrariumError {
        note("simctl: \(error.message)")
        return exitCode(error)
    } catch {
        note("simctl: \(error)")
        return ExitCode.failure
    }
}

func dispatch(_ words: [String]) throws -> Int32 {
    guard let first = words.first else { print(overviewText()); return ExitCode.usage }
    if first == "help" || first == "--help" || first == "-h" { return try help(Array(words.dropFirst()).filter { $0 != "--help" && $0 != "-h" }) }
    if words == [StateProcess.commandWord] { return StateProcess.serve() }
    if words.count == 2, words[0] == BenchJob.commandWord { return benchJob(words[1]) }
    if first == "--version" || first == "-V" { print(versionText); return ExitCode.success }
    guard let command = allCommands.filter({ words.starts(with: $0.words) }).max(by: { $0.words.count < $1.words.count }) else {
        return try unknownCommand(words)
    }
    let rest = Array(words.dropFirst(command.words.count))
    let options = rest.prefix { $0 != "--" }
    if options.contains("--help") || options.contains("-h") { print(helpText(command)); return ExitCode.success }
    return try command.run(try parse(rest, command))
}

/// `simctl help [WORD…]`: the overview, the page of a command, the pages of a group.
private func help(_ topic: [String]) throws -> Int32 {
    if topic.isEmpty { print(overviewText()); return ExitCode.success }
    let pages = allCommands.filter { $0.words.starts(with: topic) }
    if !pages.isEmpty { print(pages.map(helpText).joined(separator: "\n\n")); return ExitCode.success }
    let name = topic.joined(separator: " ")
    let hint = suggestion(name, among: allCommands.map(\.name) + groupNames)
    throw CommandFailure.usage("there is no command '\(name)'.\(hint) See 'simctl help'")
}

/// A group of commands named without the second word, or a word that is none.
private func unknownCommand(_ words: [String]) throws -> Int32 {
    let group = allCommands.filter { $0.words[0] == words[0] && $0.words.count > 1 }
    if !group.isEmpty {
        let names = group.map { $0.words[1] }
        guard words.count > 1 else { throw CommandFailure.usage("'\(words[0])' needs one of: \(names.joined(separator: ", ")). See 'simctl help \(words[0])'") }
        if words[1] == "--help" || words[1] == "-h" { print(group.map(helpText).joined(separator: "\n\n")); return ExitCode.success }
        throw CommandFailure.usage("there is no '\(words[0]) \(words[1])'.\(suggestion(words[1], among: names, prefix: words[0] + " ")) '\(words[0])' needs one of: \(names.joined(separator: ", "))")
    }
    if words[0].hasPrefix("-") { throw CommandFailure.usage("options stand after the command. Usage: simctl COMMAND [options]. See 'simctl help'") }
    let names = groupNames + allCommands.filter { $0.words.count == 1 }.map { $0.words[0] }
    throw CommandFailure.usage("unknown command '\(words[0])'.\(suggestion(words[0], among: names)) See 'simctl help'")
}

/// First words of commands with two.
var groupNames: [String] { Array(Set(allCommands.filter { $0.words.count > 1 }.map { $0.words[0] })).sorted() }

/// ` Did you mean '…'?`, or nothing when no name is near.
func suggestion(_ word: String, among names: [String], prefix: String = "") -> String {
    closest(to: word, among: names).map { " Did you mean '\(prefix)\($0)'?" } ?? ""
}

func parse(_ words: [String], _ command: Command) throws -> ParsedArguments {
    var result = ParsedArguments()
    var i = 0
    var onlyArguments = false
    while i < words.count {
        let word = words[i] == "-o" ? "--output" : words[i]
        i += 1
        if word == "--" && !onlyArguments { onlyArguments = true; continue }
        if onlyArguments || word == "-" || !word.hasPrefix("-") { result.arguments.append(word); continue }
        guard word.hasPrefix("--") else { throw unknownOption(word, command) }
        let parts = word.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let option = command.options.first(where: { $0.name == parts[0] }) else { throw unknownOption("--" + parts[0], command) }
        if option.value == nil {
            if parts.count > 1 { throw CommandFailure.usage("--\(option.name) takes no value") }
            result.flags.insert(option.name)
            continue
        }
        if parts.count > 1 {
            result.values[option.name] = parts[1]
        } else {
            guard i < words.count, !words[i].hasPrefix("--") else { throw CommandFailure.usage("--\(option.name) needs a value (\(option.value!)). See 'simctl \(command.name) --help'") }
            // Commands may be given in several pieces.
            result.values[option.name] = option.value == "COMMANDS" ? (result.values[option.name].map { $0 + "; " } ?? "") + words[i] : words[i]
            i += 1
        }
        try checkChoice(option, result.values[option.name]!)
    }
    try checkCount(result.arguments, command)
    return result
}

private func unknownOption(_ word: String, _ command: Command) -> CommandFailure {
    let hint = suggestion(String(word.drop { $0 == "-" }), among: command.options.map(\.name) + ["help"], prefix: "--")
    return .usage("unknown option '\(word)'.\(hint) See 'simctl \(command.name) --help'")
}

private func checkChoice(_ option: OptionSpecification, _ value: String) throws {
    let name = option.takesParameters ? String(value.prefix { $0 != ":" }) : value
    guard !option.choices.isEmpty, !option.choices.contains(name) else { return }
    throw CommandFailure.usage("--\(option.name): there is no '\(name)'.\(suggestion(name, among: option.choices)) There are: \(option.choices.joined(separator: ", "))")
}

private func checkCount(_ arguments: [String], _ command: Command) throws {
    if command.argumentCount.contains(arguments.count) { return }
    let line = ["simctl", command.name, command.arguments].filter { !$0.isEmpty }.joined(separator: " ")
    if arguments.count > command.argumentCount.upperBound {
        throw CommandFailure.usage("unexpected argument '\(arguments[command.argumentCount.upperBound])'. Usage: \(line)")
    }
    throw CommandFailure.usage("an argument is missing. Usage: \(line)")
}

/// A list `a,b,c` or `all` of known names.
func parseList(_ text: String?, option: String, names: [String]) throws -> [String] {
    guard let text, text != "all" else { return names }
    let chosen = text.split(separator: ",").map(String.init)
    if chosen.isEmpty { throw CommandFailure.usage("--\(option) names nothing; there are: \(names.joined(separator: ", "))") }
    for name in chosen where !names.contains(name) {
        throw CommandFailure.usage("--\(option): there is no '\(name)'.\(suggestion(name, among: names)) There are: \(names.joined(separator: ", "))")
    }
    return chosen
}
