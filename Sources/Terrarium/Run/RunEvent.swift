// Conditions in the guest that end a run: `console:TEXT`, `exit:PROGRAM`, `mark:KIND`, `page-loaded`, `idle`. Watching
// changes nothing in the machine and cuts no slice short: a run that ends on a condition replays like any other.

import ABI
import Foundation
import Machine

/// Something in the guest that a run can be stopped at.
public enum RunEvent: Equatable, Sendable, CustomStringConvertible {
    /// The guest's console has shown this text since the watch began.
    case console(String)
    /// A process of this program has ended, for whatever reason.
    case exit(String)
    /// A program or the kernel set this measurement point.
    case mark(MarkKind)
    /// No program has executed an instruction for a second of virtual time.
    case idle

    public static let forms = "console:TEXT, exit:PROGRAM, mark:KIND, page-loaded, idle"
    static let markNames: [(String, MarkKind)] = [
        ("switch-requested", .switchRequested), ("frame-shown", .frameShown), ("navigation-started", .navigationStarted),
        ("page-loaded", .pageLoaded), ("tab-discarded", .tabDiscarded), ("tab-reloaded", .tabReloaded),
    ]

    /// Parses one of `forms`. Throws `TerrariumError` (badData) with the list.
    public init(_ text: String) throws(TerrariumError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let value = parts.count > 1 ? parts[1] : ""
        switch parts[0] {
        case "idle" where parts.count == 1: self = .idle
        case "page-loaded" where parts.count == 1: self = .mark(.pageLoaded)
        case "console" where !value.isEmpty: self = .console(value)
        case "exit" where !value.isEmpty: self = .exit(value)
        case "mark":
            guard let kind = Self.markNames.first(where: { $0.0 == value })?.1 else {
                throw TerrariumError(.badData, "there is no mark '\(value)'; there are: \(Self.markNames.map(\.0).joined(separator: ", "))")
            }
            self = .mark(kind)
        default:
            let hint = closest(to: parts[0], among: ["console", "exit", "mark", "page-loaded", "idle"]).map { $0 == parts[0] ? "" : ". Did you mean '\($0)'?" } ?? "."
            throw TerrariumError(.badData, "'\(text)' is no event\(hint) Events are: \(Self.forms)")
        }
    }
    public var description: String {
        switch self {
        case .console(let text): "console:\(text)"
        case .exit(let program): "exit:\(program)"
        case .mark(let kind): kind == .pageLoaded ? "page-loaded" : "mark:" + (Self.markNames.first { $0.1 == kind }?.0 ?? "\(kind.rawValue)")
        case .idle: "idle"
        }
    }
}

/// Looks out for one event. Attach before the run; `hasHappened` stays true.
public final class EventWatch {
    /// Idle: for this long, programs together executed at most `idleInstructionsMax` instructions (clocks and timers tick on).
    public static let idleNanoseconds: UInt64 = 1_000_000_000
    public static let idleInstructionsMax: UInt64 = 1_000_000
    public let event: RunEvent
    private var isSeen = false
    private var tail: [UInt8] = []
    private var lastCount: UInt64 = 0, lastChange: UInt64 = 0
    private unowned let simulation: Simulation

    public init(_ event: RunEvent, _ simulation: Simulation) {
        self.event = event
        self.simulation = simulation
        switch event {
        case .console(let text):
            let wanted = Array(text.utf8)
            simulation.addConsoleListener { [weak self] bytes in self?.look(bytes, for: wanted) }
        case .exit(let program): simulation.addExitListener { [weak self] name in if name == program { self?.isSeen = true } }
        case .mark(let kind): simulation.addMarkListener { [weak self] mark in if mark.kind == kind.rawValue { self?.isSeen = true } }
        case .idle: restart()
        }
    }

    /// Begins counting quiet time from now, for `idle`.
    public func restart() {
        lastCount = simulation.instructionCount
        lastChange = simulation.now
    }

    public var hasHappened: Bool {
        if case .idle = event {
            if simulation.instructionCount - lastCount > Self.idleInstructionsMax { restart() }
            return simulation.now - lastChange >= Self.idleNanoseconds
        }
        return isSeen
    }

    private func look(_ bytes: [UInt8], for wanted: [UInt8]) {
        if isSeen { return }
        tail += bytes
        if tail.count >= wanted.count {
            for start in 0...(tail.count - wanted.count) where tail[start] == wanted[0] && tail[start..<(start + wanted.count)].elementsEqual(wanted) {
                isSeen = true
                return
            }
        }
        tail = Array(tail.suffix(wanted.count - 1))
    }
}

extension Simulation {
    /// Runs until `event`, or until `deadline` (nanoseconds since power-on). `reached` in both cases: ask `now`.
    @discardableResult
    public func run(until event: RunEvent, deadline: UInt64? = nil, pacing: Pacing = .asFastAsPossible) -> StopReason {
        run(until: [EventWatch(event, self)], deadline: deadline, pacing: pacing)
    }

    /// Runs until one of the watched events, or until `deadline` (nanoseconds since power-on).
    @discardableResult
    public func run(until watches: [EventWatch], deadline: UInt64? = nil, pacing: Pacing = .asFastAsPossible) -> StopReason {
        let condition = { watches.contains { $0.hasHappened } }
        guard let deadline else { return run(until: .predicate(condition), pacing: pacing) }
        return run(until: .predicateOrTick(condition, Tick(nanoseconds: deadline)), pacing: pacing)
    }

    /// Types text on the guest's console at the next turn, as a terminal would.
    public func type(_ text: String) { send(.consoleInput(Array(text.utf8))) }
}
