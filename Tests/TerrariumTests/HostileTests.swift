// Random system calls with every right, programs that trap by the hundred, memory that programs and machines give back,
// machines beside each other, the time of day.

import ABI
import Foundation
import Kernel
import Testing
@testable import Machine
@testable import Terrarium

extension WholeMachine {
    @Suite struct Hostile {
        nonisolated(unsafe) static let folder = Result { try TemporaryFolder() }

        /// Seeded calls with random arguments and every right there is, then programs that trap, one after the other: the kernel goes
        /// on, everything adds up at every look, everything comes back (KERN-006, KERN-014, KERN-025, IPC-002).
        /// `TERRARIUM_FUZZ_CALLS` sets how many calls; a fiftieth as many traps follow.
        @Test(arguments: ["1", "2"])
        func randomSystemCallsAreSurvived(_ seed: String) throws {
            let callCount = ProcessInfo.processInfo.environment["TERRARIUM_FUZZ_CALLS"].flatMap { Int($0) } ?? 10_000
            let trapCount = callCount / 50
            let image = try TestPrograms.image(boot: "fuzz.swift", ["pong.swift", "unreachable.wat"])
            let s = try Simulation.bare(image, start: "\(seed),\(callCount),\(trapCount)")
            var looks = 0
            while !s.consoleText.contains(" trapped") || s.kernel.isRunning(InlineName("init")), looks < max(2000, callCount / 5) {
                s.run(nanoseconds: 10_000_000)
                looks += 1
                let problem = looks % 4 == 0 ? s.kernel.checkConservation() : nil
                try #require(problem == nil, "seed \(seed) at \(s.now) ns: \(problem ?? "")")
            }
            let text = s.consoleText
            let line = try #require(text.split(separator: "\n").last { $0.contains("fuzz: \(callCount) calls") }, "seed \(seed) at \(s.now): \(text.suffix(500))")
            let succeeded = line.split(separator: " ").compactMap { Int($0) }.last ?? 0
            #expect(succeeded > callCount / 10, "\(line)")               // not all turned away at the first check
            #expect(text.contains("fuzz: \(trapCount) of \(trapCount) trapped"), "\(text.split(separator: "\n").filter { $0.contains("] fuzz: ") })")
            s.run(nanoseconds: 50_000_000)
            s.expectAllReturned()
        }

