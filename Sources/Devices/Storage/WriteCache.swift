// Owns what a disk could forget: the content that writes since the last flush replaced. Invariant: a sector that
// survives a power loss keeps the newest of its versions that survived.
import Machine

/// Undo records of unflushed writes, kept only where a fault plan can lose power.
struct WriteCache {
    private struct Entry { var sector: UInt64; var old: [UInt8] }
    private var entries: [Entry] = []
    private var byteCount = 0
    /// As a real disk writes back when its cache is full, the oldest records become durable.
    static let byteCountMax = 64 << 20

    mutating func remember(_ storage: any BlockStorage, sector: UInt64, count: Int) {
        var old = [UInt8](repeating: 0, count: count)
        guard count > 0, old.withUnsafeMutableBytes({ storage.read(offset: Int(sector) * 512, into: $0) }) else { return }
        entries.append(Entry(sector: sector, old: old))
        byteCount += count
        while byteCount > Self.byteCountMax { byteCount -= entries.removeFirst().old.count }
    }

    mutating func flushed() { entries = []; byteCount = 0 }

    /// Each unflushed sector write is lost or survives by a coin. Returns how many sectors went back to what they were.
    mutating func losePower(_ storage: any BlockStorage, _ coin: () -> Bool) -> Int {
        var survived: Set<UInt64> = []   // asked only, never iterated
        var lost = 0
        for entry in entries.reversed() {
            for index in 0..<(entry.old.count / 512) {
                let sector = entry.sector + UInt64(index)
                if survived.contains(sector) { continue }
                if coin() { survived.insert(sector); continue }
                entry.old.withUnsafeBytes { _ = storage.write(offset: Int(sector) * 512, from: .init(rebasing: $0[(index * 512)..<(index * 512 + 512)])) }
                lost += 1
            }
        }
        flushed()
        return lost
    }
}
