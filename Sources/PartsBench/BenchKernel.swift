// A kernel of a few lines under which a program is measured alone: it serves pages in the order in which they are touched,
// copies after a clone, and answers every system call with 0.

import CBounds
import Foundation
import Machine
import ProgramBuilder
import Terrarium

final class BenchKernel {
    let ram: GuestRAM
    let cpu: CPU
    var nextFrame: UInt32 = 0
    private(set) var frames: [[UInt32: UInt32]] = []
    var faultCount = 0
    private(set) var instructions: UInt64 = 0
    /// Pages that hold something now, and the most there were. Pages given back by `pageRelease` do not count.
    private(set) var heldPageCount = 0, heldPageCountMax = 0
    private var releasedFrames: [UInt32] = []
    private let program: Int
    private static let pageRelease: Int32 = 7

    init(_ built: BuiltProgram, megabytes: Int) throws {
        ram = try GuestRAM(byteCount: megabytes << 20)
        cpu = CPU(ram: ram)
        program = cpu.addProgram(try Program.load(built.sharedObjectPath))
    }

    /// A task that is instantiated and about to run `start(argument)`.
    func create(argument: Int64 = 0) throws -> Int {
        let task = cpu.createTask(program: program)
        guard task >= 0, cpu.begin(task: task, entry: .instantiate) else { throw TerrariumError(.failed, "the measured program cannot be started") }
        frames.append([:])
        run(task)
        guard cpu.begin(task: task, entry: .start, argument0: argument) else { throw TerrariumError(.failed, "the measured program has no start") }
        instructions = 0
        faultCount = 0
        return task
    }

    @discardableResult
    func run(_ task: Int, faultLimit: Int = .max) -> Int64? {
        while faultCount < faultLimit {
            var consumed: UInt64 = 0
            let exit = cpu.run(task: task, budget: 1 << 40, consumed: &consumed)
            instructions += consumed
            switch exit {
            case .finished(let result): return result
            case .trap: return nil
            case .outOfFuel: continue
            case .systemCall: call(task)
            case .pageFault(let page, _):
                faultCount += 1
                serve(task, page)
            }
        }
        return nil
    }

    private func call(_ task: Int) {
        let a = cpu.systemCallArguments(task: task)
        if a.number == BenchKernel.pageRelease {
            for page in UInt32(a.a0 >> 16)..<UInt32((a.a0 + a.a1) >> 16) {
                guard let frame = frames[task].removeValue(forKey: page) else { continue }
                cpu.unmap(task: task, page: page)
                heldPageCount -= 1
                releasedFrames.append(frame)
            }
        }
        cpu.setSystemCallResult(task: task, 0)
    }
    private func takeFrame() -> UInt32 {
        if let frame = releasedFrames.popLast() { return frame }
        nextFrame += 1
        return nextFrame - 1
    }
    private func serve(_ task: Int, _ page: UInt32) {
        let new = takeFrame()
        if let old = frames[task][page] {
            ram.frameAddress(new).copyMemory(from: ram.frameAddress(old), byteCount: GuestRAM.frameByteCount)
        } else {
            memset(ram.frameAddress(new), 0, GuestRAM.frameByteCount)
            heldPageCount += 1
            heldPageCountMax = max(heldPageCountMax, heldPageCount)
        }
        frames[task][page] = new
        cpu.map(task: task, page: page, frame: new, writable: true)
    }

    /// A copy that shares the first `pages` pages with the original.
    func clone(_ task: Int, pages: UInt32) -> Int {
        let copy = cpu.cloneTask(task)
        if copy >= frames.count { frames.append([:]) }
        frames[copy] = frames[task]
        for t in [task, copy] { cpu.mapRange(task: t, page: 0, firstFrame: frames[task][0] ?? 0, count: pages, writable: false) }
        return copy
    }
}

/// Seconds of processor time of this thread: what others do on the host does not count.
func processorSeconds(_ body: () throws -> Void) rethrows -> Double {
    let start = terrarium_thread_seconds()
    try body()
    return max(terrarium_thread_seconds() - start, 1e-9)
}