        /// What a program frees, the kernel has again (`pagesResident` of the process).
        @Test func freedMemoryComesBackToTheKernel() throws {
            let s = try Simulation.bare(try TestPrograms.image(boot: "hoard.swift", []))
            func resident(after stage: String) throws -> Int {
                try #require(s.run(untilConsole: "hoard " + stage, withinSeconds: 5), "\(s.consoleText)")
                s.run(nanoseconds: 5_000_000)
                return Int(try #require(s.kernel.processRecords.first).pagesResident)
            }
            let full = try resident(after: "full"), empty = try resident(after: "empty"), trimmed = try resident(after: "trimmed")
            #expect(full > 300)
            #expect(empty < full / 4, "\(full) pages, then \(empty)")
            #expect(trimmed <= empty && trimmed < 24, "\(trimmed): \(s.consoleText)")
            s.expectAllReturned()
        }

        /// Three machines in one process, each on its own thread, at the same time: the hashes that each has alone.
        @Test func machinesOnThreadsDoNotNoticeEachOther() throws {
            let image = try TestPrograms.image(boot: "ping.swift", ["pong.swift"])
            let hoard = try TestPrograms.image(boot: "hoard.swift", [])
            @Sendable func run(_ which: Int) throws -> [UInt64] {
                let s = try Simulation.bare(which == 2 ? hoard : image)
                var hashes: [UInt64] = []
                for _ in 0..<8 {
                    s.run(nanoseconds: which == 0 ? 5_000_000 : 4_000_000)
                    hashes += [s.kernel.stateHash(), s.kernel.ramHash()]
                }
                return hashes
            }
            let alone = try (0..<3).map(run)
            final class Results: @unchecked Sendable { let lock = NSLock(); var list = [[UInt64]?](repeating: nil, count: 3) }
            let results = Results()
            DispatchQueue.concurrentPerform(iterations: 3) { i in
                let hashes = try? run(i)
                results.lock.lock()
                results.list[i] = hashes
                results.lock.unlock()
            }
            for i in 0..<3 { #expect(results.list[i] == alone[i], "machine \(i)") }
            #expect(alone.allSatisfy { Set($0).count > 8 } && Set(alone).count == 3)
        }
        /// 64 MiB and 4 GiB both boot, and what a machine took of the host is given back when it is let go: its memory's
        /// file and every mapping of it are gone.
        @Test(arguments: [64, 4096])
        func machinesOfEverySizeBootAndAreGivenBack(_ megabytes: Int) throws {
            var inode: UInt64 = 0
            func boot() throws {
                var c = SimulationConfiguration()
                c.ramByteCount = megabytes << 20
                c.swapByteCount = 16 << 20
                c.network = .none
                let s = try Simulation(c, image: try TestPrograms.image(boot: "hoard.swift", []))
                #expect(s.run(untilConsole: "hoard full", withinSeconds: 5))
                #expect(Int(s.kernel.memoryRecord.framesTotal) == megabytes * 16)
                s.expectConserved()
                var status = stat()
                try #require(fstat(s.machine.ram.fileDescriptor, &status) == 0)
                inode = UInt64(status.st_ino)
                #expect(try mappings(inode) > 1)                // linearly, and page by page for the program
            }
            try boot()
            #expect(try mappings(inode) == 0)
        }
        /// Mappings of guest memory with this inode, and open descriptors of it.
        private func mappings(_ inode: UInt64) throws -> Int {
            let maps = try String(contentsOfFile: "/proc/self/maps", encoding: .utf8)
            var count = maps.split(separator: "\n").count { $0.contains("memfd:terrarium-ram") && $0.split(separator: " ").dropFirst(4).first == "\(inode)" }
            for entry in try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd") {
                var status = stat()
                let target = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/fd/" + entry)) ?? ""
                if target.contains("terrarium-ram"), let fd = Int32(entry), fstat(fd, &status) == 0, UInt64(status.st_ino) == inode { count += 1 }
            }
            return count
        }

        /// The guest's time of day is the configured base plus virtual time, read from the clock device; a replay has the same.
        @Test func theTimeOfDayIsTheConfiguredOne() throws {
            let image = try TestPrograms.image(boot: "time.swift", [])
            var c = SimulationConfiguration()
            c.ramByteCount = 64 << 20
            c.swapByteCount = 0
            c.network = .none
            c.wallClockBaseNanoseconds = 1_234_567_890_123_456_789
            let path = try Self.folder.get().path("time.trace")
            let s = try Simulation(c, image: image)
            let writer = try TraceWriter(path: path, header: TraceHeader(configuration: s.machine.configuration, imageHash: image.hash, toolchain: "test"))
            writer.attach(to: s.machine)
            s.run(nanoseconds: 100_000_000)
            try writer.finish(s.machine)
            let lines = s.consoleText.split(separator: "\n").filter { $0.contains("time: ") }
            #expect(lines.count == 2)
            for line in lines {
                let n = line.split(separator: " ").compactMap { UInt64($0) }
                let error = Int64(bitPattern: n[n.count - 2] &- c.wallClockBaseNanoseconds &- n[n.count - 1])
                #expect(abs(error) < 100_000, "\(line)")          // the answer's way through the device
            }
            let trace = try TraceReader(path: path)
            let again = try Simulation(try SimulationConfiguration(trace.header.configuration), image: image, mode: .replay)
            let replayer = Replayer(trace, isVerifying: true)
            replayer.attach(to: again.machine)
            #expect(again.run(until: .forever) == .replayEnded)
            #expect(replayer.checkpointCount >= 1 && again.consoleText == s.consoleText)
        }
    }
}
