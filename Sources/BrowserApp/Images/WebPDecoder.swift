// The container of WebP (WebP Container Specification): a RIFF file of chunks. A picture is lossy or lossless, plain or
// in the extended layout with its alpha apart; of an animation the first frame is shown on its canvas.

enum WebPDecoder {
    static func decode(_ bytes: [UInt8], limits: ImageLimits) throws(ImageError) -> StraightPicture {
        var at = 12, canvas: (width: Int, height: Int)?
        var alpha: Chunk?
        while let chunk = Chunk(bytes, at, bytes.count) {
            if let picture = try still(bytes, at, chunk, &alpha, limits) { return picture }
            if bytes.spells("VP8X", at: at), chunk.stop - chunk.start >= 10 {
                canvas = (bytes.little24(chunk.start + 4) + 1, bytes.little24(chunk.start + 7) + 1)
            }
            if bytes.spells("ANMF", at: at) { return try frame(bytes, chunk, canvas, limits) }
            at = chunk.next
        }
        throw .truncated
    }

    /// Where the data of a chunk lies, as far as it has arrived.
    struct Chunk {
        let start: Int, stop: Int
        var next: Int { stop + (stop - start) & 1 }

        /// Nil when not even the chunk's header is there.
        init?(_ bytes: [UInt8], _ at: Int, _ end: Int) {
            guard at + 8 <= end else { return nil }
            let size = bytes.little32(at + 4)
            start = at + 8
            stop = size < UInt32(truncatingIfNeeded: end - start) ? start + Int(size) : end
        }
    }

    /// The picture, if the chunk is one; remembers alpha for it.
    static func still(_ bytes: [UInt8], _ at: Int, _ chunk: Chunk, _ alpha: inout Chunk?, _ limits: ImageLimits) throws(ImageError) -> StraightPicture? {
        if bytes.spells("VP8L", at: at) { return try VP8LDecoder.decode(bytes, chunk.start, chunk.stop, limits: limits) }
        if bytes.spells("ALPH", at: at) { alpha = chunk }
        guard bytes.spells("VP8 ", at: at) else { return nil }
        var picture = try VP8Frame.decode(bytes, chunk.start, chunk.stop, limits: limits).picture()
        guard let alpha else { return picture }
        let plane = try WebPAlpha.decode(bytes, alpha.start, alpha.stop, width: picture.width, height: picture.height)
        for i in 0..<plane.count where picture.pixels[i] != 0 { picture.pixels[i] = picture.pixels[i] & 0xFF_FFFF | UInt32(plane[i]) << 24 }
        return picture
    }

    /// A frame of an animation: place, size and time in 16 bytes, then chunks as in a still picture.
    private static func frame(_ bytes: [UInt8], _ chunk: Chunk, _ canvas: (width: Int, height: Int)?, _ limits: ImageLimits) throws(ImageError) -> StraightPicture {
        guard let canvas else { throw .malformed(.chunkOrder) }
        guard limits.allows(canvas.width, canvas.height) else { throw .tooLarge }
        guard chunk.stop - chunk.start >= 16 else { throw .truncated }
        let left = bytes.little24(chunk.start) * 2, top = bytes.little24(chunk.start + 3) * 2
        var at = chunk.start + 16
        var alpha: Chunk?
        while let part = Chunk(bytes, at, chunk.stop) {
            guard let picture = try still(bytes, at, part, &alpha, limits) else {
                at = part.next
                continue
            }
            guard picture.width <= canvas.width - left, picture.height <= canvas.height - top else { throw .malformed(.frame) }
            if picture.width == canvas.width && picture.height == canvas.height { return picture }
            var whole = StraightPicture(width: canvas.width, height: canvas.height)
            for y in 0..<picture.height {
                for x in 0..<picture.width { whole.pixels[(top + y) * canvas.width + left + x] = picture.pixels[y * picture.width + x] }
            }
            return whole
        }
        throw .truncated
    }
}
