// The list of commands, in the order of the overview.

let allCommands: [Command] = [
    runCommand, replayCommand, benchHibernationCommand, traceInfoCommand, traceDumpCommand, traceDiffCommand,
    conformanceHTMLCommand, imageBuildCommand, imageListCommand, doctorCommand,
]
