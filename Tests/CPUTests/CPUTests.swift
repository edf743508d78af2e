// The processor with real programs: exits, traps, budgets, page faults, clones.

import Foundation
import Machine
import ProgramBuilder
import Testing

@Suite struct RAMTests {
    @Test func boundsAndZeros() throws {
        let ram = try GuestRAM(byteCount: 1 << 20)
        #expect(ram.frameCount == 16)
        #expect(ram.pointer(physical: GuestRAM.physicalBase, count: 1 << 20) == ram.base)
        #expect(ram.pointer(physical: GuestRAM.physicalBase, count: 1 << 20 + 1) == nil)
        #expect(ram.pointer(physical: GuestRAM.physicalBase + 1 << 20, count: 1) == nil)
        #expect(ram.pointer(physical: 0, count: 1) == nil)
        #expect(ram.pointer(physical: .max, count: .max) == nil)
        #expect(ram.frameAddress(15).load(fromByteOffset: 65528, as: UInt64.self) == 0)
        #expect(throws: MachineError.self) { try GuestRAM(byteCount: 65537) }
    }
}

@Suite struct CPUTests {
    @Test func helloThroughASystemCall() throws {
        let k = try TestKernel()
        let t = k.create(try Programs.wat("hello"))
        #expect(k.start(t) == .finished(0))
        #expect(k.lines == ["hello"])
    }

    @Test func swiftProgramRuns() throws {
        let k = try TestKernel()
        let t = k.create(try Programs.swift("hello"))
        #expect(k.start(t, argument: 42) == .finished(0))
        #expect(k.lines == ["hello from Swift, two: 2, pi: 3.14159, bootstrap: 42"])
    }

    // MARK: Misbehaviour

    @Test(arguments: [("beyond", 1), ("bulk-beyond", 1), ("unreachable", 2), ("overflow", 3), ("divide", 4), ("convert", 5),
                      ("null-call", 6), ("bad-call", 6), ("recursion", 8)] as [(String, Int32)])
    func trapsAreContained(_ name: String, _ code: Int32) throws {
        let k = try TestKernel()
        let t = k.create(try Programs.wat(name))
        #expect(k.start(t) == .trap(code))
        #expect(!k.cpu.begin(task: t, entry: .start))           // a trapped task stays dead
        k.cpu.destroyTask(t)
        let next = k.create(try Programs.wat("hello"))          // and the machine goes on
        #expect(next == t)
        #expect(k.start(next) == .finished(0))
    }

    @Test(arguments: [("wild-pointer", 0xc000, false), ("wild-store", 1, true), ("bulk-wild", 0x9000, false)] as [(String, UInt32, Bool)])
    func wildAccessesAreFaultsThatTheKernelRefuses(_ name: String, _ page: UInt32, _ isWrite: Bool) throws {
        let k = try TestKernel()
        let t = k.create(try Programs.wat(name))
        #expect(k.start(t) == .pageFault(page: page, isWrite: isWrite))
        k.cpu.destroyTask(t)                                     // killed in the middle of the fault
    }

