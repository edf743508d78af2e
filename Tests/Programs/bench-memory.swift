// Measured: loops over memory. A sieve of bytes and a sum that walks two megabytes in strides. Also compiled natively.
#if arch(wasm32)
import Runtime
@_expose(wasm, "start") @_cdecl("start")
public func start(_ bootstrap: Int32) -> Int32 { work() }
#endif

private func sieve(_ count: Int) -> Int32 {
    var isComposite = [UInt8](repeating: 0, count: count)
    var found: Int32 = 0
    for i in 2..<count where isComposite[i] == 0 {
        found &+= 1
        var j = i &+ i
        while j < count { isComposite[j] = 1; j &+= i }
    }
    return found
}
private func walk(_ count: Int) -> Int32 {
    var words = [Int32](repeating: 1, count: count)
    var at = 0, sum: Int32 = 0
    for i in 0..<count {
        sum = sum &* 31 &+ words[at]
        words[at] = sum ^ Int32(truncatingIfNeeded: i)
        at = (at &+ 40_503) & (count &- 1)
    }
    return sum
}

@inline(never) func work() -> Int32 { sieve(1_000_000) ^ walk(1 << 19) }
