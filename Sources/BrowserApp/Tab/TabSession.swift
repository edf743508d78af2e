// A tab process: follows the browser's commands, loads pages, paints what is visible into its own surface, reports.
// While hidden it has no surface; while asleep it is nothing but pages of memory.

import ABI
import DOM
import Graphics
import HTML
import Images
import Interaction
import Layout
import NetClient
import Pictures
import Runtime
import TabProtocol
import Toolkit
import WebNet

public final class TabSession {
    static let frameNanoseconds: UInt64 = 16_666_667
    static let scrollStep: Int32 = 57            // three lines of 19 pixels a wheel notch

    private(set) var outbox: Outbox
    /// Set when this process shows a frame: the talk with the page around it.
    var embedding: EmbeddingLink?
    let fonts: FontLibrary
    let rasteriser: Rasteriser
    private var network: NetworkClient?
    private var http: HTTPClient?

    // The page and its load.
    var page: Page?
    private var navigation: HTTPTransfer?
    private var requestedURL = ""
    /// The form whose answer is shown; reloading asks before it is sent again.
    private var requestedForm: FormSubmission?
    var restoreScrollY: Int32 = 0
    private var lastProgressPaint: UInt64 = 0
    private var paintNanoseconds: UInt64 = 0     // of the last paint

    // What is visible.
    private var surface: SharedMemory?
    var width: Int32 = 0, height: Int32 = 0
    private var isVisible = false
    private var isPaintScheduled = false
    private var lastPaint: UInt64 = 0
    /// What the scheduled paint paints; nil: everything.
    private var damage: Rect?
    private var paintedScrollY: Int32 = -1
    /// When a frame of an animation is due; 0: no timer runs.
    private var animationDue: UInt64 = 0
    var scrollY: Int32 = 0

    // What goes to and comes from the browser in parts.
    private var blobs = BlobAssembler()
    /// Control state for the page that is being loaded.
    private var stateToRestore: [UInt8] = []
    /// Of the next `navigate`.
    private var receivedState: [UInt8] = []
    /// The form whose answer the next `navigate` goes back to.
    private var receivedForm: PostedForm?
    /// A page of the browser itself, for the next address that asks for one.
    private var documentToShow: [UInt8] = []
    private var downloadCount: UInt32 = 0

    // The search that is on.
    var searchText = ""
    var parts = FindParts()
    /// The page itself has no match: the first that a frame reports becomes current.
    var wantsMatch = false

    // Preferences.
    var zoomPercent: Int32 = 100
    private var imageMode: UInt8 = 0
    private var isStateDue = false

    public init(channel: Channel, fonts: FontLibrary, rasteriser: Rasteriser) {
        self.fonts = fonts
        self.rasteriser = rasteriser
        outbox = Outbox(channel)
        listen(channel)
    }
    private func listen(_ channel: Channel) {
        Reactor.main.onMessage(channel, closed: { System.exit(0) }) { [unowned(unsafe) self] message in
            let command = TabCommand.parse(message.bytes)
            switch command {
            case .embed(let embedding)?: embed(embedding, message.handles)
            case .frameNews(let number, let news)?: receive(number, news, message.handles)
            default:
                for h in message.handles { h.close() }
                if let command { perform(command) }
            }
        }
        if let event = try? System.pressureEvent() {
            Reactor.main.watch(event, .signaled) { [unowned(unsafe) self] _ in
                System.clear(event)
                dropCaches()
            }
        }
    }
    /// A new life, on another machine or after a reboot: the page is as it was, everything that was open elsewhere is gone.
    /// The clock is set by the browser's first command, before anything asks for the time.
    func revive(_ channel: Channel) {
        outbox = Outbox(channel)
        network = nil
        http = nil
        navigation = nil
        savings = []
        surface = nil
        isVisible = false
        isPaintScheduled = false
        isTrimScheduled = false
        animationDue = 0
        isStateDue = false
        listen(channel)
    }

