// Pair kerning: GPOS pair adjustment (lookup type 2, formats 1 and 2, also through extension lookups) of the `kern`
// feature, or the older `kern` table format 0. OpenType 1.9 GPOS, kern.

/// Where a font keeps its pair kerning.
struct KerningSource {
    var pairSubtables: [Int] = []                       // GPOS PairPos subtables, in order
    var kernPairs = 0, kernPairCount = 0                // kern format 0

    var isEmpty: Bool { pairSubtables.isEmpty && kernPairCount == 0 }

    init(_ r: FontReader, _ directory: FontDirectory) {
        if let gpos = directory.table("GPOS", atLeast: 10) { readGPOS(r, gpos.offset) }
        if pairSubtables.isEmpty, let kern = directory.table("kern", atLeast: 4) { readKern(r, kern) }
    }

    private mutating func readGPOS(_ r: FontReader, _ base: Int) {
        let features = base + Int(r.u16(base + 6)), lookups = base + Int(r.u16(base + 8))
        var wanted: [UInt16] = []
        for i in 0..<min(Int(r.u16(features)), 512) {
            let record = features + 2 + i * 6
            guard r.u32(record) == 0x6B65_726E else { continue }
            let feature = features + Int(r.u16(record + 4))
            for j in 0..<min(Int(r.u16(feature + 2)), 64) {
                let lookup = r.u16(feature + 4 + j * 2)
                if !wanted.contains(lookup) && wanted.count < 64 { wanted.append(lookup) }
            }
        }
        let lookupCount = r.u16(lookups)
        for index in wanted.sorted() where index < lookupCount {
            let lookup = lookups + Int(r.u16(lookups + 2 + Int(index) * 2))
            let type = r.u16(lookup)
            for k in 0..<min(Int(r.u16(lookup + 4)), 64) {
                var subtable = lookup + Int(r.u16(lookup + 6 + k * 2))
                var subtype = type
                if type == 9 {
                    subtype = r.u16(subtable + 2)
                    let extended = r.u32(subtable + 4)
                    guard UInt64(extended) < UInt64(r.count) else { continue }
                    subtable = subtable &+ Int(extended)
                }
                if subtype == 2 && subtable > 0 && subtable < r.count && pairSubtables.count < 256 { pairSubtables.append(subtable) }
            }
        }
    }

    private mutating func readKern(_ r: FontReader, _ kern: FontTable) {
        guard r.u16(kern.offset) == 0 else { return }
        var at = kern.offset + 4
        for _ in 0..<min(Int(r.u16(kern.offset + 2)), 16) {
            let length = Int(r.u16(at + 2)), coverage = r.u16(at + 4)
            if coverage & 0xFF07 == 1 {                  // format 0, horizontal, kerning values
                kernPairs = at + 14
                kernPairCount = min(Int(r.u16(at + 6)), max(0, (kern.end - kernPairs) / 6))
                return
            }
            guard length >= 6 else { return }
            at += length
        }
    }
}

extension FontFace {
    /// Kerning of a pair in font units, through a direct-mapped cache.
    func kerningUnits(_ left: UInt16, _ right: UInt16) -> Int32 {
        let key = UInt32(left) << 16 | UInt32(right)
        if key == 0 { return 0 }
        let slot = Int((key &* 0x9E37_79B1) >> 22)
        if kerningCacheKeys[slot] == key { return Int32(kerningCacheValues[slot]) }
        let value = kerningSource.kernPairCount > 0 ? kernTableValue(key) : pairAdjustment(left, right)
        kerningCacheKeys[slot] = key
        kerningCacheValues[slot] = value
        return Int32(value)
    }

    private func kernTableValue(_ key: UInt32) -> Int16 {
        var low = 0, high = kerningSource.kernPairCount
        while low < high {
            let middle = (low + high) / 2
            let at = kerningSource.kernPairs + middle * 6
            let k = reader.u32(at)
            if k == key { return reader.i16(at + 4) }
            if k < key { low = middle + 1 } else { high = middle }
        }
        return 0
    }

    private func pairAdjustment(_ left: UInt16, _ right: UInt16) -> Int16 {
        let r = reader
        for subtable in kerningSource.pairSubtables {
            guard let index = coverageIndex(subtable + Int(r.u16(subtable + 2)), left) else { continue }
            let format1 = r.u16(subtable + 4), format2 = r.u16(subtable + 6)
            let size1 = format1.nonzeroBitCount * 2, size2 = format2.nonzeroBitCount * 2
            let advanceAt = (format1 & 3).nonzeroBitCount * 2
            if r.u16(subtable) == 1 {
                guard index < Int(r.u16(subtable + 8)) else { continue }
                let set = subtable + Int(r.u16(subtable + 10 + index * 2))
                let record = 2 + size1 + size2
                var low = 0, high = Int(r.u16(set))
                while low < high {
                    let middle = (low + high) / 2
                    let at = set + 2 + middle * record
                    let g = r.u16(at)
                    if g == right { return format1 & 4 != 0 ? r.i16(at + 2 + advanceAt) : 0 }
                    if g < right { low = middle + 1 } else { high = middle }
                }
            } else if r.u16(subtable) == 2 {
                let class1 = classOf(subtable + Int(r.u16(subtable + 8)), left), class2 = classOf(subtable + Int(r.u16(subtable + 10)), right)
                let count1 = Int(r.u16(subtable + 12)), count2 = Int(r.u16(subtable + 14))
                guard class1 < count1, class2 < count2 else { continue }
                let at = subtable + 16 + (class1 * count2 + class2) * (size1 + size2)
                return format1 & 4 != 0 ? r.i16(at + advanceAt) : 0
            }
        }
        return 0
    }

    /// Coverage table, formats 1 and 2.
    private func coverageIndex(_ table: Int, _ glyph: UInt16) -> Int? {
        let r = reader
        let format = r.u16(table)
        var low = 0, high = Int(r.u16(table + 2))
        while low < high {
            let middle = (low + high) / 2
            if format == 1 {
                let g = r.u16(table + 4 + middle * 2)
                if g == glyph { return middle }
                if g < glyph { low = middle + 1 } else { high = middle }
            } else {
                let at = table + 4 + middle * 6
                let start = r.u16(at)
                if glyph < start { high = middle } else if glyph > r.u16(at + 2) { low = middle + 1 } else {
                    return Int(r.u16(at + 4)) + Int(glyph - start)
                }
            }
        }
        return nil
    }

    /// Class definition table, formats 1 and 2; 0 for glyphs that are not listed.
    private func classOf(_ table: Int, _ glyph: UInt16) -> Int {
        let r = reader
        if r.u16(table) == 1 {
            let start = r.u16(table + 2)
            guard glyph >= start, glyph - start < r.u16(table + 4) else { return 0 }
            return Int(r.u16(table + 6 + Int(glyph - start) * 2))
        }
        var low = 0, high = Int(r.u16(table + 2))
        while low < high {
            let middle = (low + high) / 2
            let at = table + 4 + middle * 6
            let start = r.u16(at)
            if glyph < start { high = middle } else if glyph > r.u16(at + 2) { low = middle + 1 } else { return Int(r.u16(at + 4)) }
        }
        return 0
    }
}
