// What a VP8 key frame says before its macroblocks (RFC 6386 §9, §19.2).

/// Steps by which the coefficients of a segment are multiplied (§9.6, §14.1).
struct VP8Steps {
    var lumaDC: Int32 = 0, lumaAC: Int32 = 0, secondDC: Int32 = 0, secondAC: Int32 = 0, chromaDC: Int32 = 0, chromaAC: Int32 = 0
}

/// How strongly the edges of a macroblock are smoothed (§9.3, §9.6, §15).
struct VP8FilterStrength {
    /// 0: no smoothing.
    var edgeLimit: Int32 = 0
    var interiorLimit: Int32 = 0
    var variance: Int32 = 0
}

struct VP8Header {
    let width: Int, height: Int
    private(set) var hasSegmentMap = false
    private(set) var segmentProbabilities: [UInt8] = [255, 255, 255]
    /// By segment.
    private(set) var steps = [VP8Steps](repeating: VP8Steps(), count: 4)
    /// By segment times two, plus one for macroblocks with a mode for each subblock.
    private(set) var strengths = [VP8FilterStrength](repeating: VP8FilterStrength(), count: 8)
    private(set) var filterIsSimple = false
    private(set) var tokenProbabilities = VP8Tables.tokenProbabilities
    /// Probability that a macroblock has coefficients, when it is said for each.
    private(set) var skipProbability: UInt8?
    /// Where the token partitions lie.
    private(set) var partitions: [(start: Int, stop: Int)] = []

    private var usesSegments = false, segmentsAreAbsolute = true
    private var segmentQuantizers = [0, 0, 0, 0], segmentLevels = [0, 0, 0, 0]

    /// Reads the frame in a range of the file; `bits` is left at the first macroblock's mode.
    static func read(_ bytes: UnsafePointer<UInt8>, _ start: Int, _ stop: Int, limits: ImageLimits, bits: inout VP8Bits) throws(ImageError) -> VP8Header {
        guard stop - start >= 10 else { throw .truncated }
        let b = bytes + start
        let tag = Int(b[0]) | Int(b[1]) << 8 | Int(b[2]) << 16
        // A key frame of a known version that is shown, and the start code.
        guard tag & 1 == 0, tag >> 1 & 7 <= 3, tag >> 4 & 1 == 1, b[3] == 0x9D, b[4] == 0x01, b[5] == 0x2A else { throw .malformed(.header) }
        var header = VP8Header(width: (Int(b[6]) | Int(b[7]) << 8) & 0x3FFF, height: (Int(b[8]) | Int(b[9]) << 8) & 0x3FFF)
        guard header.width > 0, header.height > 0 else { throw .malformed(.header) }
        guard limits.allows(header.width, header.height) else { throw .tooLarge }
        let first = start + 10, firstByteCount = tag >> 5
        guard firstByteCount <= stop - first else { throw .truncated }
        bits = VP8Bits(bytes, from: first, to: first + firstByteCount)
        try header.readFields(&bits, bytes, first + firstByteCount, stop)
        return header
    }

    private init(width: Int, height: Int) { self.width = width; self.height = height }

    private mutating func readFields(_ bits: inout VP8Bits, _ bytes: UnsafePointer<UInt8>, _ start: Int, _ stop: Int) throws(ImageError) {
        // Colour space and clamping: both kinds are decoded alike.
        _ = bits.number(2)
        readSegments(&bits)
        filterIsSimple = bits.flag()
        let level = bits.number(6), sharpness = bits.number(3)
        readStrengths(&bits, level: level, sharpness: sharpness)
        let partitionCount = 1 << bits.number(2)
        try findPartitions(bytes, start, stop, partitionCount)
        readSteps(&bits)
        // Whether the probabilities outlive the frame.
        _ = bits.flag()
        for i in 0..<tokenProbabilities.count where bits.flag(VP8Tables.tokenUpdateProbabilities[i]) {
            tokenProbabilities[i] = UInt8(truncatingIfNeeded: bits.number(8))
        }
        if bits.flag() { skipProbability = UInt8(truncatingIfNeeded: bits.number(8)) }
        if bits.isExhausted { throw .malformed(.header) }
    }

