// The browser's own pages at jsos:// (TAB-019…TAB-030, TAB-047): HTML made here and shown by a tab like any other. Links and
// forms on them carry actions as queries; those are performed only when they come from such a page or were typed.

import ConsoleText
import WebNet

enum InternalPages {
    static let scheme = "jsos:"
    static func isInternal(_ url: String) -> Bool { url.hasPrefix(scheme) }

    /// Address without the action.
    static func canonical(_ url: String) -> String { String(url.prefix { $0 != "?" }) }
    /// What stands in the address field: a search stays, an action does not.
    static func shown(_ url: String) -> String {
        for f in fields(url) where f.name == "q" && name(url) == "history" { return url }
        return canonical(url)
    }
    static func name(_ url: String) -> String {
        var rest = canonical(url).dropFirst(scheme.count)
        while rest.hasPrefix("/") { rest = rest.dropFirst() }
        while rest.hasSuffix("/") { rest = rest.dropLast() }
        return String(rest)
    }
    /// Fields of the query, decoded.
    static func fields(_ url: String) -> [(name: String, value: String)] {
        guard let mark = url.firstIndex(of: "?") else { return [] }
        let query = url[url.index(after: mark)...].prefix { $0 != "#" }
        return query.split(separator: "&").map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            return (decoded(String(parts[0])), parts.count > 1 ? decoded(String(parts[1])) : "")
        }
    }
    private static func decoded(_ text: String) -> String {
        String(decoding: PercentEncoding.decode(text.utf8.map { $0 == 43 ? 32 : $0 }), as: UTF8.self)
    }

    /// Performs the action of an address on the library.
    static func perform(_ url: String, on library: inout Library) {
        let fields = fields(url)
        func value(_ name: String) -> String? { for f in fields where f.name == name { return f.value }; return nil }
        switch name(url) {
        case "bookmarks":
            if let i = value("remove").flatMap({ Int($0) }) { library.removeBookmark(i) }
            if let i = value("up").flatMap({ Int($0) }) { library.moveBookmarkUp(i) }
            if let i = value("rename").flatMap({ Int($0) }), let title = value("title") { library.renameBookmark(i, title) }
        case "history":
            if value("clear") != nil { library.clearHistory() }
            if let url = value("remove") { library.removeVisit(url) }
        case "downloads": if value("clear") != nil { library.clearDownloads() }
        case "settings": if value("save") != nil { save(value, &library.settings) }
        default: break
        }
    }
    private static func save(_ value: (String) -> String?, _ s: inout Settings) {
        if let home = value("home") { s.homePage = home.isEmpty ? "about:start" : home }
        let custom = value("custom") ?? ""
        if let engine = value("engine") {
            if engine == "custom", !custom.isEmpty { s.searchEngine = custom }
            for known in Settings.engines where known.name == engine { s.searchEngine = known.url }
        }
        if let images = value("images").flatMap({ UInt8($0) }).flatMap({ ImageLoading(rawValue: $0) }) { s.images = images }
        if let font = value("font").flatMap({ UInt8($0) }).flatMap({ FontScale(rawValue: $0) }) { s.fontScale = font }
        if let start = value("start").flatMap({ AtStart(name: $0) }) { s.atStart = start }
        s.showsBookmarksBar = value("bar") != nil
    }

    /// The page; nil when there is none of this name. `now`: time of day, in seconds since 1970.
    static func html(_ url: String, _ library: Library, now: UInt64 = 0) -> String? {
        let fields = fields(url)
        func value(_ name: String) -> String { for f in fields where f.name == name { return f.value }; return "" }
        switch name(url) {
        case "bookmarks": return bookmarks(library)
        case "history": return history(library, value("q"), now: now)
        case "downloads": return downloads(library)
        case "settings": return settings(library.settings, isSaved: !value("save").isEmpty)
        case "about": return about
        default: return nil
        }
    }

    // MARK: Pages

    private static func page(_ title: String, _ body: String) -> String {
        """
        <!DOCTYPE html><html><head><title>\(title)</title><style>
        body { font-family: sans-serif; background: #f4f6f8; color: #1f2933; margin: 0 }
        .top { background: #2f6f4f; padding: 14px 40px } .top h1 { color: white; margin: 0; font-size: 24px }
        .top a { color: #d6eadf; margin-right: 16px; font-size: 14px } .body { padding: 16px 40px; max-width: 860px }
        table { border-collapse: collapse; background: white; width: 100% } td, th { border-bottom: 1px solid #e4e7eb; padding: 7px 12px; text-align: left; vertical-align: top }
        .url { color: #616e7c; font-size: 13px; word-wrap: break-word } .small { font-size: 13px; white-space: nowrap } .none { color: #616e7c } .note { background: #d6eadf; padding: 6px 12px }
        form { margin: 0 0 14px 0 } fieldset { background: white; border: 1px solid #cbd2d9; margin: 0 0 14px 0; padding: 10px 16px } label { display: block; margin: 5px 0 } input[type=text] { width: 420px }
        </style></head><body><div class="top"><h1>\(title)</h1><a href="jsos://bookmarks">Bookmarks</a><a href="jsos://history">History</a><a
        href="jsos://downloads">Downloads</a><a href="jsos://settings">Settings</a><a href="jsos://about">About</a></div><div class="body">
        \(body)
        </div></body></html>
        """
    }
    private static func link(_ url: String, _ title: String) -> String {
        "<a href=\"\(escaped(url))\">\(escaped(title.isEmpty ? url : title))</a><div class=\"url\">\(escaped(url))</div>"
    }

    private static func bookmarks(_ library: Library) -> String {
        if library.bookmarks.isEmpty { return page("Bookmarks", "<p class=\"none\">No bookmarks yet. Ctrl+D keeps the page that is shown.</p>") }
        var rows = ""
        for (i, b) in library.bookmarks.enumerated() {
            rows += "<tr><td>\(link(b.url, b.title))</td><td><form action=\"jsos://bookmarks\" style=\"margin:0\"><input type=\"hidden\" name=\"rename\" value=\"\(i)\"><input name=\"title\" value=\"\(escaped(b.title))\" size=\"18\"> <button>Rename</button></form></td>"
                + "<td class=\"small\"><a href=\"jsos://bookmarks?up=\(i)\">Up</a> <a href=\"jsos://bookmarks?remove=\(i)\">Remove</a></td></tr>"
        }
        return page("Bookmarks", "<table>\(rows)</table>")
    }

    private static func history(_ library: Library, _ query: String, now: UInt64) -> String {
        let found = library.visits(matching: query)
        var rows = "", day: UInt64?
        for v in found {
            let next = v.seconds / 86400
            if day != next, v.seconds > 0 { rows += "<tr><th colspan=\"3\">\(dayName(next, now / 86400))</th></tr>" }
            day = next
            rows += "<tr><td>\(link(v.url, v.title))</td><td class=\"small\">\(v.count)×</td><td class=\"small\"><a href=\"jsos://history?remove=\(PercentEncoding.encodeComponent(v.url))\">Remove</a></td></tr>"
        }
        let search = "<form action=\"jsos://history\"><input type=\"search\" name=\"q\" value=\"\(escaped(query))\" size=\"40\" placeholder=\"Words of a title or an address\" autofocus> <button>Search</button></form>"
        if library.visits.isEmpty { return page("History", search + "<p class=\"none\">No page was visited yet.</p>") }
        let none = found.isEmpty ? "<p class=\"none\">No visited page has all these words.</p>" : ""
        return page("History", search + none + "<table>\(rows)</table><p><a href=\"jsos://history?clear=1\">Forget all visited pages</a></p>")
    }

    private static func dayName(_ day: UInt64, _ today: UInt64) -> String {
        if day == today { return "Today" }
        if day + 1 == today { return "Yesterday" }
        return String(ConsoleText.date(day * 86400 * 1_000_000_000).prefix(10))
    }

    private static func downloads(_ library: Library) -> String {
        if library.downloads.isEmpty { return page("Downloads", "<p class=\"none\">Nothing was downloaded yet.</p>") }
        var rows = ""
        for d in library.downloads {
            let name = d.state == .finished ? "<a href=\"file://\(escaped(d.path))\">\(escaped(d.name))</a>" : escaped(d.name)
            let bar = d.state == .running && d.total > 0 ? " <progress max=\"100\" value=\"\(d.received * 100 / d.total)\"></progress>" : ""
            rows += "<tr><td>\(name)<div class=\"url\">\(escaped(d.path))</div></td><td class=\"small\">\(d.progress)\(bar)</td></tr>"
        }
        return page("Downloads", "<table>\(rows)</table><p><a href=\"jsos://downloads\">Look again</a> · <a href=\"jsos://downloads?clear=1\">Clear this list</a> (the files stay)</p>")
    }

    private static func settings(_ s: Settings, isSaved: Bool) -> String {
        func radio(_ name: String, _ value: String, _ label: String, _ on: Bool) -> String {
            "<label><input type=\"radio\" name=\"\(name)\" value=\"\(value)\"\(on ? " checked" : "")> \(label)</label>"
        }
        var engines = "", isKnown = false
        for e in Settings.engines {
            if e.url == s.searchEngine { isKnown = true }
            engines += radio("engine", e.name, e.name, e.url == s.searchEngine)
        }
        engines += radio("engine", "custom", "Other:", !isKnown) + "<input type=\"text\" name=\"custom\" value=\"\(isKnown ? "" : escaped(s.searchEngine))\" placeholder=\"http://example.org/search?q=%s\">"
        return page("Settings", """
        \(isSaved ? "<p class=\"note\">Saved.</p>" : "")<form action="jsos://settings">
        <fieldset><legend>When the browser starts</legend>\(radio("start", "offer", "Open the home page and offer the tabs of the last time", s.atStart == .offer))\(radio("start", "restore", "Open the tabs of the last time", s.atStart == .restore))\(radio("start", "home", "Open the home page only", s.atStart == .homePage))</fieldset>
        <fieldset><legend>Home page</legend><input type="text" name="home" value="\(escaped(s.homePage))"></fieldset>
        <fieldset><legend>Search engine</legend>\(engines)</fieldset>
        <fieldset><legend>Images</legend>\(radio("images", "0", "Load always", s.images == .always))\(radio("images", "1", "Load never", s.images == .never))\(radio("images", "2", "Load on the browser's own pages only", s.images == .internalOnly))</fieldset>
        <fieldset><legend>Size of text</legend>\(radio("font", "0", "Small", s.fontScale == .small))\(radio("font", "1", "Normal", s.fontScale == .normal))\(radio("font", "2", "Large", s.fontScale == .large))</fieldset>
        <fieldset><legend>Toolbar</legend><label><input type="checkbox" name="bar" value="1"\(s.showsBookmarksBar ? " checked" : "")> Show the bookmarks bar (Ctrl+Shift+B)</label></fieldset>
        <button name="save" value="1">Save</button></form>
        <p><a href="jsos://history?clear=1">Forget all visited pages</a></p>
        """)
    }

    private static var about: String {
        page("About", """
        <p><b>Terrarium browser</b>, part of a deterministic simulated computer.</p><p>Every tab is a process of its own, cloned from a warm one. A page that
        stops or hangs leaves the others alone.</p><p>Try <a href="about:start">about:start</a> for the keys.</p>
        """)
    }

    private static func escaped(_ s: String) -> String {
        var out: [UInt8] = []
        for b in s.utf8 {
            switch b {
            case 38: out += Array("&amp;".utf8)
            case 60: out += Array("&lt;".utf8)
            case 62: out += Array("&gt;".utf8)
            case 34: out += Array("&quot;".utf8)
            default: out.append(b)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }
}
