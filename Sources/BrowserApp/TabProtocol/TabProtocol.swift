// Messages between the browser process (chrome) and a tab process, over one channel a tab. The browser commands and
// forwards input; the tab reports what it shows. Unknown kinds are dropped by the receiver.

import ABI

/// Pointer actions forwarded to a tab, in content coordinates (pixels from the content area's corner).
public enum PointerAction: UInt8, Sendable { case move = 0, down, up, wheel, leave }

/// Browser → tab.
public enum TabCommand: Sendable {
    /// Load `url`; when done, scroll to `scrollY` pixels (used when going back and when a discarded tab returns).
    case navigate(url: String, scrollY: Int32)
    case reload
    case stop
    /// Become visible with a content area of this size. The tab answers with `surface` and a first `frame`.
    case show(width: Int32, height: Int32)
    /// Become hidden: the tab gives its surface back.
    case hide
    /// `modifiers` as `KeyModifiers`; `clickCount` of down and up: 1 single, 2 double, 3 triple.
    case pointer(action: PointerAction, x: Int32, y: Int32, button: UInt8, wheel: Int32, modifiers: UInt8, clickCount: UInt8)
    case key(code: UInt16, modifiers: UInt8, character: UInt32)
    /// Liveness probe; answered with the same number.
    case ping(UInt32)
    /// A part of something longer than a message; the last part says so. Parts of one kind are not interleaved.
    case blob(BlobKind, isLast: Bool, [UInt8])
    /// Search in the page. `step` 0: for a new text (empty: stop); 1, -1: next and previous match.
    case find(step: Int8, text: String)
    /// How pages are shown: zoom in percent, images (0 always, 1 never, 2 on the browser's own pages only).
    case preferences(zoomPercent: UInt16, imageMode: UInt8)
    /// First of all commands to a process that shows a frame; a channel handle travels with it.
    case embed(Embedding)
    /// News of one of the page's frames, with a channel handle when it is attached.
    case frameNews(number: UInt32, FrameNews)
    /// To a frame, from its parent.
    case focus(FrameFocus)
    /// First of all commands to a process that was restored from an image: what its clock showed when it was saved.
    case revive(clock: UInt64)

    public func emit() -> [UInt8] {
        var w = ByteWriter()
        switch self {
        case .navigate(let url, let scrollY): w.u8(1); w.i32(scrollY); w.string(url)
        case .reload: w.u8(2)
        case .stop: w.u8(3)
        case .show(let width, let height): w.u8(4); w.i32(width); w.i32(height)
        case .hide: w.u8(5)
        case .pointer(let action, let x, let y, let button, let wheel, let modifiers, let clickCount):
            w.u8(6); w.u8(action.rawValue); w.i32(x); w.i32(y); w.u8(button); w.i32(wheel); w.u8(modifiers); w.u8(clickCount)
        case .key(let code, let modifiers, let character): w.u8(7); w.u16(code); w.u8(modifiers); w.u32(character)
        case .ping(let number): w.u8(8); w.u32(number)
        case .blob(let kind, let isLast, let bytes): w.u8(9); w.u8(kind.rawValue); w.u8(isLast ? 1 : 0); w.raw(bytes)
        case .preferences(let zoom, let images): w.u8(11); w.u16(zoom); w.u8(images)
        case .embed(let embedding): w.u8(12); embedding.emit(&w)
        case .frameNews(let number, let news): w.u8(13); w.u32(number); news.emit(&w)
        case .focus(let how): w.u8(14); w.u8(how.rawValue)
        case .revive(let clock): w.u8(15); w.u64(clock)
        case .find(let step, let text): w.u8(10); w.u8(UInt8(bitPattern: step)); w.string(clipped(text, 512))
        }
        return w.bytes
    }

