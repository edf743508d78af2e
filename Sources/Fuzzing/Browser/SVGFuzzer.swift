// Fuzzing of SVG: drawings whose markup is mutated, as files, in gzip, and as elements of a page with style sheets. What must hold:
// no trap, the budget is kept, the same drawing has the same pixels each time, and no pixel is brighter than its alpha.
import CSS
import DOM
import Fuzzing
import Graphics
import HTML
import Machine
import SVG

final class SVGFuzzer: Fuzzer {
    private let corpus: Corpus
    private let fonts: FontLibrary
    private let hasCanary: Bool
    private var tally = FuzzTally(["files", "compressed files", "elements of pages", "nothing to draw", "drawings with pixels", "pixels", "drawn twice"])

    init(hasCanary: Bool) throws {
        self.hasCanary = hasCanary
        corpus = Corpus(examples: Self.examples.map { Array($0.utf8) }, words: Self.words)
        fonts = try PageFonts.load()
    }
    let caseOperationCount = 10

    func run(seed: UInt64, operations: Int) throws {
        var random = SeededRandom(seed: seed, stream: "svg fuzzer")
        for _ in 0..<operations { try once(&random) }
    }
    var coverage: [String] { tally.lines }

    private func once(_ random: inout SeededRandom) throws {
        let markup = random.below(8) == 0 ? random.pick(corpus.examples) : ByteMutator.mutate(random.pick(corpus.examples), corpus, &random, countMax: 10, byteCountMax: 1 << 15)
        let width = 1 + random.small(96), height = 1 + random.small(96), way = random.below(3)
        guard let first = draw(markup, width, height, way) else { tally.add("nothing to draw"); return }
        tally.add(["files", "compressed files", "elements of pages"][Int(way)])
        try check(first, width, height)
        if random.below(4) == 0 {
            tally.add("drawn twice")
            let again = draw(hasCanary ? markup + Array("<rect width='9' height='9'/>".utf8) : markup, hasCanary ? width + 1 : width, height, way)
            if again?.pixels != first.pixels { throw FuzzFailure(description: "the same drawing of \(markup.count) bytes drawn twice differs") }
        }
    }

    private func check(_ picture: Bitmap, _ width: Int, _ height: Int) throws {
        if picture.width != width || picture.height != height || picture.pixels.count != width * height { throw FuzzFailure(description: "asked for \(width) by \(height), got \(picture.width) by \(picture.height)") }
        var drawn = 0
        for p in picture.pixels where p != 0 {
            drawn += 1
            let alpha = p >> 24
            if p >> 16 & 255 > alpha || p >> 8 & 255 > alpha || p & 255 > alpha { throw FuzzFailure(description: "a pixel is brighter than its alpha: \(String(p, radix: 16))") }
        }
        if drawn > 0 { tally.add("drawings with pixels") }
        tally.add("pixels", drawn)
    }

    private func draw(_ markup: [UInt8], _ width: Int, _ height: Int, _ way: UInt64) -> Bitmap? {
        var budget = VectorBudget()
        budget.pixels = 4 << 20
        switch way {
        case 0: return SVGImage(markup)?.render(width: width, height: height, fonts: fonts, budget: budget)
        case 1: return SVGImage(Self.gzip(markup))?.render(width: width, height: height, fonts: fonts, budget: budget)
        default: return drawInPage(markup, width, height, budget)
        }
    }

    /// The first svg element of a page that has the drawing in it; its own style elements apply to the whole page too.
    private func drawInPage(_ markup: [UInt8], _ width: Int, _ height: Int, _ budget: VectorBudget) -> Bitmap? {
        let document = Document(), parser = HTMLParser(document: document)
        parser.feed(Array("<!doctype html>".utf8) + markup)
        parser.finish()
        let styles = StyleEngine(document: document)
        styles.addUserAgentSheet()
        styles.addAuthorSheet("svg *{stroke:var(--s)}:root{--s:url(#p) red}.a{fill:#0f0;font:20px serif}.b > *{opacity:.5;filter:url(#f)}")
        var n = document.root, svg = NodeID.none
        while !n.isNone {
            if document.isElement(n) {
                if document.name(n) == .style { styles.addAuthorSheet(document.textContent(n)) }
                if svg.isNone, document.namespace(n) == .svg, document.name(n).string == "svg" { svg = n }
            }
            n = document.next(n, within: document.root)
        }
        if svg.isNone { return nil }
        styles.computeStyles()
        return SVGElement.render(document, svg, width: width, height: height, viewportWidth: width, viewportHeight: height, styles: styles, fonts: fonts, budget: budget)
    }

