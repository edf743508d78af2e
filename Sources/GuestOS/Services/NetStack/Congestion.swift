// Round-trip estimation (RFC 6298) and NewReno congestion control (RFC 5681, RFC 6582, initial window RFC 6928).
// Integers only; times in nanoseconds.

struct RoundTripEstimator: Sendable {
    static let timeoutMin: UInt64 = 300_000_000, timeoutMax: UInt64 = 60_000_000_000
    private static let granularity: UInt64 = 1_000_000
    private var smoothed: UInt64 = 0, variation: UInt64 = 0
    private var hasSample = false
    /// The retransmission timeout, with its backoff.
    private(set) var timeout: UInt64 = 1_000_000_000

    mutating func sample(_ r: UInt64) {
        if hasSample {
            let deviation = smoothed > r ? smoothed - r : r - smoothed
            variation = (3 * variation + deviation) / 4
            smoothed = (7 * smoothed + r) / 8
        } else {
            smoothed = r; variation = r / 2
            hasSample = true
        }
        setTimeout()
    }
    mutating func backOff() { timeout = min(timeout * 2, RoundTripEstimator.timeoutMax) }
    /// New data was acknowledged: the backoff ends.
    mutating func progress() { if hasSample { setTimeout() } }
    private mutating func setTimeout() {
        timeout = min(max(smoothed + max(RoundTripEstimator.granularity, 4 * variation), RoundTripEstimator.timeoutMin), RoundTripEstimator.timeoutMax)
    }
}

struct NewReno: Sendable {
    enum Action { case nothing, retransmitFirst }
    private(set) var window: Int
    private var threshold = Int(Int32.max)
    private var segment: Int
    private var duplicates = 0
    private(set) var isRecovering = false
    private var recover: SequenceNumber?

    init(segment: Int) {
        self.segment = segment
        window = min(10 * segment, max(2 * segment, 14600))
    }
    mutating func duplicateAcknowledgment(_ una: SequenceNumber, _ max_: SequenceNumber, inFlight: Int) -> Action {
        if isRecovering { window += segment; return .nothing }
        duplicates += 1
        guard duplicates == 3 else { return .nothing }
        if let r = recover, una < r { return .nothing }     // RFC 6582 §4: still the loss that timed out
        threshold = max(inFlight / 2, 2 * segment)
        window = threshold + 3 * segment
        recover = max_
        isRecovering = true
        return .retransmitFirst
    }
    mutating func acknowledged(_ byteCount: Int, _ ack: SequenceNumber, inFlight: Int) -> Action {
        duplicates = 0
        if isRecovering, let r = recover {
            if ack >= r {
                window = min(threshold, max(inFlight, segment) + segment)
                isRecovering = false
                return .nothing
            }
            window = max(segment, window - byteCount + (byteCount >= segment ? segment : 0))
            return .retransmitFirst
        }
        if window < threshold { window += min(byteCount, segment) } else { window += max(1, segment * segment / window) }
        window = min(window, 1 << 24)
        return .nothing
    }
    mutating func timedOut(_ max_: SequenceNumber, inFlight: Int) {
        threshold = max(inFlight / 2, 2 * segment)
        window = segment
        duplicates = 0
        isRecovering = false
        recover = max_
    }
}