    /// Memory is getting short: what can be made again goes before anything is taken. A tab on screen keeps what it shows,
    /// a hidden one has dropped its pixels when it was hidden; both give free pages of the heap back.
    private func dropCaches() {
        if isVisible { page?.view.pixelCache.dropUnseen() } else { page?.view.pixelCache.dropAll() }
        trim()
    }

    /// To the browser; what is seen of a frame, to the page around it.
    func report(_ r: TabReport, handles: [Handle] = []) {
        if let embedding {
            switch r {
            case .surface, .frame, .hover, .found, .unused: embedding.outbox.send(r.emit(), handles: handles); return
            default: break
            }
        }
        outbox.send(r.emit(), handles: handles)
    }

    func perform(_ command: TabCommand) {
        switch command {
        case .navigate(let url, let y): navigate(url, scrollY: y, isNew: true)
        case .reload: reload()
        case .stop: stop()
        case .show(let w, let h): show(w, h)
        case .hide: hide()
        case .pointer(let action, let x, let y, let button, let wheel, let modifiers, let clicks):
            pointer(action, x, y, button, wheel, KeyModifiers(rawValue: modifiers), clicks)
        case .key(let code, let modifiers, let character): key(code, KeyModifiers(rawValue: modifiers), character)
        case .ping(let number): report(.pong(number))
        case .revive(let clock):
            System.continueClock(at: clock)
            page?.revive(http: connectToNetwork())
        case .blob(let kind, let isLast, let part):
            guard let whole = blobs.add(kind, isLast: isLast, part) else { return }
            switch kind {
            case .clipboard: Clipboard.text = TextPainter.scalars(String(decoding: whole, as: UTF8.self))
            case .formState: receivedState = whole
            case .document: documentToShow = whole
            case .postedForm: receivedForm = PostedForm.parse(whole)
            case .frameDocument: break
            }
        case .find(let step, let text): find(step, text)
        case .preferences(let zoom, let images): prefer(Int32(zoom), images)
        case .focus(let how): takeFocus(how)
        case .embed, .frameNews: break               // came with handles, above
        }
    }

    /// Sends something of any length.
    func report(_ kind: BlobKind, _ bytes: [UInt8]) {
        for part in BlobAssembler.parts(bytes) { report(.blob(kind, isLast: part.isLast, part.bytes)) }
    }

    // MARK: Navigation

    func navigate(_ text: String, scrollY y: Int32, isNew: Bool) {
        navigation?.cancel()
        navigation = nil
        keepState()
        requestedURL = text
        requestedForm = nil
        restoreScrollY = y
        stateToRestore = receivedState
        receivedState = []
        if let form = receivedForm {
            receivedForm = nil
            askToResend(form, shown: text)
            return
        }
        if text.hasPrefix("view-source:") {
            open(String(text.dropFirst(12)), shown: text, asSource: true, isNew: isNew)
        } else {
            open(text, shown: text, asSource: false, isNew: isNew)
        }
    }

    private func reload() {
        if let form = requestedForm {
            keepState()
            showNote(requestedURL, AboutPages.resend(url: form.url.href))
        } else { navigate(requestedURL, scrollY: scrollY, isNew: false) }
    }

    /// History went back to the answer of a form: getting its address would show something else.
    private func askToResend(_ form: PostedForm, shown: String) {
        requestedForm = URL(form.url).flatMap { url in form.body.map { FormSubmission(url: url, method: "POST", contentType: form.contentType, body: $0, target: .here) } }
        showNote(shown, requestedForm == nil ? AboutPages.formIsGone(url: shown) : AboutPages.resend(url: form.url))
    }

    /// Sends a form by POST and shows the answer.
    func send(_ form: FormSubmission) {
        navigation?.cancel()
        navigation = nil
        keepState()
        requestedURL = form.url.href
        requestedForm = form
        restoreScrollY = 0
        stateToRestore = []
        report(.load(.loading))
        var headers = HTTPHeaders()
        if let type = form.contentType { headers.add("Content-Type", type) }
        if embedding?.record.sandbox.contains(.origin) == true { headers.add("Origin", "null") }
        else if let origin = page?.url.origin, origin != "null" { headers.add("Origin", origin) }
        load(HTTPRequest(url: form.url, method: form.method, headers: headers, body: form.body), shown: form.url.href, asSource: false, isNew: true)
    }
    /// The user agreed to send the form again.
    func resend() { if let form = requestedForm { send(form) } }

