// Font tables: values of DejaVu Sans, and hostile data.
import Testing
@testable import Graphics

@Suite struct FontTests {
    @Test func metricsOfDejaVuSans() throws {
        let f = try #require(TestFonts.face(TestFonts.bytes("DejaVuSans.ttf")))
        #expect(f.unitsPerEm == 2048)
        #expect(f.ascent == 1901 && f.descent == 483 && f.lineGap == 0)
        #expect(f.xHeight == 1120)
        #expect(f.pixelAscent(size: 16 << 6) == 15 && f.pixelDescent(size: 16 << 6) == 4)
        let a = f.glyph(for: 65)
        #expect(a != 0 && f.glyph(for: 0x10FFFF) == 0)
        #expect(f.advanceUnits(a) == 1401)
        #expect(f.advance(a, size: 16 << 6) == 701)     // 1401 × 1024 / 2048 = 700.5
        #expect(f.kerning(f.glyph(for: 65), f.glyph(for: 86), size: 2048 * 64) < 0)     // "AV"
        #expect(f.kerning(f.glyph(for: 0x6E), f.glyph(for: 0x6E), size: 2048 * 64) == 0)
        let mono = try #require(TestFonts.face(TestFonts.bytes("DejaVuSansMono.ttf")))
        #expect(mono.isMonospaced && !f.isMonospaced)
    }

    @Test func matching() {
        let l = TestFonts.library()
        #expect(l.count == 6)
        #expect(l.match(families: ["nothing", "sans-serif"], weight: 400, italic: false) == 0)
        #expect(l.match(families: ["arial"], weight: 700, italic: false) == 1)
        #expect(l.match(families: ["nothing"], weight: 400, italic: false) == 2)
        let slanted = l.match(families: ["monospace"], weight: 400, italic: true)
        #expect(slanted == 4 | FontLibrary.slantFlag && l.isSlanted(slanted))
        #expect(l.face(slanted) === l.face(4))
        // U+2603 is in DejaVu Sans but not in the serif face.
        let serif: Int32 = 2
        #expect(l.fallback(for: 65, like: serif) == serif)
        #expect(l.face(l.fallback(for: 0x2603, like: serif)).glyph(for: 0x2603) != 0)
        #expect(l.fallback(for: 0xE000, like: serif) == serif || l.face(l.fallback(for: 0xE000, like: serif)).glyph(for: 0xE000) != 0)
    }
}

/// Fonts cut short or with flipped bytes: they load or not, and draw something or nothing, but never stop the program.
@Suite struct HostileFontTests {
    @Test func truncatedAndMutatedFonts() {
        let original = TestFonts.bytes("DejaVuSansMono.ttf")
        var seed: UInt64 = 0x5EED
        func next(_ n: Int) -> Int { seed = seed &* 6364136223846793005 &+ 1442695040888963407; return Int((seed >> 33) % UInt64(n)) }
        var loaded = 0
        let canvas = Canvas(40, 40)
        for round in 0..<300 {
            var bytes = original
            if round % 3 == 0 { bytes.removeLast(next(bytes.count)) }
            // Flips near the front hit the directory and the small tables; the rest hits outlines anywhere.
            for _ in 0..<(round % 3 == 0 ? 0 : 40) { bytes[next(round % 2 == 0 ? 4096 : bytes.count)] = UInt8(next(256)) }
            if round % 7 == 0 { for _ in 0..<20000 { bytes[next(bytes.count)] ^= UInt8(1 << next(8)) } }
            let p = UnsafeMutableRawBufferPointer.allocate(byteCount: bytes.count, alignment: 1)
            defer { p.deallocate() }
            p.copyBytes(from: bytes)
            guard let face = FontFace(data: UnsafeRawBufferPointer(p)) else { continue }
            loaded += 1
            let library = FontLibrary()
            library.add(face, family: "x", bold: false, italic: false)
            let rasteriser = Rasteriser(fonts: library)
            var list = DisplayList()
            for _ in 0..<30 {
                let g = face.glyph(for: UInt32(next(0x3000))), other = UInt16(next(70000) & 0xFFFF)
                _ = face.kerning(g, other, size: 1000)
                list.append(.glyphs(fontID: FontLibrary.slantFlag * Int32(next(2)), size: Int32(next(5000)), .black,
                                    [PositionedGlyph(glyph: g, x: 600, y: 1800), PositionedGlyph(glyph: other, x: 0, y: 1800)]))
            }
            rasteriser.draw(list, into: canvas.surface)
        }
        #expect(loaded > 50)
        #expect(FontFace(data: UnsafeRawBufferPointer(start: nil, count: 0)) == nil)
    }

    @Test func everyGlyphOfEveryFontDraws() {
        let fonts = TestFonts.library()
        for id in Int32(0)..<Int32(fonts.count) {
            let face = fonts.face(id)
            var empty = 0
            for g in stride(from: 0, to: face.glyphCount, by: 7) {
                if GlyphOutline(face, UInt16(g)).isEmpty { empty += 1 }
            }
            #expect(empty < 20)
        }
    }
}
