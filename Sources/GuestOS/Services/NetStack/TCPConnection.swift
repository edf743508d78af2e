// One TCP connection as a value: the state machine of RFC 9293 §3.3.2 with its variables, user calls and timers.
// Arriving segments are in TCPConnection+Arrival.swift, outgoing ones in TCPConnection+Output.swift.
//
// It performs nothing: the stack feeds segments and time, then asks `nextSegment` until it answers nil.
// Invariant: sendUnacknowledged ≤ sendNext ≤ sendMaximum; the send queue begins at the first unacknowledged data byte.

public enum TCPState: UInt8, Sendable {
    case synSent, synReceived, established, finWait1, finWait2, closeWait, closing, lastAck, timeWait, closed
    public var name: String {
        switch self {
        case .synSent: "SYN-SENT"
        case .synReceived: "SYN-RECEIVED"
        case .established: "ESTABLISHED"
        case .finWait1: "FIN-WAIT-1"
        case .finWait2: "FIN-WAIT-2"
        case .closeWait: "CLOSE-WAIT"
        case .closing: "CLOSING"
        case .lastAck: "LAST-ACK"
        case .timeWait: "TIME-WAIT"
        case .closed: "CLOSED"
        }
    }
}

/// Why a connection ended before its time.
public enum TCPFailure: UInt8, Error, Sendable {
    case refused, reset, timedOut, unreachable
    public var name: String {
        switch self {
        case .refused: "connection refused"
        case .reset: "connection reset"
        case .timedOut: "timed out"
        case .unreachable: "unreachable"
        }
    }
}

/// Sizes and time limits of a connection.
public struct TCPParameters: Sendable {
    public var sendCapacity = 65536
    /// At most 65,535 × 2^14; larger than 65,535 uses window scaling.
    public var receiveCapacity = 65535
    /// What we accept in one segment: Ethernet's 1,500 less 40 bytes of headers.
    public var maximumSegment = 1460
    public var synAttemptsMax = 6
    /// No acknowledgment for this long while data is outstanding: timed out (RFC 9293 §3.8.3, R2 ≥ 100 s).
    public var silenceNanosecondsMax: UInt64 = 120_000_000_000
    public var delayedAckNanoseconds: UInt64 = 40_000_000
    /// 2 MSL; short, because segments cannot linger in a network of one hop and one gateway.
    public var timeWaitNanoseconds: UInt64 = 2_000_000_000
    /// FIN-WAIT-2 of a connection that nobody holds any more.
    public var orphanNanoseconds: UInt64 = 30_000_000_000
    public init() {}
}

public struct TCPConnection: Sendable {
    public let remote: IPv4Address
    public let localPort: UInt16, remotePort: UInt16
    let parameters: TCPParameters

    // Changed by arriving segments, timers and user calls.
    public internal(set) var state: TCPState
    public internal(set) var failure: TCPFailure?
    /// The last state change or data arrival has not been reported to the owner yet.
    var hasNews = false
    /// Nobody reads any more; arriving data is answered with a reset.
    var isOrphan = false

    // Sending (RFC 9293 §3.3.1).
    let initialSendSequence: SequenceNumber
    var sendUnacknowledged: SequenceNumber, sendNext: SequenceNumber, sendMaximum: SequenceNumber
    var sendWindow = 0, sendWindowMaximum = 0
    var windowUpdateSequence = SequenceNumber(0), windowUpdateAcknowledgment = SequenceNumber(0)
    var sendQueue: ByteQueue
    var isFinQueued = false
    var finSentAt: SequenceNumber?
    var peerSegmentMaximum = 536
    var peerWindowShift = 0, ourWindowShift = 0, peerScales = false
    var retransmitsFirst = false, probes = false
    var resetIsDue: SequenceNumber?
    var retransmissions: UInt64 = 0

    // Receiving.
    var receiveNext = SequenceNumber(0), receiveAdvertised = SequenceNumber(0)
    var receiveQueue: ByteQueue
    var reassembly: Reassembly
    var peerFin: SequenceNumber?
    public internal(set) var hasPeerFinished = false
    var acknowledgesNow = false
    var unacknowledgedSegments = 0
    var droppedOutOfWindow: UInt64 = 0, droppedReassembly: UInt64 = 0

