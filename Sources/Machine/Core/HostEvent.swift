// Owns the single port through which the outside world enters the machine. Invariant: everything nondeterministic is a
// `HostEvent`; it reaches a device only through `Machine`, which stamps and records it.
import Synchronization

/// One thing the outside world did.
public enum HostEvent: Equatable, Sendable {
    case key(code: UInt16, down: Bool)            // Linux evdev key code
    case pointerMove(x: UInt16, y: UInt16)        // 0...32767 across the scan-out
    case pointerButton(code: UInt16, down: Bool)  // evdev BTN_LEFT = 0x110 ...
    case wheel(Int32)                             // notches, positive = away from the user
    case packet([UInt8])                          // Ethernet frame from a real network
    case consoleInput([UInt8])
    case close                                    // the window was closed; the run ends
}

/// Receives host events at the tick they are stamped with. The first sink that returns true takes the event.
public protocol HostEventSink: AnyObject {
    func receive(_ event: HostEvent) -> Bool
}

/// A host backend that must be polled on the machine's thread (window system, sockets). Never called in replay.
public protocol HostSource: AnyObject {
    func poll()
    /// True while virtual time must not run ahead of the wall clock (answers from a real network are outstanding).
    var needsWallClock: Bool { get }
}

/// Thread-safe mailbox for host events.
public final class HostPort: Sendable {
    private let queue = Mutex<[HostEvent]>([])
    public init() {}

    public func post(_ event: HostEvent) { queue.withLock { $0.append(event) } }

    public var isEmpty: Bool { queue.withLock { $0.isEmpty } }

    func drain() -> [HostEvent] {
        queue.withLock { events in
            guard !events.isEmpty else { return [] }
            let all = events
            events.removeAll(keepingCapacity: true)
            return all
        }
    }
}
