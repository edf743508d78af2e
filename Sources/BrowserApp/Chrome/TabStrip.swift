// The browser's model of its tabs: order, history of each, what is shown. Pure state; the glue in `Browser.swift`
// performs what it returns. Invariant: there is at least one tab, and `activeIndex` is valid.

import TabProtocol

/// Where a frame is that a link has moved: its places on the way from the page, outermost first.
public struct FrameAddress: Equatable, Sendable {
    public var path: [UInt16]
    public var url: String
}

/// One visited page of a tab, or one state of its frames (HTML §7.4.1.1: a joint history).
public struct HistoryEntry: Equatable, Sendable {
    public var url: String
    public var scrollY: Int32
    /// Entries of one document differ in their frames only.
    var document: UInt32 = 0
    /// Frames that are not where the page put them.
    var frames: [FrameAddress] = []
    /// What the user put into the page's controls, as the tab wrote it.
    public var formState: [UInt8] = []
    /// The form that the page answered (`PostedForm`); empty for a page that was got by its address.
    public var postedForm: [UInt8] = []
    public init(url: String, scrollY: Int32 = 0) { self.url = url; self.scrollY = scrollY }
}

/// What the tab's process is doing for us.
public enum TabCondition: UInt8, Sendable {
    case starting      // process being cloned
    case alive
    case discarded     // the kernel took its memory; URL and scroll position are kept
    case crashed       // it trapped or was killed; an error page stands in
    case unresponsive  // it was killed because it did not answer
}

/// A tab as the browser knows it.
public struct TabModel: Sendable {
    public let id: UInt32
    public var title: String
    public var history: [HistoryEntry]
    public var historyIndex: Int
    public var condition: TabCondition = .starting
    public var load: LoadState = .finished
    public var failure = ""
    private var lastDocument: UInt32 = 0
    /// Pixels of the page's icon; empty: none.
    public var icon: [UInt32] = []
    /// Set while the browser itself moves through history, so that the tab's report makes no new entry.
    public var isTraversing = false
    /// Shows a page of the browser itself, which may ask for its actions.
    var isInternal = false
    public var zoomPercent: Int32 = 100
    /// Stands with the other pinned tabs at the beginning of the strip.
    public internal(set) var isPinned = false
    /// File of the image from which the tab wakes; empty: there is none.
    var imageName = ""

    public var url: String { history[historyIndex].url }
    public var canGoBack: Bool { historyIndex > 0 }
    public var canGoForward: Bool { historyIndex + 1 < history.count }

    /// A closed tab again, with its history.
    init(id: UInt32, like old: TabModel) {
        self.id = id
        title = old.title
        history = old.history
        historyIndex = old.historyIndex
        lastDocument = old.lastDocument
        zoomPercent = old.zoomPercent
    }
    init(id: UInt32, url: String) {
        self.id = id
        self.title = ""
        history = [HistoryEntry(url: url)]
        historyIndex = 0
    }

    /// The tab arrived at `url`. A new entry cuts the forward part off.
    mutating func arrived(at url: String, isNew: Bool) {
        if isTraversing || !isNew || history[historyIndex].url == url {
            history[historyIndex].url = url
            if isNew, !isTraversing {
                history[historyIndex].frames = []
                history[historyIndex].postedForm = []
            }
            isTraversing = false
            return
        }
        lastDocument += 1
        var entry = HistoryEntry(url: url)
        entry.document = lastDocument
        push(entry)
    }
    private mutating func push(_ entry: HistoryEntry) {
        history.removeLast(history.count - historyIndex - 1)
        history.append(entry)
        if history.count > TabStrip.historyEntriesMax { history.removeFirst() }
        historyIndex = history.count - 1
    }
    /// A link moved a frame: another entry of the same document. What was in a frame that moved is gone with it.
    mutating func frameMoved(_ path: [UInt16], to url: String) {
        var entry = history[historyIndex]
        entry.frames.removeAll { $0.path.starts(with: path) }
        entry.frames.append(FrameAddress(path: path, url: url))
        push(entry)
    }
    /// Keeps control state with the entry of that URL that is nearest to the current one: a report may come after the
    /// user has gone on.
    mutating func keep(formState: [UInt8], of url: String) {
        var best: Int?
        for i in history.indices where history[i].url == url {
            if best == nil || abs(i - historyIndex) < abs(best! - historyIndex) { best = i }
        }
        if let best { history[best].formState = formState }
    }
    /// Moves by `step` and returns the entry to load.
    mutating func traverse(_ step: Int) -> HistoryEntry? {
        let target = historyIndex + step
        guard target >= 0, target < history.count else { return nil }
        historyIndex = target
        isTraversing = true
        return history[target]
    }
}

