// Flexible boxes (CSS Flexbox 1 §9): base sizes, lines, flexing, alignment. Rows and columns share one algorithm; "main"
// is x in rows and y in columns.
import DOM
import CSS

private struct FlexItem {
    var box: BoxID
    /// Border-box sizes.
    var base = LayoutUnit.zero, main = LayoutUnit.zero, cross = LayoutUnit.zero
    var least = LayoutUnit.zero, most = LayoutUnit.max
    var marginMain = LayoutUnit.zero, marginCross = LayoutUnit.zero
    var isFrozen = false
    var grow: Int32, shrink: Int32
    var order: Int32
    var isStretched = false
    var mainPosition = LayoutUnit.zero
}

extension LayoutEngine {
    private func isRow(_ b: BoxID) -> Bool { let d = style(b).flexDirection; return d == .row || d == .rowReverse }

    private func items(_ b: BoxID) -> [FlexItem] {
        var result: [FlexItem] = []
        var c = tree.firstChild(b)
        var sorted = true
        while c != noBox {
            if !tree.flags(c).contains(.outOfFlow), tree.kind(c) != .marker {
                let s = style(c)
                let anonymous = tree.flags(c).contains(.anonymous)
                result.append(FlexItem(box: c, grow: anonymous ? 0 : s.flexGrow, shrink: anonymous ? 65536 : s.flexShrink, order: anonymous ? 0 : s.order))
                if let last = result.dropLast().last, last.order > result[result.count - 1].order { sorted = false }
            }
            c = tree.next(c)
        }
        if !sorted {
            var indexed: [(Int, FlexItem)] = []
            for i in 0..<result.count { indexed.append((i, result[i])) }
            indexed.sort { $0.1.order != $1.1.order ? $0.1.order < $1.1.order : $0.0 < $1.0 }
            result.removeAll(keepingCapacity: true)
            for (_, item) in indexed { result.append(item) }
        }
        return result
    }

    func flexIntrinsic(_ b: BoxID) -> Intrinsic {
        let row = isRow(b), wraps = style(b).flexWrap != .nowrap
        let gap = style(b).columnGap.absolute ?? .zero
        var result = Intrinsic(min: .zero, max: .zero)
        var count: Int32 = 0
        for item in items(b) {
            let i = contribution(item.box)
            count += 1
            if row {
                result.max += i.max
                result.min = wraps ? Swift.max(result.min, i.min) : result.min + i.min
            } else { result.max = Swift.max(result.max, i.max); result.min = Swift.max(result.min, i.min) }
        }
        if row, count > 1 { result.max += gap * (count - 1); if !wraps { result.min += gap * (count - 1) } }
        return result
    }

    func layoutFlex(_ b: BoxID, contentHeight: LayoutUnit?) -> ContentResult {
        flexDepth += 1
        defer { flexDepth -= 1 }
        let g = tree.geo(b)
        let width = tree.geometry[g].contentWidth
        var all = items(b)
        for i in 0..<all.count { prepare(&all[i], b, width, contentHeight) }
        var result = ContentResult()
        result.height = isRow(b) ? layoutRows(b, all, width, contentHeight) : layoutColumn(b, all, width, contentHeight)
        placeStatics(b)
        return result
    }

    func placeStatics(_ b: BoxID) {
        var c = tree.firstChild(b)
        while c != noBox { if tree.flags(c).contains(.outOfFlow) { setOrigin(c, b, .zero, .zero) }; c = tree.next(c) }
    }

