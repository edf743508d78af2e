// The baseline: no tab is ever touched; only the kernel's last resort (out-of-memory kill) remains.

public final class NonePolicy: MemoryPolicy {
    public init() {}
    public var name: StaticString { "none" }
    public func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision] { [] }
}
