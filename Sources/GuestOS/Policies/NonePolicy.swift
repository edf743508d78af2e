// The baseline: no tab is ever touched; only the kernel's last resort (out-of-memory kill) remains.

public final class NonePolicy: MemoryPolicy {
    static let description = PolicyDescription(
        "none", "never touches a tab; only the kernel's out-of-memory kill remains", source: "the baseline") { _ in NonePolicy() }

    public init() {}
    public var name: StaticString { "none" }
    public func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision] { [] }
}