/// The ordered tabs of a window.
public struct TabStrip: Sendable {
    public static let tabsMax = 128
    static let historyEntriesMax = 50
    public private(set) var tabs: [TabModel] = []
    public private(set) var activeIndex = 0
    private var nextID: UInt32 = 1

    public init() {}

    public var active: TabModel? { tabs.isEmpty ? nil : tabs[activeIndex] }

    public func index(of id: UInt32) -> Int? { tabs.firstIndex { $0.id == id } }

    /// Opens a tab beside the active one (or at the end) and returns its id; nil when the strip is full.
    public mutating func open(url: String, afterActive: Bool) -> UInt32? {
        guard tabs.count < TabStrip.tabsMax else { return nil }
        let tab = TabModel(id: nextID, url: url)
        nextID += 1
        let position = afterActive && !tabs.isEmpty ? activeIndex + 1 : tabs.count
        tabs.insert(tab, at: position)
        if position <= activeIndex && tabs.count > 1 { activeIndex += 1 }
        return tab.id
    }
    /// Opens a closed tab again at the end; nil when the strip is full.
    public mutating func reopen(_ old: TabModel) -> UInt32? {
        guard tabs.count < TabStrip.tabsMax else { return nil }
        tabs.append(TabModel(id: nextID, like: old))
        nextID += 1
        return tabs[tabs.count - 1].id
    }
    /// Moves a tab to a place; the active tab stays active.
    public mutating func move(id: UInt32, to index: Int) {
        guard let from = self.index(of: id), index >= 0, index < tabs.count, from != index, let activeID = active?.id else { return }
        tabs.insert(tabs.remove(at: from), at: index)
        activate(id: activeID)
    }
    /// Pins a tab, or lets it go: it moves to the end of the pinned ones, or to the first place after them.
    public mutating func togglePin(_ id: UInt32) {
        guard let i = index(of: id) else { return }
        tabs[i].isPinned.toggle()
        let others = tabs.count { $0.isPinned && $0.id != id }
        move(id: id, to: others)
    }
    /// Appends a tab of an earlier run, which loads when it is shown; nil when the strip is full.
    mutating func restore(title: String, history: [HistoryEntry], historyIndex: Int) -> UInt32? {
        guard tabs.count < TabStrip.tabsMax, history.indices.contains(historyIndex) else { return nil }
        var tab = TabModel(id: nextID, url: history[historyIndex].url)
        tab.title = title
        tab.history = history
        tab.historyIndex = historyIndex
        tab.condition = .discarded
        nextID += 1
        tabs.append(tab)
        return tab.id
    }
    /// Closes a tab; the neighbour on the right becomes active, else the one on the left.
    public mutating func close(id: UInt32) {
        guard let i = index(of: id) else { return }
        tabs.remove(at: i)
        if i < activeIndex || activeIndex >= tabs.count { activeIndex = max(0, activeIndex - 1) }
    }
    public mutating func activate(id: UInt32) {
        if let i = index(of: id) { activeIndex = i }
    }
    /// The id `step` places from the active tab, wrapping.
    public func neighbour(_ step: Int) -> UInt32? {
        guard !tabs.isEmpty else { return nil }
        return tabs[(activeIndex + step + tabs.count * 64) % tabs.count].id
    }
    public mutating func update(_ id: UInt32, _ body: (inout TabModel) -> Void) {
        if let i = index(of: id) { body(&tabs[i]) }
    }
    public func tab(_ id: UInt32) -> TabModel? { index(of: id).map { tabs[$0] } }
}
