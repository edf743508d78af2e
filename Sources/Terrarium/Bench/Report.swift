// `report.html`: one self-contained page (no script, no outside file) with the table and the plots of a benchmark run.
// Plots are inline SVG; colours carry the policy through every figure.

import Foundation

/// A line of a time plot.
public struct PlotSeries: Sendable {
    public var name: String
    public var color: String
    /// (x, value); x is milliseconds unless the plot says otherwise
    public var points: [(UInt64, UInt64)]
    public init(name: String, color: String, points: [(UInt64, UInt64)]) { self.name = name; self.color = color; self.points = points }
}

public enum ReportPalette {
    public static let policies = ["#4c6a92", "#c8553d", "#2f6f4f", "#8e6c8a", "#b08900", "#3b8ea5", "#d17a9b", "#6b8e23", "#7a5c3e", "#1f4e79", "#e08e45", "#52606d", "#a63d40", "#5b5ea6"]
}

public struct Report {
    var body = ""
    let title: String

    public init(title: String, lead: String) {
        self.title = title
        body = "<h1>\(Report.escaped(title))</h1><p class=\"lead\">\(lead)</p>\n"
    }
    public mutating func heading(_ text: String) { body += "<h2>\(Report.escaped(text))</h2>\n" }
    public mutating func paragraph(_ html: String) { body += "<p>\(html)</p>\n" }

    /// A table; the first column is left-aligned, the cell marked best is bold.
    public mutating func table(header: [String], rows: [[String]], best: Set<[Int]> = []) {
        body += "<table><thead><tr>" + header.map { "<th>\(Report.escaped($0))</th>" }.joined() + "</tr></thead><tbody>\n"
        for (r, row) in rows.enumerated() {
            body += "<tr>"
            for (c, cell) in row.enumerated() {
                body += best.contains([r, c]) ? "<td class=\"best\">\(Report.escaped(cell))</td>" : "<td>\(Report.escaped(cell))</td>"
            }
            body += "</tr>\n"
        }
        body += "</tbody></table>\n"
    }

    /// A step plot over time.
    public mutating func timePlot(title: String, unit: String, series: [PlotSeries], xLabel: (UInt64) -> String = { "\($0 / 1000) s" }, height: Int = 220) {
        let width = 860, left = 64, bottom = 28, top = 26
        let maxX = max(1, series.flatMap { $0.points.map { $0.0 } }.max() ?? 1)
        let maxY = Report.niceCeiling(max(1, series.flatMap { $0.points.map { $0.1 } }.max() ?? 1))
        func x(_ v: UInt64) -> Int { left + Int(v * UInt64(width - left - 12) / maxX) }
        func y(_ v: UInt64) -> Int { height - bottom - Int(v * UInt64(height - bottom - top) / maxY) }
        var svg = Report.svgOpen(width, height) + "<text x=\"\(left)\" y=\"15\" class=\"t\">\(Report.escaped(title)) (\(Report.escaped(unit)))</text>"
        for i in 0...4 {
            let v = maxY * UInt64(i) / 4
            svg += "<line x1=\"\(left)\" x2=\"\(width - 12)\" y1=\"\(y(v))\" y2=\"\(y(v))\" class=\"g\"/><text x=\"\(left - 6)\" y=\"\(y(v) + 4)\" class=\"e\">\(v)</text>"
        }
        for i in 0...5 {
            let v = maxX * UInt64(i) / 5
            svg += "<text x=\"\(x(v))\" y=\"\(height - 8)\" class=\"m\">\(xLabel(v))</text>"
        }
        for s in series where !s.points.isEmpty {
            var path = "M\(x(s.points[0].0)) \(y(s.points[0].1))"
            for p in s.points.dropFirst() { path += "H\(x(p.0))V\(y(p.1))" }
            svg += "<path d=\"\(path)\" fill=\"none\" stroke=\"\(s.color)\" stroke-width=\"1.6\"/>"
        }
        body += svg + "</svg>" + Report.legend(series.map { ($0.name, $0.color) })
    }

