// Turns specified lengths and math expressions into computed ones for an element's font and the viewport (CSS Values 4 §6.1).

struct LengthContext: Equatable {
    var fontSize: LayoutUnit
    var rootFontSize: LayoutUnit
    /// In 1/65536 px.
    var fontSizeFine: Int64, rootFontSizeFine: Int64
    var lineHeight: LayoutUnit = LayoutUnit(19)
    /// `ex` and `ch` in em, 16.16.
    var exRatio: Int64 = 32768, chRatio: Int64 = 39322
    var viewportWidth: LayoutUnit, viewportHeight: LayoutUnit

    init(fontSize: LayoutUnit, rootFontSize: LayoutUnit, viewportWidth: LayoutUnit, viewportHeight: LayoutUnit) {
        fontSizeFine = Int64(fontSize.raw) << 10; rootFontSizeFine = Int64(rootFontSize.raw) << 10
        self.fontSize = fontSize; self.rootFontSize = rootFontSize; self.viewportWidth = viewportWidth; self.viewportHeight = viewportHeight
    }

    /// A length that is no percentage.
    func absolute(_ length: SpecifiedLength) -> LayoutUnit {
        switch length.unit {
        case .px: return LayoutUnit(clamping: (length.value + (length.value < 0 ? -64 : 64)) / 1024)   // cut as Chromium does; units were rounded down
        case .percent: return .zero
        case .em: return fine(fontSizeFine, length.value)
        case .rem: return fine(rootFontSizeFine, length.value)
        case .ex: return fine(multiplyFixed(fontSizeFine, exRatio, 65536), length.value)
        case .ch: return fine(multiplyFixed(fontSizeFine, chRatio, 65536), length.value)
        case .lh: return scale(lineHeight, length.value, 65536)
        case .rlh: return scale(rootFontSize, length.value * 6, 5 * 65536)
        case .vw: return scale(viewportWidth, length.value, 6_553_600)
        case .vh: return scale(viewportHeight, length.value, 6_553_600)
        case .vmin: return scale(min(viewportWidth, viewportHeight), length.value, 6_553_600)
        case .vmax: return scale(max(viewportWidth, viewportHeight), length.value, 6_553_600)
        }
    }
    /// A multiple (1/65536) of a fine font size, cut to 1/64 px; a multiple that was rounded down does not lose a unit.
    private func fine(_ size: Int64, _ value: Int64) -> LayoutUnit {
        let factor = clampFixed(value < 0 ? value - 1 : value + (value > 0 ? 1 : 0))
        return LayoutUnit(clamping: multiplyFixed(size, factor, 1 << 16) / 1024)
    }
    private func scale(_ unit: LayoutUnit, _ value: Int64, _ divisor: Int64) -> LayoutUnit {
        LayoutUnit(clamping: multiplyFixed(Int64(unit.raw), value, divisor))
    }

    /// The nearest 1/64 px, as line heights are kept.
    func rounded(_ length: SpecifiedLength, percentOf base: Int64) -> LayoutUnit {
        switch length.unit {
        case .em: return LayoutUnit(clamping: (multiplyFixed(fontSizeFine, length.value, 1 << 16) + 512) >> 10)
        case .rem: return LayoutUnit(clamping: (multiplyFixed(rootFontSizeFine, length.value, 1 << 16) + 512) >> 10)
        case .percent: return LayoutUnit(clamping: (multiplyFixed(base, length.value, 6_553_600) + 512) >> 10)
        case .px: return LayoutUnit(clamping: (length.value + 512) >> 10)
        default: return absolute(length)
        }
    }

    func length(_ specified: SpecifiedLength) -> Length {
        specified.unit == .percent ? .percent(Int32(clamping: specified.value)) : .px(absolute(specified))
    }

    /// A math expression as px + percent.
    func length(_ node: MathNode) -> Length {
        let form = linear(node)
        let px = LayoutUnit(clamping: form.px)
        if !node.hasPercent { return .px(px) }
        return form.px == 0 ? .percent(Int32(clamping: form.percent)) : .calc(px: px, percent: Int32(clamping: form.percent))
    }

    private typealias Linear = (px: Int64, percent: Int64)

    private func linear(_ node: MathNode) -> Linear {
        switch node {
        case .number: return (0, 0)
        case .length(let l): return l.unit == .percent ? (0, l.value) : (Int64(absolute(l).raw), 0)
        case .scaled(let inner, let factor, let divisor):
            let value = linear(inner)
            return (multiplyFixed(value.px, factor, divisor), multiplyFixed(value.percent, factor, divisor))
        case .sum(let nodes):
            var total: Linear = (0, 0)
            for inner in nodes { let value = linear(inner); total = (clampFixed(total.px + value.px), clampFixed(total.percent + value.percent)) }
            return total
        case .minimum(let nodes): return best(nodes) { $0 < $1 }
        case .maximum(let nodes): return best(nodes) { $0 > $1 }
        case .clamp(let low, let middle, let high):
            let a = linear(low), b = linear(middle), c = linear(high)
            let upper = estimate(b) < estimate(c) ? b : c
            return estimate(a) > estimate(upper) ? a : upper
        }
    }
    private func best(_ nodes: [MathNode], _ isBetter: (Int64, Int64) -> Bool) -> Linear {
        var result: Linear?
        for node in nodes {
            let value = linear(node)
            if let old = result, !isBetter(estimate(value), estimate(old)) { continue }
            result = value
        }
        return result ?? (0, 0)
    }
    /// Used to choose between alternatives that mix percentages: 100 % is taken as the viewport's width.
    private func estimate(_ value: Linear) -> Int64 { clampFixed(value.px) + multiplyFixed(Int64(viewportWidth.raw), value.percent, 6_553_600) }
}

extension Length {
    /// Negative results of calc() count as zero where negative lengths are invalid.
    var nonNegative: Length {
        switch self {
        case .px(let v) where v.raw < 0: return .zero
        case .percent(let p) where p < 0: return .percent(0)
        default: return self
        }
    }
}
