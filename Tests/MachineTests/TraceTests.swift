import Foundation
@testable import Machine
import XCTest

final class TraceTests: XCTestCase {
    private func temporary() -> String { NSTemporaryDirectory() + "trace-\(UUID().uuidString).trace" }

    private func header(_ machine: Machine) -> TraceHeader {
        TraceHeader(configuration: machine.configuration, imageHash: 0x1234, toolchain: "test")
    }

    /// Types at random wall-clock moments: nothing about it is deterministic.
    private final class Typist: HostSource {
        let port: HostPort
        var count = 0
        var needsWallClock: Bool { false }
        init(_ port: HostPort) { self.port = port }
        func poll() {
            count += 1
            if UInt8.random(in: 0..<4) == 0 { port.post(.key(code: UInt16.random(in: 1..<100), down: Bool.random())) }
            if UInt8.random(in: 0..<4) == 0 { port.post(.pointerMove(x: .random(in: 0...32767), y: .random(in: 0...32767))) }
        }
    }

    private func record(_ path: String, milliseconds: UInt64 = 300, closing: Bool = false, stops: Bool = false) throws -> UInt64 {
        let machine = try makeMachine(period: 20_000_000)
        let guest = ToyGuest(machine, alarmPeriod: 3_000_000)
        machine.addSource(Typist(machine.hostPort))
        let writer = try TraceWriter(path: path, header: header(machine))
        writer.attach(to: machine)
        if closing { machine.schedule(.close, at: .milliseconds(milliseconds - 50)) }
        if stops {   // many calls of `run` must leave the same record as one
            for step in stride(from: UInt64(7), to: milliseconds, by: 7) { _ = machine.run(until: .tick(.milliseconds(step)), pacing: .wallClock) }
        }
        let reason = machine.run(until: .tick(.milliseconds(milliseconds)), pacing: .wallClock)
        XCTAssertEqual(reason, closing ? .closed : .reached)
        try writer.finish(machine)
        return guest.state
    }

    private func replay(_ trace: TraceReader, canary: UInt64 = 0) throws -> (StopReason, UInt64, Replayer) {
        let machine = try Machine(configuration: trace.header.configuration)
        let guest = ToyGuest(machine, alarmPeriod: 3_000_000)
        guest.canary = canary
        let replayer = Replayer(trace)
        replayer.attach(to: machine)
        return (machine.run(until: .forever), guest.state, replayer)
    }

    func testRecordedRunReplaysEqually() throws {
        for (closing, stops) in [(false, false), (true, false), (false, true)] {
            let path = temporary()
            defer { unlink(path) }
            let state = try record(path, closing: closing, stops: stops)
            let trace = try TraceReader(path: path)
            XCTAssertFalse(trace.isTruncated)
            XCTAssertGreaterThan(trace.records.count, 20)
            let (reason, again, replayer) = try replay(trace)
            XCTAssertEqual(reason, .replayEnded)
            XCTAssertEqual(again, state)
            XCTAssertGreaterThan(replayer.checkpointCount, 3)
        }
    }

    func testDivergenceNamesTickAndSubsystem() throws {
        let path = temporary()
        defer { unlink(path) }
        _ = try record(path)
        guard case .diverged(let divergence) = try replay(TraceReader(path: path), canary: 1).0 else { return XCTFail("no divergence") }
        XCTAssertEqual(divergence.subsystem, "cpu")
        XCTAssertLessThan(divergence.tick, .milliseconds(50))
        XCTAssertTrue(divergence.text.contains("cpu"))
    }

    func testRunTwiceGivesEqualCheckpoints() throws {
        func run() throws -> [Checkpoint] {
            let machine = try makeMachine(period: 10_000_000)
            let guest = ToyGuest(machine, alarmPeriod: 3_000_000)
            var checkpoints: [Checkpoint] = []
            machine.onCheckpoint = { checkpoints.append($0) }
            for index in 0..<40 { machine.schedule(.key(code: UInt16(index), down: true), at: .milliseconds(UInt64(index) * 7)) }
            XCTAssertEqual(machine.run(until: .tick(.milliseconds(400))), .reached)
            _ = guest
            return checkpoints
        }
        let first = try run()
        XCTAssertEqual(first, try run())
        XCTAssertGreaterThan(first.count, 30)
    }

