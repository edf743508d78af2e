// The browser's libraries measured natively on the pages of the image: parsing, style, layout, painting, PNG. The same
// sources run in tabs as WebAssembly; what metering and translation cost stands in the processor's part.

import CSS
import DOM
import Devices
import Foundation
import Graphics
import HTML
import Images
import Layout
import Terrarium

struct PageParts {
    let image: SystemImage
    static let detailedPages = ["python/library/stdtypes.html", "debian-policy/policy.html/ch-controlfields.html"]
    static let width: Int32 = 1024, height: Int32 = 700, chunk = 16384

    func run() throws -> [PartResult] {
        var list = try parsing()
        let fonts = try loadFonts()
        for path in PageParts.detailedPages { list += try stages(path, fonts) }
        return list
    }

    // MARK: HTML

    private func htmlFiles() -> [URL] {
        let all = FileManager.default.enumerator(at: image.pagesDirectory, includingPropertiesForKeys: nil)?.compactMap { $0 as? URL } ?? []
        return all.filter { $0.pathExtension == "html" && !$0.hasDirectoryPath }.sorted { $0.path < $1.path }
    }

    private func parsing() throws -> [PartResult] {
        let files = htmlFiles()
        let texts = files.compactMap { FileManager.default.contents(atPath: $0.path).map { [UInt8]($0) } }
        let byteCount = Double(texts.reduce(0) { $0 + $1.count })
        guard byteCount > 0 else { throw TerrariumError(.missing, "the image holds no pages; run 'simctl image build'") }
        var nodes = 0
        var parse = Double.infinity
        for _ in 0..<3 {
            nodes = 0
            parse = min(parse, processorSeconds { for text in texts { nodes += PageParts.parse(text).nodeIDLimit } })
        }
        var found = 0
        let scan = bestSeconds(of: 5) {
            for text in texts { text.withUnsafeBytes { if memchr($0.baseAddress!, 0xFF, $0.count) != nil { found += 1 } } }
        }
        var list = [
            PartResult("html", "html_parse", byteCount / parse / 1e6, "MB/s", "higher", "bytes to DOM, \(texts.count) pages, \(Int(byteCount / 1024)) KiB, \(nodes) nodes"),
            PartResult("html", "html_bound_scan", byteCount / scan / 1e6, "MB/s", "none", "bound: memchr over the same bytes" + (found > 0 ? ", not UTF-8 and so shortened" : "")),
        ]
        let program = """
        import sys, time, html.parser
        class P(html.parser.HTMLParser):
            n = 0
            def handle_starttag(self, t, a): self.n += 1
        texts = [open(f, encoding='utf-8', errors='replace').read() for f in sys.argv[1:]]
        t = time.perf_counter()
        for x in texts:
            p = P(); p.feed(x); p.close()
        print(time.perf_counter() - t)
        """
        if let seconds = Peer.python(program, files.map(\.path)) {
            list.append(PartResult("html", "html_peer_python", byteCount / seconds / 1e6, "MB/s", "none", "peer: python3 html.parser, tags only, no tree"))
        }
        list += treePeers(files, byteCount, ours: byteCount / parse / 1e6)
        return list
    }

    /// Parsers in C that build the whole tree as HTML §13 says, over the same bytes; the best of three rounds, in processor
    /// time as ours.
    private func treePeers(_ files: [URL], _ byteCount: Double, ours: Double) -> [PartResult] {
        func program(_ setUp: String, _ parse: String) -> String {
            """
            import sys, time
            \(setUp)
            texts = [open(f, 'rb').read() for f in sys.argv[1:]]
            best = 1e9
            for _ in range(3):
                t = time.process_time()
                for x in texts:
                    \(parse)
                best = min(best, time.process_time() - t)
            print(best)
            """
        }
        let gumbo = """
        import ctypes, ctypes.util
        g = ctypes.CDLL(ctypes.util.find_library('gumbo'))
        g.gumbo_parse_with_options.restype = ctypes.c_void_p
        g.gumbo_parse_with_options.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_size_t]
        g.gumbo_destroy_output.argtypes = [ctypes.c_void_p, ctypes.c_void_p]
        options = ctypes.addressof(ctypes.c_char.in_dll(g, 'kGumboDefaultOptions'))
        """
        let peers: [(name: String, setUp: String, parse: String, note: String, install: String)] = [
            ("lexbor", "from selectolax.lexbor import LexborHTMLParser", "LexborHTMLParser(x)", "peer: lexbor (selectolax), whole tree", "pip install selectolax"),
            ("gumbo", gumbo, "g.gumbo_destroy_output(options, g.gumbo_parse_with_options(options, x, len(x)))", "peer: Gumbo, whole tree, built and freed", "apt-get install libgumbo1"),
        ]
        var list: [PartResult] = []
        for peer in peers {
            guard let seconds = Peer.python(program(peer.setUp, peer.parse), files.map(\.path)) else {
                list.append(PartResult("html", "html_peer_\(peer.name)", 0, "MB/s", "none", "not installed: \(peer.install)"))
                continue
            }
            let speed = byteCount / seconds / 1e6
            list.append(PartResult("html", "html_peer_\(peer.name)", speed, "MB/s", "none", peer.note))
            list.append(PartResult("html", "html_over_\(peer.name)", ours / speed, "x", "higher", "our speed over \(peer.name)'s" + (peer.name == "lexbor" ? "; aim: 0.5" : "")))
        }
        return list
    }

