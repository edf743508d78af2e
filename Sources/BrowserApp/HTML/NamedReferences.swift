// Named character references (HTML §13.5): longest-prefix lookup in the generated table.

/// The table with an index of where each entry begins, made at first use.
final class NamedReferences {
    nonisolated(unsafe) static let shared = NamedReferences()
    private let base = namedReferenceBlob.utf8Start
    private var starts: [UInt32] = []
    /// Length of the longest name, with its semicolon.
    static let nameByteCountMax = 32

    private init() {
        starts.reserveCapacity(namedReferenceCount)
        var at = 0
        let count = namedReferenceBlob.utf8CodeUnitCount
        while at < count {
            starts.append(UInt32(at))
            while base[at] != 2 { at += 1 }
            at += 1
        }
    }

    /// The longest name that begins `bytes`: its length and its value's UTF-8. Nil when none does.
    func match(_ bytes: UnsafeBufferPointer<UInt8>) -> (byteCount: Int, value: UnsafeBufferPointer<UInt8>)? {
        var count = min(bytes.count, NamedReferences.nameByteCountMax)
        while count >= 2 {
            if let value = exact(UnsafeBufferPointer(rebasing: bytes[0..<count])) { return (count, value) }
            count -= 1
        }
        return nil
    }

    private func exact(_ name: UnsafeBufferPointer<UInt8>) -> UnsafeBufferPointer<UInt8>? {
        var low = 0, high = starts.count
        while low < high {
            let middle = (low + high) / 2
            let entry = base + Int(starts[middle])
            let order = compare(name, entry)
            if order == 0 { return value(after: entry + name.count + 1) }
            if order < 0 { high = middle } else { low = middle + 1 }
        }
        return nil
    }

    private func compare(_ name: UnsafeBufferPointer<UInt8>, _ entry: UnsafePointer<UInt8>) -> Int {
        for i in 0..<name.count {
            if entry[i] == 1 { return 1 }
            if name[i] != entry[i] { return name[i] < entry[i] ? -1 : 1 }
        }
        return entry[name.count] == 1 ? 0 : -1
    }

    private func value(after start: UnsafePointer<UInt8>) -> UnsafeBufferPointer<UInt8> {
        var count = 0
        while start[count] != 2 { count += 1 }
        return UnsafeBufferPointer(start: start, count: count)
    }
}
