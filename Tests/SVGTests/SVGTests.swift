// SVG against geometry: areas, colours and positions that can be worked out by hand (IMG-*, issue 4 "Images").
import CSS
import DOM
import Foundation
import Graphics
import Images
import XCTest
@testable import SVG

/// Fonts of the host, which are also the guest's; empty where they are missing.
nonisolated(unsafe) let testFonts: FontLibrary = {
    let library = FontLibrary()
    for (file, family, bold) in [("DejaVuSans", "dejavu sans", false), ("DejaVuSans-Bold", "dejavu sans", true), ("DejaVuSerif", "dejavu serif", false)] {
        guard let data = FileManager.default.contents(atPath: "/usr/share/fonts/truetype/dejavu/\(file).ttf") else { continue }
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: data.count, alignment: 16)
        data.copyBytes(to: memory)
        if let face = FontFace(data: UnsafeRawBufferPointer(memory)) { library.add(face, family: family, bold: bold, italic: false) }
    }
    return library
}()

final class SVGTests: XCTestCase {
    private func draw(_ content: String, _ size: Int = 40, attributes: String = "", budget: VectorBudget = VectorBudget()) -> Bitmap {
        let text = "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' width='\(size)' height='\(size)' \(attributes)>\(content)</svg>"
        guard let image = SVGImage(Array(text.utf8)) else { XCTFail("not read: \(text.prefix(200))"); return Bitmap(width: 1, height: 1) }
        return image.render(width: size, height: size, fonts: testFonts, budget: budget)
    }
    private func pixel(_ b: Bitmap, _ x: Int, _ y: Int) -> UInt32 { b.pixels[y * b.width + x] }
    /// Sum of alpha in pixels.
    private func area(_ b: Bitmap) -> Double { b.pixels.reduce(0) { $0 + Double($1 >> 24) } / 255 }

    func testBasicShapes() {
        XCTAssertEqual(area(draw("<rect x='4' y='5' width='10' height='20'/>")), 200, accuracy: 0.01)
        XCTAssertEqual(area(draw("<circle cx='20' cy='20' r='15'/>")), .pi * 225, accuracy: 1.5)
        XCTAssertEqual(area(draw("<ellipse cx='20' cy='20' rx='15' ry='6'/>")), .pi * 90, accuracy: 1)
        XCTAssertEqual(area(draw("<rect width='30' height='30' rx='10'/>")), 900 - (400 - .pi * 100), accuracy: 1)
        XCTAssertEqual(area(draw("<polygon points='0,0 20,0 0,20'/>")), 200, accuracy: 1)
        XCTAssertEqual(area(draw("<line x1='5' y1='10' x2='25' y2='10' stroke='red' stroke-width='4'/>")), 80, accuracy: 0.1)
        XCTAssertEqual(area(draw("<polyline points='5,5 25,5 25,25' fill='none' stroke='#000' stroke-width='2'/>")), 80, accuracy: 0.2)
    }

    func testPathCommands() {
        XCTAssertEqual(area(draw("<path d='M5 5h20v10H5z'/>")), 200, accuracy: 0.1)
        XCTAssertEqual(area(draw("<path d='m5,5 20,0 0,10-20,0z'/>")), 200, accuracy: 0.1)
        XCTAssertEqual(area(draw("<path d='M5 5L25 5 25 15 5 15Zm10 20h5v5h-5z'/>")), 225, accuracy: 0.1)
        // A quarter of a disc by an arc; flags may stand without separators.
        XCTAssertEqual(area(draw("<path d='M20 0A20 20 0 0120 40V0z'/>")), .pi * 200, accuracy: 1)
        XCTAssertEqual(area(draw("<path d='M0 20a20 20 0 1 1 40 0a20 20 0 1 1-40 0z'/>")), .pi * 400, accuracy: 1.5)
        XCTAssertEqual(area(draw("<path d='M0 0Q20 0 20 20V0z'/>")), 400.0 / 6, accuracy: 1)
        XCTAssertEqual(area(draw("<path d='M0 10C0 4.477 4.477 0 10 0S20 4.477 20 10 15.523 20 10 20 0 15.523 0 10'/>")), .pi * 100, accuracy: 1)
        XCTAssertEqual(area(draw("<path d='M0 0Q10 10 20 0T40 0V20H0z'/>")), 800 - 200.0 / 3, accuracy: 1, "the second half lies above the picture")
        XCTAssertEqual(area(draw("<path d='M5 5h1e1v10H5zM30 30 L nonsense'/>")), 100, accuracy: 0.1, "an error ends the path, what came before is drawn")
    }

