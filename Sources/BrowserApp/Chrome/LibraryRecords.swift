// The library and the open tabs as records (docs/formats/browser-state.md), and back. Records of names that are not known are
// kept as they are; fields that make no sense leave what is set.

import TabProtocol

extension ImageLoading {
    var name: String {
        switch self {
        case .always: "always"
        case .never: "never"
        case .internalOnly: "own-pages"
        }
    }
    init?(name: String) {
        switch name {
        case "always": self = .always
        case "never": self = .never
        case "own-pages": self = .internalOnly
        default: return nil
        }
    }
}
extension FontScale {
    var name: String {
        switch self {
        case .small: "small"
        case .normal: "normal"
        case .large: "large"
        }
    }
    init?(name: String) {
        switch name {
        case "small": self = .small
        case "normal": self = .normal
        case "large": self = .large
        default: return nil
        }
    }
}
extension AtStart {
    var name: String {
        switch self {
        case .offer: "offer"
        case .restore: "restore"
        case .homePage: "home"
        }
    }
    init?(name: String) {
        switch name {
        case "offer": self = .offer
        case "restore": self = .restore
        case "home": self = .homePage
        default: return nil
        }
    }
}

extension Library {
    func file() -> [UInt8] {
        var w = RecordWriter("library")
        let s = settings
        w.add("setting", [.text("home-page"), .text(s.homePage)])
        w.add("setting", [.text("search-engine"), .text(s.searchEngine)])
        w.add("setting", [.text("images"), .text(s.images.name)])
        w.add("setting", [.text("text-size"), .text(s.fontScale.name)])
        w.add("setting", [.text("bookmarks-bar"), .text(s.showsBookmarksBar ? "shown" : "hidden")])
        w.add("setting", [.text("at-start"), .text(s.atStart.name)])
        for b in bookmarks { w.add("bookmark", [.text(b.url), .text(b.title)]) }
        for v in visits { w.add("visit", [.text(v.url), .text(v.title), .number(UInt64(v.count)), .number(v.seconds)]) }
        for z in zooms { w.add("zoom", [.text(z.site), .number(UInt64(z.percent))]) }
        for d in downloads { w.add("download", [.text(d.path), .text(d.state == .finished ? "finished" : "failed"), .number(d.received), .number(d.total)]) }
        for r in otherRecords { w.add(r) }
        return w.finish()
    }

    init(_ records: [Record]) {
        self.init()
        for r in records {
            switch r.name {
            case "setting": set(r.text(0), r.text(1))
            case "bookmark": restore(Bookmark(url: r.text(0), title: r.text(1)))
            case "visit": restore(Visit(url: r.text(0), title: r.text(1), count: UInt32(clamping: r.number(2) ?? 1), seconds: r.number(3) ?? 0))
            case "zoom": if let percent = r.number(1) { setZoom(Int32(clamping: percent), of: r.text(0)) }
            case "download":
                // Number and tab are of the run that loaded it; 0 is no tab's.
                restore(Download(tab: 0, number: 0, path: r.text(0), received: r.number(2) ?? 0, total: r.number(3) ?? 0, state: r.text(1) == "finished" ? .finished : .failed))
            default: otherRecords.append(r)
            }
        }
    }
    private mutating func set(_ name: String, _ value: String) {
        switch name {
        case "home-page": if !value.isEmpty { settings.homePage = value }
        case "search-engine": if !value.isEmpty { settings.searchEngine = value }
        case "images": if let v = ImageLoading(name: value) { settings.images = v }
        case "text-size": if let v = FontScale(name: value) { settings.fontScale = v }
        case "bookmarks-bar": settings.showsBookmarksBar = value == "shown"
        case "at-start": if let v = AtStart(name: value) { settings.atStart = v }
        default: otherRecords.append(Record(name: "setting", fields: [Array(name.utf8), Array(value.utf8)]))
        }
    }
}

/// The tabs of an earlier run.
struct SavedSession: Equatable, Sendable {
    struct Tab: Equatable, Sendable {
        var title: String
        var history: [HistoryEntry]
        var historyIndex: Int
        var isActive: Bool
        var imageName = ""
    }
    /// Entries before and behind the shown one that are kept; control state of one entry, and of all together.
    static let entriesAround = 10, formByteCountMax = 32 << 10, formByteCountTotalMax = 512 << 10
    var tabs: [Tab] = []

    /// Nothing that anybody would want back: only pages of the browser itself.
    var isTrivial: Bool {
        for t in tabs { for e in t.history where !e.url.hasPrefix("about:") && !e.url.hasPrefix("jsos:") { return false } }
        return true
    }

    init() {}
    init(_ strip: TabStrip) {
        for (i, t) in strip.tabs.enumerated() {
            let first = max(0, t.historyIndex - SavedSession.entriesAround), last = min(t.history.count - 1, t.historyIndex + SavedSession.entriesAround)
            tabs.append(Tab(title: t.title, history: Array(t.history[first...last]), historyIndex: t.historyIndex - first, isActive: i == strip.activeIndex, imageName: t.imageName))
        }
    }

    func file() -> [UInt8] {
        var w = RecordWriter("session")
        var left = SavedSession.formByteCountTotalMax
        for t in tabs {
            w.add("tab", [.text(t.isActive ? "active" : "-"), .number(UInt64(t.historyIndex)), .text(t.title)])
            if !t.imageName.isEmpty { w.add("image", [.text(t.imageName)]) }
            for e in t.history {
                let isKept = e.formState.count <= min(left, SavedSession.formByteCountMax)
                if isKept { left -= e.formState.count }
                w.add("entry", [.text(e.url), .number(UInt64(max(0, e.scrollY))), .bytes(isKept ? e.formState : [])] + (e.postedForm.isEmpty ? [] : [.text("posted")]))
            }
        }
        return w.finish()
    }
    init(_ records: [Record]) {
        for r in records {
            if r.name == "tab", tabs.count < TabStrip.tabsMax {
                tabs.append(Tab(title: r.text(2), history: [], historyIndex: Int(clamping: r.number(1) ?? 0), isActive: r.text(0) == "active"))
            } else if r.name == "image", !tabs.isEmpty, UInt32(r.text(0)) != nil {
                tabs[tabs.count - 1].imageName = r.text(0)
            } else if r.name == "entry", !tabs.isEmpty, tabs[tabs.count - 1].history.count <= 2 * SavedSession.entriesAround, !r.text(0).isEmpty {
                var entry = HistoryEntry(url: r.text(0), scrollY: Int32(clamping: r.number(1) ?? 0))
                entry.formState = r.bytes(2)
                // What was sent is not kept; that something was is.
                if r.text(3) == "posted" { entry.postedForm = PostedForm(url: entry.url, contentType: "", body: nil).emit() }
                tabs[tabs.count - 1].history.append(entry)
            }
        }
        tabs.removeAll { $0.history.isEmpty }
        for i in tabs.indices { tabs[i].historyIndex = min(tabs[i].historyIndex, tabs[i].history.count - 1) }
    }
}