    /// Flex base size and limits of one item (§9.2, §4.5).
    private func prepare(_ item: inout FlexItem, _ b: BoxID, _ width: LayoutUnit, _ contentHeight: LayoutUnit?) {
        let c = item.box
        resolveEdges(c, width)
        let s = style(c), margin = tree.geometry[tree.geo(c)].margin
        let anonymous = tree.flags(c).contains(.anonymous)
        item.marginMain = isRow(b) ? margin.horizontal : margin.vertical
        item.marginCross = isRow(b) ? margin.vertical : margin.horizontal
        if isRow(b) {
            let basis = anonymous || s.flexBasis.isAuto ? s.width : s.flexBasis
            let available = Swift.max(.zero, width - margin.horizontal)
            let specified: LayoutUnit? = anonymous ? nil : (tree.kind(c) == .replaced && basis.isAuto ? replacedSize(c, base: width, baseHeight: contentHeight).width : borderBoxWidth(c, basis, base: width, available: available))
            item.base = specified ?? (tree.kind(c) == .table ? tableWidth(c, base: width, available: LayoutUnit(100_000)) : intrinsic(c).max)
            if !anonymous {
                item.most = borderBoxWidth(c, s.maxWidth, base: width, available: available) ?? .max
                if let least = borderBoxWidth(c, s.minWidth, base: width, available: available) { item.least = least }
                else if s.overflowX == .visible {
                    item.least = intrinsic(c).min
                    if let w = borderBoxWidth(c, s.width, base: width, available: available) { item.least = Swift.min(item.least, w) }
                    item.least = Swift.min(item.least, item.most)
                }
            } else { item.least = intrinsic(c).min }
            item.least = Swift.max(item.least, frameWidth(c))
        } else {
            let basis = anonymous || s.flexBasis.isAuto ? s.height : s.flexBasis
            item.cross = crossWidth(c, b, width)
            layout(c, width: item.cross, baseHeight: contentHeight)
            let natural = tree.geometry[tree.geo(c)].height
            item.base = anonymous ? natural : borderBoxHeight(c, basis, base: contentHeight) ?? natural
            if !anonymous {
                item.most = borderBoxHeight(c, s.maxHeight, base: contentHeight) ?? .max
                item.least = borderBoxHeight(c, s.minHeight, base: contentHeight) ?? (s.overflowY == .visible ? Swift.min(contentExtent(c), item.base) : .zero)
            }
        }
        item.main = Swift.max(item.least, Swift.min(item.most, item.base))
    }

    /// Border-box height that the contents of a laid out box ask for, whatever its height property says.
    private func contentExtent(_ c: BoxID) -> LayoutUnit {
        let g = tree.geometry[tree.geo(c)]
        guard !style(c).height.isAuto, tree.kind(c) == .block else { return g.height }
        var bottom = g.contentTop
        if g.lineEnd > g.lineStart { let last = tree.lines[Int(g.lineEnd) - 1]; bottom = Swift.max(bottom, last.y + last.height) }
        var child = tree.firstChild(c)
        while child != noBox {
            if tree.kind(child).hasGeometry, !tree.flags(child).contains(.outOfFlow) {
                let inner = tree.geometry[tree.geo(child)]
                bottom = Swift.max(bottom, inner.y + inner.height + inner.margin.bottom)
            }
            child = tree.next(child)
        }
        return bottom + g.padding.bottom + g.border.bottom
    }

    private func alignment(_ c: BoxID, _ b: BoxID) -> BoxAlignment {
        let own = tree.flags(c).contains(.anonymous) ? BoxAlignment.auto : style(c).alignSelf
        let used = own == .auto ? style(b).alignItems : own
        return used == .normal ? .stretch : used
    }

    /// Cross size of a column's item.
    private func crossWidth(_ c: BoxID, _ b: BoxID, _ width: LayoutUnit) -> LayoutUnit {
        let s = style(c), margin = tree.geometry[tree.geo(c)].margin
        let available = Swift.max(.zero, width - margin.horizontal)
        let isAnonymous = tree.flags(c).contains(.anonymous)
        if alignment(c, b) == .stretch, isAnonymous || (s.width.isAuto && !s.marginLeft.isAuto && !s.marginRight.isAuto), tree.kind(c) != .replaced, tree.kind(c) != .table {
            return isAnonymous ? available : clampWidth(c, available, base: width, available: available)
        }
        return shrinkToFitWidth(c, base: width, available: available)
    }

    // MARK: Rows

