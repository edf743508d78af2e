// Owns the byte layout of trace files (docs/formats/trace.md): header, chunk frames, records. Invariant: writer and
// reader share these codecs, and a decoder never reads past its bytes nor trusts a count before checking it.
import CHash

/// What went wrong with a trace file.
public enum TraceError: Error, Equatable, Sendable {
    case cannotOpen(path: String, reason: String)
    case notATrace
    case foreignVersion(found: UInt16, supported: UInt16)
    case corrupt(String)

    public var message: String {
        switch self {
        case .cannotOpen(let path, let reason): "cannot read trace \(path): \(reason)"
        case .notATrace: "not a Terrarium trace"
        case .foreignVersion(let found, let supported): "trace has format version \(found); this program reads version \(supported)"
        case .corrupt(let what): "trace is corrupt: \(what)"
        }
    }
}

/// What a trace says about the machine that recorded it.
public struct TraceHeader: Equatable, Sendable {
    public var configuration: MachineConfiguration
    /// Content hash of the guest image; a replay needs the same image.
    public var imageHash: UInt64
    /// Compiler and version that built the guest's native code.
    public var toolchain: String

    public init(configuration: MachineConfiguration, imageHash: UInt64, toolchain: String) {
        self.configuration = configuration
        self.imageHash = imageHash
        self.toolchain = toolchain
    }
}

/// What a completed recording says at its end.
public struct TraceFooter: Equatable, Sendable {
    public var endTick: Tick
    public var eventCount: UInt64
    public var checkpointCount: UInt64
}

/// One entry of a trace.
public struct TraceRecord: Equatable, Sendable {
    public var tick: Tick
    public var item: ReplayItem
}

enum TraceFormat {
    static let magic = Array("TRRMTRCE".utf8)
    static let version: UInt16 = 1
    static let chunkData: UInt8 = 1, chunkFooter: UInt8 = 2
    static let chunkHeaderByteCount = 17       // kind, stored count, raw count, payload CRC, CRC of these 13 bytes
    static let chunkByteCountMax = 64 << 20
    static let flushNanoseconds: UInt64 = 1_000_000_000
    static let flushByteCount = 64 << 10

    static func crc(_ bytes: some Collection<UInt8>) -> UInt32 {
        let copy = Array(bytes)
        return copy.withUnsafeBytes { terrarium_crc32(0, $0.baseAddress, $0.count) }
    }

    static func encode(_ header: TraceHeader) -> [UInt8] {
        var body = ByteEncoder()
        let c = header.configuration
        body.text(header.toolchain)
        body.fixed64(header.imageHash)
        for value in [UInt64(c.ramByteCount), c.seed, UInt64(c.cpuMHz), c.wallClockBaseNanoseconds, c.sliceNanosecondsMax, c.checkpointPeriodNanoseconds] {
            body.varint(value)
        }
        body.varint(UInt64(c.parameters.count))
        for parameter in c.parameters { body.text(parameter) }
        var file = ByteEncoder()
        file.bytes = magic
        file.fixed16(version)
        file.fixed16(0)
        file.fixed32(UInt32(body.bytes.count))
        file.fixed32(crc(body.bytes))
        return file.bytes + body.bytes
    }

    static func decodeHeader(_ file: [UInt8]) throws(TraceError) -> (TraceHeader, byteCount: Int) {
        guard file.count >= 12, Array(file[0..<8]) == magic else { throw .notATrace }
        let found = UInt16(file[8]) | UInt16(file[9]) << 8
        guard found == version else { throw .foreignVersion(found: found, supported: version) }
        var decoder = ByteDecoder(file, from: 12)
        guard let count = decoder.fixed32(), let expected = decoder.fixed32() else { throw .corrupt("header is cut off") }
        guard Int(count) <= file.count - 20 else { throw .corrupt("header is cut off") }
        let body = Array(file[20..<(20 + Int(count))])
        guard crc(body) == expected else { throw .corrupt("header checksum") }
        guard let header = decodeHeaderBody(body) else { throw .corrupt("header fields") }
        return (header, 20 + Int(count))
    }

