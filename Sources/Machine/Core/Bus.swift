// Owns the memory-mapped register space. Invariant: regions do not overlap; an access outside every region reads 0,
// writes nothing and is counted — guest mistakes never stop the machine.

/// Something with 32-bit registers. `offset` is relative to the region's base.
public protocol BusRegion: AnyObject {
    func read(offset: UInt64, byteCount: Int) -> UInt32
    func write(offset: UInt64, value: UInt32, byteCount: Int)
}

/// Routes register accesses to regions.
public final class Bus {
    private struct Mapping { let base: UInt64; let byteCount: UInt64; let region: any BusRegion }
    private var mappings: [Mapping] = []   // sorted by base
    /// Accesses that hit no region.
    public private(set) var unmappedAccessCount: UInt64 = 0

    public init() {}

    /// Maps a region; a typed error when it would overlap another.
    public func map(_ region: any BusRegion, base: UInt64, byteCount: UInt64) throws(MachineError) {
        for mapping in mappings where base < mapping.base + mapping.byteCount && mapping.base < base + byteCount {
            throw MachineError("bus region at \(base) overlaps the one at \(mapping.base)")
        }
        let position = mappings.firstIndex { $0.base > base } ?? mappings.count
        mappings.insert(Mapping(base: base, byteCount: byteCount, region: region), at: position)
    }

    /// Reads 1, 2 or 4 bytes; 0 where nothing is mapped.
    public func read(_ address: UInt64, byteCount: Int = 4) -> UInt32 {
        guard let mapping = find(address) else { unmappedAccessCount += 1; return 0 }
        return mapping.region.read(offset: address - mapping.base, byteCount: byteCount)
    }

    public func write(_ address: UInt64, _ value: UInt32, byteCount: Int = 4) {
        guard let mapping = find(address) else { unmappedAccessCount += 1; return }
        mapping.region.write(offset: address - mapping.base, value: value, byteCount: byteCount)
    }

    private func find(_ address: UInt64) -> Mapping? {
        for mapping in mappings where address >= mapping.base && address - mapping.base < mapping.byteCount {
            return mapping
        }
        return nil
    }
}
