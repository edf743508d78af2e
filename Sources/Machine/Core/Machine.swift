// Owns the machine's parts and its clock: RAM, bus, event queue, interrupt lines, host port, attached devices.
// Invariants: `now` never goes back; all that happens is a function of image, configuration, seed and host events.
// The loop that drives them is in RunLoop.swift.

/// The guest operating system, as the machine sees it. Implemented by the wiring over the kernel.
public protocol Guest: AnyObject {
    /// Power-on. Called once, by the first `run`.
    func boot()
    /// A device line was raised; guest drivers acknowledge through MMIO.
    func interrupt(line: Int)
    /// The one-shot alarm is due (and disarmed).
    func alarm()
    /// Runs at most about `limit` nanoseconds of guest work, advancing the clock by `charge`. False = nothing runnable.
    func runSlice(limit: UInt64) -> Bool
    /// State hashes of the guest's own subsystems: processors and processes, RAM.
    var subsystemHashes: [(name: String, hash: UInt64)] { get }
}

/// A device attached to the machine; its state takes part in checkpoints.
public protocol MachineDevice: AnyObject {
    var name: String { get }
    func stateHash() -> UInt64
}

/// State hashes of all subsystems at one tick.
public struct Checkpoint: Equatable, Sendable {
    public struct Entry: Equatable, Sendable {
        public var name: String
        public var hash: UInt64
        public init(name: String, hash: UInt64) { self.name = name; self.hash = hash }
    }
    public var tick: Tick
    public var entries: [Entry]
    public init(tick: Tick, entries: [Entry]) { self.tick = tick; self.entries = entries }
}

/// Receives what must be kept to run the same again.
public protocol TraceRecorder: AnyObject {
    func append(_ event: HostEvent, at tick: Tick)
    func append(_ checkpoint: Checkpoint)
}

/// One item of a recorded run.
public enum ReplayItem: Equatable, Sendable {
    case event(HostEvent)
    case checkpoint(Checkpoint)
}

/// Gives a recorded run back, in order.
public protocol ReplaySource: AnyObject {
    /// Tick of the next item; nil when the record is used up.
    var nextTick: Tick? { get }
    func take() -> ReplayItem?
}

