// The session as a problem of intervals. Between two touches a page is resident (one frame), compressed (part of one) or away
// (none); what it was decides what its next touch costs. A point is an instant at which frames are counted: even points are
// the visits themselves, odd ones the moments between two.

struct BoundInstance {
    /// Pages of one tab that were touched by visit `from`, and next by visit `to`.
    struct Interval {
        var tab: Int
        var from: Int, to: Int
        var count: Int64
        /// Frames that a compressed page takes, in 1/1024.
        var stored: Int64
        /// What a page costs at `to` when it was compressed, and when it was away: on the swap device, or without one lost
        /// with its tab (its share of the reload).
        var compressedCost: Int64, awayCost: Int64
        /// The same at least, whatever was done: a page may also have been lost with its tab, for its share of the reload.
        var compressedLeast: Int64 { min(compressedCost, share) }
        var awayLeast: Int64 { min(awayCost, share) }
        var share: Int64
        /// Points that it covers.
        var points: ClosedRange<Int> { (2 * from + 1)...(2 * to - 1) }
    }
    static let unit: Int64 = 1024               // occupancy of one frame

    let capacity: Int64                         // in units
    let visitCount: Int
    let intervals: [Interval]
    /// Pages that each visit touches.
    let touched: [Int64]
    /// Tab of each visit, as an index, and what a reload of each tab costs.
    let tabOfVisit: [Int], reload: [Int64]
    let swapPages: Int64

    init(_ model: SessionModel) {
        capacity = Int64(model.frames) * BoundInstance.unit
        visitCount = model.visits.count
        swapPages = Int64(model.swapPages)
        var indexOfTab: [UInt32: Int] = [:]
        for (i, t) in model.tabs.enumerated() { indexOfTab[t.id] = i }
        let pages = model.visits.map(\.pages), tabs = model.visits.map { indexOfTab[$0.tab]! }
        var everTouched = [Set<UInt32>](repeating: [], count: model.tabs.count)
        for (v, list) in pages.enumerated() { everTouched[tabs[v]].formUnion(list + model.visits[v].fresh) }
        var lastTouch = [[UInt32: Int]](repeating: [:], count: model.tabs.count)
        var list: [Interval] = []
        for (v, touchedPages) in pages.enumerated() {
            let tab = tabs[v], t = model.tabs[tab]
            var counts = [Int: Int64]()
            for page in touchedPages {
                if let from = lastTouch[tab][page] { counts[from, default: 0] += 1 }
                lastTouch[tab][page] = v
            }
            for page in model.visits[v].fresh { lastTouch[tab][page] = v }
            // At most this many pages profit from one reload, so that shares of it never add up to more.
            let share = t.reloadNanoseconds / Int64(max(1, everTouched[tab].count))
            for from in counts.keys.sorted() {
                list.append(Interval(tab: tab, from: from, to: v, count: counts[from]!, stored: Int64(t.storedPerMille) * BoundInstance.unit / 1000,
                                     compressedCost: model.decompressNanoseconds, awayCost: model.swapPages > 0 ? model.swapReadNanoseconds : share, share: share))
            }
        }
        intervals = list
        touched = model.visits.map { Int64($0.pages.count + $0.fresh.count) }
        tabOfVisit = tabs
        reload = model.tabs.map(\.reloadNanoseconds)
    }
    var pointCount: Int { max(0, 2 * visitCount - 1) }
    /// Units left for intervals at a point: the pages that a visit touches are resident while it lasts, because nothing
    /// takes pages of the tab on screen.
    func room(_ point: Int) -> Int64 { point % 2 == 1 ? capacity : max(0, capacity - touched[point / 2] * BoundInstance.unit) }
}

extension BoundInstance {
    /// The fewest pages that must come back, whatever is stored where: Belady's MIN on pages, with a backing store that takes
    /// no memory. Of the intervals that cross an overfull point the one that ends last yields first, which is optimal for
    /// intervals of equal weight (Belady: A study of replacement algorithms for a virtual-storage computer, IBM Systems
    /// Journal 5(2), 1966; Carlisle, Lloyd: On the k-coloring of intervals, Discrete Applied Mathematics 59(3), 1995).
    func fewestReturns() -> Int64 {
        var active: [(end: Int, count: Int64)] = [], returns: Int64 = 0, next = 0
        let byStart = intervals.sorted { $0.from != $1.from ? $0.from < $1.from : $0.to < $1.to }
        for point in 0..<pointCount {
            active.removeAll { $0.end < point }
            while next < byStart.count, byStart[next].points.lowerBound == point {
                active.append((byStart[next].points.upperBound, byStart[next].count))
                next += 1
            }
            var over = active.reduce(0) { $0 + $1.count } - room(point) / BoundInstance.unit
            active.sort { $0.end < $1.end }
            while over > 0, let last = active.last {
                let n = min(over, last.count)
                returns += n
                over -= n
                active[active.count - 1].count -= n
                if active[active.count - 1].count == 0 { active.removeLast() }
            }
        }
        return returns
    }
}
