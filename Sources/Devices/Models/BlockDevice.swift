// Owns the VirtIO block device (VirtIO 1.2 §5.2): swap and the data disk. Invariants: no request reaches outside the
// disk; requests complete in order; data moves at the completion tick; a fault follows from plan, seed and requests.
import Machine

/// A disk with a latency and bandwidth model and, when a plan says so, faults.
public final class BlockDevice: VirtIODevice {
    public let name: String
    public let deviceID: UInt32 = 2
    public let queueSizes = [128]
    private enum Request { static let read: UInt32 = 0, write: UInt32 = 1, flush: UInt32 = 4, identify: UInt32 = 8 }
    private enum Answer { static let ok: UInt8 = 0, error: UInt8 = 1, unsupported: UInt8 = 2 }
    static let headerByteCount = 16
    public static let requestByteCountMax = 16 << 20

    private let storage: any BlockStorage
    private let cost: BlockCost
    private let isReadOnly: Bool
    private unowned(unsafe) var transport: VirtIOTransport!
    private var faults: FaultInjector
    private var cache = WriteCache()
    private var headSector: UInt64 = 0        // where the request accepted last ends
    private var contentHash = StateHasher()   // of all changes, which with the first content determine the content
    public private(set) var isPowerLost = false
    /// Called when a fault takes the power away; the disk answers everything with errors from then on.
    public var onPowerLoss: (() -> Void)?
    public private(set) var readByteCount: UInt64 = 0
    public private(set) var writtenByteCount: UInt64 = 0
    public private(set) var readCount: UInt64 = 0
    public private(set) var writeCount: UInt64 = 0
    public private(set) var flushCount: UInt64 = 0
    public private(set) var errorCount: UInt64 = 0

    /// `name` appears in checkpoints and as the disk's identity, "terrarium-NAME"; `seed` decides the faults.
    public init(storage: any BlockStorage, cost: BlockCost = .nvme, faults: FaultPlan = .none, seed: UInt64 = 1, name: String = "block", isReadOnly: Bool = false) {
        self.storage = storage
        self.cost = cost
        self.faults = FaultInjector(faults, seed: seed)
        self.name = name
        self.isReadOnly = isReadOnly
    }

    public func connect(_ transport: VirtIOTransport) { self.transport = transport }

    /// SEG_MAX, BLK_SIZE, FLUSH; RO.
    public var deviceFeatures: UInt64 { 1 << 2 | 1 << 6 | 1 << 9 | (isReadOnly ? 1 << 5 : 0) }

    public var configuration: [UInt8] {
        ConfigurationWriter.bytes {
            $0.add64(sectorCount)
            $0.add32(0)              // size_max: not offered
            $0.add32(126)            // seg_max
            $0.add32(0)              // geometry: not offered
            $0.add32(512)            // blk_size
            $0.pad(to: 60)
        }
    }

    public var sectorCount: UInt64 { UInt64(storage.byteCount / 512) }
    /// Faults of a kind so far.
    public func faultCount(_ kind: FaultPlan.Kind) -> UInt64 { faults.hitCount(kind) }

    // MARK: Acceptance: the header is read once, the cost fixed

    private struct Job { var type: UInt32; var start: UInt64; var count: Int; var sectors: Range<UInt64> }

    public func notified(queue: Int) {
        while let chain = transport.pop(0) {
            guard chain.readableByteCount >= Self.headerByteCount, chain.writableByteCount >= 1 else {
                transport.drop(chain.writableByteCount < 1 ? .answerRoom : .headerMissing)
                transport.complete(0, after: cost.read.requestNanoseconds) { [unowned self] in transport.push(0, chain, byteCount: 0) }
                continue
            }
            let job = makeJob(chain)
            transport.complete(0, after: nanoseconds(job)) { [unowned self] in
                transport.push(0, chain, byteCount: perform(job, chain))
            }
        }
    }

    private func makeJob(_ chain: DescriptorChain) -> Job {
        let header = FieldReader(bytes: chain.read(count: Self.headerByteCount))
        let type = header.get32(0)
        let count = type == Request.write ? chain.readableByteCount - Self.headerByteCount : chain.writableByteCount - 1
        let start = header.get64(8)
        let isTransfer = type == Request.read || type == Request.write
        let isInside = isTransfer && offset(sector: start, count: count) != nil
        return Job(type: type, start: start, count: count, sectors: isInside ? start..<(start + UInt64(count / 512)) : 0..<0)
    }

