// The frames of one page as the page's process sees them (HTML §4.8.5): each iframe with a box is asked for from the browser,
// gets a channel to the process of its document, and is painted from that process's surface. Nothing of the document itself is
// here. Input comes back only as far as it was sent.
// Invariants: `area` is where the last paint put the frame; a mapped surface has the size that was last asked for.

import ABI
import DOM
import Graphics
import Layout
import Runtime
import TabProtocol
import Toolkit
import WebNet

/// One iframe of the page.
final class PageFrame {
    let node: NodeID
    let number: UInt32
    var address: String
    var channel: Channel?
    var outbox: Outbox?
    var token = Reactor.Token.none
    var surface: SharedMemory?
    /// Size last asked for; 0: none.
    var width: Int32 = 0, height: Int32 = 0
    /// Content box at the last paint, in viewport pixels of the page.
    var area = Rect.zero
    var isPainted = false
    /// Stands in for the document.
    var note: FrameNote?
    /// Input that was sent and may come back unused.
    var wheelCredit: Int32 = 0, keyCredit = 0
    /// Matches of the search in it.
    var found = FoundMatches()

    init(node: NodeID, number: UInt32, address: String) { self.node = node; self.number = number; self.address = address }
    var isLive: Bool { outbox != nil }
    func send(_ command: TabCommand) { outbox?.send(command.emit()) }
}

final class PageFrames: FrameProvider {
    /// Pixels of a frame's surface at most; a larger frame scrolls inside.
    static let sideMax: Int32 = 4096, areaMax: Int32 = 4 << 20
    /// More elements of a page are not looked at.
    static let elementsMax = 64

    private let document: Document
    private let view: PageView
    private let fonts: FontLibrary
    /// Elements that the parser made, in document order.
    private(set) var elements: [NodeID] = []
    private(set) var list: [PageFrame] = []
    private var nextNumber: UInt32
    private var mutationsSeen: UInt64 = 0
    private var isVisible = true
    var percent: Int32 = 100
    /// The frame that has the pointer, and the one that it was pressed in.
    private(set) var hovered: PageFrame?
    var captured: PageFrame?

    // Set by the owner.
    var resolve: ((String) -> URL?)?
    var report: ((TabReport) -> Void)?
    var reportDocument: (([UInt8]) -> Void)?
    /// Device pixels of the viewport changed.
    var onDamage: ((Rect) -> Void)?
    var onUnused: ((PageFrame, UnusedInput) -> Void)?
    var onFound: ((PageFrame) -> Void)?

    /// `firstNumber`: numbers are not used twice in a process, since requests of an older page may still be on their way.
    init(document: Document, view: PageView, fonts: FontLibrary, firstNumber: UInt32) {
        self.document = document; self.view = view; self.fonts = fonts
        nextNumber = firstNumber
    }
    var lastNumber: UInt32 { nextNumber }

    func add(_ elements: [NodeID]) { self.elements += elements.prefix(max(0, PageFrames.elementsMax - self.elements.count)) }
    func frame(of node: NodeID) -> PageFrame? { list.first { $0.node == node } }

    // MARK: Asking for documents

