// Patterns, filters, text baselines, compressed files and the page's style sheets inside svg elements (SVG 2 §14.3, §6, §11.10,
// Filter Effects 1 §9, RFC 1952; IMG-*, CSS-*, issue 4).
import CSS
import DOM
import Foundation
import Graphics
import HTML
import Images
import Layout
import XCTest
@testable import SVG

final class SVGPaintTests: XCTestCase {
    private func draw(_ content: String, _ size: Int = 40) -> Bitmap {
        SVGImage(Array("<svg xmlns='http://www.w3.org/2000/svg' width='\(size)' height='\(size)'>\(content)</svg>".utf8))!.render(width: size, height: size, fonts: testFonts)
    }
    private func pixel(_ b: Bitmap, _ x: Int, _ y: Int) -> UInt32 { b.pixels[y * b.width + x] }

    func testPatternRepeatsItsTile() {
        let tile = "<rect width='5' height='5' fill='red'/><rect x='5' y='5' width='5' height='5' fill='#00f'/>"
        let b = draw("<pattern id='p' width='10' height='10' patternUnits='userSpaceOnUse'>\(tile)</pattern><rect width='40' height='30' fill='url(#p)'/>")
        for (x, y, color) in [(2, 2, 0xFFFF_0000), (7, 7, 0xFF00_00FF), (7, 2, 0), (12, 22, 0xFFFF_0000), (37, 27, 0xFF00_00FF), (2, 35, 0)] as [(Int, Int, UInt32)] {
            XCTAssertEqual(pixel(b, x, y), color, "(\(x), \(y))")
        }
        // In shares of the box, half transparent, by reference, and moved by a transform.
        let shares = draw("<pattern id='a' width='.5' height='.5'><rect width='10' height='20' fill='red'/></pattern><pattern id='b' href='#a'/><rect width='40' height='40' fill='url(#b)' fill-opacity='.5'/>")
        XCTAssertEqual(pixel(shares, 5, 5), 0x8080_0000)
        XCTAssertEqual(pixel(shares, 15, 5), 0)
        XCTAssertEqual(pixel(shares, 25, 25), 0x8080_0000)
        let moved = draw("<pattern id='p' width='10' height='10' patternUnits='userSpaceOnUse' patternTransform='translate(5 0)'>\(tile)</pattern><rect width='40' height='40' fill='url(#p)'/>")
        XCTAssertEqual(pixel(moved, 7, 2), 0xFFFF_0000)
        // A pattern that paints itself, or nothing, paints nothing or the fallback.
        XCTAssertEqual(pixel(draw("<pattern id='p' width='9' height='9' patternUnits='userSpaceOnUse'><rect width='9' height='9' fill='url(#p)'/></pattern><rect width='9' height='9' fill='url(#p)'/>"), 4, 4), 0)
        XCTAssertEqual(pixel(draw("<pattern id='p' width='0' height='9' patternUnits='userSpaceOnUse'><path d='M0 0h9v9z'/></pattern><rect width='9' height='9' fill='url(#p) lime'/>"), 4, 4), 0xFF00_FF00)
    }

    func testFilterChains() {
        let shadow = draw("<filter id='f' x='-1' y='-1' width='3' height='3'><feOffset in='SourceAlpha' dx='8' dy='4' result='o'/><feFlood flood-color='lime'/><feComposite in2='o' operator='in' result='s'/><feMerge><feMergeNode in='s'/><feMergeNode in='SourceGraphic'/></feMerge></filter><rect x='4' y='4' width='10' height='10' fill='red' filter='url(#f)'/>")
        XCTAssertEqual(pixel(shadow, 8, 8), 0xFFFF_0000)
        XCTAssertEqual(pixel(shadow, 18, 14), 0xFF00_FF00)
        XCTAssertEqual(pixel(shadow, 25, 8), 0)
        let drop = draw("<filter id='f' x='-1' y='-1' width='3' height='3'><feDropShadow dx='10' dy='0' stdDeviation='0' flood-color='blue' flood-opacity='.5'/></filter><rect x='4' y='4' width='8' height='8' filter='url(#f)'/>")
        XCTAssertEqual(pixel(drop, 8, 8), 0xFF00_0000)
        XCTAssertEqual(pixel(drop, 16, 8), 0x8000_0080)
        // Grey of red: in light by default, on sRGB values when asked for.
        func grey(_ attributes: String) -> UInt32 { pixel(draw("<filter id='f' \(attributes)><feColorMatrix type='saturate' values='0'/></filter><rect width='20' height='20' fill='red' filter='url(#f)'/>"), 9, 9) & 255 }
        XCTAssertEqual(Int(grey("")), 127, accuracy: 1)
        XCTAssertEqual(Int(grey("color-interpolation-filters='sRGB'")), 54, accuracy: 1)
        let inverted = draw("<filter id='f' color-interpolation-filters='sRGB'><feComponentTransfer><feFuncR type='table' tableValues='1 0'/><feFuncG type='linear' slope='.5'/></feComponentTransfer></filter><rect width='20' height='20' fill='#f0f' filter='url(#f)'/><rect y='20' width='20' height='20' fill='lime' filter='url(#f)'/>")
        XCTAssertEqual(pixel(inverted, 9, 9), 0xFF00_00FF)
        XCTAssertEqual(pixel(inverted, 9, 30), 0xFFFF_8000)
        // The region cuts; a filter without known steps changes nothing.
        let cut = draw("<filter id='f' x='0' y='0' width='.5' height='1'><feOffset/></filter><rect width='20' height='20' filter='url(#f)'/>")
        XCTAssertEqual(pixel(cut, 5, 5), 0xFF00_0000)
        XCTAssertEqual(pixel(cut, 15, 5), 0)
        XCTAssertEqual(pixel(draw("<filter id='f'><feTurbulence/></filter><rect width='20' height='20' filter='url(#f)'/>"), 9, 9), 0xFF00_0000)
    }

