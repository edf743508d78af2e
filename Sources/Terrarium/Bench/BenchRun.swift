// What one run of the hibernation benchmark left: everything that reports, tables and traces are made from. It is written
// as one JSON file a run, so that runs can be made by many processes and on many hosts and joined later.
// Format: docs/formats/results.md. Invariant: nothing in it comes from a clock or a host.

import Foundation

/// A combination of the benchmark: one session under one policy.
public struct BenchCombination: Codable, Equatable, Hashable, Sendable {
    public var scenario: String
    /// `NAME[:key=value,…]`.
    public var policy: String
    public var seed: UInt64
    public init(scenario: String, policy: String, seed: UInt64) { self.scenario = scenario; self.policy = policy; self.seed = seed }
    public var text: String { "\(scenario), \(policy), seed \(seed)" }
    /// The policy's name without its parameters.
    public var policyName: String { String(policy.prefix { $0 != ":" }) }
}

public struct BenchRun: Codable, Equatable, Sendable {
    public static let schema = 1
    public var schema = BenchRun.schema
    public var combination: BenchCombination
    /// Hash of everything that decides the run; equal keys mean equal runs.
    public var key: String
    public var about: About
    public var rows: [ResultRow]
    public var switches: [Switch] = []
    /// Tabs that were on screen for the first time: from the request to the first picture, ns.
    public var openLatencies: [UInt64] = []
    public var samples: [Sample] = []
    public var tabStates: [TabSpan] = []
    public var decisions: [Decision] = []
    /// Combined state hash at the end, hexadecimal.
    public var finalHash: String = ""

    /// What no run can have; nil when everything is possible. Files come from other hosts, and sums of these numbers follow.
    var problem: String? {
        let ticks: UInt64 = 1 << 60, frames: UInt32 = 1 << 24
        if about.nanoseconds > ticks || about.ramByteCount < 0 || about.swapByteCount < 0 { return "about" }
        if rows.contains(where: { $0.value < 0 || $0.value > 1 << 60 }) { return "rows" }
        if switches.contains(where: { $0.tick > ticks || ($0.latency ?? 0) > ticks }) || openLatencies.contains(where: { $0 > ticks }) { return "switches" }
        if tabStates.contains(where: { $0.from > ticks || $0.to > ticks }) || decisions.contains(where: { $0.tick > ticks }) { return "times" }
        if samples.contains(where: { s in s.milliseconds > ticks / 1_000_000 || [s.process, s.shared, s.pool, s.kernel, s.free, s.active, s.hidden, s.asleep, s.wanted].contains { $0 > frames } }) { return "samples" }
        return nil
    }

    public struct About: Codable, Equatable, Sendable {
        public var summary: String
        public var ramByteCount: Int
        public var swapByteCount: Int
        public var cpuMHz: UInt32
        public var profile: String?
        /// The policy with all its parameters.
        public var specification: String
        public var image: String
        public var nanoseconds: UInt64
        public var isGenerated: Bool
        /// Whether policies can be compared: everything alike but the session's length, which the seed decides.
        func isSameMachine(_ o: About) -> Bool {
            ramByteCount == o.ramByteCount && swapByteCount == o.swapByteCount && cpuMHz == o.cpuMHz && profile == o.profile && image == o.image
        }
    }
    /// The user asked for a tab that had been on screen before.
    public struct Switch: Codable, Equatable, Sendable {
        public var tick: UInt64
        public var tab: UInt32
        /// Until the first picture with content; nil: another request came before an answer, or the run ended.
        public var latency: UInt64?
        /// What it was when it was asked for: hidden, frozen, hibernated, discarded.
        public var state: String
        public var pagesCompressed: UInt32, pagesSwapped: UInt32
    }
    /// Memory at one moment, in frames or pages of 64 KiB.
    public struct Sample: Codable, Equatable, Sendable {
        public var milliseconds: UInt64
        public var process: UInt32, shared: UInt32, pool: UInt32, kernel: UInt32, free: UInt32
        public var pagesCompressed: UInt32, pagesSwapped: UInt32
        /// Resident private pages of tabs: on screen, hidden or frozen, and asleep but not yet compressed.
        public var active: UInt32, hidden: UInt32, asleep: UInt32
        /// Pages of tabs that would be resident if nothing had been taken from them.
        public var wanted: UInt32
        public var pressureSome: UInt32, pressureFull: UInt32
        /// Pages of the last ten seconds that came back from pool or swap because they were touched.
        public var promoted: UInt32
    }
    public struct TabSpan: Codable, Equatable, Sendable {
        public var tab: UInt32
        public var state: String
        public var from: UInt64, to: UInt64
    }
    /// A decision of the policy (or of the kernel's last resort), with the numbers that caused it.
    public struct Decision: Codable, Equatable, Sendable {
        public var tick: UInt64
        public var policy: String, action: String, reason: String
        public var pid: UInt32, tab: UInt32
        /// Pages asked for and the youngest generation, where the action takes them; pages moved for it by the end.
        public var amount: UInt32, generation: UInt8, pagesMoved: UInt32
        public var framesFree: UInt32, framesLow: UInt32
        public var pressureSome: UInt32
        public var isApplied: Bool
    }
}