    private func prefer(_ zoom: Int32, _ images: UInt8) {
        imageMode = images
        let percent = max(25, min(500, zoom))
        if percent == zoomPercent { return }
        zoomPercent = percent
        schedulePaint()
    }
    /// Viewport in CSS pixels.
    var viewportWidth: Int32 { max(1, width * 100 / zoomPercent) }
    var viewportHeight: Int32 { max(1, height * 100 / zoomPercent) }

    private func open(_ text: String, shown: String, asSource: Bool, isNew: Bool) {
        guard let url = URL(text) else {
            showFailure(shown, "This is not a valid address. Check it for typing errors.", isNew)
            return
        }
        if jumpInPage(url, shown, isNew) { return }
        report(.load(.loading))
        if url.scheme == "about" || url.scheme == "jsos" {
            openAbout(url, shown, asSource, isNew)
            return
        }
        if url.scheme == "file" {
            openFile(url, shown, asSource, isNew)
            return
        }
        load(HTTPRequest(url: url), shown: shown, asSource: asSource, isNew: isNew)
    }

    /// jsos://reader?url=…: the page is read as a whole, then only its text is shown.
    private func openReader(_ url: URL, _ shown: String, _ isNew: Bool) {
        let query = url.query ?? ""
        let text = String(decoding: PercentEncoding.decode(Array(query.utf8.dropFirst(4))), as: UTF8.self)
        guard query.hasPrefix("url="), let target = URL(text), target.scheme == "http" || target.scheme == "https" || target.scheme == "data" else {
            showFailure(shown, "Reader mode shows pages from the web; their address stands after url=.", isNew)
            return
        }
        load(HTTPRequest(url: target), shown: shown, asSource: false, isNew: isNew, asReader: true)
    }
    private func showReader(_ bytes: [UInt8], _ url: URL, _ charset: String?, _ shown: String, _ isNew: Bool) {
        let document = Document()
        let parser = HTMLParser(document: document, encodingLabel: charset)
        parser.feed(bytes)
        parser.finish()
        guard let html = Reader(document: document, base: url).html(address: url.href) else {
            showFailure(url.href, "This page has no text that could be shown by itself.", isNew)
            return
        }
        showBytes(Array(html.utf8), url, .html, shown, isNew, charset: "utf-8")
    }

    private func connectToNetwork() -> HTTPClient? {
        if http == nil {
            network = NetworkClient()
            http = network.map { HTTPClient(network: $0) }
        }
        return http
    }
    /// The `srcdoc` of the frame's element; it has no address of its own, but loads like a page from the web.
    private func showSrcdoc(_ url: URL, base: URL?, _ shown: String, _ isNew: Bool) {
        replacePage(Page(url: url, flavour: .html, charset: "utf-8", http: connectToNetwork(), fonts: fonts, base: base, firstFrame: nextFrame), shown, isNew)
        _ = page?.feed(documentToShow)
        page?.finish()
    }
    /// Numbers of frames go on from page to page.
    private var nextFrame: UInt32 { page?.frames.lastNumber ?? 1 }

