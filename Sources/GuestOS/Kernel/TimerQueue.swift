// Deadlines, ordered by (time, sequence).

struct TimerQueue {
    struct Key: Equatable {
        var deadline: UInt64, sequence: UInt64
        static func < (a: Key, b: Key) -> Bool { a.deadline != b.deadline ? a.deadline < b.deadline : a.sequence < b.sequence }
    }
    enum Target { case timer(ObjectRef), wait(ObjectRef), policy, policyNow, aging, probeTimeout }
    struct Entry { var key: Key; var target: Target }
    private(set) var entries: [Entry] = []       // descending: the next one is last
    private var sequence: UInt64 = 0

    var nextDeadline: UInt64 { entries.last?.key.deadline ?? .max }
    var count: Int { entries.count }

    mutating func add(_ deadline: UInt64, _ target: Target) -> Key {
        sequence += 1
        let key = Key(deadline: deadline, sequence: sequence)
        entries.insert(Entry(key: key, target: target), at: position(key))
        return key
    }
    mutating func remove(_ key: Key) {
        let i = position(key)
        if i < entries.count, entries[i].key == key { entries.remove(at: i) }
    }
    mutating func popDue(_ now: UInt64) -> Target? {
        guard let last = entries.last, last.key.deadline <= now else { return nil }
        entries.removeLast()
        return last.target
    }
    /// First index whose key is not greater than `key`.
    private func position(_ key: Key) -> Int {
        var low = 0, high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if key < entries[middle].key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
