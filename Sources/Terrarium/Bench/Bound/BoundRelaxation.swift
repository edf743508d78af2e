// The lower bound by Lagrangian relaxation: each point in time gets a price per frame; every page then chooses
// for itself; what they choose costs less than any plan that keeps within memory. Every set of prices gives a bound, so
// rounding of prices cannot make it wrong; all sums are exact. The prices are found by subgradient steps (Held, Wolfe,
// Crowder: Validation of subgradient optimization, Mathematical Programming 6, 1974).

struct BoundRelaxation {
    let instance: BoundInstance
    /// Nanoseconds per frame at each point.
    private(set) var prices: [Int64]
    /// The best bound so far, in nanoseconds, and the prices that gave it.
    private(set) var bound: Int64 = 0
    private(set) var bestPrices: [Int64]

    static let priceMax: Int64 = 1 << 36

    init(_ instance: BoundInstance) {
        self.instance = instance
        prices = [Int64](repeating: 0, count: instance.pointCount)
        bestPrices = prices
    }
    /// Improves the bound; `target` is the cost of some plan.
    mutating func improve(target: Int64, rounds: Int) {
        if prices.isEmpty { return }
        var shrink: Int64 = 1024, sinceBetter = 0
        for _ in 0..<rounds {
            let (value, load) = evaluate(prices)
            let now = Int64(max(0, value >> 10))                // down: the safe side
            if now > bound {
                bound = now
                bestPrices = prices
                sinceBetter = 0
            } else { sinceBetter += 1 }
            if sinceBetter >= 12 {
                shrink = max(1, shrink / 2)
                sinceBetter = 0
                prices = bestPrices
                continue
            }
            step(load, distance: max(1, target - now), shrink: shrink)
        }
    }
    /// The value in 1/1024 ns, and by how much each point is overfull (below zero: how much room there is), in units.
    func evaluate(_ prices: [Int64]) -> (value: Int128, load: [Int64]) {
        let sums = BoundRelaxation.sums(prices)
        var value: Int128 = 0
        var change = [Int64](repeating: 0, count: prices.count + 1)
        for i in instance.intervals {
            let choice = BoundRelaxation.choice(i, price: BoundRelaxation.price(i, sums))
            value += Int128(choice.cost) * Int128(i.count)
            change[i.points.lowerBound] += choice.occupancy * i.count
            change[i.points.upperBound + 1] -= choice.occupancy * i.count
        }
        var load: [Int64] = [], sum: Int64 = 0
        for p in prices.indices {
            value -= Int128(instance.room(p)) * Int128(prices[p])
            sum += change[p]
            load.append(sum - instance.room(p))
        }
        return (value, load)
    }
    /// Sums of the prices before each point.
    static func sums(_ prices: [Int64]) -> [Int64] {
        var sums: [Int64] = [0]
        for p in prices { sums.append(sums.last! + p) }
        return sums
    }
    /// The price of a frame over a whole interval.
    static func price(_ i: BoundInstance.Interval, _ sums: [Int64]) -> Int64 { sums[i.points.upperBound + 1] - sums[i.points.lowerBound] }
    /// The cheapest state of a page of the interval, with its cost in 1/1024 ns.
    static func choice(_ i: BoundInstance.Interval, price: Int64) -> (cost: Int64, occupancy: Int64) {
        var best = (cost: BoundInstance.unit * price, occupancy: BoundInstance.unit)
        let compressed = i.compressedLeast * 1024 + i.stored * price, away = i.awayLeast * 1024
        if compressed < best.cost { best = (compressed, i.stored) }
        if away < best.cost { best = (away, 0) }
        return best
    }
    private mutating func step(_ load: [Int64], distance: Int64, shrink: Int64) {
        var norm: Int128 = 0
        for m in load.indices where load[m] > 0 || prices[m] > 0 { norm += Int128(load[m]) * Int128(load[m]) }
        if norm == 0 { return }
        for m in load.indices where load[m] > 0 || prices[m] > 0 {
            // Distance in 1/1024 ns over units: nanoseconds per frame.
            let delta = Int128(load[m]) * Int128(distance) * 1024 * Int128(shrink) / (1024 * norm)
            prices[m] = Int64(max(0, min(Int128(BoundRelaxation.priceMax), Int128(prices[m]) + delta)))
        }
    }
}
