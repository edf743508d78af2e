// `--strace`: every system call as a line, into a file or on standard output; for `run`, `replay` and the prompt.

import Foundation
import Terrarium

let straceOptions: [OptionSpecification] = [
    OptionSpecification("strace", "FILE", "write one line for each system call; - for standard output; JSON lines with --json or when FILE ends in .jsonl"),
    OptionSpecification("strace-of", "NAME|PID,...", "only calls of these processes"),
    OptionSpecification("strace-calls", "CALL,...", "only these calls or groups (\(CallFilter.groups.joined(separator: ", "))); !CALL,... all but these"),
]
let straceHelp = """
    --strace writes a line for each system call: virtual time, process, call with its arguments, result. '...' stands where
    the caller blocked; the line of the answer says how long. Tracing has no effect on the run.
    """

/// The filter that the options describe; nil without --strace.
func straceFilter(_ arguments: ParsedArguments) throws -> CallFilter? {
    guard arguments.string("strace") != nil else {
        for name in ["strace-of", "strace-calls"] where arguments.string(name) != nil { throw CommandFailure.usage("--\(name) belongs to --strace FILE (- for standard output)") }
        return nil
    }
    if arguments.flag("json"), arguments.string("strace") == "-" { throw CommandFailure.usage("--json has standard output for itself; give --strace a file") }
    do { return try CallFilter(processes: arguments.string("strace-of"), calls: arguments.string("strace-calls")) } catch { throw CommandFailure.usage("--strace: \(error.message)") }
}
func isStraceJSON(_ arguments: ParsedArguments) -> Bool { arguments.flag("json") || arguments.string("strace")?.hasSuffix(".jsonl") == true }

/// Where the lines go. A file is complete when the command ends.
final class StraceOutput {
    /// Nil: standard output, in order with what else is printed there.
    private let file: UnsafeMutablePointer<FILE>?

    init(_ path: String) throws {
        file = path == "-" ? nil : fopen(path, "w")
        if path != "-" && file == nil { throw CommandFailure("cannot write \(path); check that its folder exists and is writable", code: ExitCode.cannotCreate) }
    }
    deinit { if let file { fclose(file) } }

    func write(_ line: String) {
        if let file {
            fputs(line, file)
            putc(10, file)
        } else {
            print(line)
            fflush(nil)
        }
    }
}

/// Begins to trace a machine's calls when the options say so.
func attachStrace(_ simulation: Simulation, _ arguments: ParsedArguments) throws {
    guard let filter = try straceFilter(arguments) else { return }
    let output = try StraceOutput(arguments.string("strace")!), isJSON = isStraceJSON(arguments)
    simulation.traceCalls(filter) { output.write(isJSON ? $0.json : $0.line) }
}
