// Devices: probing at boot, interrupts, and the system calls on device handles. The drivers do the hardware; here is
// what the kernel makes of it: handles, signals, the framebuffer as shared memory.

import ABI
import Drivers
import MemoryManager

/// Register access of the drivers through the HAL.
final class HALRegisters: RegisterAccess {
    private let hal: any HAL
    init(hal: any HAL) { self.hal = hal }
    func read(_ address: UInt64) -> UInt32 { hal.readRegister(address) }
    func write(_ address: UInt64, _ value: UInt32) { hal.writeRegister(address, value) }
}

/// What was found, and what the kernel keeps for it.
struct DeviceSet {
    var console: ConsoleDriver?
    var entropy: EntropyDriver?
    var clock: RTCDriver?
    var block: BlockDriver?                     // swap
    var disk: DataDisk?
    var blockDeviceCount = 0
    var diskLine = -1
    var consoleInput: [UInt8] = []
    var net: NetDriver?
    var gpu: GPUDriver?
    var inputOfLine: [Int: InputDriver] = [:]
    var deviceIDOfLine: [Int: UInt32] = [:]

    var framebuffer: SharedObject?
    var objects: [DeviceObject] = []            // one a kind, held by the kernel
    var events: [InputEventRecord] = []

    func object(_ kind: DeviceKind) -> DeviceObject? { objects.first { $0.device == kind } }
    /// Nothing that `init` needs is still under way.
    func haveAnswered(isSeeded: Bool) -> Bool {
        (entropy == nil || isSeeded) && !(clock?.isInFlight ?? false) && (gpu.map { $0.isReady || $0.hasFailed } ?? true)
    }
}

extension Kernel {
    func probeDevices() {
        let registers = HALRegisters(hal: hal)
        for line in 0..<configuration.deviceSlotCount {
            let base = configuration.deviceBase + configuration.deviceStride * UInt64(line)
            if let transport = VirtioTransport(base: base, registers: registers) { attach(transport, line) }
        }
        pollEntropy()
        gpuInterrupt()
    }
    private func attach(_ t: VirtioTransport, _ line: Int) {
        devices.deviceIDOfLine[line] = t.deviceID
        switch t.deviceID {
        case VirtioDeviceID.console:
            if devices.console == nil, let m = dma(ConsoleDriver.frameCount) { devices.console = ConsoleDriver(transport: t, memory: m) }
            if devices.console != nil { publish(.console, .writable) }
        case VirtioDeviceID.entropy:
            if devices.entropy == nil, let m = dma(EntropyDriver.frameCount) { devices.entropy = EntropyDriver(transport: t, memory: m) }
            devices.entropy?.request()
        case VirtioDeviceID.block:
            // The first is swap, when swap is wanted; the next one holds data. A swap disk that fails is not replaced.
            devices.blockDeviceCount += 1
            guard let m = dma(BlockDriver.frameCount), let driver = BlockDriver(transport: t, memory: m) else { return }
            if configuration.isSwapEnabled, devices.blockDeviceCount == 1 { attachSwap(driver) } else if devices.disk == nil { attachDisk(driver, line) }
        case VirtioDeviceID.network:
            if devices.net == nil, let m = dma(NetDriver.frameCount) { devices.net = NetDriver(transport: t, memory: m) }
            if devices.net != nil { publish(.network, .writable) }
        case VirtioDeviceID.gpu:
            if devices.gpu == nil, let m = dma(GPUDriver.frameCount) { devices.gpu = GPUDriver(transport: t, memory: m) }
        case VirtioDeviceID.clock:
            if devices.clock == nil, let m = dma(RTCDriver.frameCount) { devices.clock = RTCDriver(transport: t, memory: m) }
            devices.clock?.ask()
        case VirtioDeviceID.input:
            guard let m = dma(InputDriver.frameCount), let driver = InputDriver(transport: t, memory: m) else { return }
            devices.inputOfLine[line] = driver
            publish(.input, [])
        default: break
        }
    }
    private func attachDisk(_ driver: BlockDriver, _ line: Int) {
        guard let buffers = dma(KernelLimits.diskTransferCountMax) else { return }
        devices.disk = DataDisk(driver: driver, buffers: buffers)
        devices.diskLine = line
        publish(.block, [])
    }
    private func attachSwap(_ driver: BlockDriver) {
        devices.block = driver
        let slotCount = driver.sectorCount * UInt64(BlockDriver.sectorByteCount) / UInt64(Limits.pageByteCount)
        memory.openSwap(slotCount: Int(min(slotCount, 1 << 20)))
    }
    /// Zeroed contiguous frames; nil when memory is too fragmented or short.
    private func dma(_ count: Int) -> DMARegion? {
        guard let first = memory.frames.allocateContiguous(.kernel, count: count) else { return nil }
        for i in 0..<UInt32(count) { memory.clear(first + i) }
        return DMARegion(base: hal.frameAddress(first), physical: hal.physicalAddress(ofFrame: first), byteCount: count * Limits.pageByteCount)
    }
    private func publish(_ kind: DeviceKind, _ signals: Signals) {
        if devices.object(kind) != nil { return }
        let object = DeviceObject(kind)
        insertAtBoot(object)
        object.signals = signals
        devices.objects.append(object)
    }