    private func load(_ request: HTTPRequest, shown: String, asSource: Bool, isNew: Bool, asReader: Bool = false) {
        let url = request.url
        guard let http = connectToNetwork() else {
            showFailure(shown, "The network service does not answer. Try again in a moment.", isNew)
            return
        }
        var download: FileDownload?
        var readerBytes: [UInt8] = [], readerHead: HTTPResponse?
        navigation = http.send(request) { [unowned(unsafe) self] event in
            if let file = download {
                save(event, file)
                return
            }
            switch event {
            case .redirected: break
            case .response(let response):
                if let embedding, FramePolicy.forbids(response, ancestors: embedding.record.ancestors) {
                    navigation?.cancel()
                    navigation = nil
                    showRefusal(response.url, isNew)
                } else if asReader { readerHead = response } else if !asSource, isToBeSaved(response) { download = startDownload(response, isNew) } else { begin(response, asSource: asSource, isNew: isNew) }
            case .body(let bytes):
                if asReader { if UInt64(readerBytes.count) < Page.documentByteCountMax { readerBytes += bytes } }
                else if let page, !bytes.isEmpty, !page.feed(bytes) {
                    navigation?.cancel()
                    navigation = nil
                }
            case .finished:
                navigation = nil
                if asReader { showReader(readerBytes, readerHead?.url ?? url, readerHead?.charset, shown, isNew) } else { page?.finish() }
            case .failed(let error):
                navigation = nil
                if !asReader, let page, page.byteCount > 0, page.url.href == url.href {
                    page.finish(note: error.sentence)          // what arrived stays readable
                    report(.load(.failed))
                } else {
                    showFailure(shown, error.sentence, isNew)
                }
            }
        }
    }

    /// A link to another place of the page that is shown only scrolls (HTML §7.4.2.3.3).
    private func jumpInPage(_ url: URL, _ shown: String, _ isNew: Bool) -> Bool {
        guard isNew, let page, let fragment = url.fragment, page.url.hrefWithoutFragment == url.hrefWithoutFragment, page.isComplete else { return false }
        shownURL = shown
        report(.location(url: shown, isNew: true))
        if let y = page.view.anchorY(fragment) { scroll(to: y) }
        return true
    }

    /// What cannot be shown, and what the server wants saved, is saved; the page that is shown stays.
    private func isToBeSaved(_ response: HTTPResponse) -> Bool {
        guard response.status >= 200, response.status < 300 else { return false }
        if FileDownload.isAttachment(response) { return true }
        let type = response.mediaType
        let isShown = type.isEmpty || type.hasPrefix("text/") || type.hasPrefix("image/")
            || type == "application/xhtml+xml" || type == "application/json" || type == "application/javascript" || type == "application/xml"
        return !isShown
    }
    private func startDownload(_ response: HTTPResponse, _ isNew: Bool) -> FileDownload? {
        if embedding?.record.sandbox.contains(.downloads) == true {
            navigation?.cancel()
            navigation = nil
            showFailure(response.url.href, "The page around this frame does not let it save files.", isNew)
            return nil
        }
        downloadCount += 1
        let total = response.headers.first("Content-Length").flatMap { UInt64($0) } ?? 0
        let file = FileDownload(number: downloadCount, name: FileDownload.name(response), total: total) { [unowned(unsafe) self] in report($0) }
        // The transfer goes on by itself; another navigation does not end it.
        if let transfer = navigation { savings.append((file, transfer)) }
        navigation = nil
        report(.load(.finished))
        return file
    }
    private var savings: [(file: FileDownload, transfer: HTTPTransfer)] = []
    private func save(_ event: HTTPEvent, _ file: FileDownload) {
        switch event {
        case .redirected, .response: return
        case .body(let bytes):
            if file.take(bytes) { return }
            for s in savings where s.file === file { s.transfer.cancel() }
            file.fail()
        case .finished: file.finish()
        case .failed: file.fail()
        }
        savings.removeAll { $0.file === file }
    }

    private func openFile(_ url: URL, _ shown: String, _ asSource: Bool, _ isNew: Bool) {
        switch LocalFiles.open(url) {
        case .failure(let why): showFailure(shown, why, isNew)
        case .folder(let html): showBytes(Array(html.utf8), url, .html, shown, isNew, charset: "utf-8")
        case .file(let bytes, let type):
            if asSource { showBytes(bytes, url, .source, shown, isNew) }
            else if type == "text/html" { showBytes(bytes, url, .html, shown, isNew) }
            else if type == "text/plain" { showBytes(bytes, url, .plainText, shown, isNew) }
            else if type.hasPrefix("image/") { showPicture(bytes, url, shown, isNew) }
            else { showFailure(shown, "This is a file that cannot be shown here.", isNew) }
        }
    }
    private func showBytes(_ bytes: [UInt8], _ url: URL, _ flavour: PageFlavour, _ shown: String, _ isNew: Bool, charset: String? = nil) {
        replacePage(Page(url: url, flavour: flavour, charset: charset, http: nil, fonts: fonts, firstFrame: nextFrame), shown, isNew)
        _ = page?.feed(bytes)
        page?.finish()
    }
    private func showPicture(_ bytes: [UInt8], _ url: URL, _ shown: String, _ isNew: Bool) {
        replacePage(Page(url: url, flavour: .picture, http: nil, fonts: fonts, firstFrame: nextFrame), shown, isNew)
        page?.showPicture(bytes)
        page?.finish()
    }

