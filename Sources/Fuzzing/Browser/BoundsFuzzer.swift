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
                        "deep parentheses", "deep blocks", "variables that double", "endless grid", "declared PNG of 1 GB", "declared GIF", "declared JPEG", "declared WebP", "declared BMP", "declared icon", "long URL", "endless header"]

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
