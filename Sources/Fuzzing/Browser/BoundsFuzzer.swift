// Giants: input whose size or declared size would fill the memory or the stack of a decoder without bounds. Each one is a
// case; what must hold: it ends, without a trap, and the process grows by no more than `residentByteCountMax`.
import CSS
import DOM
import Fuzzing
import Glibc
import Graphics
import HTML
import Images
import Layout
import Machine
import SVG
import WebNet

final class BoundsFuzzer: Fuzzer {
    /// Under the sanitizer memory costs about three times as much as without it.
    static let residentByteCountMax = 1600 << 20
    private let fonts: FontLibrary
    private let hasCanary: Bool
    private var reached: [String: String] = [:]

    init(hasCanary: Bool) throws {
        self.hasCanary = hasCanary
        fonts = try PageFonts.load()
    }
    let caseOperationCount = 1

    static let names = ["deep nesting", "deep inline nesting", "huge attribute", "many attributes", "table of 100,000 rows", "many formatting elements", "long text", "many rules", "long selector",
                        "deep parentheses", "deep blocks", "variables that double", "endless grid", "declared PNG of 1 GB", "declared GIF", "declared JPEG", "declared WebP", "declared BMP", "declared icon", "svg of nested use", "svg of nested patterns", "svg in gzip of zeros", "long URL", "endless header"]

    func run(seed: UInt64, operations: Int) throws {
        let name = Self.names[Int((seed &- 1) % UInt64(Self.names.count))]
        var random = SeededRandom(seed: seed, stream: "bounds fuzzer")
        let scale = seed <= UInt64(Self.names.count) ? 100 : 20 + Int(random.below(100))     // in per cent
        let before = Self.residentByteCount(peak: false)
        Self.resetPeak()
        var start = timespec(), end = timespec()
        clock_gettime(CLOCK_MONOTONIC, &start)
        let what = try perform(name, scale)
        clock_gettime(CLOCK_MONOTONIC, &end)
        let grown = max(0, Self.residentByteCount(peak: true) - before), milliseconds = (end.tv_sec - start.tv_sec) * 1000 + (end.tv_nsec - start.tv_nsec) / 1_000_000
        reached[name] = "\(grown >> 20) MiB, \(milliseconds) ms, \(what)"
        if grown > (hasCanary ? 0 : Self.residentByteCountMax) { throw FuzzFailure(description: "\(name): the process grew by \(grown >> 20) MiB") }
    }
    var coverage: [String] { Self.names.map { "  " + $0.padded(28) + (reached[$0] ?? "not reached") } }

    // MARK: The giants

