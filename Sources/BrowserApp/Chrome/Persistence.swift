// What the browser keeps from run to run (TAB-016, TAB-020): loaded at its start, saved a moment after a change and when its
// window is closed. One browser process owns the files; a second one sees what it found and keeps nothing.

import ABI
import FileClient
import Runtime

/// Saves what changed, a moment later. Without `/data` there is none.
final class StateKeeper {
    static let ownerPath = "/tmp/browser-owner"
    static let libraryDelayNanoseconds: UInt64 = 500_000_000, sessionDelayNanoseconds: UInt64 = 1_000_000_000
    /// After a save that failed.
    static let retryNanoseconds: UInt64 = 5_000_000_000
    let store: StateStore
    private var library = Pending(), session = Pending()
    private struct Pending {
        var isDirty = false, hasTimer = false
        /// What the file holds.
        var saved: [UInt8] = []
    }
    /// What a file should hold now.
    var content: (StateFile) -> [UInt8] = { _ in [] }
    /// Something cannot be saved; said once until it can be again.
    var onFailure: (FileError) -> Void = { _ in }
    private var hasFailed = false

    init(_ store: StateStore) { self.store = store }

    func changed(_ file: StateFile) {
        var p = file == .library ? library : session
        p.isDirty = true
        let needsTimer = !p.hasTimer
        p.hasTimer = true
        set(file, p)
        if needsTimer { start(file, file == .library ? StateKeeper.libraryDelayNanoseconds : StateKeeper.sessionDelayNanoseconds) }
    }
    private func set(_ file: StateFile, _ p: Pending) { if file == .library { library = p } else { session = p } }
    private func start(_ file: StateFile, _ delay: UInt64) {
        Reactor.main.after(delay) { [self] in
            var p = file == .library ? library : session
            p.hasTimer = false
            set(file, p)
            save(file)
        }
    }
    private func save(_ file: StateFile) {
        var p = file == .library ? library : session
        guard p.isDirty else { return }
        let bytes = content(file)
        do throws(FileError) {
            if bytes != p.saved { try store.save(file, bytes) }
            p.isDirty = false
            p.saved = bytes
            set(file, p)
            hasFailed = false
        } catch {
            if !hasFailed { hasFailed = true; onFailure(error) }
            if error == .accessDenied { p.isDirty = false; set(file, p); return }     // of a file that is left alone
            if p.hasTimer { return }
            p.hasTimer = true
            set(file, p)
            start(file, StateKeeper.retryNanoseconds)
        }
    }
    /// Saves everything now and waits for the disk.
    func flush() {
        save(.library)
        save(.session)
        try? store.sync()
        if let files = try? store.client() { try? files.remove(StateKeeper.ownerPath) }
    }

    /// Opens the state of this machine: nil without `/data`; `isOwner` false when another browser process has it.
    static func open(system: Handle) -> (keeper: StateKeeper, isOwner: Bool)? {
        guard let store = StateStore(connect: { try? FileClient.connect() }) else { return nil }
        let isOwner = (try? store.client()).map { claim($0, system) } ?? false
        return (StateKeeper(store), isOwner)
    }
    /// Puts our process id into a file that a restart of the machine forgets; that of a process that is gone does not count.
    private static func claim(_ files: FileClient, _ system: Handle) -> Bool {
        for _ in 0..<2 {
            if let file = try? files.open(ownerPath, [.write, .create, .exclusive]) {
                try? files.write(file, at: 0, Array("\(System.pid)".utf8))
                try? files.close(file)
                return true
            }
            let text = (try? files.readFile(ownerPath, limit: 20)) ?? [], running = (try? System.processes(system: system)) ?? []
            for p in running where p.exitReason == 0 && Array("\(p.pid)".utf8) == text { return false }
            try? files.remove(ownerPath)
        }
        return false
    }
}

extension Browser {
    /// What the last run left, for `init`.
    struct FoundState {
        var keeper: StateKeeper?
        var library = Library()
        var session: SavedSession?
        var notices: [Notice] = []
    }
    static func findState(system: Handle) -> FoundState {
        var found = FoundState()
        guard let (keeper, isOwner) = StateKeeper.open(system: system) else { return found }
        switch keeper.store.load(.library) {
        case .records(let records): found.library = Library(records)
        case .missing: break
        case .keptAside(let path): found.notices.append(.message("The bookmarks and settings of the last time could not be understood. They are kept in " + path + "."))
        case .unreadable(let error): found.notices.append(.message("Bookmarks and settings cannot be read (" + error.name + "). They are left alone, and nothing new is kept."))
        }
        if !isOwner {
            found.notices.append(.message("Another browser window keeps bookmarks and history. What is changed here lasts as long as this window."))
            return found
        }
        found.keeper = keeper
        switch keeper.store.load(.session) {
        case .records(let records):
            let session = SavedSession(records)
            if !session.tabs.isEmpty, !session.isTrivial { found.session = session }
        case .missing: break
        case .keptAside(let path): found.notices.append(.message("The tabs of the last time could not be understood. They are kept in " + path + "."))
        case .unreadable(let error): System.log("browser: the tabs of the last time cannot be read: " + error.name)
        }
        for n in found.notices { System.log("browser: " + n.text) }
        return found
    }

    func connectKeeper() {
        guard let keeper else { return }
        keeper.content = { [unowned(unsafe) self] file in
            switch file {
            case .library: library.file()
            case .session: sessionFile()
            }
        }
        keeper.onFailure = { [unowned(unsafe) self] error in
            System.log("browser: bookmarks and tabs cannot be saved: " + error.name)
            show(.message("Bookmarks, history and tabs cannot be saved: " + error.name + "."))
        }
    }
    /// While nobody has done anything in this run, the tabs of the last one stay the ones that are kept.
    private func sessionFile() -> [UInt8] {
        let now = SavedSession(strip)
        if let lastSession, now.isTrivial { return lastSession.file() }
        return now.file()
    }

    /// Opens the first tabs: the address that was given, or what the settings say.
    func openFirstTabs(_ startURL: String) {
        let restores = library.settings.atStart == .restore && lastSession != nil
        if !restores || !startURL.isEmpty { openTab(url: startURL.isEmpty ? library.settings.homePage : startURL, afterActive: false, activate: true) }
        if restores { restoreSession(activates: startURL.isEmpty) } else if let lastSession, library.settings.atStart == .offer {
            show(.offer(count: lastSession.tabs.count, title: lastSession.tabs[0].title))
        }
    }

    /// Opens the tabs of the last run behind those that are open, in the place of a lone start page. They load when they are
    /// shown.
    func restoreSession(activates: Bool = true) {
        guard let saved = lastSession else { return }
        lastSession = nil
        notices.removeAll { $0.isOffer }
        let lone = strip.tabs.count == 1 && SavedSession(strip).isTrivial && activates ? strip.tabs[0].id : 0
        var active: UInt32?
        for tab in saved.tabs {
            guard let id = strip.restore(title: tab.title, history: tab.history, historyIndex: tab.historyIndex) else { break }
            strip.update(id) {
                $0.zoomPercent = library.zoom(of: Library.site($0.url))
                $0.imageName = tab.imageName
            }
            if tab.isActive || active == nil { active = id }
        }
        if activates, let active {
            strip.update(active) { $0.condition = .starting }
            activate(active)
            startProcess(active)
            if lone != 0 { closeTab(lone); closedTabs.removeLast() }
        }
        noticesChanged()
    }
}
