// Frames' processes: started as tabs' are, by cloning the zygote; each has its own channel to the browser and one to its
// parent, which the browser makes. What they report is about their frame, never about the tab.

import ABI
import Runtime
import TabProtocol
import Toolkit

extension Browser {
    private func tabURL(_ id: UInt32) -> String { strip.tab(frames.tab(of: id))?.url ?? "" }

    // MARK: What pages ask for

    /// Page or frame `parent` says something of one of its frames.
    func receive(_ parent: UInt32, frame number: UInt32, _ request: FrameRequest) {
        switch request {
        case .open(let place, let url, let name, let sandbox): openFrame(parent, number, place, url, name, sandbox)
        case .navigate(let url):
            guard let f = frames.frame(of: parent, number: number) else { return }
            frames.update(f.id) { $0.ownURL = url }
            navigateFrame(f.id, url)
        case .reload: if let f = frames.frame(of: parent, number: number) { restartFrame(f.id) }
        case .close: if let f = frames.frame(of: parent, number: number) { endFrames(below: f.id, itself: true) }
        }
    }

    private func openFrame(_ parent: UInt32, _ number: UInt32, _ place: UInt16, _ url: String, _ name: String, _ sandbox: SandboxFlags) {
        let document = frameDocuments.removeFirst(parent, number)
        do throws(FrameTree.Refusal) {
            let f = try frames.open(parent: parent, number: number, place: place, url: url, name: name, sandbox: sandbox, tabURL: tabURL(parent))
            if let document { frames.update(f.id) { $0.srcdoc = document } }
            // History came back to a page whose frame had been moved.
            let moved = strip.tab(f.tab).flatMap { t in t.history[t.historyIndex].frames.first { $0.path == frames.path(of: f.id) } }
            if let moved { frames.update(f.id) { $0.url = moved.url; $0.requestedURL = moved.url } }
            if moved != nil || !url.isEmpty { startFrame(f.id) }
        } catch {
            tell(parent, number, .stopped(why: error.sentence, canRetry: false))
        }
    }

    private func tell(_ parent: UInt32, _ number: UInt32, _ news: FrameNews, handles: [Handle] = []) {
        guard let p = processes[parent] else { for h in handles { h.close() }; return }
        p.send(.frameNews(number: number, news), handles: handles)
    }

    /// Loads another document into a frame.
    func navigateFrame(_ id: UInt32, _ url: String) {
        guard let f = frames.frame(id) else { return }
        guard FrameTree.mayShow(url, in: tabURL(id)) else { return }
        frames.update(id) { $0.url = url; $0.requestedURL = url; $0.scrollY = 0 }
        if let t = processes[id] { loadFrame(id, into: t) } else if f.condition != .discarded { restartFrame(id) }
    }

    /// History moved within one document: its frames go where they were.
    func restoreFrames(_ tab: UInt32, _ addresses: [FrameAddress]) {
        for f in frames.frames(ofTab: tab) {
            let path = frames.path(of: f.id)
            let wanted = addresses.first { $0.path == path }?.url ?? f.ownURL
            if frames.frame(f.id) != nil, f.requestedURL != wanted { navigateFrame(f.id, wanted) }
        }
    }

    private func loadFrame(_ id: UInt32, into t: TabProcess) {
        guard let f = frames.frame(id) else { return }
        frames.update(id) { $0.load = .loading }
        if f.isSrcdoc { t.send(.document, f.srcdoc) }
        t.send(.navigate(url: f.url, scrollY: f.scrollY))
    }

    // MARK: Processes

    /// Clones the zygote for a frame and introduces parent and child to each other.
    func startFrame(_ id: UInt32) {
        guard let f = frames.frame(id), processes[id] == nil, let parent = processes[f.parent] else { return }
        guard let t = cloneZygote(id, tab: f.tab, retry: { [self] in startFrame(id) }, failed: { [self] why in
            frames.update(id) { $0.condition = .crashed }
            tell(f.parent, f.number, .stopped(why: why, canRetry: true))
        }) else { return }
        guard let pair = try? Channel.create() else {
            t.process.kill()
            forget(t)
            tell(f.parent, f.number, .stopped(why: Browser.noRoom, canRetry: true))
            return
        }
        let url = tabURL(id)
        t.send(.embed(Embedding(sandbox: f.sandbox, baseURL: frames.baseURL(of: id, tabURL: url), ancestors: frames.ancestorOrigins(of: id, tabURL: url))), handles: [pair.1.handle])
        parent.send(.frameNews(number: f.number, .attached), handles: [pair.0.handle])
        frames.update(id) { $0.condition = .alive }
        let isShown = processes[f.tab]?.isShown ?? false
        t.isShown = isShown
        t.process.updateTab(isShown ? .active : .hidden, isShown ? [] : [.loading])
        t.send(.preferences(zoomPercent: UInt16(clamping: strip.tab(f.tab)?.zoomPercent ?? 100), imageMode: library.settings.images.rawValue))
        loadFrame(id, into: t)
    }