    private func layoutRows(_ b: BoxID, _ all: [FlexItem], _ width: LayoutUnit, _ contentHeight: LayoutUnit?) -> LayoutUnit {
        let s = style(b)
        let gap = s.columnGap.resolveOrZero(width), rowGap = s.rowGap.resolveOrZero(contentHeight ?? .zero)
        var lines = breakLines(all, width, gap, wraps: s.flexWrap != .nowrap)
        var crossSizes: [LayoutUnit] = []
        for l in 0..<lines.count {
            flex(&lines[l], width, gap)
            var cross = LayoutUnit.zero
            var ascent = LayoutUnit.zero, descent = LayoutUnit.zero
            for i in 0..<lines[l].count {
                let c = lines[l][i].box
                layout(c, width: lines[l][i].main, baseHeight: contentHeight)
                lines[l][i].cross = tree.geometry[tree.geo(c)].height
                let outer = lines[l][i].cross + lines[l][i].marginCross
                if alignment(c, b) == .baseline {
                    let baseline = itemBaseline(c)
                    ascent = Swift.max(ascent, baseline); descent = Swift.max(descent, outer - baseline)
                } else { cross = Swift.max(cross, outer) }
            }
            crossSizes.append(Swift.max(cross, ascent + descent))
        }
        if let h = contentHeight { fillCross(&crossSizes, h, rowGap, s) }
        var y = LayoutUnit.zero
        let reversed = s.flexWrap == .wrapReverse
        var total = LayoutUnit.zero
        for size in crossSizes { total += size }
        if crossSizes.count > 1 { total += rowGap * Int32(crossSizes.count - 1) }
        let extent = contentHeight ?? total
        var between = LayoutUnit.zero
        if let h = contentHeight, lines.count > 1 {
            let spread = contentOffset(s.alignContent, h, crossSizes, rowGap)
            y = spread.start; between = spread.between
        }
        for l in 0..<lines.count {
            placeLine(b, &lines[l], width, gap, crossSizes[l], reversed ? extent - y - crossSizes[l] : y, contentHeight)
            y += crossSizes[l] + rowGap + between
        }
        return total
    }

    private func itemBaseline(_ c: BoxID) -> LayoutUnit {
        let g = tree.geo(c)
        return tree.geometry[g].margin.top + (firstBaseline(c) ?? tree.geometry[g].height)
    }

    private func fillCross(_ sizes: inout [LayoutUnit], _ height: LayoutUnit, _ gap: LayoutUnit, _ s: ComputedStyle) {
        if sizes.count == 1 { sizes[0] = s.flexWrap == .nowrap ? height : Swift.max(sizes[0], height); return }
        guard !sizes.isEmpty, s.alignContent == .normal || s.alignContent == .stretch else { return }
        var free = height - gap * Int32(sizes.count - 1)
        for size in sizes { free -= size }
        if free > .zero { for i in 0..<sizes.count { sizes[i] += free / Int32(sizes.count) } }
    }

    private func contentOffset(_ align: BoxAlignment, _ height: LayoutUnit, _ sizes: [LayoutUnit], _ gap: LayoutUnit) -> (start: LayoutUnit, between: LayoutUnit) {
        var free = height - gap * Int32(sizes.count - 1)
        for size in sizes { free -= size }
        return justify(align, free, Int32(sizes.count))
    }

    private func breakLines(_ all: [FlexItem], _ width: LayoutUnit, _ gap: LayoutUnit, wraps: Bool) -> [[FlexItem]] {
        guard wraps else { return all.isEmpty ? [] : [all] }
        var lines: [[FlexItem]] = [], line: [FlexItem] = []
        var used = LayoutUnit.zero
        for item in all {
            let outer = item.main + item.marginMain
            if !line.isEmpty, used + gap + outer > width { lines.append(line); line = []; used = .zero }
            used += (line.isEmpty ? .zero : gap) + outer
            line.append(item)
        }
        if !line.isEmpty { lines.append(line) }
        return lines
    }

