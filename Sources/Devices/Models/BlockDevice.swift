// Owns the VirtIO block device (VirtIO 1.2 §5.2), used for swap. Invariants: no request reaches outside the disk;
// requests complete in order; data moves at the completion tick.
import Machine

/// A disk with a latency and bandwidth model.
public final class BlockDevice: VirtIODevice {
    public let name = "block"
    public let deviceID: UInt32 = 2
    public let deviceFeatures: UInt64 = 1 << 2 | 1 << 6 | 1 << 9   // SEG_MAX, BLK_SIZE, FLUSH
    public let queueSizes = [128]
    private enum Request { static let read: UInt32 = 0, write: UInt32 = 1, flush: UInt32 = 4, identify: UInt32 = 8 }
    private enum Answer { static let ok: UInt8 = 0, error: UInt8 = 1, unsupported: UInt8 = 2 }
    static let headerByteCount = 16
    public static let requestByteCountMax = 16 << 20

    private let storage: any BlockStorage
    private let cost: DeviceCost
    private unowned(unsafe) var transport: VirtIOTransport!
    private var contentHash = StateHasher()   // of the write log, which determines the content
    public private(set) var readByteCount: UInt64 = 0
    public private(set) var writtenByteCount: UInt64 = 0
    public private(set) var readCount: UInt64 = 0
    public private(set) var writeCount: UInt64 = 0
    public private(set) var errorCount: UInt64 = 0

    public init(storage: any BlockStorage, cost: DeviceCost = .block) {
        self.storage = storage
        self.cost = cost
    }

    public func connect(_ transport: VirtIOTransport) { self.transport = transport }

    public var configuration: [UInt8] {
        ConfigurationWriter.bytes {
            $0.add64(UInt64(storage.byteCount / 512))
            $0.add32(0)              // size_max: not offered
            $0.add32(126)            // seg_max
            $0.add32(0)              // geometry: not offered
            $0.add32(512)            // blk_size
            $0.pad(to: 60)
        }
    }

    public func notified(queue: Int) {
        while let chain = transport.pop(0) { accept(chain) }
    }

    private func accept(_ chain: DescriptorChain) {
        let bytes = max(chain.readableByteCount - Self.headerByteCount, chain.writableByteCount - 1)
        transport.complete(0, after: cost.nanoseconds(bytes: min(bytes, Self.requestByteCountMax))) { [unowned self] in
            transport.push(0, chain, byteCount: perform(chain))
        }
    }

    /// Performs a request; returns how many bytes it wrote into the chain.
    private func perform(_ chain: DescriptorChain) -> Int {
        guard chain.readableByteCount >= Self.headerByteCount, chain.writableByteCount >= 1 else {
            transport.droppedRequestCount += 1
            return 0
        }
        let header = FieldReader(bytes: chain.read(count: Self.headerByteCount))
        let room = chain.writableByteCount - 1
        var answer = Answer.unsupported
        var count = 0
        switch header.get32(0) {
        case Request.read:
            count = room
            answer = read(chain, sector: header.get64(8), count: room)
        case Request.write:
            answer = write(chain, sector: header.get64(8), count: chain.readableByteCount - Self.headerByteCount)
        case Request.flush: answer = storage.flush() ? Answer.ok : Answer.error
        case Request.identify:
            let identity = Array("terrarium-disk".utf8) + [0, 0, 0, 0, 0, 0]
            count = chain.write(Array(identity.prefix(room)))
            answer = Answer.ok
        default: break
        }
        if answer != Answer.ok { errorCount += 1 }
        chain.write([answer], offset: room)
        return answer == Answer.ok ? count + 1 : 1
    }

    private func offset(sector: UInt64, count: Int) -> Int? {
        let sectors = UInt64(storage.byteCount / 512)
        guard count % 512 == 0, count <= Self.requestByteCountMax, sector <= sectors else { return nil }
        return UInt64(count / 512) <= sectors - sector ? Int(sector) * 512 : nil
    }

    private func read(_ chain: DescriptorChain, sector: UInt64, count: Int) -> UInt8 {
        guard let start = offset(sector: sector, count: count) else { return Answer.error }
        var isGood = true
        chain.forEachWritable(offset: 0, count: count) { buffer, position in
            if !storage.read(offset: start + position, into: buffer) { isGood = false }
        }
        readCount += 1
        readByteCount += UInt64(count)
        return isGood ? Answer.ok : Answer.error
    }

    private func write(_ chain: DescriptorChain, sector: UInt64, count: Int) -> UInt8 {
        guard let start = offset(sector: sector, count: count) else { return Answer.error }
        var isGood = true
        contentHash.add(sector)
        chain.forEachReadable(offset: Self.headerByteCount, count: count) { buffer, position in
            if !storage.write(offset: start + position, from: buffer) { isGood = false }
            contentHash.add(buffer)
        }
        writeCount += 1
        writtenByteCount += UInt64(count)
        return isGood ? Answer.ok : Answer.error
    }

    public func reset() {}

    public func hash(into hasher: inout StateHasher) {
        hasher.add(contentHash.value)
        hasher.add(readByteCount); hasher.add(writtenByteCount)
        hasher.add(errorCount)
    }
}