    func testBlendModes() {
        XCTAssertEqual(PixelBlend.blend(0xFF80_8080, 0xFF80_0000, "multiply"), 0xFF40_0000)
        XCTAssertEqual(PixelBlend.blend(0xFF80_8080, 0xFF00_00FF, "screen"), 0xFF80_80FF)
        XCTAssertEqual(PixelBlend.composite(0xFFFF_0000, 0x8000_0080, "out", []), 0x7F7F_0000)
        XCTAssertEqual(PixelBlend.composite(0xFF64_0000, 0xFF32_0000, "arithmetic", [.zero, .one, .one, .zero]), 0xFF96_0000)
    }

    func testPageSheetsReachInlineSVG() {
        let html = "<!DOCTYPE html><style>svg.a rect{fill:#0f0}.b{--c:#00f}.b rect{fill:var(--c)!important}.b rect{fill:red}svg{color:#f0f}.c rect{fill:currentColor}.d > rect:nth-child(2){fill:red;opacity:.5}.e rect{display:none}</style>"
            + "<svg class=a width=10 height=10><rect width=10 height=10 fill=red /></svg><svg class=b width=10 height=10><rect width=10 height=10 /></svg><svg class=c width=10 height=10><rect width=10 height=10 /></svg>"
            + "<svg class=d width=10 height=10><rect width=5 height=10 /><rect x=5 width=5 height=10 /></svg><svg class=e width=10 height=10><rect width=10 height=10 /></svg><svg class=a width=10 height=10><rect style='fill:#123' width=10 height=10 /></svg>"
        let document = Document(), parser = HTMLParser(document: document)
        parser.feed(Array(html.utf8))
        parser.finish()
        let styles = StyleEngine(document: document)
        styles.addUserAgentSheet()
        var n = document.root, pictures: [Bitmap] = []
        while !n.isNone { if document.isHTML(n, .style) { styles.addAuthorSheet(document.textContent(n)) }; n = document.next(n, within: document.root) }
        styles.computeStyles()
        n = document.root
        while !n.isNone {
            if document.isElement(n), document.name(n).string == "svg" { pictures.append(SVGElement.render(document, n, width: 10, height: 10, viewportWidth: 10, viewportHeight: 10, styles: styles, fonts: testFonts)) }
            n = document.next(n, within: document.root)
        }
        XCTAssertEqual(pictures.map { pixel($0, 7, 5) }, [0xFF00_FF00, 0xFF00_00FF, 0xFFFF_00FF, 0x8080_0000, 0, 0xFF11_2233])
        XCTAssertEqual(pixel(pictures[3], 2, 5), 0xFF00_0000)
    }

    func testTextInheritsThePagesFontAndItsBaseline() throws {
        guard !testFonts.isEmpty else { return }
        func rows(_ attributes: String) -> ClosedRange<Int> {
            let b = draw("<text x='2' y='20' font-size='16' font-family='dejavu sans' \(attributes)>x</text>")
            let used = (0..<40).filter { y in (0..<40).contains { pixel(b, $0, y) != 0 } }
            return (used.first ?? 0)...(used.last ?? 0)
        }
        let plain = rows("")
        XCTAssertEqual(plain.upperBound, 19)
        XCTAssertGreaterThan(rows("dominant-baseline='hanging'").lowerBound, 20)
        let middle = rows("dominant-baseline='middle'")
        XCTAssertTrue(middle.contains(20))
        XCTAssertEqual(Double(middle.lowerBound + middle.upperBound) / 2, 19.5, accuracy: 1)
    }

    func testCompressedFile() throws {
        let svg = Array("<svg xmlns='http://www.w3.org/2000/svg' width='20' height='10'><rect width='20' height='10' fill='lime'/></svg>".utf8)
        // One stored block of deflate (RFC 1951 §3.2.4) in a member with a name and an extra field.
        func member(_ bytes: [UInt8], flags: UInt8, _ fields: [UInt8]) -> [UInt8] {
            let count = UInt16(bytes.count)
            return [0x1F, 0x8B, 8, flags, 0, 0, 0, 0, 0, 255] + fields + [1, UInt8(count & 255), UInt8(count >> 8), UInt8(~count & 255), UInt8(~count >> 8)] + bytes + [UInt8](repeating: 0, count: 8)
        }
        for file in [member(svg, flags: 0, []), member(svg, flags: 12, [3, 0, 1, 2, 3] + Array("a.svg".utf8) + [0])] {
            let image = try XCTUnwrap(SVGImage(file))
            XCTAssertEqual(image.naturalSize.width, Fixed(20))
            XCTAssertEqual(pixel(image.render(width: 20, height: 10, fonts: testFonts), 5, 5), 0xFF00_FF00)
        }
        XCTAssertNil(SVGImage(member(svg, flags: 4, [255, 255])))
        XCTAssertNil(Gzip.inflate(member([UInt8](repeating: 1, count: 5000), flags: 0, []), byteCountMax: 1000), "more than the limit")
        XCTAssertNil(SVGImage([0x1F, 0x8B, 8] + [UInt8](repeating: 0xFF, count: 40)))
    }
}
