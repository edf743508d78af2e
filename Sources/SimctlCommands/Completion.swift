// `simctl completion bash|zsh`: completions from the table of commands, so that they are never behind it.

import Foundation

let completionCommand = Command(
    words: ["completion"], arguments: "bash|zsh", summary: "print completions for a shell",
    details: "Completes commands, options, values with fixed choices, and file names.", options: [], argumentCount: 1...1,
    examples: [Example("source <(simctl completion bash)", "in ~/.bashrc"), Example("simctl completion zsh > \"${fpath[1]}/_simctl\"", "for zsh")],
    seeAlso: ["simctl man"]
) { arguments in
    switch arguments.arguments[0] {
    case "bash": print(bashCompletion(), terminator: "")
    case "zsh": print("#compdef simctl\nautoload -U +X bashcompinit && bashcompinit\n" + bashCompletion(), terminator: "")
    default: throw CommandFailure.usage("there are completions for bash and zsh, not '\(arguments.arguments[0])'.\(suggestion(arguments.arguments[0], among: ["bash", "zsh"]))")
    }
    return ExitCode.success
}

func bashCompletion() -> String {
    var cases = ""
    for command in allCommands {
        let options = (command.options.map { "--" + $0.name } + ["--help"]).joined(separator: " ")
        cases += "        \"\(command.name)\") options=\"\(options)\" ;;\n"
    }
    var values = ""
    var seen: [String] = []
    for option in allCommands.flatMap(\.options) where !option.choices.isEmpty && !seen.contains(option.name) {
        seen.append(option.name)
        values += "        --\(option.name)) COMPREPLY=($(compgen -W \"\(option.choices.joined(separator: " "))\" -- \"$current\")); return ;;\n"
    }
    var groups = ""
    for group in groupNames {
        let words = allCommands.filter { $0.words[0] == group && $0.words.count > 1 }.map { $0.words[1] }.joined(separator: " ")
        groups += "        \(group)) words=\"\(words)\" ;;\n"
    }
    let first = (groupNames + allCommands.filter { $0.words.count == 1 }.map { $0.words[0] } + ["help"]).sorted().joined(separator: " ")
    return """
    _simctl() {
        local current="${COMP_WORDS[COMP_CWORD]}" previous="${COMP_WORDS[COMP_CWORD-1]}" options="" words=""
        if [ "$COMP_CWORD" -eq 1 ]; then COMPREPLY=($(compgen -W "\(first)" -- "$current")); return; fi
        case "$previous" in
    \(values)    esac
        case "${COMP_WORDS[1]}" in
    \(groups)    esac
        if [ -n "$words" ] && [ "$COMP_CWORD" -eq 2 ]; then COMPREPLY=($(compgen -W "$words" -- "$current")); return; fi
        local command="${COMP_WORDS[1]}"
        [ -n "$words" ] && command="$command ${COMP_WORDS[2]}"
        case "$command" in
    \(cases)    esac
        case "$current" in
            -*) COMPREPLY=($(compgen -W "$options" -- "$current")) ;;
            *) COMPREPLY=($(compgen -f -- "$current")) ;;
        esac
    }
    complete -o filenames -F _simctl simctl

    """
}
