// Disks: cost, faults, files of the host and what survives which end of a run.
@testable import Devices
import Foundation
import Machine
import XCTest

/// A block device with its driver.
final class DiskBench {
    let machine: Machine
    let device: BlockDevice
    let driver: Driver
    init(_ storage: any BlockStorage, cost: BlockCost = .nvme, faults: String = "", seed: UInt64 = 1, isReadOnly: Bool = false) throws {
        machine = try makeTestMachine()
        device = BlockDevice(storage: storage, cost: cost, faults: try FaultPlan(parsing: faults), seed: seed, name: "disk", isReadOnly: isReadOnly)
        _ = try VirtIOTransport(machine: machine, device: device, slot: DeviceSlot.disk)
        driver = Driver(machine, slot: DeviceSlot.disk)
        driver.start(queueCount: 1)
    }
    private func header(_ type: UInt32, _ sector: UInt64) -> [UInt8] { little32(type, 0) + little64(sector) }
    private func rewind() { driver.queues[0].nextBuffer = driver.queues[0].base + 0x4000 }
    func write(_ sector: UInt64, _ bytes: [UInt8]) -> UInt8 { rewind(); return driver.transact(0, header(1, sector) + bytes, room: 1).last ?? 255 }
    func read(_ sector: UInt64, count: Int = 512) -> (UInt8, [UInt8]) {
        rewind()
        let answer = driver.transact(0, header(0, sector), room: count + 1)
        return (answer.last ?? 255, Array(answer.dropLast()))
    }
    func flush() -> UInt8 { rewind(); return driver.transact(0, header(4, 0), room: 1).last ?? 255 }
    func time(_ body: () -> Void) -> UInt64 {
        let before = machine.now
        body()
        return machine.now.nanoseconds(since: before) & ~1   // `run` may leave the clock one tick after the last turn
    }
}

func sector(_ value: UInt8, count: Int = 1) -> [UInt8] { [UInt8](repeating: value, count: 512 * count) }

final class DiskTests: XCTestCase {
    private func memory(_ mebibytes: Int = 1) throws -> MemoryStorage { try MemoryStorage(byteCount: mebibytes << 20) }

    func testCost() throws {
        let bench = try DiskBench(try memory(), cost: .hdd)
        _ = bench.read(0)
        let sequential = bench.time { _ = bench.read(1) }
        let near = bench.time { _ = bench.read(10) }
        let far = bench.time { _ = bench.read(2000) }
        XCTAssertEqual(sequential, BlockCost.hdd.read.nanoseconds(bytes: 512))
        XCTAssertGreaterThan(near, sequential + BlockCost.hdd.seekNanosecondsMin)
        XCTAssertGreaterThan(far, near)
        XCTAssertLessThanOrEqual(far, sequential + BlockCost.hdd.seekNanosecondsMax)
        XCTAssertEqual(bench.time { _ = bench.flush() }, BlockCost.hdd.flushNanoseconds)
        XCTAssertEqual(BlockCost.hdd.seekNanoseconds(from: 0, to: .max, sectorCount: 0), BlockCost.hdd.seekNanosecondsMin)
        XCTAssertEqual(Set(BlockCost.models.map { $0.name }).count, 3)
    }

    func testAReadOnlyDiskRefusesWrites() throws {
        let bench = try DiskBench(try memory(), isReadOnly: true)
        bench.driver.write(0x014, 0)
        XCTAssertNotEqual(bench.driver.read(0x010) & 1 << 5, 0)
        XCTAssertEqual(bench.write(0, sector(7)), 1)
        XCTAssertEqual(bench.read(0).1, sector(0))
    }

    // MARK: Faults

    func testFaultPlanText() throws {
        for text in ["read-error", "read-error=0.1%", "write-error=12.0345%@5-9#3", "torn-write#1,power-loss@7-7,drop-flush=50%", "slow=1%+20000000ns"] {
            XCTAssertEqual("\(try FaultPlan(parsing: text))", text)
        }
        XCTAssertEqual(try FaultPlan(parsing: "slow=100%+20ms@4"), FaultPlan([.init(.slow, sectors: 4...4, nanoseconds: 20_000_000)]))
        XCTAssertEqual(try FaultPlan(parsing: ""), .none)
        for text in ["explode", "read-error=2", "read-error=101%", "read-error=1.00001%", "read-error@9-5", "read-error@-", "torn-write#0", "slow", "slow+0ms",
                     "read-error+5ms", "slow+99999999999s", "read-error,", "=", "read-error@1-2-3", "read-error=%", "read-error@"] {
            XCTAssertThrowsError(try FaultPlan(parsing: text), text)
        }
    }

