// Owns the reading of trace files. Invariant: a damaged file is a typed error, a cut-off one gives what is whole and
// says so; no file makes the reader trap or allocate more than it holds.
import Glibc

/// A trace, decoded.
public struct TraceReader: Sendable {
    public let header: TraceHeader
    public private(set) var records: [TraceRecord] = []
    /// Present when the recording was completed.
    public private(set) var footer: TraceFooter?
    public let fileByteCount: Int
    /// True when the end is missing: the records are what was saved before a crash.
    public var isTruncated: Bool { footer == nil }

    public init(path: String) throws(TraceError) {
        try self.init(bytes: Self.load(path))
    }

    public init(bytes: [UInt8]) throws(TraceError) {
        let (header, start) = try TraceFormat.decodeHeader(bytes)
        self.header = header
        fileByteCount = bytes.count
        guard let inflater = Inflater() else { throw .corrupt("zlib could not be started") }
        var context = RecordContext()
        var position = start
        while footer == nil, let chunk = try Self.chunk(bytes, &position) {
            if chunk.kind == TraceFormat.chunkFooter {
                footer = try Self.decodeFooter(chunk.stored)
            } else {
                try decode(chunk, inflater, &context)
            }
        }
    }

    public var endTick: Tick { footer?.endTick ?? records.last?.tick ?? .zero }

    private struct Chunk { var kind: UInt8; var stored: [UInt8]; var rawCount: Int }

    /// The next whole chunk; nil where the file ends.
    private static func chunk(_ bytes: [UInt8], _ position: inout Int) throws(TraceError) -> Chunk? {
        let size = TraceFormat.chunkHeaderByteCount
        guard bytes.count - position >= size else { return nil }
        var d = ByteDecoder(bytes, from: position)
        guard let kind = d.byte(), let count = d.fixed32(), let rawCount = d.fixed32(),
              let crc = d.fixed32(), let headerCRC = d.fixed32() else { return nil }
        guard TraceFormat.crc(bytes[position..<(position + size - 4)]) == headerCRC else {
            throw .corrupt("chunk header checksum at byte \(position)")
        }
        guard kind == TraceFormat.chunkData || kind == TraceFormat.chunkFooter, rawCount <= TraceFormat.chunkByteCountMax else {
            throw .corrupt("unknown chunk at byte \(position)")
        }
        guard bytes.count - position - size >= Int(count) else { return nil }
        let stored = Array(bytes[(position + size)..<(position + size + Int(count))])
        guard TraceFormat.crc(stored) == crc else { throw .corrupt("chunk checksum at byte \(position)") }
        position += size + Int(count)
        return Chunk(kind: kind, stored: stored, rawCount: Int(rawCount))
    }

    private mutating func decode(_ chunk: Chunk, _ inflater: Inflater, _ context: inout RecordContext) throws(TraceError) {
        guard let raw = inflater.decompress(chunk.stored, count: chunk.rawCount) else { throw .corrupt("chunk does not decompress") }
        var decoder = ByteDecoder(raw)
        while !decoder.isAtEnd {
            guard let record = context.decode(&decoder) else { throw .corrupt("record \(records.count)") }
            records.append(record)
        }
    }

    private static func decodeFooter(_ bytes: [UInt8]) throws(TraceError) -> TraceFooter {
        var d = ByteDecoder(bytes)
        guard let end = d.varint(), let events = d.varint(), let checkpoints = d.varint() else { throw .corrupt("footer") }
        return TraceFooter(endTick: Tick(nanoseconds: end), eventCount: events, checkpointCount: checkpoints)
    }

    private static func load(_ path: String) throws(TraceError) -> [UInt8] {
        guard let file = fopen(path, "rb") else { throw .cannotOpen(path: path, reason: String(cString: strerror(errno))) }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            bytes += buffer[0..<count]
            if count < buffer.count { break }
        }
        if ferror(file) != 0 { throw .cannotOpen(path: path, reason: String(cString: strerror(errno))) }
        return bytes
    }
}

/// Feeds a trace into a machine built from the trace's configuration.
public final class Replayer: ReplaySource {
    public let trace: TraceReader
    private let isVerifying: Bool
    private var index = 0
    /// Checkpoints that were compared and equal, or are being compared.
    public private(set) var checkpointCount = 0
    public private(set) var eventCount = 0

    /// `isVerifying: false` feeds the events and compares only the last checkpoint.
    public init(_ trace: TraceReader, isVerifying: Bool = true) {
        self.trace = trace
        self.isVerifying = isVerifying
        skip()
    }

    /// To be called before the machine's first run, instead of opening host backends.
    public func attach(to machine: Machine) {
        invariant(machine.now == .zero, "a replay must start at power-on")
        machine.replay = self
    }

    public var nextTick: Tick? { index < trace.records.count ? trace.records[index].tick : nil }

    public func take() -> ReplayItem? {
        guard index < trace.records.count else { return nil }
        let item = trace.records[index].item
        index += 1
        if case .checkpoint = item { checkpointCount += 1 } else { eventCount += 1 }
        skip()
        return item
    }

    private func skip() {
        guard !isVerifying else { return }
        while index < trace.records.count - 1, case .checkpoint = trace.records[index].item { index += 1 }
    }
}