    // Timers: absolute times.
    var estimator = RoundTripEstimator()
    var congestion: NewReno
    var timed: (sequence: SequenceNumber, at: UInt64)?
    var retransmitAt: UInt64?, persistAt: UInt64?, delayedAckAt: UInt64?, expiryAt: UInt64?
    var attempts = 0
    var lastHeard: UInt64

    /// Active open: the first `nextSegment` is the SYN.
    public init(connectTo remote: IPv4Address, port: UInt16, localPort: UInt16, initialSequence: UInt32, parameters: TCPParameters, now: UInt64) {
        self.init(remote, port, localPort, initialSequence, parameters, .synSent, now)
    }
    /// Passive open by an arrived SYN.
    public init(accepting syn: TCPHeader, from remote: IPv4Address, initialSequence: UInt32, parameters: TCPParameters, now: UInt64) {
        self.init(remote, syn.sourcePort, syn.destinationPort, initialSequence, parameters, .synReceived, now)
        takeSynOptions(syn)
    }
    private init(_ remote: IPv4Address, _ remotePort: UInt16, _ localPort: UInt16, _ iss: UInt32, _ parameters: TCPParameters, _ state: TCPState, _ now: UInt64) {
        self.remote = remote; self.remotePort = remotePort; self.localPort = localPort
        self.parameters = parameters; self.state = state
        initialSendSequence = SequenceNumber(iss)
        sendUnacknowledged = initialSendSequence; sendNext = initialSendSequence; sendMaximum = initialSendSequence
        sendQueue = ByteQueue(capacity: parameters.sendCapacity)
        receiveQueue = ByteQueue(capacity: parameters.receiveCapacity)
        reassembly = Reassembly(byteCountMax: 2 * parameters.receiveCapacity)
        congestion = NewReno(segment: 536)
        while parameters.receiveCapacity >> ourWindowShift > 65535, ourWindowShift < 14 { ourWindowShift += 1 }
        lastHeard = now
    }

    // MARK: what the owner sees and does

    public var isConnected: Bool { state != .synSent && state != .synReceived && state != .closed }
    public var readableByteCount: Int { receiveQueue.count }
    public var sendRoom: Int { canWrite ? sendQueue.room : 0 }
    /// All data and our FIN are acknowledged, and the peer has finished.
    public var isFinished: Bool { state == .timeWait || (state == .closed && failure == nil) }
    var canWrite: Bool {
        switch state {
        case .synSent, .synReceived, .established, .closeWait: !isFinQueued
        default: false
        }
    }
    /// Takes what there is room for; answers how many bytes.
    public mutating func write(_ bytes: [UInt8], from start: Int = 0) -> Int {
        guard canWrite else { return 0 }
        return sendQueue.append(bytes, start, bytes.count)
    }
    public mutating func read(max byteCount: Int, after prefix: [UInt8] = []) -> [UInt8] {
        let out = receiveQueue.take(max: byteCount, after: prefix)
        announceWindowIfWorthwhile()
        return out
    }
    /// No more data from us; queued data is still delivered.
    public mutating func finish() {
        switch state {
        case .synSent: close(nil)
        case .synReceived, .established, .closeWait: isFinQueued = true
        default: break
        }
    }
    /// Resets the connection.
    public mutating func abort() {
        switch state {
        case .closed, .timeWait, .synSent: break
        default: resetIsDue = sendNext
        }
        close(nil)
    }
    /// The owner has gone: finish, and let nobody wait for what arrives.
    public mutating func orphan(now: UInt64) {
        isOrphan = true
        if !receiveQueue.isEmpty { abort(); return }
        finish()
        if state == .finWait2 { expiryAt = now + parameters.orphanNanoseconds }
    }
    /// The network says the peer cannot be reached (ARP gave up, ICMP unreachable). Only an opening connection ends.
    mutating func unreachable(_ why: TCPFailure) { if state == .synSent { close(why) } }

