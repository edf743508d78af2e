// WebP lossless (WebP Lossless Bitstream Specification): prefix-coded pixels with back references and a colour cache,
// then the inverse of up to four transforms. Damaged or cut-off data is an error: until the transforms are undone there
// is nothing to look at.

struct VP8LDecoder {
    private var bits: VP8LBits
    private let limits: ImageLimits
    private struct Transform {
        var kind = 0, sizeBits = 0
        /// Width of the picture that this transform gives.
        var width = 0
        var data: [UInt32] = []
    }
    private struct Group { var green: VP8LCode, red: VP8LCode, blue: VP8LCode, alpha: VP8LCode, distance: VP8LCode }
    private static let lengthOrder: [UInt8] = [17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
    /// More prefix code tables than this are not built: bounds the memory of a hostile file.
    private static let groupCountMax = 4096
    /// Entries of all code tables together.
    private static let tableEntryCountMax = 8 << 20

    /// The chunk `VP8L` between two places.
    static func decode(_ bytes: [UInt8], _ start: Int, _ stop: Int, limits: ImageLimits) throws(ImageError) -> StraightPicture {
        guard stop - start >= 5 else { throw .truncated }
        guard bytes[start] == 0x2F else { throw .malformed(.header) }
        var result: Result<StraightPicture, ImageError> = .failure(.truncated)
        bytes.withUnsafeBufferPointer { buffer in
            var decoder = VP8LDecoder(bits: VP8LBits(buffer.baseAddress!, from: start + 1, to: stop), limits: limits)
            do throws(ImageError) { result = .success(try decoder.picture()) } catch { result = .failure(error) }
        }
        return try result.get()
    }

    /// A picture without its header, whose size is known, for its green channel (the alpha of a lossy picture).
    static func decodeGreen(_ bytes: [UInt8], _ start: Int, _ stop: Int, width: Int, height: Int) throws(ImageError) -> [UInt8] {
        guard start < stop else { throw .truncated }
        var result: Result<[UInt32], ImageError> = .failure(.truncated)
        bytes.withUnsafeBufferPointer { buffer in
            var decoder = VP8LDecoder(bits: VP8LBits(buffer.baseAddress!, from: start, to: stop), limits: ImageLimits())
            do throws(ImageError) { result = .success(try decoder.transformed(width, height)) } catch { result = .failure(error) }
        }
        let pixels = try result.get()
        var green = [UInt8](repeating: 0, count: pixels.count)
        for i in 0..<pixels.count { green[i] = UInt8(truncatingIfNeeded: pixels[i] >> 8) }
        return green
    }

    private mutating func picture() throws(ImageError) -> StraightPicture {
        let width = bits.take(14) + 1, height = bits.take(14) + 1
        let hasAlpha = bits.take(1) == 1
        guard bits.take(3) == 0 else { throw .malformed(.header) }
        guard limits.allows(width, height) else { throw .tooLarge }
        var pixels = try transformed(width, height)
        if !hasAlpha { for i in 0..<pixels.count { pixels[i] |= 0xFF00_0000 } }
        return StraightPicture(width: width, height: height, pixels: pixels)
    }

    // MARK: Transforms (§4)

    private mutating func transformed(_ width: Int, _ height: Int) throws(ImageError) -> [UInt32] {
        var transforms: [Transform] = [], seen = 0, codedWidth = width
        while bits.take(1) == 1 {
            var t = Transform(kind: bits.take(2), width: codedWidth)
            guard seen >> t.kind & 1 == 0 else { throw .malformed(.transform) }
            seen |= 1 << t.kind
            if t.kind < 2 {
                t.sizeBits = bits.take(3) + 2
                t.data = try image(Self.blocks(codedWidth, t.sizeBits), Self.blocks(height, t.sizeBits), isMain: false)
            } else if t.kind == 3 {
                let count = bits.take(8) + 1
                t.sizeBits = count <= 2 ? 3 : count <= 4 ? 2 : count <= 16 ? 1 : 0
                t.data = try image(count, 1, isMain: false)
                for i in 1..<max(1, count) { t.data[i] = Self.add(t.data[i], t.data[i - 1]) }
                codedWidth = Self.blocks(codedWidth, t.sizeBits)
            }
            transforms.append(t)
        }
        var pixels = try image(codedWidth, height, isMain: true)
        for t in transforms.reversed() {
            switch t.kind {
            case 0: Self.undoPrediction(&pixels, t, height)
            case 1: Self.undoColor(&pixels, t, height)
            case 2: for i in 0..<pixels.count { pixels[i] = Self.add(pixels[i], (pixels[i] >> 8 & 255) &* 0x01_0001) }
            default: pixels = Self.undoIndexing(pixels, t, height)
            }
        }
        return pixels
    }

    private static func blocks(_ size: Int, _ bits: Int) -> Int { (size + 1 << bits - 1) >> bits }

    /// Channel by channel, modulo 256.
    @inline(__always)
    private static func add(_ a: UInt32, _ b: UInt32) -> UInt32 {
        ((a & 0xFF00_FF00) &+ (b & 0xFF00_FF00)) & 0xFF00_FF00 | ((a & 0x00FF_00FF) &+ (b & 0x00FF_00FF)) & 0x00FF_00FF
    }

    @inline(__always)
    private static func average(_ a: UInt32, _ b: UInt32) -> UInt32 { ((a ^ b) & 0xFEFE_FEFE) >> 1 &+ (a & b) }

    private static func undoPrediction(_ p: inout [UInt32], _ t: Transform, _ height: Int) {
        let w = t.width, across = blocks(w, t.sizeBits)
        p.withUnsafeMutableBufferPointer { p in
            p[0] = add(p[0], 0xFF00_0000)
            for x in 1..<max(1, w) { p[x] = add(p[x], p[x - 1]) }
            for y in 1..<max(1, height) {
                let row = y * w
                p[row] = add(p[row], p[row - w])
                for x in 1..<max(1, w) {
                    let i = row + x, mode = t.data[(y >> t.sizeBits) * across + x >> t.sizeBits] >> 8 & 15
                    p[i] = add(p[i], predict(mode, p[i - 1], p[i - w], p[i - w + 1], p[i - w - 1]))
                }
            }
        }
    }

    /// §4.1: left, top, top right, top left. (At the right edge "top right" is the leftmost pixel of this row.)
    @inline(__always)
    private static func predict(_ mode: UInt32, _ l: UInt32, _ t: UInt32, _ tr: UInt32, _ tl: UInt32) -> UInt32 {
        switch mode {
        case 1: return l
        case 2: return t
        case 3: return tr
        case 4: return tl
        case 5: return average(average(l, tr), t)
        case 6: return average(l, tl)
        case 7: return average(l, t)
        case 8: return average(tl, t)
        case 9: return average(t, tr)
        case 10: return average(average(l, tl), average(t, tr))
        case 11: return select(l, t, tl)
        case 12: return channels { clamp(at(l, $0) + at(t, $0) - at(tl, $0)) }
        case 13:
            let a = average(l, t)
            return channels { clamp(at(a, $0) + (at(a, $0) - at(tl, $0)) / 2) }
        default: return 0xFF00_0000
        }
    }

    @inline(__always) private static func at(_ p: UInt32, _ shift: UInt32) -> Int { Int(p >> shift & 255) }
    @inline(__always) private static func clamp(_ v: Int) -> UInt32 { UInt32(max(0, min(255, v))) }
    @inline(__always)
    private static func channels(_ f: (UInt32) -> UInt32) -> UInt32 { f(24) << 24 | f(16) << 16 | f(8) << 8 | f(0) }

    private static func select(_ l: UInt32, _ t: UInt32, _ tl: UInt32) -> UInt32 {
        var toLeft = 0, toTop = 0
        for shift in [0, 8, 16, 24] as [UInt32] {
            toLeft += abs(at(t, shift) - at(tl, shift))
            toTop += abs(at(l, shift) - at(tl, shift))
        }
        return toLeft < toTop ? l : t
    }

    private static func undoColor(_ p: inout [UInt32], _ t: Transform, _ height: Int) {
        let across = blocks(t.width, t.sizeBits)
        func delta(_ m: UInt32, _ c: UInt32) -> Int32 {
            (Int32(Int8(truncatingIfNeeded: m)) * Int32(Int8(truncatingIfNeeded: c))) >> 5
        }
        for y in 0..<height {
            for x in 0..<t.width {
                let m = t.data[(y >> t.sizeBits) * across + x >> t.sizeBits], v = p[y * t.width + x], green = v >> 8
                let red = Int32(v >> 16 & 255) &+ delta(m, green)
                let blue = Int32(v & 255) &+ delta(m >> 8, green) &+ delta(m >> 16, UInt32(bitPattern: red))
                p[y * t.width + x] = v & 0xFF00_FF00 | UInt32(bitPattern: red) << 16 & 0xFF_0000 | UInt32(bitPattern: blue) & 255
            }
        }
    }

    private static func undoIndexing(_ p: [UInt32], _ t: Transform, _ height: Int) -> [UInt32] {
        let packed = blocks(t.width, t.sizeBits), depth = 8 >> t.sizeBits, mask = 1 << depth - 1, perPixel = 1 << t.sizeBits
        var out = [UInt32](repeating: 0, count: t.width * height)
        for y in 0..<height {
            for x in 0..<t.width {
                let index = Int(p[y * packed + x >> t.sizeBits] >> 8 & 255) >> ((x & (perPixel - 1)) * depth) & mask
                if index < t.data.count { out[y * t.width + x] = t.data[index] }
            }
        }
        return out
    }

    // MARK: Entropy-coded image (§5, §6)

    private mutating func image(_ width: Int, _ height: Int, isMain: Bool) throws(ImageError) -> [UInt32] {
        var cacheBits = 0
        if bits.take(1) == 1 {
            cacheBits = bits.take(4)
            guard (1...11).contains(cacheBits) else { throw .malformed(.header) }
        }
        var groupMap: [UInt32] = [], mapBits = 0, groupCount = 1
        if isMain && bits.take(1) == 1 {
            mapBits = bits.take(3) + 2
            groupMap = try image(Self.blocks(width, mapBits), Self.blocks(height, mapBits), isMain: false)
            for i in 0..<groupMap.count {
                groupMap[i] = groupMap[i] >> 8 & 0xFFFF
                groupCount = max(groupCount, Int(groupMap[i]) + 1)
            }
            guard groupCount <= Self.groupCountMax else { throw .tooLarge }
        }
        var groups: [Group] = [], entryCount = 0
        for _ in 0..<groupCount {
            let cache = cacheBits > 0 ? 1 << cacheBits : 0
            let g = Group(green: try code(280 + cache), red: try code(256), blue: try code(256), alpha: try code(256), distance: try code(40))
            entryCount += g.green.table.count + g.red.table.count + g.blue.table.count + g.alpha.table.count + g.distance.table.count
            guard entryCount <= Self.tableEntryCountMax else { throw .tooLarge }
            groups.append(g)
        }
        return try pixels(width, height, cacheBits, groups, groupMap, mapBits)
    }

    private mutating func pixels(_ width: Int, _ height: Int, _ cacheBits: Int, _ groups: [Group], _ map: [UInt32], _ mapBits: Int) throws(ImageError) -> [UInt32] {
        let total = width * height, across = Self.blocks(width, mapBits)
        var out = [UInt32](repeating: 0, count: total), cache = [UInt32](repeating: 0, count: 1 << cacheBits)
        var i = 0, cached = 0, x = 0, y = 0
        func slot(_ p: UInt32) -> Int { Int((p &* 0x1E35_A7BD) >> UInt32(32 - cacheBits)) }
        while i < total {
            if bits.isExhausted { throw .truncated }
            let g = map.isEmpty ? 0 : Int(map[(y >> mapBits) * across + x >> mapBits])
            let s = bits.symbol(groups[g].green)
            if s < 256 {
                let red = bits.symbol(groups[g].red), blue = bits.symbol(groups[g].blue), alpha = bits.symbol(groups[g].alpha)
                out[i] = UInt32(alpha) << 24 | UInt32(red) << 16 | UInt32(s) << 8 | UInt32(blue)
                i += 1
            } else if s < 280 {
                let length = value(s - 256)
                let distance = place(value(bits.symbol(groups[g].distance)), width)
                guard distance <= i, length <= total - i else { throw .malformed(.compressedData) }
                for _ in 0..<length {
                    out[i] = out[i - distance]
                    i += 1
                }
            } else {
                while cached < i { cache[slot(out[cached])] = out[cached]; cached += 1 }
                out[i] = cache[s - 280]
                i += 1
            }
            if cacheBits > 0 { while cached < i { cache[slot(out[cached])] = out[cached]; cached += 1 } }
            (x, y) = (i % width, i / width)
        }
        return out
    }

    /// §5.2.2: a length or distance from its prefix.
    private mutating func value(_ prefix: Int) -> Int {
        if prefix < 4 { return prefix + 1 }
        let extra = (prefix - 2) >> 1
        return (2 + prefix & 1) << extra + bits.take(extra) + 1
    }

    /// Short distance codes name pixels of the neighbourhood.
    private func place(_ code: Int, _ width: Int) -> Int {
        if code > 120 { return code - 120 }
        let plane = Int(VP8LTables.neighbours[code - 1])
        return max(1, (plane >> 4) * width + 8 - plane & 15)
    }

    private mutating func code(_ count: Int) throws(ImageError) -> VP8LCode {
        var lengths = [UInt8](repeating: 0, count: count)
        if bits.take(1) == 1 {
            let isTwo = bits.take(1) == 1, first = bits.take(bits.take(1) == 1 ? 8 : 1)
            let second = isTwo ? bits.take(8) : first
            guard first < count, second < count else { throw .malformed(.huffmanTable) }
            lengths[first] = 1
            lengths[second] = 1
        } else {
            try readLengths(&lengths)
        }
        if bits.isExhausted { throw .truncated }
        guard let code = VP8LCode(lengths: lengths) else { throw .malformed(.huffmanTable) }
        return code
    }

    private mutating func readLengths(_ lengths: inout [UInt8]) throws(ImageError) {
        var own = [UInt8](repeating: 0, count: 19)
        for i in 0..<(4 + bits.take(4)) { own[Int(Self.lengthOrder[i])] = UInt8(bits.take(3)) }
        guard let code = VP8LCode(lengths: own) else { throw .malformed(.huffmanTable) }
        var left = lengths.count
        if bits.take(1) == 1 {
            let n = 2 + 2 * bits.take(3)
            left = 2 + bits.take(n)
            guard left <= lengths.count else { throw .malformed(.huffmanTable) }
        }
        var i = 0, previous: UInt8 = 8
        while i < lengths.count && left > 0 {
            left -= 1
            let s = bits.symbol(code)
            if s < 16 {
                lengths[i] = UInt8(s)
                i += 1
                if s != 0 { previous = UInt8(s) }
                continue
            }
            let times = s == 16 ? 3 + bits.take(2) : s == 17 ? 3 + bits.take(3) : 11 + bits.take(7)
            guard times <= lengths.count - i else { throw .malformed(.huffmanTable) }
            for _ in 0..<times { lengths[i] = s == 16 ? previous : 0; i += 1 }
        }
    }
}