    func testFillRulesAndOpacity() {
        let twice = "M5 5h20v20H5zM10 10h10v10H10z"
        XCTAssertEqual(area(draw("<path d='\(twice)'/>")), 400, accuracy: 0.1)
        XCTAssertEqual(area(draw("<path fill-rule='evenodd' d='\(twice)'/>")), 300, accuracy: 0.1)
        XCTAssertEqual(area(draw("<path d='M5 5h20v20H5zM10 10v10h10v-10z'/>")), 300, accuracy: 0.1, "contours that turn the other way cancel")
        XCTAssertEqual(pixel(draw("<rect width='9' height='9' fill='red' fill-opacity='.5'/>"), 4, 4), 0x8080_0000)
        // A group is blended as a whole.
        let group = draw("<g opacity='0.5'><rect width='20' height='20' fill='red'/><rect width='20' height='20' fill='#00f'/></g>")
        XCTAssertEqual(pixel(group, 4, 4), 0x8000_0080)
    }

    func testTransformsAndUnits() {
        XCTAssertEqual(area(draw("<g transform='translate(10,10) scale(2)'><rect width='5' height='5'/></g>")), 100, accuracy: 0.1)
        let turned = draw("<rect x='-5' y='-5' width='10' height='10' transform='translate(20 20) rotate(45)'/>")
        XCTAssertEqual(area(turned), 100, accuracy: 0.5)
        XCTAssertEqual(pixel(turned, 20, 14) >> 24, 255)
        XCTAssertEqual(pixel(turned, 15, 15) >> 24, 0)
        XCTAssertEqual(area(draw("<rect width='5' height='4' transform='rotate(90 10 10)'/>")), 20, accuracy: 0.1)
        XCTAssertEqual(area(draw("<rect width='10' height='10' transform='matrix(1 0 .5 1 2 2)'/>")), 100, accuracy: 0.5)
        XCTAssertEqual(area(draw("<rect width='50%' height='1in' />", 200)), 100 * 96, accuracy: 0.1)
        XCTAssertEqual(area(draw("<rect width='12pt' height='1em'/>")), 256, accuracy: 0.1)
    }

    func testViewBox() {
        // Meet: the square lies in the middle. Slice fills. None stretches.
        let meet = draw("<rect width='10' height='5'/>", attributes: "viewBox='0 0 10 5'")
        XCTAssertEqual(area(meet), 800, accuracy: 0.1)
        XCTAssertEqual(pixel(meet, 20, 5), 0)
        XCTAssertEqual(pixel(draw("<rect width='10' height='5'/>", attributes: "viewBox='0 0 10 5' preserveAspectRatio='xMinYMin'"), 5, 5) >> 24, 255)
        XCTAssertEqual(area(draw("<rect width='10' height='5'/>", attributes: "viewBox='0 0 10 5' preserveAspectRatio='xMidYMid slice'")), 1600, accuracy: 0.1)
        XCTAssertEqual(area(draw("<rect width='10' height='5'/>", attributes: "viewBox='0 0 10 5' preserveAspectRatio='none'")), 1600, accuracy: 0.1)
    }

