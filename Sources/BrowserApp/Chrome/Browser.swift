// The browser process: one window, its tabs, the zygote from which tab processes are cloned. It owns navigation
// history and decides what opens where; pages live in their own processes and draw into their own surfaces.

import ABI
import Graphics
import Runtime
import TabProtocol
import Toolkit

/// The process of a tab's page or of a frame in it, as the browser holds it.
final class TabProcess {
    let id: UInt32
    let process: ProcessHandle
    let channel: Channel
    let outbox: Outbox
    var messageToken: Reactor.Token?
    var endToken: Reactor.Token?
    var hasLayer = false
    var isShown = false
    /// What the process adds to the machine's clock.
    var clockOffset: UInt64 = 0
    /// Set from the user's request to show the tab until its first frame.
    var awaitsFirstFrame = false
    var unansweredPings: UInt32 = 0
    var pingNumber: UInt32 = 0
    var blobs = BlobAssembler()
    /// When the load under way was begun; how long the last one took, 0 when none has ended.
    var loadStart: UInt64 = 0, loadNanoseconds: UInt64 = 0

    init(id: UInt32, process: ProcessHandle, channel: Channel) {
        self.id = id
        self.process = process
        self.channel = channel
        outbox = Outbox(channel)
    }
    func send(_ command: TabCommand, handles: [Handle] = []) { outbox.send(command.emit(), handles: handles) }
    /// Sends something of any length.
    func send(_ kind: BlobKind, _ bytes: [UInt8]) {
        for part in BlobAssembler.parts(bytes) { send(.blob(kind, isLast: part.isLast, part.bytes)) }
    }
}

/// The browser. One instance, made by `start`.
public final class Browser {
    /// A visible tab that leaves this many probes unanswered is ended. One probe a second.
    static let pingsMax: UInt32 = 8
    static let pingPeriodNanoseconds: UInt64 = 1_000_000_000

    let system: Handle
    let window: Window
    let view: ChromeView
    let rasteriser: Rasteriser
    var strip = TabStrip() { didSet { keeper?.changed(.session) } }
    /// By the id of tab or frame.
    var processes: [UInt32: TabProcess] = [:]
    var frames = FrameTree()
    var frameDocuments = FrameDocuments()
    var zygote: ProcessHandle?
    var zygoteChannel: Channel?
    var isZygoteReady = false
    var address: TextField
    let addressPainter: TextPainter
    var addressIsFocused = false
    var find = FindBar()
    var findIsFocused = false
    var library: Library { didSet { if library.revision != oldRevision { oldRevision = library.revision; keeper?.changed(.library) } } }
    private var oldRevision: UInt32
    /// Nil when nothing is kept: no `/data`, or another browser has it.
    let keeper: StateKeeper?
    /// With a data disk.
    let sleeping: SleepingTabs?
    /// The tabs of the last run until they are opened again.
    var lastSession: SavedSession?
    /// What the user should know; the first one is shown.
    var notices: [Notice]
    var suggestions = SuggestionList()
    var suggestionMemory: SharedMemory?
    /// Tabs that were closed, latest last (Ctrl+Shift+T).
    var closedTabs: [TabModel] = []
    /// The tab that the pointer drags along the strip.
    var draggedTab: UInt32?
    /// Where the link under the pointer leads; empty without one.
    var hoverURL = ""
    var pendingShow: [UInt32] = []
    var needsChromePaint = false
    private var lastChromePaint: UInt64 = 0
    static let frameNanoseconds: UInt64 = 16_666_667
    var shownLayerID: UInt32 = 0
    var pointerShape = CursorShape.arrow
    var capturedByContent = false

    public init?(system: Handle, startURL: String) {
        self.system = system
        let state = Browser.findState(system: system)
        keeper = state.keeper
        sleeping = state.keeper.map { SleepingTabs($0.store) }
        sleeping?.keepOnly(state.session.map { s in s.tabs.map { $0.imageName } } ?? [])
        library = state.library
        oldRevision = library.revision
        lastSession = state.session
        notices = state.notices
        let fonts = FontLibrary.loadFromArchive()
        guard let window = Window.open(title: "Browser", width: 960, height: 680, placement: .maximised) else { return nil }
        self.window = window
        view = ChromeView(text: ChromeText(fonts: fonts))
        rasteriser = Rasteriser(fonts: fonts)
        addressPainter = TextPainter(fonts: fonts, pixels: 14)
        address = TextField(.zero)
        address.placeholder = "Search, or type an address such as 10.0.2.2:8000"
        installWindowHandlers()
        startZygote()
        connectKeeper()
        openFirstTabs(startURL)
        Reactor.main.every(Browser.pingPeriodNanoseconds) { [self] in probe() }
    }

