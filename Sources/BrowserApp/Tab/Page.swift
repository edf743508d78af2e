// One loaded document with everything that belongs to it: parser, style sheets, pictures, layout. A navigation makes
// a new page and drops the old one. Work is done as bytes arrive; the owner asks for a paint when `onChange` says so.

import CSS
import DOM
import Graphics
import HTML
import Images
import Interaction
import Layout
import Pictures
import Runtime
import WebNet

/// How the bytes of a response become a document.
enum PageFlavour { case html, plainText, source, picture }

final class Page {
    /// Bytes of a picture and of a style sheet that we keep at most.
    static let resourceByteCountMax = 16 << 20
    static let iconByteCountMax = 256 << 10
    /// While a page arrives it is laid out again at most this often.
    static let progressNanoseconds: UInt64 = 300_000_000
    /// More of a document is not read: a page says so at its end instead of using up the machine.
    static let documentByteCountMax: UInt64 = 16 << 20

    let url: URL
    let document: Document
    let styles: StyleEngine
    let view: PageView
    let images: PictureStore
    /// What the user does with the page.
    let interaction: PageInteraction
    /// The documents in its frames.
    let frames: PageFrames
    /// What relative addresses are resolved against: the first base element's, else the document's (HTML §2.4.3).
    private(set) var baseURL: URL
    private let ownBase: URL
    private let parser: HTMLParser
    private let flavour: PageFlavour
    private var http: HTTPClient?
    private var scanner = ResourceScanner()
    private var transfers: [HTTPTransfer] = []
    private var pendingResources = 0
    private var pendingSheets = 0
    /// `<style>` elements, whose text is whole only when their parent has gone on.
    private var openStyles: [(node: NodeID, sheet: StyleSheetID, media: String)] = []
    private(set) var isParsed = false
    private var isStopped = false
    private var highlighter = SourceHighlighter()
    /// False: pictures are left out, as the user's settings say.
    var loadsImages = true
    private(set) var byteCount: UInt64 = 0
    /// Something to show changed.
    var onChange: (() -> Void)?
    /// Everything has arrived (or failed).
    var onComplete: (() -> Void)?
    /// The icon of this address has arrived, or there is none.
    var onIcon: ((URL, Picture?) -> Void)?
    /// Whether the owner has that icon already, or knows that there is none; then it is not fetched.
    var knowsIcon: ((URL) -> Bool)?
    private let fonts: FontLibrary