    public static func parse(_ bytes: [UInt8]) -> TabCommand? {
        var r = ByteReader(bytes)
        switch r.u8() {
        case 1:
            guard let scrollY = r.i32(), let url = r.string() else { return nil }
            return .navigate(url: url, scrollY: scrollY)
        case 2: return .reload
        case 3: return .stop
        case 4:
            guard let width = r.i32(), let height = r.i32() else { return nil }
            return .show(width: width, height: height)
        case 5: return .hide
        case 6:
            guard let a = r.u8(), let action = PointerAction(rawValue: a), let x = r.i32(), let y = r.i32(),
                  let button = r.u8(), let wheel = r.i32(), let modifiers = r.u8(), let clickCount = r.u8() else { return nil }
            return .pointer(action: action, x: x, y: y, button: button, wheel: wheel, modifiers: modifiers, clickCount: clickCount)
        case 7:
            guard let code = r.u16(), let modifiers = r.u8(), let character = r.u32() else { return nil }
            return .key(code: code, modifiers: modifiers, character: character)
        case 8:
            guard let number = r.u32() else { return nil }
            return .ping(number)
        case 9:
            guard let k = r.u8(), let kind = BlobKind(rawValue: k), let isLast = r.u8() else { return nil }
            return .blob(kind, isLast: isLast != 0, r.rest())
        case 10:
            guard let step = r.u8(), let text = r.string() else { return nil }
            return .find(step: Int8(bitPattern: step), text: text)
        case 11:
            guard let zoom = r.u16(), let images = r.u8() else { return nil }
            return .preferences(zoomPercent: zoom, imageMode: images)
        case 12: return Embedding.parse(&r).map { .embed($0) }
        case 13:
            guard let number = r.u32(), let news = FrameNews.parse(&r) else { return nil }
            return .frameNews(number: number, news)
        case 14:
            guard let h = r.u8(), let how = FrameFocus(rawValue: h) else { return nil }
            return .focus(how)
        case 15: return r.u64().map { .revive(clock: $0) }
        default: return nil
        }
    }
}

/// A page's icon as it travels.
public enum TabIcon {
    public static let side = 16
    public static let pixelCount = side * side
}

/// What travels in parts.
public enum BlobKind: UInt8, Sendable {
    /// UTF-8 text of the clipboard, both ways.
    case clipboard = 0
    /// Control state of a page: its URL as a string, then bytes that only the tab reads (`FormState`). To the tab: for the
    /// page that the next `navigate` loads.
    case formState
    /// HTML of a page that the browser makes, for the next `navigate` to a `jsos:` address; to a frame: its `srcdoc`.
    case document
    /// From a page: the number of one of its frames (32 bits) and the `srcdoc` that its next `open` shows.
    case frameDocument
    /// A form that was sent by POST (`PostedForm`). From the tab after the location of its answer; to the tab before the
    /// `navigate` of history to that answer: the tab asks before it sends the form again.
    case postedForm
}

/// A form that was sent, as history keeps it.
public struct PostedForm: Equatable, Sendable {
    /// Larger ones are forgotten; history then only knows that there was one.
    public static let bodyByteCountMax = 256 << 10
    public var url: String
    public var contentType: String
    /// Nil when it is not there any more.
    public var body: [UInt8]?
    public init(url: String, contentType: String, body: [UInt8]?) { self.url = url; self.contentType = contentType; self.body = body }

    public func emit() -> [UInt8] {
        var w = ByteWriter()
        let kept = body.flatMap { $0.count <= PostedForm.bodyByteCountMax ? $0 : nil }
        w.u8(kept == nil ? 0 : 1); w.string(url); w.string(contentType)
        if let kept { w.raw(kept) }
        return w.bytes
    }
    public static func parse(_ bytes: [UInt8]) -> PostedForm? {
        var r = ByteReader(bytes)
        guard let has = r.u8(), let url = r.string(), let type = r.string() else { return nil }
        return PostedForm(url: url, contentType: type, body: has == 1 ? r.rest() : nil)
    }
}

