// The kernel's limits, costs and configuration, on one page.

import ABI
import MemoryManager
import Policies

/// Fixed capacities. Program-visible limits stand in `ABI.Limits`.
public enum KernelLimits {
    /// A desktop with 100 tabs, services and apps.
    static let processCountMax = 256
    /// Handle numbers keep 12 bits for the index.
    static let handleCountMax = 4095
    /// Kernel objects that one process pays for. The browser with 100 tabs has about 600.
    static let objectsPerProcessMax = 2048
    /// All kernel objects: every process may have its share and be an object itself, and the kernel has its own; so the
    /// table is never the reason why somebody is refused. About 150 bytes of host memory each.
    static let objectCountMax = processCountMax * (objectsPerProcessMax + 1) + 1024
    static let timersPerProcessMax = 512
    /// Unread messages that one process has sent: eight channels filled to the brim (`Limits.channelDepthMax` × 4 KiB).
    static let queuedBytesPerProcessMax = 8 << 20
    /// Processes that one process has started, directly or not; `init` may start more. 100 tabs, warm copies, apps; half
    /// of the table at most, so that others can still be started.
    static let descendantCountMax = 160
    /// A duplicate of a duplicate of …: bounds the walk of a revocation and the nodes that one handle keeps alive.
    static let derivationDepthMax = 64
    static let subscriptionCountMax = 1024
    static let waitItemCountMax = 64
    /// One shared object: a 4096 × 4096 surface is 1024 pages; half the window at most.
    static let sharedPageCountMax = 8192
    /// Shared objects that one process has mapped. A window manager with 200 windows of two surfaces has 400.
    static let mappingCountMax = 1024
    static let serviceCountMax = 64
    static let randomByteCountMax = 65536
    static let inputEventCountMax = 1024
    /// Transfers of the data disk at a time, a frame each.
    static let diskTransferCountMax = 4
    static let decisionLogCountMax = 1 << 16
    /// What is left when an allocation begins to reclaim.
    public static let reserveFrameCount = MemoryLimits.reserveFrameCount
    static let priorityCount = 3
}

/// Modelled costs of kernel work in nanoseconds (a small core at 1 GHz; `docs/internals/kernel.md`).
public struct CostModel: Sendable {
    public var systemCall: UInt64 = 80
    public var contextSwitch: UInt64 = 1_000
    public var fault: UInt64 = 700
    public var pageZero: UInt64 = 4_000             // 64 KiB at 16 bytes/ns
    public var pageCopy: UInt64 = 8_000
    public var pageMap: UInt64 = 100
    public var copyPerKiB: UInt64 = 64              // user memory <-> kernel
    public var compressPage: UInt64 = 160_000       // LZ4 at ~0.4 GB/s
    public var decompressPage: UInt64 = 33_000      // ~2 GB/s
    public var spawn: UInt64 = 50_000
    public var cloneBase: UInt64 = 10_000
    public var clonePerPage: UInt64 = 60
    public var interrupt: UInt64 = 1_000
    public var perItem: UInt64 = 4                  // one entry of a table that a call walks, one byte it makes
    public init() {}
    var memory: MemoryCosts {
        MemoryCosts(pageZero: pageZero, pageCopy: pageCopy, pageMap: pageMap, compressPage: compressPage, decompressPage: decompressPage, perItem: perItem)
    }
}

/// What the kernel is started with.
public struct KernelConfiguration {
    public var costs = CostModel()
    public var policy: any MemoryPolicy = NonePolicy()
    public var timesliceNanoseconds: UInt64 = 2_000_000
    /// Time of one metered instruction; 1000 = 1 GHz.
    public var instructionPicoseconds: UInt64 = 1_000
    public var isSwapEnabled = true
    public var bootProgram = "init"
    public var policyPeriodNanoseconds: UInt64 = 1_000_000_000
    /// Pages of tabs grow a generation older after this time without a touch.
    public var agingPeriodNanoseconds: UInt64 = 5_000_000_000
    /// What a tab touches in this time after it came to the screen is its working set.
    public var activationNanoseconds: UInt64 = 500_000_000
    /// What policies are told a page of swap costs, device and all.
    public var swapReadPage: UInt64 = 250_000, swapWritePage: UInt64 = 250_000
    /// Watermarks in frames; 0 derives them (1/8 and 1/5 of all frames).
    public var framesLow: UInt32 = 0, framesHigh: UInt32 = 0
    /// Private frames one process may have; 0: half of all, so that one runaway does not evict everybody.
    public var processFramesMax: UInt32 = 0
    /// Where VirtIO windows are looked for.
    public var deviceBase: UInt64 = 0x0a00_0000, deviceStride: UInt64 = 0x200, deviceSlotCount = 32
    public init() {}
}
