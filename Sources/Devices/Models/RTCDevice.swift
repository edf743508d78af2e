// Owns the VirtIO real-time clock (VirtIO 1.4, "RTC Device", device id 17): one clock, UTC. Invariant: a reading is the
// machine's wall-clock base plus the virtual time of its completion; the host's clock is never read.
import Machine

/// A clock that knows the calendar. Readings are nanoseconds since 1970-01-01T00:00:00Z.
public final class RTCDevice: VirtIODevice {
    public let name = "rtc"
    public let deviceID: UInt32 = 17
    public let deviceFeatures: UInt64 = 0      // no alarm, and so no second queue
    public let queueSizes = [16]
    public let configuration: [UInt8] = []
    private unowned(unsafe) var transport: VirtIOTransport!
    public private(set) var readingCount: UInt64 = 0
    public private(set) var refusedCount: UInt64 = 0

    /// "Device Operation": message types, status codes.
    enum Message { static let read: UInt16 = 0x0001, readCross: UInt16 = 0x0002, configuration: UInt16 = 0x1000, clockCapabilities: UInt16 = 0x1001, crossCapabilities: UInt16 = 0x1002 }
    enum Status { static let ok: UInt8 = 0, notSupported: UInt8 = 2, noDevice: UInt8 = 3, invalid: UInt8 = 4 }
    static let clockCount: UInt16 = 1
    private static let clockTypeUTC: UInt8 = 0

    public init() {}
    public func connect(_ transport: VirtIOTransport) { self.transport = transport }

    public func notified(queue: Int) {
        while let chain = transport.pop(0) {
            transport.complete(0, after: DeviceCost.rtc.requestNanoseconds) { [unowned self] in
                transport.push(0, chain, byteCount: answer(chain))
            }
        }
    }

    /// Answers a request; returns the bytes written. A response that does not fit is EINVAL, and nothing at all where
    /// not even the status fits.
    private func answer(_ chain: DescriptorChain) -> Int {
        guard chain.writableByteCount >= 1 else {
            transport.drop(.answerRoom)
            return 0
        }
        let request = FieldReader(bytes: chain.read(count: 16))
        let (status, payload) = perform(request, room: chain.writableByteCount - 8)
        if status != Status.ok { refusedCount += 1 }
        return chain.write([status, 0, 0, 0, 0, 0, 0, 0] + payload)
    }

    private func perform(_ request: FieldReader, room: Int) -> (UInt8, [UInt8]) {
        guard request.bytes.count >= 2 else { return (Status.invalid, []) }
        let message = request.get16(0)
        switch message {
        case Message.configuration:
            if request.bytes.count < 8 || room < 8 { return (Status.invalid, []) }
            return (Status.ok, ConfigurationWriter.bytes { $0.add16(Self.clockCount); $0.pad(to: 8) })
        case Message.read, Message.readCross, Message.clockCapabilities, Message.crossCapabilities:
            if request.bytes.count < 16 || room < (message == Message.readCross ? 16 : 8) { return (Status.invalid, []) }
            if request.get16(8) >= Self.clockCount { return (Status.noDevice, []) }
            return onClock(message)
        default: return (Status.notSupported, [])
        }
    }

    private func onClock(_ message: UInt16) -> (UInt8, [UInt8]) {
        switch message {
        case Message.read:
            readingCount += 1
            return (Status.ok, ConfigurationWriter.bytes { $0.add64(transport.machine.wallClockNanoseconds) })
        case Message.clockCapabilities:   // type, smearing (unspecified), flags (no alarm)
            return (Status.ok, ConfigurationWriter.bytes { $0.add8(Self.clockTypeUTC); $0.pad(to: 8) })
        case Message.crossCapabilities:   // flags: no hardware counter is cross-timestamped
            return (Status.ok, [UInt8](repeating: 0, count: 8))
        default: return (Status.notSupported, [])
        }
    }

    public func reset() {}
    public func hash(into hasher: inout StateHasher) { hasher.add(readingCount); hasher.add(refusedCount) }
}
