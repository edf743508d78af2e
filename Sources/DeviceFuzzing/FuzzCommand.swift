// Owns the fuzzer's command line: options, progress, the line that reproduces a failure, the summary.
import Devices
import Glibc

public enum FuzzCommand {
    static let help = """
    usage: DeviceFuzz [--seed N] [--operations N] [--canary] [--drivers-only]

    Runs random operations on the VirtIO transports with every device model, then the guest's drivers against hostile
    devices. `make fuzz` runs it under the address sanitizer.

      --seed N         first session's seed (default 1)
      --operations N   operations on devices (default 1000000); the drivers get a fifth as many steps
      --canary         plant a device with a bug, which must be found
      --drivers-only   leave the devices out

    exit codes: 0 nothing found; 1 something found; 64 wrong arguments. A crash prints the line that reproduces it.
    """
    struct Options { var seed: UInt64 = 1; var operations = 1_000_000; var hasCanary = false; var driversOnly = false }

    /// Parses and runs; returns the exit code.
    public static func run(_ words: [String]) -> Int32 {
        if words.contains("--help") || words.contains("-h") { print(help); return 0 }
        guard let options = parse(words) else {
            complain("DeviceFuzz: wrong arguments. See 'DeviceFuzz --help'\n")
            return 64
        }
        do { return try fuzz(options) } catch {
            complain("\nfound: \(error)\n")
            return 1
        }
    }

    static func parse(_ words: [String]) -> Options? {
        var options = Options(), rest = words[...]
        while let word = rest.popFirst() {
            switch word {
            case "--canary": options.hasCanary = true
            case "--drivers-only": options.driversOnly = true
            case "--seed":
                guard let seed = rest.popFirst().flatMap({ UInt64($0) }) else { return nil }
                options.seed = seed
            case "--operations":
                guard let count = rest.popFirst().flatMap({ Int($0) }), count > 0 else { return nil }
                options.operations = count
            default: return nil
            }
        }
        return options
    }

    private static func fuzz(_ options: Options) throws -> Int32 {
        installCrashNote()
        if !options.driversOnly {
            let summary = try DeviceFuzzer.run(seed: options.seed, operations: options.operations, hasCanary: options.hasCanary) { seed, done in
                setCrashNote("DeviceFuzz --seed \(seed) --operations \(DeviceFuzzer.sessionOperationCount)")
                if done % 100_000 < DeviceFuzzer.sessionOperationCount, done > 0 { complain("\(done) operations\n") }
            }
            print(text(summary))
        }
        setCrashNote("DeviceFuzz --drivers-only --seed \(options.seed) --operations \(options.operations)")
        print("\ndrivers against hostile devices      started    accepted")
        for row in try DriverFuzzer.run(seed: options.seed, operations: max(420, options.operations / 5)) {
            print(row.name.padded(32) + "\(row.started)".padded(12, isRight: true) + "\(row.accepted)".padded(12, isRight: true))
        }
        return 0
    }

    static func text(_ s: FuzzSummary) -> String {
        var lines = ["\(s.operations) operations in \(s.sessions) sessions, \(s.resets) resets", "", "device     queue       taken  given back   answered well"]
        for row in s.rows {
            lines.append(row.device.padded(11) + "\(row.queue)".padded(5, isRight: true) + "\(row.taken)".padded(12, isRight: true)
                + "\(row.used)".padded(12, isRight: true) + "\(row.good)".padded(16, isRight: true))
        }
        lines += ["", "refused, by reason"]
        for fault in QueueFault.allCases { lines.append("  " + fault.name.padded(56) + "\(s.faults[fault.rawValue])".padded(10, isRight: true)) }
        for drop in RequestDrop.allCases { lines.append("  " + ("dropped: " + drop.name).padded(56) + "\(s.drops[drop.rawValue])".padded(10, isRight: true)) }
        lines.append("  " + "register access that is no aligned word".padded(56) + "\(s.badAccesses)".padded(10, isRight: true))
        return lines.joined(separator: "\n")
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

    private static func installCrashNote() {
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

extension String {
    fileprivate func padded(_ width: Int, isRight: Bool = false) -> String {
        let space = String(repeating: " ", count: max(0, width - count))
        return isRight ? space + self : self + space
    }
}
