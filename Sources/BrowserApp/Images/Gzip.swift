// Gzip members (RFC 1952) around deflate data, as `.svgz` files have them. The checksum at the end is not read: a picture that
// arrives damaged is shown as far as it goes.
public enum Gzip {
    public static func isGzip(_ bytes: [UInt8]) -> Bool { bytes.count >= 18 && bytes[0] == 0x1F && bytes[1] == 0x8B && bytes[2] == 8 }

    /// The first member's contents; nil when its header is damaged, or when it holds more than `byteCountMax` bytes.
    public static func inflate(_ bytes: [UInt8], byteCountMax: Int) -> [UInt8]? {
        guard isGzip(bytes), let start = dataStart(bytes) else { return nil }
        var inflater = Inflater(zlib: false, outputByteCountMax: byteCountMax), failure: InflateError?
        bytes.withUnsafeBufferPointer { all in
            do throws(InflateError) { try inflater.feed(UnsafeBufferPointer(rebasing: all[start...])) } catch { failure = error }
        }
        if failure == .outputLimit { return nil }
        return inflater.output
    }

    /// Past the header and its optional fields (§2.3.1).
    private static func dataStart(_ bytes: [UInt8]) -> Int? {
        let flags = bytes[3]
        var at = 10
        if flags & 4 != 0 {
            guard at + 2 <= bytes.count else { return nil }
            at += 2 + Int(bytes[at]) + Int(bytes[at + 1]) << 8
        }
        for bit: UInt8 in [8, 16] where flags & bit != 0 {                  // file name, comment: each ends with a zero
            while at < bytes.count, bytes[at] != 0 { at += 1 }
            at += 1
        }
        if flags & 2 != 0 { at += 2 }
        return at < bytes.count ? at : nil
    }
}
