// A recorded session in which one can stand anywhere: forwards by running, back by waking a checkpoint. The machine lives in
// state processes (StateProcess.swift); this is the end that people and tests hold.
// Invariant: the checkpoint at power-on always exists, so every tick can be reached; a checkpoint never runs, only its
// copies do.

import Foundation
import Glibc
import Machine
import ProgramBuilder

/// A state process as the timeline sees it.
final class StateNode {
    let channel: StateChannel
    let pid: Int32
    var position: TimelinePosition
    init(channel: StateChannel, pid: Int32, position: TimelinePosition) { self.channel = channel; self.pid = pid; self.position = position }

    func ask<T: Codable>(_ request: StateRequest, _ type: T.Type = T.self) throws -> T {
        let answer: StateAnswer<T>
        do {
            try channel.send(request)
            answer = try channel.receive(StateAnswer<T>.self)
        } catch { throw TerrariumError(.failed, "the state process \(pid) is gone: \(error)") }
        guard let value = answer.value else { throw TerrariumError(answer.isBadData ? .badData : .failed, answer.failure ?? "no answer") }
        return value
    }
    /// Another process with the same state.
    func copy() throws -> (node: StateNode, copiedByteCount: Int) {
        let pid = try ask(.fork, Int.self)
        do {
            let other = try channel.receiveChannel()
            let answer = try other.receive(StateAnswer<ForkAnswer>.self)
            guard let fork = answer.value else { throw TerrariumError(.unavailable, answer.failure ?? "the machine could not be copied") }
            return (StateNode(channel: other, pid: Int32(pid), position: position), fork.copiedByteCount)
        } catch is ChannelClosed { throw TerrariumError(.failed, "the copy of the machine is gone") }
    }
    func quit() { try? channel.send(StateRequest.quit) }
}

/// How a run along the timeline ended.
public struct TimelineRun: Sendable {
    public enum End: Sendable, Equatable { case reached, held, traceEnded, idle, interrupted }
    public var end: End
    public var position: TimelinePosition
    /// Readable backtraces of programs that trapped on the way.
    public var traps: [String]
    /// Devices that raised their interrupt on the way.
    public var interrupts: [NamedCount]
}

public struct TimelineCheckpoint: Codable, Equatable, Sendable {
    public var tick: UInt64
    /// Guest RAM copied for it.
    public var byteCount: Int
    /// Made by request, kept whatever memory it costs; the one at power-on is kept, too.
    public var isKept: Bool
}

public final class Timeline {
    public let trace: TraceReader
    public let tracePath: String
    private let image: SystemImage
    private let root: StateNode
    private var live: StateNode
    private var saved: [(node: StateNode, info: TimelineCheckpoint)] = []   // ascending by tick; the first is the root
    private var plan: CheckpointPlan
    private var spentMilliseconds: UInt64 = 0
    /// Called now and then while it runs.
    public var onProgress: ((TimelinePosition) -> Void)?
    /// Asked now and then while it runs; true stops it between turns.
    public var isInterrupted: () -> Bool = { false }
    /// System calls made on the way, wherever it goes, are given to `onCalls` as lines. Nil: none.
    public var callTrace: CallTraceOrder?
    public var onCalls: (([String]) -> Void)?
    static let sliceMilliseconds: UInt32 = 100

    /// Starts the state process. `executable` is a `simctl`; without one it is looked for beside this program.
    public init(trace path: String, image: URL, executable: URL? = nil, checkpointByteCountMax: Int = 2 << 30, isAnyImageAllowed: Bool = false) throws {
        do { trace = try TraceReader(path: path) } catch {
            if case .cannotOpen = error { throw TerrariumError(.missing, error.message) }
            throw TerrariumError(.badData, error.message)
        }
        tracePath = path
        self.image = try SystemImage.load(image)
        plan = CheckpointPlan(byteCountMax: checkpointByteCountMax)
        root = try Timeline.start(try executable ?? Timeline.findExecutable())
        root.position = try root.ask(.open(trace: path, image: image.path, isAnyImageAllowed: isAnyImageAllowed))
        live = root
        saved = [(root, TimelineCheckpoint(tick: 0, byteCount: 0, isKept: true))]
        live = try root.copy().node
    }
    deinit {
        live.quit()
        for s in saved { s.node.quit() }
        var status: Int32 = 0
        while waitpid(root.pid, &status, 0) < 0 && errno == EINTR {}
    }