    private func perform(_ name: String, _ percent: Int) throws -> String {
        func many(_ text: String, _ count: Int) -> [UInt8] { Array(String(repeating: text, count: count * percent / 100).utf8) }
        switch name {
        case "deep nesting": return page(many("<div style='overflow:hidden;display:flex'>", 200_000))
        case "deep inline nesting": return page(many("<span>", 400_000) + Array("x".utf8))
        case "huge attribute": return page(Array("<p class='".utf8) + many("wide ", 4_000_000) + Array("' style='".utf8) + many("color:red;", 800_000) + Array("'>x".utf8))
        case "many attributes": return page(Array("<p ".utf8) + (0..<(60_000 * percent / 100)).flatMap { Array("a\($0)=\($0) ".utf8) } + Array(">x".utf8))
        case "table of 100,000 rows": return page(Array("<table border=1>".utf8) + many("<tr><td>one<td>two", 100_000))
        case "many formatting elements": return page(many("<b><i><a href=x><p>", 60_000))
        case "long text": return page(Array("<p>".utf8) + many("lorem ipsum dolor sit amet ", 400_000))
        case "many rules": return page(Array("<p class=a>x".utf8), many(".a.b > c:not(.d) { color: red }\n", 100_000))
        case "long selector": return page(Array("<p class=a>x".utf8), many(".a ", 300_000) + Array("{color:red} ".utf8) + many("p,", 300_000) + Array("p{color:red}".utf8))
        case "deep parentheses": return page(Array("<p>x".utf8), Array("p{width:calc(".utf8) + many("(", 300_000) + Array("1px".utf8) + Array("} :is".utf8) + many("(:not", 100_000))
        case "deep blocks": return page(Array("<p>x".utf8), many("@media all{", 100_000) + many("{[(", 200_000))
        case "variables that double": return page(Array("<p>x".utf8), Array("p{--v0:aaaaaaaaaaaaaaaa;".utf8) + (1..<64).flatMap { Array("--v\($0):var(--v\($0 - 1))var(--v\($0 - 1));".utf8) } + Array("font-family:var(--v63)}".utf8))
        case "endless grid":
            return page(Array("<div class=g><i></i><b></b></div>".utf8), Array(".g{display:grid;grid-template-columns:repeat(1000000000,1px);grid-auto-rows:1px}i{grid-area:1000000000/1000000000/span 1000000000/-1}b{grid-row:span 2000000000}".utf8))
        case "svg of nested use": return nestedUse()
        case "svg of nested patterns": return nestedPatterns(filterStepCount: 200 * percent / 100)
        case "svg in gzip of zeros": return zerosInGzip()
        case "long URL": return URL("http://host/" + String(repeating: "a/../%41\u{e4}", count: 100_000 * percent / 100)).map { "\($0.href.utf8.count) bytes" } ?? "refused"
        case "endless header":
            var parser = HTTPResponseParser(isHeadRequest: false), out: [HTTPResponseParser.Output] = []
            do { for _ in 0..<1000 { _ = try parser.feed(Array("HTTP/1.1 200 OK\r\nX: ".utf8) + many("a", 100_000), &out) } } catch { return "refused" }
            return "accepted"
        default: return try declared(name)
        }
    }

    /// Pictures of a few bytes that declare millions of pixels; decoded with the limits that tabs have.
    private func declared(_ name: String) throws -> String {
        let files = ["declared PNG of 1 GB": "color.png", "declared GIF": "plain.gif", "declared JPEG": "baseline-444.jpeg", "declared WebP": "lossless-0.webp", "declared BMP": "depth-24.bmp", "declared icon": "bitmap.ico"]
        var bytes = try Corpus.read(Corpus.projectPath + "Tests/ImagesTests/pictures/" + (files[name] ?? ""))
        var answers: [String] = []
        for side in [16_000, 16_384, 0xffff, 0x7fff_ffff] {
            switch name {
            case "declared PNG of 1 GB":
                for i in 0..<8 { bytes[16 + i] = UInt8(truncatingIfNeeded: side >> (24 - 8 * (i % 4))) }
                ImageFuzzer.repairPNG(&bytes)
            case "declared GIF": for i in 0..<4 { bytes[6 + i] = UInt8(truncatingIfNeeded: side >> (8 * (i % 2))) }
            case "declared JPEG":
                guard let at = (2..<bytes.count - 9).first(where: { bytes[$0] == 0xff && bytes[$0 + 1] == 0xc0 }) else { throw FuzzFailure(description: "the picture has no baseline frame") }
                for i in 0..<4 { bytes[at + 5 + i] = UInt8(truncatingIfNeeded: side >> (8 - 8 * (i % 2))) }
            case "declared WebP": for i in 0..<4 { bytes[21 + i] = i == 3 ? 0x0f : 0xff }
            case "declared BMP": for i in 0..<8 { bytes[18 + i] = UInt8(truncatingIfNeeded: side >> (8 * (i % 4))) }
            default: for i in 0..<8 { bytes[bytes.count > 30 ? 22 + 4 + i : i] = UInt8(truncatingIfNeeded: side >> (8 * (i % 4))) }
            }
            do { _ = try ImageDecoder.decode(bytes); answers.append("shown") } catch { answers.append(error.sentence) }
        }
        return answers.last ?? ""
    }

