// Misbehaves in the way its bootstrap argument names: for tests of containment.
//   0 array index out of range · 1 arithmetic overflow · 2 forced unwrap of nil · 3 endless recursion · 4 endless loop ·
//   5 memory without end · 6 wild pointer · 7 fatalError · 8 system calls with nonsense · 9 returns · 10 writes into the
//   window of shared memory without mapping any · 11 exits twice
import ABI
import Runtime

#if arch(wasm32)
nonisolated(unsafe) var sink: [[UInt8]] = []
nonisolated(unsafe) var depthReached: Int32 = 0

@inline(never) func recurse(_ n: Int32) -> Int32 {
    depthReached = n
    return n &+ recurse(n &+ 1) &* 3
}
@inline(never) func element(_ list: [Int32], _ i: Int) -> Int32 { list[i] }
@inline(never) func sum(_ a: Int32, _ b: Int32) -> Int32 { a + b }
@inline(never) func unwrap(_ v: Int32?) -> Int32 { v! }

@_expose(wasm, "start") @_cdecl("start")
public func start(_ kind: Int32) -> Int32 {
    switch kind {
    case 0: return element([1, 2, 3], Int(kind) + 7)
    case 1: return sum(.max, kind)
    case 2: return unwrap(kind == 2 ? nil : 1)
    case 3: return recurse(0)
    case 4: while true { depthReached &+= 1 }
    case 5: while true { sink.append([UInt8](repeating: 1, count: 65536)) }
    case 6: return UnsafePointer<Int32>(bitPattern: UInt(0xf000_0000))!.pointee
    case 7: fatalError("misfit asked for it")
    case 8:
        for n in Int32(-5)..<200 where n != 0 {
            if let call = SystemCall(rawValue: n) { _ = rawSystemCall(call, -1, .max, .min, 0x7fff_ffff_ffff, -1, Int64(1) << 40) }
        }
        return 0
    case 10:
        UnsafeMutablePointer<Int32>(bitPattern: UInt(0x4000_0000))!.pointee = 1
        return 0
    case 11:
        System.exit(1)
        System.exit(2)
        return 0
    default: return kind
    }
}
#endif
