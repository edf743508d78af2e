// Tabs that sleep outlive the machine: what the kernel has put to sleep is written to /data/browser/tabs, a piece at a time,
// and a tab of the last run wakes from there as it was (MEM-005, MEM-006). It moves to another machine with the state file
// when that has the same image. A tab without a file, or with one that is torn or of another image, loads its address.

import ABI
import FileClient
import Runtime
import TabProtocol

/// Which tabs have an image on the disk, and the one that is being written.
final class SleepingTabs {
    static let folder = StateStore.folder + "/tabs"
    static let stepNanoseconds: UInt64 = 2_000_000
    /// So many images at most, so that they do not fill the disk.
    static let countMax = 64
    private let store: StateStore
    private var nextNumber: UInt32 = 1
    private(set) var writer: TabImageWriter?
    private var waiting: [UInt32] = []

    init(_ store: StateStore) {
        self.store = store
        if let files = try? store.client() { try? files.makeDirectory(SleepingTabs.folder) }
    }
    static func path(_ name: String) -> String { folder + "/" + name }

    /// Files that no tab of the last run names are of no use to anybody.
    func keepOnly(_ names: [String]) {
        guard let files = try? store.client(), let entries = try? files.list(SleepingTabs.folder) else { return }
        for e in entries {
            if let n = UInt32(e.name) { nextNumber = max(nextNumber, n &+ 1) }
            if !names.contains(e.name) { try? files.remove(SleepingTabs.path(e.name)) }
        }
    }
    func remove(_ name: String) {
        if let files = try? store.client() { try? files.remove(SleepingTabs.path(name)) }
    }
    func reader(_ name: String) -> TabImageReader? { (try? store.client()).flatMap { TabImageReader(SleepingTabs.path(name), files: $0) } }

    func isWaiting(_ tab: UInt32) -> Bool { waiting.contains(tab) || writer?.tab == tab }
    func enqueue(_ tab: UInt32) { waiting.append(tab) }
    /// The tab is awake or gone.
    func forget(_ tab: UInt32) {
        waiting.removeAll { $0 == tab }
        guard let w = writer, w.tab == tab else { return }
        w.abandon()
        writer = nil
    }
    /// The next tab that waits, when none is being written.
    func takeNext() -> UInt32? { writer != nil || waiting.isEmpty ? nil : waiting.removeFirst() }
    func begin(_ process: ProcessHandle, tab: UInt32, clock: UInt64) -> Bool {
        guard let files = try? store.client() else { return false }
        writer = TabImageWriter(process, tab: tab, path: SleepingTabs.path("\(nextNumber)"), clock: clock, files: files)
        if writer != nil { nextNumber &+= 1 }
        return writer != nil
    }
    /// Writes a piece of the image under way; the name of its file when that was the last one.
    func step() -> (isOver: Bool, finished: (tab: UInt32, name: String)?) {
        guard let w = writer else { return (true, nil) }
        switch w.step() {
        case .more, .wait: return (false, nil)
        case .failed:
            writer = nil
            return (true, nil)
        case .done:
            writer = nil
            return (true, (w.tab, String(w.path.dropFirst(SleepingTabs.folder.utf8.count + 1))))
        }
    }
}

extension Browser {
    /// Looks for tabs that have fallen asleep since. Tabs with frames are left out: they are more than one process.
    func lookForSleepers() {
        guard let sleeping else { return }
        for tab in strip.tabs where tab.imageName.isEmpty && !sleeping.isWaiting(tab.id) {
            guard let t = processes[tab.id], !t.isShown, frames.frames(ofTab: tab.id).isEmpty, imageCount < SleepingTabs.countMax,
                  tab.load == .finished, t.process.info.flatMap({ LifecycleState(rawValue: $0.lifecycle) }) == .hibernated else { continue }
            sleeping.enqueue(tab.id)
        }
        writeNextImage()
    }
    private var imageCount: Int { strip.tabs.reduce(0) { $0 + ($1.imageName.isEmpty ? 0 : 1) } }

    private func writeNextImage() {
        guard let sleeping, let tab = sleeping.takeNext() else { return }
        guard let t = processes[tab], sleeping.begin(t.process, tab: tab, clock: System.now &+ t.clockOffset) else { return writeNextImage() }
        writePiece()
    }
    private func writePiece() {
        Reactor.main.after(SleepingTabs.stepNanoseconds) { [self] in
            guard let sleeping, sleeping.writer != nil else { return }
            let result = sleeping.step()
            if let (tab, name) = result.finished {
                if strip.tab(tab) == nil { sleeping.remove(name) } else {
                    strip.update(tab) { $0.imageName = name }
                    System.mark(.tabSaved, Int64(tab))
                }
            }
            if result.isOver { writeNextImage() } else { writePiece() }
        }
    }

    /// The tab is awake, or gone for good: what is on the disk is not what it is any more.
    func forgetImage(_ id: UInt32) {
        guard let sleeping else { return }
        sleeping.forget(id)
        guard let name = strip.tab(id)?.imageName, !name.isEmpty else { return }
        sleeping.remove(name)
        strip.update(id) { $0.imageName = "" }
    }

    /// A tab's process from its image. False: there is none that can be used; the address is loaded then.
    func wakeFromImage(_ id: UInt32) -> Bool {
        guard let sleeping, let zygote, isZygoteReady, let tab = strip.tab(id), !tab.imageName.isEmpty else { return false }
        guard let reader = sleeping.reader(tab.imageName), let pair = try? Channel.create() else { forgetImage(id); return false }
        defer { reader.close() }
        let process: ProcessHandle
        do throws(SystemError) { process = try zygote.restore(header: reader.header, bootstrap: pair.1.handle) } catch {
            System.log("browser: a sleeping tab cannot wake (" + error.name + "); its address is loaded")
            pair.0.close()
            pair.1.close()
            forgetImage(id)
            return false
        }
        guard reader.load(into: process) else {
            System.log("browser: the file of a sleeping tab is damaged; its address is loaded")
            process.kill()
            process.handle.close()
            pair.0.close()
            forgetImage(id)
            return false
        }
        let t = adopt(id, tab: id, process, pair.0)
        t.clockOffset = reader.clock &- System.now
        t.send(.revive(clock: reader.clock))
        t.send(.preferences(zoomPercent: UInt16(clamping: tab.zoomPercent), imageMode: library.settings.images.rawValue))
        System.mark(.tabRestored, Int64(id))
        forgetImage(id)
        strip.update(id) { $0.condition = .alive; $0.load = .finished }
        if strip.active?.id == id { show(t) } else { t.process.updateTab(.hidden, []) }
        chromeChanged()
        return true
    }
}
