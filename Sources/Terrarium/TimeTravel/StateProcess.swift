// A state process: a whole machine in a process of its own, standing at one tick, which answers requests over a socket.
// It can make another of itself by fork. Started as `simctl state-process` with its socket as descriptor 3.
// Invariant: one thread, no host backend open, nothing written to standard output.

import Foundation
import Glibc
import Kernel
import Machine

public enum StateProcess {
    /// The word of the command line that starts one. Not for people.
    public static let commandWord = "state-process"
    static let descriptor: Int32 = 3

    /// Serves until the timeline goes away. The exit code.
    public static func serve() -> Int32 {
        guard fcntl(descriptor, F_GETFD) >= 0 else { return 64 }
        signal(SIGINT, SIG_IGN)        // Ctrl-C is for the timeline
        signal(SIGCHLD, SIG_IGN)       // checkpoints are nobody's to wait for
        StateServer(StateChannel(descriptor)).serve()
        return 0
    }
}

final class StateServer {
    private var channel: StateChannel
    private var simulation: Simulation?
    private var isAtEnd = false
    private var traps: [TrapNote] = []
    private var calls: [String] = [], callOrder: CallTraceOrder?
    // The order that is being carried out.
    private var evaluator: PredicateEvaluator?
    private var eventGoal: UInt64?, hostEventGoal: UInt64?

    init(_ channel: StateChannel) { self.channel = channel }

    func serve() {
        while let request = try? channel.receive(StateRequest.self) {
            if case .quit = request { return }
            do { try answer(request) } catch is ChannelClosed { return } catch {
                let e = error as? TerrariumError
                let message = e?.message ?? (error as? MachineError)?.message ?? "\(error)"
                do { try channel.send(StateAnswer<Int>(value: nil, failure: message, isBadData: e?.kind == .badData)) } catch { return }
            }
        }
    }

    private func answer(_ request: StateRequest) throws {
        switch request {
        case .open(let trace, let image, let isAnyImageAllowed): try say(open(trace, image, isAnyImageAllowed))
        case .run(let order): try say(try run(order, try running()))
        case .fork: try fork(try running())
        case .report(let report): try answer(report, try running())
        case .quit: break
        }
    }
    private func say<T: Codable>(_ value: T) throws { try channel.send(StateAnswer(value: value)) }
    private func running() throws -> Simulation {
        guard let simulation else { throw TerrariumError(.failed, "the machine is not open") }
        return simulation
    }

    private func open(_ path: String, _ imageDirectory: String, _ isAnyImageAllowed: Bool) throws -> TimelinePosition {
        let trace: TraceReader
        do { trace = try TraceReader(path: path) } catch { throw TerrariumError(.badData, error.message) }
        let image = try SystemImage.load(URL(fileURLWithPath: imageDirectory))
        if image.hash != trace.header.imageHash && !isAnyImageAllowed {
            throw TerrariumError(.badData, "\(path) was recorded on image \(hexadecimal(trace.header.imageHash)), this one is \(hexadecimal(image.hash)); build the recorded version, or try --any-image")
        }
        var configuration = try SimulationConfiguration(trace.header.configuration)
        try configuration.resolveDisk(trace: path, file: nil)
        let s = try Simulation(configuration, image: image, mode: .replay)
        s.machine.replay = TimelineReplay(trace)
        // Naming a trap's place starts other programs: left to the timeline.
        s.hal.onTrap = { [unowned self, unowned s] task, trap, offsets in
            let name = s.hal.taskPrograms[task].flatMap { $0 < image.programs.count ? image.programs[$0].name : nil } ?? "?"
            if traps.count < 64 { traps.append(TrapNote(tick: s.now, program: name, trap: trap.name, offsets: offsets)) }
        }
        simulation = s
        return position(s)
    }
    private func position(_ s: Simulation) -> TimelinePosition {
        TimelinePosition(tick: s.now, hostEvents: s.machine.hostEventCount, deviceEvents: s.machine.events.deliveredCount, turns: s.machine.turnCount,
                         instructions: s.instructionCount, isAtEnd: isAtEnd)
    }

    // MARK: Running

