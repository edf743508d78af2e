// `make fuzz`: every fuzzer of the project. An entry is a `FuzzEntry`; another one is added to a list here.
import BrowserFuzzing
import DeviceFuzzing
import Fuzzing
import Glibc

FuzzCommand.installCrashNote()
exit(FuzzCommand.run(Array(CommandLine.arguments.dropFirst()), DeviceFuzzEntries.all + BrowserFuzzEntries.all))