    func testErrorsBySector() throws {
        let bench = try DiskBench(try memory(), faults: "read-error@10-11,write-error@20-20")
        XCTAssertEqual(bench.write(8, sector(1, count: 4)), 0)
        XCTAssertEqual([8, 9, 10, 11, 12].map { bench.read($0).0 }, [0, 0, 1, 1, 0])
        XCTAssertEqual(bench.read(8, count: 1536).0, 1)
        XCTAssertEqual(bench.write(18, sector(2, count: 3)), 1)
        XCTAssertEqual(bench.read(18).1, sector(0))
        XCTAssertEqual(bench.device.faultCount(.readError), 3)
        XCTAssertEqual(bench.device.faultCount(.writeError), 1)
    }

    func testShareAndSeedDecide() throws {
        func failures(_ seed: UInt64) throws -> [Int] {
            let bench = try DiskBench(try memory(), faults: "read-error=25%", seed: seed)
            return (0..<80).filter { bench.read(UInt64($0)).0 == 1 }
        }
        let first = try failures(3)
        XCTAssertTrue((8...35).contains(first.count), "\(first.count)")
        XCTAssertEqual(try failures(3), first)
        XCTAssertNotEqual(try failures(4), first)
    }

    func testATornWriteLeavesItsFirstSectors() throws {
        var kept: Set<Int> = []
        for seed in 1...12 as ClosedRange<UInt64> {
            let bench = try DiskBench(try memory(), faults: "torn-write#2", seed: seed)
            XCTAssertEqual(bench.write(0, sector(1, count: 8)), 0)
            XCTAssertEqual(bench.write(0, sector(2, count: 8)), 1)
            let states = (0..<8).map { bench.read(UInt64($0)).1 == sector(2) }
            XCTAssertEqual(states, states.sorted { $0 && !$1 })            // a prefix
            XCTAssertFalse(states.allSatisfy { $0 })
            kept.insert(states.filter { $0 }.count)
            XCTAssertEqual(bench.write(0, sector(3, count: 8)), 0)
        }
        XCTAssertGreaterThan(kept.count, 2)
    }

    func testPowerLossKeepsWhatWasFlushed() throws {
        var survivors: Set<Int> = []
        for seed in 1...10 as ClosedRange<UInt64> {
            let storage = try memory()
            let bench = try DiskBench(storage, faults: "power-loss#10", seed: seed)
            var isLost = false
            bench.device.onPowerLoss = { isLost = true }
            for index in 0..<4 { XCTAssertEqual(bench.write(UInt64(index), sector(1)), 0) }
            XCTAssertEqual(bench.flush(), 0)
            for index in 0..<5 { XCTAssertEqual(bench.write(UInt64(index), sector(2)), 0) }
            XCTAssertFalse(isLost)
            XCTAssertEqual(bench.write(100, sector(3)), 1)
            XCTAssertTrue(isLost)
            XCTAssertEqual(bench.read(0).0, 1)
            XCTAssertEqual(bench.flush(), 1)
            let again = try DiskBench(storage)
            let got = (0..<5).map { again.read(UInt64($0)).1 }
            XCTAssertTrue(got.prefix(4).allSatisfy { $0 == sector(1) || $0 == sector(2) })
            XCTAssertTrue(got[4] == sector(0) || got[4] == sector(2))
            survivors.insert(got.filter { $0 == sector(2) }.count)
        }
        XCTAssertGreaterThan(survivors.count, 2)
    }

    func testADroppedFlushKeepsNothing() throws {
        var lost = 0
        for seed in 1...20 as ClosedRange<UInt64> {
            let storage = try memory()
            let bench = try DiskBench(storage, faults: "drop-flush,power-loss#2", seed: seed)
            XCTAssertEqual(bench.write(0, sector(1)), 0)
            XCTAssertEqual(bench.flush(), 0)
            XCTAssertEqual(bench.write(9, sector(2)), 1)
            if try DiskBench(storage).read(0).1 == sector(0) { lost += 1 }
        }
        XCTAssertTrue((3...17).contains(lost), "\(lost)")
    }

    func testTheNewestSurvivingVersionStays() throws {
        let storage = try memory()
        var cache = WriteCache()
        for value in 1...3 as ClosedRange<UInt8> {
            cache.remember(storage, sector: 5, count: 512)
            _ = sector(value).withUnsafeBytes { storage.write(offset: 5 * 512, from: $0) }
        }
        var coins = [false, true]                                   // the third is lost, the second survives
        XCTAssertEqual(cache.losePower(storage) { coins.removeFirst() }, 1)
        var got = sector(0)
        _ = got.withUnsafeMutableBytes { storage.read(offset: 5 * 512, into: $0) }
        XCTAssertEqual(got, sector(2))
    }

