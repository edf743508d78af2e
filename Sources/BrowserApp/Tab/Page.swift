// One loaded document with everything that belongs to it: parser, style sheets, pictures, layout. A navigation makes
// a new page and drops the old one. Work is done as bytes arrive; the owner asks for a paint when `onChange` says so.

import CSS
import DOM
import Graphics
import HTML
import Images
import Layout
import Runtime
import WebNet

/// How the bytes of a response become a document.
enum PageFlavour { case html, plainText, source, picture }

final class Page {
    /// Bytes of a picture and of a style sheet that we keep at most.
    static let resourceByteCountMax = 16 << 20
    /// While a page arrives it is laid out again at most this often.
    static let progressNanoseconds: UInt64 = 300_000_000
    /// More of a document is not read: a page says so at its end instead of using up the machine.
    static let documentByteCountMax: UInt64 = 16 << 20

    let url: URL
    let document: Document
    let styles: StyleEngine
    let view: PageView
    let images: PageImages
    private let parser: HTMLParser
    private let flavour: PageFlavour
    private let http: HTTPClient?
    private var scanner = ResourceScanner()
    private var transfers: [HTTPTransfer] = []
    private var pendingResources = 0
    private var pendingSheets = 0
    /// `<style>` elements, whose text is whole only when their parent has gone on.
    private var openStyles: [(node: NodeID, sheet: StyleSheetID, media: String)] = []
    private var isParsed = false
    private var isStopped = false
    private(set) var byteCount: UInt64 = 0
    /// Something to show changed.
    var onChange: (() -> Void)?
    /// Everything has arrived (or failed).
    var onComplete: (() -> Void)?

    init(url: URL, flavour: PageFlavour, charset: String? = nil, http: HTTPClient?, fonts: FontLibrary) {
        self.url = url
        self.flavour = flavour
        self.http = http
        document = Document()
        document.url = url.href
        // Pages that are made here are UTF-8.
        parser = HTMLParser(document: document, scripting: false, encodingLabel: flavour == .html && http != nil ? charset : "utf-8")
        styles = StyleEngine(document: document)
        styles.addUserAgentSheet()
        view = PageView(document: document, fonts: fonts, styles: styles)
        images = PageImages()
        view.imageProvider = images
        images.request = { [unowned(unsafe) self] text in loadImage(text) }
        if flavour == .plainText { parser.feed(Array(AboutPages.plainTextHead(title: url.href).utf8)) }
        if flavour == .source { parser.feed(Array(AboutPages.plainTextHead(title: "view-source:" + url.href).utf8)) }
        if flavour == .picture { parser.feed(Array(AboutPages.picture(url: url.href).utf8)) }
    }

    var isComplete: Bool { isParsed && pendingResources == 0 }
    /// A page is not shown before the sheets that its head names are there, so that it does not flash unstyled.
    var canPaint: Bool { (isParsed || !document.body.isNone) && (pendingSheets == 0 || isStopped) }

    // MARK: Arriving bytes

    /// Takes the next bytes. False when the document is larger than is read; the rest is then not wanted.
    func feed(_ bytes: [UInt8]) -> Bool {
        byteCount += UInt64(bytes.count)
        if byteCount > Page.documentByteCountMax {
            finish(note: "This page is larger than 16 MiB. What follows was left out.")
            return false
        }
        switch flavour {
        case .html: parser.feed(bytes)
        case .plainText, .source: parser.feed(AboutPages.escaped(bytes))
        case .picture: return true
        }
        discover()
        onChange?()
        return true
    }

    /// Ends the document; `note` is a sentence for a person, shown where the page ends early.
    func finish(note: String? = nil) {
        if isParsed { return }
        if let note {
            parser.feed(Array(("</pre></table></div><p style=\"background: #fff3c4; padding: 8px\">" + AboutPages.escaped(note) + "</p>").utf8))
        }
        parser.finish()
        isParsed = true
        discover()
        onChange?()
        completeIfDone()
    }

    /// Stops loading; what is there stays.
    func stop() {
        isStopped = true
        for transfer in transfers { transfer.cancel() }
        transfers = []
        pendingResources = 0
        onChange = nil
        onComplete = nil
    }

    private func completeIfDone() {
        guard isComplete, let done = onComplete else { return }
        onComplete = nil
        done()
    }

