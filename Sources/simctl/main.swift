// The command-line entry point; everything it does lives in SimctlCommands.

import Foundation
import SimctlCommands

exit(runCommandLine(Array(CommandLine.arguments.dropFirst())))
