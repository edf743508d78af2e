// Measured: strings, arrays and a dictionary, as programs use them. Also compiled natively.
#if arch(wasm32)
import Runtime
@_expose(wasm, "start") @_cdecl("start")
public func start(_ bootstrap: Int32) -> Int32 { work() }
#endif

@inline(never) func work() -> Int32 {
    var counts: [String: Int32] = [:]
    var state: UInt32 = 1
    for _ in 0..<60_000 {
        var word: [UInt8] = []
        for _ in 0..<8 {
            state = state &* 1_664_525 &+ 1_013_904_223
            word.append(UInt8(97 + (state >> 24) % 4))
        }
        counts[String(decoding: word, as: UTF8.self), default: 0] += 1
    }
    var list: [Int32] = []
    for (_, n) in counts { list.append(n) }
    list.sort()
    return list.last ?? 0
}
