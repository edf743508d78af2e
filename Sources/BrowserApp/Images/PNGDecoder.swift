// PNG (PNG specification, third edition): all colour types and depths, interlacing, transparency. Gamma and colour
// profiles are ignored. Sixteen-bit samples keep their high byte. A picture that is cut off shows the rows there are.

public enum PNGDecoder {
    /// Decodes to straight alpha.
    public static func decode(_ bytes: [UInt8], limits: ImageLimits = ImageLimits()) throws(ImageError) -> StraightPicture {
        var reader = PNGReader(bytes: bytes)
        try reader.readChunks(limits)
        return try reader.picture()
    }
}

struct PNGHeader {
    var width = 0, height = 0, depth = 0, colorType = 0
    var isInterlaced = false

    var channelCount: Int {
        switch colorType {
        case 2: return 3
        case 4: return 2
        case 6: return 4
        default: return 1
        }
    }

    func rowByteCount(_ width: Int) -> Int { (width * channelCount * depth + 7) / 8 }
    /// Distance to the byte of the pixel before, for filters.
    var pixelByteCount: Int { max(1, channelCount * depth / 8) }

    var isLegal: Bool {
        switch colorType {
        case 0: return depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16
        case 3: return depth == 1 || depth == 2 || depth == 4 || depth == 8
        case 2, 4, 6: return depth == 8 || depth == 16
        default: return false
        }
    }

    /// The passes of the picture: origin and step in each direction (§8.2).
    var passes: [(x: Int, y: Int, dx: Int, dy: Int)] {
        if !isInterlaced { return [(0, 0, 1, 1)] }
        return [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    }

    /// Bytes of all filtered rows.
    var filteredByteCount: Int {
        var total = 0
        for pass in passes {
            let columns = max(0, (width - pass.x + pass.dx - 1) / pass.dx), rows = max(0, (height - pass.y + pass.dy - 1) / pass.dy)
            if columns > 0 { total += rows * (rowByteCount(columns) + 1) }
        }
        return total
    }
}

struct PNGReader {
    let bytes: [UInt8]
    var header = PNGHeader()
    var palette: [UInt32] = []
    var transparency: [UInt8] = []
    var rows: [UInt8] = []

    init(bytes: [UInt8]) { self.bytes = bytes }

    private func word(_ at: Int) -> UInt32 {
        UInt32(bytes[at]) << 24 | UInt32(bytes[at + 1]) << 16 | UInt32(bytes[at + 2]) << 8 | UInt32(bytes[at + 3])
    }

    // MARK: Chunks

    /// Reads every chunk up to IEND or the end of the bytes; inflates the picture data as it goes.
    mutating func readChunks(_ limits: ImageLimits) throws(ImageError) {
        var at = 8
        var inflater: Inflater?
        var hasHeader = false, isDamaged = false
        while at + 8 <= bytes.count && !isDamaged {
            let count64 = UInt64(word(at)), type = word(at + 4)
            let start = at + 8
            let isWhole = start + 4 <= bytes.count && count64 <= UInt64(bytes.count - start - 4)
            let stop = isWhole ? start + Int(count64) : bytes.count
            let isSound = isWhole && CRC32.of(bytes, from: at + 4, to: stop) == word(stop)
            if !hasHeader && type != PNGChunk.header { throw isWhole ? .malformed(.chunkOrder) : .truncated }
            switch type {
            case PNGChunk.header:
                if hasHeader { throw .malformed(.chunkOrder) }
                if !isWhole { throw .truncated }
                if !isSound { throw .malformed(.checksum) }
                try readHeader(start, stop, limits)
                hasHeader = true
                inflater = Inflater(zlib: true, outputByteCountMax: header.filteredByteCount)
            case PNGChunk.palette:
                if isWhole && !isSound { throw .malformed(.checksum) }
                if isWhole { try readPalette(start, stop) }
            case PNGChunk.transparency: if isSound { transparency = Array(bytes[start..<stop]) }
            case PNGChunk.data:
                if isWhole && !isSound { isDamaged = true }
                if !PNGReader.inflate(bytes, start, stop, &inflater) { isDamaged = true }
            case PNGChunk.end: isDamaged = true
            default: break
            }
            if !isWhole { break }
            at = stop + 4
        }
        if !hasHeader { throw .truncated }
        rows = inflater?.output ?? []
    }