    /// Looks for frames to open after a layout. Frames that no box shows are not loaded: without scripts nothing could tell.
    func update(scrollY: Int32) {
        if mutationsSeen != document.mutationCount {
            mutationsSeen = document.mutationCount
            followElements()
        }
        for n in elements where view.hasBox(n) && frame(of: n) == nil && !isFarAway(n, scrollY) { open(n) }
    }
    /// `loading=lazy`: not before it is within a screen of the viewport (HTML §2.5.7).
    private func isFarAway(_ n: NodeID, _ scrollY: Int32) -> Bool {
        guard document.attribute(n, Atom("loading"))?.lowercased() == "lazy", let r = view.rect(of: n) else { return false }
        return r.y > scrollY &+ 2 * view.viewportHeight || r.maxY < scrollY &- view.viewportHeight
    }
    /// An element's address: absolute, "about:srcdoc", or "" for an empty document; nil when it is not valid.
    private func address(_ n: NodeID) -> String? {
        if document.hasAttribute(n, .srcdoc) { return "about:srcdoc" }
        guard let source = document.attribute(n, .src), !source.isEmpty else { return "" }
        guard let url = resolve?(source) else { return nil }
        return url.scheme == "javascript" || url.href == "about:blank" ? "" : url.href
    }
    private func open(_ n: NodeID) {
        let wanted = address(n), name = document.attribute(n, .name) ?? ""
        let frame = PageFrame(node: n, number: nextNumber, address: wanted ?? "")
        nextNumber += 1
        list.append(frame)
        guard let wanted, wanted.utf8.count <= TabSession.urlByteCountMax || wanted.hasPrefix("about:") else {
            frame.note = FrameNote("Not loaded: its address is not valid.", canRetry: false, fonts)
            return
        }
        if wanted.isEmpty, name.isEmpty { return }
        sendDocument(frame)
        report?(.frameRequest(number: frame.number, .open(place: UInt16(clamping: elements.firstIndex(of: n) ?? 0), url: wanted, name: name, sandbox: SandboxFlags.parse(document.attribute(n, .sandbox)))))
    }
    private func sendDocument(_ frame: PageFrame) {
        guard frame.address == "about:srcdoc" else { return }
        var w = ByteWriter()
        w.u32(frame.number)
        w.raw(Array((document.attribute(frame.node, .srcdoc) ?? "").utf8))
        reportDocument?(w.bytes)
    }
    /// The document changed: frames whose elements are gone are closed, others follow their address.
    private func followElements() {
        for frame in list {
            if !document.isAncestor(document.root, of: frame.node) { close(frame); continue }
            guard let wanted = address(frame.node), wanted != frame.address, !wanted.isEmpty, wanted != "about:srcdoc" else { continue }
            frame.address = wanted
            report?(.frameRequest(number: frame.number, .navigate(url: wanted)))
        }
        list.removeAll { !document.isAncestor(document.root, of: $0.node) }
        elements.removeAll { !document.isAncestor(document.root, of: $0) }
    }

    // MARK: News of documents

    func receive(_ number: UInt32, _ news: FrameNews, _ handles: [Handle]) {
        guard let frame = list.first(where: { $0.number == number }) else { for h in handles { h.close() }; return }
        switch news {
        case .attached:
            guard let handle = handles.first else { return }
            disconnect(frame)
            frame.note = nil
            attach(frame, Channel(handle))
            for h in handles.dropFirst() { h.close() }
        case .stopped(let why, let canRetry):
            for h in handles { h.close() }
            disconnect(frame)
            frame.note = FrameNote(why, canRetry: canRetry, fonts)
        }
        damage(frame)
    }
    private func attach(_ frame: PageFrame, _ channel: Channel) {
        frame.channel = channel
        frame.outbox = Outbox(channel)
        frame.token = Reactor.main.onMessage(channel, closed: { [unowned(unsafe) self] in disconnect(frame) }) { [unowned(unsafe) self] message in
            guard let r = TabReport.parse(message.bytes) else { for h in message.handles { h.close() }; return }
            receive(frame, r, message.handles)
        }
    }
    private func receive(_ frame: PageFrame, _ r: TabReport, _ handles: [Handle]) {
        if case .surface(let w, let h) = r, let handle = handles.first { take(frame, handle, w, h) } else { for h in handles { h.close() } }
        switch r {
        case .frame(let x, let y, let w, let h, _):
            let corner = frame.area.scaled(percent: percent)
            if frame.isPainted { onDamage?(Rect(x, y, w, h).intersection(Rect(0, 0, frame.width, frame.height)).offset(corner.x, corner.y)) }
        case .hover(let url, let shape): if frame === hovered { report?(.hover(url: url, shape: shape)) }
        case .unused(let input): if takesBack(frame, input) { onUnused?(frame, input) }
        case .found(let current, let count, _):
            frame.found = FoundMatches(current: Int(current), count: Int(min(count, 100_000)))
            onFound?(frame)
        default: break
        }
    }
    /// Nothing comes back that was not sent.
    private func takesBack(_ frame: PageFrame, _ input: UnusedInput) -> Bool {
        switch input {
        case .wheel(let notches):
            guard abs(Int64(notches)) <= Int64(frame.wheelCredit) else { return false }
            frame.wheelCredit -= abs(notches)
        case .key, .focus:
            guard frame.keyCredit > 0 else { return false }
            frame.keyCredit -= 1
        }
        return true
    }
    /// The child's surface: mapped to be read, when it is what was asked for.
    private func take(_ frame: PageFrame, _ handle: Handle, _ w: Int32, _ h: Int32) {
        guard isVisible, w > 0, w == frame.width, h == frame.height, let memory = try? SharedMemory.map(handle, writable: false) else { handle.close(); return }
        dropSurface(frame)
        frame.surface = memory
        if memory.byteCount < Int(w) * Int(h) * 4 { dropSurface(frame) }
    }
    private func dropSurface(_ frame: PageFrame) {
        guard let memory = frame.surface else { return }
        memory.unmap()
        memory.handle.close()
        frame.surface = nil
    }
    private func disconnect(_ frame: PageFrame) {
        Reactor.main.unwatch(frame.token)
        frame.token = .none
        frame.outbox?.close()
        frame.outbox = nil
        frame.channel?.close()
        frame.channel = nil
        frame.width = 0
        frame.wheelCredit = 0
        frame.keyCredit = 0
        frame.found = FoundMatches()
        if captured === frame { captured = nil }
        dropSurface(frame)
    }
    private func close(_ frame: PageFrame) {
        disconnect(frame)
        if hovered === frame { hovered = nil }
        report?(.frameRequest(number: frame.number, .close))
    }
    /// The page is left.
    func closeAll() {
        for frame in list { close(frame) }
        list = []
        elements = []
    }
    private func damage(_ frame: PageFrame) { onDamage?(frame.area.scaled(percent: percent)) }

