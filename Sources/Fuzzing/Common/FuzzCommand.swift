// Owns the fuzzer's command line: which entries, for how long, progress, the line that reproduces what was found, summary.
import Glibc
import Machine

public enum FuzzCommand {
    struct Options {
        var names: [String] = []
        var seed: UInt64 = 1
        var operations: Int?
        var seconds: Double?
        var hasCanary = false
        var isList = false
    }
    enum Wrong: Error { case help, because(String) }

    static func help(_ entries: [FuzzEntry]) -> String {
        """
        usage: Fuzz [ENTRY ...] [--seed N] [--operations N | --seconds S] [--canary] [--list]

        Runs entries, all of them by default, on random input. `make fuzz` runs it under the address sanitizer.

        \(entries.map { "  " + $0.name.padded(10) + $0.summary + " (\($0.operationCount) operations)" }.joined(separator: "\n"))

          --seed N         the first case's seed (default 1); the cases after it have the seeds that follow
          --operations N   operations of each entry in place of its own number
          --seconds S      run each entry for so long instead
          --canary         plant a bug in each entry, which must be found
          --list           the entries' names

        exit codes: 0 nothing found; 1 something found (with --canary: the bug was not found); 64 wrong arguments.
        What is found, a crash too, prints the line that runs that case again.
        """
    }

    /// Parses and runs; returns the exit code.
    public static func run(_ words: [String], _ entries: [FuzzEntry]) -> Int32 {
        let options: Options
        do { options = try parse(words, entries) } catch Wrong.because(let reason) {
            complain("Fuzz: \(reason). See 'Fuzz --help'\n")
            return 64
        } catch {
            print(help(entries))
            return 0
        }
        if options.isList { entries.forEach { print($0.name) }; return 0 }
        var code: Int32 = 0
        for entry in entries where options.names.isEmpty || options.names.contains(entry.name) {
            if runEntry(entry, options) != options.hasCanary { code = 1 }
        }
        return code
    }

    static func parse(_ words: [String], _ entries: [FuzzEntry]) throws -> Options {
        var options = Options(), rest = words[...]
        func value<T>(_ word: String, _ what: String, _ convert: (String) -> T?) throws -> T {
            guard let text = rest.popFirst(), let value = convert(text) else { throw Wrong.because("\(word) takes \(what)") }
            return value
        }
        while let word = rest.popFirst() {
            switch word {
            case "--help", "-h": throw Wrong.help
            case "--canary": options.hasCanary = true
            case "--list": options.isList = true
            case "--seed": options.seed = try value(word, "a number") { UInt64($0) }
            case "--operations": options.operations = try value(word, "a number from 1 on") { Int($0).flatMap { $0 > 0 ? $0 : nil } }
            case "--seconds": options.seconds = try value(word, "a number of seconds") { Double($0).flatMap { $0 > 0 && $0 < 1e6 ? $0 : nil } }
            default:
                guard entries.contains(where: { $0.name == word }) else {
                    throw Wrong.because(word.hasPrefix("-") ? "there is no option \(word)" : "there is no entry '\(word)'; there are: \(entries.map(\.name).joined(separator: ", "))")
                }
                options.names.append(word)
            }
        }
        if options.operations != nil, options.seconds != nil { throw Wrong.because("either --operations or --seconds") }
        return options
    }

    /// Runs one entry to its end and prints its summary. True when something was found.
    private static func runEntry(_ entry: FuzzEntry, _ options: Options) -> Bool {
        do {
            let fuzzer = try entry.make(options.hasCanary)
            let run = try cases(entry, fuzzer, options)
            print("\(entry.name): \(run.operations) operations in \(run.cases) cases, \(Int(Double(run.operations) / max(0.001, run.seconds))) a second, from seed \(options.seed)")
            print((fuzzer.coverage + [""]).joined(separator: "\n"))
            fflush(nil)
            if options.hasCanary { complain("\(entry.name): the planted bug was not found\n") }
            return false
        } catch {
            complain("\(entry.name) found: \(error)\n")
            return true
        }
    }

    /// Runs cases until there were enough. What a case finds is thrown with the line that runs it again.
    public static func cases(_ entry: FuzzEntry, _ fuzzer: any Fuzzer, seed: UInt64, operations: Int, hasCanary: Bool = false) throws -> FuzzRun {
        var options = Options()
        (options.seed, options.operations, options.hasCanary) = (seed, operations, hasCanary)
        return try cases(entry, fuzzer, options)
    }
    private static func cases(_ entry: FuzzEntry, _ fuzzer: any Fuzzer, _ options: Options) throws -> FuzzRun {
        var run = FuzzRun(), reported = 0.0
        let wanted = options.seconds == nil ? options.operations ?? entry.operationCount : .max
        let start = now()
        while run.operations < wanted, options.seconds.map({ now() - start < $0 }) ?? true {
            let seed = options.seed &+ UInt64(run.cases), count = min(fuzzer.caseOperationCount, wanted - run.operations)
            let again = "Fuzz \(entry.name) --seed \(seed) --operations \(count)" + (options.hasCanary ? " --canary" : "")
            setCrashNote(again)
            do { try fuzzer.run(seed: seed, operations: count) } catch { throw FuzzFailure(description: "\(error). Again: \(again)") }
            run.operations += count
            run.cases += 1
            if now() - start - reported > 10 {
                reported = now() - start
                complain("\(entry.name): \(run.operations) operations\n")
            }
        }
        run.seconds = now() - start
        return run
    }

    private static func now() -> Double {
        var t = timespec()
        clock_gettime(CLOCK_MONOTONIC, &t)
        return Double(t.tv_sec) + Double(t.tv_nsec) * 1e-9
    }
    private static func complain(_ text: String) {
        let bytes = Array(text.utf8)
        _ = Glibc.write(2, bytes, bytes.count)
    }

    // MARK: Crash note: written by a signal handler, so it lies in fixed memory

    nonisolated(unsafe) private static let note = UnsafeMutablePointer<CChar>.allocate(capacity: 256)
    nonisolated(unsafe) private static var noteCount = 0

    private static func setCrashNote(_ command: String) {
        let bytes = Array("\ncrashed. Again: \(command)\n".utf8.prefix(255))
        for (index, byte) in bytes.enumerated() { note[index] = CChar(bitPattern: byte) }
        noteCount = bytes.count
    }

    /// From now on a crash prints the line that runs its case again.
    public static func installCrashNote() {
        // The sanitizer reports bad accesses itself and then aborts.
        let signals = getenv("ASAN_OPTIONS") == nil ? [SIGABRT, SIGILL, SIGTRAP, SIGSEGV, SIGBUS] : [SIGABRT, SIGILL, SIGTRAP]
        for number in signals {
            signal(number) { number in
                _ = Glibc.write(2, FuzzCommand.note, FuzzCommand.noteCount)
                signal(number, SIG_DFL)
                raise(number)
            }
        }
    }
}