    private func nestedUse() -> String {
        var content = "<g id='l0'><path d='M0 0h9v9z' stroke='red'/></g>"
        for i in 1..<30 {
            let below = "#l" + String(i - 1)
            content += "<g id='l" + String(i) + "'><use href='" + below + "'/><use href='" + below + "' x='1'/></g>"
        }
        return svg(content + "<use href='#l29'/>")
    }
    private func nestedPatterns(filterStepCount: Int) -> String {
        var content = "<filter id='f'>" + String(repeating: "<feGaussianBlur stdDeviation='9'/><feOffset/>", count: filterStepCount) + "</filter>"
        content += "<pattern id='p0' width='1' height='1'><rect width='9' height='9' filter='url(#f)'/></pattern>"
        for i in 1..<40 {
            content += "<pattern id='p" + String(i) + "' width='.1' height='.1'><rect width='9' height='9' fill='url(#p" + String(i - 1) + ")' filter='url(#f)'/></pattern>"
        }
        return svg(content + "<rect width='100' height='100' fill='url(#p39)'/><rect width='100' height='100' fill='url(#p2)'/>")
    }
    /// Runs of 258 zeros by fixed codes: a literal zero, then length 258 at distance 1 many times.
    private func zerosInGzip() -> String {
        var file: [UInt8] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255]
        file += Self.zeros(64 << 20)
        file += [UInt8](repeating: 0, count: 8)
        return SVGImage(file) == nil ? "refused" : "shown"
    }

    private func svg(_ content: String) -> String {
        guard let image = SVGImage(Array("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 100 100'>\(content)</svg>".utf8)) else { return "refused" }
        let picture = image.render(width: 400, height: 400, fonts: fonts)
        return "\(picture.pixels.filter { $0 != 0 }.count) pixels drawn"
    }
    /// One block of deflate with fixed codes (RFC 1951 §3.2.6) that stands for `count` zeros.
    private static func zeros(_ count: Int) -> [UInt8] {
        var out: [UInt8] = [], bits: UInt64 = 0, used = 0
        func put(_ value: UInt64, _ size: Int) {
            bits |= value << UInt64(used)
            used += size
            while used >= 8 { out.append(UInt8(bits & 255)); bits >>= 8; used -= 8 }
        }
        put(0b011, 3)                                                   // last block, fixed codes
        put(0b0000_1100, 8)                                             // literal 0: code 00110000, first bit first
        for _ in 0..<(count / 258) { put(0b1010_0011, 8); put(0, 5) }   // length 258: code 11000101; distance 1: code 00000
        put(0, 7)                                                       // end of block
        put(0, 8)
        return out
    }

    private func page(_ markup: [UInt8], _ sheet: [UInt8] = []) -> String {
        let document = Document()
        let parser = HTMLParser(document: document)
        parser.feed(markup)
        parser.finish()
        let styles = StyleEngine(document: document)
        styles.addUserAgentSheet()
        if !sheet.isEmpty { styles.addAuthorSheet(sheet, baseURL: "") }
        let view = PageView(document: document, fonts: fonts, styles: styles)
        view.update()
        let items = view.displayList(scrollX: 0, scrollY: 0).items.count
        return "\(document.nodeIDLimit) nodes, \(view.contentHeight) px high, \(items) items painted"
    }

    // MARK: Memory of the process (proc(5): status, clear_refs)

    private static func resetPeak() {
        guard let file = fopen("/proc/self/clear_refs", "w") else { return }
        fputs("5", file)
        fclose(file)
    }
    static func residentByteCount(peak: Bool) -> Int {
        guard let bytes = try? Corpus.read("/proc/self/status") else { return 0 }
        let key = peak ? "VmHWM:" : "VmRSS:"
        for line in bytes.split(separator: 10) where line.starts(with: Array(key.utf8)) {
            return line.reduce(0) { $1 >= 48 && $1 <= 57 ? $0 * 10 + Int($1 - 48) : $0 } * 1024
        }
        return 0
    }
}