    /// The program `simctl`: this one, or the one beside it or in the build folder.
    public static func findExecutable() throws -> URL {
        let here = URL(fileURLWithPath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
        for candidate in [here.appendingPathComponent("simctl")] + ["release", "debug"].map({ URL(fileURLWithPath: ".build/\($0)/simctl") }) where FileManager.default.isExecutableFile(atPath: candidate.path) {
            return candidate
        }
        throw TerrariumError(.missing, "time travel needs the program simctl beside this one; build it with 'swift build --product simctl', or name it")
    }
    private static func start(_ executable: URL) throws -> StateNode {
        let (ours, theirs) = try makeSocketPair()
        defer { close(theirs) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, theirs, StateProcess.descriptor)
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(executable.path), strdup(StateProcess.commandWord), nil]
        defer { for a in arguments { free(a) } }
        var pid: pid_t = 0
        let code = posix_spawn(&pid, executable.path, &actions, nil, &arguments, environ)
        guard code == 0 else {
            close(ours)
            throw TerrariumError(.failed, "cannot start \(executable.path): \(String(cString: strerror(code)))")
        }
        return StateNode(channel: StateChannel(ours), pid: pid, position: TimelinePosition(tick: 0, hostEvents: 0, deviceEvents: 0, turns: 0, instructions: 0, isAtEnd: false))
    }

    // MARK: Moving

    public var position: TimelinePosition { live.position }
    public var checkpoints: [TimelineCheckpoint] { saved.map { $0.info } }

    /// To the first place between turns at or after `tick`, forwards or back.
    @discardableResult
    public func go(to tick: UInt64) throws -> TimelineRun {
        if tick != live.position.tick, let best = saved.last(where: { $0.info.tick <= tick }), tick < live.position.tick || best.info.tick > live.position.tick {
            try wake(best.node)
        }
        if tick <= live.position.tick { return TimelineRun(end: .reached, position: live.position, traps: [], interrupts: []) }
        return try drive(RunOrder(tick: tick, sliceMilliseconds: Self.sliceMilliseconds))
    }
    /// Until `count` more host or device events have been delivered.
    @discardableResult
    public func step(events count: UInt64 = 1) throws -> TimelineRun { try drive(RunOrder(events: count, sliceMilliseconds: Self.sliceMilliseconds)) }
    /// Until the next recorded host event has been delivered.
    @discardableResult
    public func stepHostEvent() throws -> TimelineRun { try drive(RunOrder(hostEvents: 1, sliceMilliseconds: Self.sliceMilliseconds)) }
    /// Forwards until the predicate holds; it is evaluated at each turn.
    @discardableResult
    public func run(until predicate: String) throws -> TimelineRun { try drive(RunOrder(predicate: predicate, sliceMilliseconds: Self.sliceMilliseconds)) }

    private func wake(_ node: StateNode) throws {
        let old = live
        live = try node.copy().node
        old.quit()
        spentMilliseconds = 0
    }
    private func drive(_ first: RunOrder) throws -> TimelineRun {
        var order = first
        order.calls = callTrace
        var run = TimelineRun(end: .reached, position: live.position, traps: [], interrupts: [])
        while true {
            let started = milliseconds()
            let answer = try live.ask(.run(order), RunAnswer.self)
            order.isNew = false
            live.position = answer.position
            run.position = answer.position
            run.traps += answer.traps.map(describe)
            if !answer.calls.isEmpty { onCalls?(answer.calls) }
            for i in answer.interrupts {
                if let known = run.interrupts.firstIndex(where: { $0.name == i.name }) { run.interrupts[known].count += i.count } else { run.interrupts.append(i) }
            }
            spentMilliseconds += milliseconds() - started
            switch answer.end {
            case .reached: run.end = .reached; return run
            case .held: run.end = .held; return run
            case .traceEnded: run.end = .traceEnded; return run
            case .idle: run.end = .idle; return run
            case .sliceSpent: break
            }
            onProgress?(live.position)
            if isInterrupted() { run.end = .interrupted; return run }
            if spentMilliseconds >= plan.spacingMilliseconds, live.position.tick > (saved.last { !$0.info.isKept || $0.info.tick == 0 }?.info.tick ?? 0) { try save(isKept: false) }
        }
    }
    private func describe(_ trap: TrapNote) -> String {
        let names = image.programs.first { $0.name == trap.program }.map { ProgramBuilder.symbols(sharedObject: image.location($0).path, offsets: trap.offsets) } ?? []
        return "\(Tick(nanoseconds: trap.tick).text) s: \(trap.program): \(trap.trap) in\n" + names.prefix(24).map { "    " + $0 }.joined(separator: "\n")
    }
    private func milliseconds() -> UInt64 {
        var t = timespec()
        clock_gettime(CLOCK_MONOTONIC, &t)
        return UInt64(t.tv_sec) * 1000 + UInt64(t.tv_nsec) / 1_000_000
    }

