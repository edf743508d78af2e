// Pages as web applications have them, made when the image is built: a long list, a picture gallery, a form, a news front
// page with its articles. All of it comes from here and a fixed seed; text and pictures are in the public domain (CC0).
// Invariant: the same bytes on every host (integers and `SeededRandom`; pictures are stored, not compressed, so that no
// library's version shows).

import Foundation
import Machine

public enum PageGenerator {
    static let galleryCount = 12, picturesPerGallery = 14, pictureCount = 48
    static let listCount = 12, formCount = 8, articleCount = 40, frontCount = 4

    /// Writes the pages below `output` and returns their number. Files with the same content stay as they are.
    @discardableResult
    public static func write(to output: URL) throws -> Int {
        var count = 0
        for (path, bytes) in files() {
            let url = output.appendingPathComponent(path), data = Data(bytes)
            if FileManager.default.contents(atPath: url.path) != data {
                try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try data.write(to: url)
            }
            count += 1
        }
        return count
    }

    /// Every page and picture with its path.
    static func files() -> [(path: String, bytes: [UInt8])] {
        var list: [(String, [UInt8])] = []
        func add(_ path: String, _ text: String) { list.append((path, Array(text.utf8))) }
        add("app/style.css", style)
        for i in 0..<pictureCount { list.append(("app/pictures/\(i).bmp", PictureGenerator.picture(i))) }
        for i in 0..<galleryCount { add("app/gallery/\(i).html", gallery(i)) }
        for i in 0..<listCount { add("app/list/\(i).html", longList(i)) }
        for i in 0..<formCount { add("app/form/\(i).html", form(i)) }
        for i in 0..<frontCount { add("app/news/front-\(i).html", front(i)) }
        for i in 0..<articleCount { add("app/news/\(i).html", article(i)) }
        return list
    }

    // MARK: Pages

    private static let style = """
    body{font:16px/1.5 serif;margin:0;color:#1c2530;background:#fff}
    nav{background:#26415e;padding:10px 16px}nav a{color:#fff;margin-right:14px;text-decoration:none}
    main{max-width:900px;margin:0 auto;padding:8px 16px}h1{font-size:28px;margin:14px 0}
    table{border-collapse:collapse;width:100%}td,th{border:1px solid #d4dae1;padding:5px 8px;text-align:left}tr:nth-child(even) td{background:#f4f6f8}
    .pictures{display:flex;flex-wrap:wrap;gap:12px}.pictures figure{margin:0;width:276px}.pictures img{width:276px;height:207px}figcaption{font-size:13px;color:#5a6675}
    .cards{display:grid;grid-template-columns:1fr 1fr 1fr;gap:16px}.card{border:1px solid #d4dae1;border-radius:6px;padding:10px}.card img{width:100%;height:140px}
    label{display:block;margin:10px 0 2px}input,textarea,select{width:100%;font:15px sans-serif;padding:5px}aside{background:#f4f6f8;padding:8px 12px;margin:12px 0}
    """

    /// Ten links at the top lead to pages of the same kind; they are the first stops of the Tab key.
    private static func page(_ title: String, kind: String, index: Int, count: Int, body: String) -> String {
        var links = ""
        for k in 1...10 { links += "<a href=\"/app/\(kind)/\((index + k * k) % count).html\">\(kind) \(k)</a>" }
        return "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>\(title)</title><link rel=\"stylesheet\" href=\"/app/style.css\"></head><body><nav>\(links)</nav><main><h1>\(title)</h1>\n\(body)</main></body></html>\n"
    }
    private static func gallery(_ i: Int) -> String {
        var words = Words("gallery \(i)")
        var body = "<p>\(words.sentence())</p><div class=\"pictures\">\n"
        for k in 0..<picturesPerGallery {
            let picture = (i * 7 + k * 5) % pictureCount
            body += "<figure><img src=\"/app/pictures/\(picture).bmp\" alt=\"\(words.phrase())\"><figcaption>\(words.sentence())</figcaption></figure>\n"
        }
        return page("Pictures \(i + 1): \(words.phrase())", kind: "gallery", index: i, count: galleryCount, body: body + "</div>\n")
    }
    private static func longList(_ i: Int) -> String {
        var words = Words("list \(i)")
        var body = "<table><thead><tr><th>No.</th><th>Item</th><th>State</th><th>Owner</th><th>Changed</th></tr></thead><tbody>\n"
        for row in 0..<(500 + 60 * i) {
            body += "<tr><td>\(row + 1)</td><td><b>\(words.phrase())</b> \(words.phrase())</td><td>\(words.one(["open", "waiting", "done", "late"]))</td><td>\(words.word())</td><td>\(1 + words.below(28)).\(1 + words.below(12)).</td></tr>\n"
        }
        return page("List \(i + 1): \(words.phrase())", kind: "list", index: i, count: listCount, body: body + "</tbody></table>\n")
    }
    /// The eleventh stop of the Tab key is the first field.
    private static func form(_ i: Int) -> String {
        var words = Words("form \(i)")
        var body = "<form action=\"/app/form/\(i).html\"><label for=\"n\">Subject</label><input id=\"n\" name=\"n\"><label for=\"t\">Text</label><textarea id=\"t\" name=\"t\" rows=\"8\"></textarea>"
        body += "<label for=\"k\">Kind</label><select id=\"k\" name=\"k\">" + (0..<12).map { "<option value=\"\($0)\">\(words.phrase())</option>" }.joined() + "</select>\n"
        for k in 0..<24 { body += "<label><input type=\"checkbox\" name=\"c\(k)\" style=\"width:auto\"> \(words.sentence())</label>\n" }
        body += "<p><input type=\"submit\" value=\"Send\" style=\"width:auto\"></p></form>\n"
        for _ in 0..<60 { body += "<aside><b>\(words.word())</b>: \(words.paragraph(3))</aside>\n" }
        return page("Form \(i + 1): \(words.phrase())", kind: "form", index: i, count: formCount, body: body)
    }
    private static func front(_ i: Int) -> String {
        var words = Words("front \(i)")
        var body = "<div class=\"cards\">\n"
        for k in 0..<30 {
            let article = (i * 11 + k) % articleCount
            body += "<div class=\"card\"><img src=\"/app/pictures/\((i * 3 + k * 2) % pictureCount % 24).bmp\" alt=\"\"><h3><a href=\"/app/news/\(article).html\">\(words.phrase())</a></h3><p>\(words.sentence())</p></div>\n"
        }
        return page("News \(i + 1)", kind: "news", index: i * 10, count: articleCount, body: body + "</div>\n")
    }
    private static func article(_ i: Int) -> String {
        var words = Words("article \(i)")
        var body = "<p><b>\(words.sentence())</b></p><p><img src=\"/app/pictures/\(i % pictureCount).bmp\" alt=\"\(words.phrase())\"></p>\n"
        for k in 0..<(18 + i % 7 * 6) {
            body += k % 5 == 4 ? "<h2>\(words.phrase())</h2>\n" : "<p>\(words.paragraph(5))</p>\n"
        }
        for _ in 0..<20 { body += "<aside>\(words.word()): \(words.paragraph(2))</aside>\n" }
        return page(words.phrase(), kind: "news", index: i, count: articleCount, body: body)
    }
}

