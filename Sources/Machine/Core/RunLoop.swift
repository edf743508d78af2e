// Owns the order of things. One turn: replayed or host events, device events due, the alarm, interrupts, then a guest
// slice limited to the next event, or a jump to it when the guest is idle.
// Invariants that make a record replayable: every turn has its own tick, higher than the one before; host events enter
// only at the top of a turn and are stamped with its tick; neither the run condition nor the trace limits a slice.

/// When `run` returns. Checked at the top of each turn; never cuts a slice short.
public enum RunCondition {
    case forever
    case tick(Tick)
    case predicate(() -> Bool)
    /// Whichever is first.
    case predicateOrTick(() -> Bool, Tick)
    /// After this many more device events.
    case events(UInt64)
}

/// How virtual time relates to the wall clock.
public enum Pacing: Sendable {
    case asFastAsPossible
    case wallClock
}

/// Why `run` returned.
public enum StopReason: Equatable, Sendable {
    case reached               // the condition holds
    case idle                  // nothing runnable and nothing will happen any more
    case closed                // the window was closed
    case requested             // `requestStop`
    case replayEnded           // the record is used up and everything compared equal
    case diverged(Divergence)
}

extension Machine {
    /// Runs until the condition holds or there is a reason to stop earlier.
    public func run(until condition: RunCondition, pacing: Pacing = .asFastAsPossible) -> StopReason {
        guard let guest else { return .idle }
        if !isBooted { isBooted = true; guest.boot() }
        isStopRequested = false
        isClosed = false
        pacer.reset()
        let limit = Limit(condition, delivered: events.deliveredCount)
        while true {
            if let reason = reasonToStop(limit) { return settle(reason) }
            if replay == nil { pollSources(); keepPace(pacing) }
            if let reason = beginTurn() { return settle(reason) }
            deliver(to: guest)
            if let reason = advance(guest, limit, pacing) { return settle(reason) }
        }
    }

    struct Limit {
        var tick: Tick?
        var predicate: (() -> Bool)?
        var eventCount: UInt64?
        init(_ condition: RunCondition, delivered: UInt64) {
            switch condition {
            case .forever: break
            case .tick(let tick): self.tick = tick
            case .predicate(let predicate): self.predicate = predicate
            case .predicateOrTick(let predicate, let tick): (self.predicate, self.tick) = (predicate, tick)
            case .events(let count): eventCount = delivered &+ count
            }
        }
    }

    private func reasonToStop(_ limit: Limit) -> StopReason? {
        if let divergence { return .diverged(divergence) }
        if isClosed, replay == nil { return .closed }
        if isStopRequested { return .requested }
        if let tick = limit.tick, now >= tick { return .reached }
        if let count = limit.eventCount, events.deliveredCount >= count { return .reached }
        if let predicate = limit.predicate, predicate() { return .reached }
        return nil
    }

    /// Leaves the clock between turns, so that what is hashed now is what a replay sees at the top of the turn `now`.
    private func settle(_ reason: StopReason) -> StopReason {
        if reason != .replayEnded, let last = lastTurnTick, now == last { now = now.advanced(nanoseconds: 1) }
        return reason
    }

    // MARK: Top of the turn

    private func beginTurn() -> StopReason? {
        invariant(lastTurnTick == nil || now > lastTurnTick!, "two turns at tick \(now.nanoseconds)")
        lastTurnTick = now
        turnCount += 1
        if replay != nil { return replayItems() }
        if now >= nextCheckpointTick { periodicCheckpoint() }
        events.floor = now.advanced(nanoseconds: 1)
        while let first = scripted.first, first.tick <= now {
            scripted.removeFirst()
            enter(first.event)
        }
        for event in hostPort.drain() { enter(event) }
        return nil
    }

    private func periodicCheckpoint() {
        let period = configuration.checkpointPeriodNanoseconds
        nextCheckpointTick = Tick(nanoseconds: (now.nanoseconds / period + 1) &* period)
        if recorder != nil || onCheckpoint != nil { takeCheckpoint() }
    }

    private func enter(_ event: HostEvent) {
        recorder?.append(event, at: now)
        receive(event)
    }

    private func receive(_ event: HostEvent) {
        hostEventCount += 1
        if event == .close { isClosed = true; return }
        for sink in sinks where sink.receive(event) { return }
        ignoredHostEventCount += 1
    }

    private func replayItems() -> StopReason? {
        guard let replay else { return nil }
        while let tick = replay.nextTick, tick <= now {
            if tick < now { return diverge("time", expected: tick.nanoseconds, got: now.nanoseconds) }
            switch replay.take() {
            case .event(let event): events.floor = now.advanced(nanoseconds: 1); receive(event)
            case .checkpoint(let expected): if let reason = compare(expected) { return reason }
            case nil: break
            }
        }
        events.floor = now.advanced(nanoseconds: 1)
        return replay.nextTick == nil ? .replayEnded : nil
    }

