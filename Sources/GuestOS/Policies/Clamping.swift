// Integer arithmetic that stops at the end of the range: a policy never traps on a snapshot, whatever stands in it.

extension UInt32 {
    func addingClamped(_ other: UInt32) -> UInt32 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
    func subtractingClamped(_ other: UInt32) -> UInt32 { self > other ? self - other : 0 }
    /// This many thousandths of it.
    func perMille(_ share: UInt32) -> UInt32 { UInt32(clamping: UInt64(self) * UInt64(share) / 1000) }
}

extension UInt64 {
    func addingClamped(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
    func subtractingClamped(_ other: UInt64) -> UInt64 { self > other ? self - other : 0 }
    func multipliedClamped(_ other: UInt64) -> UInt64 {
        let (product, overflow) = multipliedReportingOverflow(by: other)
        return overflow ? .max : product
    }
}
