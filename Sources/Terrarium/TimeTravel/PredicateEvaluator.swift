// Evaluates a predicate between turns. Invariant: expensive parts are looked at again only when what they depend on has
// changed (the screen after a change, the console after output), so a look costs next to nothing on most turns.

import ABI
import Devices
import Kernel
import Machine

final class PredicateEvaluator {
    private let simulation: Simulation
    private let predicate: Predicate
    private var memory: [Memory] = []     // one for each atom, in the order of the text
    private let frameAtStart: UInt64
    private let marksAtStart: Int
    private var next = 0

    private struct Memory {
        var metric: Metric?
        var finder: TextFinder?
        var wasSeen = false
        var version: UInt64 = .max
        var value = false
    }

    init(_ predicate: Predicate, _ simulation: Simulation) throws {
        self.simulation = simulation
        self.predicate = predicate
        frameAtStart = PredicateEvaluator.pixelHash(simulation)
        marksAtStart = simulation.marks.count
        try prepare(predicate)
    }
    private func prepare(_ p: Predicate) throws {
        switch p {
        case .and(let a, let b), .or(let a, let b): try prepare(a); try prepare(b)
        case .not(let a): try prepare(a)
        case .metric(let name, _, _): memory.append(Memory(metric: try Metrics.find(name)))
        case .text(let text, let filter): memory.append(Memory(finder: TextFinder(text, filter, fonts: try ImageFonts.load(simulation.image))))
        default: memory.append(Memory())
        }
    }
    private static func pixelHash(_ s: Simulation) -> UInt64 { s.gpu.frame.pixels.withUnsafeBytes { StateHasher.hash($0) } }

    /// Every atom is looked at, also where the answer is already known: some remember what they saw.
    func holds() -> Bool {
        next = 0
        return value(predicate)
    }
    private func value(_ p: Predicate) -> Bool {
        switch p {
        case .and(let a, let b):
            let x = value(a), y = value(b)
            return x && y
        case .or(let a, let b):
            let x = value(a), y = value(b)
            return x || y
        case .not(let a): return !value(a)
        default:
            let i = next
            next += 1
            return atom(p, i)
        }
    }
    private func atom(_ p: Predicate, _ i: Int) -> Bool {
        switch p {
        case .metric(_, let comparison, let bound): return compare(memory[i].metric!.read(simulation), comparison, bound)
        case .process(let name, let state): return process(name, state, i)
        case .mark(let kind): return simulation.marks[marksAtStart...].contains { $0.kind == kind }
        case .console(let text): return remembered(i, version: UInt64(simulation.console.captured.count)) { simulation.consoleText.contains(text) }
        case .frameChanged: return remembered(i, version: simulation.gpu.frame.changeCount) { PredicateEvaluator.pixelHash(simulation) != frameAtStart }
        case .text: return remembered(i, version: simulation.gpu.frame.changeCount) { memory[i].finder!.find(in: simulation.gpu.frame) != nil }
        default: return false
        }
    }
    private func remembered(_ i: Int, version: UInt64, _ look: () -> Bool) -> Bool {
        if memory[i].version != version {
            memory[i].value = look()
            memory[i].version = version
        }
        return memory[i].value
    }
    private func process(_ name: String, _ state: Predicate.ProcessState, _ i: Int) -> Bool {
        let short = InlineName(name)
        switch state {
        case .exists: return simulation.kernel.isRunning(short)
        case .gone:
            let isRunning = simulation.kernel.isRunning(short)
            if isRunning { memory[i].wasSeen = true }
            return memory[i].wasSeen && !isRunning
        case .state(let wanted): return simulation.kernel.processRecords(named: short).contains { RunReport.stateName($0.state) == wanted }
        }
    }
    private func compare(_ a: Int64, _ c: Predicate.Comparison, _ b: Int64) -> Bool {
        switch c {
        case .greater: a > b
        case .greaterOrEqual: a >= b
        case .less: a < b
        case .lessOrEqual: a <= b
        case .equal: a == b
        case .unequal: a != b
        }
    }
}