    var layout: ChromeLayout {
        ChromeLayout(width: window.width, height: window.height, tabIDs: strip.tabs.map { $0.id }, activeIndex: strip.activeIndex, hasFindBar: find.isOpen, hasNotice: !notices.isEmpty,
                     bookmarkWidths: library.settings.showsBookmarksBar ? library.bookmarks.map { view.bookmarkWidth($0) } : nil)
    }
    var activeProcess: TabProcess? { strip.active.flatMap { processes[$0.id] } }

    // MARK: Tab processes

    private func startZygote() {
        guard let pair = try? Channel.create() else { System.log("browser: no channel for the zygote"); return }
        do throws(SystemError) {
            zygote = try System.spawn("tab", system: system, bootstrap: pair.1.handle)
        } catch {
            System.log("browser: the tab program cannot start: " + error.name)
            return
        }
        zygoteChannel = pair.0
        Reactor.main.onMessage(pair.0) { [self] message in
            if case .ready? = TabReport.parse(message.bytes) {
                isZygoteReady = true
                startWaitingTabs()
            }
        }
    }

    private func startWaitingTabs() {
        let active = strip.active?.id
        for tab in strip.tabs where (tab.condition == .starting || (tab.condition == .discarded && tab.id == active)) && processes[tab.id] == nil { startProcess(tab.id) }
    }

    static let noRoom = "The system has no room for another page. Close a tab and try again."

    /// Clones the zygote for a page or frame of `tab`; nil when it cannot be, or not yet.
    func cloneZygote(_ id: UInt32, tab: UInt32, retry: @escaping () -> Void, failed: (String) -> Void) -> TabProcess? {
        guard isZygoteReady, let zygote else { return nil }
        guard let pair = try? Channel.create() else { failed(Browser.noRoom); return nil }
        let process: ProcessHandle
        do throws(SystemError) {
            process = try zygote.clone(bootstrap: pair.1.handle)
        } catch {
            pair.0.close()
            pair.1.close()
            if error == .wrongState { Reactor.main.after(1_000_000, retry) } else { failed(Browser.noRoom + " (" + error.name + ")") }   // still inside its start function
            return nil
        }
        return adopt(id, tab: tab, process, pair.0)
    }
    /// A new process of a tab's page or frame is listened to.
    func adopt(_ id: UInt32, tab: UInt32, _ process: ProcessHandle, _ channel: Channel) -> TabProcess {
        process.registerTab(id: tab)
        let t = TabProcess(id: id, process: process, channel: channel)
        processes[id] = t
        t.messageToken = Reactor.main.onMessage(channel) { [self] message in
            if let report = TabReport.parse(message.bytes) { receive(id, report, message.handles) } else { for h in message.handles { h.close() } }
        }
        t.endToken = Reactor.main.watch(process.handle, [.terminated]) { [self] _ in
            if frames.isFrame(id) { frameEnded(id) } else { ended(id) }
        }
        return t
    }

    /// Gives a tab its process and sends it to its page.
    func startProcess(_ id: UInt32) {
        if wakeFromImage(id) { return }
        guard let tab = strip.tab(id), processes[id] == nil,
              let t = cloneZygote(id, tab: id, retry: { [self] in startProcess(id) }, failed: { [self] why in fail(id, why) }) else { return }
        let wasDiscarded = tab.condition == .discarded
        t.send(.preferences(zoomPercent: UInt16(clamping: tab.zoomPercent), imageMode: library.settings.images.rawValue))
        strip.update(id) { $0.condition = .alive; $0.load = .loading }
        if wasDiscarded { System.mark(.tabReloaded, Int64(id)) }
        let entry = tab.history[tab.historyIndex]
        strip.update(id) { $0.isTraversing = true }
        if strip.active?.id == id { show(t) } else { tell(t, .hidden) }
        load(entry, into: t)
        chromeChanged()
    }