    /// Resolves flexible lengths (§9.7). Each round freezes at least one item.
    private func flex(_ line: inout [FlexItem], _ room: LayoutUnit, _ gap: LayoutUnit) {
        let gaps = gap * Int32(Swift.max(0, line.count - 1))
        var hypothetical = gaps
        for item in line { hypothetical += item.main + item.marginMain }
        let grows = hypothetical < room
        for i in 0..<line.count {
            let factor = grows ? line[i].grow : line[i].shrink
            if factor == 0 || (grows ? line[i].base > line[i].main : line[i].base < line[i].main) { line[i].isFrozen = true } else { line[i].main = line[i].base }
        }
        for _ in 0...line.count {
            var free = room - gaps, weights: Int64 = 0, factors: Int64 = 0, open = false
            for item in line {
                free -= (item.isFrozen ? item.main : item.base) + item.marginMain
                if !item.isFrozen {
                    open = true
                    factors += Int64(grows ? item.grow : item.shrink)
                    weights += grows ? Int64(item.grow) : (Int64(item.shrink) * Int64(item.base.raw)) >> 16
                }
            }
            if !open { return }
            if grows ? free < .zero : free > .zero { free = .zero }
            if factors < 65536 { free = LayoutUnit(clamping: (Int64(free.raw) * factors) >> 16) }
            var violation = LayoutUnit.zero
            for i in 0..<line.count where !line[i].isFrozen {
                let weight = grows ? Int64(line[i].grow) : (Int64(line[i].shrink) * Int64(line[i].base.raw)) >> 16
                let share = weights > 0 ? LayoutUnit(clamping: mulDiv(Int64(free.raw), weight, weights)) : .zero
                let wanted = line[i].base + share
                line[i].main = Swift.max(line[i].least, Swift.min(line[i].most, wanted))
                violation += line[i].main - wanted
            }
            for i in 0..<line.count where !line[i].isFrozen {
                let weight = grows ? Int64(line[i].grow) : (Int64(line[i].shrink) * Int64(line[i].base.raw)) >> 16
                let wanted = line[i].base + (weights > 0 ? LayoutUnit(clamping: mulDiv(Int64(free.raw), weight, weights)) : .zero)
                if violation == .zero || (violation > .zero ? line[i].main > wanted : line[i].main < wanted) { line[i].isFrozen = true }
            }
        }
    }

    /// a × b / c without overflow for |a| < 2^31.
    private func mulDiv(_ a: Int64, _ b: Int64, _ c: Int64) -> Int64 {
        var b = b, c = c
        while b > 0x7FFF_FFFF || c > 0x7FFF_FFFF { b >>= 1; c >>= 1 }
        return c == 0 ? 0 : a * b / c
    }

    func justify(_ align: BoxAlignment, _ free: LayoutUnit, _ count: Int32) -> (start: LayoutUnit, between: LayoutUnit) {
        switch align {
        case .center: return (LayoutUnit(raw: free.raw / 2), .zero)
        case .end, .flexEnd, .right: return (free, .zero)
        case .spaceBetween: return count > 1 && free > .zero ? (.zero, free / (count - 1)) : (.zero, .zero)
        case .spaceAround: return free > .zero ? (free / (count * 2), free / count) : (LayoutUnit(raw: free.raw / 2), .zero)
        case .spaceEvenly: return free > .zero ? (free / (count + 1), free / (count + 1)) : (LayoutUnit(raw: free.raw / 2), .zero)
        default: return (.zero, .zero)
        }
    }

