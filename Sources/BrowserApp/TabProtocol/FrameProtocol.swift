// Messages about the frames of a page (HTML §4.8.5). A page asks the browser process for a frame; the browser starts a
// process for its document and hands the two ends of a channel to parent and child. On that channel the parent sends
// `TabCommand`s (show, hide, pointer, key, find, focus, clipboard) and the child answers with `TabReport`s (surface,
// frame, hover, found, unused); everything else each of them says to the browser alone.

import ABI

/// What a sandboxed frame may not do (HTML §7.1.5), as far as anything here could do it.
public struct SandboxFlags: OptionSet, Sendable {
    public let rawValue: UInt16
    public init(rawValue: UInt16) { self.rawValue = rawValue }
    /// Navigate other frames than itself and its own.
    public static let navigation = SandboxFlags(rawValue: 1)
    public static let topNavigation = SandboxFlags(rawValue: 2)
    /// Open tabs.
    public static let popups = SandboxFlags(rawValue: 4)
    public static let forms = SandboxFlags(rawValue: 8)
    /// Keep its origin.
    public static let origin = SandboxFlags(rawValue: 16)
    public static let scripts = SandboxFlags(rawValue: 32)
    public static let downloads = SandboxFlags(rawValue: 64)
    /// Leave the sandbox in tabs that it opens.
    public static let popupsStay = SandboxFlags(rawValue: 128)
    public static let all: SandboxFlags = [.navigation, .topNavigation, .popups, .forms, .origin, .scripts, .downloads, .popupsStay]

    /// Flags of a `sandbox` attribute; nil (no attribute) forbids nothing.
    public static func parse(_ attribute: String?) -> SandboxFlags {
        guard let attribute else { return [] }
        var flags = SandboxFlags.all
        for word in Array(attribute.utf8).split(whereSeparator: { $0 == 32 || ($0 >= 9 && $0 <= 13) }) {
            switch String(decoding: word.map { $0 >= 65 && $0 <= 90 ? $0 | 32 : $0 }, as: UTF8.self) {
            case "allow-forms": flags.remove(.forms)
            case "allow-popups": flags.remove(.popups)
            case "allow-popups-to-escape-sandbox": flags.remove(.popupsStay)
            // Nothing here navigates without a person's click.
            case "allow-top-navigation", "allow-top-navigation-by-user-activation": flags.remove(.topNavigation)
            case "allow-same-origin": flags.remove(.origin)
            case "allow-scripts": flags.remove(.scripts)
            case "allow-downloads": flags.remove(.downloads)
            default: break
            }
        }
        return flags
    }
}

/// Page → browser, about the frame that it knows by a number.
public enum FrameRequest: Equatable, Sendable {
    /// The element is in the page, at this place among its kind. `url` is absolute, or empty for a frame that waits to be navigated by its name. The text
    /// of `about:srcdoc` went before as a blob.
    case open(place: UInt16, url: String, name: String, sandbox: SandboxFlags)
    /// The element's address changed.
    case navigate(url: String)
    /// The user asks for a frame whose process ended.
    case reload
    /// The element is gone.
    case close

    func emit(_ w: inout ByteWriter) {
        switch self {
        case .open(let place, let url, let name, let sandbox): w.u8(1); w.u16(place); w.u16(sandbox.rawValue); w.string(clipped(name, 256)); w.string(clipped(url, 3500))
        case .navigate(let url): w.u8(2); w.string(clipped(url, 3500))
        case .reload: w.u8(3)
        case .close: w.u8(4)
        }
    }
    static func parse(_ r: inout ByteReader) -> FrameRequest? {
        switch r.u8() {
        case 1:
            guard let place = r.u16(), let sandbox = r.u16(), let name = r.string(), let url = r.string() else { return nil }
            return .open(place: place, url: url, name: name, sandbox: SandboxFlags(rawValue: sandbox))
        case 2: return r.string().map { .navigate(url: $0) }
        case 3: return .reload
        case 4: return .close
        default: return nil
        }
    }
}

/// Browser → page, about one of its frames.
public enum FrameNews: Equatable, Sendable {
    /// The frame has a process; one channel handle travels with the message.
    case attached
    /// The frame shows no document; a sentence says why. `canRetry`: its process ended, and another may be asked for.
    case stopped(why: String, canRetry: Bool)

    func emit(_ w: inout ByteWriter) {
        switch self {
        case .attached: w.u8(1)
        case .stopped(let why, let canRetry): w.u8(2); w.u8(canRetry ? 1 : 0); w.string(clipped(why, 512))
        }
    }
    static func parse(_ r: inout ByteReader) -> FrameNews? {
        switch r.u8() {
        case 1: return .attached
        case 2:
            guard let canRetry = r.u8(), let why = r.string() else { return nil }
            return .stopped(why: why, canRetry: canRetry != 0)
        default: return nil
        }
    }
}

/// Browser → process: it shows a frame, not a tab. One channel handle travels with the message: the parent's end of talk.
public struct Embedding: Equatable, Sendable {
    public static let ancestorCountMax = 8
    public var sandbox: SandboxFlags
    /// What relative addresses of an `about:srcdoc` document are resolved against.
    public var baseURL: String
    /// Origins of the documents around it, nearest first.
    public var ancestors: [String]
    public init(sandbox: SandboxFlags, baseURL: String, ancestors: [String]) { self.sandbox = sandbox; self.baseURL = baseURL; self.ancestors = ancestors }

    func emit(_ w: inout ByteWriter) {
        w.u16(sandbox.rawValue)
        w.string(clipped(baseURL, 1500))
        w.u8(UInt8(min(ancestors.count, Embedding.ancestorCountMax)))
        for a in ancestors.prefix(Embedding.ancestorCountMax) { w.string(clipped(a, 256)) }
    }
    static func parse(_ r: inout ByteReader) -> Embedding? {
        guard let sandbox = r.u16(), let base = r.string(), let count = r.u8(), Int(count) <= ancestorCountMax else { return nil }
        var ancestors: [String] = []
        for _ in 0..<count {
            guard let a = r.string() else { return nil }
            ancestors.append(a)
        }
        return Embedding(sandbox: SandboxFlags(rawValue: sandbox), baseURL: base, ancestors: ancestors)
    }
}

/// How the focus comes to a frame, or goes.
public enum FrameFocus: UInt8, Sendable {
    case lost = 0, byPointer
    /// With Tab, with Shift+Tab: to the first and to the last stop.
    case forwards, backwards
}

/// Input that a frame had no use for; its parent goes on with it.
public enum UnusedInput: Equatable, Sendable {
    case wheel(notches: Int32)
    case key(code: UInt16, modifiers: UInt8)
    /// Tab went past the last stop, or before the first.
    case focus(backwards: Bool)

    func emit(_ w: inout ByteWriter) {
        switch self {
        case .wheel(let notches): w.u8(1); w.i32(notches)
        case .key(let code, let modifiers): w.u8(2); w.u16(code); w.u8(modifiers)
        case .focus(let backwards): w.u8(3); w.u8(backwards ? 1 : 0)
        }
    }
    static func parse(_ r: inout ByteReader) -> UnusedInput? {
        switch r.u8() {
        case 1: return r.i32().map { .wheel(notches: $0) }
        case 2:
            guard let code = r.u16(), let modifiers = r.u8() else { return nil }
            return .key(code: code, modifiers: modifiers)
        case 3: return r.u8().map { .focus(backwards: $0 != 0) }
        default: return nil
        }
    }
}
