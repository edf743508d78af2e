// The command-line entry point; everything it does lives in SimctlCommands.

import Foundation
import SimctlCommands

setvbuf(stdout, nil, _IOLBF, 0)
exit(runCommandLine(Array(CommandLine.arguments.dropFirst())))
