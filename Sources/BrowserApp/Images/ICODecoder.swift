// ICO and CUR: a directory of pictures, each a PNG file or a BMP without its file header whose height counts colour rows
// and mask rows.

enum IconDecoder {
    private struct Entry {
        var side = 0, depth = 0, start = 0, stop = 0
    }
    private static let entryCountMax = 256

    /// The picture that suits `side` best: the smallest that is at least as large, else the largest; of equals, the one
    /// of most colours. Entries that do not decode are passed over. `side` 0 wants the largest.
    static func decode(_ bytes: [UInt8], limits: ImageLimits, side: Int) throws(ImageError) -> StraightPicture {
        guard bytes.count >= 6 else { throw .truncated }
        let count = min(entryCountMax, bytes.little16(4))
        var entries: [Entry] = []
        for i in 0..<count {
            let p = 6 + i * 16
            guard p + 16 <= bytes.count else { break }
            if let entry = readEntry(bytes, p) { entries.append(entry) }
        }
        if entries.isEmpty { throw count == 0 ? .malformed(.header) : .truncated }
        var failure = ImageError.truncated
        while !entries.isEmpty {
            var best = 0
            for i in 1..<entries.count where isBetter(entries[i], than: entries[best], side) { best = i }
            do throws(ImageError) { return try picture(bytes, entries[best], limits) } catch { failure = error }
            entries.remove(at: best)
        }
        throw failure
    }

    private static func readEntry(_ bytes: [UInt8], _ p: Int) -> Entry? {
        let width = bytes[p] == 0 ? 256 : Int(bytes[p]), height = bytes[p + 1] == 0 ? 256 : Int(bytes[p + 1])
        let count = bytes.little32(p + 8), start = bytes.little32(p + 12)
        guard start < UInt32(truncatingIfNeeded: bytes.count), count > 0 else { return nil }
        let available = bytes.count - Int(start)
        let stop = count < UInt32(truncatingIfNeeded: available) ? Int(start) + Int(count) : bytes.count
        // In a cursor the depth's place holds the hot spot.
        return Entry(side: max(width, height), depth: bytes[2] == 1 ? bytes.little16(p + 6) : 0, start: Int(start), stop: stop)
    }

    private static func isBetter(_ a: Entry, than b: Entry, _ side: Int) -> Bool {
        if a.side == b.side { return a.depth > b.depth }
        if side == 0 || b.side < side { return a.side > b.side }
        return a.side >= side && a.side < b.side
    }

    private static func picture(_ bytes: [UInt8], _ entry: Entry, _ limits: ImageLimits) throws(ImageError) -> StraightPicture {
        let own = bytes.copied(entry.start, entry.stop)
        if ImageDecoder.format(of: own) == .png { return try PNGDecoder.decode(own, limits: limits) }
        let reader = try BMPReader(own, headerAt: 0, isIcon: true, limits: limits)
        var picture = try reader.picture()
        applyMask(own, reader, &picture)
        return picture
    }

    /// A set bit makes a pixel transparent, unless the pixels say themselves how opaque they are.
    private static func applyMask(_ bytes: [UInt8], _ reader: BMPReader, _ picture: inout StraightPicture) {
        if reader.bitsPerPixel == 32 {
            for p in picture.pixels where p >> 24 != 0 { return }
            for i in 0..<picture.pixels.count { picture.pixels[i] |= 0xFF00_0000 }
        }
        let (width, height) = (picture.width, picture.height), stride = (width + 31) / 32 * 4
        for row in 0..<height {
            for x in 0..<width {
                let p = reader.maskAt + row * stride + x >> 3
                if p >= bytes.count { return }
                if bytes[p] >> UInt8(7 - x & 7) & 1 == 1 { picture.pixels[(height - 1 - row) * width + x] = 0 }
            }
        }
    }
}
