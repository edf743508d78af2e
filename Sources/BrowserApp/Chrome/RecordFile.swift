// Files in which the browser keeps its state (docs/formats/browser-state.md): a line a record, fields between tabs, the first
// line says kind and version, the last one counts and hashes what stands before it. What was torn or altered is
// recognised as a whole: a file is taken as it was written, or not at all.

/// One line: a name and its fields, unescaped.
struct Record: Equatable, Sendable {
    var name: String
    var fields: [[UInt8]]

    /// A field as text; empty when it is not there.
    func text(_ i: Int) -> String { i < fields.count ? String(decoding: fields[i], as: UTF8.self) : "" }
    func bytes(_ i: Int) -> [UInt8] { i < fields.count ? fields[i] : [] }
    /// A field as a decimal number; nil when it is none.
    func number(_ i: Int) -> UInt64? {
        guard i < fields.count, !fields[i].isEmpty, fields[i].count <= 19 else { return nil }
        var value: UInt64 = 0
        for b in fields[i] {
            guard b >= 48, b <= 57 else { return nil }
            value = value * 10 + UInt64(b - 48)
        }
        return value
    }
}

struct RecordWriter {
    enum Field {
        case text(String), number(UInt64)
        /// Bytes that are no text: everything beyond ASCII is escaped.
        case bytes([UInt8])
    }
    private var out: [UInt8]
    private var count: UInt64 = 0

    init(_ kind: String) { out = RecordFile.head(kind) }

    mutating func add(_ name: String, _ fields: [Field]) {
        out += Array(name.utf8)
        for f in fields {
            out.append(9)
            switch f {
            case .text(let text): for b in text.utf8 { RecordFile.escape(b, isText: true, &out) }
            case .number(let n): out += Array("\(n)".utf8)
            case .bytes(let bytes): for b in bytes { RecordFile.escape(b, isText: false, &out) }
            }
        }
        out.append(10)
        count += 1
    }
    /// A record as it was read.
    mutating func add(_ record: Record) { add(record.name, record.fields.map { .bytes($0) }) }

    /// The whole file.
    func finish() -> [UInt8] { out + Array("end\t\(count)\t".utf8) + RecordFile.hexadecimal(RecordFile.hash(out[...])) + [10] }
}

enum RecordFile {
    static let byteCountMax = 4 << 20
    static func head(_ kind: String) -> [UInt8] { Array("terrarium-browser ".utf8) + Array(kind.utf8) + Array(" 1\n".utf8) }

    /// The records of a file; nil when it is of another kind or version, torn, or altered.
    static func parse(_ bytes: [UInt8], kind: String) -> [Record]? {
        let head = RecordFile.head(kind)
        guard bytes.starts(with: head), bytes.last == 10 else { return nil }
        var lastLine = bytes.count - 1
        while lastLine > 0, bytes[lastLine - 1] != 10 { lastLine -= 1 }
        guard lastLine >= head.count else { return nil }
        var records: [Record] = []
        var at = head.count
        while at < lastLine {
            var end = at
            while bytes[end] != 10 { end += 1 }
            guard let record = record(bytes[at..<end]) else { return nil }
            records.append(record)
            at = end + 1
        }
        guard let end = record(bytes[lastLine..<(bytes.count - 1)]), end.name == "end", end.fields.count == 2,
              end.number(0) == UInt64(records.count), end.fields[1] == hexadecimal(hash(bytes[..<lastLine])) else { return nil }
        return records
    }

    private static func record(_ line: ArraySlice<UInt8>) -> Record? {
        var parts: [[UInt8]] = [[]], i = line.startIndex
        while i < line.endIndex {
            let b = line[i]
            i += 1
            if b == 9 { parts.append([]); continue }
            guard b == 92 else { parts[parts.count - 1].append(b); continue }
            guard i < line.endIndex else { return nil }
            let escaped = line[i]
            i += 1
            switch escaped {
            case 92: parts[parts.count - 1].append(92)
            case 110: parts[parts.count - 1].append(10)
            case 116: parts[parts.count - 1].append(9)
            case 120:
                guard i + 1 < line.endIndex, let high = digit(line[i]), let low = digit(line[i + 1]) else { return nil }
                parts[parts.count - 1].append(high << 4 | low)
                i += 2
            default: return nil
            }
        }
        return parts[0].isEmpty ? nil : Record(name: String(decoding: parts[0], as: UTF8.self), fields: Array(parts.dropFirst()))
    }

    static func escape(_ b: UInt8, isText: Bool, _ out: inout [UInt8]) {
        switch b {
        case 9: out += [92, 116]
        case 10: out += [92, 110]
        case 92: out += [92, 92]
        case 32...126: out.append(b)
        case 128... where isText: out.append(b)
        default: out += [92, 120, digits[Int(b >> 4)], digits[Int(b & 15)]]
        }
    }
    /// FNV-1a, 64 bits: finds accidents, not forgery.
    static func hash(_ bytes: ArraySlice<UInt8>) -> UInt64 {
        var h: UInt64 = 0xCBF2_9CE4_8422_2325
        for b in bytes { h = (h ^ UInt64(b)) &* 0x100_0000_01B3 }
        return h
    }
    static func hexadecimal(_ value: UInt64) -> [UInt8] { (0..<16).map { digits[Int(value >> UInt64(60 - $0 * 4) & 15)] } }
    private static let digits = Array("0123456789abcdef".utf8)
    private static func digit(_ b: UInt8) -> UInt8? {
        switch b {
        case 48...57: b - 48
        case 97...102: b - 87
        default: nil
        }
    }
}
