// How large a picture will be, from its first bytes, so that a page can be laid out before the picture is there. Every
// format says it early; nil means that the bytes so far do not say it yet.

public struct ImageSize: Equatable, Sendable {
    public var width: Int, height: Int
    public init(width: Int, height: Int) { self.width = width; self.height = height }
}

extension ImageDecoder {
    /// The size that `decode` will give. `side`: see there.
    public static func size(of bytes: [UInt8], side: Int = 0) -> ImageSize? {
        guard bytes.count >= 12, let format = format(of: bytes) else { return nil }
        switch format {
        case .png:
            guard bytes.count >= 24 else { return nil }
            return positive(bytes.big16(16) << 16 | bytes.big16(18), bytes.big16(20) << 16 | bytes.big16(22))
        case .gif: return gifSize(bytes)
        case .jpeg: return jpegSize(bytes)
        case .webp: return webpSize(bytes)
        case .bmp: return bmpSize(bytes)
        case .icon, .svg: return nil                    // small, and which of its pictures counts is known at the end
        }
    }

    private static func positive(_ width: Int, _ height: Int) -> ImageSize? {
        width > 0 && height > 0 && width < 1 << 24 && height < 1 << 24 ? ImageSize(width: width, height: height) : nil
    }

    /// The logical screen; the first frame's size where the screen has none.
    private static func gifSize(_ bytes: [UInt8]) -> ImageSize? {
        if let size = positive(bytes.little16(6), bytes.little16(8)) { return size }
        guard let file = try? GIFFile(bytes, limits: ImageLimits(), frameCountMax: 1) else { return nil }
        return positive(file.width, file.height)
    }

    /// The frame header (B.2.2), turned when the Exif data before it say so.
    private static func jpegSize(_ bytes: [UInt8]) -> ImageSize? {
        var at = 2, orientation = 1
        while at + 9 < bytes.count {
            guard bytes[at] == 0xFF else { at += 1; continue }
            let marker = bytes[at + 1]
            if marker == 0xFF { at += 1; continue }
            if marker == 0 || marker == 1 || (marker >= 0xD0 && marker <= 0xD8) { at += 2; continue }
            if marker == 0xC0 || marker == 0xC1 || marker == 0xC2 {
                guard let size = positive(bytes.big16(at + 7), bytes.big16(at + 5)) else { return nil }
                return orientation > 4 ? ImageSize(width: size.height, height: size.width) : size
            }
            if marker == 0xDA || marker == 0xD9 { return nil }
            let start = at + 4, stop = max(start, at + 2 + bytes.big16(at + 2))
            if stop > bytes.count { return nil }
            if marker == 0xE1, bytes.spells("Exif", at: start) { orientation = Exif.orientation(bytes, start + 6, stop) ?? orientation }
            at = stop
        }
        return nil
    }

    private static func webpSize(_ bytes: [UInt8]) -> ImageSize? {
        guard bytes.count >= 30 else { return nil }
        if bytes.spells("VP8X", at: 12) { return positive(bytes.little24(24) + 1, bytes.little24(27) + 1) }
        if bytes.spells("VP8L", at: 12) {
            let bits = bytes.little32(21)
            return positive(Int(bits & 0x3FFF) + 1, Int(bits >> 14 & 0x3FFF) + 1)
        }
        return bytes.spells("VP8 ", at: 12) ? positive(bytes.little16(26) & 0x3FFF, bytes.little16(28) & 0x3FFF) : nil
    }

    private static func bmpSize(_ bytes: [UInt8]) -> ImageSize? {
        guard bytes.count >= 26 else { return nil }
        if bytes.little32(14) == 12 { return positive(bytes.little16(18), bytes.little16(20)) }
        let width = Int32(bitPattern: bytes.little32(18)), height = Int32(bitPattern: bytes.little32(22))
        return height == Int32.min ? nil : positive(Int(width), Int(abs(height)))
    }
}
