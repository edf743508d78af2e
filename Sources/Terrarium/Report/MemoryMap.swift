// The address space of each process: which ranges are where. As JSON in a report, and for people as ranges of one state.

import ABI
import Machine

enum MemoryMap {
    /// Ranges of a process that the summary shows; the report has all.
    static let shownCountMax = 12

    /// Where a page is, in the words of reports. Pages that are on their way to or from the disk count as swapped.
    static func state(_ name: String) -> String {
        switch name {
        case "swappingIn", "swappingOut": "swapped"
        default: name
        }
    }
    static func object(_ r: PageRangeReport) -> [String: Any] {
        var object: [String: Any] = ["start": r.start, "end": r.end, "pages": r.pages, "bytes": r.end - r.start, "state": state(r.state), "writable": r.isWritable]
        object["first_frame"] = r.firstFrame
        object["shared_object"] = r.sharedObject
        object["shared_name"] = r.sharedName
        return object
    }

    /// Neighbours that differ only in their frames are one range.
    static func merged(_ ranges: [PageRangeReport]) -> [PageRangeReport] {
        var out: [PageRangeReport] = []
        for r in ranges {
            if let last = out.last, last.end == r.start, state(last.state) == state(r.state), last.isWritable == r.isWritable, last.sharedObject == r.sharedObject {
                out[out.count - 1].end = r.end
                out[out.count - 1].pages += r.pages
            } else { out.append(r) }
        }
        return out
    }
    static func lines(_ simulation: Simulation) -> [String] {
        var lines: [String] = []
        for p in simulation.kernel.processRecords where p.exitReason == 0 {
            let ranges = merged(simulation.pageReports(pid: p.pid) ?? [])
            lines.append("  " + RunReport.left("\(p.pid) \(p.name.string)", 18) + sums(ranges))
            for r in ranges.prefix(shownCountMax) {
                lines.append("    " + address(r.start) + "-" + address(r.end) + (r.isWritable ? " rw" : " r-") + RunReport.right(RunReport.kibibytes(r.pages), 9) + " KiB  " + state(r.state)
                             + (r.sharedObject.map { " (\(r.sharedName ?? "object \($0)"))" } ?? ""))
            }
            if ranges.count > shownCountMax { lines.append("    and \(ranges.count - shownCountMax) more ranges (all of them: --report FILE)") }
        }
        return lines.isEmpty ? [] : ["MEMORY MAP"] + lines
    }
    /// `resident 960 KiB, shared 64 KiB`, in the order of first appearance.
    private static func sums(_ ranges: [PageRangeReport]) -> String {
        var sums: [(state: String, pages: UInt32)] = []
        for r in ranges {
            if let i = sums.firstIndex(where: { $0.state == state(r.state) }) { sums[i].pages += r.pages } else { sums.append((state(r.state), r.pages)) }
        }
        return sums.map { "\($0.state) \(RunReport.kibibytes($0.pages)) KiB" }.joined(separator: ", ")
    }
    private static func address(_ a: UInt64) -> String {
        let digits = String(a, radix: 16)
        return String(repeating: "0", count: max(0, 8 - digits.count)) + digits
    }
}