/// Words for pages: a made-up vocabulary in sentences.
struct Words {
    private var random: SeededRandom
    init(_ stream: String) { random = SeededRandom(seed: 0x7465_7272, stream: stream) }
    private static let vocabulary = [
        "harbour", "meadow", "lantern", "winter", "garden", "letter", "copper", "market", "river", "window", "morning", "bridge", "violin", "kitchen", "station", "paper",
        "forest", "button", "island", "summer", "engine", "basket", "mirror", "carpet", "thunder", "silver", "apple", "ladder", "pillow", "curtain", "valley", "ticket",
        "quiet", "early", "narrow", "bright", "gentle", "heavy", "simple", "broken", "distant", "careful", "sudden", "hollow", "patient", "ordinary", "wooden", "yellow",
        "opens", "carries", "follows", "remembers", "measures", "gathers", "returns", "explains", "repairs", "counts", "listens", "answers", "under", "behind", "without", "beside",
    ]
    mutating func below(_ n: Int) -> Int { Int(random.below(UInt64(n))) }
    mutating func one(_ list: [String]) -> String { list[below(list.count)] }
    mutating func word() -> String { Words.vocabulary[below(Words.vocabulary.count)] }
    mutating func phrase() -> String { (0..<(2 + below(3))).map { _ in word() }.joined(separator: " ") }
    mutating func sentence() -> String {
        let text = (0..<(7 + below(9))).map { _ in word() }.joined(separator: " ")
        return text.prefix(1).uppercased() + text.dropFirst() + "."
    }
    mutating func paragraph(_ sentences: Int) -> String { (0..<sentences).map { _ in sentence() }.joined(separator: " ") }
}

/// Pictures that look like photographs to a compressor: soft shapes under the grain of a sensor. BMP, 24 bits.
enum PictureGenerator {
    static let width = 480, height = 360

    static func picture(_ index: Int) -> [UInt8] {
        var random = SeededRandom(seed: 0x7069_6374, stream: "picture \(index)")
        let cell = 60, columns = width / cell + 2
        // A coarse lattice of colours, blended between its points.
        let lattice = (0..<columns * (height / cell + 2)).map { _ in (Int(random.below(200)), Int(random.below(200)), Int(random.below(200))) }
        let stride = (width * 3 + 3) / 4 * 4
        var pixels = [UInt8](repeating: 0, count: stride * height)
        for y in 0..<height {
            let cy = y / cell, fy = y % cell
            for x in 0..<width {
                let cx = x / cell, fx = x % cell
                let a = lattice[cy * columns + cx], b = lattice[cy * columns + cx + 1], c = lattice[(cy + 1) * columns + cx], d = lattice[(cy + 1) * columns + cx + 1]
                let grain = random.next()
                func blend(_ p: Int, _ q: Int, _ r: Int, _ s: Int, _ noise: UInt64) -> UInt8 {
                    let top = p * (cell - fx) + q * fx, bottom = r * (cell - fx) + s * fx
                    return UInt8(min(255, (top * (cell - fy) + bottom * fy) / (cell * cell) + Int(noise & 31)))
                }
                let at = (height - 1 - y) * stride + 3 * x
                pixels[at] = blend(a.2, b.2, c.2, d.2, grain)
                pixels[at + 1] = blend(a.1, b.1, c.1, d.1, grain >> 8)
                pixels[at + 2] = blend(a.0, b.0, c.0, d.0, grain >> 16)
            }
        }
        return header(byteCount: pixels.count) + pixels
    }
    /// BITMAPFILEHEADER and BITMAPINFOHEADER.
    private static func header(byteCount: Int) -> [UInt8] {
        func le32(_ v: Int) -> [UInt8] { (0..<4).map { UInt8(truncatingIfNeeded: v >> (8 * $0)) } }
        func le16(_ v: Int) -> [UInt8] { (0..<2).map { UInt8(truncatingIfNeeded: v >> (8 * $0)) } }
        return [0x42, 0x4d] + le32(54 + byteCount) + le32(0) + le32(54) + le32(40) + le32(width) + le32(height) + le16(1) + le16(24) + le32(0) + le32(byteCount) + le32(2835) + le32(2835) + le32(0) + le32(0)
    }
}
