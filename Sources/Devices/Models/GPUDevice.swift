// Owns the VirtIO GPU, 2D command set (VirtIO 1.2 §5.7): queue 0 control, queue 1 cursor. Invariants: commands are
// performed in order, each at its completion tick; no command can make the host hold more than `pixelByteCountMax`.
import Machine

/// A display adapter with one scan-out.
public final class GPUDevice: VirtIODevice {
    public let name = "gpu"
    public let deviceID: UInt32 = 16
    public let deviceFeatures: UInt64 = 0
    public let queueSizes = [64, 16]
    static let headerByteCount = 24
    static let commandByteCountMax = 1 << 18     // 16 Ki backing entries
    static let backingCountMax = 16384
    static let sideMax = 8192
    static let pixelByteCountMax = 256 << 20
    static let resourceCountMax = 256

    public let frame: ScanoutFrame
    private let cost: DeviceCost
    private unowned(unsafe) var transport: VirtIOTransport!
    private var resources: [UInt32: GPUResource] = [:]
    private var resourceOrder: [UInt32] = []     // creation order; the dictionary is never iterated
    private var pixelByteCount = 0
    private var scanoutResource: UInt32 = 0
    private var scanoutRect: FrameRect
    private var displayEvents: UInt32 = 0
    private var preferred: (width: Int, height: Int)
    public private(set) var commandCount: UInt64 = 0
    public private(set) var refusedCommandCount: UInt64 = 0

    enum Command {
        static let getDisplayInfo: UInt32 = 0x100, createResource: UInt32 = 0x101, unreference: UInt32 = 0x102
        static let setScanout: UInt32 = 0x103, flush: UInt32 = 0x104, transfer: UInt32 = 0x105
        static let attachBacking: UInt32 = 0x106, detachBacking: UInt32 = 0x107
        static let updateCursor: UInt32 = 0x300, moveCursor: UInt32 = 0x301
    }
    enum Response {
        static let ok: UInt32 = 0x1100, displayInfo: UInt32 = 0x1101
        static let unspecified: UInt32 = 0x1200, outOfMemory: UInt32 = 0x1201, badScanout: UInt32 = 0x1202
        static let badResource: UInt32 = 0x1203, badParameter: UInt32 = 0x1205
    }

    public init(width: Int = 1024, height: Int = 768, cost: DeviceCost = .gpu) {
        let w = min(max(width, 64), Self.sideMax), h = min(max(height, 64), Self.sideMax)
        preferred = (w, h)
        frame = ScanoutFrame(width: w, height: h)
        scanoutRect = FrameRect(x: 0, y: 0, width: w, height: h)
        self.cost = cost
    }

    public func connect(_ transport: VirtIOTransport) {
        self.transport = transport
        transport.machine.attach(frame)
    }

    public var configuration: [UInt8] {
        ConfigurationWriter.bytes { $0.add32(displayEvents); $0.add32(0); $0.add32(1); $0.add32(0) }
    }

    public func writeConfiguration(offset: Int, value: UInt8) {
        if offset >= 4, offset < 8 { displayEvents &= ~(UInt32(value) << UInt32(8 * (offset - 4))) }   // events_clear
    }

    /// Another monitor: the driver is told and asks again. Only before a run or from a scheduled event.
    public func setResolution(width: Int, height: Int) {
        preferred = (min(max(width, 64), Self.sideMax), min(max(height, 64), Self.sideMax))
        displayEvents |= 1
        transport.configurationChanged()
    }

    public func notified(queue: Int) {
        while let chain = transport.pop(queue) {
            let command = FieldReader(bytes: chain.read(count: Self.commandByteCountMax))
            transport.complete(queue, after: cost.nanoseconds(bytes: byteCount(of: command))) { [unowned self] in
                transport.push(queue, chain, byteCount: answer(command, chain))
            }
        }
    }

