// Watches a run of the benchmark from outside: memory at a fixed period, the state of each tab, what happened at each
// request for a tab. Invariant: it looks and changes nothing, so that a trace of the run replays without it.

import ABI
import Kernel
import Policies

final class RunObserver {
    private unowned let simulation: Simulation
    private let period: UInt64
    private var next: UInt64
    private(set) var samples: [BenchRun.Sample] = []
    private(set) var spans: [BenchRun.TabSpan] = []
    private(set) var switches: [BenchRun.Switch] = []
    private(set) var openLatencies: [UInt64] = []
    private(set) var discards: [Discard] = []
    private(set) var tabsAtFirstLoss: Int?
    private(set) var reloads = 0, pagesLoaded = 0, unanswered = 0

    /// A tab whose process was ended for its memory.
    struct Discard {
        var tab: UInt32
        var tick: UInt64
        /// What it held when it was seen last.
        var pages: UInt32
        var returnTick: UInt64?
    }
    /// What is known of a tab.
    private struct Tab {
        var id: UInt32
        var wasShown = false
        var state = ""
        var since: UInt64 = 0
        /// What it holds or would hold; 0 when it is closed.
        var pages: UInt32 = 0
        /// What it held when it was seen last.
        var footprint: UInt32 = 0
        var isDiscarded = false
    }
    private var tabs: [Tab] = []                 // ascending id
    private var pending: (tab: UInt32, tick: UInt64, isFirst: Bool, at: Int?)?

    init(_ simulation: Simulation, period: UInt64) {
        self.simulation = simulation
        self.period = period
        next = period
        simulation.addMarkListener { [unowned self] in note($0) }
    }

    /// Called between turns.
    func look() {
        while simulation.now >= next {
            sample(at: next)
            next += period
        }
    }
    func finish() {
        if pending != nil { unanswered += 1 }
        for t in tabs where !t.state.isEmpty { spans.append(.init(tab: t.id, state: t.state, from: t.since, to: simulation.now)) }
        spans.sort { ($0.tab, $0.from) < ($1.tab, $1.from) }
    }

    // MARK: Memory

    private func sample(at tick: UInt64) {
        let m = simulation.kernel.memoryRecord, snapshot = simulation.kernel.snapshot()
        var s = BenchRun.Sample(milliseconds: tick / 1_000_000, process: m.framesProcess, shared: m.framesShared, pool: m.framesCompressedPool, kernel: m.framesKernel, free: m.framesFree,
                                pagesCompressed: m.pagesCompressed, pagesSwapped: m.pagesSwapped, active: 0, hidden: 0, asleep: 0, wanted: 0,
                                pressureSome: m.pressureSome10, pressureFull: m.pressureFull10, promoted: m.promotedPages10)
        var seen: [UInt32] = []
        for t in snapshot.tabs {
            let i = index(of: t.tabID)
            tabs[i].pages = t.pagesPrivate + t.pagesCompressed + t.pagesSwapped + t.pagesFilled
            tabs[i].footprint = tabs[i].pages
            tabs[i].isDiscarded = false
            seen.append(t.tabID)
            enter(i, t.lifecycle.name, tick)
            switch t.lifecycle {
            case .active: s.active += t.pagesPrivate
            case .hibernated: s.asleep += t.pagesPrivate
            default: s.hidden += t.pagesPrivate
            }
        }
        for i in tabs.indices {
            if tabs[i].isDiscarded { enter(i, "discarded", tick) } else if !seen.contains(tabs[i].id) { enter(i, "", tick); tabs[i].pages = 0 }
            s.wanted += tabs[i].pages
        }
        samples.append(s)
    }
    private func enter(_ i: Int, _ state: String, _ tick: UInt64) {
        if tabs[i].state == state { return }
        if !tabs[i].state.isEmpty { spans.append(.init(tab: tabs[i].id, state: tabs[i].state, from: tabs[i].since, to: tick)) }
        tabs[i].state = state
        tabs[i].since = tick
    }
    private func index(of id: UInt32) -> Int {
        if let i = tabs.firstIndex(where: { $0.id >= id }) {
            if tabs[i].id != id { tabs.insert(Tab(id: id), at: i) }
            return i
        }
        tabs.append(Tab(id: id))
        return tabs.count - 1
    }

    // MARK: Marks

    private func note(_ mark: Mark) {
        let id = UInt32(truncatingIfNeeded: mark.a)
        switch MarkKind(rawValue: mark.kind) {
        case .switchRequested: requested(id, mark.tick)
        case .frameShown:
            guard let p = pending, p.tab == id else { return }
            pending = nil
            if p.isFirst { openLatencies.append(mark.tick - p.tick) } else if let at = p.at { switches[at].latency = mark.tick - p.tick }
        case .tabReloaded:
            reloads += 1
            let i = index(of: id)
            tabs[i].isDiscarded = false
            if let d = discards.lastIndex(where: { $0.tab == id && $0.returnTick == nil }) { discards[d].returnTick = mark.tick }
        case .tabDiscarded:
            let i = index(of: id)
            if discards.isEmpty { tabsAtFirstLoss = tabs.count { $0.wasShown } }
            discards.append(Discard(tab: id, tick: mark.tick, pages: tabs[i].footprint))
            tabs[i].isDiscarded = true
            tabs[i].pages = tabs[i].footprint
            enter(i, "discarded", mark.tick)
        case .pageLoaded: pagesLoaded += 1
        default: break
        }
    }
    private func requested(_ id: UInt32, _ tick: UInt64) {
        if pending != nil { unanswered += 1 }
        let i = index(of: id), isFirst = !tabs[i].wasShown
        tabs[i].wasShown = true
        var at: Int?
        if !isFirst {
            let t = simulation.kernel.snapshot().tabs.first { $0.tabID == id }
            at = switches.count
            switches.append(.init(tick: tick, tab: id, latency: nil, state: t?.lifecycle.name ?? "discarded", pagesCompressed: t?.pagesCompressed ?? 0, pagesSwapped: t?.pagesSwapped ?? 0))
        }
        pending = (id, tick, isFirst, at)
    }

    /// Discards of tabs that came back although their pages would have fitted into free memory, above the reserve, at every
    /// moment until then: each judged alone, as if this tab only had been kept as it was.
    func unnecessaryDiscards(reserve: UInt32) -> Int {
        discards.count { d in
            guard let back = d.returnTick else { return false }
            let between = samples.filter { $0.milliseconds * 1_000_000 >= d.tick && $0.milliseconds * 1_000_000 <= back }
            return between.allSatisfy { $0.free >= d.pages + reserve }
        }
    }
}
