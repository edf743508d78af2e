// Small tools of the kernel: invariants, the stop reasons of a system call, and the state hasher.

import ABI

/// Our bug, not the guest's: stops the machine, also in release builds.
@inline(__always)
func invariant(_ condition: Bool, _ message: StaticString) {
    if !condition { kernelPanic(message) }
}
@inline(never)
func kernelPanic(_ message: StaticString) -> Never {
    #if hasFeature(Embedded)
    fatalError(message)
    #else
    fatalError("kernel invariant: \(message)")
    #endif
}

/// Why a system call gives no result now.
enum CallStop: Error {
    case failed(SystemError)
    case blocked            // the process waits; the call is dispatched again when it is woken
    case ended              // the process is gone
}

/// FNV-1a over 64-bit words; the order of what is fed is part of the value.
public struct StateHasher {
    public private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325
    public init() {}
    @inline(__always)
    public mutating func combine(_ word: UInt64) { value = (value ^ word) &* 0x0000_0100_0000_01b3; value ^= value >> 29 }
    public mutating func combine(_ word: UInt32) { combine(UInt64(word)) }
    public mutating func combine(_ word: Int) { combine(UInt64(bitPattern: Int64(word))) }
    public mutating func combine(_ bytes: [UInt8]) {
        combine(bytes.count)
        for b in bytes { combine(UInt64(b)) }
    }
    /// One page, in four independent lanes.
    public mutating func combine(page: UnsafeRawPointer) {
        var a: UInt64 = 1, b: UInt64 = 2, c: UInt64 = 3, d: UInt64 = 4
        let prime: UInt64 = 0x9e37_79b9_7f4a_7c15
        var i = 0
        while i < Limits.pageByteCount {
            a = (a ^ page.load(fromByteOffset: i, as: UInt64.self)) &* prime
            b = (b ^ page.load(fromByteOffset: i &+ 8, as: UInt64.self)) &* prime
            c = (c ^ page.load(fromByteOffset: i &+ 16, as: UInt64.self)) &* prime
            d = (d ^ page.load(fromByteOffset: i &+ 24, as: UInt64.self)) &* prime
            a ^= a >> 32; b ^= b >> 32; c ^= c >> 32; d ^= d >> 32
            i &+= 32
        }
        combine(a); combine(b); combine(c); combine(d)
    }
}
