// Words as coverage masks, drawn by the guest's own rasteriser, and the question whether pixels show one.

import Foundation
import Graphics
import Machine

/// The fonts of an image, loaded on the host as programs load them in the guest.
enum ImageFonts {
    static func load(_ image: SystemImage) throws -> FontLibrary {
        let library = FontLibrary()
        for (file, family, isBold) in [("DejaVuSans.ttf", "dejavu sans", false), ("DejaVuSans-Bold.ttf", "dejavu sans", true), ("DejaVuSerif.ttf", "dejavu serif", false),
                                       ("DejaVuSerif-Bold.ttf", "dejavu serif", true), ("DejaVuSansMono.ttf", "dejavu sans mono", false),
                                       ("DejaVuSansMono-Bold.ttf", "dejavu sans mono", true)] {
            guard let entry = image.files.first(where: { $0.name == "fonts/" + file }), let data = FileManager.default.contents(atPath: image.location(entry).path) else { continue }
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: data.count, alignment: 16)   // faces look into it for the life of the process
            data.copyBytes(to: memory)
            if let face = FontFace(data: UnsafeRawBufferPointer(memory)) { library.add(face, family: family, bold: isBold, italic: false) }
        }
        if library.isEmpty { throw TerrariumError(.missing, "the image has no fonts: text on the screen cannot be searched") }
        return library
    }
}

/// Glyphs and their pen positions (26.6) from the start of a word.
struct ShapedWord {
    var glyphs: [UInt16] = []
    var offsets: [Int32] = []
    var width: Int32 = 0

    /// `isLigated`: as pages set it, with the ligatures of f where the face has them.
    init(_ word: Substring, _ face: FontFace, size: Int32, isLigated: Bool = false) {
        var last: UInt16?
        for scalar in ShapedWord.scalars(word, face, isLigated) {
            let glyph = face.glyph(for: scalar)
            if let last { width += face.kerning(last, glyph, size: size) }
            glyphs.append(glyph)
            offsets.append(width)
            width += face.advance(glyph, size: size)
            last = glyph
        }
    }
}

extension ShapedWord {
    init(glyph: UInt16, width: Int32) { glyphs = [glyph]; offsets = [0]; self.width = width }

    private static let ligatures: [(letters: [UInt32], form: UInt32)] = [([0x66, 0x66, 0x69], 0xFB03), ([0x66, 0x66, 0x6C], 0xFB04), ([0x66, 0x66], 0xFB00), ([0x66, 0x69], 0xFB01), ([0x66, 0x6C], 0xFB02)]

    static func scalars(_ word: Substring, _ face: FontFace, _ isLigated: Bool) -> [UInt32] {
        var rest = word.unicodeScalars.map { $0.value }[...], out: [UInt32] = []
        while let first = rest.first {
            if isLigated, first == 0x66, let l = ligatures.first(where: { rest.starts(with: $0.letters) }), face.glyph(for: l.form) != 0 {
                out.append(l.form)
                rest = rest.dropFirst(l.letters.count)
            } else {
                out.append(first)
                rest = rest.dropFirst()
            }
        }
        return out
    }
}

/// Coverage of some glyphs around the pixel of the pen.
struct TextMask {
    var left = 0, top = 0              // of the first pixel, relative to the pen's pixel and the baseline
    var width = 0, height = 0
    var bytes: [UInt8] = []
    /// In each row an uncovered pixel, near the middle; -1 is the column left of the mask.
    private var clear: [Int] = []
    private var margin = 0             // columns at either side into which neighbours may reach (serifs, kerning)
    private var peak = -1              // pixel of the highest coverage
    private var edge = -1              // pixel of the highest coverage right of an uncovered one
    var edgeX: Int { edge % width }
    var edgeY: Int { edge / width }

