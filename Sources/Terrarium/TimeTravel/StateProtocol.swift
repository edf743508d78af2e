// What a timeline asks a state process, and what it answers.

import Foundation

/// Where a state process stands.
public struct TimelinePosition: Codable, Equatable, Sendable {
    /// Nanoseconds since power-on; the machine stands between turns.
    public var tick: UInt64
    public var hostEvents: UInt64, deviceEvents: UInt64
    public var turns: UInt64
    /// Instructions that programs have executed.
    public var instructions: UInt64
    /// The trace is used up: time does not go further.
    public var isAtEnd: Bool
}

/// One state hash.
public struct NamedHash: Codable, Equatable, Sendable {
    public var name: String, hash: String
}

enum StateRequest: Codable {
    /// The first request: builds the machine of a trace.
    case open(trace: String, image: String, isAnyImageAllowed: Bool)
    case run(RunOrder)
    /// Makes another state process at the same tick; its channel follows the answer.
    case fork
    case report(Report)
    case quit

    enum Report: Codable {
        case hashes, processes, memory, channels, services, devices, timers, marks, metrics
        case pages(pid: UInt32)
        case handles(pid: UInt32)
        case console
        case frame
    }
}

/// Runs forward until one of these, or until `sliceMilliseconds` of the host's time are spent.
struct RunOrder: Codable {
    var tick: UInt64?
    /// This many more host or device events.
    var events: UInt64?
    /// This many more host events.
    var hostEvents: UInt64?
    var predicate: String?
    /// True on the first of several orders that belong together: predicates and counts start anew.
    var isNew = true
    var sliceMilliseconds: UInt32
    /// System calls to be reported on the way.
    var calls: CallTraceOrder?
}
/// Which system calls are wanted, as lines for people or of JSON.
public struct CallTraceOrder: Codable, Equatable, Sendable {
    public var filter: CallFilter
    public var isJSON: Bool
    public init(_ filter: CallFilter, isJSON: Bool = false) { self.filter = filter; self.isJSON = isJSON }
}

/// Why a run ended.
enum RunEnd: String, Codable {
    case reached        // the tick or the number of events
    case held           // the predicate
    case sliceSpent
    case traceEnded
    case idle           // the guest stopped for ever before the trace was used up
}

struct RunAnswer: Codable {
    var end: RunEnd
    var position: TimelinePosition
    /// Programs that trapped: name, trap, offsets into the shared object for `ProgramBuilder.symbols`.
    var traps: [TrapNote] = []
    /// Devices whose interrupt line was raised meanwhile, with the number of times.
    var interrupts: [NamedCount] = []
    /// Lines of the system calls that were asked for.
    var calls: [String] = []
}
struct TrapNote: Codable, Sendable {
    var tick: UInt64
    var program: String, trap: String
    var offsets: [UInt64]
}
public struct NamedCount: Codable, Equatable, Sendable {
    public var name: String
    public var count: UInt64
}

struct ForkAnswer: Codable {
    var pid: Int32
    /// Bytes of guest RAM that were copied.
    var copiedByteCount: Int
}

/// Every answer: a value, or a sentence for a person.
struct StateAnswer<Value: Codable>: Codable {
    var value: Value?
    var failure: String?
    /// The failure is of this kind: decides an exit code.
    var isBadData = false
}