    func testStrokes() {
        func line(_ more: String) -> Double { area(draw("<path d='M10 20H30' stroke='#000' stroke-width='4' fill='none' \(more)/>")) }
        XCTAssertEqual(line(""), 80, accuracy: 0.1)
        XCTAssertEqual(line("stroke-linecap='square'"), 96, accuracy: 0.1)
        XCTAssertEqual(line("stroke-linecap='round'"), 80 + .pi * 4, accuracy: 0.5)
        XCTAssertEqual(line("stroke-dasharray='3 2'"), 4 * 12, accuracy: 0.2)
        XCTAssertEqual(line("stroke-dasharray='5' stroke-dashoffset='5'"), 40, accuracy: 0.2)
        func corner(_ join: String) -> Double { area(draw("<path d='M10 30V10H30' stroke='#000' stroke-width='8' fill='none' stroke-linejoin='\(join)'/>")) }
        // The quadrangles overlap in a quarter of the corner; the joins add to it.
        XCTAssertEqual(corner("miter"), 160 + 160 - 16 + 16, accuracy: 1)
        XCTAssertEqual(corner("bevel"), 160 + 160 - 16 + 8, accuracy: 1)
        XCTAssertEqual(corner("round"), 160 + 160 - 16 + 4 * .pi, accuracy: 1)
        XCTAssertEqual(area(draw("<path d='M20 20h0' stroke='#000' stroke-width='10' stroke-linecap='round'/>")), .pi * 25, accuracy: 1)
    }

    func testGradients() {
        let linear = draw("<linearGradient id='g'><stop offset='0' stop-color='#000'/><stop offset='1' stop-color='#fff'/></linearGradient><rect width='40' height='40' fill='url(#g)'/>")
        XCTAssertEqual(Int(pixel(linear, 20, 20) & 255), 131, accuracy: 3)
        XCTAssertEqual(Int(pixel(linear, 0, 20) & 255), 3, accuracy: 2)
        let radial = draw("<radialGradient id='g'><stop offset='0' stop-color='red'/><stop offset='1' stop-color='red' stop-opacity='0'/></radialGradient><rect width='40' height='40' fill='url(#g)'/>")
        XCTAssertGreaterThan(pixel(radial, 20, 20) >> 24, 240)
        XCTAssertEqual(pixel(radial, 0, 0), 0)
        XCTAssertEqual(Int(pixel(radial, 30, 20) >> 24), 121, accuracy: 6)
        let linked = draw("<linearGradient id='a'><stop stop-color='lime'/></linearGradient><linearGradient id='b' xlink:href='#a'/><rect width='9' height='9' fill='url(#b)'/><rect x='20' width='9' height='9' fill='url(#none) blue'/>")
        XCTAssertEqual(pixel(linked, 4, 4), 0xFF00_FF00)
        XCTAssertEqual(pixel(linked, 24, 4), 0xFF00_00FF)
    }

    func testReferencesClipsAndMasks() {
        XCTAssertEqual(area(draw("<defs><rect id='r' width='5' height='5'/></defs><use href='#r'/><use xlink:href='#r' x='10' y='10'/>")), 50, accuracy: 0.1)
        XCTAssertEqual(area(draw("<symbol id='s' viewBox='0 0 10 10'><rect width='10' height='10'/></symbol><use href='#s' width='20' height='20'/>")), 400, accuracy: 0.1)
        XCTAssertEqual(area(draw("<clipPath id='c'><circle cx='20' cy='20' r='10'/></clipPath><rect width='40' height='40' clip-path='url(#c)'/>")), .pi * 100, accuracy: 1)
        XCTAssertEqual(area(draw("<clipPath id='c' clipPathUnits='objectBoundingBox'><rect width='.5' height='1'/></clipPath><rect width='20' height='20' clip-path='url(#c)'/>")), 200, accuracy: 0.1)
        XCTAssertEqual(area(draw("<mask id='m'><rect width='10' height='10' fill='#fff'/><rect x='10' width='10' height='10' fill='#000'/></mask><rect width='40' height='40' mask='url(#m)'/>")), 100, accuracy: 0.5)
        XCTAssertEqual(area(draw("<marker id='m' markerWidth='4' markerHeight='4' markerUnits='userSpaceOnUse'><rect width='4' height='4'/></marker><path d='M5 5H20V20' marker-end='url(#m)' fill='none'/>")), 16, accuracy: 0.1)
    }

