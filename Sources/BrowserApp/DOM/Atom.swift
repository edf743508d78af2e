// Interned names: element names, attribute names, ids and class names become 32-bit numbers that compare at once.
// The table is process-wide and only grows. Names known at build time have fixed numbers (Generated/AtomNames.swift).
// A guest process has one thread; hosted tests use the table from one thread at a time.

/// An interned string. Two atoms are equal when their strings are equal, byte by byte.
public struct Atom: Hashable, Sendable {
    public let raw: UInt32
    /// The atom with a number given earlier by the table.
    @inlinable public init(raw: UInt32) { self.raw = raw }
    /// Interns a string.
    public init(_ string: String) {
        var string = string
        self = string.withUTF8 { Atom(utf8: $0) }
    }
    /// Interns UTF-8 bytes.
    public init(utf8 bytes: UnsafeBufferPointer<UInt8>) { raw = AtomTable.shared.intern(bytes) }
    /// The atom of a string that has been interned already, or nil (then no document holds it).
    public init?(existing string: String) {
        var string = string
        guard let found = string.withUTF8({ AtomTable.shared.find($0) }) else { return nil }
        raw = found
    }
    public init?(existingUTF8 bytes: UnsafeBufferPointer<UInt8>) {
        guard let found = AtomTable.shared.find(bytes) else { return nil }
        raw = found
    }
    @inlinable public static func == (a: Atom, b: Atom) -> Bool { a.raw == b.raw }
    @inlinable public func hash(into hasher: inout Hasher) { hasher.combine(raw) }
    @inlinable public static var empty: Atom { Atom(raw: 0) }
    @inlinable public var isEmpty: Bool { raw == 0 }
    /// The interned string.
    public var string: String { AtomTable.shared.strings[Int(raw)] }
}

/// The table: an open-addressing hash over atom numbers; slot value 0xFFFF_FFFF is free.
/// (`@exclusivity(unchecked)` here and in the parser's classes: dynamic checks were 45 % of hosted parsing time.)
final class AtomTable {
    nonisolated(unsafe) static let shared = AtomTable()
    @exclusivity(unchecked) private(set) var strings: [String] = [""]
    // Every name's UTF-8, end to end, and where each begins (one more at the end).
    @exclusivity(unchecked) private var bytes: [UInt8] = []
    @exclusivity(unchecked) private var starts: [UInt32] = [0, 0]
    @exclusivity(unchecked) private var hashes: [UInt32] = [AtomTable.hash(UnsafeBufferPointer(start: nil, count: 0))]
    @exclusivity(unchecked) private var slots: [UInt32]
    private static let free = UInt32.max

    private init() {
        slots = [UInt32](repeating: AtomTable.free, count: 2048)
        place(0)
        seed()
    }

    private func seed() {
        let start = seededAtomNames.utf8Start
        let count = seededAtomNames.utf8CodeUnitCount
        var from = 0
        for i in 0...count where i == count || start[i] == 0x20 {
            _ = intern(UnsafeBufferPointer(start: start + from, count: i - from))
            from = i + 1
        }
    }

    func intern(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        if let found = find(bytes) { return found }
        let number = UInt32(strings.count)
        strings.append(String(decoding: bytes, as: UTF8.self))
        hashes.append(AtomTable.hash(bytes))
        self.bytes.append(contentsOf: bytes)
        starts.append(UInt32(self.bytes.count))
        if strings.count * 2 > slots.count { rehash() } else { place(number) }
        return number
    }

    func find(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32? {
        let hash = AtomTable.hash(bytes)
        let mask = slots.count - 1
        var i = Int(truncatingIfNeeded: hash) & mask
        while slots[i] != AtomTable.free {
            let candidate = Int(slots[i])
            if hashes[candidate] == hash, matches(candidate, bytes) { return UInt32(candidate) }
            i = (i + 1) & mask
        }
        return nil
    }

    private func matches(_ candidate: Int, _ name: UnsafeBufferPointer<UInt8>) -> Bool {
        let start = Int(starts[candidate])
        guard Int(starts[candidate + 1]) - start == name.count else { return false }
        return bytes.withUnsafeBufferPointer { all in
            for i in 0..<name.count where all[start + i] != name[i] { return false }
            return true
        }
    }

    private func place(_ number: UInt32) {
        let mask = slots.count - 1
        var i = Int(truncatingIfNeeded: hashes[Int(number)]) & mask
        while slots[i] != AtomTable.free { i = (i + 1) & mask }
        slots[i] = number
    }

    private func rehash() {
        slots = [UInt32](repeating: AtomTable.free, count: slots.count * 2)
        for number in 0..<strings.count { place(UInt32(number)) }
    }

    /// FNV-1a, kept to 31 bits so that it fits an `Int` on wasm32.
    private static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt32 {
        var h: UInt32 = 0x811c_9dc5
        for byte in bytes { h = (h ^ UInt32(byte)) &* 0x0100_0193 }
        return (h ^ (h >> 15)) & 0x7fff_ffff
    }
}
