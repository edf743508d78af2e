// Takes a `SessionModel` from a run: the session plays with ample memory, and every tab that leaves the screen is hibernated
// at once. Which pages are then resident when a visit ends, and were not when it began, is what the visit touched, page by
// page. The probe looks at the page tables between turns and changes nothing.

import ABI
import Kernel
import Machine
import Policies

/// Hibernates whatever is not on screen.
private final class ProbePolicy: MemoryPolicy {
    var name: StaticString { "probe" }
    func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision] {
        snapshot.tabs.filter { $0.lifecycle == .hidden && !$0.flags.contains(.loading) }.map { MemoryDecision(.hibernate, pid: $0.pid, .requested) }
    }
}

public final class SessionProbe {
    private unowned let simulation: Simulation
    private var visits: [SessionModel.Visit] = []
    private var onScreen: (tab: UInt32, tick: UInt64, before: [UInt32: Bool])?      // page: whether it is stored
    private var opening: (tab: UInt32, tick: UInt64)?
    private var fastestOpen: UInt64?
    private var framesOther = UInt32.max
    private var stored: [UInt32: Int] = [:]
    private var seen: [UInt32] = []

    private init(_ simulation: Simulation) {
        self.simulation = simulation
        simulation.addMarkListener { [unowned self] in note($0) }
    }

    /// Plays the session of `seed` and returns what the bound needs, for the machine of the scenario.
    public static func model(_ scenario: Scenario, seed: UInt64, image: SystemImage) throws -> SessionModel {
        let session = try scenario.session(seed: seed)
        var configuration = scenario.configuration
        let frames = configuration.ramByteCount / 65536
        configuration.ramByteCount = min(4 << 30, max(1 << 30, configuration.ramByteCount * 2))
        configuration.policy = "none"
        configuration.seed = seed
        configuration.url = session.url
        let simulation = try Simulation(configuration, image: image)
        for event in session.events { simulation.machine.schedule(event.event, at: Tick(nanoseconds: event.nanoseconds)) }
        simulation.kernel.memoryPolicy = ProbePolicy()
        let probe = SessionProbe(simulation)
        var next: UInt64 = 0
        simulation.run(until: .predicate {
            if simulation.now >= next {
                probe.sample()
                next = simulation.now + 250_000_000
            }
            return simulation.now >= session.nanoseconds
        })
        probe.leave()
        return probe.result(scenario.name, seed: seed, frames: frames, swapPages: configuration.swapByteCount / 65536)
    }

    private func result(_ scenario: String, seed: UInt64, frames: Int, swapPages: Int) -> SessionModel {
        let costs = simulation.kernel.snapshot().costs
        // The fastest opening of any tab: no reload is taken to cost more than it may.
        let tabs = seen.sorted().map { SessionModel.Tab(id: $0, storedPerMille: stored[$0] ?? 0, reloadNanoseconds: Int64(clamping: fastestOpen ?? 0)) }
        return SessionModel(scenario: scenario, seed: seed, frames: max(0, frames - Int(framesOther == .max ? 0 : framesOther)), swapPages: swapPages,
                            decompressNanoseconds: Int64(clamping: costs.decompressPage), swapReadNanoseconds: Int64(clamping: costs.swapReadPage), tabs: tabs, visits: visits)
    }

    /// How few frames others have than tabs, and how small compressed pages get.
    private func sample() {
        let m = simulation.kernel.memoryRecord, snapshot = simulation.kernel.snapshot()
        if snapshot.tabs.isEmpty { return }
        let ofTabs = snapshot.tabs.reduce(0) { $0 + $1.pagesPrivate }
        framesOther = min(framesOther, m.framesTotal - m.framesFree - m.framesCompressedPool - min(ofTabs, m.framesProcess))
        for t in snapshot.tabs where t.pagesCompressed >= 8 {
            let bytes = t.compressedByteCount > 0 ? t.compressedByteCount / UInt64(t.pagesCompressed) : m.bytesCompressed / UInt64(max(1, m.pagesCompressed))
            stored[t.tabID] = min(stored[t.tabID] ?? 1000, Int(bytes * 1000 / 65536))
        }
    }
    private func note(_ mark: Mark) {
        let tab = UInt32(truncatingIfNeeded: mark.a)
        switch MarkKind(rawValue: mark.kind) {
        case .switchRequested:
            leave()
            let isNew = !seen.contains(tab)
            if isNew { seen.append(tab) }
            opening = isNew ? (tab, mark.tick) : nil
            onScreen = (tab, mark.tick, pages(of: tab))
        case .frameShown:
            guard let o = opening, o.tab == tab else { return }
            opening = nil
            fastestOpen = min(fastestOpen ?? .max, mark.tick - o.tick)
        default: break
        }
    }
    /// The tab on screen leaves it: what is resident now, and was not, was touched.
    private func leave() {
        guard let visit = onScreen else { return }
        onScreen = nil
        var touched: [UInt32] = [], fresh: [UInt32] = []
        for (page, isStored) in pages(of: visit.tab) where !isStored {
            switch visit.before[page] {
            case .some(true): touched.append(page)
            case .some(false): break        // was there already: whether it was touched is not known
            case .none: fresh.append(page)
            }
        }
        visits.append(SessionModel.Visit(tab: visit.tab, nanoseconds: visit.tick, pages: touched, fresh: fresh))
    }
    /// Private pages of the tab's process with contents: resident (false) or stored away (true).
    private func pages(of tab: UInt32) -> [UInt32: Bool] {
        guard let pid = simulation.kernel.snapshot().tabs.first(where: { $0.tabID == tab })?.pid, let ranges = simulation.kernel.inspectPages(pid: pid) else { return [:] }
        var result: [UInt32: Bool] = [:]
        for r in ranges {
            switch r.state {
            case "resident": for page in r.firstPage..<r.firstPage + r.count { result[page] = false }
            case "compressed", "swapped", "swappingOut", "swappingIn": for page in r.firstPage..<r.firstPage + r.count { result[page] = true }
            default: break
            }
        }
        return result
    }
}
