// Measured: allocation. Trees of small objects that live for a moment, a tree that stays, arrays that grow. Also compiled natively.
#if arch(wasm32)
import Runtime
@_expose(wasm, "start") @_cdecl("start")
public func start(_ bootstrap: Int32) -> Int32 { work() }
#endif

private final class Node {
    let left: Node?, right: Node?
    init(_ left: Node?, _ right: Node?) { self.left = left; self.right = right }
    var count: Int32 { 1 &+ (left?.count ?? 0) &+ (right?.count ?? 0) }
}
private func tree(_ depth: Int) -> Node { depth == 0 ? Node(nil, nil) : Node(tree(depth - 1), tree(depth - 1)) }

@inline(never) func work() -> Int32 {
    let stays = tree(12)
    var sum: Int32 = 0
    for _ in 0..<40 { sum &+= tree(9).count }
    for n in 0..<300 {
        var list: [Int32] = []
        for i in 0..<200 { list.append(Int32(i ^ n)) }
        sum &+= list[n % 200]
    }
    return sum &+ stays.count
}
