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
}

public enum ImageFault: UInt8, Sendable {
    case header, palette, checksum, compressedData, chunkOrder, huffmanTable, quantizationTable, scan, frame
}

/// What a caller is willing to decode.
public struct ImageLimits: Sendable {
    public var sideMax: Int
    public var pixelCountMax: Int
    public init(sideMax: Int = 16384, pixelCountMax: Int = 2048 * 2048) { self.sideMax = sideMax; self.pixelCountMax = pixelCountMax }

    func allows(_ width: Int, _ height: Int) -> Bool {
        width > 0 && height > 0 && width <= sideMax && height <= sideMax && width <= pixelCountMax / height
    }
}

public enum ImageFormat: UInt8, Sendable { case png, gif, jpeg }

public enum ImageDecoder {
    /// The format that the first bytes announce.
    public static func format(of bytes: [UInt8]) -> ImageFormat? {
        if begins(bytes, [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) { return .png }
        if begins(bytes, [0x47, 0x49, 0x46, 0x38, 0x37, 0x61]) || begins(bytes, [0x47, 0x49, 0x46, 0x38, 0x39, 0x61]) { return .gif }
        if begins(bytes, [0xFF, 0xD8, 0xFF]) { return .jpeg }
        return nil
    }

    /// Decodes a whole picture, as much as there is of it when it is cut off.
    public static func decode(_ bytes: [UInt8], limits: ImageLimits = ImageLimits()) throws(ImageError) -> Bitmap {
        guard let format = format(of: bytes) else { throw .unknownFormat }
        let picture: StraightPicture
        switch format {
        case .png: picture = try PNGDecoder.decode(bytes, limits: limits)
        case .gif: picture = try GIFDecoder.decode(bytes, limits: limits)
        case .jpeg: picture = try JPEGDecoder.decode(bytes, limits: limits)
        }
        return picture.premultiplied()
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

    public consuming func premultiplied() -> Bitmap {
        for i in 0..<pixels.count where pixels[i] < 0xFF00_0000 { pixels[i] = StraightPicture.premultiply(pixels[i]) }
        return Bitmap(width: width, height: height, pixels: pixels)
    }

    private static func premultiply(_ p: UInt32) -> UInt32 {
        let a = p >> 24
        let r = ((p >> 16 & 255) * a + 127) / 255, g = ((p >> 8 & 255) * a + 127) / 255, b = ((p & 255) * a + 127) / 255
        return a << 24 | r << 16 | g << 8 | b
    }
}
