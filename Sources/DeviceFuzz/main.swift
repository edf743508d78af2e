// `make fuzz`: the fuzzer of device models and drivers. What it does is in DeviceFuzzing.
import DeviceFuzzing
import Glibc

exit(FuzzCommand.run(Array(CommandLine.arguments.dropFirst())))
