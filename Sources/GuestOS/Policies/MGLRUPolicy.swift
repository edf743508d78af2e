// The multi-generational LRU: pages age in generations, and below the low watermark the oldest generation of all background
// tabs goes first, whichever tab the pages belong to. Tabs as such do not matter.

public final class MGLRUPolicy: MemoryPolicy {
    static let description = PolicyDescription(
        "mglru", "below the low watermark compresses the oldest pages of all background tabs, generation by generation",
        source: "Zhao: Multi-Gen LRU (Linux 6.1, Documentation/admin-guide/mm/multigen_lru.rst)",
        parameters: [PolicyParameter("yield", 600, 1...1000, "expected gain of compressing a page, in per mille of it")]) { v in
            MGLRUPolicy(yieldPerMille: v.frames("yield"))
        }

    let cold: ColdPages
    init(yieldPerMille: UInt32) { cold = ColdPages(yieldPerMille: yieldPerMille) }
    public var name: StaticString { "mglru" }
    public func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision] { cold.reclaim(snapshot) }
}
