// A soak of the memory manager: a person opens, closes, switches and scrolls tabs at random while a policy throws dice for
// every tab and the swap disk fails now and then. After each step everything must add up; the same seed gives the same
// machine. What `simctl soak` runs.

import Kernel
import Machine
import Policies

/// Dice from a seed; the same sequence on every host.
struct Dice {
    private var state: UInt64
    init(seed: UInt64) { state = (seed &+ 1) &* 0x9e37_79b9_7f4a_7c15 | 1 }
    /// 0 ..< n.
    mutating func roll(_ n: Int) -> Int {
        state ^= state << 13
        state ^= state >> 7
        state ^= state << 17
        return Int(((state >> 32) &* UInt64(n)) >> 32)
    }
}

/// Decides at random for every tab: what must not be done, the kernel refuses.
final class DicePolicy: MemoryPolicy {
    let name: StaticString = "dice"
    private var dice: Dice
    init(seed: UInt64) { dice = Dice(seed: seed) }
    func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision] {
        var decisions: [MemoryDecision] = []
        for tab in snapshot.tabs where dice.roll(3) > 0 {
            var action = MemoryAction.allCases[dice.roll(MemoryAction.allCases.count)]
            if action == .discard, dice.roll(4) > 0 { action = .compressCold }      // else most tabs would be gone
            decisions.append(MemoryDecision(action, pid: tab.pid, .requested, amount: UInt32(1 + dice.roll(64)), generation: UInt8(dice.roll(4))))
        }
        return decisions
    }
}

public struct SoakResult: Equatable, Sendable {
    public var steps = 0
    public var opened = 0, closed = 0, switched = 0
    public var decisionsRefused: UInt64 = 0
    public var hibernations: UInt64 = 0, discards: UInt64 = 0, outOfMemoryKills: UInt64 = 0
    public var evictions: UInt64 = 0, refaults: UInt64 = 0, prefetches: UInt64 = 0, swapWrittenPages: UInt64 = 0, swapErrors: UInt64 = 0
    public var instructions: UInt64 = 0, endTick: UInt64 = 0, finalHash: UInt64 = 0
    /// The step after which something did not add up, and what.
    public var problem: String?
}

public struct Soak: Sendable {
    public static let stepNanoseconds: UInt64 = 1_000_000_000
    static let tabsMax = 12
    static let pages = ["python/tutorial/index.html", "python/library/functions.html", "python/library/stdtypes.html", "python/library/os.html", "python/library/typing.html",
                        "debian-policy/policy.html/index.html", "python/reference/index.html", "python/library/unittest.html"]
    public var configuration: SimulationConfiguration
    public var image: SystemImage
    public var stepCount: Int
    public init(configuration: SimulationConfiguration, image: SystemImage, stepCount: Int) {
        self.configuration = configuration
        self.image = image
        self.stepCount = stepCount
    }

    /// `progress` gets the number of steps done.
    public func run(progress: (Int) -> Void = { _ in }) throws -> SoakResult {
        let s = try Simulation(configuration, image: image)
        s.kernel.memoryPolicy = DicePolicy(seed: configuration.seed &+ 1)
        var dice = Dice(seed: configuration.seed), result = SoakResult(), tabCount = 1
        s.run(nanoseconds: 3 * Self.stepNanoseconds)
        for step in 1...stepCount {
            try s.schedule(script: script(at: s.now / 1_000_000, &dice, &tabCount, &result))
            s.run(nanoseconds: Self.stepNanoseconds)
            result.steps = step
            if let problem = s.kernel.checkConservation() {
                result.problem = "step \(step): \(problem)"
                break
            }
            if s.kernel.processRecords.allSatisfy({ $0.name.string != "browser" || $0.exitReason != 0 }) {
                result.problem = "step \(step): the browser is gone"
                break
            }
            progress(step)
        }
        finish(s, &result)
        return result
    }

    /// What the person does in the next second, as lines of an input script.
    private func script(at milliseconds: UInt64, _ dice: inout Dice, _ tabCount: inout Int, _ result: inout SoakResult) -> String {
        func line(_ delay: UInt64, _ what: String) -> String { "\(milliseconds + delay)ms \(what)\n" }
        switch dice.roll(10) {
        case 0, 1, 2:
            result.opened += 1
            var text = ""
            if tabCount >= Self.tabsMax { text = line(5, "key ctrl+w") } else { tabCount += 1 }
            text += line(20, "key ctrl+t") + line(120, "type \"10.0.2.2/\(Self.pages[dice.roll(Self.pages.count)])\\n\"")
            return text
        case 3 where tabCount > 2:
            result.closed += 1
            tabCount -= 1
            return line(20, "key ctrl+w")
        case 4, 5, 6:
            result.switched += 1
            return line(20, "key ctrl+\(1 + dice.roll(min(8, tabCount)))")
        case 7: return line(10, "move 500 500") + line(20, "wheel \(dice.roll(2) == 0 ? -5 : 5)")
        default: return ""
        }
    }
    private func finish(_ s: Simulation, _ result: inout SoakResult) {
        let kernel = s.kernel.counters, memory = s.kernel.memoryCounters
        result.decisionsRefused = kernel.refusedDecisions
        result.hibernations = kernel.hibernations
        result.discards = kernel.discards
        result.outOfMemoryKills = kernel.outOfMemoryKills
        result.evictions = memory.evictions
        result.refaults = memory.refaults
        result.prefetches = memory.prefetches
        result.swapWrittenPages = memory.swapWrittenPages
        result.swapErrors = memory.swapErrors
        result.instructions = s.instructionCount
        result.endTick = s.now
        result.finalHash = RunReport.combinedHash(s.stateHashes())
    }
}
