// The fuzzer itself: it gets deep, it repeats, and it finds a planted bug. The long run is `make fuzz`.
import Devices
@testable import DeviceFuzzing
import XCTest

final class FuzzTests: XCTestCase {
    func testASmokeRunGetsDeepAndRepeats() throws {
        let first = try DeviceFuzzer.run(seed: 100, operations: 16_000)
        XCTAssertEqual(first.operations, 16_000)
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

    func testOptions() {
        XCTAssertEqual(FuzzCommand.parse(["--seed", "7", "--operations", "10", "--canary"])?.seed, 7)
        for words in [["--seed"], ["--seed", "x"], ["--operations", "0"], ["--fast"]] { XCTAssertNil(FuzzCommand.parse(words)) }
        XCTAssertEqual(FuzzCommand.run(["--bogus"]), 64)
    }
}