    /// A frame's process is gone: its box says why, or it is loaded again when it is next shown.
    func frameEnded(_ id: UInt32) {
        guard let t = processes[id], let f = frames.frame(id) else { return }
        let reason = ExitReason(rawValue: t.process.info?.exitReason ?? 0) ?? .killed
        let wasUnresponsive = t.unansweredPings >= Browser.pingsMax
        let isShown = t.isShown
        endFrames(below: id)
        forget(t)
        library.failDownloads(of: id)
        if reason == .discarded || (reason == .outOfMemory && !isShown) {
            frames.update(id) { $0.condition = .discarded }
            if isShown { startFrame(id) }
            return
        }
        frames.update(id) { $0.condition = wasUnresponsive ? .unresponsive : .crashed; $0.load = .failed }
        let why = wasUnresponsive ? "It was ended after \(Browser.pingsMax) seconds without an answer." : "Reason: " + reason.name + "."
        tell(f.parent, f.number, .stopped(why: why + " The page around it and other tabs are not affected.", canRetry: true))
    }

    private func restartFrame(_ id: UInt32) {
        guard processes[id] == nil else { return }
        frames.update(id) { $0.condition = .starting }
        startFrame(id)
    }

    /// Ends the processes of all frames in a page or frame.
    func endFrames(below id: UInt32, itself: Bool = false) {
        frameDocuments.removeAll(id)
        for gone in frames.close(below: id, itself: itself) {
            frameDocuments.removeAll(gone)
            library.failDownloads(of: gone)
            guard let t = processes[gone] else { continue }
            t.process.kill()
            forget(t)
        }
    }

    // MARK: With their tab

    /// The tab is shown or hidden; its frames' surfaces follow by their parents' word.
    func showFrames(ofTab tab: UInt32, _ isShown: Bool) {
        for f in frames.frames(ofTab: tab) {
            if let t = processes[f.id] {
                t.isShown = isShown
                t.unansweredPings = 0
                t.process.updateTab(isShown ? .active : .hidden, !isShown && f.load == .loading ? [.loading] : [])
            } else if isShown, f.condition == .discarded { startFrame(f.id) }
        }
    }

    // MARK: What frames report

    func receiveFromFrame(_ id: UInt32, _ report: TabReport) {
        guard let t = processes[id], let f = frames.frame(id) else { return }
        switch report {
        case .location(let url, _): frames.update(id) { $0.url = url }
        case .load(let state):
            frames.update(id) { $0.load = state }
            if !t.isShown { t.process.updateTab(.hidden, state == .loading ? [.loading] : []) }
        case .scroll(let y, _): frames.update(id) { $0.scrollY = y }
        case .open(let url, let inNewTab): follow(id, url, inNewTab ? "_blank" : "_self")
        case .openNamed(let url, let target): follow(id, url, target)
        case .frameRequest(let number, let request): receive(id, frame: number, request)
        case .blob(let kind, let isLast, let part):
            if let whole = t.blobs.add(kind, isLast: isLast, part) { receiveFromFrame(id, kind, whole) }
        case .download(let number, let state, let received, let total, let path):
            if f.sandbox.contains(.downloads) { return }
            library.update(Download(tab: id, number: number, path: path, received: received, total: total, state: DownloadState(rawValue: state) ?? .failed))
            chromeChanged()
        case .pong(let number): if number == t.pingNumber { t.unansweredPings = 0 }
        default: break              // a frame has no title, icon or search of its own
        }
    }

    private func receiveFromFrame(_ id: UInt32, _ kind: BlobKind, _ bytes: [UInt8]) {
        switch kind {
        case .clipboard: Clipboard.text = TextPainter.scalars(String(decoding: bytes, as: UTF8.self))
        case .frameDocument: frameDocuments.add(id, bytes)
        case .formState, .postedForm, .document: break
        }
    }

    /// A link in page or frame `source` with a target.
    func follow(_ source: UInt32, _ url: String, _ target: String) {
        switch frames.resolve(target, from: source) {
        case .forbidden: break
        case .frame(let id):
            guard let f = frames.frame(id), FrameTree.mayShow(url, in: tabURL(id)) else { return }
            if f.requestedURL != url { strip.update(f.tab) { $0.frameMoved(frames.path(of: id), to: url) } }
            navigateFrame(id, url)
            chromeChanged()
        case .tab(let id): navigate(id, InternalPages.isInternal(url) ? InternalPages.canonical(url) : url, isTrusted: !frames.isFrame(source) && strip.tab(id)?.isInternal == true)
        case .newTab: openTab(url: InternalPages.isInternal(url) ? InternalPages.canonical(url) : url, afterActive: true, activate: false)
        }
    }
}

/// Texts of `srcdoc` attributes that came before their frames were asked for.
struct FrameDocuments {
    private var waiting: [(parent: UInt32, number: UInt32, bytes: [UInt8])] = []
    /// Takes a blob of a page or frame: a number (32 bits), then the text.
    mutating func add(_ parent: UInt32, _ blob: [UInt8]) {
        var r = ByteReader(blob)
        guard let number = r.u32() else { return }
        waiting.removeAll { $0.parent == parent && $0.number == number }
        if waiting.count >= FrameTree.framesPerTabMax { waiting.removeFirst() }
        waiting.append((parent, number, r.rest()))
    }
    mutating func removeAll(_ parent: UInt32) { waiting.removeAll { $0.parent == parent } }
    mutating func removeFirst(_ parent: UInt32, _ number: UInt32) -> [UInt8]? {
        guard let i = waiting.firstIndex(where: { $0.parent == parent && $0.number == number }) else { return nil }
        return waiting.remove(at: i).bytes
    }
}
