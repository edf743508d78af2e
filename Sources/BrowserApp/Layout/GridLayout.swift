// Grid layout (CSS Grid 2 §11–§12): explicit and implicit tracks, track sizing, alignment. Columns are sized from intrinsic
// widths, then items are laid out, then rows are sized from their heights by the same algorithm.
import DOM
import CSS

struct GridTrackState {
    var track: GridTrack
    var base = LayoutUnit.zero, limit = LayoutUnit.max
    var position = LayoutUnit.zero
    var isCollapsed = false
    var factor: Int32 { if case .fr(let f) = track.max { return f }; return 0 }
    var isFlexible: Bool { if case .fr = track.max { return true }; return false }
    var hasIntrinsicMin: Bool { switch track.min { case .length: return false; default: return true } }
    var hasAutoMax: Bool { if case .auto = track.max { return true }; return false }
}

/// What one item asks of the tracks it spans.
struct GridContribution {
    var start: Int, span: Int
    /// Minimum contribution (§6.6), min-content and max-content, margins included.
    var least: LayoutUnit, min: LayoutUnit, max: LayoutUnit
}

extension LayoutEngine {
    // MARK: Tracks

    /// Expands a template for the space there is: tracks, line names and which tracks repeat automatically.
    private func expand(_ t: GridTemplate, _ available: LayoutUnit?, _ gap: LayoutUnit) -> (tracks: [GridTrack], names: [[String]], auto: Range<Int>) {
        guard t.repeatStart >= 0, t.repeatCount > 0 else { return (t.tracks, t.names, 0..<0) }
        var fixed = LayoutUnit.zero, repeated = LayoutUnit.zero
        for (i, track) in t.tracks.enumerated() {
            let size = fixedSize(track, available)
            if i >= t.repeatStart, i < t.repeatStart + t.repeatCount { repeated += size + gap } else { fixed += size + gap }
        }
        var count = 1
        if let available, repeated > .zero { count = Swift.max(1, Int((available + gap - fixed).raw / Swift.max(64, repeated.raw))) }
        count = Swift.min(count, 500 / t.repeatCount)
        var tracks = Array(t.tracks[0..<t.repeatStart]), names = Array(t.names[0..<t.repeatStart])
        for _ in 0..<Swift.max(1, count) {
            tracks += t.tracks[t.repeatStart..<(t.repeatStart + t.repeatCount)]
            names += t.names[t.repeatStart..<(t.repeatStart + t.repeatCount)]
        }
        let auto = t.repeatStart..<tracks.count
        tracks += t.tracks[(t.repeatStart + t.repeatCount)...]
        names += t.names[(t.repeatStart + t.repeatCount)...]
        return (tracks, names, auto)
    }
    private func fixedSize(_ track: GridTrack, _ available: LayoutUnit?) -> LayoutUnit {
        var low: LayoutUnit?, high: LayoutUnit?
        if case .length(let l) = track.min { low = definite(l, available) }
        if case .length(let l) = track.max { high = definite(l, available) }
        if let low, let high { return Swift.max(low, high) }
        return high ?? low ?? .zero
    }

    private func axis(_ names: [[String]], _ count: Int, _ areas: [[String]], isColumn: Bool) -> GridAxis {
        let areaCount = isColumn ? (areas.first?.count ?? 0) : areas.count
        let total = Swift.max(count, areaCount)
        var all = names
        while all.count <= total { all.append([]) }
        var seen: [String] = []
        for row in areas { for name in row where !name.isEmpty && !seen.contains(name) { seen.append(name) } }
        for name in seen {
            var first = Int.max, last = -1
            for (r, row) in areas.enumerated() { for (c, n) in row.enumerated() where n == name { first = Swift.min(first, isColumn ? c : r); last = Swift.max(last, isColumn ? c : r) } }
            all[first].append(name + "-start"); all[last + 1].append(name + "-end")
        }
        return GridAxis(trackCount: total, names: all)
    }

