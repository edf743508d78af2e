// A boot program that fills 24 MiB with a tree of small and large blocks, as a page's document does, lets go of it, and says
// what its heap holds at each point: `hoard STAGE: held H, free F, released R`.
import ABI
import Runtime

#if arch(wasm32)
private final class Node {
    var children: [Node] = []
    var text: [UInt8]
    init(_ n: Int) { text = [UInt8](repeating: UInt8(truncatingIfNeeded: n), count: 20 + n % 500) }
}
nonisolated(unsafe) private var document: [Node] = []
nonisolated(unsafe) private var pictures: [[UInt8]] = []

private func say(_ stage: String) {
    let s = Heap.statistics
    System.log("hoard " + stage + ": held \(s.pagesHeld), free \(s.pagesFree), released \(s.pagesReleased)")
}
@_expose(wasm, "start") @_cdecl("start")
public func start(_ bootstrap: Int32) {
    say("begins")
    for n in 0..<2500 {
        let top = Node(n)
        for k in 0..<16 { top.children.append(Node(n &* 31 &+ k)) }
        document.append(top)
    }
    for n in 0..<24 { pictures.append([UInt8](repeating: UInt8(n), count: 400_000)) }
    say("full")
    Reactor.main.after(20_000_000) {
        document = []
        pictures = []
        say("empty")
        Reactor.main.after(20_000_000) {
            Heap.trim()
            say("trimmed")
        }
    }
}
@_expose(wasm, "handle") @_cdecl("handle")
public func handle(_ key: Int64, _ signals: Int32) { Reactor.main.dispatch(key, signals) }
#endif
