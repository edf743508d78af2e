// What the browser remembers beyond its tabs: bookmarks, visited pages, settings, zoom, downloads. Plain values without
// drawing or messages (TAB-016…TAB-032). Invariant: counts stay within the limits below.

import WebNet

/// A page that the user keeps.
public struct Bookmark: Equatable, Sendable {
    public var url: String
    public var title: String
}

/// A page that was visited, once in the list however often.
public struct Visit: Equatable, Sendable {
    public var url: String
    public var title: String
    public var count: UInt32
    /// Of the last visit, since 1970; 0: not known.
    public var seconds: UInt64 = 0
}

public enum ImageLoading: UInt8, Sendable { case always = 0, never, internalOnly }
public enum FontScale: UInt8, Sendable {
    case small = 0, normal, large
    /// Zoom with which new tabs begin.
    var percent: Int32 {
        switch self {
        case .small: 90
        case .normal: 100
        case .large: 125
        }
    }
}

/// What the browser opens when it starts without an address.
public enum AtStart: UInt8, Sendable {
    /// The home page, and a row that offers the tabs of the last time.
    case offer = 0
    case restore, homePage
}

public struct Settings: Equatable, Sendable {
    public var homePage = "about:start"
    /// A URL with `%s` where the words go; without one, `?q=` and the words are appended (TAB-032).
    public var searchEngine = Settings.engines[0].url
    public var images = ImageLoading.always
    public var fontScale = FontScale.normal
    public var showsBookmarksBar = false
    public var atStart = AtStart.offer
    static let engines: [(name: String, url: String)] = [
        ("DuckDuckGo Lite", "http://lite.duckduckgo.com/lite/?q=%s"), ("Google", "http://www.google.com/search?q=%s"),
    ]
    public init() {}
}

public enum DownloadState: UInt8, Sendable { case running = 0, finished, failed }

public struct Download: Equatable, Sendable {
    public var tab: UInt32, number: UInt32
    public var path: String
    public var received: UInt64
    /// 0: not known.
    public var total: UInt64
    public var state: DownloadState
    /// Last part of the path.
    public var name: String { path.split(separator: "/").last.map { String($0) } ?? path }
    public var progress: String {
        switch state {
        case .running: total > 0 ? "\(received * 100 / total) % of \(Library.size(total))" : Library.size(received)
        case .finished: Library.size(received)
        case .failed: "failed after " + Library.size(received)
        }
    }
}

public struct Library: Sendable {
    public static let bookmarksMax = 500, visitsMax = 500, downloadsMax = 100, zoomsMax = 200, suggestionsMax = 8
    public private(set) var bookmarks: [Bookmark] = [] { didSet { revision &+= 1 } }
    /// Latest first.
    public private(set) var visits: [Visit] = [] { didSet { revision &+= 1 } }
    public private(set) var downloads: [Download] = [] { didSet { revision &+= 1 } }
    /// Sites that are not shown at the usual size, the one that was changed last at the end.
    public private(set) var zooms: [(site: String, percent: Int32)] = [] { didSet { revision &+= 1 } }
    public var settings = Settings() { didSet { revision &+= 1 } }
    /// What a later version wrote into the file.
    var otherRecords: [Record] = []
    /// Differs when something may have changed.
    private(set) var revision: UInt32 = 0
    public init() {}

    // MARK: Bookmarks

    public func isBookmarked(_ url: String) -> Bool { bookmarks.contains { $0.url == url } }
    /// Adds the page, or takes it away when it is there.
    public mutating func toggleBookmark(_ url: String, _ title: String) {
        if let i = bookmarks.firstIndex(where: { $0.url == url }) { bookmarks.remove(at: i); return }
        guard bookmarks.count < Library.bookmarksMax else { return }
        bookmarks.append(Bookmark(url: url, title: title.isEmpty ? url : title))
    }
    public mutating func removeBookmark(_ index: Int) { if bookmarks.indices.contains(index) { bookmarks.remove(at: index) } }
    public mutating func renameBookmark(_ index: Int, _ title: String) { if bookmarks.indices.contains(index), !title.isEmpty { bookmarks[index].title = title } }
    mutating func restore(_ bookmark: Bookmark) { if bookmarks.count < Library.bookmarksMax, !bookmark.url.isEmpty, !isBookmarked(bookmark.url) { bookmarks.append(bookmark) } }
    public mutating func moveBookmarkUp(_ index: Int) { if index > 0, bookmarks.indices.contains(index) { bookmarks.swapAt(index, index - 1) } }

    // MARK: History

