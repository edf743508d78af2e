import Machine
import XCTest

final class CoreTests: XCTestCase {
    func testEventsComeInOrderOfTickThenScheduling() throws {
        let machine = try makeMachine()
        let guest = ToyGuest(machine)
        var order: [Int] = []
        var random = SeededRandom(seed: 3)
        var expected: [(UInt64, Int)] = []
        for index in 0..<500 {
            let tick = 1 + random.below(50)
            expected.append((tick, index))
            machine.events.schedule(at: Tick(nanoseconds: tick)) { order.append(index) }
        }
        XCTAssertEqual(machine.run(until: .forever), .idle)
        expected.sort { $0.0 != $1.0 ? $0.0 < $1.0 : $0.1 < $1.1 }
        XCTAssertEqual(order, expected.map { $0.1 })
        XCTAssertEqual(guest.log, ["boot"])
    }

    func testCancelledEventNeverRunsAndPastEventsRunNext() throws {
        let machine = try makeMachine()
        let guest = ToyGuest(machine)
        var ran: [String] = []
        let id = machine.events.schedule(at: .microseconds(5)) { ran.append("cancelled") }
        machine.events.schedule(at: .microseconds(2)) {
            machine.events.schedule(at: .zero) { ran.append("late at \(machine.now.nanoseconds)") }
            XCTAssertTrue(machine.events.cancel(id))
            XCTAssertFalse(machine.events.cancel(id))
        }
        XCTAssertEqual(machine.run(until: .forever), .idle)
        XCTAssertEqual(ran, ["late at 2001"])
        _ = guest
    }

    func testNowIsSetBeforeHandlersAndIdleJumps() throws {
        let machine = try makeMachine()
        let guest = ToyGuest(machine)
        var seen: [UInt64] = []
        for second in [3, 1, 2] as [UInt64] { machine.events.schedule(at: .seconds(second)) { seen.append(machine.now.nanoseconds) } }
        XCTAssertEqual(machine.run(until: .tick(.milliseconds(2500))), .reached)
        XCTAssertEqual(machine.now, .milliseconds(2500))
        XCTAssertEqual(seen, [1_000_000_000, 2_000_000_000])
        XCTAssertEqual(machine.run(until: .events(1)), .reached)
        XCTAssertEqual(machine.run(until: .forever), .idle)
        XCTAssertEqual(seen.count, 3)
        _ = guest
    }

    func testInterruptsInAscendingOrder() throws {
        let machine = try makeMachine()
        let guest = ToyGuest(machine)
        machine.events.schedule(at: .microseconds(1)) { for line in [9, 0, 4] { machine.interrupts.raise(line: line) } }
        _ = machine.run(until: .forever)
        XCTAssertEqual(guest.log, ["boot", "1000 line 0", "1700 line 4", "2400 line 9"])
    }

    func testStopRequestAndPredicate() throws {
        let machine = try makeMachine()
        let guest = ToyGuest(machine, alarmPeriod: 1_000_000)
        XCTAssertEqual(machine.run(until: .predicate { machine.now >= .milliseconds(20) }), .reached)
        machine.events.schedule(at: machine.now.advanced(nanoseconds: 10)) { machine.requestStop() }
        XCTAssertEqual(machine.run(until: .forever), .requested)
        _ = guest
    }

    func testRandomIsReproducibleAndStreamsDiffer() {
        var a = SeededRandom(seed: 42), b = SeededRandom(seed: 42), c = SeededRandom(seed: 42, stream: "net")
        var same = 0
        for _ in 0..<100 {
            let value = a.next()
            XCTAssertEqual(value, b.next())
            if value == c.next() { same += 1 }
        }
        XCTAssertEqual(same, 0)
        for _ in 0..<1000 { XCTAssertLessThan(a.below(10), 10) }
        var fixed = SeededRandom(seed: 1)
        XCTAssertEqual(fixed.next(), 0xb3f2af6d0fc710c5)
    }

    func testBusRoutesAndCountsUnmapped() throws {
        final class Register: BusRegion {
            var value: UInt32 = 0
            func read(offset: UInt64, byteCount: Int) -> UInt32 { value &+ UInt32(offset) }
            func write(offset: UInt64, value: UInt32, byteCount: Int) { self.value = value }
        }
        let bus = Bus()
        try bus.map(Register(), base: 0x1000, byteCount: 0x100)
        try bus.map(Register(), base: 0x2000, byteCount: 0x100)
        XCTAssertThrowsError(try bus.map(Register(), base: 0x10ff, byteCount: 0x10))
        bus.write(0x1000, 5)
        XCTAssertEqual(bus.read(0x1004), 9)
        XCTAssertEqual(bus.read(0x2000), 0)
        XCTAssertEqual(bus.read(0x3000), 0)
        bus.write(.max, 1)
        XCTAssertEqual(bus.unmappedAccessCount, 2)
    }

    func testConfigurationErrors() {
        XCTAssertThrowsError(try Machine(configuration: MachineConfiguration(ramByteCount: 100)))
        XCTAssertThrowsError(try Machine(configuration: MachineConfiguration(ramByteCount: 1 << 20, cpuMHz: 0)))
    }

    func testHashSeesEveryByteAndLength() {
        var bytes = [UInt8](repeating: 0, count: 200)
        let base = bytes.withUnsafeBytes { StateHasher.hash($0) }
        var seen: Set<UInt64> = [base]
        for index in bytes.indices {
            bytes[index] = 1
            XCTAssertTrue(seen.insert(bytes.withUnsafeBytes { StateHasher.hash($0) }).inserted, "byte \(index)")
            bytes[index] = 0
        }
        for word in 0..<500 as Range<UInt64> {   // an empty buffer keeps what came before
            var hasher = StateHasher()
            hasher.add(word)
            hasher.add([UInt8]())
            XCTAssertTrue(seen.insert(hasher.value).inserted)
        }
        for count in 1..<200 {
            XCTAssertTrue(seen.insert([UInt8](repeating: 0, count: count).withUnsafeBytes { StateHasher.hash($0) }).inserted)
        }
    }

    func testWallClockPacingDoesNotRunAhead() throws {
        let machine = try makeMachine()
        let guest = ToyGuest(machine, alarmPeriod: 5_000_000)
        let clock = ContinuousClock()
        let took = clock.measure { _ = machine.run(until: .tick(.milliseconds(60)), pacing: .wallClock) }
        XCTAssertGreaterThanOrEqual(took, .milliseconds(55))
        _ = guest
    }

    func testHostEventWakesAPacedIdleMachine() throws {
        final class Source: HostSource {
            let port: HostPort
            var polls = 0
            var needsWallClock: Bool { false }
            init(_ port: HostPort) { self.port = port }
            func poll() { polls += 1; if polls == 20 { port.post(.key(code: 30, down: true)) }; if polls == 40 { port.post(.close) } }
        }
        let machine = try makeMachine()
        let guest = ToyGuest(machine)
        let source = Source(machine.hostPort)
        machine.addSource(source)
        XCTAssertEqual(machine.run(until: .tick(.seconds(20)), pacing: .wallClock), .closed)
        XCTAssertEqual(machine.hostEventCount, 2)
        XCTAssertEqual(guest.log.count, 2)   // boot and the interrupt that the key caused
        XCTAssertLessThan(machine.now, .seconds(5))
    }
}