    private func openAbout(_ url: URL, _ shown: String, _ asSource: Bool, _ isNew: Bool) {
        switch url.path {
        case "crash": fatalError()
        case "hang": while TabSession.spin() {}
        default: break
        }
        if url.scheme == "jsos", !documentToShow.isEmpty {
            let html = documentToShow
            documentToShow = []
            showBytes(html, url, asSource ? .source : .html, shown, isNew, charset: "utf-8")
            return
        }
        if url.path == "srcdoc", let embedding {
            showSrcdoc(url, base: URL(embedding.record.baseURL), shown, isNew)
            return
        }
        if url.scheme == "jsos", url.host == "reader" {
            openReader(url, shown, isNew)
            return
        }
        guard url.scheme == "about", let html = AboutPages.html(url.path) else {
            showFailure(shown, "There is no page of this name. about:start is the start page.", isNew)
            return
        }
        replacePage(Page(url: url, flavour: asSource ? .source : .html, http: nil, fonts: fonts, firstFrame: nextFrame), shown, isNew)
        _ = page?.feed(Array(html.utf8))
        page?.finish()
    }

    /// Keeps the compiler from seeing that `about:hang` never ends. It counts and does not call the kernel: eight seconds
    /// of system calls would take a debug build minutes.
    @inline(never) private static func spin() -> Bool {
        spinCount &+= 1
        return spinCount != 0
    }
    nonisolated(unsafe) private static var spinCount: UInt64 = 0

    private func begin(_ response: HTTPResponse, asSource: Bool, isNew: Bool) {
        // A form that was answered by a redirect led to a page like any other.
        if response.method == "GET", requestedForm != nil {
            requestedForm = nil
            requestedURL = response.url.href
        }
        let type = response.mediaType
        var flavour = PageFlavour.html
        if asSource { flavour = .source
        } else if type.hasPrefix("image/") { flavour = .picture
        } else if type.hasPrefix("text/") && type != "text/html" || type == "application/json" || type == "application/javascript" || type == "application/xml" {
            flavour = .plainText
        } else if !type.isEmpty && type != "text/html" && type != "application/xhtml+xml" {       // an error's body
            navigation?.cancel()
            showFailure(response.url.href, "This is a file of the type " + type + ", which cannot be shown here.", isNew)
            return
        }
        let shown = (asSource ? "view-source:" : "") + response.url.href
        replacePage(Page(url: response.url, flavour: flavour, charset: response.charset, http: http, fonts: fonts, firstFrame: nextFrame), shown, isNew)
        if let form = requestedForm { report(.postedForm, PostedForm(url: form.url.href, contentType: form.contentType ?? "", body: form.body).emit()) }
    }

    private func showFailure(_ url: String, _ reason: String, _ isNew: Bool) {
        guard let base = URL("about:failure") else { return }
        replacePage(Page(url: base, flavour: .html, http: nil, fonts: fonts, firstFrame: nextFrame), url, isNew)
        page?.onComplete = { [unowned(unsafe) self] in report(.load(.failed)) }
        _ = page?.feed(Array(AboutPages.failure(url: url, reason: reason).utf8))
        page?.finish()
    }
    /// A page that does not want to be shown in a frame.
    private func showRefusal(_ url: URL, _ isNew: Bool) {
        guard let base = URL("about:refused") else { return }
        replacePage(Page(url: base, flavour: .html, http: nil, fonts: fonts, firstFrame: nextFrame), url.href, isNew)
        _ = page?.feed(Array(AboutPages.refused(url: url.href, host: url.host ?? url.href).utf8))
        page?.finish()
    }
    /// A page of our own in the place of another one's.
    private func showNote(_ url: String, _ html: String) {
        guard let base = URL("about:note") else { return }
        replacePage(Page(url: base, flavour: .html, http: nil, fonts: fonts, firstFrame: nextFrame), url, false)
        _ = page?.feed(Array(html.utf8))
        page?.finish()
    }

