// System calls on the console and on the data disk. Invariant: the disk reads and writes only the kernel's own buffers,
// one for each transfer; a caller that ends leaves its buffer behind until the device is done with it.

import ABI
import Drivers

/// One transfer of the data disk. It is free for others once it is done and its caller has taken the result.
struct DiskTransfer {
    enum State: UInt8 { case free, inFlight, succeeded, failed }
    var state = State.free
    var caller = ObjectRef.none
}

struct DataDisk {
    let driver: BlockDriver
    let buffers: DMARegion                  // one frame a transfer
    var transfers = [DiskTransfer](repeating: DiskTransfer(), count: KernelLimits.diskTransferCountMax)
    var waiting: [ObjectRef] = []           // callers that wait for a free transfer
    func buffer(_ i: Int) -> DMARegion { buffers.slice(i * Limits.blockByteCountMax, Limits.blockByteCountMax) }
}

extension Kernel {
    // MARK: Console

    /// Text of the kernel or of a process; what the device has no room for is dropped (and counted by the driver).
    func writeConsole(_ bytes: [UInt8]) {
        charge(costs.perItem * UInt64(bytes.count))
        devices.console?.write(bytes)
        updateConsoleSignals()
    }
    private func updateConsoleSignals() {
        guard let console = devices.console, let object = devices.object(.console) else { return }
        setSignals(object, .readable, !devices.consoleInput.isEmpty)
        setSignals(object, .writable, console.room >= Limits.consoleByteCountMax)
    }
    func consoleInterrupt() {
        for byte in devices.console?.handleInterrupt() ?? [] {
            if devices.consoleInput.count < Limits.consoleByteCountMax { devices.consoleInput.append(byte) } else { counters.droppedConsoleBytes += 1 }
        }
        updateConsoleSignals()
    }
    func callConsole(_ call: SystemCall, _ p: GuestProcess, _ a: SystemCallArguments, _ target: DeviceObject) throws(CallStop) -> Int64 {
        guard target.device == .console, let console = devices.console else { throw .failed(.notSupported) }
        if call == .consoleRead {
            guard a.a2 > 0 else { throw .failed(.invalidArgument) }
            if devices.consoleInput.isEmpty { throw .failed(.wouldBlock) }
            let count = Int(min(a.a2, Int64(devices.consoleInput.count)))
            try copyOut(p, Array(devices.consoleInput[..<count]), a.a1)
            devices.consoleInput.removeFirst(count)
            updateConsoleSignals()
            return Int64(count)
        }
        guard a.a2 >= 0, a.a2 <= Int64(Limits.consoleByteCountMax) else { throw .failed(.invalidArgument) }
        let bytes = try copyIn(p, a.a1, Int(a.a2))
        updateConsoleSignals()
        guard console.room >= bytes.count else { throw .failed(.wouldBlock) }
        writeConsole(bytes)
        mustLeaveSlice = true
        return 0
    }

    // MARK: Data disk

    func callBlock(_ call: SystemCall, _ p: GuestProcess, _ a: SystemCallArguments, _ target: DeviceObject) throws(CallStop) -> Int64 {
        guard target.device == .block, let disk = devices.disk else { throw .failed(.notSupported) }
        if call == .blockInfo {
            try copyOut32(p, [UInt32(truncatingIfNeeded: disk.driver.sectorCount), UInt32(disk.driver.sectorCount >> 32), UInt32(Limits.sectorByteCount), 0], a.a1)
            return 0
        }
        let byteCount = call == .blockFlush ? 0 : a.a3
        if let i = p.diskTransfer { return try finishTransfer(p, call, a, disk, i, Int(byteCount)) }
        if call == .blockFlush {
            if !disk.driver.canFlush { return 0 }
        } else {
            guard a.a1 >= 0, byteCount > 0, byteCount <= Int64(Limits.blockByteCountMax), byteCount % Int64(Limits.sectorByteCount) == 0,
                  UInt64(a.a1) <= disk.driver.sectorCount, UInt64(byteCount) / UInt64(Limits.sectorByteCount) <= disk.driver.sectorCount - UInt64(a.a1)
            else { throw .failed(.invalidArgument) }
        }
        try probe(p, a.a2, Int(byteCount), write: call == .blockRead)
        try startTransfer(p, call, a, disk, Int(byteCount))
        throw .blocked
    }
    private func startTransfer(_ p: GuestProcess, _ call: SystemCall, _ a: SystemCallArguments, _ disk: DataDisk, _ byteCount: Int) throws(CallStop) {
        guard let i = disk.transfers.firstIndex(where: { $0.state == .free }) else {
            if !disk.waiting.contains(p.ref) { devices.disk?.waiting.append(p.ref) }
            return
        }
        let operation: BlockDriver.Operation = call == .blockFlush ? .flush : call == .blockRead ? .read : .write
        let buffer = disk.buffer(i)
        if operation == .write {
            let bytes = try copyIn(p, a.a2, byteCount)
            bytes.withUnsafeBytes { b in if let from = b.baseAddress { buffer.base.copyMemory(from: from, byteCount: byteCount) } }
        }
        let isGiven = disk.driver.submit(operation, sector: operation == .flush ? 0 : UInt64(a.a1), physical: buffer.physical, byteCount: byteCount, token: UInt32(i))
        invariant(isGiven, "the disk's queue holds fewer requests than there are transfers")
        devices.disk?.transfers[i] = DiskTransfer(state: .inFlight, caller: p.ref)
        p.diskTransfer = i
        mustLeaveSlice = true
    }
    /// The call is dispatched again: takes the result, or goes on waiting. `leaveTransfer` follows when the call ends.
    private func finishTransfer(_ p: GuestProcess, _ call: SystemCall, _ a: SystemCallArguments, _ disk: DataDisk, _ i: Int, _ byteCount: Int) throws(CallStop) -> Int64 {
        switch disk.transfers[i].state {
        case .free: kernelPanic("a process waits for a transfer that is free")
        case .inFlight: throw .blocked
        case .failed: throw .failed(.ioError)
        case .succeeded:
            if call == .blockRead { try copyOut(p, [UInt8](UnsafeRawBufferPointer(start: disk.buffer(i).base, count: byteCount)), a.a2) }
            return Int64(byteCount)
        }
    }
    /// The call of a process that used a transfer has ended, one way or another.
    func leaveTransfer(_ p: GuestProcess) {
        guard let i = p.diskTransfer, let state = devices.disk?.transfers[i].state else { return }
        p.diskTransfer = nil
        devices.disk?.transfers[i].caller = .none
        if state != .inFlight { freeTransfer(i) }
    }
    private func freeTransfer(_ i: Int) {
        devices.disk?.transfers[i] = DiskTransfer()
        let waiting = devices.disk?.waiting ?? []
        devices.disk?.waiting = []
        for ref in waiting { if let p = objects[ref] as? GuestProcess { wake(p) } }
    }
    func diskInterrupt() {
        guard let disk = devices.disk else { return }
        for (token, isOK) in disk.driver.handleInterrupt() {
            let i = Int(token)
            if !isOK { counters.diskErrors += 1 }
            devices.disk?.transfers[i].state = isOK ? .succeeded : .failed
            if let p = objects[disk.transfers[i].caller] as? GuestProcess { wake(p) } else { freeTransfer(i) }
        }
    }
}