    private struct Grid {
        var placer: GridPlacer
        var columns: [GridTrackState] = [], rows: [GridTrackState] = []
    }

    private func makeGrid(_ b: BoxID, _ width: LayoutUnit?, _ height: LayoutUnit?) -> Grid {
        let s = style(b).box
        let columns = expand(s.gridTemplateColumns, width, s.columnGap.resolveOrZero(width ?? .zero))
        let rows = expand(s.gridTemplateRows, height, s.rowGap.resolveOrZero(height ?? .zero))
        var placer = GridPlacer(columns: axis(columns.names, columns.tracks.count, s.gridTemplateAreas, isColumn: true),
                                rows: axis(rows.names, rows.tracks.count, s.gridTemplateAreas, isColumn: false), flow: s.gridAutoFlow)
        var c = tree.firstChild(b), list: [(order: Int32, index: Int, box: BoxID)] = []
        while c != noBox {
            if !tree.flags(c).contains(.outOfFlow), tree.kind(c) != .marker { list.append((tree.flags(c).contains(.anonymous) ? 0 : style(c).order, list.count, c)) }
            c = tree.next(c)
        }
        list.sort { $0.order != $1.order ? $0.order < $1.order : $0.index < $1.index }
        for entry in list { placer.add(entry.box, tree.flags(entry.box).contains(.anonymous) ? nil : style(entry.box), order: entry.order) }
        placer.place()
        var grid = Grid(placer: placer)
        grid.columns = states(columns.tracks, s.gridAutoColumns, placer.leadingColumns, list.isEmpty ? columns.tracks.count : placer.columnCount)
        grid.rows = states(rows.tracks, s.gridAutoRows, placer.leadingRows, placer.rowCount)
        if s.gridTemplateColumns.fits {
            for i in columns.auto where i + placer.leadingColumns < grid.columns.count {
                var isUsed = false
                for item in placer.items where item.column <= i + placer.leadingColumns && item.column + item.columnSpan > i + placer.leadingColumns { isUsed = true; break }
                if !isUsed { grid.columns[i + placer.leadingColumns].isCollapsed = true }
            }
        }
        return grid
    }
    private func states(_ explicit: [GridTrack], _ auto: [GridTrack], _ leading: Int, _ count: Int) -> [GridTrackState] {
        var result: [GridTrackState] = []
        for i in 0..<count {
            let k = i - leading
            if k >= 0, k < explicit.count { result.append(GridTrackState(track: explicit[k])); continue }
            let n = auto.count
            result.append(GridTrackState(track: n == 0 ? GridTrack() : auto[k < 0 ? ((k % n) + n) % n : (k - explicit.count) % n]))
        }
        return result
    }

    // MARK: Track sizing (§12.3–12.8)

    private func size(_ tracks: inout [GridTrackState], _ items: [GridContribution], available: LayoutUnit?, gap: LayoutUnit, stretches: Bool) {
        for i in 0..<tracks.count { initialise(&tracks[i], available) }
        for item in items where item.span == 1 && !tracks[item.start].isCollapsed { include(item, &tracks[item.start], available) }
        let spanning = items.filter { $0.span > 1 }.sorted { $0.span != $1.span ? $0.span < $1.span : $0.start < $1.start }
        for item in spanning { includeSpanning(item, &tracks, gap) }
        for i in 0..<tracks.count where tracks[i].limit == .max { tracks[i].limit = tracks[i].base }
        for i in 0..<tracks.count { tracks[i].limit = Swift.max(tracks[i].limit, tracks[i].base) }
        let gaps = gap * Int32(Swift.max(0, tracks.reduce(0) { $0 + ($1.isCollapsed ? 0 : 1) } - 1))
        maximise(&tracks, available.map { $0 - gaps })
        expandFlexible(&tracks, items, available.map { $0 - gaps }, gap)
        if stretches, let available { stretch(&tracks, available - gaps) }
    }