    // MARK: Checkpoints

    /// Keeps a copy of the machine at this tick.
    @discardableResult
    public func checkpoint() throws -> TimelineCheckpoint {
        if let i = saved.firstIndex(where: { $0.info.tick == position.tick }) {
            saved[i].info.isKept = true
            return saved[i].info
        }
        return try save(isKept: true)
    }
    @discardableResult
    private func save(isKept: Bool) throws -> TimelineCheckpoint {
        let started = milliseconds()
        let (node, bytes) = try live.copy()
        plan.note(costMilliseconds: milliseconds() - started)
        spentMilliseconds = 0
        let info = TimelineCheckpoint(tick: node.position.tick, byteCount: bytes, isKept: isKept)
        saved.insert((node, info), at: saved.firstIndex { $0.info.tick > info.tick } ?? saved.count)
        for index in plan.surplus(saved.map { $0.info }).reversed() { saved.remove(at: index).node.quit() }
        return info
    }

    // MARK: Looking

    public func hashes() throws -> [NamedHash] { try live.ask(.report(.hashes)) }
    public func processes() throws -> [ProcessReport] { try live.ask(.report(.processes)) }
    public func memory() throws -> MemoryReport { try live.ask(.report(.memory)) }
    public func pages(pid: UInt32) throws -> [PageRangeReport] { try live.ask(.report(.pages(pid: pid))) }
    public func channels() throws -> [ChannelReport] { try live.ask(.report(.channels)) }
    public func handles(pid: UInt32) throws -> [HandleReport] { try live.ask(.report(.handles(pid: pid))) }
    public func services() throws -> [ServiceReport] { try live.ask(.report(.services)) }
    public func devices() throws -> [DeviceReport] { try live.ask(.report(.devices)) }
    public func timers() throws -> [TimerReport] { try live.ask(.report(.timers)) }
    public func marks() throws -> [MarkReport] { try live.ask(.report(.marks)) }
    public func metrics() throws -> [NamedCount] { try live.ask(.report(.metrics)) }
    public func console() throws -> String { try live.ask(.report(.console)) }
    public func frame() throws -> FrameReport { try live.ask(.report(.frame)) }

    /// Result of comparing with a recorded checkpoint.
    public struct Verification: Codable, Sendable {
        public var tick: UInt64
        /// Subsystems whose hash differs; empty when all are equal.
        public var differing: [String]
        public var compared: Int
    }
    /// Goes to the next recorded checkpoint and compares; nil when there is none any more.
    public func verify() throws -> Verification? {
        for record in trace.records {
            guard case .checkpoint(let expected) = record.item, record.tick.nanoseconds > position.tick else { continue }
            try go(to: record.tick.nanoseconds)
            let got = try hashes()
            var differing: [String] = position.tick == record.tick.nanoseconds ? [] : ["time"]
            for (i, entry) in expected.entries.enumerated() where i >= got.count || got[i].name != entry.name || got[i].hash != hexadecimal(entry.hash) { differing.append(entry.name) }
            return Verification(tick: record.tick.nanoseconds, differing: differing, compared: expected.entries.count)
        }
        return nil
    }
}