    /// `base`: what addresses are resolved against when the page's own has no hierarchy (`about:srcdoc`).
    init(url: URL, flavour: PageFlavour, charset: String? = nil, http: HTTPClient?, fonts: FontLibrary, base: URL? = nil, firstFrame: UInt32 = 1) {
        self.url = url
        ownBase = base ?? url
        self.flavour = flavour
        self.http = http
        self.fonts = fonts
        document = Document()
        document.url = url.href
        // Pages that are made here are UTF-8.
        parser = HTMLParser(document: document, scripting: false, encodingLabel: flavour == .html && http != nil ? charset : "utf-8")
        styles = StyleEngine(document: document)
        styles.addUserAgentSheet()
        view = PageView(document: document, fonts: fonts, styles: styles)
        images = PictureStore(cache: view.pixelCache, fonts: fonts)
        view.imageProvider = images
        baseURL = ownBase
        interaction = PageInteraction(view: view, baseURL: ownBase)
        frames = PageFrames(document: document, view: view, fonts: fonts, firstNumber: firstFrame)
        view.frameProvider = frames
        frames.resolve = { [unowned(unsafe) self] in baseURL.resolve($0) }
        interaction.charset = { [unowned(unsafe) self] label in
            guard let encoder = label.map({ TextEncoder(label: $0) }) ?? parser.textEncoder else { return nil }
            return FormCharset(name: encoder.name) { encoder.encode($0) }
        }
        images.request = { [unowned(unsafe) self] text in loadImage(text) }
        if flavour == .plainText { parser.feed(Array(AboutPages.plainTextHead(title: url.href).utf8)) }
        if flavour == .source { parser.feed(Array(AboutPages.sourceHead(title: "view-source:" + url.href).utf8)) }
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
        case .plainText: parser.feed(AboutPages.escaped(bytes))
        case .source: parser.feed(highlighter.feed(bytes))
        case .picture: return true
        }
        discover()
        onChange?()
        return true
    }

    /// A picture document whose bytes are here already.
    func showPicture(_ bytes: [UInt8]) {
        guard let picture = images.begin(url.href) else { return }
        _ = picture.append(bytes)
        _ = picture.finish()
    }

    /// Ends the document; `note` is a sentence for a person, shown where the page ends early.
    func finish(note: String? = nil) {
        if isParsed { return }
        if let note {
            parser.feed(Array(("</pre></table></div><p style=\"background: #fff3c4; padding: 8px\">" + AboutPages.escaped(note) + "</p>").utf8))
        }
        if flavour == .source { parser.feed(highlighter.finish()) }
        parser.finish()
        isParsed = true
        discover()
        onChange?()
        completeIfDone()
    }

    /// Stops loading; what is there stays.
    /// The process was restored from an image: transfers that were under way are gone, later ones go over `http`.
    func revive(http: HTTPClient?) {
        transfers = []
        if self.http != nil { self.http = http }
    }
    func stop() {
        isStopped = true
        for transfer in transfers { transfer.cancel() }
        transfers = []
        pendingResources = 0
        onChange = nil
        onComplete = nil
        onIcon = nil
        knowsIcon = nil
    }

    private func completeIfDone() {
        guard isComplete, let done = onComplete else { return }
        onComplete = nil
        done()
        loadIcon()
    }

    // MARK: Resources

    private func discover() {
        let found = scanner.scan(document)
        frames.add(scanner.takeFrames())
        if let base = found.base.flatMap({ ownBase.resolve($0) }) {
            baseURL = base
            interaction.baseURL = base
        }
        for sheet in found.sheets {
            let id = styles.reserveAuthorSheet()
            switch sheet.source {
            case .style(let node): openStyles.append((node, id, sheet.media))
            case .link(let href): load(href, base: baseURL, into: id, media: sheet.media)
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
                apply(Array(document.textContent(style.node).utf8), base: baseURL, to: style.sheet, media: style.media)
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

    /// Fetches a picture. It is laid out as soon as its size is known and drawn as far as it has arrived.
    private func loadImage(_ text: String) {
        guard loadsImages, let picture = images.begin(text) else { return }
        guard let target = baseURL.resolve(text) else { picture.fail(); return }
        fetch(target, progress: { [self] bytes in
            if picture.append(bytes) { view.imagesChanged() }
            onChange?()
        }, { [self] bytes in
            let wasKnown = picture.isSizeKnown
            if bytes == nil { picture.fail() } else { picture.finish() }
            if !wasKnown || picture.state == .failed { view.imagesChanged() }
            onChange?()
        })
    }

    /// Gets a whole resource; nil when it failed or is too large. With `progress` the bytes go there as they come, and `done`
    /// gets none.
    private func fetch(_ target: URL, progress: (([UInt8]) -> Void)? = nil, _ done: @escaping ([UInt8]?) -> Void) {
        guard let http, !isStopped else { done(nil); return }
        pendingResources += 1
        var body: [UInt8] = []
        var count = 0
        var isGood = true
        var isEnded = false
        let end: ([UInt8]?) -> Void = { [self] bytes in
            if isEnded || isStopped { return }
            isEnded = true
            pendingResources -= 1
            done(bytes)
            completeIfDone()
        }
        let transfer = http.get(target) { [self] event in
            switch event {
            case .redirected: break
            case .response(let response): isGood = response.status >= 200 && response.status < 300
            case .body(let bytes):
                count += bytes.count
                if count > Page.resourceByteCountMax { isGood = false }
                if !isGood || isStopped { break }
                if let progress { progress(bytes) } else { body += bytes }
            case .finished: end(isGood ? body : nil)
            case .failed: end(nil)
            }
        }
        transfers.append(transfer)
    }

    /// The address of the icon: as the page says, else where every site may have one (HTML §4.6.7.8).
    private var iconURL: URL? {
        if let href = scanner.icon { return baseURL.resolve(href) }
        return flavour == .html && (url.scheme == "http" || url.scheme == "https") ? url.resolve("/favicon.ico") : nil
    }
    /// The icon comes last and holds nothing up.
    private func loadIcon() {
        guard let http, let target = iconURL, onIcon != nil, knowsIcon?(target) != true else { return }
        let picture = Picture(cache: view.pixelCache, fonts: fonts)
        var isGood = true
        transfers.append(http.get(target) { [self] event in
            switch event {
            case .redirected: break
            case .response(let response): isGood = response.status >= 200 && response.status < 300
            case .body(let bytes): if picture.byteCount + bytes.count <= Page.iconByteCountMax { _ = picture.append(bytes) } else { isGood = false }
            case .finished: onIcon?(target, isGood && picture.finish() ? picture : nil)
            case .failed: onIcon?(target, nil)
            }
        })
    }

    // MARK: Layout

    /// Brings style and layout up to date for a viewport; true when a layout was made.
    @discardableResult
    func update(width: Int32, height: Int32) -> Bool {
        view.viewportWidth = width
        view.viewportHeight = height
        return view.update()
    }

    deinit {
        for transfer in transfers { transfer.cancel() }
        view.controlText = nil                    // these hold the view
        view.frameProvider = nil
    }
}