    /// False when no more data can follow (an error, or the end of the stream).
    private static func inflate(_ bytes: [UInt8], _ start: Int, _ stop: Int, _ inflater: inout Inflater?) -> Bool {
        var isGood = true
        bytes.withUnsafeBufferPointer { buffer in
            do throws(InflateError) { try inflater?.feed(UnsafeBufferPointer(rebasing: buffer[start..<stop])) } catch { isGood = false }
        }
        return isGood
    }

    private mutating func readHeader(_ start: Int, _ stop: Int, _ limits: ImageLimits) throws(ImageError) {
        guard stop - start == 13 else { throw .malformed(.header) }
        let width = word(start), height = word(start + 4)
        guard width > 0, height > 0, width < 0x8000_0000, height < 0x8000_0000 else { throw .malformed(.header) }
        guard width <= 0xFFFFFF, height <= 0xFFFFFF, limits.allows(Int(width), Int(height)) else { throw .tooLarge }
        header = PNGHeader(width: Int(width), height: Int(height), depth: Int(bytes[start + 8]), colorType: Int(bytes[start + 9]),
                           isInterlaced: bytes[start + 12] == 1)
        guard header.isLegal, bytes[start + 10] == 0, bytes[start + 11] == 0, bytes[start + 12] <= 1 else { throw .malformed(.header) }
    }

    private mutating func readPalette(_ start: Int, _ stop: Int) throws(ImageError) {
        guard (stop - start) % 3 == 0, stop - start <= 768, stop > start else { throw .malformed(.palette) }
        palette = []
        for i in stride(from: start, to: stop, by: 3) {
            palette.append(0xFF00_0000 | UInt32(bytes[i]) << 16 | UInt32(bytes[i + 1]) << 8 | UInt32(bytes[i + 2]))
        }
    }

    // MARK: Pixels

    /// Makes the picture from the rows that arrived.
    mutating func picture() throws(ImageError) -> StraightPicture {
        if header.colorType == 3 {
            if palette.isEmpty { throw rows.isEmpty ? .truncated : .malformed(.palette) }
            for i in 0..<min(palette.count, transparency.count) { palette[i] = palette[i] & 0xFF_FFFF | UInt32(transparency[i]) << 24 }
        }
        var picture = StraightPicture(width: header.width, height: header.height)
        var at = 0
        var hasRows = false
        for pass in header.passes {
            let columns = (header.width - pass.x + pass.dx - 1) / pass.dx
            if columns <= 0 || header.width <= pass.x { continue }
            let count = header.rowByteCount(columns)
            var previous = [UInt8](repeating: 0, count: count)
            for y in stride(from: pass.y, to: header.height, by: pass.dy) {
                guard at + 1 + count <= rows.count else { break }
                var row = Array(rows[(at + 1)..<(at + 1 + count)])
                if !unfilter(rows[at], &row, previous) {
                    if !hasRows { throw .malformed(.compressedData) }
                    return picture
                }
                at += 1 + count
                hasRows = true
                convert(row, columns, into: &picture.pixels, y * header.width + pass.x, pass.dx)
                previous = row
            }
        }
        if !hasRows { throw .truncated }
        return picture
    }

    /// Undoes a row's filter (§9.2). False: no such filter.
    private func unfilter(_ filter: UInt8, _ row: inout [UInt8], _ above: [UInt8]) -> Bool {
        let back = header.pixelByteCount, count = row.count
        switch filter {
        case 0: break
        case 1: if count > back { for i in back..<count { row[i] = row[i] &+ row[i - back] } }
        case 2: for i in 0..<count { row[i] = row[i] &+ above[i] }
        case 3:
            for i in 0..<count {
                let left = i >= back ? Int(row[i - back]) : 0
                row[i] = row[i] &+ UInt8((left + Int(above[i])) / 2)
            }
        case 4:
            for i in 0..<count {
                let left = i >= back ? Int(row[i - back]) : 0, corner = i >= back ? Int(above[i - back]) : 0
                row[i] = row[i] &+ UInt8(paeth(left, Int(above[i]), corner))
            }
        default: return false
        }
        return true
    }