    private static func decodeHeaderBody(_ body: [UInt8]) -> TraceHeader? {
        var d = ByteDecoder(body)
        guard let toolchain = d.text(), let imageHash = d.fixed64(), let ram = d.varint(), let seed = d.varint(),
              let cpu = d.varint(), let wall = d.varint(), let slice = d.varint(), let period = d.varint(),
              let count = d.varint(), ram <= 1 << 40, cpu <= 100_000, count <= 10_000 else { return nil }
        var parameters: [String] = []
        for _ in 0..<count {
            guard let parameter = d.text() else { return nil }
            parameters.append(parameter)
        }
        let configuration = MachineConfiguration(
            ramByteCount: Int(ram), seed: seed, cpuMHz: UInt32(cpu), wallClockBaseNanoseconds: wall,
            sliceNanosecondsMax: slice, checkpointPeriodNanoseconds: period, parameters: parameters)
        return TraceHeader(configuration: configuration, imageHash: imageHash, toolchain: toolchain)
    }
}

/// Appends integers and strings.
struct ByteEncoder {
    var bytes: [UInt8] = []
    mutating func byte(_ value: UInt8) { bytes.append(value) }
    mutating func fixed16(_ value: UInt16) { byte(UInt8(truncatingIfNeeded: value)); byte(UInt8(value >> 8)) }
    mutating func fixed32(_ value: UInt32) { fixed16(UInt16(truncatingIfNeeded: value)); fixed16(UInt16(value >> 16)) }
    mutating func fixed64(_ value: UInt64) { fixed32(UInt32(truncatingIfNeeded: value)); fixed32(UInt32(value >> 32)) }
    mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 { byte(UInt8(rest & 0x7f) | 0x80); rest >>= 7 }
        byte(UInt8(rest))
    }
    mutating func signed(_ value: Int64) { varint(UInt64(bitPattern: (value << 1) ^ (value >> 63))) }
    mutating func blob(_ value: [UInt8]) { varint(UInt64(value.count)); bytes += value }
    mutating func text(_ value: String) { blob(Array(value.utf8)) }
}

/// Reads them back; nil past the end or for a malformed value.
struct ByteDecoder {
    private let bytes: [UInt8]
    private(set) var position: Int
    init(_ bytes: [UInt8], from position: Int = 0) { self.bytes = bytes; self.position = position }
    var isAtEnd: Bool { position >= bytes.count }

    mutating func byte() -> UInt8? {
        guard position < bytes.count else { return nil }
        position += 1
        return bytes[position - 1]
    }
    private mutating func fixed(_ count: Int) -> UInt64? {
        guard bytes.count - position >= count else { return nil }
        var value: UInt64 = 0
        for index in 0..<count { value |= UInt64(bytes[position + index]) << UInt64(8 * index) }
        position += count
        return value
    }
    mutating func fixed32() -> UInt32? { fixed(4).map { UInt32($0) } }
    mutating func fixed64() -> UInt64? { fixed(8) }
    mutating func varint() -> UInt64? {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let next = byte() else { return nil }
            if shift == 63, next > 1 { return nil }
            value |= UInt64(next & 0x7f) << shift
            if next & 0x80 == 0 { return value }
        }
        return nil
    }
    mutating func signed() -> Int64? {
        varint().map { Int64(bitPattern: $0 >> 1) ^ -Int64(bitPattern: $0 & 1) }
    }
    mutating func blob() -> [UInt8]? {
        guard let count = varint(), count <= UInt64(bytes.count - position) else { return nil }
        defer { position += Int(count) }
        return Array(bytes[position..<(position + Int(count))])
    }
    mutating func text() -> String? { blob().map { String(decoding: $0, as: UTF8.self) } }
}