    /// §9.3
    private mutating func readSegments(_ bits: inout VP8Bits) {
        usesSegments = bits.flag()
        guard usesSegments else { return }
        hasSegmentMap = bits.flag()
        if bits.flag() {
            segmentsAreAbsolute = bits.flag()
            for i in 0..<4 { segmentQuantizers[i] = bits.optionalSigned(7) }
            for i in 0..<4 { segmentLevels[i] = bits.optionalSigned(6) }
        }
        guard hasSegmentMap else { return }
        for i in 0..<3 where bits.flag() { segmentProbabilities[i] = UInt8(truncatingIfNeeded: bits.number(8)) }
    }

    /// §9.6, §15.1: the levels of all segments and kinds of macroblock. A key frame has only the first adjustment of
    /// each list.
    private mutating func readStrengths(_ bits: inout VP8Bits, level: Int, sharpness: Int) {
        var adjustments = [0, 0, 0, 0, 0, 0, 0, 0]
        let adjusts = bits.flag()
        if adjusts && bits.flag() { for i in 0..<8 { adjustments[i] = bits.optionalSigned(6) } }
        guard level > 0 else { return }
        for segment in 0..<4 {
            let base = usesSegments ? segmentLevels[segment] + (segmentsAreAbsolute ? 0 : level) : level
            for kind in 0..<2 {
                let own = base + (adjusts ? adjustments[0] + (kind == 1 ? adjustments[4] : 0) : 0)
                strengths[segment * 2 + kind] = Self.strength(max(0, min(63, own)), sharpness)
            }
        }
    }

    private static func strength(_ level: Int, _ sharpness: Int) -> VP8FilterStrength {
        guard level > 0 else { return VP8FilterStrength() }
        var interior = level
        if sharpness > 0 { interior = min(interior >> (sharpness > 4 ? 2 : 1), 9 - sharpness) }
        interior = max(1, interior)
        return VP8FilterStrength(edgeLimit: Int32(2 * level + interior), interiorLimit: Int32(interior), variance: level >= 40 ? 2 : level >= 15 ? 1 : 0)
    }

    /// §9.5: three-byte sizes of all partitions but the last. What has not arrived is empty.
    private mutating func findPartitions(_ bytes: UnsafePointer<UInt8>, _ start: Int, _ stop: Int, _ count: Int) throws(ImageError) {
        var at = start + 3 * (count - 1)
        guard at < stop else { throw .truncated }
        for i in 0..<count {
            let b = bytes + start + 3 * i
            let size = i == count - 1 ? stop - at : min(stop - at, Int(b[0]) | Int(b[1]) << 8 | Int(b[2]) << 16)
            partitions.append((at, at + size))
            at += size
        }
    }

    /// §9.6
    private mutating func readSteps(_ bits: inout VP8Bits) {
        let base = bits.number(7)
        let lumaDC = bits.optionalSigned(4), secondDC = bits.optionalSigned(4), secondAC = bits.optionalSigned(4)
        let chromaDC = bits.optionalSigned(4), chromaAC = bits.optionalSigned(4)
        func dc(_ i: Int, _ most: Int = 127) -> Int32 { Int32(VP8Tables.dcSteps[max(0, min(most, i))]) }
        func ac(_ i: Int) -> Int32 { Int32(VP8Tables.acSteps[max(0, min(127, i))]) }
        for segment in 0..<4 {
            let q = usesSegments ? segmentQuantizers[segment] + (segmentsAreAbsolute ? 0 : base) : base
            steps[segment] = VP8Steps(
                lumaDC: dc(q + lumaDC), lumaAC: ac(q), secondDC: dc(q + secondDC) * 2, secondAC: max(8, ac(q + secondAC) * 155 / 100),
                chromaDC: dc(q + chromaDC, 117), chromaAC: ac(q + chromaAC))
        }
    }
}
