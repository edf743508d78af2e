// Owns little-endian packing of device structures: configuration spaces and responses.

/// Appends little-endian fields.
struct ConfigurationWriter {
    var bytes: [UInt8] = []

    static func bytes(_ fill: (inout ConfigurationWriter) -> Void) -> [UInt8] {
        var writer = ConfigurationWriter()
        fill(&writer)
        return writer.bytes
    }

    mutating func add8(_ value: UInt8) { bytes.append(value) }
    mutating func add16(_ value: UInt16) { add8(UInt8(truncatingIfNeeded: value)); add8(UInt8(value >> 8)) }
    mutating func add32(_ value: UInt32) { add16(UInt16(truncatingIfNeeded: value)); add16(UInt16(value >> 16)) }
    mutating func add64(_ value: UInt64) { add32(UInt32(truncatingIfNeeded: value)); add32(UInt32(value >> 32)) }
    mutating func add(_ more: [UInt8]) { bytes += more }
    mutating func pad(to count: Int) { while bytes.count < count { bytes.append(0) } }
}

/// Reads little-endian fields; 0 past the end.
struct FieldReader {
    let bytes: [UInt8]
    func get16(_ offset: Int) -> UInt16 {
        offset + 2 <= bytes.count ? UInt16(bytes[offset]) | UInt16(bytes[offset + 1]) << 8 : 0
    }
    func get32(_ offset: Int) -> UInt32 { UInt32(get16(offset)) | UInt32(get16(offset + 2)) << 16 }
    func get64(_ offset: Int) -> UInt64 { UInt64(get32(offset)) | UInt64(get32(offset + 4)) << 32 }
}
