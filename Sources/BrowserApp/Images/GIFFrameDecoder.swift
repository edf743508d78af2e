// One frame of a GIF: variable-width LZW (GIF89a Appendix F) into rows, rows through the palette onto the picture.

extension GIFFile {
    /// Draws a frame over what the picture shows; transparent pixels leave it. Data that ends early or makes no sense
    /// ends the frame there.
    func draw(_ frame: GIFFrame, into picture: inout StraightPicture, _ limits: ImageLimits) throws(ImageError) {
        guard frame.dataAt < bytes.count else { throw .truncated }
        if frame.width == 0 || frame.height == 0 { return }
        guard frame.width <= limits.pixelCountMax / frame.height else { throw .tooLarge }
        if frame.paletteCount == 0 { throw .malformed(.palette) }
        let minimum = Int(bytes[frame.dataAt])
        guard minimum >= 1, minimum <= 11 else { throw .malformed(.compressedData) }
        let data = joinedBlocks(frame.dataAt + 1)
        if data.isEmpty { throw .truncated }
        let colors = palette(of: frame)
        let (width, height) = (picture.width, picture.height)
        data.withUnsafeBufferPointer { input in
            colors.withUnsafeBufferPointer { colors in
                picture.pixels.withUnsafeMutableBufferPointer { pixels in
                    var rows = GIFRows(frame: frame, pixels: pixels.baseAddress!, width: width, height: height, colors: colors.baseAddress!)
                    LZWDecoder.run(input, minimum, &rows)
                    rows.flush()
                }
            }
        }
    }

    /// The sub-blocks joined, as far as they go (§15).
    private func joinedBlocks(_ start: Int) -> [UInt8] {
        var total = 0, p = start
        while p < bytes.count, bytes[p] != 0 {
            total += min(Int(bytes[p]), bytes.count - p - 1)
            p += 1 + Int(bytes[p])
        }
        return [UInt8](unsafeUninitializedCapacity: total) { out, n in
            var p = start
            bytes.withUnsafeBufferPointer { source in
                while p < source.count, source[p] != 0 {
                    let count = min(Int(source[p]), source.count - p - 1)
                    if count > 0 { UnsafeMutableRawPointer(out.baseAddress! + n).copyMemory(from: source.baseAddress! + p + 1, byteCount: count) }
                    n += count
                    p += 1 + Int(source[p])
                }
            }
        }
    }
}

/// Collects indices into rows and puts full rows onto the picture.
struct GIFRows {
    private let frame: GIFFrame
    private let pixels: UnsafeMutablePointer<UInt32>
    private let width: Int, height: Int
    private let colors: UnsafePointer<UInt32>
    private var row: [UInt8]
    private var x = 0, y = 0, pass = 0

    init(frame: GIFFrame, pixels: UnsafeMutablePointer<UInt32>, width: Int, height: Int, colors: UnsafePointer<UInt32>) {
        self.frame = frame; self.pixels = pixels; self.width = width; self.height = height; self.colors = colors
        row = [UInt8](repeating: 0, count: frame.width)
    }

    /// Takes a string of indices; false when the frame is full.
    mutating func put(_ string: UnsafePointer<UInt8>, _ count: Int) -> Bool {
        var done = 0
        while done < count {
            if y >= frame.height { return false }
            let n = min(count - done, frame.width - x)
            row.withUnsafeMutableBufferPointer { out in
                if n <= 16 {
                    for i in 0..<n { out[x &+ i] = string[done &+ i] }
                } else {
                    UnsafeMutableRawPointer(out.baseAddress! + x).copyMemory(from: string + done, byteCount: n)
                }
            }
            x += n
            done += n
            if x == frame.width {
                show(x)
                x = 0
                nextRow()
            }
        }
        return y < frame.height
    }

    /// Shows a row that was not filled.
    mutating func flush() { if x > 0 && y < frame.height { show(x) } }