    // MARK: Resources

    private func discover() {
        let found = scanner.scan(document)
        for sheet in found.sheets {
            let id = styles.reserveAuthorSheet()
            switch sheet.source {
            case .style(let node): openStyles.append((node, id, sheet.media))
            case .link(let href): load(href, base: url, into: id, media: sheet.media)
            }
        }
        for image in found.images { loadImage(image) }
        readStyleElements()
    }

    /// Takes over the text of `<style>` elements that the parser has closed.
    private func readStyleElements() {
        var stillOpen: [(node: NodeID, sheet: StyleSheetID, media: String)] = []
        for style in openStyles {
            if isParsed || !document.next(document.lastChild(style.node).isNone ? style.node : document.lastChild(style.node), within: document.root).isNone {
                apply(Array(document.textContent(style.node).utf8), base: url, to: style.sheet, media: style.media)
            } else {
                stillOpen.append(style)
            }
        }
        openStyles = stillOpen
    }

    private func load(_ href: String, base: URL, into sheet: StyleSheetID, media: String?) {
        guard let target = base.resolve(href) else { return }
        pendingSheets += 1
        fetch(target) { [self] bytes in
            pendingSheets -= 1
            if let bytes { apply(bytes, base: target, to: sheet, media: media) }
            onChange?()
        }
    }

    private func apply(_ bytes: [UInt8], base: URL, to sheet: StyleSheetID, media: String?) {
        for imported in styles.setAuthorSheet(sheet, bytes, baseURL: base.href, media: media) {
            load(imported.url, base: base, into: imported.sheet, media: nil)
        }
    }

    private func loadImage(_ text: String) {
        guard images.begin(text) else { return }
        guard let target = url.resolve(text) else { images.fail(text); return }
        fetch(target) { [self] bytes in
            if let bytes, let bitmap = try? ImageDecoder.decode(bytes) { images.finish(text, bitmap) } else { images.fail(text) }
            view.imagesChanged()
            onChange?()
        }
    }

    /// Gets a whole resource; nil when it failed or is too large.
    private func fetch(_ target: URL, _ done: @escaping ([UInt8]?) -> Void) {
        guard let http, !isStopped else { done(nil); return }
        pendingResources += 1
        var body: [UInt8] = []
        var isGood = true
        var isEnded = false
        let end: ([UInt8]?) -> Void = { [self] bytes in
            if isEnded || isStopped { return }
            isEnded = true
            pendingResources -= 1
            done(bytes)
            completeIfDone()
        }
        let transfer = http.get(target) { event in
            switch event {
            case .redirected: break
            case .response(let response): isGood = response.status >= 200 && response.status < 300
            case .body(let bytes):
                if body.count + bytes.count > Page.resourceByteCountMax { isGood = false } else if isGood { body += bytes }
            case .finished: end(isGood ? body : nil)
            case .failed: end(nil)
            }
        }
        transfers.append(transfer)
    }

    // MARK: Layout

    /// Brings style and layout up to date for a viewport.
    func update(width: Int32, height: Int32) {
        view.viewportWidth = width
        view.viewportHeight = height
        view.update()
    }

    deinit { for transfer in transfers { transfer.cancel() } }
}

/// The pictures of one page by the address written in the markup.
final class PageImages: ImageProvider {
    private enum State { case loading, ready(Bitmap), failed }
    private var states: [String: State] = [:]
    /// Decoded bytes kept at most; a page with more shows the first ones (reference C §7: 8 MiB is the default).
    static let decodedByteCountMax = 32 << 20
    private var decodedByteCount = 0
    var request: ((String) -> Void)?

    /// True when the caller should start loading `url` now.
    func begin(_ url: String) -> Bool {
        if states[url] != nil { return false }
        states[url] = .loading
        return true
    }
    func finish(_ url: String, _ bitmap: Bitmap) {
        let size = bitmap.pixels.count * 4
        if decodedByteCount + size > PageImages.decodedByteCountMax { states[url] = .failed; return }
        decodedByteCount += size
        states[url] = .ready(bitmap)
    }
    func fail(_ url: String) { states[url] = .failed }

    func image(for url: String) -> Bitmap? {
        if case .ready(let bitmap)? = states[url] { return bitmap }
        return nil
    }
    func needsImage(_ url: String) { request?(url) }
}