    private func placeLine(_ b: BoxID, _ line: inout [FlexItem], _ width: LayoutUnit, _ gap: LayoutUnit, _ cross: LayoutUnit, _ y: LayoutUnit, _ contentHeight: LayoutUnit?) {
        let s = style(b)
        var free = width - gap * Int32(Swift.max(0, line.count - 1))
        var autos: Int32 = 0
        for item in line {
            free -= item.main + item.marginMain
            if !tree.flags(item.box).contains(.anonymous) { autos += (style(item.box).marginLeft.isAuto ? 1 : 0) + (style(item.box).marginRight.isAuto ? 1 : 0) }
        }
        let autoShare = autos > 0 && free > .zero ? free / autos : .zero
        let spread = autos > 0 && free > .zero ? (start: LayoutUnit.zero, between: LayoutUnit.zero) : justify(s.justifyContent, free, Int32(line.count))
        var x = spread.start
        var ascent = LayoutUnit.zero
        for item in line where alignment(item.box, b) == .baseline { ascent = Swift.max(ascent, itemBaseline(item.box)) }
        let reversed = s.flexDirection == .rowReverse
        for item in line {
            let c = item.box, cg = tree.geo(c)
            let anonymous = tree.flags(c).contains(.anonymous)
            let leftAuto = !anonymous && style(c).marginLeft.isAuto, rightAuto = !anonymous && style(c).marginRight.isAuto
            x += tree.geometry[cg].margin.left + (leftAuto ? autoShare : .zero)
            let top = alignCross(c, b, item, cross, ascent, contentHeight)
            setOrigin(c, b, reversed ? width - x - item.main : x, y + top)
            applyRelative(c, width, contentHeight)
            x += item.main + tree.geometry[cg].margin.right + (rightAuto ? autoShare : .zero) + gap + spread.between
        }
    }

    /// Offset of the border box in its line; stretches the item when asked to (§8.3, §9.4 step 11).
    private func alignCross(_ c: BoxID, _ b: BoxID, _ item: FlexItem, _ cross: LayoutUnit, _ ascent: LayoutUnit, _ contentHeight: LayoutUnit?) -> LayoutUnit {
        let g = tree.geo(c), margin = tree.geometry[g].margin
        let anonymous = tree.flags(c).contains(.anonymous)
        let free = cross - item.cross - item.marginCross
        if !anonymous, free > .zero {
            switch (style(c).marginTop.isAuto, style(c).marginBottom.isAuto) {
            case (true, true): return LayoutUnit(raw: free.raw / 2)
            case (true, false): return free
            case (false, true): return margin.top
            default: break
            }
        }
        let reversed = style(b).flexWrap == .wrapReverse        // the cross axis runs upwards
        switch alignment(c, b) {
        case .center: return margin.top + LayoutUnit(raw: free.raw / 2)
        case .flexStart: return reversed ? margin.top + free : margin.top
        case .flexEnd: return reversed ? margin.top : margin.top + free
        case .end: return margin.top + free
        case .baseline: return margin.top + ascent - itemBaseline(c)
        case .stretch:
            if anonymous || style(c).height.isAuto, tree.kind(c) != .replaced, free != .zero {
                let wanted = Swift.max(.zero, cross - item.marginCross)
                let height = anonymous ? wanted : clampHeight(c, wanted, base: contentHeight)
                if tree.kind(c) == .flex || hasPercentChild(c), flexDepth < 6 { layout(c, width: item.main, height: height, baseHeight: contentHeight) } else { tree.geometry[g].height = height }
                return margin.top
            }
            return reversed ? margin.top + free : margin.top
        default: return margin.top
        }
    }

    /// A stretched item's height is definite for its children (§9.8).
    private func hasPercentChild(_ b: BoxID) -> Bool {
        var c = tree.firstChild(b)
        while c != noBox {
            if tree.boxes[Int(c)].geometry >= 0, style(c).height.hasPercent { return true }
            c = tree.next(c)
        }
        return false
    }

    // MARK: Columns

