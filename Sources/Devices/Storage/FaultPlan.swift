// Owns what goes wrong with a disk on purpose. A plan is a pure value, part of the configuration and so of a trace; with
// the machine's seed it decides every fault. Text form: rules separated by commas, each KIND[=P%][@FIRST-LAST][#N][+TIME].
import Machine

/// Rules by which a disk fails.
public struct FaultPlan: Equatable, Sendable, CustomStringConvertible {
    public enum Kind: String, CaseIterable, Sendable {
        /// A read is answered with an error.
        case readError = "read-error"
        /// A write is answered with an error; nothing reaches the disk.
        case writeError = "write-error"
        /// Only the first sectors of a write (a random number, not all) reach the disk; it is answered with an error.
        case tornWrite = "torn-write"
        /// As a torn write; then the power is gone: of the writes since the last flush each sector survives or not.
        case powerLoss = "power-loss"
        /// A flush is answered with success and makes nothing durable.
        case dropFlush = "drop-flush"
        /// Any request takes longer.
        case slow
    }
    public struct Rule: Equatable, Sendable, CustomStringConvertible {
        public var kind: Kind
        /// Share of matching requests, in millionths.
        public var perMillion: UInt32
        /// Only requests that touch one of these sectors; a flush touches none.
        public var sectors: ClosedRange<UInt64>?
        /// Only the Nth matching request, counted from 1.
        public var nth: UInt64?
        /// For `slow`: how much longer.
        public var nanoseconds: UInt64

        public init(_ kind: Kind, perMillion: UInt32 = 1_000_000, sectors: ClosedRange<UInt64>? = nil, nth: UInt64? = nil, nanoseconds: UInt64 = 0) {
            self.kind = kind
            self.perMillion = min(perMillion, 1_000_000)
            self.sectors = sectors
            self.nth = nth
            self.nanoseconds = nanoseconds
        }

        public var description: String {
            var text = kind.rawValue
            if perMillion < 1_000_000 { text += "=" + FaultPlan.percent(perMillion) }
            if let sectors { text += "@\(sectors.lowerBound)-\(sectors.upperBound)" }
            if let nth { text += "#\(nth)" }
            if kind == .slow { text += "+\(nanoseconds)ns" }
            return text
        }
    }
    public var rules: [Rule]
    public init(_ rules: [Rule] = []) { self.rules = rules }
    public static let none = FaultPlan()
    public var description: String { rules.map { $0.description }.joined(separator: ",") }
    var canLosePower: Bool { rules.contains { $0.kind == .powerLoss } }

    // MARK: Text

    /// Parses the text form. Throws a sentence that names the wrong rule.
    public init(parsing text: String) throws(MachineError) {
        rules = []
        for part in text.split(separator: ",", omittingEmptySubsequences: false) where !text.isEmpty { rules.append(try Self.rule(String(part))) }
    }

    private static func rule(_ text: String) throws(MachineError) -> Rule {
        let name = text.prefix { !"=@#+".contains($0) }
        guard let kind = Kind(rawValue: String(name)) else {
            throw MachineError("there is no disk fault '\(name)'; there are: \(Kind.allCases.map { $0.rawValue }.joined(separator: ", "))")
        }
        var rule = Rule(kind)
        var rest = text.dropFirst(name.count)
        while let mark = rest.first {
            let value = String(rest.dropFirst().prefix { !"=@#+".contains($0) })
            rest = rest.dropFirst(1 + value.count)
            guard apply(mark, value, to: &rule) else {
                throw MachineError("'\(mark)\(value)' in disk fault '\(text)' is not =PERCENT%, @FIRST-LAST (sectors), #NUMBER or, for slow, +TIME")
            }
        }
        if kind == .slow, rule.nanoseconds == 0 { throw MachineError("disk fault 'slow' needs how long, e.g. slow=1%+20ms") }
        return rule
    }

    private static func apply(_ mark: Character, _ value: String, to rule: inout Rule) -> Bool {
        switch mark {
        case "=":
            guard let share = perMillion(value) else { return false }
            rule.perMillion = share
        case "@":
            let ends = value.split(separator: "-", omittingEmptySubsequences: false).map { UInt64($0) }
            guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first <= last else { return false }
            rule.sectors = first...last
        case "#":
            guard let n = UInt64(value), n > 0 else { return false }
            rule.nth = n
        default:
            guard rule.kind == .slow, let time = nanoseconds(value) else { return false }
            rule.nanoseconds = time
        }
        return true
    }