    /// The tab's process is gone: keep what the user sees, say why.
    private func ended(_ id: UInt32) {
        guard let t = processes[id] else { return }
        let record = t.process.info
        endFrames(below: id)
        forget(t)
        library.failDownloads(of: id)
        let reason = ExitReason(rawValue: record?.exitReason ?? 0) ?? .killed
        let isActive = strip.active?.id == id
        if reason == .discarded || (reason == .outOfMemory && !isActive) {
            strip.update(id) { $0.condition = .discarded; $0.load = .finished }
            System.mark(.tabDiscarded, Int64(id))
            if isActive { startProcess(id) }
        } else if reason == .swapFailed {
            System.mark(.tabDiscarded, Int64(id))
            fail(id, "A part of it could not be read back from the swap disk. Its address and what was typed are kept: reload to open it again. Other tabs are not affected.")
        } else if strip.tab(id)?.condition != .unresponsive {
            fail(id, "Reason: " + reason.name + ". Other tabs are not affected.")
        }
        chromeChanged()
    }

    func fail(_ id: UInt32, _ why: String) {
        strip.update(id) { $0.condition = .crashed; $0.failure = why; $0.load = .failed }
        chromeChanged()
    }

    func forget(_ t: TabProcess) {
        if let token = t.messageToken { Reactor.main.unwatch(token) }
        if let token = t.endToken { Reactor.main.unwatch(token) }
        hideLayer(t)
        t.outbox.close()
        t.channel.close()
        t.process.handle.close()
        processes[t.id] = nil
    }

    /// Asks the visible tab and its frames whether they still answer; ends what does not.
    private func probe() {
        lookForSleepers()
        guard let t = activeProcess else { return }
        for f in frames.frames(ofTab: t.id) {
            guard let p = processes[f.id] else { continue }
            if p.unansweredPings >= Browser.pingsMax { p.process.kill() } else { ping(p) }
        }
        if t.unansweredPings >= Browser.pingsMax {
            strip.update(t.id) {
                $0.condition = .unresponsive
                $0.failure = "It was ended after \(Browser.pingsMax) seconds without an answer. Other tabs are not affected."
                $0.load = .failed
            }
            t.process.kill()
            return
        }
        ping(t)
    }
    private func ping(_ t: TabProcess) {
        t.unansweredPings += 1
        t.pingNumber &+= 1
        t.send(.ping(t.pingNumber))
    }

    // MARK: What tabs report

