// Reports of a stopped machine as lines for people.

import Machine
import Terrarium

enum InspectText {
    /// Columns as wide as their widest cell; numbers to the right.
    static func table(_ header: [String], _ rows: [[String]]) -> [String] {
        let all = [header] + rows
        let widths = header.indices.map { c in all.map { $0[c].count }.max() ?? 0 }
        return all.map { row in
            let cells = row.indices.map { c -> String in
                let pad = String(repeating: " ", count: widths[c] - row[c].count)
                let isNumber = rows.allSatisfy { $0[c].allSatisfy { $0.isNumber || $0 == "-" } }
                return isNumber && !rows.isEmpty ? pad + row[c] : row[c] + pad
            }
            var line = cells.joined(separator: "  ")
            while line.hasSuffix(" ") { line.removeLast() }
            return line
        }
    }
    private static func list(_ numbers: [UInt32]) -> String { numbers.isEmpty ? "-" : numbers.map { String($0) }.joined(separator: ",") }
    private static func seconds(_ tick: UInt64) -> String { Tick(nanoseconds: tick).text }

    static func processes(_ all: [ProcessReport]) -> [String] {
        table(["PID", "NAME", "STATE", "PRIO", "INSTRUCTIONS", "RES", "COMP", "SWAP", "SHARED", "FAULTS", "MSGS", "HANDLES", "TAB", "NOTE"], all.map { p in
            var note = p.state == "ended" ? "\(p.exitReason) \(p.exitCode)" : p.lifecycle
            if !p.blockedIn.isEmpty { note += (note.isEmpty ? "" : ", ") + "in \(p.blockedIn)" + (p.waitsFor.isEmpty ? "" : " for \(list(p.waitsFor))") }
            return ["\(p.pid)", p.name, p.state, "\(p.priority)", "\(p.instructions)", "\(p.pagesResident)", "\(p.pagesCompressed)", "\(p.pagesSwapped)", "\(p.pagesShared)", "\(p.faults)",
                    "\(p.messages)", "\(p.handles)", p.tab == 0 ? "-" : "\(p.tab)", note]
        })
    }
    static func memory(_ m: MemoryReport) -> [String] {
        var lines = ["\(m.framesTotal) frames of \(m.frameByteCount >> 10) KiB: " + m.frames.map { "\($0.name) \($0.count)" }.joined(separator: ", ")]
        lines.append("compressed \(m.bytesCompressed) bytes, pressure some \(m.pressureSomePerMille) ‰ full \(m.pressureFullPerMille) ‰")
        lines += frameMap(m)
        lines.append(m.conservationProblem.map { "NOT CONSERVED: \($0)" } ?? "every frame and reference has its owner")
        return lines + [""] + table(["PID", "NAME", "RESIDENT", "COMPRESSED", "SWAPPED", "FILLED", "SHARED"], m.processes.filter { $0.state != "ended" }.map { p in
            ["\(p.pid)", p.name, "\(p.pagesResident)", "\(p.pagesCompressed)", "\(p.pagesSwapped)", "\(p.pagesFilled)", "\(p.pagesShared)"]
        })
    }
    /// One character for as many frames as fit sixteen lines of 64; the most frequent owner of them.
    private static func frameMap(_ m: MemoryReport) -> [String] {
        let letters = ["free": ".", "kernel": "k", "archive": "a", "process": "p", "shared": "s", "pool": "c", "swap": "w"]
        let perCell = max(1, (m.framesTotal + 1023) / 1024)
        var owners: [String] = []
        for run in m.map { owners += Array(repeating: run.name, count: Int(run.count)) }
        var text = "", lines: [String] = ["one character for \(perCell) frames: . free, k kernel, a archive, p process, s shared, c compressed, w swap"]
        var i = 0
        while i < owners.count {
            let cell = owners[i..<min(owners.count, i + perCell)]
            // The first of the most frequent that is not free, so that nothing in use is hidden.
            let used = cell.filter { $0 != "free" }
            text += letters[used.max { a, b in used.filter { $0 == a }.count < used.filter { $0 == b }.count } ?? "free"] ?? "?"
            i += perCell
            if text.count == 64 || i >= owners.count { lines.append("  " + text); text = "" }
        }
        return lines
    }
    static func pages(_ ranges: [PageRangeReport]) -> [String] {
        func address(_ a: UInt64) -> String { let d = String(a, radix: 16); return String(repeating: "0", count: max(0, 8 - d.count)) + d }
        return table(["START", "END", "PAGES", "STATE", "RIGHTS", "FRAME", "OBJECT", "NAME"], ranges.map { r in
            [address(r.start), address(r.end), "\(r.pages)", r.state, r.isWritable ? "rw" : "r-", r.firstFrame.map { "\($0)" } ?? "-", r.sharedObject.map { "\($0)" } ?? "-", r.sharedName ?? ""]
        })
    }
    static func channels(_ all: [ChannelReport]) -> [String] {
        table(["END", "OWNERS", "QUEUED", "BYTES", "HANDLES", "PEER", "NOTE"], all.map { c in
            ["\(c.id)", list(c.owners), "\(c.queued)", "\(c.queuedBytes)", "\(c.queuedHandles)", c.peer.map { "\($0)" } ?? "closed",
             c.service.map { "service \($0)" } ?? (c.isInFlight ? "in a message" : "")]
        })
    }
    static func handles(_ all: [HandleReport]) -> [String] {
        table(["HANDLE", "KIND", "OBJECT", "RIGHTS", "DETAIL"], all.map { h in ["\(h.handle)", h.kind, "\(h.object)", h.rights.joined(separator: "+"), h.detail] })
    }
    static func services(_ all: [ServiceReport]) -> [String] { table(["SERVICE", "OWNERS", "WAITING"], all.map { [$0.name, list($0.owners), "\($0.waiting)"] }) }
    static func timers(_ all: [TimerReport], now: UInt64) -> [String] {
        table(["DEADLINE", "FROM NOW", "WHAT", "OWNERS"], all.map { t in
            let sign = t.deadline >= now ? "+" : "-"
            return [seconds(t.deadline), sign + seconds(t.deadline >= now ? t.deadline - now : now - t.deadline), t.what, list(t.owners)]
        })
    }
    static func devices(_ all: [DeviceReport]) -> [String] {
        all.flatMap { d -> [String] in
            ["\(d.name): slot \(d.slot), device \(d.deviceID), " + (d.status.isEmpty ? "reset" : d.status.joined(separator: " ")) + (d.needsReset ? " (broken by its driver)" : ""),
             "  features \(d.features) of \(d.featuresOffered), interrupts \(d.interrupts)"]
                + d.queues.enumerated().map { i, q in
                    q.isReady ? "  queue \(i): size \(q.size), taken \(q.taken), returned \(q.returned), in flight \(q.inFlight), busy until \(seconds(q.busyUntil)) s" : "  queue \(i): not ready"
                }
                + (d.drops.isEmpty ? [] : ["  dropped or refused: " + d.drops.map { "\($0.name) \($0.count)" }.joined(separator: ", ")])
                + (d.counters.isEmpty ? [] : ["  " + d.counters.map { "\($0.name) \($0.count)" }.joined(separator: ", ")])
        }
    }
    static func marks(_ all: [MarkReport]) -> [String] {
        table(["TICK", "PID", "KIND", "A", "B"], all.map { [seconds($0.tick), "\($0.pid)", $0.kindName.isEmpty ? "\($0.kind)" : $0.kindName, "\($0.a)", "\($0.b)"] })
    }
    static func checkpoints(_ all: [TimelineCheckpoint]) -> [String] {
        table(["TICK", "MIB", "KEPT"], all.map { [seconds($0.tick), "\($0.byteCount >> 20)", $0.isKept ? "yes" : "no"] })
    }
}
