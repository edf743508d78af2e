// A kernel of a few lines for tests of the processor: demand-zero pages, copy-on-write after clones, a log of system
// calls. Programs come from Tests/Programs, built once into images/out/tests.

import Foundation
import Machine
import ProgramBuilder
import Testing

let projectRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

enum Programs {
    static let builder: Result<ProgramBuilder, BuildError> = Result { () throws(BuildError) in
        try ProgramBuilder(root: projectRoot, output: projectRoot + "/images/out/tests")
    }
    static func path(_ name: String) -> String { "\(projectRoot)/Tests/Programs/\(name)" }
    static func wat(_ name: String) throws -> Program {
        try Program.load(try builder.get().build(wat: path(name + ".wat"), name: name).sharedObjectPath)
    }
    static func swift(_ name: String) throws -> Program {
        try Program.load(try builder.get().build(swiftFile: path(name + ".swift"), name: name + "-swift").sharedObjectPath)
    }
}

/// Runs tasks; not a model of the real kernel, only enough to see the processor's behaviour.
final class TestKernel {
    let ram: GuestRAM
    let cpu: CPU
    var nextFrame: UInt32 = 0
    var pages: [Int: [UInt32: (frame: UInt32, writable: Bool)]] = [:]
    var calls: [CallArguments] = []
    var lines: [String] = []
    var faults: [String] = []
    var instructions: UInt64 = 0
    var slices = 0
    var answer: (CallArguments) -> Int64 = { _ in 0 }
    /// Serves a fault instead of the rules below; false stops the task there.
    var onFault: ((_ task: Int, _ page: UInt32, _ isWrite: Bool) -> Bool)?
    /// Instructions so far at each system call.
    var callCounts: [UInt64] = []

    init(megabytes: Int = 16) throws {
        ram = try GuestRAM(byteCount: megabytes << 20)
        cpu = CPU(ram: ram)
    }

    func create(_ program: Program) -> Int {
        let t = cpu.createTask(program: cpu.addProgram(program))
        pages[t] = [:]
        return t
    }

    /// Instantiates and starts; returns the last exit.
    @discardableResult
    func start(_ task: Int, argument: Int64 = 0, budget: UInt64 = .max) -> Exit {
        guard cpu.begin(task: task, entry: .instantiate) else { return .trap(-1) }
        let e = run(task, budget: budget)
        guard case .finished = e, cpu.begin(task: task, entry: .start, argument0: argument) else { return e }
        return run(task, budget: budget)
    }

    /// Runs to an end (finished, trap, bad access), resuming after everything else. `slicesMax` bounds programs that
    /// never end.
    @discardableResult
    func run(_ task: Int, budget: UInt64 = .max, slicesMax: Int = 1_000_000, callsMax: Int = .max) -> Exit {
        for _ in 0..<slicesMax {
            var consumed: UInt64 = 0
            let e = cpu.run(task: task, budget: budget, consumed: &consumed)
            instructions += consumed
            slices += 1
            switch e {
            case .finished, .trap: return e
            case .outOfFuel: continue
            case .systemCall:
                call(task)
                if calls.count >= callsMax { return e }
            case .pageFault(let page, let isWrite):
                faults.append("\(page)\(isWrite ? "w" : "r")")
                if !(onFault?(task, page, isWrite) ?? resolve(task, page, isWrite)) { return e }
            }
        }
        return .outOfFuel
    }

    private func resolve(_ task: Int, _ page: UInt32, _ isWrite: Bool) -> Bool {
        if let p = pages[task]![page] {
            guard isWrite, !p.writable else { return false }
            let new = takeFrame()
            ram.frameAddress(new).copyMemory(from: ram.frameAddress(p.frame), byteCount: 65536)
            place(task, page, new)
            return true
        }
        guard page < cpu.memoryPages(task: task) else { return false }
        let frame = takeFrame()
        ram.frameAddress(frame).initializeMemory(as: UInt8.self, repeating: 0, count: 65536)
        place(task, page, frame)
        return true
    }
    func takeFrame() -> UInt32 {
        defer { nextFrame += 1 }
        return nextFrame
    }
    private func place(_ task: Int, _ page: UInt32, _ frame: UInt32) {
        pages[task]![page] = (frame, true)
        cpu.map(task: task, page: page, frame: frame, writable: true)
    }

    func clone(_ task: Int) -> Int {
        let copy = cpu.cloneTask(task)
        guard copy >= 0 else { return copy }
        pages[copy] = [:]
        for (page, p) in pages[task]!.sorted(by: { $0.key < $1.key }) {
            for t in [task, copy] {
                pages[t]![page] = (p.frame, false)
                cpu.map(task: t, page: page, frame: p.frame, writable: false)
            }
        }
        return copy
    }

    private func call(_ task: Int) {
        let a = cpu.systemCallArguments(task: task)
        calls.append(a)
        callCounts.append(instructions)
        if a.number == 1 { lines.append(String(decoding: bytes(task, a.a0, a.a1), as: UTF8.self)) }
        if a.number == 5 { fill(task, a.a0, a.a1) }
        cpu.setSystemCallResult(task: task, answer(a))
    }
    func bytes(_ task: Int, _ address: Int64, _ count: Int64) -> [UInt8] {
        (0..<max(0, count)).map { i in
            let a = UInt64(address + i)
            guard let p = pages[task]![UInt32(a >> 16)] else { return 0 }
            return ram.frameAddress(p.frame).load(fromByteOffset: Int(a & 0xffff), as: UInt8.self)
        }
    }
    private func fill(_ task: Int, _ address: Int64, _ count: Int64) {
        for i in 0..<max(0, count) {
            let a = UInt64(address + i)
            _ = resolve(task, UInt32(a >> 16), true)
            ram.frameAddress(pages[task]![UInt32(a >> 16)]!.frame).storeBytes(of: UInt8(truncatingIfNeeded: i * 37 + 11), toByteOffset: Int(a & 0xffff), as: UInt8.self)
        }
    }
}