    func testEveryRecordSurvivesTheRoundTrip() throws {
        let path = temporary()
        defer { unlink(path) }
        let machine = try makeMachine()
        let writer = try TraceWriter(path: path, header: header(machine))
        let events: [HostEvent] = [
            .key(code: 65535, down: true), .pointerMove(x: 32767, y: 0), .pointerMove(x: 0, y: 32767), .pointerButton(code: 0x110, down: false),
            .wheel(-7), .packet(Array(0...255)), .packet([]), .consoleInput([1, 2, 3]), .close,
        ]
        var expected: [TraceRecord] = []
        var tick: UInt64 = 0
        for round in 0..<3 {
            for event in events {
                tick += 1 << UInt64(round * 20)
                writer.append(event, at: Tick(nanoseconds: tick))
                expected.append(TraceRecord(tick: Tick(nanoseconds: tick), item: .event(event)))
            }
            let entries = (0..<(2 + round / 2)).map { Checkpoint.Entry(name: "device \($0)", hash: UInt64($0 * round)) }
            let checkpoint = Checkpoint(tick: Tick(nanoseconds: tick), entries: entries)
            writer.append(checkpoint)
            expected.append(TraceRecord(tick: checkpoint.tick, item: .checkpoint(checkpoint)))
        }
        try writer.finish(machine)
        let trace = try TraceReader(path: path)
        XCTAssertEqual(trace.header, header(machine))
        XCTAssertEqual(trace.records, expected)
        XCTAssertEqual(trace.footer?.eventCount, 27)
        XCTAssertEqual(TraceDump.lines(trace).count, trace.records.count)
        XCTAssertTrue(TraceDump.diff(trace, trace).isEmpty)
    }

    func testDamageIsATypedErrorOrTruncation() throws {
        let path = temporary()
        defer { unlink(path) }
        _ = try record(path)
        let file = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
        let whole = try TraceReader(bytes: file)
        XCTAssertThrowsError(try TraceReader(path: "/nonexistent/x.trace"))
        XCTAssertThrowsError(try TraceReader(bytes: [])) { XCTAssertEqual($0 as? TraceError, .notATrace) }
        var foreign = file
        foreign[8] = 9
        XCTAssertThrowsError(try TraceReader(bytes: foreign)) { XCTAssertEqual($0 as? TraceError, .foreignVersion(found: 9, supported: 1)) }
        for position in stride(from: 10, to: file.count, by: 13) {   // every flip is found: all bytes are under a checksum
            var damaged = file
            damaged[position] ^= 0x40
            if position == 10 || position == 11 { continue }         // reserved
            if let got = try? TraceReader(bytes: damaged) { XCTAssertTrue(got.isTruncated, "flip at \(position) unnoticed") }
        }
        for length in stride(from: file.count - 1, to: 20, by: -31) {
            guard let cut = try? TraceReader(bytes: Array(file[0..<length])) else { continue }
            XCTAssertTrue(cut.isTruncated)
            XCTAssertEqual(cut.records, Array(whole.records.prefix(cut.records.count)))
        }
        let cut = try TraceReader(bytes: Array(file[0..<(file.count - 40)]))
        XCTAssertEqual(try replay(cut).0, .replayEnded)
    }

    func testDiffNamesTheFirstDifference() throws {
        let first = temporary(), second = temporary()
        defer { unlink(first); unlink(second) }
        for (path, hash) in [(first, UInt64(5)), (second, 6)] {
            let machine = try makeMachine()
            let writer = try TraceWriter(path: path, header: header(machine))
            writer.append(.key(code: 1, down: true), at: .seconds(1))
            writer.append(Checkpoint(tick: .seconds(2), entries: [.init(name: "ram", hash: hash)]))
            try writer.finish(machine)
        }
        let lines = TraceDump.diff(try TraceReader(path: first), try TraceReader(path: second))
        XCTAssertEqual(lines.first, "first difference at record 1:")
        XCTAssertTrue(lines[1].contains("2.000000000 ram:"))
    }

    func testMinuteOfInteractionStaysSmall() throws {
        let path = temporary()
        defer { unlink(path) }
        let machine = try makeMachine()
        let writer = try TraceWriter(path: path, header: header(machine))
        var random = SeededRandom(seed: 9)
        var tick: UInt64 = 0
        var x = 16000, y = 16000
        for frame in 0..<3600 {
            tick += 16_000_000 + random.below(1_000_000)
            x = min(32767, max(0, x + Int(random.below(400)) - 200)); y = min(32767, max(0, y + Int(random.below(300)) - 150))
            writer.append(.pointerMove(x: UInt16(x), y: UInt16(y)), at: Tick(nanoseconds: tick))
            if frame % 60 == 0 {
                let entries = (0..<12).map { Checkpoint.Entry(name: "subsystem \($0)", hash: random.next()) }
                writer.append(Checkpoint(tick: Tick(nanoseconds: tick), entries: entries))
            }
        }
        try writer.finish(machine)
        XCTAssertLessThan(writer.fileByteCount, 50_000)
    }
}
