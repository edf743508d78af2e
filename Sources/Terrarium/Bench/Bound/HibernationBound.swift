// How far a policy is from what full knowledge of the session could reach. The cost of a run is the time spent on bringing
// tab memory back: pages decompressed, pages read from swap, pages loaded again.

public enum HibernationBound {
    /// Nothing that keeps within memory costs less than `cost`; `plan` is what was found, nil when even full knowledge found
    /// none.
    public struct Result: Sendable, Equatable {
        public var cost: Int64
        public var plan: Int64?
        /// Fewest pages that must come back (Belady's MIN).
        public var returns: Int64
        public var visits: Int
    }
    public static func solve(_ model: SessionModel, rounds: Int = 200) -> Result {
        let instance = BoundInstance(model)
        var relaxation = BoundRelaxation(instance)
        // A first plan tells the relaxation how far there is to go; its prices then make a better plan.
        let first = BoundPlan.find(instance, prices: relaxation.prices, rounds: 0)
        relaxation.improve(target: first?.cost ?? instance.dearest, rounds: 4 * rounds)
        let second = BoundPlan.find(instance, prices: relaxation.bestPrices, rounds: rounds)
        let plan = [first?.cost, second?.cost].compactMap { $0 }.min()
        let returns = instance.fewestReturns()
        let least = instance.intervals.map { min($0.compressedLeast, $0.awayLeast) }.min() ?? 0
        return Result(cost: max(relaxation.bound, returns.multipliedReportingOverflow(by: least).partialValue), plan: plan, returns: returns, visits: model.visits.count)
    }
    /// Per mille by which `cost` is above the bound; nil without a bound above zero.
    public static func gapPerMille(cost: Int64, bound: Int64) -> Int64? {
        bound <= 0 ? nil : Int64((Double(cost - bound) * 1000 / Double(bound)).rounded())
    }
}

extension BoundInstance {
    /// Everything away all the time.
    var dearest: Int64 { intervals.reduce(0) { $0 + $1.count * $1.awayCost } }
}
