// Text for consoles of fixed-width characters: columns, numbers, times, words of a command line, the name that was meant.

public enum ConsoleText {
    /// At least `width` columns, filled on the right.
    public static func left(_ s: String, _ width: Int) -> String {
        var out = s, n = s.unicodeScalars.count
        while n < width { out += " "; n += 1 }
        return out
    }
    /// At least `width` columns, filled on the left.
    public static func right(_ s: String, _ width: Int) -> String {
        var out = "", n = s.unicodeScalars.count
        while n < width { out += " "; n += 1 }
        return out + s
    }
    /// 1234567 as "1,234,567".
    public static func grouped(_ v: UInt64) -> String {
        if v < 1000 { return "\(v)" }
        let rest = v % 1000
        return grouped(v / 1000) + "," + (rest < 100 ? "0" : "") + (rest < 10 ? "0" : "") + "\(rest)"
    }
    /// "0x" and lower-case digits.
    public static func hexadecimal(_ v: UInt64) -> String { "0x" + String(v, radix: 16) }
    /// Nanoseconds with a unit that keeps three or more digits: "812 ns", "25.4 us", "312.5 ms", "4.2 s".
    public static func time(_ ns: UInt64) -> String {
        func tenths(_ unit: UInt64) -> String { "\(ns / unit).\(ns / (unit / 10) % 10)" }
        if ns < 1000 { return "\(ns) ns" }
        if ns < 1_000_000 { return tenths(1000) + " us" }
        if ns < 1_000_000_000 { return tenths(1_000_000) + " ms" }
        return tenths(1_000_000_000) + " s"
    }
    /// Nanoseconds as a person says them: "4.2 s", "3 min 20 s", "5 h 1 min".
    public static func duration(_ nanoseconds: UInt64) -> String {
        let s = nanoseconds / 1_000_000_000
        if s < 60 { return "\(s).\(nanoseconds / 100_000_000 % 10) s" }
        if s < 3600 { return "\(s / 60) min \(s % 60) s" }
        return "\(s / 3600) h \(s / 60 % 60) min"
    }
    /// "2026-11-21 02:28:00 UTC" for nanoseconds since 1970.
    public static func date(_ nanoseconds: UInt64) -> String {
        let seconds = nanoseconds / 1_000_000_000
        var day = seconds / 86400, year: UInt64 = 1970
        func isLeap(_ y: UInt64) -> Bool { y % 4 == 0 && (y % 100 != 0 || y % 400 == 0) }
        while day >= (isLeap(year) ? 366 : 365) { day -= isLeap(year) ? 366 : 365; year += 1 }
        let lengths: [UInt64] = [31, isLeap(year) ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        var month = 0
        while month < 11 && day >= lengths[month] { day -= lengths[month]; month += 1 }
        func two(_ v: UInt64) -> String { (v < 10 ? "0" : "") + "\(v)" }
        return "\(year)-" + two(UInt64(month) + 1) + "-" + two(day + 1) + " " + two(seconds / 3600 % 24) + ":" + two(seconds / 60 % 60) + ":" + two(seconds % 60) + " UTC"
    }

    /// Words of a line; double quotes keep blanks, a backslash keeps the next character.
    public static func words(_ line: String) -> [String] {
        var out: [String] = [], current = String.UnicodeScalarView(), isQuoted = false, isEscaped = false, hasWord = false
        for s in line.unicodeScalars {
            if isEscaped { current.append(s); isEscaped = false; continue }
            if s.value == 92 { isEscaped = true; hasWord = true; continue }
            if s.value == 34 { isQuoted.toggle(); hasWord = true; continue }
            if s.value == 32 && !isQuoted {
                if hasWord { out.append(String(current)); current = String.UnicodeScalarView(); hasWord = false }
                continue
            }
            current.append(s)
            hasWord = true
        }
        if hasWord { out.append(String(current)) }
        return out
    }
    public static func joined(_ words: ArraySlice<String>, _ separator: String = " ") -> String {
        var out = ""
        for (i, w) in words.enumerated() { if i > 0 { out += separator }; out += w }
        return out
    }
    /// The name nearest to what was typed, when it is near enough to be meant.
    public static func nearest(_ typed: String, _ names: [String]) -> String? {
        let t = Array(typed.utf8)
        var best: (name: String, distance: Int)?
        for name in names {
            let d = distance(t, Array(name.utf8))
            if d < best?.distance ?? Int.max { best = (name, d) }
        }
        guard let best, best.distance <= max(1, t.count / 3) else { return nil }
        return best.name
    }
    /// Edit distance; two swapped neighbours count as one edit.
    private static func distance(_ a: [UInt8], _ b: [UInt8]) -> Int {
        if a.count > 64 { return 64 }
        var before: [Int] = [], above: [Int] = [], row: [Int] = []
        for j in 0...b.count { row.append(j) }
        for i in 0..<a.count {
            before = above
            above = row
            row[0] = i + 1
            for j in 0..<b.count {
                var best = min(above[j] + (a[i] == b[j] ? 0 : 1), min(above[j + 1], row[j]) + 1)
                if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, before[j - 1] + 1) }
                row[j + 1] = best
            }
        }
        return row[b.count]
    }
}