    // MARK: Painting

    func beginPaint() { for frame in list { frame.isPainted = false } }
    func paintFrame(_ node: NodeID, _ area: Rect, into items: inout DisplayList) {
        guard let frame = frame(of: node) else { return }
        frame.area = area
        frame.isPainted = true
        if let note = frame.note {
            items.append(.image(note.bitmap(area.width, area.height), source: Rect(0, 0, area.width, area.height), destination: area))
        } else if let memory = frame.surface {
            items.append(.surface(Surface(base: memory.base.assumingMemoryBound(to: UInt32.self), width: Int(frame.width), height: Int(frame.height), strideWords: Int(frame.width)), area))
        }
    }
    /// Tells children what size they have now.
    func endPaint() {
        isVisible = true
        for frame in list where frame.isPainted && frame.isLive {
            let size = PageFrames.surfaceSize(frame.area, percent)
            if size.width == frame.width, size.height == frame.height || size.width <= 0 { continue }
            (frame.width, frame.height) = size
            frame.send(.show(width: size.width, height: size.height))
        }
    }
    /// Device pixels of a frame's box, within bounds.
    static func surfaceSize(_ area: Rect, _ percent: Int32) -> (width: Int32, height: Int32) {
        let r = Rect(0, 0, area.width, area.height).scaled(percent: percent)
        let width = min(r.width, sideMax)
        return (width, width > 0 ? min(r.height, sideMax, areaMax / width) : 0)
    }
    /// The page is hidden: nobody keeps pixels.
    func hide() {
        isVisible = false
        for frame in list {
            if frame.width > 0 { frame.send(.hide) }
            frame.width = 0
            dropSurface(frame)
        }
    }

    // MARK: The pointer

    /// The frame whose content lies at a point of the viewport, given what element is hit there.
    func frame(at x: Int32, _ y: Int32, hit: NodeID) -> PageFrame? {
        guard let frame = frame(of: hit), frame.isPainted, frame.area.contains(x, y), frame.isLive || frame.note != nil else { return nil }
        return frame
    }
    /// The pointer is over another frame now, or over none.
    func hover(_ frame: PageFrame?) {
        if frame === hovered { return }
        hovered?.send(.pointer(action: .leave, x: 0, y: 0, button: 0, wheel: 0, modifiers: 0, clickCount: 0))
        hovered = frame
        report?(.hover(url: "", shape: .arrow))
    }
    /// Asks for the document again that a note stands in for.
    func retry(_ frame: PageFrame) {
        frame.note = nil
        damage(frame)
        report?(.frameRequest(number: frame.number, .reload))
    }
}

/// How many matches a frame reported, and which of them is current (from 1; 0: none).
struct FoundMatches {
    var current = 0, count = 0
}
