// The rasteriser: known areas, clipping, layers, images, golden hashes (equal in debug and release builds).
import Testing
import Foundation
@testable import Graphics

/// Appends a run of text; returns the end of the pen in 26.6.
@discardableResult
func addText(_ list: inout DisplayList, _ fonts: FontLibrary, _ id: Int32, _ px: Int32, _ text: String, x: Int32, y: Int32, _ color: Color = .black) -> Int32 {
    let size = px << 6
    var pen = x << 6, run: [PositionedGlyph] = [], last: UInt16 = 0
    let face = fonts.face(id)
    for s in text.unicodeScalars {
        let g = face.glyph(for: s.value)
        pen += face.kerning(last, g, size: size)
        run.append(PositionedGlyph(glyph: g, x: pen, y: y << 6))
        pen += face.advance(g, size: size)
        last = g
    }
    list.append(.glyphs(fontID: id, size: size, color, run))
    return pen
}

@Suite struct RasteriserTests {
    let fonts = TestFonts.library()

    @Test func coverageIsExactArea() {
        func sum(_ box: CoverageBox) -> Int { var b: [UInt8] = []; box.resolve(into: &b); return b.reduce(0) { $0 + Int($1) } }
        func polygon(_ w: Int, _ h: Int, _ p: [(Int32, Int32)]) -> CoverageBox {
            var box = CoverageBox(width: w, height: h)
            for i in 0..<p.count { let q = p[(i + 1) % p.count]; box.line(p[i].0, p[i].1, q.0, q.1) }
            return box
        }
        #expect(sum(polygon(4, 4, [(0, 0), (1024, 0), (1024, 1024), (0, 1024)])) == 16 * 255)
        // Half a pixel on each side: 9 pixels of area however it is split.
        #expect(abs(sum(polygon(4, 4, [(128, 128), (896, 128), (896, 896), (128, 896)])) - 9 * 255) <= 8)
        #expect(abs(sum(polygon(4, 4, [(0, 0), (1024, 1024), (0, 1024)])) - 8 * 255) <= 4)
        #expect(abs(sum(polygon(10, 10, [(1280, 0), (2560, 1280), (1280, 2560), (0, 1280)])) - 50 * 255) <= 20)
        // A circle of radius 100 from quadratic curves: π r² within 1 %.
        var box = CoverageBox(width: 200, height: 200)
        let r = 25600.0, n = 16
        func at(_ a: Double, _ k: Double) -> (Int32, Int32) { (Int32(25600 + k * cos(a)), Int32(25600 + k * sin(a))) }
        for i in 0..<n {
            let a0 = Double(i) * 2 * .pi / Double(n), a1 = Double(i + 1) * 2 * .pi / Double(n)
            let p = at(a0, r), q = at(a1, r), c = at((a0 + a1) / 2, r / cos(.pi / Double(n)))
            box.curve(p.0, p.1, c.0, c.1, q.0, q.1)
        }
        #expect(abs(Double(sum(box)) / 255 - Double.pi * 10000) < 100)
    }

    @Test func roundedCornerArea() {
        for radius in [1, 3, 8, 40, 200] {
            let m = CornerMask(radius: radius)
            let area = m.bytes.reduce(0.0) { $0 + Double($1) } / 255
            #expect(abs(area - Double.pi * Double(radius * radius) / 4) < max(0.3, Double(radius) * 0.05))
        }
    }

    @Test func blendingIsExact() {
        for a in stride(from: 0, through: 255, by: 5) {
            for v in stride(from: 0, through: 255, by: 3) {
                let p = scalePixel(0x01010101 &* UInt32(v), UInt32(a))
                #expect(p & 255 == UInt32((Double(v * a) / 255).rounded()) && p >> 24 == p & 255)
            }
        }
        #expect(sourceOver(Color(255, 0, 0, 128).pixel, 0xFFFFFFFF) == 0xFFFF7F7F)
    }