    /// Bytes that a command moves, for its cost.
    private func byteCount(of command: FieldReader) -> Int {
        switch command.get32(0) {
        case Command.transfer, Command.flush:
            let rect = Self.rect(command, 24).intersection(FrameRect(x: 0, y: 0, width: Self.sideMax, height: Self.sideMax))
            return rect.width * rect.height * 4
        default: return 0
        }
    }

    private func answer(_ command: FieldReader, _ chain: DescriptorChain) -> Int {
        commandCount += 1
        guard command.bytes.count >= Self.headerByteCount else {
            transport.drop(.headerMissing)
            return 0
        }
        var payload: [UInt8] = []
        let code = perform(command, &payload)
        if code >= Response.unspecified { refusedCommandCount += 1 }
        let flags = command.get32(4) & 1   // VIRTIO_GPU_FLAG_FENCE
        let response = ConfigurationWriter.bytes {
            $0.add32(code); $0.add32(flags); $0.add64(flags == 0 ? 0 : command.get64(8)); $0.add32(command.get32(16)); $0.add32(0)
            $0.add(payload)
        }
        if chain.writableByteCount < response.count { transport.drop(.answerRoom) }
        return chain.write(response)
    }

    private func perform(_ command: FieldReader, _ payload: inout [UInt8]) -> UInt32 {
        switch command.get32(0) {
        case Command.getDisplayInfo: payload = displayInfo(); return Response.displayInfo
        case Command.createResource: return createResource(command)
        case Command.unreference: return unreference(command.get32(24))
        case Command.setScanout: return setScanout(command)
        case Command.flush: return flush(command)
        case Command.transfer: return transfer(command)
        case Command.attachBacking: return attachBacking(command)
        case Command.detachBacking:
            guard resources[command.get32(24)] != nil else { return Response.badResource }
            resources[command.get32(24)]!.detach()
            return Response.ok
        case Command.updateCursor: return updateCursor(command)
        case Command.moveCursor: moveCursor(command); return Response.ok
        default: return Response.unspecified
        }
    }

    private static func rect(_ command: FieldReader, _ offset: Int) -> FrameRect {
        FrameRect(x: Int(command.get32(offset)), y: Int(command.get32(offset + 4)),
                  width: Int(command.get32(offset + 8)), height: Int(command.get32(offset + 12)))
    }

    private func displayInfo() -> [UInt8] {
        ConfigurationWriter.bytes {
            $0.add32(0); $0.add32(0); $0.add32(UInt32(preferred.width)); $0.add32(UInt32(preferred.height))
            $0.add32(1); $0.add32(0)
            $0.pad(to: 16 * 24)
        }
    }

    private func createResource(_ command: FieldReader) -> UInt32 {
        let id = command.get32(24), format = command.get32(28)
        let width = Int(command.get32(32)), height = Int(command.get32(36))
        guard id != 0, resources[id] == nil else { return Response.badResource }
        guard width > 0, height > 0, width <= Self.sideMax, height <= Self.sideMax else { return Response.badParameter }
        guard [1, 2, 67, 134].contains(format) else { return Response.badParameter }   // BGRA, BGRX, RGBA, RGBX
        guard resources.count < Self.resourceCountMax, pixelByteCount + width * height * 4 <= Self.pixelByteCountMax else {
            return Response.outOfMemory
        }
        resources[id] = GPUResource(width: width, height: height, swapsRedAndBlue: format > 2)
        resourceOrder.append(id)
        pixelByteCount += width * height * 4
        return Response.ok
    }

    private func unreference(_ id: UInt32) -> UInt32 {
        guard let resource = resources.removeValue(forKey: id) else { return Response.badResource }
        pixelByteCount -= resource.width * resource.height * 4
        resourceOrder.removeAll { $0 == id }
        if scanoutResource == id { scanoutResource = 0; frame.blank() }
        return Response.ok
    }

