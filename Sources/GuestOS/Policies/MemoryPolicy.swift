// What a memory-pressure policy is: a pure decision over plain values. The kernel takes a snapshot, asks the policy, checks
// each decision's preconditions, applies it and logs it with the snapshot's numbers. Policies keep no state: what they must
// remember (ages, rates, return probabilities) the kernel measures and puts into the snapshot.

import ABI

/// Where a tab stands, and what protects it, as policies see it: the system-call interface's own types.
public typealias TabLifecycle = LifecycleState
public typealias TabProtection = TabFlags

/// Private resident pages by age: generation 0 was touched in the last aging period, 3 is the oldest.
public struct PageGenerations: Sendable, Equatable {
    public static let count = 4
    private var g0: UInt32, g1: UInt32, g2: UInt32, g3: UInt32
    public init(_ g0: UInt32 = 0, _ g1: UInt32 = 0, _ g2: UInt32 = 0, _ g3: UInt32 = 0) {
        self.g0 = g0; self.g1 = g1; self.g2 = g2; self.g3 = g3
    }
    /// Pages of one generation; generations past the last count as the last.
    public subscript(_ generation: Int) -> UInt32 {
        get {
            switch generation {
            case 0: g0
            case 1: g1
            case 2: g2
            default: g3
            }
        }
        set {
            switch generation {
            case 0: g0 = newValue
            case 1: g1 = newValue
            case 2: g2 = newValue
            default: g3 = newValue
            }
        }
    }
    /// Pages of `generation` and older ones.
    public func olderOrEqual(_ generation: Int) -> UInt32 {
        var sum: UInt32 = 0
        for g in generation..<max(generation, PageGenerations.count) { sum = sum.addingClamped(self[g]) }
        return sum
    }
    public var total: UInt32 { olderOrEqual(0) }
}

/// One tab process at the moment of the snapshot. Pages are 64 KiB; times are nanoseconds of virtual time.
public struct TabSnapshot: Sendable, Equatable {
    public var pid: UInt32, tabID: UInt32
    public var lifecycle: TabLifecycle
    public var flags: TabProtection

    // Use.
    public var openedNanoseconds: UInt64 = 0
    public var lastActiveNanoseconds: UInt64
    /// When it was last on screen; `now` for the tab that is.
    public var lastVisibleNanoseconds: UInt64
    public var activationCount: UInt32 = 0
    /// Probability, in per mille, that it is activated within `MemorySnapshot.returnHorizonNanoseconds` (`ReturnModel`).
    public var returnPerMille: UInt32 = 0

    // Memory.
    public var pagesResident: UInt32, pagesCompressed: UInt32, pagesSwapped: UInt32
    /// Resident pages that no other process shares: what hibernating could give back at most.
    public var pagesPrivate: UInt32
    public var pagesFilled: UInt32 = 0, pagesShared: UInt32 = 0
    /// Ages of the private resident pages.
    public var pagesByGeneration = PageGenerations()
    /// Bytes that its compressed pages occupy in the pool.
    public var compressedByteCount: UInt64 = 0
    /// Resident pages that the codec found incompressible.
    public var pagesRefusedByCodec: UInt32 = 0
    /// Pages touched in its last activation: what a wake needs.
    public var workingSetPages: UInt32 = 0
    /// Pages that came back soon after they were taken, ever.
    public var refaultCount: UInt32 = 0
    /// How long its page took to load last time; 0 when unknown.
    public var reloadNanoseconds: UInt64 = 0
    /// Hibernated, but its pages are still being compressed.
    public var isFallingAsleep: Bool

    public init(pid: UInt32, tabID: UInt32, lifecycle: TabLifecycle, flags: TabProtection = [], lastActiveNanoseconds: UInt64,
                pagesResident: UInt32 = 0, pagesCompressed: UInt32 = 0, pagesSwapped: UInt32 = 0, pagesPrivate: UInt32 = 0, isFallingAsleep: Bool = false) {
        self.pid = pid; self.tabID = tabID; self.lifecycle = lifecycle; self.flags = flags
        self.lastActiveNanoseconds = lastActiveNanoseconds
        lastVisibleNanoseconds = lastActiveNanoseconds
        self.pagesResident = pagesResident; self.pagesCompressed = pagesCompressed; self.pagesSwapped = pagesSwapped
        self.pagesPrivate = pagesPrivate; self.isFallingAsleep = isFallingAsleep
    }
}

/// Stall time, in per mille of the last 10, 60 and 300 seconds: `some` process waited for memory, or all that could run did.
public struct PressureWindows: Sendable, Equatable {
    public var some10: UInt32 = 0, some60: UInt32 = 0, some300: UInt32 = 0
    public var full10: UInt32 = 0, full60: UInt32 = 0, full300: UInt32 = 0
    public init() {}
}

/// What moving one page of 64 KiB costs on this machine, in nanoseconds (the device profile's figures).
public struct PageCosts: Sendable, Equatable {
    public var compressPage: UInt64 = 160_000, decompressPage: UInt64 = 33_000
    public var swapReadPage: UInt64 = 250_000, swapWritePage: UInt64 = 250_000
    public init() {}
}