/// The first point at which a replay differs from its record.
public struct Divergence: Equatable, Sendable {
    public var tick: Tick
    public var subsystem: String
    public var expected: UInt64
    public var got: UInt64
    public var text: String {
        func hexadecimal(_ value: UInt64) -> String {
            let digits = String(value, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        return "at \(tick.text) s: \(subsystem): expected \(hexadecimal(expected)), got \(hexadecimal(got))"
    }
}

/// The deterministic machine.
public final class Machine {
    public let configuration: MachineConfiguration
    public let ram: GuestRAM
    public let bus = Bus()
    public let events = EventQueue()
    public let interrupts = InterruptController()
    public let hostPort = HostPort()

    // Set by the wiring before the first run.
    public weak var guest: (any Guest)?
    public var recorder: (any TraceRecorder)?
    public var replay: (any ReplaySource)?
    /// Also called for every checkpoint taken; setting it makes periodic checkpoints happen without a recorder.
    public var onCheckpoint: ((Checkpoint) -> Void)?

    // Changed by the run loop and `charge` only.
    public internal(set) var now = Tick.zero
    public internal(set) var divergence: Divergence?
    public internal(set) var isClosed = false
    public internal(set) var turnCount: UInt64 = 0
    public internal(set) var idleNanoseconds: UInt64 = 0
    public internal(set) var hostEventCount: UInt64 = 0
    /// Host events that no device wanted.
    public internal(set) var ignoredHostEventCount: UInt64 = 0
    var alarmTick: Tick?
    var lastTurnTick: Tick?
    var isBooted = false
    var isGuestIdle = false
    var isStopRequested = false
    var nextCheckpointTick: Tick
    var scripted: ArraySlice<(tick: Tick, event: HostEvent)> = []   // sorted by tick, stable
    var pacer = Pacer()

    // Changed while wiring.
    public private(set) var devices: [any MachineDevice] = []
    var sinks: [any HostEventSink] = []
    var sources: [any HostSource] = []

    public init(configuration: MachineConfiguration) throws(MachineError) {
        if let problem = configuration.problem { throw MachineError(problem) }
        self.configuration = configuration
        ram = try GuestRAM(byteCount: configuration.ramByteCount)
        nextCheckpointTick = Tick(nanoseconds: configuration.checkpointPeriodNanoseconds)
        events.floor = Tick(nanoseconds: 1)
    }

    // MARK: Wiring

    /// Adds a device to the checkpoints; when it is a `HostEventSink`, also to the receivers of host events.
    public func attach(_ device: any MachineDevice) {
        devices.append(device)
        if let sink = device as? any HostEventSink { sinks.append(sink) }
    }

    public func addSink(_ sink: any HostEventSink) { sinks.append(sink) }

    /// Polled on the machine's thread, never in replay.
    public func addSource(_ source: any HostSource) { sources.append(source) }

    /// A host event of a script: delivered at the first turn at or after `tick`, and recorded like any other. Not for
    /// replay, where the trace has it.
    public func schedule(_ event: HostEvent, at tick: Tick) {
        if let last = scripted.last, last.tick > tick {
            scripted.insert((tick, event), at: scripted.firstIndex { $0.tick > tick }!)
        } else { scripted.append((tick, event)) }
    }

    // MARK: Time

    /// Guest or kernel work: advances `now` at once. What becomes due is delivered at the next turn of the loop.
    public func charge(nanoseconds: UInt64) { now = now.advanced(nanoseconds: nanoseconds) }

    /// Duration of executed instructions, rounded up.
    public func nanoseconds(instructions: UInt64) -> UInt64 {
        (instructions &* 1000 &+ UInt64(configuration.cpuMHz) - 1) / UInt64(configuration.cpuMHz)
    }

    /// How many instructions fit into a duration, rounded down.
    public func instructions(nanoseconds: UInt64) -> UInt64 {
        let (product, overflow) = nanoseconds.multipliedReportingOverflow(by: UInt64(configuration.cpuMHz))
        return overflow ? .max / 1000 : product / 1000
    }

    /// The guest's calendar: configured base plus virtual time. The host's clock is never read.
    public var wallClockNanoseconds: UInt64 { configuration.wallClockBaseNanoseconds &+ now.nanoseconds }

    /// Arms or disarms the guest's one-shot alarm.
    public func setAlarm(_ tick: Tick?) { alarmTick = tick == .max ? nil : tick }

    /// Earliest tick at which a device event or the alarm is due. A guest that starts I/O inside a slice may use it to
    /// end the slice early.
    public var nextDueTick: Tick? {
        guard let event = events.nextTick else { return alarmTick }
        guard let alarm = alarmTick else { return event }
        return min(event, alarm)
    }

    /// Makes `run` return `.requested` at the next turn. Only from the machine's thread (handlers, sources).
    public func requestStop() { isStopRequested = true }

    // MARK: Checkpoints

    /// Hashes every subsystem now, records the checkpoint and returns it. Only between runs.
    @discardableResult
    public func takeCheckpoint() -> Checkpoint {
        let checkpoint = Checkpoint(tick: now, entries: stateHashes())
        recorder?.append(checkpoint)
        onCheckpoint?(checkpoint)
        return checkpoint
    }

    /// Hashes of every subsystem at this moment; records nothing.
    public func stateHashes() -> [Checkpoint.Entry] {
        var entries: [Checkpoint.Entry] = []
        for (name, hash) in guest?.subsystemHashes ?? [] { entries.append(.init(name: name, hash: hash)) }
        for device in devices { entries.append(.init(name: device.name, hash: device.stateHash())) }
        return entries
    }
}