    func testSlowRequests() throws {
        let bench = try DiskBench(try memory(), faults: "slow#2+5ms")
        XCTAssertLessThan(bench.time { _ = bench.read(0) }, 1_000_000)
        XCTAssertGreaterThan(bench.time { _ = bench.read(1) }, 5_000_000)
        XCTAssertLessThan(bench.time { _ = bench.read(2) }, 1_000_000)
    }

    /// Record -> replay with faults: the same requests meet the same faults and give the same hash.
    func testFaultsAreTheSameAgain() throws {
        func run(_ seed: UInt64) throws -> UInt64 {
            let bench = try DiskBench(try memory(), faults: "read-error=10%,torn-write=10%,drop-flush=50%,slow=20%+1ms,power-loss#40", seed: seed)
            for index in 0..<60 as Range<UInt64> {
                _ = bench.write(index % 7, sector(UInt8(index), count: 3))
                _ = bench.read(index % 5)
                if index % 4 == 0 { _ = bench.flush() }
            }
            var hasher = StateHasher()
            bench.device.hash(into: &hasher)
            return hasher.value
        }
        XCTAssertEqual(try run(1), try run(1))
        XCTAssertNotEqual(try run(1), try run(2))
    }
}

// MARK: Files of the host

final class HostDiskTests: XCTestCase {
    private var folder = ""
    private var path: String { folder + "/data.img" }
    override func setUpWithError() throws {
        folder = NSTemporaryDirectory() + "disks-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }
    override func tearDown() { try? FileManager.default.removeItem(atPath: folder) }
    private func file() throws -> [UInt8] { [UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) }
    private var hasJournal: Bool { FileManager.default.fileExists(atPath: path + ".journal") }
    private func put(_ disk: HostDisk, _ offset: Int, _ bytes: [UInt8]) { XCTAssertTrue(bytes.withUnsafeBytes { disk.write(offset: offset, from: $0) }) }
    private func get(_ disk: some BlockStorage, _ offset: Int, _ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0xa5, count: count)
        XCTAssertTrue(bytes.withUnsafeMutableBytes { disk.read(offset: offset, into: $0) })
        return bytes
    }

    func testTheFileChangesOnlyAtTheOrderlyEnd() throws {
        do {
            let disk = try HostDisk(path: path, access: .readWrite, createByteCount: 1_000_448)
            put(disk, 512, sector(1))
            put(disk, 4096 - 512, sector(2, count: 3))                    // across blocks
            put(disk, 1_000_448 - 512, sector(3))                         // the last block is a part
            XCTAssertEqual(get(disk, 0, 2048), sector(0) + sector(1) + sector(0, count: 2))
            XCTAssertTrue(try file().allSatisfy { $0 == 0 })
            try disk.commit()
        }
        let bytes = try file()
        XCTAssertEqual(bytes.count, 1_000_448)
        XCTAssertEqual(Array(bytes[512..<1024]), sector(1))
        XCTAssertEqual(Array(bytes[3584..<5120]), sector(2, count: 3))
        XCTAssertEqual(Array(bytes.suffix(512)), sector(3))
        XCTAssertFalse(hasJournal)
    }

    func testACrashKeepsWhatWasFlushedAndNothingElse() throws {
        do {
            let disk = try HostDisk(path: path, access: .readWrite, createByteCount: 1 << 20)
            put(disk, 0, sector(1))
            XCTAssertTrue(disk.flush())
            put(disk, 0, sector(2))
            put(disk, 8192, sector(2))
            XCTAssertTrue(disk.flush())
            put(disk, 16384, sector(3))                                   // never flushed
        }
        XCTAssertTrue(try file().allSatisfy { $0 == 0 })
        XCTAssertTrue(hasJournal)
        let look = try HostDisk(path: path, access: .snapshot)            // looking takes over, but changes nothing
        XCTAssertEqual(get(look, 0, 512), sector(2))
        XCTAssertEqual(get(look, 16384, 512), sector(0))
        XCTAssertTrue(hasJournal)
    }