/// Everything that a policy may look at.
public struct MemorySnapshot: Sendable {
    /// The horizon of `TabSnapshot.returnPerMille`.
    public static let returnHorizonNanoseconds: UInt64 = 300_000_000_000

    public var nowNanoseconds: UInt64
    public var framesTotal: UInt32, framesFree: UInt32
    public var framesLow: UInt32, framesHigh: UInt32      // act below low, aim at high
    public var framesCompressedPool: UInt32
    public var pressure = PressureWindows()
    /// The tab that is on screen; 0 when there is none.
    public var activePid: UInt32 = 0
    /// Pages of 64 KiB on the swap device; all 0 without one.
    public var swapSlotsTotal: UInt32 = 0, swapSlotsFree: UInt32 = 0
    /// Pages written to swap since the start: flash wear.
    public var swapWrittenPages: UInt64 = 0
    /// Pages of any tab that came back soon after they were taken: since the start, and in the last 60 seconds.
    public var refaultsTotal: UInt64 = 0, refaultsLastMinute: UInt32 = 0
    public var costs = PageCosts()
    public var tabs: [TabSnapshot]

    public init(nowNanoseconds: UInt64, framesTotal: UInt32, framesFree: UInt32, framesLow: UInt32, framesHigh: UInt32,
                framesCompressedPool: UInt32 = 0, tabs: [TabSnapshot]) {
        self.nowNanoseconds = nowNanoseconds; self.framesTotal = framesTotal; self.framesFree = framesFree
        self.framesLow = framesLow; self.framesHigh = framesHigh; self.framesCompressedPool = framesCompressedPool; self.tabs = tabs
    }
}

/// What shall happen to a tab.
public enum MemoryAction: UInt8, Sendable, CaseIterable {
    case freeze, hibernate, discard, thaw
    case swapOut        // the whole tab, its compressed and private pages, to the swap device
    case compressCold   // up to `amount` private pages of `generation` and older, of a tab awake or asleep, oldest first
    case swapCold       // the same, to the swap device
    case prefetch       // bring back up to `amount` pages of the recorded working set
    public var name: StaticString {
        switch self {
        case .freeze: "freeze"
        case .hibernate: "hibernate"
        case .discard: "discard"
        case .thaw: "thaw"
        case .swapOut: "swap-out"
        case .compressCold: "compress-cold"
        case .swapCold: "swap-cold"
        case .prefetch: "prefetch"
        }
    }
}

/// Why it shall happen.
public enum MemoryReason: UInt8, Sendable, CaseIterable {
    case belowLowWatermark, poolCannotHelp, idle, outOfMemory, requested, swapFailed
    case brinkOfOutOfMemory, swapCannotHelp, coldPages, pressureBelowTarget, coldAge, likelyNext, lowestCredit, unlikelyReturn, cheapestPerFrame, idleTimeIsCheap
    public var name: StaticString {
        switch self {
        case .belowLowWatermark: "free frames below the low watermark"
        case .poolCannotHelp: "compression cannot free enough"
        case .idle: "hidden for long"
        case .outOfMemory: "out of memory"
        case .requested: "requested"
        case .swapFailed: "a page could not be read back from swap"
        case .brinkOfOutOfMemory: "on the brink of running out of memory"
        case .swapCannotHelp: "neither compression nor swap can free enough"
        case .coldPages: "its oldest pages were not touched for long"
        case .pressureBelowTarget: "memory pressure is below its target"
        case .coldAge: "pages older than the cold age"
        case .likelyNext: "likely to be shown next"
        case .lowestCredit: "least reload time per frame left to lose"
        case .unlikelyReturn: "least likely to be shown again"
        case .cheapestPerFrame: "least expected cost per frame gained"
        case .idleTimeIsCheap: "costs next to nothing now, and memory is getting short"
        }
    }
}

public struct MemoryDecision: Sendable, Equatable {
    public var action: MemoryAction
    public var pid: UInt32
    public var reason: MemoryReason
    /// Pages, for the actions that take a number of them; 0 for whole tabs.
    public var amount: UInt32
    /// The youngest generation that may go, for the actions on cold pages.
    public var generation: UInt8
    public init(_ action: MemoryAction, pid: UInt32, _ reason: MemoryReason, amount: UInt32 = 0, generation: UInt8 = 0) {
        self.action = action; self.pid = pid; self.reason = reason; self.amount = amount; self.generation = generation
    }
}

/// A memory-pressure policy. `decide` depends on the snapshot and the policy's parameters alone. The kernel asks each second,
/// when free memory falls below the low watermark, in direct reclaim, and when the tab on screen changes.
public protocol MemoryPolicy: AnyObject {
    var name: StaticString { get }
    func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision]
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
    /// Pages that were moved for it so far, when it takes a while.
    public var pagesMoved: UInt32 = 0
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
