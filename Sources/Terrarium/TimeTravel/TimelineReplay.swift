// Feeds a trace's host events to a machine, without the checkpoints: time travel looks at states that may differ from the
// recorded ones, so nothing is compared on the way (`verify` does it on demand). Invariant: the machine makes the same
// turns as in the recording; the end of the record is the recorded end, not the last event.

import Machine

final class TimelineReplay: ReplaySource {
    private let items: [(tick: Tick, item: ReplayItem)]
    private var index = 0

    init(_ trace: TraceReader) {
        var items: [(tick: Tick, item: ReplayItem)] = trace.records.compactMap { record in
            if case .event = record.item { (record.tick, record.item) } else { nil }
        }
        // An empty checkpoint compares nothing and keeps the machine running to the end of the record.
        let end = max(trace.endTick, trace.records.last?.tick ?? .zero)
        items.append((end, .checkpoint(Checkpoint(tick: end, entries: []))))
        self.items = items
    }

    var nextTick: Tick? { index < items.count ? items[index].tick : nil }
    func take() -> ReplayItem? {
        guard index < items.count else { return nil }
        index += 1
        return items[index - 1].item
    }
}
