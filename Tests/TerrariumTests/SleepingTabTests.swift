// A tab that slept when the machine was switched off wakes on another machine as it was: the same frame, text and place,
// without a request to the server; from a torn file its address is loaded (MEM-005, MEM-006).

import ABI
import Devices
import Foundation
import Kernel
import Machine
import Policies
import Testing
@testable import Terrarium

private final class SleepPolicy: MemoryPolicy {
    let name: StaticString = "sleep"
    func decide(_ snapshot: MemorySnapshot) -> [MemoryDecision] {
        snapshot.tabs.filter { $0.lifecycle == .hidden }.map { MemoryDecision(.hibernate, pid: $0.pid, .requested) }
    }
}

extension WholeMachine {
    @Suite struct SleepingTabs {
        private func machine(_ disk: String, image: SystemImage, url: String = "", seed: UInt64 = 1) throws -> Simulation {
            try .desktop(image: image, url: url) {
                $0.policy = "none"
                $0.seed = seed
                $0.disk = DiskConfiguration(path: disk, byteCount: FileManager.default.fileExists(atPath: disk) ? nil : 64 << 20)
            }
        }
        /// A page with typed text, scrolled, behind another tab, asleep and on the disk. Gives the picture of before.
        private func putToSleep(_ disk: String, image: SystemImage) throws -> UInt64 {
            let s = try machine(disk, image: image, url: "http://10.0.2.2/")
            try s.schedule(script: "1.2s type \"typed by hand\"\n1.8s move 400 500\n1.9s wheel -5\n3.0s key ctrl+t\n")
            s.run(untilSecond: 2.9)
            let picture = s.contentHash
            s.kernel.memoryPolicy = SleepPolicy()
            s.run(until: .predicate { !s.marks(.tabSaved).isEmpty || s.now > seconds(12) })
            try #require(s.marks(.tabSaved).count == 1, "\(s.consoleText)")
            s.run(nanoseconds: seconds(2.5))                    // the session names the image
            s.expectConserved()
            s.shutDown()
            try s.closeDisk()
            return picture
        }
        private func pages() throws -> (TemporaryFolder, SystemImage) {
            let folder = try TemporaryFolder()
            try folder.write("<!DOCTYPE html><title>Sleeper</title><body style='background:#e0f0ff'><input autofocus>" + (1...200).map { "<p>line \($0) of a page that sleeps" }.joined(), "pages/index.html")
            return (folder, try Project.image(pages: folder.url))
        }
        /// Opens the tabs of the last run and shows the first.
        private func wake(_ s: Simulation) throws {
            try s.schedule(script: "1.0s move 400 500\n1.2s key ctrl+shift+t\n2.0s key ctrl+1\n")
            s.run(untilSecond: 3.5)
        }

        @Test func aSleepingTabWakesOnAnotherMachine() throws {
            let (folder, image) = try pages(), disk = folder.path("my.state")
            let picture = try putToSleep(disk, image: image)
            let s = try machine(disk, image: image, seed: 77)
            try wake(s)
            #expect(s.marks(.tabRestored).count == 1 && s.marks(.tabReloaded).allSatisfy { $0.a != s.marks(.tabRestored).first?.a }, "\(s.consoleText)")
            #expect(s.contentHash == picture, "the same page at the same place with the same text")
            // It lives on: the wheel scrolls, and a reload goes over the network.
            let loaded = s.marks(.pageLoaded).count, start = s.now / 1_000_000
            try s.schedule(script: "\(start + 100)ms move 400 500\n\(start + 150)ms wheel -3\n\(start + 900)ms key f5\n")
            s.run(nanoseconds: seconds(0.8))
            #expect(s.contentHash != picture)
            s.run(nanoseconds: seconds(2))
            #expect(s.marks(.pageLoaded).count > loaded && !s.consoleText.contains("trapped"), "\(s.consoleText)")
            s.expectAllReturned()
            try s.closeDisk()
        }

        @Test func aTornImageIsLoadedFromItsAddress() throws {
            let (folder, image) = try pages(), disk = folder.path("my.state")
            _ = try putToSleep(disk, image: image)
            // Bytes of the image's pages, wherever they lie on the disk.
            var bytes = try Data(contentsOf: URL(fileURLWithPath: disk))
            let magic = Data([0x54, 0x42, 0x49, 0x31])
            let at = try #require(bytes.range(of: magic)?.lowerBound)
            for i in stride(from: at + 20_000, to: min(bytes.count, at + 60_000), by: 997) { bytes[i] ^= 0x5a }
            try bytes.write(to: URL(fileURLWithPath: disk))
            let s = try machine(disk, image: image)
            try wake(s)
            #expect(s.marks(.tabRestored).isEmpty && s.pixel(marginX, marginY) == 0xE0F0FF, "\(s.consoleText)")
            s.expectAllReturned()
            try s.closeDisk()
        }
    }
}
