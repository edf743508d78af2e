// What the kernel's memory manager relies on: faults report exactly the first touch after a mapping was taken away or
// made read-only, frames can be shared, and copies are apart. And numbers: canonical NaNs, no contraction.

import Foundation
import Machine
import ProgramBuilder
import Testing

@Suite struct AddressSpaceTests {
    private func ready(_ k: TestKernel) throws -> Int {
        let t = k.create(try Programs.wat("toucher"))
        #expect(k.start(t) == .finished(0))
        k.faults = []
        return t
    }
    /// Reads (add 0) or changes a page; the word in it.
    @discardableResult
    private func touch(_ k: TestKernel, _ t: Int, _ page: UInt32, add n: Int64 = 0) -> Int64 {
        guard k.cpu.begin(task: t, entry: .handle, argument0: Int64(page), argument1: n), case .finished(let v) = k.run(t) else { return .min }
        return v
    }

    /// Access sampling: take the mapping away, see who touches what, give the same frame back.
    @Test func everyFirstTouchAfterUnmappingIsReportedOnce() throws {
        let k = try TestKernel()
        let t = try ready(k)
        for page in UInt32(0)..<40 { touch(k, t, page, add: Int64(page) + 1) }
        #expect(k.faults.count == 40)
        let frames = k.pages[t]!
        for round in 0..<3 {
            k.faults = []
            for page in UInt32(0)..<40 { k.cpu.unmap(task: t, page: page) }
            k.onFault = { task, page, _ in k.cpu.map(task: task, page: page, frame: frames[page]!.frame, writable: true); return true }
            // Neighbours too: bringing one page back must not bring back what the kernel took away.
            for page in [7, 8, 9, 30, 7, 9] as [UInt32] { #expect(touch(k, t, page) == Int64(page) + 1) }
            #expect(k.faults == ["7r", "8r", "9r", "30r"], "round \(round)")
        }
    }
    @Test func readOnlyPagesReportTheFirstWriteOnly() throws {
        let k = try TestKernel()
        let t = try ready(k)
        for page in UInt32(0)..<40 { touch(k, t, page, add: 5) }
        let frames = k.pages[t]!
        k.faults = []
        for page in UInt32(0)..<40 { k.cpu.map(task: t, page: page, frame: frames[page]!.frame, writable: false) }
        k.onFault = { task, page, _ in k.cpu.map(task: task, page: page, frame: frames[page]!.frame, writable: true); return true }
        for page in UInt32(0)..<40 { #expect(touch(k, t, page) == 5) }
        #expect(k.faults == [])
        #expect(touch(k, t, 20, add: 1) == 6)
        #expect(touch(k, t, 20, add: 1) == 7)
        #expect(touch(k, t, 21) == 5)
        #expect(touch(k, t, 21, add: 2) == 7)
        #expect(k.faults == ["20w", "21w"])
        #expect(k.ram.frameAddress(frames[20]!.frame).load(as: Int64.self) == 7)     // the same frame, not a copy
    }
    /// The same after parking and after other tasks pushed mappings out: the kernel sees what it ordered, nothing else.
    @Test func lostHostMappingsAreInvisible() throws {
        let k = try TestKernel()
        let t = try ready(k)
        for page in UInt32(0)..<40 { touch(k, t, page, add: 5) }
        k.faults = []
        k.cpu.map(task: t, page: 3, frame: k.pages[t]![3]!.frame, writable: false)
        k.cpu.unmap(task: t, page: 4)
        k.cpu.parkTask(t)
        k.onFault = { task, page, _ in k.cpu.map(task: task, page: page, frame: k.pages[t]![page]!.frame, writable: true); return true }
        for page in UInt32(0)..<40 { touch(k, t, page) }
        #expect(k.faults == ["4r"])
        touch(k, t, 3, add: 1)
        #expect(k.faults == ["4r", "3w"])
    }
    @Test func framesAreSharedBetweenTasks() throws {
        let k = try TestKernel()
        let program = k.cpu.addProgram(try Programs.wat("toucher"))
        let tasks = (0..<3).map { _ in k.cpu.createTask(program: program) }
        for t in tasks { k.pages[t] = [:]; #expect(k.start(t) == .finished(0)) }
        let frame = k.takeFrame()
        // At different addresses, the last one read-only.
        for (i, t) in tasks.enumerated() {
            k.pages[t]![UInt32(10 + i)] = (frame, true)
            k.cpu.map(task: t, page: UInt32(10 + i), frame: frame, writable: i < 2)
        }
        k.onFault = { _, _, _ in false }
        #expect(touch(k, tasks[0], 10, add: 3) == 3)
        #expect(touch(k, tasks[1], 11, add: 4) == 7)
        #expect(touch(k, tasks[0], 10) == 7)
        #expect(touch(k, tasks[2], 12) == 7)
        #expect(touch(k, tasks[2], 12, add: 1) == .min)          // a write there is refused
        #expect(touch(k, tasks[0], 10) == 7)
    }
    @Test func copiesAreApartInBothDirections() throws {
        let k = try TestKernel()
        let t = try ready(k)
        for page in UInt32(0)..<4 { touch(k, t, page, add: 100) }
        let a = k.clone(t), b = k.clone(a)                        // a clone of a clone as well
        #expect(touch(k, t, 0, add: 1) == 101)
        #expect(touch(k, a, 1, add: 2) == 102)
        #expect(touch(k, b, 2, add: 3) == 103)
        #expect([t, a, b].map { touch(k, $0, 0) } == [101, 100, 100])
        #expect([t, a, b].map { touch(k, $0, 1) } == [100, 102, 100])
        #expect([t, a, b].map { touch(k, $0, 2) } == [100, 100, 103])
        #expect([t, a, b].map { touch(k, $0, 3) } == [100, 100, 100])
        #expect(Set([t, a, b].map { k.pages[$0]![3]!.frame }).count == 1)   // what nobody wrote is one frame still
        k.cpu.destroyTask(t)
        #expect(touch(k, a, 0, add: 1) == 101)
    }

    /// Any sequence of orders, in any number between two runs of the task: it sees the frames and rights of the last ones, and
    /// faults exactly where they do not suffice.
    @Test(arguments: [1, 2, 3, 4] as [UInt64])
    func theTaskSeesTheLastOrders(_ seed: UInt64) throws {
        let k = try TestKernel(megabytes: 8)
        let t = try ready(k)
        var state = seed, contents = [Int64](repeating: 0, count: 64)
        func random(_ n: Int) -> Int { state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407; return Int(state >> 33) % n }
        for f in 0..<64 { contents[f] = Int64(f) * 1000; k.ram.frameAddress(UInt32(f + 40)).storeBytes(of: contents[f], as: Int64.self) }
        var table: [UInt32: (frame: Int, isWritable: Bool)] = [:]
        for page in UInt32(0)..<40 { k.cpu.unmap(task: t, page: page) }
        func order(_ page: UInt32, _ frame: Int, _ count: Int, _ isWritable: Bool) {
            for i in 0..<count { table[page + UInt32(i)] = (frame + i, isWritable) }
            k.cpu.mapRange(task: t, page: page, firstFrame: UInt32(frame + 40), count: UInt32(count), writable: isWritable)
        }
        var wrong: [String] = [], faultCount = 0
        k.onFault = { _, page, isWrite in
            faultCount += 1
            if let p = table[page] {
                if p.isWritable || !isWrite { wrong.append("a fault at page \(page), which is mapped"); return false }
                order(page, p.frame, 1, true)
            } else { order(page, random(64), 1, true) }
            return true
        }
        for step in 0..<4000 {
            let page = UInt32(random(40))
            switch random(10) {
            case 0: order(page, random(64), 1, random(2) == 0)
            case 1: let n = 1 + random(8); order(UInt32(random(40 - n + 1)), random(64 - n + 1), n, random(2) == 0)
            case 2: if let p = table[page] { order(page, p.frame, 1, !p.isWritable) }
            case 3: table[page] = nil; k.cpu.unmap(task: t, page: page)
            case 4: if random(20) == 0 { k.cpu.parkTask(t) }
            case 5: for (page, p) in table.sorted(by: { $0.key < $1.key }) where step % 7 == 0 { order(page, p.frame, 1, false) }   // as a clone does
            default:
                let n = random(2) == 0 ? Int64(0) : Int64(step), needsFault = table[page] == nil || (n != 0 && !table[page]!.isWritable), before = faultCount
                let value = touch(k, t, page, add: n)
                let frame = try #require(table[page]).frame
                contents[frame] += n
                if value != contents[frame] { wrong.append("step \(step): page \(page) reads \(value), not \(contents[frame])") }
                if (faultCount > before) != needsFault { wrong.append("step \(step): \(faultCount - before) faults at page \(page)") }
            }
            if !wrong.isEmpty { break }
        }
        #expect(wrong == [], "seed \(seed)")
        for f in 0..<64 { #expect(k.ram.frameAddress(UInt32(f + 40)).load(as: Int64.self) == contents[f]) }
    }

    /// A machine of 4 GiB takes of the host what it uses: the last frame works, and most were never touched.
    @Test func fourGibibytesAreSparse() throws {
        func residentPages() -> Int {
            let text = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8)) ?? ""
            return Int(text.split(separator: " ").dropFirst().first ?? "0") ?? 0
        }
        let before = residentPages()
        let k = try TestKernel(megabytes: 4096)
        #expect(k.ram.frameCount == 65536)
        k.nextFrame = 65530
        let t = try ready(k)
        #expect(touch(k, t, 1, add: 9) == 9)
        #expect(k.ram.frameAddress(k.pages[t]![1]!.frame).load(as: Int64.self) == 9)
        #expect(k.pages[t]![1]!.frame >= 65530)
        #expect((residentPages() - before) * 4096 < 1 << 30)
        #expect(throws: MachineError.self) { try GuestRAM(byteCount: 65 << 30) }
    }
}

@Suite struct NumberTests {
    private func firstPage(_ program: Program) throws -> UnsafeMutableRawPointer {
        let k = try TestKernel()
        let t = k.create(program)
        #expect(k.start(t) == .finished(0))
        let copy = UnsafeMutableRawPointer.allocate(byteCount: 65536, alignment: 16)
        copy.copyMemory(from: k.ram.frameAddress(k.pages[t]![0]!.frame), byteCount: 65536)
        return copy
    }
    /// `options` of clang instead of -O2.
    private func build(_ name: String, _ options: String) throws -> Program {
        let builder = try ProgramBuilder(root: projectRoot, output: projectRoot + "/images/out/tests", optimisation: options)
        return try Program.load(builder.build(wat: Programs.path(name + ".wat"), name: name).sharedObjectPath)
    }

    @Test(arguments: ["-O1", "-O3"])
    func everyVisibleNaNIsTheCanonicalOne(_ level: String) throws {
        let page = try firstPage(try build("nan", level))
        defer { page.deallocate() }
        for i in 0..<12 { #expect(page.load(fromByteOffset: i * 8, as: UInt64.self) == 0x7ff8_0000_0000_0000, "double \(i)") }
        for i in 0..<6 { #expect(page.load(fromByteOffset: 128 + i * 4, as: UInt32.self) == 0x7fc0_0000, "float \(i)") }
        for i in 0..<3 { #expect(page.load(fromByteOffset: 256 + i * 8, as: Double.self) == 2, "sign \(i)") }
        for i in 0..<2 { #expect(page.load(fromByteOffset: 280 + i * 4, as: Float.self) == 2, "sign of float \(i)") }
    }

    /// For a processor that has fused multiply-add, and with a compiler told to use it: the builder's own flag comes last.
    @Test(arguments: ["-O1", "-O3 -march=native -ffp-contract=fast"])
    func productsAreRoundedBeforeTheyAreAdded(_ options: String) throws {
        let x = Double(bitPattern: 0x3ff0_0000_0000_0001), y = Double(bitPattern: 0x3fef_ffff_ffff_fffe)
        #expect((-1.0).addingProduct(x, y) != x * y - 1)          // the program can tell
        let page = try firstPage(try build("contraction", options))
        defer { page.deallocate() }
        #expect(page.load(as: Double.self) == 0)
        #expect(page.load(fromByteOffset: 8, as: Double.self) == x * y - 1)
    }
}