    static func parse(_ text: [UInt8]) -> Document {
        let document = Document()
        let parser = HTMLParser(document: document)
        var at = 0
        while at < text.count {
            let end = min(text.count, at + chunk)
            parser.feed(Array(text[at..<end]))
            at = end
        }
        parser.finish()
        return document
    }

    // MARK: Style, layout, paint

    private func stages(_ path: String, _ fonts: FontLibrary) throws -> [PartResult] {
        let file = image.pagesDirectory.appendingPathComponent(path)
        guard let data = FileManager.default.contents(atPath: file.path) else { throw TerrariumError(.missing, "\(file.path) is missing") }
        let text = [UInt8](data)
        let name = file.deletingPathExtension().lastPathComponent.replacingOccurrences(of: "-", with: "_")
        var style = Double.infinity, layout = style, again = style, resize = style, paint = style, raster = style
        var pixels = [UInt32](repeating: 0, count: Int(PageParts.width * PageParts.height))
        var boxes = 0
        for _ in 0..<3 {
            let document = PageParts.parse(text)
            let styles = StyleEngine(document: document)
            styles.addUserAgentSheet()
            addSheets(document, file, styles)
            let view = PageView(document: document, fonts: fonts, styles: styles)
            view.viewportWidth = PageParts.width
            view.viewportHeight = PageParts.height
            styles.setViewport(width: PageParts.width, height: PageParts.height)
            style = min(style, wallSeconds { styles.computeStyles() })
            layout = min(layout, wallSeconds { view.update() })
            again = min(again, wallSeconds { for _ in 0..<1000 { view.update() } } / 1000)
            view.viewportWidth -= 100
            resize = min(resize, wallSeconds { view.update() })
            view.viewportWidth += 100
            view.update()
            boxes = document.nodeIDLimit
            var list = DisplayList()
            paint = min(paint, wallSeconds { list = view.displayList(scrollX: 0, scrollY: 2000) })
            let rasteriser = Rasteriser(fonts: fonts)
            pixels.withUnsafeMutableBufferPointer { p in
                let surface = Surface(base: p.baseAddress!, width: Int(PageParts.width), height: Int(PageParts.height), strideWords: Int(PageParts.width))
                rasteriser.draw(list, into: surface)          // glyphs are cached from here on, as in a tab that scrolls
                raster = min(raster, bestSeconds(of: 3) { rasteriser.draw(list, into: surface) })
            }
        }
        let size = "\(text.count / 1024) KiB, \(boxes) nodes"
        var list = [
            PartResult("page", "style_\(name)", style * 1e3, "ms", "lower", "cascade of the whole page, \(size)"),
            PartResult("page", "layout_\(name)", layout * 1e3, "ms", "lower", "boxes and layout of the whole page"),
            PartResult("page", "relayout_\(name)", resize * 1e3, "ms", "lower", "after a resize"),
            PartResult("page", "unchanged_\(name)", again * 1e6, "us", "lower", "update when nothing changed"),
            PartResult("page", "display_list_\(name)", paint * 1e6, "us", "lower", "what one viewport shows"),
            PartResult("page", "raster_\(name)", raster * 1e6, "us", "lower", "its pixels, 1024 × 700"),
        ]
        if path == PageParts.detailedPages[0] {
            list.append(PartResult("page", "raster_bound_fill", fillBound(&pixels) * 1e6, "us", "none", "bound: memset of the same pixels"))
            list += try png(pixels)
        }
        return list
    }

