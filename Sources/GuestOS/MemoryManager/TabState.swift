// What the coordinator knows of one tab: the browser's hints and what follows from them.

import ABI

public struct TabState: Sendable {
    /// Policies see it.
    public var isTab = false
    public var tabID: UInt32 = 0
    public var lifecycle = LifecycleState.active
    public var flags: TabFlags = []
    public var openedNanoseconds: UInt64 = 0
    /// When it last was active or was made so; when it was last on screen.
    public var lastActiveNanoseconds: UInt64 = 0
    public var lastVisibleNanoseconds: UInt64 = 0
    public var activationCount: UInt32 = 0
    /// How long its page took to load, as the browser reported; 0: unknown.
    public var reloadNanoseconds: UInt64 = 0
    public init() {}

    public var isVisible: Bool { lifecycle == .active || lifecycle == .passive }
}
