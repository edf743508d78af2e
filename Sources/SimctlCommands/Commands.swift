// The list of commands, in the order of the overview.

let allCommands: [Command] = [
    runCommand, replayCommand, verifyCommand, soakCommand, renderCommand, dumpCommand, shotCommand, benchHibernationCommand, benchMergeCommand, benchRecordCommand, policiesCommand, benchAllCommand, benchCompareCommand, traceInfoCommand, traceDumpCommand, traceDiffCommand, traceBisectCommand,
    conformanceHTMLCommand, conformancePNGCommand, conformanceImagesCommand, imageBuildCommand, imageListCommand, diskCheckCommand, diskListCommand, diskCatCommand, doctorCommand, manualCommand, completionCommand,
]
