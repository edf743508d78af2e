// What the kernel counts, in the words and columns that every console uses.

import ABI

extension ProcessRecord {
    /// What the process is doing, or how it ended.
    public var stateName: String {
        switch state {
        case 0: return "ready"
        case 1: return "waiting"
        case 2: return "blocked"
        case 3: return "frozen"
        default: return ExitReason(rawValue: exitReason).map { $0.name } ?? "ended"
        }
    }
}

extension ConsoleText {
    /// Pages of 64 KiB as KiB.
    public static func kibibytes(_ pages: UInt32) -> String { grouped(UInt64(pages) * 64) }

    /// Who has the machine's memory, one owner a line; every frame has one.
    public static func memory(_ m: MemoryRecord) -> [String] {
        var lines: [String] = []
        let owners: [(String, UInt32)] = [("processes", m.framesProcess), ("shared", m.framesShared), ("compressed pool", m.framesCompressedPool),
                                          ("kernel, archive", m.framesKernel), ("free", m.framesFree), ("total", m.framesTotal)]
        for (name, frames) in owners { lines.append(left(name, 18) + right(kibibytes(frames), 10) + " KiB") }
        if m.pagesCompressed > 0 { lines.append("\(m.pagesCompressed) pages of 64 KiB compressed to " + grouped(m.bytesCompressed / 1024) + " KiB") }
        if m.pagesSwapped > 0 { lines.append("\(m.pagesSwapped) pages of 64 KiB in swap") }
        if m.pagesFilled > 0 { lines.append("\(m.pagesFilled) pages of 64 KiB of one repeated word, which take nothing") }
        if m.bytesSaved > 0 { lines.append(grouped(m.bytesSaved / 1024) + " KiB saved; of \(m.evictions) pages taken \(m.refaults) came back too soon") }
        if m.swapWrittenPages > 0 { lines.append(grouped(m.swapWrittenPages * 64) + " KiB written to swap, \(m.swapSlotsFree) of \(m.swapSlots) slots free" + (m.swapSlotsBad > 0 ? ", \(m.swapSlotsBad) bad" : "")) }
        if m.pressureLevel != .none { lines.append("memory pressure is " + m.pressureLevel.name) }
        lines.append("pressure over 10 s: some \(m.pressureSome10 / 10).\(m.pressureSome10 % 10) %, full \(m.pressureFull10 / 10).\(m.pressureFull10 % 10) %")
        return lines
    }
}
