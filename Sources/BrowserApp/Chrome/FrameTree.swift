// The browser's model of the frames in its tabs: who holds whom, names, addresses, sandboxes, limits. Pure state; the glue in
// `Frames.swift` performs what it says. Parents are named by id: a tab's own (from 1 up) or a frame's (from `firstID` up).
// Invariants: a frame's parent is its tab or a frame of the same tab that stands before it in `frames`; ids are never used
// again.

import TabProtocol
import WebNet

/// A frame as the browser knows it.
public struct FrameModel: Sendable {
    public let id: UInt32
    public let tab: UInt32
    public let parent: UInt32
    /// By which the parent's process knows it.
    public let number: UInt32
    /// Its element's place among those of its document.
    public let place: UInt16
    /// The address that the page gives it, and the one that it was last sent to.
    public var ownURL: String
    public var requestedURL: String
    /// 1: directly in the tab's page.
    public let depth: Int
    public var name: String
    public let sandbox: SandboxFlags
    /// The address that is shown or on its way; "" while there is none.
    public var url: String
    /// The text of an `about:srcdoc` document.
    public var srcdoc: [UInt8] = []
    public var scrollY: Int32 = 0
    public var condition = TabCondition.starting
    public var load = LoadState.finished

    public var isSrcdoc: Bool { url == "about:srcdoc" }
}

/// Where a link with a target leads.
public enum NavigationTarget: Equatable, Sendable {
    case tab(UInt32)
    case frame(UInt32)
    case newTab
    /// The sandbox forbids it.
    case forbidden
}

public struct FrameTree: Sendable {
    static let firstID: UInt32 = 1 << 20
    /// Each is a process with a surface; more in one tab is a mistake or an attack.
    public static let framesPerTabMax = 16
    public static let depthMax = 4

    public private(set) var frames: [FrameModel] = []
    private var nextID = FrameTree.firstID
    public init() {}

    public func frame(_ id: UInt32) -> FrameModel? { frames.first { $0.id == id } }
    public func frame(of parent: UInt32, number: UInt32) -> FrameModel? { frames.first { $0.parent == parent && $0.number == number } }
    public func frames(ofTab tab: UInt32) -> [FrameModel] { frames.filter { $0.tab == tab } }
    public func isFrame(_ id: UInt32) -> Bool { id >= FrameTree.firstID }
    /// The tab that shows a page or frame.
    public func tab(of id: UInt32) -> UInt32 { frame(id)?.tab ?? id }
    public mutating func update(_ id: UInt32, _ body: (inout FrameModel) -> Void) {
        if let i = frames.firstIndex(where: { $0.id == id }) { body(&frames[i]) }
    }

    // MARK: Opening and closing

    /// Why a frame is not opened; a sentence for its box.
    public enum Refusal: Error, Equatable, Sendable {
        case tooMany, tooDeep, itself, known, address
        public var sentence: String {
            switch self {
            case .tooMany: "Not loaded: this tab shows \(FrameTree.framesPerTabMax) frames already."
            case .tooDeep: "Not loaded: frames stand in frames \(FrameTree.depthMax) deep already."
            case .itself: "Not loaded: the page contains itself."
            case .known: "Not loaded: the frame is open already."
            case .address: "Not loaded: frames show pages from the web, not from this machine."
            }
        }
    }

    /// Enters the frame that page or frame `parent` asks for. `tabURL` is the address of the tab's own page.
    public mutating func open(parent: UInt32, number: UInt32, place: UInt16 = 0, url: String, name: String, sandbox: SandboxFlags, tabURL: String) throws(Refusal) -> FrameModel {
        let holder = frame(parent), tab = holder?.tab ?? parent
        if frame(of: parent, number: number) != nil { throw .known }
        let depth = (holder?.depth ?? 0) + 1
        if depth > FrameTree.depthMax { throw .tooDeep }
        if frames(ofTab: tab).count >= FrameTree.framesPerTabMax { throw .tooMany }
        if !FrameTree.mayShow(url, in: tabURL) { throw .address }
        if isAncestor(url, of: parent, tabURL: tabURL) { throw .itself }
        let model = FrameModel(id: nextID, tab: tab, parent: parent, number: number, place: place, ownURL: url, requestedURL: url, depth: depth, name: name,
                               sandbox: sandbox.union(holder?.sandbox ?? []), url: url)
        nextID += 1
        frames.append(model)
        return model
    }