    private func fillBound(_ pixels: inout [UInt32]) -> Double {
        var copy = pixels
        return bestSeconds(of: 5) { copy.withUnsafeMutableBytes { _ = memset($0.baseAddress!, 0x7F, $0.count) } }
    }

    /// Sheets that the page links, from the files beside it.
    private func addSheets(_ document: Document, _ file: URL, _ styles: StyleEngine) {
        for raw in 1..<UInt32(document.nodeIDLimit) {
            let n = NodeID(raw: raw)
            guard document.kind(n) == .element, document.name(n) == .link, document.attribute(n, .rel) == "stylesheet", let href = document.attribute(n, .href) else { continue }
            add(href, relativeTo: file, styles)
        }
    }
    private func add(_ href: String, relativeTo file: URL, _ styles: StyleEngine) {
        let path = href.split(separator: "?").first.map(String.init) ?? href
        let target = file.deletingLastPathComponent().appendingPathComponent(path)
        guard let data = FileManager.default.contents(atPath: target.path) else { return }
        for imported in styles.addAuthorSheet([UInt8](data), baseURL: "") {
            let inner = target.deletingLastPathComponent().appendingPathComponent(imported.url)
            guard let bytes = FileManager.default.contents(atPath: inner.path) else { continue }
            _ = styles.setAuthorSheet(imported.sheet, [UInt8](bytes), baseURL: "")
        }
    }

    private func loadFonts() throws -> FontLibrary {
        let library = FontLibrary()
        let files: [(String, String, Bool)] = [
            ("DejaVuSans", "dejavu sans", false), ("DejaVuSans-Bold", "dejavu sans", true), ("DejaVuSerif", "dejavu serif", false),
            ("DejaVuSerif-Bold", "dejavu serif", true), ("DejaVuSansMono", "dejavu sans mono", false), ("DejaVuSansMono-Bold", "dejavu sans mono", true),
        ]
        for (file, family, bold) in files {
            let path = image.directory.appendingPathComponent("fonts/\(file).ttf").path
            guard let data = FileManager.default.contents(atPath: path) else { throw TerrariumError(.missing, "\(path) is missing; run 'simctl image build'") }
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: data.count, alignment: 16)      // fonts stay for the life of the process
            data.copyBytes(to: memory)
            guard let face = FontFace(data: UnsafeRawBufferPointer(memory)) else { throw TerrariumError(.badData, "\(path) is damaged") }
            library.add(face, family: family, bold: bold, italic: false)
        }
        return library
    }

    // MARK: PNG

    /// A picture of the page as PNG, decoded by us and, the inflating part alone, by zlib.
    private func png(_ pixels: [UInt32]) throws -> [PartResult] {
        let file = try PNGWriter.encode(pixels: pixels, width: Int(PageParts.width), height: Int(PageParts.height))
        var isGood = true
        let decode = bestSeconds(of: 5) { isGood = ((try? ImageDecoder.decode(file))?.width == Int(PageParts.width)) && isGood }
        guard isGood else { throw TerrariumError(.failed, "the picture of the page does not decode") }
        let megabytes = Double(pixels.count * 4) / 1e6
        var list = [PartResult("images", "png_decode", megabytes / decode, "MB/s", "higher", "of pixels: a picture of the page, \(file.count / 1024) KiB")]
        let path = FileManager.default.temporaryDirectory.appendingPathComponent("terrarium-bench-\(getpid()).png").path
        defer { try? FileManager.default.removeItem(atPath: path) }
        let program = """
        import sys, time, zlib, struct
        b = open(sys.argv[1], 'rb').read(); i = 8; z = b''
        while i < len(b):
            n, t = struct.unpack('>I4s', b[i:i+8])
            if t == b'IDAT': z += b[i+8:i+8+n]
            i += 12 + n
        best = 1e9
        for _ in range(5):
            t = time.perf_counter(); zlib.decompress(z); best = min(best, time.perf_counter() - t)
        print(best)
        """
        if FileManager.default.createFile(atPath: path, contents: Data(file)), let seconds = Peer.python(program, [path]) {
            list.append(PartResult("images", "png_peer_zlib", megabytes / seconds, "MB/s", "none", "peer: zlib inflates the same file, without unfiltering"))
        }
        return list
    }
}
