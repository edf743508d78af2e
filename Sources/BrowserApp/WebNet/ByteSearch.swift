// Search for bytes in bytes; the standard library of programs has none.

extension Array where Element == UInt8 {
    /// True when `needle` occurs as a whole; the empty one always does.
    public func contains(bytes needle: [UInt8]) -> Bool {
        var i = 0
        while i + needle.count <= count {
            var k = 0
            while k < needle.count, self[i + k] == needle[k] { k += 1 }
            if k == needle.count { return true }
            i += 1
        }
        return false
    }
}