    private func show(_ count: Int) {
        let line = frame.top + y, shown = min(count, width - frame.left)
        guard line < height, shown > 0 else { return }
        let out = pixels + (line * width + frame.left), transparent = frame.transparentIndex
        row.withUnsafeBufferPointer { row in
            for i in 0..<shown {
                let index = Int(row[i])
                if index != transparent { out[i] = colors[index] }
            }
        }
    }

    /// Rows of an interlaced frame: every 8th, then the 4ths, 2nds and odd ones (Appendix E).
    private mutating func nextRow() {
        guard frame.isInterlaced else {
            y += 1
            return
        }
        y += pass == 0 ? 8 : 16 >> pass
        while y >= frame.height && pass < 3 {
            pass += 1
            y = 8 >> pass
        }
    }
}

enum LZWDecoder {
    private static let codeCountMax = 4096

    /// Decodes until the end code, the end of the data, a full frame, or a code that cannot be. Once the table is full it
    /// stays as it is until a clear code comes ("deferred clear").
    static func run(_ data: UnsafeBufferPointer<UInt8>, _ minimum: Int, _ rows: inout GIFRows) {
        // By code: the code before, the last index, the length of the string. The string is written backwards to the end of `scratch`.
        var prefix = [UInt16](repeating: 0, count: codeCountMax), lengths = [UInt16](repeating: 1, count: codeCountMax)
        var suffix = [UInt8](repeating: 0, count: codeCountMax), scratch = [UInt8](repeating: 0, count: codeCountMax + 1)
        prefix.withUnsafeMutableBufferPointer { prefix in
            lengths.withUnsafeMutableBufferPointer { lengths in
                suffix.withUnsafeMutableBufferPointer { suffix in
                    scratch.withUnsafeMutableBufferPointer { scratch in
                        decode(data, minimum, &rows, prefix.baseAddress!, lengths.baseAddress!, suffix.baseAddress!, scratch.baseAddress!)
                    }
                }
            }
        }
    }

    private static func decode(_ data: UnsafeBufferPointer<UInt8>, _ minimum: Int, _ rows: inout GIFRows, _ prefix: UnsafeMutablePointer<UInt16>,
                               _ lengths: UnsafeMutablePointer<UInt16>, _ suffix: UnsafeMutablePointer<UInt8>, _ scratch: UnsafeMutablePointer<UInt8>) {
        let clear = 1 << minimum, end = clear + 1
        for i in 0..<min(clear, 256) { suffix[i] = UInt8(i) }
        var width = minimum + 1, next = end + 1, previous = -1, first: UInt8 = 0
        var bits: UInt32 = 0, bitCount = 0, at = 0
        while true {
            while bitCount < width {
                if at >= data.count { return }
                bits |= UInt32(data[at]) << UInt32(bitCount)
                at += 1
                bitCount += 8
            }
            let code = Int(bits & (1 << UInt32(width) - 1))
            bits >>= UInt32(width)
            bitCount -= width
            if code == end { return }
            if code == clear {
                (width, next, previous) = (minimum + 1, end + 1, -1)
                continue
            }
            if code > next || code == next && previous < 0 || code >= codeCountMax || previous < 0 && code > end { return }
            var link = code, length: Int
            if code == next {                       // the string that is being defined: the previous one and its own first index
                length = Int(lengths[previous]) + 1
                scratch[length - 1] = first
                link = previous
            } else {
                length = Int(lengths[code])
            }
            var place = code == next ? length - 2 : length - 1
            while place > 0 {
                scratch[place] = suffix[link]
                link = Int(prefix[link])
                place -= 1
            }
            first = suffix[link]
            scratch[0] = first
            if !rows.put(scratch, length) { return }
            if previous >= 0 && next < codeCountMax {
                prefix[next] = UInt16(previous)
                suffix[next] = first
                lengths[next] = lengths[previous] + 1
                next += 1
                if next == 1 << width && width < 12 { width += 1 }
            }
            previous = code
        }
    }
}
