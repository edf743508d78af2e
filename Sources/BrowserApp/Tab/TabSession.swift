// A tab process: follows the browser's commands, loads pages, paints what is visible into its own surface, reports.
// While hidden it has no surface; while asleep it is nothing but pages of memory.

import ABI
import DOM
import Graphics
import Images
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

    let outbox: Outbox
    let fonts: FontLibrary
    let rasteriser: Rasteriser
    private var network: NetworkClient?
    private var http: HTTPClient?

    // The page and its load.
    private var page: Page?
    private var navigation: HTTPTransfer?
    private var requestedURL = ""
    private var restoreScrollY: Int32 = 0
    private var lastProgressPaint: UInt64 = 0
    private var paintNanoseconds: UInt64 = 0     // of the last paint

    // What is visible.
    private var surface: SharedMemory?
    private var width: Int32 = 0, height: Int32 = 0
    private var isVisible = false
    private var isPaintScheduled = false
    private var lastPaint: UInt64 = 0
    /// When a frame of an animation is due; 0: no timer runs.
    private var animationDue: UInt64 = 0
    private var scrollY: Int32 = 0
    private var hoveredLink = ""
    private var pressedLink: String?

    public init(channel: Channel, fonts: FontLibrary, rasteriser: Rasteriser) {
        self.fonts = fonts
        self.rasteriser = rasteriser
        outbox = Outbox(channel)
        Reactor.main.onMessage(channel, closed: { System.exit(0) }) { [unowned(unsafe) self] message in
            for h in message.handles { h.close() }
            if let command = TabCommand.parse(message.bytes) { perform(command) }
        }
    }

    private func report(_ r: TabReport, handles: [Handle] = []) { outbox.send(r.emit(), handles: handles) }

    private func perform(_ command: TabCommand) {
        switch command {
        case .navigate(let url, let y): navigate(url, scrollY: y, isNew: true)
        case .reload: navigate(requestedURL, scrollY: scrollY, isNew: false)
        case .stop: stop()
        case .show(let w, let h): show(w, h)
        case .hide: hide()
        case .pointer(let action, let x, let y, let button, let wheel): pointer(action, x, y, button, wheel)
        case .key(let code, let modifiers, let character): key(code, KeyModifiers(rawValue: modifiers), character)
        case .ping(let number): report(.pong(number))
        }
    }

    // MARK: Navigation

    private func navigate(_ text: String, scrollY y: Int32, isNew: Bool) {
        navigation?.cancel()
        navigation = nil
        requestedURL = text
        restoreScrollY = y
        if text.hasPrefix("view-source:") {
            open(String(text.dropFirst(12)), shown: text, asSource: true, isNew: isNew)
        } else {
            open(text, shown: text, asSource: false, isNew: isNew)
        }
    }

    private func open(_ text: String, shown: String, asSource: Bool, isNew: Bool) {
        guard let url = URL(text) else {
            showFailure(shown, "This is not a valid address. Check it for typing errors.", isNew)
            return
        }
        if jumpInPage(url, shown, isNew) { return }
        report(.load(.loading))
        if url.scheme == "about" {
            openAbout(url, shown, asSource, isNew)
            return
        }
        if http == nil {
            network = NetworkClient()
            http = network.map { HTTPClient(network: $0) }
        }
        guard let http else {
            showFailure(shown, "The network service does not answer. Try again in a moment.", isNew)
            return
        }
        navigation = http.get(url) { [unowned(unsafe) self] event in
            switch event {
            case .redirected: break
            case .response(let response): begin(response, asSource: asSource, isNew: isNew)
            case .body(let bytes):
                if let page, !bytes.isEmpty, !page.feed(bytes) {
                    navigation?.cancel()
                    navigation = nil
                }
            case .finished:
                navigation = nil
                page?.finish()
            case .failed(let error):
                navigation = nil
                if let page, page.byteCount > 0, page.url.href == url.href {
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
        report(.location(url: shown, isNew: true))
        if let y = page.view.anchorY(fragment) { scroll(to: y) }
        return true
    }

    private func openAbout(_ url: URL, _ shown: String, _ asSource: Bool, _ isNew: Bool) {
        switch url.path {
        case "crash": fatalError()
        case "hang": while TabSession.spin() {}
        default: break
        }
        guard let html = AboutPages.html(url.path) else {
            showFailure(shown, "There is no page of this name. about:start is the start page.", isNew)
            return
        }
        replacePage(Page(url: url, flavour: asSource ? .source : .html, http: nil, fonts: fonts), shown, isNew)
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
        let type = response.mediaType
        var flavour = PageFlavour.html
        if asSource { flavour = .source
        } else if type.hasPrefix("image/") { flavour = .picture
        } else if type.hasPrefix("text/") && type != "text/html" || type == "application/json" || type == "application/javascript" || type == "application/xml" {
            flavour = .plainText
        } else if !type.isEmpty && type != "text/html" && type != "application/xhtml+xml" {
            navigation?.cancel()
            showFailure(response.url.href, "This is a file of the type " + type + ", which cannot be shown here.", isNew)
            return
        }
        let shown = (asSource ? "view-source:" : "") + response.url.href
        replacePage(Page(url: response.url, flavour: flavour, charset: response.charset, http: http, fonts: fonts), shown, isNew)
    }

    private func showFailure(_ url: String, _ reason: String, _ isNew: Bool) {
        guard let base = URL("about:failure") else { return }
        replacePage(Page(url: base, flavour: .html, http: nil, fonts: fonts), url, isNew)
        page?.onComplete = { [unowned(unsafe) self] in report(.load(.failed)) }
        _ = page?.feed(Array(AboutPages.failure(url: url, reason: reason).utf8))
        page?.finish()
    }

    private func replacePage(_ next: Page, _ shown: String, _ isNew: Bool) {
        page?.stop()
        page = next
        scrollY = 0
        hoveredLink = ""
        pressedLink = nil
        lastProgressPaint = System.now
        report(.location(url: shown, isNew: isNew))
        next.onChange = { [unowned(unsafe) self] in pageChanged() }
        next.onComplete = { [unowned(unsafe) self] in report(.load(.finished)) }
        next.onIcon = { [unowned(unsafe) self] picture in reportIcon(picture) }
    }

    /// Sends the page's icon at the size at which the tab strip shows it.
    private func reportIcon(_ picture: Picture) {
        let side = Int32(TabIcon.side)
        guard let bitmap = picture.bitmap(width: side, height: side) else { return }
        var pixels = [UInt32](repeating: 0, count: TabIcon.pixelCount)
        var list = DisplayList()
        list.append(.image(bitmap, source: Rect(0, 0, Int32(clamping: bitmap.width), Int32(clamping: bitmap.height)), destination: Rect(0, 0, side, side)))
        pixels.withUnsafeMutableBufferPointer { p in
            rasteriser.draw(list, into: Surface(base: p.baseAddress!, width: TabIcon.side, height: TabIcon.side, strideWords: TabIcon.side))
        }
        report(.icon(pixels))
    }

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
        page?.view.pixelCache.dropAll()
        dropSurface()
    }

    private func dropSurface() {
        guard let memory = surface else { return }
        memory.unmap()
        memory.handle.close()
        surface = nil
    }

    private func schedulePaint() {
        guard isVisible, !isPaintScheduled else { return }
        isPaintScheduled = true
        let since = System.now - lastPaint
        Reactor.main.after(since >= TabSession.frameNanoseconds ? 0 : TabSession.frameNanoseconds - since) { [unowned(unsafe) self] in
            isPaintScheduled = false
            if isVisible { paint() }
        }
    }

    /// Paints the viewport. Nothing but the page's own state decides the pixels.
    private func paint() {
        guard let memory = surface else { return }
        lastPaint = System.now
        let target = Surface(base: memory.base.assumingMemoryBound(to: UInt32.self), width: Int(width), height: Int(height), strideWords: Int(width))
        let whole = Rect(0, 0, width, height)
        var background = DisplayList()
        background.append(.fill(whole, .white))
        rasteriser.draw(background, into: target, clip: whole, offsetX: 0, offsetY: 0)
        var isContent = false
        if let page, page.canPaint {
            isContent = true
            page.images.advanceAnimations(to: System.now)
            page.update(width: width, height: height)
            restoreScrollIfPossible(page)
            scrollY = max(0, min(scrollY, page.view.contentHeight - height))
            rasteriser.draw(page.view.displayList(scrollX: 0, scrollY: scrollY), into: target, clip: whole, offsetX: 0, offsetY: 0)
            rasteriser.draw(scrollBar(page), into: target, clip: whole, offsetX: 0, offsetY: 0)
            report(.scroll(y: scrollY, contentHeight: page.view.contentHeight))
        }
        paintNanoseconds = System.now - lastPaint
        if isContent { scheduleAnimation() }
        report(.frame(x: 0, y: 0, width: width, height: height, isContent: isContent))
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
        if restoreScrollY > 0, page.view.contentHeight >= restoreScrollY + height || page.isComplete {
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
        let total = page.view.contentHeight
        guard total > height else { return list }
        let thumb = max(24, Int32(Int64(height) * Int64(height) / Int64(total)))
        let y = Int32(Int64(height - thumb) * Int64(scrollY) / Int64(max(1, total - height)))
        list.append(.roundedFill(Rect(width - 9, y + 1, 7, thumb - 2), radius: 3, Color(0, 0, 0, 90)))
        return list
    }

    // MARK: Input

    func scroll(to y: Int32) {
        guard let page else { return }
        let clamped = max(0, min(y, page.view.contentHeight - height))
        restoreScrollY = 0
        if clamped == scrollY { return }
        scrollY = clamped
        schedulePaint()
    }

    private func pointer(_ action: PointerAction, _ x: Int32, _ y: Int32, _ button: UInt8, _ wheel: Int32) {
        guard let page else { return }
        switch action {
        case .wheel: scroll(to: scrollY - wheel * TabSession.scrollStep)
        case .leave: setHover("")
        case .move: setHover(link(page, x, y) ?? "")
        case .down: pressedLink = link(page, x, y)
        case .up:
            guard let pressed = pressedLink, pressed == link(page, x, y), let target = page.url.resolve(pressed) else { pressedLink = nil; return }
            pressedLink = nil
            if button <= 1 { report(.open(url: target.href, inNewTab: button == 1)) }
        }
    }

    private func link(_ page: Page, _ x: Int32, _ y: Int32) -> String? { page.view.linkTarget(x: x, y: y, scrollX: 0, scrollY: scrollY) }

    private func setHover(_ href: String) {
        if href == hoveredLink { return }
        hoveredLink = href
        report(.hover(url: href, shape: href.isEmpty ? .arrow : .hand))
    }

    private func key(_ code: UInt16, _ modifiers: KeyModifiers, _ character: UInt32) {
        guard let page else { return }
        let pageStep = max(40, height - 48)
        switch code {
        case Key.down: scroll(to: scrollY + 40)
        case Key.up: scroll(to: scrollY - 40)
        case Key.pageDown: scroll(to: scrollY + pageStep)
        case Key.pageUp: scroll(to: scrollY - pageStep)
        case Key.space: scroll(to: scrollY + (modifiers.contains(.shift) ? -pageStep : pageStep))
        case Key.home: scroll(to: 0)
        case Key.end: scroll(to: page.view.contentHeight)
        default: break
        }
    }
}