    /// Stacked areas over time: memory by state.
    public mutating func stackedPlot(title: String, unit: String, layers: [PlotSeries], height: Int = 200) {
        let width = 860, left = 64, bottom = 28, top = 26
        guard let first = layers.first, !first.points.isEmpty else { return }
        let maxX = max(1, first.points.last!.0)
        var totals = [UInt64](repeating: 0, count: first.points.count)
        for layer in layers { for (i, p) in layer.points.enumerated() where i < totals.count { totals[i] += p.1 } }
        let maxY = max(1, totals.max() ?? 1)
        func x(_ v: UInt64) -> Int { left + Int(v * UInt64(width - left - 12) / maxX) }
        func y(_ v: UInt64) -> Int { height - bottom - Int(v * UInt64(height - bottom - top) / maxY) }
        var svg = Report.svgOpen(width, height) + "<text x=\"\(left)\" y=\"15\" class=\"t\">\(Report.escaped(title)) (\(Report.escaped(unit)))</text>"
        var base = [UInt64](repeating: 0, count: first.points.count)
        for layer in layers {
            var upper = ""
            var lower = ""
            for (i, p) in layer.points.enumerated() where i < base.count {
                upper += "\(i == 0 ? "M" : "L")\(x(p.0)) \(y(base[i] + p.1))"
                lower = "L\(x(p.0)) \(y(base[i]))" + lower
                base[i] += p.1
            }
            svg += "<path d=\"\(upper)\(lower)Z\" fill=\"\(layer.color)\"/>"
        }
        for i in 0...4 {
            let v = maxY * UInt64(i) / 4
            svg += "<line x1=\"\(left)\" x2=\"\(width - 12)\" y1=\"\(y(v))\" y2=\"\(y(v))\" class=\"g\"/><text x=\"\(left - 6)\" y=\"\(y(v) + 4)\" class=\"e\">\(v)</text>"
        }
        for i in 0...5 {
            let v = maxX * UInt64(i) / 5
            svg += "<text x=\"\(x(v))\" y=\"\(height - 8)\" class=\"m\">\(v / 1000) s</text>"
        }
        body += svg + "</svg>" + Report.legend(layers.map { ($0.name, $0.color) })
    }

    public func html() -> String {
        """
        <!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>\(Report.escaped(title))</title><style>
        body { font: 15px/1.5 "DejaVu Sans", system-ui, sans-serif; color: #1f2933; max-width: 1080px; margin: 32px auto; padding: 0 20px }
        h1 { font-size: 26px; margin-bottom: 4px } h2 { font-size: 19px; margin: 30px 0 8px; border-bottom: 1px solid #cbd2d9 } .lead { color: #52606d }
        table { border-collapse: collapse; width: 100%; font-size: 13px } th { text-align: right; vertical-align: bottom; background: #f0f3f6 } td { text-align: right }
        th, td { padding: 4px 7px; border-bottom: 1px solid #e4e7eb } th:first-child, td:first-child { text-align: left } .best { font-weight: bold; color: #2f6f4f }
        svg { display: block; margin: 14px 0 2px } svg text { font: 12px "DejaVu Sans", sans-serif; fill: #52606d } svg .t { font-weight: bold; fill: #1f2933 }
        svg .e { text-anchor: end } svg .m { text-anchor: middle } svg .v { fill: #1f2933 } svg .g { stroke: #cbd2d9; stroke-width: .5 }
        .legend { font-size: 13px; margin: 0 0 14px 64px } .legend i { display: inline-block; width: 11px; height: 11px; margin: 0 5px 0 14px } code { background: #f0f3f6; padding: 1px 4px }
        details { margin: 10px 0; border: 1px solid #e4e7eb; border-radius: 4px; padding: 4px 12px } summary { cursor: pointer; font-weight: bold }
        </style></head><body>
        \(body)</body></html>

        """
    }

    static func escaped(_ s: String) -> String {
        s.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;").replacingOccurrences(of: ">", with: "&gt;").replacingOccurrences(of: "\"", with: "&quot;")
    }
    static func svgOpen(_ width: Int, _ height: Int) -> String {
        "<svg width=\"\(width)\" height=\"\(height)\" viewBox=\"0 0 \(width) \(height)\" role=\"img\">"
    }
    static func legend(_ items: [(String, String)]) -> String {
        "<p class=\"legend\">" + items.map { "<i style=\"background:\($0.1)\"></i>\(escaped($0.0))" }.joined() + "</p>\n"
    }
    /// The next 1, 2 or 5 times a power of ten, so that axis labels are round.
    static func niceCeiling(_ v: UInt64) -> UInt64 {
        var scale: UInt64 = 1
        while scale < 1_000_000_000_000_000 {
            for step in [1, 2, 4, 8] as [UInt64] where scale * step >= v { return scale * step }
            scale *= 10
        }
        return v
    }
}