    /// Schemes that a frame may show: the web, data, and `about:`; files only within files.
    static func mayShow(_ url: String, in tabURL: String) -> Bool {
        guard let u = URL(url) else { return url.isEmpty }
        switch u.scheme {
        case "http", "https", "data", "about": return true
        case "file": return tabURL.hasPrefix("file:")
        default: return false
        }
    }
    /// A document that contains its own address again would do so without end (HTML §4.8.5 step 3 of the shared steps).
    private func isAncestor(_ url: String, of parent: UInt32, tabURL: String) -> Bool {
        guard let u = URL(url), u.scheme != "about" else { return false }
        let wanted = u.hrefWithoutFragment
        var at = parent
        while let f = frame(at) {
            if URL(f.url)?.hrefWithoutFragment == wanted { return true }
            at = f.parent
        }
        return URL(tabURL)?.hrefWithoutFragment == wanted
    }

    /// Takes a page or frame's frames out, innermost first, and with `itself` the frame too.
    public mutating func close(below id: UInt32, itself: Bool = false) -> [UInt32] {
        var gone: [UInt32] = itself ? [id] : [], parents = [id]
        for f in frames where parents.contains(f.parent) {
            parents.append(f.id)
            gone.append(f.id)
        }
        frames.removeAll { gone.contains($0.id) }
        return gone.reversed()
    }

    // MARK: Origins and addresses

    /// Places of a frame and of those around it, outermost first.
    public func path(of id: UInt32) -> [UInt16] {
        var result: [UInt16] = [], at = id
        while let f = frame(at) {
            result.insert(f.place, at: 0)
            at = f.parent
        }
        return result
    }

    /// The origin of a page or frame ("null": none that others could share).
    public func origin(of id: UInt32, tabURL: String) -> String {
        guard let f = frame(id) else { return URL(tabURL)?.origin ?? "null" }
        if f.sandbox.contains(.origin) { return "null" }
        if f.url.isEmpty || f.url.hasPrefix("about:") { return origin(of: f.parent, tabURL: tabURL) }
        return URL(f.url)?.origin ?? "null"
    }
    /// Origins of everything around a frame, nearest first.
    public func ancestorOrigins(of id: UInt32, tabURL: String) -> [String] {
        var result: [String] = [], at = id
        while let f = frame(at) {
            result.append(origin(of: f.parent, tabURL: tabURL))
            at = f.parent
        }
        return result
    }
    /// What an `about:srcdoc` document takes for its own address when it resolves others.
    public func baseURL(of id: UInt32, tabURL: String) -> String {
        var at = id
        while let f = frame(at) {
            if !f.url.isEmpty, !f.isSrcdoc, f.id != id { return f.url }
            at = f.parent
        }
        return tabURL
    }

    // MARK: Targets (HTML §7.3.2.1, §7.4.2.1)

    /// Where a link in page or frame `source` leads that names a target.
    public func resolve(_ target: String, from source: UInt32) -> NavigationTarget {
        let own = frame(source)
        func this(_ id: UInt32) -> NavigationTarget { isFrame(id) ? .frame(id) : .tab(id) }
        switch target.lowercased() {
        case "", "_self": return this(source)
        case "_blank": return own?.sandbox.contains(.popups) == true ? .forbidden : .newTab
        case "_parent": return allowed(own?.parent ?? source, from: source)
        case "_top": return allowed(own?.tab ?? source, from: source)
        default: break
        }
        if own?.name == target { return this(source) }
        let tab = tab(of: source)
        // Its own frames first, then the others of the tab.
        let named = frames(ofTab: tab).filter { $0.name == target }
        if let below = named.first(where: { isBelow($0.id, source) }) ?? named.first { return allowed(below.id, from: source) }
        return own?.sandbox.contains(.popups) == true ? .forbidden : .newTab
    }
    private func isBelow(_ id: UInt32, _ ancestor: UInt32) -> Bool {
        var at = id
        while let f = frame(at) {
            if f.parent == ancestor { return true }
            at = f.parent
        }
        return false
    }
    private func allowed(_ id: UInt32, from source: UInt32) -> NavigationTarget {
        let sandbox = frame(source)?.sandbox ?? []
        if isFrame(id) {
            if id != source, !isBelow(id, source), sandbox.contains(.navigation) { return .forbidden }
            return .frame(id)
        }
        return id != source && sandbox.contains(.topNavigation) ? .forbidden : .tab(id)
    }
}
