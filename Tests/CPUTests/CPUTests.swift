// The processor with real programs: exits, traps, budgets, clones.

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
}