    private func replacePage(_ next: Page, _ shown: String, _ isNew: Bool) {
        page?.stop()
        page?.frames.closeAll()
        page = next
        next.view.isTransparent = embedding != nil
        next.loadsImages = imageMode == 0 || (imageMode == 2 && (next.url.scheme == "jsos" || next.url.scheme == "about"))
        scrollY = 0
        paintedScrollY = -1
        searchText = ""
        parts = FindParts()
        report(.hover(url: "", shape: .arrow))
        lastProgressPaint = System.now
        shownURL = shown
        report(.location(url: shown, isNew: isNew))
        next.onChange = { [unowned(unsafe) self] in pageChanged() }
        next.onComplete = { [unowned(unsafe) self] in report(.load(.finished)) }
        connect(next.interaction)
        connect(next.frames)
        isPageFresh = true
        isAutofocusDue = embedding == nil
        if embedding == nil {
            next.onIcon = { [unowned(unsafe) self] url, picture in keepIcon(url, picture) }
            next.knowsIcon = { [unowned(unsafe) self] url in reportKnownIcon(url) }
        }
    }

    /// Icons of this tab's pages, latest last; without pixels where a site has none. Pages of a site share them.
    private var icons: [(url: String, pixels: [UInt32])] = []
    private static let iconsMax = 16

    private func reportKnownIcon(_ url: URL) -> Bool {
        let href = url.href
        guard let known = icons.last(where: { $0.url == href }) else { return false }
        if !known.pixels.isEmpty { report(.icon(known.pixels)) }
        return true
    }
    /// Keeps an icon, and sends it at the size at which the tab strip shows it.
    private func keepIcon(_ url: URL, _ picture: Picture?) {
        let pixels = picture.flatMap { iconPixels($0) } ?? []
        let href = url.href
        if href.utf8.count <= 1024 { icons.append((href, pixels)) }
        if icons.count > TabSession.iconsMax { icons.removeFirst() }
        if !pixels.isEmpty { report(.icon(pixels)) }
    }
    private func iconPixels(_ picture: Picture) -> [UInt32]? {
        let side = Int32(TabIcon.side)
        guard let bitmap = picture.bitmap(width: side, height: side) else { return nil }
        var pixels = [UInt32](repeating: 0, count: TabIcon.pixelCount)
        var list = DisplayList()
        list.append(.image(bitmap, source: Rect(0, 0, Int32(clamping: bitmap.width), Int32(clamping: bitmap.height)), destination: Rect(0, 0, side, side)))
        pixels.withUnsafeMutableBufferPointer { p in
            rasteriser.draw(list, into: Surface(base: p.baseAddress!, width: TabIcon.side, height: TabIcon.side, strideWords: TabIcon.side))
        }
        return pixels
    }
    /// Set until a new page's controls have got back what the user put into them.
    private var isPageFresh = false
    /// Set until the focus is where a new page wants it.
    private var isAutofocusDue = false

    private func restoreState(_ page: Page) {
        guard isPageFresh, page.isParsed else { return }
        isPageFresh = false
        if !stateToRestore.isEmpty { page.interaction.restoreForms(stateToRestore) }
        stateToRestore = []
    }
    /// What may have the focus is known with the boxes: right after the first layout of the whole page, and no layout is made
    /// for it.
    private func focusIfWanted(_ page: Page) {
        guard isAutofocusDue, page.isParsed else { return }
        isAutofocusDue = false
        page.interaction.applyAutofocus()
        page.update(width: viewportWidth, height: viewportHeight)
    }

    // MARK: What the user put into controls