    func testACrashInsideAFlushIsTheStateBeforeIt() throws {
        do {
            let disk = try HostDisk(path: path, access: .readWrite, createByteCount: 1 << 20)
            put(disk, 0, sector(1))
            _ = disk.flush()
            put(disk, 0, sector(2))
            _ = disk.flush()
        }
        let journal = path + ".journal"
        let whole = try Data(contentsOf: URL(fileURLWithPath: journal))
        for count in [0, 5, 16, 20, whole.count / 2 + 40, whole.count - 1] {
            try whole.prefix(count).write(to: URL(fileURLWithPath: journal))
            let disk = try HostDisk(path: path, access: .snapshot)
            XCTAssertEqual(get(disk, 0, 512), sector(count > whole.count / 2 + 16 ? 1 : 0), "\(count)")
        }
        var damaged = whole
        damaged[whole.count - 2000] ^= 1                                  // in the second transaction
        try damaged.write(to: URL(fileURLWithPath: journal))
        do {
            let disk = try HostDisk(path: path, access: .readWrite)
            XCTAssertEqual(get(disk, 0, 512), sector(1))
        }
        XCTAssertFalse(hasJournal)
        XCTAssertEqual(Array(try file().prefix(512)), sector(1))
    }

    func testAForeignJournalIsNotTakenOver() throws {
        do {
            let disk = try HostDisk(path: path, access: .readWrite, createByteCount: 1 << 20)
            put(disk, 0, sector(1))
            _ = disk.flush()
        }
        truncate(path, 2 << 20)
        XCTAssertThrowsError(try HostDisk(path: path, access: .readWrite)) { XCTAssertTrue("\($0)".contains("another size")) }
    }

    func testErrorsNameTheWayOut() throws {
        func message(_ access: HostDisk.Access = .readWrite, size: Int? = nil, _ file: String? = nil) -> String {
            do { _ = try HostDisk(path: file ?? path, access: access, createByteCount: size); return "" } catch { return error.message }
        }
        XCTAssertTrue(message().contains("No such file"))
        XCTAssertTrue(message(size: 1000).contains("multiple of 512"))
        XCTAssertTrue(message(size: 512, "/nonexistent/disk").contains("cannot open"))
        XCTAssertTrue(message(.snapshot, folder).contains("not a file"))
        let disk = try HostDisk(path: path, access: .readWrite, createByteCount: 1 << 20)
        XCTAssertTrue(message().contains("in use"))
        XCTAssertTrue(message(.snapshot).contains("in use"))
        withExtendedLifetime(disk) {}
        let other = folder + "/odd"
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: other))
        XCTAssertTrue(message(.readWrite, other).contains("multiple of 512"))
        XCTAssertTrue(message(size: 4096, other).contains("truncate -s 4096"))
    }

    func testAFailingHostStopsTheRunAndNotTheGuest() throws {
        let disk = try HostDisk(path: path, access: .readWrite, createByteCount: 1 << 20)
        var failures = 0
        disk.onFailure = { failures += 1 }
        truncate(path, 512)                                               // somebody else cuts the file
        var bytes = sector(0)
        XCTAssertFalse(bytes.withUnsafeMutableBytes { disk.read(offset: 8192, into: $0) })
        XCTAssertTrue(disk.flush())
        XCTAssertEqual(failures, 1)
        XCTAssertThrowsError(try disk.commit())
    }

    func testASavedDiskHasTheSameContent() throws {
        let disk = try HostDisk(path: path, access: .readWrite, createByteCount: 3 << 20 + 512)
        put(disk, 70_000 / 512 * 512, (0..<2048).map { UInt8(truncatingIfNeeded: $0 &* 7) })
        put(disk, 3 << 20, sector(9))
        let hash = try disk.contentHash()
        let copy = folder + "/a.trace.disk"
        try DiskSnapshot.save(disk, contentHash: hash, path: copy)
        let saved = try Data(contentsOf: URL(fileURLWithPath: copy))
        XCTAssertLessThan(saved.count, 4096)
        let (loaded, again) = try DiskSnapshot.load(path: copy)
        XCTAssertEqual(again, hash)
        XCTAssertEqual(get(loaded, 0, 3 << 20 + 512), get(disk, 0, 3 << 20 + 512))
        XCTAssertEqual(try loaded.contentHash(), hash)
        XCTAssertTrue(DiskSnapshot.isSnapshot(copy))
        XCTAssertFalse(DiskSnapshot.isSnapshot(path))
        for index in stride(from: 0, to: saved.count, by: 37) {           // a damaged copy is an error
            var damaged = saved
            damaged[index] ^= 0x10
            try damaged.write(to: URL(fileURLWithPath: copy))
            XCTAssertThrowsError(try DiskSnapshot.load(path: copy), "byte \(index)")
        }
        try saved.prefix(saved.count - 3).write(to: URL(fileURLWithPath: copy))
        XCTAssertThrowsError(try DiskSnapshot.load(path: copy))
    }
}
