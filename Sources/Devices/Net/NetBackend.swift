// Owns the boundary between the network device and what its wire is connected to.
import Machine

/// The far end of the network device's wire. All calls come on the machine's thread.
public protocol NetBackend: AnyObject {
    /// Called once, when the device is built.
    func attach(_ port: NetPort)
    /// The guest sent a frame; it has left the device at the machine's `now`.
    func transmit(_ frame: [UInt8])
    /// Host work, between turns of the machine. Deterministic backends have none.
    func poll()
}

extension NetBackend {
    public func poll() {}
}

/// The device's end of the wire, as a backend sees it.
public final class NetPort {
    public unowned let machine: Machine
    private let receive: ([UInt8]) -> Void
    public let macAddress: [UInt8]

    init(machine: Machine, macAddress: [UInt8], receive: @escaping ([UInt8]) -> Void) {
        self.machine = machine
        self.macAddress = macAddress
        self.receive = receive
    }

    public var now: Tick { machine.now }

    /// Deterministic backends: the frame arrives at the device at `tick`. Not recorded; a replay computes it again.
    public func deliver(_ frame: [UInt8], at tick: Tick) {
        machine.events.schedule(at: tick) { [receive] in receive(frame) }
    }

    /// Real networks: the frame enters through the host port and is recorded.
    public func post(_ frame: [UInt8]) { machine.hostPort.post(.packet(frame)) }
}

/// Far end used in replay: what the guest sends goes nowhere; what it received is in the trace.
public final class ReplayBackend: NetBackend {
    public private(set) var transmittedCount = 0
    public init() {}
    public func attach(_ port: NetPort) {}
    public func transmit(_ frame: [UInt8]) { transmittedCount += 1 }
}
