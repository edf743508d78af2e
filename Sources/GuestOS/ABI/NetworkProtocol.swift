// Messages between the network service ("net") and its clients, one channel a client.
//
// Every message: kind (u8), id (u32: stream or request, chosen by the client), then the fields named beside the kind.
// Flow control is by credit, both ways: a side sends at most as many payload bytes on a stream as the other granted.
// Both sides start with `NetworkLimits.streamCreditByteCount`; who consumed bytes grants them again with `credit`.

public enum NetworkLimits {
    /// Payload of one data message: a message of 4 KiB less kind and id.
    public static let dataByteCountMax = Limits.messageByteCountMax - 8
    /// Granted at the start in each direction of a stream: the receive window of the service's TCP.
    public static let streamCreditByteCount = 65536
    /// Streams one client may have open at a time.
    public static let streamsPerClientMax = 64
    /// Longest host name (RFC 1035 §2.3.4).
    public static let hostByteCountMax = 253
}

/// Kinds of message from client to service.
public enum NetworkRequestKind: UInt8, Sendable {
    case resolve = 1     // id = request; host string
    case connect = 2     // id = stream; port u16, host string (a name or a dotted address)
    case data = 3        // id = stream; payload
    case finish = 4      // id = stream; no more data will be sent; what was sent is still delivered
    case abort = 5       // id = stream; reset it, forget it
    case credit = 6      // id = stream; bytes u32
    case status = 7      // id = request
    case release = 8     // id = stream; closed politely in the background, no further replies
}

/// Kinds of message from service to client.
public enum NetworkReplyKind: UInt8, Sendable {
    case resolved = 129  // id = request; error u8 (0: none), count u8, addresses u32…
    case connected = 130 // id = stream
    case data = 131      // id = stream; payload
    case finished = 132  // id = stream; the peer will send no more
    case failed = 133    // id = stream; error u8; the stream is gone
    case credit = 134    // id = stream; bytes u32
    case status = 135    // id = request or 0 when unasked; NetworkStatus
    case closed = 136    // id = stream; both sides have finished; the stream is gone
}

/// Why the network did not do what was asked. Values are stable.
public enum NetworkError: UInt8, Error, Sendable {
    case nameNotFound = 1, nameTimedOut, nameServerFailed, invalidHost
    case connectionRefused, connectionReset, timedOut, unreachable
    case notConfigured, limitReached, serviceGone

    /// Stable name for logs.
    public var name: String {
        switch self {
        case .nameNotFound: "name not found"
        case .nameTimedOut: "name server timed out"
        case .nameServerFailed: "name server failed"
        case .invalidHost: "invalid host"
        case .connectionRefused: "connection refused"
        case .connectionReset: "connection reset"
        case .timedOut: "timed out"
        case .unreachable: "unreachable"
        case .notConfigured: "no network"
        case .limitReached: "too many connections"
        case .serviceGone: "network service gone"
        }
    }
    /// One sentence for a person: what happened and what to do.
    public var sentence: String {
        switch self {
        case .nameNotFound: "The server's name could not be found; check the address for typing errors."
        case .nameTimedOut: "The name server did not answer in time; check the network connection and try again."
        case .nameServerFailed: "The name server could not answer; try again later."
        case .invalidHost: "The host name in the address is not valid; check the address for typing errors."
        case .connectionRefused: "The server refused the connection; check the port number, or that the server is running."
        case .connectionReset: "The server closed the connection unexpectedly; try again."
        case .timedOut: "The server did not answer in time; try again later."
        case .unreachable: "The server cannot be reached from this network; check the address and the network connection."
        case .notConfigured: "There is no network connection yet; wait a moment and try again."
        case .limitReached: "Too many connections are open; close some pages and try again."
        case .serviceGone: "The network service has stopped; restart the machine if it does not come back."
        }
    }
}

/// Address and counters of the machine's network interface. Addresses are numbers: 10.0.2.15 is 0x0A00020F; 0 is none.
public struct NetworkStatus: Equatable, Sendable {
    public var isConfigured = false
    public var address: UInt32 = 0, mask: UInt32 = 0, gateway: UInt32 = 0, nameServer: UInt32 = 0
    public var hardwareAddress: UInt64 = 0      // 48 bits
    public var framesReceived: UInt64 = 0, framesSent: UInt64 = 0, framesDropped: UInt64 = 0
    public var bytesReceived: UInt64 = 0, bytesSent: UInt64 = 0, segmentsRetransmitted: UInt64 = 0
    public var connectionsOpen: UInt32 = 0
    public init() {}

    public func emit(_ w: inout ByteWriter) {
        w.u8(isConfigured ? 1 : 0)
        w.u32(address); w.u32(mask); w.u32(gateway); w.u32(nameServer); w.u64(hardwareAddress)
        w.u64(framesReceived); w.u64(framesSent); w.u64(framesDropped)
        w.u64(bytesReceived); w.u64(bytesSent); w.u64(segmentsRetransmitted); w.u32(connectionsOpen)
    }
    public static func parse(_ r: inout ByteReader) -> NetworkStatus? {
        guard r.remaining >= 77 else { return nil }
        var s = NetworkStatus()
        s.isConfigured = r.u8()! != 0
        s.address = r.u32()!; s.mask = r.u32()!; s.gateway = r.u32()!; s.nameServer = r.u32()!; s.hardwareAddress = r.u64()!
        s.framesReceived = r.u64()!; s.framesSent = r.u64()!; s.framesDropped = r.u64()!
        s.bytesReceived = r.u64()!; s.bytesSent = r.u64()!; s.segmentsRetransmitted = r.u64()!; s.connectionsOpen = r.u32()!
        return s
    }
    /// 0x0A00020F as "10.0.2.15".
    public static func text(_ address: UInt32) -> String {
        "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)"
    }
}

/// Start of every message.
public struct NetworkHeader: Sendable {
    public static let byteCount = 5
    public var kind: UInt8, id: UInt32
    public init(kind: UInt8, id: UInt32) { self.kind = kind; self.id = id }
    public static func parse(_ r: inout ByteReader) -> NetworkHeader? {
        guard let kind = r.u8(), let id = r.u32() else { return nil }
        return NetworkHeader(kind: kind, id: id)
    }
}

extension ByteWriter {
    public init(request kind: NetworkRequestKind, _ id: UInt32) { self.init(); u8(kind.rawValue); u32(id) }
    public init(reply kind: NetworkReplyKind, _ id: UInt32) { self.init(); u8(kind.rawValue); u32(id) }
}