    private func layoutColumn(_ b: BoxID, _ all: [FlexItem], _ width: LayoutUnit, _ contentHeight: LayoutUnit?) -> LayoutUnit {
        let s = style(b)
        let gap = s.rowGap.resolveOrZero(contentHeight ?? .zero)
        var total = gap * Int32(Swift.max(0, all.count - 1))
        for item in all { total += item.main + item.marginMain }
        // A least height is room to grow into.
        let least = Swift.max(.zero, (borderBoxHeight(b, s.minHeight, base: nil) ?? .zero) - frameHeight(b))
        let room = contentHeight ?? Swift.max(total, least)
        let wraps = s.flexWrap != .nowrap && contentHeight != nil
        var lines = breakLines(all, room, gap, wraps: wraps)
        if lines.count <= 1 {
            var line = all
            placeColumn(b, &line, x: .zero, width: width, room: room, gap: gap, contentHeight, flexes: contentHeight != nil || total < least)
            return room
        }
        let columnGap = s.columnGap.resolveOrZero(width)
        var sizes = [LayoutUnit](repeating: .zero, count: lines.count), free = width - columnGap * Int32(lines.count - 1)
        for l in 0..<lines.count {
            for item in lines[l] { sizes[l] = Swift.max(sizes[l], shrinkToFitWidth(item.box, base: width, available: width) + item.marginCross) }
            free -= sizes[l]
        }
        let stretches = s.alignContent == .normal || s.alignContent == .stretch
        let spread = stretches ? (start: LayoutUnit.zero, between: LayoutUnit.zero) : justify(s.alignContent, free, Int32(lines.count))
        var x = spread.start
        for l in 0..<lines.count {
            if stretches, free > .zero { sizes[l] += free / Int32(lines.count) }
            for i in 0..<lines[l].count { lines[l][i].cross = crossWidth(lines[l][i].box, b, sizes[l]) }
            placeColumn(b, &lines[l], x: s.flexWrap == .wrapReverse ? width - x - sizes[l] : x, width: sizes[l], room: room, gap: gap, contentHeight, flexes: true)
            x += sizes[l] + columnGap + spread.between
        }
        return room
    }

    /// Flexes one column of items and puts them from `x` on.
    private func placeColumn(_ b: BoxID, _ line: inout [FlexItem], x: LayoutUnit, width: LayoutUnit, room: LayoutUnit, gap: LayoutUnit, _ contentHeight: LayoutUnit?, flexes: Bool) {
        let s = style(b)
        if flexes { flex(&line, room, gap) }
        var used = gap * Int32(Swift.max(0, line.count - 1)), autos: Int32 = 0
        for item in line {
            used += item.main + item.marginMain
            if !tree.flags(item.box).contains(.anonymous) { autos += (style(item.box).marginTop.isAuto ? 1 : 0) + (style(item.box).marginBottom.isAuto ? 1 : 0) }
        }
        let free = room - used
        let autoShare = autos > 0 && free > .zero ? free / autos : .zero
        let spread = autos > 0 && free > .zero ? (start: LayoutUnit.zero, between: LayoutUnit.zero) : justify(s.justifyContent, free, Int32(line.count))
        var y = spread.start
        let reversed = s.flexDirection == .columnReverse
        for item in line {
            let c = item.box, g = tree.geo(c), anonymous = tree.flags(c).contains(.anonymous)
            if item.main != tree.geometry[g].height || item.cross != tree.geometry[g].width { layout(c, width: item.cross, height: item.main, baseHeight: contentHeight) }
            y += tree.geometry[g].margin.top + (!anonymous && style(c).marginTop.isAuto ? autoShare : .zero)
            setOrigin(c, b, x + crossOffset(c, b, width, item.cross), reversed ? room - y - item.main : y)
            applyRelative(c, width, contentHeight)
            y += item.main + tree.geometry[g].margin.bottom + (!anonymous && style(c).marginBottom.isAuto ? autoShare : .zero) + gap + spread.between
        }
    }

    private func crossOffset(_ c: BoxID, _ b: BoxID, _ width: LayoutUnit, _ used: LayoutUnit) -> LayoutUnit {
        let s = style(c), margin = tree.geometry[tree.geo(c)].margin
        let free = width - used - margin.horizontal
        if !tree.flags(c).contains(.anonymous) {
            if s.marginLeft.isAuto, s.marginRight.isAuto { return Swift.max(.zero, LayoutUnit(raw: free.raw / 2)) }
            if s.marginLeft.isAuto { return Swift.max(.zero, free) }
        }
        switch alignment(c, b) {
        case .center: return margin.left + LayoutUnit(raw: free.raw / 2)
        case .end, .flexEnd: return margin.left + free
        default: return margin.left
        }
    }
}
