// The fuzzer itself: it gets deep, it repeats, and it finds a planted bug. The long run is `make fuzz`.
import Devices
@testable import BrowserFuzzing
@testable import DeviceFuzzing
@testable import Fuzzing
import Foundation
import XCTest

final class FuzzTests: XCTestCase {
    func testASmokeRunGetsDeepAndRepeats() throws {
        let first = try DeviceFuzzer.run(seed: 100, operations: 16_000)
        XCTAssertEqual(first.sessions, 8)
        XCTAssertEqual(Set(first.rows.map { $0.device }), ["console", "entropy", "block", "net", "gpu", "keyboard", "tablet", "rtc", "disk"])
        for row in first.rows where (row.device, row.queue) != ("gpu", 1) {
            XCTAssertGreaterThan(row.good, 5, "\(row.device), queue \(row.queue)")
            XCTAssertGreaterThanOrEqual(row.taken, row.used)
        }
        // Four GiB in one chain need more RAM than a fuzzed machine has; TransportRuleTests shows that one.
        for fault in QueueFault.allCases where fault != .chainTooLarge { XCTAssertGreaterThan(first.faults[fault.rawValue], 0, fault.name) }
        for drop in RequestDrop.allCases where drop != .tooLong { XCTAssertGreaterThan(first.drops[drop.rawValue], 0, drop.name) }
        XCTAssertGreaterThan(first.badAccesses, 10)
        let again = try DeviceFuzzer.run(seed: 100, operations: 4000), other = try DeviceFuzzer.run(seed: 101, operations: 4000)
        XCTAssertEqual(try DeviceFuzzer.run(seed: 100, operations: 4000), again)
        XCTAssertNotEqual(again.hash, other.hash)
    }

    func testThePlantedBugIsFound() throws {
        XCTAssertThrowsError(try DeviceFuzzer.run(seed: 1, operations: 6000, hasCanary: true)) {
            XCTAssertTrue("\($0)".contains("outside the room it was given"), "\($0)")
            XCTAssertTrue("\($0)".contains("--canary"), "\($0)")
        }
    }

    func testDriversSurviveHostileDevices() throws {
        for row in try DriverFuzzer.run(seed: 1, operations: 8_400) {
            XCTAssertGreaterThan(row.started, 10, row.name)
            XCTAssertGreaterThan(row.accepted, 5, row.name)
        }
    }

    /// A few seconds of every entry find nothing and get past the first checks; with its planted bug each finds that.
    func testEveryEntryIsCleanAndFindsItsPlantedBug() throws {
        let entries = DeviceFuzzEntries.all + BrowserFuzzEntries.all
        XCTAssertEqual(entries.map(\.name), ["devices", "drivers", "html", "css", "images", "svg", "url", "http", "bounds"])
        let small = ["html": 60, "css": 10, "images": 150, "svg": 60, "url": 2000, "http": 1000]      // operations of a debug build
        for entry in entries where small[entry.name] != nil {
            let fuzzer = try entry.make(false)
            _ = try FuzzCommand.cases(entry, fuzzer, seed: 500, operations: small[entry.name]!)
            let counts = fuzzer.coverage.map { $0.split(separator: " ").last.flatMap { Int($0) } ?? 0 }
            XCTAssertGreaterThan(counts.filter { $0 > 0 }.count, counts.count / 2, "\(entry.name): \(fuzzer.coverage)")
        }
        for entry in entries where entry.name != "bounds" {
            XCTAssertThrowsError(try FuzzCommand.cases(entry, try entry.make(true), seed: 1, operations: 20_000, hasCanary: true), entry.name) {
                XCTAssertTrue("\($0)".contains("Again: Fuzz \(entry.name) --seed "), "\($0)")
            }
        }
    }

    /// Giants that are quick in a debug build; all of them are in `make fuzz` and in CI's pass.
    func testGiantsAreBounded() throws {
        let fuzzer = try BoundsFuzzer(hasCanary: false)
        for name in ["endless grid", "variables that double", "declared PNG of 1 GB", "declared GIF", "declared JPEG", "declared WebP", "declared BMP", "declared icon", "svg in gzip of zeros"] {
            let index = try XCTUnwrap(BoundsFuzzer.names.firstIndex(of: name))
            try fuzzer.run(seed: UInt64(index + 1), operations: 1)
        }
    }

    /// CI's pass: `.ci/run` gives each of the browser's entries FUZZ_PASS_SECONDS.
    func testPassOfSomeSeconds() throws {
        guard let seconds = ProcessInfo.processInfo.environment["FUZZ_PASS_SECONDS"] else { throw XCTSkip("FUZZ_PASS_SECONDS is not set") }
        for entry in BrowserFuzzEntries.all { XCTAssertEqual(FuzzCommand.run([entry.name, "--seconds", seconds], BrowserFuzzEntries.all), 0, entry.name) }
    }

    func testOptions() throws {
        let entries = DeviceFuzzEntries.all
        let options = try FuzzCommand.parse(["drivers", "--seed", "7", "--operations", "10"], entries)
        XCTAssertEqual(options.names, ["drivers"])
        XCTAssertEqual(options.seed, 7)
        for words in [["--seed"], ["--seed", "x"], ["--operations", "0"], ["--fast"], ["nothing"], ["--seconds", "-1"], ["--seconds", "1", "--operations", "1"]] {
            XCTAssertThrowsError(try FuzzCommand.parse(words, entries), "\(words)")
        }
        XCTAssertEqual(FuzzCommand.run(["--bogus"], entries), 64)
        XCTAssertEqual(FuzzCommand.run(["drivers", "--operations", "84", "--seed", "3"], entries), 0)
    }
}