    private func receive(_ id: UInt32, _ report: TabReport, _ handles: [Handle]) {
        guard let t = processes[id] else { for h in handles { h.close() }; return }
        if frames.isFrame(id) {
            for h in handles { h.close() }
            receiveFromFrame(id, report)
            return
        }
        switch report {
        case .surface(let width, let height):
            guard let memory = handles.first, t.isShown, width > 0, height > 0 else { for h in handles { h.close() }; return }
            let content = layout.contentRect
            window.attachLayer(id: id, sharedMemory: memory, width: width, height: height, strideWords: width,
                               at: Rect(content.x, content.y, min(width, content.width), min(height, content.height)))
            t.hasLayer = true
        case .frame(let x, let y, let width, let height, let isContent):
            guard t.hasLayer, t.isShown else { return }
            window.presentLayer(id, Rect(x, y, width, height))
            if t.awaitsFirstFrame && isContent {
                t.awaitsFirstFrame = false
                System.mark(.frameShown, Int64(id))
            }
        case .title(let title):
            strip.update(id) { $0.title = title }
            if let url = strip.tab(id)?.url { library.name(url, title) }
            chromeChanged()
        case .icon(let pixels):
            strip.update(id) { $0.icon = pixels }
            chromeChanged()
        case .location(let url, let isNew):
            strip.update(id) { if isNew { $0.icon = [] }; $0.arrived(at: url, isNew: isNew) }
            setZoom(id, library.zoom(of: Library.site(url)))
            if isNew { library.visit(url, seconds: System.wallClock / 1_000_000_000) }
            if strip.active?.id == id && !addressIsFocused { showAddress(url) }
            chromeChanged()
        case .load(let state):
            strip.update(id) { $0.load = state }
            if state == .loading {
                t.loadStart = System.now
            } else {
                System.mark(.pageLoaded, Int64(id))
                if t.loadStart > 0 { t.loadNanoseconds = System.now - t.loadStart }
                t.loadStart = 0
            }
            tell(t, t.isShown ? .active : .hidden)
            chromeChanged()
        case .open(let url, let inNewTab):
            let isTrusted = strip.tab(id)?.isInternal == true
            if inNewTab { openTab(url: InternalPages.isInternal(url) ? InternalPages.canonical(url) : url, afterActive: true, activate: false) } else { navigate(id, url, isTrusted: isTrusted) }
        case .openNamed(let url, let target):
            follow(id, url, target)
        case .frameRequest(let number, let request):
            receive(id, frame: number, request)
        case .scroll(let y, _):
            strip.update(id) { $0.history[$0.historyIndex].scrollY = y }
        case .hover(let url, let shape):
            guard strip.active?.id == id else { return }
            if url != hoverURL { hoverURL = url; chromeChanged() }
            setCursor(shape == .hand ? .pointer : (shape == .text ? .text : .arrow))
        case .blob(let kind, let isLast, let part):
            if let whole = t.blobs.add(kind, isLast: isLast, part) { receive(id, kind, whole) }
        case .found(let current, let count, let hasWrapped):
            found(id, current, count, hasWrapped)
        case .download(let number, let state, let received, let total, let path):
            library.update(Download(tab: id, number: number, path: path, received: received, total: total, state: DownloadState(rawValue: state) ?? .failed))
            chromeChanged()
        case .pong(let number):
            if number == t.pingNumber { t.unansweredPings = 0 }
        case .ready, .unused:
            break
        }
    }

    private func receive(_ id: UInt32, _ kind: BlobKind, _ bytes: [UInt8]) {
        switch kind {
        case .clipboard: Clipboard.text = TextPainter.scalars(String(decoding: bytes, as: UTF8.self))
        case .formState:
            var r = ByteReader(bytes)
            guard let url = r.string() else { return }
            let state = r.rest()
            strip.update(id) { $0.keep(formState: state, of: url) }
            if let t = processes[id] { tell(t, t.isShown ? .active : .hidden) }
        case .frameDocument: frameDocuments.add(id, bytes)
        case .postedForm: strip.update(id) { $0.history[$0.historyIndex].postedForm = bytes }
        case .document: break           // only the browser sends it
        }
    }

    func setCursor(_ shape: CursorShape) {
        if shape != pointerShape { pointerShape = shape; window.setCursor(shape) }
    }

    // MARK: Showing

    /// Makes a tab's page visible; the tab answers with a surface and a frame.
    func show(_ t: TabProcess) {
        t.isShown = true
        forgetImage(t.id)
        t.awaitsFirstFrame = true
        t.unansweredPings = 0
        tell(t, .active)
        showFrames(ofTab: t.id, true)
        let content = layout.contentRect
        t.send(.show(width: content.width, height: content.height))
    }
    private func hide(_ t: TabProcess) {
        hideLayer(t)
        t.isShown = false
        t.send(.hide)
        showFrames(ofTab: t.id, false)
        tell(t, .hidden)
    }
    /// What the kernel and its memory policies should know of a tab.
    func tell(_ t: TabProcess, _ state: LifecycleState) {
        var flags: TabFlags = []
        if let tab = strip.tab(t.id) {
            if tab.load == .loading { flags.insert(.loading) }
            if tab.isPinned { flags.insert(.pinned) }
            if !tab.history[tab.historyIndex].formState.isEmpty { flags.insert(.unsavedForm) }
        }
        t.process.updateTab(state, flags, loadNanoseconds: t.loadNanoseconds)
    }
    private func hideLayer(_ t: TabProcess) {
        if t.hasLayer { window.removeLayer(t.id) }
        t.hasLayer = false
    }

    // MARK: Commands

    func openTab(url: String, afterActive: Bool, activate: Bool) {
        guard let id = strip.open(url: url, afterActive: afterActive) else { return }
        strip.update(id) { $0.zoomPercent = library.zoom(of: Library.site(url)) }
        if activate { self.activate(id) }
        startProcess(id)
        chromeChanged()
    }