    /// Fills are copies of their first pixels: every width and stride gives exactly the rectangle.
    @Test func opaqueFillsAreExact() {
        let background: UInt32 = 0xFF11_2233, height = 5
        for stride in [1, 7, 8, 9, 17, 40, 131] {
            for left in [0, 1, 3] where left < stride {
                for width in [1, 7, 8, 15, 16, 17, 33, 64, 131] where left + width <= stride {
                    var pixels = [UInt32](repeating: background, count: stride * height)
                    pixels.withUnsafeMutableBufferPointer { p in
                        var list = DisplayList()
                        list.append(.fill(Rect(Int32(left), 1, Int32(width), 3), Color(rgb: 0xABCDEF)))
                        Rasteriser(fonts: fonts).draw(list, into: Surface(base: p.baseAddress!, width: stride, height: height, strideWords: stride))
                    }
                    let expected = (0..<stride * height).map { i -> UInt32 in
                        let x = i % stride, y = i / stride
                        return x >= left && x < left + width && y >= 1 && y < 4 ? 0xFFAB_CDEF : background
                    }
                    #expect(pixels == expected, "stride \(stride), \(width) pixels from \(left)")
                }
            }
        }
    }
    @Test func masksSkipOnlyEmptyPixels() {
        var memo = BlendMemo()
        defer { memo.release() }
        memo.use(0xFFFF_FFFF, over: 0xFF00_0000)
        for count in 0...13 {
            for mark in 0..<max(1, count) {
                var coverage = [UInt8](repeating: 0, count: count), row = [UInt32](repeating: 0xFF00_0000, count: count)
                if count > 0 { coverage[mark] = 255 }
                coverage.withUnsafeBufferPointer { c in
                    row.withUnsafeMutableBufferPointer { p in
                        if let to = p.baseAddress, let from = c.baseAddress { Blend.mask(to, from, count, 0xFFFF_FFFF, 0xFF00_0000, memo.results) }
                    }
                }
                #expect(row.indices.allSatisfy { row[$0] == (coverage[$0] == 255 ? 0xFFFF_FFFF : 0xFF00_0000) })
            }
        }
    }

    /// What the memo remembers is what blending gives, also when the background changes in mid-row.
    @Test func rememberedBlendsAreExact() {
        var memo = BlendMemo()
        defer { memo.release() }
        let coverage = (0..<512).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        for pixel in [UInt32(0xFF00_0000), 0xFF33_66CC, 0x8040_2010] {
            for background in [UInt32(0xFFFF_FFFF), 0xFF20_3040, 0] {
                memo.use(pixel, over: background)
                for round in 0..<2 {
                    var row = (0..<512).map { $0 % 9 == 4 ? UInt32(0xFF77_7777) : background }
                    let expected = row.indices.map { coverage[$0] == 0 ? row[$0] : Blend.covered(pixel, UInt32(coverage[$0]), row[$0]) }
                    coverage.withUnsafeBufferPointer { c in
                        row.withUnsafeMutableBufferPointer { p in Blend.mask(p.baseAddress!, c.baseAddress!, 512, pixel, background, memo.results) }
                    }
                    #expect(row == expected, "round \(round)")
                }
            }
        }
    }

    /// Others' pixels are blended in their own size, cut at rectangle, clip and target; a zoomed list moves them only.
    @Test func surfacesAreComposed() {
        var source: [UInt32] = [0xFF11_1111, 0x8000_0080, 0, 0xFF44_4444, 0xFF55_5555, 0xFF66_6666]     // 3 x 2
        var target = [UInt32](repeating: 0xFFFF_FFFF, count: 6 * 4)
        source.withUnsafeMutableBufferPointer { p in
            var list = DisplayList()
            list.append(.surface(Surface(base: p.baseAddress!, width: 3, height: 2, strideWords: 3), Rect(1, 1, 3, 1)))
            list.append(.surface(Surface(base: p.baseAddress!, width: 3, height: 2, strideWords: 3), Rect(5, 3, 30, 30)))
            target.withUnsafeMutableBufferPointer { t in Rasteriser(fonts: fonts).draw(list, into: Surface(base: t.baseAddress!, width: 6, height: 4, strideWords: 6)) }
            guard case .surface(let same, let r)? = list.scaled(percent: 150).items.first else { Issue.record("no surface"); return }
            #expect(same.width == 3 && r == Rect(1, 1, 3, 1).scaled(percent: 150) && r.width == 4)
        }
        let clear: UInt32 = 0xFFFF_FFFF
        #expect(Array(target[6..<12]) == [clear, 0xFF11_1111, 0xFF7F_7FFF, clear, clear, clear])
        #expect(Array(target[12..<18]) == [UInt32](repeating: clear, count: 6), "cut at its rectangle")
        #expect(target[23] == 0xFF11_1111)
    }
    @Test func clipsAndLayers() {
        let canvas = Canvas(20, 20)
        var list = DisplayList()
        list.append(.pushClip(Rect(5, 5, 5, 5)))
        list.append(.pushOpacity(128))
        list.append(.fill(Rect(0, 0, 100, 100), Color(0, 0, 0)))
        list.append(.pushClip(Rect(6, 6, 1, 1)))
        list.append(.fill(Rect(-5, -5, 100, 100), Color(255, 0, 0)))
        list.append(.popOpacity)                       // also ends the clip inside
        list.append(.popClip)
        list.append(.popClip); list.append(.popOpacity)   // too many: ignored
        list.append(.fill(Rect(0, 0, 1, 1), Color(0, 255, 0)))
        Rasteriser(fonts: fonts).draw(list, into: canvas.surface)
        #expect(canvas[0, 0] == 0xFF00FF00 && canvas[4, 5] == 0xFFFFFFFF && canvas[5, 5] == 0xFF7F7F7F && canvas[10, 9] == 0xFFFFFFFF)
        #expect(canvas[6, 6] == 0xFFFF7F7F)
    }