    private func nanoseconds(_ job: Job) -> UInt64 {
        var time = cost.flushNanoseconds
        if job.type != Request.flush {
            let model = job.type == Request.write ? cost.write : cost.read
            time = model.nanoseconds(bytes: job.sectors.count * 512)
        }
        if !job.sectors.isEmpty {
            time += cost.seekNanoseconds(from: headSector, to: job.start, sectorCount: sectorCount)
            headSector = job.sectors.upperBound
        }
        let access: FaultInjector.Access = job.type == Request.write ? .write : job.type == Request.flush ? .flush : .read
        return time + faults.delay(access, sectors: job.sectors)
    }

    // MARK: Completion

    /// Performs a request; returns how many bytes it wrote into the chain.
    private func perform(_ job: Job, _ chain: DescriptorChain) -> Int {
        let room = chain.writableByteCount - 1
        var answer = Answer.unsupported
        switch job.type {
        case Request.read: answer = read(chain, job)
        case Request.write: answer = write(chain, job)
        case Request.flush: answer = flush()
        case Request.identify:
            let identity = Array("terrarium-\(name)".utf8.prefix(20))
            chain.write(Array((identity + [UInt8](repeating: 0, count: 20 - identity.count)).prefix(room)))
            answer = Answer.ok
        default: break
        }
        if answer != Answer.ok { errorCount += 1 }
        chain.write([answer], offset: room)
        return room + 1   // the status is the last byte
    }

    private func offset(sector: UInt64, count: Int) -> Int? {
        guard count % 512 == 0, count <= Self.requestByteCountMax, sector <= sectorCount else { return nil }
        return UInt64(count / 512) <= sectorCount - sector ? Int(sector) * 512 : nil
    }

    private func read(_ chain: DescriptorChain, _ job: Job) -> UInt8 {
        guard !isPowerLost, let start = offset(sector: job.start, count: job.count) else { return Answer.error }
        if faults.fault(.read, sectors: job.sectors) != nil { return Answer.error }
        var isGood = true
        chain.forEachWritable(offset: 0, count: job.count) { buffer, position in
            if !storage.read(offset: start + position, into: buffer) { isGood = false }
        }
        readCount += 1
        readByteCount += UInt64(job.count)
        return isGood ? Answer.ok : Answer.error
    }

    private func write(_ chain: DescriptorChain, _ job: Job) -> UInt8 {
        guard !isPowerLost, !isReadOnly, let start = offset(sector: job.start, count: job.count) else { return Answer.error }
        let fault = faults.fault(.write, sectors: job.sectors)
        if fault == .writeError { return Answer.error }
        let count = fault == nil ? job.count : Int(faults.below(UInt64(job.sectors.count))) * 512
        let isGood = store(chain, start: start, count: count, sector: job.start)
        if fault == .powerLoss { losePower() }
        if fault != nil { return Answer.error }
        writeCount += 1
        writtenByteCount += UInt64(count)
        return isGood ? Answer.ok : Answer.error
    }

    private func store(_ chain: DescriptorChain, start: Int, count: Int, sector: UInt64) -> Bool {
        if faults.plan.canLosePower { cache.remember(storage, sector: sector, count: count) }
        var isGood = true
        contentHash.add(sector)
        chain.forEachReadable(offset: Self.headerByteCount, count: count) { buffer, position in
            if !storage.write(offset: start + position, from: buffer) { isGood = false }
            contentHash.add(buffer)
        }
        return isGood
    }

    private func flush() -> UInt8 {
        if isPowerLost { return Answer.error }
        flushCount += 1
        if faults.fault(.flush, sectors: 0..<0) != nil { return Answer.ok }
        cache.flushed()
        return storage.flush() ? Answer.ok : Answer.error
    }

    private func losePower() {
        isPowerLost = true
        let lost = cache.losePower(storage) { faults.below(2) == 0 }
        contentHash.add(lost)
        onPowerLoss?()
    }

    public func reset() {}

    public func hash(into hasher: inout StateHasher) {
        hasher.add(contentHash.value)
        hasher.add(readByteCount); hasher.add(writtenByteCount); hasher.add(flushCount)
        hasher.add(errorCount)
        hasher.add(headSector)
        hasher.add(isPowerLost)
        faults.hash(into: &hasher)
    }
}