    /// Shows tab `id`, waking or reloading it when it sleeps.
    func activate(_ id: UInt32) {
        let previous = strip.active?.id
        if let previous, previous != id, let t = processes[previous] {
            if find.isOpen { t.send(.find(step: 0, text: "")) }
            hide(t)
        }
        strip.activate(id: id)
        addressIsFocused = false
        closeSuggestions()
        hoverURL = ""
        if find.isOpen { find.isOpen = false; findIsFocused = false }
        if let tab = strip.active { showAddress(tab.url) }
        System.mark(.switchRequested, Int64(id))
        if let t = processes[id] {
            show(t)
        } else if strip.tab(id)?.condition == .discarded {
            startProcess(id)
        }
        if strip.active?.url == "about:start" { focusAddress(selectAll: false) }
        chromeChanged()
    }

    func closeTab(_ id: UInt32) {
        forgetImage(id)
        endFrames(below: id)
        if let t = processes[id] {
            let process = t.process
            process.kill()
            forget(t)
        }
        let wasActive = strip.active?.id == id
        if let tab = strip.tab(id) {
            closedTabs.append(tab)
            if closedTabs.count > 20 { closedTabs.removeFirst() }
        }
        library.failDownloads(of: id)
        strip.close(id: id)
        if strip.tabs.isEmpty { openTab(url: "about:start", afterActive: false, activate: true); return }
        if wasActive, let next = strip.active { activate(next.id) }
        chromeChanged()
    }

    /// `isTrusted`: the user typed it, or it comes from a page of the browser itself; actions of such pages count then.
    func navigate(_ id: UInt32, _ url: String, isTrusted: Bool) {
        addressIsFocused = false
        closeSuggestions()
        var url = url
        if InternalPages.isInternal(url) {
            if isTrusted { perform(url) } else { url = InternalPages.canonical(url) }
        }
        System.mark(.navigationStarted, Int64(id))
        if let t = processes[id] {
            strip.update(id) { $0.load = .loading }
            load(HistoryEntry(url: url), into: t)
        } else {
            strip.update(id) { $0.arrived(at: url, isNew: true); $0.condition = .starting }
            startProcess(id)
        }
        if strip.active?.id == id { showAddress(url) }
        chromeChanged()
    }

    /// The address field's text for a page.
    func showAddress(_ url: String) { address.setText(url == "about:start" ? "" : url) }

    /// Loads a history entry, with what the user had put into its controls; the browser's own pages are made here.
    func load(_ entry: HistoryEntry, into t: TabProcess) {
        let html = InternalPages.isInternal(entry.url) ? InternalPages.html(entry.url, library, now: System.wallClock / 1_000_000_000) : nil
        strip.update(t.id) { $0.isInternal = html != nil }
        if let html { t.send(.document, Array(html.utf8)) }
        if !entry.formState.isEmpty { t.send(.formState, entry.formState) }
        if !entry.postedForm.isEmpty { t.send(.postedForm, entry.postedForm) }
        t.send(.navigate(url: html == nil ? entry.url : InternalPages.shown(entry.url), scrollY: entry.scrollY))
    }
    /// Performs the action of an address of the browser's own pages.
    private func perform(_ url: String) {
        let before = library.settings
        InternalPages.perform(url, on: &library)
        if library.settings == before { return }
        for tab in strip.tabs {
            strip.update(tab.id) { $0.zoomPercent = library.zoom(of: Library.site($0.url)) }
            sendPreferences(tab.id)
        }
        if library.settings.showsBookmarksBar != before.showsBookmarksBar { contentResized() }
    }
    /// Shows a tab's page at another size.
    func setZoom(_ id: UInt32, _ percent: Int32) {
        guard let tab = strip.tab(id), tab.zoomPercent != percent else { return }
        strip.update(id) { $0.zoomPercent = percent }
        sendPreferences(id)
    }
    func sendPreferences(_ id: UInt32) {
        guard let tab = strip.tab(id) else { return }
        let preferences = TabCommand.preferences(zoomPercent: UInt16(clamping: tab.zoomPercent), imageMode: library.settings.images.rawValue)
        processes[id]?.send(preferences)
        for f in frames.frames(ofTab: id) { processes[f.id]?.send(preferences) }
    }

