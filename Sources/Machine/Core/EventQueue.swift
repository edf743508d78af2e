// Owns what will happen at which tick. Invariant: events come out ordered by (tick, sequence of scheduling); an event
// is never due before the clock that scheduled it, and a cancelled one never runs.

/// Names a scheduled event so that it can be cancelled.
public struct EventID: Hashable, Sendable {
    fileprivate let sequence: UInt64
}

/// A binary heap of future work. O(log n) to schedule and to take; cancelling is O(1) and leaves a tombstone.
public final class EventQueue {
    private struct Entry { var tick: UInt64; var sequence: UInt64 }
    private var heap: [Entry] = []
    private var handlers: [UInt64: () -> Void] = [:]   // looked up only, never iterated
    private var nextSequence: UInt64 = 0
    /// Events delivered since power-on.
    public private(set) var deliveredCount: UInt64 = 0
    /// The lowest tick at which something may still be scheduled; the machine moves it with its clock.
    var floor = Tick.zero

    public init() {}

    /// Number of live events.
    public var count: Int { handlers.count }

    /// Runs `handler` at `tick`, or at once (next delivery) when `tick` has passed.
    @discardableResult
    public func schedule(at tick: Tick, _ handler: @escaping () -> Void) -> EventID {
        let sequence = nextSequence
        nextSequence += 1
        handlers[sequence] = handler
        heap.append(Entry(tick: Swift.max(tick, floor).nanoseconds, sequence: sequence))
        siftUp(heap.count - 1)
        return EventID(sequence: sequence)
    }

    /// True when the event had not run yet.
    @discardableResult
    public func cancel(_ id: EventID) -> Bool { handlers.removeValue(forKey: id.sequence) != nil }

    /// When the earliest live event is due.
    public var nextTick: Tick? {
        dropCancelled()
        return heap.first.map { Tick(nanoseconds: $0.tick) }
    }

    /// Takes the earliest event due at or before `tick`.
    func takeDue(_ tick: Tick) -> (() -> Void)? {
        dropCancelled()
        guard let first = heap.first, first.tick <= tick.nanoseconds else { return nil }
        removeFirst()
        deliveredCount += 1
        return handlers.removeValue(forKey: first.sequence)
    }

    private func dropCancelled() {
        while let first = heap.first, handlers[first.sequence] == nil { removeFirst() }
    }

    private func precedes(_ a: Entry, _ b: Entry) -> Bool {
        a.tick != b.tick ? a.tick < b.tick : a.sequence < b.sequence
    }

    private func siftUp(_ start: Int) {
        var index = start
        let entry = heap[index]
        while index > 0 {
            let parent = (index - 1) / 2
            guard precedes(entry, heap[parent]) else { break }
            heap[index] = heap[parent]
            index = parent
        }
        heap[index] = entry
    }

    private func removeFirst() {
        let last = heap.removeLast()
        guard !heap.isEmpty else { return }
        var index = 0
        while true {
            var child = 2 * index + 1
            guard child < heap.count else { break }
            if child + 1 < heap.count, precedes(heap[child + 1], heap[child]) { child += 1 }
            guard precedes(heap[child], last) else { break }
            heap[index] = heap[child]
            index = child
        }
        heap[index] = last
    }
}