    // MARK: Interrupts

    /// A device's line is pending: its driver acknowledges and collects.
    public func interrupt(line: Int) {
        charge(costs.interrupt)
        switch devices.deviceIDOfLine[line] ?? 0 {
        case VirtioDeviceID.console: consoleInterrupt()
        case VirtioDeviceID.entropy: pollEntropy()
        case VirtioDeviceID.block: if line == devices.diskLine { diskInterrupt() } else { swapInterrupt() }
        case VirtioDeviceID.network: netInterrupt()
        case VirtioDeviceID.gpu: gpuInterrupt()
        case VirtioDeviceID.input: inputInterrupt(line)
        case VirtioDeviceID.clock: clockInterrupt()
        default: break
        }
        startInitWhenReady(force: false)
        updateAlarm()
    }
    private func pollEntropy() {
        if let seed = devices.entropy?.poll(), !random.isSeeded { random.seed(seed) }
    }
    /// The clock is asked once, at boot; from then on virtual time goes on.
    private func clockInterrupt() {
        if let wall = devices.clock?.handleInterrupt() { wallClockBase = wall &- hal.nowNanoseconds }
    }
    private func gpuInterrupt() {
        guard let gpu = devices.gpu else { return }
        gpu.handleInterrupt()
        if gpu.needsBacking { attachFramebuffer(gpu) }
        if gpu.isReady { publish(.framebuffer, []) }
    }
    private func attachFramebuffer(_ gpu: GPUDriver) {
        let count = (gpu.framebufferByteCount + Limits.pageByteCount - 1) / Limits.pageByteCount
        guard let first = memory.frames.allocateContiguous(.kernel, count: count) else { return }
        let list = (0..<UInt32(count)).map { first + $0 }
        for f in list { memory.clear(f) }
        let object = SharedObject(byteCount: gpu.framebufferByteCount, backing: .device, frames: list)
        insertAtBoot(object)
        devices.framebuffer = object
        gpu.attach([(hal.physicalAddress(ofFrame: first), count * Limits.pageByteCount)])
        gpu.handleInterrupt()
    }
    private func netInterrupt() {
        devices.net?.handleInterrupt()
        updateNetSignals()
    }
    private func updateNetSignals() {
        guard let net = devices.net, let object = devices.object(.network) else { return }
        setSignals(object, .readable, net.hasPacket)
        setSignals(object, .writable, net.canSend)
    }
    private func inputInterrupt(_ line: Int) {
        for e in devices.inputOfLine[line]?.handleInterrupt() ?? [] {
            if devices.events.count >= KernelLimits.inputEventCountMax {
                counters.droppedInputEvents += 1
            } else {
                devices.events.append(e)
            }
        }
        if let object = devices.object(.input) { setSignals(object, .readable, !devices.events.isEmpty) }
    }

    // MARK: System calls