    func testStyles() {
        let b = draw("<style>/* x */ .a{fill:red} #b, g > .c { fill : #00ff00 !important } rect.d{display:none} @media print{rect{fill:blue}}</style><rect class='a' width='9' height='9' fill='blue'/><rect id='b' x='10' width='9' height='9'/><g><rect class='c' x='20' width='9' height='9'/></g><rect class='d' x='30' width='9' height='9'/>")
        XCTAssertEqual(pixel(b, 4, 4), 0xFFFF_0000)
        XCTAssertEqual(pixel(b, 14, 4), 0xFF00_FF00)
        XCTAssertEqual(pixel(b, 24, 4), 0xFF00_FF00)
        XCTAssertEqual(pixel(b, 34, 4), 0)
        XCTAssertEqual(pixel(draw("<g color='red' fill='currentColor' style='fill-opacity:1;'><rect width='9' height='9'/></g>"), 4, 4), 0xFFFF_0000)
        XCTAssertEqual(pixel(draw("<g style='fill:rgb(0,128,255)'><rect width='9' height='9' style='stroke:none'/></g>"), 4, 4), 0xFF00_80FF)
    }

    func testText() throws {
        try XCTSkipIf(testFonts.isEmpty, "no DejaVu fonts")
        func left(_ anchor: String) -> Int {
            let b = draw("<text x='50' y='60' font-family='sans-serif' font-size='30' text-anchor='\(anchor)'>HH</text>", 100)
            return (0..<100).first { x in (0..<100).contains { pixel(b, x, $0) != 0 } } ?? -1
        }
        let advance = 0.752 * 30 * 2
        XCTAssertEqual(Double(left("start")), 50 + 2.9, accuracy: 1.5)
        XCTAssertEqual(Double(left("middle")), 50 + 2.9 - advance / 2, accuracy: 1.5)
        XCTAssertEqual(Double(left("end")), 50 + 2.9 - advance, accuracy: 1.5)
        func right(_ style: String) -> Int {
            let b = draw("<text x='10' y='60' font-family='sans-serif' font-size='40' font-style='\(style)'>l</text>", 100)
            return (0..<100).last { x in (0..<100).contains { pixel(b, x, $0) != 0 } } ?? -1
        }
        XCTAssertGreaterThan(right("italic"), right("normal") + 4, "made italics lean")
        let spans = draw("<text x='5' y='30'>a<tspan fill='red' dy='30'>b</tspan></text>", 80)
        XCTAssertTrue(spans.pixels.contains { $0 >> 16 & 255 > 200 && $0 & 255 == 0 })
    }

    func testNaturalSizes() {
        func size(_ attributes: String) -> NaturalSize? { SVGImage(Array("<?xml version='1.0'?><!-- c --><svg xmlns='http://www.w3.org/2000/svg' \(attributes)/>".utf8))?.naturalSize }
        XCTAssertEqual(size("width='30' height='20'"), NaturalSize(width: Fixed(30), height: Fixed(20), ratio: Fixed(30) / Fixed(20)))
        XCTAssertEqual(size("viewBox='0 0 40 10'"), NaturalSize(ratio: Fixed(4)))
        XCTAssertEqual(size("width='100%' viewBox='0 0 40 10'"), NaturalSize(ratio: Fixed(4)))
        XCTAssertEqual(size("width='1in' viewBox='0 0 40 10'"), NaturalSize(width: Fixed(96), ratio: Fixed(4)))
        XCTAssertEqual(size(""), NaturalSize())
    }

    func testRecognition() {
        XCTAssertTrue(SVGImage.isSVG(Array("<?xml version='1.0'?>\n<!DOCTYPE svg PUBLIC '' ''>\n<svg>".utf8)))
        XCTAssertTrue(SVGImage.isSVG(Array("\u{FEFF}<svg xmlns='x'>".utf8)))
        XCTAssertFalse(SVGImage.isSVG(Array("<html><svg></svg>".utf8)))
        XCTAssertFalse(SVGImage.isSVG([]))
        XCTAssertNil(SVGImage(Array("<p>no</p>".utf8)))
        XCTAssertNotNil(SVGImage(Array("<!DOCTYPE svg [<!ENTITY ns 'http://x'>]><svg xmlns='&ns;'><i:pgf xmlns:i='&ns;'/><svg:rect/></svg>".utf8)))
    }
}