    private func attachBacking(_ command: FieldReader) -> UInt32 {
        let id = command.get32(24), count = Int(command.get32(28))
        guard resources[id] != nil else { return Response.badResource }
        guard count <= Self.backingCountMax, command.bytes.count >= 32 + 16 * count else { return Response.badParameter }
        guard resources[id]!.backing.isEmpty else { return Response.unspecified }
        var pieces: [(UnsafeMutableRawPointer, Int)] = []
        for index in 0..<count {
            let address = command.get64(32 + 16 * index), length = Int(command.get32(40 + 16 * index))
            guard let pointer = transport.machine.ram.pointer(physical: address, count: length) else { return Response.badParameter }
            if length > 0 { pieces.append((pointer, length)) }
        }
        for (pointer, length) in pieces { resources[id]!.attach(pointer, count: length) }
        return Response.ok
    }

    private func transfer(_ command: FieldReader) -> UInt32 {
        let rect = Self.rect(command, 24), id = command.get32(48)
        guard resources[id] != nil else { return Response.badResource }
        guard !rect.isEmpty, rect.intersection(resources[id]!.bounds) == rect else { return Response.badParameter }
        return resources[id]!.transfer(rect, offset: command.get64(40)) ? Response.ok : Response.badParameter
    }

    private func setScanout(_ command: FieldReader) -> UInt32 {
        let rect = Self.rect(command, 24), scanout = command.get32(40), id = command.get32(44)
        guard scanout == 0 else { return Response.badScanout }
        if id == 0 { scanoutResource = 0; frame.blank(); return Response.ok }
        guard let resource = resources[id] else { return Response.badResource }
        guard !rect.isEmpty, rect.intersection(resource.bounds) == rect else { return Response.badParameter }
        scanoutResource = id
        scanoutRect = rect
        frame.resize(width: rect.width, height: rect.height)
        return Response.ok
    }

    private func flush(_ command: FieldReader) -> UInt32 {
        let rect = Self.rect(command, 24), id = command.get32(40)
        guard let resource = resources[id] else { return Response.badResource }
        guard rect.intersection(resource.bounds) == rect else { return Response.badParameter }
        guard id == scanoutResource else { return Response.ok }
        let origin = scanoutRect
        let visible = rect.intersection(origin)
        guard !visible.isEmpty else { return Response.ok }
        let shown = FrameRect(x: visible.x - origin.x, y: visible.y - origin.y, width: visible.width, height: visible.height)
        resource.pixels.withUnsafeBufferPointer {
            frame.show($0.baseAddress! + origin.y * resource.width + origin.x, stride: resource.width, rect: shown)
        }
        return Response.ok
    }

    // MARK: Cursor (§5.7.6.10): position {scanout, x, y, padding}, resource, hot x, hot y

    private func updateCursor(_ command: FieldReader) -> UInt32 {
        let id = command.get32(40)
        moveCursor(command)
        guard id != 0 else { frame.cursor.isVisible = false; return Response.ok }
        let side = ScanoutFrame.Cursor.side
        guard let resource = resources[id], resource.width == side, resource.height == side else { return Response.badResource }
        frame.cursor.image = resource.pixels
        frame.cursor.hotX = Int(command.get32(44) & 63)
        frame.cursor.hotY = Int(command.get32(48) & 63)
        frame.cursor.isVisible = true
        return Response.ok
    }

    private func moveCursor(_ command: FieldReader) {
        frame.cursor.x = Int(command.get32(28) & 0xffff)
        frame.cursor.y = Int(command.get32(32) & 0xffff)
    }

    public func reset() {
        resources.removeAll()
        resourceOrder.removeAll()
        pixelByteCount = 0
        scanoutResource = 0
        displayEvents = 0
        frame.cursor = ScanoutFrame.Cursor()
        frame.blank()
    }

    public func hash(into hasher: inout StateHasher) {
        hasher.add(scanoutResource)
        hasher.add(displayEvents)
        hasher.add(preferred.width); hasher.add(preferred.height)
        hasher.add(commandCount); hasher.add(refusedCommandCount)
        for id in resourceOrder {
            guard let resource = resources[id] else { continue }
            hasher.add(id)
            hasher.add(resource.width); hasher.add(resource.height); hasher.add(resource.backingByteCount)
            resource.pixels.withUnsafeBytes { hasher.add($0) }
        }
    }
}