    private func initialise(_ t: inout GridTrackState, _ available: LayoutUnit?) {
        t.base = .zero; t.limit = .max
        if t.isCollapsed { t.limit = .zero; return }
        if case .length(let l) = t.track.min {
            if let v = definite(l, available) { t.base = Swift.max(.zero, v) } else { t.track.min = .auto }
        }
        if case .length(let l) = t.track.max {
            if let v = definite(l, available) { t.limit = Swift.max(t.base, v) } else { t.track.max = .auto }
        }
    }

    private func include(_ item: GridContribution, _ t: inout GridTrackState, _ available: LayoutUnit?) {
        switch t.track.min {
        case .auto: t.base = Swift.max(t.base, t.limit != .max && t.limit < item.least && !t.isFlexible ? t.limit : item.least)
        case .minContent: t.base = Swift.max(t.base, item.min)
        case .maxContent: t.base = Swift.max(t.base, item.max)
        default: break
        }
        let old = t.limit == .max ? LayoutUnit.zero : t.limit
        switch t.track.max {
        case .minContent: t.limit = Swift.max(old, item.min)
        case .auto, .maxContent: t.limit = Swift.max(old, item.max)
        case .fit(let l): t.limit = Swift.max(old, Swift.min(item.max, Swift.max(item.min, l.resolveOrZero(available ?? .zero))))
        default: break
        }
    }

    /// Shares what a spanning item needs beyond its tracks among those that take it (§12.5.1).
    private func includeSpanning(_ item: GridContribution, _ tracks: inout [GridTrackState], _ gap: LayoutUnit) {
        let range = item.start..<(item.start + item.span)
        var base = gap * Int32(item.span - 1), limit = base, flexible: [Int] = [], growing: [Int] = [], autoMax: [Int] = []
        for i in range {
            base += tracks[i].base
            limit += tracks[i].limit == .max ? tracks[i].base : tracks[i].limit
            if tracks[i].isFlexible { flexible.append(i) }
            if tracks[i].hasIntrinsicMin { growing.append(i) }
            if case .length = tracks[i].track.max {} else { autoMax.append(i) }
        }
        if !flexible.isEmpty {
            let takers = flexible.filter { tracks[$0].hasIntrinsicMin }
            grow(&tracks, takers, item.least - base, isBase: true)
            return
        }
        grow(&tracks, growing, item.least - base, isBase: true)
        grow(&tracks, autoMax, item.max - limit, isBase: false)
    }
    private func grow(_ tracks: inout [GridTrackState], _ takers: [Int], _ extra: LayoutUnit, isBase: Bool) {
        guard extra > .zero, !takers.isEmpty else { return }
        var left = extra
        if isBase {
            // First up to the limits, then beyond them.
            var open = takers.filter { tracks[$0].limit != .max && tracks[$0].limit > tracks[$0].base }
            let unlimited = takers.filter { tracks[$0].limit == .max }
            if unlimited.isEmpty {
                while left > .zero, !open.isEmpty {
                    let share = Swift.max(LayoutUnit(raw: 1), left / Int32(open.count))
                    for i in open { let d = Swift.min(Swift.min(share, left), tracks[i].limit - tracks[i].base); tracks[i].base += d; left -= d }
                    open = open.filter { tracks[$0].limit > tracks[$0].base }
                }
            }
            let rest = unlimited.isEmpty ? takers : unlimited
            for (k, i) in rest.enumerated() { let d = left / Int32(rest.count - k); tracks[i].base += d; left -= d }
        } else {
            for (k, i) in takers.enumerated() {
                let d = left / Int32(takers.count - k)
                tracks[i].limit = (tracks[i].limit == .max ? tracks[i].base : tracks[i].limit) + d
                left -= d
            }
        }
    }

