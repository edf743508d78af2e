// The best feasible plan found with full knowledge of the session: where each page waits between two touches. It starts from
// what the relaxation's prices suggest, gives way where memory does not suffice, takes back what fits, and then tries random
// changes (ruin and recreate, Schrimpf et al.: Record Breaking Optimization Results Using the Ruin and Recreate Principle,
// Journal of Computational Physics 159, 2000). Its cost is at least the optimum's; the optimum's is at least the bound.

struct BoundPlan {
    /// How many pages of an interval are resident and compressed; the rest is away.
    struct Place: Equatable { var resident: Int64, compressed: Int64 }

    let instance: BoundInstance
    private(set) var places: [Place]
    private var loads: [Int64]                  // units at each point

    /// Everything resident: the cheapest plan, if there were memory enough.
    init(_ instance: BoundInstance) {
        self.instance = instance
        places = instance.intervals.map { Place(resident: $0.count, compressed: 0) }
        loads = [Int64](repeating: 0, count: instance.pointCount)
        for v in 0..<instance.visitCount { loads[2 * v] += instance.touched[v] * BoundInstance.unit }
        for i in instance.intervals.indices { addLoad(i, occupancy(i)) }
    }
    init(_ instance: BoundInstance, places: [Place]) {
        self.init(instance)
        for i in places.indices { set(i, places[i]) }
    }

    // MARK: Cost and feasibility

    private func away(_ i: Int) -> Int64 { instance.intervals[i].count - places[i].resident - places[i].compressed }
    private func occupancy(_ i: Int) -> Int64 { places[i].resident * BoundInstance.unit + places[i].compressed * instance.intervals[i].stored }
    private mutating func addLoad(_ i: Int, _ units: Int64) { for p in instance.intervals[i].points { loads[p] += units } }
    private mutating func set(_ i: Int, _ place: Place) {
        let before = occupancy(i)
        places[i] = place
        addLoad(i, occupancy(i) - before)
    }
    /// What the pages of the interval cost at its end.
    private func cost(_ i: Int) -> Int64 { places[i].compressed * instance.intervals[i].compressedCost + away(i) * instance.intervals[i].awayCost }
    /// The cost of the plan: of each visit its pages', or a reload when that is less; always a reload when pages are away
    /// and there is no swap device.
    var cost: Int64 {
        var visits = [Int64](repeating: 0, count: instance.visitCount), isLost = [Bool](repeating: false, count: instance.visitCount)
        for i in places.indices {
            visits[instance.intervals[i].to] += cost(i)
            if instance.swapPages == 0, away(i) > 0 { isLost[instance.intervals[i].to] = true }
        }
        var sum: Int64 = 0
        for v in visits.indices {
            let reload = instance.reload[instance.tabOfVisit[v]]
            sum += isLost[v] ? reload : min(visits[v], reload)
        }
        return sum
    }
    /// Within memory and the swap device at every point.
    var isFeasible: Bool {
        if loads.contains(where: { $0 > instance.capacity }) { return false }
        if instance.swapPages == 0 { return true }
        var out = [Int64](repeating: 0, count: instance.pointCount + 1)
        for i in places.indices {
            out[instance.intervals[i].points.lowerBound] += away(i)
            out[instance.intervals[i].points.upperBound + 1] -= away(i)
        }
        var sum: Int64 = 0
        for n in out {
            sum += n
            if sum > instance.swapPages { return false }
        }
        return true
    }

    // MARK: Making one

