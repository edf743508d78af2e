// BMP: OS/2 and Windows headers of every age, 1 to 32 bits, run-length coding, bit fields, both row orders. Icons hold
// the same without the file header (ICODecoder.swift). Rows that are cut off stay transparent.

enum BMPDecoder {
    static func decode(_ bytes: [UInt8], limits: ImageLimits) throws(ImageError) -> StraightPicture {
        guard bytes.count >= 18 else { throw .truncated }
        var reader = try BMPReader(bytes, headerAt: 14, isIcon: false, limits: limits)
        let offset = bytes.little32(10)
        // The offset is trusted only when it lies behind the header.
        if offset >= UInt32(truncatingIfNeeded: reader.dataAt) && offset < 0x4000_0000 { reader.dataAt = Int(offset) }
        return try reader.picture()
    }
}

/// Where one channel lies in a pixel and how wide it is.
struct BMPChannel {
    private let shift: UInt32, bitCount: UInt32
    init(mask: UInt32) {
        shift = mask == 0 ? 0 : UInt32(mask.trailingZeroBitCount)
        let run = mask == 0 ? 0 : (~(mask >> shift)).trailingZeroBitCount      // bits that are not contiguous are ignored
        bitCount = UInt32(run)
    }
    var isEmpty: Bool { bitCount == 0 }
    /// The channel of a pixel as eight bits, rounded.
    @inline(__always)
    func value(_ pixel: UInt32) -> UInt32 {
        if bitCount == 0 { return 0 }
        let v = pixel >> shift
        if bitCount >= 8 { return v >> (bitCount - 8) & 255 }
        let full: UInt32 = 1 << bitCount - 1
        return ((v & full) * 255 + full / 2) / full
    }
}

struct BMPReader {
    private enum Compression { case none, rle8, rle4, bitFields }

    let bytes: [UInt8]
    private(set) var width = 0, height = 0
    private var depth = 0
    private var isTopDown = false
    private var compression = Compression.none
    private var palette: [UInt32] = []
    private var red = BMPChannel(mask: 0), green = BMPChannel(mask: 0), blue = BMPChannel(mask: 0), alpha = BMPChannel(mask: 0)
    private let isIcon: Bool
    /// Where the pixels begin; after the palette unless the file says otherwise.
    var dataAt = 0
    var bitsPerPixel: Int { depth }
    /// Bytes of a stored row, a multiple of four.
    var rowByteCount: Int { (width * depth + 31) / 32 * 4 }
    /// Where the transparency mask of an icon begins.
    var maskAt: Int { dataAt + rowByteCount * height }

    init(_ bytes: [UInt8], headerAt at: Int, isIcon: Bool, limits: ImageLimits) throws(ImageError) {
        self.bytes = bytes
        self.isIcon = isIcon
        guard at + 4 <= bytes.count else { throw .truncated }
        let headerSize = bytes.little32(at)
        guard headerSize >= 12, headerSize <= 4096 else { throw .malformed(.header) }
        let size = Int(headerSize)
        guard at + size <= bytes.count else { throw .truncated }
        if size == 12 { readCoreHeader(at) } else { try readInfoHeader(at, size) }
        if isIcon { height /= 2 }
        guard width > 0, height > 0 else { throw .malformed(.header) }
        guard limits.allows(width, height) else { throw .tooLarge }
        var next = at + size
        try readMasks(at, size, &next)
        try readPalette(at, size, next)
    }

    private mutating func readCoreHeader(_ at: Int) {
        (width, height, depth) = (bytes.little16(at + 4), bytes.little16(at + 6), bytes.little16(at + 10))
    }

    private mutating func readInfoHeader(_ at: Int, _ size: Int) throws(ImageError) {
        guard size >= 16 else { throw .malformed(.header) }
        let w = Int32(bitPattern: bytes.little32(at + 4)), h = Int32(bitPattern: bytes.little32(at + 8))
        guard w > 0, h != 0, h > Int32.min else { throw .malformed(.header) }
        isTopDown = h < 0
        width = Int(w)
        height = Int(abs(h))
        depth = bytes.little16(at + 14)
        guard size >= 20 else { return }
        switch bytes.little32(at + 16) {
        case 0: compression = .none
        case 1: compression = .rle8
        case 2: compression = .rle4
        case 3, 6: compression = .bitFields
        default: throw .unsupported
        }
    }

    private mutating func readMasks(_ at: Int, _ size: Int, _ next: inout Int) throws(ImageError) {
        let isLegal: Bool
        switch compression {
        case .none: isLegal = depth == 1 || depth == 2 || depth == 4 || depth == 8 || depth == 16 || depth == 24 || depth == 32
        case .rle8: isLegal = depth == 8 && !isTopDown
        case .rle4: isLegal = depth == 4 && !isTopDown
        case .bitFields: isLegal = depth == 16 || depth == 32
        }
        guard isLegal else { throw .malformed(.header) }
        guard depth == 16 || depth == 32 else { return }
        var masks: (UInt32, UInt32, UInt32, UInt32) = depth == 16 ? (0x7C00, 0x3E0, 0x1F, 0) : (0xFF0000, 0xFF00, 0xFF, isIcon ? 0xFF00_0000 : 0)
        if compression == .bitFields {
            let maskAt = at + 40                     // in the header from version 2 on, behind it before
            let hasAlpha = size >= 56 || size == 40 && bytes.little32(at + 16) == 6
            guard maskAt + (hasAlpha ? 16 : 12) <= bytes.count else { throw .truncated }
            masks = (bytes.little32(maskAt), bytes.little32(maskAt + 4), bytes.little32(maskAt + 8), hasAlpha ? bytes.little32(maskAt + 12) : 0)
            next = max(next, maskAt + (hasAlpha ? 16 : 12))
        }
        (red, green, blue, alpha) = (BMPChannel(mask: masks.0), BMPChannel(mask: masks.1), BMPChannel(mask: masks.2), BMPChannel(mask: masks.3))
    }

