// The browser's files: format, what damage does to them, and how they are written through a real file service
// (TAB-016, TAB-020, docs/formats/browser-state.md).

import ABI
import FileClient
import Testing
@testable import ChromeApp
@testable import FileService

@Suite struct BrowserStateTests {
    private static let hostile = ["", "plain", "tab\tline\nback\\slash", "é 漢字 🌱", "\u{0}\u{1B}[2J\u{7F}", "end\t0\t0000000000000000", "\\x41\\n"]

    private func library() -> Library {
        var l = Library()
        for (i, title) in Self.hostile.enumerated() {
            l.toggleBookmark("http://b/\(i)?\(title)", title)
            l.visit("http://v/\(i)/\(title)", seconds: UInt64(i) << 40)
            l.name("http://v/\(i)/\(title)", title)
        }
        l.visit("http://v/0/", seconds: 7)
        l.settings.homePage = "http://home/\n"
        l.settings.images = .internalOnly; l.settings.fontScale = .large; l.settings.showsBookmarksBar = true; l.settings.atStart = .restore
        l.setZoom(150, of: "h"); l.setZoom(90, of: "file:"); l.setZoom(110, of: "gone"); l.setZoom(125, of: "gone")
        l.update(Download(tab: 3, number: 1, path: "/data/downloads/a b.zip", received: 1 << 40, total: 1 << 41, state: .finished))
        l.update(Download(tab: 3, number: 2, path: "/tmp/x", received: 5, total: 0, state: .running))
        return l
    }
    private func read(_ bytes: [UInt8]) throws -> Library { Library(try #require(RecordFile.parse(bytes, kind: "library"))) }

    @Test func theLibraryComesBackAsItWas() throws {
        let l = library(), bytes = l.file(), back = try read(bytes)
        #expect(back.bookmarks == l.bookmarks && back.visits == l.visits && back.settings == l.settings)
        #expect(back.zooms.map { $0.site } == ["h", "file:"] && back.zoom(of: "h") == 150 && back.zoom(of: "gone") == 125 && back.zoom(of: "new") == 125)
        // What was running will not come; nothing of this run's tabs is taken for it.
        #expect(back.downloads.map { $0.state } == [.failed, .finished] && back.downloads.allSatisfy { $0.tab == 0 } && back.downloads[1].total == 1 << 41)
        let twice = try read(back.file())
        #expect(back.file() == twice.file())
        let text = String(decoding: bytes, as: UTF8.self)
        #expect(text.hasPrefix("terrarium-browser library 1\nsetting\thome-page\thttp://home/\\n\n") && text.contains("\nbookmark\thttp://b/1?plain\tplain\n"))
        #expect(text.contains("é 漢字 🌱") && bytes.allSatisfy { $0 >= 32 && $0 != 127 || $0 == 9 || $0 == 10 })
    }
    @Test func recordsOfALaterVersionAreKept() throws {
        var w = RecordWriter("library")
        w.add("setting", [.text("theme"), .text("dark")])
        w.add("password", [.text("never\tin here")])
        w.add("bookmark", [.text("http://a/")])                      // a field less than today
        w.add("visit", [.text("http://b/"), .text("B"), .text("many"), .text("-1")])
        w.add("zoom", [.text("c"), .number(9_999_999_999_999_999_999)])
        let l = try read(w.finish())
        #expect(l.bookmarks == [Bookmark(url: "http://a/", title: "")] && l.visits[0].count == 1 && l.zooms.isEmpty)
        let again = try #require(RecordFile.parse(l.file(), kind: "library"))
        #expect(again.contains { $0.name == "setting" && $0.text(0) == "theme" && $0.text(1) == "dark" } && again.contains { $0.name == "password" && $0.text(0) == "never\tin here" })
    }
    @Test func limitsHoldForWhatIsRead() throws {
        var w = RecordWriter("library")
        for i in 0..<700 { w.add("bookmark", [.text("http://h/\(i)"), .text("")]); w.add("visit", [.text("http://h/\(i)"), .text(""), .number(1), .number(0)]); w.add("download", [.text("/d/\(i)"), .text("finished")]); w.add("zoom", [.text("h\(i)"), .number(50)]) }
        let l = try read(w.finish())
        #expect(l.bookmarks.count == Library.bookmarksMax && l.visits.count == Library.visitsMax && l.downloads.count == Library.downloadsMax && l.zooms.count == Library.zoomsMax)
        var s = RecordWriter("session")
        s.add("entry", [.text("http://lost/")])
        for _ in 0..<200 { s.add("tab", [.text("active"), .number(99), .text("")]); for _ in 0..<30 { s.add("entry", [.text("http://a/"), .text("x")]) } }
        s.add("tab", [])
        let session = SavedSession(try #require(RecordFile.parse(s.finish(), kind: "session")))
        #expect(session.tabs.count == TabStrip.tabsMax && session.tabs.allSatisfy { $0.history.count == 21 && $0.historyIndex == 20 })
    }

    @Test func everyCutAndEveryChangedByteIsNoticed() {
        var l = Library()
        l.toggleBookmark("http://a/", "A \\ \t B")
        let bytes = l.file()
        for count in 0..<bytes.count { #expect(RecordFile.parse(Array(bytes[..<count]), kind: "library") == nil) }
        for i in bytes.indices {
            for flip in [UInt8(1), 0x0A, 0x80] { var b = bytes; b[i] ^= flip; #expect(RecordFile.parse(b, kind: "library") == nil, "byte \(i) ^ \(flip)") }
        }
        #expect(RecordFile.parse(bytes, kind: "session") == nil && RecordFile.parse(bytes + bytes, kind: "library") == nil && RecordFile.parse(bytes, kind: "library") != nil)
    }

    @Test func tabsComeBackWithHistoryPlaceAndFormText() throws {
        var strip = TabStrip()
        let opened = [strip.open(url: "http://a/0", afterActive: false), strip.open(url: "about:start", afterActive: false)]
        let a = try #require(opened[0]), b = try #require(opened[1])
        for i in 1..<40 { strip.update(a) { $0.arrived(at: "http://a/\(i)", isNew: true) } }
        strip.update(a) { $0.title = "A\tpage"; $0.historyIndex = 20; $0.history[20].scrollY = 480; $0.history[20].formState = [0, 10, 9, 92, 255, 65]; $0.history[21].formState = Array(repeating: 7, count: 40 << 10) }
        let saved = SavedSession(strip), back = SavedSession(try #require(RecordFile.parse(saved.file(), kind: "session")))
        #expect(back.tabs.count == 2 && back.tabs[0].isActive && back.tabs[0].title == "A\tpage" && back.tabs[0].historyIndex == 10 && !back.isTrivial)
        #expect(back.tabs[0].history.map { $0.url } == (10...30).map { "http://a/\($0)" } && back.tabs[0].history[10].scrollY == 480)
        #expect(back.tabs[0].history[10].formState == [0, 10, 9, 92, 255, 65] && back.tabs[0].history[11].formState.isEmpty)
        strip.close(id: a)
        #expect(SavedSession(strip).isTrivial)
        let restored = strip.restore(title: back.tabs[0].title, history: back.tabs[0].history, historyIndex: 10), id = try #require(restored)
        #expect(strip.tab(id)?.url == "http://a/20" && strip.tab(id)?.condition == .discarded && strip.tab(id)?.canGoBack == true && strip.active?.id == b)
    }

    // MARK: Through the file service

    private final class Disk {
        let memory = MemoryVolume(byteCount: 256 << 10, nodeCountMax: 100)
        let tree: FileTree
        init() { tree = FileTree([("data", memory)]) }
        func client() -> FileClient { FileClient(DirectTransport(tree)) }
        func store() throws -> StateStore { try #require(StateStore { self.client() }) }
        func names() throws -> [String] { try client().list("/data/browser").map { $0.name } }
    }
    @Test func savedFilesAreLoadedAndDamagedOnesLieAside() throws {
        let disk = Disk(), store = try disk.store()
        if case .missing = store.load(.library) {} else { Issue.record("a file on an empty disk") }
        let bytes = library().file()
        try store.save(.library, bytes)
        try store.sync()
        #expect(try disk.names() == ["library"])
        #expect(try disk.client().readFile("/data/browser/library", limit: 1 << 20) == bytes)
        let again = try disk.store()
        guard case .records(let records) = again.load(.library) else { Issue.record("not read again"); return }
        #expect(Library(records).bookmarks == library().bookmarks)
        // Twice damaged: both are kept, and the browser begins anew.
        for name in ["library.damaged", "library.damaged-2"] {
            try disk.client().writeFile("/data/browser/library", Array(bytes.dropLast(5)))
            let next = try disk.store()
            guard case .keptAside(let path) = next.load(.library) else { Issue.record("taken although it is torn"); return }
            let kept = try disk.client().readFile(path, limit: 1 << 20)
            #expect(path == "/data/browser/" + name && kept == Array(bytes.dropLast(5)))
            if case .missing = store.load(.library) {} else { Issue.record("still there") }
        }
        try store.save(.library, bytes)
        #expect(try disk.names() == ["library", "library.damaged", "library.damaged-2"])
    }
    @Test func aFullDiskAndAServiceThatEndedLoseNothing() throws {
        let disk = Disk(), store = try disk.store(), bytes = library().file()
        try store.save(.library, bytes)
        let filler = disk.client(), free = Int(try filler.volume("/data").byteCountFree)
        try filler.writeFile("/data/filler", [UInt8](repeating: 1, count: free - 16))
        #expect(failure { () throws(FileError) in try store.save(.library, bytes + bytes) } == .noSpace)
        #expect(try disk.client().readFile("/data/browser/library", limit: 1 << 20) == bytes)
        try filler.remove("/data/filler")
        try store.client().close()                                   // the service was restarted
        try store.save(.library, library().file())
        // A directory where the file should be can be moved away like any other damage.
        try disk.client().makeDirectory("/data/browser/session")
        guard case .keptAside("/data/browser/session.damaged") = store.load(.session) else { Issue.record("a directory was taken for a file"); return }
        #expect(StateStore { FileClient(DirectTransport(World().tree)) } == nil, "there is no /data")
        #expect(StateStore { nil } == nil)
    }
    /// A lost answer leaves the file unreadable: then it is not written either.
    @Test func aFileThatCannotBeReadIsNotOverwritten() throws {
        let disk = Disk()
        try disk.store().save(.library, [1, 2, 3])
        final class Broken: FileTransport {
            let inner: DirectTransport
            var isBroken = false
            init(_ tree: FileTree) { inner = DirectTransport(tree) }
            func exchange(_ message: [UInt8], withMemory: Bool) throws(FileError) -> [UInt8] {
                if isBroken { throw .timedOut }
                return try inner.exchange(message, withMemory: withMemory)
            }
            func makeMemory(byteCount: Int) throws(FileError) -> UnsafeMutableRawBufferPointer { try inner.makeMemory(byteCount: byteCount) }
            func close() { inner.close() }
        }
        let transport = Broken(disk.tree)
        var isFirst = true
        let store = try #require(StateStore { defer { isFirst = false }; return isFirst ? FileClient(transport) : disk.client() })
        transport.isBroken = true
        guard case .unreadable(.timedOut) = store.load(.library) else { Issue.record("should be unreadable"); return }
        #expect(failure { () throws(FileError) in try store.save(.library, [4]) } == .accessDenied)
        #expect(try disk.client().readFile("/data/browser/library", limit: 10) == [1, 2, 3])
    }
}
