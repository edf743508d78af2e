// The face of the image decoders: bytes of any known format in, premultiplied pixels out. Input is hostile: every
// decoder checks what it reads, allocates only what the limits allow, and never traps.
import Graphics

public enum ImageError: Error, Equatable, Sendable {
    /// No known signature.
    case unknownFormat
    /// The bytes end before anything can be shown.
    case truncated
    /// Larger than the limits allow.
    case tooLarge
    /// The bytes break the format's rules; which one.
    case malformed(ImageFault)
    /// A legal picture of a kind this decoder does not know.
    case unsupported

    /// For people.
    public var sentence: String {
        switch self {
        case .unknownFormat: return "This is not a picture of a known format."
        case .truncated: return "The picture ends before anything of it can be shown."
        case .tooLarge: return "The picture has more pixels than may be decoded."
        case .malformed(let fault): return "The picture is damaged: " + fault.name + "."
        case .unsupported: return "The picture uses a coding that is not supported."
        }
    }
}

public enum ImageFault: UInt8, Sendable {
    case header, palette, checksum, compressedData, chunkOrder, huffmanTable, quantizationTable, scan, frame, markup, transform

    public var name: String {
        switch self {
        case .header: return "header"
        case .palette: return "palette"
        case .checksum: return "checksum"
        case .compressedData: return "compressed data"
        case .chunkOrder: return "order of chunks"
        case .huffmanTable: return "Huffman table"
        case .quantizationTable: return "quantization table"
        case .scan: return "scan"
        case .frame: return "frame"
        case .markup: return "markup"
        case .transform: return "transform"
        }
    }
}

/// What a caller is willing to decode.
public struct ImageLimits: Sendable {
    public var sideMax: Int
    public var pixelCountMax: Int
    public init(sideMax: Int = 16384, pixelCountMax: Int = 2048 * 2048) { self.sideMax = sideMax; self.pixelCountMax = pixelCountMax }

    func allows(_ width: Int, _ height: Int) -> Bool {
        width > 0 && height > 0 && width <= sideMax && height <= sideMax && width <= pixelCountMax / height
    }

    /// A size of the same shape that is allowed: for pictures that have no pixels of their own.
    public func fitting(_ width: Int, _ height: Int) -> (width: Int, height: Int) {
        var w = max(1, min(width, sideMax)), h = max(1, min(height, sideMax))
        while w > pixelCountMax / h { w = max(1, w / 2); h = max(1, h / 2) }
        return (w, h)
    }
}

public enum ImageFormat: UInt8, Sendable, CaseIterable {
    case png, gif, jpeg, webp, bmp, icon, svg

    public var name: String {
        switch self {
        case .png: return "png"
        case .gif: return "gif"
        case .jpeg: return "jpeg"
        case .webp: return "webp"
        case .bmp: return "bmp"
        case .icon: return "ico"
        case .svg: return "svg"
        }
    }
}

public enum ImageDecoder {
    /// The format that the first bytes announce (MIME Sniffing §6.1; SVG, which the table does not have, by its root
    /// element).
    public static func format(of bytes: [UInt8]) -> ImageFormat? {
        if begins(bytes, [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return .png }
        if bytes.spells("GIF87a") || bytes.spells("GIF89a") { return .gif }
        if begins(bytes, [0xFF, 0xD8, 0xFF]) { return .jpeg }
        if bytes.spells("RIFF") && bytes.spells("WEBPVP", at: 8) { return .webp }
        if begins(bytes, [0, 0, 1, 0]) || begins(bytes, [0, 0, 2, 0]) { return .icon }
        if bytes.spells("BM") { return .bmp }
        return nil
    }

    /// Decodes a whole picture (the first frame of an animation), as much as there is of it when it is cut off.
    /// `side`: the size wanted of an icon file that has several, in pixels; 0 takes the largest.
    public static func decode(_ bytes: [UInt8], limits: ImageLimits = ImageLimits(), side: Int = 0) throws(ImageError) -> Bitmap {
        try decodeStraight(bytes, limits: limits, side: side).premultiplied()
    }

    /// The same with straight alpha, as formats store it.
    public static func decodeStraight(_ bytes: [UInt8], limits: ImageLimits = ImageLimits(), side: Int = 0) throws(ImageError) -> StraightPicture {
        guard let format = format(of: bytes) else { throw .unknownFormat }
        switch format {
        case .png: return try PNGDecoder.decode(bytes, limits: limits)
        case .gif: return try GIFDecoder.decode(bytes, limits: limits)
        case .jpeg: return try JPEGDecoder.decode(bytes, limits: limits)
        case .bmp: return try BMPDecoder.decode(bytes, limits: limits)
        case .icon: return try IconDecoder.decode(bytes, limits: limits, side: side)
        case .webp: return try WebPDecoder.decode(bytes, limits: limits)
        default: throw .unknownFormat
        }
    }

    private static func begins(_ bytes: [UInt8], _ signature: [UInt8]) -> Bool {
        guard bytes.count >= signature.count else { return false }
        for i in 0..<signature.count where bytes[i] != signature[i] { return false }
        return true
    }
}

/// Pixels as 0xAARRGGBB with straight alpha, as formats store them.
public struct StraightPicture {
    public let width: Int, height: Int
    public var pixels: [UInt32]

    init(width: Int, height: Int, fill: UInt32 = 0) {
        self.width = width
        self.height = height
        pixels = [UInt32](repeating: fill, count: width * height)
    }

    init(width: Int, height: Int, pixels: [UInt32]) {
        self.width = width
        self.height = height
        self.pixels = pixels
    }

    public consuming func premultiplied() -> Bitmap {
        pixels.withUnsafeMutableBufferPointer { p in
            for i in 0..<p.count where p[i] < 0xFF00_0000 { p[i] = StraightPicture.premultiply(p[i]) }
        }
        return Bitmap(width: width, height: height, pixels: pixels)
    }

    @inline(__always)
    static func premultiply(_ p: UInt32) -> UInt32 {
        let a = p >> 24
        let r = ((p >> 16 & 255) * a + 127) / 255, g = ((p >> 8 & 255) * a + 127) / 255, b = ((p & 255) * a + 127) / 255
        return a << 24 | r << 16 | g << 8 | b
    }
}