    func callDeviceOpen(_ p: GuestProcess, _ a: SystemCallArguments) throws(CallStop) -> Int64 {
        guard let kind = DeviceKind(rawValue: Int32(truncatingIfNeeded: a.a1)) else { throw .failed(.invalidArgument) }
        guard let device = devices.object(kind) else { throw .failed(.notFound) }
        return Int64(try handle(p, device.ref, [.read, .write, .map, .duplicate, .transfer]))
    }
    private func framebuffer(_ target: DeviceObject) throws(CallStop) -> (GPUDriver, SharedObject) {
        guard target.device == .framebuffer, let gpu = devices.gpu, let pixels = devices.framebuffer else { throw .failed(.notSupported) }
        return (gpu, pixels)
    }
    func callFramebufferInfo(_ p: GuestProcess, _ a: SystemCallArguments, _ target: DeviceObject) throws(CallStop) -> Int64 {
        let (gpu, _) = try framebuffer(target)
        try copyOut32(p, [gpu.width, gpu.height, gpu.width * 4, 1], a.a1)
        return 0
    }
    func callFramebufferMap(_ p: GuestProcess, _ a: SystemCallArguments, _ target: DeviceObject) throws(CallStop) -> Int64 {
        let (_, pixels) = try framebuffer(target)
        return try mapShared(p, pixels, isWritable: true, through: a.a0)
    }
    func callFramebufferFlush(_ a: SystemCallArguments, _ target: DeviceObject) throws(CallStop) -> Int64 {
        let (gpu, _) = try framebuffer(target)
        guard a.a1 >= 0, a.a2 >= 0, a.a3 >= 0, a.a4 >= 0, a.a1 <= 65535, a.a2 <= 65535, a.a3 <= 65535, a.a4 <= 65535 else { throw .failed(.invalidArgument) }
        gpu.flush(GPUDriver.Area(x0: UInt32(a.a1), y0: UInt32(a.a2), x1: UInt32(a.a1 + a.a3), y1: UInt32(a.a2 + a.a4)))
        mustLeaveSlice = true
        return 0
    }
    func callPollEvent(_ p: GuestProcess, _ a: SystemCallArguments, _ target: DeviceObject) throws(CallStop) -> Int64 {
        guard target.device == .input else { throw .failed(.notSupported) }
        guard a.a2 >= 0 else { throw .failed(.invalidArgument) }
        let count = Int(min(a.a2, Int64(devices.events.count)))
        try emit(p, a.a1) { w in for e in devices.events[..<count] { e.emit(&w) } }
        devices.events.removeFirst(count)
        setSignals(target, .readable, !devices.events.isEmpty)
        return Int64(count)
    }
    private func network(_ target: DeviceObject) throws(CallStop) -> NetDriver {
        guard target.device == .network, let net = devices.net else { throw .failed(.notSupported) }
        return net
    }
    func callNetSend(_ p: GuestProcess, _ a: SystemCallArguments, _ target: DeviceObject) throws(CallStop) -> Int64 {
        let net = try network(target)
        guard a.a2 >= 14, a.a2 <= Int64(NetDriver.packetByteCountMax) else { throw .failed(.invalidArgument) }
        let packet = try copyIn(p, a.a1, Int(a.a2))
        let isSent = net.send(packet)
        updateNetSignals()
        mustLeaveSlice = true
        guard isSent else { throw .failed(.wouldBlock) }
        return 0
    }
    func callNetReceive(_ p: GuestProcess, _ a: SystemCallArguments, _ target: DeviceObject) throws(CallStop) -> Int64 {
        let net = try network(target)
        guard let byteCount = net.nextPacketByteCount else { throw .failed(.wouldBlock) }
        guard a.a2 >= Int64(byteCount) else { throw .failed(.bufferTooSmall) }
        try probe(p, a.a1, byteCount, write: true)
        let packet = net.receive() ?? []
        updateNetSignals()
        try copyOut(p, packet, a.a1)
        return Int64(packet.count)
    }
    func callNetInfo(_ p: GuestProcess, _ a: SystemCallArguments, _ target: DeviceObject) throws(CallStop) -> Int64 {
        let net = try network(target)
        try copyOut(p, net.mac, a.a1)
        return 0
    }
}