    private func run(_ order: RunOrder, _ s: Simulation) throws -> RunAnswer {
        if order.isNew { try begin(order, s) }
        let interrupts = s.machine.interrupts.raisedCounts
        traps = []
        calls = []
        let deadline = hostMilliseconds() + UInt64(order.sliceMilliseconds)
        var end = RunEnd.reached
        var hasStopped = false
        var looks = 0
        // What stops it is looked at between turns; the host's clock only now and then, and it decides nothing but the pause.
        let condition = { [unowned self] () -> Bool in
            if evaluator?.holds() == true { end = .held; hasStopped = true; return true }
            if let goal = eventGoal, s.machine.events.deliveredCount + s.machine.hostEventCount >= goal { hasStopped = true; return true }
            if let goal = hostEventGoal, s.machine.hostEventCount >= goal { hasStopped = true; return true }
            looks += 1
            if looks & 15 == 0, hostMilliseconds() >= deadline { end = .sliceSpent; hasStopped = true; return true }
            return false
        }
        if isAtEnd {
            end = evaluator?.holds() == true ? .held : .traceEnded
        } else {
            switch s.run(until: order.tick.map { .predicateOrTick(condition, Tick(nanoseconds: $0)) } ?? .predicate(condition)) {
            case .reached: if !hasStopped { end = .reached }
            case .idle: end = .idle; isAtEnd = true
            default:
                isAtEnd = true
                end = evaluator?.holds() == true ? .held : .traceEnded
            }
        }
        if end != .sliceSpent { evaluator = nil }
        return RunAnswer(end: end, position: position(s), traps: traps, interrupts: raised(s, since: interrupts), calls: calls)
    }
    private func begin(_ order: RunOrder, _ s: Simulation) throws {
        evaluator = nil
        if callOrder != order.calls {
            callOrder = order.calls
            let isJSON = order.calls?.isJSON ?? false
            s.traceCalls(order.calls?.filter) { [unowned self] call in calls.append(isJSON ? call.json : call.line) }
        }
        if let text = order.predicate {
            do { evaluator = try PredicateEvaluator(try Predicate.parse(text), s) } catch let e as PredicateError { throw TerrariumError(.badData, e.message) }
        }
        eventGoal = order.events.map { s.machine.events.deliveredCount + s.machine.hostEventCount + $0 }
        hostEventGoal = order.hostEvents.map { s.machine.hostEventCount + $0 }
    }
    private func raised(_ s: Simulation, since before: [UInt64]) -> [NamedCount] {
        let names = s.deviceReports
        return s.machine.interrupts.raisedCounts.enumerated().compactMap { line, count in
            count == before[line] ? nil : NamedCount(name: names.first { $0.slot == line }?.name ?? "line \(line)", count: count - before[line])
        }
    }
    private func hostMilliseconds() -> UInt64 {
        var t = timespec()
        clock_gettime(CLOCK_MONOTONIC, &t)
        return UInt64(t.tv_sec) * 1000 + UInt64(t.tv_nsec) / 1_000_000
    }

    // MARK: Copies

    /// The child takes the new socket and goes on serving there; this process stays as it is.
    private func fork(_ s: Simulation) throws {
        let (ours, theirs) = try makeSocketPair()
        let pid: Int32?
        do { pid = try forkProcess() } catch { close(ours); close(theirs); throw error }
        if pid == nil {
            close(ours)
            channel = StateChannel(theirs)
            do { try say(ForkAnswer(pid: getpid(), copiedByteCount: try s.machine.ram.detach())) } catch let e as MachineError {
                try? channel.send(StateAnswer<ForkAnswer>(value: nil, failure: e.message))
                exit(1)
            }
            return
        }
        close(theirs)
        try say(Int(pid!))
        try channel.send(descriptor: ours)
        close(ours)
    }

    // MARK: Reports

    private func answer(_ report: StateRequest.Report, _ s: Simulation) throws {
        switch report {
        case .hashes: try say(s.namedHashes)
        case .processes: try say(s.processReports)
        case .memory: try say(s.memoryReport)
        case .channels: try say(s.channelReports)
        case .services: try say(s.serviceReports)
        case .devices: try say(s.deviceReports)
        case .timers: try say(s.timerReports)
        case .marks: try say(s.markReports)
        case .metrics: try say(Metrics.fixed.map { NamedCount(name: $0.name, count: UInt64(clamping: $0.read(s))) })
        case .console: try say(s.consoleText)
        case .frame: try say(s.frameReport)
        case .pages(let pid): try say(try process(pid, s.pageReports(pid: pid)))
        case .handles(let pid): try say(try process(pid, s.handleReports(pid: pid)))
        }
    }
    private func process<T>(_ pid: UInt32, _ value: T?) throws -> T {
        guard let value else { throw TerrariumError(.missing, "there is no process \(pid) at this tick") }
        return value
    }
}