    private func maximise(_ tracks: inout [GridTrackState], _ available: LayoutUnit?) {
        guard let available else {
            for i in 0..<tracks.count where !tracks[i].isFlexible { tracks[i].base = Swift.max(tracks[i].base, tracks[i].limit) }
            return
        }
        var free = available
        for t in tracks { free -= t.base }
        var open = (0..<tracks.count).filter { !tracks[$0].isFlexible && tracks[$0].limit > tracks[$0].base }
        while free > .zero, !open.isEmpty {
            let share = Swift.max(LayoutUnit(raw: 1), free / Int32(open.count))
            for i in open { let d = Swift.min(Swift.min(share, free), tracks[i].limit - tracks[i].base); tracks[i].base += d; free -= d }
            open = open.filter { tracks[$0].limit > tracks[$0].base }
        }
    }

    /// The size of an fr (§12.7) in a definite space: tracks whose base is more count as inflexible.
    private func expandFlexible(_ tracks: inout [GridTrackState], _ items: [GridContribution], _ available: LayoutUnit?, _ gap: LayoutUnit) {
        var flexible = (0..<tracks.count).filter { tracks[$0].isFlexible && !tracks[$0].isCollapsed }
        guard !flexible.isEmpty else { return }
        var perFactor: Int64 = 0        // raw units per 1fr, 16.16
        if let available {
            while true {
                var left = available, sum: Int64 = 0
                for (i, t) in tracks.enumerated() { if flexible.contains(i) { sum += Int64(t.factor) } else { left -= t.base } }
                perFactor = Int64(Swift.max(0, left.raw)) << 16 / Swift.max(sum, 65536)
                let inflexible = flexible.filter { (perFactor * Int64(tracks[$0].factor)) >> 16 < Int64(tracks[$0].base.raw) }
                if inflexible.isEmpty || flexible.isEmpty { break }
                flexible = flexible.filter { !inflexible.contains($0) }
                if flexible.isEmpty { return }
            }
        } else {
            for i in flexible { perFactor = Swift.max(perFactor, Int64(tracks[i].base.raw) << 16 / Int64(Swift.max(65536, tracks[i].factor))) }
            for item in items {
                var sum: Int64 = 0, other = gap * Int32(item.span - 1)
                for i in item.start..<(item.start + item.span) { if tracks[i].isFlexible { sum += Int64(tracks[i].factor) } else { other += tracks[i].base } }
                if sum > 0 { perFactor = Swift.max(perFactor, Int64(Swift.max(0, (item.max - other).raw)) << 16 / Swift.max(65536, sum)) }
            }
        }
        for i in flexible { tracks[i].base = Swift.max(tracks[i].base, LayoutUnit(clamping: (perFactor * Int64(tracks[i].factor)) >> 16)) }
    }

    private func stretch(_ tracks: inout [GridTrackState], _ available: LayoutUnit) {
        var free = available
        for t in tracks { free -= t.base }
        let takers = (0..<tracks.count).filter { tracks[$0].hasAutoMax && !tracks[$0].isCollapsed }
        guard free > .zero else { return }
        for (k, i) in takers.enumerated() { let d = free / Int32(takers.count - k); tracks[i].base += d; free -= d }
    }

    /// Sets positions by gaps and content alignment; returns the whole extent.
    private func position(_ tracks: inout [GridTrackState], gap: LayoutUnit, available: LayoutUnit?, _ align: BoxAlignment) -> LayoutUnit {
        var total = LayoutUnit.zero, count: Int32 = 0
        for t in tracks where !t.isCollapsed { total += t.base; count += 1 }
        total += gap * Swift.max(0, count - 1)
        let spread = available.map { justify(align, $0 - total, Swift.max(1, count)) } ?? (.zero, .zero)
        var at = spread.start
        for i in 0..<tracks.count {
            tracks[i].position = at
            if !tracks[i].isCollapsed { at += tracks[i].base + gap + spread.between }
        }
        return total
    }
    private func extent(_ tracks: [GridTrackState], _ start: Int, _ span: Int) -> LayoutUnit {
        let last = tracks[start + span - 1]
        return last.position + last.base - tracks[start].position
    }

    // MARK: Columns