    /// Pages of the browser itself and contents in the address are not remembered.
    public static func isRemembered(_ url: String) -> Bool { url.hasPrefix("http://") || url.hasPrefix("https://") || url.hasPrefix("file:") }
    /// `seconds`: time of day, since 1970.
    public mutating func visit(_ url: String, seconds: UInt64 = 0) {
        guard Library.isRemembered(url) else { return }
        var visit = Visit(url: url, title: "", count: 0)
        if let i = visits.firstIndex(where: { $0.url == url }) { visit = visits.remove(at: i) }
        visit.count &+= 1
        visit.seconds = seconds
        visits.insert(visit, at: 0)
        if visits.count > Library.visitsMax { visits.removeLast() }
    }
    mutating func restore(_ visit: Visit) { if visits.count < Library.visitsMax, Library.isRemembered(visit.url) { visits.append(visit) } }
    public mutating func name(_ url: String, _ title: String) { if let i = visits.firstIndex(where: { $0.url == url }), visits[i].title != title { visits[i].title = title } }
    public mutating func clearHistory() { visits = [] }
    public mutating func removeVisit(_ url: String) { visits.removeAll { $0.url == url } }

    /// Visits whose address or title holds all words, latest first.
    public func visits(matching text: String) -> [Visit] {
        let words = Library.words(text)
        return visits.filter { Library.contains($0.url, $0.title, words) }
    }
    /// What a typed beginning may mean: bookmarks, then pages by how often they were visited; at most eight.
    public func suggestions(for text: String) -> [Bookmark] {
        let words = Library.words(text)
        if words.isEmpty { return [] }
        var out: [Bookmark] = []
        for b in bookmarks where out.count < Library.suggestionsMax && Library.contains(b.url, b.title, words) { out.append(b) }
        var found = visits.filter { v in Library.contains(v.url, v.title, words) && !out.contains { $0.url == v.url } }
        // Stable by count: latest first among equals.
        var ordered: [Visit] = []
        while let best = found.indices.max(by: { found[$0].count < found[$1].count || (found[$0].count == found[$1].count && $0 > $1) }), ordered.count < Library.suggestionsMax { ordered.append(found.remove(at: best)) }
        for v in ordered where out.count < Library.suggestionsMax { out.append(Bookmark(url: v.url, title: v.title)) }
        return out
    }
    private static func words(_ text: String) -> [[UInt8]] { lower(text).split(separator: 32).map { Array($0) } }
    private static func lower(_ text: String) -> [UInt8] { text.utf8.map { $0 >= 65 && $0 <= 90 ? $0 | 32 : $0 } }
    private static func contains(_ url: String, _ title: String, _ words: [[UInt8]]) -> Bool {
        let hay = lower(url) + [10] + lower(title)
        for word in words where !hay.contains(bytes: word) { return false }
        return true
    }

    // MARK: Zoom

    /// What a zoom belongs to: the host, or all files, or a page of the browser itself.
    static func site(_ url: String) -> String {
        let address = url.hasPrefix("view-source:") ? String(url.dropFirst(12)) : url
        guard let u = URL(address) else { return "" }
        if let host = u.host, !host.isEmpty { return u.scheme == "jsos" ? "jsos:" : host }
        return u.scheme + ":"
    }
    /// In percent; of a site that was never changed the one of the settings.
    func zoom(of site: String) -> Int32 { zooms.first { $0.site == site }?.percent ?? settings.fontScale.percent }
    mutating func setZoom(_ percent: Int32, of site: String) {
        if site.isEmpty || percent < 25 || percent > 500 { return }
        zooms.removeAll { $0.site == site }
        if percent != settings.fontScale.percent { zooms.append((site, percent)) }
        if zooms.count > Library.zoomsMax { zooms.removeFirst() }
    }

    // MARK: Downloads

    public mutating func update(_ d: Download) {
        if let i = downloads.firstIndex(where: { $0.tab == d.tab && $0.number == d.number }) { downloads[i] = d; return }
        downloads.insert(d, at: 0)
        if downloads.count > Library.downloadsMax { downloads.removeLast() }
    }
    mutating func restore(_ d: Download) { if downloads.count < Library.downloadsMax, !d.path.isEmpty { downloads.append(d) } }
    /// The tab's program ended: what it was loading will not come.
    public mutating func failDownloads(of tab: UInt32) { for i in downloads.indices where downloads[i].tab == tab && downloads[i].state == .running { downloads[i].state = .failed } }
    public mutating func clearDownloads() { downloads.removeAll { $0.state != .running } }

    /// "512 B", "20 KB", "3.4 MB".
    public static func size(_ bytes: UInt64) -> String {
        if bytes < 1000 { return "\(bytes) B" }
        if bytes < 1_000_000 { return "\(bytes / 1000) KB" }
        return "\(bytes / 1_000_000).\(bytes / 100_000 % 10) MB"
    }
}
