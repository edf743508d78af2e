// Owns the text forms of a trace: `simctl trace info`, `dump` and `diff`.

/// Text lines about traces.
public enum TraceDump {
    /// A summary, one fact a line.
    public static func info(_ trace: TraceReader) -> [String] {
        let c = trace.header.configuration
        let events = trace.records.filter { if case .event = $0.item { true } else { false } }.count
        var lines = [
            "format       version \(TraceFormat.version), \(trace.fileByteCount) bytes" + (trace.isTruncated ? ", truncated" : ""),
            "toolchain    \(trace.header.toolchain)",
            "image        \(hexadecimal(trace.header.imageHash))",
            "machine      \(c.ramByteCount >> 20) MiB RAM, \(c.cpuMHz) MHz, seed \(c.seed)",
            "wall clock   \(c.wallClockBaseNanoseconds / 1_000_000_000) (Unix seconds at power-on)",
            "length       \(trace.endTick.text) s",
            "events       \(events)",
            "checkpoints  \(trace.records.count - events)",
        ]
        for parameter in c.parameters { lines.append("parameter    \(parameter)") }
        return lines
    }

    /// One line a record.
    public static func lines(_ trace: TraceReader) -> [String] { trace.records.map(line) }

    public static func line(_ record: TraceRecord) -> String {
        switch record.item {
        case .event(let event): return "\(record.tick.text) \(text(event))"
        case .checkpoint(let checkpoint):
            let hashes = checkpoint.entries.map { entry in "\(entry.name)=\(hexadecimal(entry.hash))" }
            return "\(record.tick.text) checkpoint \(hashes.joined(separator: " "))"
        }
    }

    public static func text(_ event: HostEvent) -> String {
        switch event {
        case .key(let code, let down): "key \(code) \(down ? "down" : "up")"
        case .pointerMove(let x, let y): "move \(x) \(y)"
        case .pointerButton(let code, let down): "button \(code) \(down ? "down" : "up")"
        case .wheel(let notches): "wheel \(notches)"
        case .packet(let frame): "packet \(frame.count) bytes"
        case .consoleInput(let bytes): "console \(bytes.count) bytes"
        case .close: "close"
        }
    }

    /// What differs between two traces: configuration, then the first differing record. Empty when they are equal.
    public static func diff(_ a: TraceReader, _ b: TraceReader) -> [String] {
        var lines: [String] = []
        if a.header != b.header { lines.append("headers differ"); lines += headerDiff(info(a), info(b)) }
        let common = zip(a.records, b.records)
        if let (index, pair) = common.enumerated().first(where: { $0.element.0 != $0.element.1 }) {
            lines.append("first difference at record \(index):")
            lines += recordDiff(pair.0, pair.1)
        } else if a.records.count != b.records.count {
            lines.append("\(a.records.count) records against \(b.records.count); the common part is equal")
        }
        return lines
    }

    private static func headerDiff(_ a: [String], _ b: [String]) -> [String] {
        var lines: [String] = []
        for line in a where !b.contains(line) { lines.append("- " + line) }
        for line in b where !a.contains(line) { lines.append("+ " + line) }
        return lines
    }

    private static func recordDiff(_ a: TraceRecord, _ b: TraceRecord) -> [String] {
        guard case .checkpoint(let x) = a.item, case .checkpoint(let y) = b.item, a.tick == b.tick else {
            return ["- " + line(a), "+ " + line(b)]
        }
        var lines: [String] = []
        for (left, right) in zip(x.entries, y.entries) where left != right {
            lines.append("  \(a.tick.text) \(left.name): \(hexadecimal(left.hash)) against \(hexadecimal(right.hash))")
        }
        return lines.isEmpty ? ["- " + line(a), "+ " + line(b)] : lines
    }

    static func hexadecimal(_ value: UInt64) -> String {
        let digits = String(value, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