    /// Some control changed: the browser gets the state a moment later, or before the page is left.
    func stateChanged() {
        if isStateDue { return }
        isStateDue = true
        Reactor.main.after(300_000_000) { [unowned(unsafe) self] in keepState() }
    }
    private func keepState() {
        guard isStateDue, let page else { return }
        isStateDue = false
        var w = ByteWriter()
        w.string(shownURL)
        w.raw(page.interaction.saveForms())
        report(.formState, w.bytes)
    }
    /// The page's address as the browser knows it.
    private var shownURL = ""

    private func stop() {
        navigation?.cancel()
        navigation = nil
        page?.finish()
        page?.stop()
        report(.load(.finished))
        schedulePaint()
    }

    private func pageChanged() {
        guard let page else { return }
        restoreState(page)
        let title = page.document.title
        if title != reportedTitle { reportedTitle = title; report(.title(title)) }
        // The larger a page grows, the longer a layout takes and the rarer it is worth one before the end.
        if page.isComplete || System.now - lastProgressPaint >= max(Page.progressNanoseconds, paintNanoseconds * 8) {
            lastProgressPaint = System.now
            schedulePaint()
        }
    }
    private var reportedTitle = ""

    // MARK: Visibility and painting

    private func show(_ w: Int32, _ h: Int32) {
        damage = nil
        guard w > 0, h > 0, w <= 8192, h <= 8192 else { return }
        isVisible = true
        if surface == nil || w != width || h != height {
            dropSurface()
            width = w
            height = h
            guard let memory = try? SharedMemory.create(byteCount: Int(w) * Int(h) * 4) else {
                System.log("tab: no memory for a surface")
                return
            }
            surface = memory
        }
        if let surface, let shared = try? surface.handle.duplicate([.read, .map, .transfer]) {
            report(.surface(width: width, height: height), handles: [shared])
        }
        paint()
    }

    private func hide() {
        isVisible = false
        page?.frames.hide()
        page?.view.pixelCache.dropAll()
        dropSurface()
        trim()
    }

    private func dropSurface() {
        guard let memory = surface else { return }
        memory.unmap()
        memory.handle.close()
        surface = nil
    }

    /// Paints soon: everything, or the part that changed.
    func schedulePaint(_ part: Rect? = nil) {
        guard isVisible else { return }
        if isPaintScheduled {
            damage = part.flatMap { p in damage.map { $0.union(p) } }
            return
        }
        damage = part
        isPaintScheduled = true
        let since = System.now - lastPaint
        Reactor.main.after(since >= TabSession.frameNanoseconds ? 0 : TabSession.frameNanoseconds - since) { [unowned(unsafe) self] in
            isPaintScheduled = false
            if isVisible { paint() }
        }
    }

