// One stream of a client: where it stands between "asked for" and "gone", and what both sides still owe each other.
// A value; the session moves it along.

import ABI
import NetStack

struct ServiceStream {
    enum Phase {
        /// No address of our own yet.
        case waitingForNetwork(since: UInt64)
        case resolving(lookup: UInt32)
        case opened(SocketID)
    }
    let id: UInt32
    let host: String, port: UInt16
    var phase: Phase
    // Towards the client.
    var clientCredit = NetworkLimits.streamCreditByteCount
    var toldConnected = false, toldFinished = false
    // From the client: what TCP has not taken yet. At most one credit, for the client never has more granted.
    var pending: [UInt8] = []
    var pendingOffset = 0
    var owedCredit = 0, outstandingCredit = NetworkLimits.streamCreditByteCount
    var wantsFinish = false, didFinish = false, isReleased = false

    init(id: UInt32, host: String, port: UInt16, phase: Phase) { self.id = id; self.host = host; self.port = port; self.phase = phase }

    var socket: SocketID? {
        if case .opened(let s) = phase { return s }
        return nil
    }
    /// False when the client sent more than it was granted.
    mutating func take(_ bytes: [UInt8]) -> Bool {
        guard bytes.count <= outstandingCredit else { return false }
        outstandingCredit -= bytes.count
        if pendingOffset == pending.count { pending = bytes; pendingOffset = 0 } else { pending += bytes }
        return true
    }
}

extension NetworkError {
    init(_ f: TCPFailure) {
        switch f {
        case .refused: self = .connectionRefused
        case .reset: self = .connectionReset
        case .timedOut: self = .timedOut
        case .unreachable: self = .unreachable
        }
    }
    init(_ f: DNSFailure) {
        switch f {
        case .notFound: self = .nameNotFound
        case .timedOut: self = .nameTimedOut
        case .serverFailed: self = .nameServerFailed
        case .invalidName: self = .invalidHost
        }
    }
    init(_ e: SocketError) {
        switch e {
        case .notConfigured: self = .notConfigured
        case .tableFull, .portInUse: self = .limitReached
        case .unreachable: self = .unreachable
        }
    }
}
