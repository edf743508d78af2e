// VirtIO GPU, 2-D commands only (VirtIO 1.2 §5.7): one resource, one scan-out, one framebuffer. Commands are
// asynchronous; at most one flush is in flight and later ones merge into one pending rectangle.

public final class GPUDriver {
    public static let frameCount = 1
    static let pixelFormatBGRX: UInt32 = 2          // VIRTIO_GPU_FORMAT_B8G8R8X8_UNORM: 0xXXRRGGBB little-endian
    static let resourceID: UInt32 = 1
    static let sizeMax: UInt32 = 8192
    enum Command {
        static let getDisplayInfo: UInt32 = 0x100, resourceCreate2D: UInt32 = 0x101, setScanout: UInt32 = 0x103
        static let resourceFlush: UInt32 = 0x104, transferToHost2D: UInt32 = 0x105, attachBacking: UInt32 = 0x106
        static let okDisplayInfo: UInt32 = 0x1101
    }
    public struct Area: Equatable {
        public var x0: UInt32, y0: UInt32, x1: UInt32, y1: UInt32
        public init(x0: UInt32, y0: UInt32, x1: UInt32, y1: UInt32) { self.x0 = x0; self.y0 = y0; self.x1 = x1; self.y1 = y1 }
        func union(_ o: Area) -> Area { Area(x0: min(x0, o.x0), y0: min(y0, o.y0), x1: max(x1, o.x1), y1: max(y1, o.y1)) }
    }
    enum State { case askingSize, needsBacking, settingUp, ready, failed }

    public private(set) var width: UInt32 = 0, height: UInt32 = 0
    public private(set) var flushCount: UInt64 = 0, errorCount: UInt64 = 0
    private(set) var state = State.askingSize
    private let transport: VirtioTransport
    private let queue: Virtqueue
    private let memory: DMARegion                   // 8 request slots of 4 KiB (request 3 KiB, response 1 KiB) from 16 KiB on
    private var freeSlots: [UInt8] = [7, 6, 5, 4, 3, 2, 1, 0]
    private var slotOfHead = [UInt8](repeating: 0, count: 32)
    private var kindOfSlot = [UInt32](repeating: 0, count: 8)
    private var setupLeft = 0
    private var flushInFlight = false
    private var pendingFlush: Area?

    public init?(transport: VirtioTransport, memory: DMARegion) {
        guard transport.negotiate(0) != nil, let queue = transport.makeQueue(0, size: 32, memory: memory.slice(0, 8192)) else { return nil }
        self.transport = transport
        self.queue = queue
        self.memory = memory
        transport.start()
        command(Command.getDisplayInfo, [], responseByteCount: 24 + 16 * 24)
        queue.notify()
    }

    /// True once the size is known and the driver waits for `attach`.
    public var needsBacking: Bool { state == .needsBacking }
    public var isReady: Bool { state == .ready }
    public var hasFailed: Bool { state == .failed }
    public var framebufferByteCount: Int { Int(width) * Int(height) * 4 }

    /// Gives the framebuffer its memory (ranges of bytes, in order) and switches the scan-out on.
    public func attach(_ ranges: [(physical: UInt64, byteCount: Int)]) {
        guard state == .needsBacking, ranges.count <= 180 else { return }
        state = .settingUp
        setupLeft = 3
        command(Command.resourceCreate2D, [GPUDriver.resourceID, GPUDriver.pixelFormatBGRX, width, height], responseByteCount: 24)
        var words = [GPUDriver.resourceID, UInt32(ranges.count)]
        for r in ranges { words += [UInt32(truncatingIfNeeded: r.physical), UInt32(truncatingIfNeeded: r.physical >> 32), UInt32(r.byteCount), 0] }
        command(Command.attachBacking, words, responseByteCount: 24)
        command(Command.setScanout, [0, 0, width, height, 0, GPUDriver.resourceID], responseByteCount: 24)
        queue.notify()
    }
    /// Shows the area; merged with others while a flush is under way.
    public func flush(_ area: Area) {
        guard state == .ready else { return }
        let clipped = Area(x0: min(area.x0, width), y0: min(area.y0, height), x1: min(area.x1, width), y1: min(area.y1, height))
        if clipped.x0 >= clipped.x1 || clipped.y0 >= clipped.y1 { return }
        pendingFlush = pendingFlush.map { $0.union(clipped) } ?? clipped
        startFlush()
    }
    public func handleInterrupt() {
        transport.acknowledgeInterrupt()
        while let (head, written) = queue.popUsed() {
            let slot = slotOfHead[Int(head)]
            freeSlots.append(slot)
            complete(kindOfSlot[Int(slot)], response: memory.base + responseOffset(slot), byteCount: Int(written))
        }
        startFlush()
    }

    private func startFlush() {
        guard state == .ready, !flushInFlight, freeSlots.count >= 2, let a = pendingFlush else { return }
        pendingFlush = nil
        flushInFlight = true
        flushCount += 1
        let offset = UInt64(a.y0) * UInt64(width) * 4 + UInt64(a.x0) * 4
        let rectangle = [a.x0, a.y0, a.x1 - a.x0, a.y1 - a.y0]
        command(Command.transferToHost2D, rectangle + [UInt32(truncatingIfNeeded: offset), UInt32(truncatingIfNeeded: offset >> 32), GPUDriver.resourceID, 0], responseByteCount: 24)
        command(Command.resourceFlush, rectangle + [GPUDriver.resourceID, 0], responseByteCount: 24)
        queue.notify()
    }
    private func complete(_ kind: UInt32, response: UnsafeMutableRawPointer, byteCount: Int) {
        let type = byteCount >= 24 ? response.load(as: UInt32.self) : 0
        let isOK = type & 0xff00 == 0x1100
        if !isOK { errorCount += 1 }
        switch kind {
        case Command.getDisplayInfo:
            let w = response.load(fromByteOffset: 24 + 8, as: UInt32.self), h = response.load(fromByteOffset: 24 + 12, as: UInt32.self)
            guard type == Command.okDisplayInfo, byteCount >= 48, w > 0, h > 0, w <= GPUDriver.sizeMax, h <= GPUDriver.sizeMax else {
                state = .failed
                return
            }
            (width, height) = (w, h)
            state = .needsBacking
        case Command.resourceCreate2D, Command.attachBacking, Command.setScanout:
            setupLeft -= 1
            if !isOK { state = .failed }
            if setupLeft == 0, state == .settingUp { state = .ready }
        case Command.resourceFlush:
            flushInFlight = false
        default: break
        }
    }
    private func responseOffset(_ slot: UInt8) -> Int { 16384 + Int(slot) * 4096 + 3072 }
    private func command(_ kind: UInt32, _ words: [UInt32], responseByteCount: Int) {
        guard let slot = freeSlots.popLast() else { return }
        let request = memory.slice(16384 + Int(slot) * 4096, 3072)
        request.base.initializeMemory(as: UInt8.self, repeating: 0, count: 4096)
        request.base.storeBytes(of: kind, toByteOffset: 0, as: UInt32.self)
        for (i, w) in words.enumerated() { request.base.storeBytes(of: w, toByteOffset: 24 + i * 4, as: UInt32.self) }
        let chain = [VirtioBuffer(request.physical, 24 + words.count * 4, writable: false),
                     VirtioBuffer(memory.physical + UInt64(responseOffset(slot)), responseByteCount, writable: true)]
        guard let head = queue.add(chain) else {
            freeSlots.append(slot)
            return
        }
        slotOfHead[Int(head)] = slot
        kindOfSlot[Int(slot)] = kind
    }
}