    /// A gzip member with stored blocks only.
    static func gzip(_ bytes: [UInt8]) -> [UInt8] {
        var out: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255], at = 0
        repeat {
            let count = min(0xFFFF, bytes.count - at), isLast = at + count == bytes.count
            out += [isLast ? 1 : 0, UInt8(count & 255), UInt8(count >> 8), UInt8(~count & 255), UInt8(~count >> 8 & 255)]
            out += bytes[at..<(at + count)]
            at += count
        } while at < bytes.count
        return out + [UInt8](repeating: 0, count: 8)
    }

    // MARK: Drawings

    private static let head = "<svg xmlns='http://www.w3.org/2000/svg' xmlns:xlink='http://www.w3.org/1999/xlink' viewBox='0 0 100 100' class='a b'>"
    private static let examples: [String] = [
        head + "<style>.a path,#r>g{fill:url(#g) red}rect.x{stroke:#00f;stroke-width:3}</style><defs><linearGradient id='g'><stop offset='10%' stop-color='red'/><stop offset='1' stop-color='hsl(9 9% 9%)'/></linearGradient><radialGradient id='h' href='#g' cx='.3' fx='.9' r='60%' spreadMethod='reflect'/></defs><rect class='x' x='5' y='5' width='40' height='30' rx='8'/><path d='M50 5h40v30z' fill='url(#h)'/><circle cx='25' cy='70' r='20' fill='url(#g)' opacity='.7'/></svg>",
        head + "<path d='M10 10C20 20 40 20 50 10S80 0 90 10Q95 40 60 50T20 60A20 10 30 1 0 50 90z' fill='none' stroke='#123' stroke-width='4' stroke-dasharray='5 3 1' stroke-linejoin='round' stroke-linecap='square' transform='rotate(10 50 50) skewX(5) scale(.9 1.1)'/><polyline points='1,2 30,40 50,5 70 90' fill='none' stroke='red' marker-mid='url(#m)' marker-end='url(#m)'/><marker id='m' markerWidth='4' markerHeight='4' orient='auto' refX='2' refY='2'><circle cx='2' cy='2' r='2'/></marker></svg>",
        head + "<defs><pattern id='p' width='10' height='10' patternUnits='userSpaceOnUse' patternTransform='rotate(30)'><rect width='5' height='5' fill='red'/><circle cx='7' cy='7' r='2' fill='url(#q)'/></pattern><pattern id='q' width='.5' height='.5' viewBox='0 0 4 4'><path d='M0 0h2v2z'/></pattern></defs><rect width='60' height='60' fill='url(#p)' stroke='url(#q)' stroke-width='6'/><ellipse cx='70' cy='70' rx='25' ry='15' fill='url(#p)' fill-opacity='.5'/></svg>",
        head + "<defs><filter id='f' x='-20%' y='-20%' width='150%' height='150%'><feGaussianBlur in='SourceAlpha' stdDeviation='3 1' result='b'/><feOffset dx='4' dy='-3' result='o'/><feFlood flood-color='#f80' flood-opacity='.5'/><feComposite in2='o' operator='in' result='c'/><feColorMatrix type='hueRotate' values='90'/><feBlend in2='SourceGraphic' mode='multiply'/><feMerge><feMergeNode in='c'/><feMergeNode in='SourceGraphic'/></feMerge></filter><filter id='d'><feDropShadow dx='2' dy='2' stdDeviation='1'/><feComponentTransfer><feFuncA type='table' tableValues='0 .5 1'/></feComponentTransfer><feComposite in2='SourceAlpha' operator='arithmetic' k1='.5' k2='1' k3='-1' k4='.1'/></filter></defs><g filter='url(#f)'><rect x='20' y='20' width='30' height='30' fill='lime' filter='url(#d)'/></g></svg>",
        head + "<defs><clipPath id='c' clipPathUnits='objectBoundingBox'><circle cx='.5' cy='.5' r='.5'/></clipPath><mask id='k'><rect width='100' height='100' fill='#888'/><text x='5' y='60' font-size='50' fill='#fff'>Ab</text></mask><symbol id='s' viewBox='0 0 10 10'><path d='M0 0h10v10z'/></symbol></defs><g clip-path='url(#c)' mask='url(#k)'><use href='#s' x='10' y='10' width='50' height='50'/><use xlink:href='#s' transform='translate(40,40)' width='30' height='60'/></g><switch><foreignObject/><g><text x='50%' y='90' text-anchor='middle' dominant-baseline='central' font-family='serif' font-style='italic'>text <tspan dx='3' fill='red'>in &lt;red&gt; fi</tspan></text></g></switch></svg>",
        head + "<image x='5' y='5' width='50' height='50' href='data:image/gif;base64,R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs='/><svg x='40' y='40' width='50' height='50' viewBox='0 0 10 10' preserveAspectRatio='xMaxYMin slice'><line x1='0' y1='0' x2='10' y2='10' stroke='#000'/></svg></svg>",
    ]
    private static let words: [String] = ["<g>", "</g>", "<rect ", "<path d='", "<use href='#", "<text>", "<tspan>", "<pattern id='p' ", "</pattern>", "<filter id='f'>", "</filter>", "<feMerge>", "<feMergeNode in='o'/>", "<feOffset dx='1e9'/>",
                                "<feGaussianBlur stdDeviation='1e9'/>", "<feFlood/>", "<feComposite in2='b' operator='xor'/>", "<feColorMatrix values='1e9'/>", "<feTurbulence/>", "<clipPath id='c'>", "<mask id='k'>", "<marker id='m'>", "<symbol id='s'>",
                                "url(#p)", "url(#f)", "url(#c)", "url(#k)", "url(#m)", "url(#g)", "href='#s'", "id='p'", "id='f'", "transform='", "rotate(1e9)", "scale(0)", "scale(1e9)", "matrix(1 2 3 4 5 6)", "translate(-1e30)", "viewBox='0 0 0 0'",
                                "viewBox='-1e9 1e9 1e-9 1e9'", "width='1e9'", "height='100%'", "filter='", "fill='", "stroke='", "stroke-width='1e9'", "stroke-dasharray='0.0001'", "opacity='.5'", "style='", "class='a'", "preserveAspectRatio='none'",
                                "objectBoundingBox", "userSpaceOnUse", "M", "z", "A1e9 1 0 1 1 5 5", "C", "h1e9", "<!--", "-->", "<![CDATA[", "]]>", "&#x0;", "&x;", "<!DOCTYPE svg [<!ENTITY x 'xx'>]>", "<svg>", "</svg>", "'", "/>", ">", "\0"]
}
