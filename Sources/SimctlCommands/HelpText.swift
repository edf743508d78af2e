// Pages of the manual from the table of commands: `simctl help`, `--help`, and the same in roff (`simctl man`).

import Foundation

let versionText = "simctl 0.1"

/// What every command can end with, beside its own codes.
private let commonExitCodes: [(code: Int32, text: String)] = [(ExitCode.success, "done"), (ExitCode.usage, "wrong arguments; the message names the way out")]

/// All exit codes of a command, ascending; its own meanings replace the common ones.
func exitCodes(_ command: Command) -> [(code: Int32, text: String)] {
    let common = commonExitCodes.filter { c in !command.exitCodes.contains { $0.code == c.code } }
    return (common + command.exitCodes).sorted { $0.code < $1.code }
}

func synopsis(_ command: Command) -> String {
    ["simctl", command.name, command.arguments, command.options.isEmpty ? "" : "[options]"].filter { !$0.isEmpty }.joined(separator: " ")
}

func helpText(_ command: Command) -> String {
    var text = "usage: \(synopsis(command))\n\n\(command.summary)\n"
    if !command.details.isEmpty { text += "\n" + Flow.blocks(command.details).map { $0.lines(width: helpWidth) }.joined(separator: "\n") }
    if !command.options.isEmpty { text += "\noptions:\n" }
    for option in command.options { text += row(optionText(option), option.help, 28) }
    if !command.examples.isEmpty { text += "\nexamples:\n" }
    for example in command.examples { text += "  \(example.line)\n      \(example.text)\n" }
    text += "\nexit codes:\n"
    for (code, meaning) in exitCodes(command) { text += row("\(code)", meaning, 8) }
    if !command.files.isEmpty { text += "\nfiles:\n" }
    for file in command.files { text += row(file.name, file.text, 28) }
    if !command.seeAlso.isEmpty { text += "\nsee also: \(command.seeAlso.joined(separator: ", "))\n" }
    return String(text.dropLast())
}

func optionText(_ option: OptionSpecification) -> String { "--\(option.name)\(option.value.map { " \($0)" } ?? "")" }

private let helpWidth = 100

/// A name and what it is, which goes on below itself where it is long.
private func row(_ left: String, _ right: String, _ width: Int) -> String {
    let start = "  " + left.padding(toLength: max(width - 2, left.count + 2), withPad: " ", startingAt: 0)
    let lines = Flow.wrapped(right, width: max(40, helpWidth - start.count))
    return start + lines.joined(separator: "\n" + String(repeating: " ", count: width)) + "\n"
}

/// Text of help: paragraphs, which are filled, and blocks of indented lines, which stay as they are.
enum Flow {
    case paragraph(String)
    case block([String])

    /// Blocks in their order; an empty line ends a paragraph.
    static func blocks(_ text: String) -> [Flow] {
        var blocks: [Flow] = [], isOpen = false
        for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            if line.isEmpty { isOpen = false; continue }
            let isIndented = line.hasPrefix(" ")
            switch (blocks.last, isIndented) {
            case (.paragraph(let p)?, false) where isOpen: blocks[blocks.count - 1] = .paragraph(p + " " + line)
            case (.block(let lines)?, true) where isOpen: blocks[blocks.count - 1] = .block(lines + [line])
            default: blocks.append(isIndented ? .block([line]) : .paragraph(line))
            }
            isOpen = true
        }
        return blocks
    }
    static func wrapped(_ text: String, width: Int) -> [String] {
        var lines: [String] = [], line = ""
        for word in text.split(separator: " ") {
            if !line.isEmpty, line.count + 1 + word.count > width {
                lines.append(line)
                line = ""
            }
            line += (line.isEmpty ? "" : " ") + word
        }
        return lines + [line]
    }
    func lines(width: Int) -> String {
        switch self {
        case .paragraph(let text): Flow.wrapped(text, width: width).joined(separator: "\n") + "\n"
        case .block(let lines): lines.joined(separator: "\n") + "\n"
        }
    }
}

