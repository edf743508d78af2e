// The WebP container (WebP Container Specification): a RIFF file of chunks. Lossless pictures are decoded, plain or in
// the extended layout; lossy ones are refused as unsupported.

enum WebPDecoder {
    static func decode(_ bytes: [UInt8], limits: ImageLimits) throws(ImageError) -> StraightPicture {
        var at = 12
        while at + 8 <= bytes.count {
            let size = bytes.little32(at + 4), start = at + 8
            let stop = size < UInt32(truncatingIfNeeded: bytes.count - start) ? start + Int(size) : bytes.count
            if bytes.spells("VP8L", at: at) { return try VP8LDecoder.decode(bytes, start, stop, limits: limits) }
            if bytes.spells("VP8 ", at: at) || bytes.spells("ANMF", at: at) { throw .unsupported }
            at = stop + ((stop - start) & 1)
        }
        throw .truncated
    }
}