    private func columnContributions(_ grid: Grid) -> [GridContribution] {
        grid.placer.items.map { item in
            let i = contribution(item.box)
            var least = i.min
            if !tree.flags(item.box).contains(.anonymous), style(item.box).minWidth.isAuto, style(item.box).overflowX != .visible, style(item.box).width.isAuto {
                least = frameWidth(item.box) + tree.geometry[tree.geo(item.box)].margin.horizontal
            }
            return GridContribution(start: item.column, span: item.columnSpan, least: least, min: i.min, max: i.max)
        }
    }

    func gridIntrinsic(_ b: BoxID) -> Intrinsic {
        let s = style(b), gap = s.columnGap.absolute ?? .zero
        let grid = makeGrid(b, nil, nil)
        let items = columnContributions(grid)
        var narrow = grid.columns, wide = grid.columns
        size(&wide, items, available: nil, gap: gap, stretches: false)
        size(&narrow, items.map { GridContribution(start: $0.start, span: $0.span, least: $0.least, min: $0.min, max: $0.min) }, available: nil, gap: gap, stretches: false)
        return Intrinsic(min: position(&narrow, gap: gap, available: nil, .normal), max: position(&wide, gap: gap, available: nil, .normal))
    }

    // MARK: Layout

    func layoutGrid(_ b: BoxID, contentHeight: LayoutUnit?) -> ContentResult {
        flexDepth += 1
        defer { flexDepth -= 1 }
        let s = style(b), width = tree.geometry[tree.geo(b)].contentWidth
        let columnGap = s.columnGap.resolveOrZero(width), rowGap = s.rowGap.resolveOrZero(contentHeight ?? .zero)
        var grid = makeGrid(b, width, contentHeight)
        size(&grid.columns, columnContributions(grid), available: width, gap: columnGap, stretches: isStretched(s.justifyContent))
        _ = position(&grid.columns, gap: columnGap, available: width, s.justifyContent)
        var rows: [GridContribution] = []
        var ascents = [LayoutUnit](repeating: .zero, count: grid.rows.count)
        for item in grid.placer.items {
            layoutItem(item.box, b, extent(grid.columns, item.column, item.columnSpan), nil)
            let g = tree.geo(item.box)
            let height = Swift.max(.zero, tree.geometry[g].height + tree.geometry[g].margin.vertical)
            rows.append(GridContribution(start: item.row, span: item.rowSpan, least: height, min: height, max: height))
            if alignsBaseline(item, b) { ascents[item.row] = Swift.max(ascents[item.row], gridBaseline(item.box)) }
        }
        // Items on a common baseline reach further down.
        for (i, item) in grid.placer.items.enumerated() where alignsBaseline(item, b) {
            let height = rows[i].max + ascents[item.row] - gridBaseline(item.box)
            rows[i].least = height; rows[i].min = height; rows[i].max = height
        }
        var available = contentHeight
        if available == nil, let least = borderBoxHeight(b, s.minHeight, base: nil), least > .zero {
            var natural = grid.rows
            size(&natural, rows, available: nil, gap: rowGap, stretches: false)
            if position(&natural, gap: rowGap, available: nil, .normal) < least - frameHeight(b) { available = least - frameHeight(b) }
        }
        size(&grid.rows, rows, available: available, gap: rowGap, stretches: isStretched(s.alignContent))
        let total = position(&grid.rows, gap: rowGap, available: available, s.alignContent)
        for item in grid.placer.items { placeItem(item, b, grid, ascent: alignsBaseline(item, b) ? ascents[item.row] : nil) }
        placeStatics(b)
        var result = ContentResult()
        result.height = available ?? total
        return result
    }
    private func isStretched(_ a: BoxAlignment) -> Bool { a == .normal || a == .stretch }

    private func selfAlignment(_ own: BoxAlignment, _ container: BoxAlignment) -> BoxAlignment {
        let used = own == .auto ? container : own
        return used == .normal || used == .auto ? .stretch : used
    }

