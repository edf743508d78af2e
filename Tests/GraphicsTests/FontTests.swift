// Font tables: values of DejaVu Sans, and hostile data.
import Testing
import Graphics

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
