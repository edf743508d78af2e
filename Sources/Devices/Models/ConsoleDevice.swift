// Owns the VirtIO console (VirtIO 1.2 §5.3), one port: queue 0 carries input to the guest, queue 1 its output.
// Invariant: output is captured up to a bound and passed on in the order in which the guest wrote it.
import Machine

/// A serial console: what the guest prints, and typed input.
public final class ConsoleDevice: VirtIODevice, HostEventSink {
    public let name = "console"
    public let deviceID: UInt32 = 3
    public let deviceFeatures: UInt64 = 1   // SIZE
    public let queueSizes = [64, 64]
    public var configuration: [UInt8] { ConfigurationWriter.bytes { $0.add16(columns); $0.add16(rows); $0.add32(1); $0.add32(0) } }
    private var columns: UInt16 = 80, rows: UInt16 = 25

    /// Called with each piece of output.
    public var onOutput: (([UInt8]) -> Void)?
    /// The last `capturedByteCountMax` bytes of output.
    public private(set) var captured: [UInt8] = []
    public static let capturedByteCountMax = 1 << 20
    static let transmitByteCountMax = 1 << 16    // of one request; what is longer is cut and counted
    static let inputByteCountMax = 1 << 16
    private var input: [UInt8] = []
    private var outputByteCount: UInt64 = 0
    private var outputHash = StateHasher()
    public private(set) var inputDroppedByteCount = 0
    private unowned(unsafe) var transport: VirtIOTransport!

    public init() {}
    public func connect(_ transport: VirtIOTransport) { self.transport = transport }

    public var capturedText: String { String(decoding: captured, as: UTF8.self) }

    public func notified(queue: Int) {
        if queue == 0 { return feed() }
        while let chain = transport.pop(1) {
            let bytes = chain.read(count: Self.transmitByteCountMax)
            transport.complete(1, after: DeviceCost.console.nanoseconds(bytes: bytes.count)) { [unowned self] in
                if chain.readableByteCount > Self.transmitByteCountMax { transport.drop(.tooLong) }
                output(bytes)
                transport.push(1, chain, byteCount: 0)
            }
        }
    }

    /// The terminal has another size: the driver is told. Only before a run or from a scheduled event.
    public func resize(columns: UInt16, rows: UInt16) {
        (self.columns, self.rows) = (columns, rows)
        transport.configurationChanged()
    }

    private func output(_ bytes: [UInt8]) {
        outputByteCount += UInt64(bytes.count)
        outputHash.add(bytes)
        captured += bytes
        if captured.count > 2 * Self.capturedByteCountMax { captured.removeFirst(captured.count - Self.capturedByteCountMax) }
        onOutput?(bytes)
    }

    public func receive(_ event: HostEvent) -> Bool {
        guard case .consoleInput(let bytes) = event else { return false }
        let room = max(0, Self.inputByteCountMax - input.count)
        input += bytes.prefix(room)
        inputDroppedByteCount += max(0, bytes.count - room)
        feed()
        return true
    }

    private func feed() {
        while !input.isEmpty, let chain = transport.pop(0) {
            let bytes = Array(input.prefix(chain.writableByteCount))
            input.removeFirst(bytes.count)
            transport.complete(0, after: DeviceCost.console.nanoseconds(bytes: bytes.count)) { [unowned self] in
                if bytes.isEmpty { transport.drop(.receiveRoom) }
                chain.write(bytes)
                transport.push(0, chain, byteCount: bytes.count)
            }
        }
    }

    public func reset() { input.removeAll() }

    public func hash(into hasher: inout StateHasher) {
        hasher.add(outputByteCount)
        hasher.add(outputHash.value)
        hasher.add(input)
        hasher.add(UInt32(columns) << 16 | UInt32(rows))
    }
}