func overviewText() -> String {
    var text = """
    simctl: run, replay, verify and benchmark the Terrarium simulator

    usage: simctl COMMAND [options]

    commands:

    """
    for command in allCommands { text += row(command.name, command.summary, 24) }
    text += """

    'simctl help COMMAND' or 'simctl COMMAND --help' explains one; 'simctl man | man -l -' is the whole manual.
    Start with: simctl run (the desktop), simctl run images/demo (the promises, on a console).
    """
    return text
}

// MARK: roff

/// The manual as a page for man(1), from the same table.
func manualText() -> String {
    var page = Roff()
    page.line(".TH SIMCTL 1 \"\" \"\(versionText)\" \"Terrarium\"")
    page.section("NAME")
    page.text("simctl - run, replay, verify and benchmark the Terrarium simulator")
    page.section("SYNOPSIS")
    page.text("simctl COMMAND [options]")
    page.section("DESCRIPTION")
    page.text("Terrarium is a deterministic machine that runs a microkernel, a desktop and a web browser. The same image, configuration, seed and trace give the same states in every run.")
    page.section("COMMANDS")
    for command in allCommands { page.command(command) }
    page.section("EXIT STATUS")
    let codes: [(Int32, String)] = [(0, "done"), (1, "the check that was asked for failed"), (3, "a run diverged from its record or from another run"), (64, "wrong arguments"),
                                    (65, "damaged or foreign data"), (66, "a file is missing"), (69, "no display or network"), (73, "a file cannot be written"), (74, "the host's disk failed")]
    for (code, meaning) in codes { page.item("\(code)", meaning) }
    page.section("FILES")
    var seen: [String] = []
    for file in allCommands.flatMap(\.files) where !seen.contains(file.name) {
        seen.append(file.name)
        page.item(file.name, file.text)
    }
    return page.output
}

/// Writes roff; every text is escaped, so that no help text can turn into a request.
struct Roff {
    private(set) var output = ""
    mutating func line(_ request: String) { output += request + "\n" }
    mutating func section(_ name: String) { line(".SH \"\(Roff.escaped(name))\"") }
    mutating func text(_ text: String) { for l in text.split(separator: "\n", omittingEmptySubsequences: false) { line(Roff.escaped(String(l))) } }
    mutating func item(_ tag: String, _ body: String) {
        line(".TP")
        line(".B \(Roff.escaped(tag))")
        text(body)
    }
    mutating func command(_ c: Command) {
        line(".SS \"\(Roff.escaped(c.name))\"")
        line(".B \(Roff.escaped(synopsis(c)))")
        line(".PP")
        text(c.summary.prefix(1).uppercased() + c.summary.dropFirst() + ".")
        for block in Flow.blocks(c.details) {
            line(".PP")
            switch block {
            case .paragraph(let p): text(p)
            case .block(let lines): line(".nf"); text(lines.joined(separator: "\n")); line(".fi")
            }
        }
        for option in c.options { item(optionText(option), option.help) }
        for example in c.examples { item(example.line, example.text) }
        line(".PP")
        text("Exit codes: " + exitCodes(c).map { "\($0.code) \($0.text)" }.joined(separator: "; ") + ".")
        if !c.seeAlso.isEmpty { line(".PP"); text("See also: " + c.seeAlso.joined(separator: ", ") + ".") }
    }
    static func escaped(_ text: String) -> String {
        let body = text.replacingOccurrences(of: "\\", with: "\\e").replacingOccurrences(of: "-", with: "\\-").replacingOccurrences(of: "\"", with: "\\(dq")
        return body.hasPrefix(".") || body.hasPrefix("'") ? "\\&" + body : body
    }
}

let manualCommand = Command(
    words: ["man"], arguments: "", summary: "print the manual page (roff)", details: "", options: [], argumentCount: 0...0,
    examples: [Example("simctl man | man -l -", "read it"), Example("simctl man > /usr/local/share/man/man1/simctl.1", "install it")],
    seeAlso: ["simctl help"]
) { _ in
    print(manualText(), terminator: "")
    return ExitCode.success
}
