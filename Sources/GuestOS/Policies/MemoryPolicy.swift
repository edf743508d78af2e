// Memory-pressure policies: pure decisions over plain values. The kernel takes a snapshot, asks the policy, checks each
// decision's preconditions, applies it and logs it with the snapshot's numbers. Policies keep no state that matters.

import ABI

/// Where a tab stands, and what protects it, as policies see it: the system-call interface's own types.
public typealias TabLifecycle = LifecycleState
public typealias TabProtection = TabFlags

/// One tab process at the moment of the snapshot. Pages are 64 KiB.
public struct TabSnapshot: Sendable, Equatable {
    public var pid: UInt32, tabID: UInt32
    public var lifecycle: TabLifecycle
    public var flags: TabProtection
    public var lastActiveNanoseconds: UInt64
    public var pagesResident: UInt32, pagesCompressed: UInt32, pagesSwapped: UInt32
    /// Resident pages that no other process shares: what hibernating could give back at most.
    public var pagesPrivate: UInt32
    /// Hibernated, but its pages are still being compressed.
    public var isFallingAsleep: Bool
    public init(pid: UInt32, tabID: UInt32, lifecycle: TabLifecycle, flags: TabProtection = [], lastActiveNanoseconds: UInt64,
                pagesResident: UInt32 = 0, pagesCompressed: UInt32 = 0, pagesSwapped: UInt32 = 0, pagesPrivate: UInt32 = 0, isFallingAsleep: Bool = false) {
        self.pid = pid; self.tabID = tabID; self.lifecycle = lifecycle; self.flags = flags
        self.lastActiveNanoseconds = lastActiveNanoseconds
        self.pagesResident = pagesResident; self.pagesCompressed = pagesCompressed; self.pagesSwapped = pagesSwapped
        self.pagesPrivate = pagesPrivate; self.isFallingAsleep = isFallingAsleep
    }
}

/// Everything a policy may look at.
public struct MemorySnapshot: Sendable {
    public var nowNanoseconds: UInt64
    public var framesTotal: UInt32, framesFree: UInt32
    public var framesLow: UInt32, framesHigh: UInt32      // act below low, aim at high
    public var framesCompressedPool: UInt32
    public var pressureSomePerMille: UInt32, pressureFullPerMille: UInt32
    public var tabs: [TabSnapshot]
    public init(nowNanoseconds: UInt64, framesTotal: UInt32, framesFree: UInt32, framesLow: UInt32, framesHigh: UInt32,
                framesCompressedPool: UInt32 = 0, pressureSomePerMille: UInt32 = 0, pressureFullPerMille: UInt32 = 0, tabs: [TabSnapshot]) {
        self.nowNanoseconds = nowNanoseconds; self.framesTotal = framesTotal; self.framesFree = framesFree
        self.framesLow = framesLow; self.framesHigh = framesHigh; self.framesCompressedPool = framesCompressedPool
        self.pressureSomePerMille = pressureSomePerMille; self.pressureFullPerMille = pressureFullPerMille; self.tabs = tabs
    }
}

/// What shall happen to a tab.
public enum MemoryAction: UInt8, Sendable {
    case freeze, hibernate, discard, thaw
    public var name: StaticString {
        switch self {
        case .freeze: "freeze"
        case .hibernate: "hibernate"
        case .discard: "discard"
        case .thaw: "thaw"
        }
    }
}

/// Why it shall happen.
public enum MemoryReason: UInt8, Sendable {
    case belowLowWatermark, poolCannotHelp, idle, outOfMemory, requested
    public var name: StaticString {
        switch self {
        case .belowLowWatermark: "free frames below the low watermark"
        case .poolCannotHelp: "compression cannot free enough"
        case .idle: "hidden for long"
        case .outOfMemory: "out of memory"
        case .requested: "requested"
        }
    }
}

public struct MemoryDecision: Sendable, Equatable {
    public var action: MemoryAction
    public var pid: UInt32
    public var reason: MemoryReason
    public init(_ action: MemoryAction, pid: UInt32, _ reason: MemoryReason) { self.action = action; self.pid = pid; self.reason = reason }
}

/// A memory-pressure policy. `decide` depends on the snapshot alone.
public protocol MemoryPolicy: AnyObject {
    var name: StaticString { get }
    func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision]
}

/// Least recently active first; ties by pid, so that the order never depends on anything else.
func byLastActivity(_ tabs: [TabSnapshot]) -> [TabSnapshot] {
    tabs.sorted { a, b in a.lastActiveNanoseconds != b.lastActiveNanoseconds ? a.lastActiveNanoseconds < b.lastActiveNanoseconds : a.pid < b.pid }
}

/// One decision with the numbers that caused it.
public struct DecisionRecord {
    public var nowNanoseconds: UInt64
    public var policy: StaticString
    public var decision: MemoryDecision
    public var tabID: UInt32
    public var framesFree: UInt32, framesLow: UInt32
    public var pressureSomePerMille: UInt32
    public var isApplied: Bool
    public init(nowNanoseconds: UInt64, policy: StaticString, decision: MemoryDecision, tabID: UInt32, framesFree: UInt32, framesLow: UInt32,
                pressureSomePerMille: UInt32, isApplied: Bool) {
        self.nowNanoseconds = nowNanoseconds
        self.policy = policy
        self.decision = decision
        self.tabID = tabID
        self.framesFree = framesFree
        self.framesLow = framesLow
        self.pressureSomePerMille = pressureSomePerMille
        self.isApplied = isApplied
    }
}
