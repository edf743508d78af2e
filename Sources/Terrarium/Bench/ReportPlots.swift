// The plots of the hibernation report beside those of `Report`: a distribution, a scatter of two numbers, events in time.
// Coordinates are whole numbers, so that every host writes the same bytes.

/// Plots whose axis spans powers of ten need a logarithm that is the same everywhere: in thousandths, of base 2, exact at
/// powers of two and linear between.
func logarithmPerMille(_ value: UInt64) -> UInt64 {
    let v = max(1, value), whole = UInt64(63 - v.leadingZeroBitCount)
    let rest = v - (1 << whole)
    return whole * 1000 + (whole <= 50 ? (rest * 1000) >> whole : ((rest >> (whole - 20)) * 1000) >> 20)
}

public struct ScatterPoint: Sendable {
    public var name: String, color: String
    public var x: UInt64, y: UInt64
    /// Nothing else is better in both directions.
    public var isOnFront: Bool
}

public struct PlotEvent: Sendable {
    public var milliseconds: UInt64
    public var row: Int
    public var title: String
    public var isFaint: Bool
}

extension Report {
    private static let width = 860, left = 64, right = 12

    /// Share of values at or below x, x logarithmic. Values in nanoseconds, labels in milliseconds.
    public mutating func distribution(title: String, series: [(name: String, color: String, values: [UInt64])], height: Int = 260) {
        let all = series.flatMap(\.values)
        guard let lowest = all.min(), let highest = all.max() else { return }
        let bottom = 28, top = 26
        let low = logarithmPerMille(max(1, lowest * 4 / 5)), high = max(low + 1, logarithmPerMille(highest * 5 / 4))
        func x(_ v: UInt64) -> Int { Self.left + Int((max(low, logarithmPerMille(v)) - low) * UInt64(Self.width - Self.left - Self.right) / (high - low)) }
        func y(_ perMille: UInt64) -> Int { height - bottom - Int(perMille * UInt64(height - bottom - top) / 1000) }
        var svg = Report.svgOpen(Self.width, height) + "<text x=\"\(Self.left)\" y=\"15\" class=\"t\">\(Report.escaped(title))</text>"
        for p in [0, 250, 500, 750, 900, 1000] as [UInt64] {
            svg += "<line x1=\"\(Self.left)\" x2=\"\(Self.width - Self.right)\" y1=\"\(y(p))\" y2=\"\(y(p))\" class=\"g\"/><text x=\"\(Self.left - 6)\" y=\"\(y(p) + 4)\" class=\"e\">\(p / 10) %</text>"
        }
        var decade: UInt64 = 1000
        while decade < 1_000_000_000_000 {
            for step in [1, 2, 5] as [UInt64] where logarithmPerMille(decade * step) >= low && logarithmPerMille(decade * step) <= high {
                let v = decade * step
                svg += "<line x1=\"\(x(v))\" x2=\"\(x(v))\" y1=\"\(top)\" y2=\"\(height - bottom)\" class=\"g\"/><text x=\"\(x(v))\" y=\"\(height - 8)\" class=\"m\">\(Report.duration(v))</text>"
            }
            decade *= 10
        }
        for s in series where !s.values.isEmpty {
            let sorted = s.values.sorted()
            var path = "M\(x(sorted[0])) \(y(0))"
            for (i, v) in sorted.enumerated() { path += "H\(x(v))V\(y(UInt64(i + 1) * 1000 / UInt64(sorted.count)))" }
            svg += "<path d=\"\(path)H\(Self.width - Self.right)\" fill=\"none\" stroke=\"\(s.color)\" stroke-width=\"1.6\"><title>\(Report.escaped(s.name))</title></path>"
        }
        body += svg + "</svg>" + Report.legend(series.map { ($0.name, $0.color) })
    }