    /// Paints the viewport, or the part of it that changed. Nothing but the page's own state decides the pixels.
    private func paint() {
        guard let memory = surface else { return }
        let begun = System.now
        let target = Surface(base: memory.base.assumingMemoryBound(to: UInt32.self), width: Int(width), height: Int(height), strideWords: Int(width))
        var part = Rect(0, 0, width, height)
        let shown = page.flatMap { $0.canPaint ? $0 : nil }
        let isMoved = shown.map { prepare($0) } ?? true
        if let damage, !isMoved { part = damage.intersection(part) }
        damage = nil
        clear(target, part)
        if let shown {
            lastPaint = begun                    // a frame without content holds up no other
            paint(shown, target, part, isMoved)
        }
        paintNanoseconds = System.now - begun
        if shown != nil { scheduleAnimation(); scheduleTrim() }
        report(.frame(x: part.x, y: part.y, width: part.width, height: part.height, isContent: shown != nil))
    }
    /// Brings layout and scroll position up to date; true when either changed.
    private func prepare(_ page: Page) -> Bool {
        let isChanged = page.update(width: viewportWidth, height: viewportHeight)
        if isChanged { isTrimDue = true }
        focusIfWanted(page)
        restoreScrollIfPossible(page)
        scrollY = max(0, min(scrollY, page.view.contentHeight - viewportHeight))
        page.interaction.scrollY = scrollY
        page.interaction.prepareToPaint()
        page.frames.percent = zoomPercent
        page.frames.update(scrollY: scrollY)
        defer { paintedScrollY = scrollY }
        return isChanged || scrollY != paintedScrollY
    }
    private func paint(_ page: Page, _ target: Surface, _ part: Rect, _ isMoved: Bool) {
        if part.width == width, part.height == height { page.images.advanceAnimations(to: System.now) }
        page.frames.beginPaint()
        rasteriser.draw(page.view.displayList(scrollX: 0, scrollY: scrollY).scaled(percent: zoomPercent), into: target, clip: part, offsetX: 0, offsetY: 0)
        rasteriser.draw(page.interaction.overlay().scaled(percent: zoomPercent), into: target, clip: part, offsetX: 0, offsetY: 0)
        rasteriser.draw(scrollBar(page), into: target, clip: part, offsetX: 0, offsetY: 0)
        page.frames.endPaint()
        if isMoved { report(.scroll(y: scrollY, contentHeight: page.view.contentHeight)) }
    }
    /// White under a page; nothing under a document in a frame, which the page around it shows through.
    private func clear(_ target: Surface, _ part: Rect) {
        if embedding != nil {
            for y in part.y..<part.maxY { (target.row(Int(y)) + Int(part.x)).update(repeating: 0, count: Int(part.width)) }
            return
        }
        var background = DisplayList()
        background.append(.fill(part, .white))
        rasteriser.draw(background, into: target, clip: part, offsetX: 0, offsetY: 0)
    }

    /// Set when a layout was made whose working memory has not been given back.
    private var isTrimDue = false
    private var isTrimScheduled = false
    private static let trimNanoseconds: UInt64 = 500_000_000
    /// A moment after the last layout of a page that has arrived, what only layout used goes back to the system.
    private func scheduleTrim() {
        guard isTrimDue, !isTrimScheduled, let page, page.isComplete else { return }
        isTrimScheduled = true
        Reactor.main.after(TabSession.trimNanoseconds) { [unowned(unsafe) self] in
            isTrimScheduled = false
            trim()
        }
    }
    private func trim() {
        isTrimDue = false
        page?.view.trim()
        Heap.trim()
    }

    /// Animated pictures in view are painted again when their next frame is due; nothing else is ever woken for.
    private func scheduleAnimation() {
        guard let due = page?.images.nextFrameTime(after: System.now) else { return }
        if animationDue != 0, animationDue <= due { return }
        animationDue = due
        Reactor.main.after(due > System.now ? due - System.now : 0) { [unowned(unsafe) self] in
            if animationDue != due { return }              // an earlier one has taken its place
            animationDue = 0
            schedulePaint()
        }
    }

    private func restoreScrollIfPossible(_ page: Page) {
        if restoreScrollY > 0, page.view.contentHeight >= restoreScrollY + viewportHeight || page.isComplete {
            scrollY = restoreScrollY
            restoreScrollY = 0
        } else if restoreScrollY == 0, page.isComplete, let fragment = page.url.fragment, !hasJumpedToFragment(page) {
            if let y = page.view.anchorY(fragment) { scrollY = y }
            jumpedPage = ObjectIdentifier(page)
        }
    }
    private var jumpedPage: ObjectIdentifier?
    private func hasJumpedToFragment(_ page: Page) -> Bool { jumpedPage == ObjectIdentifier(page) }

    private func scrollBar(_ page: Page) -> DisplayList {
        var list = DisplayList()
        let total = Int32(clamping: Int64(page.view.contentHeight) * Int64(zoomPercent) / 100)
        guard total > height else { return list }
        let thumb = max(24, Int32(Int64(height) * Int64(height) / Int64(total)))
        let y = Int32(Int64(height - thumb) * Int64(scrollY) * Int64(zoomPercent) / 100 / Int64(max(1, total - height)))
        list.append(.roundedFill(Rect(width - 9, y + 1, 7, thumb - 2), radius: 3, Color(0, 0, 0, 90)))
        return list
    }
}