    func traverse(_ step: Int) {
        guard let tab = strip.active else { return }
        var entry: HistoryEntry?
        strip.update(tab.id) { entry = $0.traverse(step) }
        guard let entry else { return }
        if processes[tab.id] != nil, entry.document == tab.history[tab.historyIndex].document {
            strip.update(tab.id) { $0.isTraversing = false }
            restoreFrames(tab.id, entry.frames)
            chromeChanged()
            return
        }
        if let t = processes[tab.id] { load(entry, into: t) } else { restart(tab.id) }
        showAddress(entry.url)
        chromeChanged()
    }

    func reload() {
        guard let tab = strip.active else { return }
        guard let t = processes[tab.id] else { restart(tab.id); return }
        strip.update(tab.id) { $0.history[$0.historyIndex].frames = [] }
        if tab.isInternal, tab.load != .loading {
            strip.update(tab.id) { $0.isTraversing = true }
            load(HistoryEntry(url: tab.url, scrollY: tab.history[tab.historyIndex].scrollY), into: t)
            return
        }
        t.send(tab.load == .loading ? .stop : .reload)
    }

    /// A new process for a tab whose old one is gone.
    func restart(_ id: UInt32) {
        strip.update(id) { $0.condition = .starting; $0.failure = "" }
        startProcess(id)
        chromeChanged()
    }

    // MARK: Painting

    /// Painted at once, then at most once a frame: what a new tab reports while it starts makes one picture.
    func chromeChanged() {
        if needsChromePaint { return }
        needsChromePaint = true
        let since = System.now - lastChromePaint
        Reactor.main.after(since >= Browser.frameNanoseconds ? 0 : Browser.frameNanoseconds - since) { [self] in paintChrome() }
    }

    /// What the status row says.
    private var statusLine: String {
        if !hoverURL.isEmpty { return hoverURL }
        for d in library.downloads where d.state == .running { return "Downloading " + d.name + ", " + d.progress }
        guard let tab = strip.active else { return "" }
        if let d = library.downloads.first, d.tab == tab.id, tab.load != .loading { return d.name + (d.state == .finished ? " is in " + d.path : " could not be downloaded") }
        switch tab.load {
        case .loading: return "Loading " + tab.url
        case .failed: return tab.condition == .alive ? "The page could not be loaded" : ""
        case .finished: return ""
        }
    }

    private func paintChrome() {
        needsChromePaint = false
        lastChromePaint = System.now
        let layout = self.layout
        let surface = window.surface
        var damage = Rect(0, 0, layout.width, layout.contentRect.y)
        var list = view.displayList(strip, layout, isBookmarked: strip.active.map { library.isBookmarked($0.url) } ?? false, bookmarks: library.settings.showsBookmarksBar ? library.bookmarks : [])
        if let notice = notices.first { view.drawNotice(notice, layout, &list) }
        address.rect = layout.addressRect
        address.isFocused = addressIsFocused
        address.draw(into: &list, addressPainter)
        if find.isOpen {
            view.drawFindBar(find, layout, &list)
            find.field.rect = layout.findFieldRect
            find.field.isFocused = findIsFocused
            find.field.draw(into: &list, addressPainter)
        }
        rasteriser.draw(list, into: surface, clip: damage, offsetX: 0, offsetY: 0)
        var status = DisplayList()
        view.drawStatus(statusLine, layout, &status)
        rasteriser.draw(status, into: surface, clip: layout.statusRect, offsetX: 0, offsetY: 0)
        window.present(layout.statusRect)
        if let tab = strip.active, processes[tab.id]?.hasLayer != true {
            if tab.condition == .crashed || tab.condition == .unresponsive {
                rasteriser.draw(view.failurePage(tab, layout), into: surface, clip: layout.contentRect, offsetX: 0, offsetY: 0)
            } else {
                var blank = DisplayList()
                blank.append(.fill(layout.contentRect, .white))
                rasteriser.draw(blank, into: surface, clip: layout.contentRect, offsetX: 0, offsetY: 0)
            }
            damage = Rect(0, 0, layout.width, layout.height)
        }
        window.present(damage)
        if let tab = strip.active { window.setTitle(tab.title.isEmpty ? "Browser" : tab.title) }
    }
}
