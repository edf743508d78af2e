// A guest for tests: it counts, mixes host events into its state, and sleeps on alarms.
import Machine

final class ToyGuest: Guest, HostEventSink, MachineDevice {
    unowned let machine: Machine
    let name = "toy device"
    var state: UInt64 = 1
    var work: UInt64 = 0            // nanoseconds of work still to do
    var log: [String] = []
    var alarmPeriod: UInt64 = 0
    var canary: UInt64 = 0          // added to the state at the second alarm, to provoke a divergence
    private var random: SeededRandom
    private var alarms = 0

    init(_ machine: Machine, alarmPeriod: UInt64 = 0) {
        self.machine = machine
        self.alarmPeriod = alarmPeriod
        random = SeededRandom(seed: machine.configuration.seed, stream: "toy")
        machine.guest = self
        machine.attach(self)
    }

    func boot() { log.append("boot"); arm() }
    func interrupt(line: Int) { log.append("\(machine.now.nanoseconds) line \(line)"); mix(UInt64(line)); machine.charge(nanoseconds: 700) }

    func alarm() {
        alarms += 1
        if alarms == 2 { state &+= canary }
        mix(machine.now.nanoseconds)
        work += 200_000 + random.below(900_000)
        arm()
    }

    private func arm() {
        if alarmPeriod > 0 { machine.setAlarm(machine.now.advanced(nanoseconds: alarmPeriod)) }
    }

    func runSlice(limit: UInt64) -> Bool {
        guard work > 0 else { return false }
        let step = min(work, limit + random.below(30))   // overshoots, as basic blocks do
        machine.charge(nanoseconds: step)
        work -= step
        mix(step)
        return true
    }

    func receive(_ event: HostEvent) -> Bool {
        guard case .key(let code, _) = event else { return false }
        mix(UInt64(code) &+ machine.now.nanoseconds)
        work += 50_000
        machine.events.schedule(at: machine.now.advanced(nanoseconds: 5_000)) { [unowned self] in machine.interrupts.raise(line: 3) }
        return true
    }

    private func mix(_ value: UInt64) {
        var hasher = StateHasher(seed: state)
        hasher.add(value)
        state = hasher.value
    }

    var subsystemHashes: [(name: String, hash: UInt64)] { [("cpu", state), ("work", work)] }
    func stateHash() -> UInt64 { state ^ 1 }
}

func makeMachine(seed: UInt64 = 7, period: UInt64 = 100_000_000) throws -> Machine {
    try Machine(configuration: MachineConfiguration(ramByteCount: 1 << 20, seed: seed, checkpointPeriodNanoseconds: period))
}
