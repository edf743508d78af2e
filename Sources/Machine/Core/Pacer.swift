// Owns the relation of virtual time to the host's monotonic clock, for pacing only: nothing read here reaches machine
// state except through the tick at which a host event is stamped, and that is recorded.
import Glibc

/// Maps the host's monotonic clock to virtual time from an anchor on.
struct Pacer {
    private var anchorVirtual: UInt64 = 0
    private var anchorHost: UInt64 = 0
    private var isAnchored = false
    private var lastPollHost: UInt64 = 0
    /// When the machine cannot keep up by more than this, the lag is given up instead of being caught up.
    static let lagNanosecondsMax: UInt64 = 100_000_000
    static let pollNanoseconds: UInt64 = 250_000
    static let restNanosecondsMax: UInt64 = 500_000

    static func hostNanoseconds() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
    }

    mutating func reset() { isAnchored = false }
    mutating func release() { isAnchored = false }

    /// Starts following the wall clock at virtual time `now`, or moves the anchor when the machine lags too much.
    mutating func follow(from now: Tick) {
        let host = Self.hostNanoseconds()
        if isAnchored {
            let wall = anchorVirtual &+ (host - anchorHost)
            if wall < now.nanoseconds || wall - now.nanoseconds < Self.lagNanosecondsMax { return }
        }
        isAnchored = true
        anchorVirtual = now.nanoseconds
        anchorHost = host
    }

    /// Virtual time at which the wall clock stands; `now` when nothing is followed.
    func virtualNow(_ now: Tick) -> Tick {
        guard isAnchored else { return now }
        return Tick(nanoseconds: anchorVirtual &+ (Self.hostNanoseconds() - anchorHost))
    }

    mutating func isPollDue() -> Bool {
        let host = Self.hostNanoseconds()
        guard host - lastPollHost >= Self.pollNanoseconds else { return false }
        lastPollHost = host
        return true
    }

    func rest(nanoseconds: UInt64) {
        let duration = min(nanoseconds, Self.restNanosecondsMax)
        var time = timespec(tv_sec: 0, tv_nsec: Int(duration))
        nanosleep(&time, nil)
    }
}