    /// Two numbers of each: further right and further down is better. The y axis is logarithmic, in nanoseconds.
    public mutating func scatter(title: String, xTitle: String, points: [ScatterPoint], height: Int = 330) {
        guard !points.isEmpty else { return }
        let bottom = 40, top = 26
        let maxX = Report.niceCeiling(max(1, points.map(\.x).max() ?? 1))
        let low = logarithmPerMille(max(1, (points.map(\.y).min() ?? 1) * 3 / 4)), high = max(low + 1000, logarithmPerMille((points.map(\.y).max() ?? 1) * 4 / 3))
        func x(_ v: UInt64) -> Int { Self.left + Int(v * UInt64(Self.width - Self.left - 140) / maxX) }
        func y(_ v: UInt64) -> Int { height - bottom - Int((max(low, logarithmPerMille(v)) - low) * UInt64(height - bottom - top) / (high - low)) }
        var svg = Report.svgOpen(Self.width, height) + "<text x=\"\(Self.left)\" y=\"15\" class=\"t\">\(Report.escaped(title))</text>"
        for i in 0...4 {
            let v = maxX * UInt64(i) / 4
            svg += "<line x1=\"\(x(v))\" x2=\"\(x(v))\" y1=\"\(top)\" y2=\"\(height - bottom)\" class=\"g\"/><text x=\"\(x(v))\" y=\"\(height - 22)\" class=\"m\">\(v)</text>"
        }
        svg += "<text x=\"\((Self.left + Self.width - 140) / 2)\" y=\"\(height - 5)\" class=\"m\">\(Report.escaped(xTitle))</text>"
        var decade: UInt64 = 1000
        while decade < 1_000_000_000_000 {
            for step in [1, 2, 5] as [UInt64] where logarithmPerMille(decade * step) >= low && logarithmPerMille(decade * step) <= high {
                let v = decade * step
                svg += "<line x1=\"\(Self.left)\" x2=\"\(Self.width - 140)\" y1=\"\(y(v))\" y2=\"\(y(v))\" class=\"g\"/><text x=\"\(Self.left - 6)\" y=\"\(y(v) + 4)\" class=\"e\">\(Report.duration(v))</text>"
            }
            decade *= 10
        }
        let front = points.filter(\.isOnFront).sorted { ($0.x, $0.y) < ($1.x, $1.y) }
        if front.count > 1 {
            svg += "<path d=\"M" + front.map { "\(x($0.x)) \(y($0.y))" }.joined(separator: "L") + "\" fill=\"none\" stroke=\"#9aa5b1\" stroke-dasharray=\"4 3\"/>"
        }
        var labels: [(x: Int, y: Int, width: Int)] = []
        for p in points {
            svg += "<circle cx=\"\(x(p.x))\" cy=\"\(y(p.y))\" r=\"5\" fill=\"\(p.color)\"><title>\(Report.escaped(p.name)): \(p.x) MiB, \(Report.duration(p.y))</title></circle>"
            // A label that would cover another one moves down.
            let wide = p.name.count * 7
            var ly = y(p.y) + 4
            while labels.contains(where: { abs($0.y - ly) < 13 && $0.x < x(p.x) + 9 + wide && x(p.x) + 9 < $0.x + $0.width }) { ly += 13 }
            labels.append((x(p.x) + 9, ly, wide))
            svg += "<text x=\"\(x(p.x) + 9)\" y=\"\(ly)\" class=\"v\">\(Report.escaped(p.name))</text>"
        }
        body += svg + "</svg>\n"
    }

    /// Events in rows over time; what each is stands in its tooltip.
    public mutating func events(title: String, rows: [(name: String, color: String)], events: [PlotEvent], end: UInt64) {
        let left = 150, rowHeight = 22, top = 26
        let height = top + rows.count * rowHeight + 24
        func x(_ ms: UInt64) -> Int { left + Int(min(ms, end) * UInt64(Self.width - left - Self.right) / max(1, end)) }
        var svg = Report.svgOpen(Self.width, height) + "<text x=\"0\" y=\"15\" class=\"t\">\(Report.escaped(title))</text>"
        for (i, row) in rows.enumerated() {
            let y = top + i * rowHeight + rowHeight / 2
            svg += "<text x=\"\(left - 8)\" y=\"\(y + 4)\" class=\"e\">\(Report.escaped(row.name))</text><line x1=\"\(left)\" x2=\"\(Self.width - Self.right)\" y1=\"\(y)\" y2=\"\(y)\" class=\"g\"/>"
        }
        for e in events {
            let y = top + e.row * rowHeight + 4
            svg += "<rect x=\"\(x(e.milliseconds))\" y=\"\(y)\" width=\"3\" height=\"14\" fill=\"\(rows[e.row].color)\"\(e.isFaint ? " opacity=\".35\"" : "")><title>\(Report.escaped(e.title))</title></rect>"
        }
        for i in 0...5 {
            let v = end * UInt64(i) / 5
            svg += "<text x=\"\(x(v))\" y=\"\(height - 6)\" class=\"m\">\(v / 1000) s</text>"
        }
        body += svg + "</svg>\n"
    }

    /// A part of the page that opens.
    public mutating func details(_ summary: String, _ content: (inout Report) -> Void) {
        body += "<details><summary>\(Report.escaped(summary))</summary>\n"
        content(&self)
        body += "</details>\n"
    }

    static func duration(_ ns: UInt64) -> String {
        if ns >= 1_000_000_000 { return ns % 1_000_000_000 == 0 ? "\(ns / 1_000_000_000) s" : "\(PolicySummary.tenths(Int64(ns / 100_000_000))) s" }
        if ns >= 1_000_000 { return ns % 1_000_000 == 0 ? "\(ns / 1_000_000) ms" : "\(PolicySummary.tenths(Int64(ns / 100_000))) ms" }
        return "\(ns / 1000) µs"
    }
}
