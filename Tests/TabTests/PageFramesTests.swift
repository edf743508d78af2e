// A page's frames in its own process, without a machine: which elements ask for what, sizes, input that comes back, notes.

import ABI
import DOM
import Foundation
import Graphics
import Runtime
import TabProtocol
import Testing
import WebNet
@testable import TabApp

/// Answers the few system calls that frames make: channels that swallow and deliver, one piece of shared memory.
private final class ChannelDouble {
    var sent: [UInt32: [TabCommand]] = [:], inbox: [UInt32: [([UInt8], UInt32)]] = [:]
    var open: Set<UInt32> = [], mapped = 0, memoryByteCount = 0
    private var subscriptions: [UInt32: Int64] = [:]
    let memory = UnsafeMutableRawPointer.allocate(byteCount: 1 << 20, alignment: 16)

    init() { systemCallHook = { [unowned self] c, a, b, d, e, f, _ in call(c, [a, b, d, e, f]) } }
    deinit { systemCallHook = nil; memory.deallocate() }

    private func call(_ c: SystemCall, _ a: [Int64]) -> Int64 {
        let a0 = a[0], a1 = a[1], a2 = a[2], a3 = a[3], a4 = a[4]
        let handle = UInt32(truncatingIfNeeded: a0)
        switch c {
        case .channelSend:
            let bytes = [UInt8](UnsafeRawBufferPointer(start: UnsafeRawPointer(bitPattern: Int(a1)), count: Int(a2)))
            if let command = TabCommand.parse(bytes) { sent[handle, default: []].append(command) }
        case .channelReceive:
            guard var queue = inbox[handle], !queue.isEmpty else { return -Int64(SystemError.wouldBlock.rawValue) }
            let (bytes, attached) = queue.removeFirst()
            inbox[handle] = queue
            UnsafeMutableRawPointer(bitPattern: Int(a1))!.copyMemory(from: bytes, byteCount: bytes.count)
            UnsafeMutableRawPointer(bitPattern: Int(a3))!.storeBytes(of: attached, as: UInt32.self)
            UnsafeMutableRawPointer(bitPattern: Int(a4))!.storeBytes(of: attached == 0 ? 0 : 1, as: UInt32.self)
            return Int64(bytes.count)
        case .subscribe: if a2 != 0 { subscriptions[handle] = a1 } else { subscriptions[handle] = nil }
        case .handleClose: open.remove(handle)
        case .shmSize: return Int64(memoryByteCount)
        case .shmMap: mapped += 1; return Int64(Int(bitPattern: memory))
        case .shmUnmap: mapped -= 1
        default: break
        }
        return 0
    }
    /// A report of the child on its channel.
    func deliver(_ report: TabReport, on handle: UInt32, with attached: UInt32 = 0) {
        if attached != 0 { open.insert(attached) }
        inbox[handle, default: []].append((report.emit(), attached))
        if let key = subscriptions[handle] { Reactor.main.dispatch(key, 1) }
    }
}

