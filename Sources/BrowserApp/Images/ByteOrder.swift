// Numbers in files. Every reader checks the bounds first; 32-bit values stay `UInt32` because `Int` has 32 bits in
// programs.

extension Array where Element == UInt8 {
    @inline(__always) func little16(_ i: Int) -> Int { Int(self[i]) | Int(self[i + 1]) << 8 }
    @inline(__always) func little24(_ i: Int) -> Int { little16(i) | Int(self[i + 2]) << 16 }
    @inline(__always) func little32(_ i: Int) -> UInt32 { UInt32(little16(i)) | UInt32(little16(i + 2)) << 16 }
    @inline(__always) func big16(_ i: Int) -> Int { Int(self[i]) << 8 | Int(self[i + 1]) }

    /// Whether the bytes from `start` on spell `text`.
    func spells(_ text: StaticString, at start: Int = 0) -> Bool {
        let n = text.utf8CodeUnitCount
        guard start >= 0, count - start >= n else { return false }
        for i in 0..<n where self[start + i] != text.utf8Start[i] { return false }
        return true
    }

    /// A copy of a range (its bounds are the caller's business), made by one block copy: `Array(slice)` goes element by
    /// element in Embedded Swift.
    func copied(_ start: Int, _ stop: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: stop - start) { out, n in
            n = stop - start
            self.withUnsafeBufferPointer { source in
                if n > 0 { UnsafeMutableRawPointer(out.baseAddress!).copyMemory(from: source.baseAddress! + start, byteCount: n) }
            }
        }
    }
}
