// Owns the VirtIO input devices (VirtIO 1.2 §5.8): a keyboard and an absolute pointer ("tablet"). Invariant: events of
// one report arrive together and end in SYN_REPORT; a report that finds no room is dropped whole and counted.
import Machine

/// A keyboard or tablet fed by host events.
public final class InputDevice: VirtIODevice, HostEventSink {
    public enum Kind: Sendable { case keyboard, tablet }
    private enum Event { static let synchronize: UInt16 = 0, key: UInt16 = 1, relative: UInt16 = 2, absolute: UInt16 = 3 }
    struct Report { var type: UInt16; var code: UInt16; var value: UInt32 }
    public static let axisMax: UInt32 = 32767
    static let waitingCountMax = 1024

    public let kind: Kind
    public let name: String
    public let deviceID: UInt32 = 18
    public let deviceFeatures: UInt64 = 0
    public let queueSizes = [64, 16]
    private unowned(unsafe) var transport: VirtIOTransport!
    private var select: UInt8 = 0
    private var subselect: UInt8 = 0
    private var waiting: [Report] = []
    private var deliveredHash = StateHasher()
    public private(set) var droppedReportCount = 0

    public init(_ kind: Kind) {
        self.kind = kind
        name = kind == .keyboard ? "keyboard" : "tablet"
    }

    public func connect(_ transport: VirtIOTransport) { self.transport = transport }

    // MARK: Configuration space: select, subsel, size, reserved[5], payload[128] (§5.8.4)

    public var configuration: [UInt8] {
        let payload = Array(self.payload.prefix(128))
        return ConfigurationWriter.bytes {
            $0.add8(select); $0.add8(subselect); $0.add8(UInt8(payload.count))
            $0.pad(to: 8)
            $0.add(payload)
            $0.pad(to: 136)
        }
    }

    public func writeConfiguration(offset: Int, value: UInt8) {
        if offset == 0 { select = value }
        if offset == 1 { subselect = value }
    }

    private var payload: [UInt8] {
        switch (select, subselect) {
        case (0x01, 0): return Array("Terrarium \(name)".utf8)
        case (0x02, 0): return Array("0".utf8)
        case (0x03, 0): return ConfigurationWriter.bytes { $0.add16(6); $0.add16(0x0627); $0.add16(kind == .keyboard ? 1 : 3); $0.add16(1) }
        case (0x11, _): return eventBits(UInt16(subselect))
        case (0x12, 0...1) where kind == .tablet:
            return ConfigurationWriter.bytes { $0.add32(0); $0.add32(Self.axisMax); $0.add32(0); $0.add32(0); $0.add32(0) }
        default: return []
        }
    }

    private func eventBits(_ type: UInt16) -> [UInt8] {
        var codes: [Int] = []
        switch (kind, type) {
        case (.keyboard, Event.key): codes = Array(1...127)
        case (.tablet, Event.key): codes = [0x110, 0x111, 0x112]
        case (.tablet, Event.relative): codes = [8]
        case (.tablet, Event.absolute): codes = [0, 1]
        default: return []
        }
        var bits = [UInt8](repeating: 0, count: (codes.last ?? 0) / 8 + 1)
        for code in codes { bits[code / 8] |= 1 << UInt8(code % 8) }
        return bits
    }

    // MARK: Events

    public func receive(_ event: HostEvent) -> Bool {
        switch (kind, event) {
        case (.keyboard, .key(let code, let down)):
            report([Report(type: Event.key, code: code, value: down ? 1 : 0)])
        case (.tablet, .pointerMove(let x, let y)):
            report([Report(type: Event.absolute, code: 0, value: UInt32(x)), Report(type: Event.absolute, code: 1, value: UInt32(y))])
        case (.tablet, .pointerButton(let code, let down)):
            report([Report(type: Event.key, code: code, value: down ? 1 : 0)])
        case (.tablet, .wheel(let notches)):
            report([Report(type: Event.relative, code: 8, value: UInt32(bitPattern: notches))])
        default: return false
        }
        return true
    }

    private func report(_ events: [Report]) {
        guard transport.isRunning, waiting.count + events.count + 1 <= Self.waitingCountMax else {
            droppedReportCount += 1
            return
        }
        waiting += events
        waiting.append(Report(type: Event.synchronize, code: 0, value: 0))
        feed()
    }

    public func notified(queue: Int) {
        if queue == 0 { return feed() }
        while let chain = transport.pop(1) {   // LEDs: nothing to show
            transport.complete(1, after: DeviceCost.input.requestNanoseconds) { [unowned self] in transport.push(1, chain, byteCount: 0) }
        }
    }

    private func feed() {
        while let first = waiting.first, let chain = transport.pop(0) {
            waiting.removeFirst()
            let bytes = ConfigurationWriter.bytes { $0.add16(first.type); $0.add16(first.code); $0.add32(first.value) }
            transport.complete(0, after: DeviceCost.input.requestNanoseconds) { [unowned self] in
                deliveredHash.add(bytes)
                if chain.writableByteCount < bytes.count { transport.drop(.receiveRoom) }
                transport.push(0, chain, byteCount: chain.write(bytes))
            }
        }
    }

    public func reset() { waiting.removeAll() }

    public func hash(into hasher: inout StateHasher) {
        hasher.add(deliveredHash.value)
        hasher.add(waiting.count)
    }
}