    /// Nil when nothing is covered. `x` is the pen's position in 26.6, 0..<64.
    init?(_ word: ShapedWord, _ range: Range<Int>, x: Int32, fontID: Int32, size: Int32, _ rasteriser: Rasteriser) {
        let em = size >> 6, span = ((word.width + 63) >> 6) + 4 * em, w = Int(span), h = Int(4 * em)
        var canvas = [UInt32](repeating: 0xff00_0000, count: w * h)
        let originX = 2 * em, originY = 2 * em
        canvas.withUnsafeMutableBufferPointer { b in
            var list = DisplayList()
            let run = range.map { PositionedGlyph(glyph: word.glyphs[$0], x: (originX << 6) + x + word.offsets[$0], y: originY << 6) }
            list.append(.glyphs(fontID: fontID, size: size, .white, run))
            rasteriser.draw(list, into: Surface(base: b.baseAddress!, width: w, height: h, strideWords: w))
        }
        var x0 = w, x1 = -1, y0 = h, y1 = -1
        for y in 0..<h { for x in 0..<w where canvas[y * w + x] & 255 != 0 { x0 = min(x0, x); x1 = max(x1, x); y0 = min(y0, y); y1 = max(y1, y) } }
        guard x1 >= x0 else { return nil }
        width = x1 - x0 + 1
        height = y1 - y0 + 1
        left = x0 - Int(originX)
        top = y0 - Int(originY)
        bytes.reserveCapacity(width * height)
        for y in y0...y1 { for x in x0...x1 { bytes.append(UInt8(truncatingIfNeeded: canvas[y * w + x])) } }
        margin = width > 6 ? 2 : 0
        for y in 0..<height {
            for x in margin..<(width - margin) {
                let i = y * width + x
                if peak < 0 || bytes[i] > bytes[peak] { peak = i }
                if isEdge(i), edge < 0 || bytes[i] > bytes[edge] { edge = i }
            }
            let middle = width / 2
            clear.append((0..<width).filter { bytes[y * width + $0] == 0 }.min { abs($0 - middle) < abs($1 - middle) } ?? -1)
        }
        // A stem at the left (E, L, 2) has its only clear edges in the margin, into which a neighbour seldom reaches; a faint
        // one in the middle would be lost in grey text.
        if edge < 0 || bytes[edge] < TextMask.edgeMin { edge = bytes.indices.filter(isEdge).max { bytes[$0] < bytes[$1] } ?? -1 }
        if edge < 0 || bytes[edge] == 0 || bytes[peak] == 0 { return nil }
    }
    private func isEdge(_ i: Int) -> Bool { i % width == 0 || bytes[i - 1] == 0 }

    static let contrastMin = 24, tolerance: Int32 = 3
    /// Coverage of an edge that is seen at that contrast.
    private static let edgeMin: UInt8 = 128
    private static func channels(_ p: UInt32) -> (Int32, Int32, Int32) { (Int32(p >> 16 & 255), Int32(p >> 8 & 255), Int32(p & 255)) }

    /// Whether the pixels at (x, y) are this mask in one colour, over one background a row (rules and gradients lie under text).
    @inline(__always)
    func matches(_ pixels: UnsafePointer<UInt32>, _ stride: Int, _ frameHeight: Int, _ x: Int, _ y: Int) -> Bool {
        guard x >= 1, y >= 0, x + width <= stride, y + height <= frameHeight else { return false }
        let peakRow = peak / width
        let base = pixels + (y + peakRow) * stride + x
        let (br, bg, bb) = TextMask.channels(base[clear[peakRow]]), (pr, pg, pb) = TextMask.channels(base[peak % width])
        let c = Int32(bytes[peak])
        // The colour of the text, from the pixel it covers most.
        func full(_ b: Int32, _ p: Int32) -> Int32 { min(255, max(0, b + ((p - b) * 255) / c)) }
        let fr = full(br, pr), fg = full(bg, pg), fb = full(bb, pb)
        let contrast = max(abs(fr - br), abs(fg - bg), abs(fb - bb))
        if contrast < Int32(TextMask.contrastMin) { return false }
        let limit = TextMask.tolerance + (255 - c) / 24
        var faintRows = 0
        for row in 0..<height {
            let line = pixels + (y + row) * stride + x
            let (r, g, b) = TextMask.channels(line[clear[row]])
            if max(abs(fr - r), abs(fg - g), abs(fb - b)) < Int32(TextMask.contrastMin) { faintRows += 1 }
            for column in margin..<(width - margin) {
                let k = Int32(bytes[row * width + column])
                let (qr, qg, qb) = TextMask.channels(line[column])
                if abs((fr - r) * k - (qr - r) * 255) > limit * 255 || abs((fg - g) * k - (qg - g) * 255) > limit * 255 || abs((fb - b) * k - (qb - b) * 255) > limit * 255 { return false }
            }
        }
        return faintRows <= max(2, height / 6)
    }
}