/// Puts parts together again; what grows past the limit is dropped whole.
public struct BlobAssembler: Sendable {
    public static let partByteCountMax = 3500, byteCountMax = 1 << 20
    private var bytes: [UInt8] = []
    private var kind = BlobKind.clipboard
    private var isTooLong = false
    public init() {}
    /// Takes a part; gives the whole after the last one.
    public mutating func add(_ kind: BlobKind, isLast: Bool, _ part: [UInt8]) -> [UInt8]? {
        if kind != self.kind { bytes = []; isTooLong = false }
        self.kind = kind
        if bytes.count + part.count > BlobAssembler.byteCountMax { isTooLong = true; bytes = [] }
        if !isTooLong { bytes += part }
        guard isLast else { return nil }
        let whole = isTooLong ? nil : bytes
        bytes = []
        isTooLong = false
        return whole
    }
    /// Cuts bytes into parts; one empty part for nothing.
    public static func parts(_ bytes: [UInt8]) -> [(isLast: Bool, bytes: [UInt8])] {
        if bytes.count > byteCountMax { return [] }
        var result: [(isLast: Bool, bytes: [UInt8])] = [], at = 0
        repeat {
            let end = min(bytes.count, at + partByteCountMax)
            result.append((end == bytes.count, Array(bytes[at..<end])))
            at = end
        } while at < bytes.count
        return result
    }
}

/// How a load stands.
public enum LoadState: UInt8, Sendable { case loading = 0, finished, failed }

/// Shape of the pointer over content.
public enum PointerShape: UInt8, Sendable { case arrow = 0, hand, text }

/// Tab → browser.
public enum TabReport: Sendable {
    /// The surface to show; one shared-memory handle travels with the message (0xAARRGGBB, rows of `width` words).
    case surface(width: Int32, height: Int32)
    /// New pixels in the surface. `isContent` is false while there is nothing of the page to show yet.
    case frame(x: Int32, y: Int32, width: Int32, height: Int32, isContent: Bool)
    case title(String)
    /// The document's URL after redirects. `isNew` starts a history entry.
    case location(url: String, isNew: Bool)
    case load(LoadState)
    /// The user followed a link; the browser decides where it opens.
    case open(url: String, inNewTab: Bool)
    /// The same into a frame or tab by name, or `_parent`, `_top`.
    case openNamed(url: String, target: String)
    /// What the page wants of one of its frames.
    case frameRequest(number: UInt32, FrameRequest)
    /// From a frame to its parent.
    case unused(UnusedInput)
    case scroll(y: Int32, contentHeight: Int32)
    /// URL under the pointer, or empty.
    case hover(url: String, shape: PointerShape)
    case pong(UInt32)
    /// The page's icon: `TabIcon.side` rows of as many premultiplied pixels, or empty.
    case icon([UInt32])
    case blob(BlobKind, isLast: Bool, [UInt8])
    /// Answer to `find`: the current match from 1 (0: none), how many there are, whether the search went past an end.
    case found(current: UInt32, count: UInt32, hasWrapped: Bool)
    /// A file that is being saved. `state`: 0 running, 1 done, 2 failed; `total` 0: not known.
    case download(number: UInt32, state: UInt8, received: UInt64, total: UInt64, path: String)
    /// The zygote is warm and quiescent.
    case ready

    public func emit() -> [UInt8] {
        var w = ByteWriter()
        switch self {
        case .surface(let width, let height): w.u8(1); w.i32(width); w.i32(height)
        case .frame(let x, let y, let width, let height, let isContent):
            w.u8(2); w.i32(x); w.i32(y); w.i32(width); w.i32(height); w.u8(isContent ? 1 : 0)
        case .title(let title): w.u8(3); w.string(clipped(title, 512))
        case .location(let url, let isNew): w.u8(4); w.u8(isNew ? 1 : 0); w.string(clipped(url, 3500))
        case .load(let state): w.u8(5); w.u8(state.rawValue)
        case .open(let url, let inNewTab): w.u8(6); w.u8(inNewTab ? 1 : 0); w.string(clipped(url, 3500))
        case .openNamed(let url, let target): w.u8(15); w.string(clipped(target, 256)); w.string(clipped(url, 3500))
        case .frameRequest(let number, let request): w.u8(16); w.u32(number); request.emit(&w)
        case .unused(let input): w.u8(17); input.emit(&w)
        case .scroll(let y, let contentHeight): w.u8(7); w.i32(y); w.i32(contentHeight)
        case .hover(let url, let shape): w.u8(8); w.u8(shape.rawValue); w.string(clipped(url, 1024))
        case .pong(let number): w.u8(9); w.u32(number)
        case .ready: w.u8(11)
        case .icon(let pixels):
            w.u8(30)
            w.u8(pixels.count == TabIcon.pixelCount ? 1 : 0)
            if pixels.count == TabIcon.pixelCount { for p in pixels { w.u32(p) } }
        case .blob(let kind, let isLast, let bytes): w.u8(12); w.u8(kind.rawValue); w.u8(isLast ? 1 : 0); w.raw(bytes)
        case .download(let number, let state, let received, let total, let path):
            w.u8(14); w.u32(number); w.u8(state); w.u64(received); w.u64(total); w.string(clipped(path, 1024))
        case .found(let current, let count, let hasWrapped): w.u8(13); w.u32(current); w.u32(count); w.u8(hasWrapped ? 1 : 0)
        }
        return w.bytes
    }