    /// Lays an item out at its area's width; `height` is imposed when it stretches.
    private func layoutItem(_ c: BoxID, _ b: BoxID, _ areaWidth: LayoutUnit, _ areaHeight: LayoutUnit?, height: LayoutUnit? = nil) {
        resolveEdges(c, areaWidth)
        let s = style(c), margin = tree.geometry[tree.geo(c)].margin
        let isAnonymous = tree.flags(c).contains(.anonymous)
        let room = Swift.max(.zero, areaWidth - margin.horizontal)
        let stretches = isAnonymous || (selfAlignment(s.justifySelf, style(b).justifyItems) == .stretch && s.width.isAuto && !s.marginLeft.isAuto && !s.marginRight.isAuto
            && tree.kind(c) != .replaced && tree.kind(c) != .table)
        let width = stretches ? (isAnonymous ? room : clampWidth(c, room, base: areaWidth, available: room)) : shrinkToFitWidth(c, base: areaWidth, available: room)
        layout(c, width: width, height: height, baseHeight: areaHeight)
    }

    private func alignsBaseline(_ item: GridItem, _ b: BoxID) -> Bool {
        !tree.flags(item.box).contains(.anonymous) && selfAlignment(style(item.box).alignSelf, style(b).alignItems) == .baseline
    }
    /// Baseline from the margin box's top.
    private func gridBaseline(_ c: BoxID) -> LayoutUnit {
        let g = tree.geo(c)
        return tree.geometry[g].margin.top + (firstBaseline(c) ?? tree.geometry[g].height)
    }

    private func placeItem(_ item: GridItem, _ b: BoxID, _ grid: Grid, ascent: LayoutUnit?) {
        let c = item.box, g = tree.geo(c), s = style(c)
        let areaWidth = extent(grid.columns, item.column, item.columnSpan), areaHeight = extent(grid.rows, item.row, item.rowSpan)
        let isAnonymous = tree.flags(c).contains(.anonymous)
        let alignY = isAnonymous ? BoxAlignment.stretch : selfAlignment(s.alignSelf, style(b).alignItems)
        let alignX = isAnonymous ? BoxAlignment.stretch : selfAlignment(s.justifySelf, style(b).justifyItems)
        let autoTop = !isAnonymous && s.marginTop.isAuto, autoBottom = !isAnonymous && s.marginBottom.isAuto
        let margin = tree.geometry[g].margin
        if alignY == .stretch, isAnonymous || s.height.isAuto, !autoTop, !autoBottom, tree.kind(c) != .replaced, s.aspectRatio == 0 || isAnonymous {
            let wanted = Swift.max(.zero, areaHeight - margin.vertical)
            let height = isAnonymous ? wanted : clampHeight(c, wanted, base: areaHeight)
            if height != tree.geometry[g].height, flexDepth < 6 { layoutItem(c, b, areaWidth, areaHeight, height: height) } else { tree.geometry[g].height = height }
        } else if !isAnonymous, s.height.hasPercent || s.minHeight.hasPercent || s.maxHeight.hasPercent {
            memo[g].laidOutWidth = .min
            layoutItem(c, b, areaWidth, areaHeight)
        }
        let x = offset(alignX, areaWidth - tree.geometry[g].width - margin.horizontal, !isAnonymous && s.marginLeft.isAuto, !isAnonymous && s.marginRight.isAuto)
        let y = ascent.map { $0 - gridBaseline(c) } ?? offset(alignY, areaHeight - tree.geometry[g].height - margin.vertical, autoTop, autoBottom)
        setOrigin(c, b, grid.columns[item.column].position + margin.left + x, grid.rows[item.row].position + margin.top + y)
        applyRelative(c, areaWidth, areaHeight)
    }
    private func offset(_ align: BoxAlignment, _ free: LayoutUnit, _ autoStart: Bool, _ autoEnd: Bool) -> LayoutUnit {
        if autoStart || autoEnd {
            if free < .zero { return .zero }
            return autoStart && autoEnd ? LayoutUnit(raw: free.raw / 2) : autoStart ? free : .zero
        }
        switch align {
        case .center: return LayoutUnit(raw: free.raw / 2)
        case .end, .flexEnd, .right: return free
        default: return .zero
        }
    }
}