    /// The best plan found for the prices, or nil when a single visit needs more than all memory.
    static func find(_ instance: BoundInstance, prices: [Int64], rounds: Int, seed: UInt64 = 1) -> BoundPlan? {
        var plan = BoundPlan(instance)
        plan.follow(prices)
        guard plan.repair(keeping: nil) else { return nil }
        plan.takeBack()
        var best = plan, random = seed
        for _ in 0..<rounds {
            var trial = best
            guard trial.ruin(&random), trial.repair(keeping: nil) else { continue }
            trial.takeBack()
            if trial.cost < best.cost, trial.isFeasible { best = trial }
        }
        return best.isFeasible ? best : nil
    }
    private mutating func follow(_ prices: [Int64]) {
        let sums = BoundRelaxation.sums(prices)
        for i in instance.intervals.indices {
            let interval = instance.intervals[i]
            let choice = BoundRelaxation.choice(interval, price: BoundRelaxation.price(interval, sums))
            if choice.occupancy == BoundInstance.unit { continue }
            set(i, Place(resident: 0, compressed: choice.occupancy == 0 ? 0 : interval.count))
        }
    }
    /// One way in which pages of an interval give room.
    private struct Move { var interval: Int, isFromCompressed: Bool, toAway: Bool, freed: Int64, added: Int64 }
    private func moves(_ i: Int) -> [Move] {
        let x = instance.intervals[i]
        var list: [Move] = []
        if places[i].resident > 0 {
            if x.stored < BoundInstance.unit { list.append(Move(interval: i, isFromCompressed: false, toAway: false, freed: BoundInstance.unit - x.stored, added: x.compressedCost)) }
            list.append(Move(interval: i, isFromCompressed: false, toAway: true, freed: BoundInstance.unit, added: x.awayCost))
        }
        if places[i].compressed > 0, x.stored > 0 { list.append(Move(interval: i, isFromCompressed: true, toAway: true, freed: x.stored, added: max(0, x.awayCost - x.compressedCost))) }
        return list
    }
    /// Makes room at every overfull point, at the least cost for the room that it makes where room is missing.
    private mutating func repair(keeping kept: Int?) -> Bool {
        for p in loads.indices {
            while loads[p] > instance.capacity {
                guard let move = cheapest(at: p, keeping: kept) else { return false }
                let available = move.isFromCompressed ? places[move.interval].compressed : places[move.interval].resident
                carryOut(move, min(available, (loads[p] - instance.capacity + move.freed - 1) / move.freed))
            }
        }
        return true
    }
    private func cheapest(at point: Int, keeping kept: Int?) -> Move? {
        var best: (move: Move, room: Int64)?
        for i in instance.intervals.indices where i != kept && instance.intervals[i].points.contains(point) {
            var overfull: Int64 = 0
            for p in instance.intervals[i].points where loads[p] > instance.capacity { overfull += 1 }
            for m in moves(i) {
                let room = m.freed * overfull
                if best == nil || Int128(m.added) * Int128(best!.room) < Int128(best!.move.added) * Int128(room) { best = (m, room) }
            }
        }
        return best?.move
    }
    private mutating func carryOut(_ m: Move, _ n: Int64) {
        var place = places[m.interval]
        if m.isFromCompressed { place.compressed -= n } else { place.resident -= n }
        if !m.toAway { place.compressed += n }
        set(m.interval, place)
    }
    /// Brings pages nearer wherever there is room all the time, the most saved per room first.
    private mutating func takeBack() {
        var order: [(i: Int, saved: Int64, taken: Int64, kind: Int)] = []
        for i in instance.intervals.indices {
            let x = instance.intervals[i], length = Int64(x.points.count)
            order.append((i, x.awayCost, BoundInstance.unit * length, 0))
            order.append((i, x.compressedCost, (BoundInstance.unit - x.stored) * length, 1))
            order.append((i, x.awayCost - x.compressedCost, x.stored * length, 2))
        }
        order.sort { a, b in
            let x = Int128(a.saved) * Int128(b.taken), y = Int128(b.saved) * Int128(a.taken)
            return x != y ? x > y : (a.i, a.kind) < (b.i, b.kind)
        }
        for o in order where o.saved > 0 {
            let x = instance.intervals[o.i]
            let room = x.points.map { instance.capacity - loads[$0] }.min()!
            let perPage = [BoundInstance.unit, BoundInstance.unit - x.stored, x.stored][o.kind]
            let available = o.kind == 1 ? places[o.i].compressed : away(o.i)
            let n = perPage == 0 ? available : min(available, max(0, room) / perPage)
            if n == 0 { continue }
            var place = places[o.i]
            if o.kind == 2 { place.compressed += n } else { place.resident += n }
            if o.kind == 1 { place.compressed -= n }
            set(o.i, place)
        }
    }
    /// Makes one interval that is not wholly resident so, or puts one away. False when there is nothing to change.
    private mutating func ruin(_ random: inout UInt64) -> Bool {
        if instance.intervals.isEmpty { return false }
        for _ in 0..<8 {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let i = Int((random >> 33) % UInt64(instance.intervals.count)), count = instance.intervals[i].count
            if places[i].resident < count {
                set(i, Place(resident: count, compressed: 0))
                return repair(keeping: i)
            }
            if (random >> 20) & 3 == 0 {
                set(i, Place(resident: 0, compressed: (random >> 22) & 1 == 0 ? count : 0))
                return true
            }
        }
        return false
    }
}