    public static func parse(_ bytes: [UInt8]) -> TabReport? {
        var r = ByteReader(bytes)
        switch r.u8() {
        case 1:
            guard let width = r.i32(), let height = r.i32() else { return nil }
            return .surface(width: width, height: height)
        case 2:
            guard let x = r.i32(), let y = r.i32(), let width = r.i32(), let height = r.i32(), let isContent = r.u8() else { return nil }
            return .frame(x: x, y: y, width: width, height: height, isContent: isContent != 0)
        case 3: return r.string().map { .title($0) }
        case 4:
            guard let isNew = r.u8(), let url = r.string() else { return nil }
            return .location(url: url, isNew: isNew != 0)
        case 5:
            guard let s = r.u8(), let state = LoadState(rawValue: s) else { return nil }
            return .load(state)
        case 6:
            guard let newTab = r.u8(), let url = r.string() else { return nil }
            return .open(url: url, inNewTab: newTab != 0)
        case 15:
            guard let target = r.string(), let url = r.string() else { return nil }
            return .openNamed(url: url, target: target)
        case 16:
            guard let number = r.u32(), let request = FrameRequest.parse(&r) else { return nil }
            return .frameRequest(number: number, request)
        case 17: return UnusedInput.parse(&r).map { .unused($0) }
        case 7:
            guard let y = r.i32(), let contentHeight = r.i32() else { return nil }
            return .scroll(y: y, contentHeight: contentHeight)
        case 8:
            guard let s = r.u8(), let shape = PointerShape(rawValue: s), let url = r.string() else { return nil }
            return .hover(url: url, shape: shape)
        case 9: return r.u32().map { .pong($0) }
        case 11: return .ready
        case 30:
            guard let has = r.u8() else { return nil }
            var pixels: [UInt32] = []
            while has != 0, pixels.count < TabIcon.pixelCount {
                guard let p = r.u32() else { return nil }
                pixels.append(p)
            }
            return .icon(pixels)
        case 12:
            guard let k = r.u8(), let kind = BlobKind(rawValue: k), let isLast = r.u8() else { return nil }
            return .blob(kind, isLast: isLast != 0, r.rest())
        case 13:
            guard let current = r.u32(), let count = r.u32(), let hasWrapped = r.u8() else { return nil }
            return .found(current: current, count: count, hasWrapped: hasWrapped != 0)
        case 14:
            guard let number = r.u32(), let state = r.u8(), let received = r.u64(), let total = r.u64(), let path = r.string() else { return nil }
            return .download(number: number, state: state, received: received, total: total, path: path)
        default: return nil
        }
    }
}

/// Cuts a string to at most `limit` bytes on a character boundary.
func clipped(_ s: String, _ limit: Int) -> String {
    if s.utf8.count <= limit { return s }
    var result = ""
    var count = 0
    for c in s.unicodeScalars {
        let width = c.value < 0x80 ? 1 : (c.value < 0x800 ? 2 : (c.value < 0x10000 ? 3 : 4))
        if count + width > limit { break }
        count += width
        result.unicodeScalars.append(c)
    }
    return result
}
