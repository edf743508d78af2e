// SVG that wants too much: everything ends, nothing traps, and what can be drawn within the limits is.
import Graphics
import XCTest
@testable import SVG

final class HostileSVGTests: XCTestCase {
    @discardableResult
    private func draw(_ content: String, _ size: Int = 32, budget: VectorBudget = VectorBudget(segments: 200_000, pixels: 8 << 20)) -> Bitmap? {
        SVGImage(Array("<svg xmlns='http://www.w3.org/2000/svg' width='\(size)' height='\(size)'>\(content)</svg>".utf8))?.render(width: size, height: size, fonts: testFonts, budget: budget)
    }

    func testUseThatMultiplies() {
        var text = "<g id='a0'><rect width='32' height='32' fill='red'/></g>"
        for i in 1..<40 { text += "<g id='a\(i)'><use href='#a\(i - 1)'/><use href='#a\(i - 1)'/></g>" }
        XCTAssertNotNil(draw(text))
    }

    func testCycles() {
        XCTAssertNotNil(draw("<g id='a'><use href='#a'/></g><use href='#a'/>"))
        XCTAssertNotNil(draw("<linearGradient id='a' href='#b'/><linearGradient id='b' href='#a'/><rect width='9' height='9' fill='url(#a)'/>"))
        XCTAssertNotNil(draw("<clipPath id='a' clip-path='url(#a)'><rect width='9' height='9' clip-path='url(#a)'/></clipPath><rect width='9' height='9' clip-path='url(#a)'/>"))
        XCTAssertNotNil(draw("<mask id='a'><rect width='9' height='9' mask='url(#a)'/></mask><rect width='9' height='9' mask='url(#a)'/>"))
        XCTAssertNotNil(draw("<marker id='a'><path d='M0 0H5' marker-end='url(#a)'/></marker><path d='M0 0H5' marker-end='url(#a)'/>"))
    }

    func testDepthAndEntities() {
        let deep = String(repeating: "<g>", count: 5000)
        XCTAssertNotNil(draw(deep + "<rect width='9' height='9'/>"))
        let laughs = "<!DOCTYPE svg [<!ENTITY a '\(String(repeating: "ha", count: 5000))'><!ENTITY b '&a;&a;'>]><svg width='9' height='9'><text>\(String(repeating: "&a;", count: 2000))</text></svg>"
        let image = SVGImage(Array(laughs.utf8))
        XCTAssertNotNil(image?.render(width: 9, height: 9, fonts: FontLibrary()))
    }

    func testNumbersBeyondMeasure() {
        for value in ["1e308", "-1e308", "99999999999999999999999999", "1e-300", "NaN", "", "+", ".", "1e", "0x10"] {
            draw("<rect x='\(value)' y='-\(value)' width='\(value)' height='\(value)' rx='\(value)' stroke='red' stroke-width='\(value)' stroke-dasharray='\(value) 1e-9' transform='scale(\(value)) rotate(\(value)) skewX(\(value))'/>")
            draw("<path d='M\(value) \(value)C\(value) 0 0 \(value) 5 5A\(value) 1 \(value) 1 0 9 9A1e-9 1e9 0 0 1 \(value) 0z' stroke='red' stroke-width='3' stroke-linejoin='round' stroke-linecap='round'/>")
            draw("<radialGradient id='g' cx='\(value)' fx='\(value)' r='\(value)' gradientTransform='scale(\(value))'><stop offset='\(value)'/><stop offset='\(value)' stop-color='red'/></radialGradient><circle r='9' fill='url(#g)'/>")
            _ = SVGImage(Array("<svg width='\(value)' height='\(value)' viewBox='\(value) \(value) \(value) \(value)'/>".utf8))?.render(width: 7, height: 5, fonts: testFonts)
        }
    }

    func testSpentBudgetDrawsWhatItCould() {
        let many = "<rect width='32' height='32' fill='lime'/>" + String(repeating: "<circle cx='16' cy='16' r='15'/>", count: 3000)
        let b = draw(many, budget: VectorBudget(segments: 10_000, pixels: 1 << 20))
        XCTAssertEqual(b?.pixels[0], 0xFF00_FF00)
        let dashes = "<path d='M0 0H30' stroke='red' stroke-dasharray='.0001'/>"
        XCTAssertNotNil(draw(dashes))
        XCTAssertNotNil(draw(String(repeating: "<g opacity='.5'>", count: 60) + "<rect width='9' height='9'/>"))
    }

    /// Cut off anywhere and bytes changed at will.
    func testDamage() {
        let text = Array("""
        <?xml version="1.0"?><!DOCTYPE svg [<!ENTITY a "b">]><svg viewBox="0 0 30 30" width="30"><style>.a,#b>g{fill:url(#g) red}</style><defs><linearGradient id="g"><stop offset="10%"/><stop offset="1" stop-color="hsl(9 9% 9%)"/></linearGradient><clipPath id="c"><path d="M0 0h9v9z"/></clipPath></defs><g class="a" clip-path="url(#c)" transform="rotate(5)"><path stroke="#123" stroke-dasharray="1 2" d="M1 2a3 4 5 0 1 6 7q1 2 3 4t5 6"/><text x="1" y="9">A<tspan dx="1">b&lt;</tspan></text><use href="#b"/></g><image width="5" height="5" href="data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs="/></svg>
        """.utf8)
        var seed: UInt64 = 1
        func random(_ n: Int) -> Int { seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407; return Int(seed >> 33) % n }
        for round in 0..<400 {
            var copy = round < 200 ? Array(text[0..<random(text.count)]) : text
            for _ in 0..<(round < 200 ? 0 : 1 + random(6)) { copy[random(copy.count)] = UInt8(random(256)) }
            _ = SVGImage(copy)?.render(width: 12, height: 12, fonts: testFonts, budget: VectorBudget(segments: 20_000, pixels: 1 << 20))
        }
    }

    func testArithmetic() {
        XCTAssertEqual(Double((Fixed(2).squareRoot).raw) / 4294967296, 2.0.squareRoot(), accuracy: 1e-8)
        XCTAssertEqual(Double(Fixed.hypotenuse(Fixed(3000), Fixed(4000)).raw) / 4294967296, 5000, accuracy: 1e-4)
        XCTAssertEqual(Fixed.one / .zero, Fixed(raw: .max))
        for d in stride(from: -725, through: 725, by: 7) {
            let (s, c) = Fixed.sineAndCosine(degrees: Fixed(d))
            XCTAssertEqual(Double(s.raw) / 4294967296, sin(Double(d) * .pi / 180), accuracy: 1e-7)
            XCTAssertEqual(Double(c.raw) / 4294967296, cos(Double(d) * .pi / 180), accuracy: 1e-7)
        }
    }
}
