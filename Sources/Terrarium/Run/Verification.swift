// The same run several times, every checkpoint of every subsystem compared: what `simctl verify` shows. Runs share
// nothing but the image; each has its own machine, some of them at the same time on threads of their own.

import Foundation
import Machine

/// The first place where one run differs from the first run.
public struct VerificationDifference: Equatable, Sendable {
    /// Counted from 1; the first run is the one compared with.
    public var run: Int
    public var tick: Tick
    public var subsystem: String
    public var expected: UInt64, got: UInt64
}

public struct VerificationResult: Sendable {
    public var runCount: Int
    public var identicalCount: Int
    public var checkpointCount: Int
    public var finalTick: Tick
    public var finalHash: UInt64
    public var instructions: UInt64
    public var differences: [VerificationDifference]
}

public struct Verification: Sendable {
    public var configuration: SimulationConfiguration
    public var image: SystemImage
    /// Host events with the virtual time at which they enter.
    public var script: [ScriptedEvent] = []
    /// Virtual time after which a run ends.
    public var nanoseconds: UInt64
    public var event: RunEvent?
    public var runCount = 5
    /// Machines that run at the same time.
    public var jobCount = 1

    public init(configuration: SimulationConfiguration, image: SystemImage, nanoseconds: UInt64) {
        self.configuration = configuration
        self.image = image
        self.nanoseconds = nanoseconds
    }

    /// What one run left: its checkpoints, and where it ended.
    struct Record: Sendable { var checkpoints: [Checkpoint]; var instructions: UInt64 }

    /// `progress` is called from any thread with the number of runs done.
    public func run(progress: @escaping @Sendable (Int) -> Void = { _ in }) throws -> VerificationResult {
        let results = Results(count: runCount)
        let threads = (0..<min(jobCount, runCount)).map { _ in
            let thread = Thread {
                while let i = results.next() {
                    results.put(i, Result { try self.record(i) })
                    progress(results.doneCount)
                }
            }
            thread.stackSize = 16 << 20
            return thread
        }
        for thread in threads { thread.start() }
        results.wait()
        return compare(try results.all().map { try $0.get() })
    }

    /// Every run is built and driven alike; a test changes one of them through `disturb`.
    var disturb: (@Sendable (Int, Simulation) -> Void)?

    func record(_ index: Int) throws -> Record {
        let simulation = try Simulation(configuration, image: image)
        for event in script { simulation.machine.schedule(event.event, at: Tick(nanoseconds: event.nanoseconds)) }
        var checkpoints: [Checkpoint] = []
        simulation.machine.onCheckpoint = { checkpoints.append($0) }
        disturb?(index, simulation)
        simulation.run(until: event.map { [EventWatch($0, simulation)] } ?? [], deadline: nanoseconds)
        simulation.machine.takeCheckpoint()
        return Record(checkpoints: checkpoints, instructions: simulation.instructionCount)
    }

    func compare(_ records: [Record]) -> VerificationResult {
        let first = records[0].checkpoints
        var differences: [VerificationDifference] = []
        for (i, record) in records.enumerated().dropFirst() {
            if let d = Self.difference(first, record.checkpoints, run: i + 1) { differences.append(d) }
        }
        let last = first.last ?? Checkpoint(tick: .zero, entries: [])
        return VerificationResult(runCount: records.count, identicalCount: records.count - differences.count, checkpointCount: first.count, finalTick: last.tick,
                                  finalHash: RunReport.combinedHash(last.entries.map { ($0.name, $0.hash) }), instructions: records[0].instructions, differences: differences)
    }

    static func difference(_ a: [Checkpoint], _ b: [Checkpoint], run: Int) -> VerificationDifference? {
        for (x, y) in zip(a, b) {
            if x.tick != y.tick { return VerificationDifference(run: run, tick: min(x.tick, y.tick), subsystem: "time", expected: x.tick.nanoseconds, got: y.tick.nanoseconds) }
            for (e, g) in zip(x.entries, y.entries) where e != g {
                return VerificationDifference(run: run, tick: x.tick, subsystem: e.name, expected: e.hash, got: g.hash)
            }
            if x.entries.count != y.entries.count { return VerificationDifference(run: run, tick: x.tick, subsystem: "devices", expected: UInt64(x.entries.count), got: UInt64(y.entries.count)) }
        }
        if a.count == b.count { return nil }
        let tick = (a.count > b.count ? a : b)[min(a.count, b.count)].tick
        return VerificationDifference(run: run, tick: tick, subsystem: "checkpoints", expected: UInt64(a.count), got: UInt64(b.count))
    }

    /// Hands out run numbers and collects what they left.
    private final class Results: @unchecked Sendable {
        private let condition = NSCondition()
        private var started = 0
        private var records: [Result<Record, any Error>?]
        init(count: Int) { records = Array(repeating: nil, count: count) }
        func next() -> Int? {
            condition.lock()
            defer { condition.unlock() }
            guard started < records.count else { return nil }
            started += 1
            return started - 1
        }
        func put(_ i: Int, _ r: Result<Record, any Error>) {
            condition.lock()
            records[i] = r
            condition.broadcast()
            condition.unlock()
        }
        var doneCount: Int {
            condition.lock()
            defer { condition.unlock() }
            return records.reduce(0) { $0 + ($1 == nil ? 0 : 1) }
        }
        func wait() {
            condition.lock()
            while records.contains(where: { $0 == nil }) { condition.wait() }
            condition.unlock()
        }
        func all() -> [Result<Record, any Error>] { records.compactMap { $0 } }
    }
}

extension RunReport {
    /// One number for a list of subsystem hashes.
    public static func combinedHash(_ hashes: [(name: String, hash: UInt64)]) -> UInt64 {
        var hasher = StateHasher()
        for h in hashes {
            hasher.add(h.name)
            hasher.add(h.hash)
        }
        return hasher.value
    }
}
