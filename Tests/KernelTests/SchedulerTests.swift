// Fairness: processor time inside a priority is shared within one timeslice, whatever the others do; time spent in the
// kernel is paid for by who caused it; nobody starves.

import ABI
import Drivers
import Testing
@testable import Kernel

@Suite struct SchedulerTests {
    static let slice: UInt64 = 2_000_000

    /// Processor time of the processes called `name`, ascending pid.
    func times(_ k: Kernel, _ name: String) -> [UInt64] { k.processRecords.filter { $0.name.string == name }.map { $0.nanoseconds } }

    /// KERN-003.
    @Test(arguments: ["none", "yields", "blocks", "calls", "signals"]) func sharesDifferByAtMostOneTimeslice(nuisance: String) {
        let m = FakeMachine()
        m.add("worker", FakeProgram(start: { g, _ in while true { g.spin(100_000) } }))
        m.add("none", FakeProgram())
        m.add("yields", FakeProgram(start: { g, _ in while true { g.spin(300_000); _ = g.call(.yield) } }))
        m.add("blocks", FakeProgram(start: { g, _ in while true { g.spin(900_000); _ = g.waitMany([], g.call(.clock) + 50_000) } }))
        m.add("calls", FakeProgram(start: { g, _ in
            // Nothing but calls: few instructions, much kernel time.
            while true { _ = g.call(.clock) }
        }))
        m.add("signals", FakeProgram(start: { g, _ in
            let e = g.call(.eventCreate)
            while true { g.spin(20_000); _ = g.call(.eventSignal, e, 1); _ = g.waitMany([(e, .signaled)]) }
        }))
        let k = m.boot(until: 300_000_000) { g, system in
            for _ in 0..<2 { _ = g.spawn(system, "worker") }
            _ = g.spawn(system, nuisance)
            for _ in 0..<2 { _ = g.spawn(system, "worker") }
        }
        let workers = times(k, "worker"), instructions = k.processRecords.filter { $0.name.string == "worker" }.map { $0.instructions }
        #expect(workers.count == 4 && workers.max()! - workers.min()! <= SchedulerTests.slice + 10_000)
        #expect(instructions.max()! - instructions.min()! <= SchedulerTests.slice + 10_000)
        // Kernel time counts: the nuisance gets no more than anybody, and who only spins gets a fifth at least.
        #expect((times(k, nuisance).first ?? 0) <= workers.max()! + SchedulerTests.slice)
        #expect(workers.min()! >= 300_000_000 / 5 - 3 * SchedulerTests.slice)
        // All time that passed is somebody's: nothing runs for free.
        #expect(workers.reduce(0, +) + (times(k, nuisance).first ?? 0) > 297_000_000)
        m.expectAllReturned()
    }
    /// A hidden tab gets a timeslice in nine while others are busy, however briefly those run.
    @Test func theLeastUrgentGetTheirTurnsInTimeNotInTurns() {
        let m = FakeMachine()
        m.devices = [FakeVirtio(VirtioDeviceID.input) { _ in nil }]
        m.add("driver", FakeProgram(start: { g, device in
            // Drives a device: priority 0. It gives the processor up after each short piece of work.
            while true { g.spin(20_000); _ = g.call(.pollEvent, device, Int64(Guest.scratch), 1); _ = g.call(.yield) }
        }))
        m.add("tab", FakeProgram(start: { g, _ in while true { g.spin(100_000) } }))
        let k = m.boot(until: 400_000_000) { g, system in
            let tab = g.spawn(system, "tab")
            _ = g.call(.tabRegister, tab, 1)
            _ = g.call(.tabUpdate, tab, Int64(LifecycleState.hidden.rawValue), 0)
            _ = g.spawn(system, "driver", g.call(.deviceOpen, system, 2))
        }
        let tab = times(k, "tab")[0], driver = times(k, "driver")[0]
        #expect(tab > 400_000_000 / 11 && tab < 400_000_000 / 8)
        #expect(driver > 400_000_000 * 8 / 10)
        m.expectAllReturned()
    }
    @Test func accountingAddsUp() {
        let m = FakeMachine(), trace = Trace()
        m.add("peer", FakeProgram(start: { g, b in
            for _ in 0..<3 { _ = g.waitMany([(b, .readable)]); _ = g.receive(b) }
            g.send(b, "four bytes and more")
            _ = g.waitMany([], -1)
        }))
        m.bootOnly(KernelConfiguration(), FakeProgram(start: { g, system in
            let (x, y) = g.channel()
            _ = g.spawn(system, "peer", y)
            for _ in 0..<3 { g.send(x, "12345") }
            _ = g.waitMany([(x, .readable)])
            _ = g.receive(x)
            g.store(5 << 16, [1])
            _ = g.load(6 << 16, 1)
            g.store(Int(g.call(.shmMap, g.call(.shmCreate, 100), 1)), [1])
            _ = g.call(.mark, 1, 2, 3)
            _ = g.raw(999)
            _ = g.waitMany([], -1)
        }))
        m.kernel.onCall = { pid, a, outcome, now in trace.calls.append((pid, a.number, outcome, now)) }
        m.run(until: 1_000_000_000)
        let records = m.kernel.processRecords
        #expect(records[0].messagesSent == 3 && records[0].bytesSent == 15 && records[0].messagesReceived == 1)
        #expect(records[1].messagesReceived == 3 && records[1].bytesReceived == 15 && records[1].bytesSent == 19 && records[1].parent == 1)
        for r in records {
            #expect(r.faultsByKind.reduce(0, +) == r.faults && r.nanoseconds >= r.instructions)
            #expect(r.systemCalls == UInt64(trace.calls.filter { $0.pid == r.pid }.count) && r.contextSwitches > 0)
        }
        #expect(records[0].faultsByKind[FaultKind.shared.rawValue] == 1 && records[0].faultsByKind[FaultKind.zero.rawValue] >= 2)
        #expect(records.reduce(0) { $0 + $1.systemCalls } == m.kernel.counters.systemCalls)
        // The tracer saw results, refusals and waits, in the order of time.
        let mine = trace.calls.filter { $0.pid == 1 }
        #expect(mine.contains { $0.number == SystemCall.mark.rawValue && $0.outcome == .value(0) })
        #expect(mine.contains { $0.number == 999 && $0.outcome == .failed(.notSupported) } && mine.last?.outcome == .blocked)
        #expect(zip(trace.calls, trace.calls.dropFirst()).allSatisfy { $0.now <= $1.now })
        m.expectAllReturned()
    }
    final class Trace { var calls: [(pid: UInt32, number: Int32, outcome: CallOutcome, now: UInt64)] = [] }
    /// A tracer changes nothing.
    @Test func aTracedRunIsTheSameRun() {
        func run(_ isTraced: Bool) -> UInt64 {
            let m = FakeMachine()
            m.add("child", FakeProgram(start: { g, b in g.send(b, "hi"); g.store(9 << 16, [1]) }))
            m.bootOnly(KernelConfiguration(), FakeProgram(start: { g, system in
                let (x, y) = g.channel()
                _ = g.spawn(system, "child", y)
                _ = g.waitMany([(x, .readable)])
            }))
            if isTraced { m.kernel.onCall = { _, _, _, _ in } }
            m.run(until: 100_000_000)
            defer { m.expectAllReturned() }
            return m.kernel.stateHash()
        }
        #expect(run(true) == run(false))
    }
}