    @Test func imagesScale() {
        let b = Bitmap(width: 2, height: 2, pixels: [0xFFFF0000, 0xFF00FF00, 0xFF0000FF, 0xFFFFFFFF])
        let canvas = Canvas(16, 16, fill: 0)
        var list = DisplayList()
        list.append(.image(b, source: Rect(0, 0, 2, 2), destination: Rect(0, 0, 8, 8)))      // nearest
        list.append(.image(b, source: Rect(0, 0, 2, 2), destination: Rect(8, 0, 1, 1)))      // average
        list.append(.image(b, source: Rect(1, 0, 1, 2), destination: Rect(0, 9, 3, 7)))      // bilinear
        list.append(.image(b, source: Rect(-5, 0, 100, 100), destination: Rect(12, 12, 2, 2)))
        Rasteriser(fonts: fonts).draw(list, into: canvas.surface)
        #expect(canvas[3, 3] == 0xFFFF0000 && canvas[4, 3] == 0xFF00FF00 && canvas[7, 7] == 0xFFFFFFFF)
        #expect(canvas[8, 0] == 0xFF808080)
        #expect(canvas[1, 9] == 0xFF00FF00 && canvas[1, 15] == 0xFFFFFFFF)
        #expect(canvas[12, 12] == 0xFFFF0000)
    }

