// What every scenario ends with.

import Testing
@testable import Kernel

extension FakeMachine {
    /// Everything adds up; and once every process has ended, all that they had is back: frames, handles, objects of each
    /// kind, messages with their bytes, deadlines, swap.
    func expectAllReturned(_ location: SourceLocation = #_sourceLocation) {
        let during = kernel.checkConservation()
        #expect(during == nil, "\(during ?? "")", sourceLocation: location)
        for p in kernel.processes.reversed() where p.isAlive { kernel.endProcess(p, .killed, code: 0) }
        run(until: now + 100_000_000_000)                     // transfers that are under way come to their end
        let after = kernel.checkConservation()
        #expect(after == nil, "\(after ?? "")", sourceLocation: location)
        var empty = Ledger()
        empty.framesFree = frameCount - kernel.memory.frames.total(.kernel) - kernel.memory.frames.total(.archive)
        #expect(kernel.ledger() == empty, sourceLocation: location)
    }
}