    /// The same in Swift: what programmers really do wrong.
    @Test(arguments: [(0, .trap(2)), (1, .trap(2)), (2, .trap(2)), (5, .trap(2)), (6, .pageFault(page: 0xf000, isWrite: false)),
                      (7, .trap(2)), (9, .finished(9)), (10, .pageFault(page: 0x4000, isWrite: true))] as [(Int64, Exit)])
    func swiftMisfitsAreContained(_ kind: Int64, _ exit: Exit) throws {
        let k = try TestKernel(megabytes: 160)
        let t = k.create(try Programs.swift("misfit"))
        #expect(k.start(t, argument: kind) == exit)
        if kind == 0 {
            let names = ProgramBuilder.symbols(sharedObject: k.cpu.programs[0].sharedObjectPath, offsets: k.cpu.trace(task: t))
            // clang may have inlined the function that failed into the one that called it.
            #expect(names.contains { $0.contains("element") || $0.contains("start") }, "\(names)")
        }
    }
    @Test func swiftRecursionIsContained() throws {
        let k = try TestKernel()
        let t = k.create(try Programs.swift("misfit"))
        // Either the linear stack runs off the bottom of memory or the depth limit strikes.
        let e = k.start(t, argument: 3)
        if case .pageFault(let page, _) = e { #expect(page > 0x8000) } else { #expect(e == .trap(8)) }
    }

    @Test func growthIsBounded() throws {
        let k = try TestKernel()
        let t = k.create(try Programs.wat("huge-grow"))
        #expect(k.start(t) == .finished(16384))
        #expect(k.cpu.memoryPages(task: t) == 16384)
        let limited = try Program.load(try Programs.builder.get().build(wat: Programs.path("huge-grow.wat"), name: "grow-limited", memoryPagesMax: 40).sharedObjectPath)
        let u = k.create(limited)
        #expect(k.start(u) == .finished(2))                      // only the growth by one page fits
        #expect(limited.memoryPagesMax == 40)
    }

    @Test func impossibleRequestsAreRefused() throws {
        let k = try TestKernel()
        #expect(k.cpu.createTask(program: 7) == -1)
        let t = k.create(try Programs.wat("hello"))
        #expect(!k.cpu.begin(task: t, entry: .start))            // not instantiated yet
        #expect(k.cpu.cloneTask(t) == -1)
        #expect(k.start(t) == .finished(0))
        #expect(!k.cpu.begin(task: t, entry: .instantiate))
        #expect(!k.cpu.begin(task: t, entry: .handle))           // not exported
        var consumed: UInt64 = 0
        #expect(k.cpu.run(task: t, budget: 10, consumed: &consumed) == .trap(10))
        #expect(throws: MachineError.self) { try Program.load("/nonexistent.so") }
        #expect(throws: MachineError.self) { try Program.load("/lib/x86_64-linux-gnu/libm.so.6") }
    }

    // MARK: Budgets

    @Test func preemptionResumesWhereItStopped() throws {
        let k = try TestKernel()
        let t = k.create(try Programs.wat("spin"))
        #expect(k.cpu.begin(task: t, entry: .instantiate))
        #expect(k.run(t) == .finished(0))
        #expect(k.cpu.begin(task: t, entry: .start))
        for _ in 0..<100 {
            var consumed: UInt64 = 0
            #expect(k.cpu.run(task: t, budget: 1000, consumed: &consumed) == .outOfFuel)
            #expect(consumed >= 1000 && consumed <= 1001)
        }
        k.cpu.destroyTask(t)
    }

    struct Outcome: Equatable { var exit: Exit; var instructions: UInt64; var calls: [CallArguments]; var memory: UInt64 }

    func outcome(_ program: Program, budget: UInt64) throws -> (Outcome, faults: [String], slices: Int) {
        let k = try TestKernel()
        let t = k.create(program)
        let e = k.start(t, budget: budget)
        var h = ContentHash()
        for (page, p) in k.pages[t]!.sorted(by: { $0.key < $1.key }) {
            h.add(UInt64(page))
            h.add(UnsafeRawBufferPointer(start: k.ram.frameAddress(p.frame), count: 65536))
        }
        return (Outcome(exit: e, instructions: k.instructions, calls: k.calls, memory: h.value), k.faults, k.slices)
    }

    @Test func splittingTheBudgetChangesNothing() throws {
        let program = try Programs.wat("work")
        let whole = try outcome(program, budget: .max)
        #expect(whole.0.instructions > 1_000_000)
        for budget in [1, 7, 100, 9_973, 1_000_000] as [UInt64] {
            let split = try outcome(program, budget: budget)
            #expect(split.0 == whole.0)
            #expect(split.faults == whole.faults)
            #expect(split.slices > whole.slices || budget == 1_000_000)
        }
    }

    /// A slice that makes a system call after c instructions makes it with every budget ≥ c, at the same count.
    @Test func aCallComesAtTheSameCountWithAnyBudgetThatReachesIt() throws {
        let program = try Programs.wat("work")
        func firstCall(_ budget: UInt64) throws -> (Exit, UInt64) {
            let k = try TestKernel()
            let t = k.create(program)
            _ = k.cpu.begin(task: t, entry: .instantiate)
            _ = k.run(t)
            _ = k.cpu.begin(task: t, entry: .start)
            var total: UInt64 = 0, consumed: UInt64 = 0
            while true {
                let e = k.cpu.run(task: t, budget: budget - total, consumed: &consumed)
                total += consumed
                guard case .pageFault(let page, _) = e else { return (e, total) }
                k.pages[t]![page] = (k.takeFrame(), true)
                k.cpu.map(task: t, page: page, frame: k.pages[t]![page]!.frame, writable: true)
            }
        }
        let (exit, count) = try firstCall(.max / 2)
        #expect(exit == .systemCall)
        for extra in [0, 1, 2, 50, 100_000] as [UInt64] {
            let (e, c) = try firstCall(count + extra)
            #expect(e == .systemCall)
            #expect(c == count)
        }
        #expect(try firstCall(count / 2).0 == .outOfFuel)
    }

    @Test func countsDoNotDependOnTheOptimiser() throws {
        var outcomes: [Outcome] = []
        for level in ["-O1", "-O2", "-O3"] {
            let builder = try ProgramBuilder(root: projectRoot, output: projectRoot + "/images/out/tests", optimisation: level)
            let program = try Program.load(builder.build(wat: Programs.path("work.wat"), name: "work").sharedObjectPath)
            outcomes.append(try outcome(program, budget: 1234).0)
        }
        let parts = try ProgramBuilder(root: projectRoot, output: projectRoot + "/images/out/tests", functionBytesPerPart: 1500)
        outcomes.append(try outcome(Program.load(parts.build(wat: Programs.path("work.wat"), name: "work").sharedObjectPath), budget: 1234).0)
        #expect(outcomes[2] == outcomes[3])
        #expect(outcomes[0] == outcomes[1])
        #expect(outcomes[1] == outcomes[2])
    }

    // MARK: Memory

    @Test func everyPageOfAFloodFaultsOnce() throws {
        let k = try TestKernel(megabytes: 80)
        let t = k.create(try Programs.wat("touch-all"))
        #expect(k.start(t) == .finished(0))
        #expect(k.faults.count == 1024)
        #expect(Set(k.faults).count == 1024)
        for page in [0, 500, 1023] as [UInt32] {
            #expect(k.ram.frameAddress(k.pages[t]![page]!.frame).load(as: UInt32.self) == page * 65536)
        }
    }

    @Test func unmappedPagesFaultAgainAndReadOnlyPagesFaultOnWrites() throws {
        let k = try TestKernel()
        let t = k.create(try Programs.wat("counter"))
        #expect(k.start(t, argument: 5) == .finished(0))
        let frame = k.pages[t]![1]!.frame
        k.cpu.unmap(task: t, page: 1)
        k.pages[t]![1] = nil
        k.faults = []
        _ = k.cpu.begin(task: t, entry: .handle, argument0: 1)
        #expect(k.run(t) == .finished(6))
        #expect(k.faults == ["1w"])
        #expect(k.calls.last?.a1 == 6)                           // a fresh page: the store, then the load see it
        k.cpu.map(task: t, page: 1, frame: frame, writable: false)
        k.pages[t]![1] = (frame, false)
        k.faults = []
        _ = k.cpu.begin(task: t, entry: .handle, argument0: 1)
        #expect(k.run(t) == .finished(7))
        #expect(k.faults == ["1w"])                              // copied on write
        #expect(k.ram.frameAddress(frame).load(fromByteOffset: 70000 - 65536, as: UInt64.self) == 5)
    }

    @Test func parkedTasksWakeWithTheirPages() throws {
        let k = try TestKernel()
        let t = k.create(try Programs.wat("counter"))
        #expect(k.start(t, argument: 5) == .finished(0))
        let saved = k.cpu.saveTask(t)
        k.cpu.parkTask(t)
        k.faults = []
        #expect(k.cpu.saveTask(t) == saved)
        _ = k.cpu.begin(task: t, entry: .handle, argument0: 1)
        #expect(k.run(t) == .finished(6))
        #expect(k.faults == [])                                  // the kernel sees nothing of it
        #expect(k.cpu.saveTask(t) != saved)                      // the global changed
    }

    // MARK: Clones

    @Test func clonesGoTheirOwnWay() throws {
        let k = try TestKernel()
        let t = k.create(try Programs.wat("counter"))
        #expect(k.start(t, argument: 100) == .finished(0))
        let copies = (0..<20).map { _ in k.clone(t) }
        #expect(Set(copies).count == 20)
        for (i, c) in copies.enumerated() {
            _ = k.cpu.begin(task: c, entry: .cloned, argument0: Int64(i))
            #expect(k.run(c) == .finished(0))
            #expect(k.calls.last?.a1 == 100)                     // the clone's memory is the original's
            _ = k.cpu.begin(task: c, entry: .handle, argument0: Int64(i))
            #expect(k.run(c) == .finished(100 + Int64(i)))       // through the copied function table
        }
        _ = k.cpu.begin(task: t, entry: .handle, argument0: 1)
        #expect(k.run(t) == .finished(101))
        for c in copies.reversed() { k.cpu.destroyTask(c) }
        #expect(k.clone(t) == copies[0])                         // the lowest free id
    }

    @Test func clonesAndOriginalsSaveTheSame() throws {
        let k = try TestKernel()
        let t = k.create(try Programs.swift("hello"))
        #expect(k.start(t) == .finished(0))
        let c = k.clone(t)
        #expect(k.cpu.saveTask(t) == k.cpu.saveTask(c))
    }

    /// A saved state goes into another task of the program, not into one that runs or is of another program (MEM-006).
    @Test func aSavedStateIsRestoredInAnotherTask() throws {
        let k = try TestKernel()
        let t = k.create(try Programs.wat("counter"))
        #expect(k.start(t, argument: 100) == .finished(0))
        let fresh = k.clone(t)
        _ = k.cpu.begin(task: t, entry: .handle, argument0: 7)
        #expect(k.run(t) == .finished(107))
        let saved = k.cpu.saveTask(t)
        #expect(k.cpu.saveTask(fresh) != saved)
        #expect(k.cpu.restoreTask(fresh, saved) && k.cpu.saveTask(fresh) == saved)
        _ = k.cpu.begin(task: fresh, entry: .handle, argument0: 1)
        #expect(!k.cpu.restoreTask(fresh, saved), "it is running")
        let one = k.run(fresh)
        _ = k.cpu.begin(task: t, entry: .handle, argument0: 1)
        #expect(one == .finished(108) && k.run(t) == one, "both go on alike, through their function tables")
        let other = k.create(try Programs.swift("hello"))
        #expect(k.start(other) == .finished(0))
        #expect(!k.cpu.restoreTask(other, saved))
    }

    /// Whatever the bytes are: the host stands, and the task runs on or traps.
    @Test func noisyStatesAreSafe() throws {
        let k = try TestKernel(megabytes: 160)
        let t = k.create(try Programs.wat("counter"))
        #expect(k.start(t, argument: 100) == .finished(0))
        let saved = k.cpu.saveTask(t)
        var random = SeededRandom(seed: 4711), accepted = 0
        for _ in 0..<400 {
            var noisy = saved
            for _ in 0...Int(random.next() % 4) { noisy[Int(random.next() % UInt64(noisy.count))] = UInt8(truncatingIfNeeded: random.next()) }
            let c = k.clone(t)
            if k.cpu.restoreTask(c, noisy) {
                accepted += 1
                _ = k.cpu.begin(task: c, entry: .handle, argument0: 1)
                _ = k.run(c)
            }
            k.cpu.destroyTask(c)
        }
        #expect(accepted > 0 && accepted < 400, "\(accepted)")
        #expect(!k.cpu.restoreTask(t, Array(saved.dropLast())) && !k.cpu.restoreTask(t, []))
        #expect(k.cpu.saveTask(t) == saved)
    }

    @Test func blockedTasksCanBeKilledAndMany() throws {
        let k = try TestKernel(megabytes: 8)
        let program = k.cpu.addProgram(try Programs.wat("calls"))
        var tasks: [Int] = []
        for _ in 0..<64 {
            let t = k.cpu.createTask(program: program)
            k.pages[t] = [:]
            _ = k.cpu.begin(task: t, entry: .instantiate)
            _ = k.run(t)
            _ = k.cpu.begin(task: t, entry: .start)
            tasks.append(t)
        }
        for round in 0..<10 {
            for t in tasks {
                var consumed: UInt64 = 0
                #expect(k.cpu.run(task: t, budget: 1_000_000, consumed: &consumed) == .systemCall)
                k.cpu.setSystemCallResult(task: t, Int64(round))
            }
        }
        #expect(k.cpu.cloneTask(tasks[0]) == -1)                 // not quiescent
        for t in tasks { k.cpu.destroyTask(t) }
    }

    /// Tasks may go on in another thread than the one they stopped in, in the middle of a fault as well.
    @Test func threadsMayChangeBetweenSlices() throws {
        final class Box: @unchecked Sendable { let k: TestKernel; var exit: Exit = .outOfFuel; var done = false; init(_ k: TestKernel) { self.k = k } }
        let k = try TestKernel(megabytes: 80)
        let t = k.create(try Programs.wat("touch-all"))
        _ = k.cpu.begin(task: t, entry: .instantiate)
        _ = k.run(t)
        _ = k.cpu.begin(task: t, entry: .start)
        let box = Box(k)
        for _ in 0..<200 where !box.done {
            let thread = Thread {
                box.exit = box.k.run(t, budget: 50, slicesMax: 20)
                if box.exit != .outOfFuel { box.done = true }
            }
            thread.start()
            while !thread.isFinished { usleep(50) }
        }
        while box.exit == .outOfFuel { box.exit = k.run(t, budget: 50) }
        #expect(box.exit == .finished(0))
        #expect(Set(k.faults).count == 1024)
    }
}