    @Test func hostileListsStayInside() {
        // A canvas inside a larger one: the border must not change.
        let outer = Canvas(64, 64, fill: 0xFF123456)
        let inner = Surface(base: outer.surface.row(16) + 16, width: 32, height: 32, strideWords: 64)
        var seed: UInt64 = 7
        func next(_ n: UInt64) -> Int32 { seed = seed &* 6364136223846793005 &+ 1442695040888963407; return Int32(truncatingIfNeeded: (seed >> 33) % n) }
        func coordinate() -> Int32 { switch next(5) { case 0: .max; case 1: .min; case 2: next(100000) - 50000; default: next(80) - 20 } }
        func rect() -> Rect { Rect(coordinate(), coordinate(), coordinate(), coordinate()) }
        let bitmap = Bitmap(width: 3, height: 5, pixels: [UInt32](repeating: 0xFF00FF00, count: 15))
        let rasteriser = Rasteriser(fonts: fonts)
        for _ in 0..<400 {
            var list = DisplayList()
            for _ in 0..<20 {
                let c = Color(UInt8(next(256)), 9, 9, UInt8(next(256)))
                switch next(11) {
                case 0: list.append(.fill(rect(), c))
                case 1: list.append(.roundedFill(rect(), radius: coordinate(), c))
                case 2: list.append(.verticalGradient(rect(), top: c, bottom: .black))
                case 3: list.append(.line(x0: coordinate(), y0: coordinate(), x1: coordinate(), y1: coordinate(), thickness: coordinate(), c))
                case 4: list.append(.dashedRect(rect(), dash: coordinate(), c))
                case 5: list.append(.glyphs(fontID: coordinate(), size: next(3) == 0 ? coordinate() : 2000, c, [PositionedGlyph(glyph: UInt16(next(65536)), x: coordinate(), y: coordinate())]))
                case 6: list.append(.image(bitmap, source: rect(), destination: rect()))
                case 7: list.append(.pushClip(rect()))
                case 8: list.append(.popClip)
                case 9: list.append(.pushOpacity(UInt8(next(256))))
                default: list.append(.popOpacity)
                }
            }
            rasteriser.draw(list, into: inner, clip: rect(), offsetX: coordinate(), offsetY: coordinate())
        }
        for y in 0..<64 { for x in 0..<64 where x < 16 || y < 16 || x >= 48 || y >= 48 { #expect(outer[x, y] == 0xFF123456) } }
    }

    @Test func goldenSample() {
        let canvas = Canvas(560, 330)
        let list = sample()
        let rasteriser = Rasteriser(fonts: fonts)
        rasteriser.draw(list, into: canvas.surface)
        if let path = ProcessInfo.processInfo.environment["TERRARIUM_SAMPLES"] { canvas.writePPM(path + "/graphics-sample.ppm") }
        // The second pass draws from the cache, in two halves: the same pixels.
        let again = Canvas(560, 330)
        rasteriser.draw(list, into: again.surface, clip: Rect(0, 0, 200, 330), offsetX: 0, offsetY: 0)
        rasteriser.draw(list, into: again.surface, clip: Rect(200, 0, 360, 330), offsetX: 0, offsetY: 0)
        #expect(again.hash == canvas.hash)
        #expect(canvas.hash == 18397567674645914754)
    }

    func sample() -> DisplayList {
        var list = DisplayList()
        addText(&list, fonts, 0, 16, "The quick brown fox jumps over the lazy dog. AVATAR To 0123456789", x: 10, y: 24)
        addText(&list, fonts, 1, 16, "Bold: pack my box with five dozen liquor jugs", x: 10, y: 48)
        addText(&list, fonts, 2, 16, "Serif: Sphinx of black quartz, judge my vow — “quoted” éèüß", x: 10, y: 72)
        addText(&list, fonts, 4, 13, "mono: let x = array[i] &+ 0x1F; // comment {}|", x: 10, y: 94, Color(0, 90, 0))
        addText(&list, fonts, 0 | FontLibrary.slantFlag, 16, "Slanted by the rasteriser", x: 10, y: 118, Color(0x33, 0x33, 0xAA))
        addText(&list, fonts, 0, 11, "Small text at eleven pixels, still readable, we hope.", x: 260, y: 118)
        addText(&list, fonts, 3, 40, "Heading Rg&@", x: 10, y: 165)
        list.append(.roundedFill(Rect(10, 180, 120, 60), radius: 14, Color(0x30, 0x70, 0xC0)))
        list.append(.roundedFill(Rect(30, 195, 60, 60), radius: 30, Color(255, 80, 0, 128)))
        list.append(.verticalGradient(Rect(150, 180, 100, 60), top: Color(255, 255, 255), bottom: Color(40, 40, 90)))
        for i in Int32(0)..<6 { list.append(.line(x0: 270, y0: 240, x1: 270 + i * 20, y1: 180, thickness: 1 + i, Color(120, 0, 60))) }
        list.append(.dashedRect(Rect(10, 270, 200, 2), dash: 4, .black))
        list.append(.dashedRect(Rect(220, 260, 1, 50), dash: 1, .black))
        let b = Bitmap(width: 8, height: 8)
        for i in 0..<64 { b.pixels[i] = (i + i / 8) & 1 == 0 ? 0xFF2040FF : 0xFFFFE080 }
        list.append(.image(b, source: Rect(0, 0, 8, 8), destination: Rect(400, 180, 32, 32)))
        list.append(.image(b, source: Rect(0, 0, 8, 8), destination: Rect(440, 180, 45, 45)))
        list.append(.image(b, source: Rect(0, 0, 8, 8), destination: Rect(490, 180, 5, 5)))
        list.append(.pushOpacity(120))
        list.append(.fill(Rect(300, 260, 60, 40), Color(200, 0, 0)))
        list.append(.fill(Rect(330, 270, 60, 40), Color(0, 0, 200)))
        list.append(.popOpacity)
        return list
    }
}