    @inline(__always)
    private func paeth(_ a: Int, _ b: Int, _ c: Int) -> Int {
        let p = a + b - c
        let pa = abs(p - a), pb = abs(p - b), pc = abs(p - c)
        if pa <= pb && pa <= pc { return a }
        return pb <= pc ? b : c
    }

    /// Writes a row's pixels to every `step`th place.
    private func convert(_ row: [UInt8], _ columns: Int, into pixels: inout [UInt32], _ start: Int, _ step: Int) {
        let wide = header.depth == 16 ? 2 : 1
        var at = start
        for x in 0..<columns {
            switch header.colorType {
            case 0: pixels[at] = gray(row, x)
            case 2:
                let i = x * 3 * wide
                let color = UInt32(row[i]) << 16 | UInt32(row[i + wide]) << 8 | UInt32(row[i + 2 * wide])
                pixels[at] = isTransparentColor(row, i, wide) ? color : 0xFF00_0000 | color
            case 3:
                let index = sample(row, x)
                pixels[at] = index < palette.count ? palette[index] : 0xFF00_0000
            case 4:
                let i = x * 2 * wide
                pixels[at] = UInt32(row[i + wide]) << 24 | UInt32(row[i]) &* 0x01_0101
            default:
                let i = x * 4 * wide
                pixels[at] = UInt32(row[i + 3 * wide]) << 24 | UInt32(row[i]) << 16 | UInt32(row[i + wide]) << 8 | UInt32(row[i + 2 * wide])
            }
            at += step
        }
    }

    /// The sample of one-channel pixels, up to eight bits.
    @inline(__always)
    private func sample(_ row: [UInt8], _ x: Int) -> Int {
        switch header.depth {
        case 1: return Int(row[x >> 3] >> UInt8(7 - x & 7) & 1)
        case 2: return Int(row[x >> 2] >> UInt8((3 - x & 3) * 2) & 3)
        case 4: return Int(row[x >> 1] >> UInt8((1 - x & 1) * 4) & 15)
        default: return Int(row[x])
        }
    }

    private func gray(_ row: [UInt8], _ x: Int) -> UInt32 {
        var value: Int, full: Int
        if header.depth == 16 {
            value = Int(row[2 * x])
            full = value << 8 | Int(row[2 * x + 1])
        } else {
            full = sample(row, x)
            value = full * 255 / ((1 << header.depth) - 1)
        }
        let color = UInt32(value) &* 0x01_0101
        if transparency.count >= 2, full == Int(transparency[0]) << 8 | Int(transparency[1]) { return color }
        return 0xFF00_0000 | color
    }

    private func isTransparentColor(_ row: [UInt8], _ i: Int, _ wide: Int) -> Bool {
        guard transparency.count >= 6 else { return false }
        for channel in 0..<3 {
            let high = wide == 2 ? row[i + channel * 2] : 0, low = row[i + channel * wide + wide - 1]
            if transparency[channel * 2] != high || transparency[channel * 2 + 1] != low { return false }
        }
        return true
    }
}

enum PNGChunk {
    static let header: UInt32 = 0x4948_4452, palette: UInt32 = 0x504C_5445, transparency: UInt32 = 0x7452_4E53
    static let data: UInt32 = 0x4944_4154, end: UInt32 = 0x4945_4E44
}

/// The CRC of PNG chunks (Annex D) and gzip.
public enum CRC32 {
    private static let table: [UInt32] = (0..<256).map { n in
        var c = UInt32(n)
        for _ in 0..<8 { c = c & 1 == 1 ? 0xEDB8_8320 ^ (c >> 1) : c >> 1 }
        return c
    }

    public static func of(_ bytes: [UInt8], from start: Int, to stop: Int) -> UInt32 {
        let table = table
        var c: UInt32 = 0xFFFF_FFFF
        for i in start..<stop { c = table[Int((c ^ UInt32(bytes[i])) & 0xFF)] ^ (c >> 8) }
        return c ^ 0xFFFF_FFFF
    }
}
