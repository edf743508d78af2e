// One policy over all sessions of a scenario: what the summary table, the terminal and the plots show. Latencies are those
// of all sessions together; counts are summed; means are means.

public struct PolicySummary: Sendable {
    public var policy: String
    public var runCount: Int
    /// ns, of all sessions.
    public var latencies: [UInt64]
    private var sums: [String: Int64] = [:]

    public init(policy: String, runs: [BenchRun]) {
        self.policy = policy
        runCount = runs.count
        latencies = runs.flatMap { $0.switches.compactMap(\.latency) }
        for run in runs { for row in run.rows { sums[row.metric, default: 0] &+= row.value } }
    }
    public func sum(_ metric: String) -> Int64 { sums[metric] ?? 0 }
    public func mean(_ metric: String) -> Int64 { sum(metric) / Int64(max(1, runCount)) }
    public func latency(perMille: Int) -> Int64 { Int64(clamping: percentile(latencies, perMille: perMille)) }

    /// One for each policy, in the order of the runs.
    public static func summaries(_ runs: [BenchRun]) -> [PolicySummary] {
        var policies: [String] = []
        for run in runs where !policies.contains(run.combination.policy) { policies.append(run.combination.policy) }
        return policies.map { p in PolicySummary(policy: p, runs: runs.filter { $0.combination.policy == p }) }
    }

    public struct Column: Sendable {
        public var title: String
        public var direction: String
        public var value: @Sendable (PolicySummary) -> Int64
        public var text: @Sendable (Int64) -> String
    }
    public static let columns: [Column] = [
        Column(title: "switches", direction: "none", value: { $0.sum("switches") }, text: { "\($0)" }),
        Column(title: "p50 ms", direction: "lower", value: { $0.latency(perMille: 500) }, text: milliseconds),
        Column(title: "p95 ms", direction: "lower", value: { $0.latency(perMille: 950) }, text: milliseconds),
        Column(title: "p99 ms", direction: "lower", value: { $0.latency(perMille: 990) }, text: milliseconds),
        Column(title: "max ms", direction: "lower", value: { Int64(clamping: $0.latencies.max() ?? 0) }, text: milliseconds),
        Column(title: "reloads", direction: "lower", value: { $0.sum("reloads") }, text: { "\($0)" }),
        Column(title: "discards", direction: "lower", value: { $0.sum("discards") }, text: { "\($0)" }),
        Column(title: "unneeded", direction: "lower", value: { $0.sum("discards_unnecessary") }, text: { "\($0)" }),
        Column(title: "OOM kills", direction: "lower", value: { $0.sum("out_of_memory_kills") }, text: { "\($0)" }),
        Column(title: "memory MiB", direction: "lower", value: { $0.mean("memory_mean") }, text: mebibytes),
        Column(title: "saved MiB", direction: "higher", value: { $0.mean("memory_saved_mean") }, text: mebibytes),
        Column(title: "stall ‰", direction: "lower", value: { $0.mean("pressure_some_mean") }, text: { "\($0)" }),
        Column(title: "swap MiB", direction: "lower", value: { $0.sum("swap_written") }, text: mebibytes),
        Column(title: "busy s", direction: "lower", value: { $0.mean("busy_time") }, text: { tenths($0 / 100_000_000) }),
        Column(title: "wake ms", direction: "lower", value: { $0.sum("wake_cost") }, text: milliseconds),
        Column(title: "bound ms", direction: "none", value: { $0.sum("bound_wake_cost") }, text: milliseconds),
    ]

    /// Thousandths and tenths without floating point, so that every host writes the same.
    static func milliseconds(_ ns: Int64) -> String { tenths((ns + 50_000) / 100_000) }
    static func mebibytes(_ bytes: Int64) -> String { tenths(((bytes >> 10) * 10) >> 10) }
    static func tenths(_ value: Int64) -> String { "\(value / 10).\(value % 10)" }
}