    /// "1%", "0.05%": at most four decimals.
    static func perMillion(_ text: String) -> UInt32? {
        guard text.hasSuffix("%") else { return nil }
        let parts = text.dropLast().split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let whole = UInt32(parts[0]), whole <= 100 else { return nil }
        var value = whole * 10_000
        if parts.count == 2 {
            guard (1...4).contains(parts[1].count), let fraction = UInt32(parts[1] + String(repeating: "0", count: 4 - parts[1].count)) else { return nil }
            value += fraction
        }
        return value <= 1_000_000 ? value : nil
    }

    private static func percent(_ perMillion: UInt32) -> String {
        var fraction = String(10_000 + perMillion % 10_000).dropFirst()
        while fraction.last == "0" { fraction = fraction.dropLast() }
        return "\(perMillion / 10_000)" + (fraction.isEmpty ? "" : "." + fraction) + "%"
    }

    private static func nanoseconds(_ text: String) -> UInt64? {
        for (unit, factor) in [("ns", 1), ("us", 1_000), ("ms", 1_000_000), ("s", 1_000_000_000)] as [(String, UInt64)] where text.hasSuffix(unit) {
            guard let count = UInt64(text.dropLast(unit.count)), count > 0, count <= 3_600_000_000_000 / factor else { continue }
            return count * factor
        }
        return nil
    }
}

/// A plan at work: draws and counters. Invariant: its decisions follow from plan, seed and the requests so far.
struct FaultInjector {
    enum Access { case read, write, flush }
    let plan: FaultPlan
    private var random: SeededRandom
    private var matchCounts: [UInt64]
    private(set) var hitCounts = [UInt64](repeating: 0, count: FaultPlan.Kind.allCases.count)

    init(_ plan: FaultPlan, seed: UInt64) {
        self.plan = plan
        random = SeededRandom(seed: seed, stream: "disk faults")
        matchCounts = [UInt64](repeating: 0, count: plan.rules.count)
    }

    /// How much longer a request takes; asked once, when it is accepted.
    mutating func delay(_ access: Access, sectors: Range<UInt64>) -> UInt64 {
        var total: UInt64 = 0
        for index in plan.rules.indices where plan.rules[index].kind == .slow && isHit(index, sectors) { total += plan.rules[index].nanoseconds }
        return total
    }

    /// What goes wrong with a request, asked once, when it is performed. The first rule that hits decides.
    mutating func fault(_ access: Access, sectors: Range<UInt64>) -> FaultPlan.Kind? {
        var result: FaultPlan.Kind?
        for index in plan.rules.indices {
            let kind = plan.rules[index].kind
            guard Self.applies(kind, to: access), isHit(index, sectors) else { continue }
            result = result ?? kind
        }
        return result
    }

    mutating func below(_ bound: UInt64) -> UInt64 { random.below(bound) }

    func hitCount(_ kind: FaultPlan.Kind) -> UInt64 { hitCounts[FaultPlan.Kind.allCases.firstIndex(of: kind)!] }

    private static func applies(_ kind: FaultPlan.Kind, to access: Access) -> Bool {
        switch kind {
        case .readError: access == .read
        case .writeError, .tornWrite, .powerLoss: access == .write
        case .dropFlush: access == .flush
        case .slow: false
        }
    }

    private mutating func isHit(_ index: Int, _ sectors: Range<UInt64>) -> Bool {
        let rule = plan.rules[index]
        if let range = rule.sectors, sectors.isEmpty || sectors.upperBound <= range.lowerBound || sectors.lowerBound > range.upperBound { return false }
        matchCounts[index] += 1
        if let nth = rule.nth, matchCounts[index] != nth { return false }
        if rule.perMillion < 1_000_000, random.below(1_000_000) >= UInt64(rule.perMillion) { return false }
        hitCounts[FaultPlan.Kind.allCases.firstIndex(of: rule.kind)!] += 1
        return true
    }

    func hash(into hasher: inout StateHasher) {
        guard !plan.rules.isEmpty else { return }
        hasher.add(random.stateHash)
        for count in matchCounts + hitCounts { hasher.add(count) }
    }
}