@Suite(.serialized) struct PageFramesTests {
    nonisolated(unsafe) private static let fonts: FontLibrary = {
        let library = FontLibrary()
        if let data = FileManager.default.contents(atPath: "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf") {
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: data.count, alignment: 8)
            data.copyBytes(to: memory)
            if let face = FontFace(data: UnsafeRawBufferPointer(memory)) { library.add(face, family: "dejavu sans", bold: false, italic: false) }
        }
        return library
    }()

    private final class Shown {
        let page: Page
        var requests: [FrameRequest] = [], documents: [[UInt8]] = [], damage: [Rect] = [], unused: [UnusedInput] = [], hovers: [String] = []
        init(_ html: String) {
            page = Page(url: URL("http://one.test/dir/page")!, flavour: .html, http: nil, fonts: PageFramesTests.fonts)
            page.frames.report = { [unowned self] in
                switch $0 {
                case .frameRequest(_, let r): requests.append(r)
                case .hover(let url, _): hovers.append(url)
                default: break
                }
            }
            page.frames.reportDocument = { [unowned self] in documents.append($0) }
            page.frames.onDamage = { [unowned self] in damage.append($0) }
            page.frames.onUnused = { [unowned self] in unused.append($1) }
            _ = page.feed(Array(("<!DOCTYPE html><style>body { margin: 0 } iframe { border: 0; display: block }</style>" + html).utf8))
            page.finish()
        }
        @discardableResult
        func paint(scrollY: Int32 = 0) -> DisplayList {
            page.update(width: 640, height: 480)
            page.frames.update(scrollY: scrollY)
            page.frames.beginPaint()
            let list = page.view.displayList(scrollX: 0, scrollY: scrollY)
            page.frames.endPaint()
            return list
        }
    }

    @Test func elementsAskForTheirDocuments() {
        let s = Shown("""
        <iframe src="a.html#x" name=n sandbox="allow-forms"></iframe><iframe srcdoc="<p>hi"></iframe><iframe></iframe><iframe name=waits></iframe>
        <iframe src="javascript:1"></iframe><iframe src="http://[bad"></iframe><iframe src=hidden style="display: none"></iframe>
        """)
        s.paint()
        #expect(s.requests == [
            .open(place: 0, url: "http://one.test/dir/a.html#x", name: "n", sandbox: SandboxFlags.all.subtracting(.forms)),
            .open(place: 1, url: "about:srcdoc", name: "", sandbox: []), .open(place: 3, url: "", name: "waits", sandbox: []),
        ])
        #expect(s.documents == [[2, 0, 0, 0] + Array("<p>hi".utf8)])
        #expect(s.page.frames.list.filter { $0.note != nil }.count == 1, "a bad address says so")
        s.paint()
        #expect(s.requests.count == 3, "asked once")
        s.page.frames.closeAll()
        #expect(s.requests.filter { $0 == .close }.count == 6 && s.page.frames.list.isEmpty)
    }
    @Test func lazyFramesWaitUntilTheyAreNear() {
        let s = Shown("<div style='height: 3000px'></div><iframe src=far loading=LAZY></iframe><iframe src=now></iframe>")
        s.paint()
        #expect(s.requests.count == 1)
        s.paint(scrollY: 2000)
        #expect(s.requests.count == 1)
        s.paint(scrollY: 2100)
        #expect(s.requests.count == 2)
    }
    @Test func elementsThatChangeAreFollowed() {
        let s = Shown("<div id=d><iframe id=f src=a></iframe></div>")
        s.paint()
        let document = s.page.document, frame = document.element(withID: Atom("f"))
        document.setAttribute(frame, .src, "b")
        s.paint()
        #expect(s.requests.last == .navigate(url: "http://one.test/dir/b"))
        document.remove(frame)
        s.paint()
        #expect(s.requests.last == .close && s.page.frames.list.isEmpty)
    }
    @Test func surfacesHaveTheSizeOfTheBox() {
        #expect(PageFrames.surfaceSize(Rect(7, 9, 300, 150), 100) == (300, 150))
        #expect(PageFrames.surfaceSize(Rect(7, 9, 300, 150), 150) == (450, 225))
        #expect(PageFrames.surfaceSize(Rect(0, 0, 0, 150), 100) == (0, 0))
        let tall = PageFrames.surfaceSize(Rect(0, 0, 2000, 1_000_000), 100)
        #expect(tall.width == 2000 && tall.height * tall.width <= PageFrames.areaMax && tall.height > 2000)
    }

    @Test func aChildIsShownAndItsSurfaceComposed() throws {
        let kernel = ChannelDouble()
        kernel.memoryByteCount = 300 * 200 * 4
        let s = Shown("<div style='height: 50px'></div><iframe src=a width=300 height=200></iframe>")
        s.paint()
        let frame = try #require(s.page.frames.list.first)
        s.page.frames.receive(frame.number, .attached, [Handle(40)])
        #expect(s.damage.last == Rect(0, 50, 300, 200))
        s.paint()
        #expect(kernel.sent[40].map { $0.map { $0.emit() } } == [TabCommand.show(width: 300, height: 200).emit()])
        kernel.deliver(.surface(width: 299, height: 200), on: 40, with: 50)
        #expect(frame.surface == nil && !kernel.open.contains(50), "not what was asked for")
        kernel.deliver(.surface(width: 300, height: 200), on: 40, with: 51)
        #expect(frame.surface != nil && kernel.mapped == 1)
        kernel.deliver(.frame(x: 10, y: 190, width: 900, height: 900, isContent: true), on: 40)
        #expect(s.damage.last == Rect(10, 240, 290, 10), "damage stays in the box")
        var composed: [Rect] = []
        for item in s.paint(scrollY: 20).items { if case .surface(let surface, let r) = item { composed.append(r); #expect(surface.width == 300 && surface.height == 200) } }
        #expect(composed == [Rect(0, 30, 300, 200)])
        #expect(kernel.sent[40]?.count == 1, "scrolling asks for nothing")
        s.page.frames.hide()
        #expect(kernel.mapped == 0 && frame.surface == nil && kernel.sent[40]?.count == 2)
        s.paint()
        #expect(kernel.sent[40]?.count == 3, "shown again")
        kernel.memoryByteCount = 100
        kernel.deliver(.surface(width: 300, height: 200), on: 40, with: 52)
        #expect(frame.surface == nil && kernel.mapped == 0 && !kernel.open.contains(52), "too small for its size")
        s.page.frames.closeAll()
        #expect(kernel.mapped == 0 && !kernel.open.contains(51))
    }
    @Test func nothingComesBackThatWasNotSent() throws {
        let kernel = ChannelDouble()
        let s = Shown("<iframe src=a width=300 height=200></iframe>")
        s.paint()
        let frame = try #require(s.page.frames.list.first)
        s.page.frames.receive(frame.number, .attached, [Handle(41)])
        for input in [UnusedInput.wheel(notches: 1), .key(code: 1, modifiers: 0), .focus(backwards: false)] { kernel.deliver(.unused(input), on: 41) }
        #expect(s.unused.isEmpty)
        frame.wheelCredit = 3
        frame.keyCredit = 1
        for input in [UnusedInput.wheel(notches: -2), .wheel(notches: 2), .wheel(notches: .min), .focus(backwards: true), .key(code: 1, modifiers: 0)] { kernel.deliver(.unused(input), on: 41) }
        #expect(s.unused == [.wheel(notches: -2), .focus(backwards: true)])
        kernel.deliver(.hover(url: "http://x/", shape: .hand), on: 41)
        #expect(s.hovers.isEmpty, "the pointer is elsewhere")
        s.page.frames.hover(frame)
        kernel.deliver(.hover(url: "http://x/", shape: .hand), on: 41)
        #expect(s.hovers == ["", "http://x/"])
        kernel.deliver(.title("a frame has none"), on: 41)
        s.page.frames.closeAll()
    }
    @Test func aNoteStandsInForADocument() throws {
        let kernel = ChannelDouble()
        let s = Shown("<iframe src=a width=300 height=200></iframe>")
        s.paint()
        let frame = try #require(s.page.frames.list.first)
        s.page.frames.receive(frame.number, .attached, [Handle(42)])
        s.paint()
        s.page.frames.receive(frame.number, .stopped(why: "Reason: trapped.", canRetry: true), [])
        #expect(!frame.isLive)
        var shown: Bitmap?
        for item in s.paint().items { if case .image(let b, _, let r) = item, r == Rect(0, 0, 300, 200) { shown = b } }
        let note = try #require(shown)
        #expect(note.pixels[199 * 300 + 299] == 0xFFFB_F0EA)
        // Its link is somewhere below the text, and nowhere else.
        var hits: [Int32] = []
        for y in Int32(0)..<200 where frame.note?.isRetry(40, y) == true { hits.append(y) }
        #expect(hits.count > 8 && hits.count < 30 && hits[0] > 40, "\(hits)")
        s.page.frames.retry(frame)
        #expect(s.requests.last == .reload && frame.note == nil)
        _ = kernel
    }

    @Test func aSearchWalksThroughAllParts() {
        var parts = FindParts(counts: [2, 0, 3, 1])
        parts.part = 0
        parts.current = 1
        var seen: [Int] = [parts.position], wraps: [Bool] = []
        for _ in 0..<6 { _ = parts.step(backwards: false); seen.append(parts.position); wraps.append(parts.hasWrapped) }
        #expect(seen == [1, 2, 3, 4, 5, 6, 1] && wraps == [false, false, false, false, false, true])
        #expect(parts.step(backwards: true) == .from(0, to: 3) && parts.hasWrapped && parts.position == 6)
        #expect(parts.step(backwards: true) == .from(3, to: 2) && parts.position == 5 && parts.current == 3)
        #expect(parts.step(backwards: true) == .within(2))
        var alone = FindParts(counts: [0, 2])
        #expect(alone.step(backwards: true) == .from(nil, to: 1) && alone.position == 2 && !alone.hasWrapped)
        #expect(alone.step(backwards: false) == .within(1) && alone.position == 1 && alone.hasWrapped)
        var none = FindParts(counts: [0, 0])
        #expect(none.step(backwards: false) == .none && none.position == 0)
        var empty = FindParts()
        #expect(empty.step(backwards: true) == .none)
    }
}