    mutating func close(_ why: TCPFailure?) {
        state = .closed
        failure = why
        hasNews = true
        retransmitAt = nil; persistAt = nil; delayedAckAt = nil; expiryAt = nil
        acknowledgesNow = false
        sendQueue.clear()
        reassembly.clear()
    }
    mutating func enter(_ s: TCPState) { state = s; hasNews = true }
    mutating func enterTimeWait(_ now: UInt64) {
        enter(.timeWait)
        retransmitAt = nil; persistAt = nil
        expiryAt = now + parameters.timeWaitNanoseconds
    }

    // MARK: sequence space

    /// Sequence number of the first byte in the send queue.
    var queueStart: SequenceNumber { isSynAcknowledged ? sendUnacknowledged : initialSendSequence + 1 }
    var isSynAcknowledged: Bool { state != .synSent && state != .synReceived }
    /// Sequence number our FIN has or will have.
    var finSequence: SequenceNumber { finSentAt ?? queueStart + sendQueue.count }
    var inFlight: Int { sendNext - sendUnacknowledged }
    var segmentMaximum: Int { min(peerSegmentMaximum, parameters.maximumSegment) }
    /// What we may announce. Never moves the right edge to the left (RFC 9293 §3.8.6).
    var receiveWindow: Int { max(receiveQueue.room, max(0, receiveAdvertised - receiveNext)) }

    mutating func takeSynOptions(_ syn: TCPHeader) {
        receiveNext = syn.sequence + 1
        receiveAdvertised = receiveNext
        peerSegmentMaximum = max(64, Int(syn.maximumSegment ?? 536))
        peerScales = syn.windowScale != nil
        peerWindowShift = Int(syn.windowScale ?? 0)
        if !peerScales { ourWindowShift = 0 }
        congestion = NewReno(segment: segmentMaximum)
        sendWindow = Int(syn.window)
        sendWindowMaximum = sendWindow
        windowUpdateSequence = syn.sequence
        windowUpdateAcknowledgment = syn.flags.contains(.ack) ? syn.acknowledgment : sendUnacknowledged
    }
    /// After reading: a window that opened by two segments or half the buffer is told at once (RFC 9293 §3.8.6.2.2).
    private mutating func announceWindowIfWorthwhile() {
        guard isConnected, state != .timeWait, !hasPeerFinished else { return }
        let opened = receiveQueue.room - max(0, receiveAdvertised - receiveNext)
        if opened >= min(2 * parameters.maximumSegment, parameters.receiveCapacity / 2) { acknowledgesNow = true }
    }

    // MARK: timers

    /// When something must happen without an arriving segment.
    public var deadline: UInt64? { earlier(earlier(retransmitAt, persistAt), earlier(delayedAckAt, expiryAt)) }
    public mutating func timersExpired(_ now: UInt64) {
        if let t = delayedAckAt, now >= t { delayedAckAt = nil; acknowledgesNow = true }
        if let t = expiryAt, now >= t { expire() }
        if let t = persistAt, now >= t { persistAt = nil; probe(now) }
        if let t = retransmitAt, now >= t { retransmitAt = nil; retransmit(now) }
    }
    private mutating func expire() {
        if state == .timeWait { close(nil) } else { abort() }
    }
    private mutating func probe(_ now: UInt64) {
        if now - min(now, lastHeard) > parameters.silenceNanosecondsMax { close(.timedOut); return }
        probes = true
        estimator.backOff()
    }
    /// RFC 6298 §5.4–5.7: go back to the first unacknowledged byte.
    private mutating func retransmit(_ now: UInt64) {
        attempts += 1
        let isOpening = !isSynAcknowledged
        if isOpening ? attempts >= parameters.synAttemptsMax : now - min(now, lastHeard) > parameters.silenceNanosecondsMax {
            if !isOpening { resetIsDue = sendNext }
            close(.timedOut)
            return
        }
        congestion.timedOut(sendMaximum, inFlight: inFlight)
        estimator.backOff()
        timed = nil                 // Karn's algorithm
        sendNext = sendUnacknowledged
        retransmitsFirst = false
        if isOpening { retransmissions += 1 }       // data is counted where it is sent
    }
}

/// The earlier of two times, where nil is never.
func earlier(_ a: UInt64?, _ b: UInt64?) -> UInt64? {
    guard let a else { return b }
    guard let b else { return a }
    return min(a, b)
}
