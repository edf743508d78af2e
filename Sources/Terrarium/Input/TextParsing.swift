// Small text helpers that the command line and the file formats share.

/// Nanoseconds of `2.5s`, `500ms`, `2m`, `1h`; nil when it is none.
public func parseDuration(_ text: String) -> UInt64? {
    let units: [(String, Double)] = [("ms", 1e6), ("us", 1e3), ("ns", 1), ("s", 1e9), ("m", 60e9), ("h", 3600e9)]
    for (suffix, factor) in units where text.hasSuffix(suffix) {
        let digits = text.dropLast(suffix.count)
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && ($0.isNumber || $0 == ".") }), let v = Double(digits), v * factor < 9e18 else { continue }
        return UInt64((v * factor).rounded())
    }
    return nil
}

/// Bytes of `512M`, `1G`, `64KiB`: binary units; nil when it is none or not positive.
public func parseByteCount(_ text: String) -> Int? {
    let units: [(String, Int)] = [("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10), ("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10)]
    for (suffix, factor) in units where text.hasSuffix(suffix) {
        if let v = Int(text.dropLast(suffix.count)), v > 0, v < 1 << 20 { return v * factor }
    }
    return nil
}

/// The nearest name by edit distance, when it is near enough to be meant.
public func closest(to word: String, among names: [String]) -> String? {
    var best: (String, Int)?
    for name in names {
        let d = editDistance(Array(word.utf8), Array(name.utf8))
        if d < (best?.1 ?? Int.max) { best = (name, d) }
    }
    guard let (name, distance) = best, distance <= max(1, word.count / 3) else { return nil }
    return name
}

/// Edit distance; two swapped neighbours count as one edit.
private func editDistance(_ a: [UInt8], _ b: [UInt8]) -> Int {
    var before: [Int] = [], above: [Int] = [], row = Array(0...b.count)
    for i in 0..<a.count {
        (before, above) = (above, row)
        row[0] = i + 1
        for j in 0..<b.count {
            var best = min(above[j] + (a[i] == b[j] ? 0 : 1), above[j + 1] + 1, row[j] + 1)
            if i > 0, j > 0, a[i] == b[j - 1], a[i - 1] == b[j] { best = min(best, before[j - 1] + 1) }
            row[j + 1] = best
        }
    }
    return row[b.count]
}