    private func compare(_ expected: Checkpoint) -> StopReason? {
        let got = stateHashes()
        onCheckpoint?(Checkpoint(tick: now, entries: got))
        for (index, entry) in expected.entries.enumerated() {
            guard index < got.count, got[index].name == entry.name else {
                return diverge("configuration: " + entry.name, expected: entry.hash, got: 0)
            }
            if got[index].hash != entry.hash { return diverge(entry.name, expected: entry.hash, got: got[index].hash) }
        }
        return nil
    }

    private func diverge(_ subsystem: String, expected: UInt64, got: UInt64) -> StopReason {
        let found = Divergence(tick: now, subsystem: subsystem, expected: expected, got: got)
        divergence = found
        return .diverged(found)
    }

    // MARK: Devices, interrupts, guest

    private func deliver(to guest: any Guest) {
        let tick = now
        while let handler = events.takeDue(tick) { handler() }
        if let alarm = alarmTick, alarm <= now {
            alarmTick = nil
            isGuestIdle = false
            guest.alarm()
        }
        while let line = interrupts.take() {
            isGuestIdle = false
            guest.interrupt(line: line)
        }
    }

    private func advance(_ guest: any Guest, _ limit: Limit, _ pacing: Pacing) -> StopReason? {
        if !isGuestIdle {
            runGuest(guest)
            if now > lastTurnTick! { return nil }
        }
        return idle(limit, pacing)
    }

    private func runGuest(_ guest: any Guest) {
        let due = nextDueTick?.nanoseconds(since: now) ?? .max
        if due == 0, now > lastTurnTick! { return }   // charged past an event: deliver it first
        let before = now
        if guest.runSlice(limit: max(1, min(configuration.sliceNanosecondsMax, due))) {
            if now == before { charge(nanoseconds: 1) }
        } else {
            isGuestIdle = true
        }
    }

    /// Nothing to run: moves the clock to what happens next, or says that nothing will.
    private func idle(_ limit: Limit, _ pacing: Pacing) -> StopReason? {
        if let reason = reasonToStop(limit) { return reason }
        var target = nextDueTick
        if let replay {
            target = earlier(target, replay.nextTick)
        } else {
            target = earlier(target, scripted.first?.tick)
            if isPaced(pacing) { return idlePaced(earlier(target, limit.tick), limit, pacing) }
            if !hostPort.isEmpty { return jump(to: now.advanced(nanoseconds: 1)) }
        }
        guard let target = earlier(target, limit.tick) else { return .idle }
        return jump(to: target)
    }

    private func jump(to target: Tick) -> StopReason? {
        let tick = max(target, lastTurnTick!.advanced(nanoseconds: 1))
        if tick > now {
            idleNanoseconds &+= tick.nanoseconds - now.nanoseconds
            now = tick
        }
        return nil
    }

    /// Waits for the wall clock to reach `target`, or for a host event, whichever is first.
    private func idlePaced(_ target: Tick?, _ limit: Limit, _ pacing: Pacing) -> StopReason? {
        pacer.follow(from: now)
        while isPaced(pacing) {
            let wall = pacer.virtualNow(now)
            if let target, wall >= target { return jump(to: target) }
            pollSources(force: true)
            if let reason = reasonToStop(limit) { return reason }
            if !hostPort.isEmpty { return jump(to: max(wall, now.advanced(nanoseconds: 1))) }
            pacer.rest(nanoseconds: target?.nanoseconds(since: wall) ?? .max)
        }
        guard let target else { return .idle }
        return jump(to: target)
    }

    private func earlier(_ a: Tick?, _ b: Tick?) -> Tick? {
        guard let a else { return b }
        guard let b else { return a }
        return min(a, b)
    }

    // MARK: Pace

    private func isPaced(_ pacing: Pacing) -> Bool {
        if pacing == .wallClock { return true }
        for source in sources where source.needsWallClock { return true }
        return false
    }

    private func pollSources(force: Bool = false) {
        guard !sources.isEmpty, pacer.isPollDue() || force else { return }
        for source in sources { source.poll() }
    }

    /// Sleeps while virtual time is ahead of the wall clock.
    private func keepPace(_ pacing: Pacing) {
        guard isPaced(pacing) else { pacer.release(); return }
        pacer.follow(from: now)
        while pacer.virtualNow(now) < now {
            pacer.rest(nanoseconds: now.nanoseconds(since: pacer.virtualNow(now)))
            for source in sources { source.poll() }
            if isStopRequested { return }
        }
    }
}
