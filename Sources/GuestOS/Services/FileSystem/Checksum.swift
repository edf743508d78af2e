// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78; RFC 3720 appendix B.4), eight bytes a step.

public enum Checksum {
    /// Eight tables of 256; table k advances a byte that has k bytes behind it. Allocated once for the program's life.
    nonisolated(unsafe) private static let tables: UnsafePointer<UInt32> = {
        let t = UnsafeMutablePointer<UInt32>.allocate(capacity: 2048)
        for i in 0..<256 {
            var c = UInt32(i)
            for _ in 0..<8 { c = c & 1 != 0 ? 0x82F6_3B78 ^ (c >> 1) : c >> 1 }
            t[i] = c
        }
        for k in 1..<8 { for i in 0..<256 { t[k * 256 + i] = t[(k - 1) * 256 + i] >> 8 ^ t[Int(t[(k - 1) * 256 + i] & 255)] } }
        return UnsafePointer(t)
    }()

    public static func crc32c(_ p: UnsafeRawPointer, _ byteCount: Int) -> UInt32 {
        let t = tables
        var c = ~UInt32(0), i = 0
        while i &+ 8 <= byteCount {
            let low = UInt32(littleEndian: p.loadUnaligned(fromByteOffset: i, as: UInt32.self)) ^ c
            let high = UInt32(littleEndian: p.loadUnaligned(fromByteOffset: i &+ 4, as: UInt32.self))
            c = t[1792 &+ Int(low & 255)] ^ t[1536 &+ Int(low >> 8 & 255)] ^ t[1280 &+ Int(low >> 16 & 255)] ^ t[1024 &+ Int(low >> 24)]
            c ^= t[768 &+ Int(high & 255)] ^ t[512 &+ Int(high >> 8 & 255)] ^ t[256 &+ Int(high >> 16 & 255)] ^ t[Int(high >> 24)]
            i &+= 8
        }
        while i < byteCount {
            c = t[Int((c ^ UInt32(p.load(fromByteOffset: i, as: UInt8.self))) & 255)] ^ c >> 8
            i &+= 1
        }
        return ~c
    }
}