    private mutating func readPalette(_ at: Int, _ size: Int, _ start: Int) throws(ImageError) {
        let entry = size == 12 ? 3 : 4
        var count = depth <= 8 ? 1 << depth : 0
        if size >= 36 {
            let declared = bytes.little32(at + 32)
            if depth <= 8 && declared > 0 && declared < UInt32(count) { count = Int(declared) }
            if depth > 8 && declared <= 256 { count = Int(declared) }              // a suggestion only, but it is there
        }
        dataAt = start + count * entry
        guard depth <= 8 else { return }
        palette = [UInt32](repeating: 0xFF00_0000, count: 256)
        for i in 0..<count where start + i * entry + 3 <= bytes.count {
            let p = start + i * entry
            palette[i] = 0xFF00_0000 | UInt32(bytes[p + 2]) << 16 | UInt32(bytes[p + 1]) << 8 | UInt32(bytes[p])
        }
    }

    // MARK: Pixels

    func picture() throws(ImageError) -> StraightPicture {
        guard dataAt < bytes.count else { throw .truncated }
        var picture = StraightPicture(width: width, height: height)
        switch compression {
        case .rle4, .rle8: runs(&picture)
        default: rows(&picture)
        }
        return picture
    }

    private func rows(_ picture: inout StraightPicture) {
        let stride = rowByteCount
        for row in 0..<height {
            let start = dataAt + row * stride
            let available = min(width, max(0, bytes.count - start) * 8 / depth)
            if available <= 0 { break }
            let line = (isTopDown ? row : height - 1 - row) * width
            picture.pixels.withUnsafeMutableBufferPointer { out in
                bytes.withUnsafeBufferPointer { source in convert(source.baseAddress! + start, out.baseAddress! + line, available) }
            }
        }
        if !alpha.isEmpty { makeOpaqueIfInvisible(&picture) }
    }

    private func convert(_ source: UnsafePointer<UInt8>, _ out: UnsafeMutablePointer<UInt32>, _ count: Int) {
        switch depth {
        case 24:
            for x in 0..<count { out[x] = 0xFF00_0000 | UInt32(source[3 * x + 2]) << 16 | UInt32(source[3 * x + 1]) << 8 | UInt32(source[3 * x]) }
        case 16:
            for x in 0..<count { out[x] = color(UInt32(source[2 * x]) | UInt32(source[2 * x + 1]) << 8) }
        case 32:
            for x in 0..<count {
                out[x] = color(UInt32(source[4 * x]) | UInt32(source[4 * x + 1]) << 8 | UInt32(source[4 * x + 2]) << 16 | UInt32(source[4 * x + 3]) << 24)
            }
        default:
            let perByte = 8 / depth, mask = (1 << depth) - 1
            for x in 0..<count {
                let shift = (perByte - 1 - x % perByte) * depth
                out[x] = palette[Int(source[x / perByte]) >> shift & mask]
            }
        }
    }

    @inline(__always)
    private func color(_ p: UInt32) -> UInt32 {
        (alpha.isEmpty ? 255 : alpha.value(p)) << 24 | red.value(p) << 16 | green.value(p) << 8 | blue.value(p)
    }

    /// Many programs leave the alpha channel at zero: then the picture is meant to be opaque.
    private func makeOpaqueIfInvisible(_ picture: inout StraightPicture) {
        for p in picture.pixels where p >> 24 != 0 { return }
        if isIcon { return }                                                       // the mask decides (ICODecoder.swift)
        for i in 0..<picture.pixels.count { picture.pixels[i] |= 0xFF00_0000 }
    }

    /// Run-length coding. Pixels that are skipped stay transparent.
    private func runs(_ picture: inout StraightPicture) {
        var at = dataAt, x = 0, y = 0
        let isWide = depth == 8
        func put(_ index: Int) {
            if x < width && y < height { picture.pixels[(height - 1 - y) * width + x] = palette[index] }
            x += 1
        }
        while at + 1 < bytes.count && y < height {
            let count = Int(bytes[at]), value = Int(bytes[at + 1])
            at += 2
            if count > 0 {
                for i in 0..<min(count, max(0, width - x)) { put(isWide ? value : i & 1 == 0 ? value >> 4 : value & 15) }
                continue
            }
            switch value {
            case 0: (x, y) = (0, y + 1)
            case 1: return
            case 2:
                guard at + 1 < bytes.count else { return }
                x = min(width, x + Int(bytes[at]))
                y += Int(bytes[at + 1])
                at += 2
            default:
                let byteCount = isWide ? value : (value + 1) / 2
                for i in 0..<value {
                    let p = at + (isWide ? i : i / 2)
                    if p >= bytes.count { return }
                    put(isWide ? Int(bytes[p]) : i & 1 == 0 ? Int(bytes[p]) >> 4 : Int(bytes[p]) & 15)
                }
                x = min(x, width)
                at += (byteCount + 1) & ~1
            }
        }
    }
}
