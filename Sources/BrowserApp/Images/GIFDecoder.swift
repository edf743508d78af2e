// GIF (GIF89a specification): the first frame on the logical screen, with its palette, transparency and interlacing.

enum GIFDecoder {
    static func decode(_ bytes: [UInt8], limits: ImageLimits) throws(ImageError) -> StraightPicture {
        var reader = GIFReader(bytes: bytes)
        return try reader.firstFrame(limits)
    }
}

struct GIFReader {
    let bytes: [UInt8]
    var at = 6
    private var transparentIndex = -1

    init(bytes: [UInt8]) { self.bytes = bytes }

    private mutating func byte() throws(ImageError) -> Int {
        guard at < bytes.count else { throw .truncated }
        at += 1
        return Int(bytes[at - 1])
    }

    private mutating func short() throws(ImageError) -> Int {
        let low = try byte()
        return try byte() << 8 | low
    }

    private mutating func palette(_ flags: Int) throws(ImageError) -> [UInt32] {
        var colors: [UInt32] = []
        for _ in 0..<(2 << (flags & 7)) {
            let r = try byte(), g = try byte(), b = try byte()
            colors.append(0xFF00_0000 | UInt32(r) << 16 | UInt32(g) << 8 | UInt32(b))
        }
        return colors
    }

    /// §18–26: skips extensions up to the first image and decodes it.
    mutating func firstFrame(_ limits: ImageLimits) throws(ImageError) -> StraightPicture {
        let width = try short(), height = try short(), flags = try byte()
        _ = try short()
        guard width > 0, height > 0 else { throw .malformed(.header) }
        guard limits.allows(width, height) else { throw .tooLarge }
        let colors = flags & 0x80 != 0 ? try palette(flags) : []
        while true {
            switch try byte() {
            case 0x21: try skipExtension()
            case 0x2C:
                var picture = StraightPicture(width: width, height: height)
                try image(into: &picture, colors)
                return picture
            case 0x00: continue
            default: throw .malformed(.frame)
            }
        }
    }

    private mutating func skipExtension() throws(ImageError) {
        let label = try byte()
        while true {
            let count = try byte()
            if count == 0 { return }
            if label == 0xF9 && count >= 4 && at + 4 <= bytes.count && bytes[at] & 1 == 1 { transparentIndex = Int(bytes[at + 3]) }
            at += count
        }
    }

    private mutating func image(into picture: inout StraightPicture, _ global: [UInt32]) throws(ImageError) {
        let left = try short(), top = try short(), width = try short(), height = try short(), flags = try byte()
        var colors = flags & 0x80 != 0 ? try palette(flags) : global
        if colors.isEmpty { throw .malformed(.palette) }
        if transparentIndex >= 0 && transparentIndex < colors.count { colors[transparentIndex] = 0 }
        let minimum = try byte()
        guard minimum >= 1, minimum <= 11 else { throw .malformed(.compressedData) }
        var area = GIFArea(left: left, top: top, width: width, height: height, isInterlaced: flags & 0x40 != 0)
        let data = blocks()
        if data.isEmpty { throw .truncated }
        decompress(data, minimum, colors, &area, &picture)
    }

    /// The sub-blocks joined, as far as they go.
    private mutating func blocks() -> [UInt8] {
        var data: [UInt8] = []
        while at < bytes.count, bytes[at] != 0 {
            let stop = min(bytes.count, at + 1 + Int(bytes[at]))
            data.append(contentsOf: bytes[(at + 1)..<stop])
            at = stop
        }
        return data
    }

    /// Variable-width LZW (Appendix F). Stops at the first thing that cannot be.
    private func decompress(_ data: [UInt8], _ minimum: Int, _ colors: [UInt32], _ area: inout GIFArea, _ picture: inout StraightPicture) {
        let clear = 1 << minimum, end = clear + 1
        var prefix = [UInt16](repeating: 0, count: 4096), suffix = [UInt8](repeating: 0, count: 4096)
        var stack = [UInt8](repeating: 0, count: 4097)
        for i in 0..<min(clear, 256) { suffix[i] = UInt8(i) }
        var width = minimum + 1, next = end + 1, previous = -1, first: UInt8 = 0
        var bits: UInt32 = 0, bitCount = 0
        for byte in data {
            bits |= UInt32(byte) << UInt32(bitCount)
            bitCount += 8
            while bitCount >= width {
                let code = Int(bits & (1 << UInt32(width) - 1))
                bits >>= UInt32(width)
                bitCount -= width
                if code == end { return }
                if code == clear {
                    (width, next, previous) = (minimum + 1, end + 1, -1)
                    continue
                }
                if code > next || (code == next && previous < 0) || code >= 4096 { return }
                var at = code, depth = 0
                if code == next {
                    stack[depth] = first
                    depth += 1
                    at = previous
                }
                while at > end && depth < 4096 {
                    stack[depth] = suffix[at]
                    depth += 1
                    at = Int(prefix[at])
                }
                first = suffix[at]
                stack[depth] = first
                depth += 1
                while depth > 0 {
                    depth -= 1
                    if !area.put(Int(stack[depth]), colors, &picture) { return }
                }
                if previous >= 0 && next < 4096 {
                    prefix[next] = UInt16(previous)
                    suffix[next] = first
                    next += 1
                    if next == 1 << width && width < 12 { width += 1 }
                }
                previous = code
            }
        }
    }
}

/// Where the next pixel of a frame goes.
struct GIFArea {
    let left: Int, top: Int, width: Int, height: Int
    let isInterlaced: Bool
    private var x = 0, y = 0, pass = 0

    init(left: Int, top: Int, width: Int, height: Int, isInterlaced: Bool) {
        self.left = left; self.top = top; self.width = width; self.height = height; self.isInterlaced = isInterlaced
    }

    /// False when the frame is full.
    mutating func put(_ index: Int, _ colors: [UInt32], _ picture: inout StraightPicture) -> Bool {
        if y >= height || width == 0 { return false }
        let px = left + x, py = top + y
        if px < picture.width && py < picture.height && index < colors.count { picture.pixels[py * picture.width + px] = colors[index] }
        x += 1
        if x == width {
            x = 0
            nextRow()
        }
        return true
    }

    /// Rows of an interlaced frame: every 8th, then the 4ths, 2nds and odd ones (Appendix E).
    private mutating func nextRow() {
        guard isInterlaced else {
            y += 1
            return
        }
        y += pass == 0 ? 8 : 16 >> pass
        while y >= height && pass < 3 {
            pass += 1
            y = 8 >> pass
        }
    }
}
